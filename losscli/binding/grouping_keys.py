"""What the rows of a run are grouped by: a column, or labels derived of one: `ds:month`, `age:18|65`.

A column of exactly the name that was asked for is always meant itself, so only the columns of the source can tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeAlias

from losscli.errors import UsageError
from losscli.io.arrow.canonical import InexactNumberError, canonical_number, parse_number
from losscli.io.arrow.instants import UNITS, Unit
from losscli.lazy import dataclass, pattern

NAN = "nan"
"""The label of NaN, which lies in no interval."""

_NUMBER = pattern(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_QUANTILES = pattern(r"quantile=([0-9]+)")
_FORMS = "COL:month (or :year, :week, :day, :hour) for dates, COL:18|65 or COL:quantile=4 for numbers"
_MOST = 1000  # slices by quantiles
_DIGITS = 1e16  # from here on a whole number is written with an exponent


@dataclass(frozen=True)
class Truncation:
    """Dates and times as the year, month, ISO week, day or hour that they are in."""

    unit: Unit


@dataclass(frozen=True)
class Edges:
    """Numbers as the interval that they are in: below the first edge, from an edge to below the next, from the last."""

    values: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the intervals, in their order."""
        texts = [edge_text(value) for value in self.values]
        between = (f"{low} to < {high}" for low, high in pairwise(texts))
        return (f"< {texts[0]}", *between, f">= {texts[-1]}")


@dataclass(frozen=True)
class Quantiles:
    """Numbers as the interval between two quantiles that they are in; `Edges` where these are known."""

    count: int


Derivation: TypeAlias = Truncation | Edges | Quantiles


@dataclass(frozen=True)
class GroupingKey:
    """What gives each row a label: `name` as it was asked for, the column, and how its cells become labels.

    Without a derivation the label of a cell is its text.
    """

    name: str
    column: str
    derivation: Derivation | None = None
    option: str = "--by"  # by which it was asked for

    @property
    def is_number(self) -> bool:
        """Whether cells are read as numbers."""
        return isinstance(self.derivation, (Edges, Quantiles))

    @property
    def is_pinned(self) -> bool:
        """Whether the label of a cell depends on that cell alone."""
        return not isinstance(self.derivation, Quantiles)

    def place(self, label: str) -> str:
        """The sort key of a label: intervals are in the order of their numbers, anything else in that of its text."""
        if isinstance(self.derivation, Edges) and label in (labels := self.derivation.labels):
            return f"{labels.index(label):09d}"
        return label


def grouping_key(text: str, is_column: Callable[[str], bool], option: str = "--by") -> GroupingKey:
    """The key of a text such as `ds`, `ds:month` or `age:18|65`; a column of exactly this name wins.

    Parameters
    ----------
    text
        What was asked for.
    is_column
        Whether a column has this name.
    option
        The option that asks for it, for errors.

    Returns
    -------
    GroupingKey
        Its column may not be there, which is a matter of the binding.

    Raises
    ------
    UsageError
        What stands behind the colon is neither a unit of time nor ascending edges.
    """
    column, colon, how = text.rpartition(":")
    if is_column(text) or not colon:
        return GroupingKey(text, text)
    if how in UNITS:
        return GroupingKey(text, column, Truncation(how), option)
    if found := _QUANTILES.fullmatch(how):
        return GroupingKey(text, column, Quantiles(_count(text, found[1])), option)
    if "|" in how or _NUMBER.fullmatch(how):
        return GroupingKey(text, column, Edges(_edges(text, how)), option)
    if is_column(column):
        raise UsageError(f"'{text}': column '{column}' cannot be grouped by '{how}'", value=text, hint=_FORMS,
                         code="USAGE_COLUMNS")  # fmt: skip
    return GroupingKey(text, text)


def possible_columns(texts: Iterable[str]) -> list[str]:
    """The names of the columns that these texts may mean, before it is known which columns there are."""
    return list(dict.fromkeys(name for text in texts for name in (text, text.rpartition(":")[0]) if name))


def edge_text(value: float) -> str:
    """The shortest text that reads back as the same edge."""
    return canonical_number(value) if abs(value) < _DIGITS else repr(value)


def _count(text: str, digits: str) -> int:
    """How many slices quantiles make."""
    if not 2 <= int(digits[:9]) <= _MOST:
        raise UsageError(f"'{text}': quantiles make 2 to {_MOST} slices", value=text, code="USAGE_BAD_VALUE")
    return int(digits)


def _edges(text: str, how: str) -> tuple[float, ...]:
    """The edges that are written as `18|65`."""
    values = [_edge(text, piece) for piece in how.split("|")]
    for low, high in pairwise(values):
        if low >= high:
            raise UsageError(f"'{text}': the edges must be ascending, and {edge_text(high)} follows {edge_text(low)}",
                             value=text, hint=f"write {text.rpartition(':')[0]}:"
                             + "|".join(map(edge_text, sorted(set(values)))),
                             code="USAGE_BAD_VALUE")  # fmt: skip
    return tuple(values)


def _edge(text: str, piece: str) -> float:
    number = piece.strip(" \t")
    if not _NUMBER.fullmatch(number):
        raise UsageError(f"'{text}': '{piece}' is not a number", value=text, hint=_FORMS, code="USAGE_BAD_VALUE")
    try:
        value = parse_number(number)
    except InexactNumberError:
        raise UsageError(f"'{text}': no float64 equals {number}", value=text, hint="write the nearest one",
                         code="USAGE_BAD_VALUE") from None  # fmt: skip
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise UsageError(f"'{text}': {number} is too large for a float64", value=text, code="USAGE_BAD_VALUE")
    return value

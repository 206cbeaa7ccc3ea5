"""What renderers share: the width and the characters of the output, and how numbers are written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from losscli.lazy import dataclass
from losscli.report.sanitized import sanitized
from losscli.results import Evaluation
from losscli.results.columns import examples

DIGITS = 6


@dataclass(frozen=True)
class View:
    """What the output can show.

    Attributes
    ----------
    width : int or None
        Columns of the terminal. None: nothing is wrapped.
    color : bool
        Whether the text may have colours.
    ascii_only : bool
        Whether the text must be ASCII.
    detailed : bool
        Whether a table for people also has what few of them need: standard errors and p-values of comparisons.
    diagnosed : bool
        Whether a table for people also shows the losses of rows, reliability and residuals, where the run has them.
    """

    width: int | None = None
    color: bool = False
    ascii_only: bool = False
    detailed: bool = False
    diagnosed: bool = False

    def text(self, text: str, limit: int | None = 200) -> str:
        """Text from data: sanitized, and ASCII where the output has no other characters.

        The escapes are made here and not on the finished page: an escape is wider than its character, so columns that
        were aligned would not be any more.

        Parameters
        ----------
        text : str
            The text.
        limit : int, optional
            The largest number of characters. None: no limit.
        """
        shown = sanitized(text, limit)
        return shown.encode("ascii", "backslashreplace").decode("ascii") if self.ascii_only else shown

    def symbols(self, text: str) -> str:
        """Text of ours, whose signs may need an ASCII form."""
        return text.replace("≤", "<=").replace("≥", ">=") if self.ascii_only else text


def exact(value: float) -> str:
    """The shortest text that is read back as the same double; `inf`, `-inf` and `nan` are words."""
    return repr(float(value))


def exacts(values: Iterable[float]) -> list[str]:
    """`exact` of each of many doubles."""
    return list(map(repr, values))


def short(value: float) -> str:
    """Six significant digits."""
    return f"{float(value):.{DIGITS}g}"


def distinguishable(*values: float) -> list[str]:
    """Six significant digits, or as many as are needed so that different numbers look different."""
    texts, digits = list(map(short, values)), DIGITS
    if len(set(texts)) == len(values):  # as is mostly so
        return texts
    different = len(set(map(exact, values)))
    while len(set(texts)) < different and digits < 17:
        digits += 1
        texts = [f"{float(value):.{digits}g}" for value in values]
    return texts


def signed(value: float, digits: int = DIGITS) -> str:
    """Six significant digits, or as many as asked for, with the sign."""
    return short(value) if math.isnan(value) else f"{float(value):+.{digits}g}"


def percent(fraction: float, sign: str = "") -> str:
    """A fraction in percent, with three digits; `sign` "+" also writes the sign of positive numbers."""
    return f"{100 * float(fraction):{sign}.3g} %"


def counted(number: int, word: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def nonfinite(value: float) -> str | None:
    """The word for a value that JSON cannot represent as a number, or None."""
    return None if math.isfinite(value) else exact(value)


def slice_names(evaluation: Evaluation) -> tuple[str, ...]:
    """The columns of slices, in the order of their first occurrence."""
    return tuple(dict.fromkeys(name for result in examples(evaluation.results) for name in result.by))


def has_models(evaluation: Evaluation) -> bool:
    """Whether any result belongs to a named model."""
    return any(result.model is not None for result in examples(evaluation.results))


def slice_headers(names: Iterable[str], taken: Sequence[str]) -> list[str]:
    """Headers of the columns of slices: one that is named like a column of ours gets the prefix `by:`."""
    return [f"by:{name}" if name in taken else name for name in names]


def slice_text(by: Mapping[str, str] | None) -> str:
    """Another slice in words: `country=DE`; None is the rest of the rows."""
    return "rest" if by is None else ",".join(f"{name}={value}" for name, value in by.items())

"""What the renderers share: how wide and in which characters to write, how a number is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from losscli.report.sanitized import sanitized
from losscli.results import Evaluation

DIGITS = 6


@dataclass(frozen=True)
class View:
    """Where the text goes: `width` None means that nothing is wrapped, `ascii_only` that the rest cannot be shown."""

    width: int | None = None
    color: bool = False
    ascii_only: bool = False

    def text(self, text: str, limit: int | None = 200) -> str:
        """Text from data as this view can show it.

        It is made ASCII here and not on the finished page: an escape is wider than its character, and columns
        that were aligned before would not be after.
        """
        shown = sanitized(text, limit)
        return shown.encode("ascii", "backslashreplace").decode("ascii") if self.ascii_only else shown

    def own(self, text: str) -> str:
        """Words and signs of ours as this view can show them."""
        return text.replace("≤", "<=").replace("≥", ">=") if self.ascii_only else text


def exact(value: float) -> str:
    """The shortest text that reads back as the same double; `inf`, `-inf` and `nan` as words."""
    return repr(float(value))


def short(value: float) -> str:
    """For people: six significant digits."""
    return f"{float(value):.{DIGITS}g}"


def apart(*values: float) -> list[str]:
    """For people: six significant digits, or as many as it takes that numbers which differ look different."""
    different = len({exact(value) for value in values})
    for digits in range(DIGITS, 17):
        texts = [f"{float(value):.{digits}g}" for value in values]
        if len(set(texts)) == different:
            return texts
    return [f"{float(value):.17g}" for value in values]


def signed(value: float) -> str:
    """For people: a change, with its sign."""
    return short(value) if math.isnan(value) else f"{float(value):+.{DIGITS}g}"


def percent(share: float, sign: str = "") -> str:
    """For people: a share in percent, three digits; `sign` "+" writes the sign of a gain too."""
    return f"{100 * float(share):{sign}.3g} %"


def nonfinite(value: float) -> str | None:
    """The word for a value that JSON has no number for, or None."""
    return None if math.isfinite(value) else exact(value)


def slice_names(evaluation: Evaluation) -> tuple[str, ...]:
    """The columns that the run was cut by, in the order of their first appearance."""
    return tuple(dict.fromkeys(name for result in evaluation.results for name in result.by))


def has_models(evaluation: Evaluation) -> bool:
    """Whether any result belongs to a named model."""
    return any(result.model is not None for result in evaluation.results)


def slice_headers(names: Iterable[str], taken: Sequence[str]) -> list[str]:
    """Headers for the columns cut by: a data column that is called like one of ours gets `by:` before its name."""
    return [f"by:{name}" if name in taken else name for name in names]

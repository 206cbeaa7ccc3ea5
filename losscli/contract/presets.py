"""Library presets: with which parameters a loss is a library's, and where no parameters make it so."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from losscli.lazy import dataclass

DivideBy = Literal["weight", "count", "rows"]
"""What the sum of weight * value is divided by: the sum of weights, the rows with weight, or all rows."""

# What a run can ask of a preset; beside these, the name of a parameter that the user sets.
ROW_WEIGHTS = "row weights"
CLASS_WEIGHTS = "class weights"
SEVERAL_OUTPUTS = "several outputs"
DISTRIBUTIONS = "distributions as targets"


@dataclass(frozen=True)
class Refusal:
    """What a preset cannot follow: all of `when` at once. `why` tells what the library does there."""

    when: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Preset:
    """The parameters with which a loss is a library's, its rule for weights, and what it cannot follow.

    `kinds` are roles with the kind that the library takes, where it is a narrower one. `notes` tells what differs by
    design where the values agree, such as the gradient at a clip.
    """

    settings: str = ""
    divide_by: Literal["weight", "rows"] = "weight"
    refuses: tuple[Refusal, ...] = ()
    notes: str = ""
    kinds: tuple[tuple[str, Any], ...] = ()

    @property
    def refused(self) -> list[str]:
        """What is refused, in words: "row weights, class weights: the library takes none here"."""
        found: dict[str, list[str]] = {}
        for refusal in self.refuses:
            found.setdefault(refusal.why, []).append(" with ".join(refusal.when))
        narrow: dict[str, list[str]] = {}
        for role, kind in self.kinds:
            narrow.setdefault(kind.__metadata__[0].says, []).append(role)
        return [
            *(f"{', '.join(each)}: {why}" for why, each in found.items()),
            *(f"{', '.join(each)} other than {says}" for says, each in narrow.items()),
        ]

    def refusal(self, asked: Collection[str]) -> Refusal | None:
        """The first refusal that what is asked for meets."""
        return next((refusal for refusal in self.refuses if set(refusal.when) <= set(asked)), None)


NO_ROW_WEIGHTS = Refusal((ROW_WEIGHTS,), "the library takes none here")
NO_CLASS_WEIGHTS = Refusal((CLASS_WEIGHTS,), "the library takes none here")


SINGLE = "the library keeps targets in single precision, and may compute in it"

SINGLE_STEPS = "the library computes in single precision, and agrees to about six digits"
SINGLE_COUNTS = "the library divides counts in single precision"


def by_rows(settings: str = "", *refuses: Refusal, **more: Any) -> Preset:
    """The preset of a library that divides weighted values by the number of all rows."""
    return Preset(settings, "rows", refuses, **more)


def without_weights(settings: str = "", *refuses: Refusal, **more: Any) -> Preset:
    """The preset of a library that takes no weights here."""
    return Preset(settings, refuses=(NO_ROW_WEIGHTS, NO_CLASS_WEIGHTS, *refuses), **more)

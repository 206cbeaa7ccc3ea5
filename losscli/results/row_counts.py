"""How many rows a run used, and how many it left out, for which reason and of which side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from losscli.lazy import dataclass


@dataclass(frozen=True)
class RowCounts:
    """How many rows of the sources a run used, and what became of the others.

    Attributes
    ----------
    read : int
        Rows that were read; of joined files, those with a match.
    used : int
        Rows that were scored: read, kept by the filter and not dropped.
    dropped : int
        Rows of them that were left out for a missing value or for NaN.
    filtered : int
        Rows of them that the filter left out.
    missing, nan : int
        The dropped rows with a missing value, and the others, which have NaN.
    weightless : int
        Rows of weight 0 that were left out, whatever their values.
    unmatched : Mapping[str, int]
        Rows that a join left out, as their key is in one file only: of the sides "predictions" and "targets", or of
        each file of a comparison. Empty where nothing is joined.
    unmatched_predictions : int
        Those of them that are predictions; of several files of predictions, those of the file that lost most.
    """

    read: int
    used: int
    dropped: int
    filtered: int = 0
    missing: int = 0
    nan: int = 0
    weightless: int = 0
    unmatched: Mapping[str, int] = field(default_factory=dict)
    unmatched_predictions: int = 0

    @property
    def lost(self) -> int:
        """The predictions that were to be scored and were not: with a missing value or NaN, or without a match."""
        return self.missing + self.nan + self.unmatched_predictions

    @property
    def wanted(self) -> int:
        """The predictions that were to be scored: used or lost."""
        return self.used + self.lost

    @property
    def lost_by_reason(self) -> dict[str, int]:
        """Why predictions were lost, in words, and how many; no count is 0."""
        known = {"missing": self.missing, "NaN": self.nan, "unmatched": self.unmatched_predictions}
        return {reason: count for reason, count in known.items() if count}

    @property
    def left_out(self) -> dict[tuple[str, str], int]:
        """The rows that were left out, by reason and side; no count is 0."""
        found = {
            ("missing", "predictions"): self.missing, ("nan", "predictions"): self.nan,
            ("filtered", "predictions"): self.filtered, ("weightless", "predictions"): self.weightless,
            **{("unmatched", side): count for side, count in self.unmatched.items()},
        }  # fmt: skip
        return {key: count for key, count in found.items() if count}

    @property
    def names(self) -> dict[str, int]:
        """`left_out` under names for keys and columns: `missing`, `nan`, `filtered`, `weightless`, `unmatched_SIDE`."""
        return {
            f"unmatched_{side}" if reason == "unmatched" else reason: count
            for (reason, side), count in self.left_out.items()
        }

    @property
    def text(self) -> str:
        """All of it in words: `1 row of 10, 9 dropped (1 missing, 8 NaN)`; the used rows alone where all were used."""
        total = self.read + self.unmatched_predictions
        shown = [f"{self.used} row{'' if self.used == 1 else 's'}" + ("" if self.used == total else f" of {total}")]
        if dropped := self.dropped + self.unmatched_predictions:
            shown.append(f"{dropped} dropped{_in_brackets(self.lost_by_reason)}")
        if self.filtered:
            shown.append(f"{self.filtered} filtered")
        if self.weightless:
            shown.append(f"{self.weightless} of weight 0")
        if "predictions" not in self.unmatched:  # the file of each model has rows of its own
            shown += [f"{count} of {side} unmatched" for side, count in self.unmatched.items() if count]
        elif targets := self.unmatched.get("targets"):
            shown.append(f"{targets} target{'s' * (targets > 1)} unmatched")
        return ", ".join(shown)


def _in_brackets(counts: Mapping[str, int]) -> str:
    listed = ", ".join(f"{count} {reason}" for reason, count in counts.items())
    return f" ({listed})" if listed else ""

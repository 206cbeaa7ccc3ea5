"""Warnings of estimates that are so skewed for their number of units that their intervals may undercover."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.contract.kinds import Array
from losscli.results import Uncertainty
from losscli.statistics.finalized_sums import Slice

_SKEWED = 0.9  # of the mean of n units it is at most about 1: nearly all squares are those of one unit
_RARE, _SHARE = 5, 0.1  # rows of a label, and their share, with which samples often have none of its large losses
_ENOUGH = 6  # units: of fewer normal values, a sample often is as skewed (of 3 in 29 %, of 6 in 0.5 %)
_HOLD_ANYWAY = ("wilson", "clopper-pearson", "sequential", "sequential-exact")
_UNITS = {"row": "rows", "batch": "batches"}


def may_undercover(skewness: Array, counts: Array, labels: tuple[Array, Array] | None) -> Array:
    """The estimates that `SkewedEstimates.add` tells of, unless their intervals hold anyway.

    Parameters
    ----------
    skewness
        The size of the skewness of each; 0 where it is not known.
    counts
        How many units each is of.
    labels
        How many rows have the rarer of two labels, and how many rows there are; None where rows have no labels.
    """
    doubtful = skewness > _SKEWED
    if labels is not None:
        doubtful |= (labels[0] < _RARE) & (labels[0] <= _SHARE * labels[1])
    return doubtful & (counts >= _ENOUGH)


class SkewedEstimates:
    """The estimates of a run that hang on very few units: slices are counted, and the worst is named.

    The skewness of a mean of n units is that of the units over sqrt(n). It is at most about 1, where one of them is
    unlike all others. Values of which samples come near that have tails that other samples miss altogether, and
    intervals of these miss the true value more often than their level says (docs/statistics.md has simulations). A
    sample without such a row cannot show it, but its labels may: fewer than 5 rows of one label, at most a tenth of
    all, are told of in the same way.

    Parameters
    ----------
    by
        The columns of slices.
    """

    def __init__(self, by: Sequence[str]) -> None:
        self.by = by
        self.whole: dict[str, tuple[float, str]] = {}
        self.slices: dict[Slice, tuple[float, str]] = {}
        self.seen: set[Slice] = set()

    def add(
        self, slice_: Slice, spec: str, skewness: float | None, how: Uncertainty, labels: tuple[int, int] | None = None
    ) -> None:
        """Look at an interval.

        Parameters
        ----------
        slice_, spec
            What it is of.
        skewness
            The skewness of the estimate; None where it is not known, or no matter.
        how
            How the interval was computed.
        labels
            How many rows have the rarer of two labels, and how many rows there are.
        """
        if slice_:
            self.seen.add(slice_)
        if how.count < _ENOUGH or how.method in _HOLD_ANYWAY:
            return
        units = _UNITS.get(how.units, f"values of '{how.units}'")
        rare = labels is not None and labels[0] < _RARE and labels[0] <= _SHARE * labels[1]
        size = 0.0 if skewness is None else abs(skewness)
        if not rare and size <= _SKEWED:
            return
        why = f"skewness {size:.2f} of at most 1" if labels is None or not rare else f"{labels[0]} with the rarer label"
        told = max(size, _SKEWED), f"{spec} of {how.count:,} {units} ({why})"
        if slice_:
            self.slices[slice_] = max(told, self.slices.get(slice_, told))
        else:
            self.whole[spec] = max(told, self.whole.get(spec, told))

    def sentences(self) -> list[str]:
        """The texts of the warnings: one of all rows, and one of all slices."""
        found = []
        if self.whole:
            _, worst = max(self.whole.values())
            others = len(self.whole) - 1
            more = f", and so for {others:,} more" if others else ""
            found.append(f"the interval may undercover where very few units decide: {worst}{more}")
        if self.slices:
            name, (_, worst) = min(self.slices.items(), key=lambda one: (-one[1][0], one[0]))
            where = ", ".join(f"{column}={text}" for column, text in zip(self.by, name, strict=True))
            slices = "the slice" if len(self.seen) == 1 else f"{len(self.slices):,} of {len(self.seen):,} slices"
            found.append(
                f"intervals of {slices} may undercover where very few units decide; the worst is {where}: {worst}"
            )
        return found

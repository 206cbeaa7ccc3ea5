"""Warnings of clusters that are so few, or so unequal, that an interval by them is not to be relied on."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.statistics.finalized_sums import Slice
from losscli.statistics.variance import Variance

_FEW, _LARGE_SHARE = 10 - 1e-9, 0.25  # effective clusters, and the share of one, where intervals are unsure


class FewClusters:
    """The slices of a run that have few or unequal clusters: they are counted, and the worst is named.

    Their effective number is below 10, or one has a quarter of the weight.

    Parameters
    ----------
    cluster
        The column of clusters; None where rows are none, so that there is nothing to warn of.
    by
        The columns of slices.
    """

    def __init__(self, cluster: str | None, by: Sequence[str]) -> None:
        self.cluster, self.by = cluster, by
        self.whole: Variance | None = None
        self.slices: dict[Slice, Variance] = {}
        self.seen: set[Slice] = set()

    def add(self, slice_: Slice, found: Variance | None) -> bool:
        """Look at a variance of the whole run or of a slice, and say whether its clusters are few or unequal.

        Of several lines, that of the most unequal clusters is kept.
        """
        if self.cluster is None or found is None or found.effective_clusters is None or found.largest_share is None:
            return False
        if slice_:
            self.seen.add(slice_)
        if found.effective_clusters >= _FEW and found.largest_share < _LARGE_SHARE:
            return False
        if not slice_:
            self.whole = _worse(self.whole, found)
        else:
            self.slices[slice_] = _worse(self.slices.get(slice_), found)
        return True

    def sentences(self) -> list[str]:
        """The texts of the warnings: one of the whole run, and one of all slices."""
        found = []
        if self.whole is not None:
            found.append(f"the {self._text(self.whole)}: intervals from so few are uncertain")
        if self.slices:
            name, worst = min(self.slices.items(), key=lambda one: (_effective(one[1]), one[0]))
            slices = "the slice" if len(self.seen) == 1 else f"{len(self.slices):,} of {len(self.seen):,} slices"
            where = ", ".join(f"{column}={text}" for column, text in zip(self.by, name, strict=True))
            found.append(
                f"few or unequal clusters in {slices}, whose intervals are uncertain; the worst is {where}: "
                f"its {self._text(worst)}"
            )
        return found

    def _text(self, found: Variance) -> str:
        share = 100 * (found.largest_share or 0)
        return (
            f"{found.clusters} clusters of '{self.cluster}' have an effective number of {_effective(found):.3g}, and "
            f"the largest has {share:.3g} % of the weight"
        )


def _worse(known: Variance | None, found: Variance) -> Variance:
    return found if known is None or _effective(found) < _effective(known) else known


def _effective(found: Variance) -> float:
    return found.effective_clusters or 0.0

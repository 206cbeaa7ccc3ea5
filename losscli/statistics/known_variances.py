"""The variances of many values before their intervals: what is computed for all together takes a part of the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.delta_method import variance
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.linearization import Linearization, linearize
from losscli.statistics.student_t import prepare_quantiles
from losscli.statistics.variance import Variance


class KnownVariance(NamedTuple):
    """A value as a linear function of sums, and its variance; None where there is none."""

    linear: Linearization | None
    variance: Variance | None


def known_variances(
    sums: ContributionSums, places: Sequence[tuple[int, SliceIds]]
) -> list[KnownVariance] | list[None]:  # fmt: skip
    """The variances of the values of some lines on slices, and the quantiles of their degrees of freedom, together.

    None where intervals do not come from variances.
    """
    if sums.inference.bootstrap is not None or sums.inference.sequential:
        return [None] * len(places)
    found = []
    for line, slice_ids in places:
        unit = sums.unit_of(line)
        linear = None if unit is None else linearize(sums, line, slice_ids)
        by = None if linear is None or unit is None else variance(sums, linear, unit, slice_ids)
        found.append(KnownVariance(linear, by))
    dfs = [one.variance.df for one in found if one.variance is not None]
    prepare_quantiles((1 - sums.inference.level) / 2, dfs)
    return found

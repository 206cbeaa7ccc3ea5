"""The tests of one comparison: what each needs of the sums of a run, and the interval that goes with it."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.results import ComparisonResult
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.decisions import DEFAULT_PERMUTATIONS, Units, alpha_of
from losscli.statistics.hypothesis_tests import mcnemar
from losscli.statistics.influence import unit_shares, unit_values
from losscli.statistics.intervals import Estimate, is_proportion, slice_stream
from losscli.statistics.linearization import Linearization
from losscli.statistics.paired_proportions import tango
from losscli.statistics.permutation import PermutationResult, permutation_test
from losscli.statistics.plug_in import PlugIn, plug_in
from losscli.statistics.variance import Variance
from losscli.statistics.wild_bootstrap import WildResult, wild_cluster_bootstrap

Interval = tuple[float, float]


@dataclass(frozen=True)
class ComparedLines:
    """Two lines of the plan, by their positions, on one slice, with their linearisations."""

    sums: ContributionSums
    first: int
    second: int
    estimate: Estimate  # of the difference
    linear: tuple[Linearization, Linearization]

    @cached_property
    def difference(self) -> Linearization:
        """The linearisation of the difference."""
        return self.linear[0].minus(self.linear[1])

    def plug_in(self, first: bool) -> PlugIn | None:
        """What is compared of the first or the second value, as a function of sums."""
        line, linear = (self.first, self.linear[0]) if first else (self.second, self.linear[1])
        found = plug_in(self.sums, line, linear.columns, self.estimate.slice_ids)
        by_size = self.sums.line(self.first).spec.direction == "zero"
        return found.size() if found is not None and by_size else found

    @cached_property
    def table(self) -> Array | None:
        """The sums of each unit, in the columns of the first line and of the second; None where they are not kept."""
        columns = [*self.linear[0].columns, *self.linear[1].columns]
        found = self.sums.unit_table(columns, self.estimate.unit, self.estimate.slice_ids)
        return None if found is None or not len(found) else found

    def units(self, found: Variance | None) -> Units:
        """What is known of the units before their values are; `found` is the variance of the difference."""
        sums, estimate = self.sums, self.estimate
        count = estimate.count
        if sums.is_clustered(estimate.unit):
            count = (
                found.clusters if found is not None and found.clusters else 0 if self.table is None else len(self.table)
            )
        effective = float(count)
        if found is not None:
            own = found.effective_clusters
            effective = self.difference.effective_size if own is None else own
        return Units(
            count, min(effective, count), self.is_binary,
            not sums.weighted and not sums.is_clustered(estimate.unit), found is not None and found.constant,
            sums.inference.time is not None,
        )  # fmt: skip

    @property
    def is_binary(self) -> bool:
        """Whether both values are means of losses that are 0 or 1."""
        return all(is_proportion(self.sums, line) for line in (self.first, self.second))

    def permutation(self) -> PermutationResult | None:
        """The permutation test; None where the sums of units are not kept or not finite."""
        if self.table is None:
            return None
        own, other = (linear.columns for linear in self.linear)
        ours = self.plug_in(first=True)
        if ours is None or len(own) != len(other):
            return self.sign_flips(Fraction(1), self.estimate.value)
        width = len(own)
        shares = unit_shares(self.difference, [*own, *other], self.table)
        return self._permuted(self.table[:, :width], self.table[:, width:], ours.statistic, shares)

    def sign_flips(self, multiple: Fraction, value: float) -> PermutationResult | None:
        """The permutation test of the first value less a multiple of the second: the signs of units are changed."""
        if self.table is None:
            return None
        linear = self.linear[0].minus(self.linear[1], multiple)
        columns = [*self.linear[0].columns, *self.linear[1].columns]
        halves = unit_values(linear, columns, self.table, value)[:, None] / 2
        return self._permuted(halves, -halves, lambda totals: totals[..., 0], unit_shares(linear, columns, self.table))

    def wild(self, multiple: Fraction = Fraction(1), value: float | None = None) -> WildResult | None:
        """The wild cluster bootstrap of the first value less a multiple of the second; None as for `permutation`."""
        if self.table is None:
            return None
        inference = self.sums.inference
        columns = [*self.linear[0].columns, *self.linear[1].columns]
        linear = self.linear[0].minus(self.linear[1], multiple)
        values = unit_values(linear, columns, self.table, self.estimate.value if value is None else value)
        return wild_cluster_bootstrap(
            values, unit_shares(linear, columns, self.table), inference.permutations or DEFAULT_PERMUTATIONS,
            inference.seed, slice_stream(self.estimate.slice), alpha_of(inference.level),
        )  # fmt: skip

    def _permuted(self, a: Array, b: Array, statistic, shares: Array) -> PermutationResult | None:  # type: ignore[no-untyped-def]
        inference = self.sums.inference
        return permutation_test(
            a, b, statistic, inference.permutations or DEFAULT_PERMUTATIONS, inference.seed,
            slice_stream(self.estimate.slice), shares, alpha_of(inference.level),
        )  # fmt: skip


def mcnemar_p(units: Units, result: ComparisonResult, mid_p: bool) -> float | None:
    """The p-value of McNemar's test; None where values are not 0 or 1, or units are weighted or clustered."""
    if not (units.binary and units.alike) or result.wins is None or result.losses is None:
        return None
    return mcnemar(result.wins, result.losses, mid_p=mid_p)


def score_interval(result: ComparisonResult, p: float, level: float) -> Interval:
    """The interval of a difference of losses that are 0 or 1: Tango's, with 0 where McNemar's test does not reject it.

    The score test of a difference of 0 is McNemar's without being exact: of few rows that differ, it rejects sooner.
    """
    ours, theirs = result.wins or 0, result.losses or 0
    if result.direction == "lower":
        ours, theirs = theirs, ours
    low, high = tango(ours, theirs, result.count, level)
    if p >= alpha_of(level):
        return min(low, 0.0), max(high, 0.0)
    return low, high

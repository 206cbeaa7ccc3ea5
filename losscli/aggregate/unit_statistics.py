"""Statistics of units, which a run keeps beside its sums for standard errors and comparisons of models.

For losses of single rows these are cross products (`CrossProducts`). Where rows belong together (clusters, the rows of
a batch), or units are resampled, they are sums by cluster (`HashedClusters`). Of two models that are compared, the
paired outcomes are counted: in how many units the first is better, worse, or equal. Statistics that need the number of
a row in the whole run are computed when that number is known: rows wait until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from losscli.aggregate.chunks import CHUNK
from losscli.aggregate.class_products import ClassProducts
from losscli.aggregate.class_terms import OfClass, classed_of, of_classes, sides_of
from losscli.aggregate.cross_products import UNIT, Contribution, ContributionPair, CrossProducts
from losscli.aggregate.exact_sum import Sums, rounded, zero_extended
from losscli.aggregate.few_units import FewUnits
from losscli.aggregate.hashed_clusters import HashedClusters
from losscli.aggregate.hashing import combined_hash, label_hashes, splitmix64
from losscli.aggregate.indexed_addition import add_at
from losscli.aggregate.kept_units import KeptUnits
from losscli.aggregate.paired_outcomes import LinePair, PairedValues, ValueSource, paired_outcomes, taking_part
from losscli.aggregate.third_moments import MomentsOf, third_moments
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import BaselineRows
from losscli.binding.row_batch import RowBatch, join_arrays, join_terms
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.contract.presets import DivideBy
from losscli.lazy import dataclass


@dataclass(frozen=True)
class UnitRequirements:
    """The statistics that are required of one kind of unit (rows, or batches)."""

    cross_products: tuple[tuple[ValueSource, ...], ...] = ()  # sources whose contributions are multiplied
    cluster_sums: tuple[ValueSource, ...] = ()
    squared_weights: tuple[ValueSource, ...] = ()  # for effective sample sizes
    plain_sums: tuple[ValueSource, ...] = ()  # sources that no loss accumulator adds up
    few_units: tuple[ValueSource, ...] = ()  # whose contributions are kept where a slice has few units
    third_moments: tuple[tuple[ValueSource, ...], ...] = ()  # sources whose products of three are summed
    moments_of: MomentsOf = "numerators"  # what is multiplied
    paired_outcomes: Mapping[LinePair, PairedValues] = field(default_factory=dict)
    keeps_units: bool = False  # the contributions of each unit, as long as there are few
    row_counts: bool = False  # the rows of each cluster, with those that take no part in any term


@dataclass(frozen=True)
class RequiredStatistics:
    """The unit statistics that a run must keep."""

    rows: UnitRequirements
    groups: UnitRequirements
    divisor: DivideBy  # what means are divided by
    needs_row_numbers: bool  # the number of a row in the whole run
    baseline: BaselineRows | None = None
    by_time: bool = False  # clusters are times, which are never merged
    keeps_labels: bool = False  # those of units

    @property
    def sources(self) -> frozenset[ValueSource]:
        """The sources whose values must be handed to the unit statistics."""
        found: set[ValueSource] = set()
        for kind in (self.rows, self.groups):
            found.update(*kind.cross_products, kind.squared_weights, kind.cluster_sums)
        return frozenset(found)


Units = RowBatch[ValueSource, Mapping[str, Term]]
"""Units with their values: what computed them -> term -> values."""


class UnitStatistics:
    """The statistics of one kind of unit."""

    def __init__(self, required: UnitRequirements, divisor: DivideBy, merges: bool = True) -> None:
        self.required, self.divisor = required, divisor
        self.cross_products, self.clusters, self.kept = CrossProducts(), HashedClusters(merges), KeptUnits()
        self.few, self.third_moments, self.class_products = FewUnits(), CrossProducts(), ClassProducts()
        self.outcomes: dict[LinePair, Array] = {}  # a row a slice id: units that the first model wins, loses, ties

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "required": None}

    def merge(self, other: UnitStatistics, slice_ids: Array | None) -> None:
        """Add the statistics of other units; clusters that are told by row numbers are filled once these are known."""
        self.cross_products.merge(other.cross_products, slice_ids)
        self.class_products.merge(other.class_products, slice_ids)
        self.third_moments.merge(other.third_moments, slice_ids)
        self.clusters.merge(other.clusters, slice_ids)
        self.kept.merge(other.kept, slice_ids)
        self.few.merge(other.few, slice_ids)
        for pair, counts in other.outcomes.items():
            at = np.arange(len(counts)) if slice_ids is None else slice_ids[: len(counts)]
            add_at(self._outcomes_of(pair, int(at.max(initial=-1)) + 1), at, counts)

    def update(self, units: Units, hashes: Array | None) -> None:
        """Add units that are independent of each other, or of other clusters; `hashes` identify their clusters."""
        found = {one: values for source in units.arrays for one, values in self.contributions(source, units)}
        classed = [one for source in units.arrays for one in classed_of(source, units.arrays[source], units.weights)]
        if classed:
            self.class_products.update(self.required.cross_products, classed, found, units.slice_ids)
        for pair in self._required_pairs(found):
            if units.weights is None and pair[1] != UNIT and any(found[one] is None for one in pair):
                continue  # where rows have no weights, these sums are those of the losses, and of their counts
            self.cross_products.update(pair, found[pair[0]], found.get(pair[1]), len(units), units.slice_ids)
        if self.required.third_moments:
            self._add_third_moments(units, found)
        every: dict[Contribution, Array | OfClass | None] = {**found, **of_classes(classed, len(units))}
        if self.required.keeps_units:
            self.kept.update(len(units), units.slice_ids, every)
        if self.required.few_units:
            few = {one: values for one, values in every.items() if one.source in self.required.few_units}
            self.few.update(len(units), units.slice_ids, few)
        if hashes is not None:
            resampled = {one: values for one, values in every.items() if one.source in self.required.cluster_sums}
            if self.required.row_counts:
                resampled[UNIT] = None
            self.clusters.update(hashes, units.slice_ids, resampled)
        self.count_outcomes(units)

    def _add_third_moments(self, units: Units, contributions: Mapping[Contribution, Array | None]) -> None:
        """Add the products of three."""
        required, sources = self.required, {source for each in self.required.third_moments for source in each}
        values: dict[Contribution, Array] = {}
        weights: dict[Contribution, Array | None] = {}
        for one, given in contributions.items():
            if one.source not in sources:
                continue
            if one.is_denominator:
                weights[one] = given
                if required.moments_of == "numerators and weights" and given is not None:
                    values[one] = given
            elif required.moments_of == "values":
                term = units.arrays[one.source][one.term]
                part = taking_part(term.where, units.weights)
                values[one] = term.values if part is None else np.where(part, term.values, 0.0)
            elif given is not None:
                values[one] = given
        groups = [[one for one in values if one.source in each] for each in required.third_moments]
        third_moments(self.third_moments, values, groups, weights, required.moments_of == "values", units.slice_ids)

    def _required_pairs(self, contributions: Mapping[Contribution, Array | None]) -> list[ContributionPair]:
        """The pairs of contributions whose products are summed, each once."""
        pairs: dict[ContributionPair, None] = {}
        for sources in self.required.cross_products:
            own = [one for one in contributions if one.source in sources]
            pairs.update(dict.fromkeys(combinations_with_replacement(own, 2)))
        for one in contributions:
            if one.is_denominator and one.source in self.required.squared_weights:
                pairs[one, one] = None
        pairs.update({(one, UNIT): None for one in contributions if one.source in self.required.plain_sums})
        return list(pairs)

    def contributions(self, source: ValueSource, units: Units) -> Iterator[tuple[Contribution, Array | None]]:
        """What the units contribute to the numerator and denominator of each term (None: 1 for each unit)."""
        for term, values, where in sides_of(units.arrays[source]):
            part = taking_part(where, units.weights)
            denominator = units.weights if self.divisor == "weight" else None
            counted = where if self.divisor == "rows" else part  # there, units of weight 0 count as well
            if counted is not None:
                denominator = counted.astype(np.float64) if denominator is None else np.where(counted, denominator, 0.0)
            if values is not None:
                numerator = values if units.weights is None else values * units.weights
                yield Contribution(source, term, False), numerator if part is None else np.where(part, numerator, 0.0)
            yield Contribution(source, term, True), denominator

    def count_outcomes(self, units: Units) -> None:
        """Count for each comparison in how many units the first model is better, worse and equal."""
        for pair, values in self.required.paired_outcomes.items():
            outcomes = paired_outcomes(values, units.arrays, units.weights)
            if outcomes is None:
                continue
            if units.slice_ids is None:
                self._outcomes_of(pair, 1)[0] += outcomes.sum(axis=0)
            elif len(units):
                np.add.at(self._outcomes_of(pair, int(units.slice_ids.max()) + 1), units.slice_ids, outcomes)

    def _outcomes_of(self, pair: LinePair, size: int) -> Array:
        known = self.outcomes.get(pair)
        self.outcomes[pair] = zero_extended(np.zeros((0, 3), np.int64) if known is None else known, size)
        return self.outcomes[pair]


class RunUnitStatistics:
    """The unit statistics of a run, or of some of its rows."""

    def __init__(self, required: RequiredStatistics) -> None:
        self.required = required
        self.rows = UnitStatistics(required.rows, required.divisor, merges=not required.by_time)
        self.groups = UnitStatistics(required.groups, required.divisor)
        self.waiting: list[Units] = []
        self.waiting_groups: list[Sequence[Units]] = []
        self.groups_formed = 0

    def __getstate__(self) -> dict[str, Any]:
        # What another process added up is only merged; what is required may hold the rows of a baseline.
        return {**self.__dict__, "required": None}

    @property
    def takes_chunks(self) -> bool:
        """Whether rows may come in chunks as well as in whole batches, whose labels are hashed at once."""
        return not (self.required.needs_row_numbers or self.required.rows.cluster_sums)

    def update(self, rows: Units) -> None:
        """Add rows; they wait to be merged where their numbers in the whole run must be known."""
        if self.required.needs_row_numbers:
            self.waiting.append(rows)
        else:
            self._add_rows(rows)

    def update_groups(self, groups: Sequence[Units]) -> None:
        """Add the rows of some groups; they wait to be merged, as groups are numbered then."""
        self.waiting_groups.append(groups)

    def merge(self, other: RunUnitStatistics, slice_ids: Array | None, before: int) -> None:
        """Add the statistics of other rows; `before` is how many rows of the run come before them.

        Their slice i is our slice slice_ids[i] (None: the same ids).
        """
        self.rows.merge(other.rows, slice_ids)
        for rows in other.waiting:
            self._add_rows(_in_slices(rows.behind(before), slice_ids))
        for groups in other.waiting_groups:
            self._add_groups([_in_slices(group, slice_ids) for group in groups])

    def over(self, slice_ids: Array) -> RunUnitStatistics:
        """The sums of products of rows in these slices, as those of the one slice 0; without what is kept of units."""
        found = RunUnitStatistics(self.required)
        found.rows.cross_products = self.rows.cross_products.over(slice_ids)
        found.rows.third_moments = self.rows.third_moments.over(slice_ids)
        found.rows.kept.count = self.rows.kept.count
        return found

    def _add_rows(self, units: Units) -> None:
        identities = _identities(units) if self.required.rows.cluster_sums else None  # each label is hashed once
        for start in range(0, len(units), CHUNK):
            chunk = units.take(slice(start, start + CHUNK))
            if self.required.baseline is not None:
                paired = self.required.baseline.paired(chunk.row_number_array, chunk.keys, chunk.arrays)
                chunk = chunk.holding(paired)
            hashes = None if identities is None else identities[start : start + CHUNK]
            with np.errstate(all="ignore"):  # what is not finite is counted so
                self.rows.update(chunk, hashes)
            if hashes is not None and self.required.keeps_labels and not self.rows.clusters.merged:
                self.rows.clusters.learn(hashes, _unit_labels(chunk))

    def _add_groups(self, groups: Sequence[Units]) -> None:
        """Add the rows of some groups: in each slice those of a group are one unit, which contributes their sums."""
        units = _joined(groups)
        number = np.repeat(np.arange(len(groups)), list(map(len, groups)))
        with np.errstate(all="ignore"):
            self.groups.count_outcomes(units)
        slices = 1 if units.slice_ids is None else int(units.slice_ids.max()) + 1
        own = number if units.slice_ids is None else number * slices + units.slice_ids
        found, at = np.unique(own, return_inverse=True)
        numbers, slice_ids = self.groups_formed + 1 + found // slices, found % slices
        self.groups_formed += len(groups)
        count = len(found)
        contributions: dict[Contribution, Array | None] = {}
        for source in units.arrays:
            for contribution, values in self.groups.contributions(source, units):
                contributions[contribution] = _rounded_sums(values, at, count, len(units))
        if self.required.groups.row_counts:
            contributions[UNIT] = _rounded_sums(None, at, count, len(units))
        hashes = splitmix64(numbers.astype(np.uint64))
        self.groups.clusters.update(hashes, None if units.slice_ids is None else slice_ids, contributions)
        if self.required.keeps_labels:
            labels = EncodedLabels(np.arange(count), tuple(map(str, numbers.tolist())), "batch")
            self.groups.clusters.learn(hashes, labels)


def _in_slices(units: Units, slice_ids: Array | None) -> Units:
    """The units, whose slice i is slice slice_ids[i] of others."""
    if slice_ids is None or units.slice_ids is None:
        return units
    return replace(units, slice_ids=slice_ids[units.slice_ids])


def _joined(groups: Sequence[Units]) -> Units:
    """The rows of some groups, one after the other."""
    first = groups[0]
    arrays = {
        source: {term: join_terms([group.arrays[source][term] for group in groups]) for term in terms}
        for source, terms in first.arrays.items()
    }
    bare: list[RowBatch[str, Array]] = [group.holding({}) for group in groups]
    return join_arrays(bare).holding(arrays)


def _identities(units: Units) -> Array:
    """64 bits that identify each row, or its cluster: a hash of its keys where it has any, else of its row number."""
    labels = (units.cluster,) if units.cluster is not None else units.keys
    if not labels:
        return splitmix64(units.row_number_array.astype(np.uint64))
    hashes = combined_hash(map(label_hashes, labels), len(units))
    if units.cluster is None and units.repeats is not None:  # a row that is the only one of its key keeps its hash
        again = np.flatnonzero(units.repeats)
        hashes[again] = splitmix64(hashes[again] + units.repeats[again].astype(np.uint64))
    return hashes


def _unit_labels(units: Units) -> EncodedLabels:
    """The label of each unit: that of its cluster, its keys, or else its row number."""
    if units.cluster is not None:
        return units.cluster
    texts = [*zip(*(key.texts() for key in units.keys), strict=True)] or units.row_number_array[:, None].tolist()
    return EncodedLabels(np.arange(len(units)), tuple(", ".join(map(str, text)) for text in texts), "row")


def _rounded_sums(values: Array | None, at: Array | None, count: int, units: int) -> Array:
    """The sum at each of `count` positions, rounded once."""
    sums = Sums(count)
    sums.update(np.ones(units) if values is None else values, at)
    non_finite = [sums.non_finite(position) for position in range(count)]
    return np.array(
        [
            rounded(exact) if o is None else o
            for exact, o in zip(map(sums.fraction, range(count)), non_finite, strict=True)
        ]
    )

"""Sums by cluster: what clustered standard errors, the bootstrap and the permutation test are computed from.

Every unit (a row, a batch, a cluster of rows) belongs to a hashed cluster by the hash of its identity. As long as there
are few, each unit has a hashed cluster of its own. Where there are more than `MAX_CLUSTERS`, hashed clusters are merged
two and two, by the leading bits of the hash, until they are few enough. So which units share a hashed cluster depends
on the units alone: not on their order, nor on how a run cut them. A hashed cluster is a random part of the units, and
sums of random parts of independent units have the same variance as sums of the units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.aggregate.class_terms import OfClass
from losscli.aggregate.cross_products import Contribution
from losscli.aggregate.exact_sum import ONE, Sums, rounded
from losscli.binding.encoded_labels import EncodedLabels
from losscli.contract.kinds import Array
from losscli.errors import DataError

MAX_CLUSTERS = 1 << 16
MAX_TIMES = 1 << 17
_BITS = 40

SliceIds = Sequence[tuple[int, Fraction | None]]  # ids of a slice, and the factors that class weights give


class HashedClusters:
    """Exact sums of contributions, one for each hashed cluster of each slice id."""

    def __init__(self, merges: bool = True) -> None:
        """Without `merges`, every unit keeps sums of its own."""
        self.merges = merges
        self.bits = _BITS  # leading bits of the hash that still tell clusters apart
        self.sums: dict[Contribution, Sums] = {}
        self.keys = np.zeros(0, np.int64)  # sorted: the slice id in the high bits, the hash in the `_BITS` low ones
        self.positions = np.zeros(0, np.int64)  # for each key: which of the sums is its own
        self.labels: dict[int, str] = {}  # the hash of a cluster -> its label, where that is kept

    def update(
        self, hashes: Array, slice_ids: Array | None, contributions: Mapping[Contribution, Array | OfClass | None]
    ) -> None:
        """Add units; `hashes` are 64 bits each that identify the unit (None as a contribution stands for ones)."""
        if not len(hashes):
            return
        keys = (hashes >> np.uint64(64 - _BITS)).astype(np.int64) >> (_BITS - self.bits) << (_BITS - self.bits)
        if slice_ids is not None:
            keys |= slice_ids << _BITS
        found, inverse = np.unique(keys, return_inverse=True)
        positions = self._positions_of(found)[inverse]
        for contribution, values in contributions.items():
            sums = self.sums.setdefault(contribution, Sums())
            sums.grow(len(self.keys))
            if isinstance(values, OfClass):
                sums.update(values.values, positions[values.rows])
            else:
                sums.update(np.ones(len(hashes)) if values is None else values, positions)
        self._limit()

    def _limit(self) -> None:
        """Merge clusters until they are few enough."""
        while len(self.keys) > MAX_CLUSTERS and self.bits and self.merges:
            self._merge_neighbours()

    def merge(self, other: HashedClusters, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        if not len(other.keys):
            return
        while self.bits > other.bits:
            self._merge_neighbours()
        of_slice, hashes = other.keys >> _BITS, other.keys & ((1 << _BITS) - 1)
        hashes = hashes >> (_BITS - self.bits) << (_BITS - self.bits)
        keys = (of_slice if slice_ids is None else slice_ids[of_slice]) << _BITS | hashes
        found, inverse = np.unique(keys, return_inverse=True)
        positions = np.empty(len(keys), np.int64)
        positions[other.positions] = self._positions_of(found)[inverse]
        for contribution, theirs in other.sums.items():
            sums = self.sums.setdefault(contribution, Sums())
            sums.grow(len(self.keys))
            sums.merge(theirs, positions[: theirs.size])
        self._limit()
        self.labels = {} if self.merged else other.labels | self.labels

    @property
    def merged(self) -> bool:
        """Whether some clusters have their sums together."""
        return self.bits < _BITS

    def learn(self, hashes: Array, labels: EncodedLabels) -> None:
        """Keep the label of each of these units, as long as none are merged; of times none are, so there is a limit."""
        if self.merged:
            self.labels.clear()
            return
        codes, first = np.unique(labels.codes, return_index=True)
        keys = (hashes[first] >> np.uint64(64 - _BITS)).tolist()
        for key, code in zip(keys, codes.tolist(), strict=True):
            self.labels.setdefault(key, labels.names[code])
        if not self.merges and len(self.keys) > MAX_TIMES:
            raise DataError(
                f"there are more than {MAX_TIMES:,} times in column '{labels.column}', counted in each slice",
                column=labels.column,
                hint="--time with a column of longer periods, such as hours or days; or fewer slices",
            )

    def _positions_of(self, keys: Array) -> Array:
        """The positions of the sums of these keys, which are unique and sorted; a new key gets the next position."""
        at = np.searchsorted(self.keys, keys)
        new = np.ones(len(keys), bool)
        inside = at < len(self.keys)
        new[inside] = self.keys[at[inside]] != keys[inside]
        if new.any():
            added = np.arange(len(self.keys), len(self.keys) + int(new.sum()))
            self.positions = np.insert(self.positions, at[new], added)
            self.keys = np.insert(self.keys, at[new], keys[new])
            at = np.searchsorted(self.keys, keys)
        return self.positions[at]

    def _merge_neighbours(self) -> None:
        """Drop the last bit that tells clusters apart, and add up the sums of those that become one."""
        self.bits -= 1
        keys, inverse = np.unique(self.keys >> (_BITS - self.bits) << (_BITS - self.bits), return_inverse=True)
        moved = np.empty(len(self.keys), np.int64)
        moved[self.positions] = inverse
        for contribution, sums in self.sums.items():
            merged = Sums(len(keys))
            merged.merge(sums, moved[: sums.size])
            self.sums[contribution] = merged
        self.keys, self.positions = keys, np.arange(len(keys))


class TableColumn(NamedTuple):
    """A column of a table of clusters: the sums of a contribution over slice ids, times their factors if `weighted`."""

    contribution: Contribution
    slice_ids: SliceIds
    weighted: bool


_Span = tuple[int, int, Fraction | None]  # where the clusters of a slice id start and stop, and its class weight


class ResamplingTable:
    """The finalized sums of hashed clusters: one row for each cluster of a slice, one column for each contribution."""

    def __init__(self, clusters: HashedClusters) -> None:
        slice_ids = clusters.keys >> _BITS
        self._sums, self._positions = clusters.sums, clusters.positions.tolist()
        self._hashes = (clusters.keys & ((1 << _BITS) - 1)).tolist()
        self._starts = np.searchsorted(slice_ids, np.arange(int(slice_ids.max(initial=-1)) + 2)).tolist()
        self._exact: dict[Contribution, list[int]] = {}
        self._doubles: dict[Contribution, Array] = {}
        self._not_finite = {
            contribution: (s.nan + s.inf + s.neg_inf)[clusters.positions[clusters.positions < s.size]] > 0
            for contribution, s in clusters.sums.items() if not s.finite
        }  # fmt: skip

    def is_finite(self, columns: Sequence[TableColumn]) -> bool:
        """Whether all sums of these columns are finite."""
        return not any(
            self._not_finite[one.contribution][start:stop].any()
            for one in columns if one.contribution in self._not_finite
            for start, stop, _ in self._spans(one.slice_ids)
        )  # fmt: skip

    def exact_columns(self, columns: Sequence[TableColumn]) -> list[list[int | Fraction]]:
        """The exact sums of each column, one a cluster, in units of 2**-1074; clusters are in the same order."""
        spans = [self._spans(one.slice_ids) for one in columns]
        for one in columns:
            if one.contribution not in self._exact:
                self._exact[one.contribution] = self._exact_sums(one.contribution)
        if (span := _only_span(spans)) is not None:
            return [list(self._exact[one.contribution][span[0] : span[1]]) for one in columns]
        hashes = self.hashes(columns)
        position = {one: at for at, one in enumerate(hashes)}
        return [self._added_up(one, each, position) for one, each in zip(columns, spans, strict=True)]

    def _added_up(self, column: TableColumn, spans: Sequence[_Span], position: dict[int, int]) -> list[int | Fraction]:
        """The sums of several slice ids, added up by the hash of the cluster."""
        exact = self._exact[column.contribution]
        sums = list[int | Fraction]([0] * len(position))
        for start, stop, factor in spans:
            weight = factor if column.weighted and factor is not None else 1
            for one, value in zip(self._hashes[start:stop], exact[start:stop], strict=True):
                sums[position[one]] += value * weight
        return sums

    def hashes(self, columns: Sequence[TableColumn]) -> list[int]:
        """The hash of each cluster, in the order of the rows of `exact_columns` and `table`."""
        spans = [self._spans(one.slice_ids) for one in columns]
        if (span := _only_span(spans)) is not None:
            return list(self._hashes[span[0] : span[1]])
        return sorted({one for each in spans for start, stop, _ in each for one in self._hashes[start:stop]})

    def table(self, columns: Sequence[TableColumn]) -> Array:
        """The sums as doubles: one row a cluster."""
        span = _only_span([self._spans(one.slice_ids) for one in columns])
        if span is not None:  # the integers of very many clusters would fill the memory
            for contribution in {one.contribution: None for one in columns}:
                if contribution not in self._doubles:
                    exact = self._exact_sums(contribution)
                    self._doubles[contribution] = np.array([rounded(value, ONE) for value in exact])
            return np.stack([self._doubles[one.contribution][span[0] : span[1]] for one in columns], axis=1)
        doubles = np.array([[rounded(value, ONE) for value in column] for column in self.exact_columns(columns)])
        return doubles.reshape(len(columns), -1).T

    def _spans(self, slice_ids: SliceIds) -> list[_Span]:
        """Where the clusters of each slice id start and stop, and its class weight."""
        return [
            (self._starts[slice_id], self._starts[slice_id + 1], factor)
            for slice_id, factor in slice_ids if slice_id + 1 < len(self._starts) and factor != 0
        ]  # fmt: skip

    def _exact_sums(self, contribution: Contribution) -> list[int]:
        """The sums of all clusters, in the order of slice ids and hashes."""
        known = self._sums.get(contribution)  # no unit here has a class that only others have
        exact = [] if known is None else known.evaluate()
        exact += [0] * (len(self._positions) - len(exact))
        return [exact[position] for position in self._positions]


def _only_span(spans: Sequence[list[_Span]]) -> _Span | None:
    """The one span of all columns; None where there are several, or it has a class weight."""
    first = spans[0]
    return first[0] if len(first) == 1 and first[0][2] is None and all(each == first for each in spans) else None

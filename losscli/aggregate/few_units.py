"""The contributions of each unit of slices that have few: for the permutation test, which decides there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from losscli.aggregate.class_terms import OfClass, is_of_class
from losscli.aggregate.cross_products import UNIT, Contribution
from losscli.aggregate.exact_sum import zero_extended
from losscli.aggregate.indexed_addition import add_at
from losscli.contract.kinds import Array

MAX_FEW = 20  # of a slice id with more units none are kept
_PRUNED_FROM = 4096  # kept units among which those of slices that have become large are looked for


class FewUnits:
    """The contributions of all units of the slice ids that have at most `MAX_FEW`, whichever came first."""

    def __init__(self) -> None:
        self.counts = np.zeros(0, np.int64)  # units of each slice id
        self._chunks: list[tuple[Array, Mapping[Contribution, Array]]] = []
        self._kept, self._prune_at, self._in_order = 0, _PRUNED_FROM, False

    def update(
        self, count: int, slice_ids: Array | None, contributions: Mapping[Contribution, Array | OfClass | None]
    ) -> None:
        """Add units; None as a contribution stands for ones."""
        if slice_ids is None:
            self._grow(1)[0] += count
            if self.counts[0] > MAX_FEW:
                self._chunks, self._kept = [], 0
                return
            slice_ids = np.zeros(count, np.int64)
        elif count:
            added = np.bincount(slice_ids)
            self._grow(len(added))[: len(added)] += added
        if not (self.counts[slice_ids] <= MAX_FEW).any():
            return
        values = {one: np.ones(count) if given is None else np.asarray(given) for one, given in contributions.items()}
        self._keep(slice_ids, values)

    def merge(self, other: FewUnits, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        at = np.arange(len(other.counts)) if slice_ids is None else slice_ids[: len(other.counts)]
        add_at(self._grow(int(at.max(initial=-1)) + 1), at, other.counts)
        for own, values in other._chunks:
            self._keep(at[own], values)

    def _grow(self, size: int) -> Array:
        self.counts = zero_extended(self.counts, size)
        return self.counts

    def _keep(self, slice_ids: Array, values: Mapping[Contribution, Array]) -> None:
        """Keep those of the units whose slices are still small."""
        few = self.counts[slice_ids] <= MAX_FEW
        if few.any():
            self._chunks.append((slice_ids[few], {one: given[few] for one, given in values.items()}))
            self._kept, self._in_order = self._kept + int(few.sum()), False
        if self._kept > self._prune_at:
            chunks, self._chunks, self._kept, self._prune_at = self._chunks, [], 0, self._kept * 2
            for own, kept in chunks:
                self._keep(own, kept)
            self._prune_at = max(_PRUNED_FROM, 2 * self._kept)

    def of(self, slice_ids: Sequence[int], contributions: Sequence[Contribution]) -> tuple[Array, list[Array]] | None:
        """The slice ids of the units of some slice ids, and what they contribute; None where they are not all kept.

        The arrays may be views of what is kept, which must not be changed.
        """
        known = [one for one in slice_ids if one < len(self.counts)]
        if not 0 < int(self.counts[known].sum()) <= MAX_FEW:
            return None
        ids, values = self._sorted()
        if any(one != UNIT and one not in values and not is_of_class(one) for one in contributions):
            return None
        spans = [slice(*np.searchsorted(ids, [one, one + 1]).tolist()) for one in known]
        own = _cut(ids, spans)
        # Those of these units alone, not of all: this is asked for each of very many slices.
        ones, zeros = np.ones(len(own)), np.zeros(len(own))
        return own, [
            ones if one == UNIT else _cut(values[one], spans) if one in values else zeros for one in contributions
        ]

    def _sorted(self) -> tuple[Array, Mapping[Contribution, Array]]:
        """All units that are kept, in the order of their slice ids."""
        if not self._in_order and self._chunks:
            ids = np.concatenate([own for own, _ in self._chunks])
            order = np.argsort(ids, kind="stable")
            shared = set.intersection(*(set(kept) for _, kept in self._chunks))
            shared |= {one for _, kept in self._chunks for one in kept if is_of_class(one)}
            joined = {
                one: np.concatenate([kept[one] if one in kept else np.zeros(len(own)) for own, kept in self._chunks])
                for one in shared
            }
            joined = {one: values[order] for one, values in joined.items()}
            ids = ids[order]
            for one in (ids, *joined.values()):
                one.flags.writeable = False
            self._chunks, self._in_order = [(ids, joined)], True
        return self._chunks[0] if self._chunks else (np.zeros(0, np.int64), {})


def _cut(values: Array, spans: Sequence[slice]) -> Array:
    """The values of these spans, one after the other; of a single one without a copy."""
    return values[spans[0]] if len(spans) == 1 else np.concatenate([values[span] for span in spans])

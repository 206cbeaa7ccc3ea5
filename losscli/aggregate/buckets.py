"""Sums by parts of the rows: by cluster, by batch, or by small parts that are drawn anew again and again.

Every unit (a row, a batch, a cluster) falls into a bucket by a hash of its identity. As long as there is room, each
has a bucket of its own; where there are more, buckets are joined two and two, by their hash, until they fit. Which
units share a bucket thus depends on the units alone: neither on their order nor on how they were cut. To draw buckets
is to draw random parts of the rows, which has the same spread as to draw rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from losscli.aggregate.cross_products import Contribution
from losscli.aggregate.exact_sum import ONE, Sums, rounded
from losscli.contract.kinds import Array

MOST = 1 << 16
_BITS = 40

SliceIds = Sequence[tuple[int, Fraction | None]]  # ids of a slice, and the factors that class weights give


class HashedClusters:
    """Exact sums of shares, one a bucket of a slice."""

    def __init__(self) -> None:
        self.bits = _BITS  # of the hash, that still tell buckets apart
        self.sums: dict[Contribution, Sums] = {}
        self._ids = np.zeros(0, np.int64)  # sorted: the slice id, and below it the hash
        self._numbers = np.zeros(0, np.int64)  # of each id: which of the sums is its

    def update(self, words: Array, slice_ids: Array | None, shares: Mapping[Contribution, Array | None]) -> None:
        """Add units; `words` are 64 bits that tell them apart."""
        if not len(words):
            return
        ids = (words >> np.uint64(64 - _BITS)).astype(np.int64) >> (_BITS - self.bits) << (_BITS - self.bits)
        if slice_ids is not None:
            ids |= slice_ids << _BITS
        found, inverse = np.unique(ids, return_inverse=True)
        numbers = self._learned(found)[inverse]
        for share, values in shares.items():
            sums = self.sums.setdefault(share, Sums())
            sums.grow(len(self._ids))
            sums.update(np.ones(len(words)) if values is None else values, numbers)
        while len(self._ids) > MOST and self.bits:
            self._halve()

    def _learned(self, ids: Array) -> Array:
        """The numbers of these ids, each once and sorted; new ones get the next."""
        at = np.searchsorted(self._ids, ids)
        new = np.ones(len(ids), bool)
        inside = at < len(self._ids)
        new[inside] = self._ids[at[inside]] != ids[inside]
        if new.any():
            fresh = np.arange(len(self._ids), len(self._ids) + int(new.sum()))
            self._numbers = np.insert(self._numbers, at[new], fresh)
            self._ids = np.insert(self._ids, at[new], ids[new])
            at = np.searchsorted(self._ids, ids)
        return self._numbers[at]

    def _halve(self) -> None:
        self.bits -= 1
        ids, inverse = np.unique(self._ids >> (_BITS - self.bits) << (_BITS - self.bits), return_inverse=True)
        moved = np.empty(len(self._ids), np.int64)
        moved[self._numbers] = inverse
        for share, sums in self.sums.items():
            joined = Sums(len(ids))
            joined.merge(sums, moved[: sums.size])
            self.sums[share] = joined
        self._ids, self._numbers = ids, np.arange(len(ids))


class ResamplingTable:
    """Buckets read out: for a slice, the sums of each of its units."""

    def __init__(self, buckets: HashedClusters) -> None:
        slice_ids = buckets._ids >> _BITS
        self._buckets, self._numbers = buckets, buckets._numbers.tolist()
        self._prefixes = (buckets._ids & ((1 << _BITS) - 1)).tolist()
        self._starts = np.searchsorted(slice_ids, np.arange(int(slice_ids.max(initial=-1)) + 2)).tolist()
        self._exacts: dict[Contribution, list[int]] = {}
        self._doubles: dict[Contribution, Array] = {}
        self._odd = {
            share: (s.nan + s.inf + s.neg_inf)[buckets._numbers[buckets._numbers < s.size]] > 0
            for share, s in buckets.sums.items() if s.nan.any() or s.inf.any() or s.neg_inf.any()
        }  # fmt: skip

    def finite(self, slice_ids: SliceIds, shares: Sequence[Contribution]) -> bool:
        """Whether all sums of these slice ids are finite."""
        odd = [self._odd[share] for share in shares if share in self._odd]
        return not any(array[start:stop].any() for array in odd for start, stop, _ in self._spans(slice_ids))

    def units(
        self, slice_ids: SliceIds, shares: Sequence[Contribution], scaled: Sequence[bool]
    ) -> list[list[int | Fraction]]:
        """Share -> its exact sum in each unit of these ids, in units of 2**-1074; times the factor where `scaled`."""
        spans = self._spans(slice_ids)
        for share in shares:
            if share not in self._exacts:
                self._exacts[share] = self._read(share)
        if len(spans) == 1 and spans[0][2] is None:
            start, stop, _ = spans[0]
            return [list(self._exacts[share][start:stop]) for share in shares]
        prefixes = sorted({prefix for start, stop, _ in spans for prefix in self._prefixes[start:stop]})
        place = {prefix: at for at, prefix in enumerate(prefixes)}
        found: list[list[int | Fraction]] = []
        for share, times in zip(shares, scaled, strict=True):
            exact, sums = self._exacts[share], list[int | Fraction]([0] * len(place))
            for start, stop, factor in spans:
                by = factor if times and factor is not None else 1
                for prefix, value in zip(self._prefixes[start:stop], exact[start:stop], strict=True):
                    sums[place[prefix]] += value * by
            found.append(sums)
        return found

    def table(self, slice_ids: SliceIds, shares: Sequence[Contribution], scaled: Sequence[bool]) -> Array:
        """The same as doubles, one row a unit and one column a share."""
        spans = self._spans(slice_ids)
        if len(spans) == 1 and spans[0][2] is None:  # whole numbers of very many units would fill the memory
            for share in shares:
                if share not in self._doubles:
                    self._doubles[share] = np.array([rounded(value, ONE) for value in self._read(share)])
            return np.stack([self._doubles[share][spans[0][0] : spans[0][1]] for share in shares], axis=1)
        sums = self.units(slice_ids, shares, scaled)
        return np.array([[rounded(value, ONE) for value in column] for column in sums]).reshape(len(shares), -1).T

    def _spans(self, slice_ids: SliceIds) -> list[tuple[int, int, Fraction | None]]:
        return [
            (self._starts[slice_id], self._starts[slice_id + 1], factor)
            for slice_id, factor in slice_ids if slice_id + 1 < len(self._starts) and factor != 0
        ]  # fmt: skip

    def _read(self, share: Contribution) -> list[int]:
        """The sums of all buckets, by slice id and hash."""
        exact = self._buckets.sums[share].evaluate()
        exact += [0] * (len(self._numbers) - len(exact))
        return [exact[number] for number in self._numbers]

"""Sums of products, added up without rounding: what a standard error is made of."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from losscli.aggregate.exact_sum import Sums
from losscli.contract.kinds import Array

_SPLITTER = 134217729.0  # 2**27 + 1: cuts a double into two halves of 26 bits


class Contribution(NamedTuple):
    """What a unit gives to a term: its weight times its value (top), or its weight or 1 (bottom); 0 without a part.

    A term's mean is the sum of its tops over the sum of its bottoms. `owner` is who computed it.
    """

    owner: Hashable
    term: str
    bottom: bool


UNIT = Contribution(None, "", True)  # 1 of every unit: its product with a share is the share


class CrossProducts:
    """The sums of share * share over all units, a slice each, for the pairs of shares that somebody asks for."""

    def __init__(self) -> None:
        self.sums: dict[tuple[Contribution, Contribution], Sums] = {}

    def update(
        self,
        pair: tuple[Contribution, Contribution],
        a: Array | None,
        b: Array | None,
        count: int,
        slice_ids: Array | None,
    ) -> None:
        """Add the products of `count` units; None stands for ones."""
        sums = self._of(pair, slice_ids)
        if a is None or b is None:
            one = b if a is None else a
            sums.update(np.ones(count) if one is None else one, slice_ids)
            return
        for piece in exact_products(a, b):
            sums.update(piece, slice_ids)

    def merge(self, other: CrossProducts, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        for pair, theirs in other.sums.items():
            at = None if slice_ids is None else slice_ids[: theirs.size]
            self.sums.setdefault(pair, Sums()).merge(theirs, at)

    def _of(self, pair: tuple[Contribution, Contribution], slice_ids: Array | None) -> Sums:
        sums = self.sums.setdefault(pair, Sums())
        if slice_ids is not None and len(slice_ids):
            sums.grow(int(slice_ids.max()) + 1)
        return sums


def exact_products(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded products, and what rounding left over: together they are exact (Dekker 1971, doi:10.1007/BF01397083).

    A variance is a small difference of large sums; only where those are exact does it keep its digits. Beyond 2**996
    the halves overflow and below 2**-968 the rest has no double: there the rounded product alone counts.
    """
    product = a * b
    high_a, low_a = _halves(a)
    high_b, low_b = (high_a, low_a) if b is a else _halves(b)
    rest = high_a * high_b - product
    rest += high_a * low_b
    rest += low_a * high_b
    rest += low_a * low_b
    if not np.isfinite(rest.sum()):
        rest[~np.isfinite(rest)] = 0.0
    return product, rest


def _halves(values: Array) -> tuple[Array, Array]:
    """Two doubles of 26 bits whose sum a value is (Veltkamp 1968)."""
    moved = values * _SPLITTER
    high = moved - (moved - values)
    return high, values - high

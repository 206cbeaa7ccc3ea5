"""Sums of cross products of what units contribute, without rounding: what a variance is computed from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from losscli.aggregate.square_sums import add_squares
from losscli.aggregate.wide_sum import WideSums
from losscli.contract.kinds import Array
from losscli.contract.scaled import Scaled, scaled

_EXACT_FROM, _EXACT_TO = 2.0**-960, 2.0**960  # sizes of a product whose factors and rounding error keep their digits
_SPLITTER = 134217729.0  # 2**27 + 1: splits a double into two halves of 26 bits


class Contribution(NamedTuple):
    """What each unit contributes to the numerator or to the denominator of a term's mean.

    A term's mean is the sum of its numerators over the sum of its denominators. The numerator of a unit is its weight
    times its value; the denominator is its weight, or 1. Both are 0 for a unit that takes no part in the term. `source`
    is what computed the values: a kernel call, or the row values of an earlier run.
    """

    source: Hashable
    term: str
    is_denominator: bool


UNIT = Contribution(None, "", True)  # 1 for every unit: its cross product with a contribution is the contribution

ContributionPair = tuple[Contribution, Contribution]
ContributionProduct = tuple[Contribution, ...]
"""The factors of a product: two of them, or three of third moments."""


class CrossProducts:
    """For products of contributions: their sum over all units, one sum a slice id."""

    def __init__(self) -> None:
        self.sums: dict[ContributionProduct, WideSums] = {}

    def update(
        self, pair: ContributionPair, a: Array | None, b: Array | None, count: int, slice_ids: Array | None
    ) -> None:
        """Add the products of `count` units; None stands for ones. Each may be in several slices, as in `Sums`."""
        sums = self.of(pair, slice_ids)
        if a is None or b is None:
            factor = b if a is None else a
            sums.update(np.ones(count) if factor is None else factor, slice_ids)
            return
        if b is not a and count and a[0] * b[0] == 0 and not ((a != 0) & (b != 0)).any() and _are_finite(a, b):
            return  # terms that have no unit in common
        if b is a and slice_ids is None:
            left = add_squares(sums.plain, a)
            if left is None:
                return
            a = b = left
        product, error = exact_products(a, b)
        beyond = _out_of_range(product, a, b)
        if beyond is not None:
            (x, x_exponents), (y, y_exponents) = scaled(a[beyond]), scaled(b[beyond])
            ids = None if slice_ids is None else slice_ids[..., beyond]
            for part in exact_products(x, y):
                sums.update_scaled(Scaled(part, x_exponents + y_exponents), ids)
            product[beyond], error[beyond] = 0.0, 0.0
        sums.update(product, slice_ids)
        sums.update(error, slice_ids)

    def merge(self, other: CrossProducts, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        for product, theirs in other.sums.items():
            at = None if slice_ids is None else slice_ids[: theirs.size]
            self.sums.setdefault(product, WideSums()).merge(theirs, at)

    def over(self, slice_ids: Array) -> CrossProducts:
        """All that was added to these slices, each of them once, as that of the one slice 0."""
        found = CrossProducts()
        found.sums = {product: sums.over(slice_ids[slice_ids < sums.size]) for product, sums in self.sums.items()}
        return found

    def state(self, sources: Sequence[Hashable]) -> list[dict[str, Any]]:
        """All that was added, as plain values; a source is written as its position among `sources`."""
        position = {UNIT.source: -1, **{source: number for number, source in enumerate(sources)}}

        def plain(of: Contribution) -> list[Any]:
            return [position[of.source], of.term, of.is_denominator]

        return [{"of": list(map(plain, product)), "sums": sums.state()} for product, sums in self.sums.items()]

    @classmethod
    def from_state(cls, state: Sequence[Mapping[str, Any]], sources: Sequence[Hashable]) -> CrossProducts:
        """The cross products that `state` was taken of."""

        def contribution(of: Sequence[Any]) -> Contribution:
            return UNIT if of[0] == -1 else Contribution(sources[of[0]], str(of[1]), bool(of[2]))

        found = cls()
        for each in state:
            found.sums[tuple(map(contribution, each["of"]))] = WideSums.from_state(each["sums"])
        return found

    def of(self, product: ContributionProduct, slice_ids: Array | None) -> WideSums:
        """The sums of a product, with room for these slice ids."""
        sums = self.sums.setdefault(product, WideSums())
        if slice_ids is not None and slice_ids.size:
            sums.grow(int(slice_ids.max()) + 1)
        return sums


def _are_finite(a: Array, b: Array) -> bool:
    """Whether no 0 is multiplied by what is not finite."""
    return bool(np.isfinite(a.sum()) and np.isfinite(b.sum()))


def exact_products(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded products and their rounding errors: the two add up to the exact products.

    A variance is a small difference of large sums; it keeps its digits only where those are exact (Dekker 1971,
    doi:10.1007/BF01397083). Beyond 2**996 the halves overflow, and below 2**-968 the rounding error has no double:
    there only the rounded product counts, unless the factors are scaled.
    """
    product = a * b
    high_a, low_a = _halves(a)
    high_b, low_b = (high_a, low_a) if b is a else _halves(b)
    error = high_a * high_b - product
    error += high_a * low_b
    error += low_a * high_b
    error += low_a * low_b
    if not np.isfinite(error.sum()):
        error[~np.isfinite(error)] = 0.0
    return product, error


def _out_of_range(products: Array, a: Array, b: Array) -> Array | None:
    """Positions of products of finite numbers, not 0, that `exact_products` may round; None: there are none."""
    sizes = np.abs(products)
    if sizes.max(initial=1.0) < _EXACT_TO:
        if sizes.min(initial=1.0) >= _EXACT_FROM:
            return None
        small = np.count_nonzero(sizes < _EXACT_FROM)
        if small == len(a) - np.count_nonzero(a) or small == len(b) - np.count_nonzero(b):  # all are times 0
            return None
    beyond = ~((sizes >= _EXACT_FROM) & (sizes < _EXACT_TO)) & (a != 0) & (b != 0) & np.isfinite(a) & np.isfinite(b)
    found = np.flatnonzero(beyond)
    return found if len(found) else None


def _halves(values: Array) -> tuple[Array, Array]:
    """Two doubles of 26 bits each that add up to the value (Veltkamp 1968)."""
    moved = values * _SPLITTER
    high = moved - (moved - values)
    return high, values - high

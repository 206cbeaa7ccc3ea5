"""Exact sums that also take numbers which no double holds: products that overflow, or are below the normal doubles.

A product is rounded to 53 bits, as that of doubles of any range would be. Where it is a normal double, that is the
plain product, so sums of ordinary numbers have the bits that they always had.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from losscli.aggregate.exact_sum import Sums
from losscli.contract.kinds import Array
from losscli.contract.scaled import SMALLEST_NORMAL, Bounds, Scaled, positive_bounds, scaled

Exact = int | Fraction

_BLOCK = 504  # exponents that are folded together: a multiple of the bits of a level, and far from the ends of doubles
_BELOW = 9 * _BLOCK  # the small numbers are kept in units of 2**(-1074 - _BELOW): below products of four doubles
_PIECE = 1 << 15  # numbers that are folded at once


class WideSums:
    """Exact sums of doubles and of numbers beyond their range, one a slice id from 0."""

    def __init__(self, size: int = 1) -> None:
        self.plain = Sums(size)
        self.small: Sums | None = None  # of numbers below 1 that are no doubles, times 2**_BELOW

    @property
    def size(self) -> int:
        """How many slices there are."""
        return self.plain.size

    @property
    def finite(self) -> bool:
        """Whether no value was NaN or infinite."""
        return self.plain.finite

    @property
    def non_finite_count(self) -> int:
        """How many values were NaN or infinite."""
        return int(self.plain.inf.sum() + self.plain.neg_inf.sum() + self.plain.nan.sum())

    def non_finite(self, slice_id: int = 0) -> float | None:
        """What NaN and infinities make of the sum: nan, inf or -inf; None where there were none."""
        return self.plain.non_finite(slice_id)

    def grow(self, size: int) -> None:
        """Make room for `size` slices."""
        self.plain.grow(size)
        if self.small is not None:
            self.small.grow(self.plain.size)

    def update(self, values: Array, slice_ids: Array | None = None, bounds: Bounds | None = None) -> None:
        """Add doubles, each to its slice (None: all to slice 0). None is beyond `bounds`, where these are known."""
        self.plain.update(values, slice_ids, bounds)

    def update_products(self, values: Array, factors: Array, slice_ids: Array | None = None) -> None:
        """Add `values * factors`, each product rounded once, whatever its size."""
        with np.errstate(all="ignore"):
            products = values * factors
        bounds = positive_bounds(products)
        beyond = None if bounds is not None else out_of_range(products, values, factors)
        if beyond is not None:
            ids = None if slice_ids is None else slice_ids[..., beyond]
            self.update_scaled(scaled(values[beyond]).times(scaled(factors[beyond])), ids)
            products[beyond] = 0.0
        self.plain.update(products, slice_ids, bounds)

    def update_scaled(self, numbers: Scaled, slice_ids: Array | None = None) -> None:
        """Add numbers of any size, each to its slice (None: all to slice 0)."""
        blocks = numbers.exponents // _BLOCK
        for block in np.unique(blocks).tolist():
            if block < 0 and self.small is None:
                self.small = Sums(self.plain.size)
            sums = self.small if block < 0 and self.small is not None else self.plain
            chosen = np.flatnonzero(blocks == block)
            for start in range(0, len(chosen), _PIECE):
                at = chosen[start : start + _PIECE]
                part = np.ldexp(numbers.values[at], numbers.exponents[at] - _BLOCK * block)
                ids = None if slice_ids is None else slice_ids[..., at]
                sums.update_shifted(part, ids, _BLOCK * block + (_BELOW if block < 0 else 0))

    def merge(self, other: WideSums, slice_ids: Array | None = None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        self.plain.merge(other.plain, slice_ids)
        if other.small is not None:
            if self.small is None:
                self.small = Sums(self.plain.size)
            self.small.merge(other.small, slice_ids)
        self.grow(self.plain.size)

    def over(self, slice_ids: Array) -> WideSums:
        """The sum over these slices, each of them once, as that of the one slice 0."""
        found = WideSums()
        found.plain = self.plain.over(slice_ids)
        found.small = None if self.small is None else self.small.over(slice_ids)
        return found

    def state(self) -> dict[str, Any]:
        """All that was added, as plain values: exact, and the same however it was cut."""
        return self.plain.state() if self.small is None else {**self.plain.state(), "small": self.small.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> WideSums:
        """The sums that `state` was taken of; a ValueError where it was not."""
        sums = cls()
        sums.plain = Sums.from_state(state)
        if "small" in state:
            sums.small = Sums.from_state(state["small"])
            if sums.small.size != sums.plain.size or not sums.small.finite:
                raise ValueError("the small numbers are of other slices")
        return sums

    def evaluate(self) -> list[Exact]:
        """The finite part of every sum, in units of 2**-1074: an integer, unless there are bits below these."""
        totals = list[Exact](self.plain.evaluate())
        if self.small is None:
            return totals
        below = ((Fraction(exact, 1 << _BELOW) if exact else 0) for exact in self.small.evaluate())
        return [total + small for total, small in zip(totals, below, strict=True)]


def out_of_range(products: Array, values: Array, factors: Array) -> Array | None:
    """Positions of products of finite numbers, not 0, that are no normal doubles; None: there are none."""
    if not products.size:
        return None
    sizes = np.abs(products)
    low, high = sizes.min(), sizes.max()
    if low >= SMALLEST_NORMAL and high < np.inf:
        return None
    beyond = (sizes < SMALLEST_NORMAL) & (values != 0) & (factors != 0)
    if not high < np.inf:
        beyond |= ~np.isfinite(sizes) & np.isfinite(values) & np.isfinite(factors)
    found = np.flatnonzero(beyond)
    return found if len(found) else None

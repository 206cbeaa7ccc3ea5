"""Sums of products of three contributions: what the skewness of an estimate is computed from.

They are `CrossProducts` of a name of three. Where rows have weights that also divide (a weighted mean), the values
themselves are multiplied, without their weights, and sums of one and of two of them are kept beside: the skewness is
that of the values, which a few large weights must not decide. Then the cubes of the weights say how much of it is left
in the mean.

Each product is rounded once or twice, and summed without rounding. So the sums have the same bits however rows are cut;
a third moment about the mean keeps its digits as long as the mean is no more than some thousand standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np

from losscli.aggregate.cross_products import UNIT, Contribution, CrossProducts
from losscli.contract.kinds import Array
from losscli.contract.scaled import SMALLEST_NORMAL, Bounds, positive_bounds, scaled

MomentsOf = Literal["numerators", "values", "numerators and weights"]
"""What is multiplied: numerators, values without their weights, or both sides where weights count in a value."""

MAX_COLUMNS = 3  # of more terms in a line, whose products would cost too much, none are kept


def third_moments(
    sums: CrossProducts, values: Mapping[Contribution, Array], groups: Sequence[Sequence[Contribution]],
    weights: Mapping[Contribution, Array | None], of_values: bool, slice_ids: Array | None,
) -> None:  # fmt: skip
    """Add the products of units.

    Parameters
    ----------
    sums
        What they are added to.
    values
        Numerator -> what each unit contributes, or its value without its weight.
    groups
        The numerators whose products are summed: those of each line.
    weights
        Denominator -> what each unit contributes (None: 1).
    of_values
        Whether `values` are without weights.
    slice_ids
        The slice of each unit; None: all are of one.
    """
    names = dict.fromkeys(key for group in groups for key in _keys(group, of_values))
    disjoint: dict[tuple[Contribution, ...], bool] = {}
    for key in names:
        used = tuple(dict.fromkeys(one for one in key if one != UNIT))
        if len(used) > 1:
            if used not in disjoint:
                factors = [values[one] for one in used]
                disjoint[used] = not np.logical_and.reduce([each != 0 for each in factors]).any() and all(
                    np.isfinite(each.sum()) for each in factors
                )
            if disjoint[used]:  # terms that have no unit in common
                sums.of(key, slice_ids)
                continue
        _add_products(sums, key, [values[one] for one in key if one != UNIT], slice_ids)
    for one, given in weights.items() if of_values else ():
        if given is not None:
            _add_products(sums, (one, one, one), [given] * 3, slice_ids)


def _keys(group: Sequence[Contribution], of_values: bool) -> Iterator[tuple[Contribution, ...]]:
    """The products of a line: those of three; of values without weights no cross products are kept elsewhere."""
    if not 0 < len(group) <= MAX_COLUMNS:
        return
    if of_values:
        yield from ((one, UNIT) for one in group)
        yield from combinations_with_replacement(group, 2)
    yield from combinations_with_replacement(group, 3)


def _add_products(
    sums: CrossProducts, key: tuple[Contribution, ...], factors: Sequence[Array], slice_ids: Array | None
) -> None:
    total, products = sums.of(key, slice_ids), factors[0]
    for factor in factors[1:]:
        products = products * factor
    if (bounds := _bounds(factors)) is not None:
        total.update(products, slice_ids, bounds)
        return
    beyond = _out_of_range(products, factors) if len(factors) > 1 else None
    if beyond is not None:
        numbers = scaled(factors[0][beyond])
        for factor in factors[1:]:
            numbers = numbers.times(scaled(factor[beyond]))
        total.update_scaled(numbers, None if slice_ids is None else slice_ids[beyond])
        products[beyond] = 0.0
    if products.any():  # those of terms that have no unit in common are 0
        total.update(products, slice_ids)


def _bounds(factors: Sequence[Array]) -> Bounds | None:
    """What no product is below, and none above, where all are normal doubles above 0; None where one may not be.

    Rounding keeps the order of numbers, so the product of the least factors is the least.
    """
    low = high = 1.0
    for factor in factors:
        bounds = positive_bounds(factor)
        if bounds is None:
            return None
        low, high = low * bounds[0], high * bounds[1]
        if not (low >= SMALLEST_NORMAL and high < math.inf):
            return None
    return low, high


def _out_of_range(products: Array, factors: Sequence[Array]) -> Array | None:
    """Positions of products of finite numbers, not 0, that are no normal doubles; None: there are none."""
    sizes = np.abs(products)
    if sizes.max(initial=1.0) < np.inf:
        if sizes.min(initial=1.0) >= SMALLEST_NORMAL:
            return None
        small = np.count_nonzero(sizes < SMALLEST_NORMAL)
        if any(small == len(factor) - np.count_nonzero(factor) for factor in factors):  # all are times 0
            return None
    beyond = ~((sizes >= SMALLEST_NORMAL) & (sizes < np.inf))
    for factor in factors:
        beyond &= (factor != 0) & np.isfinite(factor)
    found = np.flatnonzero(beyond)
    return found if len(found) else None

"""The variance of sums over independent clusters: CR2, with the degrees of freedom of Bell and McCaffrey."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple, cast

import numpy as np

from losscli.aggregate.exact_sum import ONE
from losscli.aggregate.wide_sum import Exact
from losscli.contract.kinds import Array
from losscli.statistics.contribution_sums import Column
from losscli.statistics.degrees_of_freedom import of_shares, satterthwaite
from losscli.statistics.exact_ratio import Ratio
from losscli.statistics.linearization import Block
from losscli.statistics.skewness import of_units
from losscli.statistics.variance import Variance

Table = Mapping[Column, Sequence[Exact]]  # column -> its sum in each cluster, in units of 2**-1074

_UNIT = ONE.bit_length() - 1


class _Integers(NamedTuple):
    """A table of the clusters that have any weight: integers times 2**exponent over a denominator."""

    columns: dict[Column, list[int]]
    clusters: int
    exponent: int
    denominator: int


class Residuals(NamedTuple):
    """What the clusters contribute to a block: integers times 2**exponent over a denominator, in units of 2**-1074.

    Beside them are their shares of the weight, 1 - share without cancellation, and whether the clusters differ by more
    than rounding.
    """

    values: list[int]
    exponent: int
    denominator: int
    shares: Array
    complements: Array
    varies: bool


def clustered_variance(blocks: Sequence[Block], table: Table) -> Variance | None:
    """The variance of a value whose clusters are independent of each other; a cluster without weight is none.

    Parameters
    ----------
    blocks
        The value as a linear function of sums.
    table
        The sums by cluster.

    Returns
    -------
    Variance or None
        None where a block has fewer than two clusters.
    """
    residuals = block_residuals(blocks, table)
    return None if residuals is None else _variance(residuals)


def block_residuals(blocks: Sequence[Block], table: Table) -> list[Residuals] | None:
    """The residuals of the clusters that have any weight, for each block; blocks of the same weights are one.

    None where there are fewer than two clusters, or one has all of the weight of a block.
    """
    integers = _integers(table)
    if integers.clusters < 2:
        return None
    merged: list[tuple[list[int] | None, list[Block]]] = []
    for block in blocks:
        if not block.coefficients:
            continue
        weights = None if block.weight is None else integers.columns[block.weight]
        for known, those in merged:
            if weights == known:
                those.append(block)
                break
        else:
            merged.append((weights, [block]))
    residuals = [_residuals(those, weights, integers) for weights, those in merged]
    found = [each for each in residuals if each is not None]
    return found if len(found) == len(residuals) else None


def _integers(table: Table) -> _Integers:
    """The clusters that have any weight, without the powers of two that all have: these are nearly all digits."""
    columns, denominator = _without_fractions(table)
    bits = reduce(or_, (reduce(or_, column, 0) for column in columns.values()), 0)
    kept = [any(row) for row in zip(*columns.values(), strict=True)]
    exponent = max(0, (bits & -bits).bit_length() - 1)
    found = {
        one: [value >> exponent for value, used in zip(column, kept, strict=True) if used]
        for one, column in columns.items()
    }
    return _Integers(found, sum(kept), exponent, denominator)


def _without_fractions(table: Table) -> tuple[Mapping[Column, Sequence[int]], int]:
    """The sums as integers over one denominator: class weights, and numbers below all doubles, make fractions."""
    if {type(value) for column in table.values() for value in column} <= {int}:
        return cast(Mapping[Column, Sequence[int]], table), 1
    denominator = math.lcm(*{value.denominator for column in table.values() for value in column})
    return {one: [int(value * denominator) for value in column] for one, column in table.items()}, denominator


def _residuals(blocks: Sequence[Block], weights: list[int] | None, table: _Integers) -> Residuals | None:
    """The residuals of blocks with the same weights; None where one cluster has all of the weight."""
    joint, count = blocks[0].plus(blocks[1:]), table.clusters
    denominator = joint.denominator * table.denominator
    parts = [[by * value for value in table.columns[column]] for column, by in joint.coefficients.items()]
    values = [sum(row) for row in zip(*parts, strict=True)] or [0] * count
    if weights is None:  # what clusters contribute to a sum varies about the mean of all clusters
        total = sum(values)
        values, denominator = [value * count - total for value in values], denominator * count
        shares, complements = np.full(count, 1 / count), np.full(count, (count - 1) / count)
    else:
        whole = sum(weights)
        shares = np.array([weight / whole for weight in weights])
        complements = np.array([(whole - weight) / whole for weight in weights])
        if not complements.all():
            return None
    # Whether the largest residual is more than the rounding of what it is the sum of.
    largest, length = (max(map(int.bit_length, row), default=0) for row in ([v for p in parts for v in p], values))
    varies = length + joint.rounding_bits > largest if length and largest else bool(length)
    return Residuals(values, table.exponent, denominator, shares, complements, varies)


def scaled_residuals(residuals: Sequence[Residuals]) -> tuple[list[Array], int]:
    """The residuals of each block as doubles, and the one exponent by which all are scaled: the largest is near 1."""
    lengths = [
        max(map(int.bit_length, each.values)) - each.denominator.bit_length() for each in residuals if any(each.values)
    ]
    exponent = max(lengths, default=0)
    down, up = max(0, -exponent), max(0, exponent)
    doubles = []
    for each in residuals:
        under = each.denominator << up
        doubles.append(np.array([(value << down) / under for value in each.values]))
    return doubles, exponent + residuals[0].exponent


def squared(total: float, exponent: int) -> Ratio:
    """A sum of squares of residuals that were scaled by 2**-exponent, and counted in units of 2**-1074."""
    over, under = total.as_integer_ratio()
    shift = 2 * (exponent - _UNIT)
    return Ratio(over << max(0, shift), under << max(0, -shift))


def _variance(residuals: Sequence[Residuals]) -> Variance:
    doubles, exponent = scaled_residuals(residuals)
    corrected = [part / np.sqrt(each.complements) for part, each in zip(doubles, residuals, strict=True)]
    total = _sum_of_squares(sum(corrected[1:], corrected[0]))
    own = [total] if len(corrected) == 1 else [_sum_of_squares(part) for part in corrected]
    used = [(by, each.shares) for by, each in zip(own, residuals, strict=True) if by] or [(1.0, residuals[0].shares)]
    alike = len(used) == 1 and used[0][1].min() == used[0][1].max()  # no rounding, so that it is a whole number
    df = len(used[0][1]) - 1.0 if alike else satterthwaite([by for by, _ in used], *of_shares([one for _, one in used]))
    squares = max(float((shares**2).sum()) for _, shares in used)
    clusters = int(np.count_nonzero(sum(each.shares for each in residuals)))
    constant = not any(each.varies for each in residuals)
    largest = max(float(shares.max()) for _, shares in used)
    value = Ratio(0, 1) if constant else squared(total, exponent)
    skewness = None if constant else of_units(doubles, [each.shares for each in residuals], own)
    return Variance(value, df, constant, clusters, 1 / squares, largest, skewness=skewness)


def _sum_of_squares(values: Array) -> float:
    return math.fsum((values**2).tolist())  # rounded once, whatever the order

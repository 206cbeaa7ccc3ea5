"""The variance of sums over independent clusters: CR2, with the degrees of freedom of Bell and McCaffrey."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import Exact
from losscli.contract.kinds import Array
from losscli.statistics.contribution_sums import Column
from losscli.statistics.degrees_of_freedom import of_shares, satterthwaite
from losscli.statistics.exact_ratio import ROUNDING_BITS, Ratio, is_above, scaled_doubles
from losscli.statistics.linearization import Block
from losscli.statistics.variance import Variance

Table = Mapping[Column, Sequence[Exact]]  # column -> its sum in each cluster, in units of 2**-1074


class Residuals(NamedTuple):
    """What the clusters contribute to a block: exact ratios, in units of 2**-1074, and their shares of the weight."""

    values: list[Ratio]
    shares: Array
    complements: Array  # 1 - share, without cancellation
    varies: bool  # whether the clusters differ by more than rounding


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
    kept = [position for position, row in enumerate(zip(*table.values(), strict=True)) if any(row)]
    if len(kept) < 2:
        return None
    merged: dict[tuple[Exact, ...] | None, list[Block]] = {}
    for block in (block for block in blocks if block.coefficients):
        weights = None if block.weight is None else tuple(table[block.weight][position] for position in kept)
        merged.setdefault(weights, []).append(block)
    residuals = [_residuals(those, weights, table, kept) for weights, those in merged.items()]
    known = [found for found in residuals if found is not None]
    return known if len(known) == len(residuals) else None


def _residuals(
    blocks: Sequence[Block], weights: tuple[Exact, ...] | None, table: Table, kept: Sequence[int]
) -> Residuals | None:
    """The residuals of blocks with the same weights; None where one cluster has all of the weight."""
    count = len(kept)
    joint = blocks[0].plus(blocks[1:])
    denominator = joint.denominator
    columns = [(by, table[column]) for column, by in joint.coefficients.items()]
    values = [sum(by * column[position] for by, column in columns) for position in kept]
    if weights is None:  # what clusters contribute to a sum varies about the mean of all clusters
        total = sum(values)
        values, denominator = [value * count - total for value in values], denominator * count
        shares, complements = np.full(count, 1 / count), np.full(count, (count - 1) / count)
    else:
        whole = sum(weights)
        shares = np.array([rounded(weight, whole) for weight in weights])
        complements = np.array([rounded(whole - weight, whole) for weight in weights])
        if not complements.all():
            return None
    ratios = [Ratio(over, under * denominator) for over, under in (value.as_integer_ratio() for value in values)]
    return Residuals(ratios, shares, complements, _varies(ratios, denominator, columns, kept))


def _varies(
    residuals: Sequence[Ratio], denominator: int, columns: Sequence[tuple[int, Sequence[Exact]]], kept: Sequence[int]
) -> bool:
    """Whether the largest residual is more than the rounding of what it is the sum of."""
    parts = [(by * column[position]).as_integer_ratio() for by, column in columns for position in kept]
    largest = max(parts, key=_length, default=(0, 1))
    return is_above(max(residuals, key=_length), Ratio(largest[0], largest[1] * denominator), ROUNDING_BITS)


def _length(ratio: tuple[int, int]) -> int:
    """The exponent of the leading bit; that of 0 is below all."""
    return ratio[0].bit_length() - ratio[1].bit_length() if ratio[0] else -(1 << 62)


def _variance(residuals: Sequence[Residuals]) -> Variance:
    doubles, exponent = scaled_doubles([value for each in residuals for value in each.values])
    corrected = [
        np.array(part) / np.sqrt(each.complements)
        for part, each in zip(np.split(np.array(doubles), len(residuals)), residuals, strict=True)
    ]
    total = math.fsum(sum(corrected) ** 2)  # type: ignore[arg-type]  # rounded once, whatever the order
    value = squared(total, exponent)
    own = [math.fsum(part**2) for part in corrected]
    used = [(by, each.shares) for by, each in zip(own, residuals, strict=True) if by] or [(1.0, residuals[0].shares)]
    alike = len(used) == 1 and len(set(used[0][1].tolist())) == 1  # no rounding, so that it is a whole number
    df = len(used[0][1]) - 1.0 if alike else satterthwaite([by for by, _ in used], *of_shares([one for _, one in used]))
    squares = max(float((shares**2).sum()) for _, shares in used)
    clusters = int(np.count_nonzero(sum(each.shares for each in residuals)))
    constant = not any(each.varies for each in residuals)
    largest = max(float(shares.max()) for _, shares in used)
    return Variance(Ratio(0, 1) if constant else value, df, constant, clusters, 1 / squares, largest)


def squared(total: float, exponent: int) -> Ratio:
    """A sum of squares of residuals that were scaled by 2**-exponent, and counted in units of 2**-1074."""
    over, under = total.as_integer_ratio()
    return Ratio(over << max(0, 2 * exponent), (under << max(0, -2 * exponent)) * ONE**2)

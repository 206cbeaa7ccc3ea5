"""Degrees of freedom of a variance that is estimated of unequal units and several terms.

The working model has independent units of variance 1 / weight. A block of an estimate gives unit g the share h_g of its
weight, and its CR2 residual x_g = h_g / sqrt(1 - h_g) of those of all others. Then the residuals of block k with the
variance v_k have the covariance matrix

    G = diag(sum_k v_k h_gk) - offdiagonal(sum_k v_k x_gk x_hk)

and the degrees of freedom are tr(G)**2 / tr(G**2) (Satterthwaite 1946, doi:10.2307/3002019; Bell and McCaffrey 2002,
Survey Methodology 28, 169-181). Blocks without common units give those of Welch (1947, doi:10.1093/biomet/34.1-2.28).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from losscli.contract.kinds import Array

Matrix = list[list[float]]  # a row and a column a block


def satterthwaite(variances: Sequence[float], shares: Matrix, residuals: Matrix, squares: Matrix) -> float:
    """The degrees of freedom of a sum of block variances.

    Parameters
    ----------
    variances
        The variance of each block, in any unit.
    shares, residuals, squares
        For each pair of blocks k, l the sums over units of h_k h_l, of x_k x_l, and of (x_k x_l)**2.

    Returns
    -------
    float
        tr(G)**2 / tr(G**2).
    """
    blocks = range(len(variances))
    of_square = math.fsum(
        variances[k] * variances[m] * (shares[k][m] + residuals[k][m] ** 2 - squares[k][m])
        for k in blocks for m in blocks
    )  # fmt: skip
    return math.fsum(variances) ** 2 / of_square


def of_disjoint_blocks(variances: Sequence[float], shares: Sequence[float]) -> float:
    """The same, where no unit is in two blocks, and those of a block are alike or taken as such: Welch's.

    Parameters
    ----------
    variances
        The variance of each block, in any unit.
    shares
        For each block the sum over units of h**2.

    Returns
    -------
    float
        The bits of `satterthwaite(variances, *of_alike_units(...))` with products of 0 between blocks.
    """
    squares = []
    for variance, share in zip(variances, shares, strict=True):
        size = 1 / share
        by = size / (size - 1)
        residual = share * math.sqrt(by * by)
        squares.append(variance * variance * (share + residual**2 - share * by * by / (size * size)))
    return math.fsum(variances) ** 2 / math.fsum(squares)


def of_shares(shares: Sequence[Array]) -> tuple[Matrix, Matrix, Matrix]:
    """The three matrices, from the share of each unit in each block.

    Parameters
    ----------
    shares
        For each block the shares of all units, in the same order; each block's add up to 1, and none is 1.

    Returns
    -------
    tuple
        `shares`, `residuals` and `squares` of `satterthwaite`.
    """
    residuals = [share / np.sqrt(1 - share) for share in shares]
    return (
        [[float((a * b).sum()) for b in shares] for a in shares],
        [[float((a * b).sum()) for b in residuals] for a in residuals],
        [[float(((a * b) ** 2).sum()) for b in residuals] for a in residuals],
    )


def of_alike_units(shares: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    """The three matrices, where only the sums of products of shares are known: as if the units of a block were alike.

    Parameters
    ----------
    shares
        For each pair of blocks the sum over units of h_k h_l; 1 / n of one block with n alike units.

    Returns
    -------
    tuple
        `shares`, `residuals` and `squares` of `satterthwaite`. Those of a single block give n - 1.
    """
    sizes = [1 / shares[k][k] for k in range(len(shares))]
    by = [size / (size - 1) for size in sizes]
    blocks = range(len(shares))
    return (
        shares,
        [[shares[k][m] * math.sqrt(by[k] * by[m]) for m in blocks] for k in blocks],
        [[shares[k][m] * by[k] * by[m] / (sizes[k] * sizes[m]) for m in blocks] for k in blocks],
    )

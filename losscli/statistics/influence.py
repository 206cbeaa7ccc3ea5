"""What each unit contributes to a value, near the sums of the run: for tests that change the signs of units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from losscli.aggregate.exact_sum import rounded
from losscli.contract.kinds import Array
from losscli.statistics.contribution_sums import Column
from losscli.statistics.linearization import Block, Linearization


def unit_shares(linear: Linearization, columns: Sequence[Column], table: Array) -> Array:
    """The share of each unit in a value: what part of a change it contributes that all units have.

    Parameters
    ----------
    linear
        The value as a linear function of sums.
    columns
        The columns of the table.
    table : array of shape (units, columns)
        The sums of each unit.

    Returns
    -------
    array of shape (units,)
        The mean of the shares in all blocks; they are not negative and add up to 1.
    """
    shares: Array = np.mean([_share(block, columns, table) for block in linear.blocks], axis=0)
    return shares


def unit_values(linear: Linearization, columns: Sequence[Column], table: Array, value: float) -> Array:
    """What each unit contributes to a value: its share of the value and its influence.

    Parameters
    ----------
    linear, columns, table
        As in `unit_shares`.
    value
        The value.

    Returns
    -------
    array of shape (units,)
        Numbers that add up to the value. For a mean, the value of each unit times its share.
    """
    influence = np.zeros(len(table))
    for block in linear.blocks:
        own = sum(
            (rounded(by, block.denominator) * table[:, columns.index(one)] for one, by in block.coefficients.items()),
            np.zeros(len(table)),
        )
        influence += own if block.weight is not None else own - own.mean()
    return influence + unit_shares(linear, columns, table) * value


def _share(block: Block, columns: Sequence[Column], table: Array) -> Array:
    if block.weight is None:
        return np.full(len(table), 1 / len(table))
    weights: Array = table[:, columns.index(block.weight)]
    return np.asarray(weights / weights.sum())

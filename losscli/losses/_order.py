"""Exact arithmetic on rows in order: sums of products of whole numbers, and weights below and above a value."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.table_scope import SMALL

_PIECE = 1 << 12  # values that are added up before sums are exact
_LOW = np.int64(SMALL - 1)


def dot(weights: Array, values: Array) -> int:
    """The sum of weights times values, exactly; int64 weights add up to less than 2**31, values are below 2**62."""
    if weights.dtype == object or values.dtype == object:
        return int(np.dot(weights.astype(object), values.astype(object))) if len(weights) else 0
    high = int(np.dot(weights, values >> 31))
    return (high << 31) + int(np.dot(weights, values & _LOW))


class Distinct(NamedTuple):
    """Distinct values in ascending order, the weight of each, and that of all up to it, from 0 on."""

    values: Array
    weights: Array
    upto: Array  # one more: upto[i] is the weight of the values before i

    @property
    def total(self) -> int:
        """The weight of all."""
        return int(self.upto[-1])

    def below(self, values: Array) -> Array:
        """The weight of what is below each of these values."""
        return self.upto[np.searchsorted(self.values, values, side="left")]

    def up_to(self, values: Array) -> Array:
        """The weight of what is below each of these values, or equal to it."""
        return self.upto[np.searchsorted(self.values, values, side="right")]


def distinct(values: Array, weights: Array) -> Distinct:
    """The distinct values with their weights."""
    if is_plain(weights):
        values = np.sort(values)
        starts = _starts(values)
        if len(starts) == len(values):
            upto = np.arange(len(values) + 1)
            return Distinct(values, weights, upto)
        upto = np.append(starts, len(values))
        return Distinct(values[starts], np.diff(upto), upto)
    order = np.argsort(values, kind="stable")
    values, weights = values[order], weights[order]
    starts = _starts(values)
    found = np.add.reduceat(weights, starts) if len(starts) else weights
    return Distinct(values[starts], found, np.concatenate([np.zeros(1, found.dtype), np.cumsum(found)]))


def is_plain(weights: Array) -> bool:
    """Whether each row counts once."""
    return weights.dtype != object and bool((weights == 1).all())


def _starts(values: Array) -> Array:
    """Where equal values begin, of sorted ones."""
    new = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)


def places(values: Array, weights: Array) -> Array:
    """For each row the weight below it, less that above it: twice its rank from the middle, shared by equal values."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = _starts(ordered)
    ends = np.append(starts[1:], len(ordered))
    upto = np.concatenate([np.zeros(1, weights.dtype), np.cumsum(weights[order])])
    found = np.empty(len(values), upto.dtype)
    found[order] = np.repeat(upto[starts] + upto[ends] - upto[-1], ends - starts)
    return found


def dense_ranks(values: Array, order: Array) -> Array:
    """For each row, which of the distinct values it has, from 0 on; `order` sorts the rows."""
    ordered = values[order]
    ranks = np.empty(len(values), np.int64)
    if len(values):
        ranks[order] = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    return ranks


def group_sums(changed: Array, weights: Array) -> Array:
    """The weight of each run of rows; `changed` says of each row but the first whether it begins a run."""
    if not len(weights):
        return weights
    return np.add.reduceat(weights, np.flatnonzero(np.concatenate([[True], changed])))


def weighted_sum(weights: Array, values: Array) -> Fraction:
    """The sum of weights times values of at least 0, rounded a few times at most: their order is always the same."""
    if weights.dtype == object or values.dtype == object:
        return sum((w * Fraction(float(v)) for w, v in zip(weights.tolist(), values.tolist(), strict=True)), Fraction())
    products = weights * values
    pieces = [float(products[start : start + _PIECE].sum()) for start in range(0, len(products), _PIECE)]
    return Fraction(math.fsum(pieces))

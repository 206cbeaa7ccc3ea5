"""Pairs of numbers of rows, such as prediction and target, with counts and weights: exact while there are few of them.

Where more distinct pairs occur than are held, numbers are rounded towards 0 to multiples of a power of two, the
smallest that leaves few enough. That power depends on all the pairs together and not on how they came, as a coarser
grid is made of whole cells of a finer one. So pairs merge in any order to the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.exact_sum import Sums
from losscli.contract.kinds import Array
from losscli.lazy import dataclass

MOST = 1 << 14
"""Distinct pairs that are held at most, and about as many that wait to be counted."""

_LOWEST, _HIGHEST = -1074, 1024


@dataclass(frozen=True)
class PairTable:
    """Distinct pairs in ascending order, and how much each counts.

    Attributes
    ----------
    first, second
        The numbers of each pair: those of the rows where `cell` is 0, else the middles of cells.
    counts
        How many rows have the pair.
    weights
        The sum of their weights; the counts where rows have none.
    cell
        The width of the cells of `first`.
    """

    first: Array
    second: Array
    counts: NDArray[np.int64]
    weights: Array
    cell: float


class ValuePairs:
    """How often, and with which weight, each pair of numbers occurs.

    Parameters
    ----------
    both
        Whether the second number is rounded like the first; else it has few values, such as the labels 0 and 1.
    most
        How many distinct pairs are held.
    """

    def __init__(self, both: bool, most: int = MOST) -> None:
        self.both, self.most = both, most
        self.power: int | None = None  # numbers are multiples of 2**power; None: as they are
        self.weights: Sums | None = None
        self._pairs = np.zeros((2, 0))
        self._counts = np.zeros(0, np.int64)
        self._low, self._high = np.full(2, np.inf), np.full(2, -np.inf)
        self._waiting: list[tuple[Array, Array | None]] = []
        self._waits = 0

    def update(self, first: Array, second: Array, weights: Array | None) -> None:
        """Add rows; those with a number that is not finite, or of weight 0, take no part."""
        pairs = np.array([first, second], np.float64) + 0.0  # a copy, in which -0 is 0
        used = np.isfinite(pairs).all(axis=0)
        used &= True if weights is None else weights != 0
        if not used.all():
            pairs, weights = pairs[:, used], None if weights is None else weights[used]
        if not pairs.shape[1]:
            return
        self._low, self._high = np.minimum(self._low, pairs.min(axis=1)), np.maximum(self._high, pairs.max(axis=1))
        self._waiting.append((pairs, None if weights is None else np.array(weights, np.float64)))
        self._waits += pairs.shape[1]
        if self._waits > self.most:
            self._settle()

    def merge(self, other: ValuePairs) -> None:
        """Add all that `other` has."""
        self._settle()
        other._settle()
        self._low, self._high = np.minimum(self._low, other._low), np.maximum(self._high, other._high)
        powers = [each.power for each in (self, other) if each.power is not None]
        self.power = max(powers, default=None)
        if other.weights is not None and self.weights is None:
            self.weights = Sums(0)
        self._hold(other._pairs, other._counts, other.weights)

    def evaluate(self) -> PairTable:
        """All pairs."""
        self._settle()
        pairs, cell = self._pairs, 0.0
        if self.power is not None:
            cell = float(np.ldexp(1.0, self.power))
            moved = np.where(_is_coarse(pairs, self.power), np.sign(pairs) * (cell / 2), 0.0)
            middle = pairs + moved
            pairs = np.clip(middle if self.both else [middle[0], pairs[1]], self._low[:, None], self._high[:, None])
        counts = self._counts
        weights = counts.astype(np.float64) if self.weights is None else _doubles(self.weights)
        return PairTable(pairs[0], pairs[1], counts, weights, cell)

    def _settle(self) -> None:
        """Count the pairs that wait."""
        if not self._waiting:
            return
        pairs = np.concatenate([pairs for pairs, _ in self._waiting], axis=1)
        given = [weights for _, weights in self._waiting if weights is not None]
        self._waiting, self._waits = [], 0
        sums = None
        if given:
            self.weights = Sums(0) if self.weights is None else self.weights
            sums = Sums(pairs.shape[1])
            sums.update(np.concatenate(given), np.arange(pairs.shape[1]))
        self._hold(pairs, np.ones(pairs.shape[1], np.int64), sums)

    def _hold(self, pairs: Array, counts: NDArray[np.int64], sums: Sums | None) -> None:
        """Hold these too, each once, on the finest grid that leaves few enough."""
        whole = np.concatenate([self._pairs, pairs], axis=1)
        counts = np.concatenate([self._counts, counts])
        if self.power is not None:
            whole = self._rounded(whole, self.power)
        found, places = _distinct(whole)
        if found.shape[1] > self.most:
            self.power = self._finest(found)
            found, moved = _distinct(self._rounded(found, self.power))
            places = moved[places]
        held = np.zeros(found.shape[1], np.int64)
        np.add.at(held, places, counts)
        if self.weights is not None:
            merged, own = Sums(found.shape[1]), self._pairs.shape[1]
            merged.merge(self.weights, places[:own])
            if sums is not None:
                merged.merge(sums, places[own:])
            self.weights = merged
        self._pairs, self._counts = found, held

    def _finest(self, pairs: Array) -> int:
        """The smallest power on whose grid few enough pairs are left."""
        low, high = (_LOWEST if self.power is None else self.power), _HIGHEST
        while low < high:
            middle = (low + high) // 2
            if _distinct(self._rounded(pairs, middle))[0].shape[1] <= self.most:
                high = middle
            else:
                low = middle + 1
        return low

    def _rounded(self, pairs: Array, power: int) -> Array:
        """The pairs on the grid of a power."""
        some = pairs if self.both else pairs[:1]
        coarse = _is_coarse(some, power)
        with np.errstate(all="ignore"):  # what overflows is whole already
            lower = np.ldexp(np.trunc(np.ldexp(some, -power)), power)
        rounded = np.where(coarse, lower, some) + 0.0
        return rounded if self.both else np.concatenate([rounded, pairs[1:]])


def _is_coarse(values: Array, power: int) -> Array:
    """Which numbers have bits below those of the grid: larger ones are whole multiples already."""
    with np.errstate(over="ignore"):
        return np.asarray(np.abs(values) < np.ldexp(1.0, min(power + 53, 1023)))


def _distinct(pairs: Array) -> tuple[Array, Array]:
    """The distinct pairs in ascending order, and the place of each pair among them."""
    order = np.lexsort((pairs[1], pairs[0]))
    ordered = pairs[:, order]
    new = np.ones(pairs.shape[1], bool)
    new[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    places = np.empty(pairs.shape[1], np.int64)
    places[order] = np.cumsum(new) - 1
    return ordered[:, new], places


def _doubles(sums: Sums) -> Array:
    from fractions import Fraction

    from losscli.aggregate.exact_sum import ONE

    return np.array([float(Fraction(exact, ONE)) for exact in sums.evaluate()])

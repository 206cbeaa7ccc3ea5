"""The exact sums of many slices as arrays: with 106 bits for what is computed of them, and compared digit by digit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from losscli.aggregate.exact_sum import ONE, Sums
from losscli.aggregate.wide_sum import WideSums
from losscli.contract.kinds import Array
from losscli.statistics.double_double import DoubleDouble, whole

DIGIT, UNIT_BITS = Sums.digit_bits, ONE.bit_length() - 1

Digits = Mapping[int, Array]
"""Level -> a whole number a slice, in units of 2**(21 * level - 1074)."""


class DigitSums:
    """The sums of some slices.

    Parameters
    ----------
    sums
        The sums of all slices.
    numbers
        The ids of those slices.
    """

    def __init__(self, sums: Sums | WideSums, numbers: Array) -> None:
        plain = sums if isinstance(sums, Sums) else sums.plain
        self.digits: dict[int, Array] = {level: taken(part, numbers) for level, part in plain.levels.items()}
        self.unsure = np.zeros(len(numbers), bool)  # not finite, or with bits that are kept elsewhere
        for counts in (plain.nan, plain.inf, plain.neg_inf):
            self.unsure |= taken(counts, numbers) != 0
        if plain.whole:
            self.unsure |= numbers == 0
        if isinstance(sums, WideSums) and sums.small is not None:
            for part in sums.small.levels.values():
                self.unsure |= taken(part, numbers) != 0
            self.unsure |= (numbers == 0) & bool(sums.small.whole)

    @classmethod
    def of_counts(cls, counts: Array) -> DigitSums:
        """Whole numbers, one a slice."""
        found = cls(Sums(0), np.arange(len(counts)))
        level, bits = divmod(UNIT_BITS, DIGIT)
        found.digits[level] = counts << bits
        return found

    def number(self) -> DoubleDouble:
        """The sums with 106 bits."""
        total = DoubleDouble(np.zeros(len(self.unsure)))
        for level in sorted(self.digits, reverse=True):
            total = total + _placed(self.digits[level], DIGIT * level - UNIT_BITS)
        total.error[self.unsure] = np.inf
        return total

    def equals(self, other: DigitSums) -> Array:
        """Where the sums are the same, bit by bit; where they are not known they are not."""
        digits = dict(self.digits)
        for level, part in other.digits.items():
            digits[level] = digits[level] - part if level in digits else -part
        return _is_zero(digits, len(self.unsure)) & ~self.unsure & ~other.unsure

    @property
    def twos(self) -> Array:
        """How often 2 divides each sum, in units of 2**-1074; more often than any other for a sum of 0."""
        found = np.full(len(self.unsure), np.iinfo(np.int64).max)
        carry = np.zeros(len(self.unsure), np.int64)
        for level in range(min(self.digits, default=0), max(self.digits, default=-1) + 3):
            total = self.digits[level] + carry if level in self.digits else carry
            carry = total >> DIGIT
            left = total - (carry << DIGIT)
            own = (found == np.iinfo(np.int64).max) & (left != 0)
            found[own] = DIGIT * level + np.log2((left[own] & -left[own]).astype(np.float64)).astype(np.int64)
        return found

    @property
    def is_zero(self) -> Array:
        """Where the sums are 0."""
        return _is_zero(self.digits, len(self.unsure)) & ~self.unsure


def taken(part: Array, numbers: Array) -> Array:
    """Those of the slices; 0 of slices that are not known."""
    known = numbers < len(part)
    if not len(part):
        return np.zeros(len(numbers), part.dtype)
    return np.asarray(np.where(known, part[np.where(known, numbers, 0)], 0))


def _placed(digits: Array, power: int) -> DoubleDouble:
    """Whole numbers times 2**power: exact, as long as both doubles are normal."""
    found = whole(digits)
    if not -960 <= power <= 900:  # few sums have such digits
        return DoubleDouble(np.where(digits == 0, 0.0, np.nan))
    return DoubleDouble(np.ldexp(found.high, power), np.ldexp(found.low, power))


def _is_zero(digits: Digits, count: int) -> Array:
    """Where digits add up to 0: what a level carries to the next must leave nothing behind."""
    if not digits:
        return np.ones(count, bool)
    zero, carry = np.ones(count, bool), np.zeros(count, np.int64)
    for level in range(min(digits), max(digits) + 1):
        # Digits are far below the largest int64, so that carries fit.
        total = digits[level] + carry if level in digits else carry
        carry = total >> DIGIT
        zero &= total == carry << DIGIT
    return np.asarray(zero & (carry == 0))

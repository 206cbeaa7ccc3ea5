"""Numbers built up batch by batch that merge exactly.

A double is a whole number of 2**-1074. Sums are kept as whole numbers of that unit, so adding and merging are
associative and the one rounding is at the end: the same values give the same bits however they were cut.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from losscli.aggregate.indexed_addition import add_at
from losscli.contract.kinds import Array
from losscli.contract.scaled import Bounds

FOLD = 1 << 16  # values a fold takes: as many as a kernel gives, so that both have few, long steps
UNIT_EXPONENT = 1074  # sums are kept in units of 2**-1074
ONE = 1 << UNIT_EXPONENT
_HUGE = 2.0**960  # above this the folding constant would overflow
_PLAIN = 46  # bits that a fold takes of each value: an int64 has room for the sum of `FOLD` such numbers
_WHOLE = 51  # bits of a number that adding M to it leaves exact
_FEWEST, _MOST = 5, 8  # 2**these remainders are added as doubles at once: an int64 has room for the sums of a fold
_RARE = 4  # one of so many values may be far below the others
_DIGIT = 21  # bits of one level of grouped sums
_TAKEN = 2 * _DIGIT  # bits that a fold into slices takes of each value, on the grid of the levels
_MASK = (1 << _DIGIT) - 1
_FEW = 4  # values a slice from which on they are summed first: then a fold takes more bits, and is on no grid
_ROOM = (1 << 20) - 1  # values of 2**_TAKEN that a slice may get before carries move on; twice as many still fit

_MOST_LEVELS = 8192 // _DIGIT  # no sum that a run can add up needs more


class _Scratch(threading.local):
    """Arrays to fold in. Each thread has its own; sums have none, as there are many of them."""

    def __init__(self) -> None:
        self.pair = np.empty((2, FOLD))
        self.whole = np.empty(FOLD, np.int64)


_scratch = _Scratch()


class Sums:
    """Exact sums of doubles, one a slice id from 0; NaN and infinities are counted beside them and decide the value."""

    digit_bits = _DIGIT  # of a level

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self.whole = 0  # slice 0, in units of 2**-1074: the path without slices
        self.levels: dict[int, Array] = {}  # level -> int64 a slice, in units of 2**(21 * level - 1074)
        self.adds = 0  # no entry of a level is beyond this many times 2**_TAKEN
        self.nan, self.inf, self.neg_inf = (np.zeros(size, np.int64) for _ in range(3))

    def grow(self, size: int) -> None:
        """Make room for `size` slices."""
        if size > self.size:
            self.size = size
            self.levels = {level: zero_extended(part, size) for level, part in self.levels.items()}
            self.nan, self.inf, self.neg_inf = (zero_extended(a, size) for a in (self.nan, self.inf, self.neg_inf))

    def update(self, values: Array, slice_ids: Array | None = None, bounds: Bounds | None = None) -> None:
        """Add `values`, each to its slice (None: 0) or, by ids of shape (several, rows), to some; bounds are theirs."""
        values = np.asarray(values, dtype=np.float64)
        if 0 < len(values) <= FOLD and self._fold_positive(values, slice_ids, bounds):
            return
        with np.errstate(all="ignore"):  # the square of a large value overflows, which is tested for
            for start in range(0, len(values), FOLD):
                part = values[start : start + FOLD]
                where = None if slice_ids is None else slice_ids[..., start : start + FOLD]
                if len(values) > FOLD and self._fold_positive(part, where):
                    continue
                exponent = _norm_exponent(part) if self._are_many(part, where) else None
                if exponent is None:
                    part, where, exponent = self._take_special(part, where)
                self._fold(part, where, exponent)

    def update_shifted(self, values: Array, slice_ids: Array | None, shift: int) -> None:
        """Add `values * 2**shift`: finite numbers below 2**960, at most `FOLD`; `shift` is a multiple of `_DIGIT`."""
        self._fold(values, slice_ids, _exponent(_largest(values)), shift)

    def merge(self, other: Sums, slice_ids: Array | None = None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        self.grow(other.size if slice_ids is None else int(slice_ids.max(initial=-1)) + 1)
        if other.whole:
            place = 0 if slice_ids is None else int(slice_ids[0])
            if place:
                self.add_exact(other.whole, place)
            else:
                self.whole += other.whole
        pairs = [(self._level(level), part) for level, part in other.levels.items()]
        pairs += [(self.nan, other.nan), (self.inf, other.inf), (self.neg_inf, other.neg_inf)]
        for mine, theirs in pairs:
            add_at(mine, slice_ids, theirs)
        self.adds += other.adds
        self._make_room(0)

    @property
    def finite(self) -> bool:
        """Whether no value was NaN or infinite."""
        return not (self.nan.any() or self.inf.any() or self.neg_inf.any())

    def state(self) -> dict[str, Any]:
        """All that was added, as plain values and arrays: exact, and the same however it was cut.

        The digits of a level are from -2**20 up to 2**20, so every sum has them in one way only.
        """
        special = {"nan": self.nan, "inf": self.inf, "-inf": self.neg_inf}
        digits = Sums(self.size)
        digits.levels = {level: part.copy() for level, part in self.levels.items()}
        digits.add_exact(self.whole, 0)
        digits._carry()
        return {
            "slices": self.size,
            "digits": [[level, part.astype(np.int32)] for level, part in sorted(digits.levels.items()) if part.any()],
            **{name: {str(i): int(counts[i]) for i in np.flatnonzero(counts)} for name, counts in special.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Sums:
        """The sums that `state` was taken of; a ValueError where it was not."""
        sums = cls(state["slices"])
        for level, digits in state["digits"]:
            if not 0 <= level <= _MOST_LEVELS or digits.dtype != np.int32 or digits.shape != (sums.size,):
                raise ValueError("the digits of sums")
            sums.levels[level] = digits.astype(np.int64)
        sums.adds = 1  # of digits
        for name, counts in (("nan", sums.nan), ("inf", sums.inf), ("-inf", sums.neg_inf)):
            for i, count in state[name].items():
                counts[int(i)] = count
        return sums

    def exact(self, slice_id: int = 0) -> int:
        """The finite part of the sum, in units of 2**-1074."""
        total = sum(int(part[slice_id]) << (_DIGIT * level) for level, part in self.levels.items())
        return total + (self.whole if slice_id == 0 else 0)

    def evaluate(self) -> list[int]:
        """`exact` of every slice; much faster than one by one."""
        totals = [0] * self.size
        for level, part in self.levels.items():
            totals = [total + (digit << (_DIGIT * level)) for total, digit in zip(totals, part.tolist(), strict=True)]
        totals[0] += self.whole
        return totals

    def digits(self, slice_ids: Array) -> Iterator[tuple[int, Array]]:
        """What makes these slices' sums, besides `whole`: whole numbers of 2**exponent, the largest exponent first."""
        for level in sorted(self.levels, reverse=True):
            yield _DIGIT * level - UNIT_EXPONENT, self.levels[level][slice_ids]

    def total(self, slice_ids: Array) -> int:
        """The finite part of the sum over these slices, each of them once."""
        found = self.whole if (slice_ids == 0).any() else 0
        for exponent, digits in self.digits(slice_ids):
            # Halves, as whole entries may add up to more than an int64 holds.
            high, low = int((digits >> 32).sum()), int((digits & 0xFFFFFFFF).sum())
            found += ((high << 32) + low) << (exponent + UNIT_EXPONENT)
        return found

    def over(self, slice_ids: Array) -> Sums:
        """The sum over these slices, each of them once, as that of the one slice 0."""
        found = Sums()
        found.whole = self.total(slice_ids)
        for own, counts in ((found.nan, self.nan), (found.inf, self.inf), (found.neg_inf, self.neg_inf)):
            own[0] = counts[slice_ids].sum()
        return found

    def fraction(self, slice_id: int = 0) -> Fraction:
        """The finite part of the sum."""
        return Fraction(self.exact(slice_id), ONE)

    def non_finite(self, slice_id: int = 0) -> float | None:
        """What NaN and infinities make of the sum: nan, inf or -inf; None where there were none."""
        if self.nan[slice_id] or (self.inf[slice_id] and self.neg_inf[slice_id]):
            return float("nan")
        if self.inf[slice_id]:
            return float("inf")
        return float("-inf") if self.neg_inf[slice_id] else None

    def _take_special(self, part: Array, where: Array | None) -> tuple[Array, Array | None, int]:
        """Take values that are huge or not finite; give the others and their exponent."""
        top = _largest(part)
        if not top < _HUGE:
            part, where = self._set_aside(part, where)
            big = np.abs(part) >= _HUGE
            scaled = part[big] * 2.0**-210  # ten levels
            self._fold(scaled, None if where is None else where[..., big], _exponent(_largest(scaled)), shift=210)
            part, where = part[~big], None if where is None else where[..., ~big]
            top = _largest(part)
        return part, where, _exponent(top)

    def _set_aside(self, part: Array, where: Array | None) -> tuple[Array, Array | None]:
        finite = np.isfinite(part)
        for count, which in ((self.nan, np.isnan(part)), (self.inf, part == np.inf), (self.neg_inf, part == -np.inf)):
            if where is None:
                count[0] += which.sum()
            else:
                np.add.at(count, where[..., which].ravel(), 1)
        return part[finite], None if where is None else where[..., finite]

    def _are_many(self, part: Array, where: Array | None) -> bool:
        """Whether the values are many beside the slices, which then get sums of them."""
        return where is None or _FEW * self.size <= len(part)

    def _fold_positive(self, part: Array, where: Array | None, bounds: Bounds | None = None) -> bool:
        """Add numbers above 0; False, and nothing is added, where they are not, too far apart, or few.

        The first fold is that of `_fold`. Its remainders are whole numbers of the last bit of the smallest value, so
        that a few bits of room let doubles hold the sums of some of them exactly: no second fold of each is needed.
        Values without these bits are folded by themselves.
        """
        if not self._are_many(part, where):
            return False
        low = float(np.minimum.reduce(part)) if bounds is None else bounds[0]
        if not low > 0:
            return False
        high = float(np.maximum.reduce(part)) if bounds is None else bounds[1]
        power, aside, small = _exponent(high) - _PLAIN, None, np.zeros(0, np.int64)
        if not high < _HUGE or power < -UNIT_EXPONENT:
            return False
        last = max(_exponent(low) - 53, -UNIT_EXPONENT)
        least = power + _FEWEST - _WHOLE - 1  # a remainder is at most 2**(power - 1)
        if last < least:
            small = np.flatnonzero(part < math.ldexp(1.0, least + 52))
            if _RARE * len(small) > len(part):
                return False
            last, aside = least, part[small]
            part = part.copy()
            part[small] = 0.0
        magic = math.ldexp(1.5, 52 + power)
        moved = np.add(part, magic, out=_scratch.pair[0, : len(part)])
        self._take(moved.view(np.int64), where, power, 0)
        moved -= magic
        rest, magic = np.subtract(part, moved, out=moved), math.ldexp(1.5, 52 + last)
        pieces = [rest] if where is not None else _sums_of_some(rest, min(last + _WHOLE + 1 - power, _MOST))
        for some in pieces:
            self._take(np.add(some, magic, out=some).view(np.int64), where, last, 0)
        if aside is not None:
            self.update(aside, None if where is None else where[..., small])
        return True

    def _fold(self, part: Array, where: Array | None, exponent: int, shift: int = 0) -> None:
        """Add the high bits of every value as whole numbers, and repeat with the exact remainder.

        Adding M = 1.5 * 2**(52 + p) to a value that is at most 2**(51 + p) leaves it as a whole number of 2**p in the
        low bits of the sum, rounded. The remainder is at most 2**(p - 1), so that only the first exponent must be
        computed: no value is beyond 2**exponent (or see `_norm_exponent`).
        """
        room = _scratch.pair
        turn = 0
        while len(part):
            summed = self._are_many(part, where)
            power = max(exponent - (_PLAIN if summed else _TAKEN), -UNIT_EXPONENT)
            if not summed:
                power = -(-(power + UNIT_EXPONENT) // _DIGIT) * _DIGIT - UNIT_EXPONENT  # up, to the grid of the levels
            magic = math.ldexp(1.5, 52 + power)
            moved = np.add(part, magic, out=room[turn % 2, : len(part)])
            self._take(moved.view(np.int64), where, power, shift, summed=summed)
            moved -= magic
            if power == -UNIT_EXPONENT or _same(part, moved):
                return
            part, exponent = np.subtract(part, moved, out=moved), power - 1
            if turn:
                # Few values have bits so far below the largest; where there is a gap, its folds would be empty.
                left = part != 0
                if 4 * np.count_nonzero(left) < len(part):
                    part, where = part[left], None if where is None else where[..., left]
                exponent = _exponent(_largest(part))
            turn += 1

    def _take(self, bits: Array, where: Array | None, power: int, shift: int, *, summed: bool = True) -> None:
        """Add whole numbers of 2**power, as the bit patterns of doubles that have M added.

        Those of slices are `summed` in an array of their own, or go to the level that begins with 2**power.
        """
        base = ((1075 + power) << 52) | (1 << 51)  # the bits of M; numbers of one binade differ by what was taken
        if where is None:
            total = int(np.add.reduce(bits)) - len(bits) * base
            self.whole += ((total + (1 << 63)) % (1 << 64) - (1 << 63)) << (power + shift + UNIT_EXPONENT)
            return
        level, more = divmod(power + shift + UNIT_EXPONENT, _DIGIT)
        whole = np.subtract(bits, base, out=_scratch.whole[: len(bits)])
        if not summed:
            self._make_room(len(bits))
            add_at(self._level(level), where, whole)
            return
        totals = np.zeros(self.size, np.int64)
        add_at(totals, where, whole)
        self._make_room(1)
        for up, digits in enumerate((totals & _MASK, (totals >> _DIGIT) & _MASK, totals >> _TAKEN)):
            if digits.any():
                self._level(level + up)[:] += digits << more

    def add_exact(self, whole: int, slice_id: int) -> None:
        """Add one exact number to a slice, digit by digit; the last takes what is left, with the sign."""
        self._make_room(1)
        level = ((whole & -whole).bit_length() - 1) // _DIGIT if whole else 0  # below its lowest bit there is nothing
        whole >>= level * _DIGIT
        while abs(whole) >> _TAKEN:
            self._level(level)[slice_id] += whole & ((1 << _DIGIT) - 1)
            whole >>= _DIGIT
            level += 1
        self._level(level)[slice_id] += whole

    def _level(self, level: int) -> Array:
        if level not in self.levels:
            self.levels[level] = np.zeros(self.size, np.int64)
        return self.levels[level]

    def _make_room(self, more: int) -> None:
        """Count `more` adds; before an int64 may overflow, move carries to the next level."""
        self.adds += more
        if self.adds <= _ROOM:
            return
        # Values spread over many slices leave each far below what they might have made of one.
        top = max((max(int(part.max()), -int(part.min())) for part in self.levels.values()), default=0)
        self.adds = (top >> _TAKEN) + 1 + more
        if self.adds > _ROOM:
            self._carry()
            self.adds = 1 + more

    def _carry(self) -> None:
        level, half = min(self.levels, default=0), 1 << (_DIGIT - 1)
        while level <= max(self.levels, default=-1):
            if level in self.levels:
                # Digits from -2**20 to 2**20: sums of either sign soon carry nothing, and need no more levels.
                carry = (self.levels[level] + half) >> _DIGIT
                if carry.any():
                    self.levels[level] -= carry << _DIGIT
                    self._level(level + 1)[:] += carry
            level += 1


def _norm_exponent(values: Array) -> int | None:
    """An exponent for a first plain fold, from one pass over the values; None where they need more.

    The root of the sum of their squares is at most 2**(exponent + 2), so no value is beyond that, and no sum of them
    beyond 2**8 times that: both in the limits of a fold. The pass also finds NaN, infinities and huge values.
    """
    squares = float(np.dot(values, values))
    # Below and above, squares vanish and overflow; the factor is for the roundings of their sum.
    return _exponent(1.001 * math.sqrt(squares)) - 2 if 1e-250 < squares < 1e250 else None


def _sums_of_some(values: Array, room: int) -> Iterator[Array]:
    """Sums of at most 2**room values each, which together are the sum of all; the values are no longer needed."""
    rows = 1 << room
    if len(values) <= rows:
        yield np.add.reduce(values, keepdims=True)
        return
    even = len(values) >> room << room
    yield np.add.reduce(values[:even].reshape(rows, -1), axis=0)
    if even < len(values):
        yield values[even:]


def _largest(values: Array) -> float:
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def _exponent(top: float) -> int:
    return math.frexp(top)[1]


def _same(values: Array, others: Array) -> bool:
    """Whether all are equal; where they are not, the first pair nearly always differs."""
    return bool(values[0] == others[0]) and bool((values == others).all())


def zero_extended(array: Array, size: int) -> Array:
    """The array with zeros behind it, so that it has at least `size` entries."""
    more = size - len(array)
    return array if more <= 0 else np.concatenate([array, np.zeros((more, *array.shape[1:]), array.dtype)])


def rounded(top: Fraction | int, bottom: Fraction | int = 1) -> float:
    """top / bottom with one rounding; infinite where no double is that large."""
    try:
        # int / int rounds correctly whatever the size of the two.
        if isinstance(top, int) and isinstance(bottom, int):
            return top / bottom
        ratio = Fraction(top) / bottom
        return ratio.numerator / ratio.denominator
    except OverflowError:
        return float("inf") if (top > 0) == (bottom > 0) else float("-inf")

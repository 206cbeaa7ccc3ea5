"""Numbers built up batch by batch that merge exactly.

A double is a whole number of 2**-1074. Sums are kept as whole numbers of that unit, so adding and merging are
associative and the one rounding is at the end: the same values give the same bits however they were cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from losscli.kinds import Array

CHUNK = 1 << 14  # values a fold: 2**14 of at most 2**48 fit an int64, and the working set fits the cache
_UNIT = 1074  # sums are kept in units of 2**-1074
_HUGE = 2.0**960  # above this the folding constant would overflow
_DIGIT = 24  # bits of one level of grouped sums
_MASK = (1 << _DIGIT) - 1
_ADDS = 1 << 14  # adds of up to 2**48 that a level takes before its carry must move on


class Sums:
    """Exact sums of doubles, one a cell; NaN and infinities are counted beside them and decide the value."""

    def __init__(self, cells: int = 1) -> None:
        self.cells = cells
        self.whole = 0  # cell 0, in units of 2**-1074: the path without cells
        self.levels: dict[int, Array] = {}  # level -> int64 a cell, in units of 2**(24 * level - 1074)
        self.adds = 0
        self.nan, self.inf, self.neg_inf = (np.zeros(cells, np.int64) for _ in range(3))

    def grow(self, cells: int) -> None:
        """Make room for more cells."""
        more = cells - self.cells
        if more > 0:
            self.cells = cells
            self.levels = {level: _longer(part, more) for level, part in self.levels.items()}
            self.nan, self.inf, self.neg_inf = (_longer(a, more) for a in (self.nan, self.inf, self.neg_inf))

    def add(self, values: Array, cells: Array | None = None) -> None:
        """Add `values`, each to its cell (None: all to cell 0)."""
        for start in range(0, len(values), CHUNK):
            part = np.asarray(values[start : start + CHUNK], dtype=np.float64)
            where = None if cells is None else cells[start : start + CHUNK]
            top = max(part.max(), -part.min())
            if not np.isfinite(top):
                part, where = self._set_aside(part, where)
                top = max(part.max(initial=0.0), -part.min(initial=0.0))
            if top >= _HUGE:
                big = np.abs(part) >= _HUGE
                self._fold(part[big] * 2.0**-200, None if where is None else where[big], shift=200)
                part, where = part[~big], None if where is None else where[~big]
                top = max(part.max(initial=0.0), -part.min(initial=0.0))
            self._fold(part, where, top=float(top))

    def merge(self, other: Sums, cells: Array | None = None) -> None:
        """Add all of `other`, whose cell i is our cell cells[i] (None: the same numbers)."""
        at = np.arange(other.cells) if cells is None else cells
        self.grow(int(at.max(initial=-1)) + 1)
        if other.whole:
            self._place(other.whole, int(at[0]))
        for level, part in other.levels.items():
            np.add.at(self._level(level), at, part)
        self.adds += other.adds
        self._carry(self.adds >= _ADDS)
        for mine, theirs in ((self.nan, other.nan), (self.inf, other.inf), (self.neg_inf, other.neg_inf)):
            np.add.at(mine, at, theirs)

    def exact(self, cell: int = 0) -> int:
        """The finite part of the sum, in units of 2**-1074."""
        total = sum(int(part[cell]) << (_DIGIT * level) for level, part in self.levels.items())
        return total + (self.whole if cell == 0 else 0)

    @classmethod
    def from_exact(cls, whole: Sequence[int], nan: Array, inf: Array, neg_inf: Array) -> Sums:
        """The sums with whole[i] units of 2**-1074 in cell i; the arrays count what is not finite, a cell each."""
        sums = cls(len(whole))
        for cell, total in enumerate(whole):
            if total:
                sums._place(total, cell)
        sums.nan, sums.inf, sums.neg_inf = nan, inf, neg_inf
        return sums

    def fraction(self, cell: int = 0) -> Fraction:
        """The finite part of the sum."""
        return Fraction(self.exact(cell), 1 << _UNIT)

    def odd(self, cell: int = 0) -> float | None:
        """What NaN and infinities make of the sum: nan, inf or -inf; None where there were none."""
        if self.nan[cell] or (self.inf[cell] and self.neg_inf[cell]):
            return float("nan")
        if self.inf[cell]:
            return float("inf")
        return float("-inf") if self.neg_inf[cell] else None

    def _set_aside(self, part: Array, where: Array | None) -> tuple[Array, Array | None]:
        finite = np.isfinite(part)
        for count, which in ((self.nan, np.isnan(part)), (self.inf, part == np.inf), (self.neg_inf, part == -np.inf)):
            if where is None:
                count[0] += which.sum()
            else:
                np.add.at(count, where[which], 1)
        return part[finite], None if where is None else where[finite]

    def _fold(self, part: Array, where: Array | None, *, top: float | None = None, shift: int = 0) -> None:
        """Take the high bits of every value as whole numbers, add those, and go on with the exact remainder."""
        top = float(np.abs(part).max(initial=0.0)) if top is None else top
        bits = 48 if where is None else 38  # bincount adds in doubles: 2**14 values of 38 bits stay exact
        while top > 0:
            power = max(int(np.frexp(top)[1]) - bits, -_UNIT)
            magic = np.ldexp(1.5, 52 + power)
            moved = part + magic
            if where is None:
                # Numbers of one binade: their bit patterns differ by the whole numbers that were taken.
                total = int(moved.view(np.int64).sum()) - len(part) * int(magic.view(np.int64))
                self.whole += ((total + (1 << 63)) % (1 << 64) - (1 << 63)) << (power + shift + _UNIT)
            moved -= magic
            if where is not None:
                taken = np.bincount(where, weights=np.ldexp(moved, -power), minlength=self.cells)
                self._spread(taken.astype(np.int64), power + shift + _UNIT)
            if power == -_UNIT:
                return
            part = part - moved
            left = part != 0
            if not left.any():
                return
            if 4 * np.count_nonzero(left) < len(part):
                part, where = part[left], None if where is None else where[left]
            top = float(max(part.max(), -part.min()))

    def _spread(self, whole: Array, power: int) -> None:
        """Add whole[cell] * 2**power to the levels, in digits small enough that an int64 takes many."""
        level, rest = divmod(power, _DIGIT)
        for step in range(3):
            digit = whole >> (_DIGIT * step)
            self._level(level + step)[:] += (digit & _MASK if step < 2 else digit) << rest
        self.adds += 1
        self._carry(self.adds >= _ADDS)

    def _place(self, whole: int, cell: int) -> None:
        """Add one exact number to a cell, digit by digit; the top digit carries the sign."""
        if cell == 0:
            self.whole += whole
            return
        level = ((whole & -whole).bit_length() - 1) // _DIGIT if whole else 0  # below its lowest bit there is nothing
        whole >>= level * _DIGIT
        while whole not in (0, -1):
            self._level(level)[cell] += whole & _MASK
            whole >>= _DIGIT
            level += 1
        self._level(level)[cell] += whole
        self.adds += 1

    def _level(self, level: int) -> Array:
        if level not in self.levels:
            self.levels[level] = np.zeros(self.cells, np.int64)
        return self.levels[level]

    def _carry(self, due: bool) -> None:
        if due:
            for level in range(min(self.levels), max(self.levels) + 1):
                part = self._level(level)
                self._level(level + 1)[:] += part >> _DIGIT
                part &= _MASK
            self.adds = 1


def _longer(array: Array, more: int) -> Array:
    return np.concatenate([array, np.zeros(more, array.dtype)])


def rounded(top: Fraction, bottom: Fraction | int = 1) -> float:
    """top / bottom with one rounding; infinite where no double is that large."""
    try:
        # int / int rounds correctly whatever the size of the two.
        ratio = Fraction(top) / bottom
        return ratio.numerator / ratio.denominator
    except OverflowError:
        return float("inf") if (top > 0) == (bottom > 0) else float("-inf")


class Fingerprint:
    """A hash of a collection of values that does not depend on their order."""

    SEEDS = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03, 0x8CB92BA72F3D8DD7, 0xAAAAAAAAAAAAAAAB)

    def __init__(self) -> None:
        self.count = 0
        self.lanes = [0] * len(self.SEEDS)

    def add(self, words: Array) -> None:
        """Add one entry a row; `words` are 64-bit patterns, one row or several a value."""
        rows = words.reshape(len(words), -1).view(np.uint64)
        self.count += len(rows)
        for lane, seed in enumerate(self.SEEDS):
            mixed = np.full(len(rows), seed, np.uint64)
            for column in range(rows.shape[1]):
                mixed = _mix(mixed ^ rows[:, column])
            self.lanes[lane] = (self.lanes[lane] + int(mixed.sum(dtype=np.uint64))) % (1 << 64)

    def merge(self, other: Fingerprint) -> None:
        self.count += other.count
        self.lanes = [(a + b) % (1 << 64) for a, b in zip(self.lanes, other.lanes, strict=True)]

    def hexdigest(self) -> str:
        text = ":".join(map(str, [self.count, *self.lanes]))
        return hashlib.sha256(text.encode()).hexdigest()


def _mix(x: Array) -> Array:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014): every bit of the input moves every bit out."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = x ^ (x >> np.uint64(31))
    return mixed


def text_words(names: tuple[str, ...]) -> Array:
    """One 64-bit pattern a text, for fingerprints."""
    digests = b"".join(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8] for name in names)
    return np.frombuffer(digests, np.uint64)

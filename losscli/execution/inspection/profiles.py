"""What is counted of a column in one pass and bounded memory: missing cells, distinct ones, the range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.aggregate.hashing import sha256_words, splitmix64
from losscli.contract.kinds import Array
from losscli.io.arrow import types

if TYPE_CHECKING:
    import pyarrow as pa

_SMALLEST = 1 << 12  # hashes that are kept: the error of an estimate is 1.6 %


class DistinctCount:
    """How many different values there are: exact up to 4,096, then estimated from the smallest hashes.

    References
    ----------
    Bar-Yossef, Jayram, Kumar, Sivakumar & Trevisan 2002, Counting distinct elements in a data stream,
    doi:10.1007/3-540-45726-7_1. Of k smallest hashes the relative standard error is 1 / sqrt(k - 2).
    """

    def __init__(self) -> None:
        self.hashes = np.empty(0, np.uint64)
        self.exact = True

    def update(self, hashes: Array) -> None:
        """Count these values too, each given as its hash."""
        found = np.unique(np.concatenate([self.hashes, hashes]))
        self.exact = self.exact and len(found) <= _SMALLEST
        self.hashes = found[:_SMALLEST]

    @property
    def count(self) -> int:
        """The number, or its estimate."""
        if self.exact:
            return len(self.hashes)
        return round((_SMALLEST - 1) / (float(self.hashes[-1]) / 2.0**64))


class ColumnProfile:
    """The counts of one column; `kinds` are the types that its cells were read as."""

    def __init__(self, name: str, declared: pa.DataType | None) -> None:
        self.name, self.declared = name, declared
        self.rows = self.missing = self.nan = self.infinite = 0
        self.low, self.high = math.inf, -math.inf
        self.whole = True
        self.widths: set[int] = set()  # of lists of numbers
        self.kinds: set[str] = set()
        self.distinct = DistinctCount()

    def update(self, column: pa.Array) -> None:
        """Count the cells of some rows."""
        from pyarrow.types import is_boolean

        self.rows += len(column)
        self.missing += column.null_count
        kind = column.type
        if types.is_number(kind) and not is_boolean(kind):
            self._take_numbers(column)
        elif types.is_list(kind):
            self.kinds.add("list")
            self.widths |= _widths(column) if types.is_vector(kind) or types.is_spelled(kind) else {0}
        elif types.is_label(kind) or is_boolean(kind) or types.is_instant(kind):
            self._take_texts(column)
        elif len(column) > column.null_count:
            self.kinds.add("other")

    def _take_numbers(self, column: pa.Array) -> None:
        self.kinds |= {"number"} if len(column) > column.null_count else set()
        values = numbers(column.drop_null())
        nan, infinite = np.isnan(values), np.isinf(values)
        self.nan += int(nan.sum())
        self.infinite += int(infinite.sum())
        finite = values[~(nan | infinite)]
        if len(finite):
            self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
            self.whole = self.whole and bool((finite == np.floor(finite)).all())
        self.distinct.update(splitmix64(_bits(column.drop_null(), finite)))

    def _take_texts(self, column: pa.Array) -> None:
        from pyarrow.types import is_boolean, is_dictionary

        found = column if is_dictionary(column.type) else column.dictionary_encode()
        kind = found.type.value_type
        if len(column) > column.null_count:
            self.kinds.add("boolean" if is_boolean(kind) else "date" if types.is_instant(kind) else "text")
        used = np.unique(found.indices.drop_null().to_numpy(zero_copy_only=False))
        self.distinct.update(sha256_words(tuple(map(str, found.dictionary.take(used).to_pylist()))))

    @property
    def counted(self) -> bool:
        """Whether different values are counted."""
        return not self.kinds & {"list", "other"}

    @property
    def type(self) -> str:
        """The type in one word."""
        if not self.kinds:
            return "empty"
        if self.kinds == {"list"}:
            return f"vector[{min(self.widths)}]" if len(self.widths) == 1 and 0 not in self.widths else "list"
        if self.kinds == {"number"}:
            return "integer" if self.whole and self.low <= self.high else "number"
        return "mixed" if len(self.kinds) > 1 else next(iter(self.kinds))

    @property
    def ends(self) -> tuple[float, float] | None:
        """The least and the largest finite number."""
        return (self.low, self.high) if self.low <= self.high and self.kinds == {"number"} else None


def _bits(column: pa.Array, finite: Array) -> Array:
    """A pattern for each number; whole numbers keep all digits, which doubles of more than 2^53 have not."""
    from pyarrow.types import is_integer

    if is_integer(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False)).astype(np.int64).view(np.uint64)
    return (finite + 0.0).view(np.uint64)  # -0 is 0


def _widths(column: pa.Array) -> set[int]:
    """The lengths of lists, the first two at most."""
    from pyarrow.types import is_fixed_size_list

    lists = column.drop_null()
    if is_fixed_size_list(column.type):
        return {column.type.list_size} if len(lists) else set()
    return set(np.unique(np.diff(lists.offsets.to_numpy()))[:2].tolist())


def numbers(column: pa.Array) -> Array:
    """The cells of a column of numbers without nulls."""
    from pyarrow.types import is_decimal

    if is_decimal(column.type):
        return np.array([float(value) for value in column.to_pylist()], np.float64)
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)


def histogram(values: Array, bins: int) -> tuple[list[float], list[int]]:
    """The edges and counts of bins of equal width over the range of the numbers."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return [low, high], [len(values)]
    half = values / 2 if not math.isfinite(high - low) else values  # a range beyond the largest double
    counts, edges = np.histogram(half, bins=bins)
    return (edges * (2.0 if half is not values else 1.0)).tolist(), counts.tolist()


def commonest(texts: Sequence[Any], most: int) -> list[tuple[str, int]]:
    """The most frequent texts and how often they occur; of equal counts those that come first."""
    counts: dict[str, int] = {}
    for text in texts:
        if text is not None:
            counts[text] = counts.get(text, 0) + 1
    return sorted(counts.items(), key=lambda pair: -pair[1])[:most]

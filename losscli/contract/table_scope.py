"""Losses of a whole table: the order of all rows makes their number, such as a median or the area under a curve.

Such a loss names the columns by which rows are compared: `sorted_by`. Its kernel gives these, for any rows. What a run
holds is how often each distinct row of them occurs; of all together, `over_table` computes the means of the loss's
terms, exactly, and `value` makes the number of these. So the number does not depend on how rows were cut.

There is one rule for ties: equal values share a place. Where the order of two rows matters and they are equal, the pair
counts half; 0 and -0 are equal.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from losscli.contract.kinds import Array
from losscli.contract.parameters import Value
from losscli.contract.scores import Score
from losscli.contract.terms import Term
from losscli.errors import DataError
from losscli.lazy import dataclass

SMALL = 1 << 30
"""Weights that add up to less stay int64: then sums of products of two of them are below 2**60."""

_MANTISSA = 53  # bits of a double


@dataclass(frozen=True)
class SortedTable:
    """The rows that a number is made of, in any order, and how much each counts.

    Attributes
    ----------
    columns
        Name -> the values of the rows, as the kernel gave them.
    weights
        The weights as whole numbers: int64 where they add up to less than `SMALL`, else Python's own.
    unit
        What a weight of 1 stands for.
    counts
        How many rows of the data each row is; None: one each.
    """

    columns: Mapping[str, Array]
    weights: Array
    unit: Fraction = Fraction(1)
    counts: NDArray[np.int64] | None = None

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    def take(self, rows: Array) -> SortedTable:
        """The rows at these positions, or of this mask."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        size = len(next(iter(columns.values())))
        weights = ones(size) if is_plain(self.weights) else self.weights[rows]
        return SortedTable(columns, weights, self.unit, None if self.counts is None else self.counts[rows])

    def only(self, *names: str) -> SortedTable:
        """The table with some of its columns."""
        return SortedTable({name: self.columns[name] for name in names}, self.weights, self.unit, self.counts)

    @property
    def total(self) -> int:
        """The sum of the weights, in units."""
        return len(self.weights) if is_plain(self.weights) else int(self.weights.sum())

    @property
    def row_count(self) -> int:
        """How many rows of the data these are."""
        return len(self.weights) if self.counts is None else int(self.counts.sum())

    def infinite(self) -> TableMean:
        """The mean of these rows where a value is beyond the largest double."""
        return TableMean(math.inf, self.total * self.unit, self.row_count)

    def mean(self, numerator: int | Fraction) -> TableMean:
        """The mean of these rows whose sum of weight (in units) times value this is."""
        total = self.total
        return TableMean(Fraction(numerator) / total if total else None, total * self.unit, self.row_count)


@dataclass(frozen=True)
class TableMean:
    """The exact mean of a term, the weight of the rows that take part, and their number; None: no row does."""

    mean: Fraction | float | None  # a float where it is infinite
    weight: Fraction
    count: int


class SampleEntries(NamedTuple):
    """Values of a sample with their weights (in any unit), and how many rows have both.

    Entries are in an order that does not depend on how rows were cut.
    """

    values: Array
    weights: Array
    counts: Array


@dataclass(frozen=True)
class TableSample:
    """Independent rows with values whose weighted mean moves as the number of a table does, for its standard error.

    Attributes
    ----------
    rows
        Which rows of the table these are, as a mask.
    entries
        Makes their entries.
    of_rows
        Makes the value of each row, in the order of the table.
    """

    rows: Array
    entries: Callable[[], SampleEntries]
    of_rows: Callable[[], Array]

    def times(self, factor: float) -> TableSample:
        """The sample with its values multiplied by this."""

        def entries() -> SampleEntries:
            found = self.entries()
            return found._replace(values=factor * found.values)

        return TableSample(self.rows, entries, lambda: factor * self.of_rows())


def entries_of(values: Array, rows: SortedTable) -> SampleEntries:
    """Values of the rows of a table as entries, in the order of values and weights."""
    if rows.counts is None and is_plain(rows.weights):
        values = np.sort(values)
        starts = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])
        return SampleEntries(values[starts], np.ones(1) / max(rows.total, 1), np.diff(np.append(starts, len(values))))
    counts = np.ones(len(values), np.int64) if rows.counts is None else rows.counts
    weights = (rows.weights // counts / rows.total).astype(np.float64)
    order = np.lexsort((weights, values))
    values, weights = values[order], weights[order]
    new = np.ones(len(order), bool)
    new[1:] = (values[1:] != values[:-1]) | (weights[1:] != weights[:-1])
    starts = np.flatnonzero(new)
    times = np.add.reduceat(counts[order], starts) if len(starts) else counts
    return SampleEntries(values[starts], weights[starts], times)


TableMeans: TypeAlias = Mapping[str, TableMean]


class TableScope:
    """What a loss of a whole table declares beside others."""

    name: str
    scope: str
    sorted_by: tuple[str, ...]
    kernel: Callable[..., Any]
    _over_table: Callable[..., TableMeans]
    _samples: Callable[..., list[TableSample]] | None = None
    _samples_factor: float = 1.0  # what the values of samples are multiplied by
    _scores: list[tuple[Score, Any]]

    @property
    def is_sampled(self) -> bool:
        """Whether the loss declares samples, for the standard errors of its number and of differences of two."""
        return self._samples is not None

    @property
    def batched(self) -> bool:
        """Whether the kernel takes the rows of a batch together, in their order."""
        return self.scope != "row" and not self.sorted_by

    def over_table(self, means: Callable[..., TableMeans]) -> Callable[..., TableMeans]:
        """Declare the means of the terms of a whole table: `@auc_loss.over_table`. It gets a `SortedTable`."""
        self._over_table = means
        for score, made in self._scores:
            made._over_table = functools.partial(means, **score.params)
        return means

    def samples(self, samples: Callable[..., list[TableSample]]) -> Callable[..., list[TableSample]]:
        """Declare the samples of a `SortedTable` whose means move the number: `@auc_loss.samples`.

        The variance of the number is the sum of those of their means.
        """
        self._samples = samples
        for score, made in self._scores:
            made._samples = functools.partial(samples, **score.params)
            made._samples_factor = score.factor
        return samples

    def table_samples(self, table: SortedTable, params: Mapping[str, Value]) -> list[TableSample] | None:
        """The samples of a table; None where the loss declares none."""
        if self._samples is None:
            return None
        return [one.times(self._samples_factor) for one in self._samples(table, **params)]

    def keys(self, arrays: Sequence[Array | None], params: Mapping[str, Value]) -> tuple[Array, ...]:
        """What is held of some rows: one array a name of `sorted_by`."""
        for values in arrays:
            if values is not None and values.ndim > 1:
                raise DataError(f"'{self.name}' takes one number per row, and there are {values.shape[1]}",
                                hint="score each output by itself", code="DATA_MISMATCH")  # fmt: skip
        found = self.kernel(*arrays, **params)
        return tuple(found[name] for name in self.sorted_by)

    def table_means(self, table: SortedTable, params: Mapping[str, Value]) -> TableMeans:
        """The exact means of the terms over all rows of a table."""
        return self._over_table(table, **params)

    def of_table(
        self, arrays: Sequence[Array | None], params: Mapping[str, Value], weights: Array | None = None
    ) -> TableMeans:
        """The exact means of the terms over these rows; those of weight 0 take no part."""
        keys = dict(zip(self.sorted_by, self.keys(arrays, params), strict=True))
        rows = len(next(iter(keys.values())))
        whole, unit = (ones(rows), Fraction(1)) if weights is None else whole_numbers(np.asarray(weights, np.float64))
        table = SortedTable(keys, whole, unit)
        return self.table_means(table if weights is None else table.take(whole != 0), params)

    def terms_of_table(self, arrays: Sequence[Array | None], params: Mapping[str, Value]) -> dict[str, Term]:
        """The means as terms of one value each, as a call from Python gives them."""
        found = self.of_table(arrays, params).items()
        return {name: Term(np.array([np.nan if m.mean is None else float(m.mean)])) for name, m in found}


def ones(count: int) -> Array:
    """So many weights of 1, which take no memory."""
    return np.broadcast_to(np.int64(1), (count,))


def is_plain(weights: Array) -> bool:
    """Whether each row counts once."""
    return weights.dtype != object and (weights.strides == (0,) or bool((weights == 1).all()))


def whole_numbers(values: Array, times: NDArray[np.int64] | None = None) -> tuple[Array, Fraction]:
    """`values * times` (default 1) exactly, as multiples of one unit, a power of two, and the unit.

    Values are at least 0. The multiples are int64 where they add up to less than `SMALL`, else Python's whole numbers.
    """
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, _MANTISSA).astype(np.int64)
    used = whole != 0
    if not used.any():
        return whole, Fraction(1)
    lowest = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # how many zeros there are at the end
    whole[used] >>= lowest[used]
    shifts = exponents.astype(np.int64) - _MANTISSA + lowest
    least = int(shifts[used].min())
    shifts = np.where(used, shifts - least, 0)
    bits = int((np.frexp(whole.astype(np.float64))[1] + shifts).max())
    unit = Fraction(2) ** least
    if bits < 32:
        whole <<= shifts
        whole = whole if times is None else whole * times
        if whole.max() < SMALL and float(whole.sum(dtype=np.float64)) < SMALL:
            return whole, unit
        return whole.astype(object), unit
    wide = whole.astype(object) << shifts.astype(object)
    return (wide if times is None else wide * times.astype(object)), unit

"""Rows that move through a run have one shape: what they hold by name, and what belongs to each of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Generic, TypeVar

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.io.arrow.buffers import RowNumbers
from losscli.lazy import dataclass

Name = TypeVar("Name", bound=Hashable)
Content = TypeVar("Content")
OtherName = TypeVar("OtherName", bound=Hashable)
OtherContent = TypeVar("OtherContent")


class DeferredKeys(Sequence[EncodedLabels]):
    """Columns of keys that are decoded when something needs them: most runs join rows, and then only count them."""

    def __init__(self, count: int, decode: Callable[[], Sequence[EncodedLabels]]) -> None:
        self._count, self._decode = count, decode

    @cached_property
    def _columns(self) -> Sequence[EncodedLabels]:
        return self._decode()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        return self._columns[at]

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (tuple(self),)  # what another process gets is decoded

    def take(self, rows: Any) -> DeferredKeys:
        """The keys of the rows at these positions."""
        return DeferredKeys(self._count, lambda: tuple(_rows_of(key, rows) for key in self))


@dataclass(frozen=True)
class RowBatch(Generic[Name, Content]):
    """Rows in order, and what belongs to each of them.

    Attributes
    ----------
    arrays
        What the rows hold, by name: an array of each `Input` where they were read, the `Term`s of each kernel call
        where they were scored, a `Term` of each column where they are written.
    row_numbers
        The number of each row in the run, or in what is merged with it, from 1.
    weights
        The weight of each row; None where all weigh 1.
    slice_ids
        The id of each row's slice in the `SliceIndex` of the run; None where there are no slices.
    keys
        The columns that name a row, if any do.
    cluster
        The column whose equal values mark rows that belong together, if there is one.
    repeats
        How many rows before each row had the same keys; None where keys are unique.
    class_names
        What the classes of these rows are called whose other side has no names, in the order of their numbers.
    """

    arrays: Mapping[Name, Content]
    row_numbers: RowNumbers
    weights: Array | None = None
    slice_ids: Array | None = None
    keys: Sequence[EncodedLabels] = ()
    cluster: EncodedLabels | None = None
    repeats: Array | None = None
    class_names: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def row_number_array(self) -> Array:
        """The row numbers as an array; NumPy itself would look at each number of a range."""
        numbers = self.row_numbers
        return np.arange(numbers.start, numbers.stop) if isinstance(numbers, range) else numbers

    def holding(self, arrays: Mapping[OtherName, OtherContent]) -> RowBatch[OtherName, OtherContent]:
        """The same rows with these arrays in place of their own."""
        return RowBatch(arrays, self.row_numbers, self.weights, self.slice_ids, self.keys, self.cluster,
                        self.repeats, self.class_names)  # fmt: skip

    def behind(self, rows: int) -> RowBatch[Name, Content]:
        """The same rows, numbered on behind so many others."""
        return replace(self, row_numbers=moved(self.row_numbers, rows))

    def take(self, rows: Array | slice) -> RowBatch[Name, Content]:
        """The rows at these positions; a slice copies nothing."""
        numbers: RowNumbers = self.row_numbers
        if isinstance(rows, slice):
            numbers = numbers[rows]
        else:
            numbers = rows + numbers.start if isinstance(numbers, range) else numbers[rows]
        return RowBatch(
            {name: _rows_of(content, rows) for name, content in self.arrays.items()},
            numbers,
            _rows_of(self.weights, rows),
            _rows_of(self.slice_ids, rows),
            self.keys.take(rows)
            if isinstance(self.keys, DeferredKeys)
            else tuple(_rows_of(key, rows) for key in self.keys),
            _rows_of(self.cluster, rows),
            _rows_of(self.repeats, rows),
            self.class_names,
        )


def _rows_of(content: Any, rows: Array | slice) -> Any:
    """These rows of an array, of labels, of a term or of a mapping of terms."""
    if content is None or isinstance(content, np.ndarray):
        return None if content is None else content[rows]
    if isinstance(content, EncodedLabels):
        return replace(content, codes=content.codes[rows])
    if isinstance(content, Term):
        return content.take(rows)
    return {name: _rows_of(part, rows) for name, part in content.items()}


def moved(numbers: RowNumbers, by: int) -> RowNumbers:
    """Row numbers, each larger by `by`."""
    return range(numbers.start + by, numbers.stop + by) if isinstance(numbers, range) else numbers + by


def join_arrays(batches: Sequence[RowBatch[Name, Array]]) -> RowBatch[Name, Array]:
    """The rows of several batches in order, without their keys; every array C-contiguous."""
    if len(batches) == 1:
        return batches[0]
    first = batches[0]
    return RowBatch(
        {name: np.concatenate([batch.arrays[name] for batch in batches]) for name in first.arrays},
        np.concatenate([batch.row_number_array for batch in batches]),
        None if first.weights is None else np.concatenate([b.weights for b in batches if b.weights is not None]),
        None if first.slice_ids is None else np.concatenate([b.slice_ids for b in batches if b.slice_ids is not None]),
    )


def join_terms(terms: Sequence[Term]) -> Term:
    """The values of several pieces in order; `where` stays None where no piece has one."""
    if len(terms) == 1:
        return terms[0]
    values = np.concatenate([term.values for term in terms])
    classes = [term.by for term in terms if term.by is not None]
    joined = Term(values, by=np.concatenate(classes) if classes else None, names=terms[-1].names)
    if all(term.where is None for term in terms):
        return joined
    return joined.masked(np.concatenate([np.ones(len(v), bool) if where is None else where for v, where in terms]))


def join_labels(columns: Sequence[EncodedLabels]) -> EncodedLabels:
    """The labels of several batches of one column, in order; names may repeat."""
    starts = np.cumsum([0, *(len(column.names) for column in columns)])
    codes = [np.where(c.codes < 0, -1, c.codes + start) for c, start in zip(columns, starts, strict=False)]
    return EncodedLabels(np.concatenate(codes), tuple(n for c in columns for n in c.names), columns[0].column)

"""Columns as codes and dictionary entries, so that texts are decoded once for each distinct value."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.errors import Location
from losscli.io.arrow.buffers import Codes, Mask, RowNumbers, indices, missing_cells, plain_cells
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import check_texts
from losscli.io.arrow.texts import encode, spelled
from losscli.io.arrow.types import is_text
from losscli.lazy_dataclass import dataclass

# Dictionaries up to this many entries are used whole; of a larger one, only the entries in use.
_WHOLE = 1 << 20
# Below this many texts a Python loop is faster than Arrow's hashing.
_MANY = 4096

Entries: TypeAlias = pa.Array | tuple[str, ...]


@dataclass(frozen=True)
class DictionaryColumn:
    """One code per row: an index into `entries` (-1 is null) or, without entries, the number itself."""

    cells: NDArray[Any]
    entries: Entries | None
    missing: Mask | None  # which rows are null, if there are no entries
    column: str

    @staticmethod
    def of(column: pa.Array, name: str, location: Location) -> DictionaryColumn:
        """The codes of a column of texts, integers, booleans or other numbers."""
        check_texts(column, name, location)
        if is_text(column.type) and not pa.types.is_string_view(column.type) and len(column) >= _MANY:
            column = column.dictionary_encode()
        if pa.types.is_dictionary(column.type) and len(column.dictionary) <= _WHOLE:
            return DictionaryColumn(indices(column), column.dictionary, None, name)
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            return DictionaryColumn(plain_cells(column), None, missing_cells(column), name)
        codes, names = encode(column)
        if is_text(column.type) and (empty := _empty(column, codes)).any():
            codes, names = np.where(empty, len(names), codes), [*names, ""]
        return DictionaryColumn(codes, tuple(names), None, name)

    def take(self, index: RowNumbers) -> DictionaryColumn:
        """The cells of the rows at these indexes; a range stands for all rows."""
        if isinstance(index, range):
            return self
        return DictionaryColumn(
            self.cells[index], self.entries, None if self.missing is None else self.missing[index], self.column
        )


def texts_of_numbers(cells: NDArray[Any]) -> list[str]:
    """The canonical text of each number."""
    return [canonical_label(text) for text in spelled(cells)]


def texts_of_entries(entries: Entries) -> list[str | None]:
    """The canonical text of each entry; None for null."""
    if isinstance(entries, tuple):
        return [canonical_label(name) for name in entries]
    codes, names = encode(entries)
    if is_text(entries.type):
        codes = np.where(_empty(entries, codes), len(names), codes)
    forms: list[str | None] = [*map(canonical_label, names), "", None]
    return [forms[code] for code in codes.tolist()]


def _empty(column: pa.Array, codes: Codes) -> Mask:
    """Which texts are empty; `encode` gives them the code of null."""
    missing = missing_cells(column)
    return codes < 0 if missing is None else (codes < 0) & ~missing


def same_entries(some: Entries, others: Entries) -> bool:
    """Whether two dictionaries are equal; readers create a new one for every batch."""
    if isinstance(some, tuple) or isinstance(others, tuple):
        return some == others if isinstance(some, tuple) and isinstance(others, tuple) else False
    return some is others or (len(some) == len(others) and some.type == others.type and bool(some.equals(others)))


def worth_joining(entries: Entries) -> bool:
    """Whether `join_entries` supports these entries and is faster than Python dicts."""
    return not isinstance(entries, tuple) and len(entries) >= _MANY and is_text(entries.type) and not entries.null_count


def join_entries(known: pa.Array, entries: pa.Array) -> tuple[pa.Array, Codes]:
    """The known texts followed by the new ones, and the index of each entry in them.

    It uses the unification of dictionaries, which needs no import of pyarrow.compute.
    """
    if not len(known):
        known = entries.slice(0, 0)
    chunks = [pa.DictionaryArray.from_arrays(_counting(len(part)), part) for part in (known, entries)]
    joined = pa.chunked_array(chunks).unify_dictionaries()
    last = joined.chunk(joined.num_chunks - 1)
    return last.dictionary, indices(last)


def _counting(count: int) -> pa.Array:
    return pa.Array.from_buffers(pa.int32(), count, [None, pa.py_buffer(np.arange(count, dtype=np.int32))])

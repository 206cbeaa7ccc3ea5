"""Columns as codes and dictionary entries, so that texts are decoded once for each distinct value."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.errors import Location
from losscli.io.arrow.buffers import Codes, Mask, RowNumbers, indices, missing_cells, plain_cells
from losscli.io.arrow.canonical import canonical_label, canonical_labels
from losscli.io.arrow.decode import check_texts
from losscli.io.arrow.texts import encode, spelled
from losscli.io.arrow.types import is_text
from losscli.io.arrow.words import mostly_differ
from losscli.lazy import dataclass

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
        if mostly_differ(column):
            return DictionaryColumn(np.arange(len(column)), column, None, name)  # each text is an entry of its own
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
    return canonical_labels(spelled(cells))


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


def are_many_texts(entries: Entries) -> bool:
    """Whether a table of words is faster for these entries than Python dicts."""
    if isinstance(entries, tuple) or len(entries) < _MANY:
        return False
    return is_text(entries.type) and not pa.types.is_string_view(entries.type)

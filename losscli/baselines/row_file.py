"""Reads the row values of an earlier run, which `losscli eval … -o rows=FILE` or `losscli rows` wrote.

The file identifies its rows by their number (`row`), or by the keys of the join.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
import pyarrow as pa

from losscli.baselines.key_index import DuplicateKey, KeyIndex
from losscli.binding import row_columns
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Line
from losscli.binding.spec import parse
from losscli.contract.kinds import Array
from losscli.csv_text import unguarded
from losscli.errors import DataError, UsageError
from losscli.io.arrow.build import present, strings
from losscli.io.arrow.decode import numbers
from losscli.io.batches import Batch
from losscli.io.files.open import open_source
from losscli.io.formats.csv import CsvFragment
from losscli.io.join.keys import key_text, key_texts
from losscli.io.source import Fragment, ReadAs, Source
from losscli.lazy import dataclass

ROW = "row"
_HINT = "-o rows=FILE of 'losscli eval' writes such a file"
_CSV = ("csv", "tsv")


@dataclass(frozen=True)
class SavedRows:
    """The values of `count` rows, column by column; a value is NaN where the row takes no part.

    `taking_part` are masks of the rows that take part (None: all of them). JSON has neither infinities nor NaN: in the
    columns `ambiguous` of a JSON file, a row that takes no part may have had one of these instead.
    """

    path: str
    keys: tuple[str, ...]
    count: int
    columns: Mapping[str, Array] = field(repr=False)
    taking_part: Mapping[str, Array | None] = field(repr=False)
    ambiguous: tuple[str, ...]
    numbers: Array | None = field(repr=False)  # row numbers, ascending; None: 1, 2, 3, …, or the rows have keys
    index: KeyIndex | None = field(repr=False)

    def positions(self, row_numbers: Array, keys: Sequence[EncodedLabels]) -> Array:
        """The position in the columns of each row of a batch, by its row number or by its keys; -1 if it is absent."""
        self.check_keys([key.column for key in keys])
        if self.index is not None:
            by_name = {key.column: key for key in keys}
            if self._numbered:  # several rows have the same keys
                numbers = np.asarray(row_numbers, np.int64)
                by_name[ROW] = EncodedLabels(np.arange(len(numbers)), tuple(map(str, numbers.tolist())), ROW)
            return self.index.find([by_name[name] for name in self.keys])
        wanted = np.asarray(row_numbers, np.int64)
        if self.numbers is None:
            return np.where((wanted >= 1) & (wanted <= self.count), wanted - 1, -1)
        at = np.minimum(np.searchsorted(self.numbers, wanted), self.count - 1)
        return np.where(self.numbers[at] == wanted, at, -1)

    @property
    def _numbered(self) -> bool:
        """Whether row numbers tell rows with the same keys apart."""
        return ROW in self.keys and len(self.keys) > 1

    def check_keys(self, names: Sequence[str]) -> None:
        """Require that the run identifies its rows by the same columns as the file."""
        saved = [name for name in self.keys if not (self._numbered and name == ROW)]
        if set(names) != set(saved):
            ours, theirs = (", ".join(map(repr, columns)) or "row number" for columns in (names, saved))
            raise DataError(f"rows were saved by {theirs}, but this run identifies them by {ours}", path=self.path,
                            hint="use the same --on keys in both runs", code="DATA_NOT_COMPARABLE")  # fmt: skip


def terms_of(saved: SavedRows, line: Line, model: str | None) -> tuple[Mapping[str | None, str], ...]:
    """The columns with the values of `line` for a model, by its name in the file: one dict a job, term -> column.

    The key None stands for one column with all terms of the job, no two of which have a value for the same row. A
    composite loss has one dict for all its jobs, as only its own values are saved. Empty if the file lacks a column.
    """
    return row_columns.terms_of(saved.columns, line, model)


def read_rows(path: str) -> SavedRows:
    """Read a file of row values into memory; an invalid one is a DataError."""
    source = open_source([path])
    if len(source.fragments) != 1:
        raise UsageError("row values are read from one file", path=path, hint=_HINT, code="USAGE_BAD_VALUE")
    _check_complete(source.fragments[0])
    csv = source.fragments[0].format in _CSV
    names = {unguarded(name) if csv else name: name for name in source.columns}
    keys = _keys_of(list(names), source)
    values = list(names)[len(keys) or 1 :]
    if not values:
        raise DataError("the file has no column of row values", path=source.fragments[0].path, hint=_HINT,
                        code="DATA_BAD_REPORT")  # fmt: skip
    key_columns, value_columns = ({name: names[name] for name in columns} for columns in (keys, values))
    return _RowFileReader(source.fragments[0], key_columns, value_columns).rows(csv)


def _check_complete(fragment: Fragment) -> None:
    """Refuse a truncated text file: a number that is cut short would be read as another number."""
    if not isinstance(fragment, CsvFragment) or fragment.compression is not None or fragment.file is None:
        return
    with fragment.file.open_seekable() as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) not in b"\r\n":
            raise DataError("the file is truncated: its last line is incomplete", path=fragment.path, hint=_HINT,
                            code="DATA_CORRUPT_FILE")  # fmt: skip


def _keys_of(names: Sequence[str], source: Source) -> tuple[str, ...]:
    """The key columns: those before the first column named after a loss; empty if the rows are numbered."""
    kind = source.types.get(names[0])
    if names[0] == ROW and (kind is None or pa.types.is_integer(kind)):
        return ()
    first = next((at for at, name in enumerate(names) if _is_value(name)), 0)
    if not first:
        message = "not a file of row values: no column with row numbers or keys comes before those of the losses"
        raise DataError(message, path=source.fragments[0].path, hint=_HINT, code="DATA_BAD_REPORT")
    return tuple(names[:first])


def _is_value(name: str) -> bool:
    """Whether a column is named after a loss: [MODEL/]SPEC[/TERM]."""
    pieces = name.split("/")
    ends = (len(pieces), len(pieces) - 1)
    return any(_is_spec("/".join(pieces[start:end])) for start in range(len(pieces)) for end in ends)


def _is_spec(text: str) -> bool:
    try:
        return bool(text and parse(text))
    except UsageError:
        return False


def _unguarded(texts: pa.Array) -> pa.Array:
    """`csv_text.unguarded` for a column. Guarded texts are rare, so a fast check for them comes first."""
    _, offsets, buffer = texts.buffers()
    ends = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    if not (np.frombuffer(buffer, np.uint8)[ends[:-1]] == ord("'")).any():  # no text is empty: that would be no key
        return texts
    return strings([unguarded(text) for text in texts.to_pylist()]).cast(pa.large_string())


class _RowFileReader:
    """Reads the file batch by batch; `keys` and `values` map each name to the name in the file."""

    def __init__(self, fragment: Fragment, keys: Mapping[str, str], values: Mapping[str, str]) -> None:
        self.fragment, self.keys, self.values = fragment, keys, values
        self.row_ids: dict[str, list[Any]] = {name: [] for name in keys or (ROW,)}
        self.loss_values: dict[str, list[Array]] = {name: [] for name in values}
        self.missing: dict[str, list[Array]] = {name: [] for name in values}
        self.last = 0.0

    def rows(self, csv: bool) -> SavedRows:
        projection: dict[str, ReadAs] = dict.fromkeys(self.keys.values(), "text") or {ROW: "number"}
        for batch in self.fragment.batches({**projection, **dict.fromkeys(self.values.values(), "number")}):
            batch.without_extra_cells()
            if self.keys:
                self._add_keys(batch, csv)
            else:
                self._add_numbers(batch)
            self._add_values(batch)
        row_ids = {name: self.row_ids[name] for name in self.row_ids if self.row_ids[name]}
        if not row_ids:
            raise DataError("the file has no rows", path=self.fragment.path, hint=_HINT, code="DATA_BAD_REPORT")
        columns, taking_part = {}, {}
        for name in self.values:  # column by column, so that the memory is little more than the final size
            columns[name] = np.concatenate(self.loss_values.pop(name))
            missing = np.concatenate(self.missing.pop(name))
            taking_part[name] = ~missing if missing.any() else None
        jsonl = self.fragment.format == "jsonl"
        ambiguous = tuple(name for name, mask in taking_part.items() if mask is not None and jsonl)
        row_numbers, index = (None, self._index()) if self.keys else (self._row_numbers(), None)
        count = len(next(iter(columns.values())))
        return SavedRows(self.fragment.path, tuple(self.keys), count, columns, taking_part, ambiguous, row_numbers,
                         index)  # fmt: skip

    def _add_keys(self, batch: Batch, csv: bool) -> None:
        for name, written in self.keys.items():
            texts = key_texts(_column(batch, written), written, batch.location.path)
            present_mask = present(texts)
            if not present_mask.all():
                at, message = int(present_mask.argmin()), f"a row has no key in '{written}'"
                raise batch.location.error(at, written, message, "", _HINT, code="DATA_MISSING_VALUE")
            self.row_ids[name].append(_unguarded(texts) if csv else texts)

    def _add_numbers(self, batch: Batch) -> None:
        decoded = numbers(_column(batch, ROW), ROW, batch.location)
        values = decoded.values if decoded.missing is None else np.where(decoded.missing, np.nan, decoded.values)
        wrong = ~((values >= 1) & (values == np.trunc(values)))
        if wrong.any():
            at = int(wrong.argmax())
            raise batch.location.error(at, ROW, "a row number must be a whole number of at least 1", values[at], _HINT,
                                   code="DATA_BAD_REPORT")  # fmt: skip
        not_ascending = np.diff(values, prepend=self.last) <= 0
        if not_ascending.any():
            at = int(not_ascending.argmax())
            order = "comes twice" if values[at] == (values[at - 1] if at else self.last) else "comes too late"
            message = f"row {int(values[at])} {order}: rows must be in ascending order"
            raise batch.location.error(at, ROW, message, int(values[at]), _HINT, code="DATA_BAD_REPORT")
        if len(values):
            self.last = float(values[-1])
            self.row_ids[ROW].append(values.astype(np.int64))

    def _add_values(self, batch: Batch) -> None:
        for name, written in self.values.items():
            decoded = numbers(_column(batch, written), written, batch.location)
            missing = np.zeros(len(decoded.values), np.bool_) if decoded.missing is None else decoded.missing
            self.loss_values[name].append(np.where(missing, np.nan, decoded.values))
            self.missing[name].append(missing)

    def _row_numbers(self) -> Array | None:
        found = np.concatenate(self.row_ids.pop(ROW))
        return None if int(found[-1]) == len(found) else found  # ascending from 1, so the last number decides

    def _index(self) -> KeyIndex:
        texts = [pa.concat_arrays(self.row_ids.pop(name)) for name in self.keys]
        numbers = list(self.keys).index(ROW) if ROW in self.keys and len(texts) > 1 else None
        try:
            if numbers is not None:
                return self._index_without_numbers(texts, numbers)
            return KeyIndex.of(texts)
        except DuplicateKey as duplicate:
            key = key_text(texts, duplicate.index)
            raise DataError(f"duplicate key: '{key}'", path=self.fragment.path, row=duplicate.index + 1,
                            column=next(iter(self.keys)), value=key, hint=_HINT,
                            code="DATA_DUPLICATE_KEY") from None  # fmt: skip

    def _index_without_numbers(self, texts: Sequence[pa.Array], numbers: int) -> KeyIndex:
        """The index by the keys alone where no two rows share them: then the rows of a run may have another order."""
        try:
            index = KeyIndex.of([text for at, text in enumerate(texts) if at != numbers])
        except DuplicateKey:
            return KeyIndex.of(texts)
        self.keys = {name: written for name, written in self.keys.items() if name != ROW}
        return index


def _column(batch: Batch, name: str) -> pa.Array:
    return batch.data.column(batch.data.schema.names.index(name))

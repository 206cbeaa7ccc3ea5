"""The row values of an earlier run, read back: `losscli eval … -o rows=FILE` wrote them, or `losscli rows`.

The file names its rows by their number (`row`), or by the keys that the run was joined by.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from losscli.baselines.key_index import Keys, Twice
from losscli.binding import row_columns as rownames
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

ROW = "row"
_HINT = "-o rows=FILE of 'losscli eval' writes such a file"
_CSV = ("csv", "tsv")


@dataclass(frozen=True)
class SavedRows:
    """The values of `count` rows, column by column; a value is NaN where the row takes no part.

    `parts` says which rows take part (None: all). JSON has no infinity and no NaN: in the columns `unclear` of such a
    file, a row that is not in `parts` may have had one of these instead.
    """

    path: str
    keys: tuple[str, ...]
    count: int
    columns: Mapping[str, Array] = field(repr=False)
    parts: Mapping[str, Array | None] = field(repr=False)
    unclear: tuple[str, ...]
    numbers: Array | None = field(repr=False)  # of the rows, ascending; None: 1, 2, 3, …, or they have keys
    index: Keys | None = field(repr=False)

    def places(self, place: Array, keys: Sequence[EncodedLabels]) -> Array:
        """Where each row of a batch stands in the columns, by its number in the run or by its keys; -1: nowhere."""
        self.check_keys([key.column for key in keys])
        if self.index is not None:
            by_name = {key.column: key for key in keys}
            return self.index.find([by_name[name] for name in self.keys])
        wanted = np.asarray(place, np.int64)
        if self.numbers is None:
            return np.where((wanted >= 1) & (wanted <= self.count), wanted - 1, -1)
        at = np.minimum(np.searchsorted(self.numbers, wanted), self.count - 1)
        return np.where(self.numbers[at] == wanted, at, -1)

    def check_keys(self, names: Sequence[str]) -> None:
        """The run must name its rows as the file does."""
        if set(names) != set(self.keys):
            ours, theirs = (", ".join(map(repr, some)) or "row number" for some in (names, self.keys))
            raise DataError(f"rows were saved by {theirs}, but this run identifies them by {ours}", path=self.path,
                            hint="use the same --on keys in both runs", code="DATA_NOT_COMPARABLE")  # fmt: skip


def terms_of(saved: SavedRows, line: Line, model: str | None) -> tuple[Mapping[str | None, str], ...]:
    """Which columns have what `line` says of a model (as the file calls it): one dict a job, term -> column.

    The key None is one column of all the job's terms, none of which share a row. A blend has one dict for all its
    jobs, as only the blended values are saved. Nothing where the file lacks a column of it.
    """
    return rownames.terms_of(saved.columns, line, model)


def read_rows(path: str) -> SavedRows:
    """The file, held in memory; whatever is not as such a file is written is a DataError."""
    source = open_source([path])
    if len(source.fragments) != 1:
        raise UsageError("row values are read from one file", path=path, hint=_HINT, code="USAGE_BAD_VALUE")
    _refuse_cut(source.fragments[0])
    csv = source.fragments[0].format in _CSV
    names = {unguarded(name) if csv else name: name for name in source.columns}
    keys = _keys_of(list(names), source)
    values = list(names)[len(keys) or 1 :]
    if not values:
        raise DataError("the file has no column of row values", path=source.fragments[0].path, hint=_HINT,
                        code="DATA_BAD_REPORT")  # fmt: skip
    reading = _Reading(
        source.fragments[0], {name: names[name] for name in keys}, {name: names[name] for name in values}
    )
    return reading.rows(csv)


def _refuse_cut(fragment: Fragment) -> None:
    """Text that was cut off inside its last number would read as another number."""
    if not isinstance(fragment, CsvFragment) or fragment.compression is not None or fragment.file is None:
        return
    with fragment.file.open_seekable() as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) not in b"\r\n":
            raise DataError("the file is truncated: its last line is incomplete", path=fragment.path, hint=_HINT,
                            code="DATA_CORRUPT_FILE")  # fmt: skip


def _keys_of(names: Sequence[str], source: Source) -> tuple[str, ...]:
    """The columns before the values, which are called by losses; none where rows are numbered."""
    kind = source.types.get(names[0])
    if names[0] == ROW and (kind is None or pa.types.is_integer(kind)):
        return ()
    first = next((at for at, name in enumerate(names) if _is_value(name)), 0)
    if not first:
        message = "not a file of row values: no column with row numbers or keys comes before those of the losses"
        raise DataError(message, path=source.fragments[0].path, hint=_HINT, code="DATA_BAD_REPORT")
    return tuple(names[:first])


def _is_value(name: str) -> bool:
    """Whether a column is called by a loss: [MODEL/]SPEC[/TERM]."""
    pieces = name.split("/")
    ends = (len(pieces), len(pieces) - 1)
    return any(_is_spec("/".join(pieces[start:end])) for start in range(len(pieces)) for end in ends)


def _is_spec(text: str) -> bool:
    try:
        return bool(text and parse(text))
    except UsageError:
        return False


def _without_guards(texts: pa.Array) -> pa.Array:
    """The same for a column; hardly any has such texts, so that is looked at first."""
    _, offsets, buffer = texts.buffers()
    ends = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    if not (np.frombuffer(buffer, np.uint8)[ends[:-1]] == ord("'")).any():  # no text is empty: that would be no key
        return texts
    return strings([unguarded(text) for text in texts.to_pylist()]).cast(pa.large_string())


class _Reading:
    """What is read, batch by batch; `keys` and `values` are name -> the name in the file."""

    def __init__(self, fragment: Fragment, keys: Mapping[str, str], values: Mapping[str, str]) -> None:
        self.fragment, self.keys, self.values = fragment, keys, values
        self.named: dict[str, list[Any]] = {name: [] for name in keys or (ROW,)}
        self.found: dict[str, list[Array]] = {name: [] for name in values}
        self.gone: dict[str, list[Array]] = {name: [] for name in values}
        self.last = 0.0

    def rows(self, csv: bool) -> SavedRows:
        projection: dict[str, ReadAs] = dict.fromkeys(self.keys.values(), "text") or {ROW: "number"}
        for batch in self.fragment.batches({**projection, **dict.fromkeys(self.values.values(), "number")}):
            if self.keys:
                self._add_keys(batch, csv)
            else:
                self._add_numbers(batch)
            self._add_values(batch)
        named = {name: self.named[name] for name in self.named if self.named[name]}
        if not named:
            raise DataError("the file has no rows", path=self.fragment.path, hint=_HINT, code="DATA_BAD_REPORT")
        columns, parts = {}, {}
        for name in self.values:  # one after the other, so that little more than the whole is held at a time
            columns[name] = np.concatenate(self.found.pop(name))
            gone = np.concatenate(self.gone.pop(name))
            parts[name] = ~gone if gone.any() else None
        jsonl = self.fragment.format == "jsonl"
        unclear = tuple(name for name, fragment in parts.items() if fragment is not None and jsonl)
        numbered, index = (None, self._index()) if self.keys else (self._numbers(), None)
        count = len(next(iter(columns.values())))
        return SavedRows(self.fragment.path, tuple(self.keys), count, columns, parts, unclear, numbered, index)

    def _add_keys(self, batch: Batch, csv: bool) -> None:
        for name, written in self.keys.items():
            texts = key_texts(_column(batch, written), written, batch.location.path)
            there = present(texts)
            if not there.all():
                raise batch.location.error(int(there.argmin()), written, f"a row has no key in '{written}'", "", _HINT,
                                       code="DATA_MISSING_VALUE")  # fmt: skip
            self.named[name].append(_without_guards(texts) if csv else texts)

    def _add_numbers(self, batch: Batch) -> None:
        got = numbers(_column(batch, ROW), ROW, batch.location)
        values = got.values if got.missing is None else np.where(got.missing, np.nan, got.values)
        wrong = ~((values >= 1) & (values == np.trunc(values)))
        if wrong.any():
            at = int(wrong.argmax())
            raise batch.location.error(at, ROW, "a row number must be a whole number of at least 1", values[at], _HINT,
                                   code="DATA_BAD_REPORT")  # fmt: skip
        back = np.diff(values, prepend=self.last) <= 0
        if back.any():
            at = int(back.argmax())
            again = "comes twice" if values[at] == (values[at - 1] if at else self.last) else "comes too late"
            message = f"row {int(values[at])} {again}: rows must be in ascending order"
            raise batch.location.error(at, ROW, message, int(values[at]), _HINT, code="DATA_BAD_REPORT")
        if len(values):
            self.last = float(values[-1])
            self.named[ROW].append(values.astype(np.int64))

    def _add_values(self, batch: Batch) -> None:
        for name, written in self.values.items():
            got = numbers(_column(batch, written), written, batch.location)
            missing = np.zeros(len(got.values), np.bool_) if got.missing is None else got.missing
            self.found[name].append(np.where(missing, np.nan, got.values))
            self.gone[name].append(missing)

    def _numbers(self) -> Array | None:
        found = np.concatenate(self.named.pop(ROW))
        return None if int(found[-1]) == len(found) else found  # ascending from 1 on, so the last one tells

    def _index(self) -> Keys:
        texts = [pa.concat_arrays(self.named.pop(name)) for name in self.keys]
        try:
            return Keys.of(texts)
        except Twice as twice:
            key = key_text(texts, twice.index)
            raise DataError(f"duplicate key: '{key}'", path=self.fragment.path, row=twice.index + 1,
                            column=next(iter(self.keys)), value=key, hint=_HINT,
                            code="DATA_DUPLICATE_KEY") from None  # fmt: skip


def _column(batch: Batch, name: str) -> pa.Array:
    return batch.data.column(batch.data.schema.names.index(name))

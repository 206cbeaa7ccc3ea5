"""The lookup side of a join, which is held in memory: an index of its keys, and its projected columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import Code, DataError, EmptyError, Location
from losscli.io.arrow.buffers import Mask, plain_cells
from losscli.io.arrow.build import dictionary_strings, from_numpy, strings
from losscli.io.arrow.texts import encode
from losscli.io.arrow.types import is_instant
from losscli.io.batches import Batch
from losscli.io.join.key_hashes import GrowingTexts, Hashes, fast_hashes
from losscli.io.join.key_index import KeyIds, KeyIndex
from losscli.io.join.key_match import folded
from losscli.io.join.keys import key_text, key_texts, rows_with_key
from losscli.io.sides import KeyDifference
from losscli.io.source import ReadAs, Source
from losscli.lazy import dataclass
from losscli.parallel import stream_in_order, thread_count

SMALL_BATCH = 1 << 16
"""Rows that are looked up together."""

EXAMPLES = 3
_ROW_NUMBER = 8  # bytes
DROP_HINT = "--unmatched drop leaves such rows out"


@dataclass
class KeyErrors:
    """Rows with the same problem of their keys: how many, the first, and a few of the keys."""

    count: int = 0
    examples: list[str] = field(default_factory=list)
    first: tuple[Location, int] | None = None

    def add(self, location: Location, keys: Sequence[pa.Array], places: npt.NDArray[np.intp]) -> None:
        """Count the rows of a batch at `places`; the first row of all is kept for the error."""
        if len(places) and self.first is None:
            self.first = (location, int(places[0]))
        self.count += len(places)
        for row in places[: EXAMPLES - len(self.examples)]:
            self.examples.append(key_text(keys, int(row)))

    def error(self, message: str, column: str, hint: str | None = None, *, code: Code | None = None) -> DataError:
        """The error about the first row; its message lists up to three of the keys."""
        assert self.first is not None
        location, index = self.first
        listed = ", ".join(f"'{key}'" for key in dict.fromkeys(self.examples))
        more = " …" if self.count > len(self.examples) else ""
        return location.error(index, column, f"{message}: {listed}{more}", self.examples[0], hint, code=code)


def rows(count: int, verb: str) -> str:
    """A count with its verb: "1 row repeats", "2 rows repeat"."""
    one, many = {"have": ("has", "have"), "repeat": ("repeats", "repeat")}[verb]
    return f"1 row {one}" if count == 1 else f"{count} rows {many}"


def source_name(source: Source) -> str:
    """The name of a source of one or more files in messages."""
    paths = [fragment.path for fragment in source.fragments]
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def read_batches(source: Source, projection: Mapping[str, ReadAs], keys: Collection[str] = ()) -> Iterator[Batch]:
    """The batches of all fragments, in order; of the columns `keys`, nearly all cells are different."""
    for fragment in source.fragments:
        for batch in fragment.with_plain_texts(keys).batches(projection):
            yield from small_batches(batch)


def small_batches(batch: Batch) -> Iterator[Batch]:
    """The rows of a batch in smaller ones, as several are looked up at a time, and held until it is their turn.

    Not where there are dates: each is spelled once a batch, and mostly there are few of them.
    """
    if batch.data.num_rows <= SMALL_BATCH or any(is_instant(kind) for kind in batch.data.schema.types):
        yield batch
        return
    for start in range(0, batch.data.num_rows, SMALL_BATCH):
        data = batch.data.slice(start, SMALL_BATCH)
        extra = tuple(row - start for row in batch.extra_cells if start <= row < start + data.num_rows)
        yield Batch(data, batch.location.take(range(start, start + data.num_rows)), extra)


def batch_keys(batch: Batch, on: Sequence[str], match: Sequence[KeyDifference] = ()) -> list[pa.Array]:
    """The key columns of a batch as texts, in the order of `on`, without the differences `match`."""
    have = batch.data.schema.names
    columns = [key_texts(batch.data.column(have.index(name)), name, batch.location.path) for name in on]
    return [folded(column, match) for column in columns]


@dataclass(frozen=True)
class LookupSide:
    """Row numbers by key, and the columns that are looked up."""

    index: KeyIndex
    row_of: KeyIds
    keys: tuple[pa.Array, ...]
    columns: Mapping[str, pa.Array]
    locations: tuple[Location, ...]
    starts: KeyIds  # the first row of each location, and behind the last one
    without_key: KeyErrors
    on: tuple[str, ...] = ()
    kept: Mask | None = None  # the rows that a filter keeps; None: all of them
    match: tuple[KeyDifference, ...] = ()  # what the keys may differ in

    def __len__(self) -> int:
        return int(self.starts[-1])

    def location_of(self, row: int) -> tuple[Location, int]:
        """The batch of a row of the lookup side, and the index of the row in the batch."""
        at = int(np.searchsorted(self.starts, row, side="right")) - 1
        return self.locations[at], row - int(self.starts[at])

    def take(self, name: str, ids: KeyIds) -> pa.Array:
        """The values of a column for these key ids, in their order."""
        return self.rows(name, self.row_of[ids])

    def rows(self, name: str, rows: KeyIds) -> pa.Array:
        """The values of a column in these rows."""
        column = self.columns[name]
        plain = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if plain and not column.null_count:
            return from_numpy(plain_cells(column)[rows])  # `take` imports pyarrow.compute
        return column.take(from_numpy(rows))


@dataclass
class _LookupRows:
    """The rows of the lookup side while they are read, batch by batch."""

    keys: list[GrowingTexts] = field(default_factory=list)
    hashes: list[Hashes] = field(default_factory=list)
    columns: dict[str, list[pa.Array]] = field(default_factory=dict)
    locations: list[Location] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    without_key: KeyErrors = field(default_factory=KeyErrors)
    kept: list[Mask] = field(default_factory=list)


class LargeLookupError(Exception):
    """The first `rows` rows of the lookup side have `size` bytes, which is more than may be held."""

    def __init__(self, rows: int, size: int) -> None:
        super().__init__(rows, size)
        self.rows, self.size = rows, size


def _read_rows(
    source: Source, on: Sequence[str], projection: Mapping[str, ReadAs], where: Callable[[Batch], Mask] | None,
    match: Sequence[KeyDifference], most: int | None,
) -> _LookupRows:  # fmt: skip
    read = _LookupRows(keys=[GrowingTexts() for _ in on], columns={name: [] for name in projection})
    read_as: dict[str, ReadAs] = {**dict.fromkeys(on, "text"), **projection}
    keys_only = [name for name in on if name not in projection]
    size = 0

    def hashed(batch: Batch) -> tuple[Batch, list[pa.Array], Hashes]:
        texts = batch_keys(batch.without_extra_cells(), on, match)
        return batch, texts, fast_hashes(texts)

    for batch, texts, hashes in stream_in_order(
        hashed, read_batches(source, read_as, keys_only), thread_count(), ahead=1
    ):
        read.hashes.append(hashes)
        without = ~rows_with_key(texts)
        if where is not None:
            read.kept.append(where(batch))
            without &= read.kept[-1]
        read.without_key.add(batch.location, texts, np.flatnonzero(without))
        for held, text in zip(read.keys, texts, strict=True):
            held.add(text)
        size += sum(text.nbytes for text in texts) + batch.data.num_rows * (_ROW_NUMBER + (where is not None))
        for name in projection:
            column = batch.data.column(batch.data.schema.names.index(name))
            read.columns[name].append(column)
            size += column.nbytes
        if most is not None and size > most:
            raise LargeLookupError(read.starts[-1] + batch.data.num_rows, size)
        location = batch.location  # its line_of would keep the text in memory
        before = location.original_index(0) if batch.data.num_rows else 0
        read.locations.append(Location(location.path, location.first_row + before))
        read.starts.append(read.starts[-1] + batch.data.num_rows)
    return read


def read_lookup_side(
    source: Source, on: Sequence[str], projection: Mapping[str, ReadAs], strict: bool, hint: str = DROP_HINT,
    where: Callable[[Batch], Mask] | None = None, match: Sequence[KeyDifference] = (), most: int | None = None,
) -> LookupSide:  # fmt: skip
    """The lookup side of a source. Duplicate keys are an error, and if `strict` rows without a key, too.

    Of rows that `where` does not keep, neither is one; such a row is looked up if no other row has its key. More than
    `most` bytes of keys and columns are a `LargeLookupError`.
    """
    read = _read_rows(source, on, projection, where, match, most)
    if not read.locations:
        raise EmptyError(f"{source_name(source)} has no rows to join", path=source_name(source), code="EMPTY_NO_ROWS")
    if read.without_key.count and strict:
        count = rows(read.without_key.count, "have")
        raise read.without_key.error(f"{count} no key", on[0], hint, code="DATA_UNMATCHED_KEY")
    joined = tuple(held.array() for held in read.keys)
    pa.default_memory_pool().release_unused()  # what reading took
    hashes = np.concatenate(read.hashes)
    read.hashes.clear()
    flags = rows_with_key(joined)
    if not flags.any():
        raise EmptyError(f"no row of {source_name(source)} has a key", path=source_name(source), code="EMPTY_NO_ROWS")
    if flags.all():
        index, ids = KeyIndex.of(joined, hashes)
        filled = ids if len(index) == len(ids) else np.arange(len(ids))
    else:
        filled = np.flatnonzero(flags)
        index, ids = KeyIndex.of([column.take(from_numpy(filled)) for column in joined], hashes[filled])
    del hashes
    kept = np.concatenate(read.kept) if read.kept else None
    lookup = LookupSide(
        index,
        _rows_by_id(ids, filled, len(index), kept),
        joined,
        {name: concatenate(name, parts, source) for name, parts in read.columns.items()},
        tuple(read.locations),
        np.array(read.starts, np.int64),
        read.without_key,
        tuple(on),
        kept,
        tuple(match),
    )
    _refuse_repeats(lookup, ids, filled, on[0])
    return lookup


def _rows_by_id(ids: KeyIds, places: npt.NDArray[np.intp], count: int, kept: Mask | None) -> KeyIds:
    if len(ids) == count:  # no key repeats, so ids are in the order of the rows
        return places
    row_of = np.empty(count, np.int64)
    row_of[ids] = places
    if kept is not None:
        chosen = kept[places]
        row_of[ids[chosen]] = places[chosen]
    return row_of


def _refuse_repeats(lookup: LookupSide, ids: KeyIds, places: npt.NDArray[np.intp], column: str) -> None:
    if len(ids) == len(lookup.index):
        return
    if lookup.kept is not None:
        chosen = lookup.kept[places]
        ids, places = ids[chosen], places[chosen]
        if len(np.unique(ids)) == len(ids):
            return
    order = np.argsort(ids, kind="stable")
    again = np.sort(order[1:][ids[order][1:] == ids[order][:-1]])
    errors = KeyErrors()
    location, at = lookup.location_of(int(places[again[0]]))
    errors.add(location, lookup.keys, places[again])
    errors.first = (location, at)
    raise errors.error(
        f"{rows(len(again), 'repeat')} a key of an earlier row",
        column,
        _once_hint(lookup),
        code="DATA_DUPLICATE_KEY",
    )


def _once_hint(lookup: LookupSide) -> str:
    hint = "each key must occur once" + ("" if lookup.kept is None else " among the rows that --where keeps")
    return hint + (f"; --key-match {','.join(lookup.match)} makes keys alike" if lookup.match else "")


def _numbers_as_text(part: pa.Array) -> pa.Array:
    """Numbers as text that reads back the same, because another part of the column is text."""
    if pa.types.is_decimal(part.type):
        return _as_labels(part)
    return dictionary_strings([None if value is None else repr(value) for value in part.to_pylist()])


def _as_labels(part: pa.Array) -> pa.Array:
    """Dates, times and decimals as the labels that they are, because another part of the column has another type."""
    codes, names = encode(part)
    return pa.DictionaryArray.from_arrays(from_numpy(codes.astype(np.int32), codes >= 0), strings(names))


def own_memory(column: pa.Array) -> pa.Array:
    """The column without the memory of another one that it is a slice of."""
    return pa.concat_arrays([column]) if column.get_total_buffer_size() > column.nbytes else column


def concatenate(name: str, parts: list[pa.Array], source: Source) -> pa.Array:
    """The parts of a column as one array; files may differ in the type of their numbers."""
    if len({part.type for part in parts}) > 1:
        parts = [_as_labels(part) if is_instant(part.type) else part for part in parts]
    kinds = {part.type for part in parts}
    if len(kinds) > 1 and any(pa.types.is_dictionary(kind) for kind in kinds):
        parts = [part if pa.types.is_dictionary(part.type) else _numbers_as_text(part) for part in parts]
        kinds = {part.type for part in parts}
    try:
        if len(kinds) > 1:
            parts = [part.cast(pa.float64()) for part in parts]
        column = pa.chunked_array(parts)
        return (column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        listed = ", ".join(sorted(str(kind) for kind in kinds))
        message = f"the parts of column '{name}' cannot be combined: {listed}: {error}"
        raise DataError(message, path=source_name(source), column=name, code="DATA_WRONG_TYPE") from None

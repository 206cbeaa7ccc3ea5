"""Columns of texts that spell vectors, as columns of lists: one pass of Arrow's parser over all numbers of a batch."""

from __future__ import annotations

import math
import string
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.errors import Location
from losscli.io.arrow.buffers import EXACT, Codes, largest, missing_cells
from losscli.io.arrow.build import from_numpy, lists_of, string_lists, strings
from losscli.io.arrow.decode import check_texts
from losscli.io.arrow.numbers import NumberFormat, quoted
from losscli.io.arrow.spelled_vectors import WRAPPINGS, NotAVectorError, split_cell, unwrapped
from losscli.io.arrow.types import SPELLED_NUMBERS

_TOKEN, _BLANK, _MARK, _OPEN, _CLOSE, _OTHER = range(6)
_LINE, _SPACE = 10, 32

Bytes = NDArray[np.uint8]

_HINTS = {
    "was shortened": "write all numbers: np.set_printoptions(threshold=sys.maxsize), "
    "torch.set_printoptions(profile='full')",
}


def _classes(decimal: str) -> Bytes:
    table = np.full(256, _OTHER, np.uint8)
    words = f"{string.ascii_letters}{string.digits}+-._/<>#{decimal}"
    for letters, kind in ((" \t\r\n", _BLANK), (",;", _MARK), ("[", _OPEN), ("]", _CLOSE), (words, _TOKEN)):
        table[list(letters.encode())] = kind
    return table


def spelled_lists(column: pa.Array, name: str, location: Location, number_format: NumberFormat) -> pa.Array:
    """The lists that a column of texts spells; missing cells are null, and what is no number stays text."""
    check_texts(column, name, location)
    number_format = replace(number_format, thousands=None)  # a vector's elements have no such separators
    if pa.types.is_dictionary(column.type):
        column = column.dictionary.take(column.indices)
    if pa.types.is_large_string(column.type) or not pa.types.is_string(column.type):
        column = strings(column.to_pylist())
    bare = _without_wrapping(column) if len(column) else None  # first, as it sees at once where nothing is wrapped
    found = _plain(column if bare is None else bare, number_format) if len(column) else None
    if found is None and len(column):
        found = _plain(_unwrapped(column), number_format)
    return _by_grammar(column, name, location, number_format) if found is None else found


def _without_wrapping(column: pa.Array) -> pa.Array | None:
    """The texts with blanks for what is written around their brackets, if that is the same in each: `array(`, `)`.

    None if it is not, or is nothing that `unwrapped` removes.
    """
    if column.null_count or missing_cells(column) is not None:
        return None
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
    raw = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    ends = ends - ends[0]
    first = raw[: ends[1]].tobytes()
    before, after = first.partition(b"[")[0], first.rpartition(b"]")[2]
    if not _is_wrapping(before, after) or (np.diff(ends) < len(before) + len(after) + 2).any():
        return None
    bare = raw.copy()
    for text, begins in ((before, ends[:-1]), (after, ends[1:] - len(after))):
        for at, byte in enumerate(text):
            places = begins + at
            if (raw[places] != byte).any():
                return None
            bare[places] = _SPACE
    return pa.Array.from_buffers(
        pa.string(), len(column), [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(bare)]
    )


def _is_wrapping(before: bytes, after: bytes) -> bool:
    """Whether all that stands around a list is what Python writes around one."""
    try:
        return bool(before) and unwrapped(f"{before.decode()}[0 0]{after.decode()}").strip() == "[0 0]"
    except UnicodeDecodeError:
        return False


def _unwrapped(column: pa.Array) -> pa.Array:
    """The texts as `unwrapped` leaves them."""
    import pyarrow.compute as pc

    buffer = column.buffers()[2]
    text = b"" if buffer is None else buffer.to_pybytes()
    for sign, pattern, kept in WRAPPINGS:
        if sign in text:
            column = pc.replace_substring_regex(column, pattern=pattern, replacement=kept)
    return column


def _plain(column: pa.Array, number_format: NumberFormat) -> pa.Array | None:
    """The lists of cells that are spelled in the usual way; None if one of them may not be."""
    missing = missing_cells(column)
    if missing is not None:
        return None if missing.all() else _with_gaps(column, missing, number_format)
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
    if data is None or ends[-1] == ends[0]:
        return None
    raw = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    ends = ends - ends[0]
    kinds = _classes(number_format.decimal)[raw]
    if (kinds == _OTHER).any() or (ends[1:] == ends[:-1]).any():
        return None
    tokens = kinds == _TOKEN
    begins = tokens.copy()
    begins[1:] &= ~tokens[:-1]
    begins[ends[:-1]] |= tokens[ends[:-1]]
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.searchsorted(starts, ends))
    if not _is_regular(raw, kinds, starts, ends, lengths):
        return None
    numbers = _numbers(raw, tokens, ends, len(starts), number_format)
    return None if numbers is None else lists_of(numbers, lengths.tolist())


def _with_gaps(column: pa.Array, missing: NDArray[np.bool_], number_format: NumberFormat) -> pa.Array | None:
    """The lists of the cells that are there, and null in between."""
    found = _plain(column.filter(from_numpy(~missing)), number_format)
    if found is None:
        return None
    places = np.cumsum(~missing) - 1
    return found.take(from_numpy(np.where(missing, 0, places), ~missing))


def _is_regular(raw: Bytes, kinds: Bytes, starts: Codes, ends: Codes, lengths: Codes) -> bool:
    """Whether each cell is one list: in one pair of brackets or in none, its numbers separated in one way."""
    rows = len(lengths)
    opens, closes, marks = (np.flatnonzero(kinds == kind) for kind in (_OPEN, _CLOSE, _MARK))
    if not (lengths > 0).all():
        return False
    if len(opens) or len(closes):
        first, last = starts[np.cumsum(lengths) - lengths], starts[np.cumsum(lengths) - 1]
        if len(opens) != rows or len(closes) != rows:
            return False
        if not ((opens >= ends[:-1]) & (opens < first) & (closes > last) & (closes < ends[1:])).all():
            return False
        outside = marks[:0]
    else:
        outside = marks
        if (lengths < 2).any() or not len(marks) or not (raw[marks] == ord(";")).all():
            return False
    if not len(marks):
        return True
    if len(np.unique(raw[marks])) > 1 or len(marks) != len(starts) - rows:
        return False
    after = np.searchsorted(starts, marks)  # the token behind each mark
    cell = np.repeat(np.arange(rows), lengths)
    if len(outside) and (after[-1] >= len(starts)):
        return False
    inside = (after > 0) & (after < len(starts))
    return bool(inside.all() and (np.diff(after) > 0).all() and (cell[after - 1] == cell[after]).all())


def _numbers(
    raw: Bytes, tokens: NDArray[np.bool_], ends: Codes, count: int, number_format: NumberFormat
) -> pa.Array | None:
    """The numbers of the tokens, as the CSV reader reads cells; None if one of them is not exact, or no number."""
    import pyarrow.csv as csv

    cut = np.where(tokens, raw, np.uint8(_LINE))
    keep = tokens.copy()
    keep[1:] |= tokens[:-1]
    if tokens[ends[1:-1] - 1].any():  # cells without brackets follow one another at once
        cut, keep = (np.insert(array, ends[1:-1], value) for array, value in ((cut, _LINE), (keep, True)))
    text = cut[keep]
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(text)),
            csv.ReadOptions(column_names=["0"], block_size=max(1 << 20, 64), use_threads=False),
            csv.ParseOptions(delimiter="\t", quote_char=False, ignore_empty_lines=True),
            csv.ConvertOptions(column_types={"0": pa.float64()}, null_values=list(number_format.nulls),
                               decimal_point=number_format.decimal),
        )  # fmt: skip
    except pa.ArrowInvalid:
        return None
    found = table.column(0).combine_chunks()
    size = largest(table.column(0).chunks)
    return None if len(found) != count or math.isinf(size) or size >= EXACT else found


def _by_grammar(column: pa.Array, name: str, location: Location, number_format: NumberFormat) -> pa.Array:
    """The lists cell by cell: texts of numbers, of which some may be none."""
    values: list[list[str | None] | None] = []
    for index, cell in enumerate(column.to_pylist()):
        if cell is None or number_format.is_null(cell):
            values.append(None)
            continue
        try:
            values.append([_element(text, number_format) for text in split_cell(cell, number_format, lone=True)])
        except NotAVectorError as flaw:
            hint = next((hint for begin, hint in _HINTS.items() if str(flaw).startswith(begin)), None)
            message = f"the vector {quoted(cell)} {flaw}"
            raise location.error(index, name, message, cell, hint, code="DATA_BAD_CELL") from None
    spelled = string_lists(values)
    return pa.Array.from_buffers(SPELLED_NUMBERS, len(spelled), spelled.buffers()[:2], children=[spelled.values])


def _element(text: str, number_format: NumberFormat) -> str | None:
    if number_format.is_null(text):
        return None
    number = number_format.number(text)
    return text if number is None or math.isinf(number) else repr(number)

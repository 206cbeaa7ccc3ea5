"""Columns of texts that spell sparse vectors, `1:0.25 2:0.75`: one pass of Arrow's parser over all pairs of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from losscli.errors import Location
from losscli.io.arrow.buffers import EXACT, indices, largest, missing_cells, plain_cells
from losscli.io.arrow.build import strings
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import Vectors, check_sound
from losscli.io.arrow.numbers import NumberFormat, quoted
from losscli.io.arrow.spelled_vectors import NotAVectorError, split_pairs

_BLANKS, _COLON, _LINE = b" \t\r\n", ord(":"), ord("\n")


def sparse_vectors(
    column: pa.Array, labels: Sequence[str], name: str, location: Location, number_format: NumberFormat
) -> Vectors:
    """A column of texts such as `1:0.25 2:0.75` as a matrix with a column for each label; what is absent is 0."""
    check_sound(column, name, location)
    number_format = replace(number_format, thousands=None)
    place = {canonical_label(label): at for at, label in enumerate(labels)}
    if pa.types.is_dictionary(column.type):
        column = column.dictionary.take(column.indices)
    found = _plain(column, place, number_format)
    return _by_grammar(column, place, name, location, number_format) if found is None else found


def _plain(column: pa.Array, place: Mapping[str, int], number_format: NumberFormat) -> Vectors | None:
    """The vectors of cells that are spelled in the usual way; None if one of them may not be."""
    if not pa.types.is_string(column.type):
        column = strings(column.to_pylist())
    missing = missing_cells(column)
    _, offsets, data = column.buffers()
    if not len(column) or data is None or (missing is not None and "" not in number_format.nulls):
        return None
    ends = np.frombuffer(offsets, np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
    raw = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    ends = ends - ends[0]
    blank = np.zeros(256, np.bool_)
    blank[list(_BLANKS)] = True
    text = np.where(blank[raw], np.uint8(_LINE), raw)
    filled = text != _LINE
    begins = filled.copy()
    begins[1:] &= ~filled[:-1]
    cells = ends[:-1][ends[:-1] < ends[1:]]
    begins[cells] |= filled[cells]
    starts, colons = np.flatnonzero(begins), np.flatnonzero(text == _COLON)
    if len(colons) != len(starts) or not ((starts < colons) & (colons < np.append(starts[1:], len(text)))).all():
        return None
    counts = np.diff(np.searchsorted(starts, ends))
    if ((counts == 0) if missing is None else (counts == 0) != missing).any():
        return None
    pairs = _pairs(np.insert(text, ends[1:-1], np.uint8(_LINE)).tobytes(), len(starts), number_format)
    if pairs is None:
        return None
    labels, numbers = pairs
    known = np.array([place.get(canonical_label(label), -1) for label in labels.dictionary.to_pylist()], np.int64)
    columns = known[indices(labels)]
    at = np.repeat(np.arange(len(column)) * len(place), counts) + columns
    values, seen = np.zeros(len(column) * len(place)), np.zeros(len(column) * len(place), np.bool_)
    seen[at] = True
    if (columns < 0).any() or np.count_nonzero(seen) != len(at):
        return None
    values[at] = plain_cells(numbers.fill_null(0.0))
    if numbers.null_count:
        missing = np.zeros(len(column), np.bool_) if missing is None else missing
        missing[np.repeat(np.arange(len(column)), counts)[missing_cells(numbers)]] = True
    return Vectors(values.reshape(len(column), len(place)), missing)


def _pairs(text: bytes, count: int, number_format: NumberFormat) -> tuple[pa.Array, pa.Array] | None:
    """The labels and numbers of lines of pairs, as the CSV reader reads cells; None if one is not exact, or no pair."""
    import pyarrow.csv as csv

    try:
        table = csv.read_csv(
            pa.BufferReader(text),
            csv.ReadOptions(column_names=["0", "1"], block_size=len(text) + 1, use_threads=False),
            csv.ParseOptions(delimiter=":", quote_char=False, ignore_empty_lines=True),
            csv.ConvertOptions(column_types={"0": pa.dictionary(pa.int32(), pa.string()), "1": pa.float64()},
                               null_values=list(number_format.nulls), strings_can_be_null=False,
                               decimal_point=number_format.decimal),
        )  # fmt: skip
    except pa.ArrowInvalid:
        return None
    size = largest(table.column(1).chunks)
    if table.num_rows != count or math.isinf(size) or size >= EXACT:
        return None
    return tuple(column.combine_chunks() for column in table.columns)


def _by_grammar(
    column: pa.Array, place: Mapping[str, int], name: str, location: Location, number_format: NumberFormat
) -> Vectors:
    """The vectors cell by cell, with the error about the first that is none."""
    cells = column.to_pylist()
    values, missing = np.zeros((len(cells), len(place))), np.zeros(len(cells), np.bool_)
    for index, cell in enumerate(cells):
        if cell is None or number_format.is_null(cell):
            missing[index] = True
            continue
        try:
            seen = set()
            for label, text in split_pairs(cell, number_format):
                at = place.get(canonical_label(label))
                number = number_format.number(text)
                if at is None:
                    raise NotAVectorError(f"has the unknown label '{label}'")
                if at in seen:
                    raise NotAVectorError(f"has the label '{label}' twice")
                if number_format.is_null(text):
                    missing[index] = True
                elif number is None:
                    raise NotAVectorError(f"has an element that {number_format.flaw(text)}: {quoted(text)}")
                else:
                    values[index, at] = number
                seen.add(at)
        except NotAVectorError as flaw:
            hint = (
                "the labels are those of the first rows; --classes A,B,C names all of them"
                if "unknown" in str(flaw)
                else None
            )
            raise location.error(
                index, name, f"the vector {quoted(cell)} {flaw}", cell, hint, code="DATA_BAD_CELL"
            ) from None
    return Vectors(values, missing if missing.any() else None)

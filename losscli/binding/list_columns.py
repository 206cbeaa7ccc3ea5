"""List columns of one input as its values: matrices, or lists where lengths may differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.labels import labelled_numbers, read_as_labels
from losscli.binding.plan import Input
from losscli.binding.ragged_lists import lists_of
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import missing_cells
from losscli.io.arrow.decode import (
    NumberFormat,
    element_texts,
    ragged_lists,
    ragged_vectors,
    text_lists,
    vectors,
)
from losscli.io.arrow.types import element_type, storage
from losscli.io.arrow.vectors import Ragged, spans

Found = tuple[Array, Array | None]
"""The values of each row, and which rows miss one (None: no row does)."""


def list_values(
    item: Input, column: Any, location: Location, number_format: NumberFormat, width: int | None
) -> tuple[Found, EncodedLabels | None]:
    """The values of a column of lists, which have this width if it is known; and their labels, if they are labels."""
    name = item.columns[0]
    if item.spelled:
        if item.keyed:
            from losscli.io.arrow.sparse_vectors import sparse_vectors

            sparse = sparse_vectors(column, item.labels or (), name, location, number_format)
            return (sparse.values, sparse.missing), None
        from losscli.io.arrow.parse_vectors import spelled_lists

        column = spelled_lists(column, name, location, number_format)
    if item.keyed:
        from losscli.io.arrow.keyed import keyed_vectors

        keyed = keyed_vectors(column, item.labels or (), name, location)
        return (keyed.values, keyed.missing), None
    labelled = read_as_labels(item, element_type(column.type))
    found = ragged_lists(column, name, location) if item.ragged else None
    if found is not None:
        return _ragged_labels(item, found, location) if labelled else (_ragged_numbers(found, name, location), None)
    if not labelled:
        plain = vectors(column, name, location, width)
        return (plain.values, plain.missing), None
    named = EncodedLabels.of(text_lists(column, name, location, width), name).canonical()
    values, missing = labelled_numbers(item, named, location)
    return (values, None if missing is None else np.asarray(missing.any(axis=1))), named


def _ragged_numbers(found: Ragged, name: str, location: Location) -> Found:
    values, gaps = ragged_vectors(found, name, location)
    return lists_of(values, found.offsets), found.missing_with(gaps)


def _ragged_labels(item: Input, found: Ragged, location: Location) -> tuple[Found, EncodedLabels]:
    name = item.columns[0]
    named = EncodedLabels.of(element_texts(found), name).canonical()
    values, gaps = labelled_numbers(item, named, location.take(found.rows))
    by_row = replace(named, codes=lists_of(named.codes, found.offsets))
    return (lists_of(values, found.offsets), found.missing_with(gaps)), by_row


def unjudged_lengths(item: Input, data: Any, rows: Array, location: Location, number_format: NumberFormat) -> Array:
    """How long the lists of some rows are, whatever is in them; what is no list has no elements."""
    column = data.column(item.columns[0])
    if not item.spelled:
        sizes = spans(storage(column))[1] if element_type(column.type) is not None else np.zeros(len(column), np.int64)
        missing = missing_cells(column)
        return (sizes if missing is None else np.where(missing, 0, sizes))[rows]
    from losscli.io.arrow.parse_vectors import spelled_lists

    found = []
    for row in rows.tolist():
        try:
            cell = spelled_lists(column.slice(row, 1), item.columns[0], location, number_format)
        except DataError:
            found.append(0)
        else:
            found.append(0 if cell.null_count else int(spans(cell)[1][0]))
    return np.array(found, np.int64)

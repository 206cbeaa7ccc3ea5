"""Lists whose elements have names, `[{"label": "a", "score": 0.9}, …]`, as vectors in the order of these names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import Codes, Mask, missing_cells
from losscli.io.arrow.build import from_numpy
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import Vectors, check_sound, list_error
from losscli.io.arrow.numbers import PLAIN, decode, quoted, spelling
from losscli.io.arrow.texts import encode
from losscli.io.arrow.types import is_label, is_list, is_number
from losscli.io.arrow.vectors import WIDEST, VectorError, spans

_LABELS = b"labels"


class KeyedFields(NamedTuple):
    """The names of the field with the label of an element, and of that with its number."""

    label: str
    number: str


def keyed_fields(kind: pa.DataType | None) -> KeyedFields | None:
    """The fields of lists of a label and a number each; None if it is another type."""
    if kind is None or not is_list(kind) or not pa.types.is_struct(kind.value_type):
        return None
    fields = [kind.value_type.field(index) for index in range(kind.value_type.num_fields)]
    texts = [field.name for field in fields if is_label(field.type)]
    numbers = [field.name for field in fields if is_number(field.type) and not pa.types.is_boolean(field.type)]
    return KeyedFields(texts[0], numbers[0]) if len(texts) == len(numbers) == 1 else None


def with_labels(kind: pa.DataType, labels: Sequence[str]) -> pa.DataType:
    """The type of such lists whose labels are known."""
    return pa.list_(pa.field("item", kind.value_type, metadata={_LABELS: json.dumps(list(labels)).encode()}))


def labels_of(kind: pa.DataType | None) -> tuple[str, ...] | None:
    """The labels that a type says its lists have; None if it says nothing."""
    found = kind.value_field.metadata if kind is not None and is_list(kind) else None
    return tuple(json.loads(found[_LABELS])) if found and _LABELS in found else None


def labels_in(column: pa.Array) -> list[str]:
    """The labels of a column of such lists."""
    fields = keyed_fields(column.type)
    if fields is None or not len(column):
        return []
    starts, lengths = spans(column)
    inner = column.values.slice(int(starts[0]), int(starts[-1] + lengths[-1] - starts[0]))
    return list(dict.fromkeys(map(canonical_label, encode(inner.field(fields.label))[1])))


def keyed_vectors(column: pa.Array, labels: Sequence[str], name: str, location: Location) -> Vectors:
    """A column of such lists as a matrix with a column for each label; each list has each label once."""
    fields = keyed_fields(column.type)
    if fields is None:
        if column.null_count == len(column):
            return Vectors(np.zeros((len(column), len(labels))), np.ones(len(column), np.bool_))
        raise DataError(
            f"column '{name}' holds {column.type}, but lists of a label and a number each are needed",
            path=location.path, column=name, code="DATA_WRONG_TYPE",
        )  # fmt: skip
    check_sound(column, name, location)
    try:
        return _matrix(column, fields, [canonical_label(label) for label in labels])
    except VectorError as flaw:
        error = list_error(flaw, name, location)
        error.hint = _HINTS.get(flaw.message.partition(" '")[0])
        raise error from None


_UNKNOWN, _LACKS = "has the unknown label", "has no number for the label"
_HINTS = {
    _UNKNOWN: "the classes are those of the first rows; --classes A,B,C names all of them",
    _LACKS: "does its writer keep only the best labels (top_k)? every list needs all of them",
}


def _matrix(column: pa.Array, fields: KeyedFields, labels: list[str]) -> Vectors:
    rows, width = len(column), len(labels)
    if rows and width > WIDEST:
        raise VectorError(0, f"has {width} labels")
    starts, lengths = spans(column)
    missing = missing_cells(column)
    lengths = lengths if missing is None else np.where(missing, 0, lengths)
    of_row = np.repeat(np.arange(rows), lengths)
    cells = _elements(column.values, starts, lengths, of_row)
    if cells.null_count:
        raise VectorError(_first(of_row, missing_cells(cells)), "has an element that is null", "null")
    places = _places(cells.field(fields.label), labels, of_row)
    found = decode(cells.field(fields.number), PLAIN)
    if (index := found.first_bad()) is not None:
        text = spelling(cells[index].as_py()[fields.number])
        raise VectorError(int(of_row[index]), f"has an element that {PLAIN.flaw(text)}: {quoted(text)}", text)
    flat = of_row * width + places
    counts = np.bincount(flat, minlength=rows * width).reshape(rows, width)
    used = counts if missing is None else counts[~missing]
    if used.size and (used != 1).any():
        row = int(np.argmax((counts != 1).any(axis=1) & (True if missing is None else ~missing)))
        label = labels[int(np.argmax(counts[row] != 1))]
        many = counts[row].max() > 1
        label = labels[int(np.argmax(counts[row]))] if many else label
        raise VectorError(row, f"has the label '{label}' twice" if many else f"{_LACKS} '{label}'")
    values = np.zeros(rows * width)
    values[flat] = found.values
    if found.missing is not None:
        missing = np.zeros(rows, np.bool_) if missing is None else missing
        missing[of_row[found.missing]] = True
    return Vectors(values.reshape(rows, width), missing)


def _first(of_row: Codes, flags: Mask | None) -> int:
    return int(of_row[0 if flags is None else int(np.argmax(flags))])


def _places(column: pa.Array, labels: list[str], of_row: Codes) -> Codes:
    """The place of each element's label among the labels."""
    codes, names = encode(column)
    if (codes < 0).any():
        raise VectorError(_first(of_row, codes < 0), "has an element without a label")
    place = {label: at for at, label in enumerate(labels)}
    known = np.array([place.get(canonical_label(name), -1) for name in names] or [-1])
    places = known[codes]
    if (places < 0).any():
        index = int(np.argmax(places < 0))
        raise VectorError(int(of_row[index]), f"{_UNKNOWN} '{names[codes[index]]}'", names[codes[index]])
    return np.asarray(places)


def _elements(inner: pa.Array, starts: Codes, lengths: Codes, of_row: Codes) -> pa.Array:
    """The elements of all lists; nearly always a slice."""
    if not len(of_row):
        return inner.slice(0, 0)
    ends = starts + lengths
    if (starts[1:] == ends[:-1]).all():
        return inner.slice(int(starts[0]), len(of_row))
    before = np.cumsum(lengths) - lengths
    return inner.take(from_numpy(starts[of_row] + np.arange(len(of_row)) - before[of_row]))

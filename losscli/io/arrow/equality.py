"""Comparison of two columns row by row: numbers as doubles, texts in canonical form, lists element by element.

NaN equals NaN and missing equals missing, but NaN is not missing.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from losscli.errors import Location
from losscli.io.arrow.buffers import Floats, Mask
from losscli.io.arrow.canonical import canonical_label, canonical_number
from losscli.io.arrow.decode import check_texts
from losscli.io.arrow.numbers import PLAIN, decode
from losscli.io.arrow.texts import encode
from losscli.io.arrow.types import is_instant, is_number, is_text, is_vector, storage
from losscli.io.arrow.vectors import VectorError, stack
from losscli.lazy import pattern

# Not 007 and not 00.5: a code with leading zeros is not a number, as for keys.
_NUMBER = pattern(
    r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|[+-]?inf(?:inity)?", re.ASCII | re.I
)
_WHOLE = pattern(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_UNKNOWN = -2


def different_rows(
    ours: pa.Array, theirs: pa.Array, name: str, our_location: Location, their_location: Location
) -> Mask:
    """The rows in which two columns of the same length differ."""
    if is_vector(ours.type) and is_vector(theirs.type):
        return _vectors(ours, theirs)
    kinds = [_cell_type(column.type) for column in (ours, theirs)]
    if all(is_number(kind) for kind in kinds):
        ours_as, theirs_as = decode(ours, PLAIN), decode(theirs, PLAIN)
        if not any(cells.bad is not None and cells.bad.any() for cells in (ours_as, theirs_as)):
            return _numbers(ours_as.values, ours_as.missing, theirs_as.values, theirs_as.missing)
    if all(is_number(kind) or is_text(kind) or is_instant(kind) for kind in kinds):
        check_texts(ours, name, our_location)
        check_texts(theirs, name, their_location)
        return _texts(ours, theirs)
    return _cells(ours, theirs)


def cell_text(column: pa.Array, row: int) -> str:
    """A cell as text for messages."""
    cell = column[row].as_py()
    if cell is None or cell == "":
        return "missing"
    if isinstance(cell, float):
        return repr(cell).removesuffix(".0")
    text = f"'{cell}'" if isinstance(cell, str) else str(cell)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _cell_type(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _numbers(ours: Floats, ours_missing: Mask | None, theirs: Floats, theirs_missing: Mask | None) -> Mask:
    """The rows that differ, for numbers or rows of a matrix; values under missing cells are ignored."""
    differ = (ours != theirs) & ~(np.isnan(ours) & np.isnan(theirs))
    differ = differ if differ.ndim == 1 else differ.any(axis=1)
    if ours_missing is None and theirs_missing is None:
        return np.asarray(differ)
    none = np.zeros(len(differ), np.bool_)
    ours_missing, theirs_missing = (none if missing is None else missing for missing in (ours_missing, theirs_missing))
    return np.asarray(np.where(ours_missing | theirs_missing, ours_missing != theirs_missing, differ))


def _vectors(ours: pa.Array, theirs: pa.Array) -> Mask:
    try:
        some, missing = stack(storage(ours), None)
        others, others_missing = stack(storage(theirs), None)
    except VectorError:  # lists of different lengths: decoding them as vectors raises the error
        return _cells(storage(ours), storage(theirs))
    if some.shape[1] != others.shape[1]:
        both = [np.zeros(len(some), np.bool_) if mask is None else mask for mask in (missing, others_missing)]
        return ~(both[0] & both[1])
    return _numbers(some, missing, others, others_missing)


def _texts(ours: pa.Array, theirs: pa.Array) -> Mask:
    codes, names = encode(ours)
    other_codes, other_names = encode(theirs)
    index = {name: at for at, name in enumerate(names)}
    # The last entry is for -1, missing in both columns.
    known = np.array([*(index.get(name, _UNKNOWN) for name in other_names), -1])
    differ = codes != known[other_codes]
    if differ.any():  # most texts are spelled alike, so only the others are parsed
        forms, other_forms = [*map(_form, names), None], [*map(_form, other_names), None]
        rows = np.flatnonzero(differ)
        pairs = zip(codes[rows].tolist(), other_codes[rows].tolist(), strict=True)
        differ[rows] = [forms[code] != other_forms[other] for code, other in pairs]
    return np.asarray(differ)


def _form(name: str) -> str:
    """The canonical form of a text: 0.50 is 0.5, 1e3 is 1000, True is true; integers of any size are unchanged."""
    text = canonical_label(name)
    if _WHOLE.fullmatch(text) or not _NUMBER.fullmatch(text):
        return text
    return canonical_number(float(text))


def _cells(ours: pa.Array, theirs: pa.Array) -> Mask:
    """The rows that differ, for other types: compared as Python objects."""
    pairs = zip(ours.to_pylist(), theirs.to_pylist(), strict=True)
    return np.array([not (some == other or (some != some and other != other)) for some, other in pairs], np.bool_)

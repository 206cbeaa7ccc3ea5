"""Keys of a join: key columns of any type as labels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import DataError
from losscli.io.arrow.buffers import plain_cells
from losscli.io.arrow.build import from_numpy, present, strings
from losscli.io.arrow.canonical import canonical_label, canonical_number
from losscli.io.arrow.texts import encode, spelled
from losscli.io.arrow.types import is_instant, is_text
from losscli.io.join.key_index import KeyIds

# The first and the last bytes of texts that may be no canonical labels: numbers with a point, -0, and booleans.
_FIRST = np.isin(np.arange(256), np.frombuffer(b"+-0123456789TF", np.uint8))
_LAST = np.isin(np.arange(256), np.frombuffer(b".0eE", np.uint8))
_DIGIT = np.isin(np.arange(256), np.frombuffer(b"0123456789", np.uint8))
# The bytes that are alike in all dates with a time, and the fewest that such a text has.
_DATE_AND_TIME = {4: b"-", 7: b"-", 10: b" T", 13: b":"}
_DIGITS_OF_TIME = (11, 12, 14, 15, 17, 18)
_SHORTEST_TIME = len("2024-01-31 13:45")
_NOT_CANONICAL = r"^(?:-0|[+-]?[0-9]+\.0*|True|TRUE|False|FALSE)$"


def key_texts(array: pa.Array, column: str, path: str) -> pa.Array:
    """A key column as labels in canonical form. Null, empty text and NaN become null and match nothing."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        texts = key_texts(array.dictionary, column, path)
        return texts.take(array.indices)
    if pa.types.is_floating(kind):
        coded = array.dictionary_encode()
        return _large(strings(_spelled_floats(coded.dictionary))).take(coded.indices)
    if is_instant(kind) or pa.types.is_decimal(kind):
        codes, names = encode(array)
        return _large(strings(names)).take(from_numpy(codes, codes >= 0))
    try:
        if not (pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            texts = without_empty(_large(array))
            return _canonical_times(_canonical(texts)) if is_text(kind) else texts
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # it cannot be cast to text, or is not valid text
        pass
    raise DataError(
        f"column '{column}' holds {kind}, which cannot be a key", path=path, column=column, code="DATA_WRONG_TYPE"
    )


def _large(array: pa.Array) -> pa.Array:
    """The array with 64-bit offsets: the keys of a file may be more than 2 GB of text."""
    if pa.types.is_large_string(array.type):
        return array
    if not pa.types.is_string(array.type) or not len(array) or (array.offset and array.null_count):
        return array.cast(pa.large_string())
    valid, offsets, data = array.buffers()  # put together here, as `cast` imports pyarrow.compute
    ends = np.frombuffer(offsets, np.int32, len(array) + 1, array.offset * 4).astype(np.int64)
    valid = valid if array.null_count else None
    return pa.Array.from_buffers(pa.large_string(), len(array), [valid, pa.py_buffer(ends), data])


def _spelled_floats(cells: pa.Array) -> list[str | None]:
    """The label of each number, None for NaN. A float32 has the digits that tell it from other float32: 0.1."""
    if pa.types.is_float64(cells.type):  # twice as fast, and most keys are distinct
        return [None if value != value else canonical_number(value) for value in cells.to_pylist()]
    return [None if name == "nan" else name for name in spelled(plain_cells(cells))]


def _ends(texts: pa.Array) -> KeyIds:
    """Where each text begins in the bytes of all, and where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]


def _bytes(texts: pa.Array) -> npt.NDArray[np.uint8]:
    data = texts.buffers()[2]
    return np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)


def _first_bytes(ends: KeyIds, data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The first byte of each text; any byte where it has none."""
    if not len(data):
        return np.zeros(len(ends) - 1, np.uint8)
    found: npt.NDArray[np.uint8] = data[np.minimum(ends[:-1], len(data) - 1)]
    return found


def without_empty(texts: pa.Array) -> pa.Array:
    """The texts with null in place of empty ones."""
    if not len(texts):
        return texts
    ends = _ends(texts)
    empty = ends[1:] == ends[:-1]
    if not empty.any():
        return texts
    keep = from_numpy(np.arange(len(texts), dtype=np.int64), ~empty & present(texts))
    return texts.take(keep)


def _canonical(texts: pa.Array) -> pa.Array:
    """The texts with 1.0 as 1 and True as true, as slices and classes have them."""
    ends, data = _ends(texts), _bytes(texts)
    places = np.flatnonzero(_FIRST[_first_bytes(ends, data)])
    places = places[ends[places + 1] > ends[places]]
    places = places[_LAST[data[ends[places + 1] - 1]]]
    if not len(places):
        return texts
    import pyarrow.compute as pc

    some = texts.take(from_numpy(places))
    other = pc.match_substring_regex(some, pattern=_NOT_CANONICAL).to_numpy(zero_copy_only=False)
    places = places[other.astype(np.bool_) & present(some)]
    if not len(places):
        return texts
    changed = np.zeros(len(texts), np.bool_)
    changed[places] = True
    labels = [canonical_label(text) for text in texts.take(from_numpy(places)).to_pylist()]
    return pc.replace_with_mask(texts, from_numpy(changed), _large(strings(labels)))


def _canonical_times(texts: pa.Array) -> pa.Array:
    """The texts with 2024-01-31T00:00:00 as 2024-01-31, as typed dates and times have them."""
    ends, data = _ends(texts), _bytes(texts)
    places = np.flatnonzero(_DIGIT[_first_bytes(ends, data)])
    places = places[ends[places + 1] - ends[places] >= _SHORTEST_TIME]
    if not len(places):
        return texts
    places = places[present(texts)[places]]
    for at, bytes_of in _DATE_AND_TIME.items():
        found = data[ends[places] + at]
        places = places[reduce(np.logical_or, (found == byte for byte in bytes_of))]
    places = places[~_plain_times(data, ends[places], ends[places + 1])]
    if not len(places):
        return texts
    import pyarrow.compute as pc

    times = np.zeros(len(texts), np.bool_)
    times[places] = True
    coded = texts.take(from_numpy(places)).dictionary_encode()
    forms = _large(strings([canonical_label(text) for text in coded.dictionary.to_pylist()]))
    return pc.replace_with_mask(texts, from_numpy(times), forms.take(coded.indices))


def _plain_times(data: npt.NDArray[np.uint8], starts: KeyIds, ends: KeyIds) -> npt.NDArray[np.bool_]:
    """Which dates with a time are surely canonical: 2024-01-31 13:45:00, the most usual form, and not midnight."""
    plain = ends - starts == len("2024-01-31 13:45:00")
    first = starts[plain]
    late = reduce(np.logical_or, (data[first + at] != ord("0") for at in _DIGITS_OF_TIME))
    plain[plain] = (data[first + 10] == ord(" ")) & (data[first + 16] == ord(":")) & late
    return np.asarray(plain)


def rows_with_key(columns: Sequence[pa.Array]) -> npt.NDArray[np.bool_]:
    """The rows whose key columns are all present."""
    flags = present(columns[0])
    for column in columns[1:]:
        flags = flags & present(column)
    return flags


def key_text(columns: Sequence[pa.Array], row: int) -> str:
    """One key as text for messages."""
    return ", ".join(str(column[row].as_py() or "") for column in columns)

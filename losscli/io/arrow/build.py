"""Arrow arrays built from Python and NumPy values through buffers, because pa.array() would import pandas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bools = npt.NDArray[np.bool_]


def bits(flags: Bools) -> pa.Buffer:
    """Booleans as a bitmap of Arrow."""
    return pa.py_buffer(np.packbits(flags, bitorder="little"))


def validity(flags: Bools) -> pa.Buffer | None:
    """The validity bitmap; None if all values are present."""
    return None if flags.all() else bits(flags)


def unpack(buffer: pa.Buffer | None, offset: int, count: int) -> Bools:
    """The booleans of a bitmap; without a bitmap all are True."""
    if buffer is None:
        return np.ones(count, dtype=np.bool_)
    whole = np.unpackbits(np.frombuffer(buffer, dtype=np.uint8), count=offset + count, bitorder="little")
    return whole[offset:].astype(np.bool_)


def present(array: pa.Array) -> Bools:
    """Which values of an array are not null."""
    if array.null_count == 0:
        return np.ones(len(array), dtype=np.bool_)
    return unpack(array.buffers()[0], array.offset, len(array))


def from_numpy(values: npt.NDArray[np.generic], valid: Bools | None = None) -> pa.Array:
    """An array of numbers over the same memory, or of booleans, which are packed."""
    mask = None if valid is None else validity(valid)
    if values.dtype == np.bool_:
        return pa.Array.from_buffers(pa.bool_(), len(values), [mask, bits(values.astype(np.bool_))])
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    return pa.Array.from_buffers(_NUMBERS[native.dtype.name], len(native), [mask, pa.py_buffer(native)])


_NUMBERS = {
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
}


def holds_numbers(dtype: np.dtype[np.generic]) -> bool:
    """Whether `from_numpy` supports this type."""
    return dtype == np.bool_ or dtype.newbyteorder("=").name in _NUMBERS


def floats(values: Sequence[float | None]) -> pa.Array:
    """A float64 array; None becomes null."""
    data = np.array([0.0 if value is None else value for value in values], dtype=np.float64)
    valid = np.array([value is not None for value in values], dtype=np.bool_)
    return from_numpy(data, valid)


def strings(values: Sequence[str | None]) -> pa.Array:
    """A string array; None becomes null."""
    texts = ["" if value is None else value for value in values]
    data = "".join(texts).encode()
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    sizes = map(len, texts if data.isascii() else map(str.encode, texts))
    np.cumsum(np.fromiter(sizes, np.int64, len(texts)), out=ends[1:])
    valid = np.fromiter((value is not None for value in values), np.bool_, len(texts)) if None in values else None
    small = ends[-1] < 2**31
    kind, offsets = (pa.string(), ends.astype(np.int32)) if small else (pa.large_string(), ends)
    buffers = [valid if valid is None else validity(valid), pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(kind, len(texts), buffers)


def dictionary_strings(values: Sequence[str | None]) -> pa.Array:
    """A dictionary array of texts, as the CSV reader returns."""
    known: dict[str, int] = {}
    codes = np.array([0 if v is None else known.setdefault(v, len(known)) for v in values], dtype=np.int32)
    valid = np.array([value is not None for value in values], dtype=np.bool_)
    return pa.DictionaryArray.from_arrays(from_numpy(codes, valid), strings(list(known)))


def repeated(value: str | None, count: int) -> pa.Array:
    """A dictionary array with the same text in every row."""
    codes = from_numpy(np.zeros(count, dtype=np.int32), np.full(count, value is not None))
    return pa.DictionaryArray.from_arrays(codes, strings([value or ""]))


def lists(values: Sequence[Sequence[float | None] | None]) -> pa.Array:
    """A list array of float64; None becomes a null list."""
    flat = floats([item for value in values if value is not None for item in value])
    return lists_of(flat, [None if value is None else len(value) for value in values])


def string_lists(values: Sequence[Sequence[str | None] | None]) -> pa.Array:
    """A list array of texts; None becomes a null list."""
    flat = strings([item for value in values if value is not None for item in value])
    return lists_of(flat, [None if value is None else len(value) for value in values])


def lists_of(elements: pa.Array, lengths: Sequence[int | None]) -> pa.Array:
    """A list array of consecutive elements; a length of None is a null list."""
    ends = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum([length or 0 for length in lengths], out=ends[1:])
    valid = np.array([length is not None for length in lengths], dtype=np.bool_)
    small = ends[-1] < 2**31
    kind = pa.list_(elements.type) if small else pa.large_list(elements.type)
    buffers = [validity(valid), pa.py_buffer(ends.astype(np.int32) if small else ends)]
    return pa.Array.from_buffers(kind, len(lengths), buffers, children=[elements])


def vectors(values: npt.NDArray[np.generic]) -> pa.Array:
    """The rows of a matrix as a column of vectors, over the same memory if it is contiguous."""
    count, width = values.shape
    flat = from_numpy(np.ascontiguousarray(values).reshape(-1))
    return pa.Array.from_buffers(pa.list_(flat.type, width), count, [None], children=[flat])

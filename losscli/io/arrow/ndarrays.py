"""NumPy arrays of files as columns: which Arrow type each has, and its values; why others are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import DataError
from losscli.io.arrow.build import bits, from_numpy, holds_numbers, strings

Values = npt.NDArray[Any]

PICKLE_HINT = (
    "losscli loads no pickle: write it again without objects, numpy.save(FILE, numpy.array(values.tolist()), "
    "allow_pickle=False)"
)
_TIME_UNITS = {"s": "s", "ms": "ms", "us": "us", "ns": "ns"}
_COARSE_UNITS = {"Y", "M", "W", "h", "m"}  # Arrow has seconds at the coarsest, and days


def column_type(dtype: np.dtype[Any], shape: tuple[int, ...]) -> pa.DataType:
    """The type of a column whose rows have this shape: one value, or a vector of them. A refusal is a ValueError."""
    if len(shape) > 1:
        size = "×".join(map(str, shape))
        raise ValueError(f"each of its rows has the shape {size}, which is neither a value nor a vector")
    if shape and not shape[0]:
        raise ValueError("its rows are empty vectors")
    kind = _value_type(dtype)
    if not shape or shape == (1,):
        return kind
    if dtype.kind == "M":
        raise ValueError("vectors of dates are not supported")
    return pa.list_(kind, shape[0]) if holds_numbers(dtype) else pa.list_(kind)


def _value_type(dtype: np.dtype[Any]) -> pa.DataType:
    if holds_numbers(dtype):
        return from_numpy(np.empty(0, dtype)).type
    if dtype.kind in "US":
        return pa.string()
    if dtype.kind == "M":
        unit, step = np.datetime_data(dtype)
        if unit == "D" and step == 1:
            return pa.date32()
        if (unit in _TIME_UNITS and step == 1) or unit in _COARSE_UNITS:
            return pa.timestamp(_TIME_UNITS.get(unit, "s"))
    raise ValueError(_REASONS.get(dtype.kind, f"values of type {dtype} are not supported"))


_REASONS = {
    "O": "it holds Python objects, which are stored as a pickle, and that could run code",
    "c": "complex numbers are not supported",
    "m": "durations are no numbers: divide them by numpy.timedelta64(1, 's') first",
    "V": "its values are raw bytes without a type (bfloat16 is stored so): convert it with .astype('float32') first",
    "f": "its floats are wider than float64: convert it with .astype('float64') first",
}


def column(values: Values, kind: pa.DataType, path: str, name: str, first_row: int) -> pa.Array:
    """The rows as a column of this type; texts that are no Unicode are a DataError."""
    if values.ndim == 1 or values.shape[1] == 1:
        return _flat(values.reshape(-1), path, name, first_row, 1)
    flat = _flat(np.ascontiguousarray(values).reshape(-1), path, name, first_row, values.shape[1])
    if pa.types.is_fixed_size_list(kind):
        return pa.Array.from_buffers(kind, len(values), [None], children=[flat])
    ends = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
    return pa.Array.from_buffers(pa.list_(flat.type), len(values), [None, pa.py_buffer(ends)], children=[flat])


def _flat(values: Values, path: str, name: str, first_row: int, width: int) -> pa.Array:
    if holds_numbers(values.dtype):
        return from_numpy(values)
    if values.dtype.kind == "M":
        return _times(values)
    try:
        return _ascii(values) or _texts(values)
    except UnicodeError:
        at = next(at for at, value in enumerate(values.tolist()) if not _is_text(value))
        raise DataError(f"column '{name}' has a text that is not Unicode", path=path, row=first_row + at // width,
                        column=name, code="DATA_ENCODING") from None  # fmt: skip


def _times(values: Values) -> pa.Array:
    unit, step = np.datetime_data(values.dtype)
    days = unit == "D" and step == 1
    known = unit in _TIME_UNITS and step == 1
    native = values.astype(f"datetime64[{unit if days or known else 's'}]")
    gone = np.isnat(native)
    numbers = np.ascontiguousarray(native).view(np.int64)
    kind = pa.date32() if days else pa.timestamp(_TIME_UNITS.get(unit, "s"))
    if days:
        numbers = np.where(gone, 0, numbers).astype(np.int32)
    return pa.Array.from_buffers(kind, len(values), [bits(~gone) if gone.any() else None, pa.py_buffer(numbers)])


def _ascii(values: Values) -> pa.Array | None:
    """Texts of ASCII alone, as columns of characters; None if there are others. Zeros at the end are no characters."""
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    size = native.dtype.itemsize // (4 if native.dtype.kind == "U" else 1)
    if not size or not len(native):
        return strings([""] * len(native))
    codes = native.view(np.uint32 if native.dtype.kind == "U" else np.uint8).reshape(len(native), size)
    if codes.max() > 127:
        return None
    lengths = size - np.argmax(codes[:, ::-1] != 0, axis=1)
    lengths[~codes.any(axis=1)] = 0
    ends = np.zeros(len(native) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    data = codes.astype(np.uint8)[np.arange(size) < lengths[:, None]]
    return pa.Array.from_buffers(pa.string(), len(native), [None, pa.py_buffer(ends), pa.py_buffer(data)])


def _texts(values: Values) -> pa.Array:
    listed = values.tolist()
    return strings([value.decode() if isinstance(value, bytes) else value for value in listed])


def _is_text(value: Any) -> bool:
    try:
        _ = value.decode() if isinstance(value, bytes) else value.encode()
    except UnicodeError:
        return False
    return True

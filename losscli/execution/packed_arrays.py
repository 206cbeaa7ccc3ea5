"""Arrays in a JSON document: the bytes of each, compressed with Zstandard, as base64 text.

Those of NumPy hold numbers or booleans, those of Arrow texts.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from losscli.io.arrow.json_texts import is_array, texts_of_json

_KINDS = {"b": "|b1", "i": "<i8", "f": "<f8"}
_DTYPES = ("|b1", "<i4", "<i8", "<f8")
_TEXTS = "text"
_MOST_BYTES = 1 << 32  # of one array: a damaged file must not take all memory
_PIECE = 1 << 20  # bytes that are decompressed at a time


def packed(value: Any) -> Any:
    """Plain values with arrays among them, as JSON can hold them."""
    if isinstance(value, np.ndarray) or is_array(value):
        return _array_out(value)
    if isinstance(value, dict):
        return {name: packed(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [packed(item) for item in value]
    return value


def unpacked(value: Any) -> Any:
    """What `packed` was given; a ValueError where it is not of `packed`."""
    if isinstance(value, dict):
        return _array_in(value) if "zstd" in value else {name: unpacked(item) for name, item in value.items()}
    return [unpacked(item) for item in value] if isinstance(value, list) else value


def same(one: Any, other: Any) -> bool:
    """Whether two values with arrays are alike, also in the types of numbers: 1, 1.0 and true differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        bits = one.view(np.int64) if one.dtype == np.float64 else one
        return one.dtype == other.dtype and np.array_equal(bits, other.view(bits.dtype))
    if is_array(one):
        return bool(one.equals(other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(item, other[name]) for name, item in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def _array_out(array: Any) -> dict[str, str]:
    import pyarrow as pa

    if is_array(array):
        dtype, raw = _TEXTS, json.dumps(array.to_pylist()).encode()
    else:
        dtype = "<i4" if array.dtype == np.int32 else _KINDS[array.dtype.kind]
        raw = np.ascontiguousarray(array, dtype).tobytes()
    compressed = pa.Codec("zstd").compress(raw, asbytes=True)
    return {"dtype": dtype, "zstd": base64.b64encode(compressed).decode()}


def _array_in(given: dict[str, Any]) -> Any:
    import pyarrow as pa

    dtype, text = given["dtype"], given["zstd"]
    if len(given) > 2 or dtype not in (*_DTYPES, _TEXTS) or not isinstance(text, str) or not text:
        raise ValueError("an array")
    raw = bytearray()
    with pa.CompressedInputStream(pa.BufferReader(base64.b64decode(text, validate=True)), "zstd") as stream:
        while piece := stream.read(_PIECE):  # memory is reserved for all that is asked for, however little there is
            raw += piece
            if len(raw) > _MOST_BYTES:
                raise ValueError("an array is too large")
    return texts_of_json(bytes(raw)) if dtype == _TEXTS else np.frombuffer(raw, dtype)

"""The header of an array as NumPy writes it (.npy): type, order and shape, read without evaluating anything of it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from losscli.errors import DataError
from losscli.lazy import dataclass

MAGIC = b"\x93NUMPY"

_LENGTHS = {1: 2, 2: 4, 3: 4}  # major version -> the bytes that hold the length of the header
_LONGEST = 1 << 20  # of a header; NumPy's own limit is lower, but some have thousands of fields
_KEYS = {"descr", "fortran_order", "shape"}


@dataclass(frozen=True)
class Header:
    """What the header says, and at which byte the values begin."""

    dtype: np.dtype[Any]
    fortran: bool
    shape: tuple[int, ...]
    offset: int

    @property
    def nbytes(self) -> int:
        """The bytes of all values."""
        count = self.dtype.itemsize
        for length in self.shape:
            count *= length
        return count


def read_header(read: Callable[[int], bytes], path: str) -> Header:
    """The header at the start of an array; `read` returns the next bytes, fewer only at the end.

    References
    ----------
    .. [1] NumPy, "A simple file format for NumPy arrays" (NEP 1), versions 1.0, 2.0 and 3.0.
    """
    start = read(8)
    if not start.startswith(MAGIC) or len(start) < 8:
        raise _damaged("it does not begin as one", path)
    width = _LENGTHS.get(start[6])
    if width is None:
        raise DataError(f"version {start[6]}.{start[7]} of NumPy's file format is not known", path=path,
                        hint="write it again with numpy.save", code="DATA_WRONG_FORMAT")  # fmt: skip
    length = int.from_bytes(read(width), "little")
    if length > _LONGEST:
        raise _damaged(f"its header would have {length:,} bytes", path)
    text = read(length)
    if len(text) < length:
        raise _damaged("its header is cut off", path)
    fields = _fields(text.decode("utf-8" if start[6] == 3 else "latin-1", errors="replace"), path)
    return Header(_dtype(fields["descr"], path), fields["fortran_order"], fields["shape"], 8 + width + length)


def _fields(text: str, path: str) -> dict[str, Any]:
    try:
        found = ast.literal_eval(text.strip())  # literals only: no name or call is looked up
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise _damaged("its header cannot be read", path) from None
    if not isinstance(found, dict) or set(found) != _KEYS:
        raise _damaged("its header lacks descr, fortran_order or shape", path)
    shape = found["shape"]
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise _damaged("its shape cannot be read", path)
    if not isinstance(found["fortran_order"], bool):
        raise _damaged("its order cannot be read", path)
    return found


def _dtype(descr: Any, path: str) -> np.dtype[Any]:
    try:
        return np.lib.format.descr_to_dtype(descr)
    except Exception:  # NumPy raises many kinds, and the text is whatever the file holds
        raise _damaged("its type cannot be read", path) from None


def _damaged(why: str, path: str) -> DataError:
    return DataError(f"damaged NumPy array: {why}", path=path, code="DATA_CORRUPT_FILE")

"""Arrow columns as texts: a code per row, and the distinct texts in canonical form."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.buffers import (
    EXACT,
    Codes,
    decimal_bits,
    decimal_value,
    indices,
    missing_cells,
    plain_cells,
    unscaled_value,
)
from losscli.io.arrow.canonical import canonical_number, spelled_instant
from losscli.io.arrow.types import is_instant, is_text

_Cell = TypeVar("_Cell")

# Below this many rows a Python loop is faster than the 50 ms of importing pyarrow.compute.
_MANY = 32_768
_HEAD = 1 << 14  # rows that are looked at before all are
_FEW = 1024  # distinct numbers that are first looked for among as many rows


def encode(array: pa.Array) -> tuple[Codes, list[str]]:
    """Codes and names; some names may be used by no cell."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _encode_dictionary(array)
    if pa.types.is_null(kind):
        return np.full(len(array), -1), []
    if is_text(kind):
        return _encode_text(array)
    missing = missing_cells(array)
    if pa.types.is_decimal(kind):
        codes, names = _encode_decimals(array)
        return (codes if missing is None else np.where(missing, -1, codes)), names
    if is_instant(kind):
        cells = array.view(pa.int32() if pa.types.is_date32(kind) else pa.int64())
        cells = plain_cells(cells)
        codes, whole = first_seen(cells if missing is None else cells[~missing])
        names = _spelled_instants(whole, kind)
    else:
        cells = plain_cells(array)
        codes, names = _encode_plain(cells if missing is None else cells[~missing])
    if missing is None:
        return codes, names
    every = np.full(len(array), -1)
    every[~missing] = codes
    return every, names


def _encode_dictionary(array: pa.Array) -> tuple[Codes, list[str]]:
    codes, entries = indices(array), array.dictionary
    if len(entries) > max(len(array), _MANY):  # a batch of a long file: only the entries in use are decoded
        used, codes = np.unique(codes, return_inverse=True)
        used, codes = (used[1:], codes - 1) if used.size and used[0] < 0 else (used, codes)
        entries = entries.take(pa.Array.from_buffers(pa.int64(), len(used), [None, pa.py_buffer(used)]))
    inner, names = encode(entries)
    # As many names as entries means that each entry is its own name, at its own index.
    return (codes if len(names) == len(inner) else np.append(inner, -1)[codes]), names


def _encode_text(array: pa.Array) -> tuple[Codes, list[str]]:
    if pa.types.is_string_view(array.type):
        return _hashed(array.to_pylist())
    if len(array) >= _MANY:
        encoded = array.dictionary_encode()
        inner, found = _hashed(_spellings(encoded.dictionary))
        codes = np.append(inner, -1)[indices(encoded)]
    else:
        codes, found = _hashed(_spellings(array))
    missing = missing_cells(array)
    return (codes if missing is None else np.where(missing, -1, codes)), [text.decode() for text in found]


def _spellings(array: pa.Array) -> list[bytes]:
    """The bytes of each text; faster than `to_pylist`, which in older Arrow goes one scalar at a time."""
    if not len(array):
        return []
    cell = np.dtype(np.int64 if pa.types.is_large_string(array.type) else np.int32)
    _, offsets, buffer = array.buffers()
    ends = np.frombuffer(offsets, cell, len(array) + 1, array.offset * cell.itemsize)
    first, last = int(ends[0]), int(ends[-1])
    data = buffer.slice(first, last - first).to_pybytes() if last > first else b""
    return [data[i:j] for i, j in pairwise((ends - ends[0]).tolist())]


def _hashed(cells: Iterable[_Cell]) -> tuple[Codes, list[_Cell]]:
    """Each cell as its index among the distinct ones, in order of first appearance; -1 for missing."""
    seen: dict[Any, int] = {None: -1, "": -1, b"": -1}
    ahead = len(seen)
    codes = np.array([seen.setdefault(cell, len(seen) - ahead) for cell in cells], np.int64)
    return codes, list(seen)[ahead:]


def _encode_plain(cells: NDArray[Any]) -> tuple[Codes, list[str]]:
    if cells.dtype == np.bool_:
        codes, values = first_seen(cells.astype(np.int64))
        return codes, ["true" if value else "false" for value in values]
    if cells.dtype.kind != "f":
        codes, values = first_seen(cells)
        return codes, [str(value) for value in values]
    with np.errstate(invalid="ignore"):  # a signalling NaN raises a flag in any comparison
        if (np.abs(cells) < min(EXACT, float(np.finfo(cells.dtype).max))).all() and (cells == np.trunc(cells)).all():
            return _encode_plain(cells.astype(np.int64))
        found, first, inverse = np.unique(cells, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[inverse], [canonical_number(value) for value in found[order]]


def _spelled_instants(whole: list[int], kind: pa.DataType) -> list[str]:
    """The canonical text of each date or time, which are counted in the unit of the column since 1970."""
    unit = "D" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
    moments = np.array(whole, np.int64).view(f"datetime64[{unit}]")
    seconds = moments.astype("datetime64[s]")
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    shown = (text.replace("T", " ") for text in np.datetime_as_string(seconds).tolist())
    if unit in ("D", "s"):
        return [spelled_instant(text, "", zoned) for text in shown]
    digits = {"ms": 3, "us": 6, "ns": 9}[unit]
    fractions = (np.array(whole, np.int64) % 10**digits).tolist()
    return [
        spelled_instant(text, f"{fraction:0{digits}d}".rstrip("0") if fraction else "", zoned)
        for text, fraction in zip(shown, fractions, strict=True)
    ]


def spelled(cells: NDArray[Any]) -> list[str]:
    """The text of each number."""
    codes, names = _encode_plain(cells)
    return [names[code] for code in codes.tolist()]


def first_seen(whole: NDArray[Any]) -> tuple[Codes, list[int]]:
    """Each number as its index among the distinct ones, in order of first appearance."""
    if not whole.size:
        return np.zeros(0, np.int64), []
    low, span = int(whole.min()), int(whole.max()) - int(whole.min()) + 1
    if span > 4 * whole.size + 1024:
        found, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return np.argsort(order)[inverse], [int(value) for value in found[order]]
    # A small range of integers, such as classes: a table instead of a sort is ten times as fast.
    places = (whole - np.uint64(low)).astype(np.int64) if whole.dtype == np.uint64 else whole.astype(np.int64) - low
    if span <= _FEW:
        # Mostly all of them are among the first rows.
        head, at = np.unique(places[:_FEW], return_index=True)
        if head.size == np.count_nonzero(np.bincount(places, minlength=span)):
            order = head[np.argsort(at)]
            codes = np.empty(span, np.int64)
            codes[order] = np.arange(order.size)
            return codes[places], [low + int(place) for place in order]
    first = np.full(span, whole.size)
    first[places[::-1]] = np.arange(whole.size)[::-1]  # of equal indices the last assignment wins
    order = np.argsort(first)[: int((first < whole.size).sum())]
    codes = np.empty(span, np.int64)
    codes[order] = np.arange(order.size)
    return codes[places], [low + int(place) for place in order]


def _encode_decimals(array: pa.Array) -> tuple[Codes, list[str]]:
    """Codes and texts without trailing zeros: 1.50 and 1.5 are the same class."""
    raw, low, fits = decimal_bits(array)
    codes, wholes = first_seen(low) if fits.all() else _hashed(unscaled_value(cell) for cell in raw)
    shown = (format(decimal_value(int(whole), array.type.scale), "f") for whole in wholes)
    return codes, [text.rstrip("0").rstrip(".") if "." in text else text for text in shown]


def without_unused(codes: Codes, names: list[str]) -> tuple[Codes, tuple[str, ...]]:
    """The codes renumbered for the names that some cell uses."""
    if not names:
        return codes, ()
    head = np.zeros(len(names) + 1, np.bool_)
    head[codes[:_HEAD]] = True
    if head[:-1].all():
        return codes, tuple(names)  # nearly always: some names, each of which is among the first rows
    used = np.bincount(codes + 1, minlength=len(names) + 1)[1:] > 0
    if used.all():
        return codes, tuple(names)
    renumbered = np.append(np.cumsum(used) - 1, -1)
    return renumbered[codes], tuple(name for name, keep in zip(names, used, strict=True) if keep)

"""Arrow columns as NumPy arrays: exact, without pandas, and without copying a plain float64 column.

Buffers are read directly, because `to_numpy`, `pa.array` and their like import pandas (a third of a second).
Missing (null) is kept apart from NaN and infinity, which are values here; what becomes of them is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.errors import DataError, Site

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]
_Cell = TypeVar("_Cell")

# What stands for "missing" in a text that is asked for a number; the CSV reader takes the same for number columns.
NULL_TEXTS = frozenset({"", "NA", "N/A", "null", "NULL", "None", "<NA>"})
# Arrow's CSV reader accepts exactly these; Python's float() would also take 1_000 and digits of other scripts.
_NUMBER = re.compile(
    r"[ \t]*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan))(?:(?<=nan)\(\w*\))?[ \t]*", re.ASCII | re.I
)
_EXACT = 2**53  # whole numbers up to here are float64 without rounding
_DEEPEST = 16
_LARGEST_SCALE = 100  # a schema may claim two thousand million zeros; with these no decimal leaves the float64 range
# Below this many rows a Python loop is faster than the 50 ms that pyarrow.compute costs to import.
_MANY = 32_768


@dataclass(frozen=True)
class Numbers:
    """One number a row; `missing` is None where no cell is null, and the value of a null cell is 0."""

    values: Floats
    missing: Mask | None


@dataclass(frozen=True)
class Vectors:
    """One vector a row, as a matrix; `missing` is None where no row is null, and a null row holds zeros."""

    values: Floats
    missing: Mask | None


@dataclass(frozen=True)
class Texts:
    """One text a row, as an index into `names`; -1 is missing: null or empty.

    Each name occurs in this batch; in order of first appearance or, for a dictionary column, of its dictionary.
    """

    codes: Codes
    names: tuple[str, ...]


def numbers(column: pa.Array, name: str, site: Site, *, parse_text: bool = False) -> Numbers:
    """The column as float64. An integer or decimal text is never changed silently: whole numbers must fit exactly.

    `parse_text` reads text as the CSV reader would read a column of numbers; without it, text is an error.
    """
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (is_number(kind) or (parse_text and _is_text(kind))):
        raise _refusal(column.type, name, site, "numbers are")
    _check_sound(column, name, site)
    cells = _decode(column)
    if cells.bad is not None and cells.bad.any():
        index = int(cells.bad.argmax())
        text = str(column[index].as_py())
        raise site.error(index, name, f"{_quoted(text)} {cells.why}", text, _mending(text, name))
    return Numbers(cells.values, cells.missing)


def vectors(column: pa.Array, name: str, site: Site, width: int | None = None) -> Vectors:
    """A column of lists as a matrix. Nested lists are laid out flat; every row must have the same length."""
    if not is_vector(column.type):
        raise _refusal(column.type, name, site, "lists of numbers are")
    _check_sound(column, name, site)
    try:
        return Vectors(*_stack(_storage(column), width))
    except _Flaw as flaw:
        raise site.error(flaw.index, name, f"the list in column '{name}' {flaw.message}", flaw.value) from None


def texts(column: pa.Array, name: str, site: Site) -> Texts:
    """The column as class, slice or key text, in canonical form: 1.0 is "1", true is "true", text stays as it is."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (is_number(kind) or _is_text(kind)):
        raise _refusal(column.type, name, site, "text, integers or booleans are")
    _check_sound(column, name, site)
    return _without_unused(*_encode(column))


def absent(column: pa.Array, name: str, site: Site) -> Mask:
    """Which cells are null, or empty text; for a column of any type."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if _is_text(kind):
        return texts(column, name, site).codes < 0
    _check_sound(column, name, site)
    if pa.types.is_dictionary(column.type):
        codes, entries = _indices(column), _missing(column.dictionary)
        return codes < 0 if entries is None else np.append(entries, True)[codes]
    missing = _missing(column)
    return np.zeros(len(column), np.bool_) if missing is None else missing


def is_number(kind: pa.DataType) -> bool:
    """Whether a cell of this type is a number as it stands: integer, float, decimal, boolean, or always null."""
    t = pa.types
    if t.is_decimal(kind):
        return bool(abs(kind.scale) <= _LARGEST_SCALE)
    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind) or t.is_null(kind))


def is_vector(type: pa.DataType) -> bool:
    """Whether a cell of this type is a list (of lists) of numbers."""
    kind = _storage_type(type)
    for _ in range(_DEEPEST):
        if not _is_list(kind):
            return False
        kind = kind.value_type
        if is_number(kind.value_type if pa.types.is_dictionary(kind) else kind):
            return True
    return False


# ---------------------------------------------------------------------------------------------------- at the door


def _is_text(kind: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def _is_list(kind: pa.DataType) -> bool:
    t = pa.types
    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))


def _storage_type(kind: pa.DataType) -> pa.DataType:
    """The list below a tensor. Other extension types stay closed: what their storage means is not known here."""
    if getattr(kind, "extension_name", "") != "arrow.fixed_shape_tensor":
        return kind
    order = kind.permutation
    return kind.storage_type if order is None or list(order) == sorted(order) else kind


def _storage(column: pa.Array) -> pa.Array:
    return column if _is_list(column.type) else column.storage


_HINTS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_temporal, "turn it into numbers or text when the file is written"),
    (pa.types.is_struct, "write the wanted field as a column of its own"),
    (pa.types.is_nested, "a list column goes where a vector is wanted, and must hold numbers"),
    (_is_text, "if these are numbers, store them as numbers"),
)


def _refusal(kind: pa.DataType, name: str, site: Site, wanted: str) -> DataError:
    shown = str(kind)
    shown = shown if len(shown) <= 80 else shown[:79] + "…"
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    hint = next((hint for test, hint in _HINTS if test(inner)), None)
    holds = f"text ({shown})" if _is_text(inner) else shown
    return DataError(f"column '{name}' holds {holds}, but {wanted} needed", hint=hint, path=site.path, column=name)


def _check_sound(column: pa.Array, name: str, site: Site) -> None:
    """Arrow's own proof that offsets, indices and UTF-8 are right: its readers may pass on what a broken file says."""
    flat = is_number(column.type)
    try:
        column.validate(full=not flat)  # a buffer that is too short shows without `full`, at no cost a row
    except pa.ArrowException as error:
        if "UTF8" not in str(error):  # only then are offsets known to be right, so that cells may be looked at
            raise DataError(
                f"column '{name}' is damaged: its lengths or indices contradict each other", path=site.path, column=name
            ) from None
        index = next((i for i in range(len(column)) if not _is_readable(column, i)), 0)
        raise site.error(index, name, f"column '{name}' holds text that is not UTF-8") from None


def _is_readable(column: pa.Array, index: int) -> bool:
    try:
        column[index].as_py()
    except UnicodeDecodeError:
        return False
    return True


def _quoted(text: str) -> str:
    return f"'{text}'" if len(text) <= 40 else f"'{text[:39]}…'"


def _mending(text: str, name: str) -> str | None:
    """What is usually wrong with such a cell."""
    if text.strip() == name:
        return "the header seems to be repeated inside the file"
    if text.strip().endswith("%"):
        return "write a share, such as 0.12, instead of a percentage"
    if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", text):
        return "write a decimal point instead of a comma"
    return None


# -------------------------------------------------------------------------------------------------------- numbers


@dataclass(frozen=True)
class _Cells:
    """Decoded numbers; `bad` marks cells that are no exact number, `why` completes the sentence about one."""

    values: Floats
    missing: Mask | None
    bad: Mask | None = None
    why: str = ""


def _decode(array: pa.Array) -> _Cells:
    kind, count = array.type, len(array)
    if pa.types.is_dictionary(kind):
        return _spread(_decode(array.dictionary), _indices(array))
    if _is_text(kind):
        codes, names = _encode(array)
        return _spread(_parse(names), codes)
    missing = _missing(array)
    if pa.types.is_null(kind):
        return _Cells(np.zeros(count), missing)
    if pa.types.is_decimal(kind):
        return _decimals(array, missing)
    plain = _plain(array)
    if missing is not None:
        plain = np.where(missing, plain.dtype.type(0), plain)
    if pa.types.is_integer(kind):
        return _Cells(plain.astype(np.float64), missing, _inexact(plain), "cannot be held exactly by a float64")
    with np.errstate(invalid="ignore"):  # widening a signalling NaN raises a flag, and is still NaN
        return _Cells(plain.astype(np.float64, copy=False), missing)


def _bits(buffer: pa.Buffer, offset: int, count: int) -> Mask:
    start = offset % 8
    raw = np.frombuffer(buffer, np.uint8, (start + count + 7) // 8, offset // 8)
    return np.unpackbits(raw, bitorder="little")[start : start + count].view(np.bool_)


def _missing(array: pa.Array) -> Mask | None:
    """Which cells are null, or None if none is."""
    if pa.types.is_null(array.type):
        return np.ones(len(array), np.bool_) if len(array) else None
    bitmap = array.buffers()[0]
    if bitmap is None or array.null_count == 0:
        return None
    return ~_bits(bitmap, array.offset, len(array))


def _plain(array: pa.Array) -> NDArray[Any]:
    """The cells of an integer, float or boolean array, null or not, in their own type and mostly without a copy."""
    kind, count = array.type, len(array)
    if pa.types.is_boolean(kind):
        return _bits(array.buffers()[1], array.offset, count) if count else np.empty(0, np.bool_)
    letter = "f" if pa.types.is_floating(kind) else "i" if pa.types.is_signed_integer(kind) else "u"
    cell = np.dtype(f"{letter}{kind.bit_width // 8}")
    return np.frombuffer(array.buffers()[1], cell, count, array.offset * cell.itemsize) if count else np.empty(0, cell)


def _inexact(whole: NDArray[Any]) -> Mask | None:
    """Which whole numbers need more than the 53 bits of a float64."""
    if whole.dtype.itemsize < 8 or not whole.size or (int(whole.max()) <= _EXACT and int(whole.min()) >= -_EXACT):
        return None
    size = whole.astype(np.uint64)  # wraps negatives round, and ~size + 1 wraps them back, -2^63 too
    size = np.where(whole < 0, ~size + np.uint64(1), size)
    lowest_bit = np.maximum(size & (~size + np.uint64(1)), np.uint64(1))
    return size // lowest_bit >= np.uint64(_EXACT)


def _decimals(array: pa.Array, missing: Mask | None) -> _Cells:
    """Correctly rounded. Arrow's own cast multiplies by a power of ten, so it may be off in the last bit."""
    raw, low, fits = _decimal_bits(array)
    scale = array.type.scale
    # One rounding, in the division, where both sides are exact: up to 2^53, and up to 10^22.
    quick = fits & (low <= _EXACT) & (low >= -_EXACT) & (0 <= scale <= 22)
    values = np.where(quick, low, 0) / 10.0 ** (scale if 0 <= scale <= 22 else 0)
    for index in np.flatnonzero(~quick):
        values[index] = float(_decimal(_whole(raw[index]), scale))
    if missing is not None:
        values[missing] = 0.0
    return _Cells(values, missing)


def _decimal_bits(array: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64], Mask]:
    """The bytes of each cell's digits as one whole number, its lowest 64 bits, and whether these are all of it."""
    count, width = len(array), array.type.bit_width // 8
    if not count:
        return np.zeros((0, width), np.uint8), np.zeros(0, np.int64), np.zeros(0, np.bool_)
    raw = np.frombuffer(array.buffers()[1], np.uint8, count * width, array.offset * width).reshape(count, width)
    words = raw.view(np.int32 if width == 4 else np.int64)
    low = words[:, 0].astype(np.int64)
    return raw, low, (words[:, 1:] == (low >> 63)[:, None]).all(axis=1)


def _whole(raw: NDArray[np.uint8]) -> int:
    return int.from_bytes(raw.tobytes(), "little", signed=True)


def _decimal(whole: int, scale: int) -> Decimal:
    """One cell, exactly; Arrow's own conversion fails where the scale is beyond the precision."""
    return Decimal(f"{whole}e{-scale}")


def _parse(names: Sequence[str]) -> _Cells:
    found = [_NUMBER.fullmatch(name) for name in names]
    missing = np.array([name in NULL_TEXTS for name in names], np.bool_)
    values = np.array([float(match[1]) if match else 0.0 for match in found], np.float64)
    return _Cells(values, missing, np.array([not match for match in found], np.bool_) & ~missing, "is not a number")


def _indices(array: pa.Array) -> Codes:
    """Where each cell of a dictionary array stands in its dictionary; -1 for null."""
    missing = _missing(array.indices)
    codes = _plain(array.indices).astype(np.int64)
    if missing is not None:
        codes[missing] = -1
    return codes


def _spread(entries: _Cells, codes: Codes) -> _Cells:
    """The cells that point at these entries; -1 points past their end, at a missing one."""
    none = np.zeros(len(entries.values), np.bool_)
    missing = np.append(none if entries.missing is None else entries.missing, True)[codes]
    bad = None if entries.bad is None else np.append(entries.bad, False)[codes]
    return _Cells(np.append(entries.values, 0.0)[codes], missing if missing.any() else None, bad, entries.why)


# -------------------------------------------------------------------------------------------------------- vectors


class _Flaw(Exception):
    """What is wrong with the list at `index`."""

    def __init__(self, index: int, message: str, value: str | None = None) -> None:
        super().__init__(message)
        self.index, self.message, self.value = index, message, value


def _stack(array: pa.Array, width: int | None) -> tuple[Floats, Mask | None]:
    """The lists as rows of a matrix; null lists are left out while reading: what lies under them is arbitrary."""
    starts, lengths = _spans(array)
    missing = _missing(array)
    kept = np.arange(len(array)) if missing is None else np.flatnonzero(~missing)
    if not kept.size:
        return np.zeros((len(array), width or _fixed_width(array.type))), missing
    try:
        block = _block(array.values, starts[kept], lengths[kept], width)
    except _Flaw as flaw:
        raise _Flaw(int(kept[flaw.index]), flaw.message, flaw.value) from None
    if missing is None:
        return block, None
    values = np.zeros((len(array), block.shape[1]))
    values[kept] = block
    return values, missing


def _spans(array: pa.Array) -> tuple[Codes, Codes]:
    """Where each list begins in `array.values`, which knows nothing of slices, and how long it is."""
    count, kind = len(array), array.type
    if pa.types.is_fixed_size_list(kind):
        return (array.offset + np.arange(count)) * kind.list_size, np.full(count, kind.list_size)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    cell = np.dtype(np.int64 if pa.types.is_large_list(kind) else np.int32)
    offsets = np.frombuffer(array.buffers()[1], cell, count + 1, array.offset * cell.itemsize).astype(np.int64)
    return offsets[:-1], np.diff(offsets)


def _block(inner: pa.Array, starts: Codes, lengths: Codes, width: int | None) -> Floats:
    nested = _is_list(inner.type)
    size = int(lengths[0]) if width is None or nested else width
    wrong = np.flatnonzero(lengths != size)
    if wrong.size:
        index = int(wrong[0])
        raise _Flaw(index, f"has {lengths[index]} elements where {size} {'are' if size != 1 else 'is'} expected")
    if size == 0:
        raise _Flaw(0, "is empty")
    cells = _elements(inner, starts, size)
    try:
        values, missing = _stack(cells, None) if nested else _leaves(cells)
    except _Flaw as flaw:
        raise _Flaw(flaw.index // size, flaw.message, flaw.value) from None
    if missing is not None:
        raise _Flaw(int(missing.argmax()) // size, "has a missing element")
    block = values.reshape(len(starts), -1)
    if width is not None and block.shape[1] != width:
        raise _Flaw(0, f"has {block.shape[1]} elements where {width} are expected")
    return block


def _elements(inner: pa.Array, starts: Codes, size: int) -> pa.Array:
    """The elements of all lists, one after the other; nearly always a slice, since null lists rarely take room."""
    if (starts[1:] - starts[:-1] == size).all():
        return inner.slice(int(starts[0]), len(starts) * size)
    places = (starts[:, None] + np.arange(size)).ravel()
    return inner.take(pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)]))


def _leaves(array: pa.Array) -> tuple[Floats, Mask | None]:
    cells = _decode(array)
    if cells.bad is not None and cells.bad.any():
        index = int(cells.bad.argmax())
        text = str(array[index].as_py())
        raise _Flaw(index, f"has an element that {cells.why}: {_quoted(text)}", text)
    return cells.values, cells.missing


def _fixed_width(kind: pa.DataType) -> int:
    """The length that the type itself promises; 0 if it promises none."""
    width = 1
    while _is_list(kind):
        width *= kind.list_size if pa.types.is_fixed_size_list(kind) else 0
        kind = kind.value_type
    return width


# ---------------------------------------------------------------------------------------------------------- texts


def _encode(array: pa.Array) -> tuple[Codes, list[str]]:
    """Codes and names; names may hold some that no cell uses."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _encode_dictionary(array)
    if pa.types.is_null(kind):
        return np.full(len(array), -1), []
    if _is_text(kind):
        return _encode_text(array)
    missing = _missing(array)
    if pa.types.is_decimal(kind):
        codes, names = _encode_decimals(array)
        return (codes if missing is None else np.where(missing, -1, codes)), names
    cells = _plain(array)
    codes, names = _encode_plain(cells if missing is None else cells[~missing])
    if missing is None:
        return codes, names
    spread = np.full(len(array), -1)
    spread[~missing] = codes
    return spread, names


def _encode_dictionary(array: pa.Array) -> tuple[Codes, list[str]]:
    codes, entries = _indices(array), array.dictionary
    if len(entries) > max(len(array), _MANY):  # a batch of a long file: only what it uses is worth decoding
        used, codes = np.unique(codes, return_inverse=True)
        used, codes = (used[1:], codes - 1) if used.size and used[0] < 0 else (used, codes)
        entries = entries.take(pa.Array.from_buffers(pa.int64(), len(used), [None, pa.py_buffer(used)]))
    inner, names = _encode(entries)
    # As many names as entries means that each entry is its own name, in its own place.
    return (codes if len(names) == len(inner) else np.append(inner, -1)[codes]), names


def _encode_text(array: pa.Array) -> tuple[Codes, list[str]]:
    if pa.types.is_string_view(array.type):
        return _hashed(array.to_pylist())
    if len(array) >= _MANY:
        encoded = array.dictionary_encode()
        inner, found = _hashed(_spellings(encoded.dictionary))
        codes = np.append(inner, -1)[_indices(encoded)]
    else:
        codes, found = _hashed(_spellings(array))
    missing = _missing(array)
    return (codes if missing is None else np.where(missing, -1, codes)), [text.decode() for text in found]


def _spellings(array: pa.Array) -> list[bytes]:
    """The bytes of each text; cheaper than `to_pylist`, which older versions of Arrow do a scalar at a time."""
    if not len(array):
        return []
    cell = np.dtype(np.int64 if pa.types.is_large_string(array.type) else np.int32)
    _, offsets, buffer = array.buffers()
    ends = np.frombuffer(offsets, cell, len(array) + 1, array.offset * cell.itemsize)
    first, last = int(ends[0]), int(ends[-1])
    data = buffer.slice(first, last - first).to_pybytes() if last > first else b""
    return [data[i:j] for i, j in pairwise((ends - ends[0]).tolist())]


def _hashed(cells: Iterable[_Cell]) -> tuple[Codes, list[_Cell]]:
    """Each cell as its place among the distinct ones, in order of first appearance; -1 for no text."""
    seen: dict[Any, int] = {None: -1, "": -1, b"": -1}
    ahead = len(seen)
    codes = np.array([seen.setdefault(cell, len(seen) - ahead) for cell in cells], np.int64)
    return codes, list(seen)[ahead:]


def _encode_plain(cells: NDArray[Any]) -> tuple[Codes, list[str]]:
    if cells.dtype == np.bool_:
        codes, values = _first_seen(cells.astype(np.int64))
        return codes, ["true" if value else "false" for value in values]
    if cells.dtype.kind != "f":
        codes, values = _first_seen(cells)
        return codes, [str(value) for value in values]
    with np.errstate(invalid="ignore"):  # a signalling NaN raises a flag in any comparison
        if (np.abs(cells) < min(_EXACT, float(np.finfo(cells.dtype).max))).all() and (cells == np.trunc(cells)).all():
            return _encode_plain(cells.astype(np.int64))
        found, first, inverse = np.unique(cells, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[inverse], [_float_text(value) for value in found[order]]


def _first_seen(whole: NDArray[Any]) -> tuple[Codes, list[int]]:
    """Each number as its place among the distinct ones, in order of first appearance."""
    if not whole.size:
        return np.zeros(0, np.int64), []
    low, span = int(whole.min()), int(whole.max()) - int(whole.min()) + 1
    if span > 4 * whole.size + 1024:
        found, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
        order = np.argsort(first)
        return np.argsort(order)[inverse], [int(value) for value in found[order]]
    # Few neighbouring numbers, as classes are: a table instead of a sort, ten times as fast.
    places = (whole.astype(np.uint64) - np.uint64(low % 2**64)).astype(np.int64)
    first = np.full(span, whole.size)
    first[places[::-1]] = np.arange(whole.size)[::-1]  # of equal places the last assignment stays
    order = np.argsort(first)[: int((first < whole.size).sum())]
    codes = np.empty(span, np.int64)
    codes[order] = np.arange(order.size)
    return codes[places], [low + int(place) for place in order]


def _float_text(value: Any) -> str:
    """Shortest text that gives the number back in its own precision; whole numbers as integers."""
    return str(int(value)) if np.isfinite(value) and value == np.trunc(value) else str(value)


def _encode_decimals(array: pa.Array) -> tuple[Codes, list[str]]:
    """Without the zeros at the end: 1.50 and 1.5 are one class."""
    raw, low, fits = _decimal_bits(array)
    codes, wholes = _first_seen(low) if fits.all() else _hashed(_whole(cell) for cell in raw)
    shown = (format(_decimal(int(whole), array.type.scale), "f") for whole in wholes)
    return codes, [text.rstrip("0").rstrip(".") if "." in text else text for text in shown]


def _without_unused(codes: Codes, names: list[str]) -> Texts:
    used = np.bincount(codes + 1, minlength=len(names) + 1)[1:] > 0
    if used.all():
        return Texts(codes, tuple(names))
    renumbered = np.append(np.cumsum(used) - 1, -1)
    return Texts(renumbered[codes], tuple(name for name, keep in zip(names, used, strict=True) if keep))

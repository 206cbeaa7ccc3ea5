"""Arrow columns as float64: integers, decimals and texts are never changed silently."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.io.arrow.buffers import (
    EXACT,
    Codes,
    Floats,
    Mask,
    decimal_bits,
    decimal_value,
    indices,
    missing_cells,
    plain_cells,
    unscaled_value,
)
from losscli.io.arrow.texts import encode
from losscli.io.arrow.types import is_text

# What stands for "missing" in a text that is asked for a number; the CSV reader takes the same for number columns.
NULL_TEXTS = frozenset({"", "NA", "N/A", "null", "NULL", "None", "<NA>"})
# Arrow's CSV reader accepts exactly these; Python's float() would also take 1_000 and digits of other scripts.
_NUMBER = re.compile(
    r"[ \t]*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan))(?:(?<=nan)\(\w*\))?[ \t]*", re.ASCII | re.I
)


@dataclass(frozen=True)
class NumberFormat:
    """How texts stand for numbers: which stand for none, and what parts the whole from the fraction."""

    nulls: frozenset[str] = NULL_TEXTS
    decimal: str = "."

    def number(self, text: str) -> float | None:
        """The number that a text is, as the CSV reader would read it; None where it is none."""
        if self.decimal != ".":
            text = text.replace(".", "?").replace(self.decimal, ".")
        found = _NUMBER.fullmatch(text)
        return float(found[1]) if found else None


PLAIN = NumberFormat()
NO_NULLS = NumberFormat(frozenset())  # where cells have types, null is null and no text stands for it


@dataclass(frozen=True)
class Cells:
    """Decoded numbers; `bad` marks cells that are no exact number, `why` completes the sentence about one."""

    values: Floats
    missing: Mask | None
    bad: Mask | None = None
    why: str = ""


def decode(array: pa.Array, spelling: NumberFormat) -> Cells:
    """The numbers in a column of numbers or texts, or in a dictionary of these."""
    kind, count = array.type, len(array)
    if pa.types.is_dictionary(kind):
        return _decode_entries(decode(array.dictionary, spelling), indices(array))
    if is_text(kind):
        return _decode_text(array, spelling)
    missing = missing_cells(array)
    if pa.types.is_null(kind):
        return Cells(np.zeros(count), missing)
    if pa.types.is_decimal(kind):
        return _decimals(array, missing)
    plain = plain_cells(array)
    if missing is not None:
        plain = np.where(missing, plain.dtype.type(0), plain)
    if pa.types.is_integer(kind):
        return Cells(plain.astype(np.float64), missing, _inexact(plain), "cannot be represented exactly as a float64")
    with np.errstate(invalid="ignore"):  # widening a signalling NaN raises a flag, and is still NaN
        return Cells(plain.astype(np.float64, copy=False), missing)


def _decode_text(array: pa.Array, spelling: NumberFormat) -> Cells:
    codes, names = encode(array)
    if "" not in spelling.nulls:  # then an empty text is no number, while a null stays missing
        missing = missing_cells(array)
        empty = codes < 0 if missing is None else (codes < 0) & ~missing
        codes, names = np.where(empty, len(names), codes), [*names, ""]
    return _decode_entries(_parse(names, spelling), codes)


def _inexact(whole: NDArray[Any]) -> Mask | None:
    """Which whole numbers need more than the 53 bits of a float64."""
    if whole.dtype.itemsize < 8 or not whole.size or (int(whole.max()) <= EXACT and int(whole.min()) >= -EXACT):
        return None
    size = whole.astype(np.uint64)  # wraps negatives round, and ~size + 1 wraps them back, -2^63 too
    size = np.where(whole < 0, ~size + np.uint64(1), size)
    lowest_bit = np.maximum(size & (~size + np.uint64(1)), np.uint64(1))
    return size // lowest_bit >= np.uint64(EXACT)


def _decimals(array: pa.Array, missing: Mask | None) -> Cells:
    """Correctly rounded. Arrow's own cast multiplies by a power of ten, so it may be off in the last bit."""
    raw, low, fits = decimal_bits(array)
    scale = array.type.scale
    # One rounding, in the division, where both sides are exact: up to 2^53, and up to 10^22.
    quick = fits & (low <= EXACT) & (low >= -EXACT) & (0 <= scale <= 22)
    values = np.where(quick, low, 0) / 10.0 ** (scale if 0 <= scale <= 22 else 0)
    for index in np.flatnonzero(~quick):
        values[index] = float(decimal_value(unscaled_value(raw[index]), scale))
    if missing is not None:
        values[missing] = 0.0
    return Cells(values, missing)


def _parse(names: Sequence[str], spelling: NumberFormat) -> Cells:
    # A text may be both, as -999 where the user says so; blanks around it count as little as around a number.
    gone = [name.strip(" \t") in spelling.nulls for name in names]
    found = [None if null else spelling.number(name) for name, null in zip(names, gone, strict=True)]
    missing = np.array(gone, np.bool_)
    values = np.array([0.0 if number is None else number for number in found], np.float64)
    bad = np.array([number is None for number in found], np.bool_) & ~missing
    return Cells(values, missing, bad, "is not a number")


def quoted(text: str) -> str:
    """A cell as an error shows it."""
    return f"'{text}'" if len(text) <= 40 else f"'{text[:39]}…'"


def _decode_entries(entries: Cells, codes: Codes) -> Cells:
    """The cells that point at these entries; -1 points past their end, at a missing one."""
    none = np.zeros(len(entries.values), np.bool_)
    missing = np.append(none if entries.missing is None else entries.missing, True)[codes]
    bad = None if entries.bad is None else np.append(entries.bad, False)[codes]
    return Cells(np.append(entries.values, 0.0)[codes], missing if missing.any() else None, bad, entries.why)

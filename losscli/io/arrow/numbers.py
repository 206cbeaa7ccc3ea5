"""Arrow columns of numbers or texts as float64, with the cells that are not exact numbers marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
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
from losscli.io.arrow.canonical import InexactNumberError, parse_number
from losscli.io.arrow.texts import encode
from losscli.io.arrow.types import is_text
from losscli.lazy import dataclass

# Texts that are null where a number is read; the same as the CSV reader's for columns of numbers.
NULL_TEXTS = frozenset({"", "NA", "N/A", "null", "NULL", "None", "<NA>"})
INEXACT, NOT_A_NUMBER = "cannot be held exactly by a float64", "is not a number"
INEXACT_HINT = "a float64 holds whole numbers up to 2^53; with a fraction (….0), or stored as a float, it is rounded"


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written as text: which texts are null, the decimal mark, and the thousands separator."""

    nulls: frozenset[str] = NULL_TEXTS
    decimal: str = "."
    thousands: str | None = None

    def is_null(self, text: str) -> bool:
        """Whether a text stands for a missing value; blanks around it do not matter."""
        return text.strip(" \t") in self.nulls

    def number(self, text: str) -> float | None:
        """The number that a text spells, as the CSV reader would read it; None if it is not an exact number."""
        try:
            return parse_number(text, self.decimal, self.thousands)
        except OverflowError:
            return -math.inf if text.strip(" \t").startswith("-") else math.inf
        except ValueError:
            return None

    def flaw(self, text: str) -> str:
        """What is wrong with a text that `number` refuses, to follow the text in a message."""
        try:
            parse_number(text, self.decimal, self.thousands)
        except InexactNumberError:
            return INEXACT
        except (ValueError, OverflowError):
            pass
        return NOT_A_NUMBER


PLAIN = NumberFormat()
NO_NULLS = NumberFormat(frozenset())  # for typed columns, where no text means null


@dataclass(frozen=True)
class Cells:
    """Decoded numbers; `bad` marks cells that are not exact numbers."""

    values: Floats
    missing: Mask | None
    bad: Mask | None = None

    def first_bad(self) -> int | None:
        """The index of the first cell that is not an exact number; None if all are."""
        return int(self.bad.argmax()) if self.bad is not None and self.bad.any() else None


def decode(array: pa.Array, number_format: NumberFormat) -> Cells:
    """The numbers in a column of numbers or texts, or in a dictionary of these."""
    kind, count = array.type, len(array)
    if pa.types.is_dictionary(kind):
        return _decode_entries(decode(array.dictionary, number_format), indices(array))
    if is_text(kind):
        return _decode_text(array, number_format)
    missing = missing_cells(array)
    if pa.types.is_null(kind):
        return Cells(np.zeros(count), missing)
    if pa.types.is_decimal(kind):
        return _decimals(array, missing)
    plain = plain_cells(array)
    if missing is not None:
        plain = np.where(missing, plain.dtype.type(0), plain)
    if pa.types.is_integer(kind):
        return Cells(plain.astype(np.float64), missing, _inexact(plain))
    with np.errstate(invalid="ignore"):  # widening a signalling NaN raises a flag; the result is NaN
        return Cells(plain.astype(np.float64, copy=False), missing)


def _decode_text(array: pa.Array, number_format: NumberFormat) -> Cells:
    codes, names = encode(array)
    if "" not in number_format.nulls:  # then an empty text is not a number, while a null is missing
        missing = missing_cells(array)
        empty = codes < 0 if missing is None else (codes < 0) & ~missing
        codes, names = np.where(empty, len(names), codes), [*names, ""]
    return _decode_entries(_parse(names, number_format), codes)


def _inexact(whole: NDArray[Any]) -> Mask | None:
    """Which integers need more than the 53 bits of a float64."""
    if whole.dtype.itemsize < 8 or not whole.size or (int(whole.max()) <= EXACT and int(whole.min()) >= -EXACT):
        return None
    size = whole.astype(np.uint64)  # wraps negative numbers, and ~size + 1 wraps them back, also -2^63
    size = np.where(whole < 0, ~size + np.uint64(1), size)
    lowest_bit = np.maximum(size & (~size + np.uint64(1)), np.uint64(1))
    return size // lowest_bit >= np.uint64(EXACT)


def _decimals(array: pa.Array, missing: Mask | None) -> Cells:
    """Decimals, correctly rounded; with a scale of 0 they are whole numbers, which must be exact.

    Arrow's own cast multiplies by a power of ten and may be off in the last bit.
    """
    raw, low, fits = decimal_bits(array)
    scale = array.type.scale
    # A single rounding, in the division, if both operands are exact: up to 2^53 and up to 10^22.
    quick = fits & (low <= EXACT) & (low >= -EXACT) & (0 <= scale <= 22)
    values = np.where(quick, low, 0) / 10.0 ** (scale if 0 <= scale <= 22 else 0)
    bad = np.zeros(len(values), np.bool_)
    for index in np.flatnonzero(~quick if missing is None else ~quick & ~missing):
        exact = decimal_value(unscaled_value(raw[index]), scale)
        values[index] = float(exact)
        bad[index] = scale == 0 and int(values[index]) != int(exact)
    if missing is not None:
        values[missing] = 0.0
    return Cells(values, missing, bad)


def _parse(names: Sequence[str], number_format: NumberFormat) -> Cells:
    # A text may be both null and a number, such as -999; surrounding blanks are ignored for both.
    gone = [name.strip(" \t") in number_format.nulls for name in names]
    found = [None if null else number_format.number(name) for name, null in zip(names, gone, strict=True)]
    missing = np.array(gone, np.bool_)
    values = np.array([0.0 if number is None else number for number in found], np.float64)
    bad = np.array([number is None for number in found], np.bool_) & ~missing
    return Cells(values, missing, bad)


def spelling(cell: Any) -> str:
    """A cell as text for messages."""
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def quoted(text: str) -> str:
    """A cell in quotes for messages, shortened."""
    return f"'{text}'" if len(text) <= 40 else f"'{text[:39]}…'"


def _decode_entries(entries: Cells, codes: Codes) -> Cells:
    """The numbers of cells with these codes; -1 is missing."""
    none = np.zeros(len(entries.values), np.bool_)
    missing = np.append(none if entries.missing is None else entries.missing, True)[codes]
    bad = None if entries.bad is None else np.append(entries.bad, False)[codes]
    return Cells(np.append(entries.values, 0.0)[codes], missing if missing.any() else None, bad)

"""Arrow columns as NumPy arrays: exact, without pandas, and without copying a plain float64 column.

This module checks columns and raises the errors; `numbers`, `vectors` and `texts` do the decoding. Null is kept apart
from NaN and infinity, which are values here; the policies for them are applied by `binding`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import Codes, Floats, Mask, indices, missing_cells
from losscli.io.arrow.numbers import (
    INEXACT,
    INEXACT_HINT,
    NO_NULLS,
    NULL_TEXTS,
    PLAIN,
    NumberFormat,
    decode,
    quoted,
    spelling,
)
from losscli.io.arrow.texts import encode, without_unused
from losscli.io.arrow.types import (
    is_instant,
    is_number,
    is_plain_number,
    is_spelled,
    is_text,
    is_text_list,
    is_vector,
    storage,
)
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.arrow.vectors import Ragged, VectorError

__all__ = [
    "NO_NULLS",
    "NULL_TEXTS",
    "PLAIN",
    "Codes",
    "Floats",
    "Mask",
    "NumberFormat",
    "Numbers",
    "Texts",
    "Vectors",
    "check_texts",
    "element_texts",
    "is_missing",
    "is_number",
    "is_text_list",
    "is_vector",
    "numbers",
    "ragged_lists",
    "ragged_vectors",
    "text_lists",
    "texts",
    "vectors",
]


@dataclass(frozen=True)
class Numbers:
    """One number per row; `missing` is None if no cell is null, and the value of a null cell is 0."""

    values: Floats
    missing: Mask | None


@dataclass(frozen=True)
class Vectors:
    """One vector per row, as a matrix; `missing` marks rows that are null or lack an element (None: no row).

    The values that are missing are 0.
    """

    values: Floats
    missing: Mask | None


@dataclass(frozen=True)
class Texts:
    """One text per row, as an index into `names`; -1 is missing (null or empty).

    Each name occurs in this batch. Names are in order of first appearance or, for a dictionary column, of its
    dictionary.
    """

    codes: Codes
    names: tuple[str, ...]


def numbers(
    column: pa.Array, name: str, location: Location, *, parse_text: bool = False, number_format: NumberFormat = PLAIN
) -> Numbers:
    """The column as float64. Integers must be exact in float64; otherwise the cell is an error.

    With `parse_text`, text is parsed as the CSV reader would parse a column of numbers, and `number_format` names the
    nulls; without it, text is an error.
    """
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (is_number(kind) or (parse_text and is_text(kind))):
        raise _refusal(column.type, name, location, "numbers are")
    check_sound(column, name, location)
    cells = decode(column, number_format)
    if (index := cells.first_bad()) is not None:
        text = spelling(column[index].as_py())
        flaw = number_format.flaw(text)
        hint = INEXACT_HINT if flaw == INEXACT else _fix_hint(text, name, number_format)
        raise location.error(index, name, f"{quoted(text)} {flaw}", text, hint, code="DATA_BAD_CELL")
    return Numbers(cells.values, cells.missing)


def vectors(column: pa.Array, name: str, location: Location, width: int | None = None) -> Vectors:
    """A column of lists as a matrix. Nested lists are flattened; every row must have the same length."""
    from losscli.io.arrow.vectors import VectorError, stack

    if not is_vector(column.type) and not is_spelled(column.type):
        if is_plain_number(column.type) and column.null_count == len(column):
            # A file of JSON lines in which no row has the list.
            return Vectors(np.zeros((len(column), width or 0)), np.ones(len(column), np.bool_))
        raise _refusal(column.type, name, location, "lists of numbers are")
    check_sound(column, name, location)
    try:
        return Vectors(*stack(storage(column), width))
    except VectorError as flaw:
        raise list_error(flaw, name, location) from None


RAGGED_HINT = (
    "where each element has a value of its own, write a row for each, as pandas' explode does, and the row it was in "
    "as a column for --cluster"
)


def list_error(flaw: VectorError, name: str, location: Location) -> DataError:
    hint = RAGGED_HINT if " elements where " in flaw.message else None
    return location.error(
        flaw.index, name, f"the list in column '{name}' {flaw.message}", flaw.value, hint, code="DATA_BAD_CELL"
    )


def text_lists(column: pa.Array, name: str, location: Location, width: int | None = None) -> Texts:
    """A column of lists of labels: a row of codes per list, all of one length; -1 where the list is null."""
    from losscli.io.arrow.vectors import VectorError, stack_texts

    if not (is_vector(column.type) or is_text_list(column.type)):
        raise _refusal(column.type, name, location, "lists of labels are")
    check_sound(column, name, location)
    try:
        codes, names, _ = stack_texts(storage(column), width)
        return Texts(codes, names)
    except VectorError as flaw:
        raise list_error(flaw, name, location) from None


def ragged_lists(column: pa.Array, name: str, location: Location) -> Ragged | None:
    """A column of lists of numbers or labels that differ in length or are empty; None where they do not."""
    from losscli.io.arrow.vectors import ragged

    if not (is_vector(column.type) or is_text_list(column.type) or is_spelled(column.type)):
        return None  # `vectors` and `text_lists` say so
    check_sound(column, name, location)
    return ragged(storage(column))


def ragged_vectors(lists: Ragged, name: str, location: Location) -> tuple[Floats, Mask | None]:
    """The elements of lists as numbers, and which are missing."""
    from losscli.io.arrow.vectors import VectorError, ragged_numbers

    if is_text(lists.elements.type) and not lists.spelled:
        raise _refusal(lists.type, name, location, "lists of numbers are")
    try:
        return ragged_numbers(lists)
    except VectorError as flaw:
        raise list_error(flaw, name, location) from None


def element_texts(lists: Ragged) -> Texts:
    """The elements of lists as labels."""
    return Texts(*without_unused(*encode(lists.elements)))


def texts(column: pa.Array, name: str, location: Location) -> Texts:
    """The column as class, slice or key text: 1.0 is "1", true is "true", midnight its date; text stays as it is."""
    check_texts(column, name, location)
    codes, spelled = encode(column)
    if is_plain_number(column.type):  # other types may have names that no cell uses
        return Texts(codes, tuple(spelled))
    return Texts(*without_unused(codes, spelled))


def check_texts(column: pa.Array, name: str, location: Location) -> None:
    """Raise a DataError if the column cannot be read as text or is damaged."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (is_number(kind) or is_text(kind) or is_instant(kind)):
        raise _refusal(column.type, name, location, "text, integers, booleans or dates are")
    check_sound(column, name, location)


def is_missing(column: pa.Array, name: str, location: Location) -> Mask:
    """Which cells are null, or empty text; for a column of any type."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if is_text(kind):
        return texts(column, name, location).codes < 0
    check_sound(column, name, location)
    if pa.types.is_dictionary(column.type):
        codes, entries = indices(column), missing_cells(column.dictionary)
        return codes < 0 if entries is None else np.append(entries, True)[codes]
    missing = missing_cells(column)
    return np.zeros(len(column), np.bool_) if missing is None else missing


_HINTS: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_temporal, "convert it to numbers or text when you write the file"),
    (pa.types.is_struct, "name a field of it, as in doc.gold"),
    (pa.types.is_nested, "a list column is read as a vector, and must contain numbers"),
    (is_text, "if these are numbers, store them as a numeric type"),
)


def _refusal(kind: pa.DataType, name: str, location: Location, wanted: str) -> DataError:
    shown = str(kind)
    shown = shown if len(shown) <= 80 else shown[:79] + "…"
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    hint = next((hint for test, hint in _HINTS if test(inner)), None)
    holds = f"text ({shown})" if is_text(inner) else shown
    return DataError(
        f"column '{name}' holds {holds}, but {wanted} needed",
        hint=hint,
        path=location.path,
        column=name,
        code="DATA_WRONG_TYPE",
    )


def check_sound(column: pa.Array, name: str, location: Location) -> None:
    """Validate offsets, indices and UTF-8, which Arrow's readers may take from a damaged file unchecked."""
    try:
        if is_number(column.type):
            column.validate()  # in constant time: no buffer is too short
        else:
            from losscli.io.arrow.soundness import validate_in_full

            validate_in_full(column)
    except pa.ArrowException as error:
        if "UTF8" not in str(error):  # only then are the offsets known to be valid, so that cells can be read
            raise DataError(
                f"column '{name}' is damaged: its lengths or indices contradict each other",
                path=location.path,
                column=name,
                code="DATA_CORRUPT_FILE",
            ) from None
        index = next((i for i in range(len(column)) if not _is_readable(column, i)), 0)
        raise location.error(
            index, name, f"column '{name}' holds text that is not UTF-8", code="DATA_ENCODING"
        ) from None


def _is_readable(column: pa.Array, index: int) -> bool:
    try:
        column[index].as_py()
    except UnicodeDecodeError:
        return False
    return True


def _fix_hint(text: str, name: str, number_format: NumberFormat) -> str | None:
    """A hint about the usual mistake in such a cell."""
    from losscli.io.arrow.missing_texts import missing_hint

    if text.strip() == name:
        return "the header seems to be repeated in the file"
    if text.strip().endswith("%"):
        return "write a fraction, such as 0.12, instead of a percentage"
    if re.fullmatch(r"\s*[+-]?\d+,\d+\s*", text):
        return "write a decimal point instead of a comma"
    return missing_hint(text, number_format.nulls)

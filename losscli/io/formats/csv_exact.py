"""The exact reader of one window of delimited text, for windows that the fast reader refuses.

It either returns the values, by rules that do not depend on a library's version, or names the first wrong cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

import pyarrow as pa

from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import EXACT
from losscli.io.arrow.build import dictionary_strings, floats
from losscli.io.arrow.canonical import InexactNumberError, parse_number
from losscli.io.arrow.missing_texts import missing_hint
from losscli.io.arrow.numbers import INEXACT, INEXACT_HINT, NOT_A_NUMBER, NumberFormat
from losscli.io.formats.csv_extra_cells import are_unused
from losscli.io.formats.csv_records import (
    END,
    QuoteFault,
    Record,
    closed_well,
    delimiting_quotes,
    records,
)
from losscli.io.formats.csv_syntax import EXCERPT_LENGTH, CsvSyntax, LineNumbers, excerpt
from losscli.io.formats.number_spelling import PERCENT_HINT, spelling_hint
from losscli.io.formats.text_windows import Window
from losscli.io.source import ReadAs
from losscli.lazy import dataclass, pattern

_PLAIN = pattern(rb"-?[0-9]+(?:\.[0-9]+)?")
_WHOLE = pattern(rb"[ \t]*[+-]?[0-9]+[ \t]*")

Cells = Sequence[bytes]


def number(cell: bytes, grammar: CsvSyntax) -> float | None:
    """The number in a cell, None if it is null; else an exception of `parse_number`."""
    text = cell.strip(b" \t")
    if text in grammar.nulls:
        return None
    # Bytes that are not ASCII are in no number; as a separator of thousands, they are a character.
    return parse_number(text.decode(errors="replace"), grammar.decimal, grammar.thousands)


@dataclass(frozen=True)
class _BadCell:
    row: int
    column: str
    cell: bytes
    error: Exception

    @property
    def flaw(self) -> str:
        """What is wrong with the cell, to follow its text."""
        if isinstance(self.error, OverflowError):
            return "is too large for a float64"
        return INEXACT if isinstance(self.error, InexactNumberError) else NOT_A_NUMBER


def read_exactly(
    window: Window,
    cells: Sequence[Cells],
    projection: Sequence[tuple[str, ReadAs]],
    grammar: CsvSyntax,
    location: Location,
) -> list[pa.Array]:
    """The columns of one window from the bytes of their cells; `location` is that of its first row."""
    arrays: list[pa.Array] = []
    bad: list[_BadCell] = []
    for (name, read_as), column in zip(projection, cells, strict=True):
        if read_as == "number":
            before = len(bad)
            arrays.append(_numbers(name, column, grammar, bad))
            if grammar.lenient and len(bad) > before:
                arrays[-1] = _lenient(arrays[-1], bad[before:], grammar.decimal)
                del bad[before:]
        else:
            arrays.append(_texts(name, column, grammar, window, location))
    if bad:
        raise _bad_cells_error(bad, grammar, location)
    return arrays


def _numbers(name: str, column: Cells, grammar: CsvSyntax, bad: list[_BadCell]) -> pa.Array:
    values: list[float | None] = []
    plain = grammar.decimal == "." and not any(_PLAIN.fullmatch(text) for text in grammar.nulls)
    for row, cell in enumerate(column):
        if plain and len(cell) < 300 and _PLAIN.fullmatch(cell):  # nearly all cells, in a third of the time
            value = float(cell)
            if -EXACT < value < EXACT or b"." in cell:
                values.append(value)
                continue
        try:
            values.append(number(cell, grammar))
        except (ValueError, OverflowError) as error:
            bad.append(_BadCell(row, name, cell, error))
            values.append(None)
    return floats(values)


def all_exact(cells: Cells) -> bool:
    """Whether a float64 can hold each of the whole numbers among these cells of numbers."""
    return all(int(cell) == int(float(cell)) for cell in cells if _WHOLE.fullmatch(cell))


def _lenient(numbers: pa.Array, bad: Sequence[_BadCell], decimal: str) -> pa.Array:
    """Numbers as text that reads back the same, together with the cells that are not numbers."""
    values = numbers.to_pylist()
    texts: list[str | None] = [None if value is None else repr(value).replace(".", decimal) for value in values]
    for cell in bad:
        texts[cell.row] = cell.cell.decode(errors="replace")
    return dictionary_strings(texts)


def _texts(name: str, column: Cells, grammar: CsvSyntax, window: Window, location: Location) -> pa.Array:
    values: list[str | None] = []
    for row, cell in enumerate(column):
        try:
            values.append(cell.decode())
        except UnicodeDecodeError:
            raise _not_utf8_error(name, row, cell, grammar, window, location) from None
    return dictionary_strings(values)


def _not_utf8_error(
    name: str, row: int, cell: bytes, grammar: CsvSyntax, window: Window, location: Location
) -> DataError:
    record = LineNumbers(window, grammar.dialect).record(row)
    where = ""
    if record is not None and grammar.plain_utf8:
        index = grammar.names.index(name)
        # quoted cells differ from their bytes, so the search starts at the earliest possible start of the cell
        before = record.start + sum(len(part) + 1 for part in record.cells[:index])
        where = f" at byte {window.offset + before + _first_bad(window.text[before : record.end]) + 1}"
    hint = "name the encoding, such as --encoding latin-1 or cp1252"
    return location.error(
        row, name, f"the text is not UTF-8{where}", cell.decode("latin-1")[:EXCERPT_LENGTH], hint, code="DATA_ENCODING"
    )


def _first_bad(text: bytes) -> int:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _bad_cells_error(bad: list[_BadCell], grammar: CsvSyntax, location: Location) -> DataError:
    first = min(bad, key=lambda cell: cell.row)
    text = excerpt(first.cell)
    message = f"'{text}' {first.flaw}"
    if len(bad) > 1:
        others = dict.fromkeys(excerpt(cell.cell) for cell in bad if cell is not first)
        listed = ", ".join(f"'{other}'" for other in islice(others, 4))
        last = location.first_row + max(cell.row for cell in bad)
        message += f"; {len(bad) - 1} more such {'cell' if len(bad) == 2 else 'cells'} by row {last}: {listed}"
        message += " …" if len(others) > 4 else ""
    return location.error(
        first.row,
        first.column,
        message,
        text,
        _hint(first, bad, grammar),
        code="DATA_INFINITE" if isinstance(first.error, OverflowError) else "DATA_BAD_CELL",
    )


_HINTS: tuple[tuple[str, str], ...] = (
    (r"[^%]*%", PERCENT_HINT),
    (r"[+-]?0[xX][0-9a-fA-F]+", "write numbers in decimal"),
)


def _hint(bad: _BadCell, others: Sequence[_BadCell], grammar: CsvSyntax) -> str | None:
    if isinstance(bad.error, InexactNumberError):
        return INEXACT_HINT
    text = bad.cell.decode(errors="replace").strip()
    if text == bad.column:
        return "a repeated header: were two files concatenated?"
    column = (other.cell.decode(errors="replace").strip() for other in others if other.column == bad.column)
    if (spelling := spelling_hint(text, column, grammar.decimal, grammar.thousands)) is not None:
        return spelling
    known = next((advice for pattern, advice in _HINTS if re.fullmatch(pattern, text)), None)
    return known or missing_hint(text, {null.decode() for null in grammar.nulls})


def read_cells(
    window: Window, used: Sequence[tuple[int, bool]], grammar: CsvSyntax, location: Location, extra: list[int]
) -> list[Cells]:
    """The cells of a window at the positions that are used, or the error about the first malformed record.

    `used` says of each position whether its column holds numbers; `extra` gets the rows with cells that are not read.
    """
    columns: list[list[bytes]] = [[] for _ in used]
    width, delimiter = len(grammar.names), grammar.dialect.delimiter.decode()
    numbers = NumberFormat(frozenset(null.decode() for null in grammar.nulls), grammar.decimal, grammar.thousands)
    row = -1
    for row, record in enumerate(records(window.text, grammar.dialect, line=window.line)):
        if record.fault is not None:
            raise quote_error(record.fault, grammar, location, row)
        more = len(record.cells) > width and grammar.extra_cells
        if more and are_unused(record.cells, width, used, delimiter, numbers):
            extra.append(row)
        elif len(record.cells) != width:
            raise _wrong_width_error(record, window, grammar, location, row)
        for column, (position, _) in zip(columns, used, strict=True):
            column.append(record.cells[position])
    return list(columns)


def quote_error(fault: QuoteFault, grammar: CsvSyntax, location: Location, row: int) -> DataError:
    """The error about a quoted cell, with the line of its opening quote."""
    column = grammar.names[fault.index] if fault.index < len(grammar.names) else None
    error = location.error(row, column, fault.message, excerpt(fault.cell), fault.hint, code="DATA_BAD_ROW")
    error.line = fault.line
    return error


def check_quotes(window: Window, grammar: CsvSyntax, location: Location) -> None:
    """Refuse a quoted cell that is never closed, or that is closed before its end."""
    quotes = delimiting_quotes(window.view, grammar.dialect)
    if len(quotes) % 2 == 0 and closed_well(window.view, quotes, grammar.dialect):
        return
    for row, record in enumerate(records(window.text, grammar.dialect, line=window.line)):
        if record.fault is not None:
            raise quote_error(record.fault, grammar, location, row)


def _wrong_width_error(record: Record, window: Window, grammar: CsvSyntax, location: Location, row: int) -> DataError:
    found, expected = len(record.cells), len(grammar.names)
    text = excerpt(window.text[record.start : record.end])
    hint = None
    if any(END.search(cell) for cell in record.cells):
        hint = "a cell of this row spans several lines: is there a stray quote?"
    elif text.startswith("#"):
        hint = "for comment lines use --comment '#'"
    elif found > expected and any(cell.endswith(b"\\") for cell in record.cells[:-1]):
        delimiter = grammar.dialect.delimiter.decode()
        hint = f"if \\{delimiter} is a character inside its cell, use --escape '\\'"
    elif grammar.dialect.delimiter == b" " and "  " in text:
        hint = "for runs of blanks use --delimiter blanks"
    elif found == expected + 1 and not record.cells[-1]:
        hint = "the row ends with a delimiter, the header does not"
    elif found == expected + 1 and location.first_row + row == 1:
        hint = "if the first cell is the name of its row, name it in the header"
    cells = "cell" if found == 1 else "cells"
    return location.error(
        row, None, f"the row has {found} {cells}, the header {expected}", text, hint, code="DATA_BAD_ROW"
    )

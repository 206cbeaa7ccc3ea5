"""The header that R's write.table writes: one name fewer than the rows have cells, for the first are row names."""

from __future__ import annotations

from itertools import islice

from losscli.io.arrow.canonical import parse_number
from losscli.io.formats.csv_records import Dialect, Record, records
from losscli.io.source import ReadOptions

_FEW = 200  # rows that are looked at


def has_row_names(head: Record, text: bytes, body: int, dialect: Dialect, options: ReadOptions, *, whole: bool) -> bool:
    """Whether the first cell of each row has no name in the header.

    All rows that are looked at must have one cell more than the header, and the first ones must look like names of
    rows: no two are the same, and they are text beside numbers, or in quotes as the names in the header are and other
    cells are not, or the numbers 1, 2, 3. These count only where other marks than commas separate cells: numbers with
    a decimal comma, too, make a cell more of each row. Otherwise the rows do not fit their header, which is an error.

    Parameters
    ----------
    head
        The header.
    text
        The beginning of the file.
    body
        Where the rows begin in it.
    dialect
        What separates and encloses cells.
    options
        How numbers are written.
    whole
        Whether the text is all of the file; else its last record may be cut.
    """
    rows = list(islice(records(text, dialect, body), _FEW))
    rows = rows if whole or len(rows) == _FEW else rows[:-1]
    width = len(head.cells) + 1
    if not rows or any(len(row.cells) != width or row.fault is not None for row in rows):
        return False
    names = [row.cells[0].strip() for row in rows]
    if len(set(names)) < len(names) or not all(names) or not all(row.cells[-1].strip() for row in rows):
        return False
    if not any(_is_number(name, options) for name in names):
        return all(_is_number(row.cells[-1], options) for row in rows)
    quote = dialect.quote
    in_quotes = quote and all(text.startswith(quote, record.start) for record in (head, *rows))
    if in_quotes and all(text.count(quote, row.start, row.end) < 2 * width for row in rows):
        return True
    counted = [b"%d" % number for number in range(1, len(names) + 1)]
    return dialect.delimiter != b"," and len(names) > 1 and names == counted


def _is_number(cell: bytes, options: ReadOptions) -> bool:
    text = cell.decode(errors="replace").strip()
    if text in options.null_values:
        return True
    try:
        parse_number(text, options.decimal, options.thousands)
    except OverflowError:
        return True
    except ValueError:
        return False
    return True

"""The header of delimited text: the column names, and signs that the text has another format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from losscli.errors import DataError, UsageError
from losscli.io.arrow.canonical import SPACES
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_preamble import Preamble
from losscli.io.formats.csv_records import END, Dialect, Record, records
from losscli.io.formats.csv_syntax import BLANKS, changes_text
from losscli.io.source import ReadOptions
from losscli.lazy import dataclass, pattern

HEADER_LIMIT = 4 << 20
PIECE = 1 << 16
_NUMBER = pattern(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
BOM = b"\xef\xbb\xbf"
COMMENT_HINT = "for comment lines use --comment '#'"
NAMED = {",": "comma", ";": "';'", "\t": "a tab", "|": "'|'"}


@dataclass(frozen=True)
class Layout:
    """The columns of one file, and where its rows start: at byte `body` on `line`; `above` lines precede the table.

    Where comments are removed, `body` counts from behind the lines above.
    """

    names: tuple[str, ...]
    dialect: Dialect
    body: int
    line: int
    above: int
    notes: tuple[str, ...] = ()
    fits: bool = False  # whether the first row has as many cells as the header


def dialect_of(options: ReadOptions, format: str) -> Dialect:
    """The given delimiter and quote, else the default of the format; neither is guessed."""
    delimiter = _delimiter(options, format)
    quote = options.quote
    if quote is None or quote == "none":
        # Cells with escapes are written again in quotes.
        return Dialect(delimiter, b"") if options.escape is None else Dialect(delimiter)
    if len(quote) != 1 or not quote.isascii() or not quote.isprintable() or quote.isalnum() or quote in "+- ":
        raise UsageError(
            f"the quote must be one ASCII character such as \" or ', or the word none, not '{quote}'",
            code="USAGE_BAD_VALUE",
        )
    if delimiter.decode() == quote:
        raise UsageError(f"the quote and the delimiter are the same character, {quote}", code="USAGE_BAD_VALUE")
    return Dialect(delimiter, quote.encode())


def _delimiter(options: ReadOptions, format: str) -> bytes:
    given = options.delimiter
    if given is None:
        return b"\t" if format == "tsv" else b","
    if given == BLANKS:
        return b" "
    given = {"\\t": "\t", "tab": "\t"}.get(given, given)
    if len(given) != 1 or not given.isascii() or given in "\r\n":
        raise UsageError(
            f"the delimiter must be one ASCII character, or the word {BLANKS}, not '{options.delimiter}'",
            code="USAGE_BAD_VALUE",
        )
    return given.encode()


def check_decimal(options: ReadOptions) -> None:
    """Refuse decimal marks that Arrow's reader would accept and misread, such as digits."""
    given = options.decimal
    if len(given) != 1 or not given.isascii() or not given.isprintable() or given.isalnum() or given in '"+- ':
        raise UsageError(f"the decimal mark must be a character such as . or , not '{given}'", code="USAGE_BAD_VALUE")
    if given == options.quote:
        raise UsageError(f"the quote and the decimal mark are the same character, {given}", code="USAGE_BAD_VALUE")
    if options.thousands is not None:
        _check_thousands(options.thousands, options)


def _check_thousands(given: str, options: ReadOptions) -> None:
    usual = len(given) == 1 and (given in SPACES or (given.isprintable() and not given.isalnum()))
    if not usual or given in '"+-':
        raise UsageError(
            f"the thousands separator must be one character such as , . ' or a space, not '{given}'",
            code="USAGE_BAD_VALUE",
        )
    for name, other in (("decimal mark", options.decimal), ("quote", options.quote)):
        if given == other:
            raise UsageError(
                f"the {name} and the thousands separator are the same character, {given}",
                hint=f"use --decimal ',' --thousands {given}" if given == "." else None,
                code="USAGE_BAD_VALUE",
            )


def read_layout(stream: Stream, preamble: Preamble, format: str) -> Layout:
    """The layout of the text in `stream`, which goes on behind the preamble."""
    options, above = preamble.options, preamble.lines
    dialect = dialect_of(options, format)
    check_decimal(options)
    text, mark, found = _first_records(stream, dialect, above)
    skip = mark if changes_text(options) else preamble.size + mark
    head = found[0]
    if head.fault is not None:
        fault = head.fault
        if options.delimiter is None:
            _refuse_quoted_names(text, dialect, format, stream.path, above + 1)
        raise DataError(fault.message, hint=fault.hint, path=stream.path, line=fault.line, code="DATA_BAD_ROW")
    if b"\0" in text[head.start : head.end]:
        raise DataError(
            "the header contains NUL bytes",
            path=stream.path,
            hint="for UTF-16 use --encoding utf-16-le or utf-16-be",
            code="DATA_ENCODING",
        )
    _refuse_comments(found, options, stream.path)
    if not options.header:
        return Layout(
            tuple(str(n + 1) for n in range(len(head.cells))), dialect, skip, above + 1, above, preamble.notes
        )
    _refuse_title(found, text, dialect, stream.path)
    names = _names(head, text, skip, stream.path)
    if options.delimiter is None and len(names) == 1:
        _refuse_other_delimiter(names[0], found, format, stream.path)
        _refuse_blanks(names[0], found, stream.path)
    newline = END.match(text, head.end)
    body = newline.end() if newline else head.end
    line = head.line + len(END.findall(text[head.start : body]))
    notes = (*preamble.notes, *_notes(names, stream.path))
    if len(found) > 1 and len(found[1].cells) == len(names) + 1:
        from losscli.io.formats.csv_row_names import has_row_names

        if has_row_names(head, text, body, dialect, options, whole=len(text) < PIECE):
            names = ("", *names)
            notes += (f"{stream.path}: the header has one name fewer than rows have cells, as R writes it: the first "
                      "column is row names",)  # fmt: skip
    fits = len(found) > 1 and len(found[1].cells) == len(names)
    return Layout(names, dialect, skip + body, line, above, notes, fits)


def _first_records(stream: Stream, dialect: Dialect, above: int) -> tuple[bytes, int, list[Record]]:
    """Text with the whole header, the length of its byte order mark, and its first one or two records."""
    text = stream.read(PIECE)
    skip = len(BOM) if text.startswith(BOM) else 0
    text = text[skip:]
    while True:
        piece = stream.read(max(PIECE, len(text)))
        text += piece
        found = []
        for record in records(text, dialect, line=above + 1):
            found.append(record)
            if len(found) == 2:
                break
        complete = len(found) == 2 or (found and found[0].end + 1 < len(text))
        if (complete and not _is_open(found[0])) or not piece:
            break
        if len(text) > HEADER_LIMIT:
            raise DataError(
                f"the header is longer than {HEADER_LIMIT >> 20} MiB",
                path=stream.path,
                line=above + 1,
                code="DATA_BAD_ROW",
            )
    if not found or not text[found[0].start : found[0].end].strip():
        where = f" below the {above} that are skipped" if above else ""
        raise DataError(f"no header: the file has only blank lines{where}", path=stream.path, code="DATA_BAD_ROW")
    return text, skip, found


def _is_open(record: Record) -> bool:
    return record.fault is not None and not record.fault.closed


def _names(head: Record, text: bytes, skip: int, path: str) -> tuple[str, ...]:
    names = []
    for cell in head.cells:
        if len(cell) > HEADER_LIMIT:
            raise DataError(f"a column name is {len(cell)} bytes long", path=path, line=head.line, code="DATA_BAD_ROW")
        try:
            names.append(cell.decode())
        except UnicodeDecodeError as error:
            at = skip + max(text.find(cell), 0) + error.start + 1
            raise DataError(
                f"the header is not UTF-8 at byte {at}",
                path=path,
                line=head.line,
                value=cell.decode("latin-1"),
                hint="name the encoding, such as --encoding latin-1 or cp1252",
                code="DATA_ENCODING",
            ) from None
    return tuple(names)


def _refuse_comments(found: Sequence[Record], options: ReadOptions, path: str) -> None:
    """Refuse a first line that begins with # and is no part of the table: a line of another width, or of #, follows."""
    head, rest = found[0], found[1:]
    if options.comment is not None or not rest or not head.cells[0].startswith(b"#"):
        return
    again = options.header and len(head.cells) == 1 and rest[0].cells[0].startswith(b"#")
    if again or len(rest[0].cells) != len(head.cells):
        raise DataError(
            "the first line begins with '#', and is not like the next one",
            path=path,
            line=head.line,
            value=str(head.cells[0], "latin-1")[:60],
            hint=COMMENT_HINT + (" --no-header" if options.header and _is_of_numbers(rest[0]) else ""),
            code="DATA_BAD_ROW",
        )


def _is_of_numbers(record: Record) -> bool:
    """Whether the cells are numbers: below numpy.savetxt's header, which is a comment, no names follow."""
    return all(_NUMBER.fullmatch(cell.strip()) for cell in record.cells)


def _refuse_title(found: Sequence[Record], text: bytes, dialect: Dialect, path: str) -> None:
    """Refuse one cell above two or more that could be column names."""
    head, rest = found[0], found[1:]
    if not rest or len(head.cells) != 1 or len(rest[0].cells) < 2 or rest[0].cells[0].startswith(b"#"):
        return
    for mark in (b";", b"\t", b"|"):
        widths = {len(record.cells) for record in islice(records(text, dialect._replace(delimiter=mark)), 2)}
        if len(widths) == 1 and widths.pop() > 1:
            return  # another delimiter, and decimal commas
    if all(cell.strip() and not _NUMBER.fullmatch(cell.strip()) for cell in rest[0].cells):
        raise DataError(
            f"the first line has 1 cell, line {rest[0].line} has {len(rest[0].cells)}",
            path=path,
            line=head.line,
            value=str(head.cells[0], "latin-1")[:60],
            hint=f"if line {rest[0].line} is the header, use --skip-lines {rest[0].line - 1}",
            code="DATA_BAD_ROW",
        )


def _refuse_quoted_names(text: bytes, dialect: Dialect, format: str, path: str, line: int) -> None:
    """Refuse names in quotes that another delimiter separates; with the usual one, text follows a closing quote."""
    for other in (b";", b"\t", b"|", b",", b" "):
        head, *rest = islice(records(text, dialect._replace(delimiter=other)), 2)
        if head.fault is None and len(head.cells) > 1:
            from losscli.io.formats.number_spelling import number_options

            numbers = number_options(cell.decode(errors="replace").strip() for row in rest for cell in row.cells)
            shown = "'\\t'" if other == b"\t" else f"'{other.decode()}'"
            raise DataError(
                f"the file looks separated by {NAMED.get(other.decode(), 'blanks')}, not by "
                f"{NAMED[dialect.delimiter.decode()]}",
                path=path, line=line, value=text[head.start : head.end].decode(errors="replace")[:60],
                hint=f"use --delimiter {shown}" + (f" {numbers}" if numbers else ""), code="DATA_WRONG_FORMAT",
            )  # fmt: skip


def _refuse_other_delimiter(name: str, found: Sequence[Record], format: str, path: str) -> None:
    usual = "\t" if format == "tsv" else ","
    for other in (";", "\t", "|", ","):
        if other == usual or other not in name:
            continue
        from losscli.io.formats.number_spelling import number_options

        shown = "'\\t'" if other == "\t" else f"'{other}'"
        cells = ",".join(cell.decode(errors="replace") for row in found[1:] for cell in row.cells).split(other)
        numbers = number_options([cell.strip() for cell in cells])
        raise DataError(
            f"the file looks separated by {NAMED[other]}, not by {NAMED[usual]}",
            path=path,
            line=found[0].line,
            value=name,
            hint=f"use --delimiter {shown}" + (f" {numbers}" if numbers else ""),
            code="DATA_WRONG_FORMAT",
        )


def _refuse_blanks(name: str, found: Sequence[Record], path: str) -> None:
    """Refuse one column whose name and first cell have as many words, of which one is a number in the cell."""
    plain = name.removeprefix("# ")  # numpy.savetxt writes its header as a comment
    words = plain.split()
    cells = [cell.split() for row in found[1:2] for cell in row.cells]
    if len(words) < 2 or len(cells) != 1 or len(cells[0]) != len(words):
        return
    single = [plain.encode(), *found[1].cells] == [" ".join(words).encode(), b" ".join(cells[0])]
    if any(map(_NUMBER.fullmatch, cells[0])):
        raise DataError(
            "the file looks separated by blanks",
            path=path,
            line=found[0].line,
            value=name,
            hint=("use --delimiter ' '" if single else f"use --delimiter {BLANKS}")
            + (" --comment '#' --no-header" if plain != name else ""),
            code="DATA_WRONG_FORMAT",
        )


def _notes(names: tuple[str, ...], path: str) -> tuple[str, ...]:
    filled = [name for name in names if name.strip()]
    if filled and all(re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", name.strip()) for name in filled):
        return (f"{path}: the header has only numbers; if there is no header, use --no-header",)
    return ()

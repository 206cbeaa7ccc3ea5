"""Escaped characters: each cell with one is written again in quotes, so that all that follows knows only quotes."""

from __future__ import annotations

import re

from losscli.errors import UsageError
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_records import Dialect, RecordCutter
from losscli.io.formats.rewritten_text import RewrittenText
from losscli.io.source import ReadOptions


def unescaped(stream: Stream, options: ReadOptions, dialect: Dialect, *, blanks: bool) -> Stream:
    """The same text without escapes; `dialect` is that in which it is written again, with a quote."""
    escape = _escape(options.escape or "", options, dialect)
    mark = None if options.comment is None else options.comment.encode()
    quoted = options.quote not in (None, "none")
    return Stream(_Unescaped(stream, escape, mark, dialect, quoted=quoted, blanks=blanks), stream.path)


def _escape(given: str, options: ReadOptions, dialect: Dialect) -> bytes:
    usual = len(given) == 1 and given.isascii() and given.isprintable() and not given.isalnum()
    if not usual or given in "+-. " or given.encode() in dialect or given in (options.comment, options.decimal):
        raise UsageError(
            f"the escape character must be one ASCII character such as \\, and have no other meaning, not '{given}'",
            code="USAGE_BAD_VALUE",
        )
    return given.encode()


class _Unescaped(RewrittenText):
    """The same text, where the character after an escape is one of its cell, whatever it is; line ends stay.

    A cell of only an escape and N, which means null to databases, stays as it is.
    """

    def __init__(self, stream: Stream, escape: bytes, mark: bytes | None, dialect: Dialect, *, quoted: bool,
                 blanks: bool) -> None:  # fmt: skip
        super().__init__(stream)
        self.escape, self.quote, self.null, self.quoted = escape, dialect.quote, escape + b"N", quoted
        # Runs of blanks are not cut by quotes alone, nor are comments.
        self.cut = RecordCutter(dialect) if quoted and not blanks and mark is None else None
        escape, quote = re.escape(escape), re.escape(dialect.quote)
        between = rb" \t" if blanks else re.escape(dialect.delimiter)
        pair = escape + rb"(?:\r\n|[\s\S])"
        plain = rb"(?:[^" + between + rb"\r\n" + escape + rb"]++|" + pair + rb")*+"
        inside = rb"(?:[^" + quote + escape + rb"]++|" + quote * 2 + rb"|" + pair + rb")*+"
        if quoted:
            cell = rb"(?:" + quote + inside + quote + plain + rb"|(?!" + quote + rb")" + plain + rb")"
            parts = quote + rb"(" + inside + rb")" + quote + rb"(" + plain + rb")|(?!" + quote + rb")(" + plain + rb")"
        else:
            cell, parts = plain, rb"(?!)()()|(" + plain + rb")"
        comment = b"" if mark is None else rb"[ \t]*+" * blanks + re.escape(mark) + rb"[^\r\n]*+|"
        record = comment + cell + rb"(?:[" + between + rb"]" + cell + rb")*+"
        self.cells = re.compile(parts)
        self.last_cells = re.compile(quote + rb"(" + inside + rb")\Z|" + parts) if quoted else None
        self.pair = re.compile(escape + rb"(\r\n|[\s\S])|" + quote + rb"(" + quote + rb")")
        self.alone = re.compile(escape + rb"(\r\n|[\s\S])")
        self.record = re.compile(rb"(" + record + rb")(?:\r\n|\r(?!\Z)|\n)")
        self.comment = None if mark is None else re.compile(comment[:-1])

    def rewritten(self, text: bytes) -> tuple[bytes, int]:
        """The complete records of `text` without escapes, and how many bytes of it they were."""
        if self.escape not in text:
            if self.quote not in text:
                end = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
                return text[:end], end
            if self.cut is not None:
                end = self.cut(text)
                return text[:end], end
        kept: list[bytes] = []
        at = done = 0
        while (found := self.record.match(text, at)) is not None:
            start, at = at, found.end()
            record = found[1]
            special = self.escape in record or (not self.quoted and self.quote in record)
            if special and (self.comment is None or not self.comment.match(record)):
                kept += [text[done:start], self.cells.sub(self._cell, record)]
                done = start + len(record)
        kept.append(text[done:at])
        return b"".join(kept), at

    def remainder(self, text: bytes) -> bytes:
        """The last record, which has a quote that is never closed, or ends with an escape."""
        alone = (len(text) - len(text.rstrip(self.escape))) % 2
        text += self.escape * alone
        if self.last_cells is None:
            return self.cells.sub(self._cell, text)
        return self.last_cells.sub(self._last_cell, text)

    def _last_cell(self, found: re.Match[bytes]) -> bytes:
        """One cell; one whose quote is never closed stays so."""
        if found[1] is None:
            return self._cell(found)
        return self._in_quotes(self.pair.sub(rb"\1\2", found[1]))[: -len(self.quote)]

    def _cell(self, found: re.Match[bytes]) -> bytes:
        """One cell, in quotes if it has an escape."""
        inside, after, plain = found.groups()[-3:]
        if plain is None:
            return self._in_quotes(self.pair.sub(rb"\1\2", inside)) + after
        special = self.escape in plain or (not self.quoted and self.quote in plain)
        if plain == self.null or not special:
            return plain
        return self._in_quotes(self.alone.sub(rb"\1", plain))

    def _in_quotes(self, cell: bytes) -> bytes:
        return self.quote + cell.replace(self.quote, self.quote * 2) + self.quote

"""Text as it is parsed: without escapes, comments and runs of blanks.

Comment lines become empty lines, so that line numbers stay right.
"""

from __future__ import annotations

import re

from losscli.errors import UsageError
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_blanks import SingleBlanks
from losscli.io.formats.csv_records import Dialect
from losscli.io.formats.csv_syntax import BLANKS
from losscli.io.formats.rewritten_text import RewrittenText
from losscli.io.source import ReadOptions


def plain_text(stream: Stream, options: ReadOptions, dialect: Dialect) -> Stream:
    """The same text without escapes, with each record that is a comment made empty, and with single delimiters."""
    mark = options.comment
    if mark is not None:
        _check_mark(mark, dialect)
    blanks = options.delimiter == BLANKS
    if options.escape is not None:
        from losscli.io.formats.csv_escapes import unescaped

        stream = unescaped(stream, options, dialect, blanks=blanks)
    if blanks:
        return Stream(SingleBlanks(stream, None if mark is None else mark.encode(), dialect), stream.path)
    return stream if mark is None else Stream(_Uncommented(stream, mark.encode(), dialect), stream.path)


def _check_mark(mark: str, dialect: Dialect) -> None:
    if len(mark) != 1 or not mark.isascii() or mark in "\r\n" or mark.encode() in dialect:
        raise UsageError(
            f"the comment mark must be one ASCII character that is no delimiter or quote, not '{mark}'",
            code="USAGE_BAD_VALUE",
        )


class _Uncommented(RewrittenText):
    def __init__(self, stream: Stream, mark: bytes, dialect: Dialect) -> None:
        super().__init__(stream)
        delimiter, quote = map(re.escape, dialect)
        stop = delimiter + rb"\r\n"
        cell = rb"[^" + stop + rb"]*+"
        if quote:
            inside = rb"(?:[^" + quote + rb"]++|" + quote * 2 + rb")*+"
            cell = rb"(?:" + quote + inside + quote + cell + rb"|(?!" + quote + rb")" + cell + rb")"
        record = cell + rb"(?:" + delimiter + cell + rb")*+"
        self.record = re.compile(record + rb"(?:\r\n|\r(?!\Z)|\n)")
        self.comment = re.compile(re.escape(mark) + rb"[^\r\n]*+(?=\r\n|\r|\n)")

    def rewritten(self, text: bytes) -> tuple[bytes, int]:
        """The complete records of `text` without comments, and how many bytes of it they were."""
        kept: list[bytes] = []
        at = done = 0
        while True:
            if comment := self.comment.match(text, at):
                kept.append(text[done:at])
                at = done = comment.end()
            found = self.record.match(text, at)
            if found is None:
                break
            at = found.end()
        kept.append(text[done:at])
        return b"".join(kept), at

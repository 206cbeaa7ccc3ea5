"""An array or a mapping in a JSON document as JSON lines, a piece at a time: the values stay as they are written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from losscli.errors import DataError
from losscli.io.files.streams import Readable
from losscli.io.formats.json_structure import COMMA, NEWLINE, OPEN, Bytes, Positions, Structure, structure_of
from losscli.lazy import dataclass, pattern

PIECE = 4 << 20
RECORD_LIMIT = 256 << 20
_BLANK, _LINE, _COMMA = 32, 10, 44


_KEY = pattern(rb'\s*("[^"\\]*(?:\\.[^"\\]*)*")\s*:\s*')


class RecordLines:
    """A stream of the elements of an array, or of the members of an object, one a line.

    `stream` is at the first byte behind its bracket; `as_row` makes an element the text of its row. Behind the end of a
    `whole` document nothing stands.
    """

    def __init__(
        self, stream: Readable, path: str, as_row: Callable[[bytes], bytes] | None = None, whole: bool = True,
        closing: bytes = b"]",
    ) -> None:  # fmt: skip
        self.stream, self.path, self.as_row, self.whole, self.closing = stream, path, as_row, whole, closing
        self.text = b""
        self.ended = self.began = False

    def read(self, size: int, /) -> bytes:
        """The next lines, none only at the end."""
        while not self.ended:
            piece = self.stream.read(max(PIECE, len(self.text)))
            self.text += piece
            lines = self._lines(last=not piece)
            if lines:
                return lines if self.as_row is None else self._rows(lines, self.as_row)
        return b""

    def close(self) -> None:
        """Close the stream below."""
        self.stream.close()

    @staticmethod
    def _rows(lines: bytes, as_row: Callable[[bytes], bytes]) -> bytes:
        return b"".join(as_row(line) + b"\n" for line in lines.split(b"\n") if line.strip())

    def _lines(self, last: bool) -> bytes:
        """The whole elements of the text that is there, which are removed from it."""
        raw = np.frombuffer(self.text, np.uint8)
        structure = structure_of(raw)
        ends = np.flatnonzero(structure.depth < 0)
        if len(ends):
            self.ended = True
            at = int(structure.at[ends[0]])
            self._check_end(at)
            inside = structure.where(slice(ends[0]))
            return as_lines(raw[:at], inside) + b"\n" if raw[:at].tobytes().strip() else b""
        if last:
            raise DataError(
                "the JSON array is not closed", path=self.path, code="DATA_CORRUPT_FILE",
                hint="is the file complete? did the step that writes it fail?",
            )  # fmt: skip
        between = structure.at[(structure.kinds == COMMA) & (structure.depth == 0)]
        if not len(between):
            if len(self.text) > RECORD_LIMIT:
                raise DataError(f"a record is longer than {RECORD_LIMIT >> 20} MiB", path=self.path,
                                code="DATA_BAD_ROW")  # fmt: skip
            return b""
        stop = int(between[-1]) + 1
        until = int(np.searchsorted(structure.at, stop))
        lines = as_lines(raw[:stop], structure.where(slice(until)))
        self.text, self.began = self.text[stop:], True
        return lines

    def _check_end(self, end: int) -> None:
        """Whether the bracket at `end` closes the value, behind an element, and is the last of a whole document."""
        what, other = ("array", "}") if self.closing == b"]" else ("object", "]")
        if self.text[end : end + 1] != self.closing:
            raise DataError(f"the JSON {what} is closed by a {other}", path=self.path, code="DATA_CORRUPT_FILE")
        if self.text[:end].rstrip()[-1:] == b"," or (self.began and not self.text[:end].strip()):
            raise DataError(f"the JSON {what} ends with a comma", path=self.path, code="DATA_CORRUPT_FILE")
        if not self.whole:
            return  # a survey has read the rest
        rest, piece = self.text[end + 1 :], b"."
        while piece and not rest.strip():
            rest = piece = self.stream.read(PIECE)
        if rest.strip():
            raise DataError("there is text behind the end of the JSON array", path=self.path, code="DATA_CORRUPT_FILE",
                            value=rest.strip()[:60].decode(errors="replace"))  # fmt: skip


def as_lines(raw: Bytes, structure: Structure) -> bytes:
    """The elements of an array, each on one line; where one is missing, its comma stays, which is then refused."""
    out = raw.copy()
    out[structure.at[structure.kinds == NEWLINE]] = _BLANK
    commas = structure.at[(structure.kinds == COMMA) & (structure.depth == 0)]
    opened = structure.at[(structure.kinds == OPEN) & (structure.depth == 1)]
    counts = np.diff(np.searchsorted(opened, commas), prepend=0)
    empty = [i for i in np.flatnonzero(counts == 0) if not _between(raw, commas, int(i)).strip()]
    out[commas] = _LINE
    out[commas[empty]] = _COMMA
    return out.tobytes()


def _between(raw: Bytes, commas: Positions, index: int) -> bytes:
    return raw[int(commas[index - 1]) + 1 if index else 0 : int(commas[index])].tobytes()


def value_row(element: bytes) -> bytes:
    """An element of an array as the row of one column."""
    return b'{"value": %b}' % element.strip()


@dataclass(frozen=True)
class MemberRows:
    """The members of an object as rows: of a key and a value, or, with the name of the key's column, of records.

    `before` are fields that stand in each row before its own.
    """

    path: str
    key: str | None = None
    before: bytes = b""

    def __call__(self, member: bytes) -> bytes:
        """The row of one member."""
        found = _KEY.match(member)
        if found is None:
            raise _error(self.path, f"invalid JSON: '{_shown(member)}' is no member of an object")
        name, value = found[1], member[found.end() :].strip()
        if self.key is None:
            return b'{%b"key": %b, "value": %b}' % (self.before, name, value)
        return _with_fields(self.path, b'%b"%b": %b' % (self.before, self.key.encode(), name), value)


@dataclass(frozen=True)
class SplitRows:
    """The records of an array as rows that begin with more fields."""

    path: str
    fields: bytes

    def __call__(self, record: bytes) -> bytes:
        """The row of one record."""
        return _with_fields(self.path, self.fields, record.strip())


def _with_fields(path: str, fields: bytes, record: bytes) -> bytes:
    if record[:1] != b"{":
        raise _error(path, f"'{_shown(record)}' is no record, as other members are")
    inner = record[1:-1].strip()
    return b"{%b%b}" % (fields, b", " + inner if inner else b"")


def _error(path: str, message: str) -> DataError:
    return DataError(message, path=path, code="DATA_CORRUPT_FILE")


def _shown(text: bytes) -> str:
    return text[:60].decode(errors="replace").strip()

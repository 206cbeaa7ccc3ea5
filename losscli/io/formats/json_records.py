"""A JSON array of records as JSON lines, a piece at a time: the records stay as they are written."""

from __future__ import annotations

import numpy as np

from losscli.errors import DataError
from losscli.io.files.streams import Readable
from losscli.io.formats.json_structure import COMMA, NEWLINE, OPEN, Bytes, Positions, Structure, structure_of

PIECE = 4 << 20
RECORD_LIMIT = 256 << 20
_BLANK, _LINE, _COMMA = 32, 10, 44


class RecordLines:
    """A stream of the elements of an array, one a line. `stream` is at the first byte behind its bracket."""

    def __init__(self, stream: Readable, path: str) -> None:
        self.stream, self.path = stream, path
        self.text = b""
        self.ended = self.began = False

    def read(self, size: int, /) -> bytes:
        """The next lines, none only at the end."""
        while not self.ended:
            piece = self.stream.read(max(PIECE, len(self.text)))
            self.text += piece
            lines = self._lines(last=not piece)
            if lines:
                return lines
        return b""

    def close(self) -> None:
        """Close the stream below."""
        self.stream.close()

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
        """Whether the bracket at `end` closes the array, behind an element, and is the last of the file."""
        if self.text[end : end + 1] != b"]":
            raise DataError("the JSON array is closed by a }", path=self.path, code="DATA_CORRUPT_FILE")
        if self.text[:end].rstrip()[-1:] == b"," or (self.began and not self.text[:end].strip()):
            raise DataError("the JSON array ends with a comma", path=self.path, code="DATA_CORRUPT_FILE")
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

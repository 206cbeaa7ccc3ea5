"""The members of an object, and the elements of an array, found in one pass over a stream that keeps none of it."""

from __future__ import annotations

import itertools
import json
from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from losscli.errors import DataError
from losscli.io.files.streams import Stream
from losscli.io.formats.json_structure import CLOSE, COLON, COMMA, NEWLINE, OPEN, Positions, Structure, structure_of

PIECE = 4 << 20
_SPACES = np.isin(np.arange(256), list(b" \t\n\r\v\f"))
_LOOKED_AHEAD = 2  # marks behind one that tell what it is


class Member(NamedTuple):
    """A member of an object, or an element of an array, whose name is empty."""

    name: str
    kind: str  # "{", "[", or a point for any other value
    holds_objects: bool  # an array whose first element is an object
    begin: int  # its first byte, or the one behind its colon or comma, in the text


class Members(NamedTuple):
    """Members that stand behind one another, as `Member` has them."""

    names: list[str]
    kinds: list[str]
    holds_objects: NDArray[np.bool_]
    begins: Positions
    longest: int  # elements of the longest array so far, at least one

    def each(self) -> Iterator[Member]:
        """One after the other."""
        columns = self.names, self.kinds, self.holds_objects.tolist(), self.begins.tolist()
        return itertools.starmap(Member, zip(*columns, strict=True))


class _Piece(NamedTuple):
    """Text that begins behind a structural character, with some that are only looked at behind the first `judged`."""

    text: bytes
    offset: int
    marks: Structure
    judged: int
    before: int  # the depth at its begin


class Survey:
    """One pass over the value that begins at byte `start` of a text, whose first byte is a bracket."""

    def __init__(self, stream: Stream, start: int, whole: bool) -> None:
        self.stream, self.start, self.whole = stream, start, whole
        self.longest = 1
        self._commas = self._commas_before = 0  # of the members, in all pieces so far, and before the last member

    def error(self, message: str, hint: str | None = None) -> DataError:
        """The error about the document."""
        return DataError(message, path=self.stream.path, hint=hint, code="DATA_CORRUPT_FILE")

    def members(self) -> Iterator[Members]:
        """The members of the object in order. Those of a whole document are complete, and nothing stands behind."""
        expected = COLON
        for piece, own in self._own():
            kinds = piece.marks.kinds[own]
            if len(own) == 1 and kinds[0] == CLOSE and expected == COLON and self._is_empty(piece, int(own[0])):
                continue
            wrong = np.flatnonzero((kinds == COLON) != (np.arange(len(own)) % 2 == (expected != COLON)))
            if len(wrong):
                raise self._no_member(piece, int(own[wrong[0]]))
            if len(own) % 2:
                expected = COMMA if expected == COLON else COLON
            self._measure(piece, own[kinds != COLON])
            if len(own):
                yield self._many(piece, own[kinds == COLON])

    def elements(self) -> Iterator[Members]:
        """The elements of the array in order."""
        for piece, own in self._own(opened=True):
            kinds = piece.marks.kinds[own]
            if (kinds == COLON).any():
                raise self.error("a colon between the elements of a JSON array")
            before = own[kinds != CLOSE]
            if len(before) and before[0] == 0 and piece.offset == self.start and self._is_empty(piece, 1):
                before = before[1:]
            if len(before):
                yield Members([""] * len(before), *self._values(piece, before), self.longest)

    def _own(self, opened: bool = False) -> Iterator[tuple[_Piece, Positions]]:
        """The pieces with the places of the value's own commas and colons, of its end, and, if asked, its begin."""
        ended = False
        for piece in self._pieces():
            marks = piece.marks.where(slice(piece.judged))
            ends = np.flatnonzero(marks.depth == 0)
            stop = int(ends[0]) + 1 if len(ends) and not ended else piece.judged
            if ended and (piece.judged or piece.text.strip()):
                raise self.error("there is text behind the end of the JSON document")
            own = marks.depth[:stop] == 1
            own &= (marks.kinds[:stop] == COMMA) | (marks.kinds[:stop] == COLON)
            if len(ends):
                own[stop - 1] = True
            if opened and piece.offset == self.start:
                own[0] = True
            yield piece, np.flatnonzero(own)
            if len(ends):
                if not self.whole:
                    return
                if stop < len(piece.marks.at) or piece.text[int(marks.at[stop - 1]) + 1 :].strip():
                    raise self.error("there is text behind the end of the JSON document")
                ended = True
        if not ended:
            raise self.error("the JSON document is not complete", "did the step that writes it fail?")

    def _pieces(self) -> Iterator[_Piece]:
        text, offset, depth = b"", self.start, 0
        while True:
            read = self.stream.read(max(PIECE, len(text)))
            text += read
            marks = structure_of(np.frombuffer(text, np.uint8))
            marks = marks.where(marks.kinds != NEWLINE)
            marks = marks._replace(depth=marks.depth + depth)
            if not read:
                yield _Piece(text, offset, marks, len(marks.at), depth)
                return
            count = len(marks.at) - _LOOKED_AHEAD
            if count > 0:
                yield _Piece(text, offset, marks, count, depth)
                stop = int(marks.at[count - 1]) + 1
                depth = int(marks.depth[count - 1])
                text, offset = text[stop:], offset + stop

    def _many(self, piece: _Piece, colons: Positions) -> Members:
        """The members with these colons."""
        at = piece.marks.at
        begins = np.where(colons > 0, at[colons - 1] + 1, 0)
        texts = [piece.text[a:b] for a, b in zip(begins.tolist(), at[colons].tolist(), strict=True)]
        return Members(self._names(texts), *self._values(piece, colons), self.longest)

    def _measure(self, piece: _Piece, ends: Positions) -> None:
        """Take in how many elements the arrays have whose members end here."""
        marks = piece.marks.where(slice(piece.judged))
        commas = self._commas + np.cumsum((marks.kinds == COMMA) & (marks.depth == 2))
        if len(ends):
            totals = commas[ends]
            self.longest = max(self.longest, 1 + int(np.diff(totals, prepend=self._commas_before).max()))
            self._commas_before = int(totals[-1])
        self._commas = int(commas[-1]) if len(commas) else self._commas

    def _values(self, piece: _Piece, before: Positions) -> tuple[list[str], NDArray[np.bool_], Positions]:
        """The kind of each value behind these marks, whether it holds objects, and where it begins."""
        at, kinds = piece.marks.at, piece.marks.kinds
        raw = np.frombuffer(piece.text, np.uint8)
        behind = np.minimum(before + 1, len(at) - 1)  # the last mark of a text has none behind it
        inner = np.minimum(before + 2, len(at) - 1)
        after = behind > before
        blank = _blank(piece.text, at[before] + 1, at[behind])
        if (blank & after & (kinds[behind] != OPEN)).any():
            raise self.error("a value is missing in the JSON document")
        opened = blank & after & (kinds[behind] == OPEN)
        first = np.where(opened, raw[at[behind]], ord("."))
        holds = (first == ord("[")) & (kinds[inner] == OPEN) & (inner > behind) & (raw[at[inner]] == ord("{"))
        holds[holds] = _blank(piece.text, at[behind[holds]] + 1, at[inner[holds]])
        begins = piece.offset + np.where(opened, at[behind], at[before] + 1)
        return list(first.astype(np.uint8).tobytes().decode("ascii")), holds, begins

    def _is_empty(self, piece: _Piece, i: int) -> bool:
        """Whether mark `i` closes the value, with nothing in it."""
        at, kinds = piece.marks.at, piece.marks.kinds
        if i >= len(at) or kinds[i] != CLOSE:
            return False
        begin = int(at[i - 1]) + 1 if i else 0
        return piece.offset + begin == self.start + 1 and not piece.text[begin : int(at[i])].strip()

    def _names(self, texts: list[bytes]) -> list[str]:
        try:
            names = json.loads(b"[%b]" % b",".join(texts))
        except ValueError:
            names = []
        if len(names) == len(texts) and all(isinstance(name, str) for name in names):
            return list(names)
        return [self._name(text) for text in texts]

    def _name(self, text: bytes) -> str:
        try:
            name = json.loads(text)
        except ValueError:
            name = None
        if not isinstance(name, str):
            raise self._refused(text)
        return name

    def _no_member(self, piece: _Piece, i: int) -> DataError:
        begin = int(piece.marks.at[i - 1]) + 1 if i else 0
        return self._refused(piece.text[begin : int(piece.marks.at[i])])

    def _refused(self, text: bytes) -> DataError:
        shown = text[:60].decode(errors="replace").strip()
        return self.error(f"invalid JSON: '{shown}' is no member of an object")


def _blank(text: bytes, starts: Positions, stops: Positions) -> NDArray[np.bool_]:
    """Whether there is nothing but white space from each start to its stop."""
    raw = np.frombuffer(text, np.uint8)
    blank = stops <= starts
    blank |= (stops == starts + 1) & (raw[np.minimum(starts, len(raw) - 1)] == ord(" "))
    for i in np.flatnonzero(~blank & _SPACES[raw[np.minimum(starts, len(raw) - 1)]]).tolist():
        blank[i] = not text[int(starts[i]) : int(stops[i])].strip()
    return blank


class KeyHashes:
    """The hashes of names: eight bytes a name, so that names which occur twice are found."""

    def __init__(self) -> None:
        self.hashes = array("q")

    @classmethod
    def of(cls, some: Iterable[KeyHashes]) -> KeyHashes:
        """Those of several objects."""
        found = cls()
        for hashes in some:
            found.hashes.extend(hashes.hashes)
        return found

    def add(self, names: list[str]) -> None:
        """Take in names."""
        self.hashes.extend(map(hash, names))

    def __contains__(self, name: str) -> bool:
        return hash(name) in self.hashes

    def is_index(self) -> bool:
        """Whether the names are the numbers of rows, as pandas writes them."""
        if "0" not in self:
            return False
        numbers = np.fromiter(map(hash, map(str, range(len(self.hashes)))), np.int64, len(self.hashes))
        return np.array_equal(np.sort(numbers), np.sort(np.frombuffer(self.hashes, np.int64)))

    def repeated(self) -> frozenset[int]:
        """The hashes that occur twice."""
        hashes = np.sort(np.frombuffer(self.hashes, np.int64))
        return frozenset(hashes[1:][hashes[1:] == hashes[:-1]].tolist())

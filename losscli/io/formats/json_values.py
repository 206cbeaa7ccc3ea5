"""The values of a JSON document, as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from losscli.errors import DataError
from losscli.io.formats.json_structure import CLOSE, COLON, COMMA, NEWLINE, Bytes, Structure, structure_of


class Part(NamedTuple):
    """A value in the text: its first byte and the one behind it, and the number of the mark that opens it, if any."""

    start: int
    stop: int
    mark: int


class Document:
    """The text of a document, and its structural characters."""

    def __init__(self, text: bytes, path: str) -> None:
        self.path = path
        self.raw: Bytes = np.frombuffer(text, np.uint8)
        self.structure: Structure = structure_of(self.raw)
        newlines = self.structure.at[self.structure.kinds == NEWLINE]
        if len(newlines):
            self.raw = self.raw.copy()
            self.raw[newlines] = 32  # records stand on one line each
            self.structure = self.structure.where(self.structure.kinds != NEWLINE)
        self.text = self.raw.tobytes()
        start = len(self.text) - len(self.text.lstrip())
        if (
            self.structure.in_string
            or not len(self.structure.depth)
            or self.structure.depth[-1]
            or (self.structure.depth < 0).any()
        ):
            raise self.error("the JSON document is not complete", "did the step that writes it fail?")
        if (np.flatnonzero((self.structure.depth == 0) & (self.structure.kinds == CLOSE))[0]) + 1 != len(
            self.structure.at
        ):
            raise self.error("there is text behind the end of the JSON document")
        self.whole = Part(start, len(self.text.rstrip()), 0)
        if int(self.structure.at[-1]) + 1 != self.whole.stop:
            raise self.error("there is text behind the end of the JSON document")

    def error(self, message: str, hint: str | None = None) -> DataError:
        """The error about the document."""
        return DataError(message, path=self.path, hint=hint, code="DATA_CORRUPT_FILE")

    def value(self, part: Part) -> bytes:
        """The text of a part."""
        return self.text[part.start : part.stop]

    def kind(self, part: Part) -> str:
        """`{` of an object, `[` of an array, and a point of any other value."""
        first = self.text[part.start : part.start + 1].decode(errors="replace")
        return first if first in "{[" else "."

    def _parts(self, part: Part) -> Iterator[tuple[int, int, int, int]]:
        """Where each element begins and ends, the number of its first mark, and where its colon is (-1: nowhere)."""
        at, kinds, depth, _ = self.structure
        level = depth[part.mark]
        end = self._close(part.mark)
        inside = slice(part.mark + 1, end)
        own = np.flatnonzero(depth[inside] == level) + part.mark + 1
        commas = own[kinds[own] == COMMA]
        colons = own[kinds[own] == COLON]
        starts, stops = [part.mark, *commas.tolist()], [*commas.tolist(), end]
        if not self.text[int(at[part.mark]) + 1 : int(at[end])].strip():
            return
        found = np.searchsorted(colons, stops)
        before = 0
        for (first, last), count in zip(zip(starts, stops, strict=True), found.tolist(), strict=True):
            colon = int(at[colons[before]]) if count == before + 1 else -1 if count == before else -2
            mark = int(colons[before]) + 1 if count == before + 1 else first + 1
            before = count
            yield int(at[first]) + 1, int(at[last]), mark, colon

    def _close(self, mark: int) -> int:
        """The number of the mark that closes what one opens."""
        depth, start, size = self.structure.depth, mark + 1, 64
        while True:
            below = depth[start : start + size] < depth[mark]
            if below.any():
                return start + int(below.argmax())
            start, size = start + size, 2 * size

    def elements(self, part: Part) -> list[Part]:
        """The elements of an array."""
        found = []
        for start, stop, mark, colon in self._parts(part):
            found.append(self._trimmed(start, stop, mark))
            if colon != -1:
                raise self.error("a colon between the elements of a JSON array")
        return found

    def values(self, part: Part) -> list[bytes]:
        """The texts of the elements of an array."""
        text = self.text[part.start + 1 : part.stop - 1]
        inside = slice(part.mark + 1, self._close(part.mark))
        count = inside.stop - inside.start
        if count and (self.structure.kinds[inside] == COMMA).all() and text.count(b",") == count:
            found = text.split(b",")  # each comma is between two elements: nearly always
            if all(map(bytes.strip, found)):
                return found
        return [self.value(element) for element in self.elements(part)]

    def members(self, part: Part) -> dict[str, Part]:
        """The members of an object by their keys."""
        found: dict[str, Part] = {}
        for start, stop, mark, colon in self._parts(part):
            try:
                key = json.loads(self.text[start:colon]) if colon >= 0 else None
            except ValueError:
                key = None
            if not isinstance(key, str):
                raise self.error(f"invalid JSON: '{self.text[start:stop][:60].decode(errors='replace').strip()}' is no "
                                 "member of an object")  # fmt: skip
            if key in found:
                raise DataError(f"the key '{key}' occurs twice in one object", path=self.path, value=key,
                                code="DATA_DUPLICATE_KEY")  # fmt: skip
            found[key] = self._trimmed(colon + 1, stop, mark)
        return found

    def _trimmed(self, start: int, stop: int, mark: int) -> Part:
        text = self.text[start:stop]
        first = start + len(text) - len(text.lstrip())
        last = stop - len(text) + len(text.rstrip())
        if first >= last:
            raise self.error("a value is missing in the JSON document")
        return Part(first, last, mark)

    def read(self, part: Part) -> Any:
        """A value, read by Python."""
        try:
            return json.loads(self.value(part))
        except (ValueError, RecursionError) as flaw:
            raise self.error(f"invalid JSON: {getattr(flaw, 'msg', 'nested too deeply')}") from None

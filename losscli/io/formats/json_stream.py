"""Which part of a JSON document that is too large to be held is its table, where that part is read in one pass."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import field
from io import FileIO
from itertools import islice
from typing import Any

from losscli.errors import DataError
from losscli.io.files.streams import Readable, Stream
from losscli.io.formats.json_document import (
    FREE,
    MANY,
    NAMES,
    SAMPLED,
    as_key,
    free_name,
    no_member,
    no_part,
    said,
    unclear,
)
from losscli.io.formats.json_records import MemberRows, RecordLines, SplitRows, value_row
from losscli.io.formats.json_survey import KeyHashes, Member, Members, Survey
from losscli.io.formats.jsonl_exact import json_finding
from losscli.lazy import dataclass

_KEPT = 1000  # members whose names are kept


@dataclass(frozen=True)
class StreamedTable:
    """Parts of a document that are its table, one behind the other, and its rows in words."""

    what: str
    parts: tuple[StreamedPart, ...]

    def lines(self, opened: Callable[[bool], Stream]) -> Readable:
        """The rows as JSON lines. `opened` gives the text, and is told when it does so for the last time."""
        if len(self.parts) == 1:
            return self.parts[0].lines(opened(True))
        return _Chain(part.lines(opened(part is self.parts[-1])) for part in self.parts)


@dataclass(frozen=True)
class StreamedPart:
    """A part of a document, whose bracket is at byte `begin` of the text, and how its elements become rows."""

    begin: int
    rows: Callable[[bytes], bytes] | None = None

    def lines(self, stream: Stream) -> RecordLines:
        """The rows as JSON lines; `stream` is at the begin of the text."""
        skip(stream, self.begin + 1)
        closing = b"}" if isinstance(self.rows, MemberRows) else b"]"
        return RecordLines(stream, stream.path, self.rows, whole=False, closing=closing)


class _Chain:
    """One stream of lines behind another; each is opened when the one before it has ended."""

    def __init__(self, streams: Iterator[RecordLines]) -> None:
        self.streams = streams
        self.current: RecordLines | None = next(streams, None)

    def read(self, size: int, /) -> bytes:
        """The next lines, none only at the end."""
        while self.current is not None:
            if piece := self.current.read(size):
                return piece
            self.current.close()
            self.current = next(self.streams, None)
        return b""

    def close(self) -> None:
        """Close the stream that is open."""
        if self.current is not None:
            self.current.close()


def skip(stream: Stream, count: int) -> None:
    """Pass over as many bytes at the begin of a stream."""
    if isinstance(stream.raw, FileIO):
        stream.seek(count)
        return
    while count > 0 and (piece := stream.read(min(count, 1 << 20))):
        count -= len(piece)


def streamed_table(opened: Callable[[], Stream], path: str, start: int, json_path: str | None) -> StreamedTable | None:
    """The table in the text that `opened` gives, whose first bracket is at `start`; None where it is to be held."""
    return _Search(opened, path, start, json_path or "").table()


@dataclass
class _Seen:
    """What the members of an object are."""

    hashes: KeyHashes = field(default_factory=KeyHashes)
    first: list[Member] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    records: int = 0
    count: int = 0
    longest: int = 1

    def add(self, members: Members) -> None:
        """Take in members."""
        self.hashes.add(members.names)
        self.kinds.update(members.kinds)
        self.records += int(members.holds_objects.sum())
        self.count += len(members.names)
        self.longest = members.longest
        if len(self.first) < _KEPT:
            self.first += islice(members.each(), _KEPT - len(self.first))


def _begins(rest: str, name: str) -> bool:
    """Whether a path begins with the name of a member."""
    return rest.startswith(name) and rest[len(name) :][:1] in ("", ".", "[")


class _Search:
    def __init__(self, opened: Callable[[], Stream], path: str, root: int, named: str) -> None:
        self.opened, self.path, self.root, self.named = opened, path, root, named

    def table(self) -> StreamedTable | None:
        """The part that the path names, or the one by default."""
        at, seen = Member("", self._bracket(), False, self.root), ""
        rest = self.named.removeprefix("$").removeprefix(".")
        while rest:
            step = self._member(at, rest, seen) if at.kind == "{" else self._element(at, rest, seen)
            at, taken = step
            seen, rest = seen + ("." if seen and taken[0] != "[" else "") + taken, rest[len(taken) :].removeprefix(".")
        if at.kind == "[":
            return self._array(at, self.named)
        return self._object(at) if at.kind == "{" else None

    def _bracket(self) -> str:
        with self.opened() as stream:
            skip(stream, self.root)
            return stream.read(1).decode(errors="replace")

    def _many(self, part: Member) -> Iterator[Members]:
        with self.opened() as stream:
            skip(stream, part.begin)
            survey = Survey(stream, part.begin, whole=part.begin == self.root)
            yield from survey.members() if part.kind == "{" else survey.elements()

    def _members(self, part: Member) -> Iterator[Member]:
        return (member for members in self._many(part) for member in members.each())

    def _seen(self, part: Member, also: Callable[[Members], None] = lambda members: None) -> _Seen:
        seen = _Seen()
        for members in self._many(part):
            seen.add(members)
            also(members)
        repeated = seen.hashes.repeated()
        names: set[str] = set()
        for member in self._members(part) if repeated else ():
            if hash(member.name) in repeated and member.name in names:
                raise DataError(f"the key '{member.name}' occurs twice in one object", path=self.path,
                                value=member.name, code="DATA_DUPLICATE_KEY")  # fmt: skip
            if hash(member.name) in repeated:
                names.add(member.name)
        return seen

    def _member(self, part: Member, rest: str, seen: str) -> tuple[Member, str]:
        """The member with the longest name that the rest of the path begins with."""
        found: list[Member] = []

        def compare(members: Members) -> None:
            found.extend(member for member in members.each() if member.name and _begins(rest, member.name))

        members = self._seen(part, compare)
        if not found:
            raise no_member(self.path, self.named, rest, seen, [member.name for member in members.first])
        longest = max(found, key=lambda member: len(member.name))
        return longest, longest.name

    def _element(self, part: Member, rest: str, seen: str) -> tuple[Member, str]:
        step = re.match(r"\[([0-9]{1,9})\]", rest)
        elements = self._members(part) if step is not None and part.kind == "[" else iter(())
        found = next(islice(elements, int(step[1]) if step else 0, None), None)
        if part.begin == self.root:
            for _ in elements:  # the document is complete
                pass
        if step is None or found is None:
            raise no_part(self.path, self.named, rest, seen)
        return found, step[0]

    def _array(self, part: Member, named: str) -> StreamedTable:
        """Records, or values of one column."""
        first = None
        for member in self._members(part):
            first = first or member
            if part.begin != self.root:
                break
        if first is not None and first.kind != "{":
            return StreamedTable(said("values, column 'value'", named), (StreamedPart(part.begin, value_row),))
        return StreamedTable(said("records", named), (StreamedPart(part.begin),))

    def _object(self, part: Member) -> StreamedTable | None:
        seen = self._seen(part)
        if not seen.count or (seen.count > _KEPT and seen.records):
            return None
        if seen.count <= _KEPT:
            names = {member.name for member in seen.first}
            records = [member for member in seen.first if member.holds_objects]
            if {"columns", "data"} <= names <= {"columns", "index", "data"}:
                return None
            if len(records) == len(names) > 1:
                return self._split_records(seen)
            likely = [member for member in records if member.name in NAMES] if len(records) > 1 else records
            if len(likely) == 1:
                return self._array(likely[0], f"{self.named}.{likely[0].name}" if self.named else likely[0].name)
        if seen.kinds == {"{"}:
            return self._objects(part, seen)
        if seen.kinds == {"."}:
            return self._one(part, "keys and values, columns 'key' and 'value'", MemberRows(self.path))
        if seen.kinds == {"["} and not seen.records:
            if seen.count <= max(MANY, seen.longest):
                return None  # columns
            return self._one(part, "keys and lists, columns 'key' and 'value'", MemberRows(self.path))
        raise unclear(self.path, self.named, [(member.name, member.kind) for member in seen.first])

    def _one(self, part: Member, what: str, rows: MemberRows) -> StreamedTable:
        return StreamedTable(said(what, self.named), (StreamedPart(part.begin, rows),))

    def _split_records(self, seen: _Seen) -> StreamedTable | None:
        if seen.count > SAMPLED:
            return None
        parts = [StreamedPart(m.begin, SplitRows(self.path, b'"split": %b' % as_key(m.name))) for m in seen.first]
        return StreamedTable(said("splits of records, column 'split'", self.named), tuple(parts))

    def _objects(self, part: Member, seen: _Seen) -> StreamedTable | None:
        """Key → record, or split → key → value (or record); columns → index → value are held."""
        sample = [self._seen(member) for member in seen.first[:SAMPLED]]
        names = KeyHashes.of(some.hashes for some in sample)
        if seen.count <= SAMPLED and sample[0].count and all(some.hashes.is_index() for some in sample):
            return None
        if names.repeated():
            free = free_name([frozenset(name for name in FREE if name in names)])
            return self._one(part, f"keys and records, column '{free}'", MemberRows(self.path, free))
        if seen.count > SAMPLED:
            return None
        kinds = set[str]().union(*(some.kinds for some in sample))
        key = free_name([self._fields(member) for member in seen.first]) if kinds == {"{"} else None
        what = f"records, columns 'split' and '{key}'" if key else "values, columns 'split', 'key' and 'value'"
        rows = [(m.begin, MemberRows(self.path, key, b'"split": %b, ' % as_key(m.name))) for m in seen.first]
        parts = tuple(StreamedPart(begin, row) for begin, row in rows)
        return StreamedTable(said(f"splits of keys and {what}", self.named), parts)

    def _fields(self, split: Member) -> frozenset[str]:
        """The fields of the first records of a split."""
        fields: set[str] = set()
        with self.opened() as stream:
            lines = StreamedPart(split.begin, MemberRows(self.path)).lines(stream)
            count = 0
            while count < SAMPLED and (text := lines.read(0)):
                for line in text.splitlines()[: SAMPLED - count]:
                    count += 1
                    fields.update(self._record(line))
        return frozenset(fields)

    def _record(self, line: bytes) -> Any:
        try:
            return json.loads(line)["value"]
        except (ValueError, RecursionError) as error:
            raise DataError(f"invalid JSON: {json_finding(error)}", path=self.path, code="DATA_CORRUPT_FILE") from None

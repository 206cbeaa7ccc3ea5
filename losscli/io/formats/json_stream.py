"""Which part of a JSON document that is too large to be held is its table, where that part is read in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from losscli.errors import DataError
from losscli.io.files.streams import Stream
from losscli.io.formats.json_document import NAMES, SAMPLED, free_name, is_index, no_member, no_part, said, unclear
from losscli.io.formats.json_records import MemberRows, RecordLines, value_row
from losscli.io.formats.json_survey import KeyHashes, Member, Members, Survey

_KEPT = 1000  # members whose names are kept
_FIELDS = 10_000  # a member of more is no record


@dataclass(frozen=True)
class StreamedPart:
    """A part of a document, whose bracket is at byte `start` of the text, and its rows in words."""

    start: int
    what: str
    rows: Callable[[bytes], bytes] | None = None

    def lines(self, stream: Stream) -> RecordLines:
        """The rows as JSON lines; `stream` is at the begin of the text."""
        skip(stream, self.start + 1)
        closing = b"}" if isinstance(self.rows, MemberRows) else b"]"
        return RecordLines(stream, stream.path, self.rows, whole=False, closing=closing)


def skip(stream: Stream, count: int) -> None:
    """Read as many bytes, and keep none."""
    while count > 0 and (piece := stream.read(min(count, 1 << 20))):
        count -= len(piece)


def streamed_part(opened: Callable[[], Stream], path: str, start: int, json_path: str | None) -> StreamedPart | None:
    """The table in the text that `opened` gives, whose first bracket is at `start`; None where it is to be held."""
    return _Search(opened, path, start, json_path or "").part()


@dataclass
class _Seen:
    """What the members of an object are."""

    hashes: KeyHashes = field(default_factory=KeyHashes)
    first: list[Member] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    records: int = 0
    count: int = 0

    def add(self, members: Members) -> None:
        """Take in members."""
        self.hashes.add(members.names)
        self.kinds.update(members.kinds)
        self.records += int(members.holds_objects.sum())
        self.count += len(members.names)
        if len(self.first) < _KEPT:
            self.first += islice(members.each(), _KEPT - len(self.first))


def _begins(rest: str, name: str) -> bool:
    """Whether a path begins with the name of a member."""
    return rest.startswith(name) and rest[len(name) :][:1] in ("", ".", "[")


class _Search:
    def __init__(self, opened: Callable[[], Stream], path: str, root: int, named: str) -> None:
        self.opened, self.path, self.root, self.named = opened, path, root, named

    def part(self) -> StreamedPart | None:
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

    def _array(self, part: Member, named: str) -> StreamedPart:
        """Records, or values of one column."""
        first = None
        for member in self._members(part):
            first = first or member
            if part.begin != self.root:
                break
        if first is not None and first.kind != "{":
            return StreamedPart(part.begin, said("values, column 'value'", named), value_row)
        return StreamedPart(part.begin, said("records", named))

    def _object(self, part: Member) -> StreamedPart | None:
        seen = self._seen(part)
        if not seen.count or (seen.count > _KEPT and seen.records) or (seen.kinds == {"["} and not seen.records):
            return None
        if seen.count <= _KEPT:
            names = {member.name for member in seen.first}
            records = [member for member in seen.first if member.holds_objects]
            if {"columns", "data"} <= names <= {"columns", "index", "data"} or len(records) == len(names) > 1:
                return None
            likely = [member for member in records if member.name in NAMES] if len(records) > 1 else records
            if len(likely) == 1:
                return self._array(likely[0], f"{self.named}.{likely[0].name}" if self.named else likely[0].name)
        if seen.kinds == {"{"}:
            return self._records(part, seen)
        if seen.kinds == {"."}:
            what = said("keys and values, columns 'key' and 'value'", self.named)
            return StreamedPart(part.begin, what, MemberRows(self.path))
        raise unclear(self.path, self.named, [(member.name, member.kind) for member in seen.first])

    def _records(self, part: Member, seen: _Seen) -> StreamedPart | None:
        """Key → record; other objects of objects are held."""
        sets = []
        for member in seen.first[:SAMPLED]:
            fields = [field.name for field in islice(self._members(member), _FIELDS + 1)]
            if len(fields) > _FIELDS:
                return None
            sets.append(frozenset(fields))
        if seen.count <= SAMPLED and len(set(sets)) == 1 and list(sets[0]) and is_index(sets[0]):
            return None
        if len(frozenset().union(*sets)) == sum(map(len, sets)):
            return None
        key = free_name(sets)
        return StreamedPart(part.begin, said(f"keys and records, column '{key}'", self.named),
                            MemberRows(self.path, key))  # fmt: skip

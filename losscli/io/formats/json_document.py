"""A JSON document that is held whole: which part of it is the table, and its rows as JSON lines.

The values stay as they are written, so that numbers are read as those of JSON lines are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from losscli.errors import DataError, UsageError, did_you_mean
from losscli.io.formats.json_values import Document, Part
from losscli.lazy import dataclass, pattern

LIMIT = 256 << 20
SAMPLED = 100  # members whose fields tell records from splits
MANY = 100  # as many lists are no columns, if each is shorter than that
NAMES = ("samples", "records", "rows", "data", "instances", "predictions", "examples", "results")
FREE = ("key", "id", "(key)")  # names of the column of keys
_STEP = pattern(r"\[([0-9]{1,9})\]|\.?([^.\[\]]+)")


@dataclass(frozen=True)
class Table:
    """The rows as JSON lines, and what they are in words."""

    lines: bytes
    what: str


def table_of(text: bytes, path: str, json_path: str | None) -> Table:
    """The table in a document, or in the part of it that `json_path` names."""
    document = Document(text, path)
    part, named = document.whole, json_path or ""
    if json_path is not None:
        part = _at(document, json_path)
    if document.kind(part) == "[":
        return _of_array(document, part, named)
    if document.kind(part) == "{":
        return _of_object(document, part, named)
    raise UsageError(f"'{named}' is a single value, not a table", path=path, code="USAGE_BAD_VALUE")


def _at(document: Document, json_path: str) -> Part:
    """The part that a path such as `results.samples` or `runs[0].rows` names."""
    part, seen = document.whole, ""
    rest = json_path.removeprefix("$").removeprefix(".")
    while rest:
        if document.kind(part) == "{":
            members = document.members(part)
            names = sorted((n for n in members if n and (rest == n or rest.startswith((f"{n}.", f"{n}[")))), key=len)
            if not names:
                raise no_member(document.path, json_path, rest, seen, list(members))
            part, seen, rest = members[names[-1]], seen + "." * bool(seen) + names[-1], rest[len(names[-1]) :]
        else:
            step = re.match(r"\[([0-9]{1,9})\]", rest)
            elements = document.elements(part) if document.kind(part) == "[" else []
            if step is None or int(step[1]) >= len(elements):
                raise no_part(document.path, json_path, rest, seen)
            part, seen, rest = elements[int(step[1])], seen + step[0], rest[step.end() :]
        rest = rest.removeprefix(".")
    return part


def no_member(path: str, json_path: str, rest: str, seen: str, names: list[str]) -> UsageError:
    """The error about a path that names no member of an object."""
    listed = ", ".join(names[:20])
    name = _STEP.match(rest)
    hint = did_you_mean(name[2] or rest if name else rest, names, f"there are: {listed}")
    return no_part(path, json_path, rest, seen, hint)


def no_part(path: str, json_path: str, rest: str, seen: str, hint: str | None = None) -> UsageError:
    """The error about a path that leads nowhere."""
    where = f" in '{seen}'" if seen else ""
    return UsageError(f"--json-path {json_path}: there is no '{rest}'{where}", path=path, hint=hint,
                      code="USAGE_BAD_VALUE")  # fmt: skip


def unclear(path: str, named: str, kinds: Iterable[tuple[str, str]]) -> UsageError:
    """The error about an object of which several members may be the table."""
    listed = ", ".join(f"{named}.{name}" if named else name for name, kind in kinds if kind != ".")
    return UsageError("which part of the JSON document is the table?", path=path,
                      hint=f"--json-path PATH, one of {listed}", code="USAGE_INCOMPLETE")  # fmt: skip


def _of_array(document: Document, part: Part, named: str) -> Table:
    """Records, or values of one column."""
    elements = document.elements(part)
    if elements and document.kind(elements[0]) != "{":
        return Table(
            _lines(b'{"value": %b}' % document.value(e) for e in elements), said("values, column 'value'", named)
        )
    return Table(_lines(map(document.value, elements)), said("records", named))


def said(what: str, named: str) -> str:
    """What is read, and of which part of the document."""
    return f"{what} of '{named}'" if named else what


def _lines(rows: Iterable[bytes]) -> bytes:
    return b"".join(row + b"\n" for row in rows)


def _of_object(document: Document, part: Part, named: str) -> Table:
    members = document.members(part)
    if not members:
        return Table(b"", "an empty object")
    kinds = {name: document.kind(member) for name, member in members.items()}
    if {"columns", "data"} <= set(members) <= {"columns", "index", "data"} and kinds["data"] == kinds["columns"] == "[":
        return _of_rows(document, members, named)
    records = [name for name, kind in kinds.items() if kind == "[" and _holds_objects(document, members[name])]
    if records and len(records) == len(members) > 1:
        return Table(_lines(_of_splits(document, members)), said("splits of records, column 'split'", named))
    likely = [name for name in records if name in NAMES] if len(records) > 1 else records
    if len(likely) == 1:
        inner = f"{named}.{likely[0]}" if named else likely[0]
        return _of_array(document, members[likely[0]], inner)
    if not records and set(kinds.values()) == {"["}:
        return _of_lists(document, members, named)
    if set(kinds.values()) == {"{"}:
        return _of_objects(document, members, named)
    if set(kinds.values()) == {"."}:
        return Table(_lines(_pairs(document, members)), said("keys and values, columns 'key' and 'value'", named))
    raise unclear(document.path, named, kinds.items())


def _holds_objects(document: Document, part: Part) -> bool:
    return document.text[part.start + 1 : part.stop].lstrip()[:1] == b"{"


def as_key(name: str) -> bytes:
    """A name as JSON spells it."""
    return json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _pairs(document: Document, members: dict[str, Part], before: bytes = b"") -> Iterator[bytes]:
    for name, value in members.items():
        yield b'{%b"key": %b, "value": %b}' % (before, as_key(name), document.value(value))


def _with_fields(document: Document, fields: bytes, record: Part) -> bytes:
    """A record with more fields before its own."""
    if document.kind(record) != "{":
        raise document.error(
            f"'{document.value(record)[:60].decode(errors='replace')}' is no record, as other members are"
        )
    inner = document.value(record)[1:-1].strip()
    return b"{%b%b}" % (fields, b", " + inner if inner else b"")


def _of_splits(document: Document, members: dict[str, Part]) -> Iterator[bytes]:
    for name, part in members.items():
        for record in document.elements(part):
            yield _with_fields(document, b'"split": %b' % as_key(name), record)


def _of_rows(document: Document, members: dict[str, Part], named: str) -> Table:
    """What pandas writes with orient="split": the names of the columns, and the rows."""
    names = [as_key(str(name)) for name in document.read(members["columns"])]
    rows = []
    index = document.elements(members["index"]) if "index" in members else []
    for place, row in enumerate(document.elements(members["data"])):
        cells = document.elements(row) if document.kind(row) == "[" else []
        if len(cells) != len(names):
            raise DataError(f"a row has {len(cells)} values where {len(names)} are expected", path=document.path,
                            row=place + 1, code="DATA_BAD_ROW")  # fmt: skip
        fields = [b"%b: %b" % (name, document.value(value)) for name, value in zip(names, cells, strict=True)]
        if index and b'"key"' not in names:
            fields.append(b'"key": ' + document.value(index[place]))
        rows.append(b"{%b}" % b", ".join(fields))
    return Table(_lines(iter(rows)), said("rows below the names of columns", named))


def _of_lists(document: Document, members: dict[str, Part], named: str) -> Table:
    """Columns of one length; very many short lists are values."""
    columns = {name: document.values(part) for name, part in members.items()}
    lengths = {name: len(column) for name, column in columns.items()}
    longest = max(lengths.values())
    if len(members) > max(MANY, longest):
        return Table(_lines(_pairs(document, members)), said("keys and lists, columns 'key' and 'value'", named))
    if len(set(lengths.values())) > 1:
        few, other = min(lengths, key=lambda n: lengths[n]), max(lengths, key=lambda n: lengths[n])
        raise DataError(
            f"the columns differ in length: '{few}' has {lengths[few]} values, '{other}' has {lengths[other]}",
            path=document.path, column=few, code="DATA_MISMATCH",
        )  # fmt: skip
    row = b"{%b}" % b", ".join(as_key(name).replace(b"%", b"%%") + b": %b" for name in columns)
    rows = (row % cells for cells in zip(*columns.values(), strict=True))
    return Table(_lines(rows), said("columns", named))


def _of_objects(document: Document, members: dict[str, Part], named: str) -> Table:
    """Key → record, split → key → value (or record), or column → index → value."""
    sample = {name: document.members(part) for name, part in list(members.items())[:SAMPLED]}
    sets = [frozenset(inner) for inner in sample.values()]
    if len(sample) == len(members) and len(set(sets)) == 1 and list(sets[0]) and is_index(sets[0]):
        return _of_indexed(document, sample, named)
    shared = len(frozenset().union(*sets)) < sum(map(len, sets))
    if shared:
        key = free_name(sets)
        rows = (_with_fields(document, b'"%b": %b' % (key.encode(), as_key(n)), part) for n, part in members.items())
        return Table(_lines(rows), said(f"keys and records, column '{key}'", named))
    inner = {name: document.members(part) for name, part in members.items()}
    values = [document.kind(value) == "{" for some in inner.values() for value in some.values()]
    if all(values) and values:
        key = free_name(
            [frozenset(document.members(v)) for some in inner.values() for v in list(some.values())[:SAMPLED]]
        )
        rows = (
            _with_fields(document, b'"split": %b, "%b": %b' % (as_key(split), key.encode(), as_key(name)), record)
            for split, some in inner.items()
            for name, record in some.items()
        )
        return Table(_lines(rows), said(f"splits of keys and records, columns 'split' and '{key}'", named))
    pairs: Callable[[str], bytes] = lambda split: b'"split": %b, ' % as_key(split)  # noqa: E731
    rows = (row for split, some in inner.items() for row in _pairs(document, some, pairs(split)))
    return Table(_lines(rows), said("splits of keys and values, columns 'split', 'key' and 'value'", named))


def is_index(names: frozenset[str]) -> bool:
    """Whether these are the numbers of rows, as pandas writes them."""
    return names == {str(number) for number in range(len(names))}


def _of_indexed(document: Document, columns: dict[str, dict[str, Part]], named: str) -> Table:
    keys = list(next(iter(columns.values())))
    rows = (
        b"{%b}" % b", ".join(b"%b: %b" % (as_key(name), document.value(cells[key])) for name, cells in columns.items())
        for key in keys
    )
    return Table(_lines(rows), said("columns by row number", named))


def free_name(sets: Sequence[frozenset[str]]) -> str:
    """The name of the column of keys: one that no record has."""
    return next(name for name in FREE if not any(name in names for names in sets))

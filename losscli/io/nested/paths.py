"""Paths into columns: `doc.gold` is the field `gold` of the column `doc`, and `probs[0]` the first of its elements."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import pyarrow as pa

from losscli.errors import DataError
from losscli.io.arrow.types import is_list
from losscli.lazy import dataclass, pattern

Step: TypeAlias = str | int
Types: TypeAlias = Mapping[str, pa.DataType]
"""Columns, or the fields of one, by their names."""

_ELEMENT = pattern(r"\[(-?[0-9]{1,9})\]")
_DEEPEST = 64


class NestedName(str):
    """The name of a column inside another; `cuts` are the positions in it at which the steps begin."""

    __slots__ = ("cuts",)
    cuts: tuple[int, ...]

    def __reduce__(self) -> tuple[object, ...]:
        return _named, (str(self), self.cuts)


def _named(text: str, cuts: tuple[int, ...]) -> NestedName:
    name = NestedName(text)
    name.cuts = cuts
    return name


@dataclass(frozen=True)
class NestedPath:
    """A column and the steps into it: fields by their names, elements by their positions."""

    root: str
    steps: tuple[Step, ...]

    @property
    def name(self) -> NestedName:
        """The path as the name of a column."""
        text, cuts = self.root, []
        for step in self.steps:
            cuts.append(len(text))
            text += f"[{step}]" if isinstance(step, int) else f".{step}"
        return _named(text, tuple(cuts))

    @property
    def shown(self) -> str:
        """The path in words, which tells it from another one of the same name."""
        fields = (f"element {step}" if isinstance(step, int) else f"field '{step}'" for step in reversed(self.steps))
        return " of ".join((*fields, f"column '{self.root}'"))


def find(text: str, types: Types) -> NestedPath | None:
    """The path that the text means; None if there is no such column. Two meanings are a DataError."""
    found = list(_paths(text, types))
    if len(found) > 1:
        raise DataError(
            f"'{text}' may be the {found[0].shown} or the {found[1].shown}",
            hint="rename one of them", column=text, code="DATA_DUPLICATE_COLUMN",
        )  # fmt: skip
    return found[0] if found else None


def find_all(before: str, after: str, types: Types) -> list[NestedPath]:
    """The paths between whose beginning `before` and end `after` stands the name of one field: `st.` and nothing."""
    container, _, begin = before.rpartition(".")
    if not container:
        return [path for name in _beginning(begin, types) if (path := find(name + after, types)) and path.steps]
    outer = find(container, types)
    kind = types.get(container) if outer is None else _type_at(outer, types)
    if kind is None:
        return []
    names = (f"{container}.{name}{after}" for name in _beginning(begin, fields_of(kind)))
    direct = [f"{container}.{name}" for name in fields_of(kind) if _is_between(name, begin, after)]
    found = (find(name, types) for name in dict.fromkeys((*direct, *(names if after else ()))))
    return [path for path in found if path is not None]


def _beginning(begin: str, fields: Types) -> list[str]:
    return [name for name in fields if name.startswith(begin) and name != begin]


def _is_between(name: str, begin: str, after: str) -> bool:
    return len(name) >= len(begin) + len(after) and name.startswith(begin) and name.endswith(after)


def fields_of(kind: pa.DataType) -> dict[str, pa.DataType]:
    """The fields of a struct by their names; none if it is no struct."""
    if not pa.types.is_struct(kind):
        return {}
    fields = [kind.field(index) for index in range(kind.num_fields)]
    return {field.name: field.type for field in fields}


def _type_at(path: NestedPath, types: Types) -> pa.DataType:
    """The type of the column that a path leads to."""
    kind = types[path.root]
    for step in path.steps:
        kind = kind.value_type if isinstance(step, int) else fields_of(kind)[step]
    return kind


def type_at(path: NestedPath, types: Types) -> pa.DataType | None:
    """The type of the column that a path leads to; None if these columns have no such path."""
    kind = types.get(path.root)
    for step in path.steps:
        if kind is None:
            return None
        if isinstance(step, str):
            kind = fields_of(kind).get(step)
        elif is_list(kind):
            kind = kind.value_type
        else:
            return None
    return kind


def _paths(text: str, types: Types) -> Iterator[NestedPath]:
    """Every path with at least one step that the text may mean."""
    for root, kind in types.items():
        if root and text.startswith(root) and len(text) > len(root):
            for steps in _steps(text[len(root) :], kind, 0):
                yield NestedPath(root, steps)


def _steps(rest: str, kind: pa.DataType, depth: int) -> Iterator[tuple[Step, ...]]:
    if not rest:
        yield ()
    elif depth < _DEEPEST and rest[0] == "." and pa.types.is_struct(kind):
        for name, inner in fields_of(kind).items():
            if name and rest.startswith(name, 1):
                yield from ((name, *steps) for steps in _steps(rest[1 + len(name) :], inner, depth + 1))
    elif is_list(kind) and (element := _ELEMENT.match(rest)):
        for steps in _steps(rest[element.end() :], kind.value_type, depth + 1):
            yield (int(element[1]), *steps)


def inner_columns(types: Types, most: int) -> list[str]:
    """The first columns inside others, however deep, that hold no fields themselves; none whose name is of two."""
    found = itertools.islice(_inner("", types, 0), most)
    return [name for name in found if sum(1 for _ in _paths(name, types)) == 1]


def _inner(before: str, fields: Types, depth: int) -> Iterator[str]:
    for name, kind in fields.items():
        inner = fields_of(kind) if depth < _DEEPEST else {}
        if inner:
            yield from _inner(f"{before}{name}.", inner, depth + 1)
        elif before and name:
            yield before + name


def explained(text: str, types: Types) -> str | None:
    """Why there is no such path: the longest beginning that is there, and what it holds."""
    for end in range(len(text) - 1, 0, -1):
        if text[end] not in ".[":
            continue
        begin = text[:end]
        path = find(begin, types)
        kind = types.get(begin) if path is None else _type_at(path, types)
        if kind is None:
            continue
        fields = list(fields_of(kind))
        if fields:
            return f"'{begin}' has the fields {', '.join(fields[:20])}{', …' if len(fields) > 20 else ''}"
        return f"'{begin}' is a list; its first element is {begin}[0]" if is_list(kind) else f"'{begin}' is {kind}"
    return None

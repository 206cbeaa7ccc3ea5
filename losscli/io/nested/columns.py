"""A source whose columns are also those inside others that a run asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from losscli.errors import DataError
from losscli.io.nested.json_types import column_type
from losscli.io.nested.paths import NestedPath, Types, explained, find, find_all, type_at
from losscli.io.source import Source


def with_nested(source: Source, asked: Iterable[tuple[str, ...]]) -> Source:
    """The source with the columns inside others that are asked for: a name, or what stands around the star of a glob.

    A column of exactly that name wins, and so do columns that a glob matches.
    """
    wanted = [parts for parts in dict.fromkeys(asked) if not _is_there(parts, source.columns)]
    types = source.fragments[0].nested_types if wanted and source.fragments else {}
    found = {path.name: path for parts in wanted for path in _paths(parts, types, source)}
    new: dict[str, NestedPath] = {name: path for name, path in found.items() if name not in source.columns}
    if not new:
        return source
    kinds = dict(source.types)
    for name, path in new.items():
        kind = type_at(path, types)
        # Where cells have no types, those inside others have none, too.
        kinds[name] = kind if source.fragments[0].typed or kind is None else column_type(kind)
    fragments = tuple(fragment.with_paths(new) for fragment in source.fragments)
    return replace(source, fragments=fragments, columns=(*source.columns, *new), types=kinds)


def _is_there(parts: tuple[str, ...], columns: tuple[str, ...]) -> bool:
    if len(parts) == 1:
        return parts[0] in columns
    before, after = parts
    size = len(before) + len(after)
    return any(name.startswith(before) and name.endswith(after) and len(name) >= size for name in columns)


def _paths(parts: tuple[str, ...], types: Types, source: Source) -> list[NestedPath]:
    try:
        if len(parts) == 2:
            return find_all(*parts, types)
        path = find(parts[0], types)
    except DataError as error:
        error.path = source.fragments[0].path
        raise
    return [] if path is None else [path]


def missing_hint(source: Source, name: str) -> str | None:
    """What there is instead of a path that leads nowhere; None if the name is none of a column inside another."""
    return explained(name.rpartition("*")[0] or name, source.fragments[0].nested_types) if source.fragments else None

"""Which columns inside others a request names: `doc.gold`, `st.*`, `probs[0]`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from losscli.binding.column_names import ColumnsPattern
from losscli.binding.column_ranges import range_names
from losscli.binding.request import Request
from losscli.io.arrow.types import element_type, is_label
from losscli.io.sides import PREFIXES
from losscli.io.source import Source


def with_nested_columns(source: Source, request: Request, keys: Iterable[str] = ()) -> Source:
    """The source with the columns inside others that the request, or a join by these keys, names.

    Keys may be units of time of columns of dates, too: `ds:month`.
    """
    keys = tuple(keys)
    derived = [key for key in keys if ":" in key]
    asked = [(key.rpartition(":")[0],) for key in derived] + [
        names for parts in (*_asked(request), *((key,) for key in keys)) for names in _each(parts)
    ]
    asked += [
        (parts[0].removeprefix(prefix), *parts[1:])
        for parts in asked
        for prefix in PREFIXES
        if parts[0].startswith(prefix)
    ]  # of joined files: targets.doc.gold is doc.gold of the targets
    if not all(part.isascii() for parts in asked for part in parts):
        from losscli.io.column_forms import with_column_forms

        source = with_column_forms(source, asked)
    if any("." in part or "[" in part for parts in asked for part in parts):
        from losscli.io.nested.columns import with_nested  # not on the way of a run with plain names

        source = with_nested(source, asked)
    names = [parts[0] for parts in asked if len(parts) == 1 and _holds_objects(source.types.get(parts[0]))]
    if names and not request.classes:
        from losscli.io.nested.keyed import with_known_labels

        source = with_known_labels(source, names)
    if derived:
        from losscli.io.period_columns import with_periods  # few keys are

        source = with_periods(source, derived)
    return source


def is_inside(name: str) -> bool:
    """Whether it is the name of a column inside another, not of one whose own name looks like a path."""
    if not ("." in name or "[" in name):
        return False
    from losscli.io.nested.paths import NestedName

    return isinstance(name, NestedName)


def is_text_inside(name: str, types: Mapping[str, Any]) -> bool:
    """Whether it is text of another column: where cells have types, a list of a number and a text is one of texts."""
    return is_inside(name) and name in types and types[name] is not None and is_label(types[name])


def inside_hint(source: Source, name: str) -> str | None:
    """What there is instead of a column inside another that is missing; None where the name is no such column's."""
    if not ("." in name or "[" in name):
        return None
    from losscli.io.nested.columns import missing_hint

    return missing_hint(source, name)


def _holds_objects(kind: Any) -> bool:
    inner = None if kind is None else element_type(kind)
    return inner is not None and inner.num_fields > 0


def _asked(request: Request) -> Iterator[tuple[str, ...]]:
    for pattern in (request.target, *(binding.columns for binding in (*request.preds, *request.columns))):
        if pattern is not None:
            yield from _pieces(pattern)
    plain = [
        *_of_keys(request),
        request.weight,
        *request.parameter_columns,
    ]
    plain += () if request.where is None else request.where.columns
    plain += [column for let in request.lets for column in let.columns]
    yield from ((name,) for name in plain if name is not None)


def _of_keys(request: Request) -> list[str]:
    """What the columns of slices, batches and clusters may be called: in `doc.day:month` it is `doc.day`."""
    if not request.key_texts:
        return []
    from losscli.binding.grouping_keys import possible_columns

    return possible_columns(request.key_texts)


def _each(parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A name or a glob, and the names that it means where it is a range."""
    yield parts
    if len(parts) == 1:
        yield from ((name,) for name in range_names(parts[0]) or ())


def _pieces(pattern: ColumnsPattern) -> Iterator[tuple[str, ...]]:
    if pattern.literal is not None:
        yield (pattern.literal,)
    yield from (piece.parts for piece in pattern.pieces if len(piece.parts) <= 2)

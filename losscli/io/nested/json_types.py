"""The types of JSON values: those that records show, and what Arrow's reader is to read of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import pyarrow as pa

from losscli.io.arrow.keyed import keyed_fields
from losscli.io.arrow.types import is_list
from losscli.io.nested.paths import Step, fields_of

VECTOR = pa.list_(pa.float64())
_MOST_FIELDS = 10_000  # an object with more of them is a table of its own, not a record
_DEEPEST = 32
_PLAIN = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def type_of(value: Any, depth: int = 0) -> pa.DataType:
    """The type of a JSON value; null where it is unknown."""
    if value is None or depth > _DEEPEST:
        return pa.null()
    if isinstance(value, dict):
        few = value.items() if len(value) <= _MOST_FIELDS else ()
        return pa.struct([(name, type_of(item, depth + 1)) for name, item in few])
    if isinstance(value, list):
        return pa.list_(reduce(merged, (type_of(item, depth + 1) for item in value), pa.null()))
    return _PLAIN[type(value)]


def merged(first: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The type of the first value that is not null; objects have the fields of both."""
    if pa.types.is_null(first):
        return other
    if is_list(first) and is_list(other):
        return pa.list_(merged(first.value_type, other.value_type))
    if pa.types.is_struct(first) and pa.types.is_struct(other):
        fields = fields_of(first)
        for name, kind in fields_of(other).items():
            fields[name] = merged(fields[name], kind) if name in fields else kind
        return pa.struct(list(fields.items()))
    return first


def list_type(kind: pa.DataType) -> pa.DataType | None:
    """How a column of lists is read: as vectors, or as lists of texts or booleans; None if it holds no lists."""
    if not is_list(kind):
        return None
    inner = kind.value_type
    return pa.list_(inner) if pa.types.is_string(inner) or pa.types.is_boolean(inner) else VECTOR


def column_type(kind: pa.DataType) -> pa.DataType | None:
    """The type of a column of JSON values, as far as it decides what the column may be: of lists and objects."""
    if keyed_fields(kind) is not None or (pa.types.is_struct(kind) and kind.num_fields):
        return kind
    return list_type(kind)


def pruned(wanted: Sequence[tuple[tuple[Step, ...], pa.DataType]]) -> pa.DataType | None:
    """The type of a column of which only so much is read: the types at the ends of these steps; None if they differ."""
    whole = {kind for steps, kind in wanted if not steps}
    inside = [(steps, kind) for steps, kind in wanted if steps]
    if inside:
        whole.add(_around(inside))
    return whole.pop() if len(whole) == 1 else None


def _around(inside: Sequence[tuple[tuple[Step, ...], pa.DataType]]) -> pa.DataType | None:
    names = dict.fromkeys(steps[0] for steps, _ in inside)
    elements = [isinstance(name, int) for name in names]
    if all(elements):
        inner = pruned([(steps[1:], kind) for steps, kind in inside])
        return None if inner is None else pa.list_(inner)
    if any(elements):
        return None
    fields = [(name, pruned([(steps[1:], kind) for steps, kind in inside if steps[0] == name])) for name in names]
    return None if any(kind is None for _, kind in fields) else pa.struct(fields)

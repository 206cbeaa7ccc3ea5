"""Whether a value that came from a file has the types that its class declares."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def fits(value: Any, declared: Any) -> bool:
    """Whether `value` is of the `declared` type, with all that it holds. A bool is no int, an int may be a float."""
    origin, inner = get_origin(declared), get_args(declared)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in inner)
    if origin is tuple:
        return isinstance(value, tuple) and _items_fit(value, inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(fits(k, inner[0]) and fits(v, inner[1]) for k, v in value.items())
    if declared is Any:
        return True
    if declared is None or declared is types.NoneType:
        return value is None
    if declared in (bool, int, str):
        return type(value) is declared
    if declared is float:
        return type(value) in (int, float)
    return not isinstance(declared, type) or (isinstance(value, declared) and _fields_fit(value))


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The declared types of a class; a name that only type checkers import is any type."""
    unknown: dict[str, Any] = {}
    while True:
        try:
            return get_type_hints(kind, localns=unknown)
        except NameError as error:
            unknown[str(error.name)] = Any


def _items_fit(value: tuple[Any, ...], inner: tuple[Any, ...]) -> bool:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return all(fits(item, inner[0]) for item in value)
    return len(value) == len(inner) and all(map(fits, value, inner))


def _fields_fit(value: Any) -> bool:
    names = [field.name for field in fields(value)] if is_dataclass(value) else getattr(value, "_fields", ())
    hints = _hints(value.__class__) if names else {}
    return all(fits(getattr(value, name), hints[name]) for name in names if name in hints)

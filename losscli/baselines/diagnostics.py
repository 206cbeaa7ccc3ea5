"""The `diagnostics` of a saved report: by the types of the fields of their values, each of which is checked.

A number that is null was not finite, or undefined; it is read as NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from losscli.baselines.json_file import InvalidDocument
from losscli.results.diagnostics import Diagnostics


def read_diagnostics(found: Any) -> Diagnostics:
    """The diagnostics; an InvalidDocument where they are something else."""
    read = _value(found, Diagnostics, "diagnostics")
    assert isinstance(read, Diagnostics)
    return read


def _value(found: Any, kind: Any, where: str) -> Any:
    """`found` as a value of this type; `where` names it in messages."""
    if isinstance(kind, UnionType):
        return _one_of(found, get_args(kind), where)
    origin = get_origin(kind)
    if origin is tuple:
        return tuple(
            _value(each, get_args(kind)[0], f"{where}[{at}]") for at, each in enumerate(_is(found, list, where))
        )
    if origin is Mapping:
        return {
            name: _value(each, get_args(kind)[1], f"{where}.{name}") for name, each in _is(found, dict, where).items()
        }
    if kind is float:
        return _number(found, where)
    if kind in (int, str, bool):
        value = _is(found, kind, where)
        if kind is int and value < 0:
            raise InvalidDocument(f"{where} is not a count")
        return value
    fields = get_type_hints(kind)
    given = _is(found, dict, where)
    if missing := [name for name in fields if name not in given]:
        raise InvalidDocument(f"{where} has no '{missing[0]}'")
    return kind(**{name: _value(given[name], hint, f"{where}.{name}") for name, hint in fields.items()})


def _one_of(found: Any, kinds: tuple[Any, ...], where: str) -> Any:
    """The first of the types that a value of JSON has: text, null, or what is left."""
    if found is None and NoneType in kinds:
        return None
    if type(found) is str and str in kinds:
        return found
    (rest,) = (kind for kind in kinds if kind is not NoneType and not (kind is str and float in kinds))
    return _value(found, rest, where)


def _is(found: Any, kind: type, where: str) -> Any:
    if type(found) is not kind:  # not isinstance, which takes a bool for an int
        raise InvalidDocument(f"{where} is not what it should be: {kind.__name__}")
    return found


def _number(found: Any, where: str) -> float:
    if found is None:
        return math.nan
    if type(found) not in (int, float):
        raise InvalidDocument(f"{where} is not a number")
    try:
        number = float(found)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InvalidDocument(f"{where} is too large for a number")
    return number

"""Data classes that are made when their first value is, and regular expressions that are compiled when first used.

The standard `dataclass` compiles six functions for each frozen class as its module is imported. A short run imports a
hundred and forty such classes, half of which never get a value: that was a quarter of its time. Here a class is only
noted when it is declared. Its first value makes it a dataclass of the standard library, with one compiled function,
`__init__`; the others are shared. What `dataclasses` says of the class (`fields(cls)`, `is_dataclass(cls)`) holds
from then on, or after `complete(cls)`; what it says of values (`replace`, `asdict`, `fields(value)`) always does.

`pattern` stands for `re.compile`, which takes as long as to import a small module; a short run uses few of the patterns
that its modules name.
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
    from re import compile as pattern

__all__ = ["complete", "dataclass", "pattern"]

_waiting: dict[type, dict[str, bool]] = {}
_lock = threading.RLock()
_HAND_WRITTEN = ("__init__", "__setstate__")


class _Factory:
    """The default of an argument whose value is made anew for each call."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE = _Factory()


def complete(cls: type) -> None:
    """Make `cls` a dataclass now, and its bases before it; nothing happens if it is one."""
    with _lock:  # so a second thread waits until the class has all its functions
        for base in reversed(cls.__mro__):
            if base in _waiting:
                _complete(base, **_waiting[base])
                del _waiting[base]


def _lazy(cls: Any = None, /, *, frozen: bool = False, eq: bool = True, repr: bool = True,
          slots: bool = False) -> Any:  # fmt: skip
    if cls is None:
        return lambda cls: _lazy(cls, frozen=frozen, eq=eq, repr=repr, slots=slots)
    if slots or any(name in cls.__dict__ for name in _HAND_WRITTEN):
        return dataclasses.dataclass(frozen=frozen, eq=eq, repr=repr, slots=slots)(cls)

    def init(self: Any, /, *args: Any, **kwargs: Any) -> None:
        complete(cls)
        cls.__init__(self, *args, **kwargs)

    def setstate(self: Any, state: dict[str, Any]) -> None:
        complete(cls)  # the first value came out of a pickle
        self.__dict__.update(state)

    _waiting[cls] = {"frozen": frozen, "eq": eq, "repr": repr}
    cls.__init__ = init
    cls.__setstate__ = setstate
    return cls


if not TYPE_CHECKING:
    dataclass = _lazy


def _complete(cls: Any, *, frozen: bool, eq: bool, repr: bool) -> None:
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # the standard library would print a signature, which takes longer than all else
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    fields = dataclasses.fields(cls)
    made: dict[str, Any] = {}
    if frozen:
        made |= _frozen(cls, frozenset(each.name for each in fields))
    if repr:
        made["__repr__"] = _repr([each.name for each in fields if each.repr])
    if eq:
        compared = [each.name for each in fields if each.compare]
        made["__eq__"] = _eq(_getter(compared))
        hashed = [each.name for each in fields if (each.compare if each.hash is None else each.hash)]
        made["__hash__"] = _hash(_getter(hashed)) if frozen else None
        if "__eq__" in cls.__dict__ and cls.__dict__.get("__hash__") is None:
            cls.__hash__ = made["__hash__"]  # Python writes None where a class has an __eq__ of its own
    for name, function in made.items():
        if name not in cls.__dict__:
            setattr(cls, name, function)
    del cls.__setstate__
    cls.__init__ = _init(cls, fields, frozen)  # last: until now a second thread waits in `complete`


def _init(cls: Any, fields: tuple[dataclasses.Field[Any], ...], frozen: bool) -> Any:
    """Compile `__init__`: the names of its arguments are those of the fields, so it cannot be shared."""
    missing = dataclasses.MISSING
    known: dict[str, Any] = {"_set": object.__setattr__, "_made": _MADE}
    arguments: dict[bool, list[str]] = {False: [], True: []}  # by whether they are given by keyword only
    lines = []
    for each in fields:
        name, value = each.name, each.name
        if each.default_factory is not missing:
            known[f"_default_{name}"] = _MADE
            known[f"_factory_{name}"] = each.default_factory
            value = f"_factory_{name}() if {name} is _made else {name}" if each.init else f"_factory_{name}()"
        elif not each.init:
            continue  # an attribute of the class, or set by __post_init__
        elif each.default is not missing:
            known[f"_default_{name}"] = each.default
        if each.init:
            default = f"=_default_{name}" if f"_default_{name}" in known else ""
            arguments[bool(each.kw_only)].append(f"{name}{default}")
        lines.append(f"_set(_self, '{name}', {value})" if frozen else f"_self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("_self.__post_init__()")
    keywords = ["*", *arguments[True]] if arguments[True] else []
    head = ", ".join(["_self", "/", *arguments[False], *keywords])
    text = "\n    ".join([f"def __init__({head}):", *(lines or ["pass"])])
    exec(text, known)  # the text holds names of fields and of `known` only
    function = known["__init__"]
    function.__annotations__ = {each.name: each.type for each in fields if each.init} | {"return": None}
    function.__qualname__, function.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return function


def _frozen(cls: Any, names: frozenset[str]) -> dict[str, Callable[..., None]]:
    def setattr(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def delattr(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    return {"__setattr__": setattr, "__delattr__": delattr}


def _repr(names: list[str]) -> Callable[[Any], str]:
    @recursive_repr()
    def repr_of(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({values})"

    return repr_of


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Get the values of these fields, as a tuple: its comparison takes what is identical for equal."""
    if len(names) < 2:
        return lambda self: tuple(getattr(self, name) for name in names)
    return attrgetter(*names)


def _eq(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], Any]:
    def eq(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return eq


def _hash(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    return lambda self: hash(values(self))


class _Pattern:
    """Stands for a compiled pattern: it has its attributes, each looked up once."""

    def __init__(self, text: Any, flags: int = 0) -> None:
        self._asked = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by copy and pickle
            raise AttributeError(name)
        found = getattr(re.compile(*self._asked), name)  # `re` holds it for the next name
        setattr(self, name, found)
        return found

    def __repr__(self) -> str:
        return f"pattern{self._asked}"


if not TYPE_CHECKING:
    pattern = _Pattern

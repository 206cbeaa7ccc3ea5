"""Data classes that are made when their first value is, and regular expressions that are compiled when first used.

The standard `dataclass` compiles six functions for each frozen class as its module is imported. A short run imports a
hundred and forty such classes, half of which never get a value, and most others two or three: that was a quarter of its
time. Here a class is only noted when it is declared. Its first value gives it the functions of a dataclass, without
compiling any: `__init__` sets field after field, and is compiled only for a class of which many values are made. What
the standard library keeps of a class (`fields`, `replace`, `asdict`, `is_dataclass`) is made when it asks.
`complete(cls)` makes all of it at once, and with it the signature: for classes that people look at.

`pattern` stands for `re.compile`, which takes as long as to import a small module; a short run uses few of the patterns
that its modules name.
"""

from __future__ import annotations

import dataclasses
import inspect
import os
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

_lock = threading.RLock()
if hasattr(os, "register_at_fork"):
    # A fork has the lock as it was, but not the thread that held it: its first new class would wait forever.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)

_MISSING = dataclasses.MISSING
_HAND_WRITTEN = ("__init__", "__setstate__")
_FEW = 64  # values of a class: to set the fields of so many one by one takes as long as to compile `__init__`


class _MadeAnew:
    """The default of an argument whose value is made anew for each call, as signatures show it."""

    def __repr__(self) -> str:
        return "<factory>"


_MADE_ANEW = _MadeAnew()


class _Arguments:
    """What `__init__` takes for these fields, and what it sets where it is given nothing."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self.positional: list[str] = []
        self.keyword: list[str] = []  # given by keyword only
        self.defaults: dict[str, Any] = {}
        self.factories: dict[str, Callable[[], Any]] = {}  # those of fields that are no arguments, too
        for name, each in fields.items():
            default, by_keyword = each, False
            if isinstance(each, dataclasses.Field):
                if each.default_factory is not _MISSING:
                    self.factories[name] = each.default_factory
                if not each.init:
                    continue  # it may have a default, which is an attribute of the class
                default, by_keyword = each.default, each.kw_only is True
            if default is not _MISSING:
                self.defaults[name] = default
            (self.keyword if by_keyword else self.positional).append(name)


class _Declared:
    """What was asked for a class: it stands in its `__dataclass_fields__` until the standard library looks there."""

    def __init__(self, cls: Any, *, frozen: bool, eq: bool, repr: bool) -> None:
        self.cls, self.frozen, self.eq, self.repr = cls, frozen, eq, repr
        self.fields: dict[str, Any] = {}  # what bodies of classes say of each: a default, a `field()` or nothing
        self.own: dict[str, dataclasses.Field[Any]] = {}  # each `field()` of this class
        self.has_functions = self.is_standard = self.is_compiled = False

    def __get__(self, value: object, owner: type) -> Any:
        with _lock:
            if not self.is_standard:
                self.add_functions()
                self.make_standard()
        return self.cls.__dataclass_fields__

    def make_standard(self) -> None:
        """Let the standard library note what it keeps of a dataclass.

        It takes each `field()` out of the class again. Another thread that asks for the default of such a field
        meanwhile gets the `field()`, but none asks: values have their fields, and `__init__` has the defaults.
        """
        for name, each in self.own.items():
            setattr(self.cls, name, each)
        dataclasses.dataclass(init=False, repr=False, eq=False)(self.cls)
        self.is_standard = True

    def add_functions(self) -> None:
        """Give the class the functions of a dataclass; before it, its bases."""
        with _lock:  # so a second thread waits until the class has all its functions
            if not self.has_functions:
                self.fields = _inherited(self.cls) | self._take_fields()
                self._add_functions()
                self.has_functions = True

    def _take_fields(self) -> dict[str, Any]:
        """Take what the body of the class says of its fields; of each `field()` the class keeps the default."""
        cls, found = self.cls, {}
        for name, annotation in inspect.get_annotations(cls).items():
            if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
                continue
            found[name] = value = getattr(cls, name, _MISSING)  # also of a base, as in the standard library
            if isinstance(value, dataclasses.Field):
                self.own[name] = value
                if value.default is _MISSING:
                    delattr(cls, name)
                else:
                    setattr(cls, name, value.default)
        return found

    def _add_functions(self) -> None:
        cls, fields = self.cls, self.fields
        if cls.__doc__ is None:
            cls.__doc__ = cls.__name__  # the standard library would print a signature, which takes longer than all else
        arguments = _Arguments(fields)
        special = {name: each for name, each in fields.items() if isinstance(each, dataclasses.Field)}
        made: dict[str, Any] = {"__match_args__": tuple(arguments.positional), "__replace__": _replace}
        if self.frozen:
            made |= _frozen(cls, frozenset(fields))
        if self.repr:
            made["__repr__"] = _repr([name for name in fields if name not in special or special[name].repr])
        if self.eq:
            compared = [name for name in fields if name not in special or special[name].compare]
            made["__eq__"] = _eq(_getter(compared))
            hashed = [name for name in fields if name not in special or _is_hashed(special[name])]
            made["__hash__"] = _hash(_getter(hashed)) if self.frozen else None
            if "__eq__" in cls.__dict__ and cls.__dict__.get("__hash__") is None:
                cls.__hash__ = made["__hash__"]  # Python writes None where a class has an __eq__ of its own
        for name, function in made.items():
            if name not in cls.__dict__:
                setattr(cls, name, function)
        del cls.__setstate__
        cls.__init__ = _init_of_few(self, arguments)  # last: until now a second thread waits in `add_functions`

    def compile_init(self) -> None:
        """Write `__init__` for the fields of this class, which takes long and then runs fast."""
        with _lock:
            self.add_functions()
            if not self.is_compiled:
                types = {each.name: each.type for each in dataclasses.fields(self.cls)}
                self.cls.__init__ = _init(self.cls, _Arguments(self.fields), types, self.frozen)
                self.is_compiled = True


def complete(cls: type) -> None:
    """Make `cls` a dataclass with all that belongs to it now, and its bases; nothing happens if it is one."""
    with _lock:  # so a second thread waits until all is made
        for base in reversed(cls.__mro__):
            if declared := _declarations.pop(base, None):
                declared.compile_init()


_declarations: dict[type, _Declared] = {}


def _lazy(cls: Any = None, /, *, frozen: bool = False, eq: bool = True, repr: bool = True) -> Any:
    if cls is None:
        return lambda cls: _lazy(cls, frozen=frozen, eq=eq, repr=repr)
    if any(name in cls.__dict__ for name in _HAND_WRITTEN):
        return dataclasses.dataclass(frozen=frozen, eq=eq, repr=repr)(cls)
    declared = _Declared(cls, frozen=frozen, eq=eq, repr=repr)

    def init(self: Any, /, *args: Any, **kwargs: Any) -> None:
        declared.add_functions()
        cls.__init__(self, *args, **kwargs)

    def setstate(self: Any, state: dict[str, Any]) -> None:
        declared.add_functions()  # the first value came out of a pickle
        self.__dict__.update(state)

    cls.__dataclass_fields__ = _declarations[cls] = declared
    cls.__init__ = init
    cls.__setstate__ = setstate
    return cls


if not TYPE_CHECKING:
    dataclass = _lazy


def _inherited(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__[1:]):
        declared = base.__dict__.get("__dataclass_fields__")
        if isinstance(declared, _Declared):
            declared.add_functions()
            found |= declared.fields
        elif declared is not None:
            found |= {each.name: each for each in dataclasses.fields(base)}
    return found


def _is_hashed(field: dataclasses.Field[Any]) -> bool:
    return field.compare if field.hash is None else field.hash


def _init_of_few(declared: _Declared, arguments: _Arguments) -> Callable[..., None]:
    """Give an `__init__` that sets fields in a loop, until the class has so many values that it should be compiled."""
    cls, fields, put = declared.cls, declared.fields, object.__setattr__ if declared.frozen else setattr
    positional, defaults, factories = arguments.positional, arguments.defaults, arguments.factories
    accepted = {*positional, *arguments.keyword}
    required = accepted - defaults.keys() - factories.keys()
    finish = getattr(cls, "__post_init__", None)
    values = 0

    def init(self: Any, /, *args: Any, **kwargs: Any) -> None:
        nonlocal values
        values += 1
        given = dict(zip(positional, args, strict=False), **kwargs)
        if values > _FEW or len(given) < len(args) + len(kwargs) or not required <= given.keys() <= accepted:
            declared.compile_init()  # it refuses wrong arguments as any function does
            cls.__init__(self, *args, **kwargs)
            return
        for name in fields:
            if name in given:
                put(self, name, given[name])
            elif name in defaults:
                put(self, name, defaults[name])
            elif name in factories:
                put(self, name, factories[name]())
        if finish is not None:
            self.__post_init__()

    return init


def _init(cls: Any, arguments: _Arguments, types: dict[str, Any], frozen: bool) -> Any:
    """Compile `__init__`: the names of its arguments are those of the fields, so it cannot be shared."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_made_anew": _MADE_ANEW}
    given = {*arguments.positional, *arguments.keyword}
    known |= {f"_default_{name}": value for name, value in arguments.defaults.items()}
    known |= {f"_factory_{name}": make for name, make in arguments.factories.items()}
    lines = []
    for name in types:
        value = name
        if name in arguments.factories:
            known[f"_default_{name}"] = _MADE_ANEW
            made = f"_factory_{name}()"
            value = f"{made} if {name} is _made_anew else {name}" if name in given else made
        elif name not in given:
            continue  # an attribute of the class, or set by __post_init__
        lines.append(f"_set(_self, '{name}', {value})" if frozen else f"_self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("_self.__post_init__()")
    head = ["_self", "/", *arguments.positional, *(["*"] if arguments.keyword else []), *arguments.keyword]
    spelled = [f"{name}=_default_{name}" if f"_default_{name}" in known else name for name in head]
    text = "\n    ".join([f"def __init__({', '.join(spelled)}):", *(lines or ["pass"])])
    exec(text, known)  # the text holds names of fields and of `known` only
    function = known["__init__"]
    function.__annotations__ = {name: kind for name, kind in types.items() if name in given} | {"return": None}
    function.__qualname__, function.__module__ = f"{cls.__qualname__}.__init__", cls.__module__
    return function


def _replace(self: Any, /, **changes: Any) -> Any:
    """What `copy.replace` of later Pythons calls."""
    return dataclasses.replace(self, **changes)


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

"""The suites of a configuration, validated: every key is known and has a value of its type.

The caller passes the keys: they are the options of a command, so that each is declared once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from losscli.cli.config.document import Document
from losscli.cli.config.lines import KeyPath, TextPosition
from losscli.errors import UsageError, did_you_mean
from losscli.lazy import dataclass, pattern

Form = Literal["text", "amount", "whole", "number", "flag", "texts", "gates"]

_NAME = pattern(r"[A-Za-z0-9_-]+")
_SPECIAL = pattern(r"[,=*:\\]")
_TOLERANCE = pattern(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?", re.ASCII)

# Keys that other tools have and losscli refuses on purpose: their message says more than "unknown key".
_UNSUPPORTED = {
    "plugins": "a configuration cannot load plugins",
    "endpoint": "a configuration cannot say where remote stores are",
}


@dataclass(frozen=True)
class Key:
    """One key that a suite may have: its name in the code, its spellings in a file, and the form of its value.

    `pairs` says that the texts have the form `left=right`; a table of left = "right" may replace them.
    """

    name: str
    spellings: tuple[str, ...]
    form: Form
    choices: tuple[str, ...] = ()
    pairs: bool = False


@dataclass(frozen=True)
class Setting:
    """A value and its position; `items` are the positions of the items of a list."""

    value: Any
    position: TextPosition
    items: tuple[TextPosition, ...] = ()


@dataclass(frozen=True)
class GateTable:
    """A gate that is written as a table; each of `max`, `min` and `max_regression` that is given is a limit."""

    loss: str
    max: float | None = None
    min: float | None = None
    max_regression: str | None = None
    by: tuple[str, ...] = ()
    model: str | None = None
    significant: bool = False
    shown: bool = False
    if_enough: bool = False


@dataclass(frozen=True)
class Suite:
    """One run with its gates; `settings` are by the name of their key."""

    name: str
    position: TextPosition
    settings: Mapping[str, Setting]


def read_suites(document: Document, keys: Sequence[Key], command_line_only: Iterable[str]) -> dict[str, Suite]:
    """All suites of a document; `command_line_only` are options that no suite may have as keys."""
    known = ("required-version", "defaults", "suites")
    by_spelling = {spelling: key for key in keys for spelling in key.spellings}
    for key in document.table:
        if key not in known:
            hint = f"it belongs under [suites.NAME] or [defaults]: '{key}'" if key in by_spelling else None
            raise _unknown(document, (key,), known, command_line_only, hint)
    reader = _Reader(document, by_spelling, frozenset(command_line_only))
    defaults = reader.settings(("defaults",), _table(document, ("defaults",)))
    suites: dict[str, Suite] = {}
    for name, table in _table(document, ("suites",)).items():
        path: KeyPath = ("suites", name)
        if not _NAME.fullmatch(name):
            raise document.error(path, f"'{name}' is not a valid suite name", "a name has letters, digits, _ and -")
        if not isinstance(table, Mapping):
            message = f"the suite '{name}' must be a table; got {described(table)}"
            raise document.error(path, message, f"[suites.{name}]")
        suites[name] = Suite(name, document.position(path), defaults | reader.settings(path, table))
    if not suites:
        raise UsageError("the configuration has no suites", path=document.shown, code="USAGE_CONFIG",
                         hint="a suite begins with [suites.NAME]; see 'losscli help config'")  # fmt: skip
    return suites


def _table(document: Document, path: KeyPath) -> Mapping[str, Any]:
    (name,) = path
    table = document.table.get(str(name), {})
    if not isinstance(table, Mapping):
        raise document.error(path, f"'{name}' must be a table; got {described(table)}")
    return table


def _unknown(
    document: Document, path: KeyPath, known: Iterable[str], command_line_only: Iterable[str], hint: str | None = None
) -> UsageError:
    key = str(path[-1])
    if key in _UNSUPPORTED:
        return document.error(path, _UNSUPPORTED[key], "--trust-config does not allow it either")
    if key in command_line_only:
        return document.error(path, f"'{key}' is an option of the command line; a suite has no such key")
    known = list(known)
    hint = hint or did_you_mean(key, known) or f"the keys are: {', '.join(known)}"
    return document.error(path, f"unknown key '{key}'", hint)


def described(value: Any) -> str:
    """A value of the wrong type, named as in TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text '{value}'"
    return "an array" if isinstance(value, list) else "a table" if isinstance(value, Mapping) else "a date or time"


def escaped(name: str) -> str:
    """A name with escapes for , = * : and the backslash, which are special in column options."""
    return _SPECIAL.sub(r"\\\g<0>", name)


class _Reader:
    """Tables of one document -> settings."""

    def __init__(self, document: Document, by_spelling: Mapping[str, Key], command_line_only: frozenset[str]) -> None:
        self.document, self.by_spelling, self.command_line_only = document, by_spelling, command_line_only

    def settings(self, path: KeyPath, table: Mapping[str, Any]) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for spelling, value in table.items():
            here = (*path, spelling)
            if spelling not in self.by_spelling:
                raise _unknown(self.document, here, self.by_spelling, self.command_line_only)
            key = self.by_spelling[spelling]
            setting = self._setting(key, here, value)
            if key.name in found:
                if key.form != "gates":
                    twice = " and ".join(f"'{s}'" for s in key.spellings)
                    raise self.document.error(here, f"{twice} are the same key, which is given twice")
                before = found[key.name]
                setting = Setting(before.value + setting.value, before.position, before.items + setting.items)
            found[key.name] = setting
        return found

    def _setting(self, key: Key, path: KeyPath, value: Any) -> Setting:
        position = self.document.position(path)
        if key.form in ("texts", "gates"):
            return Setting(*self._list(key, path, value))
        expected, valid = {
            "text": ("a text", isinstance(value, str)),
            "flag": ("true or false", isinstance(value, bool)),
            "amount": (
                "a whole number, or a percentage in quotes",
                isinstance(value, int | str) and not isinstance(value, bool),
            ),
            "whole": ("a whole number", isinstance(value, int) and not isinstance(value, bool)),
            "number": ("a number", isinstance(value, int | float) and not isinstance(value, bool)),
        }[key.form]
        if not valid:
            raise self._wrong_type(path, expected, value)
        if key.choices and value not in key.choices:
            listed = ", ".join(key.choices)
            raise self.document.error(path, f"'{path[-1]}' must be one of {listed}; got '{value}'",
                                      did_you_mean(value, key.choices))  # fmt: skip
        return Setting(str(value) if key.form == "amount" else value, position)

    def _wrong_type(self, path: KeyPath, expected: str, value: Any) -> UsageError:
        quoted = expected == "a text" and isinstance(value, int | float) and not isinstance(value, bool)
        name = path[-1] if isinstance(path[-1], str) else f"{path[-2]}[{path[-1]}]"
        hint = f'write it in quotes: "{value}"' if quoted else None
        return self.document.error(path, f"'{name}' must be {expected}; got {described(value)}", hint)

    def _list(
        self, key: Key, path: KeyPath, value: Any
    ) -> tuple[tuple[Any, ...], TextPosition, tuple[TextPosition, ...]]:
        """A list of texts or gates: a text is a list of one, a table is a list of pairs, or one gate."""
        position = self.document.position(path)
        if key.form == "gates":
            items = value if isinstance(value, list) else [value]
            read = [self._gate((*path, n) if items is value else path, item) for n, item in enumerate(items)]
            places = [self.document.position((*path, n) if items is value else path) for n in range(len(items))]
            return tuple(read), position, tuple(places)
        if isinstance(value, str):
            return (value,), position, (position,)
        if key.pairs and isinstance(value, Mapping):
            for name, text in value.items():
                if not isinstance(text, str):
                    raise self._wrong_type((*path, name), "a text", text)
            texts = [f"{escaped(name)}={text}" for name, text in value.items()]
            return tuple(texts), position, tuple(self.document.position((*path, name)) for name in value)
        if not isinstance(value, list):
            raise self._wrong_type(path, "a text or a list of texts" + (" or a table" if key.pairs else ""), value)
        for number, text in enumerate(value):
            if not isinstance(text, str):
                raise self._wrong_type((*path, number), "a text", text)
        return tuple(value), position, tuple(self.document.position((*path, n)) for n in range(len(value)))

    def _gate(self, path: KeyPath, value: Any) -> str | GateTable:
        if isinstance(value, str):
            return value
        if not isinstance(value, Mapping):
            raise self._wrong_type(path, "a text or a table", value)
        read: dict[str, Any] = {}
        for name, item in value.items():
            if name not in _GATE:
                raise _unknown(self.document, (*path, name), _GATE, ())
            field, expected = _GATE[name]
            read[field] = self._gate_value((*path, name), expected, item)
        if "loss" not in read:
            raise self.document.error(path, "a gate needs its loss", 'loss = "…"')
        if not read.keys() & {"max", "min", "max_regression"}:
            raise self.document.error(path, "a gate needs a limit", 'max = …, min = … or max-regression = "1%"')
        if read.get("significant") and read.get("shown"):
            raise self.document.error(path, "a gate is 'significant' or 'shown', not both", "write two gates")
        if read.get("if_enough") and not read.get("significant"):
            raise self.document.error(path, "'if-enough' needs significant = true")
        return GateTable(**read)

    def _gate_value(self, path: KeyPath, expected: str, value: Any) -> Any:
        if expected == "a number":
            if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
                raise self._wrong_type(path, expected, value)
        elif expected == "true or false":
            if not isinstance(value, bool):
                raise self._wrong_type(path, expected, value)
        elif expected == "texts":
            value = (value,) if isinstance(value, str) else value
            if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                raise self._wrong_type(path, "a text or a list of texts", value)
            value = tuple(value)
        elif not isinstance(value, str):
            raise self._wrong_type(path, expected, value)
        elif expected == "a tolerance in quotes" and not _TOLERANCE.fullmatch(value):
            raise self.document.error(
                path, f"'{value}' is not a tolerance", 'write "0.5%", or "0.002" for an absolute one'
            )
        return value


# Key -> the field of GateTable, and its type. A tolerance is a text, so that its unit is always given.
_GATE = {
    "loss": ("loss", "a text"),
    "max": ("max", "a number"),
    "min": ("min", "a number"),
    "max-regression": ("max_regression", "a tolerance in quotes"),
    "slice": ("by", "texts"),
    "by": ("by", "texts"),
    "model": ("model", "a text"),
    "significant": ("significant", "true or false"),
    "shown": ("shown", "true or false"),
    "if-enough": ("if_enough", "true or false"),
}

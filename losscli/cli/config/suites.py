"""Suites: what a table of configuration asks for, every key known and of its type.

Which keys there are is told by who calls: they are the options of a command, so that each is declared once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from losscli.cli.config.document import Document
from losscli.cli.config.lines import Path, Place
from losscli.errors import UsageError, did_you_mean

Form = Literal["text", "whole", "number", "flag", "texts", "gates"]

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_BEYOND = re.compile(r"[,=*:\\]")
_ALLOWANCE = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?", re.ASCII)

# What others have and this product has not, so that the answer is better than "no such key".
_NEVER = {
    "plugins": "a configuration cannot load plugins",
    "endpoint": "a configuration cannot say where remote stores are",
}


@dataclass(frozen=True)
class Key:
    """One key that a suite may have: the name it is kept under, how a file spells it, and what it holds.

    `pairs`: the texts read `left=right`, and a table of left = "right" may stand for them.
    """

    name: str
    spellings: tuple[str, ...]
    form: Form
    choices: tuple[str, ...] = ()
    pairs: bool = False


@dataclass(frozen=True)
class Setting:
    """A value and where it stands; `items` are the places of its parts, where it is a list."""

    value: Any
    place: Place
    items: tuple[Place, ...] = ()


@dataclass(frozen=True)
class GateTable:
    """A gate that is written as a table; what of `max`, `min` and `max_regression` is there is a limit each."""

    loss: str
    max: float | None = None
    min: float | None = None
    max_regression: str | None = None
    by: tuple[str, ...] = ()
    model: str | None = None
    significant: bool = False


@dataclass(frozen=True)
class Suite:
    """One run with its gates. `settings` are by the names of keys."""

    name: str
    place: Place
    settings: Mapping[str, Setting]


def read_suites(document: Document, keys: Sequence[Key], elsewhere: Iterable[str]) -> dict[str, Suite]:
    """All suites of a document; `elsewhere` are options of the command line that no suite has."""
    known = ("required-version", "defaults", "suites")
    spelled = {spelling: key for key in keys for spelling in key.spellings}
    for key in document.table:
        if key not in known:
            hint = f"it belongs under [suites.NAME] or [defaults]: '{key}'" if key in spelled else None
            raise _unknown(document, (key,), known, elsewhere, hint)
    reader = _Reader(document, spelled, frozenset(elsewhere))
    defaults = reader.settings(("defaults",), _table(document, ("defaults",)))
    suites: dict[str, Suite] = {}
    for name, table in _table(document, ("suites",)).items():
        path: Path = ("suites", name)
        if not _NAME.fullmatch(name):
            raise document.error(path, f"'{name}' is not a valid suite name", "a name has letters, digits, _ and -")
        if not isinstance(table, Mapping):
            raise document.error(path, f"the suite '{name}' must be a table; got {said(table)}", f"[suites.{name}]")
        suites[name] = Suite(name, document.place(path), defaults | reader.settings(path, table))
    if not suites:
        raise UsageError("the configuration has no suites", path=document.shown, code="USAGE_CONFIG",
                         hint="a suite begins with [suites.NAME]; see 'losscli help config'")  # fmt: skip
    return suites


def _table(document: Document, path: Path) -> Mapping[str, Any]:
    (name,) = path
    table = document.table.get(str(name), {})
    if not isinstance(table, Mapping):
        raise document.error(path, f"'{name}' must be a table; got {said(table)}")
    return table


def _unknown(
    document: Document, path: Path, known: Iterable[str], elsewhere: Iterable[str], hint: str | None = None
) -> UsageError:
    key = str(path[-1])
    if key in _NEVER:
        return document.error(path, _NEVER[key], "--trust-config does not allow it either")
    if key in elsewhere:
        return document.error(path, f"'{key}' is an option of the command line; a suite has no such key")
    known = list(known)
    hint = hint or did_you_mean(key, known) or f"the keys are: {', '.join(known)}"
    return document.error(path, f"unknown key '{key}'", hint)


def said(value: Any) -> str:
    """A value of the wrong type in the words of TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text '{value}'"
    return "an array" if isinstance(value, list) else "a table" if isinstance(value, Mapping) else "a date or time"


def escaped(name: str) -> str:
    """A name as it stands in a grammar where , = * : have a meaning."""
    return _BEYOND.sub(r"\\\g<0>", name)


class _Reader:
    """Tables of one document -> settings."""

    def __init__(self, document: Document, spelled: Mapping[str, Key], elsewhere: frozenset[str]) -> None:
        self.document, self.spelled, self.elsewhere = document, spelled, elsewhere

    def settings(self, path: Path, table: Mapping[str, Any]) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for spelling, value in table.items():
            here = (*path, spelling)
            if spelling not in self.spelled:
                raise _unknown(self.document, here, self.spelled, self.elsewhere)
            key = self.spelled[spelling]
            setting = self._setting(key, here, value)
            if key.name in found:
                if key.form != "gates":
                    twice = " and ".join(f"'{s}'" for s in key.spellings)
                    raise self.document.error(here, f"{twice} are the same key, which is given twice")
                before = found[key.name]
                setting = Setting(before.value + setting.value, before.place, before.items + setting.items)
            found[key.name] = setting
        return found

    def _setting(self, key: Key, path: Path, value: Any) -> Setting:
        place = self.document.place(path)
        if key.form in ("texts", "gates"):
            return Setting(*self._list(key, path, value))
        wanted, right = {
            "text": ("a text", isinstance(value, str)),
            "flag": ("true or false", isinstance(value, bool)),
            "whole": ("a whole number", isinstance(value, int) and not isinstance(value, bool)),
            "number": ("a number", isinstance(value, int | float) and not isinstance(value, bool)),
        }[key.form]
        if not right:
            raise self._wrong(path, wanted, value)
        if key.choices and value not in key.choices:
            listed = ", ".join(key.choices)
            raise self.document.error(path, f"'{path[-1]}' must be one of {listed}; got '{value}'",
                                      did_you_mean(value, key.choices))  # fmt: skip
        return Setting(value, place)

    def _wrong(self, path: Path, wanted: str, value: Any) -> UsageError:
        quoted = wanted == "a text" and isinstance(value, int | float) and not isinstance(value, bool)
        name = path[-1] if isinstance(path[-1], str) else f"{path[-2]}[{path[-1]}]"
        hint = f'write it in quotes: "{value}"' if quoted else None
        return self.document.error(path, f"'{name}' must be {wanted}; got {said(value)}", hint)

    def _list(self, key: Key, path: Path, value: Any) -> tuple[tuple[Any, ...], Place, tuple[Place, ...]]:
        """A text is a list of one; a table is a list of pairs, or one gate."""
        place = self.document.place(path)
        if key.form == "gates":
            items = value if isinstance(value, list) else [value]
            read = [self._gate((*path, n) if items is value else path, item) for n, item in enumerate(items)]
            places = [self.document.place((*path, n) if items is value else path) for n in range(len(items))]
            return tuple(read), place, tuple(places)
        if isinstance(value, str):
            return (value,), place, (place,)
        if key.pairs and isinstance(value, Mapping):
            for name, text in value.items():
                if not isinstance(text, str):
                    raise self._wrong((*path, name), "a text", text)
            texts = [f"{escaped(name)}={text}" for name, text in value.items()]
            return tuple(texts), place, tuple(self.document.place((*path, name)) for name in value)
        if not isinstance(value, list):
            raise self._wrong(path, "a text or a list of texts" + (" or a table" if key.pairs else ""), value)
        for number, text in enumerate(value):
            if not isinstance(text, str):
                raise self._wrong((*path, number), "a text", text)
        return tuple(value), place, tuple(self.document.place((*path, n)) for n in range(len(value)))

    def _gate(self, path: Path, value: Any) -> str | GateTable:
        if isinstance(value, str):
            return value
        if not isinstance(value, Mapping):
            raise self._wrong(path, "a text or a table", value)
        read: dict[str, Any] = {}
        for name, item in value.items():
            if name not in _GATE:
                raise _unknown(self.document, (*path, name), _GATE, ())
            field, wanted = _GATE[name]
            read[field] = self._gate_value((*path, name), wanted, item)
        if "loss" not in read:
            raise self.document.error(path, "a gate needs its loss", 'loss = "…"')
        if not read.keys() & {"max", "min", "max_regression"}:
            raise self.document.error(path, "a gate needs a limit", 'max = …, min = … or max-regression = "1%"')
        return GateTable(**read)

    def _gate_value(self, path: Path, wanted: str, value: Any) -> Any:
        if wanted == "a number":
            if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
                raise self._wrong(path, wanted, value)
        elif wanted == "true or false":
            if not isinstance(value, bool):
                raise self._wrong(path, wanted, value)
        elif wanted == "texts":
            value = (value,) if isinstance(value, str) else value
            if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                raise self._wrong(path, "a text or a list of texts", value)
            value = tuple(value)
        elif not isinstance(value, str):
            raise self._wrong(path, wanted, value)
        elif wanted == "a tolerance in quotes" and not _ALLOWANCE.fullmatch(value):
            raise self.document.error(
                path, f"'{value}' is not a tolerance", 'write "0.5%", or "0.002" for an absolute one'
            )
        return value


# Key -> the field of GateTable, and what it holds. An allowance is a text so that its unit is always said.
_GATE = {
    "loss": ("loss", "a text"),
    "max": ("max", "a number"),
    "min": ("min", "a number"),
    "max-regression": ("max_regression", "a tolerance in quotes"),
    "slice": ("by", "texts"),
    "by": ("by", "texts"),
    "model": ("model", "a text"),
    "significant": ("significant", "true or false"),
}

"""losscli.toml and [tool.losscli] of pyproject.toml: found, read, and refused where something in them is wrong.

    required-version = ">=0.1"
    [defaults]                 what every suite has that does not say otherwise
    [suites.NAME]              one run: the options of `losscli eval` as keys

Paths in the file are relative to the folder it lies in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from losscli.cli.config import trust
from losscli.cli.config.document import Document, parse
from losscli.cli.config.find import OWN, PROJECT, Found, find, read
from losscli.cli.config.lines import Place
from losscli.cli.config.suites import Form, GateTable, Key, Setting, Suite, escaped, read_suites
from losscli.errors import UsageError

_CLAUSE = re.compile(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Config:
    """The suites of one file. `shown` is its path in messages, `label` the one in reports, the same from everywhere."""

    folder: str
    shown: str
    label: str
    suites: Mapping[str, Suite]

    def error(self, place: Place, message: str, hint: str | None = None) -> UsageError:
        """What is wrong at this place of the file."""
        return UsageError(message, hint=hint, path=self.shown, line=place.line, character=place.column,
                          code="USAGE_CONFIG")  # fmt: skip


def open_config(
    named: str | None, start: str, keys: Sequence[Key], elsewhere: Iterable[str], version: str, *, trusted: bool
) -> Config:
    """The configuration that is named, or the one that counts in the folder `start`."""
    found = located(named, start)
    if found is None:
        raise UsageError(f"there is no {OWN}, and no {PROJECT} with [tool.losscli], here or in a parent folder",
                         code="USAGE_CONFIG",
                         hint="'losscli check --init SOURCE' writes one; --config FILE names one")  # fmt: skip
    _check_version(found.document, version)
    suites = read_suites(found.document, keys, elsewhere)
    if not (trusted or found.named):
        for suite in suites.values():
            trust.check(suite, found.folder, found.document)
    return Config(found.folder, found.document.shown, found.label, suites)


def configured(text: str, folder: str, keys: Sequence[Key]) -> Config:
    """The configuration that would be this text in this folder."""
    document = parse(text.encode(), OWN)
    return Config(folder, OWN, OWN, read_suites(document, keys, ()))


def located(named: str | None, start: str) -> Found | None:
    """The file, parsed and no more."""
    return find(start) if named is None else read(named)


def suite_names(named: str | None, start: str) -> list[str]:
    """The names of the suites, of a file that may be wrong otherwise."""
    found = located(named, start)
    table = None if found is None else found.document.table.get("suites")
    return [str(name) for name in table] if isinstance(table, Mapping) else []


def _check_version(document: Document, version: str) -> None:
    """`>=0.1,<2`: every clause holds for this version."""
    wanted = document.table.get("required-version")
    if wanted is None:
        return
    path = ("required-version",)
    clauses = [_CLAUSE.fullmatch(part.strip()) for part in wanted.split(",")] if isinstance(wanted, str) else [None]
    for clause in clauses:
        if clause is None:
            raise document.error(path, "'required-version' is a text such as '>=0.1' or '>=0.1,<2'")
        if not _holds(_numbers(version), clause[1], _numbers(clause[2])):
            raise document.error(path, f"the configuration requires losscli {wanted}; this is {version}")


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, without zeros at the end: 1.0 is 1."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _holds(ours: tuple[int, ...], sign: str, theirs: tuple[int, ...]) -> bool:
    return {
        ">=": ours >= theirs, "<=": ours <= theirs, "==": ours == theirs,
        "!=": ours != theirs, ">": ours > theirs, "<": ours < theirs,
    }[sign]  # fmt: skip


__all__ = ["OWN", "Config", "Form", "GateTable", "Key", "Place", "Setting", "Suite", "configured", "escaped",
           "located", "open_config", "suite_names"]  # fmt: skip

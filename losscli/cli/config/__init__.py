"""The configuration, losscli.toml or [tool.losscli] of pyproject.toml: found, parsed and validated.

    required-version = ">=0.1"
    [defaults]                 keys for every suite that does not set them
    [suites.NAME]              one run: the options of `losscli eval` as keys

Paths in the file are relative to the folder of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from losscli.cli.config import trust
from losscli.cli.config.document import Document, parse
from losscli.cli.config.find import CONFIG_NAME, PYPROJECT, ConfigFile, find, read
from losscli.cli.config.lines import TextPosition
from losscli.cli.config.suites import Form, GateTable, Key, Setting, Suite, escaped, read_suites
from losscli.errors import UsageError
from losscli.lazy import dataclass, pattern

_CLAUSE = pattern(r"(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Config:
    """The suites of one file.

    `shown` is its path in messages; `label` is its path in reports, the same everywhere; `path` is absolute.
    """

    folder: str
    shown: str
    label: str
    path: str
    suites: Mapping[str, Suite]

    def error(self, position: TextPosition, message: str, hint: str | None = None) -> UsageError:
        """An error at this position of the file."""
        return UsageError(message, hint=hint, path=self.shown, line=position.line, character=position.column,
                          code="USAGE_CONFIG")  # fmt: skip


def open_config(
    path: str | None, start: str, keys: Sequence[Key], command_line_only: Iterable[str], version: str, *, trusted: bool
) -> Config:
    """Read the configuration at `path`, or without a path the one that applies to the folder `start`.

    `command_line_only` are options that no suite may have as keys. A configuration that was found automatically is
    checked by `trust`, unless `trusted`.
    """
    found = find_config(path, start)
    if found is None:
        names = f"{CONFIG_NAME}, and no {PYPROJECT} with [tool.losscli]"
        raise UsageError(f"there is no {names}, here or in a parent folder", code="USAGE_CONFIG",
                         hint="'losscli check --init SOURCE' writes one; --config FILE names one")  # fmt: skip
    _check_version(found.document, version)
    suites = read_suites(found.document, keys, command_line_only)
    if not (trusted or found.explicit):
        for suite in suites.values():
            trust.check(suite, found.folder, found.document)
    return Config(found.folder, found.document.shown, found.label, found.path, suites)


def config_from_text(text: str, folder: str, keys: Sequence[Key]) -> Config:
    """Parse a text as the configuration of this folder."""
    document = parse(text.encode(), CONFIG_NAME)
    return Config(folder, CONFIG_NAME, CONFIG_NAME, str(Path(folder, CONFIG_NAME)), read_suites(document, keys, ()))


def find_config(path: str | None, start: str) -> ConfigFile | None:
    """The file at `path`, or the one that applies to the folder `start`: parsed, but not validated."""
    return find(start) if path is None else read(path)


def suite_names(path: str | None, start: str) -> list[str]:
    """The names of the suites; the rest of the file may be invalid."""
    found = find_config(path, start)
    table = None if found is None else found.document.table.get("suites")
    return [str(name) for name in table] if isinstance(table, Mapping) else []


def _check_version(document: Document, version: str) -> None:
    """Require that this version satisfies every clause of `required-version`, such as `>=0.1,<2`."""
    required = document.table.get("required-version")
    if required is None:
        return
    path = ("required-version",)
    clauses = [_CLAUSE.fullmatch(part.strip()) for part in required.split(",")] if isinstance(required, str) else [None]
    for clause in clauses:
        if clause is None:
            raise document.error(path, "'required-version' is a text such as '>=0.1' or '>=0.1,<2'")
        if not _satisfies(_numbers(version), clause[1], _numbers(clause[2])):
            raise document.error(path, f"the configuration requires losscli {required}; this is {version}")


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, without trailing zeros: 1.0 equals 1."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _satisfies(ours: tuple[int, ...], sign: str, theirs: tuple[int, ...]) -> bool:
    return {
        ">=": ours >= theirs, "<=": ours <= theirs, "==": ours == theirs,
        "!=": ours != theirs, ">": ours > theirs, "<": ours < theirs,
    }[sign]  # fmt: skip


__all__ = ["CONFIG_NAME", "Config", "Form", "GateTable", "Key", "Setting", "Suite", "TextPosition", "config_from_text",
           "escaped", "find_config", "open_config", "suite_names"]  # fmt: skip

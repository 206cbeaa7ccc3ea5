"""Finds the configuration that applies: the nearest one in the working directory or its parents.

The search ends after the first folder with a `.git`, after the home folder, and at the root of the file system. In one
folder losscli.toml takes precedence over pyproject.toml; a pyproject.toml without [tool.losscli] is ignored. Files are
not merged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from losscli.cli.config.document import Document, parse, read_bytes
from losscli.errors import UsageError
from losscli.io.remote.address import local_only
from losscli.lazy import dataclass

CONFIG_NAME, PYPROJECT = "losscli.toml", "pyproject.toml"


@dataclass(frozen=True)
class ConfigFile:
    """A configuration file: its absolute path, its table, and whether the user named it (`explicit`)."""

    path: str
    document: Document
    explicit: bool

    @property
    def folder(self) -> str:
        """The folder of the file; relative paths in the file start there."""
        return os.path.dirname(self.path)  # noqa: PTH120

    @property
    def label(self) -> str:
        """The path in reports, the same from everywhere: relative to the top of the repository, else only the name."""
        for folder in _upwards(self.folder):
            if os.path.lexists(os.path.join(folder, ".git")):  # noqa: PTH118
                return os.path.relpath(self.path, folder).replace(os.sep, "/")
        return os.path.basename(self.path)  # noqa: PTH119


def find(start: str) -> ConfigFile | None:
    """The configuration that applies to this folder."""
    home = os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111
    for folder in _upwards(start):
        own = os.path.join(folder, CONFIG_NAME)  # noqa: PTH118
        if os.path.isfile(own):  # noqa: PTH113
            shown = _shown(own, start)
            return ConfigFile(own, parse(read_bytes(own, shown), shown), explicit=False)
        if (found := _project(os.path.join(folder, PYPROJECT), start)) is not None:  # noqa: PTH118
            return found
        if os.path.lexists(os.path.join(folder, ".git")) or os.path.realpath(folder) == home:  # noqa: PTH118
            return None
    return None


def read(path: str) -> ConfigFile:
    """The configuration that the user named."""
    path = local_only(path, "--config")
    document = parse(read_bytes(path, path), path)
    if os.path.basename(path) == PYPROJECT:  # noqa: PTH119
        inner = document.within("tool", "losscli")
        if inner is None:
            raise UsageError("the file has no [tool.losscli]", path=path, code="USAGE_CONFIG")
        document = inner
    return ConfigFile(os.path.realpath(path), document, explicit=True)


def _project(path: str, start: str) -> ConfigFile | None:
    """A pyproject.toml with [tool.losscli]. Others are not parsed, so their errors do not matter."""
    if not os.path.isfile(path):  # noqa: PTH113
        return None
    shown = _shown(path, start)
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            if b"losscli" not in file.read():
                return None
    except OSError:
        return None
    document = parse(read_bytes(path, shown), shown).within("tool", "losscli")
    return None if document is None else ConfigFile(path, document, explicit=False)


def _upwards(folder: str) -> Iterator[str]:
    folder = os.path.abspath(folder)  # noqa: PTH100
    while True:
        yield folder
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return
        folder = above


def _shown(path: str, start: str) -> str:
    return os.path.relpath(path, start)

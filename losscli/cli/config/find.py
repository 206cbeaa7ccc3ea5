"""Which file of configuration counts: the nearest one at or above the working directory.

The search ends, that folder included, with the first folder that holds `.git`, with the home folder and with the root
of the file system. In one folder losscli.toml comes before pyproject.toml; a pyproject.toml without [tool.losscli] is
passed by. Nothing is merged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from losscli.cli.config.document import Document, parse, read_bytes
from losscli.errors import UsageError

OWN, PROJECT = "losscli.toml", "pyproject.toml"


@dataclass(frozen=True)
class Found:
    """A file of configuration: its absolute path, its table, and whether somebody named it."""

    path: str
    document: Document
    named: bool

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)  # noqa: PTH120

    @property
    def label(self) -> str:
        """The path as reports say it, wherever one stands: from the repository's top, else only the name."""
        for folder in _upwards(self.folder):
            if os.path.lexists(os.path.join(folder, ".git")):  # noqa: PTH118
                return os.path.relpath(self.path, folder).replace(os.sep, "/")
        return os.path.basename(self.path)  # noqa: PTH119


def find(start: str) -> Found | None:
    """The configuration that counts in this folder."""
    home = os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111
    for folder in _upwards(start):
        own = os.path.join(folder, OWN)  # noqa: PTH118
        if os.path.isfile(own):  # noqa: PTH113
            shown = _shown(own, start)
            return Found(own, parse(read_bytes(own, shown), shown), named=False)
        if (found := _project(os.path.join(folder, PROJECT), start)) is not None:  # noqa: PTH118
            return found
        if os.path.lexists(os.path.join(folder, ".git")) or os.path.realpath(folder) == home:  # noqa: PTH118
            return None
    return None


def read(path: str) -> Found:
    """The configuration that somebody named."""
    document = parse(read_bytes(path, path), path)
    if os.path.basename(path) == PROJECT:  # noqa: PTH119
        inner = document.within("tool", "losscli")
        if inner is None:
            raise UsageError("the file has no [tool.losscli]", path=path, code="USAGE_CONFIG")
        document = inner
    return Found(os.path.realpath(path), document, named=True)


def _project(path: str, start: str) -> Found | None:
    """A pyproject.toml that speaks of losscli; what is wrong with another one is not our business."""
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
    return None if document is None else Found(path, document, named=False)


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

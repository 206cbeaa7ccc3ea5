"""Files that discovery finds: their paths, their partition columns, and which of them are data files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import PurePath
from urllib.parse import unquote

from losscli.errors import FileError
from losscli.io.files.detect import COMPRESSION_SUFFIXES, SUFFIXES
from losscli.io.remote.address import Address
from losscli.lazy import dataclass

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FoundFile:
    """One file, and the values of the partition columns in the names of its folders (`region=eu/`).

    The file that `archive.zip:member` names is the `member` of `archive`.
    """

    path: str
    partition_values: Mapping[str, str | None] = field(default_factory=dict)
    remote: Address | None = None
    archive: str | None = None
    member: str | None = None


def natural_key(path: str) -> list[tuple[int, int, str]]:
    """A key that sorts part2 before part10."""
    pieces = re.split(r"([0-9]+)", path)
    return [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces] + [(2, 0, path)]


def sorted_data_files(root: str, names: Sequence[str], ignored: Sequence[str], notes: list[str]) -> list[str]:
    """The data files of a folder in natural order, of which there must be one; ignored files are noted."""
    ignored = sorted(ignored, key=natural_key)
    if ignored:
        more = f" and {len(ignored) - 1} more" if len(ignored) > 1 else ""
        notes.append(f"ignored {os.path.join(root, ignored[0])}{more}: not a data file by its name")  # noqa: PTH118
    if not names:
        raise FileError(
            "the folder has no data files" + (f"; ignored: {', '.join(ignored[:5])}" if ignored else ""),
            path=root,
            hint=f"looked for {' '.join(SUFFIXES)}, also compressed",
            code="IO_NOT_FOUND",
        )
    return sorted(names, key=natural_key)


def is_data_file(name: str) -> bool:
    """Whether the suffix is that of a data file, compressed or not."""
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    while suffixes and suffixes[-1] in COMPRESSION_SUFFIXES:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in SUFFIXES


def partition_values(path: str) -> dict[str, str | None]:
    """The values of partition columns in the names of folders on a path: region=eu/."""
    pairs = [part.split("=", 1) for part in PurePath(path).parts[:-1] if "=" in part]
    return {unquote(key): None if value == NULL_PARTITION else unquote(value) for key, value in pairs if key}

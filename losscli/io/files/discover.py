"""Discovery of files: folders, globs and hive-style partitions, always in the same order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from losscli.errors import FileError, UsageError
from losscli.io.files.archives import cut_member
from losscli.io.files.found import FoundFile, is_data_file, natural_key, partition_values, sorted_data_files
from losscli.io.files.identity import Identity, check_once, identity_of, repeated
from losscli.io.files.streams import file_error
from losscli.io.files.table_formats import enclosing_table, local_table_format, refused
from losscli.io.remote.address import REMOTE_URL, WEB, local_path, scheme_of
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.remote.stores import Info


@dataclass(frozen=True)
class Discovery:
    """The files that were found, notes for the user, and which of them are the same; `doubled` is among the notes."""

    files: tuple[FoundFile, ...]
    notes: tuple[str, ...]
    identities: tuple[tuple[str, Identity], ...]
    doubled: tuple[str, ...]


def discover(paths: Sequence[str]) -> Discovery:
    """The files of all paths, in the given order, and in natural order within each path."""
    files: list[FoundFile] = []
    notes: list[str] = []
    if not paths:
        raise UsageError("no source was given", code="USAGE_INCOMPLETE")
    paths = [local_path(path) for path in paths]
    known = _looked_up([path for path in paths if REMOTE_URL.match(path)])
    for path in paths:
        files.extend(_expand_remote(path, notes, known) if REMOTE_URL.match(path) else _expand_local(path, notes))
    identities = tuple((file.path, identity_of(file)) for file in files)
    check_once(identities)
    doubled = tuple(repeated(identities))
    return Discovery(tuple(files), (*notes, *doubled), identities, doubled)


def _looked_up(paths: Sequence[str]) -> Iterator[Info | None]:
    """What the stores say about these remote paths, without those of files in archives."""
    if not paths:
        return iter(())
    from losscli.io.remote.listing import look_up

    return look_up(path for path in paths if cut_member(path) is None)


def _expand_remote(path: str, notes: list[str], known: Iterator[Info | None]) -> list[FoundFile]:
    from losscli.io.remote.listing import expand_remote, is_there

    if (cut := cut_member(path)) is None:
        return expand_remote(path, notes, next(known))
    if is_there(path, notes):
        return expand_remote(path, notes)
    # What follows a question mark is about the archive; in object stores it is part of a name.
    member, mark, query = cut[1].partition("?") if scheme_of(path) in WEB else (cut[1], "", "")
    return [_inside(found, member) for found in expand_remote(cut[0] + mark + query, notes)]


def _expand_local(path: str, notes: list[str]) -> list[FoundFile]:
    if path == "-":
        return [FoundFile(path)]
    if not path:
        raise UsageError("a source path is empty", code="USAGE_BAD_VALUE")
    if "\0" in path:
        raise UsageError("the source path contains a NUL byte", path=path, code="USAGE_BAD_VALUE")
    if (cut := cut_member(path)) is not None:
        return [_inside(found, cut[1]) for found in _expand_local(cut[0], notes)]
    if os.path.isdir(path):  # noqa: PTH112
        return _folder(path, notes)
    if os.path.lexists(path) or not re.search(r"[*?\[]", path):
        _note_tables([path], notes)
        return [FoundFile(path)]
    files: dict[str, FoundFile] = {}
    matches = _glob(path)
    _note_tables([match for match in matches if not os.path.isdir(match)], notes)  # noqa: PTH112
    for match in matches:
        for file in _folder(match, notes) if os.path.isdir(match) else [FoundFile(match, partition_values(match))]:  # noqa: PTH112
            files.setdefault(file.path, file)
    if not files:
        raise FileError("no file matches", path=path, code="IO_NOT_FOUND")
    return list(files.values())


def _inside(found: FoundFile, member: str) -> FoundFile:
    return replace(found, path=f"{found.path}:{member}", archive=found.path, member=member)


def _glob(pattern: str) -> list[str]:
    """Matches of a glob. Hidden names match only if the pattern has them; `**` does not follow links to folders."""
    pure = PurePath(pattern)
    parts = [part for part in pure.parts if part != pure.anchor]
    named = {part for part in parts if part.startswith(".")}
    root = Path(pure.anchor or ".")
    try:
        matches = [str(match) for match in root.glob(str(PurePath(*parts)))]
    except (ValueError, NotImplementedError) as error:
        raise UsageError(f"not a valid glob: {error}", path=pattern, code="USAGE_BAD_VALUE") from None
    return sorted(
        (match for match in matches if all(not p.startswith(".") or p in named for p in PurePath(match).parts)),
        key=natural_key,
    )


def _note_tables(paths: Sequence[str], notes: list[str]) -> None:
    """Note that files which are named one by one are of a table format: its own list is not asked about them."""
    for folder in dict.fromkeys(os.path.dirname(path) for path in paths):  # noqa: PTH120
        if (table := enclosing_table(folder or ".")) is not None:
            notes.append(
                f"{folder or '.'} is a table of {table[0].name}, whose list of files is not read: rows that were "
                "deleted or replaced may be among those of the files named"
            )


def _folder(root: str, notes: list[str]) -> list[FoundFile]:
    if (table := enclosing_table(root)) is not None:
        raise refused(*table)
    ignored: list[str] = []
    paths = list(_scan_folder(root, ignored, notes))
    names, others = ([os.path.relpath(path, root) for path in some] for some in (paths, ignored))
    names = sorted_data_files(root, names, others, notes)
    return [FoundFile(os.path.join(root, name), partition_values(name)) for name in names]  # noqa: PTH118


def _scan_folder(root: str, ignored: list[str], notes: list[str]) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError as error:
        raise file_error(error, root) from None
    for entry in entries:
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir() and (table := local_table_format(Path(entry.path))) is not None:
            raise refused(table, entry.path)
        if entry.is_dir(follow_symlinks=False):
            yield from _scan_folder(entry.path, ignored, notes)
        elif entry.is_dir():
            notes.append(f"did not follow {entry.path}: it is a link to a folder")
        elif is_data_file(entry.name):
            yield entry.path
        else:
            ignored.append(entry.path)

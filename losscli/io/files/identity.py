"""Which files are one and the same, whatever their names: by device and inode, or by address, and ETag.

The same rows twice give a number that looks right and is another, so they are found by what they are, not by how they
are spelt: links, `./a.csv`, /dev/stdin, another case of a host. Copies are other files.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence

from losscli.errors import UsageError
from losscli.io.files.found import FoundFile
from losscli.io.remote.address import RemoteVersion, canonical

Identity = tuple[object, ...]

ONCE = "pipe"
"""The first word of the identity of what can be read only once."""


def identity_of(found: FoundFile) -> Identity:
    """What two files have in common if they are the same."""
    if found.remote is not None:
        return ("address", canonical(found.remote.url))
    try:
        path = found.archive or found.path
        status = os.fstat(sys.stdin.fileno()) if path == "-" else os.stat(path)  # noqa: PTH116
    except (OSError, ValueError, AttributeError):  # a standard input that is no file, or no such file
        return (ONCE, "-") if found.path == "-" else ("path", os.path.realpath(found.path))
    again = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    inside = () if found.member is None else (found.member,)
    return ("file" if again else ONCE, status.st_dev, status.st_ino, *inside)


def tag_identity(version: RemoteVersion) -> Identity | None:
    """What the same remote file has in common under several addresses; None without an ETag."""
    return ("etag", version.tag, version.size) if version.is_etag else None


def check_once(files: Sequence[tuple[str, Identity]]) -> None:
    """A UsageError if a pipe, or standard input, is to be read twice."""
    names: dict[Identity, str] = {}
    for path, identity in files:
        if identity[0] == ONCE and identity in names:
            raise _read_twice(names[identity], path)
        names.setdefault(identity, path)


def repeated(files: Sequence[tuple[str, Identity]]) -> Iterator[str]:
    """What to say of files that are given more than once, each under all of its names."""
    groups: dict[Identity, list[str]] = {}
    for path, identity in files:
        groups.setdefault(identity, []).append(_shown(path))
    for identity, paths in groups.items():
        names = list(dict.fromkeys(paths))
        if len(paths) == 1:
            continue
        if len(names) == 1:
            yield f"{names[0]} is given {len(paths)} times, so its rows are counted that often"
            continue
        listed = ", ".join(names[:-1]) + f" and {names[-1]}"
        why = " (by their ETag and size)" if identity[0] == "etag" else ""
        yield f"{listed} are the same file{why}, so its rows are counted {len(paths)} times"


def common(ours: Mapping[Identity, str], theirs: Mapping[Identity, str]) -> tuple[str, str] | None:
    """The names of the first file that both sides have."""
    return next(((ours[identity], theirs[identity]) for identity in ours if identity in theirs), None)


def _read_twice(first: str, second: str) -> UsageError:
    if first == second == "-":
        return UsageError("stdin (-) can be given only once", code="USAGE_CONFLICT")
    both = dict.fromkeys((_shown(first), _shown(second)))
    are = "are the same input, which" if len(both) > 1 else "is given twice, but"
    return UsageError(f"{' and '.join(both)} {are} can be read only once", path=second,
                      hint="save it to a file first", code="USAGE_CONFLICT")  # fmt: skip


def _shown(path: str) -> str:
    return "standard input" if path == "-" else path


def refuse_same(identities: Mapping[Identity, str], targets: Mapping[Identity, str]) -> None:
    """A file that is joined with itself adds nothing: another one was meant."""
    same = common(identities, targets)
    if same is not None:
        names = same[0] if same[0] == same[1] else f"{same[0]} and {same[1]} are the same file, which"
        raise UsageError(f"{names} is given as SOURCE and as --targets", path=same[1], code="USAGE_CONFLICT",
                         hint="--targets is another file; without it the targets are columns of SOURCE")  # fmt: skip

"""Small remote files that are read as a whole: saved reports and the states of shards."""

from __future__ import annotations

from dataclasses import replace

from losscli.errors import FileError
from losscli.io.files.archives import refuse_member
from losscli.io.remote.address import Address, check
from losscli.io.remote.input import find_remote
from losscli.io.remote.stores import description, remote_version
from losscli.io.remote.transfer import run

_PIECE = 8 << 20


def read_whole(url: str, limit: int | None = None) -> bytes:
    """All bytes of a remote file, or one more than `limit` if it is larger.

    Raises
    ------
    FileError
        With the code IO_NOT_FOUND only if the store or server says that there is no such file.
    UsageError
        If it says so of a name that is one of a file in an archive, which is not looked for.
    """
    try:
        source = find_remote(_file(check(url)))
    except FileError as error:
        if error.code == "IO_NOT_FOUND":
            refuse_member(url)
        raise
    pieces: list[bytes] = []
    left = None if limit is None else limit + 1
    with source.open() as stream:
        while left != 0 and (piece := stream.read(_PIECE if left is None else min(left, _PIECE))):
            pieces.append(piece)
            left = None if left is None else left - len(piece)
    source.verify()
    return b"".join(pieces)


def is_file(url: str) -> bool:
    """Whether there is a file of this address; an error of the store is raised, unless it says that there is none."""
    try:
        find_remote(_file(check(url)))
    except FileError as error:
        if error.code == "IO_NOT_FOUND":
            return False
        raise
    return True


def _file(address: Address) -> Address:
    """The address with the version of its file; a folder is no missing file."""
    info = run(description(address))
    if info is None:
        return address
    if info.get("type") == "directory":
        raise FileError("could not read: it is a folder", path=address.redacted)
    return replace(address, version=remote_version(info))

"""The file of a shard's state: read, with its schema, version and checksum judged. A state is untrusted input."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path

from losscli._version import __version__
from losscli.errors import DataError, EmptyError, UsageError
from losscli.execution.shard_state import Plain, json_text
from losscli.io.files.archives import refuse_member
from losscli.io.files.streams import file_error
from losscli.io.remote.address import REMOTE_URL, WEB, local_path, redacted, scheme_of
from losscli.lazy import dataclass

SCHEMA = "losscli.state/3"


@dataclass(frozen=True)
class Shard:
    """The part of a run that one process scores: shard `number` of `of`, from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def read_shard(text: str) -> Shard:
    """`3/16`."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(
            f"'{text}' is not a shard",
            hint="I/N: shard I of N, counted from 1, such as 3/16; or 2/0..15, counted from 0",
            code="USAGE_BAD_VALUE",
        )
    return Shard(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class State:
    """The document in a file, which may be remote, and the shards that it is of: from `first` to `last`, of `of`.

    `sha256` is that of the file.
    """

    path: str
    address: str = field(repr=False)  # as the user named it, maybe with secrets
    first: int
    last: int
    of: int
    sha256: str
    document: Plain

    @property
    def named(self) -> str:
        """`shard 3/16`, or `shards 1-8/16`."""
        return f"shard{'s' * (self.first < self.last)} {shards_text(self.first, self.last, self.of)}"


def shards_text(first: int, last: int, of: int) -> str:
    """The shards of a state as text: `3/16`, or `1-8/16`."""
    return f"{first}/{of}" if first == last else f"{first}-{last}/{of}"


@contextmanager
def whole(path: str) -> Iterator[None]:
    """Whatever a field of another type, or another value, leads to: the state is damaged.

    A usage error is about the request in the state, which was right where it was scored.
    """
    try:
        yield
    except (DataError, EmptyError, MemoryError):
        raise
    except Exception:
        raise damaged(path) from None


def state_files(paths: Sequence[str]) -> list[str]:
    """The states that are named: a folder stands for its `*.json`, and a glob for what it matches, in stores as well.

    No shell expands an address; a path is taken as it is if it is no folder and has none of `*?[`.
    """
    return [file for path in paths for file in _named(path)]


def _named(path: str) -> list[str]:
    local = local_path(path)
    scheme, folder = scheme_of(local), local.rstrip("/")
    if scheme in WEB:
        return [path]
    if local.endswith("/") if scheme else os.path.isdir(local):  # noqa: PTH112
        pattern = f"{folder if scheme else glob.escape(folder)}/*.json"
    elif re.search(r"[*?\[]", local):
        pattern = local
    else:
        return [path]
    from losscli.io.files.discover import discover

    return [file.path if file.remote is None else file.remote.url for file in discover([pattern]).files]


def read_state(path: str) -> State:
    """The state in a file; a file that is none, or that was changed, is a DataError."""
    address = local_path(path)
    path = redacted(address)
    text = content(address)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise damaged(path) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("losscli.state/"):
        raise DataError(
            "not the state of a shard",
            path=path,
            hint="losscli eval … --shard I/N --state-out FILE",
            code="DATA_BAD_REPORT",
        )
    version = document.get("losscli")
    if schema != SCHEMA or version != __version__:
        raise DataError(
            f"a state of losscli {version} ({schema}); this is losscli {__version__} ({SCHEMA})",
            path=path, hint="merge with the version that scored the shards, or score them again",
            code="DATA_BAD_REPORT",
        )  # fmt: skip
    with whole(path):
        if document.pop("sha256", None) != checksum(document):
            raise ValueError("the checksum")
        found = re.fullmatch(r"([0-9]{1,6})(?:-([0-9]{1,6}))?/([0-9]{1,6})", document["shard"])
        if found is None or not 1 <= int(found[1]) <= int(found[2] or found[1]) <= int(found[3]):
            raise ValueError("the shard")
        sha256 = hashlib.sha256(text).hexdigest()
        state = State(path, address, int(found[1]), int(found[2] or found[1]), int(found[3]), sha256, document)
        if document["shard"] != shards_text(state.first, state.last, state.of):
            raise ValueError("the shard")
        return state


def content(path: str) -> bytes:
    """The bytes of a local or remote file."""
    if REMOTE_URL.match(path):
        from losscli.io.remote.whole import read_whole

        return read_whole(path)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            refuse_member(path)
        raise file_error(error, path) from None
    except ValueError:
        raise DataError("not a valid file name", path=path, code="DATA_BAD_REPORT") from None


def state_text(document: Plain) -> str:
    """The text of a state, with its checksum."""
    return json.dumps({**document, "sha256": checksum(document)}, indent=1, allow_nan=False) + "\n"


def checksum(document: Plain) -> str:
    """The checksum of a document without its own."""
    return hashlib.sha256(json_text(document).encode()).hexdigest()


def damaged(path: str) -> DataError:
    """The error about a state that is not as it was written."""
    return DataError("the state is damaged: its content was changed", path=path,
                     hint="copy it again, or score the shard again", code="DATA_BAD_REPORT")  # fmt: skip

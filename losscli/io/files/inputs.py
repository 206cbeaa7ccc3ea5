"""Inputs: regular files and pipes that can be opened as a `Stream`, and checked for changes."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from losscli.errors import FileError, UsageError
from losscli.io.files.streams import Readable, Stream, file_error
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.files.spool import Spool
    from losscli.io.remote.ranges import Lanes


class Input(Protocol):
    """Something that can be opened at its first byte."""

    is_remote: ClassVar[bool]
    """Whether each read is a request that takes its time."""

    def begin_text(self) -> int:
        """Begin to read a remote file from its first byte on; it returns how many bytes were asked for."""
        ...

    @property
    def path(self) -> str:
        """The path that is shown to the user."""
        ...

    def open(self, last: bool = False) -> Stream:
        """The raw bytes; with `last`, the caller promises not to open the input again."""
        ...

    def verify(self) -> None:
        """Raise a FileError if the bytes may have changed since the input was found."""
        ...


class SeekableInput(Input, Protocol):
    """An input that can be read in any order and by several readers at once, as formats with a footer need."""

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        ...

    def shared(self, lanes: Sequence[Sequence[tuple[int, int]]]) -> AbstractContextManager[Lanes]:
        """What several readers will read, each some of it: of a remote file it is asked for once, until the end."""
        ...

    def open_seekable(self, lanes: Lanes = ()) -> io.IOBase:
        """The file opened once more, with its own position; `lanes` are what will be read of a remote one."""
        ...

    def begin_ends(self) -> int:
        """Begin the request for the first and last bytes of a remote file, unless these are kept: how many bytes."""
        ...

    def ask_ahead(self, begin: int, end: int) -> None:
        """Begin the request for bytes of a remote file that will be read soon."""
        ...


class ReadAtOnce:
    """What inputs share whose reads do not wait for a server."""

    is_remote: ClassVar[bool] = False

    def shared(self, lanes: Sequence[Sequence[tuple[int, int]]]) -> AbstractContextManager[Lanes]:
        """Nothing to ask for."""
        return nullcontext(lanes)

    def begin_text(self) -> int:
        """Nothing to begin."""
        return 0

    def begin_ends(self) -> int:
        """Nothing to begin."""
        return 0

    def ask_ahead(self, begin: int, end: int) -> None:
        """Nothing to begin."""


def absolute(path: str) -> str:
    """A path for processes with another working directory; a Path takes ten times as long, and files may be many."""
    if os.path.isabs(path):  # noqa: PTH117
        return path  # the working directory may be gone
    return os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118


FileVersion = tuple[int, ...]


def file_version(path: str) -> FileVersion:
    """What changes when a file is written: its size, modification time and inode."""
    return _version(os.stat(path))  # noqa: PTH116  a Path takes longer to make than a file to be looked at


def _version(status: os.stat_result) -> FileVersion:
    return status.st_size, status.st_mtime_ns, status.st_ino


@dataclass(frozen=True)
class FileInput(ReadAtOnce):
    """A regular file. `path` is shown to the user; `local_path` is opened, and differs for a temporary copy.

    `member` is the file that is read of an archive.
    """

    path: str
    local_path: str
    version: FileVersion
    spool: Spool | None = field(default=None, compare=False, repr=False)
    member: str | None = None

    @property
    def size(self) -> int:
        """The size of the file in bytes when it was found."""
        return self.version[0]

    def __reduce__(self) -> tuple[object, ...]:
        """For another process, whose working directory may differ, and on another machine the inode, too."""
        return FileInput, (self.path, absolute(self.local_path), self.version[:2], None, self.member)

    def open(self, last: bool = False) -> Stream:
        """The bytes from the first on, in a stream of its own; `last` makes no difference to a file."""
        try:
            return Stream(open(self.local_path, "rb", buffering=0), self.path)  # noqa: PTH123
        except OSError as error:
            raise self.open_error(error) from None

    def open_seekable(self, lanes: Lanes = ()) -> io.IOBase:
        """The file opened once more, with its own position."""
        try:
            return Path(self.local_path).open("rb")
        except OSError as error:
            raise self.open_error(error) from None

    def open_error(self, error: OSError) -> FileError:
        """What to raise where the file, which was there when it was found, cannot be opened."""
        # Without the inode this is another process, whose machine may never have had the file.
        if isinstance(error, FileNotFoundError) and self.version[2:]:
            return self._disappeared()
        return file_error(error, self.path)

    def verify(self) -> None:
        """Raise a FileError if the file has changed or disappeared since it was found."""
        try:
            now = file_version(self.local_path)
        except OSError:
            raise self._disappeared() from None
        if now[: len(self.version)] != self.version:
            raise FileError("the file changed while it was read", path=self.path, hint="run again")

    def _disappeared(self) -> FileError:
        return FileError("the file disappeared while it was read", path=self.path)


@dataclass
class PipeInput(ReadAtOnce):
    """A pipe: the bytes that are read to detect the format are kept for the reader of the whole input."""

    path: str
    raw: Readable
    owned: bool
    head: bytearray = field(default_factory=bytearray)
    consumed: bool = False

    def open(self, last: bool = False) -> Stream:
        """The bytes from the first on; with `last` they are not kept, and the pipe cannot be opened again."""
        if self.consumed:
            raise UsageError(
                "this input can be read only once",
                path=self.path,
                hint="save it to a file first",
                code="USAGE_CONFLICT",
            )
        self.consumed = last
        return Stream(_Replay(self, keep=not last), self.path)

    def verify(self) -> None:
        """Nothing to check: a pipe cannot be overwritten."""


class _Replay:
    def __init__(self, source: PipeInput, keep: bool) -> None:
        self.source, self.keep, self.at = source, keep, 0

    def read(self, size: int, /) -> bytes:
        head = self.source.head
        if self.at < len(head):
            chunk = bytes(head[self.at : self.at + size])
        else:
            # One read of the pipe at a time if possible, so that Ctrl-C between two reads is not lost.
            chunk = getattr(self.source.raw, "read1", self.source.raw.read)(size)
            if self.keep:
                head += chunk
        self.at += len(chunk)
        return chunk

    def close(self) -> None:
        if self.source.owned and not self.keep:
            self.source.raw.close()


def find_local(path: str) -> Input:
    """The input of a path: stdin for `-`, a pipe for anything that is not a regular file."""
    if path == "-":
        if sys.stdin is None:
            raise FileError("stdin is closed", path="-")
        return PipeInput("-", sys.stdin.buffer, owned=False)
    try:
        status = os.stat(path)  # noqa: PTH116
        if stat.S_ISREG(status.st_mode):
            return FileInput(path, path, _version(status))
        return PipeInput(path, Path(path).open("rb"), owned=True)
    except OSError as error:
        raise file_error(error, path) from None


def pipe_name(path: str) -> str | None:
    """What standard input or a pipe is called in messages; None for what can be read more than once."""
    if path == "-":
        return "standard input"
    try:
        place = Path(path)
        return f"the pipe {path}" if place.exists() and not (place.is_file() or place.is_dir()) else None
    except (OSError, ValueError):
        return None  # opening it says what is wrong


def readable_once(given: Iterable[Any], *, spooled: bool) -> list[str]:
    """What of paths and tables can be read only once; a pipe that is spooled can be read again."""
    found = []
    for one in given:
        name = pipe_name(one) if isinstance(one, str) and not spooled else None
        found += [] if name is None else [name]
        found += ["a RecordBatchReader"] * (type(one).__name__ == "RecordBatchReader")
    return found

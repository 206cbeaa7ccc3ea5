"""Bytes and where they come from: an input can be opened, what it gives is a `Stream`.

The errors of a stream already say which file they are about.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import zlib
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Protocol

from losscli.errors import DataError, FileError, LosscliError, UsageError, nearest, system_code
from losscli.io.files.spool import Spool


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


@dataclass
class Stream:
    """Bytes in order. `read` gives exactly `size` bytes, fewer only at the end."""

    raw: Readable
    path: str
    ahead: bytes = b""

    def read(self, size: int = -1, /) -> bytes:
        pieces: list[bytes] = []
        while size > 0:
            piece = self.ahead or self._read_once(size)
            # those that change the text (another encoding, no comments) may give more than was asked for
            piece, self.ahead = (piece, b"") if len(piece) <= size else (piece[:size], piece[size:])
            if not piece:
                break
            pieces.append(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_on(self, held: bytes, size: int) -> bytes:
        """`held`, the last bytes that were read, and up to `size` more."""
        if not held:
            return self.read(size)
        if not isinstance(self.raw, FileIO):
            piece = self.read(size)
            return held + piece if piece else held
        # Reading the few bytes again is cheaper than to copy all of the others behind them.
        self.raw.seek(-len(held), os.SEEK_CUR)
        return self.read(len(held) + size)

    def seek(self, offset: int) -> None:
        """Go to a byte of a regular file."""
        try:
            self.raw.seek(offset)  # type: ignore[attr-defined]
        except OSError as error:
            raise self._explain(error) from None
        self.ahead = b""

    @property
    def closed(self) -> bool:
        return False

    def _read_once(self, size: int) -> bytes:
        try:
            return self.raw.read(size)
        except LosscliError:
            raise
        except EOFError:
            raise DataError("the compressed stream is truncated", path=self.path, code="DATA_CORRUPT_FILE") from None
        except OSError as error:
            raise self._explain(error) from None
        except Exception as error:
            if isinstance(error, zlib.error) or type(error).__name__ in {"LZMAError", "BadZipFile", "ArrowInvalid"}:
                raise DataError("the compressed stream is damaged", path=self.path, code="DATA_CORRUPT_FILE") from None
            raise

    def _explain(self, error: OSError) -> LosscliError:
        if error.errno is not None:
            return file_error(error, self.path)
        text = str(error).lower()
        if "truncated" in text:
            return DataError("the compressed stream is truncated", path=self.path, code="DATA_CORRUPT_FILE")
        if "crc" in text or "checksum" in text or "check failed" in text or "data check" in text:
            return DataError(
                "the compressed stream is damaged: checksum mismatch", path=self.path, code="DATA_CORRUPT_FILE"
            )
        return DataError("the compressed stream is damaged", path=self.path, code="DATA_CORRUPT_FILE")

    def close(self) -> None:
        self.raw.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def file_error(error: OSError, path: str) -> FileError:
    """What the system said, about this path."""
    if isinstance(error, FileNotFoundError):
        return FileError(
            "no such file", path=path, suggestions=neighbours(path), hint=_neighbour_hint(path), code="IO_NOT_FOUND"
        )
    if isinstance(error, PermissionError):
        return FileError(f"permission denied{_mode(path)}", path=path, code="IO_PERMISSION")
    return FileError(error.strerror or str(error), path=path, code=system_code(error))


def neighbours(path: str) -> tuple[str, ...]:
    """Files beside a path that does not exist which look like it."""
    place = Path(path)
    try:
        names = [found.name for found in place.parent.iterdir()]
    except OSError:
        return ()
    prefix = "" if str(place.parent) == "." else f"{place.parent}{os.sep}"
    return tuple(f"{prefix}{name}" for name in nearest(place.name, names))


def _neighbour_hint(path: str) -> str | None:
    found = neighbours(path)
    return f"did you mean {' or '.join(repr(name) for name in found)}?" if found else None


def _mode(path: str) -> str:
    try:
        status = Path(path).stat()
    except OSError:
        return ""
    return f" (mode {stat.filemode(status.st_mode)}, owner {status.st_uid})"


class Input(Protocol):
    """Something that can be opened from its first byte."""

    @property
    def path(self) -> str: ...

    def open(self, last: bool = False) -> Stream:
        """The raw bytes; `last` promises that nobody opens this input again."""
        ...

    def verify(self) -> None:
        """Raise if the bytes may have changed since the input was found."""
        ...


class SeekableInput(Input, Protocol):
    """One that formats with a footer can read: in any order, by several readers at once."""

    @property
    def size(self) -> int:
        """The bytes of the file when it was found."""
        ...

    def handle(self) -> io.IOBase:
        """The file opened once more, with a place of its own."""
        ...


Stamp = tuple[int, ...]


def stamp(path: str) -> Stamp:
    """What changes when a file is written to: its size, its time, its number."""
    status = Path(path).stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


@dataclass(frozen=True)
class FileInput:
    """A regular file: `path` is what the user sees, `place` what is opened (a spooled copy of stdin differs)."""

    path: str
    place: str
    mark: Stamp
    spool: Spool | None = field(default=None, compare=False, repr=False)

    @property
    def size(self) -> int:
        """The bytes of the file when it was found."""
        return self.mark[0]

    def __reduce__(self) -> tuple[object, ...]:
        """For another process, with a folder of its own; another machine may number the same file in its own way."""
        return FileInput, (self.path, str(Path(self.place).absolute()), self.mark[:2])

    def open(self, last: bool = False) -> Stream:
        try:
            return Stream(Path(self.place).open("rb", buffering=0), self.path)
        except OSError as error:
            raise file_error(error, self.path) from None

    def handle(self) -> io.IOBase:
        try:
            return Path(self.place).open("rb")
        except OSError as error:
            raise file_error(error, self.path) from None

    def verify(self) -> None:
        try:
            now = stamp(self.place)
        except OSError:
            raise FileError("the file disappeared while it was read", path=self.path) from None
        if now[: len(self.mark)] != self.mark:
            raise FileError("the file changed while it was read", path=self.path, hint="run again")


@dataclass
class OnceInput:
    """A pipe: what is read to find out the format is kept and given again to the one who reads all."""

    path: str
    raw: Readable
    owned: bool
    head: bytearray = field(default_factory=bytearray)
    gone: bool = False

    def open(self, last: bool = False) -> Stream:
        if self.gone:
            raise UsageError(
                "this input can be read only once",
                path=self.path,
                hint="save it to a file first",
                code="USAGE_CONFLICT",
            )
        self.gone = last
        return Stream(_Replay(self, keep=not last), self.path)

    def verify(self) -> None:
        """A pipe cannot change behind our back."""


class _Replay:
    def __init__(self, source: OnceInput, keep: bool) -> None:
        self.source, self.keep, self.at = source, keep, 0

    def read(self, size: int, /) -> bytes:
        head = self.source.head
        if self.at < len(head):
            piece = bytes(head[self.at : self.at + size])
        else:
            # One read of the pipe at a time where it can be had: Ctrl-C between two reads is then not lost.
            piece = getattr(self.source.raw, "read1", self.source.raw.read)(size)
            if self.keep:
                head += piece
        self.at += len(piece)
        return piece

    def close(self) -> None:
        if self.source.owned and not self.keep:
            self.source.raw.close()


def find_input(path: str) -> Input:
    """The input behind a path: stdin for `-`, a pipe for anything that is no regular file."""
    if path == "-":
        if sys.stdin is None:
            raise FileError("stdin is closed", path="-")
        return OnceInput("-", sys.stdin.buffer, owned=False)
    try:
        status = Path(path).stat()
        if stat.S_ISREG(status.st_mode):
            return FileInput(path, path, stamp(path))
        return OnceInput(path, Path(path).open("rb"), owned=True)
    except OSError as error:
        raise file_error(error, path) from None

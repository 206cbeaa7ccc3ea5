"""Atomic replacement of files.

The output is written to a temporary file in the target's folder, synced to disk, and renamed to the target. A crash,
a full disk or Ctrl-C leaves the old file as it was. A target that is not a regular file (a pipe, a device, a file
descriptor of the shell) is written in place, because a replacement would destroy it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeVar

from losscli.errors import FileError, system_code
from losscli.io.remote.address import canonical, local_path, scheme_of
from losscli.lazy import pattern

_PREFIX, _SUFFIX = ".losscli-", ".tmp"
_A_DAY = 24 * 60 * 60
# Symbolic links at the temporary name are not followed; Windows has neither flag.
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_DESCRIPTOR = pattern(r"/(?:dev|proc/self)/fd/(\d+)")
_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}
_PIECE = 1 << 20  # characters that are encoded at once
_FOLDER_HINT = "the folder must be writable, too, because a file is replaced as a whole"

Value = TypeVar("Value")


def replaced(path: str | os.PathLike[str]) -> AbstractContextManager[BinaryIO]:
    """`with replaced(path) as file:` opens a binary file; what is at `path` is replaced if no exception occurs."""
    name = local_path(os.fspath(path))
    if not scheme_of(name):
        return AtomicFile(name)
    from losscli.io.remote.upload import uploaded

    return uploaded(name)


class AtomicFile:
    """A local file that is replaced."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._file: io.BufferedWriter | None = None
        self._target = Path()
        self._temporary: Path | None = None

    def __enter__(self) -> BinaryIO:
        old = _existing(self.path)
        _writable(self.path, old)
        if _in_place(self.path, old):
            return self._open(lambda: _open_in_place(self.path), None)
        # A link stays a link; the file that it points to is replaced.
        self._target = _resolved(self.path)
        _remove_stray(self._target.parent)
        temporary = self._temporary = _temporary_beside(self._target)
        try:
            return self._open(lambda: _create(temporary, old), _FOLDER_HINT)
        except BaseException:
            self._discard()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            self._finish()
        except BaseException:
            self._discard()
            raise

    def _open(self, opened: Callable[[], int], hint: str | None) -> io.BufferedWriter:
        self._file = io.BufferedWriter(_Raw(with_file_errors(self.path, opened, hint), self.path))
        return self._file

    def _finish(self) -> None:
        assert self._file is not None
        file, temporary = self._file, self._temporary
        file.flush()
        if temporary is None:
            with_file_errors(self.path, file.close)
            return
        with_file_errors(self.path, lambda: _sync(file.fileno()))
        with_file_errors(self.path, file.close)
        with_file_errors(self.path, lambda: temporary.replace(self._target))
        self._temporary = None
        _sync_folder(self._target.parent)

    def _discard(self) -> None:
        """Close without a flush, which would fail again on a full disk, and remove the temporary file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.raw.close()
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._temporary.unlink()
            self._temporary = None


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Replace the file by this text in UTF-8."""
    with replaced(path) as file:
        for start in range(0, len(text), _PIECE):  # a report may be as large as all else in memory
            file.write(text[start : start + _PIECE].encode("utf-8", "backslashreplace"))


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise the error that writing to `path` would raise; "-" (standard output) passes."""
    path = local_path(os.fspath(path))
    if path == "-":
        return
    if scheme_of(path):
        from losscli.io.remote.upload import check_uploadable

        check_uploadable(path)
        return
    old = _existing(path)
    _writable(path, old)
    if _in_place(path, old):
        return
    # A check of permissions is not enough: root has all of them, even on a read-only disk.
    temporary = _temporary_beside(_resolved(path))
    with_file_errors(path, lambda: os.close(_create(temporary, None)), _FOLDER_HINT)
    with_file_errors(path, temporary.unlink)


def refuse_read_only(path: str) -> None:
    """Raise an error if `path` is an address that nothing can be written to; no store is asked."""
    if scheme_of(local_path(path)):
        from losscli.io.remote.upload import refuse_read_only as refuse

        refuse(path)


def same_file(path: str | os.PathLike[str], inputs: Iterable[str | os.PathLike[str]]) -> bool:
    """Whether `path` is one of the inputs, under whatever name; devices and pipes may be both."""
    target, names = local_path(os.fspath(path)), [local_path(os.fspath(name)) for name in inputs]
    if scheme_of(target):
        return any(scheme_of(name) and destination(name) == destination(target) for name in names)
    output = None if target == "-" else _status(target)
    if output is None or not stat.S_ISREG(output.st_mode):
        return False
    found = (_status(name) for name in names if name != "-")
    return any(status is not None and os.path.samestat(output, status) for status in found)


def destination(path: str | os.PathLike[str]) -> tuple[object, ...] | None:
    """What two paths have in common if they lead to one file, whether it exists or not; None for a device or a pipe.

    An existing file is its device and inode, so that hard links are equal. Standard output is "-" under all its names.
    """
    path = local_path(os.fspath(path))
    if scheme_of(path):
        return ("address", canonical(path))
    stream = 1 if path == "-" else _descriptor(path)
    if stream is not None:
        return ("descriptor", stream)
    status = _status(path)
    if status is None:
        return ("path", os.path.realpath(path))
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


class _Raw(io.FileIO):
    """A file whose write errors name the path, whatever library writes to it."""

    def __init__(self, descriptor: int, path: str) -> None:
        super().__init__(descriptor, "wb")
        self._path = path

    def write(self, data: Any, /) -> int:
        return with_file_errors(self._path, lambda: super(_Raw, self).write(data))


def with_file_errors(path: str, act: Callable[[], Value], hint: str | None = None) -> Value:
    """The result of `act`, with OSError as FileError; a closed pipe is left to the caller."""
    try:
        return act()
    except BrokenPipeError:
        raise
    except OSError as error:
        denied = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        raise FileError(
            f"could not write: {_reason(error)}", path=path, hint=hint if denied else None, code=system_code(error)
        ) from error


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _status(path: str | os.PathLike[str]) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except (OSError, ValueError):
        return None


def _existing(path: str) -> os.stat_result | None:
    """What is at `path`, links followed; None if nothing is."""

    def look() -> os.stat_result | None:
        try:
            return Path(path).stat()
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise FileNotFoundError(errno.EINVAL, "not a valid file name") from error

    return with_file_errors(path, look)


def _writable(path: str, old: os.stat_result | None) -> None:
    if path.endswith(os.sep) or (old is not None and stat.S_ISDIR(old.st_mode)):
        raise FileError(
            "could not write: it is a folder", path=path, hint="name a file inside it", code="IO_PERMISSION"
        )
    # A read-only file could be replaced, but it was made read-only to be kept.
    if old is not None and not os.access(path, os.W_OK):
        raise FileError("could not write: the file is read-only", path=path, code="IO_PERMISSION")


def _in_place(path: str, old: os.stat_result | None) -> bool:
    return _descriptor(path) is not None or (old is not None and not stat.S_ISREG(old.st_mode))


def _resolved(path: str) -> Path:
    return Path(os.path.realpath(path))


def _temporary_beside(target: Path) -> Path:
    # What `secrets` would give, whose import of OpenSSL takes longer than to write a report.
    return target.with_name(f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}")


def _descriptor(path: str) -> int | None:
    """The number of the file descriptor that a path like /dev/stdout or /dev/fd/63 stands for."""
    if path in _STREAMS:
        return _STREAMS[path]
    found = _DESCRIPTOR.fullmatch(path)
    return int(found[1]) if found else None


def _open_in_place(path: str) -> int:
    number = _descriptor(path)
    if number is not None:
        # A duplicate shares the file position: opened again, "> log" would be truncated and overwritten.
        return os.dup(number)
    return os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0))


def _create(temporary: Path, old: os.stat_result | None) -> int:
    """A new file with the mode of the old one, or the default mode of the process."""
    if old is None:
        return os.open(temporary, _FLAGS, 0o666)
    mode = stat.S_IMODE(old.st_mode)
    # Never wider than the final mode: a private file stays private while it is written.
    descriptor = os.open(temporary, _FLAGS, mode & 0o777)
    temporary.chmod(mode)
    return descriptor


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems lack fsync; others report a full disk only here.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def _sync_folder(folder: Path) -> None:
    """Sync the folder, so that the new name survives a power failure, if the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove_stray(folder: Path) -> None:
    """Remove temporary files of killed runs, once they are certainly not in use."""
    with contextlib.suppress(OSError):
        for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                status = path.lstat()
                if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > _A_DAY:
                    path.unlink()

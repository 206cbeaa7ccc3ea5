"""A stream of bytes whose errors name the file that they are about."""

from __future__ import annotations

import os
import stat
import zlib
from io import FileIO
from pathlib import Path
from typing import Protocol

from losscli.errors import DataError, FileError, LosscliError, nearest, system_code
from losscli.io.files.placeholders import tracked_elsewhere
from losscli.lazy import dataclass


class Readable(Protocol):
    """A source of bytes that are read in order."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, none only at the end; about `size` of them, and not always as many."""
        ...

    def close(self) -> None:
        """Close the stream and what is below it."""
        ...


@dataclass
class Stream:
    """Bytes in order. `read` returns exactly `size` bytes, fewer only at the end."""

    raw: Readable
    path: str
    buffered: bytes = b""

    def read(self, size: int = -1, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end; none if `size` is negative."""
        chunks: list[bytes] = []
        while size > 0:
            chunk = self.buffered or self._read_once(size)
            # streams that change the text (another encoding, no comments) may return more than was requested
            chunk, self.buffered = (chunk, b"") if len(chunk) <= size else (chunk[:size], chunk[size:])
            if not chunk:
                break
            chunks.append(chunk)
            size -= len(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def read_more(self, last: bytes, size: int) -> bytes:
        """The bytes `last`, which were read last, followed by up to `size` more."""
        if not last:
            return self.read(size)
        if not isinstance(self.raw, FileIO):
            chunk = self.read(size)
            return last + chunk if chunk else last
        # It is cheaper to read the few bytes again than to copy the others after them.
        self.raw.seek(-len(last), os.SEEK_CUR)
        return self.read(len(last) + size)

    def seek(self, offset: int) -> None:
        """Move to a byte offset of a regular file."""
        try:
            self.raw.seek(offset)  # type: ignore[attr-defined]
        except OSError as error:
            raise self._explain(error) from None
        self.buffered = b""

    @property
    def closed(self) -> bool:
        """Whether the stream is closed: always false, as Arrow reads this attribute before it reads bytes."""
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
        """Close the stream and what is below it."""
        self.raw.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def file_error(error: OSError, path: str) -> FileError:
    """The operating system's error as a FileError about this path."""
    if isinstance(error, FileNotFoundError):
        if elsewhere := tracked_elsewhere(path):
            return FileError("no such file", path=path, hint=elsewhere, code="IO_NOT_FOUND")
        return FileError(
            "no such file", path=path, suggestions=similar_paths(path), hint=_similar_hint(path), code="IO_NOT_FOUND"
        )
    if isinstance(error, PermissionError):
        return FileError(f"permission denied{_mode(path)}", path=path, code="IO_PERMISSION")
    return FileError(error.strerror or str(error), path=path, code=system_code(error))


def similar_paths(path: str) -> tuple[str, ...]:
    """Existing paths that are similar to a missing one, in the same folder."""
    local_path = Path(path)
    try:
        names = [found.name for found in local_path.parent.iterdir()]
    except OSError:
        return ()
    prefix = "" if str(local_path.parent) == "." else f"{local_path.parent}{os.sep}"
    return tuple(f"{prefix}{name}" for name in nearest(local_path.name, names))


def _similar_hint(path: str) -> str | None:
    found = similar_paths(path)
    return f"did you mean {' or '.join(repr(name) for name in found)}?" if found else None


def _mode(path: str) -> str:
    try:
        status = Path(path).stat()
    except OSError:
        return ""
    return f" (mode {stat.filemode(status.st_mode)}, owner {status.st_uid})"

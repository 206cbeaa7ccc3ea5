"""Archives (zip, tar): which file in one is read, because it is named as `archive.zip:member` or is the only one."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any

from losscli.errors import DataError, UsageError, did_you_mean
from losscli.io.files.streams import Readable, Stream
from losscli.io.remote.address import redacted
from losscli.lazy import pattern

if TYPE_CHECKING:
    import tarfile
    import zipfile

SHEET_HINT = "save the sheet as CSV (UTF-8)"

_CUT = pattern(r"(?i)\.(?:npz|safetensors|zip|eval|tgz|tbz2?|txz|tzst|tar(?:\.(?:gz|bz2|xz|zst|lz4))?):(?=.)")
_LONGEST_HEADER = 64 << 20  # what a tar archive may ask for at once: names and attributes of a file


def cut_member(path: str) -> tuple[str, str] | None:
    """`archive.zip:member` as its two parts; None if a file has exactly this name, or none of the parts is an archive.

    >>> cut_member("scores.zip:a/b.csv"), cut_member("C:/scores.zip"), cut_member("a:b.csv")
    (('scores.zip', 'a/b.csv'), None, None)
    """
    cuts = [(path[: found.end() - 1], path[found.end() :]) for found in _CUT.finditer(path)]
    if not cuts or os.path.lexists(path):
        return None
    return next((cut for cut in cuts if os.path.isfile(cut[0])), cuts[0])  # noqa: PTH113


def refuse_member(path: str) -> None:
    """A UsageError about `archive.zip:member`, for what is read from a file of its own and has none of this name."""
    if (cut := cut_member(path)) is not None:
        raise UsageError("a file in an archive can only be a table; reports, states, plans and lists of checksums are "
                         "files of their own", path=redacted(path), code="USAGE_BAD_VALUE",
                         hint=f"extract it from '{redacted(cut[0])}', and name the file")  # fmt: skip


def is_resource(name: str) -> bool:
    """Whether a member is not of the user but of macOS, which adds it to archives.

    >>> [is_resource(name) for name in ("__MACOSX/._a.csv", "x/._a.csv", "x/.DS_Store", "a.csv")]
    [True, True, True, False]
    """
    parts = PurePath(name).parts
    return "__MACOSX" in parts or (bool(parts) and (parts[-1].startswith("._") or parts[-1] == ".DS_Store"))


def is_tar(head: bytes) -> bool:
    """Whether these first bytes, decompressed, are those of a tar archive."""
    return head[257:262] == b"ustar"


def chosen_member(names: Sequence[str], member: str | None, kind: str, path: str) -> str:
    """The member that is read, of those of an archive."""
    shown = [name for name in names if not is_resource(name)]
    if member is not None:
        if names.count(member) == 1:
            return member
        if member in names:
            raise DataError(f"the {kind} archive has '{member}' more than once", path=path, code="DATA_CORRUPT_FILE")
        hint = did_you_mean(member, shown, f"it has {_listed(shown)}")
        raise DataError(f"the {kind} archive has no file '{member}'", path=path, hint=hint, code="DATA_WRONG_FORMAT")
    if len(shown) == 1:
        return shown[0]
    hint = f"{path}:MEMBER reads one of them, such as {path}:{shown[0]}" if shown else None
    raise DataError(
        f"the {kind} archive has {len(shown)} members instead of one" + (f": {_listed(shown)}" if shown else ""),
        path=path, hint=hint, code="DATA_WRONG_FORMAT",
    )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:5]) + (" …" if len(names) > 5 else "")


# -- zip ---------------------------------------------------------------------------------------------------------------


@contextmanager
def opened_zip(file: str, path: str) -> Iterator[zipfile.ZipFile]:
    """A zip archive; errors in it name the file."""
    import zipfile

    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except zipfile.BadZipFile:
        raise DataError("the zip archive is damaged or truncated", path=path, code="DATA_CORRUPT_FILE") from None
    except (RuntimeError, NotImplementedError):
        raise DataError(
            "the zip archive is encrypted or compressed in an unknown way", path=path, code="DATA_CORRUPT_FILE"
        ) from None


def zip_members(archive: zipfile.ZipFile, path: str) -> list[str]:
    """The files of a zip archive that may be a table; an archive that is a document is a DataError."""
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in names:
        raise DataError(
            "content is an Excel workbook or another Office document, not a table",
            path=path, hint=SHEET_HINT, code="DATA_WRONG_FORMAT",
        )  # fmt: skip
    if {"mimetype", "content.xml"} <= set(names):
        raise DataError("content is an OpenDocument file, not a table", path=path, hint=SHEET_HINT,
                        code="DATA_WRONG_FORMAT")  # fmt: skip
    if any(PurePath(name).parts[1:] == ("data.pkl",) for name in names):
        raise torch_refusal(path)
    return names


def torch_refusal(path: str) -> DataError:
    """The error about a file of torch.save, with the line that converts it."""
    array = f"{PurePath(path).stem}.npy"
    line = f"numpy.save({array!r}, torch.load({PurePath(path).name!r}, weights_only=True).float().numpy())"
    return DataError(
        "content is a PyTorch file, a pickle, which could run code", path=path,
        hint=f"convert it: python -c \"import numpy, torch; {line}\" (of a dict, ['NAME'] after the load)",
        code="DATA_WRONG_FORMAT",
    )  # fmt: skip


def is_npz(names: Sequence[str]) -> bool:
    """Whether all members are arrays of NumPy."""
    shown = [name for name in names if not is_resource(name)]
    return bool(shown) and all(name.endswith(".npy") for name in shown)


def open_zip(file: str, path: str, member: str | None) -> IO[bytes]:
    """The bytes of a member of a zip archive, which stays open as long as the member is."""
    with opened_zip(file, path) as archive:
        return archive.open(chosen_member(zip_members(archive, path), member, "zip", path))


# -- tar ---------------------------------------------------------------------------------------------------------------


def tar_member(stream: Stream, member: str | None) -> str:
    """The member of a tar archive that is read; the stream is its decompressed bytes."""
    with _tar_errors(stream.path):
        names = [_name(info) for info in _opened_tar(stream) if info.isreg()]
    return chosen_member(names, member, "tar", stream.path)


def open_tar(stream: Stream, member: str | None) -> Readable:
    """The bytes of a member of a tar archive, read from its decompressed bytes in order."""
    with _tar_errors(stream.path):
        archive = _opened_tar(stream)
        for info in archive:
            if info.isreg() and _name(info) == member:
                found = archive.extractfile(info)
                assert found is not None
                return _Member(found, stream)
    raise DataError(f"the tar archive has no file '{member}'", path=stream.path, code="DATA_WRONG_FORMAT")


def _opened_tar(stream: Stream) -> tarfile.TarFile:
    import tarfile

    return tarfile.TarFile(fileobj=_Forward(stream))


def _name(info: tarfile.TarInfo) -> str:
    return info.name.removeprefix("./")


@contextmanager
def _tar_errors(path: str) -> Iterator[None]:
    import tarfile

    try:
        yield
    except (tarfile.TarError, UnicodeError, ValueError):
        raise DataError("the tar archive is damaged or truncated", path=path, code="DATA_CORRUPT_FILE") from None


class _Member:
    """Closes the archive together with its member."""

    def __init__(self, inner: IO[bytes], outer: Stream) -> None:
        self.inner, self.outer = inner, outer

    def read(self, size: int, /) -> bytes:
        with _tar_errors(self.outer.path):
            return self.inner.read(size)

    def close(self) -> None:
        self.inner.close()
        self.outer.close()


class _Forward(io.RawIOBase):
    """A stream in which `tarfile` may seek forward, by reading."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.at = stream, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET or offset < self.at:
            raise ValueError("the stream goes forward only")
        while self.at < offset and self.read(min(offset - self.at, 1 << 20)):
            pass
        return self.at

    def read(self, size: int = -1, /) -> bytes:
        # A damaged or malicious archive may ask for any number of bytes as the name of a file.
        if size is None or not 0 <= size <= _LONGEST_HEADER:
            raise DataError("the tar archive is damaged: a header of absurd size", path=self.stream.path,
                            code="DATA_CORRUPT_FILE")  # fmt: skip
        found = self.stream.read(size)
        self.at += len(found)
        return found

    def readinto(self, buffer: Any, /) -> int:
        found = self.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)

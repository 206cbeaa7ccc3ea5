"""Compressed input, detected by content and not by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO, Any

from losscli.errors import DataError
from losscli.io.files.inputs import FileInput, Input, file_version
from losscli.io.files.spool import spool_stream
from losscli.io.files.streams import Readable, Stream

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}


def compression_of(head: bytes) -> str | None:
    """The compression with this magic number at the start of the file, if any."""
    if re.match(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", head):  # the three letters alone could start a column name
        return "bzip2"
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def spool_to_file(source: Input, compression: str | None) -> FileInput:
    """A copy of the decompressed bytes in a temporary file, for formats that need to seek."""
    with open_decompressed(source, compression, last=True) as stream:
        spool = spool_stream(stream.read, source.path)
    return FileInput(source.path, spool.path, file_version(spool.path), spool)


def open_decompressed(source: Input, compression: str | None, last: bool = False) -> Stream:
    """The decompressed bytes of an input."""
    stream = source.open(last)
    if compression is None:
        return stream
    if compression == "zip":
        assert isinstance(source, FileInput)
        stream.close()
        return Stream(_open_zip(source.local_path, source.path), source.path)
    return Stream(_Closing(_DECOMPRESS[compression](stream), stream), source.path)


class _Closing:
    """Closes the raw stream together with the decompressor, which does not own it."""

    def __init__(self, inner: Readable, outer: Stream) -> None:
        self.inner, self.outer = inner, outer

    def read(self, size: int, /) -> bytes:
        return self.inner.read(size)

    def close(self) -> None:
        self.inner.close()
        self.outer.close()


def _open_zip(file: str, path: str) -> IO[bytes]:
    """The bytes of the only member of the archive; an archive with more is an error."""
    import zipfile

    try:
        archive = zipfile.ZipFile(file)
        members = [info for info in archive.infolist() if not info.is_dir()]
        if any(info.filename == "[Content_Types].xml" for info in members):
            raise DataError(
                "content is an Excel workbook or another Office document, not a table",
                path=path,
                hint="save the sheet as CSV (UTF-8)",
                code="DATA_WRONG_FORMAT",
            )
        if {"mimetype", "content.xml"} <= {info.filename for info in members}:
            raise DataError(
                "content is an OpenDocument file, not a table",
                path=path,
                hint="save the sheet as CSV (UTF-8)",
                code="DATA_WRONG_FORMAT",
            )
        if len(members) != 1:
            names = ", ".join(f"'{info.filename}'" for info in members[:5]) + (" …" if len(members) > 5 else "")
            raise DataError(
                f"the zip archive has {len(members)} members instead of one: {names}",
                path=path,
                hint="unpack it first",
                code="DATA_WRONG_FORMAT",
            )
        return archive.open(members[0])
    except zipfile.BadZipFile:
        raise DataError("the zip archive is damaged or truncated", path=path, code="DATA_CORRUPT_FILE") from None
    except (RuntimeError, NotImplementedError):
        raise DataError(
            "the zip archive is encrypted or compressed in an unknown way", path=path, code="DATA_CORRUPT_FILE"
        ) from None


def _gzip(stream: Any) -> Readable:
    import gzip

    return gzip.GzipFile(fileobj=stream, mode="rb")


def _bzip2(stream: Any) -> Readable:
    import bz2

    return bz2.BZ2File(stream)


def _xz(stream: Any) -> Readable:
    import lzma

    return lzma.LZMAFile(stream)


def _arrow(codec: str) -> Callable[[Any], Any]:
    def opened(stream: Any) -> Any:
        import pyarrow as pa

        return pa.CompressedInputStream(pa.PythonFile(stream, mode="r"), codec)

    return opened


_DECOMPRESS: dict[str, Callable[[Any], Any]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _xz,
    "zstd": _arrow("zstd"),
    "lz4": _arrow("lz4"),
}

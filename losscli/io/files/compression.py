"""Compressed input, detected by content and not by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from losscli.io.files.archives import open_tar, open_zip
from losscli.io.files.inputs import FileInput, Input, file_version
from losscli.io.files.streams import Readable, Stream

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}

TAR = "tar."
"""What stands before the compression of a tar archive, which may be none."""


def compression_of(head: bytes) -> str | None:
    """The compression with this magic number at the start of the file, if any."""
    if re.match(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", head):  # the three letters alone could start a column name
        return "bzip2"
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def spool_to_file(source: Input, compression: str | None) -> FileInput:
    """A copy of the decompressed bytes in a temporary file, for formats that need to seek."""
    with open_decompressed(source, compression, last=True) as stream:
        from losscli.io.files.spool import spool_stream

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
        return Stream(open_zip(source.local_path, source.path, source.member), source.path)
    if compression.startswith(TAR):
        assert isinstance(source, FileInput)
        inner = compression.removeprefix(TAR)
        return Stream(open_tar(_decompressed(stream, inner) if inner else stream, source.member), source.path)
    return _decompressed(stream, compression)


def _decompressed(stream: Stream, compression: str) -> Stream:
    return Stream(_Closing(_DECOMPRESS[compression](stream), stream), stream.path)


class _Closing:
    """Closes the raw stream together with the decompressor, which does not own it."""

    def __init__(self, inner: Readable, outer: Stream) -> None:
        self.inner, self.outer = inner, outer

    def read(self, size: int, /) -> bytes:
        return self.inner.read(size)

    def close(self) -> None:
        self.inner.close()
        self.outer.close()


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

"""NumPy's files as tables: an array (.npy) is a column, or one for each of its fields, and so is each of an .npz."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import field
from pathlib import PurePath
from typing import Any

import numpy as np
import pyarrow as pa

from losscli.errors import DataError, did_you_mean
from losscli.io.arrow.ndarrays import PICKLE_HINT, column_type
from losscli.io.files.archives import is_resource, opened_zip
from losscli.io.files.inputs import FileInput, SeekableInput, file_version
from losscli.io.files.spool import CHUNK_BYTES, spool_stream
from losscli.io.files.streams import Stream
from losscli.io.formats.npy_header import Header, read_header
from losscli.io.formats.numpy_arrays import ArrayColumn, ArraysFragment, Rows, StoredRows, row_bytes
from losscli.lazy import dataclass

NO_NAME = "value"
"""The column of an array that has no name, as on standard input."""

_SPARSE = {"format", "shape", "data"}


def open_npy(source: SeekableInput, name: str) -> tuple[ArraysFragment, tuple[str, ...]]:
    """The table of one array, whose column is `name` unless its records have fields; and notes."""
    with source.open_seekable() as file:
        header = read_header(Stream(file, source.path).read, source.path)
    shape = header.shape
    if not header.dtype.hasobject:
        excess = source.size - header.offset - header.nbytes
        if excess < 0:
            raise DataError(f"the array is cut off: {_said(header)} needs {-excess:,} more bytes", path=source.path,
                            hint="is the step that writes it still running?", code="DATA_CORRUPT_FILE")  # fmt: skip
        if excess:
            raise DataError(f"{excess:,} bytes follow the array", path=source.path, code="DATA_CORRUPT_FILE",
                            hint="if it holds several arrays, numpy.savez keeps each under its name")  # fmt: skip
    rows = StoredRows(source, header.offset, header.dtype, shape, header.fortran)
    columns = tuple(columns_of(name, "", header, rows, source.path))
    if len(columns) == 1 and columns[0].refusal is not None:
        raise columns[0].refusal
    return ArraysFragment(source.path, "npy", source, columns), notes_on(columns, source.path)


def _said(header: Header) -> str:
    return f"the shape {'×'.join(map(str, header.shape)) or '()'} of {header.dtype}"


def columns_of(name: str, prefix: str, header: Header, rows: Rows, path: str) -> Iterator[ArrayColumn]:
    """The column of an array, or those of its records, `prefix` before the name of each field."""
    shape = header.shape
    if not shape:
        yield refused(name, "it is a single value, not a row of values", path)
        return
    if header.dtype.names is None or len(shape) > 1:
        yield _column(name, header.dtype, shape[1:], rows, path)
        return
    for fields, dtype in _fields(header.dtype):
        yield _column(prefix + ".".join(fields), dtype.base, dtype.shape, rows, path, fields)


def _fields(dtype: np.dtype[Any], outer: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], np.dtype[Any]]]:
    for name in dtype.names or ():
        inner = dtype[name]
        if inner.names is None:
            yield (*outer, name), inner
        else:
            yield from _fields(inner, (*outer, name))


def _column(
    name: str, dtype: np.dtype[Any], shape: tuple[int, ...], rows: Rows, path: str, fields: tuple[str, ...] = ()
) -> ArrayColumn:
    try:
        return ArrayColumn(name, rows, column_type(dtype, shape), fields)
    except ValueError as reason:
        hint = None
        if dtype.hasobject:
            hint = PICKLE_HINT
        elif len(shape) > 1:
            hint = "a.reshape(-1, a.shape[-1]) makes a row of each vector, a.reshape(len(a), -1) one vector of each row"
        return refused(name, str(reason), path, hint)


def refused(name: str, reason: str, path: str, hint: str | None = None) -> ArrayColumn:
    """The column of an array that cannot be one, which is an error where it is used."""
    error = DataError(f"the array '{name}' is not a column: {reason}", path=path, column=name, hint=hint,
                      code="DATA_WRONG_TYPE")  # fmt: skip
    return ArrayColumn(name, None, pa.null(), refusal=error)


def notes_on(columns: tuple[ArrayColumn, ...], path: str) -> tuple[str, ...]:
    """What is said of one array that could be meant otherwise; of many it would say more of those that are not used."""
    if len(columns) > 1 or columns[0].rows is None or columns[0].rows.shape[1:] != (1,):
        return ()
    return (f"{path}: '{columns[0].name}' has one value a row, shape (N, 1): read as numbers, not as vectors",)


# -- .npz --------------------------------------------------------------------------------------------------------------


def open_npz(source: FileInput, archive: zipfile.ZipFile, member: str | None) -> tuple[ArraysFragment, tuple[str, ...]]:
    """The table of the arrays in an archive, each a column of its name; or that of one array."""
    infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist() if _is_array(info)}
    if not infos:
        raise DataError("the .npz file has no arrays", path=source.path, code="DATA_CORRUPT_FILE")
    if set(infos) >= _SPARSE and ("indices" in infos or "row" in infos):
        raise DataError("content is a sparse matrix of SciPy", path=source.path, code="DATA_WRONG_FORMAT",
                        hint="numpy.save(FILE, scipy.sparse.load_npz(FILE).toarray())")  # fmt: skip
    if member is not None:
        name = member if member in infos else member.removesuffix(".npy")
        if name not in infos:
            hint = did_you_mean(name, list(infos), f"it has {', '.join(infos)}")
            raise DataError(f"the file has no array '{name}'", path=source.path, hint=hint, code="DATA_MISSING_COLUMN")
        infos = {name: infos[name]}
    columns: list[ArrayColumn] = []
    for name, info in infos.items():
        prefix = "" if len(infos) == 1 else f"{name}."
        columns += _of_member(source, archive, info, name, prefix)
    found = tuple(columns)
    if len(found) == 1 and found[0].refusal is not None:
        raise found[0].refusal
    shown = [info.filename for info in archive.infolist() if not is_resource(info.filename)]
    notes = [f"{source.path}: ignored '{name}', which is no array" for name in shown if not name.endswith(".npy")]
    copied = any(isinstance(one.rows, MemberRows) and one.rows.is_compressed for one in found)
    return ArraysFragment(source.path, "npz", source, found, copied), (*notes, *notes_on(found, source.path))


def _is_array(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith(".npy") and not is_resource(info.filename)


def _of_member(
    source: FileInput, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, prefix: str
) -> Iterator[ArrayColumn]:
    where = f"{source.path}, array '{name}'"
    try:
        with archive.open(info) as member:
            header = read_header(Stream(member, where).read, source.path)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError):
        raise DataError(f"the array '{name}' is damaged, encrypted or compressed in an unknown way", path=source.path,
                        code="DATA_CORRUPT_FILE") from None  # fmt: skip
    if not header.dtype.hasobject and header.offset + header.nbytes != info.file_size:
        raise DataError(f"the array '{name}' is damaged: {_said(header)} does not fit its {info.file_size:,} bytes",
                        path=source.path, code="DATA_CORRUPT_FILE")  # fmt: skip
    rows = MemberRows(source, info, header)
    yield from columns_of(name, prefix, header, rows, source.path)


@dataclass
class MemberRows:
    """An array in an archive. One that is compressed is copied to a temporary file when it is first read."""

    source: FileInput
    info: zipfile.ZipInfo
    header: Header
    stored: StoredRows | None = field(default=None, repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        return MemberRows, (self.source, self.info, self.header)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.header.shape

    @property
    def count(self) -> int:
        """How many rows it has."""
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """The bytes of a row."""
        return row_bytes(self.header.dtype, self.header.shape)

    def opened(self) -> StoredRows:
        """The rows in the archive where they are not compressed, else in a copy."""
        if self.stored is None:
            with opened_zip(self.source.local_path, self.source.path) as archive:
                self.stored = self._stored(archive)
        return self.stored

    def _stored(self, archive: zipfile.ZipFile) -> StoredRows:
        header, source, at = self.header, self.source, self.header.offset
        with Stream(archive.open(self.info), source.path) as stream:
            if self.is_compressed:
                spool = spool_stream(stream.read, source.path)
                source = FileInput(source.path, spool.path, file_version(spool.path), spool)
            else:
                while stream.read(CHUNK_BYTES):  # to the end, where its checksum is compared
                    pass
                at += _data_offset(source, self.info)
        return StoredRows(source, at, header.dtype, header.shape, header.fortran)

    @property
    def is_compressed(self) -> bool:
        """Whether it is copied before it is read."""
        return self.info.compress_type != zipfile.ZIP_STORED


def _data_offset(source: FileInput, info: zipfile.ZipInfo) -> int:
    """Where the bytes of a member begin: after its own header, whose length differs from that in the directory."""
    with source.open_seekable() as file:
        file.seek(info.header_offset)
        name, extra = struct.unpack("<26xHH", file.read(30))
    return info.header_offset + 30 + int(name) + int(extra)


def name_of(path: str) -> str:
    """The name of the column of an array: that of its file, without suffixes and folders."""
    name = PurePath(path.replace("\\", "/").partition("?")[0].rpartition(":")[2]).name
    while (suffix := PurePath(name).suffix.lower()) in {".npy", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip"}:
        name = name[: -len(suffix)]
    return name if name and name != "-" else NO_NAME

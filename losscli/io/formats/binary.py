"""What the binary formats (Parquet, Arrow IPC) share: opening, errors of their readers, and checks of their data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from losscli.errors import DataError, FileError, LosscliError
from losscli.io.arrow.soundness import validate_in_full
from losscli.io.files.inputs import FileInput, SeekableInput
from losscli.io.files.streams import file_error

if TYPE_CHECKING:
    from losscli.io.remote.ranges import Lanes


@contextmanager
def open_for_arrow(source: SeekableInput, lanes: Lanes = ()) -> Iterator[pa.NativeFile]:
    """The file opened for Arrow, with its own position: several threads may each open it.

    `lanes` are the ranges of a remote file that will be read.
    """
    if not isinstance(source, FileInput) or not _has_plain_name(source):
        with source.open_seekable(lanes) as file, pa.PythonFile(file, mode="r") as wrapped:
            yield wrapped
        return
    try:
        opened = pa.OSFile(source.local_path)
    except OSError as error:
        raise source.open_error(error) from None
    with opened:
        yield opened


def _has_plain_name(source: FileInput) -> bool:
    try:
        source.local_path.encode()
    except UnicodeEncodeError:  # Arrow takes no path that is not UTF-8
        return False
    return True


def read_error(error: Exception, source: SeekableInput, what: str) -> LosscliError:
    """The error to raise instead of an exception of Arrow; other exceptions are raised unchanged."""
    if isinstance(error, LosscliError):
        return error
    if isinstance(error, MemoryError):
        return FileError("not enough memory to read this file", path=source.path, code="IO_MEMORY")
    if isinstance(error, OSError) and error.errno is not None:
        return file_error(error, source.path)
    if isinstance(error, UnicodeDecodeError):
        return DataError(
            f"damaged {what}: the name of a column is not UTF-8", path=source.path, code="DATA_CORRUPT_FILE"
        )
    if not isinstance(error, (OSError, pa.ArrowException)):
        raise error
    source.verify()  # a file that is truncated while it is read looks damaged
    text = _first_line(error)
    lower = text.lower()
    if "crc" in lower or "checksum" in lower:
        return DataError(
            f"damaged {what}: a page does not match its checksum", path=source.path, code="DATA_CORRUPT_FILE"
        )
    if "encrypt" in lower:
        return DataError(f"encrypted {what} is not supported", path=source.path, code="DATA_CORRUPT_FILE")
    if any(
        sign in lower for sign in ("magic", "footer", "thrift", "smaller than", "not an arrow file", "expected to be")
    ):
        return DataError(f"truncated or not {what}", path=source.path, code="DATA_CORRUPT_FILE")
    return DataError(f"damaged {what}: {text}", path=source.path, code="DATA_CORRUPT_FILE")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines() or [type(error).__name__]
    return "".join(letter if letter.isprintable() else "?" for letter in lines[0])[:200]


def column_names(schema: pa.Schema, source: SeekableInput, what: str) -> list[str]:
    """The names of the columns; a file without columns is an error."""
    try:
        names = list(schema.names)
    except UnicodeDecodeError as error:
        raise read_error(error, source, what) from None
    if not names:
        raise DataError("the file has no columns", path=source.path, code="DATA_CORRUPT_FILE")
    return names


def columns_to_check(schema: pa.Schema, names: Sequence[str]) -> list[str]:
    """The columns with offsets or indices (texts, lists, dictionaries), which are validated in full."""
    return [name for name in names if not _all_bytes_are_values(schema.field(name).type)]


def _all_bytes_are_values(kind: pa.DataType) -> bool:
    return bool(pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))


def check_values(data: pa.RecordBatch, names: Sequence[str], path: str, row: int) -> None:
    """Refuse texts that are not UTF-8 and offsets out of range, which Arrow's readers do not check."""
    for name in names:
        try:
            validate_in_full(data.column(data.schema.names.index(name)))
        except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
            message = f"damaged values in column '{name}': {_first_line(error)}"
            raise DataError(message, path=path, row=row, column=name, code="DATA_CORRUPT_FILE") from None


def select_columns(data: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """The columns with exactly these names: Arrow's own selection of "a.b" also returns a struct a with a field b."""
    have = data.schema.names
    if have == list(names):
        return data
    return pa.RecordBatch.from_arrays([data.column(have.index(name)) for name in names], names=list(names))

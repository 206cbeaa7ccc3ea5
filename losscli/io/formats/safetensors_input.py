"""safetensors files as tables: each tensor is a column, read by rows with the reader of the package safetensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from losscli.errors import DataError, UsageError, did_you_mean
from losscli.io.files.inputs import FileInput
from losscli.io.formats.npy_header import Header
from losscli.io.formats.numpy_arrays import ArrayColumn, ArraysFragment, row_bytes
from losscli.io.formats.numpy_input import columns_of, notes_on, refused
from losscli.lazy import dataclass

_TYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


@dataclass(frozen=True)
class TensorRows:
    """A tensor, whose rows the package reads."""

    source: FileInput
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many rows it has."""
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """The bytes of a row."""
        return row_bytes(self.dtype, self.shape)

    def opened(self) -> TensorRows:
        """The rows themselves."""
        return self

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """These rows."""
        with _opened(self.source) as file:
            rows: npt.NDArray[Any] = file.get_slice(self.name)[start:stop]
        return rows


def open_safetensors(source: FileInput, member: str | None) -> tuple[ArraysFragment, tuple[str, ...]]:
    """The table of the tensors of a file, or of one of them; and notes."""
    columns: list[ArrayColumn] = []
    with _opened(source) as file:
        names = list(file.keys())
        if member is not None:
            if member not in names:
                hint = did_you_mean(member, names, f"it has {', '.join(names[:20])}")
                raise DataError(f"the file has no tensor '{member}'", path=source.path, hint=hint,
                                code="DATA_MISSING_COLUMN")  # fmt: skip
            names = [member]
        for name in names:
            tensor = file.get_slice(name)
            kind, shape = _TYPES.get(str(tensor.get_dtype())), tuple(tensor.get_shape())
            if kind is None:
                columns.append(refused(name, f"NumPy has no type for {tensor.get_dtype()}", source.path,
                                       "save it as float32: tensor.float()"))  # fmt: skip
                continue
            header = Header(np.dtype(kind), False, shape, 0)
            columns += columns_of(name, "", header, TensorRows(source, name, header.dtype, shape), source.path)
    if not columns:
        raise DataError("the file has no tensors", path=source.path, code="DATA_CORRUPT_FILE")
    if len(columns) == 1 and columns[0].refusal is not None:
        raise columns[0].refusal
    return ArraysFragment(source.path, "safetensors", source, tuple(columns)), notes_on(tuple(columns), source.path)


@contextmanager
def _opened(source: FileInput) -> Iterator[Any]:
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise UsageError("a .safetensors file needs the package safetensors", path=source.path,
                         hint="pip install 'losscli[safetensors]'", code="USAGE_MISSING_PACKAGE") from None  # fmt: skip
    try:
        with safe_open(source.local_path, framework="numpy") as file:
            yield file
    except SafetensorError as error:
        source.verify()
        raise DataError(f"damaged safetensors file: {str(error).splitlines()[0]}", path=source.path,
                        code="DATA_CORRUPT_FILE") from None  # fmt: skip

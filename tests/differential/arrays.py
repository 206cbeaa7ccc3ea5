"""A table as arrays of NumPy, where it has no missing values and no types that NumPy lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from differential.random_tables import Case, Column

Array = np.ndarray[Any, Any]


def arrays_of(case: Case) -> dict[str, Array] | None:
    """The columns as arrays; None if one of them cannot be."""
    found = {column.name: _array(column) for column in case.columns}
    return None if any(array is None for array in found.values()) else found  # type: ignore[return-value]


def _array(column: Column) -> Array | None:
    flat = [v for row in column.values for v in (row or [None])] if column.width else column.values
    if column.ragged or None in flat or column.kind in ("decimal", "whole", "null") or column.width == 1 or not flat:
        return None  # a column of vectors of one number is one of numbers, and an array without rows has any width
    if column.kind == "text":
        return None if any(text.endswith("\0") for text in flat) else np.array(column.values, np.str_)
    return np.array(column.values, "M8[D]" if column.kind == "date" else column.kind)


def in_arrays(case: Case, folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """The table in NumPy's files: the path, and those beside it. Order and byte order are drawn by the seed."""
    arrays = arrays_of(case)
    if arrays is None:
        return
    rng = np.random.default_rng([case.seed, 7])
    arrays = {name: _drawn(array, rng) for name, array in arrays.items()}
    save = [np.savez, np.savez_compressed][int(rng.integers(2))]
    save(folder / "a.npz", **arrays)
    yield f"a.npz ({save.__name__})", str(folder / "a.npz"), []
    names = list(arrays)
    for name in names:
        np.save(folder / f"{name}.npy", arrays[name])
    yield ".npy files side by side", str(folder / f"{names[0]}.npy"), [str(folder / f"{n}.npy") for n in names[1:]]
    if not any(array.dtype.kind == "M" and array.ndim > 1 for array in arrays.values()):
        kinds = [(name, array.dtype, array.shape[1:]) for name, array in arrays.items()]
        records = np.zeros(case.rows, np.dtype(kinds, align=bool(rng.integers(2))))
        for name, array in arrays.items():
            records[name] = array
        np.save(folder / "records.npy", records)
        yield "records.npy", str(folder / "records.npy"), []


def _drawn(array: Array, rng: np.random.Generator) -> Array:
    order, swapped = "CF"[int(rng.integers(2))], bool(rng.integers(2))
    kind = array.dtype.newbyteorder(">") if swapped else array.dtype
    return np.array(array, kind, order=order)  # type: ignore[call-overload,no-any-return]


def write_part(arrays: dict[str, Array], part: slice, path: Path) -> None:
    """Some rows of the columns."""
    np.savez(path, **{name: array[part] for name, array in arrays.items()})  # type: ignore[arg-type]

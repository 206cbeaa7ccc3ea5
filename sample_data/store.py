"""Writes columns to files such that CSV and Parquet hold the same doubles.

A table is a dict of columns. A list or a one-dimensional array is an ordinary column; a two-dimensional array is a list
column with one vector per row, for Parquet only.
"""

import csv
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Column = Sequence[str] | np.ndarray
Table = Mapping[str, Column]


def rounded(values: np.ndarray, digits: int = 9) -> np.ndarray:
    """The array with every number rounded to `digits` significant decimal digits.

    Rounding goes through text, not arithmetic: the result is the double nearest to the text, so its repr is short.
    """
    flat = [float(f"{value:.{digits}g}") + 0.0 for value in np.asarray(values, dtype=float).ravel()]
    return np.array(flat).reshape(np.shape(values))


def wide(prefix: str, names: Sequence[str], values: np.ndarray) -> dict[str, np.ndarray]:
    """One named column per column of a matrix: `p_zero`, `p_one`, …"""
    return {f"{prefix}_{name}": values[:, index] for index, name in enumerate(names)}


def shuffled(table: Table, names: Collection[str], seed: int) -> dict[str, Column]:
    """Some columns of a table, with the rows in another order."""
    rows = len(next(iter(table.values())))
    order = np.random.default_rng(seed).permutation(rows)
    return {name: np.asarray(table[name])[order] for name in names}


def write_csv(path: Path, table: Table) -> None:
    """Write flat columns, with floats as the shortest text that reads back equal, and check by reading."""
    plain = {name: _plain(name, column) for name, column in table.items()}
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(plain)
        writer.writerows([_text(value) for value in row] for row in zip(*plain.values(), strict=True))
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for name, values in plain.items():
        back = [type(values[0])(row[name]) for row in rows]
        assert back == values, f"{path.name}: {name} changed on its way through text"


def write_parquet(path: Path, table: Table, fixed: Collection[str] = ()) -> None:
    """Write columns, which may be vectors, to Parquet, and check by reading.

    Vectors of the columns in `fixed` become fixed_size_list, others list<double>: real files have both.
    """
    arrays = {name: _arrow(name, column, name in fixed) for name, column in table.items()}
    pq.write_table(pa.table(arrays), path, compression="zstd")
    assert pq.read_table(path).to_pydict() == {name: array.to_pylist() for name, array in arrays.items()}


def _plain(name: str, column: Column) -> list[str] | list[int] | list[float]:
    array = np.asarray(column)
    assert array.dtype.kind in "iUf", f"{name}: {array.dtype}"
    assert array.dtype.kind != "f" or np.isfinite(array).all(), f"{name}: a value is not finite"
    values: list[str] | list[int] | list[float] = array.tolist()
    return values


def _text(value: str | int | float) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _arrow(name: str, column: Column, fixed: bool) -> pa.Array:
    values = _plain(name, column)
    if np.ndim(column) == 1:
        return pa.array(values)
    length = np.shape(column)[1]
    return pa.array(values, type=pa.list_(pa.float64(), length) if fixed else pa.list_(pa.float64()))

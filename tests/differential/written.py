"""A table in every format: the same values, written in all ways that a reader takes."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

from differential.arrays import arrays_of, write_part
from differential.dialects import in_dialects
from differential.random_tables import Case, Column

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda text: pa.Codec("zstd").compress(text, asbytes=True),
}


def cell(value: Any) -> str:
    """A value as delimited text spells it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def json_value(value: Any) -> str:
    """A value as JSON spells it."""
    if isinstance(value, list):
        return f"[{', '.join(map(json_value, value))}]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[repr(value)]
    known = value is None or isinstance(value, (bool, int, float, str))
    return json.dumps(value if known else str(value))


def wide_columns(case: Case) -> list[Column]:
    """The columns of text formats without lists: a column for each element."""
    columns = []
    for column in case.columns:
        if column.width is None:
            columns.append(column)
            continue
        if column.ragged:
            columns.append(_in_cells(column, "[", ", ", "]"))
            continue
        for place in range(column.width):
            values = [None if row is None else row[place] for row in column.values]
            columns.append(Column(f"{column.name}_{place}", column.kind, values))
    return columns


def csv_text(case: Case, delimiter: str = ",", quoting: Any = csv.QUOTE_MINIMAL) -> bytes:
    """Delimited text."""
    columns = wide_columns(case)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    for row in range(case.rows):
        writer.writerow([cell(column.values[row]) for column in columns])
    return text.getvalue().encode()


def vectors_text(case: Case, form: int) -> bytes | None:
    """Delimited text with each list in one cell; None if the first one of a column does not show that it is a list."""
    left, mark, right = [("[", ", ", "]"), ("[", " ", "]"), ("array([", ",", "])"), ("", ";", "")][form]
    columns = []
    for column in case.columns:
        if column.width is not None:
            first = next((row for row in column.values if row is not None), None)
            if first is None or None in first or (form == 3 and column.kind in ("int64", "uint64", "bool", "whole")):
                return None
            if form == 3 and any(not row for row in column.values):  # nothing is a missing cell
                return None
            column = _in_cells(column, left, mark, right)
        columns.append(column)
    return csv_text(Case(case.seed, tuple(columns), case.losses, case.settings, case.flaws))


def _in_cells(column: Column, left: str, mark: str, right: str) -> Column:
    """Each list as one text."""
    spelled = [None if row is None else left + mark.join(cell(v) or "NA" for v in row) + right for row in column.values]
    return Column(column.name, "text", spelled)


def nested_table(case: Case) -> pa.Table:
    """All columns as the fields of one."""
    table = arrow_table(case, encoded=False)
    chunks = [column.combine_chunks() for column in table.columns]
    return pa.table({"row": pa.StructArray.from_arrays(chunks, names=table.column_names)})


def columns_text(case: Case) -> bytes:
    """A JSON document with an array for each column."""
    members = (f"{json.dumps(c.name)}: [{', '.join(map(json_value, c.values))}]" for c in case.columns)
    return f"{{{', '.join(members)}}}".encode()


def json_text(case: Case) -> bytes:
    """JSON lines."""
    lines = [
        ", ".join(f"{json.dumps(column.name)}: {json_value(column.values[row])}" for column in case.columns)
        for row in range(case.rows)
    ]
    return "".join(f"{{{line}}}\n" for line in lines).encode()


def arrow_table(case: Case, *, fixed: bool = False, encoded: bool = True) -> pa.Table:
    """An Arrow table; lists are of fixed size if asked for, and dictionary columns are `encoded`."""
    arrays = {}
    for column in case.columns:
        kind = column.type
        if fixed and column.width is not None and not column.ragged:
            kind = pa.list_(kind.value_type, column.width)
        values = column.values
        if column.kind == "float16":
            half = lambda v: None if v is None else np.float16(v)  # noqa: E731
            values = [None if v is None else [*map(half, v)] if column.width else half(v) for v in values]
        array = pa.array(values, kind, from_pandas=False)
        arrays[column.name] = array.dictionary_encode() if encoded and column.encoded else array
    return pa.table(arrays)


def python_columns(case: Case) -> dict[str, Any]:
    """A dict of lists of Python's own values."""
    return {column.name: column.values for column in case.columns}


def numpy_columns(case: Case) -> dict[str, Any]:
    """A dict of NumPy arrays, or of lists where a value is missing."""
    found: dict[str, Any] = {}
    for column in case.columns:
        rows = column.values
        flat = [v for row in rows for v in (row or [None])] if column.width else rows
        plain = (
            not column.ragged and column.kind not in ("decimal", "whole", "text", "date", "null") and None not in flat
        )
        found[column.name] = np.array(rows, np.dtype(column.kind)) if plain else rows
        if column.width and not rows:
            found[column.name] = np.empty((0, column.width))
    return found


def in_memory(case: Case) -> Iterator[tuple[str, Any]]:
    """The table in memory, in several ways."""
    yield "dict of arrays", numpy_columns(case)
    if case.rows:  # without rows a list of lists is just an empty list
        yield "dict of lists", python_columns(case)
    yield "Arrow table", arrow_table(case)
    yield "DataFrame of Arrow types", arrow_table(case, encoded=False).to_pandas(types_mapper=pd.ArrowDtype)
    if all(column.width is None and None not in column.values for column in case.columns):
        yield "DataFrame", pd.DataFrame(numpy_columns(case))


def in_files(case: Case, folder: Path) -> Iterator[tuple[str, str]]:
    """The table in files; what varies beside the format is drawn by the seed."""
    rng = np.random.default_rng(case.seed)
    packing = list(COMPRESSIONS)[int(rng.integers(len(COMPRESSIONS)))]
    for name, text in (
        ("a.csv", csv_text(case)),
        ("a.tsv", csv_text(case, "\t")),
        ("quoted.csv", csv_text(case, quoting=csv.QUOTE_ALL)),
        ("a.jsonl", json_text(case)),
        ("array.json", b"[%s]" % b",\n".join(json_text(case).splitlines())),
        ("columns.json", columns_text(case)),
        ("samples.json", b'{"version": [1], "samples": [%s], "a": {}}' % b",\n".join(json_text(case).splitlines())),
        ("nested.jsonl", b"".join(b'{"row": %s}\n' % line for line in json_text(case).splitlines())),
    ):
        if not case.rows and ".json" in name:  # a file without records has no columns
            continue
        yield name, _write(folder / name, text)
        if packing and name != "quoted.csv":
            yield name + packing, _write(folder / (name + packing), COMPRESSIONS[packing](text))
    dialects = {} if any(column.ragged for column in case.columns) else in_dialects(case, wide_columns(case))
    for name, text in dialects.items():
        yield name, _write(folder / name, text)
    vectors = vectors_text(case, case.seed % 4)
    if vectors is not None and any(column.width for column in case.columns):
        yield "vectors.csv", _write(folder / "vectors.csv", vectors)
    if case.rows:
        pq.write_table(nested_table(case), folder / "nested.parquet", row_group_size=4)
        yield "nested.parquet", str(folder / "nested.parquet")
    size = int(rng.integers(1, 6))
    table = arrow_table(case, fixed=bool(rng.integers(2)))
    codec = ["none", "snappy", "zstd", "gzip"][int(rng.integers(4))]
    pq.write_table(table, folder / "a.parquet", row_group_size=size, compression=codec)
    yield f"a.parquet ({codec}, {size} rows a group)", str(folder / "a.parquet")
    feather.write_feather(table, folder / "a.feather", compression=["lz4", "zstd", "uncompressed"][size % 3])
    yield "a.feather", str(folder / "a.feather")
    with pa.ipc.new_stream(str(folder / "a.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=size)
    yield "a.arrow (stream)", str(folder / "a.arrow")


def in_parts(case: Case, folder: Path) -> Iterator[tuple[str, list[str], list[int]]]:
    """The table cut into files: their paths, and the first row of each."""
    rng = np.random.default_rng(case.seed + 1)
    cuts = sorted({0, *map(int, rng.integers(0, case.rows + 1, 2)), case.rows})
    parts = [slice(start, stop) for start, stop in pairwise(cuts)]
    table = arrow_table(case, encoded=False)
    arrays = arrays_of(case)
    for kind in ("csv", "jsonl", "parquet", *(() if arrays is None else ("npz",))):
        paths = []
        for number, part in enumerate(parts):
            path = folder / kind / f"{number}.{kind}"
            path.parent.mkdir(exist_ok=True)
            some = _rows(case, part)
            if kind == "npz":
                write_part(arrays or {}, part, path)
            elif kind == "parquet":
                pq.write_table(table.slice(part.start, some.rows), path)
            else:
                path.write_bytes(csv_text(some) if kind == "csv" else json_text(some))
            paths.append(str(path))
        yield f"{len(paths)} files of {kind}", paths, [part.start for part in parts]


def _rows(case: Case, part: slice) -> Case:
    columns = tuple(replace(column, values=column.values[part]) for column in case.columns)
    return Case(case.seed, columns, case.losses, case.settings, case.flaws)


def _write(path: Path, text: bytes) -> str:
    path.write_bytes(text)
    return str(path)

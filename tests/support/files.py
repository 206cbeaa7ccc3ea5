"""The columns of a loss as tables and files in every format, and the settings that score them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from losscli.contract.loss import Loss


def wide(role: str, values: np.ndarray) -> dict[str, np.ndarray]:
    flat = values.reshape(len(values), -1)
    return {f"{role}_{i}": flat[:, i].copy() for i in range(flat.shape[1])}


def table(loss: Loss, columns: dict[str, np.ndarray], *, lists: bool = False):
    """Column name -> values (1-D, or 2-D for list columns), and the settings of `evaluate` that bind them."""
    data: dict[str, object] = {}
    settings: dict[str, object] = {"columns": {}, "tables": {}}
    for role in loss.roles.values():
        values = columns.get(role.name)
        if values is None:
            continue
        if role.kinds[0].shape == "matrix":
            settings["tables"][role.name] = values
            continue
        if values.ndim == 1:
            data[role.name] = named(role, values)
            cols = role.name
        elif lists:
            data[role.name] = values.reshape(len(values), -1)
            cols = role.name
        else:
            data |= wide(role.name, values)
            cols = f"{role.name}_*"
        if role.name in ("pred", "target"):
            settings[role.name] = cols
        else:
            settings["columns"][role.name] = cols
    return data, settings


def named(role, values):
    """Labelled kinds as their words: x and y rather than 0 and 1."""
    words = {v: t for t, v in reversed(role.kinds[0].labels) if t.isalpha() and t not in ("true", "false")}
    return [words[v] for v in values] if words else values


def rows_of(data, index):
    return {k: [v[i] for i in index] if isinstance(v, list) else v[index] for k, v in data.items()}


def arrow(data) -> pa.Table:
    columns = {}
    for name, values in data.items():
        columns[name] = pa.array(list(values) if np.ndim(values) == 2 else values)
    return pa.table(columns)


def write_csv(path, data):
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(data)
        for row in zip(*data.values(), strict=True):
            out.writerow([repr(float(v)) if isinstance(v, np.floating) else v for v in row])
    return str(path)


def write_parquet(path, data, rows=5):
    pq.write_table(arrow(data), path, row_group_size=rows)
    return str(path)


def write_arrow(path, data, rows=7):
    made = arrow(data)
    with pa.ipc.new_file(path, made.schema) as out:
        out.write_table(made, max_chunksize=rows)
    return str(path)


def write_jsonl(path, data):
    with path.open("w") as file:
        for row in zip(*data.values(), strict=True):
            file.write(json.dumps({k: plain(v) for k, v in zip(data, row, strict=True)}) + "\n")
    return str(path)


def plain(value):
    if isinstance(value, np.ndarray):
        return [float(v) for v in value]
    if isinstance(value, np.integer):
        return int(value)
    return float(value) if isinstance(value, np.floating) else value

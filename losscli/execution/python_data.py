"""The data of a Python caller: paths, tables in memory, or models with tables of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from losscli.binding.request import MatrixSource
from losscli.execution.prepare import Data
from losscli.io.sides import key_differences
from losscli.io.source import ReadOptions


def data_of(given: Mapping[str, Any], source: Any, tables: Mapping[MatrixSource, Any], on: tuple[str, ...]) -> Data:
    """Where the rows come from; `given` are the arguments of `evaluate` of which none is None."""
    named = _named(source)
    paths = () if named else paths_of(source)
    return Data(
        paths=paths or (), memory=None if paths is not None else source, named=named,
        options=given.get("options", ReadOptions()),
        targets=path_of(given["targets"]) if "targets" in given else None, on=on,
        unmatched=given.get("unmatched", "error"), join=given.get("join"),
        key_match=key_differences(_several(given.get("key_match", ()))),
        beside=tuple(_beside(given.get("beside", ()))),
        tables={matrix: _matrix(table) for matrix, table in tables.items() if not isinstance(table, str)},
    )  # fmt: skip


def _beside(given: Any) -> Iterator[tuple[str | None, Any]]:
    """Files or tables beside the source; those of a dict have names, and may be arrays."""
    if isinstance(given, Mapping):
        for name, table in given.items():
            is_table = _is_table(table) or hasattr(table, "__arrow_c_stream__")
            yield str(name), path_of(table) if is_table else {str(name): table}
        return
    for table in given if isinstance(given, (list, tuple)) else (given,):
        yield None, path_of(table)


def _several(names: str | Sequence[str]) -> Sequence[str]:
    return names.split(",") if isinstance(names, str) else names


def path_of(source: Any) -> Any:
    """A path as a text; anything else as it is."""
    return str(source) if hasattr(source, "__fspath__") else source


def paths_of(source: Any) -> tuple[str, ...] | None:
    """The paths that a source names; None for a table in memory."""
    if source is None:
        return ()
    if isinstance(source, str) or hasattr(source, "__fspath__"):
        return (str(source),)
    if isinstance(source, (list, tuple)) and all(isinstance(s, str) or hasattr(s, "__fspath__") for s in source):
        return tuple(map(str, source))
    return None


def _named(source: Any) -> tuple[tuple[str, Any], ...]:
    """Models with tables of their own; a dict of arrays is one table."""
    if not isinstance(source, Mapping) or not source or not all(map(_is_table, source.values())):
        return ()
    return tuple((str(name), path_of(table)) for name, table in source.items())


def _is_table(given: Any) -> bool:
    attributes = ("__fspath__", "columns", "column_names")
    return isinstance(given, (str, Mapping)) or any(hasattr(given, name) for name in attributes)


def _matrix(table: Any) -> Any:
    """A plain 2-D array as a table of columns 0, 1, … ."""
    if isinstance(table, (np.ndarray, list)):
        array = np.asarray(table, dtype=np.float64)
        return {str(i): np.ascontiguousarray(array[:, i]) for i in range(array.shape[1])}
    return table

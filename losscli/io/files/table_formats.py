"""Folders of table formats, which keep a list of the files that count: others in them are of older versions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath
from typing import NamedTuple

from losscli.errors import DataError


class TableFormat(NamedTuple):
    """A table format: its name, and how its current rows get out of it."""

    name: str
    way_out: str


_DELTA = TableFormat(
    "Delta Lake",
    "DeltaTable('FOLDER').to_pyarrow_table(), of the package deltalake, has its current rows: write them to a Parquet "
    "file, or give them to losscli.evaluate",
)
_ICEBERG = TableFormat(
    "Iceberg",
    "table.scan().to_arrow(), of the package pyiceberg, has its current rows: write them to a Parquet file, or give "
    "them to losscli.evaluate",
)
_HUDI = TableFormat("Hudi", "write its current rows to a Parquet file, for example by Spark or by DuckDB")

_FOLDERS = {"_delta_log": _DELTA, ".hoodie": _HUDI}
_METADATA = "metadata"  # of Iceberg, if there are such files in it
_LISTS = (".metadata.json", "version-hint.text")


def table_format_of(names: Iterable[str]) -> tuple[TableFormat, str] | None:
    """The table format that files with these relative names (with `/`) belong to, and the folder that they are in."""
    for name in names:
        parts = PurePath(name).parts
        for depth, part in enumerate(parts[:-1]):
            listed = part == _METADATA and depth == len(parts) - 2 and parts[-1].endswith(_LISTS)
            if part in _FOLDERS or listed:
                return _FOLDERS.get(part, _ICEBERG), "/".join(parts[:depth])
    return None


def refused(found: TableFormat, folder: str) -> DataError:
    """The error about a folder of a table format."""
    return DataError(
        f"the folder is a table of {found.name}, whose own list says which of its files count: the others are of older "
        "versions, and reading all of them would mix these",
        path=folder, hint=found.way_out, code="DATA_WRONG_FORMAT",
    )  # fmt: skip


def local_table_format(folder: Path) -> TableFormat | None:
    """The table format that a local folder is a table of."""
    try:
        for name, found in _FOLDERS.items():
            if (folder / name).is_dir():
                return found
        listed = any(entry.name.endswith(_LISTS) for entry in (folder / _METADATA).iterdir())
    except OSError:  # reading its files says what is wrong with it
        return None
    return _ICEBERG if listed else None


def enclosing_table(folder: str) -> tuple[TableFormat, str] | None:
    """The table that a local folder is, or is a partition (`region=eu/`) or the data folder of."""
    here = Path(folder)
    try:
        resolved = here.resolve()
    except (OSError, RuntimeError):
        return None
    for level in (resolved, *resolved.parents):
        found = local_table_format(level)
        if found is not None:
            return found, folder if level == resolved else str(level)
        if "=" not in level.name and level.name != "data":
            return None
    return None

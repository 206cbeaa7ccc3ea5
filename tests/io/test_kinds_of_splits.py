"""Every fragment has the same rows in each kind of its splits: for threads, for other processes, and found unread."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli.execution.prepare  # noqa: F401  with all that fragments are of
from losscli.io.column_forms import with_column_forms
from losscli.io.files.discover import discover
from losscli.io.files.open import open_source
from losscli.io.files.planned import PlannedFiles, open_planned, planned_files
from losscli.io.formats import text_ranges, text_windows
from losscli.io.formats.in_memory import from_memory
from losscli.io.join.beside import beside
from losscli.io.join.join import join
from losscli.io.join.models import pair_models
from losscli.io.looked_up import LookUp, with_looked_up
from losscli.io.period_columns import with_periods
from losscli.io.source import Fragment, ReadAs, ReadOptions, Source, Split
from losscli.io.wrapped_fragment import ConvertedFragment, WrappedFragment

ROWS = 60
TABLE = pa.table({
    "x": [float(row) for row in range(ROWS)],
    "t": [f"t{row % 7}" for row in range(ROWS)],
    "d": [f"2024-{row % 12 + 1:02}-03" for row in range(ROWS)],
    "cafe\u0301": [row / 4 for row in range(ROWS)],
})  # fmt: skip
COLUMNS: dict[str, ReadAs] = {"x": "number", "t": "text"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    rows = TABLE.to_pylist()
    lines = [",".join(TABLE.column_names), *(",".join(map(str, row.values())) for row in rows)]
    for name in ("a.csv", "b.csv", "c.csv", "parts/part=1/a.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "a.json").write_text(json.dumps(rows))
    pq.write_table(TABLE, folder / "a.parquet", row_group_size=13)
    with pa.ipc.new_file(folder / "a.arrow", TABLE.schema) as file:
        file.write_table(TABLE, max_chunksize=17)
    with pa.ipc.new_stream(folder / "b.arrow", TABLE.schema) as stream:
        stream.write_table(TABLE, max_chunksize=17)
    np.savez(folder / "a.npz", x=TABLE["x"].to_numpy(), t=np.array(TABLE["t"].to_pylist()))
    return folder


def opened(name: str, folder: Path) -> Source:
    return open_source([str(folder / name)], ReadOptions())


def planned(of: str, folder: Path) -> Source:
    """One fragment of a plan of which the second file is that of this shard."""
    files = planned_files(discover([str(folder / name) for name in ("a.csv", "b.csv", "c.csv")]))
    source = open_planned(PlannedFiles(files, {1}), ReadOptions())
    return Source((source.fragments[["header", "own", "elsewhere"].index(of)],), source.columns, source.types)


CASES: dict[str, tuple[Callable[[Path], Source], dict[str, ReadAs]]] = {
    **{name: (partial(opened, name), COLUMNS)
       for name in ("a.csv", "a.jsonl", "a.json", "a.parquet", "a.arrow", "b.arrow", "a.npz")},
    "table": (lambda folder: from_memory(TABLE), COLUMNS),
    "arrays": (lambda folder: from_memory({name: TABLE[name].to_numpy() for name in ("x", "t")}), COLUMNS),
    "stream": (lambda folder: from_memory(TABLE.to_reader(max_chunksize=11)), COLUMNS),
    "partitioned": (partial(opened, "parts"), {**COLUMNS, "part": "number"}),
    "renamed": (lambda folder: with_column_forms(opened("a.csv", folder), [("caf\u00e9",)]), {"caf\u00e9": "number"}),
    "looked up": (
        lambda folder: with_looked_up(
            opened("a.csv", folder), {"n": LookUp(("t",), {(f"t{at}",): float(at) for at in range(5)})}
        ),
        {**COLUMNS, "n": "number"},
    ),
    "periods": (lambda folder: with_periods(opened("a.csv", folder), ["d:month"]), {**COLUMNS, "d:month": "text"}),
    "joined": (lambda folder: join(opened("a.csv", folder), opened("a.parquet", folder), ["x"]), COLUMNS),
    "beside": (
        lambda folder: beside(opened("a.csv", folder), [("o", opened("a.parquet", folder))]),
        {**COLUMNS, "o.x": "number"},
    ),
    "paired": (
        lambda folder: pair_models([("m", opened("a.csv", folder)), ("n", opened("b.csv", folder))], ["t"], ["x"]),
        {**COLUMNS, "n:d": "text"},
    ),
    **{f"planned: {of}": (partial(planned, of), COLUMNS) for of in ("header", "own", "elsewhere")},
}  # fmt: skip


def rows(splits: Iterable[Split]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for split in splits:
        for batch in split.batches(len(found) + 1):
            found += batch.data.to_pylist()
    return found


@pytest.mark.parametrize("case", CASES)
def test_each_kind_of_splits_has_the_same_rows(case: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LEAST", 0), ("RANGE", 200), ("_LAST", 400), ("_LAST_RANGE", 50)):
        monkeypatch.setattr(text_ranges, name, value)
    monkeypatch.setattr(text_windows, "WINDOW", 300)
    make, projection = CASES[case]

    def fragment() -> Fragment:
        (found,) = make(folder).fragments
        return found

    usual = rows(fragment().splits(projection))
    assert len(usual) == (0 if case in ("planned: header", "planned: elsewhere") else ROWS)
    remote = list(fragment().remote_splits(projection))
    assert rows(remote if case in ("stream", "arrays") else pickle.loads(pickle.dumps(remote))) == usual
    unread = fragment().unread_splits(projection)
    assert unread is None or rows(unread) == usual
    if case in ("a.csv", "a.jsonl", "renamed", "planned: own"):
        assert unread is not None and len(unread) > 3
    if not usual:
        assert (fragment().size, unread) == (0, ())


def classes(base: type) -> set[type]:
    found = {base}.union(*map(classes, base.__subclasses__()))
    return {each for each in found if each.__module__.startswith("losscli.") and not each.__name__.startswith("_")}


def test_there_is_a_case_for_every_class_of_fragments(folder: Path) -> None:
    made = {type(fragment) for make, _ in CASES.values() for fragment in make(folder).fragments}
    assert made == classes(Fragment) - {Fragment, WrappedFragment, ConvertedFragment}

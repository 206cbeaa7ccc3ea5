"""Makes the data of the benchmark, once: python data.py FOLDER NAME..."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

MILLION = 1_000_000
GROUPS = 100_000
WIDTH = 128
MEMBERS = 50
SIDE = 512
SHARDS = 200
ROOT = Path(__file__).resolve().parents[2]
BY_GROUP = ("-t", "y", "-p", "p", "-l", "mse", "--by", "key")


def errors(rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """A target and a prediction that misses it by 0.3."""
    y = rng.normal(size=rows)
    return {"y": y, "p": y + 0.3 * rng.normal(size=rows)}


def scored(rng: np.random.Generator, rows: int) -> pa.Table:
    """Those, a label with its probability, and a key of 100,000 values as a number and as text."""
    probability = rng.uniform(0.001, 0.999, rows)
    label = (rng.random(rows) < probability).astype(np.int64)
    key = rng.integers(0, GROUPS, rows)
    key[: min(rows, GROUPS)] = np.arange(min(rows, GROUPS))  # each occurs
    names = pa.array([f"shop {number:06}" for number in range(GROUPS)])
    return pa.table(
        {**errors(rng, rows), "label": label, "q": probability, "key": key, "name": names.take(pa.array(key))}
    )


def classes(rng: np.random.Generator, rows: int) -> pa.Table:
    """Probabilities of ten classes, and one that came true."""
    logits = rng.normal(size=(rows, 10))
    odds = np.exp(logits)
    odds /= odds.sum(axis=1, keepdims=True)
    columns = {f"p_{number}": np.ascontiguousarray(odds[:, number]) for number in range(10)}
    return pa.table({"class": rng.integers(0, 10, rows), **columns})


def views(rng: np.random.Generator, rows: int) -> pa.Table:
    """Two views of each item, as models give them: lists of float32."""
    a = rng.normal(size=(rows, WIDTH)).astype(np.float32)
    b = a + rng.normal(0, 0.7, size=(rows, WIDTH)).astype(np.float32)
    return pa.table({"a": lists(a), "b": lists(b)})


def lists(values: np.ndarray) -> pa.ListArray:
    """One list a row."""
    starts = pa.array(np.arange(len(values) + 1, dtype=np.int32) * values.shape[1])
    return pa.ListArray.from_arrays(starts, pa.array(values.ravel()))


def ensembles(rng: np.random.Generator, rows: int) -> pa.Table:
    """A target and an ensemble of 50 members around it, in float32 as weather models give them."""
    y = rng.normal(size=rows)
    members = y[:, None] + 0.3 * rng.normal(size=(rows, 1)) + 0.4 * rng.normal(size=(rows, MEMBERS))
    return pa.table({"y": y, "members": lists(members.astype(np.float32))})


def masks(rng: np.random.Generator, rows: int) -> pa.Table:
    """Two masks of 512 x 512 pixels a row: disks whose centres are apart."""
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    found: dict[str, list[np.ndarray]] = {"a": [], "b": []}
    for cx, cy in rng.uniform(100, 400, (rows, 2)):
        for name, shift in (("a", 0), ("b", rng.uniform(5, 60))):
            found[name].append(((x - cx - shift) ** 2 + (y - cy) ** 2 < 80**2).ravel().astype(np.uint8))
    return pa.table({name: lists(np.array(each)) for name, each in found.items()})


def sliced(rng: np.random.Generator, rows: int) -> pa.Table:
    """A target and a prediction, one of 20 groups, a split and an age."""
    groups = pa.array([f"group {number:02}" for number in range(20)])
    splits = pa.array(["train", "valid", "test"])
    return pa.table({**errors(rng, rows), "group": groups.take(pa.array(rng.integers(0, 20, rows))),
                     "split": splits.take(pa.array(rng.integers(0, 3, rows))),
                     "age": rng.integers(0, 100, rows)})  # fmt: skip


def models(rng: np.random.Generator, rows: int) -> pa.Table:
    """A target and the predictions of 20 models."""
    y = rng.normal(size=rows)
    return pa.table({"y": y, **{f"m_{number:02}": y + 0.3 * rng.normal(size=rows) for number in range(20)}})


def logits(rng: np.random.Generator, rows: int) -> pa.Table:
    """Logits of 1,000 classes as a list a row, in float32, and the class that came true."""
    return pa.table({"class": rng.integers(0, 1000, rows),
                     "logits": lists(rng.normal(size=(rows, 1000)).astype(np.float32))})  # fmt: skip


def wide_logits(rng: np.random.Generator, rows: int) -> pa.Table:
    """The same as a column a class."""
    values = rng.normal(size=(rows, 1000)).astype(np.float32)
    columns = {f"p_{number}": np.ascontiguousarray(values[:, number]) for number in range(1000)}
    return pa.table({"class": rng.integers(0, 1000, rows), **columns})


def triplets(rng: np.random.Generator, rows: int) -> pa.Table:
    """Three vectors of 768 a row, in float32."""
    return pa.table({name: lists(rng.normal(size=(rows, 768)).astype(np.float32)) for name in ("a", "b", "n")})


def json_lines(path: Path, rng: np.random.Generator) -> None:
    """A million records of two numbers."""
    found = errors(rng, MILLION)
    with path.open("w", encoding="utf-8") as out:
        for y, p in zip(found["y"].tolist(), found["p"].tolist(), strict=True):
            out.write(f'{{"y": {y!r}, "p": {p!r}}}\n')


def keyed(column: str) -> Callable[..., None]:
    """Two million text keys in an order of their own, and a number each."""

    def make(path: Path, rng: np.random.Generator) -> None:
        keys = pa.array([f"user-{i:012d}-{i * 2654435761 % 2**32:08x}" for i in range(2 * MILLION)])
        table = pa.table({"id": keys.take(pa.array(rng.permutation(len(keys)))), column: rng.normal(size=len(keys))})
        pq.write_table(table, path, compression="zstd")

    return make


def small_files(path: Path, rng: np.random.Generator) -> None:
    """A folder of 2,000 files of 500 rows."""
    path.mkdir(exist_ok=True)
    for number in range(2000):
        pc.write_csv(pa.table(errors(rng, 500)), path / f"part{number:04}.csv")


def scored_groups(path: Path, rng: np.random.Generator) -> None:
    """The saved report of 100,000 groups."""
    run_eval(path.parent, "rows.parquet", *BY_GROUP, "-q", "-o", f"json={path.name}")


def states(path: Path, rng: np.random.Generator) -> None:
    """The states of 200 shards, each of which is a row group with 100,000 groups: a folder."""
    path.mkdir(exist_ok=True)
    for number in range(1, SHARDS + 1):
        run_eval(path.parent, *["rows.parquet"] * 10, *BY_GROUP, "-q", "--shard", f"{number}/{SHARDS}", "--state-out",
                 f"{path.name}/{number:03}")  # fmt: skip


def run_eval(folder: Path, *words: str) -> None:
    """`losscli eval` of this checkout."""
    make(folder, ["rows.parquet"])
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "losscli", "eval", *words], cwd=folder, env=variables, check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip


def parquet(path: Path, pieces: Iterable[pa.Table]) -> None:
    """One row group a piece."""
    writer: pq.ParquetWriter | None = None
    for piece in pieces:
        writer = writer or pq.ParquetWriter(path, piece.schema, compression="zstd")
        writer.write_table(piece, row_group_size=len(piece))
    assert writer is not None
    writer.close()


def text(path: Path, rng: np.random.Generator, size: int) -> None:
    """CSV of two columns, of at least `size` bytes."""
    with path.open("wb") as out:
        out.write(b"y,p\n")
        while out.tell() < size:
            table = pa.table(errors(rng, 250_000))
            pc.write_csv(table, out, pc.WriteOptions(include_header=False))


def tables(make: Callable[[np.random.Generator, int], pa.Table], pieces: int, rows: int) -> Callable[..., None]:
    return lambda path, rng: parquet(path, (make(rng, rows) for _ in range(pieces)))


def lines(rows: int) -> Callable[..., None]:
    return lambda path, rng: pc.write_csv(pa.table(errors(rng, rows)), path)


MAKERS: dict[str, Callable[..., None]] = {
    "rows.parquet": tables(scored, 20, MILLION),
    "rows_128mb.csv": lambda path, rng: text(path, rng, 128 * MILLION),
    "rows_1gb.csv": lambda path, rng: text(path, rng, 1000 * MILLION),
    "classes.parquet": tables(classes, 5, MILLION),
    "pairs_16k.parquet": tables(views, 2, 8192),
    "pairs_100k.parquet": tables(views, 10, 10_000),
    "ensembles.parquet": tables(ensembles, 10, 100_000),
    "masks.parquet": tables(masks, 10, 100),
    "sliced.parquet": tables(sliced, 20, MILLION),
    "models.parquet": tables(models, 4, MILLION // 4),
    "two_million.parquet": tables(scored, 2, MILLION),
    "rows.jsonl": json_lines,
    "keyed_preds.parquet": keyed("p"),
    "keyed_targets.parquet": keyed("y"),
    "small.csv": small_files,
    "logits.parquet": tables(logits, 5, 10_000),
    "wide_logits.parquet": tables(wide_logits, 5, 10_000),
    "triplets.parquet": tables(triplets, 4, 10_000),
    "groups.json": scored_groups,
    "shards.states": states,
    "thousand.csv": lines(1000),
    "ten.csv": lines(10),
    "ten.parquet": tables(scored, 1, 10),
    "ten_pairs.parquet": tables(views, 1, 10),
}


def make(folder: Path, names: Iterable[str]) -> None:
    """The files that are not there yet; one that was broken off is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path, part = folder / name, folder / f"{name}.part"
        if not path.exists():
            MAKERS[name](part, np.random.default_rng(sorted(MAKERS).index(name)))
            part.rename(path)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:])

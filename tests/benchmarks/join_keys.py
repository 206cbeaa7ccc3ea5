"""Paired runs of a join by text keys, in losscli and in DuckDB: CPU seconds, elapsed seconds and memory of both.

    python tests/benchmarks/join_keys.py --rows 2000000 --runs 5 --duckdb PYTHON_WITH_DUCKDB

The goal is at most three times DuckDB's CPU seconds, in memory that the targets bound. Both read the same two Parquet
files, whose rows are in different orders, and must agree on the mean squared error.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DUCKDB = """
import duckdb
query = "select avg((p - y) * (p - y)) from 'p.parquet' join 't.parquet' using (id)"
print(duckdb.connect().execute(query).fetchall()[0][0])
"""
LOSSCLI = ("eval", "p.parquet", "--targets", "t.parquet", "--on", "id", "-t", "y", "-p", "p", "-l", "mse", "-q")


def make(folder: Path, rows: int, each: int = 1) -> None:
    """Write targets, and `each` predictions of every target, in orders of their own."""
    rng = np.random.default_rng(1)
    keys = np.array([f"user-{i:012d}-{i * 2654435761 % 2**32:08x}" for i in range(rows)])
    order = rng.permutation(rows * each) % rows
    predictions = {"id": keys[order], "p": rng.normal(size=rows * each)}
    pq.write_table(pa.table(predictions), folder / "p.parquet")
    pq.write_table(pa.table({"id": keys[rng.permutation(rows)], "y": rng.normal(size=rows)}), folder / "t.parquet")


def run(command: list[str], folder: Path) -> tuple[float, float, float, int]:
    """The number that a command prints, its CPU seconds, its elapsed seconds, and its memory in KiB."""
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with exit code {process.returncode}")
    return float(printed.split()[-1]), used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a line a run and the ratios of the medians; 1 if the values differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--each", type=int, default=1, help="predictions of each target")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--duckdb", help="a Python that has duckdb; without it only losscli runs")
    given = parser.parse_args(arguments)
    many = ["--join", "many-to-one"] if given.each > 1 else []
    commands = {"losscli": [sys.executable, "-m", "losscli", *LOSSCLI, *many]}
    if given.duckdb:
        commands["duckdb"] = [given.duckdb, "-c", DUCKDB]
    with tempfile.TemporaryDirectory() as name:
        # In a process of its own: what this one has held would count as memory of the processes that it starts.
        maker = multiprocessing.get_context("spawn").Process(target=make, args=(Path(name), given.rows, given.each))
        maker.start()
        maker.join()
        found: dict[str, list[tuple[float, float, float, int]]] = {who: [] for who in commands}
        for _ in range(given.runs):
            for who, command in commands.items():
                found[who].append(run(command, Path(name)))
                value, cpu, elapsed, memory = found[who][-1]
                print(f"{who}\t{value}\t{cpu:.2f} s CPU\t{elapsed:.2f} s\t{memory >> 10} MiB")
    if not given.duckdb:
        return 0
    for at, what in ((1, "CPU"), (2, "elapsed"), (3, "memory")):
        ours, theirs = (statistics.median(each[at] for each in found[who]) for who in ("losscli", "duckdb"))
        print(f"{what}: {ours / theirs:.2f} times that of DuckDB")
    return 0 if all(math.isclose(a[0], b[0], rel_tol=1e-12) for a, b in zip(*found.values(), strict=True)) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Two threads beside a running Dask cluster of two workers, on the same machine: whole processes in turn.

    python tests/benchmarks/dask_runs.py [--runs N] [--only WORD] [--folder F] [--write]

The cluster runs before the first measurement, so its start is no part of any. Each round checks that both print the
same bytes. The data (3.5 GB) are made in the folder, once. --write puts the table into docs/dask.md.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "dask.md"
_BLOCK = re.compile(r"(<!-- measured: dask -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = ("files", "two threads", "Dask: wall", "Dask: CPU of this process", "ratio of the wall times", "goal", "met")
LOSSES = ("-t", "y", "-p", "p", "-l", "mse", "-l", "mae", "-f", "json")


@dataclass(frozen=True)
class Case:
    """Some files of the same number of rows, and how often the time of threads a cluster may take."""

    files: int
    rows: int
    suffix: str
    goal: float

    @property
    def name(self) -> str:
        return f"{self.files:,} {self.suffix} files of {self.rows:,} rows"

    @property
    def folder(self) -> str:
        return f"{self.suffix}_{self.files}_{self.rows}"


CASES = (Case(5000, 100, "csv", 1.5), Case(40, 500_000, "parquet", 1.3), Case(40, 5_000_000, "parquet", 1.3))


def make_data(case: Case, folder: Path) -> None:
    """The files that are not there yet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    place = folder / case.folder
    place.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for at in range(len(list(place.iterdir())), case.files):
        y = rng.normal(size=case.rows)
        table = pa.table({"y": y, "p": y + 0.3 * rng.normal(size=case.rows)})
        path = place / f"part{at:05}.{case.suffix}"
        pc.write_csv(table, path) if case.suffix == "csv" else pq.write_table(table, path, compression="none")


def measured(
    case: Case, scheduler: str, folder: Path, runs: int, variables: Mapping[str, str]
) -> list[tuple[Any, ...]]:
    """Rounds of both sides, threads first; `variables` are their environment."""
    from benchmarks import measure

    with tempfile.TemporaryDirectory() as scratch:
        outputs = [Path(scratch) / name for name in ("threads", "dask")]

        def side(output: Path, *options: str) -> Any:
            argv = [sys.executable, "-P", "-m", "losscli", "eval", case.folder, *LOSSES, *options]
            return lambda: measure.SplitResult(measure.process(argv, folder, variables, output))

        def compare() -> None:
            if outputs[0].read_bytes() != outputs[1].read_bytes():
                raise SystemExit(f"{case.name}: the cluster prints something else than threads")

        sides = [side(outputs[0], "--threads", "2"), side(outputs[1], "--engine", "dask", "--scheduler", scheduler)]
        return measure.in_turn(sides, runs, compare)


def cells(case: Case, rounds: Sequence[tuple[Any, ...]]) -> tuple[str, ...]:
    """A line of the table: medians, and median and quartiles of the ratios of the rounds."""
    from benchmarks.measure import Spread

    threads, dask = (Spread.of([taken[at].run.seconds for taken in rounds]).median for at in (0, 1))
    cpu = Spread.of([taken[1].run.cpu for taken in rounds]).median
    ratio = Spread.of([taken[1].run.seconds / taken[0].run.seconds for taken in rounds])
    return (
        case.name, f"{threads:.2f} s", f"{dask:.2f} s", f"{cpu:.2f} s",
        f"{ratio.median:.2f}× [{ratio.low:.2f} – {ratio.high:.2f}]", f"≤ {case.goal:g}×",
        "yes" if ratio.median <= case.goal else "no",
    )  # fmt: skip


def block(machine: str, lines: Sequence[Sequence[str]]) -> str:
    """The block of docs/dask.md."""
    rows = [_HEAD, ("---",) * len(_HEAD), *lines]
    return f"{machine}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main(args: Sequence[str]) -> int:
    """Measure, print, and write where that is asked for."""
    from differential.run import dask_scheduler

    from benchmarks.command import environment

    given = options(args)
    folder, lines = given.folder.resolve(), []
    cases = [case for case in CASES if given.only.lower() in case.name.lower()]
    for case in cases:
        make_data(case, folder)
    variables = environment(True)  # Dask adds some for its workers, such as one that makes each array cost page faults
    with dask_scheduler(True) as scheduler:
        assert scheduler is not None
        for case in cases:
            lines.append(cells(case, measured(case, scheduler, folder, given.runs, variables)))
            print(" | ".join(lines[-1]), flush=True)
    if given.write:
        found = block(f"Measured on {os.cpu_count()} cores, medians of {given.runs} runs of each in turn.", lines)
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_BLOCK.sub(lambda match: f"{match[1]}{found}{match[2]}", text), encoding="utf-8")
    return 0


def options(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "losscli-dask",
                        help="where the data are made and kept")  # fmt: skip
    parser.add_argument("--runs", type=int, default=7, help="runs of each side (default 7), after one that warms up")
    parser.add_argument("--only", default="", metavar="WORD", help="only what has this word; not with --write")
    parser.add_argument("--write", action="store_true", help="write the table in docs/dask.md")
    given = parser.parse_args(args)
    if given.write and given.only:
        parser.error("--write needs all lines")
    return given


if __name__ == "__main__":
    # Not the folder of this file, so that its modules are called the same here and in the tests.
    sys.path[:1] = [str(ROOT / "tests"), str(ROOT / "tests" / "support"), str(ROOT)]
    sys.exit(main(sys.argv[1:]))

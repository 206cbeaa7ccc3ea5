"""What statistics cost beside another checkout: processor seconds of the same commands in turn, and peak memory.

    python tests/benchmarks/against_checkout.py OTHER [--folder F] [--runs N] [--only WORD]

OTHER is a folder with a checkout. Commands run with `python -m losscli` of either, in turn, under the interpreter that
runs this file; a ratio is that of a pair of runs, and above 1 where this checkout takes longer. Data (1.4 GB) are made
once in the folder. It is run by hand, after a change of statistics: goals are 1.2 times the time and 300 MB.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MILLION = 1_000_000
TIME, MEMORY = 1.2, 300.0  # goals: the ratio of times, and MB

# File -> its rows and slices.
FILES = {
    "units_20m": (20 * MILLION, 1), "units_5m": (5 * MILLION, 1), "units_2m": (2 * MILLION, 1),
    "slices_2000": (MILLION, 2000), "slices_500": (MILLION, 500), "thousand": (1000, 1),
}  # fmt: skip

# What is done -> the command, with the file that it reads.
COMMANDS = {
    "5 M rows, mse": "eval units_5m.parquet -t y -p p -l mse --interval",
    "5 M rows, mse and mae": "eval units_5m.parquet -t y -p p -l mse -l mae --interval",
    "5 M rows, wmape": "eval units_5m.parquet -t y -p p -l wmape --interval",
    "5 M rows, rmse": "eval units_5m.parquet -t y -p p -l rmse --interval",
    "2,000 slices, three losses": "eval slices_2000.parquet -t y -p p -l mse -l mae -l rmse --by slice --interval",
    "2,000 slices, weighted": "eval slices_2000.parquet -t y -p p -l mse -l wmape --by slice -w w --interval",
    "2,000 slices, clusters": "eval slices_2000.parquet -t y -p p -l mse -l rmse --by slice --cluster user --interval",
    "2,000 slices, two terms": "eval slices_2000.parquet -t label -p p -l lsgan_discriminator --by slice --interval",
    "20 M rows, 60,000 clusters": "eval units_20m.parquet -t y -p p -l mse --cluster user",
    "20 M rows, mse and mae": "eval units_20m.parquet -t y -p p -l mse -l mae --interval",
    "20 M rows, two models": "compare units_20m.parquet -t y -p p -p q -l mse --permutations 0",
    "three models, 500 slices": "compare slices_500.parquet -t y -p p -p q -p r -l mse --by slice --permutations 0",
    "bootstrap of 2,000, 10,000 clusters": "eval units_2m.parquet -t y -p p -l rmse --cluster few --bootstrap 2000",
    "permutation test of 10,000": "compare units_2m.parquet -t y -p p -p q -l mse --cluster few --permutations 10000",
    "balanced class weights": "eval units_5m.parquet -t label -p odds -l bce --class-weight balanced --interval",
    "balanced class weights, 500 slices": "eval slices_500.parquet -t label -p odds -l bce --class-weight balanced"
    " --by slice --interval",
    "1,000 weighted rows": "eval thousand.parquet -t y -p p -l mse -l wmape -w w --interval",
}


def make_data(folder: Path) -> None:
    """The files that are not there yet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    def piece(rng: np.random.Generator, rows: int, slices: int) -> pa.Table:
        y = rng.normal(size=rows)
        odds = rng.uniform(0.001, 0.999, rows)
        return pa.table({
            "y": y,
            **{name: y + sigma * rng.normal(size=rows) for name, sigma in (("p", 0.3), ("q", 0.31), ("r", 0.32))},
            "odds": odds,
            "label": (rng.random(rows) < odds).astype(np.int64),
            "w": rng.lognormal(size=rows),
            "user": rng.integers(0, 60_000, rows),
            "few": rng.integers(0, 10_000, rows),
            "slice": rng.integers(0, slices, rows),
        })  # fmt: skip

    for name, (rows, slices) in FILES.items():
        path, part = folder / f"{name}.parquet", folder / f"{name}.part"
        if path.exists():
            continue
        rng = np.random.default_rng(len(name))
        with pq.ParquetWriter(part, piece(rng, 0, 1).schema, compression="zstd") as writer:
            for start in range(0, rows, MILLION):
                writer.write_table(piece(rng, min(MILLION, rows - start), slices))
        part.rename(path)


def taken(measure: object, checkout: Path, command: str, folder: Path, output: Path) -> object:
    """One run of a command."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LOSSCLI_", "PYTHON"))}
    argv = [sys.executable, "-P", "-m", "losscli", *shlex.split(command), "-f", "csv"]
    usage = measure.process(argv, folder, {**environment, "PYTHONPATH": str(checkout)}, output)  # type: ignore
    return measure.SplitResult(usage)  # type: ignore


def main(args: Sequence[str]) -> int:
    """1 where a goal is missed."""
    from benchmarks import measure

    given = options(args)
    folder = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # A process of its own: what makes the data is large, and a child's peak is never below that of its parent.
    subprocess.run([sys.executable, __file__, "--data", str(folder)], check=True)
    missed = 0
    print(f"{'what':38}{'CPU s':>8}{'other':>8}{'ratio':>8}  quartiles      peak MB")
    with tempfile.TemporaryDirectory() as scratch:
        for work, command in COMMANDS.items():
            if given.only not in work:
                continue
            sides: list[Callable[[], measure.SplitResult]] = [
                partial(taken, measure, checkout, command, folder, Path(scratch) / f"{number}.out")  # type: ignore
                for number, checkout in enumerate((ROOT, given.other.resolve()))
            ]
            rounds = measure.in_turn(sides, given.runs, lambda: None)
            ratio = measure.Spread.of([ours.run.cpu / theirs.run.cpu for ours, theirs in rounds])
            ours, theirs = (
                measure.Spread.of([side.run.cpu for side in each]).median for each in zip(*rounds, strict=True)
            )
            peak = max(own.run.peak for own, _ in rounds)
            told = "" if ratio.median <= TIME and peak <= MEMORY else "  missed"
            missed += bool(told)
            print(f"{work:38}{ours:8.2f}{theirs:8.2f}{ratio.median:8.2f}  {ratio.low:.2f} – {ratio.high:.2f}"
                  f"{peak:12.0f}{told}", flush=True)  # fmt: skip
    return 1 if missed else 0


def options(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, metavar="OTHER", help="the folder of another checkout")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "losscli-statistics",
                        help="where the data are made and kept")  # fmt: skip
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs a row (default 5)")
    parser.add_argument("--only", default="", metavar="WORD", help="only what has this word")
    return parser.parse_args(args)


if __name__ == "__main__":
    # Not the folder of this file, so that its modules are called the same here and in the tests.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    if sys.argv[1:2] == ["--data"]:
        make_data(Path(sys.argv[2]))
        sys.exit()
    sys.exit(main(sys.argv[1:]))

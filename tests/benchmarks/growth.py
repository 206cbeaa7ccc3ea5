"""Do processor time and memory grow in straight lines? One thing grows at a time; each size is a process of its own.

    python tests/benchmarks/growth.py [--largest 100000000] [--runs N] [--only WORD] [--write]

Without --largest there are up to 10 million rows; up to 100 million take some minutes more, and 2 GB of data. The data
are made in the folder, once. --write puts the table into docs/speed.md.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "speed.md"
_BLOCK = re.compile(r"(<!-- measured: growth -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = ("what grows", "measured at", "CPU seconds", "straight line", "off by", "memory, MB")
MILLION = 1_000_000
LOSSES = ("mse", "mae", "rmse", "bias", "mape", "smape", "log_cosh", "huber", "huber:delta=2", "huber:delta=3",
          "pinball", "pinball:q=0.1", "pinball:q=0.2", "pinball:q=0.3", "pinball:q=0.4", "pinball:q=0.6",
          "pinball:q=0.7", "pinball:q=0.8", "pinball:q=0.9", "max_error")  # fmt: skip


@dataclass(frozen=True)
class Series:
    """What grows, and how: the sizes, the words of the command for a size, and what a step of the line is told in."""

    what: str
    sizes: tuple[int, ...]
    command: Callable[[int], list[str]]
    step: int = 1


def _each(option: str, words: Sequence[str]) -> list[str]:
    return [part for word in words for part in (option, word)]


SERIES = (
    Series("rows (mse and mae, Parquet)", (10_000, 100_000, MILLION, 10 * MILLION, 100 * MILLION),
           lambda size: [f"rows_{size}.parquet", "-t", "y", "-p", "m_0", "-l", "mse", "-l", "mae"], MILLION),
    Series("losses (2 million rows)", (1, 2, 5, 10, 20),
           lambda size: ["models.parquet", "-t", "y", "-p", "m_0", *_each("-l", LOSSES[:size])]),
    Series("models (2 million rows, mse)", (1, 2, 5, 10, 20),
           lambda size: ["models.parquet", "-t", "y", *_each("-p", [f"m_{at}" for at in range(size)]), "-l", "mse"]),
    Series("groups (2 million rows, mse)", (100, 1000, 10_000, 100_000, MILLION),
           lambda size: ["models.parquet", "-t", "y", "-p", "m_0", "-l", "mse", "--by", f"g_{size}",
                         "--max-slices", str(MILLION)], 100_000),
    Series("files (CSV of 100 rows)", (10, 100, 1000, 4000),
           lambda size: [f"files_{size}", "-t", "y", "-p", "m_0", "-l", "mse", "-l", "mae"], 1000),
    Series("columns (cross_entropy of 100,000 rows)", (3, 10, 30, 100, 300),
           lambda size: ["classes.parquet", "-t", "class", "-p", ",".join(f"c_{at}" for at in range(size)), "-l",
                         "cross_entropy_with_logits"], 100),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """CPU seconds at size 0 and of one step more, and by what share the furthest measurement is off."""

    start: float
    slope: float
    off: float


def fitted(sizes: Sequence[int], seconds: Sequence[float], step: int) -> Line:
    """The line with the least squares of relative errors: small sizes count as much as large ones."""
    weights = [1 / t**2 for t in seconds]
    xs = [size / step for size in sizes]
    total = sum(weights)
    x = sum(w * x for w, x in zip(weights, xs, strict=True)) / total
    y = sum(w * t for w, t in zip(weights, seconds, strict=True)) / total
    over = sum(w * (one - x) * (t - y) for w, one, t in zip(weights, xs, seconds, strict=True))
    slope = over / sum(w * (one - x) ** 2 for w, one in zip(weights, xs, strict=True))
    start = y - slope * x
    return Line(start, slope, max(abs(start + slope * one - t) / t for one, t in zip(xs, seconds, strict=True)))


def cells(series: Series, sizes: Sequence[int], taken: Sequence[Any]) -> tuple[str, ...]:
    """A line of the table; `taken` are the medians at the sizes."""
    line = fitted(sizes, [usage.cpu for usage in taken], series.step)
    unit = "each" if series.step == 1 else f"per {series.step:,}"
    peaks = [usage.peak for usage in taken]
    return (
        series.what, " · ".join(f"{size:,}" for size in sizes), " · ".join(f"{usage.cpu:.2f}" for usage in taken),
        f"{line.start:.2f} + {line.slope:.3g} {unit}", f"{100 * line.off:.0f} %", f"{peaks[0]:.0f} – {peaks[-1]:.0f}",
    )  # fmt: skip


def block(machine: str, lines: Sequence[Sequence[str]]) -> str:
    """The block of docs/speed.md."""
    rows = [_HEAD, ("---",) * len(_HEAD), *lines]
    return f"{machine}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def make_data(folder: Path, largest: int) -> None:
    """The files that are not there yet."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)

    def errors(rows: int, models: int) -> dict[str, Any]:
        y = rng.normal(size=rows)
        return {"y": y, **{f"m_{at}": y + 0.3 * rng.normal(size=rows) for at in range(models)}}

    def written(name: str, piece: pa.Table, times: int = 1) -> None:
        if not (folder / name).exists():
            with pq.ParquetWriter(folder / f"{name}.part", piece.schema, compression="none") as writer:
                for _ in range(times):
                    writer.write_table(piece, row_group_size=MILLION)
            (folder / f"{name}.part").rename(folder / name)

    for size in SERIES[0].sizes:
        if size <= largest:
            piece = min(size, MILLION)
            written(f"rows_{size}.parquet", pa.table(errors(piece, 1)), size // piece)
    if not (folder / "models.parquet").exists():
        # Each group occurs, and in any order.
        groups = {f"g_{size}": rng.permutation(np.arange(2 * MILLION) % size) for size in SERIES[3].sizes}
        written("models.parquet", pa.table({**errors(2 * MILLION, max(SERIES[2].sizes)), **groups}))
    classes = {f"c_{at}": rng.normal(size=100_000) for at in range(max(SERIES[5].sizes))}
    written("classes.parquet", pa.table({"class": rng.integers(0, 3, 100_000), **classes}))
    for size in SERIES[4].sizes:
        (folder / f"files_{size}").mkdir(exist_ok=True)
        for at in range(len(list((folder / f"files_{size}").iterdir())), size):
            pc.write_csv(pa.table(errors(100, 1)), folder / f"files_{size}" / f"part{at:05}.csv")


def measured(series: Series, sizes: Sequence[int], folder: Path, runs: int) -> list[Any]:
    """The medians at each size."""
    from benchmarks import measure
    from benchmarks.command import environment

    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for size in sizes:
            argv = [sys.executable, "-P", "-m", "losscli", "eval", *series.command(size), "-f", "csv"]
            each = [measure.process(argv, folder, environment(True), Path(scratch) / "out") for _ in range(runs)]
            middle = [statistics.median(getattr(one, what) for one in each) for what in ("seconds", "cpu", "peak")]
            found.append(measure.Usage(*middle))
    return found


def main(args: Sequence[str]) -> int:
    """Measure, print, and write where that is asked for."""
    given = options(args)
    folder = given.folder.resolve()
    # A process of its own: what makes the data is large, and a child's peak is never below that of its parent.
    subprocess.run([sys.executable, __file__, "--data", str(folder), str(given.largest)], check=True)
    lines = []
    for series in SERIES:
        sizes = [size for size in series.sizes if size <= given.largest]
        if given.only in series.what:
            lines.append(cells(series, sizes, measured(series, sizes, folder, given.runs)))
            print(" | ".join(lines[-1]), flush=True)
    if given.write:
        machine = f"Measured on {os.cpu_count()} cores, the median of {given.runs} runs of each size."
        text = PAGE.read_text(encoding="utf-8")
        found = block(machine, lines)
        PAGE.write_text(_BLOCK.sub(lambda match: f"{match[1]}{found}{match[2]}", text), encoding="utf-8")
    return 0


def options(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "losscli-growth",
                        help="where the data are made and kept")  # fmt: skip
    parser.add_argument("--largest", type=int, default=10 * MILLION, metavar="N", help="leave out sizes above this")
    parser.add_argument("--runs", type=int, default=3, help="runs of each size (default 3)")
    parser.add_argument("--only", default="", metavar="WORD", help="only what has this word; not with --write")
    parser.add_argument("--write", action="store_true", help="write the table in docs/speed.md")
    given = parser.parse_args(args)
    if given.write and given.only:
        parser.error("--write needs all lines")
    return given


if __name__ == "__main__":
    # Not the folder of this file, so that its modules are called the same here and in the tests.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    if sys.argv[1:2] == ["--data"]:
        make_data(Path(sys.argv[2]), int(sys.argv[3]))
        sys.exit()
    sys.exit(main(sys.argv[1:]))

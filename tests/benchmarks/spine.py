"""Start-up, peak memory and rate of the command, as whole processes; run by hand.

    python tests/benchmarks/spine.py [FOLDER]

Makes its data once in FOLDER (default: a folder of the temporary directory; 1.4 GB): 20 million rows of two doubles
as Parquet, 1 GB of CSV, a thousand rows of CSV. Times are medians of runs taken in turn with the yardstick
`python -c "import click, numpy, pyarrow.csv"`, because machines differ and are noisy: judge the ratios.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAKE = """
import sys, numpy as np, pyarrow as pa, pyarrow.csv as pc, pyarrow.parquet as pq
folder, rng = sys.argv[1], np.random.default_rng(0)
def table(n):
    y = rng.normal(size=n)
    return pa.table({"y": y, "p": y + 0.3 * rng.normal(size=n)})
pc.write_csv(table(1000), f"{folder}/thousand.csv")
with pq.ParquetWriter(f"{folder}/rows20m.parquet", table(1).schema, compression="zstd") as out:
    for _ in range(20):
        out.write_table(table(1_000_000))
with open(f"{folder}/gigabyte.csv", "wb") as out:
    out.write(b"y,p\\n")
    while out.tell() < 1_000_000_000:
        pc.write_csv(table(1_000_000), out, pc.WriteOptions(include_header=False))
"""
YARDSTICK = ["-c", "import click, numpy, pyarrow.csv"]
BINDING = ["-t", "y", "-p", "p"]


def process(args: list[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of one process; this parent stays small, because a child inherits its peak."""
    started = time.perf_counter()
    child = subprocess.Popen([sys.executable, *args], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(args)}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def in_turn(args: list[str], runs: int = 9) -> tuple[float, float]:
    """Median seconds of a command and of the yardstick, run alternately."""
    pairs = [(process(args)[0], process(YARDSTICK)[0]) for _ in range(runs + 1)][1:]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "losscli-benchmark")
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "gigabyte.csv").exists():
        subprocess.run([sys.executable, "-c", MAKE, str(folder)], check=True)
    command = ["-m", "losscli"]
    small = [*command, "eval", str(folder / "thousand.csv"), *BINDING, "-l", "mse", "-f", "json"]
    print("start-up                          seconds   yardstick   ratio   budget")
    for name, args, budget in (
        ("--version", [*command, "--version"], 60 / 120),
        ("--help", [*command, "--help"], 90 / 120),
        ("eval, 1,000-row CSV to JSON", small, 280 / 120),
    ):
        seconds, yardstick = in_turn(args)
        print(f"{name:32} {seconds:8.3f} {yardstick:11.3f} {seconds / yardstick:7.2f} {budget:8.2f}")
    print("\nlarge files                       seconds   peak MB   budget MB")
    for name in ("rows20m.parquet", "gigabyte.csv"):
        seconds, peak = process([*command, "eval", str(folder / name), *BINDING, "-l", "mse", "-l", "mae"])
        print(f"{name:32} {seconds:8.2f} {peak:9.0f} {300:11d}")


if __name__ == "__main__":
    main()

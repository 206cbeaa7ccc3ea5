"""How often gates err, by simulation: the table of docs/statistics.md.

    python tests/benchmarks/gate_errors.py --write

Each sample is a slice of one run of losscli, so that the p-values are those of its gates. 20 samples make a family.
`significant` errs where a model that is exactly at the tolerance fails, in any of the 20 slices; `shown` where a model
that is exactly at the tolerance passes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from losscli.statistics.multiple_testing import holm

PAGE = Path(__file__).parent.parent.parent / "docs" / "statistics.md"
BEGIN, END = "<!-- gate_errors: begin -->", "<!-- gate_errors: end -->"
SLICES, ALPHA = 20, 0.025
MEAN = math.sqrt(2 / math.pi)  # of the absolute value of a normal error

Losses = Callable[[np.random.Generator, int], np.ndarray]


def normal(rng: np.random.Generator, size: int) -> np.ndarray:
    """Absolute normal errors."""
    return np.abs(rng.standard_normal(size))


def skewed(rng: np.random.Generator, size: int) -> np.ndarray:
    """Log-normal errors."""
    return rng.lognormal(sigma=1.0, size=size)


class Case(NamedTuple):
    """Two models of which the second is exactly at the tolerance of the gate."""

    name: str
    tolerance: str
    losses: Losses
    worse: Callable[[np.ndarray], np.ndarray]


CASES = (
    Case("normal errors, no tolerance", "", normal, lambda errors: errors),
    Case("normal errors, +20%", "+20%", normal, lambda errors: 1.2 * errors),
    Case("normal errors, both of max(20%,…)", f"+max(20%,{0.2 * MEAN!r})", normal, lambda errors: 1.2 * errors),
    Case("log-normal errors, +20%", "+20%", skewed, lambda errors: 1.2 * errors),
)


class Rates(NamedTuple):
    """The rates of errors: of one `significant` gate, of 20 without and with Holm's method, and of one `shown` gate."""

    single: float
    uncorrected: float
    holm: float
    shown: float


def rates(case: Case, rows: int, families: int, seed: int = 1) -> Rates:
    """The rates of errors in so many families of 20 slices with so many rows each."""
    samples = families * SLICES
    rng = np.random.default_rng([seed, rows, CASES.index(case)])
    errors = {"a": case.losses(rng, samples * rows), "b": case.worse(case.losses(rng, samples * rows))}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        columns = {"y": np.zeros(samples * rows), "s": np.repeat(np.arange(samples), rows), **errors}
        pa.parquet.write_table(pa.table(columns), path / "data.parquet")
        gates = [f"b/mae<=a{case.tolerance} {test} by s" for test in ("significant", "shown")]
        command = [sys.executable, "-m", "losscli", "eval", "data.parquet", "-t", "y", "-p", "a", "-p", "b",
                   "-l", "mae", "--gate", gates[0], "--gate", gates[1], "-q", "-o", "report.json"]  # fmt: skip
        places = os.pathsep.join([str(PAGE.parent.parent), os.environ.get("PYTHONPATH", "")])
        subprocess.run(command, cwd=folder, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": places})
        found = json.loads((path / "report.json").read_text(encoding="utf-8"))["gates"]
    tests = {gate: [one["test"] for one in found if one["gate"] == gate] for gate in gates}
    worse = np.array([test["p"] for test in tests[gates[0]]]).reshape(families, SLICES)
    within = np.array([test["p"] for test in tests[gates[1]]])
    corrected = [min(holm(list(family))) < ALPHA for family in worse]
    return Rates(float((worse < ALPHA).mean()), float((worse < ALPHA).any(axis=1).mean()), float(np.mean(corrected)),
                 float((within < ALPHA).mean()))  # fmt: skip


def table(sizes: tuple[int, ...], families: int) -> str:
    """The table of all cases, in Markdown."""
    lines = ["| errors and tolerance | rows | one `significant` | any of 20, uncorrected | any of 20, Holm | `shown` |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for case in CASES:
        for rows in sizes:
            found = rates(case, rows, families)
            lines.append(f"| {case.name} | {rows} | " + " | ".join(f"{100 * rate:.1f} %" for rate in found) + " |")
    return "\n".join(lines)


def _spread(samples: int) -> float:
    return 2 * math.sqrt(ALPHA * (1 - ALPHA) / samples)


def main(arguments: list[str]) -> int:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", type=int, default=200, help="families of 20 samples a line")
    parser.add_argument("--rows", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--write", action="store_true", help="write the table into docs/statistics.md")
    given = parser.parse_args(arguments)
    text = table(tuple(given.rows), given.families)
    if not given.write:
        print(text)
        return 0
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    note = (f"{given.families:,} families of 20 samples a line, each exactly at the tolerance; by chance, rates of "
            f"single gates are off by ±{100 * _spread(given.families * SLICES):.1f} %, those of families by "
            f"±{100 * _spread(given.families):.1f} % (two standard deviations).")  # fmt: skip
    PAGE.write_text(f"{before}{BEGIN}\n{note}\n\n{text}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

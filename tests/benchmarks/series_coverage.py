"""Simulates the intervals of --time and --sequential, and writes their tables to docs/statistics.md.

    python -m tests.benchmarks.series_coverage looks                   # 10,000 samples each
    python -m tests.benchmarks.series_coverage series --samples 2000   # two minutes; bootstraps have fewer samples
    python -m tests.benchmarks.series_coverage series --samples 100 --print

The suite runs short forms: test_time_series and test_sequential.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.support.series_simulation import ever_missed_proportion, simulate, simulate_blocks, simulate_looks

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
AUTOCORRELATIONS, LENGTHS = (0.0, 0.3, 0.7, 0.9), (30, 100, 1000)
DRAWS = {
    "normal values": (lambda rng, size: rng.standard_normal(size), 0.0),
    "squares of normal values": (lambda rng, size: rng.standard_normal(size) ** 2, 1.0),
    "exponential values": (lambda rng, size: rng.exponential(size=size), 1.0),
    "differences of squares": (lambda rng, size: rng.standard_normal(size) ** 2 - rng.standard_normal(size) ** 2, 0.0),
}


def series(samples: int) -> Iterator[str]:
    """Autoregressions: coverage of 95 % intervals, and how often a warning is there."""
    yield "| autocorrelation | times | rows taken as independent | `--time` | warned | with `--bootstrap` |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for phi in AUTOCORRELATIONS:
        for n in LENGTHS:
            found = simulate(phi, n, samples)
            blocks = simulate_blocks(phi, n, max(50, samples // (2 if n < 1000 else 10)))
            yield (
                f"| {phi:g} | {n:,} | {100 * found.independent:.1f} % | {100 * found.covered:.1f} % | "
                f"{100 * found.warned:.0f} % | {100 * blocks:.1f} % |"
            )


def looks(samples: int) -> Iterator[str]:
    """Looks after each of 1,000 rows: how often the value is outside at any."""
    yield "| values | interval of a fixed size | `--sequential` |"
    yield "|---|---:|---:|"
    for name, (draw, mean) in DRAWS.items():
        found = simulate_looks(draw, mean, samples)
        yield f"| {name} | {100 * found.fixed:.1f} % | {100 * found.sequence:.1f} % |"
    for p in (0.02, 0.5):
        missed = ever_missed_proportion(p, samples, np.random.default_rng(0))
        yield f"| 0 and 1, {100 * p:g} % of them 1 | | {100 * missed:.1f} % |"


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=["looks", "series"])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--print", action="store_true", help="write nothing")
    given = parser.parse_args()
    lines = []
    for line in {"looks": looks, "series": series}[given.table](given.samples):
        print(line, flush=True)
        lines.append(line + "\n")
    if given.print:
        return
    text = PAGE.read_text(encoding="utf-8")
    block = re.compile(rf"(<!-- simulated: {given.table} -->\n\n).*?(<!-- end -->)", re.DOTALL)
    assert block.search(text), f"{PAGE} has no block '{given.table}'"
    PAGE.write_text(block.sub(lambda found: found[1] + "".join(lines) + "\n" + found[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()

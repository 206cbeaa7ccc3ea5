"""How often each test of a comparison shows a difference that is not there, and how often one that is.

    python tests/statistics/error_rates.py [--samples 10000] [--write]

prints the table of docs/statistics.md; --write puts it there. Every sample has two models of the same quality: what one
unit's difference is, its negative could have been. Rows of a cluster are alike.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from losscli.statistics.decisions import Units, choose
from losscli.statistics.degrees_of_freedom import of_shares, satterthwaite
from losscli.statistics.hypothesis_tests import mcnemar, paired_t
from losscli.statistics.permutation import permutation_test
from losscli.statistics.wild_bootstrap import wild_cluster_bootstrap

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- error rates: tests/statistics/error_rates.py --write -->", "<!-- end of error rates -->"
ALPHA = Fraction(1, 20)
DRAWS = 999
TESTS = ("t", "permutation", "wild", "mcnemar", "mcnemar-mid-p")

Draw = Callable[[np.random.Generator, int], np.ndarray]  # losses of a model, for so many rows


@dataclass(frozen=True)
class Cell:
    """One kind of sample: what losses are like, and the sizes of its clusters (1: independent rows)."""

    losses: str
    units: str
    sizes: Callable[[np.random.Generator], np.ndarray]

    @property
    def name(self) -> str:
        return f"{self.losses}, {self.units}"


def independent(count: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: np.ones(count, int)


def log_normal(count: int) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: np.maximum(1, rng.lognormal(2.3, 1, count)).astype(int)


CELLS = (
    *(Cell(losses, f"{n} rows", independent(n)) for losses in ("normal", "skewed", "0/1") for n in (5, 10, 20, 100)),
    *(Cell("skewed", f"{n} clusters of 10", lambda rng, n=n: np.full(n, 10)) for n in (5, 10, 20, 50)),
    *(Cell("skewed", f"{n} clusters, log-normal sizes", log_normal(n)) for n in (3, 5, 10, 20, 100)),
    Cell("skewed", "1 cluster of 1,000, 19 of 10", lambda rng: np.array([1000] + [10] * 19)),
    Cell("0/1", "20 clusters, log-normal sizes", log_normal(20)),
    Cell("0/1", "60 clusters, log-normal sizes", log_normal(60)),
)


def losses_of(kind: str, rng: np.random.Generator, of_cluster: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Losses whose rows in a cluster are alike, from standard normal numbers of clusters and of rows."""
    latent = of_cluster + own
    if kind == "skewed":
        return np.exp(latent)
    return latent if kind == "normal" else (latent > 1.0) * 1.0


def sample(cell: Cell, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """What each unit contributes to the difference, its share of the rows, and the rows that only one has right."""
    sizes = cell.sizes(rng)
    user = np.repeat(np.arange(len(sizes)), sizes)
    alike = 0.0 if sizes.max() == 1 else 0.6
    first, second = (
        losses_of(cell.losses, rng, alike * rng.normal(size=len(sizes))[user],
                  math.sqrt(1 - alike**2) * rng.normal(size=len(user)))
        for _ in range(2)
    )  # fmt: skip
    difference = first - second
    values = np.bincount(user, difference, len(sizes)) / len(user)
    return values, sizes / len(user), (int((difference < 0).sum()), int((difference > 0).sum()))


def t_p_value(values: np.ndarray, shares: np.ndarray) -> float:
    """The paired t test with CR2 and the degrees of freedom of Bell and McCaffrey."""
    residuals = values - shares * values.sum()
    stderr = math.sqrt(float((residuals**2 / (1 - shares)).sum()))
    if stderr == 0:
        return 1.0
    df = satterthwaite([1.0], *of_shares([shares]))
    return paired_t(float(values.sum()), stderr, df)[1]


def p_values(
    cell: Cell, number: int, values: np.ndarray, shares: np.ndarray, outcomes: tuple[int, int]
) -> dict[str, float]:
    """The p-value of each test, and of the one that decides."""
    halves = values[:, None] / 2
    permuted = permutation_test(halves, -halves, lambda totals: totals[..., 0], DRAWS, 0, (number,))
    wild = wild_cluster_bootstrap(values, shares, DRAWS, 0, (number,), ALPHA, with_interval=False)
    found = {"t": t_p_value(values, shares), "permutation": permuted.p, "wild": 1.0 if wild is None else wild.p}
    binary, alike = cell.losses == "0/1", float(shares.max()) * len(shares) < 1 + 1e-9 and cell.units.endswith("rows")
    if binary and alike:
        found.update({"mcnemar": mcnemar(*outcomes), "mcnemar-mid-p": mcnemar(*outcomes, mid_p=True)})
    constant = not np.ptp(values / shares)
    units = Units(len(shares), 1 / float((shares**2).sum()), binary, alike, constant)
    return {**found, "auto": found[choose(units).test]}


def rates(cell: Cell, samples: int, seed: int = 0) -> dict[str, float]:
    """The share of samples in which each test shows a difference at 95 %."""
    rng = np.random.default_rng([seed, *cell.name.encode()])
    shown: dict[str, int] = {}
    for number in range(samples):
        for test, p in p_values(cell, number, *sample(cell, rng)).items():
            shown[test] = shown.get(test, 0) + (p < 0.05)
    return {test: count / samples for test, count in shown.items()}


def table(samples: int, cells: tuple[Cell, ...] = CELLS) -> Iterator[str]:
    """The lines of the table."""
    noise = 100 * 1.96 * math.sqrt(0.05 * 0.95 / samples)
    yield (f"{samples:,} samples each, without a difference; a rate of 5 % is known to ± {noise:.1f} %. "
           "Bold: the test that decides.")  # fmt: skip
    yield ""
    yield "| losses | units | t | permutation | wild bootstrap | McNemar | McNemar (mid-p) |"
    yield "|---|---|--:|--:|--:|--:|--:|"
    for cell in cells:
        found = rates(cell, samples)
        rng = np.random.default_rng(0)
        values, shares, _ = sample(cell, rng)
        alike = cell.units.endswith("rows")
        decides = choose(Units(len(values), 1 / float((shares**2).sum()), cell.losses == "0/1", alike, False)).test
        texts = [f"{100 * found[test]:.1f} %" if test in found else "" for test in TESTS]
        texts = [f"**{text}**" if test == decides else text for test, text in zip(TESTS, texts, strict=True)]
        yield f"| {cell.losses} | {cell.units} | {' | '.join(texts)} |"


def write(lines: list[str]) -> None:
    """Put the table into the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + "\n".join([BEGIN, *lines, END]) + after, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    lines = []
    for line in table(given.samples):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        lines.append(line)
    if given.write:
        write(lines)


if __name__ == "__main__":
    main()

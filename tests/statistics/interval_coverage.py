"""Empirical coverage of confidence intervals in simulations: the table of docs/statistics.md.

    python tests/statistics/interval_coverage.py --samples 10000            # prints the table
    python tests/statistics/interval_coverage.py --samples 10000 --write    # and writes it

Samples are slices of runs, so that each interval is that of a whole run of its rows. Weighted samples come in runs of
at most 1,024 rows, of which the rows are kept. Beside the share of samples whose interval holds the true value stands
that of samples of which a run warns, and below the tables where the two miss the goal of the warnings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np

import losscli
from losscli.statistics import uncertainty
from losscli.statistics.contribution_sums import ContributionSums

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
SIZES = (10, 30, 100, 1000)
ROWS = 200_000  # of a run
KEPT = 1024
LOW, HIGH = 0.92, 0.94  # coverage below which samples are to be warned of, and above which they are not
MOST, FEW = 0.9, 0.1  # the shares of samples that are to be warned of there: at least, and at most
Draw = Callable[[np.random.Generator, tuple[int, int]], dict[str, np.ndarray]]


def errors(values: Callable[[np.random.Generator, tuple[int, int]], np.ndarray]) -> Draw:
    """Predictions of targets of 0."""
    return lambda rng, shape: {"y": np.zeros(shape), "p": values(rng, shape)}


def rare(rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """Calibrated probabilities of about 1 %."""
    p = 1 / (1 + np.exp(5.1 - rng.normal(size=shape)))
    return {"y": (rng.uniform(size=shape) < p).astype(float), "p": p}


def decisions(rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """Decisions of which 2 % are wrong."""
    return {"y": np.ones(shape), "p": np.where(rng.uniform(size=shape) < 0.02, 0.1, 0.9)}


def weighted(rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """Normal errors with log-normal weights."""
    return {"y": np.zeros(shape), "p": rng.normal(size=shape), "w": rng.lognormal(size=shape)}


def _mean_log_loss() -> float:
    rng = np.random.default_rng(0)
    p = 1 / (1 + np.exp(5.1 - rng.normal(size=4_000_000)))
    return float(np.mean(-(p * np.log(p) + (1 - p) * np.log1p(-p))))


# name, loss, what is drawn, the true value
CASES: tuple[tuple[str, str, Draw, float], ...] = (
    ("normal: `mae` of values far from 0", "mae", errors(lambda r, s: 50 + r.normal(size=s)), 50.0),
    ("skewed: `mse` of normal errors", "mse", errors(lambda r, s: r.normal(size=s)), 1.0),
    ("skewed: `mae` of log-normal errors", "mae", errors(lambda r, s: r.lognormal(size=s)), float(np.exp(0.5))),
    ("heavy: `mse` of t errors, 3 degrees of freedom", "mse", errors(lambda r, s: r.standard_t(3, size=s)), 3.0),
    ("rare positives, 1 %: `bce`", "bce", rare, _mean_log_loss()),
    ("0/1, 2 % wrong: `zero_one`", "zero_one", decisions, 0.02),
    ("log-normal weights: `mse` of normal errors", "mse", weighted, 1.0),
)


def cluster_samples(rng: np.random.Generator, clusters: int, unequal: bool, samples: int) -> Iterator[dict]:
    """Squares of errors that are alike within clusters: runs of samples."""
    at_once = max(1, ROWS // (clusters * 10))
    for start in range(0, samples, at_once):
        many = min(at_once, samples - start)
        sizes = np.full((many, clusters), 10)
        if unequal:
            sizes = np.maximum(1, np.round(10 * rng.lognormal(size=(many, clusters)) / np.exp(0.5))).astype(int)
        of = np.repeat(np.arange(many * clusters), sizes.ravel())
        error = np.sqrt(0.5) * (rng.normal(size=many * clusters)[of] + rng.normal(size=len(of)))
        yield {"y": np.zeros(len(of)), "p": error, "user": of, "sample": of // clusters}


def row_samples(rng: np.random.Generator, draw: Draw, rows: int, samples: int) -> Iterator[dict]:
    """Runs of samples of independent rows."""
    few = "w" in draw(rng, (1, 2))
    at_once = max(1, (KEPT if few else ROWS) // rows)
    for start in range(0, samples, at_once):
        many = min(at_once, samples - start)
        data = {name: values.ravel() for name, values in draw(rng, (many, rows)).items()}
        yield {**data, "sample": np.repeat(np.arange(many), rows)}


class Coverage(NamedTuple):
    """The shares of samples whose interval holds the true value, that have an interval, and that are warned of."""

    inside: float
    intervals: float
    warned: float

    def __str__(self) -> str:
        return f"{self.inside:.3f} ({100 * self.warned:.0f} %)"


def covered(runs: Iterator[dict], loss: str, true_value: float, **settings: object) -> Coverage:
    """The coverage of the intervals of samples, which are the slices of runs."""
    inside = intervals = samples = told = 0
    for data in runs:
        more = {"weight": "w"} if "w" in data else {"cluster": "user"} if "user" in data else {}
        kept: list[ContributionSums] = []  # which slices are told of: the text has their number only

        def keep(*given: object, kept: list[ContributionSums] = kept) -> ContributionSums:
            kept.append(ContributionSums(*given))
            return kept[-1]

        with mock.patch.object(uncertainty, "ContributionSums", keep):
            report = losscli.evaluate(data, loss, target="y", pred="p", by="sample", interval=True, **more, **settings)
        found = [result.interval for result in report if result.by]
        samples += len(found)
        intervals += sum(ends is not None for ends in found)
        inside += sum(ends is not None and ends[0] <= true_value <= ends[1] for ends in found)
        sums = kept[0]  # any other is of all rows
        told += len({*sums.few_clusters.slices, *sums.skewed_estimates.slices})
    return Coverage(inside / samples, intervals / samples, told / samples)


def table(samples: int, seed: int = 0, sizes: tuple[int, ...] = SIZES) -> str:
    """The tables in Markdown, and where warnings miss their goal."""
    rng = np.random.default_rng(seed)
    found: dict[str, Coverage] = {}
    lines = ["| rows | " + " | ".join(f"{n:,}" for n in sizes) + " |", "|---|" + "--:|" * len(sizes)]
    for name, loss, draw, true_value in CASES:
        for n in sizes:
            few = samples if not ("w" in draw(rng, (1, 2)) and n > 100) else max(100, samples // 10)
            found[f"{name}, {n:,} rows"] = covered(row_samples(rng, draw, n, few), loss, true_value)
        lines.append(f"| {name} | {' | '.join(map(str, list(found.values())[-len(sizes) :]))} |")
    counts = (3, 5, 10, 20, 100)
    lines += ["", "| clusters of 10 rows that are alike (correlation 0.5): `mse` | "
              + " | ".join(map(str, counts)) + " |", "|---|" + "--:|" * len(counts)]  # fmt: skip
    for name, unequal in (("equal", False), ("log-normal sizes", True)):
        for g in counts:
            found[f"{g} clusters, {name}"] = covered(cluster_samples(rng, g, unequal, samples), "mse", 1.0)
        lines.append(f"| {name} | {' | '.join(map(str, list(found.values())[-len(counts) :]))} |")
    return "\n".join([*lines, "", *missed(found)])


def missed(found: Mapping[str, Coverage]) -> list[str]:
    """Lists of where too few samples are warned of, and where too many."""
    few = [f"- {name}: {one}" for name, one in found.items() if one.inside < LOW and one.warned < MOST]
    many = [f"- {name}: {one}" for name, one in found.items() if one.inside > HIGH and one.warned > FEW]
    return [
        f"Coverage below {LOW}, and fewer than {100 * MOST:.0f} % of samples warned of:", "", *(few or ["- none"]), "",
        f"Coverage above {HIGH}, and more than {100 * FEW:.0f} % of samples warned of:", "", *(many or ["- none"]),
    ]  # fmt: skip


def main() -> None:
    """Print the table; with --write put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    found = table(asked.samples, asked.seed)
    sys.stdout.write(f"{found}\n")
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        command = f"`python tests/statistics/interval_coverage.py --samples {asked.samples} --write`"
        PAGE.write_text(f"{before}{BEGIN}\n{command}\n\n{found}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()

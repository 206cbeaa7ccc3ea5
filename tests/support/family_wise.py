"""How often all intervals of a family hold, and any verdict is wrong, in simulated runs.

    python tests/support/family_wise.py                       # 1,000 samples a case: 15 minutes
    python tests/support/family_wise.py --samples 200 pairs   # the cases whose names have these words
    python tests/support/family_wise.py --write               # writes the table of docs/statistics.md

Each sample is a whole run of `evaluate` or `compare`. The absolute error of a prediction around 10 for the target 0 is
normal, so that what is seen is the family and not how skewed a loss is.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from losscli import compare, evaluate

Table = dict[str, Any]
PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- family-wise: begin -->", "<!-- family-wise: end -->"


class Case(NamedTuple):
    """What is simulated: one sample gives a number between 0 and 1, whose mean shall lie between two bounds."""

    name: str
    what: str
    sample: Callable[[np.random.Generator], float]
    low: float
    high: float


def slices(rng: np.random.Generator, *, sizes: Sequence[int] = (30,) * 20, spread: float = 0.0) -> Table:
    """Rows of slices; with a spread, of unequal variances."""
    g = np.repeat(np.arange(len(sizes)), sizes)
    scale = np.exp(spread * np.linspace(-1, 1, len(sizes)))[g]
    return {"y": np.zeros(len(g)), "p": 10 + scale * rng.normal(size=len(g)), "g": g}


def models(rng: np.random.Generator, count: int, rows: int, common: float) -> Table:
    """Models on the same rows, whose losses have a part in common."""
    both = math.sqrt(common) * rng.normal(size=rows)
    found = {f"m{i}": 10 + both + math.sqrt(1 - common) * rng.normal(size=rows) for i in range(count)}
    return {"y": np.zeros(rows), **found}


def hold_all(intervals: Sequence[tuple[float, float] | None], target: float) -> float:
    """Whether all intervals hold the true values."""
    return float(all(ends is not None and ends[0] <= target <= ends[1] for ends in intervals))


def _of_slices(rng: np.random.Generator) -> float:
    report = evaluate(slices(rng), "mae", target="y", pred="p", by="g", adjust="max-t", threads=1)
    return hold_all([one.interval for one in report if one.by], 10)


def _of_models(rng: np.random.Generator) -> float:
    table = models(rng, 8, 60, 0.8)
    report = evaluate(table, "mae", target="y", pred={f"m{i}": f"m{i}" for i in range(8)}, adjust="max-t", threads=1)
    return hold_all([one.interval for one in report], 10)


def _of_models_and_slices(rng: np.random.Generator) -> float:
    table = {**models(rng, 4, 240, 0.8), "g": np.arange(240) % 6}
    report = evaluate(
        table, "mae", target="y", pred={f"m{i}": f"m{i}" for i in range(4)}, by="g", adjust="max-t", threads=1
    )
    return hold_all([one.interval for one in report if one.by], 10)


def _of_clusters(rng: np.random.Generator) -> float:
    u, g = np.repeat(np.arange(30), 20), np.tile(np.arange(5), 120)
    values = 10 + 0.7 * rng.normal(size=30)[u] + 0.7 * rng.normal(size=600)
    table = {"y": np.zeros(600), "p": values, "g": g, "u": u}
    report = evaluate(table, "mae", target="y", pred="p", by="g", cluster="u", adjust="max-t", threads=1)
    return hold_all([one.interval for one in report if one.by], 10)


def _between(between: str, adjust: str, **given: Any) -> Callable[[np.random.Generator], list[Any]]:
    def sample(rng: np.random.Generator) -> list[Any]:
        table = slices(rng, sizes=(15, 20, 30, 40, 60, 90), spread=0.7)
        report = evaluate(
            table, "mae", target="y", pred="p", by="g", between=between, adjust=adjust, threads=1, **given
        )
        return [one.between for one in report if one.between is not None]

    return sample


def _rest_max(rng: np.random.Generator) -> float:
    return hold_all([one.interval for one in _between("rest", "max-t")(rng)], 0)


def _one_max(rng: np.random.Generator) -> float:
    return hold_all([one.interval for one in _between("g=2", "max-t")(rng)], 0)


def _rest_holm(rng: np.random.Generator) -> float:
    return float(any(one.verdict in ("better", "worse") for one in _between("rest", "holm")(rng)))


def _rates(rng: np.random.Generator) -> float:
    g = np.repeat(["a", "b"], [40, 80])
    table = {"y": np.zeros(120, int), "p": (rng.random(120) < 0.1).astype(int), "g": g}
    report = evaluate(table, "zero_one", target="y", pred="p", by="g", between="rest", threads=1)
    return hold_all([one.between.interval for one in report if one.by.get("g") == "a"], 0)


def _pairs(adjust: str) -> Callable[[np.random.Generator], float]:
    def sample(rng: np.random.Generator) -> float:
        report = compare(
            models(rng, 5, 60, 0.6), "mae", target="y", pred={f"m{i}": f"m{i}" for i in range(5)}, pairs=True,
            permutations=0, adjust=adjust, threads=1,
        )  # fmt: skip
        if adjust == "max-t":
            return hold_all([one.interval for one in report.comparisons], 0)
        return float(any(one.verdict in ("better", "worse") for one in report.comparisons))

    return sample


def _false_discoveries(rng: np.random.Generator) -> float:
    table = {**models(rng, 2, 1200, 0.5), "g": np.arange(1200) % 40}
    table["m1"] = table["m1"] + np.where(table["g"] < 10, 1.0, 0.0)
    report = compare(
        table, "mae", target="y", pred={"a": "m0", "b": "m1"}, by="g", permutations=0, adjust="bh", threads=1
    )
    found = [int(one.by["g"]) for one in report.comparisons if one.by and one.verdict in ("better", "worse")]
    return sum(g >= 10 for g in found) / max(1, len(found))


def _skill(rng: np.random.Generator) -> float:
    table = models(rng, 4, 60, 0.5)
    report = compare(
        table, "mae", target="y", pred={f"m{i}": f"m{i}" for i in range(4)}, pairs=True, permutations=0, threads=1
    )
    return hold_all([report[0].ranking.interval], 1)


CASES = (
    Case("slices", "20 slices of 30 rows, max-t: all intervals hold", _of_slices, 0.94, 0.96),
    Case("models", "8 models on 60 rows, correlation 0.8, max-t: all intervals hold", _of_models, 0.94, 0.96),
    Case(
        "models-slices", "4 models × 6 slices of 40 rows, max-t: all intervals hold", _of_models_and_slices, 0.94, 0.96
    ),
    Case("clusters", "5 slices that share 30 clusters, max-t: all intervals hold", _of_clusters, 0.94, 0.96),
    Case("rest", "6 unequal slices against the rest, max-t: all intervals hold", _rest_max, 0.94, 0.96),
    Case("one", "5 unequal slices against one, max-t: all intervals hold", _one_max, 0.94, 0.96),
    Case("rest-holm", "6 unequal slices against the rest, Holm: any wrong verdict", _rest_holm, 0.0, 0.055),
    Case("rates", "error rates of 0.1 in 40 and 80 rows: the interval of the difference holds", _rates, 0.93, 0.97),
    Case("pairs", "all pairs of 5 models on 60 rows, max-t: all intervals hold", _pairs("max-t"), 0.94, 0.96),
    Case("pairs-holm", "all pairs of 5 models on 60 rows, Holm: any wrong verdict", _pairs("holm"), 0.0, 0.055),
    Case("bh", "40 slices, a difference in 10, BH: share of wrong verdicts", _false_discoveries, 0.0, 0.055),
    Case("skill", "relative skill of one of 4 models: the interval holds", _skill, 0.94, 0.96),
)


def simulate(case: Case, samples: int, seed: int = 0) -> float:
    """The mean over samples; a case has the same samples whatever else is simulated."""
    rng = np.random.default_rng([seed, *case.name.encode()])
    return float(np.mean([case.sample(rng) for _ in range(samples)]))


def table_of(found: dict[str, float], samples: int) -> str:
    """The table of the page."""
    lines = [f"| {samples:,} samples of each | rate | goal |", "|---|---:|---|"]
    for case in CASES:
        goal = f"{case.low:g} to {case.high:g}" if case.low else f"at most {case.high:g}"
        lines.append(f"| {case.what} | {found[case.name]:.4f} | {goal} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Simulate, print, and write the table if that was asked for; 1 if a rate misses its goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="only cases whose names have one of these words")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write the table of docs/statistics.md")
    given = parser.parse_args()
    found: dict[str, float] = {}
    missed = 0
    for case in CASES:
        if given.words and not any(word in case.name for word in given.words):
            continue
        rate = found[case.name] = simulate(case, given.samples, given.seed)
        noise = 3 * math.sqrt(0.05 * 0.95 / given.samples)
        within = case.low - noise <= rate <= case.high + noise
        missed += not within
        sys.stdout.write(f"{rate:.4f}  {'' if within else 'MISSED  '}{case.what}\n")
        sys.stdout.flush()
    if given.write and len(found) == len(CASES):
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        PAGE.write_text(f"{before}{BEGIN}\n{table_of(found, given.samples)}{END}{after}", encoding="utf-8")
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())

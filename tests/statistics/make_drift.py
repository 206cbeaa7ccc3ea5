"""Writes drift.csv: Wasserstein distances and quantiles of chi-squared by SciPy, for test_drift.py.

python tests/statistics/make_drift.py    # needs scipy, which the tests do not
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from scipy import stats


def cases():
    """Pairs of samples: ties, unequal sizes, one value, heavy tails, disjoint ranges."""
    rng = np.random.default_rng(20261129)
    yield rng.normal(size=7), rng.normal(0.5, 2, 11)
    yield rng.integers(0, 4, 30).astype(float), rng.integers(1, 6, 17).astype(float)
    yield np.array([2.5]), np.array([-1.25])
    yield rng.standard_cauchy(25), rng.standard_cauchy(40)
    yield rng.uniform(0, 1, 9), rng.uniform(5, 6, 8)
    yield np.full(5, 3.0), np.array([3.0, 3.0, 4.5])
    yield rng.normal(1e9, 1, 12), rng.normal(1e9, 3, 13)


def main() -> None:
    """Write the file beside this one."""
    with (Path(__file__).parent / "drift.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["what", "first", "second", "value"])
        for first, second in cases():
            value = stats.wasserstein_distance(first, second)
            table.writerow(["wasserstein", json.dumps(first.tolist()), json.dumps(second.tolist()), repr(float(value))])
        for degrees in (1, 2, 3, 9, 19):
            table.writerow(["chi2_95", degrees, "", repr(float(stats.chi2.ppf(0.95, degrees)))])


if __name__ == "__main__":
    main()

"""Numbers for errors in their order: the median, a quantile, the largest."""

from __future__ import annotations

from peers import Case, Inputs, by_numpy

ODD: Inputs = {
    "pred": [2.37, -1.18, 0.64, 5.91, -3.05, 0.29, 7.44],
    "target": [1.52, -1.93, 0.83, 3.27, -2.71, 1.98, 7.13],
}
EVEN: Inputs = {
    "pred": [4.31, 0.27, 2.86, -1.74, 3.05, 6.28, -0.91, 5.17, 1.42, 2.03],
    "target": [1.13, 2.92, 0.38, 3.71, 2.24, 6.03, -2.45, 4.88, 1.97, 0.66],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25]
# Their halves meet between two errors, so that both sides count.
HALVES = [1.0, 2.0, 0.5, 1.5, 0.25, 3.0, 0.75, 2.25, 1.25, 0.5]


def cases() -> list[Case]:
    median = "sklearn.metrics.median_absolute_error(target, pred{})"
    quantile = "scipy.stats.quantile(abs(pred - target), {}, method='averaged_inverted_cdf')"
    found = []
    for inputs in (ODD, EVEN):
        found += [
            by_numpy("sklearn", "median_absolute_error", median.format(""), inputs),
            by_numpy("sklearn", "max_error", "sklearn.metrics.max_error(target, pred)", inputs),
            by_numpy("scipy", "quantile_absolute_error", quantile.format("0.9"), inputs),
            by_numpy("scipy", "quantile_absolute_error:q=0.3", quantile.format("0.3"), inputs),
            by_numpy("scipy", "quantile_absolute_error:q=0.5", quantile.format("0.5"), inputs),
        ]
    weighted = median.format(", sample_weight=w")
    return [
        *found,
        by_numpy("sklearn", "median_absolute_error", weighted, ODD, weights=WEIGHTS),
        by_numpy("sklearn", "median_absolute_error", weighted, EVEN, weights=HALVES),
    ]

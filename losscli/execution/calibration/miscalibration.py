"""Whether predictions are miscalibrated at all: the gradient of the loss by a map that changes nothing, tested.

Without miscalibration of the kind that the map mends, this gradient is a mean of parts of rows whose expectation is 0.
That is Hotelling's test of a mean vector: a score test that takes no variance from a model. It needs no fit.

References
----------
Hotelling 1931, The generalization of Student's ratio, doi:10.1214/aoms/1177732979
Boos 1992, On generalized score tests, doi:10.1080/00031305.1992.10475921
"""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.results.calibration import MiscalibrationTest
from losscli.statistics.beta import incomplete_beta

_RANK = 1e-10  # eigenvalues of correlations below it are 0: parameters may be redundant, as biases of all classes are


def gradient_test(products: Array) -> MiscalibrationTest | None:
    """The test, from the sums of products of the parts of rows in the gradient, the last of which is 1.

    None where there are too few rows, or where all have the same parts.
    """
    count, sums = float(products[-1, -1]), products[:-1, -1]
    if count < 2 or not np.isfinite(products).all():
        return None
    covariance = (products[:-1, :-1] - np.outer(sums, sums) / count) / (count - 1)
    scale = np.sqrt(np.diag(covariance))
    kept = scale > 0
    scale, mean = scale[kept], sums[kept] / count
    if not kept.any():
        return None
    values, vectors = np.linalg.eigh(covariance[np.ix_(kept, kept)] / np.outer(scale, scale))
    ranked = values > _RANK * values.max()
    rank = int(ranked.sum())
    if rank >= count:
        return None
    square = count * float((((mean / scale) @ vectors[:, ranked]) ** 2 / values[ranked]).sum())
    f = square * (count - rank) / (rank * (count - 1))
    rest = count - rank
    p = incomplete_beta(rest / (rest + rank * f), rest / 2, rank / 2)
    return MiscalibrationTest(f, rank, int(rest), p)

"""Numbers for the distances of numbers and points."""

from __future__ import annotations

from peers import Case, Inputs, by_catboost, by_hand, by_numpy, by_torch
from regression import BINARY_FRACTIONS, OUTPUT_WEIGHTS, PLAIN, WEIGHTS

POINTS: Inputs = {
    "pred": [[0.31, 2.2, -1.7], [1.74, -0.83, 0.4], [-2.61, 4.09, 3.3], [3.38, 1.27, -0.6], [0.92, -5.13, 2.1]],
    "target": [[0.57, 1.43, -2.2], [-1.21, -0.38, 1.3], [-2.14, 7.66, 2.9], [3.05, 0.71, -4.2], [2.86, -4.49, 1.8]],
}


def cases() -> list[Case]:
    apart = "torch.nn.PairwiseDistance(p={}, eps=0.0)(pred, target)"
    each = "np.mean([scipy.spatial.distance.{}(p, t) for p, t in zip(pred, target)])"
    found = [
        by_hand("lp_error", "((pred - target).abs() ** 3).mean()", PLAIN),
        by_hand("lp_error:exponent=1.5", "(w * (pred - target).abs() ** 1.5).sum() / w.sum()", PLAIN, weights=WEIGHTS),
        by_torch(
            "torchmetrics",
            "lp_error:exponent=2.5",
            "torchmetrics.functional.minkowski_distance(pred, target, p=2.5) ** 2.5 / n",
            PLAIN,
        ),
        by_hand("mrrmse", "((pred - target) ** 2).mean(1).sqrt().mean()", POINTS),
        by_hand("mrrmse", "(w * ((pred - target) ** 2).mean(1).sqrt()).sum() / w.sum()", POINTS,
                weights=OUTPUT_WEIGHTS),
        by_numpy("scipy", "mrrmse", f"{each.format('euclidean')} / 3**0.5", POINTS),
        by_catboost("lp_error:exponent=3", "Lq:q=3", BINARY_FRACTIONS),
    ]  # fmt: skip
    for name, norm, peer in (("euclidean_error", 2.0, "euclidean"), ("manhattan_error", 1.0, "cityblock")):
        found += [
            by_torch("torch", name, f"{apart.format(norm)}.mean()", POINTS),
            by_torch("torch", name, f"(w * {apart.format(norm)}).sum() / w.sum()", POINTS, weights=OUTPUT_WEIGHTS),
            by_numpy("scipy", name, each.format(peer), POINTS),
        ]
    return found

"""Numbers for the losses of several outputs, column by column."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

OUTPUTS: Inputs = {
    "pred": [[0.31, 2.2, 1.06], [1.74, -0.83, 0.47], [-2.61, 4.09, -1.92], [3.38, 1.27, 2.55]],
    "target": [[0.57, 1.43, 0.71], [-1.21, -0.38, 1.64], [-2.14, 7.66, -0.83], [3.05, 0.71, 2.09]],
}
WEIGHTS = [1.7, 0.35, 2.2, 0.8]


def cases() -> list[Case]:
    return [
        by_numpy("sklearn", "mcrmse mcrmse@sklearn", "sklearn.metrics.root_mean_squared_error(target, pred)", OUTPUTS),
        by_numpy("sklearn", "mcrmse", "sklearn.metrics.root_mean_squared_error(target, pred, sample_weight=w)", OUTPUTS,
                 weights=WEIGHTS),
        by_hand("mcrmse", "((pred - target)**2).mean(0).sqrt().mean()", OUTPUTS),
        by_hand("mcrmse", "((w[:, None] * (pred - target)**2).sum(0) / w.sum()).sqrt().mean()", OUTPUTS,
                weights=WEIGHTS),
    ]  # fmt: skip

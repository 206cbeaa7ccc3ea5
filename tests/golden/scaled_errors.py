"""Numbers for the errors over those of a naive forecast."""

from __future__ import annotations

from distribution import SPREAD, WEIGHTS
from peers import Case, Inputs, by_hand, by_numpy

ONE: Inputs = {**SPREAD, "scale": [0.8125] * 6}


def cases() -> list[Case]:
    series = "pandas.DataFrame({'unique_id': 0, 'ds': range(6), 'y': target, 'p': pred}), ['p'], 1"
    train = "pandas.DataFrame({'unique_id': 0, 'ds': range(3), 'y': np.cumsum(np.r_[0, scale[:2]])})"
    call = "utilsforecast.losses.{0}({1}, {2})['p'].iloc[0]"
    return [
        by_numpy("utilsforecast", "mase", call.format("mase", series, train), ONE),
        by_hand("mase", "((pred - target).abs() / scale).mean()", SPREAD),
        by_hand("mase", "(w * (pred - target).abs() / scale).sum() / w.sum()", SPREAD, weights=WEIGHTS),
        by_numpy("utilsforecast", "rmsse", call.format("rmsse", series, train), ONE),
        by_hand("rmsse", "(((pred - target) / scale)**2).mean().sqrt()", SPREAD),
        by_hand("rmsse", "((w * ((pred - target) / scale)**2).sum() / w.sum()).sqrt()", SPREAD, weights=WEIGHTS),
    ]

"""Numbers for the losses of a part of the range, and of tails."""

from __future__ import annotations

from distribution import SPREAD, WEIGHTS
from peers import Case, Inputs, by_hand, by_numpy

PAIRS: Inputs = {"pred": SPREAD["pred"], "target": SPREAD["target"]}
TAIL: Inputs = {
    "pred": [-1.37, -0.52, -2.05, -0.94, -1.71, -0.63],
    "target": [-1.92, 0.41, -2.6, -0.33, -0.87, 1.26],
    "es": [-1.81, -0.77, -2.9, -1.13, -2.04, -0.81],
}


def cases() -> list[Case]:
    square = "((target - pred.clamp({0}))**2 - (target - target.clamp({0}))**2)"
    quantile = "(((target < pred).double() - {1}) * (pred.clamp({0}) - target.clamp({0})))"
    fz0 = "(-(target <= pred).double() * (pred - target) / ({0} * es) + pred / es + torch.log(-es) - 1)"
    score = "(((target - pred) / scale)**2 + 2 * torch.log(scale))"
    return [
        by_hand("threshold_weighted_mse", f"{square.format('-1e9')}.mean()", PAIRS),
        by_hand("threshold_weighted_mse:floor=-1.5,cap=2.2", f"{square.format('-1.5, 2.2')}.mean()", PAIRS),
        by_hand("threshold_weighted_mse:floor=0.7", f"(w * {square.format('0.7')}).sum() / w.sum()", PAIRS,
                weights=WEIGHTS),
        by_hand("threshold_weighted_quantile:q=0.8,floor=-1.5,cap=2.2",
                f"{quantile.format('-1.5, 2.2', '0.8')}.mean()", PAIRS),
        by_hand("threshold_weighted_quantile", f"(w * {quantile.format('-1e9', '0.5')}).sum() / w.sum()", PAIRS,
                weights=WEIGHTS),
        by_hand("fz0", f"{fz0.format('0.025')}.mean()", TAIL, by="pred es"),
        by_hand("fz0:q=0.1", f"(w * {fz0.format('0.1')}).sum() / w.sum()", TAIL, by="pred es", weights=WEIGHTS),
        by_numpy("scipy", "dawid_sebastiani",
                 "-2 * scipy.stats.norm.logpdf(target, pred, scale).mean() - np.log(2 * np.pi)", SPREAD),
        by_hand("dawid_sebastiani", f"(w * {score}).sum() / w.sum()", SPREAD, by="pred scale", weights=WEIGHTS),
    ]  # fmt: skip

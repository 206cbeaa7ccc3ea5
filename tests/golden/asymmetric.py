"""Numbers for the losses that punish one side more than the other."""

from __future__ import annotations

from peers import Case, by_hand, by_numpy, by_torch
from regression import OUTPUTS, PLAIN, WEIGHTS


def cases() -> list[Case]:
    huber = "F.huber_loss(pred, target, delta={1}, reduction='none')"
    quantile_huber = f"(({{0}} - (target < pred).double()).abs() * {huber} / {{1}}).mean()"
    linex = "torch.exp({0} * (pred - target)) - {0} * (pred - target) - 1"
    linlin = "torch.where(target > pred, {} * (target - pred), {} * (pred - target)).mean()"
    return [
        by_torch("torch", "quantile_huber", quantile_huber.format(0.5, 1.0), PLAIN),
        by_torch("torch", "quantile_huber:q=0.9,delta=0.4", quantile_huber.format(0.9, 0.4), PLAIN),
        by_torch("torch", "quantile_huber:q=0.15,delta=2.5", quantile_huber.format(0.15, 2.5), OUTPUTS),
        by_hand("linex", f"({linex.format(1.0)}).mean()", PLAIN),
        by_hand("linex:asymmetry=-0.7", f"(w * ({linex.format(-0.7)})).sum() / w.sum()", PLAIN, weights=WEIGHTS),
        by_numpy("scipy", "linex:asymmetry=0.4", "(scipy.special.expm1(0.4 * (pred - target)) - 0.4 * (pred - target))"
                 ".mean()", PLAIN),
        by_hand("linlin", linlin.format(1.0, 1.0), PLAIN),
        by_hand("linlin:under=3,over=0.5", linlin.format(3.0, 0.5), OUTPUTS),
        by_numpy("sklearn", "linlin:under=9,over=1", "10 * sklearn.metrics.mean_pinball_loss(target, pred, alpha=0.9)",
                 PLAIN),
    ]  # fmt: skip

"""Numbers for the losses of profits and returns."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

PROFITS: Inputs = {"pred": [0.31, -2.2, 1.74, -0.083, 0.61, -1.4]}
RETURNS: Inputs = {"pred": [0.011, -0.004, 0.0062, 0.0021, -0.0013, 0.0087]}
WEIGHTS = [1.3, 0.6, 2.75, 0.9, 1.85, 0.4]


def cases() -> list[Case]:
    mean = "(w * pred).sum() / w.sum()"
    spread = f"((w * (pred - {mean})**2).sum() / w.sum()).sqrt()"
    return [
        by_hand("utility_loss", "-(1 - torch.exp(-pred)).mean()", PROFITS),
        by_hand("utility_loss:risk_aversion=2.5", "(torch.expm1(-2.5 * pred) / 2.5).mean()", PROFITS),
        by_hand("sharpe_loss", "-pred.mean() / pred.std(correction=0)", RETURNS),
        by_hand("sharpe_loss:periods=252", f"-math.sqrt(252) * {mean} / {spread}", RETURNS, weights=WEIGHTS),
        by_numpy("scipy", "sharpe_ratio", "1 / scipy.stats.variation(pred)", RETURNS),
        by_hand("sharpe_ratio:periods=252", "math.sqrt(252) * pred.mean() / pred.std(correction=0)", RETURNS),
    ]  # fmt: skip

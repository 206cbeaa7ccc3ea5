"""Numbers for the likelihoods of proportions and of successes among trials."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy, by_torch

SHARES: Inputs = {
    "pred": [0.81, 0.43, 0.27, 0.66, 0.12],
    "target": [0.74, 0.51, 0.08, 0.93, 0.21],
    "concentration": [3.2, 11.5, 0.7, 48.0, 240.0],
}
TRIALS: Inputs = {
    "pred": [0.81, 0.43, 0.27, 0.66, 0.12],
    "target": [4.0, 0.0, 12.0, 3.0, 31.0],
    "failures": [1.0, 3.0, 40.0, 0.0, 205.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6]


def cases() -> list[Case]:
    weighted = "(w * ({})).sum() / w.sum()"
    beta = "torch.distributions.Beta(pred * concentration, (1 - pred) * concentration)"
    plain = "-(target * pred.log() + failures * torch.log1p(-pred))"
    counted = "torch.lgamma(target + 1) + torch.lgamma(failures + 1) - torch.lgamma(target + failures + 1)"
    return [
        by_torch("torch", "beta_nll", f"-{beta}.log_prob(target).mean()", SHARES),
        by_torch("torch", "beta_nll", weighted.format(f"-{beta}.log_prob(target)"), SHARES, weights=WEIGHTS),
        by_numpy("scipy", "beta_nll",
                 "-scipy.stats.beta.logpdf(target, pred * concentration, (1 - pred) * concentration).mean()", SHARES),
        by_hand("binomial_nll", f"({plain}).mean()", TRIALS),
        by_hand("binomial_nll:full=true", weighted.format(f"{plain} + {counted}"), TRIALS, weights=WEIGHTS),
        by_numpy("scipy", "binomial_nll:full=true", "-scipy.stats.binom.logpmf(target, target + failures, pred).mean()",
                 TRIALS),
    ]  # fmt: skip

"""Numbers for the likelihoods of counts that vary more than Poisson's, or are 0 more often."""

from __future__ import annotations

from distribution import torch_density
from likelihood import WEIGHTS
from peers import Case, Inputs, by_hand, by_numpy

OVER: Inputs = {
    "pred": [1.83, 0.42, 7.19, 13.36, 250.7, 12.8],
    "target": [2.0, 0.0, 5.0, 44.0, 231.0, 11.0],
    "dispersion": [0.71, 2.3, 0.04, 0.38, 0.0013, 1.9],
}
ZEROS: Inputs = {
    "pred": [1.83, 0.42, 7.19, 3.36, 0.117, 12.8],
    "target": [2.0, 0.0, 5.0, 0.0, 0.0, 11.0],
    "zero_prob": [0.13, 0.61, 0.04, 0.38, 0.27, 0.09],
}


def cases() -> list[Case]:
    return [*_counts(), *_zeros()]


def _counts() -> list[Case]:
    pmf = "-scipy.stats.nbinom.logpmf(target, 1 / dispersion, 1 / (1 + dispersion * pred))"
    name = "negative_binomial_nll"
    return [
        *torch_density(name, "NegativeBinomial(1 / dispersion, logits=torch.log(dispersion * pred))", OVER, "pred"),
        by_numpy("scipy", name, f"({pmf}).mean()", OVER),
        by_numpy("scipy", name, f"np.average({pmf}, weights=w)", OVER, weights=WEIGHTS),
    ]


def _zeros() -> list[Case]:
    pmf = "-statsmodels.distributions.zipoisson.logpmf(target, pred, zero_prob)"
    some = "pred - torch.xlogy(target, pred) + torch.lgamma(target + 1) - torch.log(1 - zero_prob)"
    formula = f"torch.where(target > 0, {some}, -torch.log(zero_prob + (1 - zero_prob) * torch.exp(-pred)))"
    name = "zero_inflated_poisson_nll"
    return [
        by_numpy("statsmodels", name, f"({pmf}).mean()", ZEROS),
        by_numpy("statsmodels", name, f"np.average({pmf}, weights=w)", ZEROS, weights=WEIGHTS),
        by_hand(name, f"{formula}.mean()", ZEROS),
        *_dispersed_zeros(),
    ]


def _dispersed_zeros() -> list[Case]:
    inputs: Inputs = ZEROS | {"dispersion": [0.7, 1.9, 0.24, 0.33, 3.1, 0.56]}
    pmf = "-statsmodels.distributions.zinegbin.logpmf(target, pred, dispersion, 2, zero_prob)"
    made = "torch.distributions.NegativeBinomial(1 / dispersion, logits=torch.log(dispersion * pred))"
    density = f"{made}.log_prob(target)"
    none = f"torch.log(zero_prob + (1 - zero_prob) * {density}.exp())"
    formula = f"-torch.where(target > 0, {density} + torch.log1p(-zero_prob), {none})"
    name = "zero_inflated_negative_binomial_nll"
    return [
        by_numpy("statsmodels", name, f"({pmf}).mean()", inputs),
        by_numpy("statsmodels", name, f"np.average({pmf}, weights=w)", inputs, weights=WEIGHTS),
        by_hand(name, f"{formula}.mean()", inputs),
        by_hand(name, f"(w * {formula}).sum() / w.sum()", inputs, weights=WEIGHTS),
    ]

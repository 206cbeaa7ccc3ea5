"""Numbers for the losses of a mean: half squares, deviances and their kin."""

from __future__ import annotations

from peers import Case, by_boosting, by_hand, by_jax, by_numpy, by_torch
from regression import OUTPUTS, PLAIN, POSITIVE, POSITIVE_WEIGHTS, TINY, WEIGHTS

COUNTS = {"pred": POSITIVE["pred"], "target": [2.0, 0.0, 5.0, 4.0, 0.0, 11.0]}


def cases() -> list[Case]:
    return [*_halves(), *_deviances(), *_tweedie(), *_variances()]


def _halves() -> list[Case]:
    return [
        by_jax("half_mse half_mse@optax", "optax.l2_loss(pred, target).mean()", PLAIN),
        by_jax("half_mse", "optax.l2_loss(pred, target).mean()", OUTPUTS),
        by_jax("half_mse", "optax.l2_loss(pred, target).mean()", TINY),
        by_boosting("half_mse", "HalfSquaredError()", PLAIN, weights=WEIGHTS),
    ]


def _deviances() -> list[Case]:
    found = []
    for name, inputs, formula in (
        ("poisson", COUNTS, "2 * (torch.xlogy(target, target) - target * torch.log(pred) - target + pred)"),
        ("gamma", POSITIVE, "2 * (torch.log(pred / target) + target / pred - 1)"),
    ):
        spec, call = f"{name}_deviance", f"sklearn.metrics.mean_{name}_deviance(target, pred{{}})"
        found += [
            by_numpy("sklearn", f"{spec} {spec}@sklearn", call.format(""), inputs),
            by_numpy("sklearn", spec, call.format(", sample_weight=w"), inputs, weights=POSITIVE_WEIGHTS),
            by_hand(spec, f"({formula}).mean()", inputs),
            by_hand(spec, f"(w * {formula}).sum() / w.sum()", inputs, weights=POSITIVE_WEIGHTS),
        ]
    return found


def _tweedie() -> list[Case]:
    call = "sklearn.metrics.mean_tweedie_deviance(target, pred, power={}{})"
    score = "torchmetrics.functional.tweedie_deviance_score(pred, target, power={})"
    name = "tweedie_deviance"
    return [
        by_numpy("sklearn", f"{name} {name}@sklearn", call.format(1.5, ""), COUNTS),
        by_numpy("sklearn", f"{name}:power=1.2", call.format(1.2, ", sample_weight=w"), COUNTS,
                 weights=POSITIVE_WEIGHTS),
        by_torch("torchmetrics", f"{name} {name}@torchmetrics", score.format(1.5), COUNTS),
        by_torch("torchmetrics", f"{name}:power=1.85", score.format(1.85), COUNTS),
    ]  # fmt: skip


def _variances() -> list[Case]:
    divergence = "sklearn.decomposition._nmf._beta_divergence(target[:, None], pred[:, None], np.ones((1, 1)), {!r})"
    saito = "target / pred - torch.log(target / pred) - 1"
    half = "sklearn.metrics.mean_tweedie_deviance(target, pred, power={}) / 2"
    general = "((target**{1} - pred**{1}) / ({0} * {1}) - pred**{0} * (target - pred) / {0})"
    return [
        by_numpy("sklearn", "itakura_saito", divergence.format("itakura-saito") + " / len(pred)", POSITIVE),
        by_numpy("sklearn", "inverse_gaussian_deviance", "sklearn.metrics.mean_tweedie_deviance(target, pred, power=3)",
                 POSITIVE),
        by_hand("inverse_gaussian_deviance", "(w * (target - pred) ** 2 / target / pred**2).sum() / w.sum()", POSITIVE,
                weights=POSITIVE_WEIGHTS),
        by_hand("itakura_saito qlike", f"({saito}).mean()", POSITIVE),
        by_hand("itakura_saito", f"(w * ({saito})).sum() / w.sum()", POSITIVE, weights=POSITIVE_WEIGHTS),
        *(by_numpy("sklearn", f"patton:power={p}", half.format(p), POSITIVE) for p in (-0.5, 0, 1, 1.5, 2, 3)),
        by_numpy("sklearn", "beta_divergence", divergence.format("kullback-leibler") + " / len(pred)", POSITIVE),
        by_numpy("sklearn", "beta_divergence:degree=2", divergence.format("frobenius") + " / len(pred)", POSITIVE),
        by_numpy("sklearn", "beta_divergence:degree=0.5", divergence.format(0.5) + " / len(pred)", POSITIVE),
        by_numpy("sklearn", "beta_divergence:degree=3", divergence.format(3) + " / len(pred)", POSITIVE),
        by_hand("beta_divergence", "(F.kl_div(pred.log(), target, reduction='none') - target + pred).mean()", COUNTS),
        by_hand("beta_divergence:degree=1.5", f"(w * {general.format(0.5, 1.5)}).sum() / w.sum()", POSITIVE,
                weights=POSITIVE_WEIGHTS),
        by_numpy("sklearn", "patton", divergence.format("itakura-saito") + " / len(pred)", POSITIVE),
        by_hand("patton:power=0.5", f"{general.format(0.5, 1.5)}.mean()", POSITIVE),
        by_hand("patton:power=3", f"(w * {general.format(-2.0, -1.0)}).sum() / w.sum()", POSITIVE,
                weights=POSITIVE_WEIGHTS),
        by_torch("torch", "exponential_nll", "-torch.distributions.Exponential(1 / pred).log_prob(target).mean()",
                 POSITIVE),
        by_torch("torch", "exponential_nll",
                 "-(w * torch.distributions.Exponential(1 / pred).log_prob(target)).sum() / w.sum()", COUNTS,
                 weights=POSITIVE_WEIGHTS),
    ]  # fmt: skip

"""Numbers for the likelihoods with a predicted spread, shape or share of zeros."""

from __future__ import annotations

from likelihood import COUNTS, HALVES, NORMAL, REALS, WEIGHTS
from peers import Case, Inputs, by_hand, by_lightgbm, by_numpy, by_torch

SPREAD: Inputs = {"pred": NORMAL["pred"], "target": NORMAL["target"], "scale": [0.9, 1.4, 0.52, 1.9, 0.23, 1.06]}
LOG_SPREAD: Inputs = {
    "pred": NORMAL["pred"],
    "target": NORMAL["target"],
    "log_variance": [-0.21, 0.66, -1.31, 1.28, -2.96, 0.12],
}
LOGS: Inputs = {"pred": [0.61, -0.87, 1.97, 1.21, -2.15, 2.55], "target": REALS["target"], "scale": SPREAD["scale"]}
POSITIVE_FRACTIONS: Inputs = {
    "pred": [2.375, 1.1875, 0.640625, 5.90625, 3.0625, 0.28125],
    "target": [1.5, 1.9375, 0.828125, 3.25, 2.71875, 1.984375],
}


def cases() -> list[Case]:
    return [*_location(), *_logs(), *_means()]


def torch_density(spec: str, distribution: str, inputs: Inputs, by: str) -> list[Case]:
    call = f"-torch.distributions.{distribution}.log_prob(target)"
    return [
        by_torch("torch", spec, f"({call}).mean()", inputs, by=by),
        by_torch("torch", spec, f"(w * {call}).sum() / w.sum()", inputs, by=by, weights=WEIGHTS),
    ]


def _location() -> list[Case]:
    laplace = "torch.log(2 * scale.clamp(min={0})) + (pred - target).abs().clamp(max={1}) / scale.clamp(min={0})"
    return [
        *torch_density("laplace_nll", "Laplace(pred, scale)", SPREAD, "pred scale"),
        by_numpy("scipy", "laplace_nll", "-scipy.stats.laplace.logpdf(target, pred, scale).mean()", SPREAD),
        by_hand("laplace_nll:floor=1,cap=2", f"({laplace.format(1.0, 2.0)}).mean()", SPREAD, by="pred scale"),
        *torch_density("student_t_nll", "StudentT(5.0, pred, scale)", SPREAD, "pred scale"),
        *torch_density("student_t_nll:df=1.7", "StudentT(1.7, pred, scale)", SPREAD, "pred scale"),
        by_numpy("scipy", "student_t_nll:df=41.5", "-scipy.stats.t.logpdf(target, 41.5, pred, scale).mean()", SPREAD),
    ]  # fmt: skip


def _logs() -> list[Case]:
    gaussian = "torch.nn.GaussianNLLLoss(full={}, eps=0)(pred, target, torch.exp(log_variance))"
    both = "pred log_variance"
    return [
        *torch_density("lognormal_nll", "LogNormal(pred, scale)", LOGS, "pred scale"),
        by_numpy("scipy", "lognormal_nll",
                 "-scipy.stats.lognorm.logpdf(target, scale, scale=np.exp(pred)).mean()", LOGS),
        by_torch("torch", "gaussian_nll_log_variance", gaussian.format(False), LOG_SPREAD, by=both),
        by_torch("torch", "gaussian_nll_log_variance:full=true", gaussian.format(True), LOG_SPREAD, by=both),
    ]  # fmt: skip


def _means() -> list[Case]:
    by_power = "target * pred**(1 - {0}) / ({0} - 1) + pred**(2 - {0}) / (2 - {0})"
    return [
        *torch_density("gamma_nll", "Gamma(1.0, 1 / pred)", REALS, "pred"),
        *torch_density("gamma_nll:dispersion=0.4", "Gamma(2.5, 2.5 / pred)", REALS, "pred"),
        by_numpy("scipy", "gamma_nll:dispersion=0.025",
                 "-scipy.stats.gamma.logpdf(target, 40.0, scale=pred / 40.0).mean()", REALS),
        by_lightgbm("tweedie_nll tweedie_nll@lightgbm", {"objective": "none", "metric": "tweedie"}, POSITIVE_FRACTIONS,
                    weights=HALVES),
        by_hand("tweedie_nll", f"({by_power.format(1.5)}).mean()", COUNTS),
        by_hand("tweedie_nll:power=1.2", f"(w * ({by_power.format(1.2)})).sum() / w.sum()", COUNTS, weights=WEIGHTS),
    ]  # fmt: skip

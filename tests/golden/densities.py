"""Numbers for the likelihoods and divergences of distributions with predicted parameters."""

from __future__ import annotations

from distribution import SPREAD, WEIGHTS
from peers import Case, Inputs, by_hand, by_numpy, by_torch

VECTORS: Inputs = {
    "pred": [[0.31, 2.2], [1.74, -0.83], [-2.61, 4.09], [3.38, 1.27]],
    "target": [[0.57, 1.43], [-1.21, -0.38], [-2.14, 7.66], [3.05, 0.71]],
    "variance": [[0.62, 1.9], [2.4, 0.37], [1.15, 4.8], [0.29, 0.71]],
}
CORRELATED: Inputs = {
    "pred": [[0.31, 2.2, -0.74], [1.74, -0.83, 0.28], [-2.61, 4.09, 1.36], [3.38, 1.27, 0.93]],
    "target": [[0.57, 1.43, -0.92], [-1.21, -0.38, 1.17], [-2.14, 5.66, 2.29], [3.05, 0.71, 0.11]],
    "cholesky": [[[0.62, 0.0, 0.0], [-0.37, 1.9, 0.0], [0.21, 0.83, 0.71]],
                 [[2.4, 0.0, 0.0], [1.13, 0.37, 0.0], [-0.52, 0.29, 1.3]],
                 [[1.15, 0.0, 0.0], [0.96, 2.8, 0.0], [0.17, -1.4, 0.58]],
                 [[0.29, 0.0, 0.0], [-0.11, 0.71, 0.0], [0.65, 0.34, 1.07]]],
}  # fmt: skip
LIFETIMES: Inputs = {
    "pred": [1.83, 0.42, 7.19, 3.36, 0.117, 12.8],
    "target": [1.27, 0.95, 6.04, 5.71, 0.233, 9.15],
    "shape": [0.8, 2.3, 1.1, 3.7, 1.9, 0.6],
}
VALUES: Inputs = {
    "pred": [0.83, -0.42, 1.19, 2.36, 0.117, 1.8],
    "target": [1.27, 0.0, 6.04, 5.71, 0.0, 0.15],
    "scale": [0.8, 1.3, 0.45, 1.7, 0.9, 0.6],
    "zero_prob": [0.2, 0.7, 0.05, 0.33, 0.81, 0.46],
}
NORMALS: Inputs = {
    "pred": [2.37, -1.18, 0.64, 5.91], "target": [1.52, -1.93, 0.83, 3.27],
    "variance": [0.81, 1.94, 0.27, 3.6], "target_variance": [1.2, 0.7, 0.31, 4.4],
}  # fmt: skip
LATENT: Inputs = {"pred": VECTORS["pred"], "log_variance": [[-0.6, 0.9], [0.4, -1.37], [0.15, 0.8], [-2.9, 0.71]]}
EVENTS: Inputs = {
    "event": [1.0, 0.0, 1.0, 1.0], "intensity": [0.81, 1.94, 2.27, 0.36], "compensator": [0.4, 1.3, 0.0, 2.2],
}  # fmt: skip


def cases() -> list[Case]:
    weighted = "(w * ({})).sum() / w.sum()"
    normal = "torch.distributions.Independent(torch.distributions.Normal(pred, variance.sqrt()), 1)"
    full = "torch.distributions.MultivariateNormal(pred, scale_tril=cholesky).log_prob(target)"
    free = weighted.format(f"-{full} - 3 / 2 * math.log(2 * math.pi)")
    rows = (
        "np.mean([-scipy.stats.multivariate_normal.logpdf(t, p, L @ L.T) for p, t, L in zip(pred, target, cholesky)])"
    )
    z = "((target - pred) / scale)"
    gumbel = "-torch.distributions.Gumbel(pred, scale).log_prob(target)"
    logistic = f"{z} + 2 * F.softplus(-{z}) + scale.log()"
    weibull = "-torch.distributions.Weibull(pred, shape).log_prob(target)"
    some = "-torch.distributions.LogNormal(pred, scale).log_prob(target.clamp(min=1e-3))"
    zero = f"torch.where(target > 0, {some} - torch.log1p(-zero_prob), -zero_prob.log())"
    sides = ("target, target_variance.sqrt()", "pred, variance.sqrt()")
    kl = "torch.distributions.kl_divergence({}, {})".format(*(f"torch.distributions.Normal({side})" for side in sides))
    latent = "torch.distributions.kl_divergence(torch.distributions.Normal(pred, (log_variance / 2).exp()),"
    latent += " torch.distributions.Normal(torch.zeros(()), torch.ones(())))"
    both = {"by": "pred scale"}
    return [
        by_torch("torch", "diagonal_gaussian_nll:full=true", f"-{normal}.log_prob(target).mean()", VECTORS,
                 by="pred variance"),
        by_torch("torch", "diagonal_gaussian_nll",
                 weighted.format("F.gaussian_nll_loss(pred, target, variance, reduction='none').sum(1)"), VECTORS,
                 by="pred variance", weights=WEIGHTS[:4]),
        by_torch("torch", "multivariate_gaussian_nll:full=true", f"-{full}.mean()", CORRELATED, by="pred cholesky"),
        by_torch("torch", "multivariate_gaussian_nll", free, CORRELATED, by="pred cholesky", weights=WEIGHTS[:4]),
        by_numpy("scipy", "multivariate_gaussian_nll:full=true", rows, CORRELATED),
        by_numpy("scoringrules", "logistic_nll", "scoringrules.logs_logistic(target, pred, scale).mean()", SPREAD),
        by_hand("logistic_nll", f"({logistic}).mean()", SPREAD, **both),
        by_hand("logistic_nll", weighted.format(logistic), SPREAD, weights=WEIGHTS, **both),
        by_torch("torch", "gumbel_nll", f"({gumbel}).mean()", SPREAD, **both),
        by_torch("torch", "gumbel_nll", weighted.format(gumbel), SPREAD, weights=WEIGHTS, **both),
        by_numpy("scipy", "gumbel_nll", "-scipy.stats.gumbel_r.logpdf(target, pred, scale).mean()", SPREAD),
        by_torch("torch", "weibull_nll", f"({weibull}).mean()", LIFETIMES, by="pred shape"),
        by_torch("torch", "weibull_nll", weighted.format(weibull), LIFETIMES, by="pred shape", weights=WEIGHTS),
        by_numpy("scipy", "weibull_nll", "-scipy.stats.weibull_min.logpdf(target, shape, scale=pred).mean()",
                 LIFETIMES),
        by_hand("zero_inflated_lognormal_nll ziln", f"{zero}.mean()", VALUES, by="pred scale zero_prob"),
        by_hand("zero_inflated_lognormal_nll", weighted.format(zero), VALUES, by="pred scale zero_prob",
                weights=WEIGHTS),
        by_torch("torch", "kl_gaussian", f"{kl}.mean()", NORMALS, by="pred variance"),
        by_torch("torch", "kl_gaussian", weighted.format(kl), NORMALS, by="pred variance", weights=WEIGHTS[:4]),
        by_torch("torch", "kl_standard_normal", f"{latent}.sum(1).mean()", LATENT, by="pred log_variance"),
        by_torch("torch", "kl_standard_normal:average=true", weighted.format(f"{latent}.mean(1)"), LATENT,
                 by="pred log_variance", weights=WEIGHTS[:4]),
        by_hand("point_process_nll", "(compensator - event * intensity.log()).mean()", EVENTS,
                by="intensity compensator"),
        by_hand("point_process_nll", weighted.format("compensator - event * intensity.log()"), EVENTS,
                by="intensity compensator", weights=WEIGHTS[:4]),
    ]  # fmt: skip

"""Numbers for the losses that are negative log likelihoods of a stated distribution."""

from __future__ import annotations

from peers import Case, Inputs, by_boosting, by_catboost, by_torch

COUNTS: Inputs = {
    "pred": [1.83, 0.42, 7.19, 3.36, 0.117, 12.8],
    "target": [2.0, 1.0, 5.0, 4.0, 3.0, 11.0],
}
REALS: Inputs = {
    "pred": [1.83, 0.42, 7.19, 3.36, 0.117, 12.8],
    "target": [1.27, 0.95, 6.04, 5.71, 0.233, 9.15],
}
WEIGHTS = [1.7, 0.35, 2.2, 0.8, 1.15, 0.6]
SMALL_RATES: Inputs = {"pred": [3e-9, 0.42, 7.19, 6e-8, 1.2e-7], "target": [2.0, 1.0, 5.0, 3.0, 4.0]}
LOG_RATES: Inputs = {
    "pred": [0.61, -0.87, 1.97, 1.21, -2.15, 2.55],
    "target": [2.0, 1.0, 5.0, 4.0, 3.0, 11.0],
}
FRACTIONS: Inputs = {  # what CatBoost's single precision holds exactly
    "pred": [2.375, -1.1875, 0.640625, 1.90625, -3.0625, 0.28125],
    "target": [7.0, 1.0, 2.0, 5.0, 3.0, 4.0],
}
HALVES = [0.75, 2.25, 1.125, 0.5, 3.625, 1.875]
LARGE_LOG_RATES: Inputs = {"pred": [40.2, -39.7, 1.3e-8, -748.0, 301.0], "target": [2.0, 1.0, 5.0, 3.0, 4.0]}
NORMAL: Inputs = {
    "pred": [2.37, -1.18, 0.64, 5.91, -3.05, 0.29],
    "target": [1.52, -1.93, 0.83, 3.27, -2.71, 1.98],
    "variance": [0.81, 1.94, 0.27, 3.6, 0.052, 1.13],
}
# The first two variances lie below torch's eps.
NARROW: Inputs = {
    "pred": [2.37, -1.18, 0.64, 5.91],
    "target": [2.3702, -1.1807, 0.83, 3.27],
    "variance": [3e-9, 7.1e-7, 4.4e-6, 3.6],
}
OUTPUTS: Inputs = {
    "pred": [[0.31, 2.2], [1.74, -0.83], [-2.61, 4.09], [3.38, 1.27]],
    "target": [[0.57, 1.43], [-1.21, -0.38], [-2.14, 7.66], [3.05, 0.71]],
    "variance": [[0.62, 1.9], [2.4, 0.37], [1.15, 4.8], [0.29, 0.71]],
}


def cases() -> list[Case]:
    return [*_poisson(), *_log_rates(), *_gaussian()]


def _poisson() -> list[Case]:
    torch = "torch.nn.PoissonNLLLoss(log_input=False, eps={})(pred, target)"
    return [
        by_torch("torch", "poisson_nll", torch.format("0.0"), COUNTS),
        by_torch("torch", "poisson_nll", torch.format("0.0"), REALS),
        by_torch(
            "torch",
            "poisson_nll@torch poisson_nll:eps=1e-8",
            "torch.nn.PoissonNLLLoss(log_input=False)(pred, target)",
            SMALL_RATES,
        ),
        by_torch("torch", "poisson_nll:eps=0.3", torch.format("0.3"), COUNTS),
        by_torch(
            "torch",
            "poisson_nll:eps=1e-8",
            "(w * F.poisson_nll_loss(pred, target, log_input=False, reduction='none')).sum() / w.sum()",
            COUNTS,
            weights=WEIGHTS,
        ),
        by_torch("keras", "poisson_nll@keras poisson_nll:eps=1e-7", "keras.losses.Poisson()(target, pred)", COUNTS),
        by_torch("keras", "poisson_nll@keras", "keras.losses.Poisson()(target, pred)", SMALL_RATES),
        by_torch(
            "keras",
            "poisson_nll:eps=1e-7",
            "keras.losses.Poisson(reduction='mean_with_sample_weight')(target[:, None], pred[:, None], w)",
            COUNTS,
            weights=WEIGHTS,
        ),
    ]


def _log_rates() -> list[Case]:
    name, torch = "poisson_nll_log_rate", "torch.nn.PoissonNLLLoss()(pred, target)"
    return [
        by_torch("torch", f"{name} {name}@torch", torch, LOG_RATES),
        by_torch("torch", name, torch, LARGE_LOG_RATES),
        by_torch(
            "torch",
            name,
            "(w * F.poisson_nll_loss(pred, target, reduction='none')).sum() / w.sum()",
            LOG_RATES,
            weights=WEIGHTS,
        ),
        by_catboost(f"{name} {name}@catboost", "Poisson", FRACTIONS),
        by_catboost(name, "Poisson", FRACTIONS, weights=HALVES),
        by_boosting(name, "HalfPoissonLoss()", LOG_RATES, weights=WEIGHTS),
    ]


def _gaussian() -> list[Case]:
    torch = "torch.nn.GaussianNLLLoss({})(pred, target, variance)"
    both = {"by": "pred variance"}
    return [
        by_torch("torch", "gaussian_nll gaussian_nll@torch gaussian_nll:eps=1e-6", torch.format(""), NORMAL, **both),
        by_torch("torch", "gaussian_nll", torch.format(""), OUTPUTS, **both),
        by_torch("torch", "gaussian_nll:full=true", torch.format("full=True"), NORMAL, **both),
        # torch lets the slope by a variance below eps through as if it were eps, so only pred's is asked for.
        by_torch("torch", "gaussian_nll@torch gaussian_nll:eps=1e-6", torch.format(""), NARROW),
        by_torch("torch", "gaussian_nll:eps=0.5,full=true", torch.format("full=True, eps=0.5"), NORMAL),
        by_torch(
            "torch",
            "gaussian_nll:full=true",
            "(w * F.gaussian_nll_loss(pred, target, variance, full=True, reduction='none')).sum() / w.sum()",
            NORMAL,
            weights=WEIGHTS,
            **both,
        ),
    ]

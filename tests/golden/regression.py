"""Numbers for the losses of a number against a number."""

from __future__ import annotations

from peers import Case, Inputs, by_boosting, by_catboost, by_hand, by_jax, by_lightgbm, by_numpy, by_torch

PLAIN: Inputs = {
    "pred": [2.37, -1.18, 0.64, 5.91, -3.05, 0.29, 7.44],
    "target": [1.52, -1.93, 0.83, 3.27, -2.71, 1.98, 7.13],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25]
OUTPUTS: Inputs = {
    "pred": [[0.31, 2.2], [1.74, -0.83], [-2.61, 4.09], [3.38, 1.27], [0.92, -5.13]],
    "target": [[0.57, 1.43], [-1.21, -0.38], [-2.14, 7.66], [3.05, 0.71], [2.86, -4.49]],
}
OUTPUT_WEIGHTS = [1.3, 0.6, 2.75, 0.9, 1.85]
# Errors of about 1e-8 whose doubles are exact differences near 0, so that no digit is lost before the loss sees them.
TINY: Inputs = {"pred": [1.3e-8, -2.7e-8, 4.1e-9, -8.6e-9, 3.3e-8], "target": [2.9e-9, -1.4e-8, 7.7e-9, 5.2e-9, 1.9e-8]}
HUGE: Inputs = {"pred": [751.3, -802.6, 41.7, -38.9, 1.9e5], "target": [1.7, 2.4, -3.6, 0.9, -2.3e5]}
POSITIVE: Inputs = {
    "pred": [1.83, 0.42, 7.19, 3.36, 0.117, 12.8],
    "target": [1.27, 0.95, 6.04, 5.71, 0.233, 9.15],
}
POSITIVE_WEIGHTS = [1.7, 0.35, 2.2, 0.8, 1.15, 0.6]
BINARY_FRACTIONS: Inputs = {  # what LightGBM's single precision holds exactly
    "pred": [2.375, -1.1875, 0.640625, 5.90625, -3.0625, 0.28125],
    "target": [1.5, -1.9375, 0.828125, 3.25, -2.71875, 1.984375],
}
HALVES = [0.75, 2.25, 1.125, 0.5, 3.625, 1.875]


def cases() -> list[Case]:
    return [*_squares(), *_absolutes(), *_hubers(), *_smooth(), *_sided(), *_relative(), *_logs()]


def _squares() -> list[Case]:
    weighted = "sklearn.metrics.{}(target, pred, sample_weight=w)"
    return [
        by_torch("torch", "mse mse@torch", "torch.nn.MSELoss()(pred, target)", PLAIN),
        by_torch("torch", "mse", "torch.nn.MSELoss()(pred, target)", OUTPUTS),
        by_torch("torch", "mse", "torch.nn.MSELoss()(pred, target)", TINY),
        by_torch("torch", "mse", "torch.nn.MSELoss()(pred, target)", HUGE),
        by_torch("torch", "mse", "F.mse_loss(pred, target, weight=w)", PLAIN, weights=WEIGHTS),
        by_torch("keras", "mse@keras", "keras.losses.MeanSquaredError()(target, pred)", PLAIN),
        by_jax("mse@optax", "optax.squared_error(pred, target).mean()", PLAIN),
        by_torch("torchmetrics", "mse@torchmetrics", "torchmetrics.functional.mean_squared_error(pred, target)", PLAIN),
        by_hand("tolerance_error:tolerance=0.8", "((pred - target).abs() > 0.8).double().mean()", PLAIN, by=""),
        by_catboost("tolerance_error:tolerance=0.75", "NumErrors:greater_than=0.75", BINARY_FRACTIONS),
        by_hand(
            "tolerance_error:tolerance=0.25,relative=true",
            "(w * ((pred - target).abs() > 0.25 * target.abs())).sum() / w.sum()",
            PLAIN,
            by="",
            weights=WEIGHTS,
        ),
        by_numpy("sklearn", "mse@sklearn", "sklearn.metrics.mean_squared_error(target, pred)", PLAIN),
        by_numpy("sklearn", "mse", weighted.format("mean_squared_error"), PLAIN, weights=WEIGHTS),
        by_numpy("sklearn", "mse", weighted.format("mean_squared_error"), OUTPUTS, weights=OUTPUT_WEIGHTS),
        by_lightgbm("mse@lightgbm", {"metric": "l2"}, BINARY_FRACTIONS),
        by_lightgbm("mse", {"metric": "l2"}, BINARY_FRACTIONS, weights=HALVES),
        by_torch("torch", "rmse", "torch.nn.MSELoss()(pred, target).sqrt()", PLAIN),
        by_torch("torch", "rmse", "torch.nn.MSELoss()(pred, target).sqrt()", TINY),
        by_torch("torch", "rmse", "F.mse_loss(pred, target, weight=w).sqrt()", PLAIN, weights=WEIGHTS),
        by_numpy("sklearn", "rmse@sklearn", "sklearn.metrics.root_mean_squared_error(target, pred)", PLAIN),
        by_numpy("sklearn", "rmse", weighted.format("root_mean_squared_error"), PLAIN, weights=WEIGHTS),
        by_torch("keras", "rmse@keras", "keras.metrics.RootMeanSquaredError()(target, pred)", PLAIN, by=""),
        by_torch(
            "torchmetrics",
            "rmse",
            "torchmetrics.functional.mean_squared_error(pred, target, squared=False)",
            PLAIN,
        ),
        by_lightgbm("rmse rmse@lightgbm", {"metric": "rmse"}, BINARY_FRACTIONS),
        by_catboost("rmse@catboost", "RMSE", BINARY_FRACTIONS),
        by_catboost("rmse", "RMSE", BINARY_FRACTIONS, weights=HALVES),
    ]


def _absolutes() -> list[Case]:
    return [
        by_torch("torch", "mae mae@torch", "torch.nn.L1Loss()(pred, target)", PLAIN),
        by_torch("torch", "mae", "torch.nn.L1Loss()(pred, target)", OUTPUTS),
        by_torch("torch", "mae", "torch.nn.L1Loss()(pred, target)", TINY),
        by_torch("torch", "mae", "F.l1_loss(pred, target, weight=w)", PLAIN, weights=WEIGHTS),
        by_torch("keras", "mae@keras", "keras.losses.MeanAbsoluteError()(target, pred)", PLAIN),
        by_torch(
            "torchmetrics", "mae@torchmetrics", "torchmetrics.functional.mean_absolute_error(pred, target)", PLAIN
        ),
        by_numpy("sklearn", "mae@sklearn", "sklearn.metrics.mean_absolute_error(target, pred)", PLAIN),
        by_numpy(
            "sklearn",
            "mae",
            "sklearn.metrics.mean_absolute_error(target, pred, sample_weight=w)",
            OUTPUTS,
            weights=OUTPUT_WEIGHTS,
        ),
        by_boosting("mae", "AbsoluteError()", PLAIN, weights=WEIGHTS),
        by_lightgbm("mae@lightgbm", {"metric": "l1"}, BINARY_FRACTIONS, weights=HALVES),
    ]


def _hubers() -> list[Case]:
    return [
        by_torch("torch", "huber huber@torch", "torch.nn.HuberLoss()(pred, target)", PLAIN),
        by_torch("torch", "huber:delta=2", "torch.nn.HuberLoss(delta=2.0)(pred, target)", PLAIN),
        by_torch("torch", "huber:delta=0.3", "torch.nn.HuberLoss(delta=0.3)(pred, target)", OUTPUTS),
        by_torch("torch", "huber", "torch.nn.HuberLoss()(pred, target)", TINY),
        by_torch("torch", "huber", "torch.nn.HuberLoss()(pred, target)", HUGE),
        by_torch(  # F.huber_loss(weight=w) would divide by the rows, where F.mse_loss(weight=w) divides by the weights
            "torch",
            "huber:delta=2",
            "(w * F.huber_loss(pred, target, delta=2.0, reduction='none')).sum() / w.sum()",
            PLAIN,
            weights=WEIGHTS,
        ),
        by_torch("keras", "huber@keras", "keras.losses.Huber()(target, pred)", PLAIN),
        by_torch("keras", "huber:delta=0.6", "keras.losses.Huber(delta=0.6)(target, pred)", PLAIN),
        by_jax("huber@optax", "optax.huber_loss(pred, target).mean()", PLAIN),
        by_jax("huber:delta=1.7", "optax.huber_loss(pred, target, delta=1.7).mean()", PLAIN),
        by_boosting("huber:delta=0.8", "HuberLoss(delta=0.8)", PLAIN, weights=WEIGHTS),
        by_lightgbm("huber@lightgbm huber:delta=0.9", {"objective": "huber", "metric": "huber"}, BINARY_FRACTIONS),
        by_lightgbm(
            "huber:delta=1.75",
            {"objective": "huber", "metric": "huber", "alpha": 1.75},
            BINARY_FRACTIONS,
            weights=HALVES,
        ),
        by_catboost("huber:delta=2", "Huber:delta=2", BINARY_FRACTIONS, weights=HALVES),
        by_torch("torch", "smooth_l1 smooth_l1@torch", "torch.nn.SmoothL1Loss()(pred, target)", PLAIN),
        by_torch("torch", "smooth_l1:beta=0.5", "torch.nn.SmoothL1Loss(beta=0.5)(pred, target)", PLAIN),
        by_torch("torch", "smooth_l1:beta=2.5", "torch.nn.SmoothL1Loss(beta=2.5)(pred, target)", OUTPUTS),
        by_torch("torch", "smooth_l1:beta=0", "torch.nn.SmoothL1Loss(beta=0.0)(pred, target)", PLAIN),
        by_torch("torch", "smooth_l1:beta=0.5", "torch.nn.SmoothL1Loss(beta=0.5)(pred, target)", TINY),
        by_torch(
            "torch",
            "smooth_l1:beta=0.5",
            "(w * F.smooth_l1_loss(pred, target, beta=0.5, reduction='none')).sum() / w.sum()",
            PLAIN,
            weights=WEIGHTS,
        ),
    ]


def _smooth() -> list[Case]:
    formula = "(d**2 * ((1 + ((pred - target) / d) ** 2).sqrt() - 1)).mean()"
    return [
        by_torch("keras", "log_cosh log_cosh@keras", "keras.losses.LogCosh()(target, pred)", PLAIN),
        by_torch("keras", "log_cosh", "keras.losses.LogCosh()(target, pred)", HUGE),
        by_torch(
            "keras",
            "log_cosh",
            "keras.losses.LogCosh(reduction='mean_with_sample_weight')(target[:, None], pred[:, None], w)",
            PLAIN,
            weights=WEIGHTS,
        ),
        by_jax("log_cosh@optax", "optax.log_cosh(pred, target).mean()", PLAIN),
        by_jax("log_cosh", "optax.log_cosh(pred, target).mean()", OUTPUTS),
        by_numpy("scipy", "pseudo_huber", "scipy.special.pseudo_huber(1.0, pred - target).mean()", PLAIN),
        by_numpy("scipy", "pseudo_huber:delta=0.4", "scipy.special.pseudo_huber(0.4, pred - target).mean()", OUTPUTS),
        by_numpy("scipy", "pseudo_huber", "scipy.special.pseudo_huber(1.0, pred - target).mean()", TINY),
        by_numpy("scipy", "pseudo_huber:delta=3", "scipy.special.pseudo_huber(3.0, pred - target).mean()", HUGE),
        by_numpy(
            "scipy",
            "pseudo_huber:delta=0.4",
            "np.average(scipy.special.pseudo_huber(0.4, pred - target), weights=w)",
            PLAIN,
            weights=WEIGHTS,
        ),
        *(
            by_torch(
                "torch",
                f"pseudo_huber:delta={d}",
                formula.replace("d**2", f"{d}**2").replace("/ d)", f"/ {d})"),
                PLAIN,
                notes=" (formula typed by hand, torch's slopes)",
            )
            for d in ("1.0", "2.5")
        ),
    ]


def _sided() -> list[Case]:
    expectile = (
        "np.average(model_diagnostics.scoring.HomogeneousExpectileScore(degree=2, level={})"
        ".score_per_obs(target, pred), weights=w) / 2"
    )
    slopes = "torch.where(pred >= target, 1 - {0}, {0}).mul((pred - target) ** 2).mean()"
    note = " (formula typed by hand, torch's slopes)"
    return [
        by_numpy("sklearn", "pinball pinball@sklearn", "sklearn.metrics.mean_pinball_loss(target, pred)", PLAIN),
        by_numpy("sklearn", "pinball:q=0.9", "sklearn.metrics.mean_pinball_loss(target, pred, alpha=0.9)", OUTPUTS),
        by_numpy(
            "sklearn",
            "pinball:q=0.15",
            "sklearn.metrics.mean_pinball_loss(target, pred, alpha=0.15, sample_weight=w)",
            PLAIN,
            weights=WEIGHTS,
        ),
        by_boosting("pinball", "PinballLoss(quantile=0.5)", PLAIN),
        by_boosting("pinball:q=0.8", "PinballLoss(quantile=0.8)", PLAIN, weights=WEIGHTS),
        by_boosting("pinball:q=0.3", "PinballLoss(quantile=0.3)", TINY),
        by_lightgbm(
            "pinball@lightgbm pinball:q=0.9", {"objective": "quantile", "metric": "quantile"}, BINARY_FRACTIONS
        ),
        by_lightgbm(
            "pinball:q=0.25",
            {"objective": "quantile", "metric": "quantile", "alpha": 0.25},
            BINARY_FRACTIONS,
            weights=HALVES,
        ),
        by_numpy("model_diagnostics", "expectile", expectile.format(0.5), PLAIN),
        by_numpy("model_diagnostics", "expectile:q=0.8", expectile.format(0.8), PLAIN),
        by_numpy("model_diagnostics", "expectile:q=0.35", expectile.format(0.35), PLAIN, weights=WEIGHTS),
        by_catboost("expectile:q=0.25", "Expectile:alpha=0.25", BINARY_FRACTIONS, weights=HALVES),
        by_catboost("expectile:q=0.875", "Expectile:alpha=0.875", BINARY_FRACTIONS),
        by_torch("torch", "expectile", slopes.format(0.5), PLAIN, notes=note),
        by_torch("torch", "expectile:q=0.8", slopes.format(0.8), PLAIN, notes=note),
    ]


def _relative() -> list[Case]:
    metric = "torchmetrics.functional.{}(pred, target)"
    return [
        by_numpy("sklearn", "mape mape@sklearn", "sklearn.metrics.mean_absolute_percentage_error(target, pred)", PLAIN),
        by_numpy(
            "sklearn",
            "mape",
            "sklearn.metrics.mean_absolute_percentage_error(target, pred, sample_weight=w)",
            PLAIN,
            weights=WEIGHTS,
        ),
        by_torch("torchmetrics", "mape@torchmetrics", metric.format("mean_absolute_percentage_error"), PLAIN),
        by_torch(
            "keras",
            "mape@keras mape:scale=100",
            "keras.losses.MeanAbsolutePercentageError()(target, pred)",
            PLAIN,
        ),
        by_torch("keras", "mape:scale=100", "keras.losses.MeanAbsolutePercentageError()(target, pred)", OUTPUTS),
        by_torch(
            "torchmetrics",
            "smape smape@torchmetrics",
            metric.format("symmetric_mean_absolute_percentage_error"),
            PLAIN,
        ),
        by_torch("torchmetrics", "smape", metric.format("symmetric_mean_absolute_percentage_error"), POSITIVE),
        by_torch("torchmetrics", "smape", metric.format("symmetric_mean_absolute_percentage_error"), OUTPUTS),
        by_torch(
            "torchmetrics",
            "smape:scale=100",
            "100 * torchmetrics.functional.symmetric_mean_absolute_percentage_error(pred, target)",
            PLAIN,
        ),
        by_catboost("smape@catboost smape:scale=100", "SMAPE", BINARY_FRACTIONS),
        by_catboost("smape:scale=100", "SMAPE", BINARY_FRACTIONS, weights=HALVES),
        by_torch(
            "torchmetrics",
            "wmape wmape@torchmetrics",
            metric.format("weighted_mean_absolute_percentage_error"),
            PLAIN,
        ),
        by_torch("torchmetrics", "wmape", metric.format("weighted_mean_absolute_percentage_error"), POSITIVE),
        by_torch(
            "torchmetrics",
            "wmape",
            "torchmetrics.functional.weighted_mean_absolute_percentage_error(w * pred, w * target)",
            PLAIN,
            weights=WEIGHTS,
        ),
    ]


def _logs() -> list[Case]:
    tiny: Inputs = {"pred": [-0.93, 3.7e-4, 812.6, 0.18, -0.22], "target": [-0.87, 1.9e-4, 377.1, 2.9e3, 0.61]}
    weighted = "sklearn.metrics.{}(target, pred, sample_weight=w)"
    return [
        by_numpy("sklearn", "msle msle@sklearn", "sklearn.metrics.mean_squared_log_error(target, pred)", POSITIVE),
        by_numpy("sklearn", "msle", weighted.format("mean_squared_log_error"), POSITIVE, weights=POSITIVE_WEIGHTS),
        by_torch("keras", "msle@keras", "keras.losses.MeanSquaredLogarithmicError()(target, pred)", POSITIVE),
        by_torch(
            "torchmetrics",
            "msle@torchmetrics",
            "torchmetrics.functional.mean_squared_log_error(pred, target)",
            POSITIVE,
        ),
        by_torch("torchmetrics", "msle", "torchmetrics.functional.mean_squared_log_error(pred, target)", tiny),
        by_numpy(
            "sklearn", "rmsle rmsle@sklearn", "sklearn.metrics.root_mean_squared_log_error(target, pred)", POSITIVE
        ),
        by_numpy(
            "sklearn", "rmsle", weighted.format("root_mean_squared_log_error"), POSITIVE, weights=POSITIVE_WEIGHTS
        ),
        by_torch(
            "torchmetrics", "rmsle", "torchmetrics.functional.mean_squared_log_error(pred, target).sqrt()", POSITIVE
        ),
    ]

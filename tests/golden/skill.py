"""Numbers for errors beside those of a baseline, or the size of the target."""

from __future__ import annotations

from directional import CHANGES
from peers import Case, by_hand, by_numpy, by_torch
from regression import PLAIN, WEIGHTS


def cases() -> list[Case]:
    series = "pandas.DataFrame(dict(unique_id='a', ds=range(7), y=target, pred=pred, baseline=baseline))"
    normal = "torchmetrics.functional.normalized_root_mean_squared_error(pred, target, normalization={!r})"
    hand = "({0}(pred - target).{1}).sum() / ({0}(baseline - target).{1}).sum()"
    deviation = "torch.sqrt((w * (target - (w * target).sum() / w.sum()) ** 2).sum())"
    return [
        by_numpy(
            "utilsforecast",
            "relative_mae relative_mae@utilsforecast",
            f"utilsforecast.losses.rmae({series}, models=['pred'], baseline='baseline')['pred'].iloc[0]",
            CHANGES,
        ),
        by_hand("relative_mae", "(pred - target).abs().sum() / (baseline - target).abs().sum()", CHANGES),
        by_hand("relative_mae", hand.format("w * ", "abs()"), CHANGES, weights=WEIGHTS),
        by_numpy(
            "sklearn",
            "relative_mse",
            "sklearn.metrics.mean_squared_error(target, pred) / sklearn.metrics.mean_squared_error(target, baseline)",
            CHANGES,
        ),
        by_hand("relative_mse", hand.format("w * ", "square()"), CHANGES, weights=WEIGHTS),
        by_torch("torchmetrics", "nrmse nrmse@torchmetrics", normal.format("mean"), PLAIN),
        by_torch("torchmetrics", "nrmse:over=std", normal.format("std"), PLAIN),
        by_torch("torchmetrics", "nrmse:over=rms", f"{normal.format('l2')} * n ** 0.5", PLAIN),
        by_hand("nrmse", "((w * (pred - target) ** 2).sum() * w.sum()).sqrt() / (w * target).sum().abs()", PLAIN,
                weights=WEIGHTS),
        by_hand("nrmse:over=std", f"(w * (pred - target) ** 2).sum().sqrt() / {deviation}", PLAIN, weights=WEIGHTS),
    ]  # fmt: skip

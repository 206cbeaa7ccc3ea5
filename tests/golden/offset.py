"""Numbers for how far predictions lie off on average."""

from __future__ import annotations

from peers import Case, by_hand, by_numpy
from regression import OUTPUTS, PLAIN, WEIGHTS


def cases() -> list[Case]:
    series = "pandas.DataFrame(dict(unique_id='a', ds=range(7), y=target, pred=pred))"
    return [
        by_numpy("utilsforecast", "bias mean_error bias@utilsforecast",
                 f"utilsforecast.losses.bias({series}, models=['pred'])['pred'].iloc[0]", PLAIN),
        by_hand("bias", "(w * (pred - target)).sum() / w.sum()", PLAIN, weights=WEIGHTS),
        by_hand("bias", "(pred - target).mean()", OUTPUTS),
        by_numpy("hydroeval", "percent_bias pbias", "-hydroeval.evaluator(hydroeval.pbias, pred, target).item() / 100",
                 PLAIN),
        by_hand("percent_bias", "(w * (pred - target)).sum() / (w * target).sum()", PLAIN, weights=WEIGHTS),
    ]  # fmt: skip

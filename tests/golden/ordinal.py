"""Numbers for the losses of ordered classes."""

from __future__ import annotations

from divergence import CLASSES, SHARES
from divergence import WEIGHTS as SHARE_WEIGHTS
from peers import Case, Inputs, by_hand, by_numpy

STEPS: Inputs = {
    "pred": [
        [1.4, 0.3, -0.8],
        [2.2, 1.1, 0.6],
        [-0.5, -1.7, -2.4],
        [0.9, 0.2, -1.3],
        [3.1, 1.8, 0.7],
        [0.1, -0.4, -0.6],
    ],
    "target": [1.0, 3.0, 0.0, 2.0, 2.0, 0.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9]


def cases() -> list[Case]:
    above, asked = "(target[:, None] > torch.arange(3)).double()", "(target[:, None] >= torch.arange(3))"
    each = f"F.binary_cross_entropy_with_logits(pred, {above}, reduction='none')"
    steps, hard = "(pred - target).cumsum(1)[:, :-1]", "(pred - F.one_hot(target, 3)).cumsum(1)[:, :-1]"
    emd = "(({}.abs() ** {}).sum(1) / 3) ** (1 / {})"
    scores: Inputs = {"pred": [1.4, -0.3, 0.8, 2.6, -1.1, 0.2], "target": [2.0, 0.0, 1.0, 3.0, 1.0, 2.0]}
    ends = "torch.tensor([-1e300, -1.2, 0.4, 1.9, 1e300])"
    inside = f"torch.sigmoid({ends}[target.long() + 1] - pred) - torch.sigmoid({ends}[target.long()] - pred)"
    linked = f"-torch.log({inside})"
    return [
        by_hand("cumulative_link_nll:thresholds=-1.2|0.4|1.9", f"({linked}).mean()", scores),
        by_hand("cumulative_link_nll:thresholds=-1.2|0.4|1.9", f"(w * ({linked})).sum() / w.sum()", scores,
                weights=WEIGHTS),
        by_hand("ordinal_bce coral", f"{each}.sum(1).mean()", STEPS),
        by_hand("ordinal_bce", f"(w * {each}.sum(1)).sum() / w.sum()", STEPS, weights=WEIGHTS),
        by_hand("corn", f"({each} * {asked}).sum() / {asked}.sum()", STEPS),
        by_hand("corn", f"(w[:, None] * {each} * {asked}).sum() / (w[:, None] * {asked}).sum()", STEPS,
                weights=WEIGHTS),
        by_hand("squared_emd", f"({emd.format(steps, 2, 2)}).mean()", SHARES),
        by_hand("squared_emd:exponent=3", f"(w * {emd.format(steps, 3, 3)}).sum() / w.sum()", SHARES,
                weights=SHARE_WEIGHTS),
        by_hand("squared_emd", f"({emd.format(hard, 2, 2)}).mean()", CLASSES),
        by_numpy("scipy", "squared_emd:exponent=1",
                 "np.mean([scipy.stats.wasserstein_distance(range(3), range(3), p, t) / 3"
                 " for p, t in zip(pred, target)])", SHARES),
        by_numpy("scipy", "squared_emd",
                 "np.mean([scipy.stats.energy_distance(range(3), range(3), p, t) / 6**0.5"
                 " for p, t in zip(pred, target)])", SHARES),
    ]  # fmt: skip

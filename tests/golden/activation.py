"""Numbers for the losses without a target."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

CLASSES: Inputs = {"pred": [[0.7, 0.2, 0.1], [0.15, 0.6, 0.25], [0.3, 0.3, 0.4]]}
SERIES: Inputs = {"pred": [[1.3, 0.8, 2.1, 2.7, 1.9], [0.4, -0.6, 0.2, 1.1, 0.7], [2.2, 1.8, 1.7, 0.3, -1.2]]}
WEIGHTS = [1.3, 0.6, 2.75]


def cases() -> list[Case]:
    bends = "(pred[:, :-2] - 2 * pred[:, 1:-1] + pred[:, 2:])"
    return [
        by_hand("entropy", "torch.special.entr(pred).sum(1).mean()", CLASSES),
        by_numpy("scipy", "entropy", "scipy.stats.entropy(pred, axis=1).mean()", CLASSES),
        by_hand("entropy", "-(w * (pred * pred.log()).sum(1)).sum() / w.sum()", CLASSES, weights=WEIGHTS),
        by_hand("smoothness", f"({bends}**2).sum(1).mean()", SERIES),
        by_hand("smoothness", "(w * (torch.diff(pred, n=2)**2).sum(1)).sum() / w.sum()", SERIES, weights=WEIGHTS),
    ]  # fmt: skip

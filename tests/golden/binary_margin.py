"""Numbers for the surrogates of the zero-one loss of a score."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_jax

SCORES: Inputs = {
    "pred": [1.37, -0.62, 0.21, 2.45, -1.83, 0.94, -0.08],
    "target": [1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25]


def cases() -> list[Case]:
    ahead, short = "(target * pred)", "F.relu(1 - target * pred)"
    smooth = f"F.huber_loss({short}, 0 * {short}, delta={{0}}, reduction='none') / {{0}}"
    formulas = {
        "perceptron": f"F.relu(-{ahead})",
        "smoothed_hinge": smooth.format(1.0),
        "smoothed_hinge:delta=0.4": smooth.format(0.4),
        "savage": f"1 / (1 + {ahead}.exp()) ** 2",
        "tangent": f"(2 * {ahead}.atan() - 1) ** 2",
        "unhinged": f"1 - {ahead}",
    }
    found = [by_jax("perceptron perceptron@optax", "optax.losses.perceptron_loss(pred, target).mean()", SCORES)]
    for spec, formula in formulas.items():
        found += [
            by_hand(spec, f"({formula}).mean()", SCORES),
            by_hand(spec, f"(w * ({formula})).sum() / w.sum()", SCORES, weights=WEIGHTS),
        ]
    return found

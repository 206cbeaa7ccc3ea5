"""Numbers for the losses of class probabilities that wrong labels cannot pull far."""

from __future__ import annotations

from multiclass import PROBS, WEIGHTS
from peers import Case, by_hand, by_torch

FLOOR = "9.210340371976182"  # -log(1e-4)


def cases() -> list[Case]:
    own = "pred[i, target]"
    entropy = f"-torch.log({own})"
    one_hot = "F.one_hot(target, 4)"
    hard = "F.one_hot(pred.argmax(1), 4)"
    soft = f"-(({{0}} * {one_hot} + (1 - {{0}}) * {{1}}) * torch.log(pred)).sum(1)"
    formulas = {
        "gce": f"(1 - {own} ** 0.7) / 0.7",
        "gce:exponent=0.3": f"(1 - {own} ** 0.3) / 0.3",
        "class_mae": f"2 * (1 - {own})",
        "rce": f"{FLOOR} * (1 - {own})",
        "rce:floor=-4": f"4 * (1 - {own})",
        "sce": f"0.1 * {entropy} + {FLOOR} * (1 - {own})",
        "sce:forward=0.7,reverse=0.4,floor=-6": f"0.7 * {entropy} + 2.4 * (1 - {own})",
        "nce": f"torch.log({own}) / torch.log(pred).sum(1)",
        "bootstrap_ce": soft.format(0.95, "pred"),
        "bootstrap_ce:label_share=0.8,hard=true": soft.format(0.8, hard),
    }
    found = [
        by_hand("class_mae", f"(pred - {one_hot}).abs().sum(1).mean()", PROBS, by=""),
        by_hand("rce", f"-(pred * ({one_hot}.double().clamp(1e-4, 1)).log()).sum(1).mean()", PROBS, by=""),
    ]
    for spec, formula in formulas.items():
        found += [
            by_hand(spec, f"({formula}).mean()", PROBS),
            by_hand(spec, f"(w * ({formula})).sum() / w.sum()", PROBS, weights=WEIGHTS),
        ]
    keras = "keras.losses.CategoricalGeneralizedCrossEntropy(q={})(target, pred)"
    return [
        *found,
        by_torch("keras", "gce@keras gce:exponent=0.5", keras.format(0.5), PROBS),
        by_torch("keras", "gce:exponent=0.9", keras.format(0.9), PROBS),
    ]

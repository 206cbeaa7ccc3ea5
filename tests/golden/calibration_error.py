"""Numbers for calibration errors in bins."""

from __future__ import annotations

from class_counts import PROBS as VECTORS
from peers import Case, Inputs, by_torch

# Eight rows of 64ths, which torchmetrics's single precision holds exactly.
EXACT: Inputs = {
    "pred": [
        [one / 64 for one in row]
        for row in ((40, 11, 8, 5), (14, 27, 18, 5), (3, 13, 41, 7), (28, 20, 1, 15), (7, 21, 24, 12), (5, 34, 17, 8),
                    (46, 2, 9, 7), (13, 15, 30, 6))
    ],
    "target": [0, 1, 2, 1, 2, 2, 0, 3],
}  # fmt: skip
PROBS: Inputs = {
    "pred": [0.913, 0.137, 0.642, 0.058, 0.771, 0.329, 0.486, 0.874, 0.262, 0.593, 0.708, 0.931, 0.117],
    "target": [1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1],
}
TM = "torchmetrics.functional.classification."
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25, 0.85, 1.35, 2.15, 0.55, 1.45, 0.65]
# The definition, for slopes and weights, which the library does not have.
GAPS = "[((w * (pred - target))[(15 * pred).ceil() == b].sum()).abs() for b in range(1, 16)]"
HAND = {
    "ece": f"sum({GAPS}) / w.sum()",
    "mce": "max(((w * (pred - target))[k == b].sum() / w[k == b].sum()).abs() for k in [(15 * pred).ceil()]"
    " for b in k.unique())",
}
CLASSWISE = """
sum((pred[:, c] - 1.0 * (target == c))[(15 * pred[:, c]).ceil() == b].sum().abs()
for c in range(4) for b in range(1, 16)) / 4 / n
"""
NOTE = " (the definition, typed by hand: torchmetrics has neither weights nor slopes)"


def cases() -> list[Case]:
    found = []
    for name, norm in (("ece", "l1"), ("mce", "max")):
        for bins in ("15", "10", "4"):
            spec = f"{name} {name}@torchmetrics" if bins == "15" else f"{name}:bins={bins}"
            settings = f"n_bins={bins}, norm='{norm}'"
            call = f"{TM}binary_calibration_error(pred, target, {settings})"
            found.append(by_torch("torchmetrics", spec, call, PROBS, by=""))
            if norm == "l1":
                call = f"{TM}multiclass_calibration_error(pred, target, num_classes=4, {settings})"
                found.append(by_torch("torchmetrics", spec, call, EXACT, by=""))
        found.append(by_torch("torch", name, HAND[name], PROBS, weights=WEIGHTS, notes=NOTE))
    for bins in ("15", "5"):
        of_class = f"{TM}binary_calibration_error(pred[:, c], 1 * (target == c), n_bins={bins})"
        spec = "classwise_ece" if bins == "15" else f"classwise_ece:bins={bins}"
        found.append(by_torch("torchmetrics", spec, f"sum({of_class} for c in range(4)) / 4", VECTORS, by=""))
    found.append(by_torch("torch", "classwise_ece", CLASSWISE, VECTORS, notes=NOTE))
    return found

"""Numbers for scores of sums of probabilities; libraries have them for masks, where a batch is one image."""

from __future__ import annotations

from confusion import PROBS, RARE, WEIGHTS
from peers import Case, by_torch

F_BETA = """
1 - (1 + {b}**2) * (w * pred * target).sum() / ((w * pred).sum() + {b}**2 * (w * target).sum())
"""
DICE = "monai.losses.DiceLoss(smooth_nr=0.0, smooth_dr=0.0, batch=True)(pred[None, None], target[None, None])"
MCC = "monai.losses.MCCLoss(smooth_nr=0.0, smooth_dr=0.0, batch=True)(pred[None, None], target[None, None])"


def cases() -> list[Case]:
    found = [
        case
        for inputs in (PROBS, RARE)
        for case in (
            by_torch("monai", "soft_f_beta_loss", DICE, inputs),
            by_torch("monai", "soft_f1 soft_f_beta", f"1 - {DICE}", inputs),
            by_torch("monai", "soft_mcc_loss", MCC, inputs),
            by_torch("monai", "soft_mcc", f"1 - {MCC}", inputs),
        )
    ]
    note = " (the definition, typed by hand: the library has neither weights nor beta)"
    for b in ("1", "2"):
        found.append(by_torch("torch", f"soft_f_beta_loss:beta={b}", F_BETA.format(b=b), PROBS, weights=WEIGHTS,
                              notes=note))  # fmt: skip
    return found

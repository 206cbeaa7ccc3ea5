"""Numbers for the losses of masks."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy, by_torch

MASKS: Inputs = {
    "pred": [[0.31, 0.82, 0.17, 0.95, 0.44], [0.08, 0.61, 0.73, 0.29, 0.12], [0.57, 0.02, 0.38, 0.91, 0.66]],
    "target": [[0.0, 1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0, 0.0]],
}
PIXELS: Inputs = {side: [value for row in rows for value in row] for side, rows in MASKS.items()}
EMPTY: Inputs = {
    "pred": [*MASKS["pred"], [0.0, 0.0, 0.0, 0.0, 0.0]],
    "target": [*MASKS["target"], [0.0, 0.0, 0.0, 0.0, 0.0]],
}
# MONAI's weights are in single precision; those of targets of 2, 1 and 4 pixels are exact there.
CLASSES: Inputs = {
    "pred": MASKS["pred"],
    "target": [[0.0, 1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0, 1.0]],
}
LOGITS: Inputs = {
    "pred": [[1.31, 0.82, -2.17, 0.95, -0.44], [-0.08, 0.61, 2.73, -3.29, 0.12], [0.57, -1.02, 0.38, -0.91, 1.66]],
    "target": MASKS["target"],
}
DECIDED: Inputs = {
    "pred": [[0.0, 1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0, 0.0]],
    "target": MASKS["target"],
}
WEIGHTS = [1.3, 0.6, 2.75]


def monai(settings: str, name: str = "DiceLoss") -> str:
    return f"monai.losses.{name}({settings})(pred[:, None], target[:, None])"


def cases() -> list[Case]:
    both, alarms, missed = "(pred * target).sum(1)", "(pred * (1 - target)).sum(1)", "((1 - pred) * target).sum(1)"
    tversky = f"(1 - {both} / ({both} + {{0}} * {alarms} + {{1}} * {missed}))"
    exact, whole = "smooth_nr=0, smooth_dr=0", "2 * (pred * target).sum() / (pred + target).sum()"
    shared = "(pred * target).sum() / (pred + target - pred * target).sum()"
    union = f"({both} + {alarms} + {missed})"
    weighted, batch = "alpha=0.3, beta=0.7, " + exact, "(pred[:, None], target[:, None])"
    masks = "torch.stack([(1 - p).log(), p.log()])[None, :, None], torch.stack([y])[None].long()"
    classes = "monai.losses.GeneralizedDiceLoss(smooth_nr=0, smooth_dr=0)(pred[None], target[None])"
    return [
        by_torch("monai", "dice_loss", monai(exact), MASKS),
        by_torch("monai", "dice_loss@monai dice_loss:smooth=1e-05", monai(""), MASKS),
        by_torch("monai", "dice_loss:smooth=1e-05", monai(""), EMPTY),
        by_hand("dice_loss", f"(w * (1 - 2 * {both} / (pred + target).sum(1))).sum() / w.sum()", MASKS,
                weights=WEIGHTS),
        by_torch("monai", "dice", f"1 - {monai(exact)}", MASKS),
        by_numpy("sklearn", "dice", "sklearn.metrics.f1_score(target, pred, average='samples')", DECIDED),
        by_torch("monai", "jaccard_loss", monai(f"jaccard=True, {exact}"), MASKS),
        by_torch("monai", "jaccard_loss@monai jaccard_loss:smooth=5e-06", monai("jaccard=True"), MASKS),
        by_hand("jaccard_loss", f"(w * (1 - {both} / {union})).sum() / w.sum()", MASKS, weights=WEIGHTS),
        by_torch("monai", "jaccard", f"1 - {monai(f'jaccard=True, {exact}')}", MASKS),
        by_numpy("sklearn", "jaccard", "sklearn.metrics.jaccard_score(target, pred, average='samples')", DECIDED),
        by_torch("monai", "tversky_loss", monai(exact, "TverskyLoss"), MASKS),
        by_torch("monai", "tversky_loss@monai", monai("", "TverskyLoss"), MASKS),
        by_torch("monai", "tversky_loss:fp_weight=0.3,fn_weight=0.7", monai(weighted, "TverskyLoss"), MASKS),
        by_torch("monai", "tversky:fp_weight=0.3,fn_weight=0.7", f"1 - {monai(weighted, 'TverskyLoss')}", MASKS),
        by_hand("focal_tversky", f"({tversky.format(0.3, 0.7)}**0.75).mean()", MASKS),
        by_hand("focal_tversky:gamma=2,fp_weight=0.6", f"(w * {tversky.format(0.6, 0.7)}**2).sum() / w.sum()", MASKS,
                weights=WEIGHTS),
        by_torch("monai", "micro_dice_loss", f"monai.losses.DiceLoss(batch=True, {exact}){batch}", MASKS),
        by_hand("micro_dice_loss", f"1 - {whole}", PIXELS),
        by_hand("micro_dice", whole, MASKS),
        by_hand("micro_jaccard", shared, PIXELS),
        by_torch("monai", "micro_jaccard_loss",
                 f"monai.losses.DiceLoss(jaccard=True, batch=True, {exact}){batch}", MASKS),
        by_torch("monai", "generalized_dice", classes, CLASSES),
        by_torch("kornia", "lovasz_hinge", "kornia.losses.lovasz_hinge_loss(pred[:, None, None], target[:, None])",
                 LOGITS),
        # Kornia takes logits, so these are logs of probabilities; its classes are the rows of one image.
        by_torch("kornia", "lovasz_softmax",
                 f"torch.stack([kornia.losses.lovasz_softmax_loss({masks}, weight=torch.tensor([0.0, 2.0])) "
                 "for p, y in zip(pred, target)]).mean()", MASKS),
    ]  # fmt: skip

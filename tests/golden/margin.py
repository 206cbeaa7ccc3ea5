"""Numbers for the losses of scores by a margin."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy, by_torch

SIGNED: Inputs = {"pred": [0.31, -2.2, 1.74, -0.083, 0.61, -1.4], "target": [1.0, 1.0, -1.0, -1.0, 1.0, -1.0]}
CLASSES: Inputs = {
    "pred": [[0.31, 1.2, -0.7], [1.74, 0.83, 1.1], [-2.61, 0.09, 0.4], [0.33, 1.28, 0.9], [2.1, -0.2, 0.7]],
    "target": [1, 0, 0, 2, 1],
}
RANKED: Inputs = {
    "first": [0.31, -2.2, 1.74, -0.083, 0.61, -1.4],
    "second": [0.9, -3.1, 2.4, -0.47, 1.2, -1.1],
    "target": SIGNED["target"],
}
DISTANCES: Inputs = {"pred": [0.31, 2.2, 0.74, 0.083, 1.61, 0.4], "target": SIGNED["target"]}
VECTORS: Inputs = {
    "first": [[31.0, 12.0, -7.0], [17.4, 8.3, 11.0], [-26.1, 9.0, 4.0], [3.3, 12.8, 9.0]],
    "second": [[28.0, 17.0, 5.0], [-9.4, 12.3, 4.0], [-21.0, 7.0, -6.0], [15.3, -2.8, 7.0]],
    "target": [1.0, -1.0, -1.0, 1.0],
}
WEIGHTS = [1.3, 0.6, 2.75, 0.9, 1.85, 0.4]


def cases() -> list[Case]:
    weighted = "(w * {}).sum() / w.sum()"
    exponential = "sklearn._loss.loss.ExponentialLoss()(y_true=(target + 1) / 2, raw_prediction=pred)"
    huber = "torch.where(target * pred >= -1, torch.relu(1 - target * pred)**2, -4 * target * pred)"
    modified = "[sklearn.linear_model._sgd_fast.ModifiedHuber().py_loss(y, p) for y, p in zip(target, pred)]"
    return [
        by_torch("torch", "soft_margin soft_margin@torch", "F.soft_margin_loss(pred, target)", SIGNED),
        by_hand("soft_margin logistic_margin", weighted.format("F.softplus(-target * pred)"), SIGNED, weights=WEIGHTS),
        by_hand("exponential", "torch.exp(-target * pred).mean()", SIGNED),
        by_numpy("sklearn", "exponential", exponential, SIGNED),
        by_hand("exponential", weighted.format("torch.exp(-target * pred)"), SIGNED, weights=WEIGHTS),
        by_hand("modified_huber", f"({huber}).mean()", SIGNED),
        by_numpy("sklearn", "modified_huber", f"np.average({modified}, weights=w)", SIGNED, weights=WEIGHTS),
        *_classes(),
        *_pairs(),
    ]  # fmt: skip


def _classes() -> list[Case]:
    multi = "F.multi_margin_loss(pred, target{})"
    best = "torch.stack([row[[c for c in range(3) if c != y]].max() - row[y] for row, y in zip(pred, target)])"
    hinge = "sklearn.metrics.hinge_loss(target, pred, labels=[0, 1, 2]{})"
    return [
        by_torch("torch", "multi_margin multi_margin@torch", multi.format(""), CLASSES),
        by_torch("torch", "multi_margin:squared=true", multi.format(", p=2"), CLASSES),
        by_torch("torch", "multi_margin:margin=0.4", multi.format(", margin=0.4"), CLASSES),
        by_torch("torch", "multi_margin", "(w * F.multi_margin_loss(pred, target, reduction='none')).sum() / w.sum()",
                 CLASSES, weights=WEIGHTS[:5]),
        by_numpy("sklearn", "crammer_singer crammer_singer@sklearn", hinge.format(""), CLASSES),
        by_numpy("sklearn", "crammer_singer", hinge.format(", sample_weight=w"), CLASSES, weights=WEIGHTS[:5]),
        by_hand("crammer_singer", f"torch.relu(1 + {best}).mean()", CLASSES),
        by_hand("crammer_singer:margin=0.4", f"torch.relu(0.4 + {best}).mean()", CLASSES),
    ]  # fmt: skip


def _pairs() -> list[Case]:
    ranking = "F.margin_ranking_loss(first, second, target{})"
    embedding = "F.cosine_embedding_loss(first, second, target{})"
    return [
        by_torch("torch", "margin_ranking margin_ranking@torch", ranking.format(""), RANKED, by="first second"),
        by_torch("torch", "margin_ranking:margin=0.8", ranking.format(", margin=0.8"), RANKED, by="first second"),
        by_torch("torch", "hinge_embedding hinge_embedding@torch", "F.hinge_embedding_loss(pred, target)", DISTANCES),
        by_torch("torch", "hinge_embedding:margin=0.5", "F.hinge_embedding_loss(pred, target, margin=0.5)", DISTANCES),
        by_torch("torch", "cosine_embedding", embedding.format(""), VECTORS, by="first second"),
        by_torch("torch", "cosine_embedding:margin=0.3", embedding.format(", margin=0.3"), VECTORS, by="first second"),
    ]

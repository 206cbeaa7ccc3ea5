"""Numbers for the losses of the similarity of two vectors."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_torch

PAIRS: Inputs = {
    "first": [[0.31, -0.82, 1.17], [-0.08, 0.61, 0.73], [0.57, 0.02, -1.38], [0.21, 0.44, 0.36]],
    "second": [[0.42, -0.77, 0.31], [0.15, 0.48, -0.91], [0.66, 0.31, -0.94], [0.63, 0.12, 0.57]],
    "target": [1.0, 0.0, 0.0, 0.0],
}
ALIKE: Inputs = {**PAIRS, "target": [0.875, -0.25, 0.375, 0.625]}
LEADS: Inputs = {
    "anchor": PAIRS["first"],
    "positive": PAIRS["second"],
    "negative": [[0.3, -0.2, -0.7], [1.4, 0.3, 0.8], [-0.5, 1.1, 0.2], [0.9, -0.4, 0.1]],
    "target": [1.7, -0.4, 0.25, 0.8],
}
VIEWS: Inputs = {role: LEADS[role] for role in ("anchor", "positive")}
WEIGHTS = [1.3, 0.6, 2.75, 0.9]


def cases() -> list[Case]:
    by, three = {"by": "first second"}, {"by": "anchor positive negative"}
    norm, weighted = "(first - second).norm(dim=1)", "(w * {}).sum() / w.sum()"
    loss = "(target * {0}**2 + (1 - target) * ({1} - {0}).clamp(0)**2)"
    angle = "(1 - F.cosine_similarity(first, second))"
    error = "(F.cosine_similarity(first, second) - target)"
    lead = "((anchor * positive).sum(1) - (anchor * negative).sum(1))"
    unit = "(F.normalize(anchor) - F.normalize(positive)).norm(dim=1)"
    return [
        by_hand("contrastive", f"({loss.format(norm, 1)} / 2).mean()", PAIRS, **by),
        by_hand("contrastive:half=false,margin=2", weighted.format(loss.format(norm, 2)), PAIRS, weights=WEIGHTS, **by),
        by_hand("contrastive:distance=cosine,margin=0.5", f"({loss.format(angle, 0.5)} / 2).mean()", PAIRS, **by),
        by_torch("sentence_transformers", "contrastive@sentence_transformers contrastive:distance=cosine,margin=0.5",
                 "by_embeddings('ContrastiveLoss', first, second, target=target)", PAIRS, **by),
        by_torch("sentence_transformers", "cosine_mse@sentence_transformers",
                 "by_embeddings('CosineSimilarityLoss', first, second, target=target)", ALIKE, **by),
        by_torch("sentence_transformers", "margin_mse@sentence_transformers",
                 "by_embeddings('MarginMSELoss', anchor, positive, negative, target=target)", LEADS, **three),
        by_hand("cosine_mse", f"({error}**2).mean()", ALIKE, **by),
        by_torch("torch", "cosine_mse", "F.mse_loss(F.cosine_similarity(first, second), target)", ALIKE, **by),
        by_hand("cosine_mse", weighted.format(f"{error}**2"), ALIKE, weights=WEIGHTS, **by),
        by_torch("torch", "margin_mse", f"F.mse_loss({lead}, target)", LEADS, **three),
        by_hand("margin_mse", weighted.format(f"({lead} - target)**2"), LEADS, weights=WEIGHTS, **three),
        by_hand("alignment", f"({unit}**2).mean()", VIEWS, by="anchor positive"),
        by_hand("alignment:exponent=1.5", weighted.format(f"{unit}**1.5"), VIEWS, weights=WEIGHTS,
                by="anchor positive"),
    ]  # fmt: skip

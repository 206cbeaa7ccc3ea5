"""Numbers for losses of how the vectors of a batch are spread."""

from __future__ import annotations

from embedding import ANCHOR, LABELLED, PAIRS
from peers import Case, Inputs, by_hand, by_torch

SCORED: Inputs = {**PAIRS, "target": [0.41, 0.93, 0.27, 0.66, 0.12, 0.93]}
ODD: Inputs = {role: [row[:3] for row in PAIRS[role]] for role in PAIRS} | {"target": SCORED["target"]}


def cases() -> list[Case]:
    one, both = {"by": "embedding"}, {"by": "anchor positive"}
    uniform = "torch.pdist(F.normalize(embedding)).square().mul(-{}).exp().mean().log()"
    vicreg = "pml.losses.VICRegLoss({})(anchor, ref_emb=positive)"
    norm = "F.batch_norm({}, None, None, training=True)"
    barlow = (
        "(lambda c: (1 - c.diag()).square().sum() + {} * (c.square().sum() - c.diag().square().sum()))"
        f"({norm.format('anchor')}.T @ {norm.format('positive')} / n)"
    )
    cosent = (
        "(lambda s: torch.cat([s.new_zeros(1), (s - s[:, None])[target[:, None] > target]]).logsumexp(0))"
        "({} * F.cosine_similarity(anchor, positive))"
    )
    pairs = "pml.losses.ContrastiveLoss({})(embedding, target)"
    raw = "distance=pml.distances.LpDistance(normalize_embeddings=False)"
    return [
        by_hand("uniformity", uniform.format(2), {"embedding": ANCHOR}, **one),
        by_hand("uniformity:scale=1", uniform.format(1), {"embedding": ANCHOR}, **one),
        by_torch("pml", "vicreg", vicreg.format(""), PAIRS, **both),
        by_torch("pml", "vicreg:invariance=2,variance=3,covariance=0.5,eps=0.01",
                 vicreg.format("invariance_lambda=2, variance_mu=3, covariance_v=0.5, eps=0.01"), PAIRS, **both),
        by_hand("barlow_twins", barlow.format(0.005), PAIRS, **both),
        by_hand("barlow_twins:redundancy=0.3", barlow.format(0.3), PAIRS, **both),
        by_hand("cosent", cosent.format(20), SCORED, **both),
        by_hand("cosent:scale=3", cosent.format(3), SCORED, **both),
        by_torch("sentence_transformers", "angle angle@sentence_transformers",
                 "by_embeddings('AnglELoss', anchor, positive, target=target)", SCORED, **both),
        by_torch("sentence_transformers", "angle:scale=3",
                 "by_embeddings('AnglELoss', anchor, positive, target=target, scale=3)", SCORED, **both),
        by_torch("sentence_transformers", "angle", "by_embeddings('AnglELoss', anchor, positive, target=target)", ODD,
                 **both),
        by_torch("pml", "contrastive_batch", pairs.format(""), LABELLED, **one),
        by_torch("pml", "contrastive_batch:positive_margin=0.5,negative_margin=3,normalize=false",
                 pairs.format(f"pos_margin=0.5, neg_margin=3, {raw}"), LABELLED, **one),
    ]  # fmt: skip

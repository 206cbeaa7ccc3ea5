"""Numbers for losses of the cosines between all vectors of a batch."""

from __future__ import annotations

from embedding import LABELLED, PAIRS
from peers import Case, by_hand, by_torch

COSINES = "F.normalize(embedding) @ F.normalize(embedding).T"
SAME = "(target[:, None] == target) & ~torch.eye(n, dtype=bool)"
OTHER = "target[:, None] != target"


def cases() -> list[Case]:
    by, both = {"by": "embedding"}, {"by": "anchor positive"}
    circle = (
        "(lambda s, same, other: F.softplus((-{0} * F.relu({2} + {1} - s) * (s - {2} + {1}))"
        ".masked_fill(~same, -float('inf')).logsumexp(1) + ({0} * F.relu(s + {1}) * (s - {1}))"
        ".masked_fill(~other, -float('inf')).logsumexp(1)).mean())({3}, {4}, {5})"
    )
    siglip = (
        "(lambda z: (F.softplus(z).sum() - z.diag().sum()) / n)"
        "({} * F.normalize(anchor) @ F.normalize(positive).T + {})"
    )
    dcl = (
        "(lambda z, other: (z.masked_fill(~other, -float('inf')).logsumexp(1) -"
        " (z * z.new_tensor(np.roll(np.eye(2 * n), n, axis=1))).sum(1)).mean())"
        "((lambda v: v @ v.T / {})(F.normalize(torch.cat([anchor, positive]))),"
        " torch.arange(2 * n)[:, None] % n != torch.arange(2 * n) % n)"
    )
    return [
        by_torch("pml", "multi_similarity multi_similarity@pml",
                 "pml.losses.MultiSimilarityLoss()(embedding, target)", LABELLED, **by),
        by_torch("pml", "multi_similarity:positive_scale=3,negative_scale=10,base=0.2",
                 "pml.losses.MultiSimilarityLoss(alpha=3, beta=10, base=0.2)(embedding, target)", LABELLED, **by),
        # pytorch-metric-learning has these values, and takes the weights of pairs as constants in its slopes
        by_torch("pml", "circle", "pml.losses.CircleLoss()(embedding, target)", LABELLED, by=""),
        by_hand("circle:margin=0.25,scale=2", circle.format(2, 0.25, 1, COSINES, SAME, OTHER), LABELLED, **by),
        by_torch("pml", "nca", "pml.losses.NCALoss(reducer=pml.reducers.MeanReducer())(embedding, target)", LABELLED,
                 **by),
        by_torch("pml", "nca:scale=4",
                 "pml.losses.NCALoss(softmax_scale=4, reducer=pml.reducers.MeanReducer())(embedding, target)", LABELLED,
                 **by),
        by_torch("sentence_transformers", "megabatch_margin megabatch_margin@sentence_transformers",
                 "by_embeddings('MegaBatchMarginLoss', anchor, positive, use_mini_batched_version=False)", PAIRS,
                 **both),
        by_torch("sentence_transformers", "megabatch_margin:positive_margin=0.9,negative_margin=-0.1",
                 "by_embeddings('MegaBatchMarginLoss', anchor, positive, use_mini_batched_version=False,"
                 " positive_margin=0.9, negative_margin=-0.1)", PAIRS, **both),
        by_hand("siglip", siglip.format(10, "-10"), PAIRS, **both),
        by_hand("siglip:scale=3,bias=-1.5", siglip.format(3, "-1.5"), PAIRS, **both),
        by_hand("dcl", dcl.format(0.1), PAIRS, **both),
        by_hand("dcl:temperature=0.7", dcl.format(0.7), PAIRS, **both),
    ]  # fmt: skip

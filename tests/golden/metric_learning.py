"""Numbers for losses of the distances between all vectors of a batch."""

from __future__ import annotations

from embedding import LABELLED
from peers import Case, by_hand, by_torch


def cases() -> list[Case]:
    pml = "pml.losses.TripletMarginLoss(margin={}{})(embedding, target)"
    raw = ", distance=pml.distances.LpDistance(normalize_embeddings=False)"
    by = {"by": "embedding"}
    ends = "torch.stack([torch.stack([(a - b).norm() if i != j else (a - b).sum() for j, b in enumerate({0})])"
    apart = ends + " for i, a in enumerate({0})])"
    plain, unit = apart.format("embedding"), apart.format("F.normalize(embedding)")
    hardest = (
        "(lambda d, same: F.relu((d * same).max(1).values"
        " - d.masked_fill(target[:, None] == target, float('inf')).min(1).values + {}).mean())"
        "({}, (target[:, None] == target).double())"
    )
    semi = (
        "(lambda d: torch.stack([F.relu(d[a, p] - (min([n for n in d[a][target != target[a]] if n > d[a, p]])"
        " if d[a][target != target[a]].max() > d[a, p] else d[a][target != target[a]].max()) + {})"
        " for a in range(n) for p in range(n) if a != p and target[a] == target[p]]).mean())({})"
    )
    return [
        by_torch("pml", "batch_all_triplet:margin=0.05,normalize=true batch_all_triplet@pml",
                 pml.format("0.05", ""), LABELLED, **by),
        by_torch("pml", "batch_all_triplet", pml.format("1.0", raw), LABELLED, **by),
        by_torch("pml", "batch_all_triplet:margin=0.4,positive_only=false",
                 pml.format("0.4", raw + ", reducer=pml.reducers.MeanReducer()"), LABELLED, **by),
        by_hand("batch_hard_triplet", hardest.format(1, plain), LABELLED, **by),
        by_hand("batch_hard_triplet:margin=0.2,normalize=true", hardest.format(0.2, unit), LABELLED, **by),
        by_torch("sentence_transformers", "batch_hard_soft_triplet",
                 "by_embeddings('BatchHardSoftMarginTripletLoss', embedding, target=target)", LABELLED, **by),
        by_hand("batch_hard_soft_triplet:normalize=true",
                hardest.format(0, unit).replace("F.relu(", "F.softplus("), LABELLED, **by),
        by_hand("batch_semihard_triplet", semi.format(1, plain), LABELLED, **by),
        by_hand("batch_semihard_triplet:margin=0.2,normalize=true", semi.format(0.2, unit), LABELLED, **by),
    ]  # fmt: skip

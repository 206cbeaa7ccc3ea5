"""Numbers for the losses of vectors: triplets, contrast within a batch, prototypes, angles."""

from __future__ import annotations

import math
from typing import Any

from peers import NAMES, Case, Inputs, by_hand, by_jax, by_torch, library

ANCHOR = [
    [0.42, -1.31, 0.77, 1.08],
    [1.93, 0.26, -0.58, -0.91],
    [-0.35, 1.64, 1.22, 0.14],
    [0.89, 0.53, -1.76, 2.31],
    [-1.47, -0.68, 0.95, -0.23],
    [2.04, -1.12, 0.37, 0.61],
]
POSITIVE = [
    [0.71, -0.94, 1.25, 0.63],
    [1.38, 0.81, -0.22, -1.57],
    [-1.02, 1.19, 0.46, 0.98],
    [0.33, 1.45, -0.87, 1.72],
    [-0.84, -1.36, 1.41, 0.55],
    [1.66, -0.29, 1.07, 1.34],
]
NEGATIVE = [
    [0.57, -1.02, 0.44, 1.36],
    [0.74, -0.45, 0.68, -1.13],
    [3.51, -2.06, -1.88, 4.37],
    [1.02, 0.18, -1.33, 2.04],
    [-1.61, -0.39, 1.17, -0.65],
    [0.92, -0.76, -0.51, 1.83],
]
NEGATIVES = [
    [[-0.56, 0.83, 0.19, 1.47], [1.12, -0.34, 0.65, 0.27], [0.48, 2.01, -0.72, -1.16]],
    [[0.74, -0.45, 0.68, -1.13], [-1.85, 0.57, 1.09, 0.31], [0.16, 0.94, -1.43, 2.22]],
    [[3.51, -2.06, -1.88, 4.37], [0.28, 1.33, 0.85, -0.47], [-0.99, 0.62, 1.71, 0.36]],
    [[1.27, 0.18, -0.93, 1.04], [0.07, -1.52, 0.44, 0.86], [2.13, 0.79, -0.64, -0.38]],
    [[-0.61, 0.39, 2.17, -1.25], [-1.28, 0.05, 0.73, 1.59], [0.97, -1.81, 0.23, 0.52]],
]
TRIPLETS: Inputs = {"anchor": ANCHOR, "positive": POSITIVE, "negative": NEGATIVE}
PAIRS: Inputs = {"anchor": ANCHOR, "positive": POSITIVE}
LISTS: Inputs = {"anchor": ANCHOR[:5], "positive": POSITIVE[:5], "negatives": NEGATIVES}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9]
LABELLED: Inputs = {"embedding": [*ANCHOR, *POSITIVE[:2]], "target": [0, 1, 0, 2, 1, 0, 2, 1]}
ALONE: Inputs = {"embedding": [*ANCHOR, POSITIVE[0]], "target": [0, 1, 0, 2, 1, 0, 1]}
CLASSES: Inputs = {
    "embedding": ANCHOR,
    "target": [0, 2, 1, 0, 1, 2],
    "prototypes": [[1.13, -0.48, -0.27, 1.92], [-1.06, 1.71, 0.84, 0.35], [1.58, 0.62, 0.43, -0.39]],
}
LINES = "pml.distances.{}(normalize_embeddings=False{})"
MEAN = "reducer=pml.reducers.MeanReducer()"
EACH = "reducer=pml.reducers.DoNothingReducer()"


def arcface(embedding: Any, target: Any, prototypes: Any, **settings: Any) -> Any:
    """pytorch-metric-learning's ArcFaceLoss with its weights (a column a class) set to `prototypes`."""
    torch, pml = library("torch"), library("pml")
    loss = pml.losses.ArcFaceLoss(num_classes=prototypes.shape[0], embedding_size=prototypes.shape[1], **settings)
    return torch.func.functional_call(loss, {"W": prototypes.T}, (embedding, target))


NAMES["arcface"] = arcface


def cases() -> list[Case]:
    return [*_triplets(), *_other_triplets(), *_in_batch(), *_lists(), *_views(), *_labels(), *_arcs(), *_angles()]


def _triplets() -> list[Case]:
    call, by = "torch.nn.TripletMarginLoss({})(anchor, positive, negative)", {"by": "anchor positive negative"}
    return [
        by_torch("torch", "triplet@torch triplet:eps=1e-6", call.format(""), TRIPLETS, **by),
        by_torch("torch", "triplet", call.format("eps=0.0"), TRIPLETS, **by),
        by_torch(
            "sentence_transformers",
            "triplet@sentence_transformers",
            "by_embeddings('TripletLoss', anchor, positive, negative)",
            TRIPLETS,
            **by,
        ),
        by_hand(
            "soft_triplet",
            "F.softplus((anchor - positive).norm(dim=1) - (anchor - negative).norm(dim=1)).mean()",
            TRIPLETS,
            **by,
        ),
        by_torch(
            "sentence_transformers",
            "info_nce@sentence_transformers",
            "by_embeddings('MultipleNegativesRankingLoss', anchor, positive)",
            PAIRS,
            by="anchor positive",
        ),
        by_torch("torch", "triplet:margin=0.2", call.format("margin=0.2, eps=0.0"), TRIPLETS, **by),
        by_torch("torch", "triplet:eps=1e-6,margin=2.5", call.format("margin=2.5"), TRIPLETS, **by),
        by_torch("torch", "triplet:distance=manhattan,eps=1e-6", call.format("p=1.0"), TRIPLETS, **by),
        by_torch("torch", "triplet:distance=manhattan", call.format("p=1.0, eps=0.0"), TRIPLETS, **by),
        by_torch("torch", "triplet:eps=1e-6,swap=true", call.format("swap=True"), TRIPLETS, **by),
        by_torch("torch", "triplet:eps=0.05,swap=true", call.format("swap=True, eps=0.05"), TRIPLETS, **by),
        by_torch(
            "torch",
            "triplet:eps=1e-6",
            "(w * F.triplet_margin_loss(anchor, positive, negative, reduction='none')).sum() / w.sum()",
            TRIPLETS,
            weights=WEIGHTS,
            **by,
        ),
        by_jax(
            "triplet", "optax.losses.triplet_margin_loss(anchor, positive, negative, eps=0.0).mean()", TRIPLETS, **by
        ),
    ]


def _other_triplets() -> list[Case]:
    by = {"by": "anchor positive negative"}
    general = "torch.nn.TripletMarginWithDistanceLoss(distance_function={}{})(anchor, positive, negative)"
    squared = "lambda a, b: (a - b).square().sum(-1)"
    cosine = "lambda a, b: 1 - F.cosine_similarity(a, b)"
    mined = (
        f"pml.losses.TripletMarginLoss(margin={{}}, distance={{}}{{}}, {MEAN})"
        "(torch.cat([anchor, positive, negative]), indices_tuple=(i, i + n, i + 2 * n))"
    )
    return [
        by_torch("torch", "triplet:distance=squared", general.format(squared, ""), TRIPLETS, **by),
        by_torch(
            "torch", "triplet:distance=squared,margin=0.2", general.format(squared, ", margin=0.2"), TRIPLETS, **by
        ),
        by_torch(
            "torch",
            "triplet:distance=squared,margin=4,swap=true",
            general.format(squared, ", margin=4.0, swap=True"),
            TRIPLETS,
            **by,
        ),
        by_torch("torch", "triplet:distance=cosine", general.format(cosine, ""), TRIPLETS, **by),
        by_torch(
            "torch",
            "triplet:distance=cosine,margin=0.3,swap=true",
            general.format(cosine, ", margin=0.3, swap=True"),
            TRIPLETS,
            **by,
        ),
        by_torch("pml", "triplet", mined.format("1.0", LINES.format("LpDistance", ""), ""), TRIPLETS, **by),
        by_torch(
            "pml",
            "triplet:margin=0.4,swap=true",
            mined.format("0.4", LINES.format("LpDistance", ""), ", swap=True"),
            TRIPLETS,
            **by,
        ),
        by_torch(
            "pml",
            "triplet:distance=squared",
            mined.format("1.0", LINES.format("LpDistance", ", power=2"), ""),
            TRIPLETS,
            **by,
        ),
        by_torch(
            "pml",
            "triplet:distance=manhattan",
            mined.format("1.0", LINES.format("LpDistance", ", p=1"), ""),
            TRIPLETS,
            **by,
        ),
        by_torch(
            "pml",
            "triplet:distance=cosine,margin=0.3",
            mined.format("0.3", "pml.distances.CosineSimilarity()", ""),
            TRIPLETS,
            **by,
        ),
    ]


def _in_batch() -> list[Case]:
    by = {"by": "anchor positive"}
    near = "(F.normalize(anchor, dim=1) @ F.normalize(positive, dim=1).T / {})"
    raw = "(anchor @ positive.T / {})"
    clip = "(F.cross_entropy({0}, i) + F.cross_entropy({0}.T, i)) / 2"
    weighted = "(w * F.cross_entropy({}, i, reduction='none')).sum() / w.sum()"
    peer = "info_nce.InfoNCE({})(anchor, positive)"
    return [
        by_torch("torch", "info_nce", f"F.cross_entropy({near.format(0.1)}, i)", PAIRS, **by),
        by_torch("torch", "info_nce:temperature=0.5", f"F.cross_entropy({near.format(0.5)}, i)", PAIRS, **by),
        by_torch("torch", "info_nce:symmetric=true", clip.format(near.format(0.1)), PAIRS, **by),
        by_torch("torch", "info_nce:symmetric=true,temperature=0.07", clip.format(near.format(0.07)), PAIRS, **by),
        by_torch(
            "torch", "info_nce:normalize=false,temperature=1", f"F.cross_entropy({raw.format(1.0)}, i)", PAIRS, **by
        ),
        by_torch("torch", "info_nce:normalize=false", f"F.cross_entropy({raw.format(0.1)}, i)", PAIRS, **by),
        by_torch(
            "torch", "info_nce:normalize=false,symmetric=true,temperature=2", clip.format(raw.format(2.0)), PAIRS, **by
        ),
        by_torch("torch", "info_nce", weighted.format(near.format(0.1)), PAIRS, weights=WEIGHTS, **by),
        by_torch("info_nce", "info_nce@info_nce", peer.format(""), PAIRS, **by),
        by_torch("info_nce", "info_nce:temperature=0.3", peer.format("temperature=0.3"), PAIRS, **by),
        by_jax(
            "info_nce:normalize=false,symmetric=true,temperature=1",
            "(optax.softmax_cross_entropy_with_integer_labels(anchor @ positive.T, jnp.arange(n)).mean()"
            " + optax.softmax_cross_entropy_with_integer_labels(positive @ anchor.T, jnp.arange(n)).mean()) / 2",
            PAIRS,
            **by,
        ),
    ]


def _lists() -> list[Case]:
    by = {"by": "anchor positive negatives"}
    scores = (
        "torch.cat([(anchor * positive).sum(1, keepdim=True),"
        " torch.einsum('nd,nkd->nk', anchor, negatives)], 1) / {}, torch.zeros_like(i)"
    )
    cosines = (
        "torch.cat([F.cosine_similarity(anchor, positive)[:, None],"
        " F.cosine_similarity(anchor[:, None], negatives, dim=2)], 1) / {}, torch.zeros_like(i)"
    )
    peer = "info_nce.InfoNCE(negative_mode='paired'{})(anchor, positive, negatives)"
    name = "info_nce_negatives"
    return [
        by_torch("info_nce", f"{name} {name}@info_nce", peer.format(""), LISTS, **by),
        by_torch("info_nce", f"{name}:temperature=0.5", peer.format(", temperature=0.5"), LISTS, **by),
        by_torch("torch", f"{name}:temperature=0.2", f"F.cross_entropy({cosines.format(0.2)})", LISTS, **by),
        by_torch(
            "torch", f"{name}:normalize=false,temperature=1", f"F.cross_entropy({scores.format(1.0)})", LISTS, **by
        ),
        by_torch("torch", f"{name}:normalize=false", f"F.cross_entropy({scores.format(0.1)})", LISTS, **by),
        by_torch(
            "torch",
            f"{name}:temperature=0.3",
            f"(w * F.cross_entropy({cosines.format(0.3)}, reduction='none')).sum() / w.sum()",
            LISTS,
            weights=WEIGHTS[:5],
            **by,
        ),
    ]


def _views() -> list[Case]:
    by = {"by": "anchor positive"}
    peer = "pml.losses.NTXentLoss({})(torch.cat([anchor, positive]), torch.cat([i, i]))"
    optax = "optax.ntxent(jnp.concatenate([anchor, positive]), jnp.tile(jnp.arange(n), 2){})"
    return [
        by_torch("pml", "nt_xent", peer.format("temperature=0.5"), PAIRS, **by),
        by_torch("pml", "nt_xent@pml nt_xent:temperature=0.07", peer.format(""), PAIRS, **by),
        by_torch("pml", "nt_xent:temperature=0.1", peer.format("temperature=0.1"), PAIRS, **by),
        by_torch(
            "pml",
            "nt_xent",
            "(lambda e, v: (v * e['losses']).sum() / v.sum())"
            f"(*(lambda e: (e, w[e['indices'][0] % n]))({peer.format(f'temperature=0.5, {EACH}')}['loss']))",
            PAIRS,
            weights=WEIGHTS,
            **by,
        ),
        by_torch("monai", "nt_xent", "monai.losses.ContrastiveLoss()(anchor, positive)", PAIRS, **by),
        by_torch(
            "monai", "nt_xent:temperature=0.9", "monai.losses.ContrastiveLoss(0.9)(anchor, positive)", PAIRS, **by
        ),
        by_jax("nt_xent", optax.format(", temperature=0.5"), PAIRS, **by),
        by_jax("nt_xent@optax nt_xent:temperature=0.07", optax.format(""), PAIRS, **by),
    ]


def _labels() -> list[Case]:
    by = {"by": "embedding"}
    peer = "pml.losses.SupConLoss({})(embedding, target)"
    raw = f"distance={LINES.format('DotProductSimilarity', '')}"
    return [
        by_torch("pml", "supcon supcon@pml", peer.format(""), LABELLED, **by),
        by_torch("pml", "supcon:temperature=0.5", peer.format("temperature=0.5"), LABELLED, **by),
        by_torch("pml", "supcon", peer.format(""), ALONE, **by),
        by_torch("pml", "supcon:temperature=0.07", peer.format("temperature=0.07"), ALONE, **by),
        by_torch("pml", "supcon:normalize=false,temperature=1", peer.format(f"temperature=1.0, {raw}"), LABELLED, **by),
        by_torch(
            "pml",
            "supcon:temperature=0.5",
            f"(w * {peer.format(f'temperature=0.5, {EACH}')}['loss']['losses']).sum() / w.sum()",
            LABELLED,
            weights=[*WEIGHTS, 0.85, 1.25],
            **by,
        ),
        by_torch("pml", "supcon:normalize=false,temperature=3", peer.format(f"temperature=3.0, {raw}"), ALONE, **by),
    ]


def _arcs() -> list[Case]:
    by = {"by": "embedding prototypes"}
    call = "arcface(embedding, target, prototypes{})"
    note = " (ArcFaceLoss with W = prototypes.T)"
    radians = ", margin=math.degrees({})"
    each = f"(w * {call.format(radians.format(0.3) + f', scale=5.0, {EACH}')}['loss']['losses']).sum() / w.sum()"
    return [
        by_torch("pml", "arcface:margin=0.3,scale=5", each, CLASSES, weights=WEIGHTS, notes=note, **by),
        *(
            by_torch("pml", spec, call.format(settings), CLASSES, notes=note, **by)
            for spec, settings in (
                ("arcface", radians.format(0.5)),
                (f"arcface@pml arcface:margin={math.radians(28.6)!r}", ""),
                ("arcface:margin=0.3,scale=30", radians.format(0.3) + ", scale=30.0"),
                ("arcface:margin=0.2,scale=4", radians.format(0.2) + ", scale=4.0"),
                ("arcface:margin=0,scale=10", radians.format(0.0) + ", scale=10.0"),
            )
        ),
    ]


def _angles() -> list[Case]:
    inputs: Inputs = {"pred": ANCHOR, "target": POSITIVE}
    return [
        by_jax("cosine_distance cosine_distance@optax", "optax.cosine_distance(pred, target).mean()", inputs),
        by_torch("keras", "cosine_distance", "keras.losses.CosineSimilarity()(target, pred) + 1", inputs),
        by_torch("torch", "cosine_similarity", "F.cosine_similarity(pred, target).mean()", inputs),
        by_torch("torch", "cosine_distance", "(1 - F.cosine_similarity(pred, target)).mean()", inputs),
        by_torch(
            "torch",
            "cosine_distance",
            "(w * (1 - F.cosine_similarity(pred, target))).sum() / w.sum()",
            {"pred": ANCHOR, "target": NEGATIVE},
            weights=WEIGHTS,
        ),
    ]

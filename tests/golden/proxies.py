"""Numbers for the losses of vectors against one vector a class."""

from __future__ import annotations

from typing import Any

from peers import NAMES, Case, Inputs, by_hand, by_torch, library

CLASSES: Inputs = {
    "embedding": [[0.31, -0.82, 1.17], [-0.08, 0.61, 0.73], [0.57, 0.02, -1.38], [1.21, 0.44, 0.36]],
    "target": [0, 2, 1, 0],
    "prototypes": [[0.42, -0.77, 0.31], [0.15, 0.48, -0.91], [0.66, 0.31, 0.94]],
}
WEIGHTS = [1.3, 0.6, 2.75, 0.9]


def proxies(name: str, embedding: Any, target: Any, prototypes: Any, **settings: Any) -> Any:
    """A loss of pytorch-metric-learning with these parameters; its own have a column a class, or a row."""
    torch, pml = library("torch"), library("pml")
    sizes = {"num_classes": prototypes.shape[0], "embedding_size": prototypes.shape[1]}
    if name != "ProxyAnchorLoss":  # that one has a reducer of its own, for its two sides
        settings["reducer"] = pml.reducers.MeanReducer()
    made = getattr(pml.losses, name)(**sizes, **settings)
    ((parameter, own),) = made.named_parameters()
    given = prototypes if own.shape == prototypes.shape and parameter == "proxies" else prototypes.T
    return torch.func.functional_call(made, {parameter: given}, (embedding, target))


NAMES["proxies"] = proxies


def cases() -> list[Case]:
    call, by = "proxies({}, embedding, target, prototypes{})", {"by": "embedding prototypes"}
    cosines = "F.normalize(embedding) @ F.normalize(prototypes).T"
    cross = "F.cross_entropy({}, target, reduction='none')"
    own = f"({cosines} - {{}} * F.one_hot(target, 3))"
    weighted = "(w * {}).sum() / w.sum()"
    away = "(((embedding - prototypes[target])**2).sum(1) / 2)"
    return [
        by_torch("pml", "cosface@pml cosface", call.format("'CosFaceLoss'", ""), CLASSES, **by),
        by_torch("pml", "cosface:margin=0.2,scale=4", call.format("'CosFaceLoss'", ", margin=0.2, scale=4"), CLASSES,
                 **by),
        by_hand("cosface:scale=5", weighted.format(cross.format(f"5 * {own.format(0.35)}")), CLASSES, weights=WEIGHTS,
                **by),
        by_torch("pml", "normalized_softmax@pml normalized_softmax", call.format("'NormalizedSoftmaxLoss'", ""),
                 CLASSES, **by),
        by_hand("normalized_softmax:temperature=0.3", weighted.format(cross.format(f"{cosines} / 0.3")), CLASSES,
                weights=WEIGHTS, **by),
        by_torch("pml", "proxy_nca@pml proxy_nca", call.format("'ProxyNCALoss'", ""), CLASSES, **by),
        by_torch("pml", "proxy_nca:scale=3", call.format("'ProxyNCALoss'", ", softmax_scale=3"), CLASSES, **by),
        by_torch("pml", "proxy_anchor@pml proxy_anchor", call.format("'ProxyAnchorLoss'", ""), CLASSES, by="embedding"),
        by_torch("pml", "proxy_anchor:margin=0.2,scale=3",
                 call.format("'ProxyAnchorLoss'", ", margin=0.2, alpha=3"), CLASSES, by="embedding"),
        by_hand("center_loss", f"{away}.mean()", CLASSES, **by),
        by_hand("center_loss", weighted.format(away), CLASSES, weights=WEIGHTS, **by),
    ]  # fmt: skip

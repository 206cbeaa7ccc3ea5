"""Numbers for the losses of log-probabilities, probabilities and scores of classes."""

from __future__ import annotations

from multiclass import PROBS, SOFT, WEIGHTS
from peers import Case, Inputs, by_hand, by_jax, by_torch

SCORES: Inputs = {
    "pred": [
        [1.61, -0.27, 0.09, 0.83],
        [-0.64, 1.05, 0.58, 2.23],
        [0.33, 0.41, -1.19, 0.07],
        [-0.72, -0.31, -1.37, -0.15],
        [2.25, 0.47, -3.12, 0.16],
        [0.38, 2.29, 0.45, -1.18],
    ],
    "target": [0, 3, 1, 2, 0, 1],
}
LOGS: Inputs = {
    "pred": [
        [-0.49, -1.31, -2.4, -3.5],
        [-1.97, -3.0, -0.55, -1.47],
        [-1.11, -0.9, -1.66, -2.66],
        [-3.9, -2.2, -1.0, -0.7],
    ],
    "target": [0, 3, 1, 2],
}
SIZES: Inputs = SCORES | {"prior": [[120.0, 37.0, 5.0, 410.0]] * 6}
SHARES: Inputs = SCORES | {"prior": [[0.2, 0.06, 0.04, 0.7]] * 6}


def cases() -> list[Case]:
    own, entropy = "pred[i, target]", "F.cross_entropy({}, target, reduction='none')"
    weighted = "(w * ({})).sum() / w.sum()"
    spherical = f"-{own} / pred.norm(dim=1)"
    adjusted = entropy.format("pred + {} * torch.log(prior)")
    ahead = "{1} * F.one_hot(target, 4) * ((prior.min(1).values / prior[i, target]) ** 0.25)[:, None]"
    ldam = entropy.format(f"{{0}} * (pred - {ahead})")
    logits = f"{entropy.format('pred')} + {{}} * (1 - F.softmax(pred, 1)[i, target])"
    poly = "optax.losses.poly_loss_cross_entropy({}, jax.nn.one_hot(target, 4), epsilon={})"
    return [
        by_torch("torch", "nll nll@torch", "torch.nn.NLLLoss()(pred, target)", LOGS),
        by_torch("torch", "nll", weighted.format("torch.nn.NLLLoss(reduction='none')(pred, target)"), LOGS,
                 weights=WEIGHTS[:4]),
        by_hand("spherical_score", f"({spherical}).mean()", PROBS),
        by_hand("spherical_score", weighted.format(spherical), PROBS, weights=WEIGHTS),
        by_hand("spherical_score", "-((pred * target).sum(1) / pred.norm(dim=1)).mean()", SOFT),
        by_jax("poly1_ce", poly.format("jnp.log(pred)", 2.0) + ".mean()", PROBS, by=""),
        by_hand("poly1_ce:coefficient=-0.7", weighted.format(f"-{own}.log() - 0.7 * (1 - {own})"), PROBS,
                weights=WEIGHTS),
        by_jax("poly1_ce_with_logits poly1_ce_with_logits@optax", poly.format("pred", 2.0) + ".mean()", SCORES),
        by_jax("poly1_ce_with_logits:coefficient=1", poly.format("pred", 1.0) + ".mean()", SCORES),
        by_hand("poly1_ce_with_logits:coefficient=-0.7", weighted.format(logits.format(-0.7)), SCORES,
                weights=WEIGHTS),
        by_torch("keras", "categorical_hinge categorical_hinge@keras",
                 "keras.losses.CategoricalHinge()(F.one_hot(target, 4), pred)", SCORES),
        by_hand("categorical_hinge", weighted.format(
            "F.relu(1 - pred[i, target] + ((1 - F.one_hot(target, 4)) * pred).max(1).values)"), SCORES,
                weights=WEIGHTS),
        by_jax("sparsemax sparsemax@optax", "optax.losses.multiclass_sparsemax_loss(pred, target).mean()", SCORES),
        by_jax("sparsemax", weighted.format("optax.losses.multiclass_sparsemax_loss(pred, target)"), SCORES,
               weights=WEIGHTS),
        by_hand("logit_adjusted_ce balanced_softmax", f"{adjusted.format(1)}.mean()", SIZES),
        by_hand("logit_adjusted_ce:strength=0.4", weighted.format(adjusted.format(0.4)), SHARES, weights=WEIGHTS),
        by_hand("ldam", f"{ldam.format(30.0, 0.5)}.mean()", SIZES),
        by_hand("ldam:scale=2,margin=1.5", weighted.format(ldam.format(2.0, 1.5)), SHARES, weights=WEIGHTS),
    ]  # fmt: skip

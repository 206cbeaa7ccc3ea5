"""Numbers for the losses of several class probabilities or logits; classes are positions."""

from __future__ import annotations

from peers import Case, Inputs, by_boosting, by_jax, by_lightgbm, by_numpy, by_torch

PROBS: Inputs = {
    "pred": [
        [0.61, 0.27, 0.09, 0.03],
        [0.14, 0.05, 0.58, 0.23],
        [0.33, 0.41, 0.19, 0.07],
        [0.02, 0.11, 0.37, 0.5],
        [0.25, 0.47, 0.12, 0.16],
        [0.08, 0.29, 0.45, 0.18],
    ],
    "target": [0, 3, 1, 2, 0, 1],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9]
SOFT_TARGET = [
    [0.71, 0.16, 0.09, 0.04],
    [0.22, 0.31, 0.06, 0.41],
    [0.05, 0.55, 0.27, 0.13],
    [0.12, 0.03, 0.48, 0.37],
    [0.39, 0.24, 0.26, 0.11],
    [0.17, 0.63, 0.02, 0.18],
]
SOFT: Inputs = {"pred": PROBS["pred"], "target": SOFT_TARGET}
CERTAIN: Inputs = {
    "pred": [[0.0, 0.4, 0.6], [1.0, 0.0, 0.0], [0.3, 0.7, 0.0], [0.15, 0.6, 0.25]],
    "target": [0, 0, 2, 1],
}
# Rows that miss a sum of 1 by less than a hundredth.
ROUGH: Inputs = {
    "pred": [[0.61, 0.273, 0.119], [0.14, 0.275, 0.59], [0.331, 0.404, 0.259], [0.0, 0.41, 0.594]],
    "target": [0, 2, 1, 0],
}
# A share of 0 in the target takes no part.
SPARSE: Inputs = {
    "pred": [[0.61, 0.27, 0.12], [0.14, 0.28, 0.58], [0.33, 0.41, 0.26], [0.07, 0.54, 0.39]],
    "target": [[0.8, 0.2, 0.0], [0.0, 0.35, 0.65], [0.0, 1.0, 0.0], [0.13, 0.56, 0.31]],
}
ROUGH_PAIR: Inputs = {
    "pred": [[0.61, 0.273, 0.119], [0.14, 0.275, 0.59], [0.331, 0.404, 0.259]],
    "target": [[0.79, 0.203, 0.012], [0.008, 0.355, 0.643], [0.137, 0.56, 0.297]],
}
LOGITS: Inputs = {
    "pred": [
        [1.72, -0.38, 0.91, -2.13],
        [0.26, 2.47, -1.59, 0.84],
        [-0.77, 1.08, 0.43, -0.12],
        [3.05, 0.67, -2.41, 1.36],
        [-1.94, 0.52, 2.28, 0.19],
        [0.73, -1.21, -0.56, 1.87],
    ],
    "target": [0, 3, 1, 2, 0, 1],
}
SOFT_LOGITS: Inputs = {"pred": LOGITS["pred"], "target": SOFT_TARGET}
LARGE: Inputs = {
    "pred": [[40.3, -39.6, 1.7], [751.2, 749.1, -748.4], [-802.5, 3.3, 38.9], [0.6, -1.4, 2.1], [41.8, 0.2, -0.9]],
    "target": [1, 1, 0, 2, 0],
}
CLASS_WEIGHTS = "[1.5, 0.4, 2.6, 0.9]"
CLASS_WEIGHT_ROWS = [1.5, 0.9, 0.4, 2.6, 1.5, 0.4]
ONE_HOT = "F.one_hot(target, pred.shape[1]).double()"
KERAS_MEAN = "reduction='mean_with_sample_weight'"


def cases() -> list[Case]:
    return [*_probs(), *_logits(), *_focal(), *_focal_logits(), *_divergences(), *_decisions()]


def _probs() -> list[Case]:
    keras = f"keras.losses.CategoricalCrossentropy({{}})({ONE_HOT}, pred)"
    sklearn = "sklearn.metrics.log_loss(target, pred, labels=[0, 1, 2{}]{})"
    return [
        by_numpy("sklearn", "cross_entropy", sklearn.format(", 3", ""), PROBS),
        by_numpy("sklearn", "cross_entropy", sklearn.format(", 3", ", sample_weight=w"), PROBS, weights=WEIGHTS),
        by_numpy(
            "sklearn", "cross_entropy@sklearn cross_entropy:clip=2.220446049250313e-16", sklearn.format("", ""), CERTAIN
        ),
        by_lightgbm("cross_entropy", {"objective": "none", "metric": "multi_logloss", "num_class": 4}, PROBS),
        by_torch("torch", "cross_entropy", "torch.nn.NLLLoss()(pred.log(), target)", PROBS),
        by_torch("torch", "cross_entropy", "torch.nn.NLLLoss()(pred.log(), target)", CERTAIN, by=""),
        by_torch(
            "torch",
            "cross_entropy",
            f"torch.nn.NLLLoss(weight=torch.tensor({CLASS_WEIGHTS}))(pred.log(), target)",
            PROBS,
            weights=CLASS_WEIGHT_ROWS,
            notes=" (a row weighs as its class)",
        ),
        by_torch("keras", "cross_entropy", keras.format(""), PROBS, by=""),
        by_torch("keras", "cross_entropy@keras cross_entropy:clip=1e-7,renormalize=true", keras.format(""), PROBS),
        by_torch("keras", "cross_entropy@keras", keras.format(""), CERTAIN),
        by_torch("keras", "cross_entropy@keras", keras.format(""), ROUGH),
        by_torch("keras", "cross_entropy@keras", "keras.losses.SparseCategoricalCrossentropy()(target, pred)", ROUGH),
        by_torch("keras", "cross_entropy@keras", "keras.losses.CategoricalCrossentropy()(target, pred)", SOFT),
        by_torch(
            "keras", "cross_entropy:label_smoothing=0.1,renormalize=true", keras.format("label_smoothing=0.1"), PROBS
        ),
        by_torch(
            "keras",
            "cross_entropy:label_smoothing=0.3,renormalize=true",
            f"keras.losses.CategoricalCrossentropy(label_smoothing=0.3, {KERAS_MEAN})(target, pred, w)",
            SOFT,
            weights=WEIGHTS,
        ),
        by_numpy("scipy", "cross_entropy", "-scipy.special.xlogy(target, pred).sum(axis=1).mean()", SPARSE),
    ]


def _logits() -> list[Case]:
    torch = "torch.nn.CrossEntropyLoss({})(pred, target)"
    name = "cross_entropy_with_logits"
    return [
        by_torch("torch", f"{name} {name}@torch", torch.format(""), LOGITS),
        by_torch("torch", name, torch.format(""), SOFT_LOGITS),
        by_torch("torch", name, torch.format(""), LARGE),
        by_torch("torch", f"{name}:label_smoothing=0.1", torch.format("label_smoothing=0.1"), LOGITS),
        by_torch("torch", f"{name}:label_smoothing=0.25", torch.format("label_smoothing=0.25"), SOFT_LOGITS),
        by_torch("torch", f"{name}:label_smoothing=0.1", torch.format("label_smoothing=0.1"), LARGE),
        by_torch("torch", f"{name}:temperature=2.5", "torch.nn.CrossEntropyLoss()(pred / 2.5, target)", LOGITS),
        by_torch("torch", f"{name}:temperature=0.4", "torch.nn.CrossEntropyLoss()(pred / 0.4, target)", SOFT_LOGITS),
        by_torch(
            "torch",
            name,
            torch.format(f"weight=torch.tensor({CLASS_WEIGHTS})"),
            LOGITS,
            weights=CLASS_WEIGHT_ROWS,
            notes=" (a row weighs as its class)",
        ),
        by_torch(
            "torch",
            f"{name}:label_smoothing=0.2",
            "(w * F.cross_entropy(pred, target, label_smoothing=0.2, reduction='none')).sum() / w.sum()",
            LOGITS,
            weights=WEIGHTS,
        ),
        by_jax(f"{name}@optax", "optax.softmax_cross_entropy_with_integer_labels(pred, target).mean()", LOGITS),
        by_jax(name, "optax.softmax_cross_entropy(pred, target).mean()", SOFT_LOGITS),
        by_jax(name, "optax.softmax_cross_entropy_with_integer_labels(pred, target).mean()", LARGE),
        by_jax(
            f"{name}:label_smoothing=0.15",
            "optax.softmax_cross_entropy(pred, optax.smooth_labels(target, 0.15)).mean()",
            SOFT_LOGITS,
        ),
        by_torch(
            "keras",
            f"{name}@keras",
            f"keras.losses.CategoricalCrossentropy(from_logits=True)({ONE_HOT}, pred)",
            LOGITS,
        ),
        by_torch(
            "keras",
            f"{name}:label_smoothing=0.1",
            f"keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, {KERAS_MEAN})"
            f"({ONE_HOT}, pred, w)",
            LOGITS,
            weights=WEIGHTS,
        ),
        by_boosting(name, "HalfMultinomialLoss(n_classes=4)", LOGITS, weights=WEIGHTS),
        by_boosting(name, "HalfMultinomialLoss(n_classes=3)", LARGE),
    ]


def _focal() -> list[Case]:
    keras = f"keras.losses.CategoricalFocalCrossentropy({{}})({ONE_HOT}, pred)"
    same = "categorical_focal@keras categorical_focal:alpha=0.25,clip=1e-7,renormalize=true"
    return [
        # Keras divides each row by its sum, so its slopes are those of renormalize=true.
        by_torch("keras", "categorical_focal", keras.format("alpha=1.0"), PROBS, by=""),
        by_torch("keras", "categorical_focal:renormalize=true", keras.format("alpha=1.0"), PROBS),
        by_torch("keras", same, keras.format(""), CERTAIN),
        by_torch("keras", same, keras.format(""), ROUGH),
        by_torch(
            "keras",
            "categorical_focal:alpha=0.8,gamma=1.5,renormalize=true",
            "keras.losses.CategoricalFocalCrossentropy(alpha=0.8, gamma=1.5)(target, pred)",
            SOFT,
        ),
        by_torch("keras", "categorical_focal:gamma=0.5,renormalize=true", keras.format("alpha=1.0, gamma=0.5"), PROBS),
        by_torch(
            "keras",
            "categorical_focal:alpha=0.25,clip=1e-7,renormalize=true",
            f"keras.losses.CategoricalFocalCrossentropy({KERAS_MEAN})({ONE_HOT}, pred, w)",
            PROBS,
            weights=WEIGHTS,
        ),
        by_torch(
            "torch",
            "categorical_focal",
            f"-({ONE_HOT} * (1 - pred) ** 2 * pred.log()).sum(1).mean()",
            PROBS,
            notes=" (formula typed by hand, torch's slopes)",
        ),
        by_torch(
            "torch",
            "categorical_focal:alpha=0.8,gamma=1.5",
            "-(target * 0.8 * (1 - pred) ** 1.5 * pred.log()).sum(1).mean()",
            SOFT,
            notes=" (formula typed by hand, torch's slopes)",
        ),
    ]


def _focal_logits() -> list[Case]:
    keras = f"keras.losses.CategoricalFocalCrossentropy(from_logits=True{{}})({ONE_HOT}, pred)"
    name = "categorical_focal_with_logits"
    return [
        by_torch("keras", name, keras.format(", alpha=1.0"), LOGITS),
        by_torch("keras", f"{name}:alpha=0.25", keras.format(""), LOGITS),
        by_torch(
            "keras",
            f"{name}:alpha=0.7,gamma=3",
            "keras.losses.CategoricalFocalCrossentropy(from_logits=True, alpha=0.7, gamma=3.0)(target, pred)",
            SOFT_LOGITS,
        ),
        by_torch("keras", f"{name}:gamma=0.5", keras.format(", alpha=1.0, gamma=0.5"), LOGITS),
        by_torch(
            "keras",
            f"{name}:alpha=0.25",
            f"keras.losses.CategoricalFocalCrossentropy(from_logits=True, {KERAS_MEAN})({ONE_HOT}, pred, w)",
            LOGITS,
            weights=WEIGHTS,
        ),
    ]


def _divergences() -> list[Case]:
    torch = "torch.nn.KLDivLoss(reduction='batchmean')(pred.log(), target)"
    return [
        by_torch("torch", "kl_divergence", torch, SOFT),
        by_torch("torch", "kl_divergence", torch, SPARSE),
        by_torch(
            "torch",
            "kl_divergence",
            "(w * F.kl_div(pred.log(), target, reduction='none').sum(1)).sum() / w.sum()",
            SOFT,
            weights=WEIGHTS,
        ),
        by_torch("keras", "kl_divergence", "keras.losses.KLDivergence()(target, pred)", SOFT),
        by_jax("kl_divergence", "optax.kl_divergence(jnp.log(pred), target).mean()", SOFT),
        by_torch(
            "torchmetrics",
            "kl_divergence:renormalize=true kl_divergence@torchmetrics",
            "torchmetrics.functional.kl_divergence(target, pred)",
            SOFT,
        ),
        by_torch(
            "torchmetrics",
            "kl_divergence:renormalize=true kl_divergence@torchmetrics",
            "torchmetrics.functional.kl_divergence(target, pred)",
            ROUGH_PAIR,
        ),
        # Beside a share of 0 in the target its slopes are NaN.
        by_torch(
            "torchmetrics",
            "kl_divergence@torchmetrics",
            "torchmetrics.functional.kl_divergence(target, pred)",
            SPARSE,
            by="",
        ),
        by_numpy("scipy", "kl_divergence", "scipy.stats.entropy(target, pred, axis=1).mean()", SOFT),
        by_numpy("scipy", "kl_divergence", "scipy.special.rel_entr(target, pred).sum(axis=1).mean()", SPARSE),
    ]


def _top_k() -> list[Case]:
    asked = "sklearn.metrics.top_k_accuracy_score(target, pred, k={}, labels=range(4){})"
    found = []
    for k, weights, w in (("1", None, ""), ("2", WEIGHTS, ", sample_weight=w"), ("3", None, ""), ("2", None, "")):
        call = asked.format(k, w)
        preset = "@sklearn" if k == "2" else f":k={k}"
        for name, of in (("top_k_error", "1 - {}"), ("top_k_accuracy", "{}")):
            specs = " ".join(dict.fromkeys((f"{name}:k={k}", name + preset)))
            found.append(by_numpy("sklearn", specs, of.format(call), PROBS, weights=weights))
    return found


def _decisions() -> list[Case]:
    sklearn = "sklearn.metrics.brier_score_loss(target, pred, labels=[0, 1, 2{}]{})"
    error = "sklearn.metrics.zero_one_loss(target, pred.argmax(axis=1){})"
    right = "sklearn.metrics.accuracy_score(target, pred.argmax(axis=1){})"
    return [
        by_numpy("sklearn", "brier brier@sklearn", sklearn.format(", 3", ""), PROBS),
        by_numpy("sklearn", "brier", sklearn.format(", 3", ", scale_by_half=False"), PROBS),
        by_numpy("sklearn", "brier:halve=true", sklearn.format(", 3", ", scale_by_half=True"), PROBS),
        by_numpy("sklearn", "brier", sklearn.format(", 3", ", sample_weight=w"), PROBS, weights=WEIGHTS),
        by_numpy("sklearn", "brier", sklearn.format("", ""), CERTAIN),
        by_torch("torch", "brier", f"(pred - {ONE_HOT}).square().sum(1).mean()", PROBS),
        by_torch("torch", "brier:halve=true", "F.mse_loss(pred, target, reduction='sum') / n / 2", SOFT),
        *_top_k(),
        by_numpy("sklearn", "zero_one", error.format(""), PROBS),
        by_numpy("sklearn", "zero_one", error.format(", sample_weight=w"), PROBS, weights=WEIGHTS),
        by_numpy("sklearn", "zero_one", error.format(""), LOGITS),
        by_numpy("sklearn", "accuracy", right.format(""), PROBS),
        by_numpy("sklearn", "accuracy", right.format(", sample_weight=w"), PROBS, weights=WEIGHTS),
    ]

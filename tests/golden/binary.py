"""Numbers for the losses of one probability, logit or score against two classes."""

from __future__ import annotations

from peers import Case, Inputs, by_boosting, by_catboost, by_jax, by_lightgbm, by_numpy, by_torch, by_xgboost

PROBS: Inputs = {
    "pred": [0.913, 0.137, 0.642, 0.058, 0.771, 0.329, 0.486],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0],
}
EIGHT: Inputs = {  # a share of eight rows is exact in XGBoost's single precision
    "pred": [0.913, 0.137, 0.642, 0.058, 0.771, 0.429, 0.486, 0.294],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25]
SOFT: Inputs = {"pred": [0.913, 0.137, 0.642, 0.058, 0.771], "target": [0.85, 0.22, 0.37, 0.61, 0.94]}
SOFT_WEIGHTS = [1.4, 0.35, 2.6, 0.8, 1.9]
# Wrong and certain, right and certain, and nearly so.
CERTAIN: Inputs = {"pred": [0.0, 1.0, 1.0, 0.0, 3e-9, 0.25], "target": [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]}
# No row at the upper clip on the wrong side: 1 - (1 - 1e-7) in doubles costs Keras the digits after the eleventh.
CLIPPED: Inputs = {"pred": [0.0, 0.93, 1.0, 0.0, 3e-9, 0.25], "target": [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]}
WRONG: Inputs = {"pred": [0.0, 0.93, 4e-8, 0.0, 3e-9, 0.25], "target": [1.0, 0.0, 0.75, 0.5, 1.0, 0.0]}
NEARLY: Inputs = {"pred": [1e-8, 0.99999, 3e-5, 0.9, 1e-300], "target": [1.0, 0.0, 0.0, 1.0, 1.0]}
LOGITS: Inputs = {
    "pred": [2.31, -1.74, 0.58, -2.92, 1.13, -0.66, 0.09],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0],
}
SOFT_LOGITS: Inputs = {"pred": [2.31, -1.74, 0.58, -2.92, 1.13], "target": [0.85, 0.22, 0.37, 0.61, 0.94]}
LARGE: Inputs = {
    "pred": [40.3, -39.6, 41.2, -40.7, 751.0, -748.0, 1e-8],
    "target": [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0],
}
BINARY_FRACTIONS: Inputs = {  # what LightGBM's single precision holds exactly
    "pred": [2.3125, -1.734375, 0.578125, -2.921875, 1.140625, -0.65625],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0],
}
FAR_FRACTIONS: Inputs = {"pred": [40.25, -39.5, 750.0, -801.5, 0.125], "target": [0.0, 1.0, 0.0, 1.0, 1.0]}
SOFT_FRACTIONS: Inputs = {"pred": BINARY_FRACTIONS["pred"], "target": [0.875, 0.25, 0.375, 0.625, 0.9375, 0.125]}
HALVES = [0.75, 2.25, 1.125, 0.5, 3.625, 1.875]
SIGNS: Inputs = {
    "pred": [1.62, -0.37, 0.28, -2.14, 0.73, 0.91],
    "target": [1.0, -1.0, -1.0, 1.0, 1.0, -1.0],
}
SIGN_WEIGHTS = [1.3, 0.45, 2.8, 0.6, 1.75, 0.9]
KERAS_MEAN = "reduction='mean_with_sample_weight')(target[:, None], pred[:, None], w)"


def cases() -> list[Case]:
    return [*_probs(), *_logits(), *_focal(), *_focal_logits(), *_margins(), *_decisions()]


def _probs() -> list[Case]:
    of_probability = "torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor({}))(torch.logit(pred), target)"
    exact = "-(scipy.special.xlogy(target, pred) + scipy.special.xlog1py(1 - target, -pred)).mean()"
    return [
        by_torch("torch", "bce", "torch.nn.BCELoss()(pred, target)", PROBS),
        by_torch("torch", "bce bce@torch", "torch.nn.BCELoss()(pred, target)", SOFT),
        by_torch("torch", "bce@torch bce:log_floor=-100", "torch.nn.BCELoss()(pred, target)", CERTAIN, by=""),
        by_torch(
            "torch",
            "bce",
            "(w * F.binary_cross_entropy(pred, target, reduction='none')).sum() / w.sum()",
            PROBS,
            weights=WEIGHTS,
        ),
        by_torch("torch", "bce:pos_weight=2.5", of_probability.format(2.5), PROBS),
        by_torch("torch", "bce:pos_weight=0.3", of_probability.format(0.3), SOFT),
        by_torch("keras", "bce", "keras.losses.BinaryCrossentropy()(target, pred)", PROBS),
        by_torch("keras", "bce@keras bce:clip=1e-7", "keras.losses.BinaryCrossentropy()(target, pred)", CLIPPED),
        by_torch(
            "keras",
            "bce:label_smoothing=0.1",
            "keras.losses.BinaryCrossentropy(label_smoothing=0.1)(target, pred)",
            PROBS,
        ),
        by_torch(
            "keras",
            "bce:label_smoothing=0.35",
            f"keras.losses.BinaryCrossentropy(label_smoothing=0.35, {KERAS_MEAN}",
            SOFT,
            weights=SOFT_WEIGHTS,
        ),
        by_torch(
            "keras",
            "bce:label_smoothing=0.1,clip=1e-7",
            "keras.losses.BinaryCrossentropy(label_smoothing=0.1)(target, pred)",
            {"pred": [0.0, 0.93, 0.41, 0.0, 3e-9, 0.25], "target": CLIPPED["target"]},
        ),
        by_numpy("sklearn", "bce", "sklearn.metrics.log_loss(target, pred)", PROBS),
        by_numpy("sklearn", "bce", "sklearn.metrics.log_loss(target, pred, sample_weight=w)", PROBS, weights=WEIGHTS),
        by_numpy(
            "sklearn", "bce@sklearn bce:clip=2.220446049250313e-16", "sklearn.metrics.log_loss(target, pred)", CERTAIN
        ),
        # Given no objective, LightGBM takes the scores for probabilities. Its floor is ln(1e-15) in single precision.
        by_lightgbm("bce", {"objective": "none", "metric": "binary_logloss"}, PROBS),
        by_lightgbm(
            "bce@lightgbm bce:log_floor=-34.53877639770508", {"objective": "none", "metric": "binary_logloss"}, CERTAIN
        ),
        by_numpy("scipy", "bce", exact, CERTAIN),
        by_numpy("scipy", "bce", exact, NEARLY),
        by_numpy("scipy", "bce", exact, SOFT),
    ]


def _logits() -> list[Case]:
    torch, keras = "torch.nn.BCEWithLogitsLoss({})(pred, target)", "keras.losses.BinaryCrossentropy(from_logits=True{})"
    return [
        by_torch("torch", "bce_with_logits bce_with_logits@torch", torch.format(""), LOGITS),
        by_torch("torch", "bce_with_logits", torch.format(""), SOFT_LOGITS),
        by_torch("torch", "bce_with_logits", torch.format(""), LARGE),
        by_torch("torch", "bce_with_logits:pos_weight=2.5", torch.format("pos_weight=torch.tensor(2.5)"), LOGITS),
        by_torch("torch", "bce_with_logits:pos_weight=0.3", torch.format("pos_weight=torch.tensor(0.3)"), SOFT_LOGITS),
        by_torch("torch", "bce_with_logits:pos_weight=7", torch.format("pos_weight=torch.tensor(7.0)"), LARGE),
        by_torch(
            "torch",
            "bce_with_logits:pos_weight=2.5",
            "(w * torch.nn.BCEWithLogitsLoss(reduction='none', pos_weight=torch.tensor(2.5))(pred, target)).sum()"
            " / w.sum()",
            LOGITS,
            weights=WEIGHTS,
        ),
        by_jax("bce_with_logits@optax", "optax.sigmoid_binary_cross_entropy(pred, target).mean()", LOGITS),
        by_jax("bce_with_logits", "optax.sigmoid_binary_cross_entropy(pred, target).mean()", LARGE),
        by_torch("keras", "bce_with_logits@keras", keras.format("") + "(target, pred)", LOGITS),
        by_torch(
            "keras",
            "bce_with_logits:label_smoothing=0.2",
            keras.format(", label_smoothing=0.2") + "(target, pred)",
            LOGITS,
        ),
        by_torch(
            "keras",
            "bce_with_logits:label_smoothing=0.2",
            f"keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2, {KERAS_MEAN}",
            LOGITS,
            weights=WEIGHTS,
        ),
        by_boosting("bce_with_logits", "HalfBinomialLoss()", LOGITS, weights=WEIGHTS),
        by_boosting("bce_with_logits", "HalfBinomialLoss()", LARGE),
        by_lightgbm(
            "bce_with_logits", {"objective": "binary", "metric": "binary_logloss"}, BINARY_FRACTIONS, weights=HALVES
        ),
        by_catboost("bce_with_logits@catboost", "Logloss", BINARY_FRACTIONS),
        by_catboost("bce_with_logits", "Logloss", BINARY_FRACTIONS, weights=HALVES),
        by_catboost("bce_with_logits@catboost", "Logloss", FAR_FRACTIONS),
        by_catboost("bce_with_logits@catboost", "CrossEntropy", SOFT_FRACTIONS),
        by_lightgbm("bce_with_logits", {"objective": "cross_entropy", "metric": "cross_entropy"}, BINARY_FRACTIONS),
    ]


def _focal() -> list[Case]:
    keras = "keras.losses.BinaryFocalCrossentropy({})(target, pred)"
    return [
        by_torch("keras", "focal", keras.format(""), PROBS),
        by_torch("keras", "focal", keras.format(""), SOFT),
        by_torch("keras", "focal:alpha=0.25", keras.format("apply_class_balancing=True"), PROBS),
        by_torch(
            "keras", "focal:alpha=0.7,gamma=1.5", keras.format("apply_class_balancing=True, alpha=0.7, gamma=1.5"), SOFT
        ),
        by_torch("keras", "focal:gamma=0.5", keras.format("gamma=0.5"), PROBS),
        by_torch("keras", "focal:gamma=5", keras.format("gamma=5.0"), PROBS),
        by_torch("keras", "focal:gamma=0", keras.format("gamma=0.0"), PROBS),
        by_torch("keras", "focal@keras focal:clip=1e-7", keras.format(""), CLIPPED),
        by_torch("keras", "focal:clip=1e-7,gamma=0.5", keras.format("gamma=0.5"), WRONG),
        by_torch(
            "keras", "focal@keras:alpha=0.25,gamma=3", keras.format("apply_class_balancing=True, gamma=3.0"), WRONG
        ),
        by_torch(
            "torch",
            "focal:alpha=0.25",
            "torch.where(target == 1, -0.25 * (1 - pred) ** 2 * pred.log(), -0.75 * pred**2 * (-pred).log1p()).mean()",
            NEARLY,
            notes=" (formula typed by hand, torch's slopes)",
        ),
        by_torch(
            "keras",
            "focal:alpha=0.25",
            f"keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, {KERAS_MEAN}",
            PROBS,
            weights=WEIGHTS,
        ),
    ]


def _focal_logits() -> list[Case]:
    optax = "optax.sigmoid_focal_loss(pred, target{}).mean()"
    return [
        by_jax("focal_with_logits focal_with_logits@optax", optax.format(""), LOGITS),
        by_jax("focal_with_logits", optax.format(""), SOFT_LOGITS),
        by_jax("focal_with_logits", optax.format(""), LARGE),
        by_jax("focal_with_logits:alpha=0.25", optax.format(", alpha=0.25"), LOGITS),
        by_jax("focal_with_logits:alpha=0.8,gamma=1.5", optax.format(", alpha=0.8, gamma=1.5"), SOFT_LOGITS),
        by_jax("focal_with_logits:gamma=0.5", optax.format(", gamma=0.5"), LOGITS),
        by_jax(
            "focal_with_logits:alpha=0.25,gamma=3",
            "(w * optax.sigmoid_focal_loss(pred, target, alpha=0.25, gamma=3.0)).sum() / w.sum()",
            LOGITS,
            weights=WEIGHTS,
        ),
        by_torch(
            "keras",
            "focal_with_logits",
            "keras.losses.BinaryFocalCrossentropy(from_logits=True)(target, pred)",
            LOGITS,
        ),
        by_torch(
            "keras",
            "focal_with_logits:alpha=0.6,gamma=2.5",
            "keras.losses.BinaryFocalCrossentropy(from_logits=True, apply_class_balancing=True, alpha=0.6, gamma=2.5)"
            "(target, pred)",
            LOGITS,
        ),
    ]


def _margins() -> list[Case]:
    return [
        by_torch("keras", "hinge hinge@keras", "keras.losses.Hinge()(target, pred)", SIGNS),
        by_jax("hinge@optax", "optax.hinge_loss(pred, target).mean()", SIGNS),
        by_numpy("sklearn", "hinge@sklearn", "sklearn.metrics.hinge_loss(target, pred)", SIGNS),
        by_numpy(
            "sklearn", "hinge", "sklearn.metrics.hinge_loss(target, pred, sample_weight=w)", SIGNS, weights=SIGN_WEIGHTS
        ),
        by_torch("keras", "hinge", f"keras.losses.Hinge({KERAS_MEAN}", SIGNS, weights=SIGN_WEIGHTS),
        by_torch("keras", "squared_hinge squared_hinge@keras", "keras.losses.SquaredHinge()(target, pred)", SIGNS),
        by_torch("keras", "squared_hinge", f"keras.losses.SquaredHinge({KERAS_MEAN}", SIGNS, weights=SIGN_WEIGHTS),
    ]


def _decisions() -> list[Case]:
    named = "sklearn.metrics.brier_score_loss(target, pred{})"
    error = "sklearn.metrics.zero_one_loss(target, 1.0 * (pred > {}){})"
    right = "sklearn.metrics.accuracy_score(target, 1.0 * (pred > {}){})"
    return [
        by_numpy("sklearn", "brier brier@sklearn", named.format(""), PROBS),
        by_numpy("sklearn", "brier", named.format(", sample_weight=w"), PROBS, weights=WEIGHTS),
        by_numpy("sklearn", "brier", named.format(""), CERTAIN),
        by_torch("torch", "brier", "torch.nn.MSELoss()(pred, target)", PROBS),
        by_torch("torch", "brier", "torch.nn.MSELoss()(pred, target)", SOFT),
        by_numpy("sklearn", "zero_one", error.format(0.5, ""), PROBS),
        by_numpy("sklearn", "zero_one", error.format(0.5, ", sample_weight=w"), PROBS, weights=WEIGHTS),
        *_costs(),
        by_xgboost("zero_one zero_one@xgboost", "error", EIGHT),
        by_xgboost("zero_one:threshold=0.3", "error@0.3", EIGHT),
        by_numpy("sklearn", "zero_one:threshold=0.3", error.format(0.3, ""), PROBS),
        by_numpy("sklearn", "zero_one:threshold=0.7", error.format(0.7, ", sample_weight=w"), PROBS, weights=WEIGHTS),
        by_numpy("sklearn", "accuracy", right.format(0.5, ""), PROBS),
        by_numpy("sklearn", "accuracy:threshold=0.3", right.format(0.3, ", sample_weight=w"), PROBS, weights=WEIGHTS),
    ]


def _costs() -> list[Case]:
    """What wrong decisions cost, of the counts of a confusion matrix."""
    matrix = "sklearn.metrics.confusion_matrix(target, 1.0 * (pred > {}){})"
    asked = "({} * np.array([[0, {}], [{}, 0]])).sum() / {}"
    found = []
    for spec, threshold, fp, fn in (("", 0.5, 1, 1), (":cost_fp=0.5,cost_fn=4", 0.5, 0.5, 4),
                                    (":cost_fn=3,threshold=0.25", 0.25, 1, 3)):  # fmt: skip
        for weights, w, total in ((None, "", "len(pred)"), (WEIGHTS, ", sample_weight=w", "w.sum()")):
            call = asked.format(matrix.format(threshold, w), fp, fn, total)
            found.append(by_numpy("sklearn", "cost_sensitive_error" + spec, call, PROBS, weights=weights))
    return found

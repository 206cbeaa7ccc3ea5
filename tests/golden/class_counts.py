"""Numbers for the scores of several classes, of probabilities and of predicted labels."""

from __future__ import annotations

from peers import Case, Inputs, by_numpy, by_torch

# Class 3 is never predicted, and class 1 mostly as another.
PROBS: Inputs = {
    "pred": [
        [0.61, 0.17, 0.13, 0.09], [0.22, 0.41, 0.29, 0.08], [0.05, 0.21, 0.63, 0.11], [0.44, 0.31, 0.02, 0.23],
        [0.12, 0.33, 0.37, 0.18], [0.08, 0.52, 0.27, 0.13], [0.71, 0.04, 0.14, 0.11], [0.19, 0.25, 0.46, 0.1],
        [0.38, 0.27, 0.24, 0.11], [0.09, 0.15, 0.58, 0.18], [0.47, 0.06, 0.16, 0.31],
    ],
    "target": [0, 1, 2, 1, 2, 2, 0, 1, 0, 2, 3],
}  # fmt: skip
LABELS: Inputs = {
    "pred": ["cat", "dog", "dog", "emu", "cat", "cat", "emu", "dog", "cat", "gnu", "dog"],
    "target": ["cat", "dog", "cat", "emu", "dog", "cat", "dog", "dog", "emu", "cat", "dog"],
}
RATINGS: Inputs = {"pred": [1.0, 2, 2, 4, 5, 3, 1, 2, 5, 4, 3], "target": [1.0, 3, 2, 4, 5, 3, 3, 2, 4, 1, 1]}
MACRO_MAE = """
sum((w * (pred - target).abs())[target == c].sum() / w[target == c].sum() for c in target.unique())
/ len(target.unique())
"""
TYPED = " (the definition, typed by hand; imbalanced-learn has it for predicted labels, without slopes)"
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25, 0.85, 1.35, 2.15, 0.55]


def cases() -> list[Case]:
    f_beta = "sklearn.metrics.fbeta_score(target, {}, beta={}, average='{}'{})"
    found = [
        case
        for average in ("macro", "micro", "weighted")
        for beta in ("1", "2")
        for case in both(
            f"multiclass_f_beta_loss:average={average},beta={beta}",
            f"multiclass_f_beta:average={average},beta={beta}"
            + (f" multiclass_f1:average={average}" if beta == "1" else "")
            + (" f1:average=macro" if (average, beta) == ("macro", "1") else ""),
            f_beta.format("{}", beta, average, "{}"),
        )
    ]
    for average in ("macro", "micro", "weighted"):
        for name in ("precision", "recall", "jaccard"):
            error, score = f"multiclass_{name}_error", "jaccard_score" if name == "jaccard" else name
            for zero in ("",) if name == "jaccard" else ("0", "float('nan')"):
                more = f",zero_division={zero}" if zero == "0" else ""
                asked = f"sklearn.metrics.{name}_score(target, {{}}, average='{average}'{{}}"
                scores = f"multiclass_{score}:average={average}{more}"
                found += both(f"{error}:average={average}{more}", scores,
                              asked + (f", zero_division={zero})" if zero else ")"))  # fmt: skip
    found += both("balanced_error", "balanced_accuracy", "sklearn.metrics.balanced_accuracy_score(target, {}{})")
    found += both("mcc_loss", "mcc", "sklearn.metrics.matthews_corrcoef(target, {}{})")
    found += both("kappa_loss", "cohen_kappa", "sklearn.metrics.cohen_kappa_score(target, {}{})")
    for pred in (RATINGS["pred"], [one + 0.375 for one in RATINGS["pred"]]):
        for weights, w in ((None, "torch.ones(n, dtype=torch.float64)"), (WEIGHTS, "w")):
            call = MACRO_MAE.replace("w", w)
            found.append(by_torch("torch", "macro_mae", call, RATINGS | {"pred": pred}, weights=weights, notes=TYPED))
    return found


def both(loss: str, scores: str, call: str, constant: str = "1") -> list[Case]:
    """A loss and its scores, of probabilities with weights, and of labels."""
    found = []
    for pred, inputs, weights in (("pred.argmax(axis=1)", PROBS, WEIGHTS), ("pred", LABELS, None)):
        asked = call.format(pred, "" if weights is None else ", sample_weight=w")
        found.append(by_numpy("sklearn", loss, f"{constant} - {asked}", inputs, weights=weights))
        found += [by_numpy("sklearn", scores, asked, inputs, weights=weights)] if scores else []
    return found

"""Numbers for the losses and scores made of the counts of a confusion matrix."""

from __future__ import annotations

from peers import Case, Inputs, by_numpy

PROBS: Inputs = {
    "pred": [0.913, 0.137, 0.642, 0.058, 0.771, 0.329, 0.486, 0.874, 0.262, 0.593, 0.708],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25, 0.85, 1.35, 2.15, 0.55]
# Positives are rare, and one of them is missed: there a share of all rows says little.
RARE: Inputs = {
    "pred": [0.913, 0.137, 0.642, 0.058, 0.271, 0.329, 0.286, 0.474, 0.262, 0.093],
    "target": [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
}


def cases() -> list[Case]:
    return [
        *_both("false_discovery_rate", "precision", "precision_score(target, pred > {}{})"),
        *_both("false_negative_rate", "recall", "recall_score(target, pred > {}{})"),
        *_both("false_positive_rate", "specificity", "recall_score(target, pred > {}, pos_label=0{})"),
        *_both("balanced_error", "balanced_accuracy", "balanced_accuracy_score(target, pred > {}{})"),
        *_both("f_beta_loss", "f1 f_beta", "f1_score(target, pred > {}{})"),
        *_both("f_beta_loss:beta=2", "f_beta:beta=2", "fbeta_score(target, pred > {}, beta=2{})"),
        *_both("f_beta_loss:beta=0.5", "f_beta:beta=0.5", "fbeta_score(target, pred > {}, beta=0.5{})"),
        *_both("jaccard_error", "jaccard_score", "jaccard_score(target, pred > {}{})"),
        *_both("mcc_loss", "mcc", "matthews_corrcoef(target, pred > {}{})"),
    ]


def _both(loss: str, scores: str, call: str) -> list[Case]:
    """A loss and its scores: by default, of rare positives, with weights, and at another threshold."""
    found = []
    for threshold, inputs, weights in (("0.5", PROBS, None), ("0.5", RARE, None), ("0.5", PROBS, WEIGHTS),
                                       ("0.3", PROBS, WEIGHTS)):  # fmt: skip
        asked = call.format(f"{threshold})", "" if weights is None else ", sample_weight=w")
        asked = "sklearn.metrics." + asked.replace("pred >", "1.0 * (pred >")
        setting = "" if threshold == "0.5" else f"threshold={threshold}"
        for names, of in ((loss, "1 - {}"), (scores, "{}")):
            specs = " ".join(_with(name, setting) for name in names.split())
            found.append(by_numpy("sklearn", specs, of.format(asked), inputs, weights=weights))
    return found


def _with(spec: str, setting: str) -> str:
    return spec + (("," if ":" in spec else ":") + setting if setting else "")

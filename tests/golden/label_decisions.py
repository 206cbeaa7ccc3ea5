"""Numbers for decisions for several labels a row."""

from __future__ import annotations

from peers import Case, Inputs, by_numpy

LABELS: Inputs = {
    "pred": [
        [0.91, 0.22, 0.64, 0.11], [0.13, 0.72, 0.35, 0.28], [0.58, 0.61, 0.07, 0.42], [0.33, 0.15, 0.86, 0.09],
        [0.74, 0.48, 0.55, 0.31], [0.27, 0.12, 0.19, 0.36], [0.66, 0.83, 0.71, 0.04],
    ],
    "target": [
        [1, 0, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0],
    ],
}  # fmt: skip
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.85]
# The last label is never there and never said; nor is any of the last row.
EMPTY: Inputs = {"pred": [*LABELS["pred"], [0.1, 0.2, 0.3, 0.4]], "target": [*LABELS["target"], [0, 0, 0, 0]]}


def cases() -> list[Case]:
    found = []
    f_beta = "sklearn.metrics.fbeta_score(target, 1.0 * (pred > 0.5), beta={}, average='{}', zero_division={}{})"
    for inputs, weights, w in ((LABELS, WEIGHTS, ", sample_weight=w"), (EMPTY, None, "")):
        for average in ("macro", "micro", "weighted"):
            for zero, of in (("0", ",zero_division=0"), ("float('nan')", "")):
                asked = f_beta.format("2", average, zero, w)
                rest = f":average={average},beta=2{of}"
                found.append(by_numpy("sklearn", f"multilabel_f_beta_loss{rest}", f"1 - {asked}", inputs,
                                      weights=weights))  # fmt: skip
                found.append(by_numpy("sklearn", f"multilabel_f_beta{rest}", asked, inputs, weights=weights))
        asked = f_beta.format("1", "macro", "0", w)
        names = "multilabel_f1:zero_division=0 multilabel_f1@sklearn multilabel_f_beta@sklearn"
        found.append(by_numpy("sklearn", names, asked, inputs, weights=weights))
        for beta in ("1", "0.5"):
            asked, rest = f_beta.format(beta, "samples", "0", w), "" if beta == "1" else f":beta={beta}"
            names = f"samples_f_beta{rest}" + (" samples_f1 samples_f1@sklearn samples_f_beta@sklearn" * (beta == "1"))
            found.append(by_numpy("sklearn", f"samples_f_beta_loss{rest}", f"1 - {asked}", inputs, weights=weights))
            found.append(by_numpy("sklearn", names, asked, inputs, weights=weights))
        call = f"sklearn.metrics.hamming_loss(target, 1.0 * (pred > 0.5){w})"
        found.append(by_numpy("sklearn", "hamming_loss hamming_loss@sklearn", call, inputs, weights=weights))
    return found

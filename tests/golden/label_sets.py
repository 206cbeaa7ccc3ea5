"""Numbers for the losses of sets of labels."""

from __future__ import annotations

from peers import Case, Inputs, by_numpy

SETS: Inputs = {
    "pred": [[0.82, 0.31, 0.64], [0.17, 0.75, 0.44], [0.58, 0.61, 0.09], [0.27, 0.38, 0.93]],
    "target": [[1, 0, 1], [0, 1, 1], [0, 1, 0], [1, 0, 0]],
}
WEIGHTS = [1.3, 0.6, 2.75, 0.9]


def cases() -> list[Case]:
    exact = "sklearn.metrics.accuracy_score(target, pred > {}{})"
    index = "sklearn.metrics.jaccard_score(target, pred > {}, average='samples'{})"
    weighted = ", sample_weight=w"
    return [
        by_numpy("sklearn", "subset_accuracy exact_match_ratio", exact.format(0.5, ""), SETS),
        by_numpy("sklearn", "subset_zero_one", "sklearn.metrics.zero_one_loss(target, pred > 0.5)", SETS),
        by_numpy("sklearn", "subset_zero_one:threshold=0.35", f"1 - {exact.format(0.35, weighted)}", SETS,
                 weights=WEIGHTS),
        by_numpy("sklearn", "jaccard_samples", index.format(0.5, ""), SETS),
        by_numpy("sklearn", "jaccard_samples_loss", f"1 - {index.format(0.5, '')}", SETS),
        by_numpy("sklearn", "jaccard_samples_loss:threshold=0.35", f"1 - {index.format(0.35, weighted)}", SETS,
                 weights=WEIGHTS),
    ]  # fmt: skip

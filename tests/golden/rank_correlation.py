"""Numbers for rank correlations; a row of weight w stands w times in what a peer gets, as none takes weights."""

from __future__ import annotations

from peers import Case, Inputs, by_numpy

PLAIN: Inputs = {
    "pred": [2.37, -1.18, 0.64, 5.91, -3.05, 0.29, 7.44, 1.03],
    "target": [1.52, -1.93, 1.98, 3.27, -2.71, 0.83, 2.13, -0.46],
}
TIED: Inputs = {
    "pred": [3.0, 1.0, 4.0, 2.0, 5.0, 2.0, 3.0, 4.0, 1.0],
    "target": [3.0, 2.0, 5.0, 2.0, 4.0, 1.0, 3.0, 2.0, 1.0],
}
TIMES = [2.0, 1.0, 3.0, 1.0, 4.0, 2.0, 1.0, 5.0, 2.0]


def cases() -> list[Case]:
    found = []
    for inputs, weights in ((PLAIN, None), (TIED, None), (TIED, TIMES)):
        given = "pred, target"
        if weights is not None:
            given = ", ".join(f"np.repeat({side}, w.astype(int))" for side in ("pred", "target"))
        for loss, score, call in (
            ("spearman_loss", "spearman", "spearmanr"),
            ("kendall_loss", "kendall", "kendalltau"),
        ):
            said = f"scipy.stats.{call}({given}).statistic"
            found += [
                by_numpy("scipy", loss, f"1 - {said}", inputs, weights=weights),
                by_numpy("scipy", score, said, inputs, weights=weights),
            ]
    shares = "target @ (2 * scipy.stats.rankdata({0}) - len(pred) - 1)"
    ordered = f"{shares.format('pred')} / ({shares.format('target')})"
    claims: Inputs = {"pred": TIED["pred"], "target": [0.0, 2.5, 7.25, 0.0, 3.125, 0.0, 1.75, 0.5, 0.0]}
    found += [
        by_numpy("scipy", "normalized_gini_loss", f"1 - {ordered}", claims),
        by_numpy("scipy", "normalized_gini", ordered, claims),
    ]
    binary: Inputs = {"pred": PLAIN["pred"], "target": [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0]}
    area = "2 * sklearn.metrics.roc_auc_score(target, pred, sample_weight=w) - 1"
    return [*found, by_numpy("sklearn", "normalized_gini gini", area, binary, weights=TIMES[:8])]

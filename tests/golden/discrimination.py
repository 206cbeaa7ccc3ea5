"""Numbers for areas under curves and for concordance."""

from __future__ import annotations

from peers import Case, Inputs, by_numpy

SCORES: Inputs = {
    "pred": [0.913, 0.137, 0.642, 0.058, 0.771, 0.329, 0.486, 0.874, 0.262, 0.593, 0.708],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0],
}
# Some scores are equal, within a class and between the two.
TIED: Inputs = {
    "pred": [1.5, -0.5, 1.5, 0.25, 2.5, 0.25, -0.5, 0.25, 1.5, -2.0],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25, 0.85, 1.35, 2.15, 0.55]
TIED_WEIGHTS = [0.5, 2.25, 1.75, 0.4, 3.5, 1.9, 0.25, 0.85, 1.35, 2.5]
SURVIVAL: Inputs = {
    "pred": [1.37, 0.22, -0.64, 0.22, 2.05, -1.18, 0.91, 0.46, 1.37, -0.35],
    "time": [2.0, 5.5, 8.0, 2.0, 1.5, 9.0, 5.5, 5.5, 3.25, 7.0],
    "event": [1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0],
}
TIMES = [2, 1, 3, 1, 4, 2, 1, 5, 2, 3]


def cases() -> list[Case]:
    found = []
    for inputs, weights in ((SCORES, WEIGHTS), (TIED, TIED_WEIGHTS)):
        for given in (None, weights):
            more = "" if given is None else ", sample_weight=w"
            area = f"sklearn.metrics.roc_auc_score(target, pred{more})"
            precision = f"sklearn.metrics.average_precision_score(target, pred{more})"
            found += [
                by_numpy("sklearn", "auc_loss", f"1 - {area}", inputs, weights=given),
                by_numpy("sklearn", "roc_auc", area, inputs, weights=given),
                by_numpy("sklearn", "average_precision_loss", f"1 - {precision}", inputs, weights=given),
                by_numpy("sklearn", "average_precision", precision, inputs, weights=given),
            ]
        found.append(by_numpy("scipy", "gini", "scipy.stats.somersd(target, pred).statistic", inputs))
    index = "lifelines.utils.concordance_index({0}time{1}, {0}-pred{1}, {0}event{1})"
    for given, before, behind in ((None, "", ""), (TIMES, "np.repeat(", ", w.astype(int))")):
        call = index.format(before, behind)
        found += [
            by_numpy("lifelines", "c_index_loss", f"1 - {call}", SURVIVAL, weights=given),
            by_numpy("lifelines", "c_index", call, SURVIVAL, weights=given),
        ]
    return found

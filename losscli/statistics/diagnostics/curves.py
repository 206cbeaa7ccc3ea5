"""ROC and precision-recall curves, and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from losscli.aggregate.diagnostics.value_pairs import PairTable
from losscli.contract.kinds import Array
from losscli.results.diagnostics import ConfusionResult, CurvePoint, CurvesResult

_SHOWN = 150


def curves(table: PairTable, model: str | None, pred: str) -> CurvesResult | None:
    """The curves of scores (`first`) and labels 0 and 1 (`second`); None where a label has no row."""
    order = np.argsort(-table.first, kind="stable")
    score, label, weights = table.first[order], table.second[order], table.weights[order]
    if not ((label == 1).any() and (label == 0).any() and np.isin(label, (0.0, 1.0)).all()):
        return None
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True))  # equal scores share a threshold
    hits, alarms = (np.cumsum(weights * (label == side))[last] for side in (1, 0))
    found, false = hits / hits[-1], alarms / alarms[-1]
    predictive = hits / (hits + alarms)
    area = float(np.sum(np.diff(false, prepend=0.0) * (found + np.append(0.0, found[:-1])) / 2))
    mean = float(np.sum(np.diff(found, prepend=0.0) * predictive))
    points = tuple(
        CurvePoint(float(score[last[i]]), float(found[i]), float(false[i]), float(predictive[i]))
        for i in _shown(found, false)
    )
    positive = int(table.counts[order][label == 1].sum())
    return CurvesResult(model, pred, int(table.counts.sum()), positive, area, mean, points)


def _shown(true: Array, false: Array) -> Array:
    """The points that are shown: of many, some that are about equally far apart along the curve, and the last."""
    if len(true) <= _SHOWN:
        return np.arange(len(true))
    length = true + false
    found = np.searchsorted(length, np.linspace(0, 2, _SHOWN))
    return np.unique(np.append(np.minimum(found, len(true) - 1), len(true) - 1))


def confusion(counts: Array, model: str | None, classes: Sequence[str]) -> ConfusionResult:
    """The matrix of counts of a target's classes and those predicted."""
    size = len(counts)
    names = tuple(classes[at] for at in range(size))
    return ConfusionResult(model, None, names, tuple(tuple(int(n) for n in row) for row in counts))


def decided(table: PairTable, model: str | None, spec: str, threshold: float) -> ConfusionResult:
    """The matrix of a threshold: a prediction above it is the positive label."""
    said, true = table.first > threshold, table.second >= 0.5
    rows = tuple(
        tuple(int(table.counts[(true == t) & (said == s)].sum()) for s in (False, True)) for t in (False, True)
    )
    return ConfusionResult(model, spec, ("0", "1"), rows)

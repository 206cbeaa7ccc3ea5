"""Murphy diagrams: mean elementary scores, of which every loss that is consistent for a functional is a mixture."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from losscli.aggregate.diagnostics.subjects import Subject
from losscli.aggregate.diagnostics.value_pairs import PairTable
from losscli.binding.spec import LossSpec
from losscli.contract.functionals import Functional
from losscli.contract.kinds import Array
from losscli.results.diagnostics import MurphyPoint, MurphyResult

_POINTS = 60
_LEVELS = {"mean": 0.5, "median": 0.5}  # of functionals that have no parameter
_QUANTILES = ("median", "quantile")


def murphy(subject: Subject, table: PairTable) -> Iterator[MurphyResult]:
    """The diagram of each functional for which a loss of these predictions is consistent."""
    ends = [float(end(side)) for end in (np.min, np.max) for side in (table.first, table.second) if len(side)]
    if not ends or not np.isfinite(max(ends) - min(ends)):
        return
    thresholds = np.linspace(min(ends), max(ends), _POINTS)
    for name, level in dict.fromkeys(filter(None, (_functional(job.spec) for job in subject.jobs))):
        scores = _scores(table, thresholds, level, quantile=name in _QUANTILES)
        said = f"{name}(target)" if name in _LEVELS else f"{name}(target, {level:g})"
        points = tuple(MurphyPoint(float(at), float(score)) for at, score in zip(thresholds, scores, strict=True))
        yield MurphyResult(subject.jobs[0].model, subject.pred.columns[0], said, points)


def _functional(spec: LossSpec) -> tuple[str, float] | None:
    """The functional for which a loss is consistent, and its level: a quantile, or an expectile as the mean is."""
    said = spec.loss.consistent_for.get("pred")
    functional = None if said is None else Functional(said)
    if functional is None or not functional.applies(spec.params):
        return None
    call = ast.parse(functional.text, mode="eval").body
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)) or ast.unparse(call.args[0]) != "target":
        return None
    level: object = _LEVELS.get(call.func.id) if len(call.args) == 1 else None
    if len(call.args) == 2 and isinstance(call.args[1], ast.Name):
        level = spec.params.get(call.args[1].id)
    return (call.func.id, float(level)) if isinstance(level, float | int) else None


def _scores(table: PairTable, thresholds: Array, level: float, *, quantile: bool) -> Array:
    """The mean elementary score at each threshold: it counts where this is between prediction and target."""
    pred, target = table.first, table.second
    shares = table.weights / table.weights.sum()
    side = np.where(target < pred, 1 - level, level) * shares
    low, high = np.minimum(pred, target), np.maximum(pred, target)
    scores = np.empty(len(thresholds))
    for at, threshold in enumerate(thresholds):
        between = (low <= threshold) & (threshold < high)
        size = 1.0 if quantile else np.abs(target[between] - threshold)
        scores[at] = float(np.sum(side[between] * size))
    return scores

"""The parameters of a map that are best for a loss: of all rows, and of those without each fold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from losscli.contract.kinds import Array
from losscli.errors import DataError, UsageError
from losscli.execution.calibration.descent import Descent, Evaluated, plain_descent, quasi_newton, together
from losscli.execution.calibration.direct import conformal_offsets, rising_means
from losscli.execution.calibration.objective import Objective
from losscli.execution.calibration.passes import Point
from losscli.execution.calibration.rows import FOLDS
from losscli.lazy import dataclass

Key = int | None
"""A fit: of all rows (None), or of those without a fold."""

CROSS_FITTED: Sequence[Key] = (None, *range(FOLDS))

MOST_FIXED_STEPS = 1000
"""Steps of a fixed size after which plain descent ends."""

_PATIENCE = 5  # steps in a row by which the loss may rise

_MOVED = 1e-3  # displacement of a parameter from which on it may run away


@dataclass(frozen=True)
class Fits:
    """The parameters of each fit, and the way to those of all rows where there is one."""

    parameters: Mapping[Key, Array]
    descent: Descent | None = None


def fit(objective: Objective, step: float | None = None, keys: Sequence[Key] = CROSS_FITTED) -> Fits:
    """The best parameters on all rows, and without each fold; `step` is the size of the steps of plain descent."""
    chosen, line = objective.map, objective.prepared.plan.lines[0]
    if chosen.fit != "descent":
        if objective.prepared.plan.request.class_weight is not None:
            raise UsageError(f"--method {chosen.name} takes no class weights", code="USAGE_CONFLICT")
        direct = rising_means if chosen.fit == "means" else conformal_offsets
        return Fits(direct(objective.subject, line, objective.rows, keys))
    objective.check()
    check_start(objective, keys)
    start = objective.start
    walk = quasi_newton if step is None else lambda at: plain_descent(at, MOST_FIXED_STEPS, step, _PATIENCE)
    walks = {key: walk(start) for key in keys}
    found = together(walks, lambda asked: evaluated(objective, asked))
    _check_ends(objective, start, found)
    return Fits({key: descent.found for key, descent in found.items()}, found[None])


def evaluated(objective: Objective, asked: Mapping[Key, Array]) -> dict[Key, Evaluated]:
    """The loss and its gradient at the parameters of each fit: one pass for each."""
    answers = objective([Point(at, key) for key, at in asked.items()])
    return dict(zip(asked, answers, strict=True))


def check_start(objective: Objective, keys: Sequence[Key] = (None,)) -> None:
    """A DataError where the loss is infinite, or does not change with the parameters, or a fit has no rows."""
    start, spec = objective.start, objective.line.spec.text
    here, *others = objective([Point(start, key) for key in (None, *(key for key in keys if key is not None))])
    if not math.isfinite(here.value) or not np.isfinite(here.gradient).all():
        raise DataError(
            f"no descent is possible: '{spec}' is not finite on the predictions as they are", code="DATA_NO_DESCENT",
            hint="a probability of exactly 0 or 1 may be wrong: --let 'q = clip(p, 1e-6, 1 - 1e-6)', or --method "
                 "isotonic",
        )  # fmt: skip
    if not all(math.isfinite(there.value) for there in others):
        raise DataError(f"there are too few rows, or clusters, for {FOLDS} folds", code="DATA_NO_DESCENT")
    if here.gradient.any():
        return
    moved = [start + sign * 0.5 * unit for unit in np.eye(len(start)) for sign in (1, -1)]
    if all(there.value == here.value for there in objective([Point(at) for at in moved])):
        names = ", ".join(each.name for each in objective.parameters)
        raise DataError(f"no descent is possible: '{spec}' does not change with {names}", code="DATA_NO_DESCENT",
                        hint="all predictions may be the same, or 0 and 1; --method names another map")  # fmt: skip


def _check_ends(objective: Objective, start: Array, found: Mapping[Key, Descent]) -> None:
    """A DataError where a descent has no end: the loss rose, or keeps falling however far parameters go."""
    for descent in found.values():
        if not math.isfinite(descent.steps[-1].value) or descent.steps[-1].value > descent.steps[0].value:
            raise DataError("the descent diverges: the loss rises", hint="give a smaller --step",
                            code="DATA_NO_DESCENT")  # fmt: skip
    if not objective.subject.link_of(objective.map).bounded:
        return
    parameters = objective.parameters
    positive = np.array([each.positive for each in parameters])
    probes: list[tuple[Key, str | None, str]] = []
    points: list[Point] = []
    for key, descent in found.items():
        moved = descent.found - start
        far = np.where(positive, descent.found**2 / start if positive.any() else 0.0, descent.found + moved)
        going = np.abs(moved) > _MOVED
        for at in np.flatnonzero(going):
            to = "infinity" if moved[at] > 0 else "0" if positive[at] else "minus infinity"
            probes.append((key, parameters[at].name, to))
            points.append(Point(np.where(np.arange(len(far)) == at, far, descent.found), key))
        if going.sum() > 1:
            probes.append((key, None, "infinity"))
            points.append(Point(far, key))
    for (key, name, to), there in zip(probes, objective(points), strict=True):
        if there.value <= found[key].steps[-1].value:
            raise _runs_away(name, to, key)


def _runs_away(name: str | None, to: str, key: Key) -> DataError:
    where = "" if key is None else f" on the rows without fold {key + 1} of {FOLDS}"
    going = f"'{name}' goes" if name else "all parameters go"
    return DataError(
        f"the descent has no end{where}: the loss keeps falling as {going} to {to}", code="DATA_NO_DESCENT",
        hint="predictions may separate the classes perfectly, or the loss may like 0 and 1 best; take more rows, rows "
             "that the model was not trained on, a map with fewer parameters, or another loss",
    )  # fmt: skip

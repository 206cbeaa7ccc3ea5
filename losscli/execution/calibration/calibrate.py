"""Calibrate the predictions of a run, apply a map that was saved, or walk the first steps of a descent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from losscli.contract.kinds import Array
from losscli.errors import EmptyError
from losscli.execution.calibration.descent import Descent, Walk, plain_descent, together
from losscli.execution.calibration.evaluate import Mapped, before_and_after, by_fold, by_one, calibrated_rows
from losscli.execution.calibration.fit import Key, check_start, evaluated, fit
from losscli.execution.calibration.map_file import fitted
from losscli.execution.calibration.objective import Objective
from losscli.execution.calibration.rows import FOLDS, Rows
from losscli.execution.calibration.subject import Subject, map_for, subject_of
from losscli.execution.engines import Engine
from losscli.execution.evaluate import left_out
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.row_values import OutputRows
from losscli.lazy import dataclass
from losscli.results import WarningResult
from losscli.results.calibration import Calibration, DescentResult, DescentStep, MapResult


@dataclass(frozen=True)
class Calibrated:
    """A calibration, and the rows with which it was made, for the mapped predictions of each."""

    result: Calibration
    subject: Subject
    rows: Rows
    mapped: Mapped

    @property
    def notes(self) -> list[str]:
        """What the user should hear of the passes."""
        return self.rows.notes

    @property
    def warnings(self) -> Sequence[WarningResult]:
        """What a reader of the numbers should know."""
        if self.result.evaluation is not None:
            return self.result.evaluation.warnings
        scan = self.rows.scan
        return [] if scan is None else list(left_out(scan.counts(), scan.source.dropped))

    def predictions(self) -> Iterator[OutputRows]:
        """The mapped predictions of all rows, by the map of the result."""
        return calibrated_rows(self.subject, self.rows, self.mapped)


def calibrate(
    prepared: Prepared, engine: Engine, method: str | None = None, step: float | None = None,
    observer: ProgressObserver = NO_PROGRESS,
) -> Calibrated:  # fmt: skip
    """Fit a map to all rows, and evaluate such maps on rows that they were not fitted to (cross-fitting).

    Parameters
    ----------
    prepared
        A run of one model, whose first loss is lowered.
    engine
        What computes.
    method
        The name of the map; None: the first that suits the predictions.
    step
        The size of all steps; None: quasi-Newton steps.
    observer
        Is told of progress.
    """
    objective = objective_of(prepared, engine, method, observer)
    subject, rows = objective.subject, objective.rows
    fits = fit(objective, step)
    evaluation = before_and_after(prepared, subject, rows, by_fold(subject, objective.map, fits.parameters))
    found = _map_result(objective, fits.parameters[None], evaluation.rows.used)
    descent = None if fits.descent is None else _descent_result(objective, fits.descent)
    test = None if descent is None else objective.test_start()
    return Calibrated(Calibration(found, descent, FOLDS, evaluation, test), subject, rows,
                      by_one(subject, objective.map, fits.parameters[None]))  # fmt: skip


def apply(
    prepared: Prepared, found: MapResult, path: str, observer: ProgressObserver = NO_PROGRESS, *, scored: bool = True
) -> Calibrated:
    """Evaluate a map that was saved in the file `path`, on rows to which it was not fitted.

    Without `scored`, the run is one of `predictions_alone`, and nothing is evaluated.
    """
    rows = Rows(prepared, observer)
    subject = _subject(prepared, rows)
    mapped = by_one(subject, *fitted(found, subject.domain, path))
    evaluation = before_and_after(prepared, subject, rows, mapped) if scored else None
    return Calibrated(Calibration(found, None, None, evaluation), subject, rows, mapped)


def descend(
    prepared: Prepared, engine: Engine, method: str | None = None, step: float | None = None, steps: int = 10,
    observer: ProgressObserver = NO_PROGRESS,
) -> DescentResult:  # fmt: skip
    """The first steps of gradient descent, of a fixed size or backtracked; see `calibrate`."""
    objective = objective_of(prepared, engine, method, observer)
    objective.check()
    check_start(objective)
    walks: dict[Key, Walk] = {None: plain_descent(objective.start, steps, step)}
    found = together(walks, lambda asked: evaluated(objective, asked))
    return _descent_result(objective, found[None])


def objective_of(
    prepared: Prepared, engine: Engine, method: str | None = None, observer: ProgressObserver = NO_PROGRESS
) -> Objective:
    """The loss of a run as a function of the parameters of a map; see `calibrate`."""
    rows = Rows(prepared, observer)
    subject = _subject(prepared, rows)
    return Objective(prepared, subject, map_for(subject.domain, method), rows, engine)


def _subject(prepared: Prepared, rows: Rows) -> Subject:
    first = next((some for some in rows if len(some.batch)), None)
    if first is None:
        raise EmptyError("there is nothing to score: no row is left", code="EMPTY_NO_ROWS")
    return subject_of(prepared.plan, first)


def _map_result(objective: Objective, parameters: Array, rows: int) -> MapResult:
    chosen, domain, named = objective.map, objective.subject.domain, objective.parameters
    numbers = [float(number) for number in parameters]
    values = {} if not named else {each.name: number for each, number in zip(named, numbers, strict=True)}
    half = len(numbers) // 2
    knots = [] if named else list(zip(numbers[:half], numbers[half:], strict=True))
    return MapResult(chosen.name, chosen.formula, domain.link, domain.roles, domain.labels,
                     objective.line.spec.text, values, knots, rows)  # fmt: skip


def _descent_result(objective: Objective, descent: Descent) -> DescentResult:
    names = [each.name for each in objective.parameters]
    steps = tuple(
        DescentStep(dict(zip(names, map(float, one.parameters), strict=True)), objective.sign * one.value,
                    float(np.linalg.norm(one.gradient)), one.size)
        for one in descent.steps
    )  # fmt: skip
    return DescentResult(objective.map.name, objective.line.spec.text, steps, descent.converged, descent.reason)

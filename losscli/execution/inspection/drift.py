"""Two files beside each other: how the target, the predictions and their errors have drifted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from losscli.contract.kinds import Array
from losscli.errors import DataError
from losscli.execution.inspection.columns import Candidate
from losscli.execution.inspection.domains import target_numbers
from losscli.execution.inspection.fits import Fit
from losscli.execution.inspection.inspect import Analysis, inspected
from losscli.execution.inspection.sample import Sample
from losscli.results.inspections import DriftResult, Inspection
from losscli.statistics.drift import stability_of_labels, stability_of_numbers, wasserstein

_FEW_VALUES = 20  # whole numbers of so few values are classes


def with_drift(found: Inspection, analysis: Analysis, reference: Analysis, limit: int | None) -> Inspection:
    """What was found, with the drift from a reference in the columns of the best fit; the roles are those of SOURCE.

    Raises
    ------
    DataError
        The reference lacks a column of the fit; or there is no fit and no column in common.
    """
    return replace(found, reference=inspected(reference, limit), drift=tuple(_drift(analysis, reference.sample)))


def _drift(analysis: Analysis, reference: Sample) -> Iterator[DriftResult]:
    if not analysis.fits:
        for name, column in analysis.sample.single.items():
            if name in reference.single:
                yield _of_column(name, "column", column, reference.single[name])
        return
    fit = analysis.fits[0]
    for role, columns in _played(fit):
        for name in columns.members:
            before = _in(reference, name)
            yield _of_column(name, role, analysis.sample.single[name], before)
    for pred in fit.preds:
        if (errors := _errors(fit, pred)) is not None and (others := _errors_in(fit, pred, reference)) is not None:
            yield _of_numbers(pred.cols, "error", errors, others)


def _played(fit: Fit) -> Iterator[tuple[str, Candidate]]:
    for role, column in fit.columns.items():
        if role != "pred":
            yield role, column
    for column in fit.preds:
        yield "pred", column


def _in(sample: Sample, name: str) -> Candidate:
    if name not in sample.single:
        path = sample.source.fragments[0].path if sample.source.fragments else None
        raise DataError(f"no column '{name}' to compare with", path=path, column=name, code="DATA_MISSING_COLUMN",
                        hint="--against takes a file with the same columns")  # fmt: skip
    return sample.single[name]


def _of_column(name: str, role: str, column: Candidate, before: Candidate) -> DriftResult:
    if column.is_number and before.is_number and column.values is not None and before.values is not None:
        return _of_numbers(name, role, column.values, before.values)
    if column.is_vector or before.is_vector:
        return DriftResult(name, role, None, None)
    return _of_labels(name, role, column, before)


def _of_numbers(name: str, role: str, values: Array, before: Array) -> DriftResult:
    some, others = values[np.isfinite(values)], before[np.isfinite(before)]
    if not len(some) or not len(others):
        return DriftResult(name, role, None, None)
    means = float(some.mean()), float(others.mean())
    few = len(np.unique(np.concatenate([some, others]))) <= _FEW_VALUES
    index = stability_of_labels(*([repr(one) for one in each.tolist()] for each in (some, others))) if few \
        else stability_of_numbers(some, others)  # fmt: skip
    return DriftResult(name, role, *index, wasserstein(some, others), *means)


def _of_labels(name: str, role: str, column: Candidate, before: Candidate) -> DriftResult:
    some, others = ([cell for cell in each.cells if cell is not None] for each in (column, before))
    index = stability_of_labels(some, others) if some and others else (None, None)
    return DriftResult(name, role, *index)


def _errors_in(fit: Fit, pred: Candidate, sample: Sample) -> Array | None:
    target = fit.columns["target"]
    if target.cols not in sample.single or pred.cols not in sample.single:
        return None
    same = replace(fit, columns={**fit.columns, "target": sample.single[target.cols]})
    return _errors(same, sample.single[pred.cols])


def _errors(fit: Fit, pred: Candidate) -> Array | None:
    """The errors of a model: target less prediction, where both are one number."""
    target = fit.columns.get("target")
    if target is None or pred.values is None or pred.is_vector or target.is_vector or fit.best.labels:
        return None
    numbers = target_numbers(target, fit.positive)
    return None if numbers is None or len(numbers) != len(pred.values) else numbers - pred.values

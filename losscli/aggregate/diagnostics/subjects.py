"""Which diagnostics a run has: read off what its losses declare of their roles, never off their names."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from losscli.aggregate.kernel_calls import KernelCall, kernel_calls
from losscli.binding.plan import Input, Job, Line, Plan
from losscli.binding.row_columns import without_rows
from losscli.lazy import dataclass

PredictionScale: TypeAlias = Literal["probability", "logit", "other"]
"""What predictions of labels or classes are; "other" is a score, of which only the order is known."""


@dataclass(frozen=True)
class Subject:
    """Predictions and their targets, whatever losses are asked of them.

    Attributes
    ----------
    pred, target
        The arrays.
    kind
        "numbers": one number each; "labels": one number, and one of two labels; "classes": a number for each class,
        and the class; "forecasts": quantiles of known levels, or the members of an ensemble, and a number.
    scale
        What predictions of labels or classes are.
    jobs
        The jobs of the run that these are of.
    """

    pred: Input
    target: Input
    kind: Literal["numbers", "labels", "classes", "forecasts"]
    scale: PredictionScale
    jobs: tuple[Job, ...]


def lines_with_rows(plan: Plan) -> list[tuple[int, Line]]:
    """The lines whose rows have values of their own, by their positions in the plan."""
    found = []
    for at, line in enumerate(plan.lines):
        calls = row_calls(line)
        if without_rows(line) is None and calls and all(call.by_row for call in calls):
            found.append((at, line))
    return found


def row_calls(line: Line) -> list[KernelCall]:
    """The kernel calls of a line."""
    return [call for job in line.jobs for call in kernel_calls(job).values()]


def subjects(plan: Plan) -> list[Subject]:
    """Each pair of predictions and targets once. Losses of one pair may bind it as arrays of several kinds."""
    found: dict[object, Subject] = {}
    for job in plan.jobs:
        one = _subject(job)
        if one is None:
            continue
        key = one.kind, one.pred.columns, one.target.columns, one.target.positive, one.target.kind.sides
        known = found.get(key)
        if known is None:
            found[key] = one
        elif known.scale == "other":
            found[key] = replace(one, jobs=(*known.jobs, job))
        else:
            found[key] = replace(known, jobs=(*known.jobs, job))
    return list(found.values())


def _subject(job: Job) -> Subject | None:
    sides = dict(job.by_role())
    pred, target = sides.get("pred"), sides.get("target")
    if not (isinstance(pred, Input) and isinstance(target, Input)) or job.spec.loss.batched:
        return None
    if _is_number(pred) and _is_number(target):
        kind: Literal["numbers", "labels"] = "numbers" if target.kind.sides is None else "labels"
        return Subject(pred, target, kind, _scale(pred, job), (job,))
    plain = pred.kind.shape == "vector" and not (pred.ragged or pred.keyed)
    if plain and _is_number(target) and (pred.entries is not None or pred.kind.members):
        return Subject(pred, target, "forecasts", "other", (job,))
    if pred.kind.shape == "vector" and pred.kind.classes and target.kind.shape == "class" and not pred.keyed:
        return Subject(pred, target, "classes", _scale(pred, job), (job,))
    return None


def _scale(pred: Input, job: Job) -> PredictionScale:
    """A loss that looks at the order alone takes probabilities as well as logits, and tells neither."""
    if pred.kind.link is not None:
        return "probability"
    return "logit" if pred.kind.logit and job.spec.loss.of_probabilities is not None else "other"


def _is_number(side: Input) -> bool:
    several = side.wide or side.listed or side.ragged or side.keyed or side.spelled
    return side.kind.shape == "number" and len(side.columns) == 1 and not several

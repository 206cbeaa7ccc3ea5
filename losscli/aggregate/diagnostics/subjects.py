"""Which diagnostics a run has: read off what its losses declare of their roles, never off their names."""

from __future__ import annotations

from collections.abc import Iterator

from losscli.aggregate.kernel_calls import KernelCall, kernel_calls
from losscli.binding.plan import Input, Job, Line, Plan
from losscli.binding.row_columns import without_rows
from losscli.lazy import dataclass


@dataclass(frozen=True)
class PairSubject:
    """A prediction and its target, one number each.

    `labels` says that the target is one of two labels; `probability` that the prediction is the probability of the
    positive one, or its logit.
    """

    pred: Input
    target: Input
    labels: bool
    probability: bool


@dataclass(frozen=True)
class ClassSubject:
    """Probabilities or logits of classes, and the class of the target."""

    pred: Input
    target: Input


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


def pair_subject(job: Job) -> PairSubject | None:
    """Prediction and target of a job, if each of them is one number of a row."""
    sides = dict(job.by_role())
    pred, target = sides.get("pred"), sides.get("target")
    if not (isinstance(pred, Input) and isinstance(target, Input) and _is_number(pred) and _is_number(target)):
        return None
    if job.spec.loss.batched:
        return None
    labels = target.kind.sides is not None
    return PairSubject(pred, target, labels, labels and (pred.kind.link is not None or pred.kind.logit))


def class_subject(job: Job) -> ClassSubject | None:
    """Predictions of classes and the class of the target of a job."""
    sides = dict(job.by_role())
    pred, target = sides.get("pred"), sides.get("target")
    if not (isinstance(pred, Input) and isinstance(target, Input)) or job.spec.loss.batched:
        return None
    found = pred.kind.shape == "vector" and pred.kind.classes and target.kind.shape == "class"
    scored = pred.kind.link is not None or pred.kind.logit
    return ClassSubject(pred, target) if found and scored and not pred.keyed else None


def subjects(plan: Plan) -> Iterator[PairSubject | ClassSubject]:
    """Each subject of the run once."""
    found = (pair_subject(job) or class_subject(job) for job in plan.jobs)
    yield from dict.fromkeys(one for one in found if one is not None)


def _is_number(side: Input) -> bool:
    several = side.wide or side.listed or side.ragged or side.keyed or side.spelled
    return side.kind.shape == "number" and len(side.columns) == 1 and not several

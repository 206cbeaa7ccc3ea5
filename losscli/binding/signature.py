"""What a comparison of two numbers must share, as text."""

from __future__ import annotations

from collections.abc import Mapping

from losscli.binding.plan import Job, Line, Plan
from losscli.contract.loss import Value


def reduction_of(plan: Plan, job: Job) -> str:
    """`sum` if the loss declares it; otherwise the reduction of the request, by default `mean`."""
    return "sum" if job.spec.loss.reduction == "sum" else plan.request.reduction or "mean"


def signature(plan: Plan, line: Line) -> str:
    """What two numbers must share to be compared: everything that makes the number, but not the rows."""
    request = plan.request
    reduction = reduction_of(plan, next((job for job in line.jobs if job.spec.loss.source_roles), line.jobs[0]))
    given = request.class_weight
    shown: Value = given if isinstance(given, str) else None
    if isinstance(given, Mapping):
        shown = ",".join(f"{name}={weight!r}" for name, weight in sorted(given.items()))
    revisions = "+".join(str(job.spec.loss.revision) for job in line.jobs)
    pieces = [line.spec.full, f"rev{revisions}", reduction, f"w={plan.weight or 'none'}", f"cw={shown or 'none'}",
              f"by-{request.divide_by}"]  # fmt: skip
    if any(job.spec.loss.scope != "row" for job in line.jobs):
        size = request.batch_size
        pieces.append(f"batch={f'size:{size}' if size else f'by:{plan.batch_by}' if plan.batch_by else 'table'}")
    pieces.append(f"missing={request.missing}")
    if request.nan != "error":
        pieces.append(f"nan={request.nan}")
    return "|".join(pieces)

"""What a comparison of two numbers must share, as text."""

from __future__ import annotations

from collections.abc import Mapping

from losscli.binding.plan import Input, Job, Line, Plan
from losscli.binding.request import Request
from losscli.contract.loss import Value
from losscli.io.arrow.canonical import canonical_label


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
    each = [request.divisor(job.spec) for job in line.jobs]
    divisors = "+".join(each if len(set(each)) > 1 else each[:1])
    pieces = [line.spec.full, f"rev{revisions}", reduction, f"w={plan.weight or 'none'}", f"cw={shown or 'none'}",
              f"by-{divisors}"]  # fmt: skip
    if any(job.spec.loss.scope != "row" for job in line.jobs):
        size = request.batch_size
        pieces.append(f"batch={f'size:{size}' if size else f'by:{plan.batch_by}' if plan.batch_by else 'table'}")
    pieces.append(f"missing={request.missing}")
    if request.nan != "error":
        pieces.append(f"nan={request.nan}")
    pieces += _labels(request, line)
    return "|".join(pieces)


def _labels(request: Request, line: Line) -> list[str]:
    """What the labels of the targets mean, where it was said."""
    inputs = [side for job in line.jobs for side in job.inputs if isinstance(side, Input)]
    if request.positive is None or not any(item.kind.sides for item in inputs):
        return []
    others = ["others=negative"] if request.others == "negative" else []
    return [f"positive={_escaped(canonical_label(request.positive))}", *others]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")

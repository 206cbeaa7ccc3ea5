"""The column whose classes carry weights."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.binding.plan import Input, Line
from losscli.binding.request import Request
from losscli.errors import UsageError


def weighted_class_column(request: Request, lines: Sequence[Line]) -> str | None:
    """The one column whose classes carry weights."""
    if request.class_weight is None:
        return None
    found: dict[str, None] = {}
    for line in lines:
        for job in line.jobs:
            targets = [i for i in job.inputs if isinstance(i, Input) and i.role == "target"]
            for target in targets:
                hard = target.kind.shape == "class" or target.kind.sides
                if not hard or len(target.columns) != 1 or target.listed:
                    raise UsageError(
                        f"class weights need one class per row, but '{job.spec.loss.name}' has none here",
                        code="USAGE_CONFLICT",
                    )
                found[target.columns[0]] = None
            if not targets and job.spec.loss.source_roles:
                raise UsageError(
                    f"class weights need a target, but '{job.spec.loss.name}' has none", code="USAGE_CONFLICT"
                )
    if len(found) > 1:
        raise UsageError(f"class weights need a single target column; got {', '.join(found)}", code="USAGE_CONFLICT")
    return next(iter(found), None)

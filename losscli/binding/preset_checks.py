"""What library presets cannot follow: it is refused, as an approximation would bear the library's name."""

from __future__ import annotations

from collections.abc import Collection

from losscli.binding.plan import Input, Job
from losscli.binding.request import Request
from losscli.binding.spec import LossSpec
from losscli.contract.presets import CLASS_WEIGHTS, DISTRIBUTIONS, ROW_WEIGHTS, SEVERAL_OUTPUTS
from losscli.errors import UsageError

_DIVISORS = {
    "weight": "the sum of weights",
    "count": "the number of rows with a weight above 0",
    "rows": "the number of all rows",
}


def asked_of(request: Request, spec: LossSpec) -> list[str]:
    """What a request asks of a preset: weights, and the parameters that differ from the loss's own."""
    asked = [name for name, value in spec.params.items() if value != spec.loss.params[name].default]
    asked += [ROW_WEIGHTS] * (request.weight is not None)
    return asked + [CLASS_WEIGHTS] * (request.class_weight is not None)


def asked_of_columns(job: Job) -> list[str]:
    """What the columns of a job ask of a preset."""
    sides = [side for side in job.inputs if isinstance(side, Input)]
    asked = [SEVERAL_OUTPUTS] * any(side.kind.shape == "number" and side.wide for side in sides)
    return asked + [DISTRIBUTIONS] * any(side.role == "target" and side.kind.total is not None for side in sides)


def overridden(request: Request, spec: LossSpec) -> list[str]:
    """Notes on presets whose rule for weights gives way to that of the run."""
    if not request.weighted or spec.divide_by is not None:
        return []
    rules = {library: spec.loss.same_as[library].divide_by for library in spec.presets}
    return [
        f"{library} divides weighted values by {_DIVISORS[rule]}; here '{spec.loss.name}@{library}' divides by "
        f"{_DIVISORS[request.run_divisor]}"
        for library, rule in rules.items() if rule != request.run_divisor
    ]  # fmt: skip


def refuse(spec: LossSpec, asked: Collection[str]) -> None:
    """A UsageError where a preset of the loss cannot follow what is asked."""
    for library in spec.presets:
        refusal = spec.loss.same_as[library].refusal(asked)
        if refusal is not None:
            raise UsageError(
                f"'{spec.loss.name}@{library}' cannot follow {library} with {' and '.join(refusal.when)}: "
                f"{refusal.why}",
                hint=f"'{spec.text}' without @{library} has losscli's rules",
                code="USAGE_CONFLICT",
            )

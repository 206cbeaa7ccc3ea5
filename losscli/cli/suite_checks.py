"""What is wrong in a suite, as far as the configuration alone shows it: `check --list` reads no data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.cli import scoring, suites
from losscli.cli.run import files_of
from losscli.errors import UsageError
from losscli.execution.prepare import check_request
from losscli.gates.grammar import BASELINE, Gate, ModelLoss, bind, slice_columns

if TYPE_CHECKING:
    from losscli.binding.request import Request, RoleBinding
    from losscli.cli.config import Config, Suite
    from losscli.cli.option_values import EvalOptions


def check_suite(config: Config, suite: Suite) -> None:
    """Raise the UsageError of a loss, a parameter, a role, another value, or a gate that no data could make right."""
    options = suites.options_of(config, suite)
    request, gates = options.run.request, options.gates.gates
    scoring.refuse_without_baseline(options.gates)
    request = replace(request, by=slice_columns(gates, request.by))
    suites.located_in(config, suite, lambda one: _check_request(suites.options_of(config, one)))
    known = [gate for gate in gates if not _is_of_column_names(gate, request)]
    bind(known, _numbers(request, known), request.by, request.spelling)


def _check_request(options: EvalOptions) -> None:
    request = replace(options.run.request, by=slice_columns(options.gates.gates, options.run.request.by))
    check_request(request, files_of(options.run))


def _numbers(request: Request, gates: Sequence[Gate]) -> list[ModelLoss]:
    """The numbers that the run may have: every loss of every model."""
    models = [None, *dict.fromkeys(_models(request, gates))]
    return [ModelLoss(model, spec.text, spec.name or spec.parts[0][1].loss.name, spec.direction)
            for spec in request.losses for model in models]  # fmt: skip


def _models(request: Request, gates: Sequence[Gate]) -> Iterator[str]:
    """The models of a run; where names of columns make the names of models, all that gates name."""
    bindings = [*request.preds, *request.columns]
    named = [*(one.model or _name_of_columns(one) for one in bindings), *(one.model for one in request.tables)]
    yield from (model for model in named if model is not None)
    for one in bindings:  # `a=b` may also be the name of a column, which only gates on it need to know
        if one.literal is not None and any(one.literal.name in gate.text for gate in gates):
            yield one.literal.name
    if any(one.many is not None for one in bindings):
        for gate in gates:
            model, slash, _ = gate.subject.rpartition("/")
            yield from [model.strip()] if slash else []
            yield from [] if gate.reference in (None, BASELINE) else [gate.reference]


def _name_of_columns(binding: RoleBinding) -> str | None:
    """The name of a model that has no other."""
    return binding.columns.name if binding.role == "pred" else None


def _is_of_column_names(gate: Gate, request: Request) -> bool:
    """Whether the gate is on a loss whose parameters the names of columns say."""
    from losscli.binding.spec import parse

    said = {part.loss.name for spec in request.losses for _, part in spec.parts if part.unset}
    try:
        parts = parse(gate.subject.rpartition("/")[2].strip()).parts if said else ()
    except UsageError:
        return False
    return any(part.loss.name in said for _, part in parts)

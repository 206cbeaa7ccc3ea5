"""All diagnostics of a run, as the values that reports show."""

from __future__ import annotations

from collections.abc import Iterator

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.diagnostics.subjects import PairSubject, pair_subject
from losscli.binding.plan import Plan
from losscli.results.diagnostics import Diagnostics, LossDistributionResult
from losscli.statistics.diagnostics.distributions import distribution
from losscli.statistics.diagnostics.residuals import residuals


def diagnostics(totals: RunAccumulator) -> Diagnostics | None:
    """The diagnostics of a run; None where it kept none."""
    found = totals.diagnostics
    if found is None:
        return None
    plan, tables = totals.plan, {subject: pairs.evaluate() for subject, pairs in found.pairs.items()}
    rests = (
        residuals(table, _model(plan, one), one.pred.columns[0], one.target.columns[0])
        for one, table in tables.items() if not one.labels
    )  # fmt: skip
    return Diagnostics(
        losses=tuple(_losses(totals)),
        residuals=tuple(rest for rest in rests if rest is not None),
    )


def _losses(totals: RunAccumulator) -> Iterator[LossDistributionResult]:
    assert totals.diagnostics is not None
    names = [key.name for key in totals.plan.slice_keys]
    slices = [dict(zip(names, labels, strict=False)) for labels in totals.slice_index.names()]
    for at, terms in totals.diagnostics.losses.items():
        line = totals.plan.lines[at]
        for term, losses in terms.items():
            found = distribution(losses, line.model, line.spec.text, term, slices)
            if found is not None:
                yield found


def _model(plan: Plan, subject: PairSubject) -> str | None:
    """The first model whose predictions these are."""
    return next(job.model for job in plan.jobs if pair_subject(job) == subject)

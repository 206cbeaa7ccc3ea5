"""All diagnostics of a run, as the values that reports show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TypeAlias, TypeVar

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.diagnostics.run import ClassCounts
from losscli.aggregate.diagnostics.subjects import Subject
from losscli.aggregate.diagnostics.value_pairs import PairTable
from losscli.binding.class_names import class_names
from losscli.binding.plan import Job
from losscli.binding.spec import LossSpec
from losscli.results.diagnostics import (
    ConfusionResult,
    CurvesResult,
    Diagnostics,
    LossDistributionResult,
    ReliabilityResult,
)
from losscli.statistics.diagnostics.curves import confusion, curves, decided
from losscli.statistics.diagnostics.distributions import distribution
from losscli.statistics.diagnostics.forecasts import forecast
from losscli.statistics.diagnostics.murphy import murphy
from losscli.statistics.diagnostics.reliability import reliability
from losscli.statistics.diagnostics.residuals import residuals

Found = TypeVar("Found")
_Labelled: TypeAlias = tuple[Subject, PairTable]
_Counted: TypeAlias = tuple[Subject, ClassCounts]


def diagnostics(totals: RunAccumulator) -> Diagnostics | None:
    """The diagnostics of a run; None where it kept none."""
    found = totals.diagnostics
    if found is None:
        return None
    pairs = [(found.subjects[at], pairs.evaluate()) for at, pairs in found.pairs.items()]
    classes = [(found.subjects[at], counts) for at, counts in found.classes.items()]
    labelled = [(one, _with_labels(one, table)) for one, table in pairs if one.kind == "labels"]
    return Diagnostics(
        losses=tuple(_losses(totals)),
        residuals=_known(
            residuals(table, one.jobs[0].model, one.pred.columns[0], one.target.columns[0])
            for one, table in pairs if one.kind == "numbers"
        ),
        reliability=_known((*_binary_reliability(labelled), *_class_reliability(classes))),
        curves=_known(_curves(labelled)),
        confusion=(*_decisions(labelled), *_confusion(classes)),
        murphy=tuple(chain.from_iterable(murphy(one, table) for one, table in pairs if one.kind == "numbers")),
        forecasts=_known(forecast(found.subjects[at], ranks) for at, ranks in found.forecasts.items()),
    )  # fmt: skip


def _known(found: Iterable[Found | None]) -> tuple[Found, ...]:
    return tuple(one for one in found if one is not None)


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


def _with_labels(subject: Subject, table: PairTable) -> PairTable:
    """The pairs with probabilities in place of logits, and labels from 0 to 1."""
    assert subject.target.kind.sides is not None
    low, high = subject.target.kind.sides
    first = table.first
    if subject.scale == "logit":
        with np.errstate(over="ignore"):
            first = 1 / (1 + np.exp(-first))
    return replace(table, first=first, second=(table.second - low) / (high - low))


def _binary_reliability(labelled: Sequence[_Labelled]) -> Iterator[ReliabilityResult | None]:
    for one, table in labelled:
        if one.scale != "other":
            specs = dict.fromkeys(spec for job in one.jobs if (spec := _of_probabilities(job)) is not None)
            yield reliability(table, one.jobs[0].model, one.pred.columns[0], "positive", list(specs))


def _of_probabilities(job: Job) -> LossSpec | None:
    """The loss of a job, or that of probabilities where it is of logits; None where it needs more than these."""
    spec, loss = job.spec, job.spec.loss
    alone = all(side is None for role, side in job.by_role() if role not in ("pred", "target"))
    if not alone or loss.scope != "row" or loss.sorted_by:
        return None
    if (other := loss.of_probabilities) is None:
        return spec
    return LossSpec(other, other.settle({name: spec.params[name] for name in other.params if name in spec.params}))


def _class_reliability(classes: Sequence[_Counted]) -> Iterator[ReliabilityResult | None]:
    for one, counts in classes:
        yield reliability(counts.confidence.evaluate(), one.jobs[0].model, one.pred.columns[0], "predicted", [])


def _curves(labelled: Sequence[_Labelled]) -> Iterator[CurvesResult | None]:
    """Curves of predictions of which a loss looks at the order."""
    for one, table in labelled:
        if any(job.spec.loss.sorted_by for job in one.jobs):
            yield curves(table, one.jobs[0].model, one.pred.columns[0])


def _decisions(labelled: Sequence[_Labelled]) -> Iterator[ConfusionResult]:
    """Matrices of the thresholds of losses that have one."""
    for one, table in labelled:
        found = {job.spec.params.get("threshold"): job for job in reversed(one.jobs)}
        for threshold, job in reversed(found.items()):
            if isinstance(threshold, float | int) and one.scale != "logit":
                yield decided(table, job.model, job.spec.text, threshold)


def _confusion(classes: Sequence[_Counted]) -> Iterator[ConfusionResult]:
    for one, counts in classes:
        if counts.counts is not None:
            yield confusion(counts.counts, one.jobs[0].model, class_names((one.pred, one.target), ()))

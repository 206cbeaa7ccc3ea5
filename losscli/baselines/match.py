"""Which number of a saved report stands beside which of this run, and whether the two can be compared at all."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from losscli.results import BaselineResult, BaselineSource, Evaluation, LossResult


@dataclass(frozen=True)
class Compared:
    """A run beside its baseline.

    `reasons` say why they are not comparable; without leave for that, no number has one beside it. `absent` are the
    numbers of the baseline that the run lacks, under the run's name of their model.
    """

    evaluation: Evaluation
    reasons: tuple[str, ...]
    absent: tuple[LossResult, ...]
    notes: tuple[str, ...]


def compared_with(evaluation: Evaluation, saved: Evaluation, path: str, allow_incomparable: bool) -> Compared:
    """The run with the saved number beside each of its own.

    Partners have the same model, loss spec and slice. Where both sides have one model only, these are partners whatever
    they are called: the run of an old model and that of a new one are mostly two runs.
    """
    ours = {_place(result): result for result in evaluation.results}
    renamed = renamed_models([r.model for r in evaluation.results], [r.model for r in saved.results])
    theirs, called = {}, {}
    for other in saved.results:
        here = other if _place(other) in ours else replace(other, model=renamed.get(other.model, other.model))
        theirs[_place(here)] = here
        called[_place(here)] = _words(other)
    pairs = [(mine, theirs[place]) for place, mine in ours.items() if place in theirs]
    reasons = _reasons(evaluation, saved, pairs)
    absent = {place: other for place, other in theirs.items() if place not in ours}
    gone = tuple(called[place] for place in absent)
    source = BaselineSource(path, gone, () if allow_incomparable else reasons)
    if not source.incomparable:
        beside = {_place(mine): _beside(mine, other) for mine, other in pairs}
        results = tuple(replace(mine, baseline=beside.get(place)) for place, mine in ours.items())
        evaluation = replace(evaluation, results=results)
    notes = [f"the baseline's model '{old}' is compared with '{new}'" for old, new in renamed.items() if old and new]
    if gone:
        more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
        notes.append(f"this run has no {', '.join(gone[:5])}{more}, which the baseline has")
    return Compared(replace(evaluation, baseline=source), reasons, tuple(absent.values()), tuple(notes))


def models_of(saved: Evaluation, lines: Iterable[tuple[str | None, str]]) -> dict[tuple[str | None, str], str | None]:
    """Each of these models and specs -> what the saved report calls its model, by the rule for partners."""
    theirs = {(result.model, result.spec): result.model for result in saved.results}
    only = _only_model(result.model for result in saved.results)
    found = {}
    for model, spec in lines:
        if (model, spec) in theirs:
            found[model, spec] = model
        elif only is not None and (only[0], spec) in theirs:
            found[model, spec] = only[0]
    return found


_Place = tuple[str | None, str, frozenset[tuple[str, str]]]


def _place(result: LossResult) -> _Place:
    return result.model, result.spec, frozenset(result.by.items())


def renamed_models(ours: Iterable[str | None], theirs: Iterable[str | None]) -> dict[str | None, str | None]:
    """A model of the baseline -> what it is called in this run, where both have but one."""
    here, there = _only_model(ours), _only_model(theirs)
    return {there[0]: here[0]} if here is not None and there is not None and here != there else {}


def _only_model(models: Iterable[str | None]) -> tuple[str | None] | None:
    """The one model, which may have no name; losses of tables alone are of no model, so a name wins."""
    found = set(models)
    named = found - {None}
    if len(named) > 1 or not found:
        return None
    return (named.pop() if named else None,)


def _reasons(evaluation: Evaluation, saved: Evaluation, pairs: list[tuple[LossResult, LossResult]]) -> tuple[str, ...]:
    """Why two runs are not about the same thing; both sides are shown."""
    reasons = []
    for mine, other in pairs:
        if mine.signature != other.signature:
            reasons.append(f"{mine.spec} is computed as {mine.signature} here and as {other.signature} in the baseline")
            break  # what differs for one loss mostly differs for all of them
    if evaluation.rows.used != saved.rows.used:
        reasons.append(f"{evaluation.rows.used} rows are used here, {saved.rows.used} in the baseline")
    hashes = {
        "keys of the rows": (evaluation.rows_sha256, saved.rows_sha256),
        "targets": (evaluation.targets_sha256, saved.targets_sha256),
    }
    for what, (mine_hash, their_hash) in hashes.items():
        if mine_hash is not None and their_hash is not None and mine_hash != their_hash:
            reasons.append(f"the {what} differ (sha256 {mine_hash[:12]}…, in the baseline {their_hash[:12]}…)")
    return tuple(reasons)


def _beside(mine: LossResult, other: LossResult) -> BaselineResult:
    value, theirs = mine.value, other.value
    if math.isnan(value) or math.isnan(theirs):
        return BaselineResult(theirs, math.nan, None, "undefined")
    change = 0.0 if value == theirs else value - theirs  # two infinities have no difference
    relative = change / abs(theirs) if theirs and math.isfinite(value) and math.isfinite(theirs) else None
    if relative is not None and not math.isfinite(relative):
        relative = None
    better = change < 0 if mine.direction == "lower" else change > 0
    return BaselineResult(theirs, change, relative, "same" if not change else "better" if better else "worse")


def _words(result: LossResult) -> str:
    name = result.spec if result.model is None else f"{result.model}/{result.spec}"
    slices = ", ".join(f"{column}={value}" for column, value in result.by.items())
    return f"{name} ({slices})" if slices else name

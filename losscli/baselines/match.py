"""A run matched with its baseline: which saved number belongs to which result, and whether the two are comparable."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from losscli.baselines.signature_differences import difference
from losscli.lazy import dataclass
from losscli.results import BaselineResult, BaselineSource, Evaluation, LossResult
from losscli.results.directions import compared, is_lower_better


@dataclass(frozen=True)
class BaselineMatch:
    """A run matched with its baseline.

    `evaluation` is the run; its results have the numbers of the baseline. `reasons` say why the two are not comparable;
    then the results have no such numbers, unless incomparable baselines are allowed. `absent` are results of the
    baseline that the run does not have, under the name that their model has in the run.
    """

    evaluation: Evaluation
    reasons: tuple[str, ...]
    absent: tuple[LossResult, ...]
    notes: tuple[str, ...]


def match_baseline(evaluation: Evaluation, saved: Evaluation, path: str, allow_incomparable: bool) -> BaselineMatch:
    """Match each result of the run with the saved result of the same model, loss spec and slice.

    If the run and the baseline have one model each, these match whatever their names: an old model and a new one are
    mostly scored in two runs.
    """
    current = {_key(result): result for result in evaluation.results}
    renamed = renamed_models([r.model for r in evaluation.results], [r.model for r in saved.results])
    baseline: dict[_ResultKey, LossResult] = {}
    unmatched: dict[_ResultKey, LossResult] = {}  # as they are saved
    for result in saved.results:
        key, known = _key(result), result
        if key not in current and result.model in renamed:
            known = result.of_model(renamed[result.model])
            key = _key(known)
        baseline[key] = known
        if key not in current:
            unmatched[key] = result
    pairs = {key: (result, baseline[key]) for key, result in current.items() if key in baseline}
    reasons = _incomparable(evaluation, saved, list(pairs.values()))
    absent = {key: baseline[key] for key in unmatched}
    absent_names = tuple(map(_name, unmatched.values()))
    source = BaselineSource(path, absent_names, () if allow_incomparable else reasons)
    if not source.incomparable:
        changes = {key: _change(result, before) for key, (result, before) in pairs.items()}
        results = tuple(result.with_baseline(changes.get(key)) for key, result in current.items())
        evaluation = replace(evaluation, results=results)
    notes = [f"the baseline's model '{old}' is compared with '{new}'" for old, new in renamed.items() if old and new]
    if absent_names:
        more = f" and {len(absent_names) - 5} more" if len(absent_names) > 5 else ""
        notes.append(f"this run has no {', '.join(absent_names[:5])}{more}, which the baseline has")
    return BaselineMatch(replace(evaluation, baseline=source), reasons, tuple(absent.values()), tuple(notes))


def baseline_models(
    saved: Evaluation, lines: Iterable[tuple[str | None, str]]
) -> dict[tuple[str | None, str], str | None]:
    """Model and spec of this run -> the name of that model in the baseline, by the rule of `match_baseline`."""
    numbers = {(result.model, result.spec) for result in saved.results}
    single = _single_model(result.model for result in saved.results)
    found = {}
    for model, spec in lines:
        if (model, spec) in numbers:
            found[model, spec] = model
        elif single is not None and (single[0], spec) in numbers:
            found[model, spec] = single[0]
    return found


_ResultKey = tuple[str | None, str, frozenset[tuple[str, str]]]


def _key(result: LossResult) -> _ResultKey:
    return result.model, result.spec, frozenset(result.by.items())


def renamed_models(run: Iterable[str | None], baseline: Iterable[str | None]) -> dict[str | None, str | None]:
    """Model of the baseline -> model of the run, if each has exactly one and their names differ."""
    new, old = _single_model(run), _single_model(baseline)
    return {old[0]: new[0]} if new is not None and old is not None and new != old else {}


def _single_model(models: Iterable[str | None]) -> tuple[str | None] | None:
    """The only model, whose name may be None; losses of tables alone have no model, so a name takes precedence."""
    found = set(models)
    named = found - {None}
    if len(named) > 1 or not found:
        return None
    return (named.pop() if named else None,)


def _incomparable(
    evaluation: Evaluation, saved: Evaluation, pairs: list[tuple[LossResult, LossResult]]
) -> tuple[str, ...]:
    """Why the run and the baseline are not comparable; each reason shows both sides."""
    reasons = []
    for result, before in pairs:
        reason = difference(result.spec, result.signature, before.signature)
        if reason is not None:
            reasons.append(reason)
            break  # a difference in one loss is mostly one in all of them
    if evaluation.rows.used != saved.rows.used:
        reasons.append(f"{evaluation.rows.used} rows are used here, {saved.rows.used} in the baseline")
    hashes = {
        "keys of the rows": (evaluation.rows_sha256, saved.rows_sha256),
        "targets": (evaluation.targets_sha256, saved.targets_sha256),
    }
    if evaluation.targets_sha256 == saved.targets_sha256:  # the hashes of these contain the targets
        hashes["weights of the rows"] = (evaluation.weights_sha256, saved.weights_sha256)
        hashes["rows of the batches"] = (evaluation.batches_sha256, saved.batches_sha256)
        if _slice_columns(evaluation) == _slice_columns(saved):
            hashes["rows of the slices"] = (evaluation.slices_sha256, saved.slices_sha256)
    for what, (here, there) in hashes.items():
        if here is not None and there is not None and here != there:
            reasons.append(f"the {what} differ (sha256 {here[:12]}…, in the baseline {there[:12]}…)")
    return tuple(reasons)


def _slice_columns(evaluation: Evaluation) -> set[str]:
    return {name for result in evaluation.results for name in result.by}


def _change(result: LossResult, before: LossResult) -> BaselineResult:
    """The number of the baseline, and the change from it."""
    value, base = result.value, before.value
    if math.isnan(value) or math.isnan(base):
        return BaselineResult(base, math.nan, None, "undefined")
    change = 0.0 if value == base else value - base  # the difference of two equal infinities would be NaN
    relative = change / abs(base) if base and math.isfinite(value) and math.isfinite(base) else None
    if relative is not None and not math.isfinite(relative):
        relative = None
    size, before_size = compared(result.direction, value), compared(result.direction, base)
    grown = 0.0 if size == before_size else size - before_size
    better = grown < 0 if is_lower_better(result.direction) else grown > 0
    if change and not grown:  # as far on the other side of 0
        return BaselineResult(base, change, relative, "same")
    return BaselineResult(base, change, relative, "same" if not change else "better" if better else "worse")


def _name(result: LossResult) -> str:
    name = result.spec if result.model is None else f"{result.model}/{result.spec}"
    slices = ", ".join(f"{column}={value}" for column, value in result.by.items())
    return f"{name} ({slices})" if slices else name

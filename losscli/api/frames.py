"""Results, comparisons and gates as columns, for data frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from losscli.results import ComparisonResult, Evaluation, GateResult, LossResult
from losscli.results.columns import SliceColumns, examples, parts_of

Columns = dict[str, list[Any]]


def columns(evaluation: Evaluation, of: Literal["results", "comparisons", "gates"]) -> Columns:
    """The columns of a frame by their names: a row for each result, comparison or gate."""
    if of == "results":
        return _results(evaluation)
    if of not in ("comparisons", "gates"):
        raise ValueError(f"of is 'results', 'comparisons' or 'gates', not {of!r}")
    found: Sequence[ComparisonResult] | Sequence[GateResult] = getattr(evaluation, of)
    slices = dict.fromkeys((name for one in found for name in one.by), "")
    rows = [_comparison(one, slices) if isinstance(one, ComparisonResult) else _gate(one, slices) for one in found]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _results(evaluation: Evaluation) -> Columns:
    some = [*examples(evaluation.results)]
    skilled = any(r.skill is not None for r in some)
    uncertain = any(r.stderr is not None or r.interval is not None for r in some)
    slices = dict.fromkeys((name for r in some for name in r.by), "")
    found: Columns = {}
    for part in parts_of(evaluation.results):
        for name, cells in _cells(part, slices, skilled, uncertain).items():
            found.setdefault(name, []).extend(cells)
    return found


def _cells(
    part: Sequence[LossResult], slices: Mapping[str, str], skilled: bool, uncertain: bool
) -> dict[str, Iterable[Any]]:
    """The cells of some results by the names of their columns."""
    if not isinstance(part, SliceColumns):
        rows = [_row(r, slices, skilled, uncertain) for r in part]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    if not part:
        return {}
    first = _row(part[0], slices, skilled, uncertain)
    found: dict[str, Iterable[Any]] = {name: [cell] * len(part) for name, cell in first.items()}
    # As in a row, a slice wins over the model where their names are the same, and all else over a slice.
    ours = _row(replace(part[0], by={}), {}, skilled, uncertain).keys() - {"model"}
    found |= {name: labels for name, labels in part.by.items() if name not in ours}
    if uncertain and part.intervals is not None:
        found |= {name: part.intervals.numbers(name) for name in ("stderr", "low", "high")}
    return {**found, "value": part.values, "count": part.counts, "weight": part.weights}


def _row(r: LossResult, slices: Mapping[str, str], skilled: bool, uncertain: bool) -> dict[str, Any]:
    return {"model": r.model, **slices, **r.by, "loss": r.loss, "spec": r.spec, "value": r.value, "count": r.count,
            "weight": r.weight, **(_interval(r) if uncertain else {}), "reduction": r.reduction,
            "direction": r.direction, **_skill(r, skilled), "signature": r.signature}  # fmt: skip


def _interval(one: LossResult | ComparisonResult) -> dict[str, float | None]:
    low, high = (None, None) if one.interval is None else one.interval
    return {"stderr": one.stderr, "low": low, "high": high}


def _skill(result: LossResult, skilled: bool) -> dict[str, Any]:
    """The columns of the skill, named as in CSV; no value where a result has none."""
    if not skilled:
        return {}
    found = result.skill
    values = (None, None, None) if found is None else (found.reference, found.value, found.skill)
    return dict(zip(("skill_reference", "skill_value", "skill"), values, strict=True))


def _comparison(one: ComparisonResult, slices: Mapping[str, str]) -> dict[str, Any]:
    """One comparison, its columns named as in CSV; `p` and `p_adjusted` are those of the test that decides."""
    decision = one.decision
    tested = (None, None, None) if decision is None else (decision.test, decision.p, decision.decisive)
    return {"model": one.model, "against": one.against, **slices, **one.by, "loss": one.loss, "spec": one.spec,
            "value": one.value, "against_value": one.against_value, "difference": one.difference, **_interval(one),
            "count": one.count, "wins": one.wins, "losses": one.losses, "ties": one.ties,
            **dict(zip(("test", "p", "p_adjusted"), tested, strict=True)), "verdict": one.verdict}  # fmt: skip


def _gate(one: GateResult, slices: Mapping[str, str]) -> dict[str, Any]:
    return {"gate": one.gate, "model": one.model, **slices, **one.by, "value": one.value, "limit": one.limit,
            "baseline": one.baseline, "state": one.state, "reason": one.reason}  # fmt: skip

"""Comparisons of models and of slices as JSON objects."""

from __future__ import annotations

from typing import Any

from losscli.report.json_numbers import number, optional, whole
from losscli.report.json_tests import power_object
from losscli.report.json_uncertainty import interval_object, uncertainty_object
from losscli.report.view import nonfinite
from losscli.results import ComparisonResult, Decision, PairedTest, Ranking, SliceDifference


def comparison_object(comparison: ComparisonResult) -> dict[str, Any]:
    """One entry of `comparisons`."""
    return {
        "model": comparison.model,
        "against": comparison.against,
        "by": dict(comparison.by),
        "loss": comparison.loss,
        "spec": comparison.spec,
        "direction": comparison.direction,
        "value": number(comparison.value),
        "against_value": number(comparison.against_value),
        "difference": number(comparison.difference),
        "nonfinite": nonfinite(comparison.difference),
        "count": int(comparison.count),
        "verdict": comparison.verdict,
        "stderr": optional(comparison.stderr),
        "interval": interval_object(comparison.interval),
        "uncertainty": uncertainty_object(comparison.uncertainty),
        "t": optional(comparison.t),
        "t_test": _test(comparison.t_test),
        "permutation": _test(comparison.permutation),
        "mcnemar": _test(comparison.mcnemar),
        "wild": _test(comparison.wild),
        "adjustment": comparison.adjustment,
        "permutations": whole(comparison.permutations),
        "permutations_exact": comparison.permutations_exact,
        "decision": _decision(comparison.decision),
        "wins": whole(comparison.wins),
        "losses": whole(comparison.losses),
        "ties": whole(comparison.ties),
        "effect_size": optional(comparison.effect_size),
        "odds_ratio": optional(comparison.odds_ratio),
        "power": power_object(comparison.detection),
    }


def between_object(found: SliceDifference) -> dict[str, Any]:
    """The entry `between` of a result."""
    return {
        "against": None if found.against is None else dict(found.against),
        "value": number(found.value),
        "count": int(found.count),
        "difference": number(found.difference),
        "nonfinite": nonfinite(found.difference),
        "verdict": found.verdict,
        "stderr": optional(found.stderr),
        "interval": interval_object(found.interval),
        "uncertainty": uncertainty_object(found.uncertainty),
        "t": optional(found.t),
        "p": optional(found.p),
        "p_adjusted": optional(found.p_adjusted),
        "adjustment": found.adjustment,
    }


def ranking_object(found: Ranking) -> dict[str, Any]:
    """The entry `ranking` of a result."""
    return {
        "rank": whole(found.rank),
        "better_than": int(found.better_than),
        "worse_than": int(found.worse_than),
        "relative_skill": optional(found.relative_skill),
        "interval": interval_object(found.interval),
        "uncertainty": uncertainty_object(found.uncertainty),
        "scaled_by": found.scaled_by,
    }


def _test(test: PairedTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {"p": number(test.p), "holm": number(test.holm), "adjusted": number(test.decisive)}


def _decision(decision: Decision | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    numbers = {name: number(getattr(decision, name)) for name in ("p", "holm", "smallest_p", "alpha")}
    return {"test": decision.test, "reason": decision.reason, **numbers, "adjusted": number(decision.decisive)}

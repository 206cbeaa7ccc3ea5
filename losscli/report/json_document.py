"""The report as a JSON document: `losscli.report/1` of a run, `losscli.check/1` of a check of several suites.

The same input always gives the same bytes, and a committed report gives a small diff: one value per line, no time, no
host and no absolute path. Keys are in the order below. The models and roles of `bindings` and the parameters of a loss
are sorted, so the order of options does not matter; results, slices and gates are in the order of the run. The JSON is
strict: a value that is not finite is null, with its kind in `nonfinite`, and a parameter that is not finite is the word
that its spec has.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from losscli._version import __version__
from losscli.lazy import pattern
from losscli.report.json_columns import encoded
from losscli.report.json_comparisons import between_object, comparison_object, ranking_object
from losscli.report.json_diagnostics import diagnostics_object, worst_slices_object
from losscli.report.json_numbers import number as _number
from losscli.report.json_numbers import optional as _optional
from losscli.report.json_numbers import whole as _whole
from losscli.report.json_tests import gate_test_object
from losscli.report.json_uncertainty import interval_object, uncertainty_object
from losscli.report.sanitized import sanitized
from losscli.report.suites import status
from losscli.report.view import View, exact, nonfinite
from losscli.results import (
    BaselineResult,
    BaselineSource,
    BatchResult,
    ErrorResult,
    Evaluation,
    GateResult,
    InfluenceResult,
    LossResult,
    PartResult,
    RowCounts,
    SkillResult,
    SourceResult,
    SuiteResult,
    TermResult,
)
from losscli.results.columns import SliceColumns, parts_of

SCHEMA = "losscli.report/1"
CHECK_SCHEMA = "losscli.check/1"
_SURROGATE = pattern("[\ud800-\udfff]")
_NOT_ASCII = pattern("[^\x00-\x7e]")


def check_document(suites: Sequence[SuiteResult]) -> dict[str, Any]:
    """The document of a check, as dictionaries and lists."""
    return {
        "schema": CHECK_SCHEMA,
        "losscli": __version__,
        "status": status(suites),
        "suites": [
            {
                "name": suite.name,
                "status": status([suite]),
                "error": None if suite.error is None else error_object(suite.error),
                "report": None if suite.evaluation is None else document(suite.evaluation),
            }
            for suite in suites
        ],
    }


def document(evaluation: Evaluation) -> dict[str, Any]:
    """The document of a run, as dictionaries and lists; results in columns stand among the objects of the others."""
    return {
        "schema": SCHEMA,
        "losscli": __version__,
        "status": evaluation.status,
        "sources": [_source(source) for source in evaluation.sources],
        "rows": rows_object(evaluation.rows),
        "results": [
            one
            for part in parts_of(evaluation.results)
            for one in ([part] if isinstance(part, SliceColumns) and part else map(result_object, part))
        ],
        "comparisons": [comparison_object(comparison) for comparison in evaluation.comparisons],
        **({"influence": [influence_object(one) for one in evaluation.influence]} if evaluation.influence else {}),
        **({} if evaluation.worst_slices is None else {"worst_slices": worst_slices_object(evaluation.worst_slices)}),
        **({} if evaluation.diagnostics is None else {"diagnostics": diagnostics_object(evaluation.diagnostics)}),
        "bindings": {
            model: {role: list(columns) for role, columns in sorted(roles.items())}
            for model, roles in sorted(evaluation.bindings.items())
        },
        **({"let": list(evaluation.lets)} if evaluation.lets else {}),
        "data": {
            "rows_sha256": evaluation.rows_sha256,
            "targets_sha256": evaluation.targets_sha256,
            "weights_sha256": evaluation.weights_sha256,
            "batches_sha256": evaluation.batches_sha256,
            "slices_sha256": evaluation.slices_sha256,
            "rows_file": evaluation.rows_file,
        },
        "gates": [gate_object(gate) for gate in evaluation.gates],
        "baseline": _baseline_source(evaluation.baseline),
        "environment": list(evaluation.environment),
        "warnings": [
            {"message": w.message, "count": int(w.count), **({} if w.kind == "warning" else {"kind": w.kind})}
            for w in evaluation.warnings
        ],
    }


def influence_object(found: InfluenceResult) -> dict[str, Any]:
    """One entry of `influence`."""
    return {
        "model": found.model,
        "against": found.against,
        "by": dict(found.by),
        "loss": found.loss,
        "spec": found.spec,
        "units": found.units,
        "count": int(found.count),
        "value": _number(found.value),
        "removed": [
            {"unit": one.unit, "value": _number(one.value), "change": _number(one.change), "share": _number(one.share)}
            for one in found.removed
        ],
    }


def rows_object(rows: RowCounts) -> dict[str, Any]:
    """The entry `rows`."""
    names = ("read", "used", "dropped", "filtered", "missing", "nan", "weightless", "lost")
    counts: dict[str, Any] = {name: int(getattr(rows, name)) for name in names}
    return {**counts, "unmatched": {side: int(count) for side, count in rows.unmatched.items()}}


def _source(source: SourceResult) -> dict[str, Any]:
    found = {"path": source.path, "format": source.format, "rows": int(source.rows)}
    return found if source.sha256 is None else {**found, "sha256": source.sha256}


def result_object(result: LossResult) -> dict[str, Any]:
    """One entry of `results`."""
    return {
        "model": result.model,
        "by": dict(result.by),
        "loss": result.loss,
        "spec": result.spec,
        "params": {name: _param(value) for name, value in sorted(result.params.items())},
        "reduction": result.reduction,
        **_valued(result.value),
        "count": int(result.count),
        "weight": _number(result.weight),
        "terms": {name: _term(term) for name, term in result.terms.items()},
        "direction": result.direction,
        "revision": int(result.revision),
        "parts": None if result.parts is None else [_part(part) for part in result.parts],
        **({"constant": result.constant} if result.constant else {}),
        "batch": None if result.batch is None else _batch(result.batch),
        "without_part": int(result.excluded_count),
        "stderr": _optional(result.stderr),
        "interval": interval_object(result.interval),
        "uncertainty": uncertainty_object(result.uncertainty),
        "n_eff": _optional(result.n_eff),
        "baseline": _baseline(result.baseline),
        **({} if result.between is None else {"between": between_object(result.between)}),
        **({} if result.ranking is None else {"ranking": ranking_object(result.ranking)}),
        **({} if result.skill is None else {"skill": _skill(result.skill)}),
        "signature": result.signature,
    }


def gate_object(gate: GateResult) -> dict[str, Any]:
    """One entry of `gates`."""
    return {
        "gate": gate.gate,
        "model": gate.model,
        "by": dict(gate.by),
        **_valued(gate.value),
        "limit": _number(gate.limit),
        "passed": gate.passed,
        "state": gate.state,
        "spec": gate.spec,
        "direction": gate.direction,
        "reason": gate.reason,
        "baseline": _optional(gate.baseline),
        "interval": interval_object(gate.interval),
        "test": gate_test_object(gate.test),
        "path": gate.path,
        "line": _whole(gate.line),
    }


def error_object(error: ErrorResult) -> dict[str, Any]:
    """An error that ended a run or a suite."""
    return {
        "code": error.code,
        "exit": int(error.exit),
        "message": error.message,
        "hint": error.hint,
        "path": error.path,
        "row": _whole(error.row),
        "line": _whole(error.line),
        "column": error.column,
        "value": error.value,
        "suggestions": list(error.suggestions),
    }


def dumps(value: Mapping[str, Any], view: View, *, indent: bool = False) -> str:
    """JSON text that is safe on a terminal and valid UTF-8: no control or bidirectional character, no lone surrogate.

    Safe characters stay legible. The others become JSON escapes, so a reader gets the original text. A lone surrogate
    has no valid escape (strict readers refuse it) and becomes the visible text of one.
    """
    return safe(encoded(value, indent, result_object), view)


def safe(text: str, view: View) -> str:
    """JSON text with escapes for what `dumps` does not leave."""
    if not text.isascii() or "\x7f" in text:
        text = _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)
        text = _NOT_ASCII.sub(lambda found: _escaped(found[0], view.ascii_only), text)
    return text


def _escaped(char: str, always: bool) -> str:
    if not always and sanitized(char) == char:
        return char
    return json.dumps(char)[1:-1] if ord(char) > 0x7F else f"\\u{ord(char):04x}"


def _valued(value: float) -> dict[str, Any]:
    return {"value": _number(value), "nonfinite": nonfinite(value)}


def _param(value: float | int | bool | str | None) -> float | int | bool | str | None:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    # NumPy's narrow floats are not Python floats, and json refuses them.
    assert isinstance(value, Real)
    return float(value) if math.isfinite(value) else exact(value)


def _term(term: TermResult) -> dict[str, Any]:
    return {
        "mean": _number(term.mean),
        "sum": _number(term.sum),
        "count": int(term.count),
        "weight": _number(term.weight),
        "nonfinite": nonfinite(term.mean),
    }


def _part(part: PartResult) -> dict[str, Any]:
    return {"spec": part.spec, "factor": _number(part.factor), **_valued(part.value)}


def _batch(batch: BatchResult) -> dict[str, Any]:
    size = None if batch.size is None else int(batch.size)
    return {"how": batch.how, "size": size, "by": batch.by, "groups": int(batch.groups)}


def _baseline_source(baseline: BaselineSource | None) -> dict[str, Any] | None:
    if baseline is None:
        return None
    return {"path": baseline.path, "absent": list(baseline.absent), "incomparable": list(baseline.incomparable)}


def _baseline(baseline: BaselineResult | None) -> dict[str, Any] | None:
    if baseline is None:
        return None
    return {
        **_valued(baseline.value),
        "change": _number(baseline.change),
        "relative": _optional(baseline.relative),
        "verdict": baseline.verdict,
    }


def _skill(found: SkillResult) -> dict[str, Any]:
    return {"reference": found.reference, **_valued(found.value), "skill": _number(found.skill)}

"""The report as one JSON document, `losscli.report/1`.

The order of the keys is part of the form: the same input gives the same bytes, and a committed report makes a small
diff. Strict JSON: a value that is not finite is null with its kind beside it; a parameter that is not finite is the
word that its spec would have.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from losscli.report.harmless import harmless
from losscli.report.view import View, exact, nonfinite
from losscli.result import BatchResult, Evaluation, GateResult, LossResult, PartResult, TermResult

SCHEMA = "losscli.report/1"
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_ASCII = re.compile("[^\x00-\x7e]")


def render(evaluation: Evaluation, view: View) -> str:
    """The document as text, two spaces a level, with a line end at its end."""
    return dumps(document(evaluation), view, indent=2) + "\n"


def document(evaluation: Evaluation) -> dict[str, Any]:
    """The document as plain dictionaries and lists."""
    import losscli

    rows = evaluation.rows
    return {
        "schema": SCHEMA,
        "losscli": losscli.__version__,
        "status": evaluation.status,
        "sources": [{"path": s.path, "format": s.format, "rows": int(s.rows)} for s in evaluation.sources],
        "rows": {"read": int(rows.read), "used": int(rows.used), "dropped": int(rows.dropped)},
        "results": [result_object(result) for result in evaluation.results],
        "bindings": {
            model: {role: list(columns) for role, columns in roles.items()}
            for model, roles in evaluation.bindings.items()
        },
        "data": {"rows_sha256": evaluation.rows_sha256, "targets_sha256": evaluation.targets_sha256},
        "gates": [_gate(gate) for gate in evaluation.gates],
        "warnings": [{"message": w.message, "count": int(w.count)} for w in evaluation.warnings],
    }


def result_object(result: LossResult) -> dict[str, Any]:
    """One entry of `results`."""
    return {
        "model": result.model,
        "by": dict(result.by),
        "loss": result.loss,
        "spec": result.spec,
        "params": {name: _param(value) for name, value in result.params.items()},
        "reduction": result.reduction,
        **_valued(result.value),
        "count": int(result.count),
        "weight": _number(result.weight),
        "terms": {name: _term(term) for name, term in result.terms.items()},
        "direction": result.direction,
        "revision": int(result.revision),
        "parts": None if result.parts is None else [_part(part) for part in result.parts],
        "batch": None if result.batch is None else _batch(result.batch),
        "without_part": int(result.without_part),
        "stderr": None if result.stderr is None else _number(result.stderr),
        "interval": None if result.interval is None else [_number(end) for end in result.interval],
        "signature": result.signature,
    }


def dumps(value: Mapping[str, Any], view: View, indent: int | None = None) -> str:
    """JSON text that is safe on a terminal and in UTF-8 as it stands: no control or bidi character, no half pair.

    Harmless characters stay legible; the others become JSON escapes, so a reader gets back what was there. A lone
    surrogate has no valid escape (strict readers refuse it) and becomes the visible text of one.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    if not text.isascii() or "\x7f" in text:
        text = _SURROGATE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)
        text = _NOT_ASCII.sub(lambda found: _escaped(found[0], view.ascii_only), text)
    return text


def _escaped(char: str, always: bool) -> str:
    if not always and harmless(char) == char:
        return char
    return json.dumps(char)[1:-1] if ord(char) > 0x7F else f"\\u{ord(char):04x}"


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _valued(value: float) -> dict[str, Any]:
    return {"value": _number(value), "nonfinite": nonfinite(value)}


def _param(value: float | int | bool | str | None) -> float | int | bool | str | None:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    # NumPy's narrow floats are no Python floats, and json refuses them.
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


def _gate(gate: GateResult) -> dict[str, Any]:
    return {
        "gate": gate.gate,
        "model": gate.model,
        "by": dict(gate.by),
        "value": _number(gate.value),
        "limit": _number(gate.limit),
        "passed": gate.passed,
    }

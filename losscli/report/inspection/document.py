"""What was found as the JSON document `losscli.inspect/1`; `losscli show --schema inspect` prints its schema."""

from __future__ import annotations

import json
from typing import Any

from losscli._version import __version__
from losscli.report.json_numbers import optional
from losscli.report.sanitized import sanitized
from losscli.results.inspections import ColumnResult, DriftResult, FitResult, Inspection


def text(found: Inspection) -> str:
    """The document, whose keys are in the order of the schema."""
    document = {"schema": "losscli.inspect/1", "losscli": __version__, **_inspection(found)}
    document |= {
        "fits": [_fit(fit) for fit in found.fits],
        "findings": [{"code": one.code, "columns": list(one.columns), "message": one.message, "hint": one.hint}
                     for one in found.findings],
        "commands": list(found.commands),
        "against": None if found.reference is None else {
            **_inspection(found.reference), "drift": [_drift(one) for one in found.drift]
        },
    }  # fmt: skip
    return json.dumps(_valid(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _valid(value: Any) -> Any:
    """The same with names that are valid Unicode; a lone surrogate is written as its escape."""
    if isinstance(value, str):
        return value if value.isascii() or _is_unicode(value) else sanitized(value, None)
    if isinstance(value, dict):
        return {_valid(key): _valid(item) for key, item in value.items()}
    return [_valid(item) for item in value] if isinstance(value, list) else value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inspection(found: Inspection) -> dict[str, Any]:
    return {
        "sources": [{"path": path, "format": format} for path, format in found.sources],
        "rows": {"read": found.rows, "limit": found.limit, "complete": found.complete},
        "columns": [_column(one) for one in found.columns],
        "unseen": list(found.unseen),
    }


def _column(one: ColumnResult) -> dict[str, Any]:
    bars = one.histogram
    return {
        "name": one.name, "type": one.type, "missing": one.missing, "nan": one.nan, "infinite": one.infinite,
        "distinct": None if one.distinct is None else {"count": one.distinct, "exact": one.distinct_exact},
        "low": optional(one.low), "high": optional(one.high),
        "histogram": None if bars is None else {"edges": list(bars.edges), "counts": list(bars.counts)},
        "values": [{"text": value, "count": count} for value, count in one.values],
        "roles": [{"role": role.role, "why": role.why} for role in one.roles], "group": one.group,
    }  # fmt: skip


def _fit(fit: FitResult) -> dict[str, Any]:
    return {
        "roles": dict(fit.roles), "preds": list(fit.preds), "settings": dict(fit.settings), "slices": list(fit.slices),
        "losses": [{"spec": one.spec, "summary": one.summary, "direction": one.direction, "why": one.why}
                   for one in fit.losses],
        "command": fit.command,
    }  # fmt: skip


def _drift(one: DriftResult) -> dict[str, Any]:
    return {
        "name": one.name, "role": one.role, "psi": optional(one.psi), "psi_critical": optional(one.psi_critical),
        "wasserstein": optional(one.wasserstein), "mean": optional(one.mean),
        "reference_mean": optional(one.reference_mean),
    }  # fmt: skip

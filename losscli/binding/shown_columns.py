"""Columns that stand beside the worst rows: they are read like any, and have no other say in a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from losscli.binding.column_names import resolve
from losscli.binding.plan import Plan, ReadAs


def with_shown(columns: Sequence[str], plan: Plan) -> Plan:
    """The plan that also reads the columns of --columns; one that something else reads is read as that needs it."""
    if plan.request.shown is None:
        return plan
    columns = [name for name in columns if name not in plan.derived.types]
    names = resolve(plan.request.shown, columns, " (for --columns)").names
    projection: dict[str, ReadAs] = {**dict.fromkeys(names, "text"), **plan.projection}
    return replace(plan, projection=projection, shown={name: name not in plan.projection for name in names})


def shown_cells(data: Any, names: Mapping[str, bool], row: int) -> dict[str, str]:
    """The texts of these columns in one row of a batch; a null is an empty text."""
    cells = {name: data.column(name)[row].as_py() for name in names}
    return {name: "" if cell is None else _text(cell) for name, cell in cells.items()}


def _text(cell: Any) -> str:
    text = str(cell)
    return text.lower() if isinstance(cell, bool) else text.removesuffix(".0") if isinstance(cell, float) else text

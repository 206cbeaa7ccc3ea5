"""Columns by whose values a run looks for the slices with the worst losses: those that no loss and no key needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from losscli.binding.grouping_keys import GroupingKey
from losscli.binding.plan import Plan, ReadAs, Search, SearchedColumn
from losscli.binding.request import Request
from losscli.io.arrow.spelled_vectors import form_of_type
from losscli.io.arrow.types import is_instant, is_label, is_number

_MOST = 200  # columns that are looked at
_OPTION = "--why"


def with_searched(
    columns: Sequence[str], types: Mapping[str, Any], plan: Plan, once: Sequence[str], *, means: bool
) -> Plan:
    """The plan that also reads the columns that may tell where losses are worst; their values are not known yet.

    `once` are sources that can be read only once, which is not enough; `means` says whether any loss is a mean of the
    losses of rows.
    """
    request = plan.request
    if (why := _why_not(request, once, means=means)) is not None:
        return replace(plan, notes=(*plan.notes, f"{_OPTION} tests no slices here: {why}"))
    taken = {name for item in plan.inputs for name in item.columns}
    taken |= {*filter(None, [plan.weight]), *plan.keys, *request.targets_on, *(key.column for key in _units(plan))}
    taken |= {name.partition(".")[2] for name in taken if name.startswith(("targets.", "preds."))}
    found = [
        name for name in dict.fromkeys(columns)
        if name and name not in taken and columns.count(name) == 1 and _has_values(types.get(name))
    ]  # fmt: skip
    left = tuple((name, f"more than {_MOST} columns") for name in found[_MOST:])
    found = found[:_MOST]
    projection: dict[str, ReadAs] = {**dict.fromkeys(found, "text"), **plan.projection}
    untyped = plan.untyped | {name for name in found if types.get(name) is None}
    search = Search(
        tuple(SearchedColumn(GroupingKey(name, name, None, _OPTION)) for name in found),
        left_out=left, alone=frozenset(name for name in found if name not in plan.projection),
    )  # fmt: skip
    return replace(plan, projection=projection, untyped=untyped, search=search)


def _why_not(request: Request, once: Sequence[str], *, means: bool) -> str | None:
    """Why the slices of a run are not tested; None if they are."""
    if once:
        return f"{once[0]} can be read only once"
    if not means:
        return "no loss of the run is a mean of the losses of rows"
    if (units := request.inference.grouping) is not None:
        return f"rows are not independent, as those of one '{units}' are one unit"
    if request.class_weight is not None:
        return "rows have the weights of their classes"
    return "p-values of --sequential hold at all looks, and these would not" if request.inference.sequential else None


def _units(plan: Plan) -> Sequence[GroupingKey]:
    return tuple(plan.unit_keys.values())


def _has_values(kind: Any) -> bool:
    """Whether cells of this type are values that can repeat: no lists, objects or bytes."""
    if kind is None:
        return True
    return form_of_type(kind) is None and (is_number(kind) or is_label(kind) or is_instant(kind))

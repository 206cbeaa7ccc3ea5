"""What makes the rows of a slice, a cluster or a batch: a column, or labels derived of one, `ds:month`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Plan
from losscli.binding.request import Request
from losscli.errors import Location, UsageError
from losscli.io.arrow.buffers import RowNumbers

if TYPE_CHECKING:
    from losscli.binding.grouping_keys import GroupingKey

CLUSTER, BATCH = "cluster", "batch"


def slice_keys(request: Request, is_column: Callable[[str], bool]) -> tuple[GroupingKey, ...]:
    """How the rows get the labels of their slices."""
    if not request.slice_texts:
        return ()
    from losscli.binding.grouping_keys import GroupingKey, grouping_key  # not on the way of a run without slices

    weight = request.group_weight
    texts = request.slice_texts if weight is None else request.slice_texts[:-1]
    found = [grouping_key(text, is_column) for text in texts]
    return tuple(found if weight is None else [*found, GroupingKey(weight, weight, None, "--group-weight")])


def unit_keys(request: Request, is_column: Callable[[str], bool]) -> dict[str, GroupingKey]:
    """The keys of clusters (or times) and of batches, if there are such."""
    names = {CLUSTER: request.inference.grouping, BATCH: request.batch_by}
    if not any(names.values()):
        return {}
    from losscli.binding.grouping_keys import GroupingKey, Quantiles, grouping_key  # few runs have any

    found = {}
    for what, name in names.items():
        if name is None:
            continue
        option = "--time" if what == CLUSTER and request.inference.time else f"--{what}" + "-by" * (what == BATCH)
        key = GroupingKey(name, name) if option == "--time" else grouping_key(name, is_column, option)
        if isinstance(key.derivation, Quantiles):
            raise UsageError(f"{option} '{name}': quantiles make slices, not units", value=name,
                             hint=f"write the edges: {option} '{key.column}:18|65'", code="USAGE_COLUMNS")  # fmt: skip
        found[what] = key
    return found


def unit_labels(
    plan: Plan, what: str, found: EncodedLabels | None, data: Any, location: Location, index: RowNumbers,
    warned: Counter[str],
) -> EncodedLabels | None:  # fmt: skip
    """The labels of the used rows, at `index` of their batch, whose cells have the texts `found`."""
    if found is None:
        return None
    key = plan.unit_keys[what]
    if what == CLUSTER and plan.by_time:
        from losscli.binding.time_labels import timed

        return timed(found.take(index), index, location, plan.number_format)
    if key.derivation is None:
        return found.take(index)
    from losscli.binding.derived_labels import UsedCells, key_column

    number_format = plan.number_format if key.column in plan.untyped else None
    labels = key_column(key, UsedCells(data, location, index, number_format), warned)
    return EncodedLabels(labels.cells, tuple(map(str, labels.entries or ())), key.name)

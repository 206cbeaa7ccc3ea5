"""Slices in the order of their losses or counts: a permutation of results, of columns as of single ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from losscli.results.columns import ResultTable, SliceColumns, parts_of
from losscli.results.directions import compared, is_lower_better
from losscli.results.losses import LossResult
from losscli.results.runs import Evaluation


class _OfSlice(Protocol):
    @property
    def by(self) -> Mapping[str, str]: ...


Item = TypeVar("Item", bound=_OfSlice)


def slices_by_line(results: Sequence[LossResult]) -> dict[tuple[str, str | None], Sequence[LossResult]]:
    """The results on slices of each loss and model."""
    found: dict[tuple[str, str | None], Sequence[LossResult]] = {}
    for part in parts_of(results):
        if isinstance(part, SliceColumns):
            if len(part):
                found[part.shared.spec, part.shared.model] = part
            continue
        for result in part:
            if result.by:
                some = found.setdefault((result.spec, result.model), [])
                if isinstance(some, list):
                    some.append(result)
    return found


def worst_first(results: Sequence[LossResult]) -> list[int]:
    """The places of results of one loss, the worst value first; NaN is the worst. Equal ones stay in their order."""
    values = results.values if isinstance(results, SliceColumns) else [result.value for result in results]
    direction = results[0].direction

    def worse(at: int) -> float:
        value = compared(direction, values[at])
        return math.inf if math.isnan(value) else value if is_lower_better(direction) else -value

    return sorted(range(len(values)), key=worse, reverse=True)


def sorted_slices(evaluation: Evaluation, sort: str) -> Evaluation:
    """The run with its slices in another order, the same for all of its losses and models.

    Parameters
    ----------
    evaluation : Evaluation
        The run.
    sort : str
        "loss": by the first loss, the worst first; "count": by the number of rows, the largest first; "label": as they
        are; else the spec or the name of a loss. Values are those of the first model. Slices with equal numbers stay in
        the order of their labels.
    """
    lines = slices_by_line(evaluation.results)
    found = next((own for own in lines.values() if sort in ("loss", "count", own[0].loss, own[0].spec)), None)
    if sort == "label" or found is None:
        return evaluation
    order = worst_first(found)
    if sort == "count":
        counts = found.counts if isinstance(found, SliceColumns) else [result.count for result in found]
        order = sorted(range(len(found)), key=counts.__getitem__, reverse=True)
    parts = parts_of(evaluation.results)
    ranks = {tuple(found[at].by.values()): rank for rank, at in enumerate(order)}
    moved = [
        part.take(order) if isinstance(part, SliceColumns)
        else tuple(_in_order(part, ranks, lambda one: (one.model, one.spec)))
        for part in parts
    ]  # fmt: skip
    return replace(
        evaluation,
        results=moved[0] if len(moved) == 1 else ResultTable(moved),
        comparisons=tuple(_in_order(evaluation.comparisons, ranks, lambda one: (one.model, one.against, one.spec))),
        influence=tuple(_in_order(evaluation.influence, ranks, lambda one: (one.model, one.against, one.spec))),
    )


def _in_order(
    items: Sequence[Item], ranks: Mapping[tuple[str, ...], int], group: Callable[[Item], Hashable]
) -> Iterable[Item]:
    """The items of slices in this order, group by group; those of all rows stay where they are."""
    places: dict[Hashable, list[int]] = {}
    for at, item in enumerate(items):
        if tuple(item.by.values()) in ranks:
            places.setdefault(group(item), []).append(at)
    found = list(items)
    for own in places.values():
        chosen = sorted((items[at] for at in own), key=lambda item: ranks[tuple(item.by.values())])
        for at, item in zip(own, chosen, strict=True):
            found[at] = item
    return found

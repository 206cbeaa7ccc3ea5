"""The constant prediction that is best on a slice: a functional of its targets, from exact sums or held targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from losscli.aggregate.distinct_rows import DistinctRows
from losscli.contract.functionals import Functional
from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.statistics.finalized_sums import FinalizedSums, SliceIds


@dataclass(frozen=True)
class DistinctTargets:
    """Distinct targets in an order that is always the same, slice after slice, and what those of one weight weigh."""

    targets: Array
    weights: Array
    starts: Array  # of each slice id, and the end

    def of(self, slice_ids: SliceIds) -> tuple[Array, Array]:
        """The targets of a slice and what they weigh together, with the weights of classes."""
        known = [one for one in slice_ids if one.number + 1 < len(self.starts)]
        if len(known) == 1 and known[0].factor is None:  # these are in order
            at = slice(self.starts[known[0].number], self.starts[known[0].number + 1])
            return self.targets[at], self.weights[at]
        rows = [np.arange(self.starts[one.number], self.starts[one.number + 1]) for one in known]
        factors = [np.full(len(at), 1.0 if one.factor is None else float(one.factor))
                   for at, one in zip(rows, known, strict=True)]  # fmt: skip
        places = np.concatenate([np.zeros(0, np.int64), *rows])
        weights = self.weights[places] * np.concatenate([np.zeros(0), *factors])
        columns = self.targets[places].reshape(len(places), -1).T
        order = np.lexsort([weights, *columns])  # slice ids are numbered as they come, which no bit may show
        order = order[weights[order] > 0]
        return self.targets[places[order]], weights[order]


def distinct_targets(rows: DistinctRows, kind: np.dtype[Any]) -> DistinctTargets:
    """The targets of all rows that were kept, each distinct one of a slice id once."""
    found = rows.evaluate()
    size = len(found.keys[0]) if found.keys else 0
    weights = np.ones(size) if found.weights is None else found.weights
    ids = np.zeros(size, np.int64) if found.slice_ids is None else found.slice_ids.astype(np.int64)
    counts = np.ones(size, np.int64) if found.counts is None else found.counts
    columns: list[Array] = [weights, *found.keys, ids]
    order = np.lexsort(columns)
    columns = [column[order] for column in columns]
    new = np.ones(size, bool)
    if size:
        new[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    first = np.flatnonzero(new)
    counts = np.add.reduceat(counts[order], first) if size else counts
    weights, *keys, numbers = (column[first] for column in columns)
    targets = (keys[0] if len(keys) == 1 else np.stack(keys, axis=1)) if keys else np.zeros(0)
    starts = np.searchsorted(numbers, np.arange(int(numbers.max(initial=0)) + 2))
    return DistinctTargets(targets.astype(kind), weights * counts, starts)


def constant_of(
    functional: Functional, params: Mapping[str, Any], sums: Sequence[Sequence[FinalizedSums]],
    held: DistinctTargets | None, slice_ids: SliceIds, classes: int,
) -> Array:  # fmt: skip
    """The constant of one role on a slice.

    Parameters
    ----------
    functional
        What the loss declares.
    params
        The parameters of the loss.
    sums
        Of each total of the functional, the sums of its columns; where no targets are held.
    held
        The targets, where sums do not say all.
    slice_ids
        The slice.
    classes
        How many numbers a prediction has; 0 where it is one number.

    Returns
    -------
    Array
        One number, or one for each number of a prediction. NaN where the slice has no row that counts.
    """
    if held is not None:
        targets, weights = held.of(slice_ids)
        return functional.of_rows(targets, weights, params, classes) if len(targets) else np.array(np.nan)
    totals = []
    for (word, _), columns in zip(functional.totals, sums, strict=True):
        found = [column.estimate(slice_ids, "weight").result for column in columns]
        values = np.array([one.mean if word == "mean" else one.sum for one in found])
        totals.append(values if len(values) > 1 else values[0] if len(values) else np.array(np.nan))
    return functional.of_totals(totals, params)

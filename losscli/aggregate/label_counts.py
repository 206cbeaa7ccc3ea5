"""How many rows have which of two labels: with few rows of one label, an interval rests on these few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from losscli.aggregate.exact_sum import zero_extended
from losscli.aggregate.indexed_addition import add_at
from losscli.aggregate.term_accumulator import read_counts, size_of
from losscli.binding.plan import Input, Plan
from losscli.binding.ragged_lists import elements, is_ragged, lengths
from losscli.contract.kinds import Array


class LabelCounts:
    """The rows of each of the two labels of some inputs, by slice id.

    Parameters
    ----------
    inputs
        Inputs of kinds with two sides, such as binary targets.
    """

    def __init__(self, inputs: Iterable[Input]) -> None:
        self.counts = {one: (np.zeros(1, np.int64), np.zeros(1, np.int64)) for one in inputs}

    def update(self, arrays: Mapping[Input, Array], slice_ids: Array | None, size: int) -> None:
        """Add rows, which belong to some of `size` slices."""
        for one, known in self.counts.items():
            assert one.kind.sides is not None
            given = arrays[one]
            ids = slice_ids
            if given.ndim > 1 or is_ragged(given):  # the elements of a row are all in its slice
                ids = None if slice_ids is None else np.repeat(slice_ids, lengths(given))
                given = elements(given).reshape(-1)
            is_positive = given == one.kind.sides[1]
            sides = tuple(zero_extended(counts, size) for counts in known)
            for counts, rows in zip(sides, (~is_positive, is_positive), strict=True):
                if ids is None:
                    counts[0] += np.count_nonzero(rows)
                else:
                    np.add.at(counts, ids[rows], 1)
            self.counts[one] = sides[0], sides[1]

    def merge(self, other: LabelCounts, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        for one, theirs in other.counts.items():
            merged = []
            for mine, counts in zip(self.counts[one], theirs, strict=True):
                at = None if slice_ids is None else slice_ids[: len(counts)]
                merged.append(zero_extended(mine, size_of(counts, at)))
                add_at(merged[-1], at, counts)
            self.counts[one] = merged[0], merged[1]

    def over(self, slice_ids: Array) -> LabelCounts:
        """All that was counted in these slices, as that of the one slice 0."""
        found = LabelCounts(())
        found.counts = {
            one: (_total(sides[0], slice_ids), _total(sides[1], slice_ids)) for one, sides in self.counts.items()
        }
        return found

    def state(self) -> list[list[Array]]:
        """All that was counted, in the order of the inputs."""
        return [list(sides) for sides in self.counts.values()]

    def restore(self, state: Sequence[Any]) -> None:
        """Take over what `state` gave for the same inputs."""
        for one, (others, positive) in zip(list(self.counts), state, strict=True):
            self.counts[one] = read_counts(others), read_counts(positive)

    def rarer(self, one: Input, slice_ids: Iterable[int]) -> tuple[int, int]:
        """How many rows of a slice have the rarer label of an input, and how many rows it has."""
        ids = list(slice_ids)
        sides = [sum(int(counts[i]) for i in ids if i < len(counts)) for counts in self.counts[one]]
        return min(sides), sum(sides)

    def rarer_of(self, one: Input, numbers: Array) -> tuple[Array, Array]:
        """The same of slices of one id each."""
        sides = [zero_extended(counts, int(numbers.max(initial=-1)) + 1)[numbers] for counts in self.counts[one]]
        return np.minimum(*sides), np.add(*sides)


def _total(counts: Array, slice_ids: Array) -> Array:
    return np.array([counts[slice_ids[slice_ids < len(counts)]].sum()], np.int64)


def labelled_inputs(plan: Plan) -> list[Input]:
    """The inputs whose labels a run counts: those with two labels, if it is asked for intervals."""
    if not plan.request.inference.interval:
        return []
    sides = (side for job in plan.jobs if job.spec.loss.scope == "row" for side in job.inputs)
    inputs = (one for one in sides if isinstance(one, Input) and not one.classed)
    return list(dict.fromkeys(one for one in inputs if one.kind.sides is not None))

"""The contributions of each unit of a small run: for the variance of weighted values, whose leverages are no sums."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from losscli.aggregate.class_terms import OfClass, is_of_class
from losscli.aggregate.cross_products import Contribution
from losscli.contract.kinds import Array

MAX_KEPT = 1024  # of more units none are kept: their leverages matter little


class KeptUnits:
    """The contributions of all units, as long as there are few; which came first makes no difference."""

    def __init__(self) -> None:
        self.count = 0
        self.slice_ids: list[Array] = []
        self.values: list[Mapping[Contribution, Array]] = []

    @property
    def complete(self) -> bool:
        """Whether all units are kept."""
        return self.count <= MAX_KEPT

    def update(
        self, count: int, slice_ids: Array | None, contributions: Mapping[Contribution, Array | OfClass | None]
    ) -> None:
        """Add units; None as a contribution stands for ones."""
        values = {
            one: np.ones(count) if given is None else np.array(given, np.float64)
            for one, given in (contributions.items() if count + self.count <= MAX_KEPT else ())
        }
        self._add(count, np.zeros(count, np.int64) if slice_ids is None else np.array(slice_ids, np.int64), values)

    def _add(self, count: int, slice_ids: Array, values: Mapping[Contribution, Array]) -> None:
        self.count += count
        if self.complete:
            self.slice_ids.append(slice_ids)
            self.values.append(values)
        else:
            self.slice_ids, self.values = [], []

    def merge(self, other: KeptUnits, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        for own, values in zip(other.slice_ids, other.values, strict=True):
            self._add(len(own), own if slice_ids is None else slice_ids[own], values)
        if not other.complete:
            self._add(other.count, np.zeros(0, np.int64), {})

    def column(self, contribution: Contribution) -> tuple[Array, Array] | None:
        """The slice ids of all units, and what they contribute; None where they are not kept, or not finite."""
        may_miss = is_of_class(contribution)
        if not self.complete or not self.slice_ids:
            return None
        if not may_miss and any(contribution not in each for each in self.values):
            return None
        values = np.concatenate([
            each[contribution] if contribution in each else np.zeros(len(ids))
            for ids, each in zip(self.slice_ids, self.values, strict=True)
        ])  # fmt: skip
        return (np.concatenate(self.slice_ids), values) if np.isfinite(values).all() else None

    def state(self, sources: Sequence[Hashable]) -> dict[str, Any]:
        """All that was added, as plain values; a source is written as its position among `sources`."""
        position = {source: number for number, source in enumerate(sources)}
        return {
            "count": self.count,
            "units": [
                [ids, [[[position[of.source], of.term, of.is_denominator], given] for of, given in values.items()]]
                for ids, values in zip(self.slice_ids, self.values, strict=True)
            ],
        }  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Any], sources: Sequence[Hashable]) -> KeptUnits:
        """The units that `state` was taken of."""
        found = cls()
        found.count = int(state["count"])
        for ids, values in state["units"]:
            found.slice_ids.append(ids)
            found.values.append({
                Contribution(sources[of[0]], str(of[1]), bool(of[2])): given.astype(np.float64) for of, given in values
            })  # fmt: skip
        return found

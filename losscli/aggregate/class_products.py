"""Sums of cross products of what units contribute to terms a class.

A unit has one class of each term, so of all pairs of classes only those that some unit has are summed: each in a cell
of its own, for its slice.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from losscli.aggregate.class_terms import Classed
from losscli.aggregate.cross_products import Contribution, CrossProducts
from losscli.contract.kinds import Array

Cell: TypeAlias = tuple[int, str, str]
"""A slice id and the names of two classes; the first is "" of what all units contribute."""

TermPair: TypeAlias = tuple[Contribution, Contribution]
"""Two terms, named without a class."""


class ClassProducts:
    """For pairs of terms a class: the sums of products for each pair of classes, by slice id."""

    def __init__(self) -> None:
        self.products = CrossProducts()  # the ids of its sums are those of cells
        self.cells: dict[TermPair, dict[Cell, int]] = {}

    def update(
        self, wanted: Sequence[Sequence[Hashable]], classed: Sequence[Classed],
        dense: Mapping[Contribution, Array | None], slice_ids: Array | None,
    ) -> None:  # fmt: skip
        """Add the products of terms a class with each other, and with what all units contribute.

        Only those of sources that are `wanted` together are summed, once.
        """
        together = {(one, other) for sources in wanted for one in sources for other in sources}
        for place, one in enumerate(classed):
            if (one.source, one.source) in together:
                self._add((one.base, one.base), one.values, one.values, one, one, slice_ids)
            for other, given in dense.items():
                if given is not None and (one.source, other.source) in together:
                    self._add((other, one.base), given, one.values, None, one, slice_ids)
            for second in classed[place + 1 :]:
                if (one.source, second.source) in together:
                    self._add((one.base, second.base), one.values, second.values, one, second, slice_ids)

    def _add(
        self, pair: TermPair, a: Array, b: Array, one: Classed | None, other: Classed, slice_ids: Array | None
    ) -> None:
        rows = np.flatnonzero((other.by >= 0) & (a != 0) & (b != 0) & (True if one is None else one.by >= 0))
        if not len(rows):
            return
        seconds = other.by[rows]
        firsts = np.zeros(len(rows), np.int64) if one is None else one.by[rows]
        slices = np.zeros(len(rows), np.int64) if slice_ids is None else slice_ids[rows]
        wide, high = int(seconds.max()) + 1, int(firsts.max()) + 1
        keys, inverse = np.unique((slices * high + firsts) * wide + seconds, return_inverse=True)
        cells = self.cells.setdefault(pair, {})
        ids = np.array([
            cells.setdefault(
                (key // wide // high, "" if one is None else one.names[key // wide % high], other.names[key % wide]),
                len(cells),
            )
            for key in keys.tolist()
        ])  # fmt: skip
        self.products.update(pair, a[rows], b[rows], len(rows), ids[inverse])

    def merge(self, other: ClassProducts, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        for pair, theirs in other.cells.items():
            cells = self.cells.setdefault(pair, {})
            at = np.array([
                cells.setdefault((number if slice_ids is None else int(slice_ids[number]), a, b), len(cells))
                for number, a, b in theirs
            ], np.int64)  # fmt: skip
            sums = other.products.sums[pair]
            self.products.of(pair, at).merge(sums, at[: sums.size])

    def state(self, sources: Sequence[Hashable]) -> dict[str, Any]:
        """All that was added, as plain values; a source is written as its position among `sources`."""
        return {"products": self.products.state(sources),
                "cells": [[list(cell) for cell in self.cells[pair]] for pair in self.products.sums]}  # type: ignore[index] # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Any], sources: Sequence[Hashable]) -> ClassProducts:
        """The products that `state` was taken of."""
        found = cls()
        found.products = CrossProducts.from_state(state["products"], sources)
        for pair, cells in zip(found.products.sums, state["cells"], strict=True):
            one, other = pair
            found.cells[one, other] = {(int(n), str(a), str(b)): at for at, (n, a, b) in enumerate(cells)}
        return found

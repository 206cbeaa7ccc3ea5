"""What is added up of one loss: for each of its terms a sum, the weights and a count, for every slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple

import numpy as np

from losscli.aggregate.class_terms import both, in_any, in_order, refuse_many, rows_by_class
from losscli.aggregate.exact_sum import Sums, zero_extended
from losscli.aggregate.indexed_addition import add_at
from losscli.aggregate.wide_sum import Exact, WideSums
from losscli.contract.class_terms import name_of, parts_of
from losscli.contract.kinds import Array
from losscli.contract.loss import Beyond, Term, Terms
from losscli.contract.scaled import scaled
from losscli.contract.shared_arrays import shared
from losscli.lazy import dataclass


@shared
def _sum_of(weights: Array) -> Sums:
    """The sum of the weights of a chunk, which all terms without a mask have in common."""
    sums = Sums()
    sums.update(weights)
    return sums


@shared
def _not_zero(weights: Array) -> Array | None:
    """Which weights are not 0; None where all are."""
    return None if weights.all() else weights != 0


class TermSums(NamedTuple):
    """The sums of one term, by slice id: exact, in units of 2**-1074."""

    counts: list[int]
    sums: list[Exact]
    weights: list[int] | None  # None: every unit weighs 1
    finite: bool  # whether no value was NaN or infinite
    weightless: list[int]  # units of weight 0, which take no part


class TermAccumulator:
    """One term's sums by slice id: of weight * value, of weights, and the count of units that take part."""

    def __init__(self, weighted: bool) -> None:
        self.sums = WideSums()
        self.weights = Sums() if weighted else None
        self.counts = np.zeros(1, np.int64)
        self.weightless = np.zeros(1, np.int64)

    def grow(self, size: int) -> None:
        """Make room for `size` slices."""
        if size > len(self.counts):
            self.sums.grow(size)
            self.counts, self.weightless = (zero_extended(one, size) for one in (self.counts, self.weightless))
            if self.weights is not None:
                self.weights.grow(size)

    def update(
        self, term: Term, weights: Array | None, slice_ids: Array | None, beyond: Beyond | None = None,
        *, exact: bool = False,
    ) -> None:  # fmt: skip
        """Add units. A unit that takes no part is left out, never multiplied by 0.

        `exact` adds what products of weights and values lack, too: else each of them is rounded once.
        """
        values, part, bounds = term.values, term.where, term.bounds
        if beyond is not None:
            values, bounds = self._update_beyond(beyond, term, weights, slice_ids), None
        if part is not None:
            values = values[part]
            weights = None if weights is None else weights[part]
            slice_ids = None if slice_ids is None else slice_ids[part]
        if slice_ids is None:
            self.counts[0] += len(values)
        else:
            np.add.at(self.counts, slice_ids, 1)  # as fast as bincount, and it does not make an array of all slices
        if weights is not None and self.weights is not None:
            if slice_ids is None and part is None:
                self.weights.merge(_sum_of(weights))
            else:
                self.weights.update(weights, slice_ids)
            self.sums.update_products(values, weights, slice_ids)
            if exact:
                from losscli.aggregate.cross_products import exact_products  # few losses ask for it

                self.sums.update(exact_products(values, weights)[1], slice_ids)
        else:
            self.sums.update(values, slice_ids, bounds)

    def count_weightless(self, where: Array | None, counted: Array, slice_ids: Array | None) -> None:
        """Count the units of a term that take no part as their weight is 0: --divide-by rows asks for them."""
        left_out = ~counted if where is None else where & ~counted
        if slice_ids is None:
            self.weightless[0] += np.count_nonzero(left_out)
        else:
            np.add.at(self.weightless, slice_ids[left_out], 1)

    def _update_beyond(self, beyond: Beyond, term: Term, weights: Array | None, slice_ids: Array | None) -> Array:
        """Add to the sum the units whose values no normal double holds; give all values with 0 in their places."""
        rows, numbers = beyond
        counts = numbers.values != 0 if term.where is None else (numbers.values != 0) & term.where[rows]
        rows, numbers = rows[counts], numbers.at(counts)
        numbers = numbers if weights is None else numbers.times(scaled(weights[rows]))
        self.sums.update_scaled(numbers, None if slice_ids is None else slice_ids[rows])
        values = term.values.copy()
        values[rows] = 0.0
        return values

    def merge(self, other: TermAccumulator, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        at = None if slice_ids is None else slice_ids[: len(other.counts)]
        self.grow(size_of(other.counts, at))
        self.sums.merge(other.sums, at)
        add_at(self.counts, at, other.counts)
        add_at(self.weightless, at, other.weightless)
        if self.weights is not None and other.weights is not None:
            self.weights.merge(other.weights, at)

    def over(self, slice_ids: Array) -> TermAccumulator:
        """All that was added to these slices, each of them once, as that of the one slice 0."""
        self.grow(int(slice_ids.max(initial=-1)) + 1)
        found = TermAccumulator(False)
        found.sums = self.sums.over(slice_ids)
        found.weights = None if self.weights is None else self.weights.over(slice_ids)
        found.counts[0], found.weightless[0] = self.counts[slice_ids].sum(), self.weightless[slice_ids].sum()
        return found

    def state(self) -> dict[str, Any]:
        """All that was added, as plain values."""
        weights = None if self.weights is None else self.weights.state()
        return {"sums": self.sums.state(), "weights": weights, "counts": self.counts,
                "weightless": self.weightless}  # fmt: skip

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TermAccumulator:
        """The accumulator that `state` was taken of."""
        term = cls(state["weights"] is not None)
        term.sums, term.counts = WideSums.from_state(state["sums"]), read_counts(state["counts"])
        term.weightless = read_counts(state["weightless"])
        if state["weights"] is not None:
            term.weights = Sums.from_state(state["weights"])
        return term

    def evaluate(self) -> TermSums:
        """The sums of all slices at once, which is much faster than one by one."""
        weights = None if self.weights is None else self.weights.evaluate()
        return TermSums(self.counts.tolist(), self.sums.evaluate(), weights, self.sums.finite, self.weightless.tolist())


@dataclass
class LossAccumulator:
    """What is added up of one kernel call: its terms, the rows that are in any of them, and how many are in none."""

    terms: dict[str, TermAccumulator] = field(default_factory=dict)
    rows: TermAccumulator | None = None  # None: the rows of the one term
    excluded: Array = field(default_factory=lambda: np.zeros(1, np.int64))  # count of rows in no term, by slice id

    def update(
        self, terms: Terms, weights: Array | None, slice_ids: Array | None, size: int,
        beyond: Mapping[str, Beyond] | None = None, exact: bool = False,
    ) -> None:  # fmt: skip
        """Add the terms of some rows, which belong to some of `size` slices. Rows of weight 0 take no part.

        `beyond` are their values that may be no normal doubles.
        """
        counted = None if weights is None else _not_zero(weights)
        by_class = False
        for name, term in terms.items():
            taking_part = term if counted is None else term.masked(both(term.where, counted))
            if term.by is not None:
                self._update_classes(name, taking_part, weights, slice_ids, size, exact)
                by_class = True
                continue
            numbers = beyond.get(name) if beyond else None
            self._of(name, weights, size).update(taking_part, weights, slice_ids, numbers, exact=exact)
            if counted is not None:
                self.terms[name].count_weightless(term.where, counted, slice_ids)
        self.excluded = zero_extended(self.excluded, size)
        anywhere = in_any(terms)
        if anywhere is not None and not anywhere.all():
            ids = np.zeros(len(anywhere), np.int64) if slice_ids is None else slice_ids
            np.add.at(self.excluded, ids[~anywhere], 1)
        if len(terms) > 1 or by_class:
            if self.rows is None:
                self.rows = TermAccumulator(weights is not None)
            self.rows.grow(size)
            nothing = np.zeros(len(next(iter(terms.values())).values))
            self.rows.update(Term(nothing, both(anywhere, counted)), weights, slice_ids)
            if by_class and counted is not None:
                self.rows.count_weightless(anywhere, counted, slice_ids)

    def _of(self, name: str, weights: Array | None, size: int) -> TermAccumulator:
        """The accumulator of a term, with room for so many slices."""
        if name not in self.terms:
            self.terms[name] = TermAccumulator(weights is not None)
        self.terms[name].grow(size)
        return self.terms[name]

    def _update_classes(
        self, name: str, term: Term, weights: Array | None, slice_ids: Array | None, size: int, exact: bool
    ) -> None:
        """Add a term a class: to a sum for each class that occurs."""
        before = len(self.terms)
        for class_name, rows, values in rows_by_class(term):
            own, ids = (None if one is None else one[rows] for one in (weights, slice_ids))
            self._of(name_of(name, class_name), weights, size).update(Term(values), own, ids, exact=exact)
        if len(self.terms) != before:
            refuse_many(list(self.terms))

    def sums(self) -> Iterator[tuple[str, TermAccumulator, TermAccumulator | None]]:
        """Each term in order, with its sums; of a class, with the rows that all classes share, else None."""
        for name in in_order(list(self.terms)):
            yield name, self.terms[name], None if parts_of(name) is None else self.rows

    def merge(self, other: LossAccumulator, slice_ids: Array | None) -> None:
        """Add all of `other`, whose slice i is our slice slice_ids[i] (None: the same ids)."""
        for name, theirs in other.terms.items():
            self.terms.setdefault(name, TermAccumulator(theirs.weights is not None)).merge(theirs, slice_ids)
        if other.rows is not None:
            self.rows = self.rows or TermAccumulator(other.rows.weights is not None)
            self.rows.merge(other.rows, slice_ids)
        at = None if slice_ids is None else slice_ids[: len(other.excluded)]
        self.excluded = zero_extended(self.excluded, size_of(other.excluded, at))
        add_at(self.excluded, at, other.excluded)

    def over(self, slice_ids: Array) -> LossAccumulator:
        """All that was added to these slices, each of them once, as that of the one slice 0."""
        terms = {name: term.over(slice_ids) for name, term in self.terms.items()}
        rows = None if self.rows is None else self.rows.over(slice_ids)
        excluded = self.excluded[slice_ids[slice_ids < len(self.excluded)]]
        return LossAccumulator(terms, rows, np.array([excluded.sum()], np.int64))

    def state(self) -> dict[str, Any]:
        """All that was added, as plain values."""
        return {
            "terms": {name: term.state() for name, term in self.terms.items()},
            "rows": None if self.rows is None else self.rows.state(),
            "apart": self.excluded,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> LossAccumulator:
        """The accumulator that `state` was taken of."""
        rows = None if state["rows"] is None else TermAccumulator.from_state(state["rows"])
        terms = {name: TermAccumulator.from_state(term) for name, term in state["terms"].items()}
        return cls(terms, rows, read_counts(state["apart"]))


def size_of(counts: Array, at: Array | None) -> int:
    """How many slices there are, where these are counted at `at`."""
    return len(counts) if at is None else int(at.max(initial=-1)) + 1


def read_counts(given: Any) -> Array:
    """Counts of a state; a ValueError where they are none."""
    if not isinstance(given, np.ndarray) or given.dtype != np.int64 or given.min(initial=0) < 0:
        raise ValueError("a count is a whole number")
    return given.copy()

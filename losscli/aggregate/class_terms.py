"""Terms a class, while they are added up: the rows of each class, and what these contribute."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.contract.class_terms import MAX_CLASSES, class_order, name_of, parts_of
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.errors import DataError

if TYPE_CHECKING:
    from losscli.aggregate.cross_products import Contribution

ROWS = ""
"""The term of the denominator that all terms a class of a kernel call share: the rows that take part in any."""


class OfClass(NamedTuple):
    """What `units` units contribute, of which only those at `rows` contribute anything."""

    rows: Array
    values: Array
    units: int

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """What each unit contributes."""
        found = np.zeros(self.units, dtype)
        found[self.rows] = self.values
        return found


class Classed(NamedTuple):
    """What units contribute to a term a class, each to one class: -1 to none."""

    source: Hashable
    term: str
    values: Array
    by: Array
    names: Sequence[str]

    @property
    def base(self) -> Contribution:
        """The term, without a class."""
        from losscli.aggregate.cross_products import Contribution

        return Contribution(self.source, self.term, False)

    def contribution(self, class_number: int) -> Contribution:
        """The numerator of one class."""
        from losscli.aggregate.cross_products import Contribution

        return Contribution(self.source, name_of(self.term, self.names[class_number]), False)


def columns_of(term: Term) -> Iterator[tuple[Array, Array]]:
    """The values of a term a class and their classes, one a unit; where a unit is in several classes, one by one."""
    assert term.by is not None
    if term.by.ndim == 1:
        yield term.values, term.by
        return
    for at in range(term.by.shape[1]):
        yield term.values[:, at], term.by[:, at]


def rows_by_class(term: Term) -> Iterator[tuple[str, Array, Array]]:
    """For each class of a term that occurs among the units that take part: its name, their positions, their values."""
    assert term.names is not None
    for values, by in columns_of(term):
        for number, rows in groups(by if term.where is None else np.where(term.where, by, -1)):
            yield term.names[number], rows, values[rows]


def groups(by: Array) -> Iterator[tuple[int, Array]]:
    """Each class that occurs, with the positions of its units; -1 is no class."""
    order = np.argsort(by, kind="stable")
    numbers, starts = np.unique(by[order], return_index=True)
    for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
        if number >= 0:
            yield number, rows


def both(one: Array | None, other: Array | None) -> Array | None:
    """Which units two masks leave; None: all."""
    return other if one is None else one if other is None else one & other


def in_any(terms: Mapping[str, Term]) -> Array | None:
    """Which units are in some term; None where all are."""
    found: Array | None = None
    for term in terms.values():
        if term.where is None:
            return None
        found = term.where if found is None else found | term.where
    return found


def sides_of(terms: Mapping[str, Term]) -> Iterator[tuple[str, Array | None, Array | None]]:
    """Each term with its values and which units take part; what terms a class share once, without values."""
    shared = False
    for name, term in terms.items():
        if term.by is None:
            yield name, term.values, term.where
        elif not shared:
            shared = True
            yield ROWS, None, in_any(terms)


def classed_of(source: Hashable, terms: Mapping[str, Term], weights: Array | None) -> Iterator[Classed]:
    """What units contribute to the terms a class of a source."""
    for name, term in terms.items():
        if term.by is None:
            continue
        assert term.names is not None
        part = both(term.where, None if weights is None else weights != 0)
        for values, by in columns_of(term):
            own = by if part is None else np.where(part, by, -1)
            yield Classed(source, name, values if weights is None else values * weights, own, term.names)


def of_classes(classed: Sequence[Classed], units: int) -> dict[Contribution, OfClass]:
    """What the units contribute to each class that occurs."""
    return {
        one.contribution(number): OfClass(rows, one.values[rows], units)
        for one in classed for number, rows in groups(one.by)
    }  # fmt: skip


def is_of_class(contribution: Contribution) -> bool:
    """Whether a contribution is to the numerator of a class: units that have none of it contribute 0."""
    return not contribution.is_denominator and parts_of(contribution.term) is not None


def in_order(names: Sequence[str]) -> list[str]:
    """The names of terms in the order of the kernel's, and of each the classes in theirs, whichever came first."""
    split = {name: parts_of(name) for name in names}
    terms = {term: at for at, term in enumerate(dict.fromkeys(parts[0] if parts else name
                                                              for name, parts in split.items()))}  # fmt: skip

    def place(name: str) -> tuple[int, tuple[int, float, str]]:
        parts = split[name]
        return (terms[name], (0, 0.0, "")) if parts is None else (terms[parts[0]], class_order(parts[1]))

    return sorted(names, key=place)


def refuse_many(names: Sequence[str]) -> None:
    """A DataError where a term has more classes than there may be."""
    split = [parts for name in names if (parts := parts_of(name)) is not None]
    most = max((sum(term == other for other, _ in split) for term in {term for term, _ in split}), default=0)
    if most > MAX_CLASSES:
        raise DataError(
            f"there are more than {MAX_CLASSES:,} classes, and this loss has a term for each of them",
            hint="are predictions or targets numbers, and not classes?",
        )

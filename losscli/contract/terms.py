"""What a kernel answers: its terms, each a named array of values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Any, NamedTuple, TypeAlias

from losscli.contract.kinds import Array
from losscli.contract.scaled import Bounds, Scaled
from losscli.lazy import dataclass


@dataclass(frozen=True)
class Term:
    """A named array of values, one a unit.

    Attributes
    ----------
    values
        The values, of shape (units,); of a term a class, where a unit is in several classes, (units, several).
    where
        Which units take part (None: all).
    by
        The class of each value, as a number: then the term has a mean a class, the sum of the values of this class
        over the weight of all units that take part in any term of the loss. `losscli.contract.class_terms` has what
        combines them.
    names
        What classes are called (None: as those of the loss's columns). Where a unit is in several classes, these are
        the parts of each class: the number of a part is class * len(names) + part.
    bounds
        What no value is below, and none above (None: not known). Kernels leave it out.
    """

    values: Array
    where: Array | None = None
    by: Array | None = None
    names: Sequence[str] | None = None
    bounds: Bounds | None = field(default=None, repr=False, compare=False)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.values, self.where))

    def take(self, rows: Any) -> Term:
        """The term of the units at these positions."""
        where, by = (None if one is None else one[rows] for one in (self.where, self.by))
        return replace(self, values=self.values[rows], where=where, by=by)

    def put(self, rows: Array, values: Array) -> Term:
        """The term with these values at some rows: itself, unless other kernels share its array."""
        values_now = self.values if self.values.flags.writeable else self.values.copy()
        values_now[rows] = values
        return replace(self, values=values_now, bounds=None)

    def bounded(self, bounds: Bounds) -> Term:
        """The same values, whose bounds are known."""
        return Term(self.values, self.where, self.by, self.names, bounds)

    def masked(self, where: Array | None) -> Term:
        """The same values, of which these units take part."""
        return self if where is self.where else replace(self, where=where)


Terms: TypeAlias = dict[str, Term]


class Beyond(NamedTuple):
    """The values of some rows of a term that may be no normal doubles."""

    rows: Array
    numbers: Scaled


def as_terms(answer: Any) -> Terms:
    """A kernel's answer as a dict of terms: a lone array or Term is the term called "loss"."""
    if isinstance(answer, dict):
        return answer
    return {"loss": answer if isinstance(answer, Term) else Term(answer)}

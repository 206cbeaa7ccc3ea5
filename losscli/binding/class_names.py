"""What the classes of a kernel's arrays are called, by their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

from losscli.binding.plan import Input, Table
from losscli.contract.loss import Term
from losscli.io.arrow.canonical import canonical_label


class ClassNames(Sequence[str]):
    """The names of the classes of one kernel call; without names, a class is called by its index.

    Parameters
    ----------
    names
        The names that there are, in the order of the numbers.
    first
        What the first index is.
    """

    def __init__(self, names: Sequence[str], first: int = 0) -> None:
        self._names, self._first = names, first

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return self._names[at]
        return self._names[at] if self._names else str(at + self._first)


class PartNames(Sequence[str]):
    """The names of parts of classes: the number of a part is class * parts + part."""

    def __init__(self, classes: Sequence[str], parts: Sequence[str]) -> None:
        self._classes, self._parts = classes, parts

    def __len__(self) -> int:
        return len(self._classes) * len(self._parts)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        return f"{self._classes[at // len(self._parts)]} {self._parts[at % len(self._parts)]}"


def class_names(inputs: Iterable[Input | Table | None], learned: Sequence[str]) -> Sequence[str]:
    """The names of the classes of a kernel call, of which those without another side have been `learned`."""
    sides = [side for side in inputs if isinstance(side, Input)]
    for side in sides:
        if side.classes is not None and side.classes.carrier is not None:
            names = side.classes.names or ()
            return ClassNames([canonical_label(name) for name in names], side.classes.first or 0)
    for side in sides:
        if side.entries is not None:
            return ClassNames([canonical_label(f"{number:.15g}") for number in side.entries])
        if side.wide and side.kind.shape in ("number", "vector"):
            return ClassNames([*map(canonical_label, side.labels or side.columns)] if not side.listed else ())
    return ClassNames(learned)


def named(term: Term, classes: Sequence[str]) -> Sequence[str]:
    """What the classes of a term are called, by their numbers."""
    if term.names is None:
        return classes
    return term.names if term.by is None or term.by.ndim == 1 else PartNames(classes, term.names)

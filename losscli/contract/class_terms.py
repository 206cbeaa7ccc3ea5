"""A term a class (or bin, or pair of classes): what a loss's `combine` gets of it, and the words for it.

A kernel answers `Term(values, by=classes)`. Its mean is one number a class: the sum of the values of that class over
the weight of all rows, so that 1 for each row becomes the share of each class. The machinery calls each of them
`term[class]`, and `combine` gets them together as a `PerClass`, with which it computes as with a number. Classes that
have nothing below a fraction are left out by their exact sums, which no derivative moves.
"""

from __future__ import annotations

import inspect
import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from losscli.lazy import pattern

Average: TypeAlias = Literal["macro", "weighted", "micro"]

MAX_CLASSES = 1000
"""So many classes a term may have: of more, a mean a class is no number that says something."""

_PARTS = pattern(r"([A-Za-z_]\w*)\[(.*)\]", re.DOTALL)


def name_of(term: str, class_name: str) -> str:
    """What a class's mean is called."""
    return f"{term}[{class_name}]"


def parts_of(name: str) -> tuple[str, str] | None:
    """The term and the class; None of a term without classes."""
    found = _PARTS.fullmatch(name) if name.endswith("]") else None
    return None if found is None else (found[1], found[2])


def class_order(name: str) -> tuple[int, float, str]:
    """Classes in the order in which they are shown: numbers by their size, then texts."""
    try:
        number = float(name)
    except ValueError:
        number = math.nan
    return (0, number, name) if math.isfinite(number) else (1, 0.0, name)


class PerClass:
    """One number for each class; arithmetic is class by class."""

    __slots__ = ("entries",)
    __array_ufunc__ = None  # a NumPy number on the left leaves the arithmetic to this class

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self.entries = dict(entries)

    def map(self, function: Callable[[Any], Any]) -> PerClass:
        """The function of each number."""
        return PerClass({name: function(value) for name, value in self.entries.items()})

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> PerClass:
        if isinstance(other, PerClass):
            return PerClass({name: operation(value, other.entries[name]) for name, value in self.entries.items()})
        return self.map(lambda value: operation(value, other))

    def __add__(self, other: Any) -> PerClass:
        return self._with(other, operator.add)

    def __sub__(self, other: Any) -> PerClass:
        return self._with(other, operator.sub)

    def __mul__(self, other: Any) -> PerClass:
        return self._with(other, operator.mul)

    def __rsub__(self, other: Any) -> PerClass:
        return self.map(lambda value: other - value)

    __radd__ = __add__
    __rmul__ = __mul__


def takes_classes(combine: Callable[..., Any] | None) -> bool:
    """Whether a `combine` gets means a class, as its annotations say."""
    given = () if combine is None else inspect.signature(combine).parameters.values()
    return any(one.annotation in (PerClass, PerClass.__name__) for one in given)


def folded(means: Mapping[str, Any]) -> Mapping[str, Any]:
    """The means with those of a term's classes put together; a class that a term has not seen is 0 there."""
    split = {name: parts for name in means if (parts := parts_of(name)) is not None}
    if not split:
        return means
    classes = sorted({class_name for _, class_name in split.values()}, key=class_order)
    found: dict[str, Any] = {name: value for name, value in means.items() if name not in split}
    for term in dict.fromkeys(term for term, _ in split.values()):
        found[term] = PerClass({one: means.get(name_of(term, one), 0) for one in classes})
    return found


def averaged(
    average: str, over: PerClass, under: PerClass, *, weight: PerClass, undefined: float | None = None,
    among: PerClass | None = None,
) -> Any:  # fmt: skip
    """The ratio over / under of each class as one number.

    Parameters
    ----------
    average
        "macro": the mean over classes; "weighted": the mean weighted by `weight`; "micro": the ratio of the sums.
    over, under
        What is above and below the fraction.
    weight
        How often each class is.
    undefined
        The ratio of a class that has nothing below and yet occurs; None: it is left out.
    among
        What tells that a class occurs (None: `weight`).

    Returns
    -------
    number
        NaN where no class is left.
    """
    if average == "micro":
        return sum_of(over) / sum_of(under)
    ratios = [_ratio(top, under.entries[name]) for name, top in over.entries.items()]
    weights = [weight.entries[name] if average == "weighted" else 1 for name in over.entries]
    total: Any = 0
    counted: Any = 0
    for (ratio, is_there), own, name in zip(ratios, weights, over.entries, strict=True):
        total = total + own * ratio
        counted = counted + own * is_there
        if undefined is not None:
            occurs = _is_there((weight if among is None else among).entries[name]) * (1 - is_there)
            total = total + own * (undefined * occurs)
            counted = counted + own * occurs
    return _quotient(total, counted)


def if_several(value: Any, per_class: PerClass) -> Any:
    """The value where at least two classes have something, else NaN; no derivative moves which."""
    count: Any = sum(_is_there(one) for one in per_class.entries.values())
    if np.ndim(count):
        return np.where(count > 1, value, np.nan)
    return value if count > 1 else np.float64(np.nan)


def ratios(over: PerClass, under: PerClass) -> PerClass:
    """over / under of each class, 0 where there is nothing below."""
    return PerClass({name: _ratio(top, under.entries[name])[0] for name, top in over.entries.items()})


def sum_of(per_class: PerClass) -> Any:
    """The sum over classes."""
    return sum(per_class.entries.values())


def absolute(value: Any) -> Any:
    """The absolute value, by the sign of the real part: the derivative goes through it."""
    if isinstance(value, PerClass):
        return value.map(absolute)
    if np.ndim(value):
        return np.where(np.real(value) < 0, value * -1.0, value)
    return value * -1 if _real(value) < 0 else value


def largest(per_class: PerClass) -> Any:
    """The largest number, by the real part; the first of those that are the same."""
    best: Any = None
    for value in per_class.entries.values():
        if best is None:
            best = value
        elif np.ndim(value) or np.ndim(best):
            best = np.where(np.real(value) > np.real(best), value, best)
        elif _real(value) > _real(best):
            best = value
    return best


def _ratio(over: Any, under: Any) -> tuple[Any, Any]:
    """The ratio and 1; (0, 0) where there is nothing below."""
    is_there = _is_there(under)
    if np.ndim(is_there):
        return np.where(is_there != 0, over / np.where(is_there != 0, under, 1.0), 0.0), is_there
    return (over / under, 1) if is_there else (0, 0)


def _quotient(over: Any, under: Any) -> Any:
    """over / under, NaN where there is nothing: Python's own numbers would raise."""
    return over / np.float64(under) if isinstance(under, (int, float)) and not under else over / under


def _is_there(value: Any) -> Any:
    """1 where a number is not 0, else 0."""
    if np.ndim(value):
        return (np.real(value) != 0).astype(np.float64)
    return int(_real(value) != 0)


def _real(value: Any) -> Any:
    """What tells a number's sign and size: its real part, or the exact number that it holds."""
    return getattr(value, "value", None) if hasattr(value, "value") else getattr(value, "real", value)

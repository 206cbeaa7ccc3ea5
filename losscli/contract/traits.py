"""Traits of values that make a loss one of the first to ask for: `first="counts"` in its declaration.

That its columns fit, which the kinds of its roles say, is not enough for every loss: any two columns of numbers fit
Huber's, and it is a good first choice only where errors have heavy tails. A trait is such a property, with the words
that say it. What has to choose losses for a file (`losscli inspect`, `check --init`) asks the declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass

_FAR = 3.0  # Tukey's outer fences: so many interquartile ranges beyond the quartiles
_FAR_SHARE = 0.005  # of a normal distribution 2 in a million are beyond them, of Laplace's 8 in 1,000
_LEAST_ROWS = 20
_MOST_GRADES = 20
_NEXT_GRADE = 0.8  # of the errors: so many are of one grade; by chance it is 2 / 3 of three grades
_MEAN_COUNT = 100.0  # the variance of larger counts is as that of any number, and errors are judged alike
_SHARE_OF_ZEROS = 0.05
_SPAN = 10.0


@dataclass(frozen=True)
class SampleColumns:
    """Some rows of the columns that play the roles of a loss.

    `arrays` are numbers, finite in every row: of shape (rows,) or (rows, width). `labels` says that predictions are
    labels. `queries` has the number of the group of each row, where a column tells the groups.
    """

    arrays: Mapping[str, Array] = field(default_factory=dict)
    labels: bool = False
    queries: Array | None = None


@dataclass(frozen=True)
class Trait:
    """A property of values; `leads` says that such a loss comes before those that fit any values of these kinds."""

    says: str
    holds: Callable[[SampleColumns], bool]
    leads: bool = True


def _pair(columns: SampleColumns) -> tuple[Array, Array] | None:
    """The numbers of prediction and target, where each is one number a row and there are enough rows to tell."""
    pred, target = columns.arrays.get("pred"), columns.arrays.get("target")
    if pred is None or target is None or pred.ndim != 1 or target.ndim != 1 or len(target) < _LEAST_ROWS:
        return None
    return pred, target


def _whole(values: Array) -> bool:
    return bool((values == np.floor(values)).all())


def _are_counts(columns: SampleColumns) -> bool:
    if (pair := _pair(columns)) is None:
        return False
    pred, target = pair
    small = target.min() in (0, 1) and target.max() >= 2 and target.mean() < _MEAN_COUNT
    return bool(small and _whole(target) and not _whole(pred) and pred.min() > 0)


def _are_amounts(columns: SampleColumns) -> bool:
    if (pair := _pair(columns)) is None:
        return False
    pred, target = pair
    zeros = float((target == 0).mean())
    return bool(_SHARE_OF_ZEROS <= zeros < 1 and target.min() == 0 and not _whole(target) and pred.min() > 0)


def _span_magnitudes(columns: SampleColumns) -> bool:
    if (pair := _pair(columns)) is None or min(each.min() for each in pair) <= 0:
        return False
    low, high = np.quantile(pair[1], (0.1, 0.9))
    return bool(high >= _SPAN * low)


def _have_heavy_tails(columns: SampleColumns) -> bool:
    if (pair := _pair(columns)) is None:
        return False
    if _are_counts(columns) or _are_amounts(columns) or _span_magnitudes(columns):
        return False  # there large errors go with large targets
    errors = pair[0] - pair[1]
    low, high = np.quantile(errors, (0.25, 0.75))
    reach = _FAR * (high - low)
    return bool(((errors < low - reach) | (errors > high + reach)).mean() > _FAR_SHARE)


def _are_grades(columns: SampleColumns) -> bool:
    if (pair := _pair(columns)) is None or not all(map(_whole, pair)):
        return False
    pred, target = pair
    wrong = np.abs(pred - target)[pred != target]
    if not 3 <= len(np.unique(target)) <= _MOST_GRADES or pred.min() < target.min() or pred.max() > target.max():
        return False
    return bool(len(wrong) and (wrong == 1).mean() >= _NEXT_GRADE)  # classes without an order are mixed up otherwise


def _are_ranked(columns: SampleColumns) -> bool:
    if (pair := _pair(columns)) is None or columns.queries is None:
        return False
    _, queries, sizes = np.unique(columns.queries, return_inverse=True, return_counts=True)
    return bool(len(sizes) > 1 and sizes.mean() >= 2 and len(np.unique(pair[1])) <= _MOST_GRADES and len(queries))


def _are_decided(columns: SampleColumns) -> bool:
    pred = columns.arrays.get("pred")
    return columns.labels or (pred is not None and pred.ndim > 1)


TRAITS = {
    "counts": Trait("the target is a count: whole numbers from 0 or 1 on", _are_counts),
    "amounts": Trait("the target is 0 in many rows, and a number above 0 in others", _are_amounts),
    "magnitudes": Trait("the target is above 0 and spans magnitudes, so errors are judged by their ratio",
                        _span_magnitudes),
    "heavy_tails": Trait("errors have heavy tails: some lie far outside the quartiles (Tukey's outer fences)",
                         _have_heavy_tails),
    "grades": Trait("target and prediction are the same few whole numbers, in an order", _are_grades),
    "queries": Trait("rows belong to queries, and are ranked within each", _are_ranked),
    "classes": Trait("a class is predicted", _are_decided, leads=False),
}  # fmt: skip
"""What `first=` may name."""


def trait_of(loss_name: str, first: bool | str) -> Trait | None:
    """The trait that a loss names, if it names one."""
    if not isinstance(first, str):
        return None
    if first not in TRAITS:
        raise ValueError(f"'{loss_name}' is declared first={first!r}, which is not one of {', '.join(TRAITS)}")
    return TRAITS[first]

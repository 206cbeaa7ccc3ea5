"""The best constant prediction where no functional is declared: the minimum of a loss, found by search.

So it is for weighted sums of losses, and where each row has a parameter of its own. The value is tried at quantiles of
the targets and at powers of 2; between the neighbours of the best of these, or beyond it where it is the last,
golden-section search goes on. Of a value with one minimum this is that minimum.

References
----------
Kiefer 1953, Sequential minimax search for a maximum, doi:10.1090/S0002-9939-1953-0055639-3
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.contract.functionals import Functional
from losscli.contract.kinds import Array, Kind
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.contract.loss import Loss

_GRID = 33  # quantiles that are tried
_STEPS = 80  # of golden-section search: it narrows an interval to the precision of doubles
_CHUNK = 1 << 15  # targets that a kernel takes at once, always the same ones, as sums of doubles round
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class SearchedLoss:
    """One of the losses that are added up: its factor, its parameters, and the columns of those that rows have."""

    loss: Loss
    params: Mapping[str, Any]
    factor: float = 1.0
    row_columns: tuple[int, ...] = ()


class Searched(Functional):
    """The constant prediction with the least value, of losses with a prediction and a target that are numbers.

    Parameters
    ----------
    losses
        The losses, which are added up. With a parameter of a row, the first columns of the targets are such parameters.
    kinds
        What the prediction is of each.
    direction
        Which way the sum is better.
    row_parameters
        How many columns of parameters stand before the targets.
    """

    def __init__(
        self, losses: Sequence[SearchedLoss], kinds: Sequence[Kind], direction: str, row_parameters: int = 0
    ) -> None:
        self.losses, self.direction, self.row_parameters = tuple(losses), direction, row_parameters
        self.low = max(math.nextafter(kind.low, math.inf) if kind.open_low else kind.low for kind in kinds)
        self.high = min(math.nextafter(kind.high, -math.inf) if kind.open_high else kind.high for kind in kinds)
        self.text, self.totals, self.adds_up = "best constant found", (), False

    def applies(self, params: Mapping[str, Any]) -> bool:
        """There is a least value with all parameters, or none is found."""
        return True

    def of_rows(self, target: Array, weights: Array, params: Mapping[str, Any], classes: int) -> Array:
        """The constant of each output; NaN where the value falls on and on."""
        columns = target[:, None] if target.ndim == 1 else target
        rows, outputs = columns[:, : self.row_parameters], columns[:, self.row_parameters :]
        found = [self._of_output(np.ascontiguousarray(output), rows, weights) for output in outputs.T]
        return np.array(found if target.ndim > 1 and len(found) > 1 else found[0])

    def _of_output(self, target: Array, rows: Array, weights: Array) -> float:
        if (target[1:] < target[:-1]).any():  # the columns of several outputs are in the order of the last
            order = np.argsort(target, kind="stable")
            target, rows, weights = target[order], rows[order], weights[order]

        def value(constant: float) -> float:
            found = sum(one.factor * self._value(one, constant, target, rows, weights) for one in self.losses)
            return abs(found) if self.direction == "zero" else -found if self.direction == "higher" else found

        with np.errstate(all="ignore"):
            return _least(value, _tried(target, weights, self.low, self.high), self.low, self.high)

    def _value(self, one: SearchedLoss, constant: float, target: Array, rows: Array, weights: Array) -> float:
        loss, sums = one.loss, dict[str, Array]()
        for start in range(0, len(target), _CHUNK):
            cut = slice(start, start + _CHUNK)
            some, own = target[cut], weights[cut]
            given = {"pred": np.full(len(some), constant), "target": some}
            arrays = [*(given.get(role) for role in loss.roles), *(rows[cut, at] for at in one.row_columns)]
            for name, term in loss.terms(tuple(arrays), one.params).items():
                if term.by is not None or term.values.ndim > 1:
                    return math.nan
                kept = own if term.where is None else own * term.where
                values = term.values if term.where is None else np.where(term.where, term.values, 0.0)
                sums[name] = sums.get(name, np.zeros(2)) + np.array([(values * kept).sum(), kept.sum()])
        return float(loss.combine({name: total / weight for name, (total, weight) in sums.items()}, one.params))


def _tried(target: Array, weights: Array, low: float, high: float) -> list[float]:
    """Where the search begins: in ascending order, within the domain; no bit depends on how the rows were cut."""
    below = np.cumsum(weights)  # targets are held in ascending order
    places = np.searchsorted(below, below[-1] * np.arange(_GRID) / (_GRID - 1))
    grid = target[np.minimum(places, len(target) - 1)].tolist()
    grid += [0.0, *(sign * 2.0**power for power in range(-4, 5) for sign in (-1, 1))]
    return sorted({min(max(at, low), high) for at in grid})


def _least(value: Callable[[float], float], tried: list[float], low: float, high: float) -> float:
    """Where the value is least."""
    known = {at: value(at) for at in tried}
    best = min(tried, key=lambda at: known[at] if known[at] == known[at] else math.inf)
    if not math.isfinite(known[best]):
        return math.nan
    place = tried.index(best)
    left = tried[place - 1] if place else _beyond(value, best, known[best], low, -1.0)
    right = tried[place + 1] if place + 1 < len(tried) else _beyond(value, best, known[best], high, 1.0)
    if left is None or right is None:
        return math.nan
    found = _golden_section(value, left, right)
    return found if value(found) < known[best] else best


def _beyond(value: Callable[[float], float], start: float, best: float, end: float, sign: float) -> float | None:
    """A constant beyond the last that was tried, where the value is no lower; None where it only falls."""
    step = max(abs(start), 1.0)
    for _ in range(60):
        at = start + sign * step
        if (at - end) * sign >= 0:
            return end
        found = value(at)
        if not found < best:
            return at
        best, step = found, 2 * step
    return None


def _golden_section(value: Callable[[float], float], low: float, high: float) -> float:
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    for _ in range(_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = value(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = value(right)
    return left if at_left <= at_right else right

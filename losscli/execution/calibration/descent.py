"""Descent: from parameters downhill, by quasi-Newton steps (calibrate) or by those of the textbook (descend).

A method is a generator. It yields the parameters at which it needs the loss and its gradient, is sent an `Evaluated`,
and returns a `Descent`. So several problems can be walked side by side, and one pass over the data serves them all.

References
----------
Nocedal & Wright 2006, Numerical Optimization, chapters 3 and 6
Lewis & Overton 2013, Nonsmooth optimization via quasi-Newton methods (the line search), doi:10.1007/s10107-012-0514-2
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Hashable, Mapping
from typing import NamedTuple, TypeVar

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass

_LOWERS, _TURNS = 1e-4, 0.9  # of the weak Wolfe conditions
_SLACK = 4e-16  # of a loss: its rounding
_LINE_TRIALS = 60
_MOST_STEPS = 200
_LEVEL = 3  # steps in a row that change only the last digit of the loss end a descent
_SETTLED = 1e-22  # of the loss: the fall that a Newton step still promises, squared error of parameters
_NOTHING = 1e-26  # of the loss at the start: what is left of it is rounding
_SETTLED_STEP = 1e-16  # the same for steps of plain descent


class Evaluated(NamedTuple):
    """The loss at some parameters, and its gradient; an infinite loss has none."""

    value: float
    gradient: Array


class Step(NamedTuple):
    """Parameters, the loss there, and the step size with which they are left (None: they are not)."""

    parameters: Array
    value: float
    gradient: Array
    size: float | None = None


@dataclass(frozen=True)
class Descent:
    """The steps of a descent; the last has the parameters that were found. `converged` says whether it ended there."""

    steps: tuple[Step, ...]
    converged: bool
    reason: str

    @property
    def found(self) -> Array:
        """The parameters that were found."""
        return self.steps[-1].parameters


Walk = Generator[Array, Evaluated, Descent]
Key = TypeVar("Key", bound=Hashable)


def together(
    walks: Mapping[Key, Walk], evaluate: Callable[[Mapping[Key, Array]], Mapping[Key, Evaluated]]
) -> dict[Key, Descent]:
    """Walk all downhill; `evaluate` answers what those that are not done ask for at once, in one pass."""
    asked = {key: next(walk) for key, walk in walks.items()}
    done: dict[Key, Descent] = {}
    while asked:
        answers = evaluate(asked)
        for key in list(asked):
            try:
                with np.errstate(all="ignore"):  # a step that is too large overflows
                    asked[key] = walks[key].send(answers[key])
            except StopIteration as end:
                done[key] = end.value
                del asked[key]
    return {key: done[key] for key in walks}


def quasi_newton(start: Array) -> Walk:
    """BFGS steps, with a line search that also copes with kinks."""
    here = Step(start, *(yield start))
    steps = [here]
    inverse, level = np.eye(len(start)), 0
    for count in range(_MOST_STEPS):
        direction = -inverse @ here.gradient
        slope = float(direction @ here.gradient)
        if not slope < 0:
            if not here.gradient.any():
                return Descent(tuple(steps), True, "the gradient is 0")
            inverse, direction = np.eye(len(start)), -here.gradient
            slope = float(direction @ here.gradient)
        # The first steps do not know the curvature yet, so a small promise of theirs says nothing.
        if count > 1 and -slope <= _SETTLED * abs(here.value):
            return Descent(tuple(steps), True, "a further step would change no digit of the loss")
        first = 1.0 if count else 1.0 / max(1.0, float(np.abs(direction).max()))
        size, there = yield from _line_search(here, direction, slope, first)
        if size == 0:
            return Descent(tuple(steps), True, "no step lowers the loss")
        steps[-1] = here._replace(size=size)
        steps.append(there)
        if abs(there.value) <= _NOTHING * abs(steps[0].value):
            return Descent(tuple(steps), True, "the loss is 0 but for rounding")
        level = level + 1 if here.value - there.value <= 4 * _SLACK * abs(here.value) else 0
        if level == _LEVEL:
            return Descent(tuple(steps), True, "the loss falls no further")
        inverse = _updated(inverse, there.parameters - here.parameters, there.gradient - here.gradient, count == 0)
        here = there
    return Descent(tuple(steps), False, f"it did not end within {_MOST_STEPS} steps")


def _line_search(
    here: Step, direction: Array, slope: float, first: float
) -> Generator[Array, Evaluated, tuple[float, Step]]:
    """The size of a step that lowers the loss enough and turns the slope, and where it leads; 0 if there is none.

    Sizes are doubled, then halved between one that is too short and one that is too long.
    """
    short, long, size = 0.0, math.inf, first
    best = 0.0, here
    for _ in range(_LINE_TRIALS):
        at = here.parameters + size * direction
        value, gradient = yield at
        if not value <= here.value + _LOWERS * size * slope + _SLACK * abs(here.value):
            long = size
        else:
            if (at != here.parameters).any() and value <= best[1].value + _SLACK * abs(here.value):
                best = size, Step(at, value, gradient)
            if float(gradient @ direction) >= _TURNS * slope:
                return best
            short = size
        size = 2 * short if math.isinf(long) else (short + long) / 2
        if -size * slope <= _SLACK * abs(here.value) or (here.parameters + size * direction == here.parameters).all():
            return best  # no digit of the loss, or of the parameters, would change
    return best


def _updated(inverse: Array, moved: Array, changed: Array, first: bool) -> Array:
    """The approximation of the inverse second derivative, after a step that changed the gradient so (BFGS)."""
    product = float(moved @ changed)
    if not product > 0:
        return inverse
    if first:
        inverse = np.eye(len(moved)) * (product / float(changed @ changed))
    left = np.eye(len(moved)) - np.outer(moved, changed) / product
    return np.asarray(left @ inverse @ left.T + np.outer(moved, moved) / product)


def plain_descent(start: Array, steps: int, size: float | None = None, patience: int | None = None) -> Walk:
    """Steps of the textbook: w - size * gradient; they end where the loss rises more than `patience` times in a row.

    Without a fixed size, that of a step begins at twice the one before and is halved until the loss falls by at least
    half of what its gradient promises (backtracking of Armijo).
    """
    here = Step(start, *(yield start))
    walked = [here]
    last, risen = 0.5, 0
    for _ in range(steps):
        square = float(here.gradient @ here.gradient)
        if square == 0:
            return Descent(tuple(walked), True, "the gradient is 0")
        if not math.isfinite(square):
            return Descent(tuple(walked), False, "the loss is not finite")
        taken, there = size, here
        if size is None:
            taken, there = yield from _backtracked(here, square, 2 * last)
            if taken == 0:
                return Descent(tuple(walked), True, "no step lowers the loss")
            last = taken
        else:
            at = here.parameters - size * here.gradient
            there = Step(at, *(yield at))
        walked[-1] = here._replace(size=taken)
        walked.append(there)
        risen = risen + 1 if there.value > here.value else 0
        here = there
        if patience is not None and risen > patience:
            return Descent(tuple(walked), False, "the loss rises")
        if taken is not None and taken * square <= _SETTLED_STEP * abs(here.value):
            return Descent(tuple(walked), True, "a further step would change no digit of the loss")
    return Descent(tuple(walked), False, f"stopped after {steps} step{'s' * (steps > 1)}")


def _backtracked(here: Step, square: float, size: float) -> Generator[Array, Evaluated, tuple[float, Step]]:
    for _ in range(_LINE_TRIALS):
        at = here.parameters - size * here.gradient
        value, gradient = yield at
        if value <= here.value - size * square / 2:
            return size, Step(at, value, gradient)
        size /= 2
    return 0.0, here

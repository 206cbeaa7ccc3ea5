"""How a loss and its gradient change while one number of a row moves: the curves of a loss's page.

The input is that of the loss's own example, so that it is valid whatever the loss needs. One number of its first row
moves: the prediction; of a vector the entry of the class of the target, where there is one, else its smallest entry. A
parameter is varied about its default.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from losscli.binding.spec import plain
from losscli.cli.preset_examples import _input as example_input
from losscli.contract.kinds import Array, Kind
from losscli.contract.loss import Loss, Parameter
from losscli.contract.terms import as_terms
from losscli.errors import LosscliError

POINTS = 65
REACH = 4.0  # how far from the target a number goes that may be any
MOST_NUMBERS = 100  # of an example: a larger one takes long where each point is a batch of its own


@dataclass(frozen=True)
class Curve:
    """The loss along the numbers, and its derivative (None: it is not one of a row alone)."""

    label: str
    values: Array
    gradients: Array | None


@dataclass(frozen=True)
class Curves:
    """What a picture shows: `along` is the number that moves, `mark` where the target is (None: it has no place)."""

    axis: str
    along: Array
    mark: float | None
    curves: tuple[Curve, ...]


@cache
def curves(loss: Loss) -> Curves | None:
    """The curves of a loss; None where no single number moves its value.

    Parameters
    ----------
    loss : Loss
        A declared loss with an example.

    Returns
    -------
    Curves or None
        One to three curves, of as many values of the first parameter that changes anything.
    """
    moving = _moving(loss)
    for column in moving.columns if moving else ():
        assert moving is not None
        moving.column = column
        with np.errstate(all="ignore"):  # correlations of constants, for example
            found = tuple(moving.varied())
        if any(map(_changes, found)):
            return Curves(moving.axis, moving.along, moving.mark, found)
    return None


def _changes(curve: Curve) -> bool:
    """Whether a curve is more than a constant with rounding errors, or a step between two."""
    values = curve.values[np.isfinite(curve.values)]
    if len(values) < 3 or np.ptp(values) <= 1e-9 * abs(values).max():
        return False
    return curve.gradients is None or bool((abs(curve.gradients) > 1e-9).sum() > 1)


def _moving(loss: Loss) -> _Moving | None:
    role = next(iter(loss.gradients), None)
    if loss.scope == "table" or loss.per_class or role is None:
        return None
    try:
        inputs, given = example_input(loss)
    except (StopIteration, ValueError):  # the example makes its input first
        return None
    names = list(loss.roles)[: len(inputs)]
    arrays = [np.asarray(values) for values in inputs]
    if role not in names or arrays[names.index(role)].size > MOST_NUMBERS:
        return None
    at = names.index(role)
    wanted = {1: ("number",), 2: ("vector", "matrix")}.get(arrays[at].ndim, ())
    kind = next((kind for kind in loss.roles[role].kinds if kind.shape in wanted), None)
    target = arrays[names.index("target")] if "target" in names else None
    return None if kind is None else _Moving(loss, role, given, arrays, at, kind, target)


class _Moving:
    """The example of a loss, of which one number moves."""

    def __init__(
        self, loss: Loss, role: str, given: dict[str, Any], arrays: list[Array], at: int, kind: Kind,
        target: Array | None,
    ) -> None:  # fmt: skip
        self.loss, self.role, self.given, self.arrays, self.at, self.kind = loss, role, given, arrays, at, kind
        self.columns, self.column = _columns(arrays[at], kind, target), 0
        comparable = arrays[at].ndim == 1 and target is not None and target.ndim == 1 and target.dtype.kind in "if"
        self.mark = None
        if comparable and target is not None and kind.low <= target[0] <= kind.high and not kind.logit:
            self.mark = float(target[0])
        self.along = np.linspace(*self._ends(), POINTS)

    @property
    def axis(self) -> str:
        """What the number that moves is called."""
        return f"{self.role}[{self.column}]" if self.arrays[self.at].ndim == 2 else self.role

    def _ends(self) -> tuple[float, float]:
        """Numbers that the domain allows, about the target where both are numbers of one kind."""
        kind, centre = self.kind, self.mark or 0.0
        if kind.total is not None or (kind.low, kind.high) == (0, 1):
            return 0.004, 0.996
        low = kind.low if np.isfinite(kind.low) else centre - REACH
        high = kind.high if np.isfinite(kind.high) else centre + REACH
        if np.isfinite(kind.low) and not np.isfinite(kind.high):
            high = max(2.5 * centre, kind.low + REACH)
        edge = (high - low) * 0.004
        return low + edge * kind.open_low, high - edge * kind.open_high

    def varied(self) -> Iterator[Curve]:
        """The curves of the first parameter that changes anything, else that of the defaults."""
        usual = self.curve("", {})
        if usual is None:
            return
        for parameter in self.loss.params.values():
            given = self.given.get(parameter.name, parameter.default)
            tried = [self.curve(f"{parameter.name} = {plain(value)}", {parameter.name: value})
                     for value in _tried(parameter, given)]  # fmt: skip
            found = [curve for curve in tried if curve is not None]
            if len(found) > 1 and not all(np.array_equal(found[0].values, curve.values) for curve in found):
                yield from found
                return
        yield usual

    def curve(self, label: str, changed: dict[str, Any]) -> Curve | None:
        """The curve with these parameters; None where they do not fit the example."""
        params = self.given | changed
        try:
            if self.loss.scope == "row" and not self.loss.own_combine and self.kind.shape != "matrix":
                rows = [self._repeated(array, name) for array, name in zip(self.arrays, self.loss.roles, strict=False)]
                rows[self.at] = self._moved(rows[self.at], self.along)
                values = self.loss(*rows, **params)
                if isinstance(values, np.ndarray) and values.shape == self.along.shape:
                    gradients = np.asarray(self.loss.gradient(self.role, *rows, **params))
                    return Curve(label, values, self._along_the_line(gradients, rows[self.at]))
            values, gradients = np.array([self._whole(params, x) for x in self.along]).T
            return Curve(label, values, gradients if np.isfinite(gradients).all() else None)
        except (LosscliError, ValueError, TypeError, KeyError, IndexError):
            return None

    def _repeated(self, array: Array, name: str) -> Array:
        """The first row, as often as there are points; a matrix stays whole."""
        matrix = self.loss.roles[name].kinds[0].shape == "matrix"
        return array if matrix else np.repeat(array[:1], POINTS, axis=0)

    def _moved(self, rows: Array, along: Array) -> Array:
        """The rows with the numbers in their place; shares of one whole make room for them."""
        if rows.ndim == 1:
            return along
        rows = rows.astype(float)
        if self.kind.total is not None:
            others = np.delete(np.arange(rows.shape[1]), self.column)
            rest = rows[:, others].sum(axis=1, keepdims=True)
            shares = np.where(rest > 0, rows[:, others] / np.where(rest > 0, rest, 1), 1 / len(others))
            rows[:, others] = shares * (1 - along[:, None])
        rows[:, self.column] = along
        return rows

    def _along_the_line(self, gradients: Array, rows: Array) -> Array:
        """The derivative by the number that moves; of shares of one whole, the others move too."""
        if gradients.ndim == 1:
            return gradients
        direction = (rows[-1] - rows[0]) / (rows[-1, self.column] - rows[0, self.column])
        return np.asarray((gradients * direction).sum(axis=1))

    def _whole(self, params: dict[str, Any], x: float) -> tuple[float, float]:
        """The number of all rows of the example where that of the first row is x, and its derivative by x."""
        rows = list(self.arrays)
        first = self._moved(np.repeat(rows[self.at][:1], 2, axis=0), np.array([x, x + 1e-3]))
        rows[self.at] = np.concatenate([first[:1], rows[self.at][1:].astype(float)])
        settled, means, upstream = self.loss.settle(params), {}, {}
        for name, (values, where) in as_terms(self.loss(*rows, **params)).items():
            taken = np.ones(len(values), bool) if where is None else where
            count = 1 if self.loss.reduction == "sum" else taken.sum()
            means[name] = values[taken].sum() / np.float64(count)
            upstream[name] = taken / np.float64(count)
        for name in means if self.loss.own_combine else ():
            step = self.loss.combine(means | {name: means[name] + 1e-100j}, settled)  # exact, as no difference is taken
            upstream[name] = upstream[name] * (np.imag(step) / 1e-100)
        return float(self.loss.combine(means, settled)), self._slope(rows, params, upstream, first)

    def _slope(self, rows: list[Array], params: dict[str, Any], upstream: dict[str, Array], first: Array) -> float:
        """The derivative of the number of all rows, of which `upstream` has that by each value."""
        if self.loss.scope == "group":
            given = upstream["loss"] if set(upstream) == {"loss"} else upstream
            gradients = np.asarray(self.loss.gradient(self.role, *rows, **params, upstream=given))[:1]
        else:
            answer = self.loss.gradient(self.role, *rows, **params)
            by_term = answer if isinstance(answer, dict) else {next(iter(upstream)): answer}
            gradients = np.asarray(sum(values[:1] * upstream[name][0] for name, values in by_term.items()))
        return float(self._along_the_line(gradients, first)[0])


def _columns(values: Array, kind: Kind, target: Array | None) -> list[int]:
    """The entries of a vector that may move, the first choice first: the target's class, else the smallest.

    To move a lone large entry would change the length alone, which cosines do not see.
    """
    if values.ndim == 1:
        return [0]
    if kind.classes and target is not None and target.ndim == 1 and target.dtype.kind in "iu":
        return [int(target[0])]
    return [int(entry) for entry in np.argsort(np.abs(values[0]), kind="stable")[:3]]


def _tried(parameter: Parameter, value: Any) -> Sequence[Any]:
    """Values of a parameter about this one."""
    if parameter.type == "bool":
        return (False, True)
    if parameter.type == "choice":
        return parameter.choices[:3]
    if parameter.type not in ("float", "int") or value is None:
        return ()
    near: tuple[Any, ...] = tuple(sorted((value / 2, value, 2 * value)))
    if parameter.type == "int":
        near = (value, value + 1, value + 2) if value < 2 else (value // 2, value, 2 * value)
    elif value == 0:
        near = (0.0, 0.1, 0.5) if parameter.param.allows(0.1) else (-1.0, 0.0, 1.0)
    elif 0 < value < 1 and not all(map(parameter.param.allows, near)):
        near = (value / 2, value, (1 + value) / 2)
    return [one for one in near if parameter.param.allows(one)]

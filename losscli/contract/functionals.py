"""The functionals that losses declare, computed of weighted targets: the value of the best constant prediction.

A functional is an expression of the targets, such as `log(mean(target))`. One of means and sums of rows alone is made
of sums that need no row to be held; any other is computed of the distinct targets and their weights.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import CodeType
from typing import Any

import numpy as np

from losscli.contract.kinds import Array

_TOTALS = {"mean": "mean", "sum": "sum"}
_PLAIN: dict[str, Any] = {
    "exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1, "tan": np.tan, "sqrt": np.sqrt, "abs": np.abs,
    "max": max, "maximum": np.maximum, "len": len, "logit": lambda p: np.log(p / (1 - p)), "__builtins__": {},
}  # fmt: skip


class Functional:
    """One declared functional.

    Attributes
    ----------
    text : str
        The expression, without the condition on parameters that it may have.
    totals : tuple of (str, str)
        "mean" or "sum", and the expression of a row that it is of: what is to be added up where `adds_up`.
    adds_up : bool
        Whether these say all that is needed of the targets.
    """

    def __init__(self, text: str, *, classes: bool = False) -> None:
        """With `classes`, targets are class indices; else their shares are the mean of probabilities."""
        declared = ast.parse(text, mode="eval").body
        self._condition = declared.test if isinstance(declared, ast.IfExp) else None
        value = declared.body if isinstance(declared, ast.IfExp) else declared
        self.text = ast.get_source_segment(text, value) or text
        found = _Totals(_TOTALS if classes else {**_TOTALS, "shares": "mean"})
        outer = found.visit(value)
        self.totals = tuple(found.totals)
        self.adds_up = not {"target", *_OF_ALL} & _names(outer)
        self._tree = ast.fix_missing_locations(ast.Expression(outer))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if not isinstance(value, CodeType)}

    @cached_property
    def _outer(self) -> CodeType:
        return compile(self._tree, "<functional>", "eval")

    @cached_property
    def _whole(self) -> CodeType:
        return compile(self.text, "<functional>", "eval")

    def applies(self, params: Mapping[str, Any]) -> bool:
        """Whether there is a functional with these parameters; some have one for some values alone."""
        if self._condition is None:
            return True
        return bool(eval(compile(ast.Expression(self._condition), "<functional>", "eval"), {**_PLAIN, **params}))

    def row_values(self, target: Array, params: Mapping[str, Any]) -> list[Array]:
        """Of each of the `totals`, its value for each row."""
        with np.errstate(all="ignore"):
            return [np.asarray(eval(text, {**_PLAIN, **params, "target": target})) for _, text in self.totals]

    def of_totals(self, totals: Sequence[Array], params: Mapping[str, Any]) -> Array:
        """The functional, of the value of each of the `totals`."""
        known = {f"total_{at}": value for at, value in enumerate(totals)}
        return self._array(self._outer, {**_PLAIN, **params, **known})

    def of_rows(self, target: Array, weights: Array, params: Mapping[str, Any], classes: int) -> Array:
        """The functional of weighted targets, each distinct one once, in ascending order.

        `classes` is how many there are, where targets are class indices.
        """
        weighted = _Weighted(weights, classes)
        words = {word: getattr(weighted, f"of_{word}") for word in _OF_ALL}
        return self._array(self._whole, {**_PLAIN, **words, **params, "target": target})

    def _array(self, code: Any, words: dict[str, Any]) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(eval(code, words), np.float64)


class _Totals(ast.NodeTransformer):
    """Puts a name in the place of each mean and sum of what a row alone says."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self.words = words
        self.totals: list[tuple[str, str]] = []

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in self.words or _OF_ALL & _names(node.args[0]):
            return self.generic_visit(node)
        total = (self.words[name], ast.unparse(node.args[0]))
        if total not in self.totals:
            self.totals.append(total)
        return ast.Name(f"total_{self.totals.index(total)}", ast.Load())


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


class _Weighted:
    """The words of functionals, of targets with these weights: `of_` and the word."""

    def __init__(self, weights: Array, classes: int) -> None:
        self.weights, self.classes, self.total = weights, classes, math.fsum(weights)

    def of_sum(self, values: Array) -> Any:
        columns = np.asarray(values, np.float64).reshape(len(self.weights), -1)
        sums = np.array([math.fsum(column * self.weights) for column in columns.T])
        return sums if np.ndim(values) > 1 else sums[0]

    def of_mean(self, values: Array) -> Any:
        return self.of_sum(values) / self.total

    def of_shares(self, targets: Array) -> Any:
        if targets.dtype.kind == "f":
            return self.of_mean(targets)
        return np.array([math.fsum(self.weights[targets == one]) for one in range(self.classes)]) / self.total

    def of_mode(self, targets: Array) -> Any:
        found, at = np.unique(targets, return_inverse=True)
        most = found[np.argmax([math.fsum(self.weights[at == one]) for one in range(len(found))])]
        return np.eye(self.classes)[most] if self.classes and targets.dtype.kind == "i" else most

    def of_median(self, values: Array) -> Any:
        return self.of_quantile(values, 0.5)

    def of_quantile(self, values: Array, q: float) -> Any:
        return _quantile(values, self.weights, q)

    def of_weighted_median(self, values: Array, more: Array) -> Any:
        return _quantile(values, self.weights * more, 0.5)

    def of_expectile(self, values: Array, q: float) -> Any:
        low, high = values.min(), values.max()
        for _ in range(200):
            middle = (low + high) / 2
            above, below = (np.maximum(each, 0) * self.weights for each in (values - middle, middle - values))
            low, high = (middle, high) if q * above.sum() > (1 - q) * below.sum() else (low, middle)
        return low


def _quantile(values: Array, weights: Array, q: float) -> Any:
    """The smallest value that so large a share of the weight does not exceed; of several columns, that of each."""
    if values.ndim > 1:
        return np.array([_quantile(column, weights, q) for column in values.T])
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return values[order][min(np.searchsorted(below, q * below[-1]), len(order) - 1)]


_OF_ALL = frozenset(name.removeprefix("of_") for name in vars(_Weighted) if name.startswith("of_"))

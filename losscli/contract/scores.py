"""Scores: the numbers that people know a loss by, such as accuracy of the zero-one loss.

A score is declared with its loss and computed from it: the same kernel, terms, roles and parameters. Its value is
`constant + factor * loss`, so with the factor of -1 higher is better.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any, Literal, Protocol

from losscli.contract.parameters import Value
from losscli.contract.presets import Preset
from losscli.contract.terms import Term
from losscli.lazy import dataclass


class Declared(Protocol):
    """What a score takes from its loss."""

    formula: str
    cite: str
    direction: Literal["lower", "higher", "zero"]
    optimum: float | None
    worst: float | None


@dataclass(frozen=True)
class Score:
    """What a loss says of one score: `words` are its docstring, with an example.

    `params` are parameters of the loss that the score has settled, as F1 has beta = 1; the others it takes itself.
    `first` is what it is of a loss. `own` is a kernel of the score, where 1 less the loss has lost the digits of a
    small score.
    """

    name: str
    words: str
    constant: float = 1.0
    factor: float = -1.0
    params: Mapping[str, Value] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    same_as: Mapping[str, str | Preset] = field(default_factory=dict)
    no_library: str | None = None
    cite: str | None = None
    first: bool | str = False
    own: Callable[..., Any] | None = None

    def of(self, loss: Any) -> Any:
        """The score of a loss's value, or of its values."""
        return self.constant + self.factor * loss

    def loss_of(self, value: float) -> float:
        """The loss's value, of that of the score."""
        return (value - self.constant) / self.factor

    def declaration(self, loss: Declared) -> dict[str, Any]:
        """The words of the loss's declaration that are others for the score."""
        best, worst = (None if end is None else self.of(end) for end in (loss.optimum, loss.worst))
        higher = (self.factor < 0) == (loss.direction == "lower")
        return {
            "formula": self.formula(loss.formula), "cite": self.cite or loss.cite, "same_as": self.same_as,
            "no_library": self.no_library, "aliases": self.aliases, "optimum": best, "worst": worst,
            "first": self.first, "direction": "higher" if higher else "lower",
        }  # fmt: skip

    def formula(self, text: str) -> str:
        """The loss's formula with this score in the place of the number that it makes."""
        lines = text.splitlines()
        number, is_value = len(lines) - 1, lines[-1].startswith("value:")
        head = "value: " if is_value else ""
        text = lines[number].removeprefix("value:").strip()
        lines[number] = head + self._expression(ast.parse(text, mode="eval").body, text)
        settled = "\n".join(lines)
        for name, value in self.params.items():
            settled = re.sub(rf"\b{name}\b", f"{value:g}" if isinstance(value, float) else str(value), settled)
        return settled

    def _expression(self, node: ast.expr, text: str) -> str:
        """`constant + factor * node` in its shortest form; a row that the loss leaves out is left out."""
        own = ast.get_source_segment(text, node) or text
        if isinstance(node, ast.IfExp):
            kept = self._expression(node.body, text)
            kept = f"({kept})" if isinstance(node.body, ast.IfExp) else kept
            return f"{kept} if {ast.get_source_segment(text, node.test)} else {self._expression(node.orelse, text)}"
        if isinstance(node, ast.Name) and node.id == "skip":
            return own
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return f"{self.of(node.value):g}"
        less = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)
        if less and (self.constant, self.factor) == (1, -1) and ast.unparse(node.left) == "1":  # type: ignore[attr-defined]
            return ast.get_source_segment(text, node.right) or own  # type: ignore[attr-defined]
        inner = own if isinstance(node, (ast.Name, ast.Call)) else f"({own})"
        product = inner if abs(self.factor) == 1 else f"{abs(self.factor):g} * {inner}"
        if not self.constant:
            return f"-{product}" if self.factor < 0 else product
        return f"{self.constant:g} {'-' if self.factor < 0 else '+'} {product}"

    def kernel(self, kernel: Callable[..., Any], of_means: Callable[[], bool]) -> Callable[..., Any]:
        """The score's kernel: the loss's terms as they are where their means make the number, else scores."""

        def scored(*arrays: Any, **params: Any) -> Any:
            answer = (self.own or kernel)(*arrays, **self.params, **params)
            if of_means() or self.own is not None:
                return answer
            return replace(answer, values=self.of(answer.values)) if isinstance(answer, Term) else self.of(answer)

        functools.update_wrapper(scored, kernel)
        scored.__name__, scored.__qualname__, scored.__doc__ = self.name, self.name, self.words
        scored.__signature__ = self._signature(kernel)  # type: ignore[attr-defined]
        return scored

    def gradient(self, slope: Callable[..., Any], of_means: Callable[[], bool]) -> Callable[..., Any]:
        """The score's gradient from that of the loss."""

        def scored(*arrays: Any, **params: Any) -> Any:
            answer = slope(*arrays, **self.params, **params)
            return answer if of_means() else self.factor * answer

        return scored

    def combine(self, combine: Callable[..., Any]) -> Callable[..., Any]:
        """What makes the score of the means of the loss's terms."""

        def scored(**given: Any) -> Any:
            return self.of(combine(**given, **{n: v for n, v in self.params.items() if n in wanted}))

        wanted = inspect.signature(combine).parameters
        scored.__signature__ = self._signature(combine)  # type: ignore[attr-defined]
        return scored

    def _signature(self, function: Callable[..., Any]) -> inspect.Signature:
        known = inspect.signature(function)
        return known.replace(parameters=[p for name, p in known.parameters.items() if name not in self.params])

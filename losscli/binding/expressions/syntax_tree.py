"""The syntax tree of conditions, and their evaluation on a batch."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from losscli.binding.expressions.decoded_batch import DecodedBatch
from losscli.binding.expressions.instants import ZONED, labels_beside
from losscli.binding.expressions.values import Column, Constant, Value, one_a_row
from losscli.io.arrow.decode import Mask, Texts
from losscli.lazy import dataclass

ComparedAs = Literal["number", "text", "any"]
# The rows that are true and those that are false; a row in neither has a missing cell (Kleene's three-valued logic).
ThreeValued: TypeAlias = "tuple[Mask, Mask]"

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _three_valued(result: Mask, missing: Mask | None) -> ThreeValued:
    return (result, ~result) if missing is None else (result & ~missing, ~result & ~missing)


def _text_three_valued(cells: Texts, test: Callable[[str], bool]) -> ThreeValued:
    """The result of a test of texts, which is called once for each distinct text."""
    found = np.array([test(name) for name in cells.names], np.bool_)
    true = np.append(found, False).take(cells.codes)
    any_missing = len(cells.codes) > 0 and int(cells.codes.min()) < 0
    return true, np.append(~found, False).take(cells.codes) if any_missing else ~true


def _label(constant: Constant, beside: Value, batch: DecodedBatch) -> Callable[[str], str]:
    """The label that a literal is compared as with each label of a value."""
    if isinstance(beside, Column):
        return batch.label(constant.written(), beside.name)
    return labels_beside(constant.written(), pa.string(), beside.texts(batch), beside.text(), batch.location)


@dataclass(frozen=True)
class Comparison:
    """Two values and the operator between them; `as_text` says that they are compared as labels."""

    left: Value
    sign: str
    right: Value
    as_text: bool = False

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        if self.as_text:
            return self._evaluate_text(batch)
        missing: Mask | None = None
        sides: list[Any] = []
        for side in (self.left, self.right):
            if isinstance(side, Constant):
                sides.append(side.value)
                continue
            cells = one_a_row(side, batch)
            sides.append(cells.values)
            if cells.missing is not None:
                missing = cells.missing if missing is None else missing | cells.missing
        with np.errstate(invalid="ignore"):  # a signalling NaN
            return _three_valued(_COMPARE[self.sign](*sides), missing)

    def _evaluate_text(self, batch: DecodedBatch) -> ThreeValued:
        compare = _COMPARE[self.sign]
        if isinstance(self.right, Constant):
            label = _label(self.right, self.left, batch)
            return _text_three_valued(self.left.texts(batch), lambda name: bool(compare(name, label(name))))
        if isinstance(self.left, Constant):
            label = _label(self.left, self.right, batch)
            return _text_three_valued(self.right.texts(batch), lambda name: bool(compare(label(name), name)))
        left, right = self.left.texts(batch), self.right.texts(batch)
        ranks = {name: rank for rank, name in enumerate(sorted({*left.names, *right.names}))}
        ours, theirs = (np.array([*(ranks[name] for name in side.names), -1])[side.codes] for side in (left, right))
        missing = (ours < 0) | (theirs < 0)
        return _three_valued(compare(ours, theirs), missing)


@dataclass(frozen=True)
class ComparisonChain:
    """`0 <= age < 18`: each comparison of neighbours must hold."""

    pairs: tuple[Comparison, ...]

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        return self.pairs[0].left.text() + "".join(f" {pair.sign} {pair.right.text()}" for pair in self.pairs)

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        return reduce(_both, (pair.evaluate(batch) for pair in self.pairs))


@dataclass(frozen=True)
class InList:
    """`split in ["test", "dev"]`."""

    tested: Value
    choices: tuple[Constant, ...]
    negated: bool

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        listed = ", ".join(choice.text() for choice in self.choices)
        return f"{self.tested.text()} {'not ' if self.negated else ''}in [{listed}]"

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        if isinstance(self.choices[0].value, float):
            cells = one_a_row(self.tested, batch)
            found = np.isin(cells.values, np.array([choice.value for choice in self.choices], np.float64))
            verdict = _three_valued(found, cells.missing)
        else:
            verdict = self._evaluate_texts(batch)
        return verdict[::-1] if self.negated else verdict

    def _evaluate_texts(self, batch: DecodedBatch) -> ThreeValued:
        labels = [_label(choice, self.tested, batch) for choice in self.choices]
        plain = {label("") for label in labels}  # there may be very many
        zoned = [label for label in labels if label(ZONED) != label("")]
        cells = self.tested.texts(batch)
        return _text_three_valued(cells, lambda name: name in plain or any(name == label(name) for label in zoned))


@dataclass(frozen=True)
class IsNull:
    """`age is not null`."""

    column: Column
    negated: bool

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        return f"{self.column.text()} is {'not ' if self.negated else ''}null"

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        missing = batch.is_missing(self.column.name)
        return (~missing, missing) if self.negated else (missing, ~missing)


@dataclass(frozen=True)
class Not:
    """Exchanges true and false; rows with a missing cell stay neither."""

    inner: Node

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        return f"not ({self.inner.text()})" if isinstance(self.inner, BooleanOperation) else f"not {self.inner.text()}"

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        return self.inner.evaluate(batch)[::-1]


@dataclass(frozen=True)
class BooleanOperation:
    """Filters joined by `and` or by `or`."""

    word: str
    parts: tuple[Node, ...]

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        shown = (
            f"({part.text()})" if isinstance(part, BooleanOperation) and self.word == "and" else part.text()
            for part in self.parts
        )
        return f" {self.word} ".join(shown)

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        return reduce(_both if self.word == "and" else _either, (part.evaluate(batch) for part in self.parts))


Node: TypeAlias = "ComparisonChain | InList | IsNull | Not | BooleanOperation"


def _both(a: ThreeValued, b: ThreeValued) -> ThreeValued:
    return a[0] & b[0], a[1] | b[1]


def _either(a: ThreeValued, b: ThreeValued) -> ThreeValued:
    return a[0] | b[0], a[1] & b[1]

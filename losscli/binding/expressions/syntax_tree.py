"""The syntax tree of a filter, and its evaluation on a batch."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from losscli.binding.expressions.instants import ZONED, labels_beside
from losscli.binding.expressions.lexer import BARE, WORDS, enclosed
from losscli.errors import DataError, Location
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import Mask, NumberFormat, Numbers, Texts, is_missing, numbers, texts
from losscli.io.arrow.types import is_text

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


class DecodedBatch:
    """The columns of one batch, each decoded once, when it is first used.

    A cell is missing if it is null, empty, or a text that stands for missing in `number_format`; whatever the format
    of the file, and whatever the cell is compared with.
    """

    def __init__(
        self, data: pa.RecordBatch, location: Location, number_format: NumberFormat, warned: Counter[str]
    ) -> None:
        self._data, self._location, self._warned = data, location, warned
        self._number_format = replace(number_format, nulls=number_format.nulls | {""})
        self._numbers: dict[str, Numbers] = {}
        self._texts: dict[str, Texts] = {}
        self._compared: set[str] = set()

    def _column(self, name: str) -> pa.Array:
        positions = self._data.schema.get_all_field_indices(name)
        if len(positions) != 1:
            what = f"{len(positions)} columns are named '{name}'" if positions else f"no column is named '{name}'"
            raise DataError(
                f"{what}, which the filter uses",
                path=self._location.path_of(name),
                column=name,
                code="DATA_DUPLICATE_COLUMN" if positions else "DATA_MISSING_COLUMN",
            )
        return self._data.column(positions[0])

    def numbers(self, name: str) -> Numbers:
        """The column as numbers, decoded once."""
        if name not in self._numbers:  # it may be text, if another role reads this column as text
            column = self._column(name)
            self._numbers[name] = numbers(
                column, name, self._location, parse_text=True, number_format=self._number_format
            )
        return self._numbers[name]

    def texts(self, name: str) -> Texts:
        """The column as labels, encoded once; those that stand for missing are counted in a warning."""
        cells = self._labels(name)
        if name not in self._compared:
            self._compared.add(name)
            self._warn_of_missing(name)
        return cells

    def label(self, constant: Constant, name: str) -> Callable[[str], str]:
        """The label that a literal is compared as with each label of the column."""
        kind = self._column(name).type
        return labels_beside(constant.written(), kind, self._labels(name), name, self._location)

    def is_missing(self, name: str) -> Mask:
        """Which cells of the column are missing."""
        column = self._column(name)
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        return self._labels(name).codes < 0 if is_text(kind) else is_missing(column, name, self._location)

    def _labels(self, name: str) -> Texts:
        if name not in self._texts:
            found = texts(self._column(name), name, self._location)
            missing = self._stand_for_missing(found, name)
            codes = np.where(np.append(missing, True)[found.codes], -1, found.codes) if missing.any() else found.codes
            self._texts[name] = Texts(codes, tuple(map(canonical_label, found.names)))
        return self._texts[name]

    def _stand_for_missing(self, found: Texts, name: str) -> Mask:
        """Which of the texts stand for missing; in a column of numbers none does."""
        kind = self._column(name).type
        if not is_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
            return np.zeros(len(found.names), np.bool_)
        return np.array([self._number_format.is_null(text) for text in found.names], np.bool_)

    def _warn_of_missing(self, name: str) -> None:
        found = texts(self._column(name), name, self._location)
        for code in np.flatnonzero(self._stand_for_missing(found, name)):
            text = found.names[code].strip(" \t")
            message = f"'{name}': '{text}' is a missing cell for the filter; --null-values sets which texts are"
            self._warned[message] += int(np.count_nonzero(found.codes == code))


def _three_valued(result: Mask, missing: Mask | None) -> ThreeValued:
    return (result, ~result) if missing is None else (result & ~missing, ~result & ~missing)


def _text_three_valued(cells: Texts, test: Callable[[str], bool]) -> ThreeValued:
    """The result of a test of texts, which is called once for each distinct text."""
    found = np.array([test(name) for name in cells.names], np.bool_)
    return np.append(found, False)[cells.codes], np.append(~found, False)[cells.codes]


@dataclass(frozen=True)
class Column:
    """A column by its name."""

    name: str

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        if BARE.fullmatch(self.name) and self.name not in WORDS:
            return self.name
        return enclosed(self.name, "`")


@dataclass(frozen=True)
class Constant:
    """A literal; its type determines how the column that it is compared with is read."""

    value: float | str | bool

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, str):
            return enclosed(self.value, '"')
        return str(int(self.value)) if self.value.is_integer() and abs(self.value) < 1e16 else repr(self.value)

    def reading(self) -> ComparedAs:
        """Whether columns that are compared with it are read as numbers or as text."""
        return "number" if isinstance(self.value, float) else "text"

    def written(self) -> str:
        """What it says, as the text that a column is compared with."""
        return str(self.value)


Operand: TypeAlias = Column | Constant


@dataclass(frozen=True)
class Comparison:
    """Two operands and the operator between them."""

    left: Operand
    sign: str
    right: Operand

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        constant = self.left if isinstance(self.left, Constant) else self.right
        if isinstance(constant, Constant) and constant.reading() == "text":
            return self._evaluate_text(batch, constant)
        missing: Mask | None = None
        sides: list[Any] = []
        for side in (self.left, self.right):
            if isinstance(side, Constant):
                sides.append(side.value)
                continue
            cells = batch.numbers(side.name)
            sides.append(cells.values)
            if cells.missing is not None:
                missing = cells.missing if missing is None else missing | cells.missing
        with np.errstate(invalid="ignore"):  # a signalling NaN
            return _three_valued(_COMPARE[self.sign](*sides), missing)

    def _evaluate_text(self, batch: DecodedBatch, constant: Constant) -> ThreeValued:
        column = self.left if isinstance(self.left, Column) else self.right
        assert isinstance(column, Column)
        cells, compare, label = batch.texts(column.name), _COMPARE[self.sign], batch.label(constant, column.name)
        if column is self.left:
            return _text_three_valued(cells, lambda name: bool(compare(name, label(name))))
        return _text_three_valued(cells, lambda name: bool(compare(label(name), name)))


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

    column: Column
    choices: tuple[Constant, ...]
    negated: bool

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        listed = ", ".join(choice.text() for choice in self.choices)
        return f"{self.column.text()} {'not ' if self.negated else ''}in [{listed}]"

    def evaluate(self, batch: DecodedBatch) -> ThreeValued:
        """Which rows are true and which are false, as two masks; neither where a cell is missing."""
        if self.choices[0].reading() == "number":
            cells = batch.numbers(self.column.name)
            found = np.isin(cells.values, np.array([choice.value for choice in self.choices], np.float64))
            verdict = _three_valued(found, cells.missing)
        else:
            verdict = self._evaluate_texts(batch)
        return verdict[::-1] if self.negated else verdict

    def _evaluate_texts(self, batch: DecodedBatch) -> ThreeValued:
        labels = [batch.label(choice, self.column.name) for choice in self.choices]
        plain = {label("") for label in labels}  # there may be very many
        zoned = [label for label in labels if label(ZONED) != label("")]
        cells = batch.texts(self.column.name)
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

"""The values of expressions: columns, literals, and what is computed of them; their text, and their evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import ClassVar, Protocol, TypeAlias

import numpy as np

from losscli.binding.expressions.decoded_batch import DecodedBatch
from losscli.binding.expressions.functions import FUNCTIONS, OPERATORS, TEXT_FUNCTIONS, ValueKind, first_rounded
from losscli.binding.expressions.lexer import BARE, WORDS, enclosed
from losscli.contract.kinds import Array
from losscli.errors import DataError
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import Mask, Numbers, Texts
from losscli.io.arrow.texts import spelled
from losscli.lazy import dataclass

KindOf: TypeAlias = Callable[[str], ValueKind]
_SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 6)  # what binds more closely is the larger
_BINDS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


class Condition(Protocol):
    """A condition: its text, and the rows for which it is true, and for which it is false."""

    def text(self) -> str:
        """The canonical text."""

    def evaluate(self, batch: DecodedBatch, /) -> tuple[Mask, Mask]:
        """The rows for which it is true, and for which it is false."""


@dataclass(frozen=True)
class Column:
    """A column by its name."""

    name: str
    binds: ClassVar[int] = _ATOM

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        if BARE.fullmatch(self.name) and self.name not in WORDS:
            return self.name
        return enclosed(self.name, "`")

    def kind(self, of: KindOf) -> ValueKind:
        """What its values are, where `of` tells it of columns."""
        return of(self.name)

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """Its numbers: one a row, or a row of them."""
        return batch.numbers(self.name)

    def texts(self, batch: DecodedBatch) -> Texts:
        """Its labels."""
        return batch.texts(self.name)


@dataclass(frozen=True)
class Constant:
    """A literal; its type determines how the column that it is compared with is read.

    `real` says that a number was written with a point or an exponent, so that arithmetic with it may round.
    """

    value: float | str | bool
    real: bool = False

    @property
    def binds(self) -> int:
        """How closely its text holds together."""
        return _SIGN if isinstance(self.value, float) and np.signbit(self.value) else _ATOM

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, str):
            return enclosed(self.value, '"')
        if self.real or not self.value:  # 1 / -0 is not 1 / 0
            return repr(self.value) if self.real else f"{self.value:.0f}"
        return str(int(self.value)) if self.value.is_integer() and abs(self.value) < 1e16 else repr(self.value)

    def kind(self, of: KindOf) -> ValueKind:
        """A number, or a text; true and false are compared as texts, too."""
        return "number" if isinstance(self.value, float) else "text" if isinstance(self.value, str) else "condition"

    def written(self) -> str:
        """What it says, as the text that a column is compared with."""
        return str(self.value)

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """The number, once a row."""
        return Numbers(np.full(batch.rows, float(self.value)), None)

    def texts(self, batch: DecodedBatch) -> Texts:
        """The text, once a row."""
        return Texts(np.zeros(batch.rows, np.int64), (canonical_label(self.written()),))


@dataclass(frozen=True)
class Negation:
    """`-x`."""

    inner: Value
    binds: ClassVar[int] = _SIGN

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        return f"-{_enclosed(self.inner, self.inner.binds < _SIGN)}"

    def kind(self, of: KindOf) -> ValueKind:
        """A vector where its argument is one."""
        return _number_or_vector([self.inner], of)

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """The negative numbers."""
        found = self.inner.numbers(batch)
        return Numbers(-found.values, found.missing)

    def texts(self, batch: DecodedBatch) -> Texts:
        """The texts of the numbers."""
        return texts_of(self.numbers(batch))


@dataclass(frozen=True)
class Arithmetic:
    """Two values and the operator between them."""

    left: Value
    sign: str
    right: Value

    @property
    def binds(self) -> int:
        """How closely its text holds together."""
        return _BINDS[self.sign]

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        to_the_right = self.sign == "**"
        left = _enclosed(self.left, self.left.binds < self.binds + to_the_right)
        right = _enclosed(self.right, self.right.binds < (_SIGN if to_the_right else self.binds + 1))
        return f"{left} {self.sign} {right}"

    def kind(self, of: KindOf) -> ValueKind:
        """A vector where a side is one."""
        return _number_or_vector([self.left, self.right], of)

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """The results; a whole number that a float64 cannot hold is an error, unless a literal has a point."""
        sides, missing = _together([self.left.numbers(batch), self.right.numbers(batch)], self.text(), batch)
        found = OPERATORS[self.sign](*sides)
        if self.sign != "/" and may_be_whole(self):
            place = first_rounded(self.sign, sides[0], sides[1], found, missing)
            if place is not None:
                self._refuse_rounded(place, found, batch)
        return Numbers(found, missing)

    def texts(self, batch: DecodedBatch) -> Texts:
        """The texts of the numbers."""
        return texts_of(self.numbers(batch))

    def _refuse_rounded(self, place: int, found: Array, batch: DecodedBatch) -> None:
        row = place // (found.size // len(found))
        column = next(iter(names_in(self)), None)
        hint = "whole numbers are exact up to 2^53; a literal with a point allows rounding: 1.0 * x"
        raise batch.location.error(row, column, f"{self.text()} is a whole number that a float64 cannot hold exactly",
                                   int(found.ravel()[place]), hint, code="DATA_BAD_CELL")  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A function of numbers."""

    function: str
    arguments: tuple[Value, ...]
    binds: ClassVar[int] = _ATOM

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        return f"{self.function}({', '.join(argument.text() for argument in self.arguments)})"

    def kind(self, of: KindOf) -> ValueKind:
        """A vector where an argument is one."""
        return _number_or_vector(self.arguments, of)

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """The results."""
        given = [argument.numbers(batch) for argument in self.arguments]
        sides, missing = _together(given, self.text(), batch)
        if FUNCTIONS[self.function].of_rows and sides[0].ndim == 1:
            if missing is None or not missing.all():
                raise DataError(
                    f"{self.text()} needs a vector a row, and {self.arguments[0].text()} is one number a row",
                    path=batch.location.path, column=next(iter(names_in(self)), None), code="DATA_WRONG_TYPE",
                    hint="a vector is a column of lists",
                )  # fmt: skip
            return Numbers(sides[0], missing)
        return Numbers(np.asarray(FUNCTIONS[self.function].compute(*sides)), missing)

    def texts(self, batch: DecodedBatch) -> Texts:
        """The texts of the numbers."""
        return texts_of(self.numbers(batch))


@dataclass(frozen=True)
class TextCall:
    """A function of texts."""

    function: str
    argument: Value
    binds: ClassVar[int] = _ATOM

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        return f"{self.function}({self.argument.text()})"

    def kind(self, of: KindOf) -> ValueKind:
        """A text."""
        return "text"

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """A text is no number, which the parser knows."""
        raise AssertionError(self.text())

    def texts(self, batch: DecodedBatch) -> Texts:
        """The changed texts; one that becomes empty is missing."""
        found = self.argument.texts(batch)
        change = TEXT_FUNCTIONS[self.function][0]
        return _renamed(found.codes, [change(name) for name in found.names])


@dataclass(frozen=True)
class Choice:
    """`where(condition, a, b)`: missing where the condition is neither true nor false."""

    condition: Condition
    then: Value
    otherwise: Value
    of_texts: bool
    binds: ClassVar[int] = _ATOM

    def text(self) -> str:
        """The canonical text, which the parser reads back."""
        return f"where({self.condition.text()}, {self.then.text()}, {self.otherwise.text()})"

    def kind(self, of: KindOf) -> ValueKind:
        """What the values are among which it chooses."""
        return "text" if self.of_texts else _number_or_vector([self.then, self.otherwise], of)

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """The chosen numbers; of the values that are not chosen none is missing."""
        yes, no = self.condition.evaluate(batch)
        given = [self.then.numbers(batch), self.otherwise.numbers(batch)]
        (then, otherwise), _ = _together(given, self.text(), batch)
        wide = yes if then.ndim == 1 and otherwise.ndim == 1 else yes[:, None]
        gaps = [side.missing if side.missing is not None else np.zeros(batch.rows, np.bool_) for side in given]
        missing = (yes & gaps[0]) | (no & gaps[1]) | ~(yes | no)
        return Numbers(np.where(wide, then, otherwise), missing if missing.any() else None)

    def texts(self, batch: DecodedBatch) -> Texts:
        """The chosen texts."""
        if not self.of_texts:
            return texts_of(self.numbers(batch))
        yes, no = self.condition.evaluate(batch)
        then, otherwise = self.then.texts(batch), self.otherwise.texts(batch)
        others = np.where(otherwise.codes < 0, -1, otherwise.codes + len(then.names))
        codes = np.where(yes, then.codes, np.where(no, others, -1))
        return _renamed(codes, [*then.names, *otherwise.names])


Value: TypeAlias = "Column | Constant | Negation | Arithmetic | Call | TextCall | Choice"


def may_be_whole(value: Value) -> bool:
    """Whether the value may be a count or an identity, which must not be rounded: by its form, not by its numbers."""
    if isinstance(value, Constant):
        return not value.real
    if isinstance(value, Negation):
        return may_be_whole(value.inner)
    if isinstance(value, Arithmetic):
        return value.sign != "/" and may_be_whole(value.left) and may_be_whole(value.right)
    if isinstance(value, Call):
        return FUNCTIONS[value.function].keeps_whole and all(map(may_be_whole, value.arguments))
    return not isinstance(value, Choice) or (may_be_whole(value.then) and may_be_whole(value.otherwise))


def names_in(value: Value) -> Iterable[str]:
    """The columns that the value itself names, in order."""
    if isinstance(value, Column):
        yield value.name
    for inner in parts_of(value):
        yield from names_in(inner)


def parts_of(value: Value) -> tuple[Value, ...]:
    """The values of which a value is made, without its conditions."""
    if isinstance(value, Arithmetic):
        return value.left, value.right
    if isinstance(value, Call):
        return value.arguments
    if isinstance(value, Choice):
        return value.then, value.otherwise
    return (value.inner,) if isinstance(value, Negation) else (value.argument,) if isinstance(value, TextCall) else ()


def one_a_row(value: Value, batch: DecodedBatch) -> Numbers:
    """The numbers of a value that is compared: one a row."""
    found = value.numbers(batch)
    if found.values.ndim > 1:
        raise DataError(
            f"{value.text()} is a vector a row, but one number is compared", path=batch.location.path,
            column=next(iter(names_in(value)), None), code="DATA_WRONG_TYPE",
        )  # fmt: skip
    return found


def texts_of(found: Numbers) -> Texts:
    """The canonical text of each number."""
    names = spelled(found.values)
    codes = np.arange(len(names))
    return _renamed(codes if found.missing is None else np.where(found.missing, -1, codes), names)


def _renamed(codes: Array, names: list[str]) -> Texts:
    """The texts with names that occur once; the empty text is missing."""
    forms = [canonical_label(name) for name in names]
    places = {name: at for at, name in enumerate(dict.fromkeys(filter(None, forms)))}
    renumbered = np.array([*(places.get(name, -1) for name in forms), -1], np.int64)
    return Texts(renumbered[codes], tuple(places))


def _enclosed(value: Value, loose: bool) -> str:
    return f"({value.text()})" if loose else value.text()


def _number_or_vector(values: Iterable[Value], of: KindOf) -> ValueKind:
    return "vector" if any(value.kind(of) == "vector" for value in values) else "number"


def _together(given: list[Numbers], text: str, batch: DecodedBatch) -> tuple[list[Array], Mask | None]:
    """The arrays in shapes that fit together, and which rows miss one; vectors must have one length."""
    gaps = [side.missing for side in given if side.missing is not None]
    missing = np.logical_or.reduce(gaps) if gaps else None
    widths = {side.values.shape[1] for side in given if side.values.ndim > 1 and side.values.shape[1]}
    if len(widths) > 1:
        row = 0 if missing is None else int(np.argmin(missing))
        longest, shortest = max(widths), min(widths)
        raise batch.location.error(
            row, None, f"{text} combines vectors of {shortest} and of {longest} numbers", code="DATA_MISMATCH"
        )
    if not widths:
        return [side.values if side.values.ndim == 1 else side.values.sum(axis=1) for side in given], missing
    arrays = [side.values if side.values.ndim > 1 else side.values[:, None] for side in given]
    empty = np.zeros((batch.rows, 1))  # lists that are all null have no width
    return [array if array.shape[1] else empty for array in arrays], missing


def without_point(value: Value) -> Value:
    """The value as it is compared, where it does not matter how a number was written."""
    return replace(value, real=False) if isinstance(value, Constant) else value

"""The filter's small grammar: `split == "test" and 0 <= age < 18`. Our own, so that nothing in it can run code.

    filter      comparisons joined by `and`, `or`, `not`, parentheses
    comparison  value ( == != < <= > >= value )+ · column [not] in [literal, ...] · column is [not] null
    value       a column or a literal, at least one of two neighbours a column
    column      letters, digits, `_` and `.`; any other name stands in backticks
    literal     12, -0.5, 1e-3 · "text" or 'text' with backslash escapes · true, false

What a column is compared with says how it is read: as numbers (also against another column) or as text. Text is
ordered by code point, and `true` and `false` are the text a boolean has. As in SQL a comparison with a missing cell is
neither true nor false, and only rows for which the whole filter is true are taken; so `not` does not bring them back.
NaN is a value, not a missing cell: it differs from everything and is neither above nor below anything.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from losscli.columns.arrays import Numbers, Texts, absent, numbers, texts
from losscli.errors import DataError, Site, UsageError

Mask = NDArray[np.bool_]
Reading = Literal["number", "text"]
# Which rows are surely in and surely out; a row in neither met a missing cell. This is Kleene's logic without tables.
_Verdict: TypeAlias = "tuple[Mask, Mask]"

_DEEPEST = 100
_LONGEST = 10_000
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Where:
    """A filter: its canonical text, the columns that it reads and how, and which rows of a batch it takes."""

    text: str
    columns: Mapping[str, Reading] = field(hash=False)
    _tree: _Node = field(repr=False, compare=False)

    def mask(self, data: pa.RecordBatch, site: Site) -> Mask:
        """True for each row that is taken."""
        return self._tree.judge(_Batch(data, site, self.columns))[0]


def parse(text: str) -> Where:
    """The filter that this text describes; UsageError with the position if it describes none."""
    _check_length(text)
    parser = _Parser(text)
    tree = parser.whole()
    canonical = tree.text()
    _check_length(canonical)  # escapes may have made it longer, and it must be a filter itself
    return Where(canonical, parser.columns, tree)


def _check_length(text: str) -> None:
    if len(text) > _LONGEST:
        raise UsageError(f"the filter has {len(text)} characters, at most {_LONGEST} are possible")


# ----------------------------------------------------------------------------------------------- what a filter says


class _Batch:
    """The columns of one batch, each decoded once, when it is first asked for."""

    def __init__(self, data: pa.RecordBatch, site: Site, columns: Mapping[str, Reading]) -> None:
        self._data, self._site, self._columns = data, site, columns
        self._numbers: dict[str, Numbers] = {}
        self._texts: dict[str, Texts] = {}

    def _column(self, name: str) -> pa.Array:
        places = self._data.schema.get_all_field_indices(name)
        if len(places) != 1:
            what = f"{len(places)} columns are named '{name}'" if places else f"no column is named '{name}'"
            raise DataError(f"{what}, which the filter asks for", path=self._site.path, column=name)
        return self._data.column(places[0])

    def numbers(self, name: str) -> Numbers:
        if name not in self._numbers:  # text, because another role may want this column as text
            self._numbers[name] = numbers(self._column(name), name, self._site, parse_text=True)
        return self._numbers[name]

    def texts(self, name: str) -> Texts:
        if name not in self._texts:
            self._texts[name] = texts(self._column(name), name, self._site)
        return self._texts[name]

    def absent(self, name: str) -> Mask:
        if self._columns[name] == "text":
            return absent(self._column(name), name, self._site)
        cells = self.numbers(name)
        return np.zeros(len(cells.values), np.bool_) if cells.missing is None else cells.missing


def _verdict(result: Mask, missing: Mask | None) -> _Verdict:
    return (result, ~result) if missing is None else (result & ~missing, ~result & ~missing)


def _text_verdict(cells: Texts, test: Callable[[str], bool]) -> _Verdict:
    """The test is asked once a distinct text."""
    found = np.array([test(name) for name in cells.names], np.bool_)
    return np.append(found, False)[cells.codes], np.append(~found, False)[cells.codes]


@dataclass(frozen=True)
class _Column:
    name: str

    def text(self) -> str:
        if _BARE.fullmatch(self.name) and self.name not in _WORDS:
            return self.name
        return _enclosed(self.name, "`")


@dataclass(frozen=True)
class _Constant:
    value: float | str | bool

    def text(self) -> str:
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, str):
            return _enclosed(self.value, '"')
        return str(int(self.value)) if self.value.is_integer() and abs(self.value) < 1e16 else repr(self.value)

    def reading(self) -> Reading:
        return "number" if isinstance(self.value, float) else "text"

    def spellings(self) -> tuple[str, ...]:
        """The texts that equal it: booleans are `True` in CSV files of Python and `TRUE` in those of R."""
        if isinstance(self.value, bool):
            return ("true", "True", "TRUE") if self.value else ("false", "False", "FALSE")
        return (str(self.value),)


_Operand: TypeAlias = _Column | _Constant


@dataclass(frozen=True)
class _Compared:
    left: _Operand
    sign: str
    right: _Operand

    def judge(self, batch: _Batch) -> _Verdict:
        constant = self.left if isinstance(self.left, _Constant) else self.right
        if isinstance(constant, _Constant) and constant.reading() == "text":
            return self._judge_text(batch, constant)
        missing: Mask | None = None
        sides: list[Any] = []
        for side in (self.left, self.right):
            if isinstance(side, _Constant):
                sides.append(side.value)
                continue
            cells = batch.numbers(side.name)
            sides.append(cells.values)
            if cells.missing is not None:
                missing = cells.missing if missing is None else missing | cells.missing
        with np.errstate(invalid="ignore"):  # a signalling NaN
            return _verdict(_COMPARE[self.sign](*sides), missing)

    def _judge_text(self, batch: _Batch, constant: _Constant) -> _Verdict:
        column = self.left if isinstance(self.left, _Column) else self.right
        assert isinstance(column, _Column)
        cells, compare = batch.texts(column.name), _COMPARE[self.sign]
        if self.sign in ("==", "!="):
            wanted = constant.spellings()
            return _text_verdict(cells, lambda name: (name in wanted) == (self.sign == "=="))
        if column is self.left:
            return _text_verdict(cells, lambda name: bool(compare(name, constant.value)))
        return _text_verdict(cells, lambda name: bool(compare(constant.value, name)))


@dataclass(frozen=True)
class _Chain:
    """`0 <= age < 18`: each neighbouring pair must hold."""

    pairs: tuple[_Compared, ...]

    def text(self) -> str:
        return self.pairs[0].left.text() + "".join(f" {pair.sign} {pair.right.text()}" for pair in self.pairs)

    def judge(self, batch: _Batch) -> _Verdict:
        return reduce(_both, (pair.judge(batch) for pair in self.pairs))


@dataclass(frozen=True)
class _In:
    column: _Column
    choices: tuple[_Constant, ...]
    negated: bool

    def text(self) -> str:
        listed = ", ".join(choice.text() for choice in self.choices)
        return f"{self.column.text()} {'not ' if self.negated else ''}in [{listed}]"

    def judge(self, batch: _Batch) -> _Verdict:
        if self.choices[0].reading() == "number":
            cells = batch.numbers(self.column.name)
            found = np.isin(cells.values, np.array([choice.value for choice in self.choices], np.float64))
            verdict = _verdict(found, cells.missing)
        else:
            wanted = {spelling for choice in self.choices for spelling in choice.spellings()}
            verdict = _text_verdict(batch.texts(self.column.name), wanted.__contains__)
        return verdict[::-1] if self.negated else verdict


@dataclass(frozen=True)
class _Null:
    column: _Column
    negated: bool

    def text(self) -> str:
        return f"{self.column.text()} is {'not ' if self.negated else ''}null"

    def judge(self, batch: _Batch) -> _Verdict:
        missing = batch.absent(self.column.name)
        return (~missing, missing) if self.negated else (missing, ~missing)


@dataclass(frozen=True)
class _Not:
    inner: _Node

    def text(self) -> str:
        return f"not ({self.inner.text()})" if isinstance(self.inner, _Joined) else f"not {self.inner.text()}"

    def judge(self, batch: _Batch) -> _Verdict:
        return self.inner.judge(batch)[::-1]


@dataclass(frozen=True)
class _Joined:
    word: str
    parts: tuple[_Node, ...]

    def text(self) -> str:
        shown = (
            f"({part.text()})" if isinstance(part, _Joined) and self.word == "and" else part.text()
            for part in self.parts
        )
        return f" {self.word} ".join(shown)

    def judge(self, batch: _Batch) -> _Verdict:
        return reduce(_both if self.word == "and" else _either, (part.judge(batch) for part in self.parts))


_Node: TypeAlias = "_Chain | _In | _Null | _Not | _Joined"


def _both(a: _Verdict, b: _Verdict) -> _Verdict:
    return a[0] & b[0], a[1] | b[1]


def _either(a: _Verdict, b: _Verdict) -> _Verdict:
    return a[0] | b[0], a[1] & b[1]


# ---------------------------------------------------------------------------------------------- how it is written

_BARE = re.compile(r"[^\W\d][\w.]*")
_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.]))
    |(?P<name>[^\W\d][\w.]*)
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)
    |(?P<sign>[=!<>]=|<(?!>)|>)
    |(?P<mark>[()\[\],+-])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {
    spelling: word
    for word in ("and", "or", "not", "in", "is", "null", "true", "false")
    for spelling in (word, word.upper())
}
_WORDS |= {"True": "true", "False": "false"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'", "`": "`"}
_WRITTEN = {"\n": "n", "\t": "t", "\r": "r", "\\": "\\"}
_MENDING = {
    "=": "write '==' for equal, '>=' and '<=' for bounds",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not', or '!=' for different",
    "<>": "write '!=' for different",
    "≠": "write '!='",
    "≤": "write '<='",
    "≥": "write '>='",
    "“": "write plain quotes",
    "”": "write plain quotes",
    "‘": "write plain quotes",
    "’": "write plain quotes",
}


def _enclosed(text: str, quote: str) -> str:
    inner = "".join(f"\\{_WRITTEN.get(mark, mark)}" if mark in _WRITTEN or mark == quote else mark for mark in text)
    return f"{quote}{inner}{quote}"


@dataclass(frozen=True)
class _Token:
    kind: str  # number, name, quoted, sign, mark, word, end
    text: str
    start: int


def _fail(text: str, start: int, what: str, hint: str | None = None) -> NoReturn:
    """The error about this place, with the text around it and a caret below."""
    first = max(0, start - 40)
    near = "".join(mark if mark.isprintable() else "?" for mark in text[first : start + 30])
    raise UsageError(
        f"the filter is wrong at position {start + 1}: {what}\n  {near}\n  {' ' * (start - first)}^", hint=hint
    )


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            _refuse_character(text, place)
        kind, place = str(match.lastgroup), match.end()
        if kind == "name":
            kind = _WORDS.get(match[0], "name")
        elif kind == "mark":
            kind = match[0]
        if kind != "space":
            found.append(_Token(kind, match[0], match.start()))
    return [*found, _Token("end", "", len(text))]


def _refuse_character(text: str, place: int) -> NoReturn:
    mark = text[place]
    if mark in "\"'`":
        _fail(text, place, f"the quote {mark} is never closed", "a quote inside text takes a backslash")
    if mark in ".0123456789":
        _fail(text, place, "this is not a number", "a column whose name begins with a digit stands in backticks")
    hint = _MENDING.get(text[place : place + 2]) or _MENDING.get(mark)
    _fail(text, place, f"'{mark}' means nothing here", hint or "a column name with such characters stands in backticks")


class _Parser:
    """Recursive descent; `columns` collects how each column is read."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._at, self._depth = text, _tokens(text), 0, 0
        self._readings: dict[str, Reading | None] = {}

    @property
    def columns(self) -> dict[str, Reading]:
        return {name: reading or "text" for name, reading in self._readings.items()}

    @property
    def _here(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *kinds: str) -> _Token | None:
        token = self._here
        if token.kind not in kinds:
            return None
        self._at += 1
        return token

    def _fail(self, token: _Token, what: str, hint: str | None = None) -> NoReturn:
        _fail(self._text, token.start, what, hint)

    def _expected(self, what: str, hint: str | None = None) -> NoReturn:
        found = f"found {self._here.text}" if self._here.kind != "end" else "the filter ends"
        self._fail(self._here, f"expected {what}, but {found}", hint)

    def whole(self) -> _Node:
        tree = self._joined("or")
        if self._here.kind != "end":
            self._expected("'and', 'or' or the end")
        return tree

    def _joined(self, word: str) -> _Node:
        parts: list[_Node] = []
        while True:
            part = self._joined("and") if word == "or" else self._one()
            parts += part.parts if isinstance(part, _Joined) and part.word == word else (part,)
            if not self._take(word):
                return parts[0] if len(parts) == 1 else _Joined(word, tuple(parts))

    def _one(self) -> _Node:
        token = self._take("not", "(")
        if token is None:
            return self._comparison()
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail(token, f"more than {_DEEPEST} levels of parentheses and 'not'")
        if token.kind == "not":
            inner: _Node = _Not(self._one())
        else:
            inner = self._joined("or")
            if not self._take(")"):
                self._expected(f"')' for the parenthesis at position {token.start + 1}")
        self._depth -= 1
        return inner

    def _comparison(self) -> _Node:
        first = self._here
        left = self._value()
        if self._take("is"):
            return self._null(first, left)
        if self._here.kind == "in" or (self._here.kind == "not" and self._tokens[self._at + 1].kind == "in"):
            return self._in(first, left)
        pairs: list[_Compared] = []
        while sign := self._take("sign"):
            right = self._value()
            pairs.append(self._pair(left, sign, right))
            left = right
        if not pairs:
            hint = (
                "a filter has no functions" if self._here.kind == "(" else "a column alone is no test: is_test == true"
            )
            self._expected(f"a comparison after {first.text}", hint)
        return _Chain(tuple(pairs))

    def _null(self, first: _Token, tested: _Operand) -> _Node:
        negated = self._take("not") is not None
        if not self._take("null"):
            self._expected("'null' after 'is'", "'is null' finds missing cells; '==' compares")
        if not isinstance(tested, _Column):
            self._fail(first, "only a column can be null")
        self._readings.setdefault(tested.name, None)
        return _Null(tested, negated)

    def _in(self, first: _Token, tested: _Operand) -> _Node:
        negated = self._take("not") is not None
        self._take("in")
        if not isinstance(tested, _Column):
            self._fail(first, "only a column can be looked for in a list", "for a range write: 0 <= age < 18")
        opening = self._take("[", "(")
        if opening is None:
            self._expected("a list in brackets after 'in'")
        closing = "]" if opening.kind == "[" else ")"
        choices: list[_Constant] = []
        while not self._take(closing):
            if choices and not self._take(","):
                self._expected(f"',' or '{closing}'")
            if choices and self._take(closing):
                break
            token = self._here
            choice = self._value()
            if not isinstance(choice, _Constant):
                self._fail(token, "a list holds numbers or texts, not columns", "text stands in quotes")
            self._read_as(token, tested, choice)
            choices.append(choice)
        if not choices:
            self._fail(opening, "the list is empty")
        return _In(tested, tuple(choices), negated)

    def _pair(self, left: _Operand, sign: _Token, right: _Operand) -> _Compared:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, _Column):
                self._read_as(sign, one, other)
            elif isinstance(other, _Constant):
                self._fail(sign, "this compares two constants", "a column stands without quotes or in backticks")
            elif isinstance(one.value, bool) and sign.text not in ("==", "!="):
                self._fail(sign, "true and false have no order", "write '==' or '!='")
        return _Compared(left, sign.text, right)

    def _read_as(self, token: _Token, column: _Column, other: _Operand) -> None:
        if isinstance(other, _Constant) and other.value == "":
            self._fail(token, "an empty text counts as missing", f"write: {column.text()} is null")
        reading = other.reading() if isinstance(other, _Constant) else "number"
        before = self._readings.get(column.name) or reading
        if before != reading:
            hint = "put numbers in quotes to compare them as text; two columns are compared as numbers"
            self._fail(token, f"{column.text()} is compared as a number and as text", hint)
        self._readings[column.name] = reading

    def _value(self) -> _Operand:
        sign = self._take("+", "-")
        token = self._take("number") if sign else self._take("number", "name", "quoted", "true", "false")
        if token is None and sign:
            self._fail(sign, "there is no arithmetic here", "a column name with such characters stands in backticks")
        if token is None:
            null = self._here.kind == "null"
            self._expected("a column or a value", "write 'is null' or 'is not null'" if null else None)
        if token.kind == "number":
            return _Constant(self._number(token) * (-1.0 if sign and sign.kind == "-" else 1.0))
        if token.kind == "name":
            return _Column(token.text)
        if token.kind == "quoted":
            inner = self._unescaped(token)
            return _Column(inner) if token.text[0] == "`" else _Constant(inner)
        return _Constant(token.kind == "true")

    def _number(self, token: _Token) -> float:
        value = float(token.text)
        if value == float("inf"):
            self._fail(token, "this number is too large for a float64")
        if token.text.isdigit() and int(token.text) != int(value):
            self._fail(token, "a float64 cannot hold this number exactly", "put it in quotes to compare it as text")
        return value

    def _unescaped(self, token: _Token) -> str:
        def plain(match: re.Match[str]) -> str:
            if match[1] not in _ESCAPES:
                _fail(
                    self._text, token.start + 1 + match.start(), f"unknown escape {match[0]}", "write a backslash twice"
                )
            return _ESCAPES[match[1]]

        return re.sub(r"\\(.)", plain, token.text[1:-1], flags=re.DOTALL)

"""Recursive-descent parser of expressions: of conditions, and of values with arithmetic and functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn, TypeAlias

from losscli.binding.expressions.decoded_batch import Derived
from losscli.binding.expressions.functions import FUNCTIONS, SIGNATURES, TEXT_FUNCTIONS
from losscli.binding.expressions.lexer import ESCAPES, Token, Written
from losscli.binding.expressions.syntax_tree import (
    BooleanOperation,
    ComparedAs,
    Comparison,
    ComparisonChain,
    InList,
    IsNull,
    Node,
    Not,
)
from losscli.binding.expressions.values import (
    Arithmetic,
    Call,
    Choice,
    Column,
    Constant,
    Negation,
    TextCall,
    Value,
    without_point,
)
from losscli.errors import did_you_mean

_MAX_DEPTH = 100
_MAX_OPERATORS = 200
_CLOSENESS = {"+": 1, "-": 1, "*": 2, "/": 2}
_CONDITIONS = (BooleanOperation, Not, IsNull, InList, ComparisonChain)
Part: TypeAlias = "Node | Value"


class Parser:
    """Parses one expression; `columns` collects how each column is read, `texts` what they are compared with as text.

    `lets` are the derived columns that it may use, by name.
    """

    def __init__(self, written: Written, lets: Mapping[str, Derived]) -> None:
        self._written, self._tokens, self._position, self._depth = written, written.tokens(), 0, 0
        self._lets, self._operators = lets, 0
        self._readings: dict[str, ComparedAs | None] = {}
        self.texts: list[tuple[str, str]] = []

    @property
    def columns(self) -> dict[str, ComparedAs]:
        """How each column, or derived column, is read; "any" if it is only tested for missing cells."""
        return {name: reading or "any" for name, reading in self._readings.items()}

    @property
    def _current(self) -> Token:
        return self._tokens[self._position]

    def _accept(self, *kinds: str) -> Token | None:
        token = self._current
        if token.kind not in kinds:
            return None
        self._position += 1
        return token

    def _fail(self, token: Token, what: str, hint: str | None = None) -> NoReturn:
        self._written.fail(token.start, what, hint)

    def _expected(self, what: str, hint: str | None = None) -> NoReturn:
        end = f"the {'filter' if self._written.what == 'filter' else 'expression'} ends"
        found = f"found {self._current.text}" if self._current.kind != "end" else end
        self._fail(self._current, f"expected {what}, but {found}", hint)

    # -- the whole -------------------------------------------------------------------------------------------------

    def parse_condition(self) -> Node:
        """The syntax tree of the whole text, which must be a condition."""
        tree = self._condition(self._joined("or"))
        if self._current.kind != "end":
            self._expected("'and', 'or' or the end")
        return tree

    def parse_any(self) -> Part:
        """The syntax tree of the whole text: a value, or a condition."""
        first = self._current
        tree = self._joined("or")
        if self._current.kind != "end":
            self._expected("an operator or the end")
        if isinstance(tree, Constant) and isinstance(tree.value, str):
            self._fail(first, "this is a text and no column", "write a column name without quotes or in backticks")
        if isinstance(tree, Column):  # also of `+x`, whose canonical text is x
            self._readings[tree.name] = None
        return tree

    def _condition(self, part: Part) -> Node:
        """The part, which must be a condition."""
        if not isinstance(part, _CONDITIONS):
            self._expected(f"a comparison after {part.text()}",
                           "a column alone is not a condition; write, for example, is_test == true")  # fmt: skip
        return part

    def _value(self, first: Token, part: Part) -> Value:
        """The part, which begins at `first` and must be a value."""
        if isinstance(part, _CONDITIONS):
            self._fail(first, "a value is expected here, not a condition", "where(condition, 1, 0) makes it a number")
        return part

    # -- conditions ------------------------------------------------------------------------------------------------

    def _joined(self, word: str) -> Part:
        parts: list[Node] = []
        while True:
            part = self._joined("and") if word == "or" else self._comparison()
            if not parts and self._current.kind != word:
                return part
            part = self._condition(part)
            parts += part.parts if isinstance(part, BooleanOperation) and part.word == word else (part,)
            if not self._accept(word):
                return BooleanOperation(word, tuple(parts))

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._fail(token, f"more than {_MAX_DEPTH} levels of parentheses and 'not'")

    def _comparison(self) -> Part:
        first = self._current
        if self._accept("not"):
            self._deeper(first)
            inner = Not(self._condition(self._comparison()))
            self._depth -= 1
            return inner
        left = self._sum()
        if self._accept("is"):
            return self._null(first, left)
        if self._current.kind == "in" or (
            self._current.kind == "not" and self._tokens[self._position + 1].kind == "in"
        ):
            return self._in(first, left)
        pairs: list[Comparison] = []
        while sign := self._accept("sign"):
            start = self._current
            right = self._sum()
            pairs.append(self._pair((first, left), sign, (start, right)))
            first, left = start, right
        return ComparisonChain(tuple(pairs)) if pairs else left

    def _null(self, first: Token, tested: Part) -> Node:
        negated = self._accept("not") is not None
        if not self._accept("null"):
            self._expected("'null' after 'is'", "'is null' finds missing cells; '==' compares")
        if not isinstance(tested, Column):
            self._fail(first, "only a column can be null")
        self._readings.setdefault(tested.name, None)
        return IsNull(tested, negated)

    def _in(self, first: Token, part: Part) -> Node:
        negated = self._accept("not") is not None
        self._accept("in")
        tested = self._value(first, part)
        if isinstance(tested, Constant):
            self._fail(first, "only a column can stand before 'in'", "for a range write 0 <= age < 18")
        opening = self._accept("[", "(")
        if opening is None:
            self._expected("a list in brackets after 'in'")
        closing = "]" if opening.kind == "[" else ")"
        choices: list[Constant] = []
        while not self._accept(closing):
            if choices and not self._accept(","):
                self._expected(f"',' or '{closing}'")
            if choices and self._accept(closing):
                break
            token = self._current
            choice = self._signed()
            if not isinstance(choice, Constant):
                self._fail(token, "a list contains numbers or texts, not columns", "put text in quotes")
            choice = replace(choice, real=False)
            self._read_beside(token, tested, choice)
            choices.append(choice)
        if not choices:
            self._fail(opening, "the list is empty")
        return InList(tested, tuple(choices), negated)

    def _pair(self, left: tuple[Token, Part], sign: Token, right: tuple[Token, Part]) -> Comparison:
        one, other = self._value(*left), self._value(*right)
        if isinstance(one, Constant) and isinstance(other, Constant):
            self._fail(sign, "this compares two constants", "write a column name without quotes or in backticks")
        for side in (one, other):
            if isinstance(side, Constant) and isinstance(side.value, bool) and sign.text not in ("==", "!="):
                self._fail(sign, "true and false are not ordered", "write '==' or '!='")
        for side, beside in ((one, other), (other, one)):
            if not isinstance(side, Constant):
                self._read_beside(sign, side, beside)
        as_text = self._is_text(one) or self._is_text(other)
        return Comparison(without_point(one), sign.text, without_point(other), as_text)

    # -- how columns are read --------------------------------------------------------------------------------------

    def _is_text(self, value: Value) -> bool:
        """Whether a value is compared as a label."""
        if isinstance(value, Constant):
            return not isinstance(value.value, float)
        if isinstance(value, Choice):
            return value.of_texts
        let = self._lets.get(value.name) if isinstance(value, Column) else None
        return isinstance(value, TextCall) or (let is not None and let.is_text)

    def _read_beside(self, token: Token, value: Value, other: Value) -> None:
        """`value` is compared with `other`, which decides how it is read."""
        if isinstance(other, Constant) and other.value == "":
            self._fail(token, "an empty text counts as missing", f"write: {value.text()} is null")
        if isinstance(value, Column) and isinstance(other, Constant) and isinstance(other.value, str):
            self.texts.append((value.name, other.value))
        reading: ComparedAs = "text" if self._is_text(other) else "number"
        if isinstance(value, Column):
            self._read(value, reading, token)
        elif self._is_text(value) and reading == "number" and not isinstance(other, Column):
            self._fail(token, f"{value.text()} is a text, and it is compared with a number",
                       "put numbers in quotes to compare them as text")  # fmt: skip

    def _read(self, column: Column, reading: ComparedAs, token: Token | None = None) -> None:
        let = self._lets.get(column.name)
        if let is not None and let.is_text and reading == "number" and token is not None:
            self._fail(token, f"{column.text()} is a text, and it is used as a number",
                       "put numbers in quotes to compare them as text")  # fmt: skip
        if reading == "any":
            self._readings.setdefault(column.name, None)
            return
        before = self._readings.get(column.name) or reading
        if before != reading and let is None and token is not None:
            hint = "put numbers in quotes to compare them as text; two columns are compared as numbers"
            self._fail(token, f"{column.text()} is compared as a number and as text", hint)
        self._readings[column.name] = reading

    def _number(self, token: Token, part: Part) -> Value:
        """The part, which begins at this token, as an operand: a number, or a vector of them."""
        value = self._value(token, part)
        if isinstance(value, Constant) and not isinstance(value.value, float):
            self._fail(token, "a number is expected here", "write a column name without quotes or in backticks")
        if isinstance(value, Column):
            self._read(value, "number", token)
        elif self._is_text(value):
            self._fail(token, f"{value.text()} is a text, and a number is expected here")
        return value

    def _text(self, token: Token, part: Part) -> Value:
        """The part as an argument: a text."""
        value = self._value(token, part)
        if isinstance(value, Column):
            self._read(value, "text", token)
        elif not self._is_text(value):
            self._fail(token, "a text is expected here")
        return value

    # -- values ----------------------------------------------------------------------------------------------------

    def _sum(self, binds: int = 1) -> Part:
        """Values joined by operators that bind so closely, or closer: sums and products."""
        first = self._current
        left = self._signed()
        while (own := _CLOSENESS.get(self._current.kind, 0)) >= binds:
            sign = self._operator()
            token = self._current
            right = self._number(token, self._sum(own + 1))
            left = Arithmetic(self._number(first, left), sign.text, right)
        return left

    def _operator(self) -> Token:
        """The operator that comes next, counted: each makes the tree deeper by one at most."""
        token = self._current
        self._position += 1
        self._operators += 1
        if self._operators > _MAX_OPERATORS:
            self._fail(token, f"more than {_MAX_OPERATORS} operators", "divide it among several --let")
        return token

    def _signed(self) -> Part:
        """A value with its sign and its power, which binds closer than the sign."""
        first = self._current
        if first.kind in ("+", "-"):
            self._operator()
            token = self._current
            inner = self._number(token, self._signed())
            if first.kind == "+":
                return inner
            if isinstance(inner, Constant):
                return replace(inner, value=-float(inner.value))
            return Negation(inner)
        base = self._atom()
        if self._current.kind != "**":
            return base
        self._operator()
        token = self._current
        exponent = self._number(token, self._signed())
        return Arithmetic(self._number(first, base), "**", exponent)

    def _atom(self) -> Part:
        token = self._accept("number", "name", "quoted", "true", "false", "(")
        if token is None:
            null = self._current.kind == "null"
            self._expected("a column or a value", "write 'is null' or 'is not null'" if null else None)
        if token.kind == "(":
            self._deeper(token)
            inner = self._joined("or")
            if not self._accept(")"):
                self._expected(f"')' for the parenthesis at position {token.start + 1}")
            self._depth -= 1
            return inner
        if token.kind == "number":
            return self._literal(token)
        if token.kind == "name":
            return self._call(token) if self._current.kind == "(" else Column(token.text)
        if token.kind == "quoted":
            inner_text = self._unescaped(token)
            return Column(inner_text) if token.text[0] == "`" else Constant(inner_text)
        return Constant(token.kind == "true")

    def _call(self, name: Token) -> Value:
        known = {*FUNCTIONS, *TEXT_FUNCTIONS, "where"}
        if name.text not in known:
            listed = f"the functions are: {', '.join(SIGNATURES)}"
            self._fail(name, f"unknown function '{name.text}'", did_you_mean(name.text, known, listed))
        opening = self._accept("(")
        assert opening is not None
        self._deeper(opening)
        given: list[tuple[Token, Part]] = []
        while not self._accept(")"):
            if given and not self._accept(","):
                self._expected("',' or ')'")
            given.append((self._current, self._joined("or")))
        self._depth -= 1
        return self._called(name, given)

    def _called(self, name: Token, given: list[tuple[Token, Part]]) -> Value:
        says = next(says for says in SIGNATURES if says.startswith(f"{name.text}("))
        function = FUNCTIONS.get(name.text)
        least, most = (1, 1) if function is None else (function.least, function.most)
        if name.text == "where":
            least = most = 3
        if len(given) < least or (most is not None and len(given) > most):
            self._fail(name, f"{len(given)} argument{'s' if len(given) != 1 else ''} of {name.text}", f"write: {says}")
        if name.text == "where":
            return self._choice(given)
        if function is None:
            return TextCall(name.text, self._text(*given[0]))
        arguments = tuple(self._number(*one) for one in given)
        if name.text == "clip" and all(isinstance(bound, Constant) for bound in arguments[1:]):
            low, high = (float(bound.value) for bound in arguments[1:] if isinstance(bound, Constant))
            if low > high:
                self._fail(given[1][0], "the lower bound is above the upper one", f"write: {says}")
        return Call(name.text, arguments)

    def _choice(self, given: list[tuple[Token, Part]]) -> Choice:
        (start, test), *branches = given
        if not isinstance(test, _CONDITIONS):
            self._fail(start, "a condition is expected here", "write, for example, where(n > 0, p, 0)")
        of_texts = any(not isinstance(part, _CONDITIONS) and self._is_text(part) for _, part in branches)
        read = self._text if of_texts else self._number
        then, otherwise = (read(*branch) for branch in branches)
        return Choice(test, then, otherwise, of_texts)

    def _literal(self, token: Token) -> Constant:
        value = float(token.text)
        if value == float("inf"):
            self._fail(token, "this number is too large for a float64")
        if token.text.isdigit() and int(token.text) != int(value):
            self._fail(token, "a float64 cannot hold this number exactly", "put it in quotes to compare it as text")
        return Constant(value, real=not token.text.isdigit())

    def _unescaped(self, token: Token) -> str:
        def plain(match: re.Match[str]) -> str:
            if match[1] not in ESCAPES:
                start = token.start + 1 + match.start()
                self._written.fail(start, f"unknown escape {match[0]}", "write a backslash twice")
            return ESCAPES[match[1]]

        return re.sub(r"\\(.)", plain, token.text[1:-1], flags=re.DOTALL)

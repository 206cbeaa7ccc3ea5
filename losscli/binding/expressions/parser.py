"""Recursive-descent parser of filters."""

from __future__ import annotations

import re
from typing import NoReturn

from losscli.binding.expressions.lexer import ESCAPES, Token, fail, tokens
from losscli.binding.expressions.syntax_tree import (
    BooleanOperation,
    Column,
    ComparedAs,
    Comparison,
    ComparisonChain,
    Constant,
    InList,
    IsNull,
    Node,
    Not,
    Operand,
)

_MAX_DEPTH = 100


class Parser:
    """Parses one filter; `columns` collects how each column is read, `texts` what they are compared with as text."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._position, self._depth = text, tokens(text), 0, 0
        self._readings: dict[str, ComparedAs | None] = {}
        self.texts: list[tuple[str, str]] = []

    @property
    def columns(self) -> dict[str, ComparedAs]:
        """How each column is read; "any" if it is only tested for missing cells."""
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
        fail(self._text, token.start, what, hint)

    def _expected(self, what: str, hint: str | None = None) -> NoReturn:
        found = f"found {self._current.text}" if self._current.kind != "end" else "the filter ends"
        self._fail(self._current, f"expected {what}, but {found}", hint)

    def parse_all(self) -> Node:
        """The syntax tree of the whole text."""
        tree = self._joined("or")
        if self._current.kind != "end":
            self._expected("'and', 'or' or the end")
        return tree

    def _joined(self, word: str) -> Node:
        parts: list[Node] = []
        while True:
            part = self._joined("and") if word == "or" else self._operand_or_group()
            parts += part.parts if isinstance(part, BooleanOperation) and part.word == word else (part,)
            if not self._accept(word):
                return parts[0] if len(parts) == 1 else BooleanOperation(word, tuple(parts))

    def _operand_or_group(self) -> Node:
        token = self._accept("not", "(")
        if token is None:
            return self._comparison()
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._fail(token, f"more than {_MAX_DEPTH} levels of parentheses and 'not'")
        if token.kind == "not":
            inner: Node = Not(self._operand_or_group())
        else:
            inner = self._joined("or")
            if not self._accept(")"):
                self._expected(f"')' for the parenthesis at position {token.start + 1}")
        self._depth -= 1
        return inner

    def _comparison(self) -> Node:
        first = self._current
        left = self._value()
        if self._accept("is"):
            return self._null(first, left)
        if self._current.kind == "in" or (
            self._current.kind == "not" and self._tokens[self._position + 1].kind == "in"
        ):
            return self._in(first, left)
        pairs: list[Comparison] = []
        while sign := self._accept("sign"):
            right = self._value()
            pairs.append(self._pair(left, sign, right))
            left = right
        if not pairs:
            hint = (
                "functions are not supported in a filter"
                if self._current.kind == "("
                else "a column alone is not a condition; write, for example, is_test == true"
            )
            self._expected(f"a comparison after {first.text}", hint)
        return ComparisonChain(tuple(pairs))

    def _null(self, first: Token, tested: Operand) -> Node:
        negated = self._accept("not") is not None
        if not self._accept("null"):
            self._expected("'null' after 'is'", "'is null' finds missing cells; '==' compares")
        if not isinstance(tested, Column):
            self._fail(first, "only a column can be null")
        self._readings.setdefault(tested.name, None)
        return IsNull(tested, negated)

    def _in(self, first: Token, tested: Operand) -> Node:
        negated = self._accept("not") is not None
        self._accept("in")
        if not isinstance(tested, Column):
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
            choice = self._value()
            if not isinstance(choice, Constant):
                self._fail(token, "a list contains numbers or texts, not columns", "put text in quotes")
            self._read_as(token, tested, choice)
            choices.append(choice)
        if not choices:
            self._fail(opening, "the list is empty")
        return InList(tested, tuple(choices), negated)

    def _pair(self, left: Operand, sign: Token, right: Operand) -> Comparison:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Column):
                self._read_as(sign, one, other)
            elif isinstance(other, Constant):
                self._fail(sign, "this compares two constants", "write a column name without quotes or in backticks")
            elif isinstance(one.value, bool) and sign.text not in ("==", "!="):
                self._fail(sign, "true and false are not ordered", "write '==' or '!='")
        return Comparison(left, sign.text, right)

    def _read_as(self, token: Token, column: Column, other: Operand) -> None:
        if isinstance(other, Constant) and other.value == "":
            self._fail(token, "an empty text counts as missing", f"write: {column.text()} is null")
        if isinstance(other, Constant) and isinstance(other.value, str):
            self.texts.append((column.name, other.value))
        reading = other.reading() if isinstance(other, Constant) else "number"
        before = self._readings.get(column.name) or reading
        if before != reading:
            hint = "put numbers in quotes to compare them as text; two columns are compared as numbers"
            self._fail(token, f"{column.text()} is compared as a number and as text", hint)
        self._readings[column.name] = reading

    def _value(self) -> Operand:
        sign = self._accept("+", "-")
        token = self._accept("number") if sign else self._accept("number", "name", "quoted", "true", "false")
        if token is None and sign:
            self._fail(sign, "arithmetic is not supported", "put a column name with such characters in backticks")
        if token is None:
            null = self._current.kind == "null"
            self._expected("a column or a value", "write 'is null' or 'is not null'" if null else None)
        if token.kind == "number":
            return Constant(self._number(token) * (-1.0 if sign and sign.kind == "-" else 1.0))
        if token.kind == "name":
            return Column(token.text)
        if token.kind == "quoted":
            inner = self._unescaped(token)
            return Column(inner) if token.text[0] == "`" else Constant(inner)
        return Constant(token.kind == "true")

    def _number(self, token: Token) -> float:
        value = float(token.text)
        if value == float("inf"):
            self._fail(token, "this number is too large for a float64")
        if token.text.isdigit() and int(token.text) != int(value):
            self._fail(token, "a float64 cannot hold this number exactly", "put it in quotes to compare it as text")
        return value

    def _unescaped(self, token: Token) -> str:
        def plain(match: re.Match[str]) -> str:
            if match[1] not in ESCAPES:
                fail(
                    self._text, token.start + 1 + match.start(), f"unknown escape {match[0]}", "write a backslash twice"
                )
            return ESCAPES[match[1]]

        return re.sub(r"\\(.)", plain, token.text[1:-1], flags=re.DOTALL)

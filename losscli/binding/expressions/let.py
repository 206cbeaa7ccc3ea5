"""Derived columns (`--let`): `p = pct / 100`, in the grammar of filters, computed of the columns of each row.

A later one may use an earlier one. What one is - a number, a vector, a text, or a condition, which is true or false -
follows from its form and from the types of the columns that it reads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from losscli.binding.column_names import escape, split, unescape
from losscli.binding.expressions.decoded_batch import DecodedBatch
from losscli.binding.expressions.functions import ValueKind
from losscli.binding.expressions.lexer import Written
from losscli.binding.expressions.parser import Parser, Part
from losscli.binding.expressions.syntax_tree import (
    BooleanOperation,
    ComparedAs,
    ComparisonChain,
    InList,
    IsNull,
    Not,
)
from losscli.binding.expressions.values import Choice, Column, KindOf, TextCall, texts_of
from losscli.errors import DataError, UsageError
from losscli.io.arrow.build import from_numpy, strings, validity
from losscli.io.arrow.decode import Mask, Numbers, Texts
from losscli.lazy import dataclass

_CONDITIONS = (BooleanOperation, Not, IsNull, InList, ComparisonChain)
_MAX_LENGTH = 10_000


@dataclass(frozen=True)
class Let:
    """One derived column.

    Attributes
    ----------
    name
        The name that it has as a column.
    text
        `NAME = EXPRESSION` in canonical form, as reports and messages show it.
    reads
        The columns, and earlier derived columns, that it names, and how it reads them.
    columns
        The columns of the data that it reads, itself and by derived columns.
    is_text
        Whether it is a text.
    """

    name: str
    text: str
    reads: Mapping[str, ComparedAs]
    columns: Mapping[str, ComparedAs]
    is_text: bool
    _tree: Part

    def __hash__(self) -> int:
        return hash((self.name, self.text))

    @property
    def expression(self) -> str:
        """The canonical text of what is computed."""
        return self._tree.text()

    @property
    def renamed(self) -> str | None:
        """The column of the data that it is under another name; None if anything is computed."""
        alone = isinstance(self._tree, Column) and len(self.reads) == 1 and self.reads.keys() == self.columns.keys()
        return next(iter(self.columns)) if alone else None

    def kind(self, of: KindOf) -> ValueKind:
        """What its values are; `of` tells it of columns."""
        return "condition" if isinstance(self._tree, _CONDITIONS) else self._tree.kind(of)

    def numbers(self, batch: DecodedBatch) -> Numbers:
        """Its values as numbers; a condition is 1 or 0."""
        try:
            if not isinstance(self._tree, _CONDITIONS):
                return self._tree.numbers(batch)
            yes, no = self._tree.evaluate(batch)
        except DataError as error:
            raise self.named_in(error) from None
        unknown = ~(yes | no)
        return Numbers(yes.astype(np.float64), unknown if unknown.any() else None)

    def texts(self, batch: DecodedBatch) -> Texts:
        """Its values as labels; a condition is true or false."""
        if isinstance(self._tree, _CONDITIONS):
            found = self.numbers(batch)
            codes = found.values.astype(np.int64)
            return Texts(codes if found.missing is None else np.where(found.missing, -1, codes), ("false", "true"))
        if not self.is_text and not isinstance(self._tree, Column):
            return texts_of(batch.numbers(self.name))
        try:
            return self._tree.texts(batch)
        except DataError as error:
            raise self.named_in(error) from None

    def is_missing(self, batch: DecodedBatch) -> Mask:
        """Which rows have no value."""
        if isinstance(self._tree, Column):
            return batch.is_missing(self._tree.name)
        if self.is_text:
            return batch.texts(self.name).codes < 0
        missing = batch.numbers(self.name).missing
        return np.zeros(batch.rows, np.bool_) if missing is None else missing

    def named_in(self, error: DataError) -> DataError:
        """The error, which says in which expression it came up."""
        if " (in " not in error.message:
            error.message += f" (in {self.text})"
            error.args = (error.message, *error.args[1:])
        return error

    def beside(self, prefix: str, columns: Iterable[str], lets: Iterable[str]) -> Let:
        """The same of the columns of one file, all of whose names begin with `prefix`; of others as it is."""
        names = {name: prefix + name for name in (*columns, *lets)}
        return replace(
            self, name=prefix + self.name, _tree=_renamed(self._tree, names),
            reads={names.get(name, name): how for name, how in self.reads.items()},
            columns={names.get(name, name): how for name, how in self.columns.items()},
        )  # fmt: skip


def read_lets(texts: Sequence[str]) -> tuple[Let, ...]:
    """`NAME=EXPRESSION` of each text; a UsageError names the position of a mistake."""
    found: dict[str, Let] = {}
    names = {_name_of(text)[0] for text in texts}
    for text in texts:
        let = _read(text, found, names)
        found[let.name] = let
    return tuple(found.values())


def _name_of(text: str) -> tuple[str, int]:
    """The name before the first =, and where the expression begins."""
    left = split(text, "=", 1)[0]
    name, sign = unescape(left.strip()), text[len(left) :]
    if not sign or not name:
        raise UsageError(f"'{text}' is not NAME=EXPRESSION", hint="--let 'p = pct / 100'", value=text,
                         code="USAGE_BAD_EXPRESSION")  # fmt: skip
    return name, len(left) + 1


def _read(text: str, known: Mapping[str, Let], all_names: Collection[str]) -> Let:
    name, start = _name_of(text)
    if len(text) > _MAX_LENGTH:
        raise UsageError(f"the expression of '{name}' has {len(text)} characters; at most {_MAX_LENGTH} are allowed",
                         code="USAGE_BAD_EXPRESSION")  # fmt: skip
    if name in known:
        raise UsageError(f"'{name}' is derived twice: {known[name].text}, and {text.strip()}",
                         hint="give one of them another name", code="USAGE_BAD_EXPRESSION")  # fmt: skip
    parser = Parser(Written(text, start, "expression", "USAGE_BAD_EXPRESSION"), known)
    tree = parser.parse_any()
    reads = parser.columns
    for other in reads:
        if other in all_names and other not in known:
            what = "itself" if other == name else f"'{other}', which is derived after it"
            hint = "give it another name than the column" if other == name else f"put '{other}' before it"
            raise UsageError(f"'{name}' uses {what}", hint=hint, value=text, code="USAGE_BAD_EXPRESSION")
    is_text = isinstance(tree, TextCall) or (isinstance(tree, Choice) and tree.of_texts)
    if isinstance(tree, Column) and tree.name in known:
        is_text = known[tree.name].is_text
    shown = escape(name)
    return Let(name, f"{shown} = {tree.text()}", reads, columns_of(reads, known), is_text, tree)


def columns_of(reads: Mapping[str, ComparedAs], lets: Mapping[str, Let]) -> dict[str, ComparedAs]:
    """The columns of the data behind these names, and how they are read; text goes before number."""
    found: dict[str, ComparedAs] = {}
    for name, reading in reads.items():
        for column, how in lets[name].columns.items() if name in lets else ((name, reading),):
            own = reading if how == "any" else how
            both = {own, found.get(column, own)}
            found[column] = "text" if "text" in both else "number" if "number" in both else "any"
    return found


def with_used(names: Iterable[str], lets: Mapping[str, Let]) -> list[str]:
    """The derived columns among these names, and those that they use; in their order."""
    used = {name for name in names if name in lets}
    for name in reversed(list(lets)):
        if name in used:
            used.update(other for other in lets[name].reads if other in lets)
    return [name for name in lets if name in used]


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    """The tree with other names of columns."""
    if isinstance(node, Column):
        return Column(names.get(node.name, node.name))
    if isinstance(node, tuple):
        return tuple(_renamed(part, names) for part in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    return replace(node, **{each.name: _renamed(getattr(node, each.name), names) for each in fields(node)})


def as_column(let: Let, kind: ValueKind, batch: DecodedBatch) -> pa.Array:
    """The values of a derived column of this kind, as a column beside those that were read."""
    if (renamed := let.renamed) is not None:
        return batch.column(renamed)
    if kind == "text":
        cells = batch.texts(let.name)
        names = strings(cells.names)
        return pa.DictionaryArray.from_arrays(from_numpy(np.maximum(cells.codes, 0), cells.codes >= 0), names)
    found = batch.numbers(let.name)
    there = None if found.missing is None else ~found.missing
    if kind == "condition":
        return from_numpy(found.values != 0, there)
    if kind != "vector":
        return from_numpy(found.values, there)
    if there is not None and not there.any():  # a column of nulls is one of lists, too, which have no width here
        return from_numpy(np.zeros(batch.rows), there)
    values = found.values if found.values.ndim > 1 else found.values[:, None]
    flat = from_numpy(np.ascontiguousarray(values).reshape(-1))
    mask = None if there is None else validity(there)
    return pa.Array.from_buffers(pa.list_(pa.float64(), values.shape[1]), batch.rows, [mask], children=[flat])

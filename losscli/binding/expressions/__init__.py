"""Filters (`--where`): `split == "test" and 0 <= age < 18`, in a grammar of our own that cannot run code.

    filter      comparisons joined by `and`, `or`, `not`, parentheses
    comparison  value ( == != < <= > >= value )+ · column [not] in [literal, ...] · column is [not] null
    value       a column or a literal, at least one of two neighbours a column
    column      letters, digits, `_`, `.` and elements `[0]`; any other name in backticks
    literal     12, -0.5, 1e-3 · "text" or 'text' with backslash escapes · true, false

A column is read as numbers or as text, depending on what it is compared with; two columns are compared as numbers.
Texts are compared as labels, in the canonical form that slices, keys and classes have: 1.0 is 1, and True is true. They
are ordered by code point. A cell that is null, empty or a text that stands for missing (NA) is missing, whatever it is
compared with. As in SQL, a comparison with a missing cell is neither true nor false, and only rows for which the whole
filter is true pass, so `not` does not select them.
NaN is a value, not a missing cell: it differs from everything and is neither above nor below anything.

The lexer splits the text into tokens, the parser builds the syntax tree, and the tree is evaluated on batches. It uses
`io.arrow` to decode columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from losscli.binding.expressions.parser import Parser
from losscli.binding.expressions.syntax_tree import BooleanOperation, Column, ComparedAs, DecodedBatch, Node
from losscli.errors import Location, UsageError
from losscli.io.arrow.decode import PLAIN, Mask, NumberFormat

__all__ = ["ComparedAs", "Filter", "parse"]

_MAX_LENGTH = 10_000


@dataclass(frozen=True)
class Filter:
    """A filter: its canonical text, the columns that it reads, and the evaluation on a batch."""

    text: str
    columns: Mapping[str, ComparedAs] = field(hash=False)
    texts: tuple[tuple[str, str], ...] = field(compare=False)  # the columns and texts that are compared
    _tree: Node = field(repr=False, compare=False)

    def mask(
        self,
        data: pa.RecordBatch,
        location: Location,
        number_format: NumberFormat = PLAIN,
        warned: Counter[str] | None = None,
    ) -> Mask:
        """True for each row that passes; `number_format` is how numbers are written as text, and what is missing.

        `warned` counts the cells that contain a text which stands for missing, and are compared with text.
        """
        warned = Counter() if warned is None else warned
        return self._tree.evaluate(DecodedBatch(data, location, number_format, warned))[0]

    def only(self, known: Callable[[str], bool]) -> Filter | None:
        """The conditions, of those that all must hold, all of whose columns are known; None if there are none."""
        tree = self._tree
        parts = tree.parts if isinstance(tree, BooleanOperation) and tree.word == "and" else (tree,)
        chosen = [part for part in parts if all(map(known, parse(part.text()).columns))]
        return parse(" and ".join(f"({part.text()})" for part in chosen)) if chosen else None

    def check_texts(self, number_format: NumberFormat) -> None:
        """Refuse a comparison with a text that stands for missing: no row could pass it."""
        for column, text in self.texts:
            if number_format.is_null(text):
                raise UsageError(
                    f"the filter compares {Column(column).text()} with '{text}', which stands for a missing cell",
                    hint=f"write: {Column(column).text()} is null; or set what is missing, such as --null-values ''",
                    code="USAGE_BAD_FILTER",
                )


def parse(text: str) -> Filter:
    """Parse a filter; a UsageError names the position of a mistake."""
    _check_length(text)
    parser = Parser(text)
    tree = parser.parse_all()
    canonical = tree.text()
    _check_length(canonical)  # escapes may have made it longer, and it must be a valid filter, too
    return Filter(canonical, parser.columns, tuple(parser.texts), tree)


def _check_length(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise UsageError(
            f"the filter has {len(text)} characters; at most {_MAX_LENGTH} are allowed", code="USAGE_BAD_FILTER"
        )

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

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from losscli.binding.expressions.parser import Parser
from losscli.binding.expressions.syntax_tree import ComparedAs, DecodedBatch, Node
from losscli.errors import Location, UsageError
from losscli.io.arrow.decode import PLAIN, Mask, NumberFormat

__all__ = ["Reading", "Where", "parse"]

_MAX_LENGTH = 10_000


@dataclass(frozen=True)
class Filter:
    """A filter: its canonical text, the columns that it reads and how, and which rows of a batch it takes."""

    text: str
    columns: Mapping[str, ComparedAs] = field(hash=False)
    _tree: Node = field(repr=False, compare=False)

    def mask(self, data: pa.RecordBatch, location: Location, spelling: NumberFormat = PLAIN) -> Mask:
        """True for each row that is taken; `spelling` tells how texts stand for numbers."""
        return self._tree.evaluate(DecodedBatch(data, location, self.columns, spelling))[0]


def parse(text: str) -> Filter:
    """The filter that this text describes; UsageError with the position if it describes none."""
    _check_length(text)
    parser = Parser(text)
    tree = parser.parse_all()
    canonical = tree.text()
    _check_length(canonical)  # escapes may have made it longer, and it must be a filter itself
    return Filter(canonical, parser.columns, tree)


def _check_length(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise UsageError(
            f"the filter has {len(text)} characters; at most {_MAX_LENGTH} are allowed", code="USAGE_BAD_FILTER"
        )

"""Expressions: filters (`--where`) and derived columns (`--let`), in a grammar of our own that cannot run code.

    filter      conditions joined by `and`, `or`, `not`, parentheses
    condition   value ( == != < <= > >= value )+ · value [not] in [literal, ...] · column is [not] null
    value       a column, a literal, a call, or values joined by + - * / ** (which binds to the right), parentheses
    call        abs sqrt exp log log1p round sigmoid logit softmax (x) · min max (a, b, ...) · clip (x, low, high)
                where (filter, a, b) · lower trim (text)
    column      letters, digits, `_`, `.` and elements `[0]`; any other name in backticks
    literal     12, -0.5, 1e-3 · "text" or 'text' with backslash escapes · true, false

A derived column is a value, or a filter, which is true or false. Arithmetic is that of float64 (IEEE 754), except that
a whole number which a float64 cannot hold is an error and is never rounded, unless a literal has a point (1.0 * x).
A missing cell makes what is computed of it missing; NaN stays NaN. Lists are computed element by element.

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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

import numpy as np
import pyarrow as pa

from losscli.binding.expressions.decoded_batch import DecodedBatch
from losscli.binding.expressions.let import Let, columns_of, read_lets, with_used
from losscli.binding.expressions.lexer import Written
from losscli.binding.expressions.parser import Parser
from losscli.binding.expressions.syntax_tree import BooleanOperation, ComparedAs, Node
from losscli.binding.expressions.values import Column
from losscli.errors import Location, UsageError
from losscli.io.arrow.decode import PLAIN, Mask, NumberFormat
from losscli.lazy import dataclass

__all__ = ["ComparedAs", "Filter", "Let", "parse", "read_lets"]

_MAX_LENGTH = 10_000


@dataclass(frozen=True)
class Filter:
    """A filter: its canonical text, the columns that it reads, and the evaluation on a batch.

    `columns` are those of the data: `lets` are the derived columns that it may use by their names.
    """

    text: str
    columns: Mapping[str, ComparedAs] = field(hash=False)
    texts: tuple[tuple[str, str], ...] = field(compare=False)  # the columns and texts that are compared
    tree: Node = field(repr=False, compare=False)
    lets: Mapping[str, Let] = field(default_factory=dict, hash=False)

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
        with np.errstate(all="ignore"):  # arithmetic follows IEEE 754
            batch = DecodedBatch(data, location, number_format, warned, self.lets)
            return self.tree.evaluate(batch.computed(self.lets))[0]

    def only(self, known: Callable[[str], bool]) -> Filter | None:
        """The conditions, of those that all must hold, all of whose columns are known; None if there are none."""
        tree = self.tree
        parts = tree.parts if isinstance(tree, BooleanOperation) and tree.word == "and" else (tree,)
        lets = tuple(self.lets.values())
        chosen = [part for part in parts if all(map(known, parse(part.text(), lets).columns))]
        return parse(" and ".join(f"({part.text()})" for part in chosen), lets) if chosen else None

    def check_texts(self, number_format: NumberFormat) -> None:
        """Refuse a comparison with a text that stands for missing: no row could pass it."""
        for column, text in self.texts:
            if number_format.is_null(text):
                raise UsageError(
                    f"the filter compares {Column(column).text()} with '{text}', which stands for a missing cell",
                    hint=f"write: {Column(column).text()} is null; or set what is missing, such as --null-values ''",
                    code="USAGE_BAD_FILTER",
                )


def parse(text: str, lets: Sequence[Let] = ()) -> Filter:
    """Parse a filter, which may use these derived columns; a UsageError names the position of a mistake."""
    _check_length(text)
    known = {let.name: let for let in lets}
    parser = Parser(Written(text), known)
    tree = parser.parse_condition()
    canonical = tree.text()
    _check_length(canonical)  # escapes may have made it longer, and it must be a valid filter, too
    used = {name: known[name] for name in with_used(parser.columns, known)}
    return Filter(canonical, columns_of(parser.columns, used), tuple(parser.texts), tree, used)


def _check_length(text: str) -> None:
    if len(text) > _MAX_LENGTH:
        raise UsageError(
            f"the filter has {len(text)} characters; at most {_MAX_LENGTH} are allowed", code="USAGE_BAD_FILTER"
        )

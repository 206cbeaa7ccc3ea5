"""What a filter makes of ranges of values: whether any row could pass, so that others need not be read.

Only filters that compare columns with literals are judged, and only where evaluating them on the rows could neither
end in an error nor in a warning: a row that is not read must not be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from losscli.binding.expressions import Filter
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
from losscli.binding.expressions.values import Column, Constant
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import NumberFormat
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.formats.parquet_statistics import Range

_LARGEST_WHOLE = 1 << 53
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_POSSIBLE: dict[str, Callable[[Any, Any, Any], bool]] = {
    "==": lambda low, high, value: low <= value <= high,
    "<": lambda low, high, value: low < value,
    "<=": lambda low, high, value: low <= value,
    ">": lambda low, high, value: high > value,
    ">=": lambda low, high, value: high >= value,
}


@dataclass(frozen=True)
class RangeFilter:
    """A filter that can be judged by ranges; `nulls` are the texts that stand for missing."""

    filter: Filter
    nulls: frozenset[str]

    @property
    def columns(self) -> Collection[str]:
        """The columns that it reads."""
        return self.filter.columns

    def may_pass(self, ranges: Mapping[str, Range]) -> bool:
        """Whether a row with values in these ranges, or without any, could pass or would be spoken of."""
        read = self.filter.columns.items()
        if not all(_is_quiet(ranges[name], read_as, self.nulls) for name, read_as in read):
            return True
        return _may_be_true(self.filter.tree, ranges)


def range_filter(filter: Filter | None, number_format: NumberFormat) -> RangeFilter | None:
    """The filter to judge ranges by; None where it computes, or there is none."""
    if filter is None or filter.lets or not _is_plain(filter.tree):
        return None
    return RangeFilter(filter, frozenset(number_format.nulls))


def _is_plain(node: Node) -> bool:
    """Whether the condition only compares columns with literals."""
    if isinstance(node, Not):
        return _is_plain(node.inner)
    if isinstance(node, BooleanOperation):
        return all(map(_is_plain, node.parts))
    if isinstance(node, InList):
        return isinstance(node.tested, Column)
    if isinstance(node, IsNull):
        return True
    return all({type(pair.left), type(pair.right)} == {Column, Constant} for pair in node.pairs)


def _is_quiet(found: Range, read_as: ComparedAs, nulls: frozenset[str]) -> bool:
    """Whether values in a range are decoded in silence: float64 holds numbers, and no text stands for missing."""
    low, high = found
    if isinstance(low, str) and isinstance(high, str):
        # Those that do may have blanks around them.
        spelled = any(low <= f"{text}!" and text <= high for text in nulls)
        return read_as != "number" and low > "!" and not spelled
    exact = isinstance(low, float) or (low >= -_LARGEST_WHOLE and high <= _LARGEST_WHOLE)  # type: ignore[operator]
    return read_as != "text" and exact


def _may_be_true(node: Node, ranges: Mapping[str, Range]) -> bool:
    """Whether the condition could be true of a row. It is not where a row without values makes it true."""
    if isinstance(node, BooleanOperation):
        judge = all if node.word == "and" else any
        return judge(_may_be_true(part, ranges) for part in node.parts)
    if isinstance(node, ComparisonChain):
        return all(_may_hold(pair, ranges) for pair in node.pairs)
    if isinstance(node, InList) and not node.negated and isinstance(node.tested, Column):
        return any(_is_possible(ranges[node.tested.name], "==", choice) for choice in node.choices)
    return True


def _may_hold(pair: Comparison, ranges: Mapping[str, Range]) -> bool:
    if isinstance(pair.left, Column) and isinstance(pair.right, Constant):
        return _is_possible(ranges[pair.left.name], pair.sign, pair.right)
    if isinstance(pair.right, Column) and isinstance(pair.left, Constant):
        return _is_possible(ranges[pair.right.name], _MIRRORED[pair.sign], pair.left)
    return True


def _is_possible(found: Range, sign: str, constant: Constant) -> bool:
    (low, high), value = found, constant.value
    if sign not in _POSSIBLE or isinstance(value, bool) or isinstance(low, str) != isinstance(value, str):
        return True
    if isinstance(value, str) and (sign != "==" or not _is_one_label(value)):
        return True  # labels are ordered otherwise than texts: 10.0 is the label 10
    return _POSSIBLE[sign](low, high, value)


def _is_one_label(text: str) -> bool:
    """Whether no other text has this label: numbers, instants and booleans are written in several ways."""
    return text[:1].isalpha() and canonical_label(text) == text and text not in ("true", "false")

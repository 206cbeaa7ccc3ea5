"""The option --class-weight as a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from losscli.errors import UsageError


def read_class_weight(text: str | None) -> Literal["balanced"] | Mapping[str, float] | None:
    """`balanced`, or `cat=1,dog=2.5`."""
    if text is None:
        return None
    if text == "balanced":
        return "balanced"
    from losscli.binding.column_names import read_assignment, split
    from losscli.io.arrow.canonical import canonical_label

    weights: dict[str, float] = {}
    for piece in split(text, ","):
        name, value = read_assignment(piece, "CLASS=WEIGHT (or the word balanced)")
        try:
            weight = float(value)
        except ValueError:
            weight = -1.0
        if not 0 <= weight < float("inf"):
            raise UsageError(
                f"the weight '{value}' of class '{name}' is not a number of at least 0", code="USAGE_BAD_VALUE"
            )
        if canonical_label(name) in weights:
            raise UsageError(f"class '{name}' has two weights", code="USAGE_BAD_VALUE")
        weights[canonical_label(name)] = weight
    return weights

"""Which of two values of a loss is better: the lower, the higher, or the nearer to 0."""

from __future__ import annotations

from typing import Literal, TypeAlias

Direction: TypeAlias = Literal["lower", "higher", "zero"]

DIRECTIONS = ("lower", "higher", "zero")


def compared(direction: str, value: float) -> float:
    """What of a value is compared: its size where 0 is best, else the value itself."""
    return abs(value) if direction == "zero" else value


def is_lower_better(direction: str) -> bool:
    """Whether the lower of two values that are `compared` is better."""
    return direction != "higher"


def best_in_words(direction: str) -> str:
    """Which values are better: "lower", "higher" or "nearer to 0"."""
    return "nearer to 0" if direction == "zero" else direction

"""Numbers as JSON has them: null for what is not finite."""

from __future__ import annotations

import math


def number(value: float) -> float | None:
    """A finite number; null for others."""
    return float(value) if math.isfinite(value) else None


def optional(value: float | None) -> float | None:
    """A finite number; null for others and for none."""
    return None if value is None else number(value)


def whole(value: int | None) -> int | None:
    """A whole number; null for none."""
    return None if value is None else int(value)

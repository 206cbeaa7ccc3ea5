"""What the functions and operators of expressions compute: NumPy on arrays, each number by its own row.

Everything follows IEEE 754: the logarithm of a negative number is NaN, a division by zero infinite or NaN. Comparisons
and choices are written so that neither NaN nor the sign of a zero depends on how many rows come together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from losscli.contract.kinds import Array
from losscli.io.arrow.buffers import EXACT
from losscli.lazy import dataclass

ValueKind = Literal["number", "vector", "text", "condition"]


@dataclass(frozen=True)
class Function:
    """A function of numbers: how many it takes (`most` None: any number), what it computes, and what it is.

    `keeps_whole` says that it is a whole number where its arguments are.
    """

    compute: Callable[..., Array]
    says: str
    least: int = 1
    most: int | None = 1
    keeps_whole: bool = False
    of_rows: bool = False  # it sees the whole vector of a row


def smaller(a: Array, b: Array) -> Array:
    """The smaller of each two numbers; NaN where one of them is."""
    return np.where((a <= b) | np.isnan(a), a, b)


def larger(a: Array, b: Array) -> Array:
    """The larger of each two numbers; NaN where one of them is."""
    return np.where((a >= b) | np.isnan(a), a, b)


def smallest(*values: Array) -> Array:
    """The smallest of several numbers."""
    found = values[0]
    for other in values[1:]:
        found = smaller(found, other)
    return found


def largest(*values: Array) -> Array:
    """The largest of several numbers."""
    found = values[0]
    for other in values[1:]:
        found = larger(found, other)
    return found


def clip(x: Array, low: Array, high: Array) -> Array:
    """The number, or the bound that it is beyond."""
    return smaller(larger(x, low), high)


def logit(p: Array) -> Array:
    """log(p / (1 - p)), with all digits also near 0.5, where the logarithm would lose them."""
    # 2 p - 1 and 1 - p are exact from 0.25 on, or rounded once.
    middle = (p >= 0.25) & (p <= 0.75)
    near = np.where(middle, p, 0.5)
    return np.where(middle, np.log1p((2.0 * near - 1.0) / (1.0 - near)), np.log(p / (1.0 - p)))


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x) without overflow; keeps its digits for very negative x."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def softmax(x: Array) -> Array:
    """The class probabilities of each row of logits."""
    grown = np.exp(x - x.max(axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def power(a: Array, b: Array) -> Array:
    """a to the power b; a square is the product, and whole powers of whole numbers are exact up to 2^53."""
    found = np.where(b == 2.0, a * a, np.power(a, b))
    whole = is_whole(a) & is_whole(b) & (b >= 0) & (np.abs(found) <= EXACT)
    return np.asarray(np.where(whole, np.rint(found), found))


OPERATORS: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": power,
}

FUNCTIONS: dict[str, Function] = {
    "abs": Function(np.abs, "abs(x)", keeps_whole=True),
    "sqrt": Function(np.sqrt, "sqrt(x)"),
    "exp": Function(np.exp, "exp(x)"),
    "log": Function(np.log, "log(x)"),
    "log1p": Function(np.log1p, "log1p(x)"),
    "min": Function(smallest, "min(a, b, ...)", 2, None, keeps_whole=True),
    "max": Function(largest, "max(a, b, ...)", 2, None, keeps_whole=True),
    "clip": Function(clip, "clip(x, low, high)", 3, 3, keeps_whole=True),
    "round": Function(np.rint, "round(x)", keeps_whole=True),
    "sigmoid": Function(sigmoid, "sigmoid(x)"),
    "logit": Function(logit, "logit(p)"),
    "softmax": Function(softmax, "softmax(v)", of_rows=True),
}
"""The functions of numbers by their names."""

TEXT_FUNCTIONS: dict[str, tuple[Callable[[str], str], str]] = {
    "lower": (str.lower, "lower(text)"),
    "trim": (str.strip, "trim(text)"),
}
"""The functions of texts by their names."""

SIGNATURES = [
    *(function.says for function in FUNCTIONS.values()), "where(condition, a, b)",
    *(says for _, says in TEXT_FUNCTIONS.values()),
]  # fmt: skip
"""How each function is called."""


def is_whole(x: Array) -> Array:
    """Which numbers are whole, and no larger than those that a float64 holds exactly."""
    return np.asarray((np.abs(x) <= EXACT) & (np.rint(x) == x))


def first_rounded(sign: str, a: Array, b: Array, found: Array, missing: Array | None) -> int | None:
    """The place of the first whole result of whole numbers that a float64 cannot hold; None if there is none."""
    large = np.abs(found) >= EXACT
    if not large.any():
        return None
    a, b = (np.broadcast_to(side, found.shape) for side in (a, b))
    large &= is_whole(a) & is_whole(b) & np.isfinite(found)
    if missing is not None:
        large &= ~(missing if found.ndim == 1 else missing[:, None])
    exactly: dict[str, Callable[[int, int], int]] = {
        "+": int.__add__, "-": int.__sub__, "*": int.__mul__, "**": lambda base, power: int(base**power),
    }  # fmt: skip
    for place in np.flatnonzero(large):
        left, right = int(a.ravel()[place]), int(b.ravel()[place])
        if (sign != "**" or right >= 0) and exactly[sign](left, right) != int(found.ravel()[place]):
            return int(place)
    return None

"""What one run asks for: a value that the command line and Python callers fill alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from losscli.binding.spec import Spec

Policy = Literal["error", "drop"]


@dataclass(frozen=True)
class Inference:
    """How sure the numbers are to be said to be.

    `cluster` is the column whose rows of one value belong together; `bootstrap` the number of resamples that replace
    the t interval; `pairs` the comparisons (model, against) that are made on the same rows, with so many
    `permutations` of their signs.
    """

    interval: bool = False
    level: float = 0.95
    cluster: str | None = None
    bootstrap: int | None = None
    seed: int = 0
    pairs: tuple[tuple[str | None, str | None], ...] = ()
    permutations: int = 0


@dataclass(frozen=True)
class Request:
    """Losses, the columns they read, and how their values make a number.

    `preds` are `[NAME=]COLS`, `columns` `[MODEL:]ROLE=COLS`, `tables` `[MODEL:]ROLE=FILE`, as typed.
    `class_weight` is "balanced" or class -> weight; `reduction` None leaves it to the loss (mean, or the sum that a
    penalty is).
    """

    losses: tuple[Spec, ...]
    target: str | None = None
    preds: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    weight: str | None = None
    class_weight: Literal["balanced"] | Mapping[str, float] | None = None
    divide_by: Literal["weight", "count"] = "weight"
    reduction: Literal["mean", "sum"] | None = None
    by: tuple[str, ...] = ()
    max_slices: int = 100_000
    where: str | None = None
    batch_by: str | None = None
    batch_size: int | None = None
    missing: Policy = "error"
    nan: Policy = "error"
    positive: str | None = None
    on: tuple[str, ...] = ()
    inference: Inference = Inference()

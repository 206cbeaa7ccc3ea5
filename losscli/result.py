"""What came out: frozen values, no behaviour.

Floats here may be infinite or NaN (the renderers write null and the kind); an undefined number is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TermResult:
    """One named part of a loss: its mean over the units that take part."""

    mean: float
    sum: float
    count: int
    weight: float


@dataclass(frozen=True)
class PartResult:
    """One part of a blend: the value before its factor."""

    spec: str
    factor: float
    value: float


@dataclass(frozen=True)
class BatchResult:
    """Which rows a group loss saw together: `how` is "table", "size" or "by"."""

    how: str
    size: int | None
    by: str | None
    groups: int


@dataclass(frozen=True)
class LossResult:
    """One loss of one model on one slice."""

    model: str | None
    by: Mapping[str, str]
    loss: str
    spec: str
    params: Mapping[str, float | int | bool | str | None]
    reduction: str
    value: float
    count: int
    weight: float
    terms: Mapping[str, TermResult]
    direction: str
    revision: int
    signature: str
    parts: tuple[PartResult, ...] | None = None
    batch: BatchResult | None = None
    without_part: int = 0
    stderr: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class SourceResult:
    """One file that was read; `path` is as the user wrote it, or "-"."""

    path: str
    format: str
    rows: int


@dataclass(frozen=True)
class RowCounts:
    read: int
    used: int
    dropped: int


@dataclass(frozen=True)
class GateResult:
    gate: str
    model: str | None
    by: Mapping[str, str]
    value: float
    limit: float
    passed: bool


@dataclass(frozen=True)
class WarningResult:
    """Something the reader of a number should know; `count` says how often it occurred."""

    message: str
    count: int = 1


@dataclass(frozen=True)
class Evaluation:
    """A whole run: what was read, what came out."""

    sources: tuple[SourceResult, ...]
    rows: RowCounts
    results: tuple[LossResult, ...]
    bindings: Mapping[str, Mapping[str, tuple[str, ...]]]
    status: str = "passed"
    rows_sha256: str | None = None
    targets_sha256: str | None = None
    gates: tuple[GateResult, ...] = ()
    warnings: tuple[WarningResult, ...] = field(default=())

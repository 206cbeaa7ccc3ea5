"""What came out: frozen values, hardly any behaviour.

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
class Uncertainty:
    """How a standard error and an interval were made.

    `method` is "t" (from sums of squares and products; `df` degrees of freedom) or "bootstrap" (`resamples` draws
    from `seed`). `units` says what was taken as independent: "row", "batch" or the column of clusters; `count` is how
    many of them there were.
    """

    method: str
    level: float
    units: str
    count: int
    df: float | None = None
    resamples: int | None = None
    seed: int | None = None


@dataclass(frozen=True)
class BaselineResult:
    """The same number in a saved report; `change` is ours minus theirs, `relative` is change / |theirs|.

    `verdict` is "better", "worse", "same" or "undefined" (one of the two is NaN). `relative` is None where theirs is 0
    or one of the two is not finite.
    """

    value: float
    change: float
    relative: float | None
    verdict: str


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
    uncertainty: Uncertainty | None = None
    n_eff: float | None = None  # (sum of weights)**2 / sum of their squares, where rows have weights
    baseline: BaselineResult | None = None


@dataclass(frozen=True)
class PairedTest:
    """The p-values of one paired test, and what Holm's correction over all models of the comparison makes of it."""

    p: float
    holm: float


@dataclass(frozen=True)
class ComparisonResult:
    """Two models on the same rows: `model` against `against`; `difference` is value minus against_value.

    `wins`, `losses` and `ties` count the units (rows, or those of groups) where `model` is better, worse, the same;
    they are None where a loss has no value a unit. `verdict` is "better", "worse" or "no difference shown".
    """

    model: str | None
    against: str | None
    by: Mapping[str, str]
    loss: str
    spec: str
    direction: str
    value: float
    against_value: float
    difference: float
    count: int
    verdict: str
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    uncertainty: Uncertainty | None = None
    t: float | None = None
    t_test: PairedTest | None = None
    permutation: PairedTest | None = None
    permutations: int | None = None
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None


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
    """One gate on one model and slice.

    `state` is "passed", "failed", "skipped" (there is no baseline, and that was allowed) or "error" (it could not be
    judged, and that is not a pass). `reason` is one sentence with every digit that decided. `limit` is the number that
    the value was held against, allowance included. `path` and `line` say where a configuration file has the gate.
    """

    gate: str
    model: str | None
    by: Mapping[str, str]
    value: float
    limit: float
    state: str
    spec: str = ""
    direction: str = "lower"
    reason: str = ""
    baseline: float | None = None
    interval: tuple[float, float] | None = None  # of the change, where the gate asks for a significant one
    path: str | None = None
    line: int | None = None

    @property
    def passed(self) -> bool | None:
        """None: skipped, or not to be judged."""
        return {"passed": True, "failed": False}.get(self.state)


@dataclass(frozen=True)
class BaselineSource:
    """The saved report that numbers stand beside; `absent` are its numbers that this run lacks, in words.

    `incomparable` says why it cannot be set against this run; no number stands beside another then.
    """

    path: str
    absent: tuple[str, ...] = ()
    incomparable: tuple[str, ...] = ()


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
    comparisons: tuple[ComparisonResult, ...] = ()
    baseline: BaselineSource | None = None
    rows_file: str | None = None  # the name of the file of row values that was saved beside the report
    warnings: tuple[WarningResult, ...] = field(default=())


@dataclass(frozen=True)
class ErrorResult:
    """An error as data: its code from the documented list, the exit code, and what the error tree's fields say."""

    code: str
    exit: int
    message: str
    hint: str | None = None
    path: str | None = None
    row: int | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuiteResult:
    """One suite of a check, or a whole run (without a name): what came out, and the error that ended it, if one did."""

    name: str | None
    evaluation: Evaluation | None
    error: ErrorResult | None = None

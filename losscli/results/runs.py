"""A whole run, the sources that it read, and a check of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from losscli.lazy import dataclass
from losscli.results.judgements import ComparisonResult, GateResult
from losscli.results.losses import LossResult
from losscli.results.row_counts import RowCounts

if TYPE_CHECKING:
    from losscli.results.diagnostics import Diagnostics
    from losscli.results.worst_slices import WorstSlices


@dataclass(frozen=True)
class SourceResult:
    """One file that was read.

    Attributes
    ----------
    path : str
        The path as it was given; "-" is standard input.
    format : str
        "csv", "tsv", "parquet", "arrow", "jsonl", or what a table in memory is.
    rows : int
        Number of rows in the file.
    sha256 : str or None
        The SHA-256 of its bytes as they are stored, where that was asked for.
    """

    path: str
    format: str
    rows: int
    sha256: str | None = None


@dataclass(frozen=True)
class BaselineSource:
    """The saved report that a run is compared with.

    Attributes
    ----------
    path : str
        The path as it was given.
    absent : tuple[str, ...]
        The numbers of the baseline that this run lacks, in words.
    incomparable : tuple[str, ...]
        The reasons why the baseline cannot be compared with this run. Results have no baseline then.
    """

    path: str
    absent: tuple[str, ...] = ()
    incomparable: tuple[str, ...] = ()


@dataclass(frozen=True)
class WarningResult:
    """Something that the reader of a number should know.

    Attributes
    ----------
    message : str
        One sentence.
    count : int
        How often it occurred.
    noted : bool
        Whether a note on standard error has said it before the run.
    kind : str
        "warning", or "note": what was bound or decided without being asked for.
    """

    message: str
    count: int = 1
    noted: bool = False
    kind: str = "warning"


@dataclass(frozen=True)
class RemovedUnit:
    """A value without one of its units.

    Attributes
    ----------
    unit : str
        The cluster, the time, the key or number of the row, or the number of the batch.
    value : float
        The value of all other units. NaN where it is undefined.
    change : float
        `value` minus the value of all units.
    share : float
        The share that the unit has of the weight, between 0 and 1.
    """

    unit: str
    value: float
    change: float
    share: float


@dataclass(frozen=True)
class InfluenceResult:
    """The units whose removal would change a value, or a difference of two models, most.

    Attributes
    ----------
    model : str or None
        The model.
    against : str or None
        The model that it is compared with; None for a value alone.
    loss, spec : str
        The loss, and with its parameters as it can be typed.
    units : str
        What is removed: the name of the column of clusters or times, "row" or "batch".
    count : int
        Number of units.
    value : float
        The value of all units, or the difference.
    removed : tuple[RemovedUnit, ...]
        Up to ten units, the largest change first.
    by : Mapping[str, str]
        The slice: column -> its value. Empty for all rows.
    """

    model: str | None
    against: str | None
    loss: str
    spec: str
    units: str
    count: int
    value: float
    removed: tuple[RemovedUnit, ...]
    by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormulaResult:
    """What one of the losses of a run computes.

    Attributes
    ----------
    spec : str
        The loss with its parameters, as it can be typed.
    summary : str
        What it is, in one line.
    formula : str
        Its formula, an expression of one row.
    params : Mapping[str, float | int | bool | str | None]
        The value of each parameter.
    cite : str
        The source of the formula; empty where none is needed.
    """

    spec: str
    summary: str
    formula: str
    params: Mapping[str, float | int | bool | str | None]
    cite: str = ""


@dataclass(frozen=True)
class Origin:
    """What made a report, for the people who read it; no number depends on it.

    Attributes
    ----------
    command : tuple[str, ...]
        The words of the command line, without passwords. Empty where there was none.
    date : str or None
        The date that was asked for.
    """

    command: tuple[str, ...] = ()
    date: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """A whole run: what was read, and all results.

    Attributes
    ----------
    sources : tuple[SourceResult, ...]
        The files that were read.
    rows : RowCounts
        Rows read, used and dropped.
    results : Sequence[LossResult]
        One result per loss, model and slice, in the order of the request.
    bindings : Mapping[str, Mapping[str, tuple[str, ...]]]
        Model to role to the columns that play it.
    status : str
        "passed", "failed" (a gate failed) or "error" (a gate could not be judged).
    rows_sha256, targets_sha256 : str or None
        Hashes of the rows' keys and of the targets, whatever their order. None where no report shows them.
    weights_sha256, batches_sha256, slices_sha256 : str or None
        Hashes of the weights, batches and slices with the targets of their rows. None where a run has none.
    gates : tuple[GateResult, ...]
        The verdicts of gates.
    comparisons : tuple[ComparisonResult, ...]
        The comparisons of models that were asked for.
    influence : tuple[InfluenceResult, ...]
        The units that matter most, for each value and comparison of all rows. Empty where that was not asked for.
    worst_slices : WorstSlices or None
        The slices with losses that are worse than those of the rest by more than chance, where they were searched.
    baseline : BaselineSource or None
        The saved report that the run is compared with.
    rows_file : str or None
        The name of the file of row values that was saved beside the report.
    environment : tuple[str, ...]
        The environment variables that had a say in numbers or verdicts.
    lets : tuple[str, ...]
        The derived columns that the run used, each as `NAME = EXPRESSION`.
    warnings : tuple[WarningResult, ...]
        What the reader of the numbers should know.
    formulas : tuple[FormulaResult, ...]
        What the losses compute. Empty in a report that was read from a file.
    origin : Origin or None
        What made the report.
    diagnostics : Diagnostics or None
        The numbers of pictures, where a report shows them.
    """

    sources: tuple[SourceResult, ...]
    rows: RowCounts
    results: Sequence[LossResult]
    bindings: Mapping[str, Mapping[str, tuple[str, ...]]]
    status: str = "passed"
    rows_sha256: str | None = None
    targets_sha256: str | None = None
    weights_sha256: str | None = None
    batches_sha256: str | None = None
    slices_sha256: str | None = None
    gates: tuple[GateResult, ...] = ()
    comparisons: tuple[ComparisonResult, ...] = ()
    influence: tuple[InfluenceResult, ...] = ()
    worst_slices: WorstSlices | None = None
    baseline: BaselineSource | None = None
    rows_file: str | None = None
    environment: tuple[str, ...] = ()
    lets: tuple[str, ...] = ()
    warnings: tuple[WarningResult, ...] = field(default=())
    formulas: tuple[FormulaResult, ...] = ()
    origin: Origin | None = None
    diagnostics: Diagnostics | None = None


@dataclass(frozen=True)
class ErrorResult:
    """An error as data.

    Attributes
    ----------
    code : str
        One of the codes that `losscli help errors` lists.
    exit : int
        The exit code of a process that ends with the error.
    message : str
        What is wrong.
    hint : str or None
        How to fix it.
    path : str or None
        The file as it was given; "-" is standard input.
    row : int or None
        The row of the data, from 1, without the header.
    line : int or None
        The line of the text file, from 1.
    column : str or None
        The column of the data.
    value : str or None
        The cell or the word that is wrong.
    suggestions : tuple[str, ...]
        What may have been meant, best first.
    """

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
    """One suite of a check, or a run, which is a suite without a name.

    Attributes
    ----------
    name : str or None
        The name of the suite in the configuration file. None for a run.
    evaluation : Evaluation or None
        The results. None where an error came before them.
    error : ErrorResult or None
        The error that ended the suite.
    """

    name: str | None
    evaluation: Evaluation | None
    error: ErrorResult | None = None

"""What a command is asked for, as typed values: one for each command, of groups that several share.

`read_options` makes them of click's parameters; a suite of `check` becomes the value of `eval`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from losscli.lazy import dataclass
from losscli.report import renderer

if TYPE_CHECKING:
    from losscli.binding.request import Request, Unmatched
    from losscli.cli.destinations import Destination
    from losscli.cli.destinations.pictures import PictureFile
    from losscli.execution.engines.choose import ClusterChoice
    from losscli.gates.dropped import DropLimit
    from losscli.gates.grammar import Gate
    from losscli.io.files.planned import PlannedFiles
    from losscli.io.sides import JoinKind, KeyDifference
    from losscli.io.source import ReadOptions
    from losscli.results import Origin
    from losscli.results.calibration import MapResult


@dataclass(frozen=True)
class RowsFile:
    """Where the row values of `-o rows=FILE` go; the suffix tells the format."""

    path: str

    @property
    def name(self) -> str:
        """What the report calls it: it stands beside the report, wherever that is moved."""
        return os.path.basename(self.path)  # noqa: PTH119


@dataclass(frozen=True)
class Wanted:
    """The format for standard output, the format of each file by its path, and the file of row values.

    `environment` names the variables that had a say in the numbers, for the reports; `origin` is for those that say
    what made them. `detailed` asks tables for what few readers need, `show` for the losses of rows. `others` are
    destinations that are no files in a report format.
    """

    format: str
    files: Mapping[str, str]
    rows: RowsFile | None = None
    environment: tuple[str, ...] = ()
    origin: Origin | None = None
    detailed: bool = False
    show: bool = False
    others: tuple[Destination, ...] = ()

    @property
    def paths(self) -> list[str]:
        """Everything that will be written."""
        return [*self.reports, *([] if self.rows is None else [self.rows.path])]

    @property
    def reports(self) -> list[str]:
        """The same without row values."""
        return [*self.files, *(one.path for one in self.others if one.path is not None)]

    @property
    def _formats(self) -> tuple[str, ...]:
        """The formats of all reports, and those that need what other destinations need."""
        return (self.format, *self.files.values(), *(one.like for one in self.others))

    @property
    def hashing(self) -> bool:
        """Whether a report shows the hashes of the data."""
        return any(renderer(format).shows_hashes for format in self._formats)

    @property
    def fullest(self) -> str:
        """The format that needs most of the run: pictures before hashes of the data."""
        return max(self._formats, key=lambda one: (renderer(one).shows_diagnostics, renderer(one).shows_hashes))

    @property
    def diagnosing(self) -> bool:
        """Whether a report shows pictures, or --show asks for what they show."""
        return self.show or any(renderer(format).shows_diagnostics for format in self._formats)


@dataclass(frozen=True)
class TableFile:
    """Where the rows of `rows` and `grad` go: "-" is standard output. Without a format the suffix tells it."""

    path: str
    format: str | None = None


@dataclass(frozen=True)
class InputOptions:
    """Where the rows come from, and how files are read."""

    sources: tuple[str, ...]
    targets: str | None
    unmatched: Unmatched
    join: JoinKind | None
    key_match: tuple[KeyDifference, ...]
    beside: tuple[tuple[str | None, str], ...]
    read: ReadOptions
    planned: PlannedFiles | None = None  # those of a shard, in place of sources


@dataclass(frozen=True)
class FilesAsGiven:
    """Files and how they are read, as words of a command line; `init` says whether `check --init` has all of them."""

    sources: tuple[str, ...]
    options: tuple[str, ...]
    init: bool


@dataclass(frozen=True)
class InspectOptions:
    """What `inspect` reads: `limit` rows, or all; `files` are words for the commands that it proposes."""

    sources: tuple[str, ...]
    limit: int | None
    against: str | None
    read: ReadOptions
    files: FilesAsGiven


@dataclass(frozen=True)
class ExecutionOptions:
    """What reads and computes."""

    threads: int | None
    engine: str
    scheduler: str | None
    insecure_scheduler: bool
    scheduler_file: str | None
    tls_ca: str | None
    tls_cert: str | None
    tls_key: str | None
    worker_timeout: float | None

    @property
    def cluster(self) -> ClusterChoice:
        """How a cluster is reached."""
        from losscli.execution.engines.choose import ClusterChoice
        from losscli.execution.engines.security import Tls

        tls = Tls(self.tls_ca, self.tls_cert, self.tls_key)
        return ClusterChoice(self.scheduler, self.scheduler_file, self.insecure_scheduler, tls, self.worker_timeout)


@dataclass(frozen=True)
class ConsoleOptions:
    """What is said beside the result; `plan` stops before the rows are read."""

    quiet: bool
    verbose: bool
    plan: bool


@dataclass(frozen=True)
class GateOptions:
    """Gates, the baseline, and what follows from a verdict; without a limit, a gate allows no dropped prediction."""

    gates: tuple[Gate, ...] = ()
    baseline: str | None = None
    baseline_missing: Literal["error", "skip", "create"] = "error"
    allow_incomparable: bool = False
    exit_zero: bool = False
    max_dropped: DropLimit | None = None


@dataclass(frozen=True)
class RunOptions:
    """What the commands that read rows have in common; `notes` are about the request."""

    request: Request
    notes: tuple[str, ...]
    input: InputOptions
    execution: ExecutionOptions
    console: ConsoleOptions

    @property
    def read_beside(self) -> list[str]:
        """The files that are read beside the sources."""
        beside = (path for _, path in self.input.beside)
        return [*filter(None, [self.input.targets]), *(table.path for table in self.request.tables), *beside]

    @property
    def files(self) -> list[str]:
        """Everything that is read, as it is named."""
        return [*self.input.sources, *self.read_beside]


@dataclass(frozen=True)
class EvalOptions:
    """What `eval`, or a suite of `check`, is asked for."""

    run: RunOptions
    report: Wanted
    gates: GateOptions
    shard: str | None
    shard_plan: str | None
    state_out: str | None


@dataclass(frozen=True)
class CompareOptions:
    """What `compare` is asked for."""

    run: RunOptions
    report: Wanted
    gates: GateOptions
    against: str | None
    pairs: bool


@dataclass(frozen=True)
class TableOptions:
    """What `rows` is asked for, or `grad`: the derivative by the role `wrt`."""

    run: RunOptions
    output: TableFile
    wrt: str | None = None


@dataclass(frozen=True)
class CalibrateOptions:
    """What `calibrate` is asked for; `saved` is the map in the file `apply`, which is applied in place of a fit.

    Rows that are not `scored` have no target: a map is applied to them, and no more.
    """

    run: RunOptions
    format: str
    method: str | None
    step: float | None
    output: TableFile | None
    map: str | None
    apply: str | None
    saved: MapResult | None
    scored: bool = True
    pictures: tuple[PictureFile, ...] = ()

    @property
    def outputs(self) -> list[str]:
        """Everything that will be written."""
        output = [] if self.output is None else [self.output.path]
        return [*output, *filter(None, [self.map]), *(one.path for one in self.pictures)]


@dataclass(frozen=True)
class DescendOptions:
    """What `descend` is asked for."""

    run: RunOptions
    format: str
    method: str | None
    step: float | None
    steps: int


@dataclass(frozen=True)
class MergeOptions:
    """What `merge` is asked for."""

    states: tuple[str, ...]
    gates: GateOptions
    report: Wanted
    quiet: bool
    state_out: str | None


@dataclass(frozen=True)
class DiffOptions:
    """What `diff` is asked for; the baseline of its gates is the older report."""

    old: str
    new: str
    gates: GateOptions
    report: Wanted
    quiet: bool


@dataclass(frozen=True)
class CheckOptions:
    """What `check` is asked for; `outputs` and `format_` are texts, as --init has another use for them.

    `read` is how --init reads its file, and `reading` has the options that say so, by the keys of a suite.
    """

    names: tuple[str, ...]
    config: str | None
    trust_config: bool
    listing: bool
    init: str | None
    read: ReadOptions
    reading: Mapping[str, Any]
    outputs: tuple[str, ...]
    format_: str | None
    quiet: bool
    exit_zero: bool
    holm_over: str
    execution: ExecutionOptions
    shard: str | None
    state_out: str | None
    states: str | None
    environment: tuple[str, ...]

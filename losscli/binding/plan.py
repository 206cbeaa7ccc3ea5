"""What binding decides, as plain values: which array each kernel gets, and from which columns."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from losscli.binding.derived_columns import DerivedColumns
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.request import Request
from losscli.binding.spec import LossSpec, Spec
from losscli.contract.history import LookedUp
from losscli.contract.kinds import Array, Kind
from losscli.contract.loss import Term
from losscli.io.arrow.decode import PLAIN, NumberFormat
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.binding.grouping_keys import GroupingKey

ReadAs = Literal["number", "text"]

UnitValues: TypeAlias = Mapping[Hashable, Mapping[str, Term]]
"""What computed the values -> term -> the value of each unit."""


@dataclass(frozen=True)
class Table:
    """The file of a Matrix role: read whole, and the same for every row."""

    role: str
    model: str | None
    path: str


@dataclass(frozen=True)
class Matrix:
    """What a table holds; `rows` are the names in its class column, `labels` the starred parts of its columns."""

    values: Array
    rows: tuple[str, ...] | None
    columns: tuple[str, ...]
    labels: tuple[str, ...] | None


@dataclass(frozen=True)
class Classes:
    """How a class column becomes positions.

    `names` are the classes in the order of the other side; `sure` says that they are names for certain (a glob, a
    class column, --classes), else they are only if the first target is one of them. Otherwise whole numbers are
    positions, and count from `first`, which is None where it was not given. Without a carrier, classes are whatever the
    column holds.
    """

    names: tuple[str, ...] | None = None
    sure: bool = False
    carrier: Input | Table | None = None
    first: int | None = None


@dataclass(frozen=True)
class Input:
    """One array for a kernel: the columns, in the order in which the kernel gets them, and what they must hold."""

    role: str
    kind: Kind = field(hash=False)  # hashing it takes long, and role and columns differ for nearly all inputs
    columns: tuple[str, ...]
    wide: bool = False
    listed: bool = False
    keyed: bool = False  # lists of a label and a number each
    spelled: bool = False  # texts that spell vectors
    ragged: bool = False  # lists whose lengths may differ: a row's value is the mean over its own elements
    labels: tuple[str, ...] | None = None
    classes: Classes | None = None
    positive: str | None = None
    parameter: bool = False  # the values of a parameter, one a row
    facing: Input | None = field(default=None, hash=False)  # the target of predictions that may be labels
    against: str | None = None  # of such a target: the column of the predictions
    classed: bool = False  # of both: a kernel gets the labels as positions, not whether they are the same
    like: int | None = None  # a vectors role: the width of one vector is that of the role at this place
    entries: tuple[float, ...] | None = None  # what each number of a row is of, as a parameter says: levels
    steps: int | None = None  # how many numbers the parameter has that its values count


@dataclass(frozen=True)
class Job:
    """One loss on one model's columns.

    `inputs` stand in the order of the loss's roles; behind them are those of the parameters that rows have.
    """

    model: str | None
    spec: LossSpec
    inputs: tuple[Input | Table | None, ...]

    def by_role(self) -> Iterator[tuple[str, Input | Table | None]]:
        """Each role, then each parameter that rows have, and what plays it."""
        return zip((*self.spec.loss.roles, *self.spec.row_parameters), self.inputs, strict=True)


@dataclass(frozen=True)
class Line:
    """One line of the report: a spec, its model, and the job of each of its parts."""

    model: str | None
    spec: Spec
    jobs: tuple[Job, ...]


@dataclass(frozen=True)
class SearchedColumn:
    """A column by whose values slices are made; `labels` are all that it has, in their order, once they are known."""

    key: GroupingKey
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Search:
    """Where a run looks for the slices with the worst losses.

    Attributes
    ----------
    columns
        The columns, whose values make slices each by itself.
    pairs
        The positions of two columns whose values together make slices.
    left_out
        Columns that make none, and why.
    pairs_left_out
        How many pairs of columns are not looked at, as they are too many.
    alone
        The columns that nothing else reads.
    ready
        Whether the labels are known.
    """

    columns: tuple[SearchedColumn, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    pairs_left_out: int = 0
    alone: frozenset[str] = frozenset()
    ready: bool = False


class BaselineRows(Protocol):
    """The row values of an earlier run, which stand beside those of this run as the values of one more model."""

    @property
    def name(self) -> str:
        """What the earlier model is called in comparisons."""

    @property
    def lines(self) -> frozenset[int]:
        """The lines of the plan, by their positions, that have row values of the earlier run."""

    def paired(self, row_numbers: Array, keys: Sequence[EncodedLabels], values: UnitValues) -> UnitValues:
        """`values` of these rows together with the earlier values of the same rows."""


@dataclass(frozen=True)
class Plan:
    """Everything a run needs to know about columns."""

    request: Request
    lines: tuple[Line, ...]
    tables: Mapping[Table, Matrix]
    projection: Mapping[str, ReadAs]
    inputs: tuple[Input, ...]
    weight: str | None
    by: tuple[str, ...]
    batch_by: str | None
    class_column: str | None
    keys: tuple[str, ...]
    untyped: frozenset[str]  # columns of text formats, whose texts are numbers where a number is wanted
    notes: tuple[str, ...] = ()
    number_format: NumberFormat = PLAIN  # how texts stand for numbers
    cluster: str | None = None  # rows of one value belong together
    by_time: bool = False  # `cluster` is a column of times
    slice_keys: tuple[GroupingKey, ...] = ()  # how the labels of `by` come about
    unit_keys: Mapping[str, GroupingKey] = field(default_factory=dict)  # and those of clusters and batches
    pins: tuple[str, ...] = ()  # notes on edges that were found in the data
    pairings: tuple[str, ...] = ()  # notes on columns of several roles that were paired
    baseline: BaselineRows | None = None  # compared with the rows of this run
    shares_keys: bool = False  # whether several rows may have the same keys
    texts_inside: frozenset[str] = frozenset()  # typed texts in other columns: numbers where a number is wanted
    derived: DerivedColumns = field(default_factory=DerivedColumns, compare=False)  # beside the columns of the data
    shown: Mapping[str, bool] = field(default_factory=dict)  # beside the worst rows; whether nothing else reads them
    search: Search | None = None  # of slices with the worst losses
    looked_up: tuple[LookedUp, ...] = ()  # columns of the data that are looked up in a table of past values

    @property
    def searched_alone(self) -> frozenset[str]:
        """The columns that are read to search slices, and for nothing else."""
        return frozenset() if self.search is None else self.search.alone

    @property
    def searched_keys(self) -> tuple[GroupingKey, ...]:
        """How rows get the labels by which slices are searched."""
        return () if self.search is None else tuple(one.key for one in self.search.columns)

    def read_as(self, name: str) -> ReadAs:
        """How a column is read, be it one of the data or a derived one."""
        return self.derived.readings[name] if name in self.derived.readings else self.projection[name]

    @cached_property
    def logits(self) -> tuple[Input, ...]:
        """The predicted logits of losses that are also there for probabilities."""
        return tuple(dict.fromkeys(
            side for job in self.jobs if job.spec.loss.of_probabilities is not None
            for side in job.inputs if isinstance(side, Input) and side.kind.logit
        ))  # fmt: skip

    @property
    def is_pinned(self) -> bool:
        """Whether all edges of slices are known: those of quantiles are found in the data."""
        return all(key.is_pinned for key in self.slice_keys)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every job once."""
        return tuple(dict.fromkeys(job for line in self.lines for job in line.jobs))

    @property
    def leaves_out_weightless(self) -> bool:
        """Whether rows of weight 0 are left out before they are judged: unless a mean is divided by all rows."""
        divisors = [self.request.divisor(job.spec) for job in self.jobs]
        return self.weight is not None and "rows" not in divisors

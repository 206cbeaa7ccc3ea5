"""What a run is asked for: one value that the command line and the Python API both make, and that is read once.

The texts of the command line become values here (`read_prediction`, `read_role`, `read_matrix`, `read_filter`; COLS in
`column_names`). `python_request` makes the same values of the arguments of Python callers. No layer below parses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, NamedTuple

from losscli.binding.column_names import (
    ColumnsPattern,
    exact_columns,
    read_assignment,
    read_columns,
    split,
    unescape,
)
from losscli.binding.spec import LossSpec, Spec, settled
from losscli.binding.spec import parse as parse_spec
from losscli.contract.presets import DivideBy
from losscli.errors import UsageError
from losscli.io.remote.address import with_redacted_urls
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.binding.expressions import Filter, Let  # it loads pyarrow, which a run without a filter needs later

Policy = Literal["error", "drop"]
Others = Literal["error", "negative"]
Adjust = Literal["holm", "bh", "max-t", "none"]

Unmatched = Literal["error", "drop", "drop-targets"]


@dataclass(frozen=True)
class RoleBinding:
    """The columns that play a role, for one model, or for all where `model` is None.

    A prediction without a model gives its columns' name to one. `literal` is the other reading of a text such as
    `a=b`: it counts where a column of exactly that name is there. `many` is what stands before and behind the star of a
    model's name such as `*`: each column that a glob matches is then a model of its own.
    """

    role: str
    model: str | None
    columns: ColumnsPattern
    literal: ColumnsPattern | None = None
    many: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """The form in messages: of a prediction as it is typed."""
        if self.literal is not None:
            return self.literal.text
        return self.columns.text if self.model is None else f"{self.model}={self.columns.text}"


class MatrixSource(NamedTuple):
    """The file of a Matrix role, for one model or for all."""

    role: str
    model: str | None
    path: str


IntervalMethod = Literal["auto", "t", "hall", "wilson", "clopper-pearson"]
BootstrapMethod = Literal["bca", "studentised", "percentile"]


@dataclass(frozen=True)
class Inference:
    """Which uncertainty is reported, and how it is computed.

    `cluster` is the column whose rows of one value belong together; `time` the column that orders the rows, whose
    errors depend on those before, and `horizon` how many steps ahead they were forecast, if that bounds how far errors
    depend on each other; `sequential` says that one looks again as rows come in; `why` asks for the units that matter
    most; `bootstrap` the number of resamples that replace the t interval; `pairs` the comparisons (model, against) that
    are made on the same rows, with so many `permutations` of their signs and p-values adjusted by the method `adjust`,
    and which `test` decides ("auto": by the units and the loss); `margins` the relative margins beyond which a gate
    allows no worsening. `between` says what slices are compared with: the "rest", or COL=VALUE. Models may be `ranked`,
    and their relative skill `scaled_by` one of them. Comparisons are `gated` where gates need them. `power` is the
    chance with which comparisons are to find a difference. `interval_method` is how confidence intervals come about
    where there are no resamples, `bootstrap_method` how they do of resamples (None: BCa).
    """

    interval: bool = False
    level: float = 0.95
    cluster: str | None = None
    bootstrap: int | None = None
    seed: int = 0
    pairs: tuple[tuple[str | None, str | None], ...] = ()
    permutations: int = 0
    adjust: Adjust = "holm"
    between: str | None = None
    ranked: bool = False
    scaled_by: str | None = None
    gated: bool = False
    test: str = "auto"
    margins: tuple[Fraction, ...] = ()
    time: str | None = None
    horizon: int | None = None
    sequential: bool = False
    why: bool = False
    power: float | None = None
    interval_method: IntervalMethod = "auto"
    bootstrap_method: BootstrapMethod | None = None

    @property
    def grouping(self) -> str | None:
        """The column whose rows of one value are one unit: of clusters, or of times."""
        return self.cluster if self.time is None else self.time


@dataclass(frozen=True)
class Request:
    """Losses, the columns that they read, and how their values make a number.

    `preds` are predictions of models, `columns` the columns of all other roles, `tables` the files of Matrix roles.
    `positive` is the label of a binary target that is 1; `others` says whether its other labels may be several, which
    all count as 0. `classes` names what lists hold in their order, `first_class` is the first class index (by default
    0). `class_weight` is "balanced" or class -> weight; `reduction` None leaves it to the loss (mean, or the sum that a
    penalty is), and `divide_by` None to a preset (or else by weight). `mean_of` is what makes the groups over
    whose values a mean is taken, `group_weight` the column with their weights.
    """

    losses: tuple[Spec, ...]
    target: ColumnsPattern | None = None
    preds: tuple[RoleBinding, ...] = ()
    columns: tuple[RoleBinding, ...] = ()
    tables: tuple[MatrixSource, ...] = ()
    weight: str | None = None
    class_weight: Literal["balanced"] | Mapping[str, float] | None = None
    divide_by: DivideBy | None = None
    reduction: Literal["mean", "sum"] | None = None
    by: tuple[str, ...] = ()
    mean_of: str | None = None
    group_weight: str | None = None
    skill: bool = False  # against the best constant prediction
    skill_against: str | None = None  # the model that the others are held against
    max_slices: int = 100_000
    worst_slices: bool = False  # of all columns that play no role
    sort: str = "label"  # the order of slices: "loss", "count", "label", or a loss
    worst: int = 10  # rows that diagnostics name
    shown: ColumnsPattern | None = None  # columns beside them
    where: Filter | None = None
    lets: tuple[Let, ...] = ()  # derived columns; a later one may use earlier ones
    batch_by: str | None = None
    batch_size: int | None = None
    missing: Policy = "error"
    nan: Policy = "error"
    positive: str | None = None
    others: Others = "error"
    classes: tuple[str, ...] = ()
    first_class: int | None = None
    on: tuple[str, ...] = ()
    targets_on: tuple[str, ...] = ()  # the keys of the targets, if they have other names
    inference: Inference = Inference()

    @property
    def parameter_columns(self) -> tuple[str, ...]:
        """The columns that hold parameters of losses."""
        parts = (part for spec in self.losses for _, part in spec.parts)
        return tuple(dict.fromkeys(column for part in parts for column in part.row_parameters.values()))

    @property
    def weighted(self) -> bool:
        """Whether rows have weights, of their own or of their class."""
        return self.weight is not None or self.class_weight is not None

    def divisor(self, spec: LossSpec) -> DivideBy:
        """What the mean of a loss is divided by."""
        return spec.divide_by or self.run_divisor

    @property
    def mean_divisor(self) -> DivideBy:
        """What the means of a run are divided by where there are standard errors: there all losses have the same."""
        found = {self.divisor(part) for spec in self.losses for _, part in spec.parts if part.loss.source_roles}
        return found.pop() if len(found) == 1 else self.run_divisor

    @property
    def run_divisor(self) -> DivideBy:
        """What means are divided by where a loss does not say otherwise."""
        return self.divide_by or "weight"

    def key_columns(self, is_column: Callable[[str], bool]) -> list[str]:
        """The columns whose labels make slices, batches or clusters, of those that there are."""
        if not self.key_texts:
            return []
        from losscli.binding.grouping_keys import grouping_key

        return [grouping_key(text, is_column).column for text in self.key_texts]

    @property
    def key_texts(self) -> tuple[str, ...]:
        """What tells rows apart, as it was asked for: slices, batches, and clusters or times."""
        units = self.batch_by, self.inference.grouping
        return (*self.slice_texts, *(text for text in units if text is not None))

    @property
    def slice_texts(self) -> tuple[str, ...]:
        """What rows are told apart by: the slices of the report, then the groups of a mean over groups."""
        groups = (self.mean_of, self.group_weight)
        return *self.by, *(text for text in groups if text is not None)

    def spelling(self, text: str) -> str:
        """The text that a loss of this run has, of any spelling of it."""
        return settled([parse_spec(text)], self.divide_by, weighted=self.weighted)[0].text


def read_prediction(text: str) -> RoleBinding:
    """`[NAME=]COLS`."""
    name, *columns = split(text, "=", 1)
    if not columns:
        return RoleBinding("pred", None, read_columns(text))
    literal = exact_columns([text])
    return RoleBinding("pred", unescape(name.strip()), read_columns(columns[0]), literal, starred(name.strip()))


def read_role(text: str) -> RoleBinding:
    """`[MODEL:]ROLE=COLS`."""
    left, columns = read_assignment(text, "[MODEL:]ROLE=COLS")
    many = starred(split(text, "=", 1)[0].strip().rpartition(":")[0])
    return RoleBinding(*role_and_model(left), read_columns(columns), many=many)


def starred(name: str) -> tuple[str, str] | None:
    r"""What stands before and behind the star of a model's name; None without one. `\*` is an ordinary character."""
    parts = [unescape(part) for part in split(name, "*")]
    if len(parts) > 2:
        raise UsageError(f"the model name '{name}' contains more than one *",
                         hint=r"*=model_* names many models; \* is an ordinary character",
                         code="USAGE_COLUMNS")  # fmt: skip
    return (parts[0], parts[1]) if len(parts) == 2 else None


def read_matrix(text: str) -> MatrixSource:
    """`[MODEL:]ROLE=FILE`."""
    left, path = read_assignment(text, "[MODEL:]ROLE=FILE")
    if "/" in left.rpartition(":")[2]:  # an address with a query
        raise UsageError(f"'{with_redacted_urls(text)}' is not [MODEL:]ROLE=FILE", code="USAGE_COLUMNS")
    return MatrixSource(*role_and_model(left), path)


def read_filter(text: str, lets: Sequence[Let] = ()) -> Filter:
    """The expression of --where, which may use derived columns."""
    from losscli.binding.expressions import parse  # not on the way of a run without a filter

    return parse(text, lets)


def read_lets(texts: Sequence[str]) -> tuple[Let, ...]:
    """`NAME=EXPR` of each derived column."""
    if not texts:
        return ()
    from losscli.binding.expressions import read_lets

    return read_lets(texts)


def read_slice(text: str) -> dict[str, str]:
    """`COL=VALUE[,COL=VALUE]`: column -> the name of the slice."""
    return {unescape(name.strip()): unescape(value) for name, value in
            (read_assignment(piece, "rest, or COL=VALUE") for piece in split(text, ","))}  # fmt: skip


def role_and_model(text: str) -> tuple[str, str | None]:
    """`[MODEL:]ROLE`. No role has a colon, so the last one ends the model's name."""
    model, colon, role = text.rpartition(":")
    return role, model if colon else None

"""What was found in files: columns, the roles that they can play, the losses that fit, and what looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from losscli.lazy import dataclass


@dataclass(frozen=True)
class RoleResult:
    """A role that a column can play, and why."""

    role: str
    why: str


@dataclass(frozen=True)
class HistogramResult:
    """Counts in bins of equal width; `edges` are one more than `counts`, but of a constant."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ColumnResult:
    """One column.

    Attributes
    ----------
    name, type : str
        The type is "integer", "number", "text", "boolean", "date", "vector[N]", "list", "other", "mixed" or "empty".
    missing, nan, infinite : int
        Empty or null cells, numbers that are NaN, and infinite ones, of all rows that were read.
    distinct : int or None
        How many different values there are; None of lists.
    distinct_exact : bool
        Whether that is their number, and no estimate.
    low, high : float or None
        The least and the largest finite number.
    histogram : HistogramResult or None
        Of the numbers of the rows that were kept.
    values : tuple of (str, int)
        The most frequent texts of the rows that were kept, and how often they occur.
    roles : tuple of RoleResult
        What it can play, the most likely role first.
    group : str or None
        The columns that play a role together with it, as an option names them: `p_*`.
    """

    name: str
    type: str
    missing: int
    nan: int
    infinite: int
    distinct: int | None
    distinct_exact: bool
    low: float | None = None
    high: float | None = None
    histogram: HistogramResult | None = None
    values: tuple[tuple[str, int], ...] = ()
    roles: tuple[RoleResult, ...] = ()
    group: str | None = None


@dataclass(frozen=True)
class LossChoice:
    """A loss that fits, as it is asked for; `why` says what in the values speaks for it.

    `batched` says that it sees all rows of a batch.
    """

    spec: str
    summary: str
    direction: str
    why: str
    batched: bool = False


@dataclass(frozen=True)
class FitResult:
    """Columns in their roles, as they are typed, and the losses that fit them, best first.

    `preds` are the predictions of several models. `settings` are further options that a run of them needs, `slices`
    columns of a few texts. `command` scores it.
    """

    roles: Mapping[str, str]
    preds: tuple[str, ...]
    losses: tuple[LossChoice, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    slices: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True)
class FindingResult:
    """Something that looks wrong; `code` is a word for programs."""

    code: str
    columns: tuple[str, ...]
    message: str
    hint: str | None = None


@dataclass(frozen=True)
class DriftResult:
    """How the values of a column, or the errors of a model, differ between two files.

    Attributes
    ----------
    name, role : str
        The column as it is typed; "target", "pred" or "error".
    psi : float or None
        The population stability index over tenths of the reference, or over classes.
    psi_critical : float or None
        What it exceeds in 5 % of all pairs of files that are samples of one distribution.
    wasserstein : float or None
        The Wasserstein distance of order 1, in the unit of the column; None of classes.
    mean, reference_mean : float or None
        The means in the files; None of classes.
    """

    name: str
    role: str
    psi: float | None
    psi_critical: float | None
    wasserstein: float | None = None
    mean: float | None = None
    reference_mean: float | None = None


@dataclass(frozen=True)
class Inspection:
    """All that was found.

    Attributes
    ----------
    sources : tuple of (str, str)
        The path and the format of each file.
    rows : int
        How many rows were read.
    limit : int or None
        How many were to be read at most.
    complete : bool
        Whether these are all rows.
    unseen : tuple of str
        Columns that were not looked at.
    """

    sources: tuple[tuple[str, str], ...]
    rows: int
    limit: int | None
    complete: bool
    columns: tuple[ColumnResult, ...]
    fits: tuple[FitResult, ...] = ()
    findings: tuple[FindingResult, ...] = ()
    commands: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    reference: Inspection | None = None
    drift: tuple[DriftResult, ...] = ()

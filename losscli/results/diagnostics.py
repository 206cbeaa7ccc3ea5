"""The numbers that pictures show: distributions of losses, the worst rows, reliability, curves and counts of classes.

Each is small, whatever the number of rows. The JSON report has them under `diagnostics`, by the names of these fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from losscli.lazy import dataclass


@dataclass(frozen=True)
class Bin:
    """So many rows have a number from `low` to `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class WorstRowResult:
    """One of the rows with the worst losses.

    Attributes
    ----------
    row : int
        Its number in the run, from 1.
    value : float
        Its loss.
    by : Mapping[str, str]
        The slice that it is in.
    keys : Mapping[str, str]
        The columns that name rows, if there are any, with its labels.
    cells : Mapping[str, float | str]
        Its inputs that are one number or a class, by column.
    """

    row: int
    value: float
    by: Mapping[str, str]
    keys: Mapping[str, str]
    cells: Mapping[str, float | str]


@dataclass(frozen=True)
class LossDistributionResult:
    """How the losses of rows are distributed. Each row counts once, whatever its weight.

    Attributes
    ----------
    model, spec : str or None, str
        The model and the loss.
    term : str or None
        The term of the loss whose values these are, where rows have no value of the loss itself.
    direction : str
        Which values are better: "lower", "higher" or nearer to "zero".
    count, infinite : int
        Number of rows with a finite loss, and with an infinite one.
    quantiles : Mapping[str, float]
        Level -> the quantile, exact to about three digits: "0", "0.05", "0.25", "0.5", "0.75", "0.95", "1".
    log : bool
        Whether the bins are equally wide in logarithms; the first then also has the rows with a loss of 0.
    bins : tuple[Bin, ...]
        The histogram.
    worst : tuple[WorstRowResult, ...]
        The worst rows, the worst first.
    """

    model: str | None
    spec: str
    term: str | None
    direction: str
    count: int
    infinite: int
    quantiles: Mapping[str, float]
    log: bool
    bins: tuple[Bin, ...]
    worst: tuple[WorstRowResult, ...]


@dataclass(frozen=True)
class Cell2:
    """So many rows have a prediction about `x` and a residual about `y`."""

    x: float
    y: float
    count: int


@dataclass(frozen=True)
class Trend:
    """The mean residual of rows with predictions from `low` to `high`, and the middle half of the residuals."""

    low: float
    high: float
    count: int
    mean: float
    lower_quartile: float
    upper_quartile: float


@dataclass(frozen=True)
class ResidualsResult:
    """Residuals (prediction - target) against predictions.

    Attributes
    ----------
    model : str or None
        The model.
    pred, target : str
        The columns.
    count : int
        Number of rows.
    cells : tuple[Cell2, ...]
        Points, or the middles of the cells of a grid.
    width, height : float
        The size of a cell; 0 where cells are points.
    trend : tuple[Trend, ...]
        The residuals by prediction, in ten parts of about equal numbers of rows.
    """

    model: str | None
    pred: str
    target: str
    count: int
    cells: tuple[Cell2, ...]
    width: float
    height: float
    trend: tuple[Trend, ...]


@dataclass(frozen=True)
class Diagnostics:
    """All of a run."""

    losses: tuple[LossDistributionResult, ...] = ()
    residuals: tuple[ResidualsResult, ...] = ()

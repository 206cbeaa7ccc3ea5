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
        The columns that name rows, if there are any, and those that were asked for, with its labels.
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
class CalibrationBlock:
    """The rows with predictions from `low` to `high`, to which isotonic regression gives one frequency.

    Attributes
    ----------
    low, high, mean : float
        The least, the largest and the mean prediction.
    frequency : float
        The share of the positive label among these rows.
    count : int
        Number of rows; no block is empty.
    """

    low: float
    high: float
    mean: float
    frequency: float
    count: int


@dataclass(frozen=True)
class BandPoint:
    """Between which frequencies isotonic regression mostly is for predictions about `x` that are calibrated."""

    x: float
    low: float
    high: float


@dataclass(frozen=True)
class Decomposition:
    """score = miscalibration - discrimination + uncertainty (Dimitriadis, Gneiting & Jordan 2021).

    Attributes
    ----------
    spec : str
        The loss.
    score : float
        Its mean.
    miscalibration : float
        The score less that of the recalibrated predictions.
    discrimination : float
        The score of the best constant less that of the recalibrated predictions.
    uncertainty : float
        The score of the best constant.
    """

    spec: str
    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


@dataclass(frozen=True)
class ReliabilityResult:
    """Predicted probabilities against frequencies: the CORP reliability diagram.

    Attributes
    ----------
    model, pred : str or None, str
        The model and the column of its predictions, or the first of its columns.
    of : str
        "positive": of the positive label; "predicted": of the predicted one of several classes being right.
    count : int
        Number of rows.
    blocks : tuple[CalibrationBlock, ...]
        Isotonic regression of the labels on the predictions, by weight.
    band : tuple[BandPoint, ...]
        The consistency band of `level` for calibrated predictions, from `resamples`.
    level, resamples : float, int
        The level of the band, and how many samples were drawn for it.
    bins : tuple[Bin, ...]
        The histogram of the predictions.
    decompositions : tuple[Decomposition, ...]
        For each loss whose best constant is the frequency.

    References
    ----------
    Dimitriadis, Gneiting & Jordan 2021, Stable reliability diagrams for probabilistic classifiers,
    doi:10.1073/pnas.2016191118
    """

    model: str | None
    pred: str
    of: str
    count: int
    blocks: tuple[CalibrationBlock, ...]
    band: tuple[BandPoint, ...]
    level: float
    resamples: int
    bins: tuple[Bin, ...]
    decompositions: tuple[Decomposition, ...]


@dataclass(frozen=True)
class CurvePoint:
    """Rates at one threshold: of predictions of at least so much, which share is right, and of which share."""

    threshold: float
    true_rate: float
    false_rate: float
    predictive_value: float


@dataclass(frozen=True)
class CurvesResult:
    """The ROC curve and the precision-recall curve of a model.

    Attributes
    ----------
    model, pred : str or None, str
        The model and its column.
    count, positive : int
        Number of rows, and of those with the positive label.
    area, mean_precision : float
        The area under the ROC curve, and the mean precision over the recall, of all thresholds.
    points : tuple[CurvePoint, ...]
        The curve from the highest threshold down; of many thresholds some.
    """

    model: str | None
    pred: str
    count: int
    positive: int
    area: float
    mean_precision: float
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True)
class ConfusionResult:
    """How often each class was predicted for each class.

    Attributes
    ----------
    model : str or None
        The model.
    spec : str or None
        The loss whose threshold decides, where there is one.
    classes : tuple[str, ...]
        The names of the classes.
    counts : tuple[tuple[int, ...], ...]
        A row of each class of the target: so many rows were predicted to be of each class.
    """

    model: str | None
    spec: str | None
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class MurphyPoint:
    """The mean elementary score at a threshold."""

    threshold: float
    score: float


@dataclass(frozen=True)
class MurphyResult:
    """A Murphy diagram: a model with a lower curve everywhere is better by every loss that is consistent.

    Attributes
    ----------
    model, pred : str or None, str
        The model and its column.
    functional : str
        What is predicted of the target: "mean(target)", "quantile(target, 0.5)", "expectile(target, 0.9)".
    points : tuple[MurphyPoint, ...]
        The curve.

    References
    ----------
    Ehm, Gneiting, Jordan & Krueger 2016, Of quantiles and expectiles, doi:10.1111/rssb.12154
    """

    model: str | None
    pred: str
    functional: str
    points: tuple[MurphyPoint, ...]


@dataclass(frozen=True)
class Coverage:
    """In which share of rows the target is up to a quantile, or in a central interval; its 95 % interval."""

    level: float
    covered: float
    low: float
    high: float


@dataclass(frozen=True)
class ForecastResult:
    """Where targets are among the quantiles or members of a forecast, or in its distribution.

    These are the histogram of the probability integral transform (PIT) or of ranks, and coverage.

    Attributes
    ----------
    model, pred : str or None, str
        The model and the first of its columns, both ends of its prediction intervals, or what makes its distribution.
    spec : str or None
        The loss that says which distribution a forecast is, where it is one.
    count : int
        Number of rows, each of which counts once.
    bins : tuple[Bin, ...]
        From one probability to the next, how many targets are there: with calibrated forecasts, `high` - `low` of all.
    by_level : tuple[Coverage, ...]
        For each level of quantiles: how many targets are up to it; empty of an ensemble.
    central : tuple[Coverage, ...]
        For some levels of a distribution: how many targets are in the central prediction interval of that level.
    """

    model: str | None
    pred: str
    spec: str | None
    count: int
    bins: tuple[Bin, ...]
    by_level: tuple[Coverage, ...]
    central: tuple[Coverage, ...]


@dataclass(frozen=True)
class Diagnostics:
    """All of a run."""

    losses: tuple[LossDistributionResult, ...] = ()
    residuals: tuple[ResidualsResult, ...] = ()
    reliability: tuple[ReliabilityResult, ...] = ()
    curves: tuple[CurvesResult, ...] = ()
    confusion: tuple[ConfusionResult, ...] = ()
    murphy: tuple[MurphyResult, ...] = ()
    forecasts: tuple[ForecastResult, ...] = ()

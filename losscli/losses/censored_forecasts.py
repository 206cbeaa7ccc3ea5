"""Scores of forecasts of censored times: of a probability to live on, of a curve of them, or of a quantile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Binary, Cumulative, Matrix, Positive, Prob, Real
from losscli.contract.loss import Param, loss

TASKS = ("survival",)

_UNCENSORED = """at = lambda s, seen: sum(1 for row in censoring if row[0] == s and (row[1] > 0) == seen)
    risk = lambda s: sum(1 for row in censoring if row[0] >= s) - at(s, True)
    steps = lambda t: sorted({row[0] for row in censoring if row[0] <= t and at(row[0], False)})
    free = lambda t: exp(sum(log(1 - at(s, False) / risk(s)) for s in steps(t)))
    over = lambda x, t: x / free(t) if free(t) else inf"""
_GRAF = (
    "Graf, Schmoor, Sauerbrei & Schumacher 1999, "
    "doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5"
)
_Horizon = Annotated[float, Param("the time at which `pred` is the probability to be without the event", gt=0)]


@loss(
    formula=f"""
    {_UNCENSORED}
    dead = time <= horizon
    (over(pred**2, time) if event else 0) if dead else over((1 - pred)**2, horizon)
    """,
    cite=_GRAF,
    optimum=None,
)
def ipcw_brier(pred: Prob, time: Positive, event: Binary, censoring: Matrix, *, horizon: _Horizon) -> Array:
    """Brier score of censored times, by inverse probability of censoring weighting (IPCW).

    `pred` is the predicted probability that the event is later than the horizon. `censoring` is a table of the times
    and events of other rows, mostly the training data: its Kaplan-Meier estimate is the probability to be censored no
    earlier than a time. A row that is censored before the horizon is 0, and counts in the mean. Where the probability
    is 0 the value is infinite; scikit-survival leaves such rows out without a word.

    >>> table = [[1.0, 1.0], [2.0, 0.0], [3.0, 1.0], [4.0, 0.0]]
    >>> ipcw_brier([0.8, 0.3, 0.6], [5.0, 2.5, 1.5], [1, 1, 0], table, horizon=3.0).round(6)
    array([0.06 , 0.135, 0.   ])
    """
    return _weighted_brier(pred, time, event, _uncensored(censoring), horizon)


def _weighted_brier(pred: Array, time: Array, event: Array, free: Callable[[Array], Array], horizon: float) -> Array:
    own = np.square(np.where(time > horizon, 1 - pred, pred))
    return _over_chance(own, time, event, free, horizon)


def _over_chance(
    own: Array, time: Array, event: Array, free: Callable[[Array], Array], horizon: float, never: float = np.inf
) -> Array:
    """What a row says of the horizon over the probability that this is known; 0 where it is censored before.

    `never` stands where that probability is 0.
    """
    known = (time > horizon) | (event == 1)
    chance = free(np.minimum(time, horizon))
    weighted = np.where(chance > 0, own / np.where(chance > 0, chance, 1.0), never)
    return np.where(known, weighted, 0.0)


def _uncensored(censoring: Array) -> Callable[[Array], Array]:
    """The Kaplan-Meier estimate of not being censored up to a time; events of one time come before censorings."""
    times, seen = censoring[:, 0], censoring[:, 1] > 0
    steps, place = np.unique(times, return_inverse=True)
    events, censored = (np.bincount(place, which, len(steps)) for which in (seen, ~seen))
    risk = len(times) - np.cumsum(events + censored) + censored
    left = np.append(1.0, np.cumprod(1 - censored / np.maximum(risk, 1)))

    def free(time: Array) -> Array:
        return np.asarray(left[np.searchsorted(steps, time, side="right")])

    return free


@ipcw_brier.gradient("pred")
def _(pred: Array, time: Array, event: Array, censoring: Array, *, horizon: float) -> Array:
    return _weighted_slope(pred, time, event, _uncensored(censoring), horizon)


def _weighted_slope(pred: Array, time: Array, event: Array, free: Callable[[Array], Array], horizon: float) -> Array:
    own = np.where(time > horizon, -2 * (1 - pred), 2 * pred)
    return _over_chance(own, time, event, free, horizon, never=0.0)


@loss(
    formula=f"""
    {_UNCENSORED}
    score = lambda p, h: (over(p**2, time) if event else 0) if time <= h else over((1 - p)**2, h)
    last = len(grid) - 1
    step = lambda k: (grid[min(k + 1, last)] - grid[max(k - 1, 0)]) / 2 / (grid[last] - grid[0]) if last else 1
    w = [step(k) for k in range(len(grid))]
    sum(v * score(p, h) for v, p, h in zip(w, pred, grid))
    """,
    cite=_GRAF,
    optimum=None,
)
def integrated_brier(
    pred: Cumulative,
    time: Positive,
    event: Binary,
    censoring: Matrix,
    *,
    grid: Annotated[
        tuple[float, ...], Param("the times of the predicted probabilities, ascending", gt=0, entries_of="pred")
    ],
) -> Array:
    """Integrated Brier score of censored times: the mean of ipcw_brier over a span of time, by trapezoids.

    `pred` are the predicted probabilities that the event is later than each time of the grid. `censoring` is a table of
    times and events, as for ipcw_brier.

    >>> table = [[1.0, 1.0], [2.0, 0.0], [3.0, 1.0], [4.0, 0.0]]
    >>> integrated_brier([[0.9, 0.8], [0.5, 0.3]], [5.0, 2.5], [1, 1], table, grid=(2.0, 3.0)).round(6)
    array([0.0375, 0.255 ])
    """
    free = _uncensored(censoring)
    scores = [_weighted_brier(pred[:, k], time, event, free, horizon) for k, horizon in enumerate(grid)]
    return np.asarray(sum(share * score for share, score in zip(_trapezoids(grid), scores, strict=True)))


def _trapezoids(grid: tuple[float, ...]) -> Array:
    """What each point of a grid counts in the mean over its span."""
    if len(grid) == 1:
        return np.ones(1)
    steps = np.diff(np.pad(np.asarray(grid), 1, mode="edge"))
    return np.asarray((steps[:-1] + steps[1:]) / 2 / (grid[-1] - grid[0]))


@integrated_brier.gradient("pred")
def _(pred: Array, time: Array, event: Array, censoring: Array, *, grid: tuple[float, ...]) -> Array:
    free = _uncensored(censoring)
    gradients = [_weighted_slope(pred[:, k], time, event, free, horizon) for k, horizon in enumerate(grid)]
    return np.stack(gradients, axis=1) * _trapezoids(grid)


@loss(
    formula=f"""
    {_UNCENSORED}
    dead = time <= horizon
    (over(-log(1 - pred), time) if event else 0) if dead else over(-log(pred), horizon)
    """,
    cite=_GRAF,
    optimum=None,
)
def ipcw_log_loss(pred: Prob, time: Positive, event: Binary, censoring: Matrix, *, horizon: _Horizon) -> Array:
    """Log loss of censored times, by inverse probability of censoring weighting (IPCW); less the binomial likelihood.

    `pred` and `censoring` are as for ipcw_brier. A row that is censored before the horizon is 0, and counts in the
    mean, as in the paper; pycox divides by the sum of the weights 1 / G instead, clips probabilities at 1e-7, and takes
    G just before a time. A certain prediction that is wrong is infinite.

    >>> table = [[1.0, 1.0], [2.0, 0.0], [3.0, 1.0], [4.0, 0.0]]
    >>> ipcw_log_loss([0.8, 0.3, 0.6], [5.0, 2.5, 1.5], [1, 1, 0], table, horizon=3.0).round(6)
    array([0.334715, 0.535012, 0.      ])
    """
    own = -np.where(time > horizon, np.log(pred), np.log1p(-pred))
    return _over_chance(own, time, event, _uncensored(censoring), horizon)


@ipcw_log_loss.gradient("pred")
def _(pred: Array, time: Array, event: Array, censoring: Array, *, horizon: float) -> Array:
    own = np.where(time > horizon, -1 / pred, 1 / (1 - pred))
    return _over_chance(own, time, event, _uncensored(censoring), horizon, never=0.0)


@loss(
    formula="max(q * (time - pred), (q - 1) * (time - pred)) if event else q * max(time - pred, 0)",
    cite="Powell 1986, doi:10.1016/0304-4076(86)90016-3",
    optimum=0.0,
)
def censored_pinball(
    pred: Real,
    time: Positive,
    event: Binary,
    *,
    q: Annotated[float, Param("the quantile that is predicted: 0.5 for the median", gt=0, lt=1, per_row=True)] = 0.5,
) -> Array:
    """Censored quantile (pinball) loss: of a predicted quantile of times of which some are censored.

    `event` is 1 where the event was seen at `time`, and 0 where the time is censored there: a prediction above it costs
    nothing then. That is Powell's loss where the times at which events would have been censored are not known. The best
    constant has a share q of events before it among the rows that are not censored before it: where many rows are
    censored early, it differs from the quantile by Kaplan and Meier.

    >>> censored_pinball([2.0, 2.0, 2.0], [3.0, 1.0, 1.0], [0, 1, 0], q=0.25)
    array([0.25, 0.75, 0.  ])
    """
    gap = time - pred
    return np.where(event == 1, np.abs(np.maximum(q * gap, (q - 1) * gap)), q * np.maximum(gap, 0.0))


@censored_pinball.gradient("pred")
def _(pred: Array, time: Array, event: Array, *, q: float) -> Array:
    return np.where(time > pred, -q, np.where((event == 1) & (time < pred), 1 - q, 0.0))

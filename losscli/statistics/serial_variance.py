"""The variance of a value whose rows are a series in time: Newey and West's, or that of forecasts of a horizon."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from losscli.contract.kinds import Array
from losscli.results import Uncertainty
from losscli.statistics.clustered_variance import Residuals, Table, block_residuals, scaled_residuals, squared
from losscli.statistics.exact_ratio import Ratio
from losscli.statistics.linearization import Block
from losscli.statistics.long_run_variance import automatic_lag, bartlett, lagged_sum, persistence, working_model
from losscli.statistics.variance import Lags, Variance

_DEPENDENT, _LONG = 0.15, 200  # an autocorrelation, and how many independent times a bootstrap of blocks needs then
_FEWEST = 3  # times: what is left of two after prewhitening does not vary


def serial_variance(blocks: Sequence[Block], table: Table, horizon: int | None) -> Variance | None:
    """The variance of a value whose units are the times of a series.

    Without a horizon, what the times add to the value is freed of its dependence on the time before (prewhitening, by
    its bias-corrected autocorrelation), the variance of the rest is that of Newey and West with the lag ceil(1.3
    sqrt(n)) - 1, and it is recoloured. It is corrected by what it expects of independent times, and has Satterthwaite's
    degrees of freedom for these. With a horizon h it is the sum of the autocovariances up to h - 1 of Diebold and
    Mariano, with the correction of Harvey, Leybourne and Newbold for few times, and n - 1 degrees of freedom.

    Parameters
    ----------
    blocks
        The value as a linear function of sums.
    table
        The sums of each time, in the order of time.
    horizon
        How many steps ahead the rows were forecast; None: unknown.

    Returns
    -------
    Variance or None
        None where there are fewer than three times (two with a horizon), or the horizon is as long as the series.

    References
    ----------
    Newey & West 1987, doi:10.2307/1913610; Andrews & Monahan 1992, doi:10.2307/2951574 (prewhitening); Diebold &
    Mariano 1995, doi:10.1080/07350015.1995.10524599; Harvey, Leybourne & Newbold 1997,
    doi:10.1016/S0169-2070(96)00719-4
    """
    residuals = block_residuals(blocks, table)
    if residuals is None or (horizon is None and len(residuals[0].values) < _FEWEST):
        return None
    parts, exponent = scaled_residuals(residuals)
    series = np.asarray(sum(parts))
    own = [math.fsum(part**2) for part in parts]
    used = [(by, each.shares) for by, each in zip(own, residuals, strict=True) if by] or [(1.0, residuals[0].shares)]
    if horizon is None:
        total, df, lags = newey_west(series, used)
    elif horizon < len(series):
        total, df, lags = _diebold_mariano(series, horizon)
    else:
        return None
    constant = not (total > 0 and any(each.varies for each in residuals))
    value = Ratio(0, 1) if constant else squared(total, exponent)
    return Variance(value, df, constant, *_sizes(residuals), lags)


def with_lags(method: Uncertainty, lags: Lags | None) -> Uncertainty:
    """How an interval was estimated, with the lags of its variance."""
    return method if lags is None else replace(method, lag=lags.lag, kernel=lags.kernel,
                                               autocorrelation=lags.autocorrelation)  # fmt: skip


def few_times(method: Uncertainty | None) -> str | None:
    """The text of a warning where a series of n times is too short for how slowly it forgets.

    Their effective sample size for a mean is n (1 - r) / (1 + r). In simulations, intervals hold
    the mean in less than 92 % of samples where these are fewer than some ten; the limit 12 (1 - 7 / n), at least 9.2,
    tells such series best from others.
    """
    if method is None:
        return None
    if method.kernel == "bartlett" and method.autocorrelation is None:
        return (
            f"the autocovariances of up to {method.lag} steps add up to less than 0, so they are weighted as by Newey "
            "and West; the differences may not depend on each other as forecasts of this horizon do"
        )
    if (r := method.autocorrelation) is None:
        return None
    size = method.count * (1 - r) / (1 + r)
    if method.block is not None and r > _DEPENDENT and size < _LONG:
        return (
            f"the {method.count} times of '{method.units}' (autocorrelation {r:.2g}) are few for a bootstrap of "
            "blocks, whose intervals are then too narrow; without --bootstrap they are those of Newey and West"
        )
    if size >= max(9.2, 12 * (1 - 7 / method.count)):
        return None
    return (
        f"the {method.count} times of '{method.units}' (autocorrelation {r:.2g}) have an effective sample size of "
        f"{size:.2g}: intervals from so few are uncertain, and mostly too narrow"
    )


def newey_west(series: Array, parts: Sequence[tuple[float, Array]]) -> tuple[float, float, Lags]:
    """Prewhitened; the first time has none before it, so the rest is blown up to stand for it."""
    r = persistence(series)
    rest = series[1:] - r * series[:-1]
    lag = automatic_lag(len(rest))
    weights = bartlett(lag)
    whole = sum(by for by, _ in parts)
    later = [(by, shares[1:] / shares[1:].sum()) for by, shares in parts if shares[1:].any()]
    kept = sum(by * float(shares[1:].sum()) for by, shares in parts) / whole
    mean = sum(by * shares for by, shares in later) / sum(by for by, _ in later)
    rest = rest - mean * math.fsum(rest)
    model = working_model(later, weights)
    return lagged_sum(rest, weights) / model.expected / kept / (1 - r) ** 2, model.df, Lags(lag, "bartlett", r)


def _diebold_mariano(series: Array, horizon: int) -> tuple[float, float, Lags]:
    """The rectangular sum may be negative: then the weights of Bartlett are used, which never are."""
    count, lag = len(series), horizon - 1
    small = count / (count + 1 - 2 * horizon + horizon * (horizon - 1) / count)
    total, kernel = lagged_sum(series, [1.0] * horizon), "rectangular"
    if total <= 0:
        total, kernel = lagged_sum(series, bartlett(lag)), "bartlett"
    return total * small, count - 1.0, Lags(lag, kernel)


def _sizes(residuals: Sequence[Residuals]) -> tuple[int, float, float]:
    """How many times there are, their effective sample size, and the largest share of the weight."""
    count = int(np.count_nonzero(sum(each.shares for each in residuals)))
    effective = min(1 / float((each.shares**2).sum()) for each in residuals)
    return count, effective, max(float(each.shares.max()) for each in residuals)

"""What a t test can find: its power, the minimal detectable difference, the units that are needed, effect sizes.

Power is exact for normal differences, by the noncentral t distribution, and tells how many units an experiment needs
before it is made, or how small a difference one can show that was made. That of the observed difference itself ("post
hoc") is none of these: it is the p-value in other words (Hoenig and Heisey 2001, doi:10.1198/000313001300339897).
"""

from __future__ import annotations

import functools
import math

from losscli.statistics.noncentral_t import upper_tail
from losscli.statistics.student_t import root_gamma_ratio, t_quantile

_TOLERANCE = 1e-12
MOST_UNITS = 10**15
"""Of more units than these no number is given."""


def power(shift: float, df: float, alpha: float, *, two_sided: bool) -> float:
    """The power of a t test.

    Parameters
    ----------
    shift
        The true difference in standard errors (the noncentrality parameter).
    df
        Degrees of freedom.
    alpha
        The level of the test: the chance that it finds a difference where there is none.
    two_sided
        Whether the test looks for differences of either sign, with half of `alpha` each; else for those above 0.

    Returns
    -------
    float
        The chance that the test finds the difference.

    References
    ----------
    Cohen 1988, Statistical power analysis for the behavioral sciences, 2.1

    Examples
    --------
    >>> round(power(2.8, 100, 0.05, two_sided=True), 3)
    0.79
    """
    found, _ = _power(shift, df, alpha, two_sided)
    return found


def _power(shift: float, df: float, alpha: float, two_sided: bool) -> tuple[float, float]:
    """The power and its derivative by the shift."""
    critical = -t_quantile(alpha / 2 if two_sided else alpha, df)
    above = upper_tail(critical, df, shift)
    if not two_sided:
        return above
    below = upper_tail(critical, df, -shift)
    return above.area + below.area, above.slope - below.slope


@functools.lru_cache(maxsize=4096)  # slices mostly share their level, and many their size
def detectable_shift(target: float, df: float, alpha: float, *, two_sided: bool) -> float:
    """The smallest true difference, in standard errors, that a t test finds with a given power.

    Parameters
    ----------
    target
        The power, between `alpha` and 1.
    df, alpha, two_sided
        The test, as in `power`.

    Returns
    -------
    float
        Above 0; times the standard error it is the minimal detectable difference. NaN where there is none.
    """
    if not (0 < alpha < target < 1 and df > 0):
        return math.nan
    low, high = 0.0, math.inf
    shift = max(-t_quantile(alpha / 2 if two_sided else alpha, df) + t_quantile(target, math.inf), 0.5)
    for _ in range(200):
        found, slope = _power(shift, df, alpha, two_sided)
        if found < target:
            low = shift
        else:
            high = shift
        step = (target - found) / slope if slope > 0 else math.inf
        if abs(step) <= _TOLERANCE * shift or high - low <= _TOLERANCE * low:
            break
        shift += step
        if not low < shift < high:
            shift = (low + high) / 2 if high < math.inf else 2 * low
    return shift


def units_needed(
    distance: float, count: int, df: float, target: float, alpha: float, *, two_sided: bool
) -> int | None:  # fmt: skip
    """How many units a t test needs to find a difference with a given power.

    A standard error falls with the root of the number of units. Degrees of freedom grow with it: df + 1 is how many
    units there effectively are (all of them, for rows of one weight), and stays the same part of the units.

    Parameters
    ----------
    distance
        The difference, in standard errors of the `count` units that there are.
    count
        How many units the standard error is of.
    df
        Its degrees of freedom.
    target
        The power, between `alpha` and 1.
    alpha, two_sided
        The test, as in `power`.

    Returns
    -------
    int or None
        The smallest number of units with that power. None where the distance is 0 or not finite, where more than
        10**15 units would be needed, or the power is not above `alpha`.
    """
    distance = abs(distance)
    if not (0 < distance < math.inf and 0 < alpha < target < 1 and df > 0 and count > 0):
        return None
    part = (df + 1) / count

    def enough(units: int) -> bool:
        df_of = part * units - 1
        return df_of > 0 and power(distance * math.sqrt(units / count), df_of, alpha, two_sided=two_sided) >= target

    least = detectable_shift(target, math.inf, alpha, two_sided=two_sided) / distance  # a t test needs no fewer
    low = max(math.floor(count * least * least) - 1, math.floor(1 / part)) if least < 1e8 else MOST_UNITS
    if low >= MOST_UNITS:
        return None
    step, high = 1, low + 1
    while not enough(high):
        low, step = high, 2 * step
        high += step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def standardized_difference(t: float, df: float) -> float:
    """The effect size of a paired difference: Hedges' g of Cohen's d_z.

    Parameters
    ----------
    t
        The difference in standard errors.
    df
        Degrees of freedom of the standard error; df + 1 is how many units there effectively are.

    Returns
    -------
    float
        The difference in standard deviations of the differences of units, t / sqrt(df + 1), times the factor that
        makes it unbiased for normal differences. NaN with one degree of freedom or fewer, for which there is no factor.

    References
    ----------
    Cohen 1988, Statistical power analysis for the behavioral sciences, 2.3.5 (d_z); Hedges 1981, "Distribution theory
    for Glass's estimator of effect size and related estimators", doi:10.3102/10769986006002107; Lakens 2013,
    doi:10.3389/fpsyg.2013.00863
    """
    if not df > 1:
        return math.nan
    if math.isinf(df):
        return math.nan
    return t / math.sqrt(df + 1) * root_gamma_ratio((df - 1) / 2) / math.sqrt(df / 2)

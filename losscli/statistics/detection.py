"""What comparisons could find: effect sizes, minimal detectable differences, and the units that are needed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from losscli.results import ComparisonResult, Detection, Uncertainty
from losscli.statistics.power import detectable_shift, standardized_difference, units_needed

if TYPE_CHECKING:
    from losscli.binding.request import Inference


def with_detection(comparison: ComparisonResult, inference: Inference) -> ComparisonResult:
    """A comparison with its effect size, and with what it could find at the power that a run asks for.

    Parameters
    ----------
    comparison
        The comparison with its standard error.
    inference
        What the run asks for: `power`.

    Returns
    -------
    ComparisonResult
        The same where there is no standard error, or it is 0.
    """
    stderr, how = comparison.stderr, comparison.uncertainty
    if not stderr or how is None or not math.isfinite(stderr) or not math.isfinite(comparison.difference):
        return comparison
    t, df = comparison.difference / stderr, degrees_of_freedom(how)
    serial = how.kernel is not None or how.block is not None  # its standard error is no standard deviation over a root
    effect = math.nan if serial else standardized_difference(t, df)
    power = inference.power
    return comparison.changed(effect_size=effect if math.isfinite(effect) else None,
                              detection=None if power is None else detection(t, stderr, how, power))  # fmt: skip


def detection(distance: float, stderr: float, how: Uncertainty, power: float, *, two_sided: bool = True) -> Detection:
    """What a t test at the level of an interval could find.

    Parameters
    ----------
    distance
        The difference for which the units are counted, in standard errors.
    stderr
        The standard error.
    how
        How it was estimated.
    power
        With which chance a difference is to be found.
    two_sided
        Whether differences of both signs are looked for, or only those beyond one end of the interval.

    Returns
    -------
    Detection
        The minimal detectable difference, and the units needed.
    """
    alpha, df = 1 - how.level, degrees_of_freedom(how)
    alpha = alpha if two_sided else alpha / 2
    shift = detectable_shift(power, df, alpha, two_sided=two_sided)
    needed = units_needed(distance, how.count, df, power, alpha, two_sided=two_sided)
    least = shift * stderr
    return Detection(power, least if math.isfinite(least) else None, how.count, needed)


def degrees_of_freedom(how: Uncertainty) -> float:
    """Those of the standard error; of bootstrap resamples, one fewer than units."""
    return how.count - 1 if how.df is None else how.df

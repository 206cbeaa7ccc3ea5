"""Which interval suits a value whose standard error comes from sums: that of Student's t, Hall, Wilson, or others."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol

from losscli.binding.limits import Limits
from losscli.binding.plan import Job
from losscli.binding.request import IntervalMethod
from losscli.statistics.clopper_pearson import clopper_pearson
from losscli.statistics.combination import Means, combine_gradient, value_of
from losscli.statistics.line_sums import PartSums
from losscli.statistics.proportions import score_size, wilson
from losscli.statistics.skew_correction import skew_corrected_interval
from losscli.statistics.student_t import t_interval, t_quantile
from losscli.statistics.variance import Variance

Interval = tuple[float, float]

FEWEST, FEW = 1 + 1e-9, 9 - 1e-9  # degrees of freedom: 3 to 9 units do not show how skewed their values are

REQUESTED = "requested"
DIFFERENCE = "a difference has no limit on one side"
_PROPORTION = "values are 0 or 1"
_SKEWED = "a value with a limit on one side is skewed"
_UNLIMITED = "the loss has no limit on one side only"
_NO_MOMENTS = "the skewness of the values is not known"


class Method(NamedTuple):
    """The name of a method, and why it was chosen."""

    name: str
    reason: str


class VarianceNumbers(Protocol):
    """A standard error with its degrees of freedom, and the skewness of the estimate, where it is known."""

    @property
    def stderr(self) -> float: ...  # noqa: D102

    @property
    def df(self) -> float: ...  # noqa: D102

    @property
    def skewness(self) -> float | None: ...  # noqa: D102


class TransformedMean(NamedTuple):
    """A value that is a function of one mean, such as a root: the mean, the slope there, and the function."""

    mean: float
    slope: float
    value_at: Callable[[float], float]


class EstimateTraits(NamedTuple):
    """What decides which interval suits an estimate.

    `proportion` says that it is a mean of values that are 0 or 1, `skewed` that its interval is corrected for skewness.
    """

    proportion: bool = False
    skewed: bool = False
    limits: Limits = Limits()
    transformed: TransformedMean | None = None
    is_difference: bool = False


OF_A_DIFFERENCE = EstimateTraits(is_difference=True)


def chosen_method(requested: IntervalMethod, traits: EstimateTraits, found: Variance) -> Method:
    """The method for an estimate, as requested or by its nature."""
    if traits.is_difference:
        return Method("t", DIFFERENCE)
    if requested != "auto" and not (requested == "hall" and found.skewness is None):
        return Method(requested, REQUESTED)
    if traits.proportion:
        return Method("wilson", _PROPORTION)
    if traits.skewed:
        return Method("t", _NO_MOMENTS) if found.skewness is None else Method("hall", _SKEWED)
    return Method("t", _UNLIMITED)


def proportion_interval(
    method: str, value: float, found: Variance, effective_size: float, level: float
) -> Interval:  # fmt: skip
    """Of a proportion, with the effective sample size that its variance shows."""
    size = score_size(value, found, effective_size)
    df = math.inf if found.clusters is None else found.df
    return (clopper_pearson if method == "clopper-pearson" else wilson)(value, size, df, level)


def mean_interval(
    method: str, value: float, found: VarianceNumbers, traits: EstimateTraits, level: float
) -> Interval:  # fmt: skip
    """By Student's t or Hall's correction, and never beyond the limits of the value."""
    if method == "hall" and found.skewness is not None:
        interval = _transformed(found, traits, found.skewness, level, value) or _skew_corrected(
            value, found.stderr, found.df, found.skewness, traits.limits, level
        )
    else:
        interval = t_interval(value, found.stderr, found.df, level)
    return within(interval, value, traits.limits)


def _skew_corrected(
    value: float, stderr: float, df: float, skewness: float, limits: Limits, level: float
) -> Interval:  # fmt: skip
    """By Hall's correction; of few units no shorter than the interval of the cube root of the distance from the limit.

    Few units hardly show how skewed their values are, but a limit does: the nearer the estimate is to it for its
    standard error, the longer is the tail on the other side. Cube roots of such means are about normal (Wilson and
    Hilferty 1931, doi:10.1073/pnas.17.12.684).
    """
    low, high = skew_corrected_interval(value, stderr, df, skewness, level)
    if FEWEST < df < FEW:
        width = -t_quantile((1 - level) / 2, df) * stderr
        if limits.low > -math.inf and value > limits.low:
            high = max(high, limits.low + _cubed(value - limits.low, width))
        elif limits.high < math.inf and value < limits.high:
            low = min(low, limits.high - _cubed(limits.high - value, width))
    return low, high


def _cubed(distance: float, width: float) -> float:
    """The far end of the interval of a distance whose cube root has the interval of Student's t."""
    return distance * (1 + width / (3 * distance)) ** 3


def within(interval: Interval, value: float, limits: Limits) -> Interval:
    """The interval without what lies beyond the limits; rounding may have put the value itself a little beyond."""
    low, high = interval
    return max(low, min(limits.low, value)), min(high, max(limits.high, value))


def transformed_mean(part: PartSums, factor: float, constant: float) -> TransformedMean | None:
    """A multiple of a loss and a constant, of the mean of its only term; None where it is no such function."""
    if not part.job.spec.loss.own_combine or len(part.terms) != 1:
        return None
    means = part.means
    (name,) = means.doubles
    if means.exact[name] is not None:  # far from 1
        return None
    return transformed(part.job, means, factor, constant, float(combine_gradient(part.job, means)[name]))


def transformed(job: Job, means: Means, factor: float, constant: float, slope: float) -> TransformedMean:
    """A multiple of a loss and a constant as a function of its only mean, where the loss has this slope."""
    (name,) = means.doubles

    def value_at(mean: float) -> float:
        return constant + factor * value_of(job, Means({name: mean}, {name: None}, means.divisor))

    return TransformedMean(means.doubles[name], factor * slope, value_at)


def _transformed(
    found: VarianceNumbers, traits: EstimateTraits, skewness: float, level: float, value: float
) -> Interval | None:  # fmt: skip
    """The interval of the mean with the function taken of its ends; None where the function is not monotone there."""
    if traits.transformed is None or not traits.transformed.slope:
        return None
    mean, slope, value_at = traits.transformed
    limits = Limits(0.0) if value_at(0.0) in traits.limits else Limits()  # of a root, the mean has the same
    skewness *= math.copysign(1.0, slope)
    ends = _skew_corrected(mean, found.stderr / abs(slope), found.df, skewness, limits, level)
    low, high = (value_at(end) for end in (ends if slope > 0 else ends[::-1]))
    # Below the domain of the function, as the root of a number below 0, the limit of the value is all that is known.
    low, high = (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)
    return (low, high) if low <= value <= high else None

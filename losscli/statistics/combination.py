"""From the means of its terms to the value of a loss, and the derivatives of the value by them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import Exact
from losscli.binding.plan import Job
from losscli.contract.scaled import is_normal
from losscli.statistics.finalized_sums import TermEstimate

if TYPE_CHECKING:
    from losscli.statistics.wide_number import WideNumber

MANY = 128
"""Of more means than this, derivatives are doubles even where a loss gets exact means: one by one they take long."""


class Means(NamedTuple):
    """The means of a loss's terms, and what their sums were divided by."""

    doubles: Mapping[str, float]
    exact: Mapping[str, Fraction | None]  # where they are far from 1, or where the loss asks for them
    divisor: Exact  # in units of 2**-1074

    @property
    def total(self) -> float:
        """The divisor as a double."""
        return rounded(self.divisor, ONE)

    def wide(self, by: str | None = None) -> tuple[dict[str, WideNumber], WideNumber]:
        """The means and the divisor with 50 digits, and with derivatives by the mean `by`."""
        from losscli.statistics.wide_number import WideNumber

        means = {name: WideNumber.of(self.exact[name] or mean, name == by) for name, mean in self.doubles.items()}
        return means, WideNumber.of(Fraction(self.divisor) / ONE)


def means_of(estimates: Mapping[str, TermEstimate]) -> Means:
    """The means of these estimates."""
    doubles = {name: estimate.result.mean for name, estimate in estimates.items()}
    exact = {name: estimate.exact_mean for name, estimate in estimates.items()}
    return Means(doubles, exact, next(iter(estimates.values())).exact_denominator)


def combined(job: Job, estimates: Mapping[str, TermEstimate], reduction: str) -> float:
    """The value of a loss.

    Parameters
    ----------
    job
        The loss, and its parameters.
    estimates
        Term -> its mean and sum.
    reduction
        "mean" or "sum".

    Returns
    -------
    float
        The sum of its terms' sums, or what the loss's `combine` makes of their means.
    """
    if reduction == "sum":
        if any(math.isnan(estimate.result.mean) for estimate in estimates.values()):
            return math.nan
        return float(sum(estimate.result.sum for estimate in estimates.values()))
    if not job.spec.loss.own_combine and len(estimates) == 1:
        return 0 + next(iter(estimates.values())).result.mean  # the same as below, for very many slices
    return value_of(job, means_of(estimates))


def value_of(job: Job, means: Means) -> float:
    """The value of a loss from the means of its terms."""
    from losscli.statistics.exact_number import ExactNumber

    exact = {name: ExactNumber(mean) for name, mean in means.exact.items() if mean is not None}
    if job.spec.loss.exact and len(exact) == len(means.doubles):
        found = job.spec.loss.combine(exact, job.spec.params, means.total)
        return float(getattr(found, "value", found))  # NaN is no exact number
    if any(mean and not is_normal(means.doubles[name]) for name, mean in means.exact.items()):
        return float(wide_value(job, means).value)
    doubles = {name: np.float64(mean) for name, mean in means.doubles.items()}
    with np.errstate(all="ignore"):
        return float(job.spec.loss.combine(doubles, job.spec.params, np.float64(means.total)))  # which may be 0


def keeps_digits(job: Job, means: Means) -> bool:
    """Whether means as doubles still give a loss that asks for exact ones: six digits of it.

    Resamples have such means, and so do contributions with weights: where the data is far from 0 compared with its
    scale, their rounding would be all that is left.
    """
    if not job.spec.loss.exact:
        return True
    derivatives = combine_gradient(job, means)
    rounding = sum(abs(float(derivatives[name]) * mean) for name, mean in means.doubles.items()) * 2.0**-52
    return bool(rounding <= 1e-6) or not math.isfinite(rounding)


def is_normal_or_0(value: float) -> bool:
    """Whether a complex step serves a mean."""
    return not value or bool(is_normal(value))


def _many_derivatives(job: Job, means: Means) -> dict[str, float | Fraction]:
    """The partial derivatives by many means, such as those of classes: complex steps through arrays, many at once."""
    names, values = list(means.doubles), np.array(list(means.doubles.values()))
    steps = 1e-20 * np.maximum(np.abs(values), 1e-270)
    found: dict[str, float | Fraction] = {}
    with np.errstate(all="ignore"):
        for start in range(0, len(names), MANY):
            some = range(start, min(start + MANY, len(names)))
            moved = {name: np.full(len(some), value, np.complex128) for name, value in zip(names, values, strict=True)}
            for place, at in enumerate(some):
                moved[names[at]][place] += 1j * steps[at]
            answer = np.imag(job.spec.loss.combine(moved, job.spec.params, means.total)) / steps[start : some.stop]
            found |= {names[at]: float(derivative) for at, derivative in zip(some, answer.tolist(), strict=True)}
    return found


def wide_value(job: Job, means: Means, by: str | None = None) -> WideNumber:
    """The value of a loss from the means of its terms with 50 digits, and its derivative by the mean `by`."""
    from losscli.statistics.wide_number import WideNumber

    wide, total = means.wide(by)
    return WideNumber.of(job.spec.loss.combine(wide, job.spec.params, total))


def combine_gradient(job: Job, means: Means) -> dict[str, float | Fraction]:
    """The partial derivatives of a loss by its term means: by complex step through the loss's own `combine`.

    Where a mean is far from 1, which no complex step serves, `combine` runs on numbers that carry their derivative.

    Parameters
    ----------
    job
        The loss, and its parameters.
    means
        The means of its terms. What they were divided by does not change.

    Returns
    -------
    dict
        Term -> the partial derivative of the loss's value by the mean of this term.

    References
    ----------
    Squire and Trapp 1998, "Using complex variables to estimate derivatives of real functions",
    doi:10.1137/S003614459631241X
    """
    if not job.spec.loss.own_combine:
        return dict.fromkeys(means.doubles, 1.0)
    if len(means.doubles) > MANY and all(map(is_normal_or_0, means.doubles.values())):
        return _many_derivatives(job, means)
    if any(exact is not None for exact in means.exact.values()):
        from losscli.statistics.wide_number import exactly

        return {name: exactly(wide_value(job, means, name).derivative) for name in means.doubles}
    gradient: dict[str, float | Fraction] = {}
    with np.errstate(all="ignore"):
        for name, mean in means.doubles.items():
            step = 1e-20 * max(abs(mean), 1e-270)
            moved: dict[str, Any] = {other: np.complex128(value) for other, value in means.doubles.items()}
            moved[name] = np.complex128(complex(mean, step))
            gradient[name] = float(np.imag(job.spec.loss.combine(moved, job.spec.params, means.total)) / step)
    return gradient

"""The limits of a line's value: what it cannot be below, or above."""

from __future__ import annotations

import math
from typing import NamedTuple

from losscli.binding.plan import Line, Plan
from losscli.binding.signature import reduction_of
from losscli.binding.spec import LossSpec


class Limits(NamedTuple):
    """The least and the largest value that there can be; infinite where there is no limit."""

    low: float = -math.inf
    high: float = math.inf

    @property
    def one_sided(self) -> bool:
        """Whether there is a limit on one side only."""
        return math.isfinite(self.low) != math.isfinite(self.high)


def value_limits(plan: Plan, line: Line) -> Limits:
    """The limits of a line's value, without its constant and its parts that read no rows, which are constants too.

    Parameters
    ----------
    plan
        The plan of the run.
    line
        A line of it.

    Returns
    -------
    Limits
        Those that the losses declare, times their factors. Of a sum, or where weights do not divide, only a limit of 0
        is left.
    """
    factors: dict[LossSpec, float] = {}  # parts of one loss are one: the limits of x - x are 0
    jobs = dict(zip((part for _, part in line.spec.parts), line.jobs, strict=True))
    for factor, part in line.spec.parts:
        factors[part] = factors.get(part, 0.0) + factor
    low = high = 0.0
    for part, factor in factors.items():
        if not part.loss.source_roles or not factor:
            continue
        ends = part.loss.limits
        weights_divide = part.loss.own_combine or not plan.request.weighted or plan.request.divisor(part) == "weight"
        if reduction_of(plan, jobs[part]) == "sum" or not weights_divide:
            ends = (0.0 if ends[0] == 0 else -math.inf, 0.0 if ends[1] == 0 else math.inf)
        least, most = sorted(factor * end for end in ends)
        low, high = low + least, high + most
    return Limits(low, high)

"""Which test decides a comparison, and what the comparison shows: one rule.

The test is chosen by what is known before values are looked at: whether losses are 0 or 1, and how many units there
are. Its p-value decides, and the confidence interval has the differences that it does not reject, so the two do not
contradict each other. docs/statistics.md tells the rule to users.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import NamedTuple

from losscli.lazy import dataclass
from losscli.results import ComparisonResult, Decision
from losscli.results.directions import is_lower_better
from losscli.statistics.wild_bootstrap import smallest_p

BETTER, WORSE = "better", "worse"
NOT_SHOWN, NOT_ENOUGH, UNDEFINED = "no difference shown", "not enough units", "undefined"
FEW_UNITS = 20 - 1e-9  # effective units; of fewer, the t distribution does not hold for values of any distribution
DEFAULT_PERMUTATIONS = 10_000


@dataclass(frozen=True)
class Units:
    """What is known of the units of a comparison before their values are.

    Attributes
    ----------
    count : int
        How many units take part.
    effective : float
        Their effective number: (sum of weights)**2 / sum of squared weights.
    binary : bool
        Whether the losses are 0 or 1.
    alike : bool
        Whether they are independent rows of one weight.
    constant : bool
        Whether all differ by the same.
    serial : bool
        Whether they depend on those before, so that single ones cannot be exchanged.
    """

    count: int
    effective: float
    binary: bool
    alike: bool
    constant: bool
    serial: bool = False


class Choice(NamedTuple):
    """The test that decides, why, and the smallest p-value that it can give."""

    test: str
    reason: str
    smallest_p: float


@functools.lru_cache(maxsize=16)  # the slices of a run share their level
def alpha_of(level: float) -> Fraction:
    """1 - level, as exact as the level is typed: 1 - 0.95 of doubles is a little above 0.05."""
    return 1 - Fraction(repr(level))


def choose(
    units: Units, asked: str = "auto", draws: int = DEFAULT_PERMUTATIONS, alpha: Fraction = Fraction(1, 20)
) -> Choice:
    """The test that decides a comparison.

    Parameters
    ----------
    units
        The units that are compared.
    asked
        The test that was asked for, or "auto".
    draws
        How many samples the wild bootstrap draws.
    alpha
        1 - the confidence level.

    Returns
    -------
    Choice
        The one that was asked for, if it can be made; else the t-test of a series in time; McNemar's test of losses
        that are 0 or 1 on independent rows of one weight; else the permutation test of fewer than 20 effective units,
        and where all units differ by the same; else the t-test.
    """
    by_signs = math.ldexp(1.0, 1 - units.count) if units.count else 1.0  # all signs alike, either way
    if units.serial:
        return Choice("t", "the units are a series in time", 0.0)
    if asked == "mcnemar-mid-p" and units.binary and units.alike:
        return Choice(asked, "asked for", by_signs / 2)
    if asked in ("t", "permutation") and not (units.constant and asked == "t"):
        return Choice(asked, "asked for", 0.0 if asked == "t" else by_signs)
    if asked == "wild" and not units.constant:
        return Choice(asked, "asked for", smallest_p(units.count, draws, alpha))
    why_not = _why_not_mcnemar(units, asked)
    if not why_not and units.binary:
        return Choice("mcnemar", "asked for" if asked == "mcnemar" else "the losses are 0 or 1", by_signs)
    if units.effective < FEW_UNITS:
        return Choice("permutation", f"{why_not}fewer than 20 effective units ({units.effective:.3g})", by_signs)
    if units.constant:
        return Choice("permutation", f"{why_not}all units differ by the same", by_signs)
    return Choice("t", f"{why_not}20 effective units or more", 0.0)


def _why_not_mcnemar(units: Units, asked: str) -> str:
    """Why McNemar's test is not made where it would be expected; empty if it is made, or is not expected."""
    if units.binary:
        return "" if units.alike else "McNemar's test holds for independent rows of one weight; "
    return "McNemar's test is for losses that are 0 or 1; " if asked.startswith("mcnemar") else ""


def verdict(result: ComparisonResult, decision: Decision | None) -> str:
    """What a comparison shows of its first model.

    Parameters
    ----------
    result
        A comparison with its interval.
    decision
        The test that decides; None where there is none.

    Returns
    -------
    str
        "undefined" where the difference is not finite, "not enough units" where the test that decides could not show
        any difference of so many units. "better" or "worse" where its p-value, adjusted for the other comparisons of
        the family, is below 1 - level, and the confidence interval of the difference leaves out 0. Else "no difference
        shown".
    """
    if not math.isfinite(result.difference):
        return UNDEFINED
    if decision is None:
        return NOT_SHOWN
    if not decision.enough_units:
        return NOT_ENOUGH
    holds_none = result.interval is not None and result.interval[0] <= 0 <= result.interval[1]
    if decision.decisive >= decision.alpha or holds_none or not result.difference:
        return NOT_SHOWN
    return BETTER if (result.difference < 0) == is_lower_better(result.direction) else WORSE

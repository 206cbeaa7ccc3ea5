"""Comparisons of two models that hold at all looks together: confidence sequences of differences, anytime-valid p."""

from __future__ import annotations

import math
from dataclasses import replace

from losscli.results import ComparisonResult
from losscli.statistics import sequential
from losscli.statistics.decisions import Choice
from losscli.statistics.paired_tests import ComparedLines
from losscli.statistics.variance import Variance


def sequential_test(
    lines: ComparedLines, result: ComparisonResult, found: Variance | None
) -> tuple[ComparisonResult, Choice | None, float | None]:
    """A comparison with its test: the p-value is below 1 - level where the confidence sequence leaves out 0.

    Parameters
    ----------
    lines
        The two lines.
    result
        The comparison with its confidence sequence.
    found
        The variance of the difference.

    Returns
    -------
    result : ComparisonResult
        Of two losses that are 0 or 1 on independent rows of one weight, its interval is exact.
    choice : Choice or None
        The test that decides; None where there is no standard error.
    p : float or None
        Its p-value.
    """
    how = result.uncertainty
    if how is None or found is None:
        return result, None, None
    units = lines.units(found)
    reason = "it holds at all looks together"
    if units.binary and units.alike and result.wins is not None and result.losses is not None:
        ones = (result.losses, result.wins) if result.direction == "lower" else (result.wins, result.losses)
        interval, p = sequential.paired_proportions(*ones, result.count - sum(ones), how.level)
        result = replace(result, interval=interval, uncertainty=replace(how, method="sequential-exact"))
        return result, Choice("sequential", reason, sequential.paired_proportions(units.count, 0, 0, how.level)[1]), p
    if found.constant:  # all units differ by the same
        smallest = sequential.p_of_like_signs(units.count)
        return result, Choice("sequential", reason, smallest), smallest if result.difference else 1.0
    t = result.difference / found.stderr
    smallest = sequential.p_value(math.inf, found.df, how.level)
    return replace(result, t=t), Choice("sequential", reason, smallest), sequential.p_value(t, found.df, how.level)

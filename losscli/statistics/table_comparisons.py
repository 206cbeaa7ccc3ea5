"""Comparisons of two models by a number of a whole table: the paired test of DeLong, or by influences of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from losscli.aggregate.held_tables import are_paired
from losscli.results import ComparisonResult, Uncertainty
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.decisions import Choice
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.hypothesis_tests import paired_t
from losscli.statistics.student_t import t_interval
from losscli.statistics.table_variance import paired_stderr, without_samples

Multiples = Callable[[ComparisonResult], Iterator[tuple[Fraction, Fraction, float]]]


class TableComparison(NamedTuple):
    """A comparison with its standard error and interval, the test that decides, and its p-value."""

    result: ComparisonResult
    choice: Choice
    p: float


def compared_tables(
    sums: ContributionSums, lines: tuple[int, int], slice_ids: SliceIds, result: ComparisonResult, multiples: Multiples
) -> TableComparison | None:
    """The comparison of two lines by the places of their rows.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    lines
        The positions of the two lines.
    slice_ids
        The slice.
    result
        Their difference.
    multiples
        Gives for each relative margin the multiple of the second value that is so much worse, and the first less this.

    Returns
    -------
    TableComparison or None
        None where the rows of the two are not paired, the run asks for another method, a class has only one row, or
        no row has another place with one model than with the other.
    """
    level, asked = sums.inference.level, sums.inference.test
    if not are_paired(sums.plan, *lines) or without_samples(sums.inference) or not math.isfinite(result.difference):
        return None
    found = paired_stderr(sums, lines, slice_ids)
    if found is None:
        return None
    stderr, df, reason = found
    how = Uncertainty("t", level, "row", result.count, df, reason=reason)
    if not stderr:
        return TableComparison(replace(result, stderr=stderr, uncertainty=how), Choice("t", reason, 0.0), 1.0)
    t, p = paired_t(result.difference, stderr, df)
    margins = {}
    for margin, multiple, value in multiples(result):
        beyond = paired_stderr(sums, lines, slice_ids, multiple)
        if beyond is not None:
            margins[margin] = t_interval(value, beyond.stderr, beyond.df, level)
    instead = "" if asked in ("auto", "t") else f"a number of a whole table has no {asked} test; "
    result = replace(
        result, stderr=stderr, interval=t_interval(result.difference, stderr, df, level), uncertainty=how, t=t,
        margins=margins,
    )  # fmt: skip
    return TableComparison(result, Choice("t", instead + reason, 0.0), p)

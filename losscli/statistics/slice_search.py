"""Which slices of many columns have a worse mean loss than the rest of the rows, by more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.cross_products import UNIT, ContributionPair
from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.slice_search import VALUE, WEIGHT, LineSums, SliceSearch, family_sizes
from losscli.aggregate.wide_sum import Exact
from losscli.binding.plan import Line, Search
from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.results.directions import compared, is_lower_better
from losscli.results.worst_slices import LeftOutColumnResult, SearchedColumnResult, WorstSlice, WorstSlices
from losscli.statistics.exact_association import fisher_p
from losscli.statistics.hypothesis_tests import paired_t
from losscli.statistics.multiple_testing import holm

MINIMUM = 20
"""Rows of a slice, and of the rest, that are enough for a test; of weighted rows, the effective sample size."""

_MOST = 100  # slices of a loss and model
_SAME = 1e-9  # means that differ by less are equal: of a constant loss, only the rounding of its rows differs
_ROUNDING = 40  # bits of a sum of squares beyond which differences of values are those of rounding


class _Sums(NamedTuple):
    """The exact sums of the rows of a slice, in units of 2**-1074; without weights the last three are None."""

    rows: int
    value: Exact
    squares: Exact
    weight: Exact | None = None
    weight_squares: Exact | None = None
    products: Exact | None = None

    def less(self, other: _Sums) -> _Sums:
        """Those of the rows that are not in a slice of these."""
        pairs = zip(self, other, strict=True)
        return _Sums(*(None if a is None or b is None else a - b for a, b in pairs))  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Mean:
    """A mean, its variance, and of how many rows of one weight it is."""

    value: float
    variance: float
    size: float


def worst_slices(totals: RunAccumulator) -> WorstSlices:
    """What the search of a run found."""
    search, sums = totals.plan.search, totals.slice_search
    assert search is not None
    tested: list[WorstSlice] = []
    losses: dict[str, None] = {}
    if sums is not None:
        for at, line_sums in sums.lines.items():
            if line_sums.counts[-1]:
                line = totals.plan.lines[at]
                losses[line.spec.text] = None
                tested += _tests(line, line_sums, sums)
    level = totals.plan.request.inference.level
    adjusted = holm([one.p for one in tested])
    found = [replace(one, p_adjusted=p) for one, p in zip(tested, adjusted, strict=True)
             if p < 1 - level and _is_worse(one, totals)]  # fmt: skip
    return WorstSlices(
        columns=tuple(SearchedColumnResult(one.key.name, one.key.column, len(one.labels)) for one in search.columns),
        pairs=len(search.pairs), pairs_left_out=search.pairs_left_out,
        left_out=tuple(LeftOutColumnResult(*one) for one in search.left_out), losses=tuple(losses),
        minimum_count=MINIMUM, tests=len(tested), level=level, found=len(found), slices=tuple(_ordered(found)),
    )  # fmt: skip


def _is_worse(one: WorstSlice, totals: RunAccumulator) -> bool:
    direction = next(line.spec.direction for line in totals.plan.lines if line.spec.text == one.spec)
    value, rest = (compared(direction, number) for number in (one.value, one.rest_value))
    if math.isclose(value, rest, rel_tol=_SAME):
        return False
    return value > rest if is_lower_better(direction) else value < rest


def _ordered(found: Sequence[WorstSlice]) -> Iterator[WorstSlice]:
    """By loss and model, the smallest p-value first; where doubles hold none so small, the largest t first."""
    lines: dict[tuple[str, str | None], list[WorstSlice]] = {}
    for one in found:
        lines.setdefault((one.spec, one.model), []).append(one)
    for own in lines.values():
        own.sort(key=lambda one: (one.p, -abs(one.difference / one.stderr) if one.stderr else -math.inf, len(one.by)))
        before: list[set[tuple[str, str]]] = []
        rows: set[tuple[int, float, float]] = set()
        for one in own[:_MOST]:
            items, sums = set(one.by.items()), (one.count, one.value, one.rest_value)
            nested = sums in rows or any(items <= other or items >= other for other in before)
            before += [] if nested else [items]
            rows.add(sums)
            yield replace(one, nested=nested)


def _tests(line: Line, sums: LineSums, search: SliceSearch) -> Iterator[WorstSlice]:
    """The tests of one line: of each slice with enough rows against all others."""
    size = len(sums.counts)
    places = np.flatnonzero((sums.counts >= MINIMUM) & (sums.counts[-1] - sums.counts >= MINIMUM))
    (whole, *own) = _read(sums, size, [size - 1, *places.tolist()])
    binary = not line.spec.is_composite and line.spec.parts[0][1].loss.binary
    names = _names(search.search, places)
    for one, by in zip(own, names, strict=True):
        if one is None or whole is None:
            continue
        rest = whole.less(one)
        first, second = _mean(one), _mean(rest)
        if min(first.size, second.size) < MINIMUM:
            continue
        stderr = math.sqrt(first.variance + second.variance)
        found = WorstSlice(line.model, line.spec.name or line.spec.parts[0][1].loss.name, line.spec.text, by,
                           first.value, one.rows, second.value, rest.rows, first.value - second.value, stderr, None,
                           "fisher", 1.0, 1.0)  # fmt: skip
        if binary and one.weight is None:
            ones = [int(side.value) // ONE for side in (one, rest)]
            yield replace(found, p=fisher_p(ones[0], one.rows, ones[1], rest.rows))
        elif first.variance > 0 and math.isfinite(stderr):
            df = _welch_df(first, second)
            p = paired_t(found.difference, stderr, df)[1]
            if not math.isnan(p):
                yield replace(found, df=df, test="welch", p=p)


def _welch_df(one: _Mean, other: _Mean) -> float:
    """The degrees of freedom of Welch (1947) and Satterthwaite."""
    share = one.variance / (one.variance + other.variance)
    return 1 / (share**2 / (one.size - 1) + (1 - share) ** 2 / (other.size - 1))


def _mean(sums: _Sums) -> _Mean:
    """The mean with its variance: s**2 / n, or for weights the sandwich estimator with n_eff / (n_eff - 1)."""
    n, s, q, w, r, p = sums
    if w is None or r is None or p is None:
        form = n * q * ONE - s * s
        return _Mean(rounded(s, n * ONE), rounded(max(form, 0), n * n * (n - 1) * ONE * ONE), float(n))
    size = rounded(w * w, r * ONE) if r else 0.0
    if size <= 1:
        return _Mean(math.nan, math.nan, size)
    form = q * w * w - 2 * s * w * p + s * s * r
    varies = form * (1 << _ROUNDING) > q * w * w
    variance = rounded(form * ONE, w**4) * (size / (size - 1)) if varies else 0.0
    return _Mean(rounded(s, w), variance, size)


def _read(sums: LineSums, size: int, places: Sequence[int]) -> list[_Sums | None]:
    """The sums of these slices; None where one is not finite."""
    pairs: list[ContributionPair] = [(VALUE, UNIT), (VALUE, VALUE)]
    if (WEIGHT, UNIT) in sums.products.sums:
        pairs += [(WEIGHT, UNIT), (WEIGHT, WEIGHT), (VALUE, WEIGHT)]
    kept = [sums.products.sums[pair] for pair in pairs]
    columns = []
    unknown: Array = np.zeros(size, bool)
    for one in kept:
        one.grow(size)
        unknown |= (one.plain.nan > 0) | (one.plain.inf > 0) | (one.plain.neg_inf > 0)
        columns.append(one.evaluate())
    return [None if unknown[at] else _Sums(int(sums.counts[at]), *(column[at] for column in columns)) for at in places]


def _names(search: Search, places: Array) -> list[Mapping[str, str]]:
    """The slices of these ids, as column -> value."""
    families = [*((at,) for at in range(len(search.columns))), *search.pairs]
    sizes = [*family_sizes(search)]
    starts = np.cumsum([0, *sizes])
    found: list[Mapping[str, str]] = []
    for place in places.tolist():
        family = int(np.searchsorted(starts, place, side="right")) - 1
        columns = [search.columns[at] for at in families[family]]
        code = place - int(starts[family])
        codes = (code,) if len(columns) == 1 else divmod(code, len(columns[1].labels))
        found.append({one.key.column: one.labels[at] for one, at in zip(columns, codes, strict=True)})
    return found

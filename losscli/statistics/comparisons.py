"""Models against each other on the same rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from losscli.aggregate.required import pairs_of, unit_of
from losscli.contract.kinds import Array
from losscli.results import ComparisonResult, LossResult, PairedTest
from losscli.statistics.delta_method import LossUncertainty
from losscli.statistics.estimates import Slice, WeightedSliceId
from losscli.statistics.hypothesis_tests import holm, paired_t, root
from losscli.statistics.intervals import Asked, slice_words, spread_of
from losscli.statistics.permutation import permutation_test


@dataclass(frozen=True)
class _Draft:
    """A comparison before the p-values of its fellows are known."""

    result: ComparisonResult
    slice: Slice
    p_t: float | None
    p_permutation: float | None


def comparisons(
    spread: LossUncertainty,
    found: Mapping[Slice, list[WeightedSliceId]],
    results: Mapping[tuple[int, Slice], LossResult],
) -> Iterator[ComparisonResult]:
    drafts = [_draft(spread, one, other, name, slice_ids, results)
              for one, other in pairs_of(spread.plan) for name, slice_ids in found.items()]  # fmt: skip
    families: dict[tuple[str, Slice], list[_Draft]] = {}
    for draft in drafts:
        families.setdefault((draft.result.spec, draft.slice), []).append(draft)
    corrected: dict[int, ComparisonResult] = {}
    for family in families.values():
        by_t, by_flips = holm([d.p_t for d in family]), holm([d.p_permutation for d in family])
        for draft, t, flips in zip(family, by_t, by_flips, strict=True):
            result = replace(draft.result, t_test=_test(draft.p_t, t), permutation=_test(draft.p_permutation, flips))
            corrected[id(draft)] = replace(result, verdict=_verdict(result))
    return (corrected[id(draft)] for draft in drafts)


def _test(p: float | None, corrected: float | None) -> PairedTest | None:
    return None if p is None or corrected is None else PairedTest(p, corrected)


def _draft(
    spread: LossUncertainty, one: int, other: int, name: Slice, slice_ids: list[WeightedSliceId],
    results: Mapping[tuple[int, Slice], LossResult],
) -> _Draft:  # fmt: skip
    """Two lines on one slice."""
    mine = results[one, name]
    theirs = results[other, name].value if other >= 0 else spread.value(other, slice_ids)
    model = spread.plan.lines[other].model if other >= 0 else spread.plan.saved.name
    difference = mine.value - theirs
    won = _won(spread, one, other, slice_ids)
    bare = ComparisonResult(
        model=mine.model, against=model, by=mine.by, loss=mine.loss, spec=mine.spec, direction=mine.direction,
        value=mine.value, against_value=theirs, difference=difference, count=mine.count, verdict=_NOTHING,
        wins=won and won[0], losses=won and won[1], ties=won and won[2],
    )  # fmt: skip
    unit = unit_of(spread.plan.lines[one])
    forms = spread.form(one, slice_ids), spread.form(other, slice_ids)
    if unit is None or forms[0] is None or forms[1] is None or not math.isfinite(difference):
        return _Draft(bare, name, None, None)
    both = forms[0].shares, forms[1].shares
    form = forms[0].minus(forms[1])
    said = spread_of(
        spread, Asked(unit, slice_ids, name, difference, mine.count), form, [*both[0], *both[1]],
        _difference(spread, one, other, both, slice_ids),
    )  # fmt: skip
    p_flips = _flipped(spread, one, unit, slice_ids, both, name)
    if said is not None:
        bare = replace(bare, stderr=said.stderr, interval=said.interval, uncertainty=said.uncertainty)
    if p_flips is not None:
        bare = replace(bare, permutations=spread.asked.permutations)
    if said is not None and said.uncertainty.df is not None:
        stderr, df = said.stderr, said.uncertainty.df
    else:  # the t test is that of the sums, whatever the interval comes from
        found = spread.variance(form, unit, slice_ids)
        if found is None:
            return _Draft(bare, name, None, p_flips)
        stderr, df = root(found[0]), found[1]
    t, p = paired_t(difference, stderr, df)
    return _Draft(replace(bare, t=t if math.isfinite(t) else None), name, p if p == p else None, p_flips)


_NOTHING = "no difference shown"


def _verdict(result: ComparisonResult) -> str:
    """What is shown of the first model: by the interval, and with several models by the corrected p-value too."""
    if result.interval is None or result.uncertainty is None or result.interval[0] <= 0 <= result.interval[1]:
        return _NOTHING
    if result.t_test is not None and result.t_test.holm > result.t_test.p > 0:  # it is one of several
        level = result.uncertainty.level
        if result.t_test.holm >= 1 - level:
            return _NOTHING
    return "better" if (result.difference < 0) == (result.direction == "lower") else "worse"


def _won(
    spread: LossUncertainty, one: int, other: int, slice_ids: list[WeightedSliceId]
) -> tuple[int, int, int] | None:
    unit = unit_of(spread.plan.lines[one])
    counts = None if unit is None else spread.levels[unit].wins.get((one, other))
    if counts is None:
        return None
    won, lost, tied = (
        counts[[slice_id.number for slice_id in slice_ids if slice_id.number < len(counts)]].sum(axis=0).tolist()
    )
    return won, lost, tied


def _difference(
    spread: LossUncertainty, one: int, other: int, shares: tuple[list[int], list[int]], slice_ids: list[WeightedSliceId]
) -> Callable[[Array], Array] | None:
    mine, theirs = spread.statistic(one, shares[0], slice_ids), spread.statistic(other, shares[1], slice_ids)
    if mine is None or theirs is None:
        return None
    first, second, width = mine, theirs, len(shares[0])
    return lambda sums: first(sums[..., :width]) - second(sums[..., width:])


def _flipped(
    spread: LossUncertainty,
    one: int,
    unit: str,
    slice_ids: list[WeightedSliceId],
    shares: tuple[list[int], list[int]],
    name: Slice,
) -> float | None:
    """The p-value of swapping the models in a random half of the units, again and again."""
    if not spread.asked.permutations or len(shares[0]) != len(shares[1]):
        return None
    table = spread.table([*shares[0], *shares[1]], unit, slice_ids)
    statistic = spread.statistic(one, shares[0], slice_ids)
    if table is None or statistic is None or not len(table):
        return None
    width = len(shares[0])
    return permutation_test(table[:, :width], table[:, width:], statistic, spread.asked.permutations, spread.asked.seed,
                     slice_words(name))  # fmt: skip

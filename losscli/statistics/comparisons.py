"""Comparisons of two models on the same rows: paired differences, their tests, and what they show."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from fractions import Fraction

from losscli.aggregate.required import compared_lines
from losscli.lazy import dataclass
from losscli.results import ComparisonResult, Decision, LossResult, PairedTest
from losscli.results.directions import compared, is_lower_better
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.decisions import DEFAULT_PERMUTATIONS, NOT_SHOWN, Choice, Units, alpha_of, choose, verdict
from losscli.statistics.delta_method import variance
from losscli.statistics.finalized_sums import Slice, SliceIds
from losscli.statistics.hypothesis_tests import paired_t
from losscli.statistics.intervals import Estimate, confidence_interval, units_of
from losscli.statistics.linearization import Linearization, linearize
from losscli.statistics.multiple_testing import adjusted, holm
from losscli.statistics.paired_tests import ComparedLines, Interval, mcnemar_p, score_interval
from losscli.statistics.permutation import PermutationResult
from losscli.statistics.plug_in import PlugIn, plug_in_value
from losscli.statistics.sequential_tests import sequential_test
from losscli.statistics.table_comparisons import compared_tables
from losscli.statistics.variance import Variance
from losscli.statistics.wild_bootstrap import WildResult

# A test -> the field of a result that has its p-values.
_FIELDS = {
    "t": "t_test",
    "permutation": "permutation",
    "mcnemar": "mcnemar",
    "mcnemar-mid-p": "mcnemar",
    "wild": "wild",
    "sequential": "t_test",
}


@dataclass(frozen=True)
class _Pair:
    """Two lines of the plan, by their positions, on one slice."""

    first: int
    second: int
    slice: Slice
    slice_ids: SliceIds


@dataclass(frozen=True)
class UnadjustedComparison:
    """A comparison whose p-values are not yet adjusted for the other comparisons of its family."""

    result: ComparisonResult
    slice: Slice
    ps: Mapping[str, float | None] = field(default_factory=dict)  # field of the result -> p-value
    choice: Choice | None = None

    @property
    def p(self) -> float | None:
        """The p-value of the test that decides."""
        return None if self.choice is None else self.ps.get(_FIELDS[self.choice.test])


def comparisons(
    sums: ContributionSums, found: Mapping[Slice, SliceIds], results: Mapping[tuple[int, Slice], LossResult]
) -> Iterator[ComparisonResult]:
    """The comparisons that a run requests.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    found
        Slice -> its ids.
    results
        The estimate of each line on each slice.

    Yields
    ------
    ComparisonResult
        Each requested pair of models on each slice. The comparisons of one loss on one slice are a family, within
        which p-values are adjusted by Holm's method. By that of Benjamini and Hochberg they are adjusted over all
        slices of a loss; the whole run is a family of its own.
    """
    pairs = [
        _Pair(first, second, slice_, slice_ids)
        for first, second in compared_lines(sums.plan)
        for slice_, slice_ids in found.items()
    ]
    method, level = "holm" if sums.inference.gated else sums.inference.adjust, sums.inference.level
    if method == "max-t":
        yield from _simultaneous(sums, pairs, results)
        return
    unadjusted = [_compare(sums, pair, results) for pair in pairs]

    families = _families([(c.result.spec, bool(c.slice)) for c in unadjusted])

    def adjust(ps: _PValues) -> list[float]:
        """Over all slices of a loss: what belongs together where it is not the models of a slice."""
        return _within(families, ps, lambda those: adjusted(those, method))

    yield from judged(unadjusted, method, None if method == "holm" else adjust, float(alpha_of(level)))


def _simultaneous(
    sums: ContributionSums, pairs: Sequence[_Pair], results: Mapping[tuple[int, Slice], LossResult]
) -> Iterator[ComparisonResult]:
    """Comparisons whose intervals hold together for all models and slices of a loss, as their p-values do."""
    from losscli.statistics.simultaneous import Member, maximum, member, of_all

    families = [(sums.line(pair.first).spec.text, bool(pair.slice)) for pair in pairs]
    members: dict[Hashable, list[Member]] = {family: [] for family in families}
    numbers = {slice_: number for number, slice_ in enumerate(dict.fromkeys(pair.slice for pair in pairs))}
    for family, pair in zip(families, pairs, strict=True):
        first, second = _linear(sums, pair, results)
        linear = None if first is None or second is None else first.minus(second)
        place = numbers[pair.slice], pair.slice_ids
        one = member(sums, linear, sums.unit_of(pair.first), place, proportion=False)
        members[family] += [] if one is None else [one]
    level = sums.inference.level
    maxima = {family: maximum(sums, those) for family, those in members.items()}
    at_level = {family: sums.at_level(one.pointwise(level)) for family, one in maxima.items()}
    unadjusted = []
    for family, pair in zip(families, pairs, strict=True):
        found = _compare(at_level[family], pair, results)
        how = found.result.uncertainty
        if how is not None:
            how = of_all(how, level, maxima[family].size)
            found = replace(found, result=found.result.changed(uncertainty=how))
        unadjusted.append(found)

    def adjust(ps: _PValues) -> list[float]:
        """By the largest statistic of a family."""
        each = zip(ps, families, strict=True)
        return [math.nan if p is None else maxima[family].adjusted(p) for p, family in each]

    yield from judged(unadjusted, "max-t", adjust, float(alpha_of(level)))


_PValues = Sequence[float | None]


def judged(
    unadjusted: list[UnadjustedComparison], method: str, adjust: Callable[[_PValues], list[float]] | None, alpha: float
) -> Iterator[ComparisonResult]:
    """The comparisons with p-values that are adjusted, by Holm's method unless otherwise, and verdicts."""
    families = _families([(c.result.spec, c.slice) for c in unadjusted])

    def tested(ps: _PValues) -> list[PairedTest | None]:
        if all(p is None for p in ps):  # a test that was not made
            return [None] * len(ps)
        by_slice = _within(families, ps, holm)
        others: _PValues = [None] * len(ps) if adjust is None else adjust(ps)
        each = zip(ps, by_slice, others, strict=True)
        return [None if p is None else PairedTest(p, one, other) for p, one, other in each]

    names = dict.fromkeys(_FIELDS.values())
    found = {name: tested([comparison.ps.get(name) for comparison in unadjusted]) for name in names}
    decides = tested([comparison.p for comparison in unadjusted])
    for position, comparison in enumerate(unadjusted):
        tests = {name: those[position] for name, those in found.items()}
        decision = _decision(comparison.choice, decides[position], alpha)
        shown = verdict(comparison.result, decision)
        yield comparison.result.changed(adjustment=method, decision=decision, verdict=shown, **tests)


def _families(of: Sequence[Hashable]) -> list[list[int]]:
    """The places of the comparisons of each family."""
    members: dict[Hashable, list[int]] = {}
    for place, family in enumerate(of):
        members.setdefault(family, []).append(place)
    return list(members.values())


def _within(
    families: Sequence[Sequence[int]], ps: _PValues, adjust: Callable[[list[float | None]], list[float]]
) -> list[float]:
    """The p-values, each adjusted for those of its family."""
    found = [math.nan] * len(ps)
    for places in families:
        for place, p in zip(places, adjust([ps[place] for place in places]), strict=True):
            found[place] = p
    return found


def _decision(choice: Choice | None, found: PairedTest | None, alpha: float) -> Decision | None:
    if choice is None or found is None:
        return None
    return Decision(*choice[:2], found.p, found.holm, choice.smallest_p, alpha, found.adjusted)


def _compare(
    sums: ContributionSums, pair: _Pair, results: Mapping[tuple[int, Slice], LossResult]
) -> UnadjustedComparison:
    """Two lines on one slice."""
    result = _difference(sums, pair, results)
    paired = compared_tables(sums, (pair.first, pair.second), pair.slice_ids, result,
                             lambda found: _multiples(sums.inference.margins, found))  # fmt: skip
    if paired is not None:
        return UnadjustedComparison(paired.result, pair.slice, {"t_test": paired.p}, paired.choice)
    unit = sums.unit_of(pair.first)
    first, second = _linear(sums, pair, results)
    if unit is None or first is None or second is None or not math.isfinite(result.difference):
        return UnadjustedComparison(result, pair.slice)
    estimate = Estimate(result.difference, units_of(sums, first, result.count), unit, pair.slice, pair.slice_ids)
    lines = ComparedLines(sums, pair.first, pair.second, estimate, (first, second))
    functions = _functions(lines)
    interval = confidence_interval(sums, estimate, lines.difference, functions and functions[0].minus(functions[1]))
    found = None if interval is None else interval.variance
    if found is None:  # the t test is that of the delta method even beside a bootstrap interval
        found = variance(sums, lines.difference, unit, pair.slice_ids)
    margins = _margins(lines, result, functions)
    if interval is not None:
        result = result.changed(
            stderr=interval.stderr, interval=interval.interval, uncertainty=interval.uncertainty, margins=margins
        )
    elif margins:
        result = result.changed(margins=margins)
    if sums.inference.sequential:  # neither permutations nor McNemar's test hold at several looks
        result, choice, p = sequential_test(lines, result, found)
        return UnadjustedComparison(result, pair.slice, {"t_test": p}, choice)
    return _tested(lines, result, found, functions)


def _functions(lines: ComparedLines) -> tuple[PlugIn, PlugIn] | None:
    """The two values as functions of sums, for the bootstrap."""
    if lines.sums.inference.bootstrap is None:
        return None
    ours, theirs = lines.plug_in(first=True), lines.plug_in(first=False)
    return None if ours is None or theirs is None else (ours, theirs)


def _tested(
    lines: ComparedLines, result: ComparisonResult, found: Variance | None, functions: tuple[PlugIn, PlugIn] | None
) -> UnadjustedComparison:
    """The tests of a comparison, the one of them that decides, and its interval."""
    inference = lines.sums.inference
    units = lines.units(found)
    choice = choose(units, inference.test, inference.permutations or DEFAULT_PERMUTATIONS, alpha_of(inference.level))
    t, p_t = (math.nan, math.nan) if found is None else paired_t(result.difference, found.stderr, found.df)
    permuted = None
    if choice.test == "permutation" or (inference.permutations and not units.serial):
        permuted = lines.permutation()
    wild = lines.wild() if choice.test == "wild" else None
    ps = {
        "t_test": None if math.isnan(p_t) else p_t,
        "permutation": None if permuted is None else permuted.p,
        "mcnemar": mcnemar_p(units, result, choice.test == "mcnemar-mid-p"),
        "wild": None if wild is None else wild.p,
    }
    if choice.test == "permutation" and permuted is None:
        choice, ps["permutation"] = _without_sums_of_units(units, result, choice)
    entries: dict[str, object] = {"t": t if math.isfinite(t) else None}
    if permuted is not None:
        entries |= {"permutations": permuted.permutations, "permutations_exact": permuted.exact}
    if not (inference.bootstrap is not None or found is None or (found.constant and choice.test == "permutation")):
        entries |= _interval_of_test(lines, result, choice.test, ps[_FIELDS[choice.test]], permuted, wild)
    return UnadjustedComparison(result.changed(**entries), lines.estimate.slice, ps, choice)


def _interval_of_test(
    lines: ComparedLines, result: ComparisonResult, test: str, p: float | None, permuted: PermutationResult | None,
    wild: WildResult | None,
) -> dict[str, object]:  # fmt: skip
    """The interval of the test that decides, where it has one of its own; the standard error and its df stay."""
    interval: Interval | None
    if test == "permutation" and permuted is not None:
        method, interval, margins = test, permuted.interval, _other_margins(lines, result, lines.sign_flips)
    elif test == "wild" and wild is not None:
        method, interval, margins = test, wild.interval, _other_margins(lines, result, lines.wild)
    elif test.startswith("mcnemar") and p is not None:
        method, interval, margins = "score", score_interval(result, p, lines.sums.inference.level), None
    else:
        return {}
    how = result.uncertainty
    how = how if how is None else replace(how, method=method)
    found: dict[str, object] = {"interval": interval, "uncertainty": how}
    return found if margins is None else {**found, "margins": margins}


def _without_sums_of_units(units: Units, result: ComparisonResult, choice: Choice) -> tuple[Choice, float | None]:
    """What decides where the sums of units are not kept, as of very many rows that all differ by the same."""
    if units.constant:
        return choice, choice.smallest_p if result.difference else 1.0
    return Choice("t", f"{choice.reason}, whose values are not kept", 0.0), None


def _margins(
    lines: ComparedLines, result: ComparisonResult, functions: tuple[PlugIn, PlugIn] | None
) -> dict[Fraction, Interval]:
    """For each relative margin the interval of the value less that multiple of the other that is so much worse."""
    found = {}
    for margin, multiple, value in _multiples(lines.sums.inference.margins, result):
        beyond = replace(lines.estimate, value=value)
        function = functions and functions[0].minus(functions[1], float(multiple))
        linear = lines.linear[0].minus(lines.linear[1], multiple)
        interval = confidence_interval(lines.sums, beyond, linear, function)
        if interval is not None and interval.interval is not None:
            found[margin] = interval.interval
    return found


def _other_margins(
    lines: ComparedLines,
    result: ComparisonResult,
    test: Callable[[Fraction, float], PermutationResult | WildResult | None],
) -> dict[Fraction, Interval]:
    """The same intervals by another test."""
    found = {}
    for margin, multiple, value in _multiples(lines.sums.inference.margins, result):
        tested = test(multiple, value)
        if tested is not None and tested.interval is not None:
            found[margin] = tested.interval
    return found


def _multiples(
    margins: Sequence[Fraction], result: ComparisonResult
) -> Iterator[tuple[Fraction, Fraction, float]]:  # fmt: skip
    """For each relative margin the multiple of the other value that is so much worse, and the value less this."""
    worse = 1 if is_lower_better(result.direction) == (result.against_value > 0) else -1
    for margin in margins:
        multiple = 1 + worse * margin if result.against_value else Fraction(1)
        yield margin, multiple, float(Fraction(result.value) - multiple * Fraction(result.against_value))


def _against(sums: ContributionSums, pair: _Pair, results: Mapping[tuple[int, Slice], LossResult]) -> float:
    """The value of the second line, with its sign."""
    if pair.second >= 0:
        return results[pair.second, pair.slice].value
    return plug_in_value(sums, pair.second, pair.slice_ids)


def _linear(
    sums: ContributionSums, pair: _Pair, results: Mapping[tuple[int, Slice], LossResult]
) -> list[Linearization | None]:
    """The linearisations of what is compared: of the sizes of both values where 0 is best."""
    found = [linearize(sums, line, pair.slice_ids) for line in (pair.first, pair.second)]
    ours = results[pair.first, pair.slice]
    if ours.direction != "zero":
        return found
    values = ours.value, _against(sums, pair, results)
    return [linear and linear.times(-1 if value < 0 else 1) for linear, value in zip(found, values, strict=True)]


def _difference(
    sums: ContributionSums, pair: _Pair, results: Mapping[tuple[int, Slice], LossResult]
) -> ComparisonResult:
    """The difference of what is compared of two lines, and their paired outcomes; no interval or test yet."""
    ours = results[pair.first, pair.slice]
    if pair.second >= 0:
        model = sums.plan.lines[pair.second].model
    else:
        assert sums.plan.baseline is not None
        model = sums.plan.baseline.name
    own, theirs = (compared(ours.direction, value) for value in (ours.value, _against(sums, pair, results)))
    unit = sums.unit_of(pair.first)
    outcomes = None if unit is None else sums.paired_outcomes((pair.first, pair.second), unit, pair.slice_ids)
    wins, losses, ties = outcomes or (None, None, None)
    return ComparisonResult(
        model=ours.model, against=model, by=ours.by, loss=ours.loss, spec=ours.spec, direction=ours.direction,
        value=own, against_value=theirs, difference=own - theirs, count=ours.count, verdict=NOT_SHOWN,
        wins=wins, losses=losses, ties=ties,
    )  # fmt: skip

"""Which unit statistics a run must keep for the standard errors and comparisons that are requested."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from losscli.aggregate.kernel_calls import KernelCall, kernel_calls
from losscli.binding.plan import Line, Plan
from losscli.binding.request import Inference, IntervalMethod

# Few runs have statistics of units: what these need is imported once they are asked for.
if TYPE_CHECKING:
    from losscli.aggregate.paired_outcomes import LinePair, PairedValues, UnitValue, ValueSource
    from losscli.aggregate.third_moments import MomentsOf
    from losscli.aggregate.unit_statistics import RequiredStatistics, UnitRequirements
    from losscli.binding.limits import Limits


class BaselinePart(NamedTuple):
    """The source of the row values of an earlier run: those of one part of a line, by their positions in the plan."""

    line: int
    part: int


def row_kernel_calls(line: Line) -> list[KernelCall]:
    """The kernel calls of a line that read rows."""
    return [call for job in line.jobs for call in kernel_calls(job).values() if not call.matrix_only]


def unit_of(line: Line) -> str | None:
    """The kind of unit of a line's values: "row" or "batch"; None where its parts differ, or no unit has a value."""
    calls = row_kernel_calls(line)
    kinds = {"row" if call.by_row else "batch" for call in calls}
    return kinds.pop() if len(kinds) == 1 and not any(call.by_table for call in calls) else None


def required_statistics(plan: Plan) -> RequiredStatistics | None:
    """The unit statistics that a run must keep; None where neither an interval nor a comparison is requested.

    The units of a mean over groups are the groups, whose values are known at the end.
    """
    inference = plan.request.inference
    if plan.request.mean_of is not None or not (inference.interval or inference.pairs or inference.why):
        return None
    from losscli.aggregate.unit_statistics import RequiredStatistics

    gathered = {"row": _Requirements(), "batch": _Requirements()}
    if inference.interval or inference.why:
        _for_intervals(plan, gathered)
    for pair in compared_lines(plan):
        _for_comparison(plan, pair, gathered)
    # Class weights that are computed from the data vary with the rows of each class.
    balanced = plan.class_column is not None and plan.request.class_weight == "balanced"
    weighted = (plan.weight is not None or plan.class_column is not None) and plan.request.mean_divisor == "weight"
    keeps_units = weighted and not balanced and inference.grouping is None
    moments_of: MomentsOf = "values" if keeps_units and plan.request.reduction != "sum" else "numerators"
    if balanced and plan.weight is not None:  # the shares are those of rows of a class, whatever their weight
        moments_of = "numerators and weights"
    return RequiredStatistics(
        gathered["row"].finish(balanced, keeps_units, moments_of),
        gathered["batch"].finish(balanced, False, "numerators"),
        divisor=plan.request.mean_divisor,
        needs_row_numbers=plan.baseline is not None
        or plan.by_time
        or (_by_cluster(inference) and plan.cluster is None),
        baseline=plan.baseline,
        by_time=plan.by_time,
        keeps_labels=plan.by_time or inference.why,
    )


def _by_cluster(inference: Inference) -> bool:
    """Whether sums by cluster are kept, be these single rows: rows without a cluster are told by their numbers."""
    tested = bool(inference.pairs) and by_unit(inference)
    return inference.grouping is not None or inference.why or inference.bootstrap is not None or tested


def by_unit(inference: Inference) -> bool:
    """Whether a test needs the values of all units, however many there are."""
    return inference.permutations > 0 or inference.test in ("permutation", "wild")


def _for_intervals(plan: Plan, gathered: dict[str, _Requirements]) -> None:
    inference = plan.request.inference
    by_cluster = inference.grouping is not None or inference.bootstrap is not None
    # Differences of slices and what is simultaneous are by the delta method, also beside the bootstrap.
    joint = inference.between is not None or inference.adjust == "max-t"
    by_products = not by_cluster or (joint and inference.grouping is None)
    for line in plan.lines:
        if (unit := unit_of(line)) is not None:
            calls = row_kernel_calls(line)
            gathered[unit].add(list(calls), cluster_sums=by_cluster or inference.why, cross_products=by_products)
            gathered[unit].squared_weights.update(dict.fromkeys(calls))
            if unit == "row" and not by_cluster and is_skewed(plan, line):
                gathered[unit].third_moments[tuple(dict.fromkeys(calls))] = None
    if inference.adjust == "max-t" and by_products:  # models of a loss have rows in common
        for spec in dict.fromkeys(line.spec for line in plan.lines):
            lines = [line for line in plan.lines if line.spec == spec]
            if len(lines) > 1 and (unit := unit_of(lines[0])) is not None:
                calls = [call for line in lines for call in row_kernel_calls(line)]
                gathered[unit].add(list(calls), cluster_sums=False, cross_products=True)


def is_skewed(plan: Plan, line: Line) -> bool:
    """Whether the interval of a line is corrected for skewness, which takes third moments.

    That is the default of a value that has a limit on one side, such as a mean of losses of at least 0: it mostly has a
    long tail on the other.
    """
    from losscli.binding.limits import value_limits

    return corrects_skewness(plan.request.inference.interval_method, value_limits(plan, line))


def corrects_skewness(method: IntervalMethod, limits: Limits) -> bool:
    """Whether a method corrects the interval of a value with these limits for skewness."""
    return limits.one_sided if method == "auto" else method == "hall"


def _for_comparison(plan: Plan, pair: LinePair, gathered: dict[str, _Requirements]) -> None:
    from losscli.aggregate.paired_outcomes import PairedValues

    inference = plan.request.inference
    first, second = pair
    line = plan.lines[first]
    if (unit := unit_of(line)) is None:
        return
    clustered = inference.grouping is not None
    earlier = baseline_parts(plan, first) if second < 0 else []
    sources = [*row_kernel_calls(line), *(earlier if second < 0 else row_kernel_calls(plan.lines[second]))]
    # The t test of a comparison needs cross products, even where its interval comes from the bootstrap.
    gathered[unit].add(
        sources,
        cluster_sums=clustered or inference.bootstrap is not None or by_unit(inference) or inference.why,
        cross_products=not clustered,
    )
    if not clustered:
        gathered[unit].few_units.update(dict.fromkeys(sources))
    gathered[unit].squared_weights.update(dict.fromkeys(row_kernel_calls(line)))
    gathered[unit].plain_sums.update(dict.fromkeys(earlier))
    if line.spec.direction == "zero":  # units have signs, and which of them are better no unit tells
        return
    theirs = unit_value_of(plan.lines[second]) if second >= 0 else baseline_unit_value(plan, first)
    higher_is_better = line.spec.direction == "higher"
    gathered[unit].paired_outcomes[pair] = PairedValues(unit_value_of(line), theirs, higher_is_better)


def compared_lines(plan: Plan) -> list[LinePair]:
    """The pairs of lines that are compared, by their positions; the baseline of line i has the position -1 - i."""
    position = {(line.model, line.spec): number for number, line in enumerate(plan.lines)}
    found: dict[LinePair, None] = {}
    for model, against in plan.request.inference.pairs:
        for (name, spec), number in position.items():
            if name != model:
                continue
            if plan.baseline is not None and against == plan.baseline.name:
                if number in plan.baseline.lines:
                    found[number, -1 - number] = None
            elif (against, spec) in position and position[against, spec] != number:
                found[number, position[against, spec]] = None
    return list(found)


def baseline_parts(plan: Plan, line: int) -> list[ValueSource]:
    """The sources of the baseline values of a line."""
    return [BaselinePart(line, part) for part in range(len(plan.lines[line].jobs))]


def unit_value_of(line: Line) -> UnitValue:
    """What the value of a unit is made of, for one line."""
    from losscli.aggregate.paired_outcomes import UnitValuePart

    return tuple(
        UnitValuePart(factor, tuple((call, term) for term, call in kernel_calls(job).items()),
                      job.spec.loss.own_combine)
        for (factor, _), job in zip(line.spec.parts, line.jobs, strict=True)
    )  # fmt: skip


def baseline_unit_value(plan: Plan, line: int) -> UnitValue:
    """What the baseline's value of a unit is made of, for one line."""
    from losscli.aggregate.paired_outcomes import UnitValuePart

    return tuple(
        UnitValuePart(factor, ((BaselinePart(line, part), None),), spec.loss.own_combine)
        for part, (factor, spec) in enumerate(plan.lines[line].spec.parts)
    )


class _Requirements:
    """The requirements of one kind of unit while they are gathered; dicts keep each source once and in order."""

    def __init__(self) -> None:
        self.cross_products: dict[tuple[ValueSource, ...], None] = {}
        self.cluster_sums: dict[ValueSource, None] = {}
        self.squared_weights: dict[ValueSource, None] = {}
        self.plain_sums: dict[ValueSource, None] = {}
        self.few_units: dict[ValueSource, None] = {}
        self.third_moments: dict[tuple[ValueSource, ...], None] = {}
        self.paired_outcomes: dict[LinePair, PairedValues] = {}

    def add(self, sources: list[ValueSource], *, cluster_sums: bool, cross_products: bool) -> None:
        if cluster_sums:
            self.cluster_sums.update(dict.fromkeys(sources))
        if cross_products:
            self.cross_products[tuple(dict.fromkeys(sources))] = None

    def finish(self, row_counts: bool, keeps_units: bool, moments_of: MomentsOf) -> UnitRequirements:
        from losscli.aggregate.unit_statistics import UnitRequirements

        return UnitRequirements(
            tuple(self.cross_products),
            tuple(self.cluster_sums),
            tuple(self.squared_weights),
            tuple(self.plain_sums),
            tuple(self.few_units),
            tuple(self.third_moments),
            moments_of,
            self.paired_outcomes,
            keeps_units,
            row_counts,
        )

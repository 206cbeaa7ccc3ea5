"""What must be kept beside the sums to answer what is asked about uncertainty: one look at the plan."""

from __future__ import annotations

from typing import NamedTuple

from losscli.aggregate.kernel_calls import KernelCall, kernel_calls
from losscli.aggregate.unit_statistics import Lines, Needed, Needs, Owner, Part, Worth
from losscli.binding.plan import Line, Plan


class SavedPart(NamedTuple):
    """The owner of values that were saved before: those of a part of a line, by their places in the plan."""

    line: int
    part: int


def works_of(line: Line) -> list[KernelCall]:
    """The works of a line that read rows."""
    return [work for job in line.jobs for work in kernel_calls(job).values() if not work.matrix_only]


def unit_of(line: Line) -> str | None:
    """What a line's values are about: "row" or "batch"; None where its parts differ, or where it reads no rows."""
    kinds = {"row" if work.by_row else "batch" for work in works_of(line)}
    return kinds.pop() if len(kinds) == 1 else None


def needed_of(plan: Plan) -> Needed | None:
    """What a run is to keep; None where nobody asks."""
    asked = plan.request.inference
    if not (asked.interval or asked.pairs):
        return None
    levels = {"row": _Level(), "batch": _Level()}
    clustered, drawn = asked.cluster is not None, asked.bootstrap is not None
    for line in plan.lines:
        if (unit := unit_of(line)) is not None and asked.interval:
            levels[unit].add(list(works_of(line)), clustered or drawn, clustered or drawn)
            levels[unit].weighed.update(dict.fromkeys(works_of(line)))
    for one, other in pairs_of(plan):
        if (unit := unit_of(plan.lines[one])) is None:
            continue
        owners: list[Owner] = [*works_of(plan.lines[one])]
        owners += works_of(plan.lines[other]) if other >= 0 else saved_owners(plan, one)
        # The t test of a comparison is that of the sums, whatever its interval is made of.
        levels[unit].add(owners, clustered or drawn or asked.permutations > 0, clustered)
        levels[unit].weighed.update(dict.fromkeys(works_of(plan.lines[one])))
        levels[unit].summed.update(dict.fromkeys(saved_owners(plan, one) if other < 0 else ()))
        higher = plan.lines[one].jobs[0].spec.loss.direction == "higher"
        theirs = worth_of(plan.lines[other]) if other >= 0 else saved_worth(plan, one)
        levels[unit].duels[one, other] = worth_of(plan.lines[one]), theirs, higher
    late = clustered or drawn or plan.saved is not None or (bool(asked.pairs) and asked.permutations > 0)
    by_count = plan.request.divide_by == "count"
    return Needed(levels["row"].needs(), levels["batch"].needs(), by_count, late, plan.saved)


def pairs_of(plan: Plan) -> list[Lines]:
    """The lines that are compared, by their places; the saved values of line i stand at -1 - i."""
    place = {(line.model, line.spec): number for number, line in enumerate(plan.lines)}
    found: dict[Lines, None] = {}
    for model, against in plan.request.inference.pairs:
        for (name, spec), number in place.items():
            if name != model:
                continue
            if plan.saved is not None and against == plan.saved.name:
                if number in plan.saved.lines:
                    found[number, -1 - number] = None
            elif (against, spec) in place and place[against, spec] != number:
                found[number, place[against, spec]] = None
    return list(found)


def saved_owners(plan: Plan, line: int) -> list[Owner]:
    """The owners of the saved values of a line."""
    return [SavedPart(line, part) for part in range(len(plan.lines[line].jobs))]


def worth_of(line: Line) -> Worth:
    """What makes the value of a unit."""
    return tuple(
        Part(factor, tuple((work, term) for term, work in kernel_calls(job).items()), job.spec.loss.own_combine)
        for (factor, _), job in zip(line.spec.parts, line.jobs, strict=True)
    )


def saved_worth(plan: Plan, line: int) -> Worth:
    """The same of what was saved."""
    return tuple(
        Part(factor, ((SavedPart(line, part), None),), spec.loss.own_combine)
        for part, (factor, spec) in enumerate(plan.lines[line].spec.parts)
    )


class _Level:
    """The needs of one kind of unit, gathered."""

    def __init__(self) -> None:
        self.together: dict[tuple[Owner, ...], None] = {}
        self.drawn: dict[Owner, None] = {}
        self.weighed: dict[Owner, None] = {}
        self.summed: dict[Owner, None] = {}
        self.duels: dict[Lines, tuple[Worth, Worth, bool]] = {}

    def add(self, owners: list[Owner], drawn: bool, only_drawn: bool) -> None:
        if drawn:
            self.drawn.update(dict.fromkeys(owners))
        if not only_drawn:
            self.together[tuple(dict.fromkeys(owners))] = None

    def needs(self) -> Needs:
        return Needs(tuple(self.together), tuple(self.drawn), tuple(self.weighed), tuple(self.summed), self.duels)

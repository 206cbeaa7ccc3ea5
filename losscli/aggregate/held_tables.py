"""Which columns losses of the whole table hold together, so that none is held twice and compared models stay paired."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from losscli.aggregate.kernel_calls import KernelCall, kernel_calls
from losscli.aggregate.required import compared_lines
from losscli.binding.plan import Line, Plan
from losscli.contract.kinds import Array
from losscli.lazy import dataclass


@dataclass(frozen=True)
class HeldTable:
    """Kernel calls whose keys are columns of one table; equal ones are one column."""

    calls: tuple[KernelCall, ...]

    def places(self) -> dict[Hashable, int]:
        """Column -> its place in the table."""
        found: dict[Hashable, int] = {}
        for call in self.calls:
            for column in _columns(call):
                found.setdefault(column, len(found))
        return found

    def makers(self) -> list[KernelCall]:
        """The calls whose keys are computed: those of others are among them."""
        known: set[Hashable] = set()
        found = []
        for call in self.calls:
            if not known.issuperset(_columns(call)):
                known.update(_columns(call))
                found.append(call)
        return found

    def columns(self, keys: Mapping[KernelCall, tuple[Array, ...]]) -> list[Array]:
        """The columns of the table, of the keys of its makers."""
        found: dict[Hashable, Array] = {}
        for call, arrays in keys.items():
            for column, values in zip(_columns(call), arrays, strict=True):
                found.setdefault(column, values)
        return list(found.values())

    def of(self, call: KernelCall, columns: list[Array]) -> list[Array]:
        """The keys of a call among the columns of the table; none where there are no rows."""
        places = self.places()
        return [columns[places[column]] for column in _columns(call)] if columns else []


def _columns(call: KernelCall) -> tuple[Hashable, ...]:
    """What a call's keys are: losses of one family name equal keys alike, whatever their parameters."""
    loss = call.spec.loss
    return tuple((loss.family, name, tuple(loss.roles), call.inputs) for name in loss.sorted_by)


def held_tables(plan: Plan, calls: Iterable[KernelCall]) -> tuple[HeldTable, ...]:
    """The tables of a run: calls with the same keys stand in one, and those whose lines are compared row by row."""
    tables: list[dict[KernelCall, None]] = []
    pairs = [{_call(plan.lines[first]), _call(plan.lines[second])} for first, second in paired_lines(plan)]
    for call in calls:
        if not call.by_table:
            continue
        partners = {other for pair in pairs if call in pair for other in pair}
        joined, apart = {call: None}, []
        for table in tables:
            if partners & set(table) or any(_columns(other) == _columns(call) for other in table):
                joined = {**table, **joined}
            else:
                apart.append(table)
        tables = [*apart, joined]
    return tuple(HeldTable(tuple(table)) for table in tables)


def paired_lines(plan: Plan) -> list[tuple[int, int]]:
    """The compared lines whose rows are paired: both of one loss of the whole table that declares its samples."""
    return [pair for pair in compared_lines(plan) if are_paired(plan, *pair)]


def are_paired(plan: Plan, first: int, second: int) -> bool:
    """Whether these compared lines are among them: each slice asks."""
    if plan.request.mean_of is not None or second < 0:
        return False
    return _is_sampled(plan.lines[first]) and _is_sampled(plan.lines[second])


def _is_sampled(line: Line) -> bool:
    return len(line.jobs) == 1 and not line.spec.is_composite and line.jobs[0].spec.loss.is_sampled


def _call(line: Line) -> KernelCall:
    """The only call of a line of one loss of the whole table."""
    return kernel_calls(line.jobs[0])[None]

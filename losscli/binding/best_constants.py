"""For which losses on which columns the best constant prediction is known, and what it is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from losscli.binding.plan import Input, Job, Line, Plan, Table
from losscli.contract.constant_search import Searched, SearchedLoss
from losscli.contract.functionals import Functional
from losscli.lazy import dataclass


@dataclass(frozen=True)
class BestConstant:
    """A line whose best constant is known, on one set of columns: the constant of each of its predicted roles.

    `row_parameters` are the columns of parameters that rows have, which are held beside the targets.
    """

    line: Line
    functionals: tuple[tuple[Input, Functional], ...]
    target: Input
    row_parameters: tuple[Input, ...] = ()

    @property
    def job(self) -> Job:
        """The loss on its columns; the first of a composite loss."""
        return self.line.jobs[0]

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What models share that have the same best constant."""
        sides = tuple((side.role, side.kind, side.wide) for side, _ in self.functionals)
        return self.line.spec.text, self.held, sides

    @property
    def held(self) -> tuple[Input, ...]:
        """The columns whose distinct rows are held where sums do not say all: the targets come last."""
        return *self.row_parameters, self.target

    @property
    def holds_targets(self) -> bool:
        """Whether the distinct targets are needed, as sums do not say all."""
        return not all(functional.adds_up for _, functional in self.functionals)

    @property
    def text(self) -> str:
        """What the constants are, as the loss declares them."""
        found = dict.fromkeys((side.role, functional.text) for side, functional in self.functionals)
        texts = [next(iter(found))[1]] if len(found) == 1 else [f"{role}: {text}" for role, text in found]
        return ", ".join(texts) + (", of all numbers of all lists" if self.target.ragged else "")


def best_constant(line: Line, reduction: str = "mean") -> BestConstant | str:
    """What is known of the best constant of a line; else why nothing is."""
    if len(line.jobs) == 1:
        return _of_one(line)
    if any(not job.spec.loss.source_roles for job in line.jobs):
        return " for a sum with a loss of parameters"
    found = [_of_one(replace(line, spec=line.spec, jobs=(job,))) for job in line.jobs]
    if (problem := next((why for why in found if isinstance(why, str)), None)) is not None:
        return problem
    parts = [one for one in found if isinstance(one, BestConstant)]
    target = parts[0].target
    if not all(_alike(one.target, target) for one in parts):
        return " for a sum of losses whose targets are of several kinds"
    pairs = [pair for one in parts for pair in one.functionals]
    if len({_meaning(one, side, functional) for one in parts for side, functional in one.functionals}) == 1:
        turned = {(job.spec.loss.direction == "lower") == (factor >= 0)
                  for (factor, _), job in zip(line.spec.parts, line.jobs, strict=True)}  # fmt: skip
        if len(turned) == 1:
            return BestConstant(line, tuple(dict(pairs).items()), target)
    return _searched_sum(line, reduction)


def _meaning(best: BestConstant, side: Input, functional: Functional) -> Hashable:
    """What tells two constants apart: the expression, the parameters in it, the columns of the prediction."""
    if isinstance(functional, Searched):
        return best.line.jobs  # that of no other loss
    named = tuple((name, value) for name, value in best.job.spec.params.items() if name in functional.text)
    return side.role, side.columns, functional.text, named


def _alike(one: Input, other: Input) -> bool:
    """Whether kernels get the same numbers of both: only the range of what is allowed differs."""
    plain = not any(side.kind.labels or side.kind.sides for side in (one, other))
    return one == other or (plain and replace(one, kind=other.kind) == other)


def _of_one(line: Line) -> BestConstant | str:
    """What is known of a line of one loss, whatever its factor."""
    job = line.jobs[0]
    loss = job.spec.loss
    rows = job.spec.row_parameters
    sides = {role: side for role, side in job.by_role() if side is not None and role not in rows}
    target, predicted = sides.get("target"), loss.consistent_for or ("pred",)
    if others := set(sides) - {"target", *predicted}:
        return f" with the role '{min(others)}'"
    if not isinstance(target, Input) or not all(isinstance(side, Input) for side in sides.values()):
        return ""
    if target.kind.shape == "class" and (target.classes is None or target.classes.carrier is None):
        return " for classes without columns of their own"
    if rows:
        return _searched(line, line.jobs)
    functionals = _declared(job, target, sides)
    if not functionals:
        return _searched(line, line.jobs)
    pairs = tuple((side, functionals[role]) for role, side in sides.items()
                  if isinstance(side, Input) and role in functionals)  # fmt: skip
    return BestConstant(line, pairs, target)


def _declared(job: Job, target: Input, sides: Mapping[str, Input | Table | None]) -> dict[str, Functional]:
    """Of each predicted role the functional that the loss declares."""
    loss, classes = job.spec.loss, target.kind.shape == "class"
    found = {role: Functional(text, classes=classes) for role, text in loss.consistent_for.items() if role in sides}
    return found if all(one.applies(job.spec.params) for one in found.values()) else {}


def _searched_sum(line: Line, reduction: str) -> BestConstant | str:
    """The constant of a sum of losses, each of which counts as much as its mean does."""
    if reduction == "sum":
        return " for a weighted sum of sums"
    if len({part.divide_by for _, part in line.spec.parts}) > 1:
        return " for a sum of losses whose means are divided by several things"
    return _searched(line, line.jobs)


def _searched(line: Line, jobs: Sequence[Job]) -> BestConstant | str:
    """The constant that a search finds; "" where the losses are not such that it finds one."""
    sides = [dict(job.by_role()) for job in jobs]
    preds, targets = ([each.get(role) for each in sides] for role in ("pred", "target"))
    columns: list[Input] = []
    losses = []
    for (factor, _), job, own in zip(line.spec.parts, jobs, sides, strict=False):
        pred, loss = own.get("pred"), job.spec.loss
        rows = [side for name, side in own.items() if name in job.spec.row_parameters and isinstance(side, Input)]
        # Of several moments, as in a correlation, the value of a constant is none.
        by_row = loss.scope == "row" and len(loss.combined) < 2 and not loss.sorted_by and "pred" in loss.gradients
        roles = {name for name, side in own.items() if side is not None} - {*job.spec.row_parameters}
        numbers = all(isinstance(side, Input) and side.kind.shape == "number" for side in (pred, own.get("target")))
        if not (by_row and numbers and roles == {"pred", "target"}):
            return ""
        columns += [side for side in rows if side not in columns]
        losses.append(SearchedLoss(loss, job.spec.params, factor, tuple(columns.index(side) for side in rows)))
    inputs = [side for side in preds if isinstance(side, Input)]
    (target, *_) = (side for side in targets if isinstance(side, Input))
    direction = line.spec.direction
    searched = Searched(losses, [side.kind for side in inputs], direction, len(columns))
    return BestConstant(line, tuple((side, searched) for side in dict.fromkeys(inputs)), target, tuple(columns))


def best_constants(plan: Plan) -> dict[Line, BestConstant | str]:
    """Of each line of a run its best constant, or why none is known; models that have the same share it."""
    shared: dict[tuple[Hashable, ...], BestConstant] = {}
    found: dict[Line, BestConstant | str] = {}
    for line in plan.lines:
        best = best_constant(line, plan.request.reduction or "mean")
        found[line] = shared.setdefault(best.key, best) if isinstance(best, BestConstant) else best
    return found


def held_for_constants(plan: Plan) -> list[str]:
    """The losses for whose best constant the distinct targets are held."""
    found = best_constants(plan)
    held = [line.spec.text for line, best in found.items() if isinstance(best, BestConstant) and best.holds_targets]
    return list(dict.fromkeys(held))

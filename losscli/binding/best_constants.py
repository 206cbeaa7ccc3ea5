"""For which losses on which columns the best constant prediction is known, and what it is."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from losscli.binding.plan import Input, Job, Line, Plan, Table
from losscli.contract.constant_search import Searched
from losscli.contract.functionals import Functional
from losscli.lazy_dataclass import dataclass


@dataclass(frozen=True)
class BestConstant:
    """A loss whose best constant is known, on one set of columns: the constant of each of its predicted roles."""

    line: Line
    functionals: tuple[tuple[Input, Functional], ...]
    target: Input

    @property
    def job(self) -> Job:
        """The loss on its columns."""
        return self.line.jobs[0]

    @property
    def key(self) -> tuple[Hashable, ...]:
        """What models share that have the same best constant."""
        sides = tuple((side.role, side.kind, side.wide) for side, _ in self.functionals)
        return self.line.spec.text, self.target, sides

    @property
    def holds_targets(self) -> bool:
        """Whether the distinct targets are needed, as sums do not say all."""
        return not all(functional.adds_up for _, functional in self.functionals)

    @property
    def text(self) -> str:
        """What the constants are, as the loss declares them."""
        found = [(side.role, functional.text) for side, functional in self.functionals]
        return found[0][1] if len(found) == 1 else ", ".join(f"{role}: {text}" for role, text in found)


def best_constant(line: Line) -> BestConstant | str:
    """What is known of the best constant of a line; else why nothing is."""
    spec, job = line.spec, line.jobs[0]
    loss = job.spec.loss
    if spec.is_composite:
        return " for a weighted sum of losses"
    if job.spec.row_parameters:
        return " where each row has a parameter of its own"
    sides = {role: side for role, side in job.by_role() if side is not None}
    target, predicted = sides.get("target"), loss.consistent_for or ("pred",)
    if others := set(sides) - {"target", *predicted}:
        return f" with the role '{min(others)}'"
    if not isinstance(target, Input) or not all(isinstance(side, Input) for side in sides.values()):
        return ""
    if any(isinstance(side, Input) and side.ragged for side in sides.values()):
        return " for lists whose lengths may differ"
    if target.kind.shape == "class" and (target.classes is None or target.classes.carrier is None):
        return " for classes without columns of their own"
    functionals = _functionals(job, target, sides)
    pairs = tuple((side, functionals[role]) for role, side in sides.items()
                  if isinstance(side, Input) and role in functionals)  # fmt: skip
    return BestConstant(line, pairs, target) if pairs else ""


def _functionals(job: Job, target: Input, sides: Mapping[str, Input | Table | None]) -> dict[str, Functional]:
    """Of each predicted role what its best constant is: what the loss declares, else what a search finds."""
    loss, pred = job.spec.loss, sides.get("pred")
    classes = target.kind.shape == "class"
    declared = {role: Functional(text, classes=classes) for role, text in loss.consistent_for.items() if role in sides}
    if declared and all(one.applies(job.spec.params) for one in declared.values()):
        return declared
    # Of several moments, as in a correlation, the value of a constant is none.
    by_row = loss.scope == "row" and len(loss.combined) < 2 and not loss.sorted_by and "pred" in loss.gradients
    numbers = isinstance(pred, Input) and all(one.kind.shape == "number" and not one.wide for one in (pred, target))
    if by_row and numbers and isinstance(pred, Input) and set(sides) == {"pred", "target"}:
        return {"pred": Searched(loss, pred.kind)}
    return {}


def best_constants(plan: Plan) -> dict[Line, BestConstant | str]:
    """Of each line of a run its best constant, or why none is known; models that have the same share it."""
    shared: dict[tuple[Hashable, ...], BestConstant] = {}
    found: dict[Line, BestConstant | str] = {}
    for line in plan.lines:
        best = best_constant(line)
        found[line] = shared.setdefault(best.key, best) if isinstance(best, BestConstant) else best
    return found


def held_for_constants(plan: Plan) -> list[str]:
    """The losses for whose best constant the distinct targets are held."""
    found = best_constants(plan)
    held = [line.spec.text for line, best in found.items() if isinstance(best, BestConstant) and best.holds_targets]
    return list(dict.fromkeys(held))

"""For which losses on which columns the best constant prediction is known, and what it is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from losscli.binding.plan import Input, Job, Line, Plan
from losscli.contract.functionals import Functional


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
    if not loss.consistent_for:
        return ""
    if job.spec.row_parameters:
        return " where each row has a parameter of its own"
    sides = {role: side for role, side in job.by_role() if side is not None}
    others = set(sides) - {"target", *loss.consistent_for}
    if others or not all(isinstance(side, Input) for side in sides.values()) or "target" not in sides:
        return f" with the role '{min(others)}'" if others else ""
    inputs = [side for side in sides.values() if isinstance(side, Input)]
    if any(side.ragged for side in inputs):
        return " for lists whose lengths may differ"
    classes = isinstance(target := sides["target"], Input) and target.kind.shape == "class"
    functionals = {role: Functional(text, classes=classes) for role, text in loss.consistent_for.items()
                   if role in sides}  # fmt: skip
    if not functionals or not all(one.applies(job.spec.params) for one in functionals.values()):
        return " with these parameters"
    assert isinstance(target, Input)
    if classes and (target.classes is None or target.classes.carrier is None):
        return " for classes without columns of their own"
    pairs = tuple((side, functionals[role]) for role, side in sides.items()
                  if isinstance(side, Input) and role in functionals)  # fmt: skip
    return BestConstant(line, pairs, target)


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

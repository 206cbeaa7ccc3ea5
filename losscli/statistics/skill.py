"""Skill: by which share the loss of a model is lower than that of a reference on the same rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from losscli.binding.plan import Line
from losscli.binding.spec import Spec
from losscli.contract.loss import Loss
from losscli.lazy import dataclass
from losscli.results import LossResult, SkillResult
from losscli.results.directions import compared

Slice = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reference:
    """What the numbers of one loss and model are held against: its name, and its result on each slice."""

    name: str
    results: Mapping[Slice, LossResult]


def with_skill_against(
    results: Sequence[LossResult], lines: Sequence[Line], model: str
) -> tuple[tuple[LossResult, ...], list[str]]:
    """The results, those of the other models with their skill against one model, and why some have none."""
    found: dict[str, dict[Slice, LossResult]] = {}
    for one in results:
        if one.model == model:
            found.setdefault(one.spec, {})[tuple(one.by.items())] = one
    references: dict[tuple[str | None, str], Reference]
    references = {(line.model, line.spec.text): Reference(model, found[line.spec.text]) for line in lines
                  if line.model not in (None, model) and line.spec.text in found}  # fmt: skip
    return with_skill(results, lines, references)


def with_skill(
    results: Sequence[LossResult], lines: Sequence[Line], references: Mapping[tuple[str | None, str], Reference]
) -> tuple[tuple[LossResult, ...], list[str]]:
    """The results with their skill.

    Parameters
    ----------
    results
        The results of a run.
    lines
        The lines of its plan.
    references
        Model and spec -> what its results are held against.

    Returns
    -------
    results : tuple of LossResult
    notes : list of str
        One sentence for each loss whose skill is undefined somewhere, and each reason.
    """
    specs = {(line.model, line.spec.text): line.spec for line in lines}
    found, notes = [], []
    for one in results:
        key = one.model, one.spec
        if key not in references:
            found.append(one)
            continue
        reference = references[key]
        theirs = reference.results[tuple(one.by.items())]
        share, why = skill(specs[key], one, theirs)
        found.append(replace(one, skill=SkillResult(reference.name, theirs.value, share)))
        if why is not None:
            notes.append(f"{one.spec}: the skill against '{reference.name}' is undefined where {why}")
    return tuple(found), list(dict.fromkeys(notes))


def skill(spec: Spec, result: LossResult, reference: LossResult) -> tuple[float, str | None]:
    """1 - loss / loss of the reference, or NaN and where this is so.

    A score is taken as the loss that it is made of, as accuracy is 1 - zero_one; where 0 is best, sizes are compared.
    The constant of a composite loss has no part in it: 1 - zero_one is taken as zero_one, too.
    """
    own, theirs = _loss(spec, result), _loss(spec, reference)
    if own is None or theirs is None:
        return math.nan, "higher values are better, as it is the score of no loss"
    if not (math.isfinite(own) and math.isfinite(theirs)):
        return math.nan, "one of the two values is not finite"
    if not theirs > 0:  # of a negative loss, the share would be lower for a better model
        return math.nan, "the loss of the reference is not above 0"
    return 1 - own / theirs, None


def _loss(spec: Spec, result: LossResult) -> float | None:
    """What is better the lower, of a result; None where there is no such thing."""
    if spec.direction == "zero":
        return compared("zero", result.value)
    if not spec.is_composite:
        return _of_part(spec.parts[0][1].loss, result.value)
    turned, total = 1 if spec.direction == "lower" else -1, 0.0
    for (factor, part), one in zip(spec.parts, result.parts or (), strict=True):
        found = _of_part(part.loss, one.value)
        if found is None:
            return None
        total += turned * (-factor if part.loss.direction == "higher" else factor) * found
    return total


def _of_part(loss: Loss, value: float) -> float | None:
    """A loss as it is, and a score as the loss that it is made of."""
    direction = loss.direction
    if loss.as_score is not None and loss.score_of is not None:
        value, direction = loss.as_score.loss_of(value), loss.score_of.direction
    return None if direction == "higher" else compared(direction, value)

"""Skill: by which share the loss of a model is lower than that of a reference on the same rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from losscli.binding.plan import Line
from losscli.binding.spec import Spec
from losscli.lazy_dataclass import dataclass
from losscli.results import LossResult, SkillResult
from losscli.results.directions import compared

Slice = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reference:
    """What the numbers of one loss and model are held against: its name, and its value on each slice."""

    name: str
    values: Mapping[Slice, float]


def with_skill_against(
    results: Sequence[LossResult], lines: Sequence[Line], model: str
) -> tuple[tuple[LossResult, ...], list[str]]:
    """The results, those of the other models with their skill against one model, and why some have none."""
    values: dict[str, dict[Slice, float]] = {}
    for one in results:
        if one.model == model:
            values.setdefault(one.spec, {})[tuple(one.by.items())] = one.value
    references: dict[tuple[str | None, str], Reference]
    references = {(line.model, line.spec.text): Reference(model, values[line.spec.text]) for line in lines
                  if line.model not in (None, model) and line.spec.text in values}  # fmt: skip
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
        value = reference.values[tuple(one.by.items())]
        share, why = skill(specs[key], one.value, value)
        found.append(replace(one, skill=SkillResult(reference.name, value, share)))
        if why is not None:
            notes.append(f"{one.spec}: the skill against '{reference.name}' is undefined where {why}")
    return tuple(found), list(dict.fromkeys(notes))


def skill(spec: Spec, value: float, reference: float) -> tuple[float, str | None]:
    """1 - loss / loss of the reference, or NaN and where this is so.

    A score is taken as the loss that it is made of, as accuracy is 1 - zero_one; where 0 is best, sizes are compared.
    """
    own, theirs = _loss(spec, value), _loss(spec, reference)
    if own is None or theirs is None:
        return math.nan, "higher values are better, as it is the score of no loss"
    if not (math.isfinite(own) and math.isfinite(theirs)):
        return math.nan, "one of the two values is not finite"
    if not theirs > 0:  # of a negative loss, the share would be lower for a better model
        return math.nan, "the loss of the reference is not above 0"
    return 1 - own / theirs, None


def _loss(spec: Spec, value: float) -> float | None:
    """What is better the lower, of a value; None where there is no such thing."""
    direction = spec.direction
    if not spec.is_composite:
        (_, part), = spec.parts  # fmt: skip
        score, loss = part.loss.as_score, part.loss.score_of
        if score is not None and loss is not None:
            value, direction = score.loss_of(value), loss.direction
    return None if direction == "higher" else compared(direction, value)

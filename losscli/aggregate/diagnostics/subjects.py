"""Which diagnostics a run has: read off what its losses declare of their roles, never off their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Literal, TypeAlias

import numpy as np

from losscli.aggregate.kernel_calls import KernelCall, kernel_calls
from losscli.binding.plan import Input, Job, Line, Plan, Table
from losscli.binding.row_columns import without_rows
from losscli.contract.distributions import Cdf, cdf_arguments
from losscli.contract.kinds import Array
from losscli.contract.parameters import Value
from losscli.lazy import dataclass

PredictionScale: TypeAlias = Literal["probability", "logit", "other"]
"""What predictions of labels or classes are; "other" is a score, of which only the order is known."""


PIT_CELLS = 200
"""The levels at which forecasts that are distributions are looked at divide 0 to 1 into so many equal parts."""
_LEVELS = tuple(at / PIT_CELLS for at in range(1, PIT_CELLS))


@dataclass(frozen=True)
class Distribution:
    """A forecast by its cumulative distribution function, with what plays its roles, and its parameters."""

    cdf: Cdf
    roles: tuple[tuple[str, Input], ...]
    params: tuple[tuple[str, Value], ...]

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The columns of each role, the target's too."""
        return tuple(side.columns for _, side in self.roles)

    def at_targets(self, arrays: Mapping[Input, Array]) -> Array:
        """The probability integral transform (PIT): P(Y <= target) of each row."""
        with np.errstate(all="ignore"):
            found = self.cdf(**{role: arrays[side] for role, side in self.roles}, **dict(self.params))
        return np.asarray(found, np.float64)


@dataclass(frozen=True)
class Subject:
    """Predictions and their targets, whatever losses are asked of them.

    Attributes
    ----------
    pred, target
        The arrays.
    kind
        "numbers": one number each; "labels": one number, and one of two labels; "classes": a number for each class,
        and the class; "forecasts": quantiles of known levels, the members of an ensemble, or a distribution, and a
        number.
    scale
        What predictions of labels or classes are.
    jobs
        The jobs of the run that these are of.
    upper
        The upper ends of prediction intervals, whose lower ends are the predictions.
    levels
        The levels of the quantiles of a forecast, of both ends of an interval, or of a distribution; None of an
        ensemble.
    distribution
        The distribution that a forecast is, where it is one.
    """

    pred: Input
    target: Input
    kind: Literal["numbers", "labels", "classes", "forecasts"]
    scale: PredictionScale
    jobs: tuple[Job, ...]
    upper: Input | None = None
    levels: tuple[float, ...] | None = None
    distribution: Distribution | None = None


def lines_with_rows(plan: Plan) -> list[tuple[int, Line]]:
    """The lines whose rows have values of their own, by their positions in the plan."""
    found = []
    for at, line in enumerate(plan.lines):
        calls = row_calls(line)
        if without_rows(line) is None and calls and all(call.by_row for call in calls):
            found.append((at, line))
    return found


def row_calls(line: Line) -> list[KernelCall]:
    """The kernel calls of a line."""
    return [call for job in line.jobs for call in kernel_calls(job).values()]


def subjects(plan: Plan) -> list[Subject]:
    """Each pair of predictions and targets once. Losses of one pair may bind it as arrays of several kinds."""
    found: dict[object, Subject] = {}
    for one in chain.from_iterable(map(_subjects, plan.jobs)):
        ends = () if one.upper is None else (one.upper.columns, one.levels)
        whole = one.distribution
        of = None if whole is None else (whole.cdf, whole.columns, whole.params)
        key = one.kind, ends, of, one.pred.columns, one.target.columns, one.target.positive, one.target.kind.sides
        known = found.get(key)
        if known is None:
            found[key] = one
        elif known.scale == "other":
            found[key] = replace(one, jobs=(*known.jobs, *one.jobs))
        else:
            found[key] = replace(known, jobs=(*known.jobs, *one.jobs))
    return list(found.values())


def _subjects(job: Job) -> Iterator[Subject]:
    yield from (one for one in (_subject(job), _distribution(job)) if one is not None)


def _subject(job: Job) -> Subject | None:
    sides = dict(job.by_role())
    pred, target = sides.get("pred"), sides.get("target")
    if pred is None and isinstance(target, Input) and not job.spec.loss.batched:
        return _interval(job, sides, target)
    if not (isinstance(pred, Input) and isinstance(target, Input)) or job.spec.loss.batched:
        return None
    if _is_number(pred) and _is_number(target):
        kind: Literal["numbers", "labels"] = "numbers" if target.kind.sides is None else "labels"
        return Subject(pred, target, kind, _scale(pred, job), (job,))
    plain = pred.kind.shape == "vector" and not (pred.ragged or pred.keyed)
    if plain and _is_number(target) and (pred.entries is not None or pred.kind.members):
        return Subject(pred, target, "forecasts", "other", (job,), levels=pred.entries)
    if pred.kind.shape == "vector" and pred.kind.classes and target.kind.shape == "class" and not pred.keyed:
        return Subject(pred, target, "classes", _scale(pred, job), (job,))
    return None


def _interval(job: Job, sides: Mapping[str, Input | Table | None], target: Input) -> Subject | None:
    """Prediction intervals of a level that a parameter says of the roles of both ends."""
    for name, parameter in job.spec.loss.params.items():
        level, roles = job.spec.params[name], (parameter.param.level_of or "").split()
        lower, upper = (sides.get(role) for role in roles) if len(roles) == 2 else (None, None)
        if not (isinstance(lower, Input) and isinstance(upper, Input) and isinstance(level, float)):
            continue
        if all(map(_is_number, (lower, upper, target))):
            exact = Fraction(repr(level))
            ends = float((1 - exact) / 2), float((1 + exact) / 2)
            return Subject(lower, target, "forecasts", "other", (job,), upper, ends)
    return None


def _distribution(job: Job) -> Subject | None:
    """The distribution of which the loss declares the cumulative distribution function."""
    loss = job.spec.loss
    if loss.cdf is None or loss.batched:
        return None
    names, defaults = cdf_arguments(loss.cdf)
    sides = dict(job.by_role())
    names += [name for name in defaults if name in sides]  # parameters of which each row has its own
    roles = tuple((name, side) for name in names if isinstance(side := sides[name], Input))
    target = sides["target"]
    if len(roles) < len(names) or not isinstance(target, Input) or not _is_number(target):
        return None
    if any(side.wide or side.ragged or side.keyed for _, side in roles):
        return None
    params = tuple((name, job.spec.params.get(name, own)) for name, own in defaults.items() if name not in sides)
    pred = next(side for role, side in roles if role != "target")
    whole = Distribution(loss.cdf, roles, params)
    return Subject(pred, target, "forecasts", "other", (job,), levels=_LEVELS, distribution=whole)


def _scale(pred: Input, job: Job) -> PredictionScale:
    """A loss that looks at the order alone takes probabilities as well as logits, and tells neither."""
    if pred.kind.link is not None:
        return "probability"
    return "logit" if pred.kind.logit and job.spec.loss.of_probabilities is not None else "other"


def _is_number(side: Input) -> bool:
    several = side.wide or side.listed or side.ragged or side.keyed or side.spelled
    return side.kind.shape == "number" and len(side.columns) == 1 and not several

"""Maps whose parameters need no descent: means of the target that rise with the prediction, and a conformal offset."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from losscli.aggregate.order_statistics import Interval, ValueCounts
from losscli.binding.plan import Input, Job, Line
from losscli.contract.kinds import Array
from losscli.errors import DataError, UsageError
from losscli.execution.calibration.rows import FOLDS, Rows, folds_of
from losscli.execution.calibration.subject import Subject

Keys = Sequence[int | None]
"""The fits: of all rows (None), and of those without each fold."""


def rising_means(subject: Subject, line: Line, rows: Rows, keys: Keys) -> dict[int | None, Array]:
    """The knots of each fit: their places, then their values. Each distinct prediction is held, with two sums."""
    target = _target(line.jobs[0])
    held: list[list[Array]] = [[np.zeros((3, 0))] for _ in range(FOLDS)]
    for some in rows:
        batch, folds = some.batch, folds_of(some)
        weights = np.ones(len(batch)) if batch.weights is None else batch.weights
        table = np.stack([subject.raw(batch.arrays)[:, 0], weights, weights * batch.arrays[target]])
        for fold in range(FOLDS):
            held[fold] = [_summed([*held[fold], table[:, (folds == fold) & (weights > 0)]])]
    return {
        key: _knots(_summed([part for fold, (part,) in enumerate(held) if fold != key])) for key in keys
    }  # fmt: skip


def _target(job: Job) -> Input:
    side = dict(job.by_role()).get("target")
    if not isinstance(side, Input) or side.kind.shape != "number" or side.wide:
        raise UsageError(f"isotonic regression needs a number as target, and '{job.spec.text}' has none",
                         code="USAGE_CONFLICT")  # fmt: skip
    return side


def _summed(tables: Sequence[Array]) -> Array:
    """Distinct predictions in ascending order, the sum of their weights, and of weight times target."""
    whole = np.concatenate(tables, axis=1)
    places, at = np.unique(whole[0], return_inverse=True)
    sums = [np.bincount(at.ravel(), row, len(places)) for row in whole[1:]]
    return np.stack([places, *sums])


def _knots(table: Array) -> Array:
    """The weighted means that rise, by pooling adjacent violators; the knots are the ends of each level stretch.

    References
    ----------
    Barlow, Bartholomew, Bremner & Brunk 1972, Statistical Inference Under Order Restrictions
    """
    places, weights, sums = table
    if not len(places):
        raise DataError("no row is left to fit a map to", code="DATA_NO_DESCENT")
    starts: list[int] = []
    pooled: list[tuple[float, float]] = []
    for at, pair in enumerate(zip(weights.tolist(), sums.tolist(), strict=True)):
        start, (weight, total) = at, pair
        while pooled and pooled[-1][1] * weight >= total * pooled[-1][0]:  # the mean before is not below this one
            before = pooled.pop()
            start, weight, total = starts.pop(), weight + before[0], total + before[1]
        starts.append(start)
        pooled.append((weight, total))
    firsts = np.array(starts)
    lasts = np.append(firsts[1:], len(places)) - 1
    means = np.array([total / weight for weight, total in pooled])
    ends = np.unique(np.concatenate([firsts, lasts]))
    return np.concatenate([places[ends], means[np.searchsorted(firsts, ends, side="right") - 1]])


def conformal_offsets(subject: Subject, line: Line, rows: Rows, keys: Keys) -> dict[int | None, Array]:
    """The offset of each fit: the ceil((n + 1) * level)-th smallest of max(lower - target, target - upper), exactly.

    Passes over the rows narrow it down, with bounded memory.
    """
    job = line.jobs[0]
    level, target = _level(job), dict(job.by_role()).get("target")
    if not isinstance(target, Input):
        raise UsageError(f"'{job.spec.text}' has no target to cover", code="USAGE_CONFLICT")
    within: dict[int | None, tuple[Interval, ...]] = {key: (Interval(),) for key in keys}
    found: dict[int | None, Array] = {}
    while within:
        counts = {key: ValueCounts(intervals) for key, intervals in within.items()}
        for key, scores in _scores(subject, target, rows, list(within)):
            counts[key].update(scores)
        left: dict[int | None, tuple[Interval, ...]] = {}
        for key, count in counts.items():
            (at,) = count.find([_rank(count.count, level)])
            if isinstance(at, Interval):
                left[key] = (at,)
            else:
                found[key] = np.array([at])
        within = left
    return found


def _scores(subject: Subject, target: Input, rows: Rows, keys: Keys) -> Iterator[tuple[int | None, Array]]:
    for some in rows:
        if some.batch.weights is not None:
            raise UsageError("a conformal offset is for rows that count the same, so it takes no weights",
                             code="USAGE_CONFLICT")  # fmt: skip
        ends, observed = subject.raw(some.batch.arrays), some.batch.arrays[target]
        scores, folds = np.maximum(ends[:, 0] - observed, observed - ends[:, 1]), folds_of(some)
        for key in keys:
            yield key, scores if key is None else scores[folds != key]


def _rank(count: int, level: Fraction) -> int:
    rank = math.ceil((count + 1) * level) - 1
    if rank >= count:
        least = math.ceil(level / (1 - level))
        raise DataError(f"{count} rows are too few for intervals that cover {float(level):g}",
                        hint=f"at least {least} are needed", code="DATA_NO_DESCENT")  # fmt: skip
    return rank


def _level(job: Job) -> Fraction:
    """The level of the loss, as it was written."""
    named = [name for name, spec in job.spec.loss.params.items() if spec.param.level_of == "lower upper"]
    value = job.spec.params[named[0]] if named else None
    if not isinstance(value, float):
        raise UsageError(f"'{job.spec.text}' has no level at which intervals should cover",
                         hint="take a loss of intervals with a level", code="USAGE_CONFLICT")  # fmt: skip
    return Fraction(repr(value))

"""The CORP reliability diagram: isotonic regression of labels on probabilities, a band, and the parts of the score."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from losscli.aggregate.diagnostics.value_pairs import PairTable
from losscli.binding.spec import LossSpec
from losscli.contract.functionals import Functional
from losscli.contract.kinds import Array
from losscli.results.diagnostics import BandPoint, Bin, CalibrationBlock, Decomposition, ReliabilityResult
from losscli.statistics.diagnostics.isotonic import isotonic
from losscli.statistics.resampling import RandomStream

RESAMPLES, LEVEL = 100, 0.9
_STREAM = 5  # of random numbers: none of those of `resampling`
_GROUPS = 150  # of predictions, for the band
_BINS = 20
_DIRECT = 1 << 14  # of so many rows each label is drawn; of more, their number in each group
_FREQUENCIES = ("mean(target)", "shares(target)")  # of one probability they are the same
_SHOWN = 60  # blocks and points of the band


def reliability(
    table: PairTable, model: str | None, pred: str, of: str, specs: Sequence[LossSpec]
) -> ReliabilityResult | None:
    """The diagram of probabilities (`first`) and labels from 0 to 1 (`second`); None where there is no row."""
    if not len(table.counts):
        return None
    firsts = np.flatnonzero(np.append(True, table.first[1:] != table.first[:-1]))
    x = table.first[firsts]
    weights = np.add.reduceat(table.weights, firsts)
    counts = np.add.reduceat(table.counts, firsts)
    sums = np.add.reduceat(table.weights * table.second, firsts)
    starts = isotonic(sums, weights)
    found = [float(np.add.reduce(part) / np.add.reduce(size)) for part, size in _parts(starts, sums, weights)]
    fitted = np.repeat(found, np.diff(np.append(starts, len(x))))
    pairs = np.repeat(fitted, np.diff(np.append(firsts, len(table.first))))
    blocks = _blocks(starts, x, weights, counts, fitted)
    splits = (decomposition(table, pairs, spec) for spec in specs)
    return ReliabilityResult(
        model, pred, of, int(counts.sum()), blocks, _band(x, counts), LEVEL, RESAMPLES, _histogram(x, counts),
        tuple(one for one in splits if one is not None),
    )  # fmt: skip


def decomposition(table: PairTable, recalibrated: Array, spec: LossSpec) -> Decomposition | None:
    """What the mean of a loss is made of; None where its best constant is not the mean of the targets."""
    loss, params = spec.loss, spec.params
    said = loss.consistent_for.get("pred")
    functional = None if said is None or loss.own_combine or loss.direction != "lower" else Functional(said)
    if functional is None or functional.text not in _FREQUENCIES or not functional.applies(params):
        return None
    total = math.fsum(table.weights)
    mean = math.fsum(table.weights * table.second) / total
    scores = []
    for pred in (table.first, recalibrated, np.full(len(table.first), mean)):
        sides = {"pred": np.ascontiguousarray(pred), "target": table.second}
        with np.errstate(all="ignore"):
            terms = loss.terms(tuple(sides.get(role) for role in loss.roles), params)
        ((values, where),) = terms.values() if len(terms) == 1 else ((np.full(1, np.nan), None),)
        if where is not None or not np.isfinite(values).all() or len(values) != len(pred):
            return None
        scores.append(math.fsum(values * table.weights) / total)
    score, best, constant = scores
    return Decomposition(spec.text, score, score - best, constant - best, constant)


def _parts(starts: NDArray[np.int64], *columns: Array) -> list[tuple[Array, ...]]:
    ends = np.append(starts[1:], len(columns[0]))
    return [tuple(column[a:b] for column in columns) for a, b in zip(starts, ends, strict=True)]


def _blocks(
    starts: NDArray[np.int64], x: Array, weights: Array, counts: NDArray[np.int64], fitted: Array
) -> tuple[CalibrationBlock, ...]:
    """The blocks; neighbours of very many are joined."""
    if len(starts) > _SHOWN:
        starts = starts[
            np.unique(np.searchsorted(np.cumsum(counts)[starts], np.arange(_SHOWN) * counts.sum() / _SHOWN))
        ]
        starts[0] = 0
    return tuple(
        CalibrationBlock(float(own[0]), float(own[-1]), float((own * w).sum() / w.sum()),
                         float((y * w).sum() / w.sum()), int(n.sum()))
        for own, w, n, y in _parts(starts, x, weights, counts, fitted)
    )  # fmt: skip


def _histogram(x: Array, counts: NDArray[np.int64]) -> tuple[Bin, ...]:
    at = np.minimum((x * _BINS).astype(np.int64), _BINS - 1)
    sums = np.bincount(at, weights=counts, minlength=_BINS).astype(np.int64)
    return tuple(Bin(i / _BINS, (i + 1) / _BINS, int(n)) for i, n in enumerate(sums))


def _band(x: Array, counts: NDArray[np.int64]) -> tuple[BandPoint, ...]:
    """Where isotonic regression mostly is if labels come up with the predicted probabilities."""
    total = int(counts.sum())
    group = (np.cumsum(counts) - counts) * _GROUPS // total
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    sizes = np.add.reduceat(counts, starts)
    means = np.add.reduceat(x * counts, starts) / sizes
    fits = np.empty((RESAMPLES, len(starts)))
    for at, drawn in enumerate(_drawn(np.clip(means, 0, 1), sizes, total)):
        blocks = isotonic(drawn, sizes)
        found = np.add.reduceat(drawn, blocks) / np.add.reduceat(sizes, blocks)
        fits[at] = np.repeat(found, np.diff(np.append(blocks, len(starts))))
    fits.sort(axis=0)
    low, high = fits[round((1 - LEVEL) / 2 * RESAMPLES)], fits[RESAMPLES - 1 - round((1 - LEVEL) / 2 * RESAMPLES)]
    some = np.unique(np.linspace(0, len(starts) - 1, min(len(starts), _SHOWN)).round().astype(np.int64))
    return tuple(BandPoint(float(means[i]), float(low[i]), float(high[i])) for i in some)


def _drawn(means: Array, sizes: NDArray[np.int64], total: int) -> Array:
    """Numbers of positive labels of each group, of each sample."""
    stream = RandomStream(0, [_STREAM])
    unit = 1 << 40
    if total <= _DIRECT:
        starts = np.cumsum(sizes) - sizes
        labels = stream.indices(RESAMPLES, total, unit) < np.repeat(means, sizes) * unit
        return np.asarray(np.add.reduceat(labels, starts, axis=1, dtype=np.int64), np.float64)
    # Groups are large: the normal distribution is near enough, and no number is below 0 or above all rows.
    first, second = ((stream.indices(RESAMPLES, len(means), unit) + 0.5) / unit for _ in range(2))
    normal = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    return np.asarray(np.clip(np.rint(sizes * means + np.sqrt(sizes * means * (1 - means)) * normal), 0, sizes))

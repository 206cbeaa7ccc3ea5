"""Upstream derivatives: how much the final value of a run changes with the value of one unit of a term."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from losscli.aggregate.accumulator import RunAccumulator
from losscli.aggregate.exact_sum import rounded
from losscli.binding.plan import Input, Job, Line
from losscli.binding.row_batch import RowBatch
from losscli.contract.kinds import Array
from losscli.contract.scaled import Scaled, is_normal, scaled
from losscli.lazy import dataclass
from losscli.statistics.combination import combine_gradient, means_of
from losscli.statistics.exact_ratio import mantissa_and_exponent
from losscli.statistics.finalized_sums import FinalizedRun, SliceIds
from losscli.statistics.line_estimator import LineEstimator

Batch = RowBatch[Input, Array]


@dataclass(frozen=True)
class Upstream:
    """The derivative of the final value by the value of one unit of a term: `by_slice`, times the unit's weight."""

    by_slice: Array
    scaled_by_slice: Scaled  # the same, also where no double holds it
    excludes_rows: bool  # whether the term leaves rows out

    def of(self, batch: Batch) -> Array:
        """The derivative for each row of a batch."""
        found = self.by_slice[0] if batch.slice_ids is None else self.by_slice[batch.slice_ids]
        return np.broadcast_to(found, (len(batch),)) * (1.0 if batch.weights is None else batch.weights)

    def scaled_of(self, batch: Batch) -> Scaled:
        """The derivative for each row of a batch, also where no double holds it."""
        ids = np.zeros(len(batch), np.int64) if batch.slice_ids is None else batch.slice_ids
        found = Scaled(self.scaled_by_slice.values[ids], self.scaled_by_slice.exponents[ids])
        return found if batch.weights is None else found.times(scaled(batch.weights))

    def times(self, row_gradient: Array, batch: Batch, count: int) -> Array:
        """The gradient of each row times the derivative, over `count`; 0 where the derivative is 0."""
        behind = [1] * (row_gradient.ndim - 1)
        with np.errstate(all="ignore"):
            factors = self.of(batch).reshape(-1, *behind)
            factors = factors / count if behind else factors
            product: Array = np.where(factors == 0, 0.0, row_gradient * factors)
            doubtful = ~is_normal(product) & (row_gradient != 0) | ~is_normal(factors)
            doubtful &= np.isfinite(row_gradient)
            if doubtful.any():
                wide = (part.reshape(-1, *behind) for part in self.scaled_of(batch))
                mantissas, exponents = (np.broadcast_to(part, product.shape)[doubtful] for part in wide)
                exact = scaled(row_gradient[doubtful]).times(Scaled(mantissas / count, exponents))
                product[doubtful] = np.ldexp(exact.values, exact.exponents)
        return product


def upstreams(totals: RunAccumulator, job: Job, line: Line, slice_ids: SliceIds) -> dict[str, Upstream]:
    """Term -> the derivative of the value of one line by it, on the whole run.

    Of a mean over groups, it is that of the value of each group that has one, times its share of the weight of these.
    """
    estimator = LineEstimator(FinalizedRun(totals), job, line)
    groups, size = [slice_ids], max((c.number for c in slice_ids), default=0) + 1
    shares = [Fraction(1)]
    if totals.plan.request.mean_of is not None and not estimator.fixed:
        from losscli.statistics.group_means import Groups, defined  # few runs have groups

        made = Groups(totals)
        groups = [group for group in made.of(slice_ids) if defined(estimator.result({}, group))]
        weights = made.weights_of(groups)
        given = [Fraction(1)] * len(groups) if weights is None else list(map(Fraction, weights.tolist()))
        shares = [weight / sum(given) for weight in given]
    derivatives = {name: _Derivatives(size) for name in estimator.term_estimates(slice_ids)}
    summed = estimator.reduction == "sum"
    for group, share in zip(groups, shares, strict=True):
        estimates = estimator.term_estimates(group)
        gradients: Mapping[str, float | Fraction] = dict.fromkeys(estimates, 1.0)
        if not summed:
            gradients = combine_gradient(job, means_of(estimates))
        for name, estimate in estimates.items():
            denominator = (Fraction(1) if summed else estimate.denominator) / share
            derivatives[name].add(group, gradients[name], denominator)
    excludes_rows = bool(estimator.accumulator.excluded.any()) or len(derivatives) > 1
    return {name: found.upstream(excludes_rows) for name, found in derivatives.items()}


class _Derivatives:
    """The derivatives of one term, by slice id."""

    def __init__(self, size: int) -> None:
        self.by_slice, self.mantissas, self.exponents = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)

    def add(self, slice_ids: SliceIds, gradient: float | Fraction, denominator: Fraction) -> None:
        """The derivatives on these ids, of a mean with this gradient and denominator."""
        for slice_id in slice_ids if denominator else ():
            factor = Fraction(1) if slice_id.factor is None else slice_id.factor
            share = rounded(factor, denominator)
            (m, e), (n, f) = mantissa_and_exponent(factor / denominator), _frexp(gradient)
            slope = math.nan if isinstance(gradient, Fraction) else float(gradient)
            self.by_slice[slice_id.number] = slope * share if is_normal(share) or not factor else np.nan
            self.mantissas[slice_id.number], self.exponents[slice_id.number] = m * n, e + f

    def upstream(self, excludes_rows: bool) -> Upstream:
        return Upstream(self.by_slice, Scaled(self.mantissas, self.exponents), excludes_rows)


def _frexp(number: float | Fraction) -> tuple[float, int]:
    return math.frexp(number) if isinstance(number, float) else mantissa_and_exponent(number)


def in_range(upstreams: Mapping[str, Upstream], batch: Batch) -> tuple[dict[str, Array], int]:
    """The derivatives for each row, divided by a power of two where some are no normal doubles; and its exponent."""
    factors = {name: each.of(batch) for name, each in upstreams.items()}
    wide = {name: each.scaled_of(batch) for name, each in upstreams.items()}
    if all((is_normal(factors[name]) | (each.values == 0)).all() for name, each in wide.items()):
        return factors, 0
    exponent = max(int(each.exponents.max(initial=-(1 << 20), where=each.values != 0)) for each in wide.values())
    return {name: np.ldexp(each.values, each.exponents - exponent) for name, each in wide.items()}, exponent

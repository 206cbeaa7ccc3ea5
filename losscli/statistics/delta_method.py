"""The variance of a value from its linear function of sums, with the degrees of freedom of this variance.

For independent rows of one weight it is the textbook's s**2 / n. For many weighted rows it is the sandwich estimator
(White 1980, doi:10.2307/1912934) with the correction n_eff / (n_eff - 1). For clusters, and for weighted rows that are
few enough to be kept, it is CR2, which corrects the residual of each by its share of the weight (Bell and McCaffrey
2002; Pustejovsky and Tipton 2018, doi:10.1080/07350015.2016.1247004). Degrees of freedom are Satterthwaite's for these
estimators, over all terms. All sums are exact, so the result has the same bits however rows are cut into tasks, and no
digits are lost where values hardly differ. docs/design/standard-errors.md derives the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from losscli.aggregate.exact_sum import ONE, rounded
from losscli.aggregate.wide_sum import Exact
from losscli.statistics.clustered_variance import clustered_variance
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.degrees_of_freedom import of_alike_units, of_disjoint_blocks, satterthwaite
from losscli.statistics.exact_ratio import Ratio, is_above, scaled_doubles, sum_of_ratios
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.linearization import Block, Linearization
from losscli.statistics.serial_variance import serial_variance
from losscli.statistics.skewness import of_rows
from losscli.statistics.variance import Variance


def variance(sums: ContributionSums, linearization: Linearization, unit: str, slice_ids: SliceIds) -> Variance | None:
    """The variance of a value by the delta method.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    linearization
        The value as a linear function of sums.
    unit
        What the values of the loss are about: "row" or "batch".
    slice_ids
        The slice.

    Returns
    -------
    Variance or None
        None where there are fewer than two units of any term or class, or sums are not finite.
    """
    if sums.is_clustered(unit):
        columns = linearization.columns
        found = sums.cluster_columns(columns, unit, slice_ids)
        if found is None:
            return None
        table = dict(zip(columns, found, strict=True))
        if sums.inference.time is not None:
            return serial_variance(linearization.blocks, table, sums.inference.horizon)
        clustered = clustered_variance(linearization.blocks, table)
        return _of_rows(clustered) if _each_is_a_row(linearization.blocks, unit, clustered) else clustered
    if sums.weighted:
        columns = linearization.columns
        kept = sums.unit_columns(columns, slice_ids)
        if kept is not None:  # each row is its own cluster
            alone = clustered_variance(linearization.blocks, dict(zip(columns, kept, strict=True)))
            return _of_rows(alone)
    return _RowVariance(sums, slice_ids).of(linearization.blocks)


def _each_is_a_row(blocks: Sequence[Block], unit: str, found: Variance | None) -> bool:
    """Whether each cluster has a single row: there are as many as rows, of which each is in one of the blocks."""
    units = {block.weight: block.units for block in blocks}
    return unit == "row" and found is not None and found.clusters == sum(units.values())


def _of_rows(found: Variance | None) -> Variance | None:
    """The variance without what is said of clusters: where these are rows, their intervals are those of rows."""
    return found if found is None else found._replace(clusters=None, effective_clusters=None, largest_share=None)


_UNIT = ONE.bit_length() - 1  # sums are in units of 2**-1074


class _Form(NamedTuple):
    """The sum over units of the products of what they contribute to two blocks.

    `varies` says, of a block with itself, that its units differ by more than rounding.
    """

    value: Ratio
    varies: bool


class _RowVariance:
    """The variance over independent rows: quadratic forms of coefficients with cross products."""

    def __init__(self, sums: ContributionSums, slice_ids: SliceIds) -> None:
        self.sums, self.slice_ids = sums, slice_ids
        self._common: dict[tuple[Column, Column], Exact | None] = {}

    def of(self, blocks: Sequence[Block]) -> Variance | None:
        """The variance; None where there is none."""
        if any(block.effective_size <= 1 for block in blocks):
            return None
        merged = self._merged(blocks)
        corrections = [_correction(block.effective_size) for block in merged]
        own: list[Ratio] = []
        crossed: list[Ratio] = []
        varies = False
        for i, one in enumerate(merged):
            for j, other in enumerate(merged[: i + 1]):
                if i != j and self._is_disjoint(one, other):
                    continue
                form = self._form(one, other)
                if form is None:
                    return None
                varies = varies or form.varies
                if i == j:
                    own.append(_product(form.value, corrections[i]))
                elif form.value.numerator:
                    crossed.append(_product(form.value, _joint_correction(corrections[i], corrections[j])))
        total = sum_of_ratios([*own, *crossed])
        constant = total.numerator <= 0 or not varies
        skewness = None if constant else of_rows(self.sums, merged, self.slice_ids)
        return Variance(Ratio(0, 1) if constant else total, self._df(merged, own), constant, skewness=skewness)

    def _merged(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks, with those that are about the same units with the same weights as one."""
        alike: list[list[Block]] = []
        for block in blocks:
            for known in alike:
                if self._alike(block, known[0]):
                    known.append(block)
                    break
            else:
                alike.append([block])
        return [
            first.plus(others) if others or not all(first.coefficients.values()) else first for first, *others in alike
        ]

    def _alike(self, one: Block, other: Block) -> bool:
        """Whether each unit has the same share in both: weights whose difference has no squares are equal."""
        if one.weight is None or other.weight is None:
            return one.weight == other.weight and one.units == other.units
        if one.weight == other.weight:
            return True
        common = self._common_weight(one.weight, other.weight)
        if not common:
            return False
        return all(self.sums.product(each, each, self.slice_ids) == common for each in (one.weight, other.weight))

    def _common_weight(self, one: Column, other: Column) -> Exact | None:
        """The sum of the products of two weights: 0 where no unit has both."""
        pair = one, other
        if pair not in self._common:
            self._common[pair] = self._common[other, one] = self.sums.product(one, other, self.slice_ids)
        return self._common[pair]

    def _is_disjoint(self, one: Block, other: Block) -> bool:
        """Whether two blocks have no unit in common, so that no product of them counts."""
        if one.weight is None or other.weight is None:
            return False
        return self._common_weight(one.weight, other.weight) == 0

    def _form(self, one: Block, other: Block) -> _Form | None:
        """None where it is not finite."""
        total: Exact = 0
        squares: Exact = 0  # what the units would contribute if nothing cancelled
        same, find, slice_ids = one is other, self.sums.product, self.slice_ids
        columns = list(other.coefficients.items())
        for at, (first, by) in enumerate(one.coefficients.items()):
            for second, times in columns[at:] if same else columns:
                product = find(first, second, slice_ids)
                if product is None:
                    return None
                added = by * times * product
                if first == second:
                    squares += added
                    total += added
                else:
                    total += 2 * added if same else added
        over, under = total.as_integer_ratio()
        form = Ratio(over, under * (one.denominator * other.denominator) << _UNIT)
        if one.weight is None and other.weight is None:
            centred = self._centred(form, one, other)
            if centred is None:
                return None
            form = centred
        if not same:
            return _Form(form, False)
        form = Ratio(max(form.numerator, 0), form.denominator)
        scale, under = squares.as_integer_ratio()
        largest = Ratio(scale, under * one.denominator**2 << _UNIT)
        return _Form(form, is_above(form, largest, 2 * one.rounding_bits))

    def _centred(self, form: Ratio, one: Block, other: Block) -> Ratio | None:
        """The form of deviations from the mean: what units contribute to a sum does not add up to 0."""
        totals: list[Exact] = []
        for each in (one, other):
            plain = {column: self.sums.product(column, Column(self.sums.unit, column.stratum), self.slice_ids)
                     for column in each.coefficients}  # fmt: skip
            if any(value is None for value in plain.values()):
                return None
            totals.append(sum(by * (plain[column] or 0) for column, by in each.coefficients.items()))
        units = max(one.units, other.units)
        moved = Fraction(form.numerator, 1) - Fraction(totals[0]) * totals[1] * Fraction(
            form.denominator, one.denominator * other.denominator * ONE * ONE * units
        )  # fmt: skip
        over, under = moved.as_integer_ratio()
        return Ratio(max(over, 0) if one is other else over, under * form.denominator)

    def _df(self, blocks: Sequence[Block], variances: Sequence[Ratio]) -> float:
        """Satterthwaite's degrees of freedom."""
        used = [(block, by) for block, by in zip(blocks, variances, strict=True) if by.numerator]
        if len(used) <= 1:
            return (used[0][0].effective_size if used else min([block.effective_size for block in blocks])) - 1
        blocks = [block for block, _ in used]
        scaled, _ = scaled_doubles([by for _, by in used])
        if all(self._is_disjoint(one, other) for one, other in combinations(blocks, 2)):
            return of_disjoint_blocks(scaled, [1 / block.effective_size for block in blocks])
        below = [[self._common_share(one, other) for other in blocks[: i + 1]] for i, one in enumerate(blocks)]
        each = range(len(blocks))
        shares = [[below[k][m] if m <= k else below[m][k] for m in each] for k in each]
        return satterthwaite(scaled, *of_alike_units(shares))

    def _common_share(self, one: Block, other: Block) -> float:
        """The sum over units of the products of their shares in two blocks."""
        if one is other:
            return 1 / one.effective_size
        if one.weight is None or other.weight is None:
            return 1 / max(each.units for each in (one, other) if each.weight is None)
        product = self._common_weight(one.weight, other.weight)
        totals = [self.sums.product(each.weight, Column(self.sums.unit, each.weight.stratum), self.slice_ids)
                  for each in (one, other) if each.weight is not None]  # fmt: skip
        return rounded((product or 0) * ONE, (totals[0] or 1) * (totals[1] or 1))


def _correction(size: float) -> Ratio:
    """size / (size - 1), exact."""
    over, under = size.as_integer_ratio()
    return Ratio(over, over - under)


def _joint_correction(one: Ratio, other: Ratio) -> Ratio:
    """Twice the geometric mean of two corrections: a product of two blocks counts twice."""
    if one == other:
        return Ratio(2 * one.numerator, one.denominator)
    product = one.numerator * other.numerator / (one.denominator * other.denominator)
    over, under = math.sqrt(product).as_integer_ratio()
    return Ratio(2 * over, under)


def _product(one: Ratio, other: Ratio) -> Ratio:
    return Ratio(one.numerator * other.numerator, one.denominator * other.denominator)

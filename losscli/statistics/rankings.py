"""Many models on the same rows: their ranks, and how each compares with all others (relative skill)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from losscli.results import ComparisonResult, LossResult, Ranking, Uncertainty
from losscli.results.directions import compared, is_lower_better
from losscli.statistics.contribution_sums import ContributionSums
from losscli.statistics.delta_method import variance
from losscli.statistics.finalized_sums import Slice, SliceIds
from losscli.statistics.linearization import Linearization, linearize
from losscli.statistics.student_t import t_interval


def rankings(
    sums: ContributionSums, found: Mapping[Slice, SliceIds], results: Mapping[tuple[int, Slice], LossResult],
    comparisons: Sequence[ComparisonResult],
) -> dict[tuple[int, Slice], Ranking]:  # fmt: skip
    """The models of a run, ranked by each loss on each slice.

    The relative skill of a model is the geometric mean of the ratios of its value and those of all models, its own
    among them (Cramer et al. 2022); on common rows this is its value by the geometric mean of all values. Beside a
    baseline model it is scaled to that of this model, which makes it the ratio of the two values. Its interval is that
    of its logarithm by the delta method and Student's t.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    found
        Slice -> its ids.
    results
        The estimate of each line on each slice.
    comparisons
        All pairs of models.

    Returns
    -------
    dict
        Line and slice -> the place of its model. The relative skill is None where a value is not above 0.

    References
    ----------
    Cramer et al. 2022, "Evaluation of individual and ensemble probabilistic forecasts of COVID-19 mortality in the
    United States", doi:10.1073/pnas.2113561119; Bosse et al. 2022, scoringutils, doi:10.48550/arXiv.2205.07090
    """
    lines: dict[str, list[int]] = {}
    for number, line in enumerate(sums.plan.lines):
        if line.model is not None:
            lines.setdefault(line.spec.text, []).append(number)
    verdicts = _verdicts(comparisons)
    places: dict[tuple[int, Slice], Ranking] = {}
    for spec, numbers in lines.items():
        for slice_, slice_ids in found.items():
            models = {number: results[number, slice_] for number in numbers}
            skills = _Skills(sums, models, slice_ids)
            for number in numbers:
                places[number, slice_] = _ranked(number, models, skills, verdicts, (spec, slice_))
    return places


_Key = tuple[str, Slice]
_Verdicts = dict[tuple[str | None, str, _Key], int]  # model, "better" or "worse", loss and slice -> than how many


def _verdicts(comparisons: Sequence[ComparisonResult]) -> _Verdicts:
    """Than how many models each is better, and worse."""
    other = {"better": "worse", "worse": "better"}
    counts: _Verdicts = {}
    for one in comparisons:
        if one.verdict in other:
            key = one.spec, tuple(one.by.values())
            for model, verdict in ((one.model, one.verdict), (one.against, other[one.verdict])):
                counts[model, verdict, key] = counts.get((model, verdict, key), 0) + 1
    return counts


def _ranked(number: int, models: Mapping[int, LossResult], skills: _Skills, verdicts: _Verdicts, key: _Key) -> Ranking:
    """One model among all of them."""
    own = models[number]
    sign, value = 1 if is_lower_better(own.direction) else -1, compared(own.direction, own.value)
    ahead = sum(sign * compared(own.direction, other.value) < sign * value for other in models.values())
    skill, interval, uncertainty = skills.of(number)
    return Ranking(
        rank=None if math.isnan(own.value) else 1 + ahead,
        better_than=verdicts.get((own.model, "better", key), 0),
        worse_than=verdicts.get((own.model, "worse", key), 0),
        relative_skill=skill, interval=interval, uncertainty=uncertainty, scaled_by=skills.scaled_by,
    )  # fmt: skip


class _Skills:
    """The relative skill of models on one slice."""

    def __init__(self, sums: ContributionSums, models: Mapping[int, LossResult], slice_ids: SliceIds) -> None:
        self.sums, self.models, self.slice_ids = sums, models, slice_ids
        self.scaled_by = sums.inference.scaled_by
        self.reference = next((number for number, one in models.items() if one.model == self.scaled_by), None)
        self.defined = all(0 < one.value < math.inf and one.direction != "zero" for one in models.values())
        self._linear: dict[int, Linearization | None] = {}

    def of(self, number: int) -> tuple[float | None, tuple[float, float] | None, Uncertainty | None]:
        """The relative skill of a model, its confidence interval, and how this was estimated."""
        if not self.defined:
            return None, None, None
        shares = self._shares(number)
        logarithm = math.fsum(share * math.log(self.models[other].value) for other, share in shares.items())
        found = self._uncertain(shares, logarithm)
        return (math.exp(logarithm), *(found or (None, None)))

    def _shares(self, number: int) -> dict[int, float]:
        """The logarithm of the skill is the sum of those of all values, each times its share."""
        others = self.models if self.reference is None else [self.reference]
        shares = dict.fromkeys(others, -1 / len(others))
        shares[number] = shares.get(number, 0.0) + 1
        return {other: share for other, share in shares.items() if share}

    def _uncertain(
        self, shares: Mapping[int, float], logarithm: float
    ) -> tuple[tuple[float, float] | None, Uncertainty] | None:
        """The interval of the skill; None where there is none."""
        unit = self.sums.unit_of(next(iter(self.models)))
        linear = self._combined(shares)
        found = None if unit is None or linear is None else variance(self.sums, linear, unit, self.slice_ids)
        if found is None or unit is None or not math.isfinite(found.stderr):
            return None
        level, cluster = self.sums.inference.level, self.sums.inference.cluster
        units = cluster if cluster is not None and unit == "row" else unit
        count = min(self.models[other].count for other in shares) if found.clusters is None else found.clusters
        low, high = t_interval(logarithm, found.stderr, found.df, level)
        interval = None if found.constant else (math.exp(low), math.exp(high))
        return interval, Uncertainty("t", level, units, count, found.df)

    def _combined(self, shares: Mapping[int, float]) -> Linearization | None:
        """The linearisation of the logarithm of the skill: each value moves it by its share / value."""
        parts = []
        for other, share in shares.items():
            if other not in self._linear:
                self._linear[other] = linearize(self.sums, other, self.slice_ids)
            linear = self._linear[other]
            if linear is None:
                return None
            parts.append((Fraction(share / self.models[other].value), linear))
        if not parts:
            return None  # the baseline model itself
        blocks = tuple(block.scaled(by) for by, linear in parts for block in linear.blocks)
        return Linearization(blocks, min(linear.effective_size for _, linear in parts))

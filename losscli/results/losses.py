"""One loss of one model on one slice, and what its value is made of."""

from __future__ import annotations

from collections.abc import Mapping

from losscli.lazy import dataclass


@dataclass(frozen=True)
class TermResult:
    """One named term of a loss, over the units that take part in it.

    Attributes
    ----------
    mean : float
        Weighted mean of the values, in the unit of the loss. NaN where no unit takes part.
    sum : float
        Weighted sum of the values.
    count : int
        Number of units that take part: rows, pairs or groups.
    weight : float
        Sum of their weights; equal to `count` where rows have no weights.
    """

    mean: float
    sum: float
    count: int
    weight: float


@dataclass(frozen=True)
class PartResult:
    """One loss of a composite loss (a weighted sum of losses).

    Attributes
    ----------
    spec : str
        The loss with its parameters, as it can be typed.
    factor : float
        The factor of this loss in the sum.
    value : float
        The value of this loss before it is multiplied by `factor`.
    """

    spec: str
    factor: float
    value: float


@dataclass(frozen=True)
class BatchResult:
    """The batches of a batch loss: the rows that its kernel saw together.

    Attributes
    ----------
    how : str
        "table": all rows are one batch; "size": consecutive rows; "by": the rows with one value of a column.
    size : int or None
        Rows in each batch (the last one may have fewer), where `how` is "size".
    by : str or None
        The column whose values make the batches, where `how` is "by".
    groups : int
        Number of batches.
    """

    how: str
    size: int | None
    by: str | None
    groups: int


@dataclass(frozen=True)
class Uncertainty:
    """How a standard error and a confidence interval were estimated.

    Attributes
    ----------
    method : str
        "t": from sums of squares and products (delta method, Student's t distribution); "hall": the same, corrected
        for skewness (Hall 1992); "wilson", "clopper-pearson": intervals of proportions, of losses that are 0 or 1;
        "permutation", "wild": the differences that this test does not reject; "score": Tango's score interval of a
        difference of losses that are 0 or 1; "newcombe": the hybrid score interval of such a difference between slices;
        "bootstrap": from bootstrap resamples (BCa), "bootstrap-t": studentised, "bootstrap-percentile": their plain
        quantiles; "sequential": a confidence sequence, which holds at all looks together;
        "sequential-exact": one of losses that are 0 or 1.
    level : float
        Confidence level, between 0 and 1.
    units : str
        The independent units: "row", "batch" or the name of the column of clusters.
    count : int
        Number of independent units.
    df : float or None
        Degrees of freedom of `stderr`, where that is not from bootstrap resamples.
    resamples : int or None
        Number of bootstrap resamples, where `method` is one of theirs.
    seed : int or None
        Seed of the resamples, where there are any.
    lag : int or None
        The largest distance in time of values whose products are in the standard error, where the units are times.
    kernel : str or None
        How such products are weighted: "bartlett" (Newey & West) or "rectangular".
    autocorrelation : float or None
        The autocorrelation of values at successive times, corrected for its bias. Standard errors of Newey & West are
        those of values that are freed of it (prewhitening), times what it adds.
    block : int or None
        How many successive times are resampled together, where `method` is "bootstrap" and the units are times.
    simultaneous : int or None
        How many intervals have the confidence level together; None: each alone.
    pointwise_level : float or None
        The confidence level of each of them alone.
    skewness : float or None
        Skewness of the estimate, where `method` is "hall": of a mean, that of the values over the root of their number.
    reason : str or None
        Why this method was chosen.
    """

    method: str
    level: float
    units: str
    count: int
    df: float | None = None
    resamples: int | None = None
    seed: int | None = None
    lag: int | None = None
    kernel: str | None = None
    autocorrelation: float | None = None
    block: int | None = None
    simultaneous: int | None = None
    pointwise_level: float | None = None
    skewness: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class BaselineResult:
    """The same number in a saved report, the baseline.

    Attributes
    ----------
    value : float
        The value in the baseline, in the unit of the loss.
    change : float
        The value of this run minus that of the baseline.
    relative : float or None
        `change` divided by the absolute value of the baseline, as a fraction. None where the baseline's value is 0 or
        one of the two values is not finite.
    verdict : str
        "better", "worse", "same" or "undefined" (one of the two values is NaN).
    """

    value: float
    change: float
    relative: float | None
    verdict: str


@dataclass(frozen=True)
class SkillResult:
    """How much better than a reference a model is, on the same rows and slice.

    Attributes
    ----------
    reference : str
        The model of the run that it is held against, or the functional of the targets that is the best constant
        prediction, such as "mean(target)".
    value : float
        The value of the same loss or score for the reference.
    skill : float
        1 - loss / loss of the reference: 1 for a model without loss, 0 for one that is as good as the reference,
        negative for a worse one. NaN where the loss of the reference is not above 0, or a value is not finite.
    """

    reference: str
    value: float
    skill: float


@dataclass(frozen=True)
class SliceDifference:
    """What a slice differs from: the rest of the rows, or another slice.

    Attributes
    ----------
    against : Mapping[str, str] or None
        The other slice, as column to value. None: the rest of the rows.
    value : float
        The value of the loss on the other slice.
    count : int
        Number of units there.
    difference : float
        The value of the slice minus `value`.
    verdict : str
        "better", "worse" (statistically significant at the confidence level), "no difference shown", or "undefined"
        where the difference is not finite.
    adjustment : str
        How `p_adjusted` is: "holm", "bh" (Benjamini and Hochberg), "max-t" or "none", for the slices of one loss and
        model.
    stderr : float or None
        Standard error of the difference. None where it cannot be estimated.
    interval : tuple[float, float] or None
        Lower and upper end of the confidence interval of the difference.
    uncertainty : Uncertainty or None
        How `stderr` and `interval` were estimated: "t" with the degrees of freedom of Welch, or "newcombe".
    t : float or None
        difference / stderr. None for losses that are 0 or 1.
    p, p_adjusted : float or None
        Two-sided p-value of the test that belongs to the interval, and the same adjusted for the other slices.
    """

    against: Mapping[str, str] | None
    value: float
    count: int
    difference: float
    verdict: str
    adjustment: str = "holm"
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    uncertainty: Uncertainty | None = None
    t: float | None = None
    p: float | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True)
class Ranking:
    """The place of a model among all models of a comparison, by one loss on one slice.

    Attributes
    ----------
    rank : int or None
        1 for the best; models of one value share a rank. None where the value is not a number.
    better_than, worse_than : int
        Than how many models the verdict is that it is better, and worse.
    relative_skill : float or None
        The geometric mean of the ratios of its value and those of all models (Cramer et al. 2022), below 1 for a model
        whose loss is lower than that of most; divided by that of `scaled_by`, if there is one. None where a value is
        not above 0.
    interval : tuple[float, float] or None
        Its confidence interval.
    uncertainty : Uncertainty or None
        How `interval` was estimated.
    scaled_by : str or None
        The model whose relative skill is 1.
    """

    rank: int | None
    better_than: int
    worse_than: int
    relative_skill: float | None = None
    interval: tuple[float, float] | None = None
    uncertainty: Uncertainty | None = None
    scaled_by: str | None = None


@dataclass(frozen=True)
class LossResult:
    """One loss of one model on one slice.

    Attributes
    ----------
    model : str or None
        The model, as a column or a file names it. None where the loss uses no model's columns.
    by : Mapping[str, str]
        The slice, as column to value. Empty for all rows.
    loss : str
        Name of the loss, or of the composite loss.
    spec : str
        The loss with its parameters, as it can be typed.
    params : Mapping[str, float | int | bool | str | None]
        Every parameter with its value. Empty for a composite loss.
    reduction : str
        "mean" or "sum": how the values of units become one number.
    value : float
        The value of the loss.
    count : int
        Number of units that take part in any term; of a composite loss, the smallest count of its losses.
    weight : float
        Sum of the weights of these units.
    terms : Mapping[str, TermResult]
        The named terms whose means make the value. Empty for a composite loss.
    direction : str
        "lower" or "higher": which values are better.
    revision : int
        Grows by one when a release changes the numbers of the loss.
    signature : str
        What two results must share to be comparable: spec, revision, reduction, weights and batches.
    parts : tuple[PartResult, ...] or None
        The losses of a composite loss. None for other losses.
    batch : BatchResult or None
        The batches of a batch loss. None for other losses.
    excluded_count : int
        Number of units that take part in no term, such as anchors without a positive.
    stderr : float or None
        Standard error of the value. None where it was not asked for, or cannot be estimated.
    interval : tuple[float, float] or None
        Lower and upper end of the confidence interval of the value.
    uncertainty : Uncertainty or None
        How `stderr` and `interval` were estimated.
    n_eff : float or None
        Effective sample size (Kish): (sum of weights)**2 / sum of squared weights. None where rows have no weights.
    baseline : BaselineResult or None
        The same number in the baseline. None without a baseline, or where it lacks the number.
    between : SliceDifference or None
        What the slice differs from, where that was asked for.
    ranking : Ranking or None
        The place among all models, where these are ranked.
    skill : SkillResult or None
        How much better than a reference the model is, where that was asked for.
    constant : float
        What a composite loss adds to the weighted sum of `parts`, once. 0 for other losses.
    """

    model: str | None
    by: Mapping[str, str]
    loss: str
    spec: str
    params: Mapping[str, float | int | bool | str | None]
    reduction: str
    value: float
    count: int
    weight: float
    terms: Mapping[str, TermResult]
    direction: str
    revision: int
    signature: str
    parts: tuple[PartResult, ...] | None = None
    batch: BatchResult | None = None
    excluded_count: int = 0
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    uncertainty: Uncertainty | None = None
    n_eff: float | None = None
    baseline: BaselineResult | None = None
    between: SliceDifference | None = None
    ranking: Ranking | None = None
    skill: SkillResult | None = None
    constant: float = 0.0

    def with_uncertainty(
        self, n_eff: float | None, stderr: float, interval: tuple[float, float] | None, how: Uncertainty
    ) -> LossResult:
        """The result with its standard error; `dataclasses.replace` takes ten times as long, which many slices feel."""
        return self._changed(n_eff=n_eff, stderr=stderr, interval=interval, uncertainty=how)

    def with_baseline(self, baseline: BaselineResult | None) -> LossResult:
        """The result beside the same number of a baseline."""
        return self._changed(baseline=baseline)

    def with_between(self, difference: SliceDifference) -> LossResult:
        """The result beside its difference from another slice."""
        return self._changed(between=difference)

    def of_model(self, model: str | None) -> LossResult:
        """The result under another name of its model."""
        return self._changed(model=model)

    def _changed(self, **entries: object) -> LossResult:
        found = object.__new__(LossResult)
        found.__dict__.update(self.__dict__, **entries)
        return found

    @property
    def is_weighted(self) -> bool:
        """Whether rows had weights, of their own or of their class, as the signature says."""
        return "|w=none|cw=none|" not in self.signature

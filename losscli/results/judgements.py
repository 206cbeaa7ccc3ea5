"""What results are held against: comparisons of models, and the verdicts of gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction

from losscli.lazy import dataclass
from losscli.results.losses import Uncertainty


@dataclass(frozen=True)
class PairedTest:
    """The p-values of one paired test of two models.

    Attributes
    ----------
    p : float
        Two-sided p-value, between 0 and 1.
    holm : float
        The p-value adjusted by Holm's method for the number of models that are compared.
    adjusted : float or None
        The p-value adjusted by the method of the run (`ComparisonResult.adjustment`); None: by Holm's.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
    """

    p: float
    holm: float
    adjusted: float | None = None

    @property
    def decisive(self) -> float:
        """The adjusted p-value that a verdict follows."""
        return self.holm if self.adjusted is None else self.adjusted


@dataclass(frozen=True)
class Decision:
    """The test that decides what a comparison shows.

    Attributes
    ----------
    test : str
        "t" (paired t-test), "permutation" (paired permutation test), "mcnemar" (exact), "mcnemar-mid-p", "wild" (wild
        cluster bootstrap) or "sequential" (a test that holds at all looks together).
    reason : str
        Why this test, in one clause.
    p : float
        Its two-sided p-value.
    holm : float
        The p-value adjusted by Holm's method for the number of models that are compared.
    smallest_p : float
        The smallest p-value that the test can give of so many units, whatever their values: 0 if any.
    alpha : float
        1 - confidence level: a difference is shown where the adjusted p-value is below it.
    adjusted : float or None
        The p-value adjusted by the method of the run (`ComparisonResult.adjustment`); None: by Holm's.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
    """

    test: str
    reason: str
    p: float
    holm: float
    smallest_p: float
    alpha: float
    adjusted: float | None = None

    @property
    def decisive(self) -> float:
        """The adjusted p-value that the verdict follows."""
        return self.holm if self.adjusted is None else self.adjusted

    @property
    def enough_units(self) -> bool:
        """Whether there are enough units for this test to show any difference."""
        return self.smallest_p < self.alpha


@dataclass(frozen=True)
class Detection:
    """What a test of a difference could find, for normal differences of units.

    Attributes
    ----------
    power : float
        The chance with which a difference is to be found.
    minimal_difference : float or None
        The minimal detectable difference: the smallest true difference that the test finds with this chance, with the
        units that there are. None where there is none.
    count : int
        Number of units that there are.
    units_needed : int or None
        Number of units with which the difference that is asked about is found with this chance: in comparisons the
        observed one. None where it is 0, or more than 10**15 units would be needed.
    """

    power: float
    minimal_difference: float | None
    count: int
    units_needed: int | None


@dataclass(frozen=True)
class ComparisonResult:
    """Two models on the same rows: `model` against `against`.

    Attributes
    ----------
    model, against : str or None
        The two models.
    by : Mapping[str, str]
        The slice, as column to value. Empty for all rows.
    loss : str
        Name of the loss, or of the composite loss.
    spec : str
        The loss with its parameters, as it can be typed.
    direction : str
        "lower" or "higher": which values are better.
    value, against_value : float
        The values of the loss of `model` and of `against`.
    difference : float
        `value` minus `against_value`.
    count : int
        Number of units that both models have.
    verdict : str
        "better", "worse" (`model`, statistically significant at the confidence level), "no difference shown", "not
        enough units" (the test that decides could not show any difference of so few), or "undefined" where the
        difference is not finite.
    stderr : float or None
        Standard error of the difference. None where it cannot be estimated.
    interval : tuple[float, float] or None
        Lower and upper end of the confidence interval of the difference. None where there is none, as where the
        difference is the same in all units.
    uncertainty : Uncertainty or None
        How `stderr` and `interval` were estimated.
    t : float or None
        Statistic of the paired t-test.
    t_test : PairedTest or None
        p-values of the paired t-test.
    permutation : PairedTest or None
        p-values of the paired permutation test.
    mcnemar : PairedTest or None
        p-values of McNemar's exact test, or of its mid-p variant where that was asked for; where the values of the loss
        are 0 or 1.
    wild : PairedTest or None
        p-values of the wild cluster bootstrap, where that was asked for.
    adjustment : str
        How p-values are adjusted: "holm" for the models of one slice; "bh" (Benjamini and Hochberg) or "max-t" for the
        models and slices of one loss; "none".
    permutations : int or None
        Number of permutations that were made: all of them, or as many random ones as were asked for.
    permutations_exact : bool or None
        Whether these were all of them, so that nothing in the test is random.
    decision : Decision or None
        The test that decides, and why. None where there is none, as where the difference is not finite.
    wins, losses, ties : int or None
        Number of units (rows, or anchors of batches) where `model` is better, worse, equal. The win rate is `wins`
        divided by the sum of the three. None where the loss has no value per unit.
    effect_size : float or None
        The difference in standard deviations of the differences of units (Cohen's d_z), unbiased for normal differences
        (Hedges' g). None where these have no standard deviation.
    detection : Detection or None
        What the comparison could find at a power that was asked for.
    margins : Mapping[Fraction, tuple[float, float]]
        For relative margins that gates allow, the confidence interval of `value` minus that multiple of `against_value`
        which lies the margin on the worse side of it. Reports do not have them.
    """

    model: str | None
    against: str | None
    by: Mapping[str, str]
    loss: str
    spec: str
    direction: str
    value: float
    against_value: float
    difference: float
    count: int
    verdict: str
    stderr: float | None = None
    interval: tuple[float, float] | None = None
    uncertainty: Uncertainty | None = None
    t: float | None = None
    t_test: PairedTest | None = None
    permutation: PairedTest | None = None
    mcnemar: PairedTest | None = None
    wild: PairedTest | None = None
    adjustment: str = "holm"
    permutations: int | None = None
    permutations_exact: bool | None = None
    decision: Decision | None = None
    wins: int | None = None
    losses: int | None = None
    ties: int | None = None
    effect_size: float | None = None
    detection: Detection | None = None
    margins: Mapping[Fraction, tuple[float, float]] = field(default_factory=dict)

    def changed(self, **entries: object) -> ComparisonResult:
        """The comparison with other entries; `dataclasses.replace` takes twice as long, which many slices feel."""
        return ComparisonResult(**{**self.__dict__, **entries})

    @property
    def enough_units(self) -> bool:
        """Whether there are enough units for the test that decides to show any difference; True where none decides."""
        return self.decision is None or self.decision.enough_units

    @property
    def odds_ratio(self) -> float | None:
        """Of losses that are 0 or 1: units where only `model` is worse, divided by those where only `against` is."""
        return self.losses / self.wins if self.mcnemar is not None and self.wins and self.losses is not None else None


@dataclass(frozen=True)
class GateTest:
    """The test of a gate that asks for one.

    Attributes
    ----------
    kind : str
        "significant": is a change for the worse shown, beyond the tolerance; "shown": is it shown to be within.
    alpha : float
        The level of the one-sided test: half of what the confidence interval leaves out.
    p : float
        Its one-sided p-value, that of the confidence interval which the gate shows.
    enough : bool
        Whether the confidence interval tells no change from the tolerance: it leaves out one of them.
    holm : float or None
        Of `significant`, the p-value adjusted by Holm's method for the tests of the gate. It decides.
    family : int
        How many tests that is.
    detection : Detection or None
        The minimal detectable difference of the test, and the units needed to tell no change from the tolerance; where
        the tolerance is 0, from the observed change.
    units : str
        What the units are, as a plural.
    tolerance : float
        The tolerance as a number.
    reasons : tuple[str, ...]
        What the intervals show, for a gate that passes and for one that fails. Reports have the one that applies.
    """

    kind: str
    alpha: float
    p: float
    enough: bool
    holm: float | None = None
    family: int = 1
    detection: Detection | None = None
    units: str = "rows"
    tolerance: float = 0.0
    reasons: tuple[str, ...] = ("", "")


@dataclass(frozen=True)
class GateResult:
    """The verdict of one gate on one model and slice.

    Attributes
    ----------
    gate : str
        The condition as it was given.
    model : str or None
        The model that the gate is about.
    by : Mapping[str, str]
        The slice, as column to value. Empty for all rows.
    value : float
        The observed value of the loss.
    limit : float
        The number that the value was compared with, tolerance included. NaN where there is none.
    state : str
        "passed", "failed", "skipped" (there is no baseline, or there are not enough units, and that was allowed) or
        "error" (it could not be judged, which is not a pass).
    spec : str
        The loss with its parameters.
    direction : str
        "lower" or "higher": which values are better.
    reason : str
        One sentence with every digit that decided.
    baseline : float or None
        The value in the baseline, where the gate asks for one.
    interval : tuple[float, float] or None
        Confidence interval of the change, where the gate asks for a test.
    path : str or None
        The configuration file that has the gate.
    line : int or None
        Its line in that file, from 1.
    test : GateTest or None
        The test, where the gate asks for one and it could be made.
    """

    gate: str
    model: str | None
    by: Mapping[str, str]
    value: float
    limit: float
    state: str
    spec: str = ""
    direction: str = "lower"
    reason: str = ""
    baseline: float | None = None
    interval: tuple[float, float] | None = None
    path: str | None = None
    line: int | None = None
    test: GateTest | None = None

    @property
    def passed(self) -> bool | None:
        """Whether the gate passed. None where it was skipped or could not be judged."""
        return {"passed": True, "failed": False}.get(self.state)

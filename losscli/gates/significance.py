"""The tests of gates: is a change shown to be beyond a tolerance (`significant`), or shown to be within it (`shown`)?

Both are one-sided, at half of what a confidence interval of --level leaves out: 2.5 % of 95 %. A p-value is that of
the interval that the gate shows: it is below the level where the interval leaves out the margin, and nowhere else. Here
more is worse, whatever the direction of the loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from losscli.gates.grammar import BASELINE, BoundGate
from losscli.lazy import dataclass
from losscli.results import ComparisonResult, Detection, GateResult, GateTest, Uncertainty
from losscli.statistics.detection import degrees_of_freedom, detection
from losscli.statistics.multiple_testing import holm, simes
from losscli.statistics.student_t import t_p_value, t_quantile

POWER = 0.8
"""The power at which gates report the minimal detectable difference."""

_LEVEL = 0.95  # of an interval that does not say


@dataclass(frozen=True)
class _Contrast:
    """The value less a multiple of the reference: worse than the tolerance where it is above `margin`.

    `change` is its estimate. `distance` is how much worse than without a change the margin is. The interval is None
    where all units differ by the same, so that its uncertainty is unknown. `decided` is the two-sided p-value of the
    test that decides the comparison, where this is about the margin, and `smallest` what such a test can give at best.
    """

    relative: Fraction
    change: float
    interval: tuple[float, float] | None
    how: Uncertainty | None
    margin: Fraction
    distance: Fraction
    decided: float | None = None
    smallest: float = 0.0

    @property
    def level(self) -> float:
        """The confidence level of the interval."""
        return _LEVEL if self.how is None else self.how.level

    @property
    def alpha(self) -> float:
        """The level of a one-sided test."""
        return (1 - self.level) / 2


@dataclass(frozen=True)
class _Finding:
    """One contrast, tested: how likely data as these are if it is within the margin, and if it is beyond."""

    contrast: _Contrast
    p_worse: float
    p_within: float
    holds_both: bool  # both no change and the margin lie in the interval


def tested(
    bound: BoundGate, verdict: GateResult, reference: float, comparison: ComparisonResult | None
) -> GateResult:  # fmt: skip
    """The verdict of a gate with a test.

    Parameters
    ----------
    bound
        The gate.
    verdict
        The verdict on the numbers alone.
    reference
        The number of the baseline or of the other model.
    comparison
        The comparison with the reference; None where there is none.

    Returns
    -------
    GateResult
        Failed where there is no confidence interval: nothing is shown then.
    """
    change = verdict.reason.partition(": ")[0]
    few = None if comparison is None else _too_few(comparison)
    contrasts = [] if comparison is None else _contrasts(bound, comparison, reference)
    if comparison is not None:
        verdict = replace(verdict, interval=comparison.interval)
    if few is not None and bound.gate.if_enough:
        return replace(verdict, state="skipped", reason=f"{change}: {few}")
    if few is not None and bound.gate.test == "significant":
        return replace(verdict, state="failed", reason=f"{change}: {few}; 'significant if-enough' skips the gate then")
    if comparison is None or not contrasts:
        why = few or "the change has no confidence interval, so it cannot be shown to be no worse"
        return replace(verdict, state="failed", reason=f"{change}: {why}")
    findings = [_finding(bound, contrast) for contrast in contrasts]
    test = _test(bound, change, verdict.reason, findings)
    return judged([replace(verdict, test=test)])[0]


def judged(verdicts: Sequence[GateResult]) -> list[GateResult]:
    """The verdicts of one family of tests: p-values of `significant` gates are adjusted by Holm's method.

    Parameters
    ----------
    verdicts
        Verdicts, of which those of `significant` gates that were tested make the family. Those of `shown` gates are
        judged one by one: all of them must pass, so none needs a correction.

    Returns
    -------
    list of GateResult
        The verdicts in the same order.
    """
    family = [at for at, one in enumerate(verdicts) if one.test is not None and one.test.kind == "significant"]
    adjusted = dict(zip(family, holm([_p(verdicts[at]) for at in family]), strict=True))
    return [_decided(one, adjusted.get(at), len(family)) for at, one in enumerate(verdicts)]


def _p(verdict: GateResult) -> float | None:
    return None if verdict.test is None else verdict.test.p


def _decided(verdict: GateResult, adjusted: float | None, family: int) -> GateResult:
    """The verdict by its p-value, adjusted for the other tests of its family where there is one."""
    if verdict.test is None:
        return verdict
    test = verdict.test
    if test.kind == "significant":
        assert adjusted is not None
        test = replace(test, holm=adjusted, family=family)
        failed = adjusted < test.alpha
    else:
        failed = test.p >= test.alpha
    text = f"{test.reasons[failed]} (one-sided p = {test.p:.3g}"
    text += f", {adjusted:.3g} by Holm's method over {family} tests)" if family > 1 and adjusted is not None else ")"
    if not test.enough:
        text += f"; {_lack(test)}"
    return replace(verdict, test=test, state="failed" if failed else "passed", reason=text)


# ------------------------------------------------------------------------------------------------------- the tests


def _contrasts(bound: BoundGate, comparison: ComparisonResult, reference: float) -> list[_Contrast]:
    """What must be beyond its margin to be worse than the tolerance: of max(…) both. Empty without an interval."""
    relative, absolute = bound.tolerance.relative, bound.tolerance.absolute
    change, how = bound.sign * comparison.difference, comparison.uncertainty
    alike = comparison.interval is None and comparison.stderr == 0
    exact = None if how is None or how.resamples is not None else comparison.decision
    smallest = 0.0 if exact is None else exact.smallest_p
    found: list[_Contrast] = []
    if relative:
        distance, interval = relative * abs(Fraction(reference)), comparison.margins.get(relative)
        found.append(_Contrast(relative, change - float(distance), interval, how, Fraction(0), distance,
                               None, smallest))  # fmt: skip
    if absolute or not relative:
        decided = exact.p if exact is not None and not absolute else None
        found.append(_Contrast(Fraction(0), change, comparison.interval, how, absolute, absolute, decided, smallest))
    known = all(one.interval is not None and all(map(math.isfinite, one.interval)) for one in found)
    return found if alike or known else []


def _too_few(comparison: ComparisonResult) -> str | None:
    """Why no test could tell, whatever the units show: of so few, even signs that are all alike are likely."""
    how, decision = comparison.uncertainty, comparison.decision
    if how is None or decision is None or decision.enough_units:
        return None
    alpha, least = decision.alpha / 2, decision.smallest_p / 2
    return (
        f"not enough units: {_units(how, how.count)}, of which a one-sided test has p = {least:.3g} at best, and "
        f"{alpha:.3g} is asked for"
    )


def _finding(bound: BoundGate, contrast: _Contrast) -> _Finding:
    """Both tests of one contrast."""
    change, margin = contrast.change, float(contrast.margin)
    if contrast.interval is None:  # the signs alone tell: all are alike
        worse = Fraction(change) > contrast.margin
        count = 0 if contrast.how is None else contrast.how.count
        return _Finding(contrast, 2.0**-count if worse else 1.0, 1.0, holds_both=False)
    low, high = sorted(bound.sign * end for end in contrast.interval)
    df, alpha = _df(contrast), contrast.alpha
    quantile = -t_quantile(alpha, df)
    p_worse = max(_p_beyond(change - margin, change - low, quantile, df), contrast.smallest / 2)
    p_within = max(_p_beyond(margin - change, high - change, quantile, df), contrast.smallest / 2)
    if contrast.decided is not None:
        half = contrast.decided / 2
        p_worse, p_within = (half, 1 - half) if change > 0 else (1 - half, half) if change < 0 else (0.5, 0.5)
    beyond = Fraction(low) > contrast.margin
    within = Fraction(high) < contrast.margin or (Fraction(high) == contrast.margin and len(bound.gate.op) == 2)
    # What the interval shows decides. The p-value says the same but for the last bit, and where a bootstrap interval
    # lies wholly on one side of the estimate.
    p_worse = min(p_worse, math.nextafter(alpha, 0)) if beyond else max(p_worse, alpha)
    p_within = min(p_within, math.nextafter(alpha, 0)) if within else max(p_within, alpha)
    holds_both = not beyond and not within and Fraction(low) <= contrast.margin - contrast.distance
    return _Finding(contrast, p_worse, p_within, holds_both)


def _p_beyond(distance: float, half: float, quantile: float, df: float) -> float:
    """The one-sided p-value at which an interval with this half-width at its level would just reach the margin."""
    if not half > 0:
        return 0.0 if distance > 0 else 1.0
    t = distance / half * quantile
    p = t_p_value(t, df)
    return p / 2 if t > 0 else 1 - p / 2


def _test(bound: BoundGate, change: str, plain: str, findings: Sequence[_Finding]) -> GateTest:
    """The test of a gate, with the reason of either verdict.

    Beyond the larger of two tolerances is beyond both: both tests must show it at the level (Berger 1982). Within the
    larger is within one of them: that gives two chances to be wrong, for which Simes' method (1986) allows.
    """
    p_worse = max(one.p_worse for one in findings)
    p_within = simes([one.p_within for one in findings])
    main = max(findings, key=lambda one: one.contrast.distance)  # the tolerance that applies
    how, alpha = main.contrast.how, main.contrast.alpha
    significant = bound.gate.test == "significant"
    undecided = any(one.holds_both for one in findings) and p_worse >= alpha and p_within >= alpha
    return GateTest(
        kind=bound.gate.test, alpha=alpha, p=p_worse if significant else p_within, enough=not undecided,
        detection=_detection(main.contrast), units="" if how is None else _units(how, None),
        tolerance=float(main.contrast.distance),
        reasons=tuple(_reason(bound, change, plain, findings, alpha, failed) for failed in (False, True)),
    )  # fmt: skip


def _detection(contrast: _Contrast) -> Detection | None:
    """What the test could find, and how many units would find a difference of the tolerance, or the observed one."""
    if contrast.interval is None or contrast.how is None:
        return None
    low, high = contrast.interval
    stderr = (high - low) / 2 / -t_quantile(contrast.alpha, _df(contrast))
    distance = float(contrast.distance) or contrast.change
    fixed = not contrast.how.method.startswith("sequential")  # of repeated looks, one does not decide
    return detection(distance / stderr, stderr, contrast.how, POWER, two_sided=False) if fixed and stderr else None


def _df(contrast: _Contrast) -> float:
    return math.inf if contrast.how is None else degrees_of_freedom(contrast.how)


# ------------------------------------------------------------------------------------------------- texts of reasons


def _reason(
    bound: BoundGate, change: str, plain: str, findings: Sequence[_Finding], alpha: float, failed: bool
) -> str:  # fmt: skip
    """What the intervals show: those of the tests that decide, or all of them."""
    significant = bound.gate.test == "significant"
    if all(one.contrast.interval is None for one in findings):
        return f"{plain}; it is the same in all units" if significant else (
            f"{change}: the change is the same in all units, so its uncertainty is unknown"
        )  # fmt: skip
    texts = []
    for one in findings:
        p = one.p_worse if significant else one.p_within
        deciding = (p < alpha) == (failed if significant else not failed)
        if deciding or len(findings) == 1:
            texts.append(_shows(bound, one, failed))
    if not texts:  # each shows it alone, and not both together
        texts = [_shows(bound, one, failed) for one in findings]
    return f"{change}: {' and '.join(texts)}"


def _shows(bound: BoundGate, finding: _Finding, failed: bool) -> str:
    contrast = finding.contrast
    of = f"the change less {_percent(contrast.relative)} of {_owner(bound)}" if contrast.relative else "the change"
    if contrast.interval is None:
        return f"{of} is the same in all units"
    level = "" if contrast.how is None else f"{100 * contrast.how.level:g} % "
    low, high = contrast.interval
    beyond = _tolerance(bound, contrast.relative)
    if bound.gate.test == "significant":
        found = f"{'a' if failed else 'no'} significant worsening" + (f" beyond {beyond}" if beyond else "")
        return f"the {level}confidence interval of {of}, [{low!r}, {high!r}], shows {found}"
    found = f"no worse than {beyond}" if beyond else "no worse"
    verb = "does not show" if failed else "shows"
    return f"the {level}confidence interval of {of}, [{low!r}, {high!r}], {verb} that it is {found}"


def _lack(test: GateTest) -> str:
    """What the units that there are could tell, and how many would tell."""
    if test.detection is None or test.detection.minimal_difference is None:
        return "not enough rows to tell"
    found, tolerance = test.detection, test.tolerance
    text = f"not enough rows to tell: {found.count:,} {test.units} have a minimal detectable difference of "
    text += f"{found.minimal_difference:.3g} ({100 * found.power:g} % power)"
    what = f"the tolerance is {tolerance:.3g}" if tolerance else "the tolerance is 0"
    if found.units_needed is None:
        return f"{text}, and {what}"
    needed = f"{found.units_needed:,} would be needed"
    return f"{text}, {what}, so {needed}" if tolerance else f"{text}; {needed} for the observed change"


def _units(how: Uncertainty, count: int | None) -> str:
    """The independent units, counted if there is a count."""
    plain = {"row": ("row", "rows"), "batch": ("batch", "batches")}.get(how.units)
    if plain is None:
        plain = (f"value of '{how.units}'", f"values of '{how.units}'")
    return plain[1] if count is None else f"{count:,} {plain[count != 1]}"


def _tolerance(bound: BoundGate, relative: Fraction) -> str:
    if relative:
        return _percent(relative)
    absolute = bound.tolerance.absolute
    if not absolute:
        return ""
    return repr(float(absolute)).removesuffix(".0") if bound.tolerance.relative else bound.tolerance.text


def _percent(relative: Fraction) -> str:
    return f"{float(100 * relative)!r}".removesuffix(".0") + "%"


def _owner(bound: BoundGate) -> str:
    return "the baseline" if bound.reference == BASELINE else f"'{bound.reference}'"

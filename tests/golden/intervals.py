"""Numbers for prediction intervals."""

from __future__ import annotations

from distribution import WEIGHTS
from forecast import INTERVALS
from peers import Case, Inputs, by_hand, by_numpy

ENDS: Inputs = {"lower": INTERVALS["lower"], "upper": INTERVALS["upper"]}
SCALED: Inputs = {**INTERVALS, "scale": [0.9, 1.4, 0.52, 1.9, 0.23, 1.06]}


def cases() -> list[Case]:
    frame = "pandas.DataFrame({'unique_id': 0, 'y': target, 'm-lo-80': lower, 'm-hi-80': upper})"
    inside = "((lower <= target) & (target <= upper)).double()"
    outside = "(upper - lower + {0} * (torch.relu(lower - target) + torch.relu(target - upper)))"
    return [
        by_numpy("utilsforecast", "coverage", f"utilsforecast.losses.coverage({frame}, ['m'], 80)['m'].iloc[0]",
                 INTERVALS),
        by_hand("coverage", f"(w * {inside}).sum() / w.sum()", INTERVALS, by="", weights=WEIGHTS),
        by_numpy("utilsforecast", "miscoverage", f"1 - utilsforecast.losses.coverage({frame}, ['m'], 80)['m'].iloc[0]",
                 INTERVALS),
        by_hand("interval_coverage_error", f"({inside}.mean() - 0.9).abs()", INTERVALS, by=""),
        by_numpy("utilsforecast", "interval_coverage_error:level=0.8",
                 f"abs(utilsforecast.losses.coverage({frame}, ['m'], 80)['m'].iloc[0] - 0.8)", INTERVALS),
        by_hand("interval_width", "(upper - lower).mean()", ENDS, by="lower upper"),
        by_numpy("scoringrules", "msis",
                 "(scoringrules.interval_score(target, lower, upper, 0.05) / scale).mean()", SCALED),
        by_hand("msis:level=0.8", f"({outside.format('2 / (1 - 0.8)')} / scale).mean()", SCALED, by="lower upper"),
        by_hand("msis", f"(w * {outside.format('2 / (1 - 0.95)')} / scale).sum() / w.sum()", SCALED, by="lower upper",
                weights=WEIGHTS),
    ]  # fmt: skip

"""Numbers for forecasts of several quantiles."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

WEIGHTS = [1.7, 0.35, 2.2, 0.8]
PRED = [
    [0.31, 1.22, 1.74, 2.83, 3.61], [-2.2, -1.43, -0.21, 0.38, 0.57], [1.09, 0.66, 2.4, 2.2, 5.14],
    [-0.83, 0.97, 1.62, 3.05, 4.44],
]  # fmt: skip
FIVE: Inputs = {"pred": PRED, "target": [1.62, -2.9, 2.51, 5.15]}
FOUR: Inputs = {"pred": [[*row[:2], *row[3:]] for row in PRED], "target": FIVE["target"]}
LEVELS = "0.05|0.25|0.5|0.75|0.95"
PAIRS = "0.05|0.25|0.75|0.95"


def cases() -> list[Case]:
    return [*_pinball(), *_interval(), *_counts()]


def _pinball() -> list[Case]:
    sklearn = "np.mean([sklearn.metrics.mean_pinball_loss(target, pred[:, k], alpha=q{1}) for k, q in enumerate({0})])"
    tall = "torch.tensor([{}])".format(LEVELS.replace("|", ", "))
    rho = "torch.maximum(q * (target[:, None] - pred), (q - 1) * (target[:, None] - pred))"
    five, four = LEVELS.split("|"), PAIRS.split("|")
    rows = f"[{rho} for q in [{tall}]][0]"
    spaced = [f"np.maximum({q} * (target - pred[:, {k}]), ({q} - 1) * (target - pred[:, {k}]))" for k, q in
              enumerate(four)]  # fmt: skip
    return [
        by_numpy("sklearn", f"pinball_levels:levels={LEVELS}", sklearn.format(f"[{', '.join(five)}]", ""), FIVE),
        by_numpy("sklearn", f"pinball_levels:levels={LEVELS}",
                 sklearn.format(f"[{', '.join(five)}]", ", sample_weight=w"), FIVE, weights=WEIGHTS),
        by_numpy("utilsforecast", f"pinball_levels:levels={LEVELS}",
                 "utilsforecast.losses.mqloss(pandas.DataFrame({'unique_id': 0, 'y': target, "
                 "**{str(k): pred[:, k] for k in range(5)}}), {'m': ['0', '1', '2', '3', '4']}, "
                 f"np.array([{', '.join(five)}]))['m'].iloc[0]", FIVE),
        by_hand(f"pinball_levels:levels={LEVELS}", f"{rows}.mean()", FIVE),
        by_hand(f"pinball_levels:levels={LEVELS},factor=2", f"(w * 2 * {rows}.mean(1)).sum() / w.sum()", FIVE,
                weights=WEIGHTS),
        by_numpy("scoringrules", f"crps_quantile:levels={LEVELS}",
                 f"scoringrules.crps_quantile(target, pred, np.array([{', '.join(five)}])).mean()", FIVE),
        by_numpy("scipy", f"crps_quantile:levels={PAIRS},weights=trapezoid",
                 f"2 * scipy.integrate.trapezoid(np.stack([{', '.join(spaced)}], axis=1), [{', '.join(four)}]).mean()",
                 FOUR),
        by_hand(f"crps_quantile:levels={LEVELS}", f"2 * {rows}.mean()", FIVE),
        by_numpy("utilsforecast", f"weighted_quantile_loss:levels={LEVELS}",
                 "utilsforecast.losses.scaled_crps(pandas.DataFrame({'unique_id': 0, 'y': target, "
                 "**{str(k): pred[:, k] for k in range(5)}}), "
                 f"models={{'m': ['0', '1', '2', '3', '4']}}, quantiles=np.array([{', '.join(five)}]))['m'][0] "
                 "* (1 + np.finfo(float).eps / np.abs(target).sum())", FIVE),
        by_hand(f"weighted_quantile_loss:levels={LEVELS}",
                f"(w * 2 * {rows}.mean(1)).sum() / (w * target.abs()).sum()", FIVE, weights=WEIGHTS),
    ]  # fmt: skip


def _interval() -> list[Case]:
    def score(k: int, alpha: str) -> str:
        return f"{alpha} / 2 * scoringrules.interval_score(target, pred[:, {k}], pred[:, -1 - {k}], {alpha})"

    def parts(k: int, q: str) -> str:
        low, high = f"pred[:, {k}]", f"pred[:, -1 - {k}]"
        return f"{q} * ({high} - {low}) + torch.relu({low} - target) + torch.relu(target - {high})"

    both = f"{score(0, '0.1')} + {score(1, '0.5')}"
    torch = f"{parts(0, '0.05')} + {parts(1, '0.25')}"
    median = "(pred[:, 2] - target).abs()"
    name = "weighted_interval_score"
    return [
        by_numpy("scoringrules", f"{name}:levels={LEVELS}",
                 f"((np.abs(target - pred[:, 2]) / 2 + {both}) / 2.5).mean()", FIVE),
        by_numpy("scoringrules", f"{name}:levels={PAIRS}", f"(({both}) / 2).mean()", FOUR),
        by_numpy("scoringrules", f"{name}:levels={LEVELS}",
                 "scoringrules.crps_quantile(target, pred, np.array([0.05, 0.25, 0.5, 0.75, 0.95])).mean()", FIVE),
        by_hand(f"{name}:levels={LEVELS}", f"(w * ({median} / 2 + {torch}) / 2.5).sum() / w.sum()", FIVE,
                weights=WEIGHTS),
        by_hand(f"{name}:levels={LEVELS},count_median_twice=true", f"(({median} + {torch}) / 3).mean()", FIVE),
        by_hand(f"{name}:levels={PAIRS}", f"(({torch}) / 2).mean()", FOUR),
    ]  # fmt: skip


def _counts() -> list[Case]:
    tall = "torch.tensor([{}])".format(LEVELS.replace("|", ", "))
    return [
        by_hand(f"quantile_crossing:levels={LEVELS}", "(pred.diff(dim=1) < 0).double().mean()", {"pred": PRED}, by=""),
        by_hand(
            f"quantile_calibration_error:levels={LEVELS}",
            f"((target[:, None] <= pred).double().mean(0) - {tall}).abs().mean()",
            FIVE,
            by="",
        ),
        by_hand(
            f"quantile_calibration_error:levels={LEVELS}",
            f"((w[:, None] * (target[:, None] <= pred)).sum(0) / w.sum() - {tall}).abs().mean()",
            FIVE,
            by="",
            weights=WEIGHTS,
        ),
    ]

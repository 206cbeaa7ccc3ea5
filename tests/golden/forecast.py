"""Numbers for the scores of probabilistic forecasts."""

from __future__ import annotations

from distribution import SPREAD, WEIGHTS
from peers import Case, Inputs, by_hand, by_jax, by_numpy

INTERVALS: Inputs = {
    "lower": [0.31, -2.2, 1.74, -0.83, 2.61, 0.09],
    "upper": [2.57, -0.43, 3.21, 0.38, 5.14, 0.66],
    "target": [1.62, -2.9, 2.4, 0.97, 5.15, 0.08],
}


def cases() -> list[Case]:
    interval = "upper - lower + {0} * (torch.relu(lower - target) + torch.relu(target - upper))"
    found = [
        by_numpy("scoringrules", "interval_score", "scoringrules.interval_score(target, lower, upper, 0.1).mean()",
                 INTERVALS),
        by_numpy("scoringrules", "interval_score:level=0.5",
                 "np.average(scoringrules.interval_score(target, lower, upper, 0.5), weights=w)", INTERVALS,
                 weights=WEIGHTS),
        by_numpy("utilsforecast", "interval_score interval_score@utilsforecast",
                 "utilsforecast.losses.winkler_score(pandas.DataFrame({'unique_id': 0, 'y': target, 'm-lo-90': lower, "
                 "'m-hi-90': upper}), ['m'], 90)['m'].iloc[0]", INTERVALS),
        by_hand("interval_score:level=0.8", f"({interval.format('2 / (1 - 0.8)')}).mean()", INTERVALS,
                by="lower upper"),
    ]  # fmt: skip
    z = "((target - pred) / scale)"
    for name, peer, formula in (
        ("crps_gaussian", "normal",
         f"scale * ({z} * torch.erf({z} / math.sqrt(2)) + math.sqrt(2 / math.pi) * torch.exp(-{z}**2 / 2)"
         " - 1 / math.sqrt(math.pi))"),
        ("crps_laplace", "laplace", f"scale * ({z}.abs() + torch.exp(-{z}.abs()) - 0.75)"),
        ("crps_logistic", "logistic", f"scale * ({z} + 2 * F.softplus(-{z}) - 1)"),
    ):  # fmt: skip
        found += [
            by_numpy("scoringrules", name, f"scoringrules.crps_{peer}(target, pred, scale).mean()", SPREAD),
            by_hand(name, f"({formula}).mean()", SPREAD, by="pred scale"),
            by_hand(name, f"(w * {formula}).sum() / w.sum()", SPREAD, by="pred scale", weights=WEIGHTS),
        ]
    student = "scoringrules.crps_t(target, {}, pred, scale{})"
    slopes = {"by": "pred scale", "peer": "scoringrules"}
    by_t = student.format("5.0", ", backend='jax'")
    found += [
        by_numpy("scoringrules", "crps_student_t crps_student_t@scoringrules",
                 f"{student.format('5.0', '')}.mean()", SPREAD),
        *(by_numpy("scoringrules", f"crps_student_t:df={df}", f"{student.format(df, '')}.mean()", SPREAD)
          for df in (1.3, 40.0)),
        by_jax("crps_student_t", f"{by_t}.mean()", SPREAD, **slopes),
        by_jax("crps_student_t", f"(w * {by_t}).sum() / w.sum()", SPREAD, weights=WEIGHTS, **slopes),
    ]  # fmt: skip
    found.append(by_numpy("properscoring", "crps_gaussian crps_gaussian@properscoring",
                          "properscoring.crps_gaussian(target, pred, scale).mean()", SPREAD))  # fmt: skip
    return found

"""Numbers for the CRPS of distribution functions."""

from __future__ import annotations

from distribution import LOGS, WEIGHTS
from forecast import INTERVALS
from likelihood import REALS
from peers import Case, Inputs, by_hand, by_numpy

STEPS: Inputs = {
    "pred": [[0.11, 0.23, 0.64, 0.92], [0.02, 0.37, 0.58, 0.83], [0.29, 0.41, 0.77, 0.95]],
    "target": [0.7, -1.0, 3.4],
}


def cases() -> list[Case]:
    steps = "((pred - (target[:, None] <= torch.tensor([-1.0, 0.5, 2.0, 3.0])).double())**2)"
    exponential = "(target - 2 * pred * (1 - torch.exp(-target / pred)) + pred / 2)"
    share = "[(u, u.clamp(0, 1)) for u in [(target - lower) / (upper - lower)]]"
    uniform = f"[(upper - lower) * ((u - c).abs() + c**2 - c + 1 / 3) for u, c in {share}][0]"
    z = "((target.log() - pred) / scale)"
    lognormal = (f"(target * torch.erf({z} / math.sqrt(2)) - torch.exp(pred + scale**2 / 2) * (torch.erf(({z} - scale) "
                 "/ math.sqrt(2)) + torch.erf(scale / 2)))")  # fmt: skip
    return [
        by_numpy("scoringrules", "crps_lognormal crps_lognormal@scoringrules",
                 "scoringrules.crps_lognormal(target, pred, scale).mean()", LOGS),
        by_hand("crps_lognormal", f"{lognormal}.mean()", LOGS, by="pred scale"),
        by_hand("crps_lognormal", f"(w * {lognormal}).sum() / w.sum()", LOGS, by="pred scale", weights=WEIGHTS),
        by_hand("crps_cdf:grid=-1|0.5|2|3", f"{steps}.mean()", STEPS),
        by_numpy("scipy", "crps_cdf:grid=-1|0.5|2|3",
                 "np.mean([scipy.integrate.quad(lambda u: (row[int(u)] - (y <= [-1.0, 0.5, 2.0, 3.0][int(u)]))**2, "
                 "0, 4, points=[1, 2, 3])[0] / 4 for row, y in zip(pred, target)])", STEPS),
        by_numpy("scoringrules", "crps_exponential", "scoringrules.crps_exponential(target, 1 / pred).mean()", REALS),
        by_hand("crps_exponential", f"{exponential}.mean()", REALS),
        by_hand("crps_exponential", f"(w * {exponential}).sum() / w.sum()", REALS, weights=WEIGHTS),
        by_numpy("scoringrules", "crps_uniform", "scoringrules.crps_uniform(target, lower, upper).mean()", INTERVALS),
        by_hand("crps_uniform", f"({uniform}).mean()", INTERVALS, by="lower upper"),
        by_hand("crps_uniform", f"(w * {uniform}).sum() / w.sum()", INTERVALS, by="lower upper", weights=WEIGHTS),
    ]  # fmt: skip

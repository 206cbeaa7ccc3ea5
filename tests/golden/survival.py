"""Numbers for losses of censored times."""

from __future__ import annotations

from typing import Any

import numpy as np
from peers import NAMES, Case, Inputs, by_hand, by_numpy, library

TIMES: Inputs = {
    "pred": [0.41, -0.83, 1.27, 0.15, -1.62, 0.74, 0.52, -0.29],
    "time": [2.3, 5.1, 1.4, 5.1, 7.6, 2.3, 3.8, 2.3],
    "event": [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0],
}
SCALES: Inputs = {**TIMES, "pred": [2.41, 4.83, 1.27, 3.15, 6.62, 2.74, 2.52, 3.29]}
BINS: Inputs = {
    "pred": [[0.31, -1.2, 0.77, 0.45], [-0.64, 0.18, 1.36, -0.92], [1.05, 0.29, -0.51, 0.83], [0.12, 0.94, -1.7, 0.38],
             [0.66, -0.35, 0.21, 1.48]],
    "bin": [1.0, 3.0, 0.0, 2.0, 2.0],
    "event": [1.0, 0.0, 1.0, 0.0, 1.0],
}  # fmt: skip

AT: Inputs = {
    "pred": [0.83, 0.41, 0.27, 0.69, 0.92, 0.15, 0.56, 0.38],
    "time": TIMES["time"],
    "event": TIMES["event"],
    "censoring": [[1.2, 1.0], [2.3, 0.0], [2.3, 1.0], [3.1, 0.0], [3.9, 1.0], [4.4, 0.0], [5.6, 1.0], [6.8, 0.0],
                  [8.2, 1.0], [9.0, 0.0]],
}  # fmt: skip
APART: Inputs = {**AT, "time": [2.4, 5.1, 1.4, 5.2, 7.6, 2.5, 3.8, 2.6],
                 "censoring": [[2.2, 1.0] if row == [2.3, 1.0] else row for row in AT["censoring"]]}  # fmt: skip
LATE: Inputs = {**TIMES, "pred": [1.7, 6.2, 2.1, 3.9, 6.4, 3.1, 4.6, 1.2]}
CURVES: Inputs = {
    **AT,
    "pred": [[0.93, 0.83, 0.61], [0.72, 0.41, 0.18], [0.55, 0.27, 0.09], [0.88, 0.69, 0.52], [0.97, 0.92, 0.85],
             [0.34, 0.15, 0.04], [0.79, 0.56, 0.31], [0.66, 0.38, 0.12]],
}  # fmt: skip


def pycox_log_loss(pred: Any, time: Any, event: Any, censoring: Any, horizon: float) -> Any:
    """The mean of pycox's weighted scores over all rows; G is of lifelines, and no two times are equal."""
    curve = library("lifelines").KaplanMeierFitter().fit(censoring[:, 0], 1 - censoring[:, 1]).survival_function_
    free = curve.to_numpy().repeat(len(time), axis=1)
    score = library("pycox").evaluation.ipcw.binomial_log_likelihood
    start = np.array([0.0])
    scores, _ = score(np.array([horizon]), time, event, pred[None], free, start, curve.index.to_numpy(),
                      reduce=False)  # fmt: skip
    return -scores.mean()


NAMES["pycox_log_loss"] = pycox_log_loss


def cases() -> list[Case]:
    model = "statsmodels.duration.hazard_regression.PHReg(time, pred[:, None], status=event, ties={!r})"
    partial = f"-{model}.loglike(np.array([1.0])) / event.sum()"
    breslow = "((torch.where(time >= time[:, None], pred, -math.inf).logsumexp(1) - pred)[event == 1]).mean()"
    efron = (
        "(lambda risk, tied: sum(sum(torch.log(risk[i] - k / len(g) * tied[i]) for k in range(len(g)))"
        " / len(g) - pred[i] for i in range(n) if event[i]"
        " for g in [[j for j in range(n) if time[j] == time[i] and event[j]]])"
        " / event.sum())(((time >= time[:, None]) * pred.exp()).sum(1),"
        " ((time == time[:, None]) * event * pred.exp()).sum(1))"
    )
    normal = (
        "torch.where(event == 1, -torch.distributions.LogNormal(pred, {0}).log_prob(time),"
        " -torch.special.log_ndtr(-(time.log() - pred) / {0})).mean()"
    )
    logistic = (
        "(lambda z: torch.where(event == 1, z + 2 * F.softplus(-z) + torch.log({0} * time), F.softplus(z)).mean())"
        "((time.log() - pred) / {0})"
    )
    weibull = (
        "(lambda d: (time / pred)**{0} - torch.where(event == 1, d.log_prob(time) + (time / pred)**{0}, 0))"
        "(torch.distributions.Weibull(pred, torch.tensor({0}))).mean()"
    )
    extreme = weibull.replace("pred", "pred.exp()")
    hazard = (
        "(F.binary_cross_entropy_with_logits(pred, ((torch.arange(4) == bin[:, None]) * event[:, None]).double(),"
        " reduction='none') * (torch.arange(4) <= bin[:, None])).sum() / n"
    )
    pmf = (
        "(lambda z: torch.where(event == 1, z.logsumexp(1) - z[i, bin.long()], z.logsumexp(1) -"
        " torch.where(torch.arange(5) > bin[:, None], z, -math.inf).logsumexp(1)).mean())"
        "(torch.cat([pred, torch.zeros(n, 1)], 1))"
    )
    brier = (
        "sksurv.metrics.brier_score(sksurv.util.Surv.from_arrays(censoring[:, 1] == 1, censoring[:, 0]),"
        " sksurv.util.Surv.from_arrays(event == 1, time), pred[:, None], [{}])[1][0]"
    )
    free = (
        "(lambda c: lambda t: math.prod(1 - sum(r[0] == s and not r[1] for r in c) / sum(r[0] > s or r[0] == s and"
        " not r[1] for r in c) for s in {r[0] for r in c if r[0] <= t and not r[1]}))(censoring.tolist())"
    )
    gradients = (
        "(lambda G: sum((1 - p)**2 / G(4.0) if t > 4.0 else p**2 / G(t) if e else 0 for p, t, e in"
        f" zip(pred, time.tolist(), event.tolist())) / n)({free})"
    )
    log_slopes = gradients.replace("(1 - p)**2", "-torch.log(p)").replace("p**2", "-torch.log(1 - p)")
    pinball = "sklearn.metrics.mean_pinball_loss(time, np.where(event == 1, pred, np.minimum(pred, time)), alpha={})"
    sided = "torch.where(event == 1, torch.maximum({0} * u, ({0} - 1) * u), {0} * F.relu(u)).mean()"
    curves = (
        "sksurv.metrics.integrated_brier_score(sksurv.util.Surv.from_arrays(censoring[:, 1] == 1, censoring[:, 0]),"
        " sksurv.util.Surv.from_arrays(event == 1, time), pred, [{}])"
    )
    whole = (
        "(lambda G, w: sum(w[k] * ((1 - p[k])**2 / G(h) if t > h else p[k]**2 / G(t) if e else 0) for p, t, e in"
        " zip(pred, time.tolist(), event.tolist()) for k, h in enumerate((2.0, 3.5, 6.0))) / n)"
        f"({free}, (0.1875, 0.5, 0.3125))"
    )
    return [
        by_numpy("sksurv", "integrated_brier:grid=2|3.5|6", curves.format("2.0, 3.5, 6.0"), CURVES),
        by_hand("integrated_brier:grid=2|3.5|6", whole, CURVES),
        by_numpy("sksurv", "ipcw_brier:horizon=4", brier.format("4.0"), AT),
        by_numpy("sksurv", "ipcw_brier:horizon=2", brier.format("2.0"), AT),
        by_hand("ipcw_brier:horizon=4", gradients, AT),
        *(
            by_numpy(
                "pycox", f"ipcw_log_loss:horizon={h}", f"pycox_log_loss(pred, time, event, censoring, {h}.0)", APART
            )
            for h in (4, 2)
        ),
        by_hand("ipcw_log_loss:horizon=4", log_slopes, AT),
        *(by_numpy("sklearn", f"censored_pinball:q={q}", pinball.format(q), LATE) for q in (0.5, 0.2, 0.9)),
        by_hand("censored_pinball:q=0.2", f"(lambda u: {sided.format(0.2)})(time - pred)", LATE),
        by_numpy("statsmodels", "cox", partial.format("breslow"), TIMES),
        by_numpy("statsmodels", "cox:ties=efron", partial.format("efron"), TIMES),
        by_hand("cox", breslow, TIMES),
        by_hand("cox:ties=efron", efron, TIMES),
        by_hand("aft_nll", normal.format("1.0"), TIMES),
        by_hand("aft_nll:scale=0.6", normal.format("0.6"), TIMES),
        by_hand("aft_nll:family=logistic,scale=1.4", logistic.format("1.4"), TIMES),
        by_hand("aft_nll:family=extreme,scale=0.8", extreme.format("1.25"), TIMES),
        by_hand("weibull_nll_censored", weibull.format("1.0"), SCALES),
        by_hand("weibull_nll_censored:exponent=1.7", weibull.format("1.7"), SCALES),
        by_hand("logistic_hazard_nll", hazard, BINS),
        by_hand("pmf_nll", pmf, BINS),
    ]

"""Numbers for the scoring functions that are consistent for a functional."""

from __future__ import annotations

from peers import Case, by_hand, by_numpy
from regression import PLAIN, POSITIVE, POSITIVE_WEIGHTS, WEIGHTS


def cases() -> list[Case]:
    each = "model_diagnostics.scoring.{}.score_per_obs(target, pred)"
    mean = f"np.average({each}, weights=w)"
    found = []
    for degree, q in ((2, 0.5), (3, 0.5), (2.5, 0.8), (3, 0.35)):
        spec = f"homogeneous_expectile:degree={degree},q={q}"
        score = f"HomogeneousExpectileScore(degree={degree}, level={q})"
        found += [
            by_numpy("model_diagnostics", spec, mean.format(score), PLAIN),
            by_numpy("model_diagnostics", spec, mean.format(score), PLAIN, weights=WEIGHTS),
        ]
    for degree, q in ((1, 0.5), (0, 0.25), (2, 0.8), (3, 0.35)):
        spec = f"homogeneous_quantile:degree={degree},q={q}"
        score = f"HomogeneousQuantileScore(degree={degree}, level={q})"
        found += [
            by_numpy("model_diagnostics", spec, mean.format(score), POSITIVE),
            by_numpy("model_diagnostics", spec, mean.format(score), POSITIVE, weights=POSITIVE_WEIGHTS),
        ]
    score = "ElementaryScore(eta={}, functional='{}', level={})"
    for name, functional, factor in (
        ("elementary_expectile", "expectile", " / 2"),
        ("elementary_quantile", "quantile", ""),
    ):
        for threshold, q in ((0.5, 0.5), (-2.0, 0.3)):
            call = mean.format(score.format(threshold, functional, q)) + factor
            found.append(by_numpy("model_diagnostics", f"{name}:threshold={threshold},q={q}", call, PLAIN))
    side, u = "abs((target < pred).double() - {0})", "(pred - target)"
    huber = f"{side} * {u}.clamp(-{{1}}, {{1}}) * (2 * {u} - {u}.clamp(-{{1}}, {{1}}))"
    power = "4 * abs((pred >= target).double() - 0.8) * ((abs(target)**3 - abs(pred)**3) / 6"
    firm = "sum((1 - {0}) * ((target <= t) & (t < pred)) + {0} * ((pred <= t) & (t < target)) for t in {1})"
    return [
        *found,
        by_hand("firm:thresholds=0.5|1|5", f"(1.0 * {firm.format(0.5, (0.5, 1.0, 5.0))}).mean()", PLAIN, by=""),
        by_hand("firm:thresholds=-2|0.3,q=0.8", f"(w * ({firm.format(0.8, (-2.0, 0.3))})).sum() / w.sum()", PLAIN,
                by="", weights=WEIGHTS),
        by_hand("homogeneous_expectile:degree=3,q=0.8",
                f"({power} - pred.sign() * pred**2 / 2 * (target - pred))).mean()", PLAIN),
        by_hand("homogeneous_quantile:degree=2,q=0.8",
                "(((pred >= target).double() - 0.8) * (pred**2 - target**2) / 2).mean()", POSITIVE),
        by_hand("generalized_huber", "F.huber_loss(pred, target)", PLAIN),
        by_hand("generalized_huber:q=0.8,delta=0.7", f"({huber.format(0.8, 0.7)}).mean()", PLAIN),
        by_hand("generalized_huber:q=0.3", f"(w * {huber.format(0.3, 1.0)}).sum() / w.sum()", PLAIN, weights=WEIGHTS),
    ]  # fmt: skip

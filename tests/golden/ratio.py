"""Numbers for the losses by ratios of prediction and target."""

from __future__ import annotations

from peers import Case, by_hand, by_numpy
from regression import PLAIN, POSITIVE, POSITIVE_WEIGHTS, WEIGHTS


def cases() -> list[Case]:
    share, logs = "((pred - target) / target)**2", "torch.log(pred / target)"
    rows = "np.average(abs(scipy.special.log1p((pred - target) / target)){}, weights=w)"
    found = [
        by_hand("maape", "((pred - target) / target).abs().atan().mean()", PLAIN),
        by_hand("maape", "(w * ((pred - target) / target).abs().atan()).sum() / w.sum()", PLAIN, weights=WEIGHTS),
        by_numpy(
            "scipy", "maape", "np.arctan(scipy.special.rel_entr(1, 1) + abs((pred - target) / target)).mean()", PLAIN
        ),
        by_hand("mspe", f"({share}).mean()", PLAIN),
        by_hand("mspe", f"(w * {share}).sum() / w.sum()", PLAIN, weights=WEIGHTS),
        by_hand("rmspe", f"({share}).mean().sqrt()", PLAIN),
        by_hand("rmspe", f"((w * {share}).sum() / w.sum()).sqrt()", PLAIN, weights=WEIGHTS),
    ]
    for name, formula, power in (
        ("absolute_log_ratio", f"{logs}.abs()", ""),
        ("squared_log_ratio", f"{logs}**2", "**2"),
    ):
        found += [
            by_hand(name, f"({formula}).mean()", POSITIVE),
            by_hand(name, f"(w * {formula}).sum() / w.sum()", POSITIVE, weights=POSITIVE_WEIGHTS),
            by_numpy("scipy", name, rows.format(power), POSITIVE),
        ]
    return found

"""Numbers for the losses of scores against those of sampled candidates."""

from __future__ import annotations

from peers import Case, Inputs, by_hand

SCORES: Inputs = {
    "positive": [1.31, -0.2, 0.74, 2.083],
    "negatives": [[0.31, -0.82, 1.17], [-0.08, 0.61, 0.73], [0.57, 0.02, -1.38], [0.21, 0.44, 0.36]],
}
SAMPLED: Inputs = {
    **SCORES,
    "logq_positive": [-3.1, -5.2, -4.4, -2.7],
    "logq_negatives": [[-2.1, -3.3, -6.2], [-4.0, -2.5, -3.9], [-5.1, -3.6, -2.2], [-2.9, -4.7, -3.0]],
}
WEIGHTS = [1.3, 0.6, 2.75, 0.9]


def cases() -> list[Case]:
    by, first = {"by": "positive negatives"}, "torch.zeros(n, dtype=torch.long)"
    plain = "torch.cat([positive[:, None], negatives], 1)"
    own, others = "(positive - logq_positive)[:, None]", "negatives - logq_negatives"
    corrected = f"torch.cat([{own}, {others}], 1)"
    return [
        by_hand("sampled_softmax", f"F.cross_entropy({plain}, {first})", SCORES, **by),
        by_hand("sampled_softmax", f"F.cross_entropy({corrected}, {first})", SAMPLED, **by),
        by_hand("sampled_softmax", f"(w * F.cross_entropy({corrected}, {first}, reduction='none')).sum() / w.sum()",
                SAMPLED, weights=WEIGHTS, **by),
    ]  # fmt: skip

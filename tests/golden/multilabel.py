"""Numbers for the losses of several labels a row."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy, by_torch

SCORES: Inputs = {
    "pred": [
        [1.4, 0.3, -0.8, 0.6],
        [-2.2, 1.1, 0.6, 1.7],
        [0.5, -1.7, 2.4, -0.3],
        [0.9, 0.2, -1.3, 0.7],
        [1.1, 1.8, 0.7, 2.6],
    ],
    "target": [
        [1.0, 0.0, 1.0, 0.0],
        [0.0, 1.0, 1.0, 0.0],
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 1.0, 1.0],
        [0.0, 1.0, 0.0, 1.0],
    ],
}
ALL: Inputs = {
    "pred": [[1.4, 0.3, -0.8], [-2.2, 1.1, 0.6], [0.5, -1.7, 2.4]],
    "target": [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
}
PROBS: Inputs = {
    "pred": [[0.81, 0.43, 0.27, 0.66], [0.12, 0.71, 0.02, 0.87], [0.55, 0.14, 0.94, 0.33]],
    "target": [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0]],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6]


def cases() -> list[Case]:
    weighted = "(w * {}).sum() / w.sum()"
    soft = "torch.nn.MultiLabelSoftMarginLoss({})(pred, target)"
    listed = "torch.tensor([[k for k, y in enumerate(t) if y] + [-1] * int(4 - sum(t)) for t in target.tolist()])"
    margin = f"torch.nn.MultiLabelMarginLoss({{}})(pred, {listed})"
    none = "reduction='none'"
    zlpr = "(torch.log1p((target * (-pred).exp()).sum(1)) + torch.log1p(((1 - target) * pred.exp()).sum(1)))"
    low = "torch.relu(pred - {0})"
    asymmetric = (
        f"-(target * (1 - pred) ** {{2}} * torch.log(pred)"
        f" + (1 - target) * {low} ** {{1}} * torch.log(1 - {low})).sum(1)"
    )
    found = [
        by_torch("torch", "multilabel_bce multilabel_bce@torch", soft.format(""), SCORES),
        by_torch("torch", "multilabel_bce", weighted.format(soft.format(none)), SCORES, weights=WEIGHTS),
        by_torch("torch", "multilabel_margin", margin.format(""), SCORES),
        by_torch("torch", "multilabel_margin", weighted.format(margin.format(none)), SCORES, weights=WEIGHTS),
        by_hand("zlpr", f"{zlpr}.mean()", SCORES),
        by_hand("zlpr", weighted.format(zlpr), SCORES, weights=WEIGHTS),
        by_hand("asymmetric_loss asl", f"({asymmetric.format(0.05, 4.0, 1.0)}).mean()", PROBS),
        by_hand("asymmetric_loss:shift=0.2,gamma_absent=2,gamma_present=0.5",
                weighted.format(f"({asymmetric.format(0.2, 2.0, 0.5)})"), PROBS, weights=WEIGHTS[:3]),
    ]  # fmt: skip
    for spec, name in (
        ("label_ranking_loss label_ranking_loss@sklearn", "label_ranking_loss"),
        ("coverage_error coverage_error@sklearn", "coverage_error"),
        ("lrap lrap@sklearn", "label_ranking_average_precision_score"),
    ):
        call = f"sklearn.metrics.{name}(target, pred{{}})"
        found += [
            by_numpy("sklearn", spec, call.format(""), SCORES),
            by_numpy("sklearn", spec.split()[0], call.format(""), ALL),
            by_numpy("sklearn", spec.split()[0], call.format(", sample_weight=w"), SCORES, weights=WEIGHTS),
        ]
    lrap = "1 - sklearn.metrics.label_ranking_average_precision_score(target, pred)"
    return [*found, by_numpy("sklearn", "lrap_loss", lrap, SCORES), by_numpy("sklearn", "lrap_loss", lrap, ALL)]

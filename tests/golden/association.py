"""Numbers for the losses and scores of variances and covariances: R², correlation, agreement."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy, by_torch

PLAIN: Inputs = {
    "pred": [2.37, -1.18, 0.64, 5.91, -3.05, 0.29, 7.44],
    "target": [1.52, -1.93, 0.83, 3.27, -2.71, 1.98, 7.13],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25]
POOR: Inputs = {"pred": [4.31, 0.27, 2.86, -1.74, 3.05], "target": [1.13, 2.92, 0.38, 3.71, 2.24]}
RATINGS: Inputs = {
    "pred": [3.0, 1.0, 4.0, 2.0, 5.0, 2.0, 3.0, 4.0, 1.0],
    "target": [3.0, 2.0, 5.0, 2.0, 4.0, 1.0, 3.0, 2.0, 1.0],
}
RATING_WEIGHTS = [1.5, 0.5, 2.25, 0.75, 1.25, 3.5, 0.25, 1.75, 2.75]


def cases() -> list[Case]:
    r2 = "sklearn.metrics.r2_score(target, pred{})"
    kappa = "sklearn.metrics.cohen_kappa_score(target, pred, weights='quadratic'{})"
    covariance = "torch.cov(torch.stack([pred, target]), correction=0)"
    lin = f"2 * {covariance}[0, 1] / ({covariance}.trace() + (pred.mean() - target.mean()) ** 2)"
    found = []
    for inputs in (PLAIN, POOR):
        found += [
            by_numpy("sklearn", "relative_squared_error", f"1 - {r2.format('')}", inputs),
            by_numpy("sklearn", "r2", r2.format(""), inputs),
            by_torch("torchmetrics", "r2", "torchmetrics.functional.r2_score(pred, target)", inputs),
            by_torch(
                "torchmetrics",
                "relative_squared_error",
                "torchmetrics.functional.relative_squared_error(pred, target)",
                inputs,
            ),
            by_torch("torch", "correlation_loss", "1 - torch.corrcoef(torch.stack([pred, target]))[0, 1]", inputs),
            by_torch("torch", "pearson", "torch.corrcoef(torch.stack([pred, target]))[0, 1]", inputs),
            by_numpy("scipy", "pearson", "scipy.stats.pearsonr(pred, target).statistic", inputs),
            by_hand("ccc_loss", f"1 - {lin}", inputs),
            by_hand("ccc qwk", lin, inputs),
        ]
    explained = "sklearn.metrics.explained_variance_score(target, pred{})"
    alpha, beta = f"torch.sqrt({covariance}[0, 0] / {covariance}[1, 1])", "(pred.mean() / target.mean())"
    correlation = "torch.corrcoef(torch.stack([pred, target]))[0, 1]"
    kling = f"torch.sqrt(({correlation} - 1) ** 2 + ({{}} - 1) ** 2 + ({beta} - 1) ** 2)"
    efficiency = "hydroeval.evaluator(hydroeval.{}, pred, target)[0].item()"
    for inputs in (PLAIN, POOR):
        found += [
            by_hand("explained_variance_loss", "(pred - target).var(correction=0) / target.var(correction=0)", inputs),
            by_numpy("sklearn", "explained_variance_loss", f"1 - {explained.format('')}", inputs),
            by_numpy("sklearn", "explained_variance explained_variance@sklearn", explained.format(""), inputs),
            by_hand("explained_variance", "1 - (pred - target).var(correction=0) / target.var(correction=0)", inputs),
            by_hand("kge_loss", kling.format(alpha), inputs),
            by_hand("kge_loss:variability=relative", kling.format(f"{alpha} / {beta}"), inputs),
            by_hand("kge", f"1 - {kling.format(alpha)}", inputs),
            by_numpy("hydroeval", "kge kge@hydroeval", efficiency.format("kge"), inputs),
            by_numpy("hydroeval", "kge:variability=relative", efficiency.format("kgeprime"), inputs),
        ]
    return [
        *found,
        by_numpy("sklearn", "explained_variance", explained.format(", sample_weight=w"), PLAIN, weights=WEIGHTS),
        by_numpy("sklearn", "relative_squared_error", f"1 - {r2.format(', sample_weight=w')}", PLAIN, weights=WEIGHTS),
        by_numpy("sklearn", "r2", r2.format(", sample_weight=w"), PLAIN, weights=WEIGHTS),
        by_numpy("sklearn", "qwk ccc", kappa.format(""), RATINGS),
        by_numpy("sklearn", "ccc_loss", f"1 - {kappa.format('')}", RATINGS),
        by_numpy("sklearn", "qwk", kappa.format(", sample_weight=w"), RATINGS, weights=RATING_WEIGHTS),
    ]

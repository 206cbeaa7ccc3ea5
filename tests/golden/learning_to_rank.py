"""Numbers for the losses that rankers are trained with: one query a case."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_jax, by_torch

GRADES: Inputs = {
    "pred": [0.31, 1.72, -0.44, 2.65, 0.93, -1.28, 0.07, 1.36],
    "target": [1.0, 0.0, 2.0, 1.0, 3.0, 0.0, 0.0, 2.0],
}
LATENT: Inputs = {"pred": GRADES["pred"], "target": [0.84, 0.37, 1.92, 2.61, 3.05, -0.52, 0.11, 1.48]}


def cases() -> list[Case]:
    lists = "pred[None], target[None]"
    pairs = "pred[:, None] - pred)[target[:, None] > target]"
    order = "pred[target.argsort(descending=True, stable=True)]"
    # allRank has these values in single precision
    smooth = (
        "(lambda g, r: 1 - (g / torch.log2(1 + r)).sum() / (g.sort(descending=True).values"
        " / torch.log2(torch.arange(2, n + 2).double())).sum())"
        "(2**target - 1, 0.5 + torch.sigmoid((pred - pred[:, None]) / {}).sum(1))"
    )
    return [
        # allRank's RankNet gives these numbers in single precision
        by_hand("ranknet", f"F.softplus(-({pairs}).mean()", GRADES),
        by_hand("ranknet:pair_weight=difference",
                f"(({pairs.replace('pred', 'target')} * F.softplus(-({pairs})).mean()", GRADES),
        by_hand("ranknet:pair_weight=squares",
                f"(({pairs.replace('pred', 'target.square()')} * F.softplus(-({pairs})).mean()", GRADES),
        by_hand("ranknet:scale=2.5", f"F.softplus(-2.5 * ({pairs}).mean()", GRADES),
        by_hand("pairwise_hinge", f"F.relu(1 - ({pairs}).mean()", GRADES),
        by_hand("pairwise_hinge:margin=0.3", f"F.relu(0.3 - ({pairs}).mean()", GRADES),
        by_torch("allrank", "listnet:eps=1e-10", f"allrank.listNet({lists})", GRADES),
        by_torch("allrank", "listnet", f"allrank.listNet({lists}, eps=0)", GRADES),
        *(
            by_torch("allrank", spec, f"allrank.lambdaLoss({lists}, eps=0, weighing_scheme='{scheme}'{more})", GRADES)
            for spec, scheme, more in (
                ("lambda_loss lambdarank", "lambdaRank_scheme", ""),
                ("lambda_loss:scale=2.5", "lambdaRank_scheme", ", sigma=2.5"),
                ("lambda_loss:scheme=ndcg2", "ndcgLoss2_scheme", ""),
                ("lambda_loss:scheme=ndcg2pp", "ndcgLoss2PP_scheme", ""),
                ("lambda_loss:scheme=ndcg2pp,step_weight=3", "ndcgLoss2PP_scheme", ", mu=3"),
            )
        ),
        by_jax("list_softmax:normalize=false", "optax.losses.ranking_softmax_loss(pred, target)", GRADES),
        by_hand("list_softmax", "-(target / target.sum() * pred.log_softmax(0)).sum()", GRADES),
        by_hand("listmle", f"({order}.flip(0).logcumsumexp(0).flip(0) - {order}).sum()", GRADES),
        by_hand("approx_ndcg", smooth.format(1), GRADES),
        by_hand("approx_ndcg:temperature=0.1", smooth.format(0.1), GRADES),
        by_hand("query_rmse", "(pred - target).var(correction=0).sqrt()", LATENT),
    ]  # fmt: skip

"""Losses of the pairs of a query's rows, each of which weighs what NDCG gains when the two change places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np

from losscli.contract import kinds
from losscli.contract.kinds import Array, Relevance
from losscli.contract.loss import Param, Term, loss
from losscli.losses._math import sigmoid, softplus
from losscli.losses._score_pairs import slopes_of_pairs, sum_of_pairs

TASKS = ("ranking",)

_Scheme = Annotated[
    Literal["lambdarank", "ndcg2", "ndcg2pp"],
    Param("the weight: the change of NDCG at the places of both, by how far these are apart, or both together"),
]


@loss(
    formula="""
    rows = [everyone[i] for i in rankings([o.pred for o in everyone])[0]]
    gains = [2**o.target - 1 for o in rows]
    share = lambda k: log(2) / log(2 + k)
    best = sum(gains[i] * share(k) for k, i in enumerate(rankings(gains)[0]))
    moved = lambda i, j: abs(share(i) - share(j))
    apart = lambda i, j: share(abs(i - j) - 1) - share(abs(i - j))
    both = lambda i, j: step_weight * apart(i, j) + moved(i, j)
    weight = {"lambdarank": moved, "ndcg2": apart, "ndcg2pp": both}[scheme]
    lost = lambda i, j: log(1 + exp(-scale * (rows[i].pred - rows[j].pred))) / log(2)
    n = range(len(rows))
    pairs = [(i, j) for i in n for j in n if gains[i] > gains[j]]
    sum(weight(i, j) * (gains[i] - gains[j]) * lost(i, j) for i, j in pairs) / best if best else skip
    """,
    cite="Wang, Li, Golbandi, Bendersky & Najork 2018, doi:10.1145/3269206.3271784; LambdaRank: Burges et al. 2006",
    scope="group",
    unit="group",
    optimum=None,
    aliases=("lambdarank",),
)
def lambda_loss(
    pred: kinds.Score,
    target: Relevance,
    *,
    scheme: _Scheme = "lambdarank",
    scale: Annotated[float, Param("factor of the scores, the paper's sigma", gt=0)] = 1.0,
    step_weight: Annotated[float, Param("in ndcg2pp, the factor of ndcg2, the paper's mu", ge=0)] = 10.0,
) -> Array | Term:
    """LambdaLoss (LambdaRank): RankNet with pairs that weigh what NDCG gains when the two rows change places.

    One value a query, the sum over its pairs of different targets in bits: name the column of queries with --batch-by.
    Rows of equal scores stand as they came. Weights are constants for the gradient, as in LambdaRank. A query whose
    targets are all 0 takes no part and is counted. allRank sums over queries, too.

    >>> lambda_loss([0.5, 1.0, -1.0], [2, 0, 1]).round(6)
    array([0.872037])
    """
    weights, best = _weights(pred, target, scheme, step_weight)
    if not best:
        return Term(np.zeros(1), np.zeros(1, bool))
    total = sum_of_pairs(pred, lambda rows, lead: weights(rows) * softplus(-scale * lead))
    return np.array([total / (best * np.log(2))])


def _weights(pred: Array, target: Array, scheme: str, step_weight: float) -> tuple[Callable[[slice], Array], float]:
    """The weight of each pair of some rows with all rows, 0 where the first is not the more relevant; and best DCG."""
    gains, place = np.exp2(target) - 1, np.empty(len(pred))
    place[np.argsort(-pred, kind="stable")] = np.arange(len(pred))
    best = float((np.sort(gains)[::-1] * _share(np.arange(len(pred)))).sum())

    def of(rows: slice) -> Array:
        gained = np.maximum(gains[rows, None] - gains, 0.0)
        steps = np.maximum(np.abs(place[rows, None] - place), 1.0)
        apart = _share(steps - 1) - _share(steps)
        moved = np.abs(_share(place[rows, None]) - _share(place))
        return gained * {"lambdarank": moved, "ndcg2": apart, "ndcg2pp": step_weight * apart + moved}[scheme]

    return of, best


def _share(place: Array) -> Array:
    """What a gain counts at a place, from 0: all of it at the first."""
    return 1 / np.log2(2.0 + place)


@lambda_loss.gradient("pred")
def _(pred: Array, target: Array, *, upstream: Array, scheme: str, scale: float, step_weight: float) -> Array:
    weights, best = _weights(pred, target, scheme, step_weight)
    if not best:
        return np.zeros_like(pred)
    slope = slopes_of_pairs(pred, lambda rows, lead: -scale * weights(rows) * sigmoid(-scale * lead))
    return slope * (upstream[0] / (best * np.log(2)))

"""Losses that rankers are trained with: smooth in the scores of a query's rows. One value a query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import numpy as np

from losscli.contract import kinds
from losscli.contract.kinds import Array, Relevance
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE, without_weights
from losscli.losses._math import log_softmax, sigmoid, softmax, softplus
from losscli.losses._score_pairs import slopes_of_pairs, sum_of_pairs

TASKS = ("ranking",)

_Scale = Annotated[float, Param("factor of the scores", gt=0)]
_PairWeight = Annotated[
    Literal["equal", "difference", "squares"],
    Param("the weight of a pair: 1, the difference of its targets, or that of their squares"),
]
_PAIRS = "pairs = [(a, b) for a in everyone for b in everyone if a.target > b.target]"


def _weights(target: Array, pair_weight: str) -> Callable[[slice], Array]:
    """The weight of each pair of some rows with all rows; 0 where the first is not the more relevant one."""
    size = np.square(target) if pair_weight == "squares" else target

    def of(rows: slice) -> Array:
        ahead = target[rows, None] > target
        return np.where(ahead, size[rows, None] - size, 0.0) if pair_weight != "equal" else ahead.astype(np.float64)

    return of


def _pair_count(target: Array) -> int:
    """How many pairs have different targets."""
    sizes = np.unique(target, return_counts=True)[1]
    return int(len(target) ** 2 - np.square(sizes).sum()) // 2


def _of_query(value: float, takes_part: bool = True) -> Array | Term:
    return np.array([value]) if takes_part else Term(np.zeros(1), np.zeros(1, bool))


@loss(
    formula=f"""
    {_PAIRS}
    size = lambda row: row.target**2 if pair_weight == "squares" else row.target
    weight = lambda a, b: 1 if pair_weight == "equal" else size(a) - size(b)
    lost = [weight(a, b) * log(1 + exp(-scale * (a.pred - b.pred))) for a, b in pairs]
    sum(lost) / len(pairs) if pairs else skip
    """,
    cite="Burges et al. 2005, doi:10.1145/1102351.1102363",
    same_as={"allrank": without_weights(notes="the library takes the mean over the pairs of all queries")},
    aliases=("pairwise_logistic",),
    scope="group",
    unit="group",
    optimum=None,
)
def ranknet(
    pred: kinds.Score, target: Relevance, *, scale: _Scale = 1.0, pair_weight: _PairWeight = "equal"
) -> Array | Term:
    """RankNet (pairwise logistic loss): -log of the probability that the more relevant row of a pair is ahead.

    One value a query, the mean over its pairs of different targets: name the column of queries with --batch-by. A
    query without such a pair takes no part and is counted. allRank takes the mean over the pairs of all queries.

    >>> ranknet([0.5, 1.0, -1.0], [2, 0, 1]).round(6)
    array([1.100806])
    """
    of, pairs = _weights(target, pair_weight), _pair_count(target)
    total = sum_of_pairs(pred, lambda rows, lead: of(rows) * softplus(-scale * lead))
    return _of_query(total / max(pairs, 1), pairs > 0)


@ranknet.gradient("pred")
def _(pred: Array, target: Array, *, upstream: Array, scale: float, pair_weight: str) -> Array:
    of, pairs = _weights(target, pair_weight), _pair_count(target)
    slope = slopes_of_pairs(pred, lambda rows, lead: -scale * of(rows) * sigmoid(-scale * lead))
    return slope * (upstream[0] / max(pairs, 1))


@loss(
    formula=f"""
    {_PAIRS}
    lost = [max(0, margin - (a.pred - b.pred)) for a, b in pairs]
    sum(lost) / len(pairs) if pairs else skip
    """,
    cite="Herbrich, Graepel & Obermayer 1999, doi:10.1049/cp:19991091",
    scope="group",
    unit="group",
    optimum=None,
)
def pairwise_hinge(
    pred: kinds.Score,
    target: Relevance,
    *,
    margin: Annotated[float, Param("by how much the more relevant row should be ahead", ge=0)] = 1.0,
) -> Array | Term:
    """Pairwise hinge loss of a ranking: by how much the more relevant row of a pair misses being a margin ahead.

    One value a query, the mean over its pairs of different targets: name the column of queries with --batch-by. A
    query without such a pair takes no part and is counted. The gradient is 0 where the lead is the margin.

    >>> pairwise_hinge([0.5, 1.0, -1.0], [2, 0, 1])
    array([1.5])
    """
    of, pairs = _weights(target, "equal"), _pair_count(target)
    total = sum_of_pairs(pred, lambda rows, lead: of(rows) * np.maximum(margin - lead, 0.0))
    return _of_query(total / max(pairs, 1), pairs > 0)


@pairwise_hinge.gradient("pred")
def _(pred: Array, target: Array, *, upstream: Array, margin: float) -> Array:
    of, pairs = _weights(target, "equal"), _pair_count(target)
    slope = slopes_of_pairs(pred, lambda rows, lead: -of(rows) * (lead < margin))
    return slope * (upstream[0] / max(pairs, 1))


@loss(
    formula="""
    shares = lambda scores: [exp(s) / sum(exp(o) for o in scores) for s in scores]
    said = shares([o.pred for o in everyone])
    wanted = shares([o.target for o in everyone])
    -sum(y * log(p + eps) for y, p in zip(wanted, said))
    """,
    cite="Cao, Qin, Liu, Tsai & Li 2007, doi:10.1145/1273496.1273513",
    same_as={"allrank": without_weights("eps=1e-10")},
    scope="group",
    unit="group",
    optimum=None,
)
def listnet(
    pred: kinds.Score,
    target: Relevance,
    *,
    eps: Annotated[float, Param("a small number that is added to each probability; allRank: 1e-10", ge=0)] = 0.0,
) -> Array:
    """ListNet: the cross-entropy of the softmax of the scores against the softmax of the targets.

    One value a query: name the column of queries with --batch-by. The best value is the entropy of the targets.

    >>> listnet([0.5, 1.0, -1.0], [2, 0, 1]).round(6)
    array([1.377034])
    """
    wanted = softmax(target[None])[0]
    logs = np.log(softmax(pred[None])[0] + eps) if eps else log_softmax(pred[None])[0]
    return np.array([-(wanted * logs).sum()])


@listnet.gradient("pred")
def _(pred: Array, target: Array, *, upstream: Array, eps: float) -> Array:
    said, wanted = softmax(pred[None])[0], softmax(target[None])[0]
    pulls = wanted * (said / (said + eps)) if eps else wanted
    return (said * pulls.sum() - pulls) * upstream[0]


@loss(
    formula="""
    total = sum(exp(o.pred) for o in everyone)
    gains = sum(o.target for o in everyone)
    lost = -sum(o.target * log(exp(o.pred) / total) for o in everyone)
    (lost / gains if gains else skip) if normalize else lost
    """,
    same_as={"catboost": without_weights(notes=SINGLE), "optax": without_weights("normalize=false")},
    cite="Bruch, Wang, Bendersky & Najork 2019, doi:10.1145/3341981.3344221",
    aliases=("ranking_softmax",),
    scope="group",
    unit="group",
    optimum=None,
)
def list_softmax(
    pred: kinds.Score,
    target: Relevance,
    *,
    normalize: Annotated[bool, Param("divide by the sum of the targets of a query; optax: false")] = True,
) -> Array | Term:
    """Softmax cross-entropy of a ranking: -log of the softmax of the scores, weighted by the targets.

    One value a query: name the column of queries with --batch-by. If normalized, a query whose targets are all 0 takes
    no part and is counted.

    >>> list_softmax([0.5, 1.0, -1.0], [2, 0, 1]).round(6)
    array([1.554957])
    """
    gains = target.sum()
    lost = -(target * log_softmax(pred[None])[0]).sum()
    return _of_query(lost / (gains if gains and normalize else 1.0), bool(gains > 0 or not normalize))


@list_softmax.gradient("pred")
def _(pred: Array, target: Array, *, upstream: Array, normalize: bool) -> Array:
    gains = target.sum()
    slope = softmax(pred[None])[0] * gains - target
    return slope * (upstream[0] / (gains if gains and normalize else 1.0))


@loss(
    formula="""
    order = rankings([o.target for o in everyone])[0]
    scores = [everyone[i].pred for i in order]
    -sum(log(exp(s) / sum(exp(o) for o in scores[i:])) for i, s in enumerate(scores))
    """,
    cite="Xia, Liu, Wang, Zhang & Li 2008, doi:10.1145/1390156.1390306",
    scope="group",
    unit="group",
    optimum=None,
)
def listmle(pred: kinds.Score, target: Relevance) -> Array:
    """ListMLE: -log of the probability that rows are drawn in the order of their targets, by softmax of the scores.

    One value a query: name the column of queries with --batch-by. Rows of equal targets are drawn in the order in
    which they stand; allRank and TensorFlow Ranking shuffle them, so that their numbers differ from run to run.

    >>> listmle([0.5, 1.0, -1.0], [2, 0, 1]).round(6)
    array([3.181885])
    """
    scores, rest, _ = _remaining(pred, target)
    return np.array([softplus(rest - scores).sum()])


def _remaining(pred: Array, target: Array) -> tuple[Array, Array, Array]:
    """The scores by falling target; log of the sum of e^score of those behind each; and the order."""
    order = np.argsort(-target, kind="stable")
    scores = pred[order]
    behind = np.logaddexp.accumulate(scores[::-1])[::-1]
    return scores, np.append(behind[1:], -np.inf), order


@listmle.gradient("pred")
def _(pred: Array, target: Array, *, upstream: Array) -> Array:
    scores, rest, order = _remaining(pred, target)
    whole = np.logaddexp(scores, rest)
    # The probability of a row at each place before its own, less that of the others at its own place.
    before = np.append(-np.inf, np.logaddexp.accumulate(-whole)[:-1])
    slope = np.empty_like(pred)
    slope[order] = np.exp(scores + before) - np.exp(rest - whole)
    return slope * upstream[0]


@loss(
    formula="""
    errors = [o.pred - o.target for o in everyone]
    level = sum(errors) / len(errors)
    square: sum((e - level)**2 for e in errors)
    rows: len(errors)
    value: sqrt(square / rows)
    """,
    same_as={"catboost": without_weights(notes=SINGLE)},
    cite="CatBoost, metric QueryRMSE, https://catboost.ai/docs/en/concepts/loss-functions-ranking",
    scope="group",
    unit="group",
)
def query_rmse(pred: kinds.Score, target: kinds.Score) -> Any:
    """Query RMSE: the root mean squared error after the mean error of each query is taken away.

    Name the column of queries with --batch-by. A level that is wrong for all rows of a query costs nothing.

    >>> {name: term.values.tolist() for name, term in query_rmse([1.0, 2.0], [1.0, 4.0]).items()}
    {'square': [2.0], 'rows': [2.0]}
    """
    centred = _centred(pred - target)
    return {"square": Term(np.array([np.square(centred).sum()])), "rows": Term(np.array([float(len(pred))]))}


def _centred(errors: Array) -> Array:
    centred = errors - errors.mean()
    return np.asarray(centred - centred.mean())  # once more: what the first mean lost is now its own size


@query_rmse.value
def _(square: Any, rows: Any) -> Any:
    return np.sqrt(square / rows)


@query_rmse.gradient("pred")
def _(pred: Array, target: Array, *, upstream: dict[str, Array]) -> Array:
    return 2 * _centred(pred - target) * upstream["square"][0]


@loss(
    formula="""
    gains = [2**o.target - 1 for o in everyone]
    ahead = lambda i, j: 1 / (1 + exp((everyone[i].pred - everyone[j].pred) / temperature))
    rank = lambda i: 1 + sum(ahead(i, j) for j in range(len(everyone)) if j != i)
    best = sum(gains[i] / log(place + 2) for place, i in enumerate(rankings(gains)[0]))
    1 - sum(g / log(1 + rank(i)) for i, g in enumerate(gains)) / best if best else skip
    """,
    cite="Qin, Liu & Li 2010, doi:10.1007/s10791-009-9124-x",
    scope="group",
    unit="group",
    optimum=None,
)
def approx_ndcg(
    pred: kinds.Score,
    target: Relevance,
    *,
    temperature: Annotated[float, Param("divisor of scores; with a small one, ranks are nearly whole", gt=0)] = 1.0,
) -> Array | Term:
    """ApproxNDCG: 1 less NDCG of ranks that are smooth, sums of the sigmoids of differences of scores.

    One value a query: name the column of queries with --batch-by. A query whose targets are all 0 takes no part and is
    counted. Libraries have minus NDCG, which is 1 less than this; TensorFlow Ranking has a temperature of 0.1.

    >>> approx_ndcg([0.5, 1.0, -1.0], [2, 0, 1]).round(6)
    array([0.298752])
    """
    gains, ranks, best = _smooth_ranks(pred, target, temperature)
    if not best:
        return _of_query(0.0, takes_part=False)
    order = np.lexsort((-pred, -gains))
    places = np.empty(len(pred))
    places[order] = np.arange(1, len(pred) + 1)
    lost = gains * np.log1p((ranks - places) / (1 + places)) / (np.log1p(places) * np.log1p(ranks))
    return np.array([lost.sum() / best])


def _smooth_ranks(pred: Array, target: Array, temperature: float) -> tuple[Array, Array, float]:
    """The gains, the smooth ranks, and the sum of discounted gains in the best order."""
    gains = np.exp2(target) - 1
    ranks = np.full(len(pred), 0.5)  # a row is half ahead of itself, and ranks begin with 1
    for start in range(0, len(pred), 256):
        rows = slice(start, start + 256)
        ranks[rows] += sigmoid((pred - pred[rows, None]) / temperature).sum(axis=1)
    best = np.sort(gains)[::-1] / np.log(np.arange(2, len(gains) + 2))
    return gains, ranks, float(best.sum())


@approx_ndcg.gradient("pred")
def _(pred: Array, target: Array, *, upstream: Array, temperature: float) -> Array:
    gains, ranks, best = _smooth_ranks(pred, target, temperature)
    if not best:
        return np.zeros_like(pred)
    by_rank = gains / ((1 + ranks) * np.square(np.log1p(ranks)))

    def of_pairs(rows: slice, lead: Array) -> Array:
        small = sigmoid(-np.abs(lead) / temperature)
        return -by_rank[rows, None] * small * (1 - small) / temperature

    return slopes_of_pairs(pred, of_pairs) * (upstream[0] / best)

"""Measures of rankings: how good the order is into which scores put the rows of a query. One value a query."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from losscli.contract import kinds
from losscli.contract.kinds import Array, Relevance
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE, SINGLE_COUNTS, without_weights
from losscli.contract.scores import Score
from losscli.losses._ranks import (
    Ranking,
    any_within,
    discounted_regret,
    first_hit,
    hits_within,
    precision_at_hits,
)

_Cutoff = Annotated[int | None, Param("only the first k rows of the ranking count; none: all do", ge=1)]
_First = Annotated[int, Param("how many rows of the ranking count, from the first", ge=1)]
_Ties = Annotated[
    Literal["average", "stable"],
    Param("rows of equal scores: the mean over all their orders, or the order in which they came"),
]
_Empty = Annotated[
    Literal["skip", "worst", "best"],
    Param("a query without any relevant row takes no part and is counted, or counts as the worst or the best value"),
]

TASKS = ("ranking",)

_SHORT = "of a query with fewer than k rows the library divides by their number"
_ABOVE_0 = (("pred", kinds.PositiveScore),)  # torchmetrics takes no row for relevant whose score is not above 0

_FLAT = "the value changes only where two rows change places"
_TIES = "ties: McSherry & Najork 2008, doi:10.1007/978-3-540-78646-7_38"
_EMPTY = 'skip if empty == "skip" else 1 if empty == "worst" else 0'
_HITS = """
    orders = rankings([o.pred for o in everyone])[: None if ties == "average" else 1]
    hits = [[everyone[i].target > 0 for i in order] for order in orders]
    relevant = sum(o.target > 0 for o in everyone)
"""


def _of_query(value: float, empty: str, relevant: bool) -> Array | Term:
    """The one value of a query."""
    if not relevant and empty == "skip":
        return Term(np.zeros(1), np.zeros(1, bool))
    return np.array([value if relevant else float(empty == "worst")])


@loss(
    formula=f"""
    gains = [2**o.target - 1 if gain == "exp2" else o.target for o in everyone]
    dcg = lambda order: sum(gains[i] / log(rank + 2) for rank, i in enumerate(order[:k]))
    orders = rankings([o.pred for o in everyone])[: None if ties == "average" else 1]
    best = dcg(rankings(gains)[0])
    1 - sum(dcg(order) for order in orders) / len(orders) / best if best else {_EMPTY}
    """,
    cite=f"Järvelin & Kekäläinen 2002, doi:10.1145/582415.582418; {_TIES}",
    scope="group",
    unit="group",
    worst=1.0,
    no_gradient=_FLAT,
    scores=(
        Score(
            "ndcg",
            """NDCG: the discounted gain of a ranking over that of the best ranking. Higher is better.

            One value a query: name the column of queries with --batch-by. A gain at rank r is divided by log2(1 + r).
            scikit-learn and torchmetrics take the target as the gain (`gain=linear`).

            >>> ndcg([0.9, 0.8, 0.1], [1, 3, 0]).round(6)
            array([0.70981])
            """,
            same_as={
                "torchmetrics": without_weights("gain=linear,empty=worst", notes=SINGLE_COUNTS),
                "catboost": without_weights("gain=linear,empty=best", notes=SINGLE),
                "sklearn": without_weights("gain=linear,empty=worst"),
                "lightgbm": without_weights("ties=stable,empty=best"),
                "xgboost": without_weights("ties=stable,empty=best"),
            },
            first="queries",
        ),
    ),
)
def ndcg_loss(
    pred: kinds.Score,
    target: Relevance,
    *,
    k: _Cutoff = None,
    gain: Annotated[Literal["exp2", "linear"], Param("the gain of a row: 2**target - 1, or its target")] = "exp2",
    ties: _Ties = "average",
    empty: _Empty = "skip",
) -> Array | Term:
    """1 less NDCG: the share of discounted gain that a ranking lacks beside the best one.

    One value a query: name the column of queries with --batch-by. The number is the mean over queries.

    >>> ndcg_loss([0.9, 0.8, 0.1], [1, 3, 0]).round(6)
    array([0.29019])
    """
    # 2**t - 1 has digits near 0 as expm1, and far from it as a power.
    exponential = np.where(target < 1, np.expm1(target * np.log(2)), np.exp2(target) - 1)
    gains = exponential if gain == "exp2" else target
    lacking, best = discounted_regret(Ranking.of(pred, ties), gains, len(pred) if k is None else k)
    return _of_query(lacking / best if best else 0.0, empty, best > 0)


@loss(
    formula=f"""{_HITS}
    precision = lambda hit: sum(sum(hit[: i + 1]) / (i + 1) for i, found in enumerate(hit[:k]) if found)
    best = min(relevant, k or relevant)
    1 - sum(precision(hit) for hit in hits) / len(hits) / best if relevant else {_EMPTY}
    """,
    cite=f"Manning, Raghavan & Schütze 2008, doi:10.1017/CBO9780511809071; {_TIES}",
    scope="group",
    unit="group",
    worst=1.0,
    no_gradient=_FLAT,
    scores=(
        Score(
            "map",
            """Mean average precision (MAP) of rankings, over queries. Higher is better.

            One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.
            With k, precision is added up over the relevant rows among the first k, and divided by k or the number of
            relevant rows, whichever is less, as Kaggle's MAP@K does.

            >>> map([0.9, 0.8, 0.1], [1, 0, 1]).round(6)
            array([0.833333])
            """,
            aliases=("mean_average_precision",),
            same_as={
                "torchmetrics": without_weights("empty=worst", kinds=_ABOVE_0, notes=SINGLE_COUNTS),
                "catboost": without_weights("empty=worst", notes=SINGLE),
                "lightgbm": without_weights("ties=stable,empty=best"),
                "xgboost": without_weights("ties=stable,empty=best"),
            },
        ),
    ),
)
def map_loss(
    pred: kinds.Score, target: Relevance, *, k: _Cutoff = None, ties: _Ties = "average", empty: _Empty = "skip"
) -> Array | Term:
    """1 less mean average precision (MAP): the mean of precision at the ranks of relevant rows.

    One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.

    >>> map_loss([0.9, 0.8, 0.1], [1, 0, 1]).round(6)
    array([0.166667])
    """
    relevant, cut = target > 0, len(pred) if k is None else k
    count = int(relevant.sum())
    best = min(count, cut)
    lacking = 1 - precision_at_hits(Ranking.of(pred, ties), relevant, cut) / best if count else 0.0
    return _of_query(lacking, empty, count > 0)


@loss(
    formula=f"""{_HITS}
    reciprocal = [1 / (hit.index(True) + 1) if True in hit[:k] else 0 for hit in hits if relevant]
    1 - sum(reciprocal) / len(hits) if relevant else {_EMPTY}
    """,
    cite=f"Voorhees 1999, TREC-8, https://trec.nist.gov/pubs/trec8/papers/qa_report.pdf; {_TIES}",
    scope="group",
    unit="group",
    worst=1.0,
    no_gradient=_FLAT,
    scores=(
        Score(
            "mrr",
            """Mean reciprocal rank (MRR) of the first relevant row, over queries. Higher is better.

            One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.
            With k it is 0 where no relevant row is among the first k.

            >>> mrr([0.9, 0.8, 0.1], [0, 1, 1])
            array([0.5])
            """,
            aliases=("mean_reciprocal_rank",),
            same_as={
                "torchmetrics": without_weights("empty=worst", kinds=_ABOVE_0, notes=SINGLE_COUNTS),
                "catboost": without_weights("empty=worst", notes=SINGLE),
            },
        ),
    ),
)
def mrr_loss(
    pred: kinds.Score, target: Relevance, *, k: _Cutoff = None, ties: _Ties = "average", empty: _Empty = "skip"
) -> Array | Term:
    """1 less mean reciprocal rank (MRR): 1 over the rank of the first relevant row.

    One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.

    >>> mrr_loss([0.9, 0.8, 0.1], [0, 1, 1])
    array([0.5])
    """
    relevant = target > 0
    some = bool(relevant.any())
    found = first_hit(Ranking.of(pred, ties), relevant, len(pred) if k is None else k) if some else 0.0
    return _of_query(1 - found, empty, some)


@loss(
    formula=f"""{_HITS}
    1 - sum(sum(hit[:k]) for hit in hits) / len(hits) / relevant if relevant else {_EMPTY}
    """,
    cite=f"Manning, Raghavan & Schütze 2008, doi:10.1017/CBO9780511809071; {_TIES}",
    scope="group",
    unit="group",
    worst=1.0,
    no_gradient=_FLAT,
    scores=(
        Score(
            "recall_at_k",
            """Recall at k: the share of relevant rows that are among the first k of their query. Higher is better.

            One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.

            >>> recall_at_k([0.9, 0.8, 0.1], [1, 0, 1], k=2)
            array([0.5])
            """,
            same_as={
                "torchmetrics": without_weights("empty=worst", kinds=_ABOVE_0, notes=SINGLE_COUNTS),
                "catboost": without_weights("empty=best", notes=SINGLE),
            },
        ),
    ),
)
def recall_at_k_loss(
    pred: kinds.Score, target: Relevance, *, k: _First = 10, ties: _Ties = "average", empty: _Empty = "skip"
) -> Array | Term:
    """1 less recall at k: the share of relevant rows that are not among the first k of their query.

    One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.

    >>> recall_at_k_loss([0.9, 0.8, 0.1], [1, 0, 1], k=2)
    array([0.5])
    """
    relevant = target > 0
    count = int(relevant.sum())
    return _of_query(1 - hits_within(Ranking.of(pred, ties), relevant, k) / max(count, 1), empty, count > 0)


@loss(
    formula=f"""{_HITS}
    1 - sum(sum(hit[:k]) for hit in hits) / len(hits) / k if relevant else {_EMPTY}
    """,
    cite=f"Manning, Raghavan & Schütze 2008, doi:10.1017/CBO9780511809071; {_TIES}",
    scope="group",
    unit="group",
    optimum=None,
    no_gradient=_FLAT,
    scores=(
        Score(
            "precision_at_k",
            """Precision at k: the share of relevant rows among the first k of a query. Higher is better.

            One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.
            The divisor is k, however few rows a query has.

            >>> precision_at_k([0.9, 0.8, 0.1], [1, 0, 1], k=2)
            array([0.5])
            """,
            same_as={
                "torchmetrics": without_weights("empty=worst", kinds=_ABOVE_0, notes=SINGLE_COUNTS),
                "catboost": without_weights("empty=worst", notes=f"{_SHORT}; {SINGLE}"),
                "xgboost": without_weights(notes=f"{_SHORT}; {SINGLE}"),
            },
        ),
    ),
)
def precision_at_k_loss(
    pred: kinds.Score, target: Relevance, *, k: _First = 10, ties: _Ties = "average", empty: _Empty = "skip"
) -> Array | Term:
    """1 less precision at k: the share of the first k places of a query that hold no relevant row.

    One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0. The
    divisor is k, however few rows a query has, so that the best value is above 0 where fewer than k are relevant.

    >>> precision_at_k_loss([0.9, 0.8, 0.1], [1, 0, 1], k=2)
    array([0.5])
    """
    relevant = target > 0
    found = hits_within(Ranking.of(pred, ties), relevant, k)
    return _of_query(1 - found / k, empty, bool(relevant.any()))


@loss(
    formula=f"""{_HITS}
    1 - sum(True in hit[:k] for hit in hits) / len(hits) if relevant else {_EMPTY}
    """,
    cite=f"Deshpande & Karypis 2004, doi:10.1145/963770.963776; {_TIES}",
    scope="group",
    unit="group",
    worst=1.0,
    no_gradient=_FLAT,
    scores=(
        Score(
            "hit_at_k",
            """Hit rate at k: the share of queries with a relevant row among their first k. Higher is better.

            One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.
            Where ties reach over rank k, it is the probability of a hit.

            >>> hit_at_k([0.9, 0.8, 0.1], [0, 0, 1], k=2)
            array([0.])
            """,
            aliases=("hit_rate_at_k",),
            same_as={"torchmetrics": without_weights("empty=worst", notes=SINGLE_COUNTS)},
        ),
    ),
)
def hit_at_k_loss(
    pred: kinds.Score, target: Relevance, *, k: _First = 10, ties: _Ties = "average", empty: _Empty = "skip"
) -> Array | Term:
    """1 less the hit rate at k: the share of queries without a relevant row among their first k.

    One value a query: name the column of queries with --batch-by. A row is relevant if its target is above 0.

    >>> hit_at_k_loss([0.9, 0.8, 0.1], [0, 0, 1], k=2)
    array([1.])
    """
    relevant = target > 0
    return _of_query(1 - any_within(Ranking.of(pred, ties), relevant, k), empty, bool(relevant.any()))

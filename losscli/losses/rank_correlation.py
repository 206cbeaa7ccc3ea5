"""Losses that compare the order of predictions with that of targets: rank correlations."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from losscli.contract.kinds import Array, NonNegative, Real
from losscli.contract.loss import loss
from losscli.contract.presets import SINGLE, Preset, without_weights
from losscli.contract.scores import Score
from losscli.contract.table_scope import SortedTable, TableMean, TableSample, whole_numbers
from losscli.losses._influence import (
    below_both,
    influenced,
    ratio_of_root,
    signed_sums,
    turned,
    weight_of,
)
from losscli.losses._order import dense_ranks, dot, of_columns, pieces, places, product
from losscli.losses._ordered_pairs import like_ordered

TASKS = ("regression", "ranking")


def _keys(pred: Array, target: Array) -> dict[str, Array]:
    return {"pred": pred, "target": target}


@loss(
    formula="""
    a = sum(o.weight * sign(pred - o.pred) for o in everyone)
    b = sum(o.weight * sign(target - o.target) for o in everyone)
    both: a * b
    p: a**2
    y: b**2
    value: 1 - both / sqrt(p * y)
    """,
    cite="Spearman 1904, doi:10.2307/1412159",
    scope="table",
    unit="table",
    sorted_by=("pred", "target"),
    worst=2.0,
    exact=True,
    scores=(
        Score(
            "spearman",
            """Spearman's rank correlation of prediction and target, from -1 to 1. Higher is better.

            Equal values share the mean of their ranks. It is undefined where either side is constant.

            >>> {name: float(term.values[0]) for name, term in spearman([1.0, 2.0], [9.0, 4.0]).items()}
            {'both': -1.0, 'p': 1.0, 'y': 1.0}
            """,
            aliases=("spearman_correlation",),
        ),
    ),
)
def spearman_loss(pred: Real, target: Real) -> Any:
    """1 less Spearman's rank correlation of prediction and target: 0 where both have one order.

    It is Pearson's correlation of ranks; equal values share the mean of their ranks. A row's rank is told by the weight
    below it less that above it. It is undefined where either side is constant. There is no gradient: it is a step
    function.

    >>> {name: float(term.values[0]) for name, term in spearman_loss([1.0, 2.0], [9.0, 4.0]).items()}
    {'both': -1.0, 'p': 1.0, 'y': 1.0}
    """
    return _keys(pred, target)


@spearman_loss.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    weights, square = table.weights, table.unit**2
    a, b = of_columns(lambda values: places(values, weights), table, ("pred", "target"))
    sums = {"both": product(a, b, weights), "p": a.square, "y": b.square}
    return {name: table.mean(found * square) for name, found in sums.items()}


@spearman_loss.samples
def _(table: SortedTable) -> list[TableSample]:
    # A row counts by its own places, and as one of those by which the places of the others are made.
    weights = np.array(table.weights)
    x, y = of_columns(dense_ranks, table, ("pred", "target"))
    a, b = (-signed_sums(ranks, weights) for ranks in (x, y))
    both = a * b + signed_sums(x, weights * b) + signed_sums(y, weights * a)
    p, q = a * a + 2 * signed_sums(x, weights * a), b * b + 2 * signed_sums(y, weights * b)
    sums = [dot(weights, each) for each in (a * b, a * a, b * b)]
    if not sums[1] or not sums[2]:
        return []
    (of_both, of_p, of_q), total = sums, table.total
    return influenced(table, -ratio_of_root((both, of_both), (p, of_p), (q, of_q), total))


@spearman_loss.value
def _(both: Any, p: Any, y: Any) -> Any:
    return 1 - both / np.sqrt(p * y)


@loss(
    formula="""
    same: sum(o.weight * sign(pred - o.pred) * sign(target - o.target) for o in everyone)
    p: sum(o.weight for o in everyone if o.pred != pred)
    y: sum(o.weight for o in everyone if o.target != target)
    value: 1 - same / sqrt(p * y)
    """,
    cite="Kendall 1945, doi:10.1093/biomet/33.3.239",
    scope="table",
    unit="table",
    sorted_by=("pred", "target"),
    worst=2.0,
    exact=True,
    scores=(
        Score(
            "kendall",
            """Kendall's rank correlation (tau-b) of prediction and target, from -1 to 1. Higher is better.

            It counts the pairs of rows that both sides order alike, less those that they order otherwise. It is
            undefined where either side is constant.

            >>> {name: term.values.tolist() for name, term in kendall([1.0, 2.0, 3.0], [1.0, 9.0, 4.0]).items()}
            {'same': [0.6666666666666666], 'p': [2.0], 'y': [2.0]}
            """,
            aliases=("kendall_tau", "tau_b"),
            same_as={"torchmetrics": without_weights()},
        ),
    ),
)
def kendall_loss(pred: Real, target: Real) -> Any:
    """1 less Kendall's rank correlation (tau-b) of prediction and target: 0 where both have one order.

    `same` is the weight of the rows that both sides order alike with a row, less that of those that they order
    otherwise; `p` and `y` are the weight of those that each side orders at all. It is undefined where either side is
    constant. There is no gradient: it is a step function.

    >>> {name: term.values.tolist() for name, term in kendall_loss([1.0, 2.0, 3.0], [1.0, 9.0, 4.0]).items()}
    {'same': [0.6666666666666666], 'p': [2.0], 'y': [2.0]}
    """
    return _keys(pred, target)


@kendall_loss.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    a, b = of_columns(dense_ranks, table, ("pred", "target"))
    alike, otherwise, by_pred, by_target = like_ordered(a, b, table.weights)
    pairs = {"same": alike - otherwise, "p": by_pred, "y": by_target}
    return {name: table.mean(2 * found * table.unit) for name, found in pairs.items()}


@kendall_loss.samples
def _(table: SortedTable) -> list[TableSample]:
    weights = np.array(table.weights)
    x, y = of_columns(dense_ranks, table, ("pred", "target"))
    total = table.total
    same = np.unique(x.astype(np.int64) * (int(y.max(initial=0)) + 1) + y, return_inverse=True)[1].reshape(-1)
    by_pred, by_target = (total - weight_of(ranks, weights) for ranks in (x, y))
    untied = by_pred + by_target - total + weight_of(same, weights)
    alike = below_both(x, y, weights) + below_both(turned(x), turned(y), weights)
    pairs = 2 * alike - untied  # less those that are ordered otherwise
    sums = [dot(weights, each) for each in (pairs, by_pred, by_target)]
    if not sums[1] or not sums[2]:
        return []
    own, p, q = ((2 * each, of) for each, of in zip((pairs, by_pred, by_target), sums, strict=True))
    return influenced(table, -ratio_of_root(own, p, q, total))


@kendall_loss.value
def _(same: Any, p: Any, y: Any) -> Any:
    return 1 - same / np.sqrt(p * y)


@loss(
    formula="""
    a = sum(o.weight * sign(pred - o.pred) for o in everyone)
    b = sum(o.weight * sign(target - o.target) for o in everyone)
    got: target * a
    best: target * b
    value: 1 - got / best
    """,
    cite="Frees, Meyers & Cummings 2014, doi:10.1111/j.1539-6975.2012.01507.x",
    scope="table",
    unit="table",
    sorted_by=("pred", "target"),
    worst=2.0,
    exact=True,
    scores=(
        Score(
            "normalized_gini",
            """Normalised Gini coefficient: that of the order of predictions over the best. Higher is better.

            Of targets that are 0 or 1 it is 2 AUC - 1. It is undefined where the target is constant.

            >>> {name: float(term.values[0]) for name, term in normalized_gini([1.0, 2.0], [9.0, 4.0]).items()}
            {'got': -2.5, 'best': 2.5}
            """,
            same_as={"catboost": Preset(notes=SINGLE)},
        ),
    ),
)
def normalized_gini_loss(pred: Real, target: NonNegative) -> Any:
    """1 less the normalised Gini coefficient: how much of the target stands in the rows with high predictions.

    `got` is the target times the weight below a row less that above it, in the order of predictions; `best` is the same
    in the order of targets. Equal predictions share their places, where some code goes by the order of rows. It is
    undefined where the target is constant. There is no gradient: it is a step function.

    >>> {name: float(term.values[0]) for name, term in normalized_gini_loss([1.0, 2.0], [9.0, 4.0]).items()}
    {'got': -2.5, 'best': 2.5}
    """
    return _keys(pred, target)


@normalized_gini_loss.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    weights = table.weights
    got, best = of_columns(lambda values: places(values, weights), table, ("pred", "target"))
    orders = {"got": got, "best": best}
    sums = dict.fromkeys(orders, Fraction(0))
    for piece in pieces(len(weights)):
        sizes, unit = whole_numbers(table["target"][piece])
        for name, order in orders.items():
            sums[name] += dot(weights[piece].astype(object), order.at(piece) * sizes.astype(object)) * unit
    return {name: table.mean(found * table.unit) for name, found in sums.items()}


@normalized_gini_loss.value
def _(got: Any, best: Any) -> Any:
    return 1 - got / best

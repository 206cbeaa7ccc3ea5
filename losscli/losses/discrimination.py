"""Losses of how well scores tell rows apart: the areas under the ROC curve and the precision-recall curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.kinds import Array, Binary, NonNegative, Real
from losscli.contract.loss import loss
from losscli.contract.presets import SINGLE, Preset, without_weights
from losscli.contract.scores import Score
from losscli.contract.table_scope import SMALL, SortedTable, TableMean, TableSample, is_plain
from losscli.losses._influence import above, below_both, influenced, turned
from losscli.losses._order import Distinct, Sum, dense_ranks, distinct, dot, pieces, placed, sums_by
from losscli.losses._ordered_pairs import ascending_of, pair_keys, tied

TASKS = ("binary classification", "survival")


def _keys(pred: Array, target: Array) -> dict[str, Array]:
    return {"pred": pred, "positive": target == 1}


def _sides(table: SortedTable) -> tuple[SortedTable, SortedTable, Distinct, Distinct]:
    """The positive and the negative rows, and the distinct scores of both."""
    scores = table.only("pred")
    positives, negatives = scores.take(table["positive"]), scores.take(~table["positive"])
    ours, theirs = (distinct(side["pred"], side.weights) for side in (positives, negatives))
    return positives, negatives, ours, theirs


@loss(
    formula="""
    negative = [o for o in everyone if o.target == 0]
    above = sum(o.weight * (1 if o.pred > pred else 1 / 2 if o.pred == pred else 0) for o in negative)
    wrong: above if target == 1 else skip
    negatives: sum(o.weight for o in negative) if target == 0 else skip
    value: wrong / negatives
    """,
    cite="Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747",
    scope="table",
    unit="table",
    sorted_by=("pred", "positive"),
    worst=1.0,
    exact=True,
    scores=(
        Score(
            "roc_auc",
            """Area under the ROC curve (AUC): how often a positive row scores above a negative one. Higher is better.

            0.5 is a guess. Equal scores count half. It is undefined where one of the classes has no row.

            >>> {name: term.values.tolist() for name, term in roc_auc([0.9, 0.4, 0.6, 0.1], [1, 1, 0, 0]).items()}
            {'wrong': [0.5], 'negatives': [2.0]}
            """,
            same_as={
                "torchmetrics": without_weights(),
                "catboost": Preset(notes=SINGLE),
                "xgboost": Preset(notes=SINGLE),
                "sklearn": "",
                "lightgbm": Preset(notes=SINGLE),
            },
            aliases=("auc", "auroc"),
            first=True,
        ),
        Score(
            "gini",
            """Gini coefficient of a classifier (Somers' D): 2 AUC - 1, from -1 to 1. Higher is better.

            >>> {name: term.values.tolist() for name, term in gini([0.9, 0.4, 0.6, 0.1], [1, 1, 0, 0]).items()}
            {'wrong': [0.5], 'negatives': [2.0]}
            """,
            factor=-2.0,
            aliases=("somers_d",),
            cite="Somers 1962, doi:10.2307/2090408",
        ),
    ),
)
def auc_loss(pred: Real, target: Binary) -> Any:
    """1 less the area under the ROC curve: how often a negative row scores higher than a positive one.

    `wrong` is the weight of the negatives above a positive row, in the mean; equal scores count half. Scores may be
    probabilities, logits or any numbers: only their order counts. It is undefined where one of the classes has no row.
    There is no gradient: it is a step function.

    >>> {name: term.values.tolist() for name, term in auc_loss([0.9, 0.4, 0.6, 0.1], [1, 1, 0, 0]).items()}
    {'wrong': [0.5], 'negatives': [2.0]}
    """
    return _keys(pred, target)


@auc_loss.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    positives, negatives, ours, theirs = _sides(table)
    twice = 0
    for values, weights, _ in ours.groups():
        twice += dot(weights, 2 * theirs.total - theirs.twice_below(values))
    return {
        "wrong": positives.mean(twice * table.unit / 2),
        "negatives": negatives.mean(negatives.total**2 * table.unit),
    }


@auc_loss.samples
def _(table: SortedTable) -> list[TableSample]:
    # DeLong, DeLong & Clarke-Pearson 1988, doi:10.2307/2531595: where each row stands among those of the other class.
    _, _, ours, theirs = _sides(table)

    def above(scores: Array) -> Array:
        return (1 - theirs.twice_below(scores) / (2 * theirs.total)).astype(np.float64)

    def below(scores: Array) -> Array:
        return (ours.twice_below(scores) / (2 * ours.total)).astype(np.float64)

    return [placed(table, table["positive"], "pred", above), placed(table, ~table["positive"], "pred", below)]


@auc_loss.value
def _(wrong: Any, negatives: Any) -> Any:
    return wrong / negatives


@loss(
    formula="""
    above = [o for o in everyone if o.pred >= pred]
    impure: sum(o.weight for o in above if o.target == 0) / sum(o.weight for o in above) if target == 1 else skip
    value: impure
    """,
    cite="Salton & McGill 1983, Introduction to Modern Information Retrieval; Davis & Goadrich 2006, "
    "doi:10.1145/1143844.1143874",
    scope="table",
    unit="table",
    sorted_by=("pred", "positive"),
    worst=1.0,
    exact=True,
    scores=(
        Score(
            "average_precision",
            """Average precision (AP), the area under the precision-recall curve as steps. Higher is better.

            A guess has the share of positives. It is undefined where no row is positive: scikit-learn gives 0 there.

            >>> average_precision([0.9, 0.4, 0.6, 0.1], [1, 1, 0, 0])["impure"].values
            array([0.16666667])
            """,
            same_as={"torchmetrics": without_weights(), "sklearn": "", "lightgbm": Preset(notes=SINGLE)},
            aliases=("auprc", "pr_auc"),
        ),
    ),
)
def average_precision_loss(pred: Real, target: Binary) -> Any:
    """1 less average precision: the share of negatives among the rows from a positive one up, in the mean of these.

    Rows of equal scores are taken together, and nothing is interpolated. It is undefined where no row is positive.
    There is no gradient: it is a step function.

    >>> average_precision_loss([0.9, 0.4, 0.6, 0.1], [1, 1, 0, 0])["impure"].values
    array([0.16666667])
    """
    return _keys(pred, target)


@average_precision_loss.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    positives, _, ours, theirs = _sides(table)
    impure = Sum()
    for values, weights, before in ours.groups():
        true, false = ours.total - before, theirs.total - theirs.below(values)
        impure.add(weights, false / (true + false))
    return {"impure": positives.mean(impure.value)}


@average_precision_loss.value
def _(impure: Any) -> Any:
    return impure


@loss(
    formula="""
    later = [o for o in everyone if event and (o.time > time or o.time == time and not o.event)]
    wrong: sum(o.weight * (1 if o.pred > pred else 1 / 2 if o.pred == pred else 0) for o in later) if later else skip
    comparable: sum(o.weight for o in later) if later else skip
    value: wrong / comparable
    """,
    cite="Harrell et al. 1982, doi:10.1001/jama.1982.03320430047030",
    scope="table",
    unit="table",
    sorted_by=("pred", "time", "event"),
    worst=1.0,
    exact=True,
    scores=(
        Score(
            "c_index",
            """Harrell's concordance index (C-index): how often the row with the earlier event has the higher risk.

            Higher is better, and 0.5 is a guess. `pred` is a risk: of predicted times, take the negative.

            >>> {name: term.values.tolist() for name, term in c_index([0.9, 0.1, 0.5], [2, 3, 5], [1, 1, 0]).items()}
            {'wrong': [0.5], 'comparable': [1.5]}
            """,
            aliases=("concordance", "concordance_index"),
            first=True,
        ),
    ),
)
def c_index_loss(pred: Real, time: NonNegative, event: Binary) -> Any:
    """1 less Harrell's concordance index: how often, of two rows, the one with the later event has the higher risk.

    `pred` is a risk: high where the event is early. A row with an event is compared with the rows whose time is later,
    and with those of its time that have none (censored). Equal risks count half. It is undefined where no two rows can
    be compared. There is no gradient: it is a step function.

    >>> {name: term.values.tolist() for name, term in c_index_loss([0.9, 0.1, 0.5], [2, 3, 5], [1, 1, 0]).items()}
    {'wrong': [0.5], 'comparable': [1.5]}
    """
    return {"pred": pred, "time": time, "event": event == 1}


@c_index_loss.over_table
def _(table: SortedTable) -> dict[str, TableMean]:
    event, weights = table["event"], table.weights
    place = dense_ranks(table["time"])
    comparable = _later(place, event, weights)
    # At one time, events come before what is censored; rows of one place are not compared.
    place *= 2
    place += ~event
    rows = table.only("event").take(event & (place < place.max(initial=-1)))
    ranks = dense_ranks(table["pred"])
    have_ties = ranks.max(initial=-1) < len(ranks) - 1
    twice = tied(place, ranks, event, weights) if have_ties else 0
    keys = pair_keys(place, ranks, event)
    del place, ranks  # of many rows these are much memory, and the next step needs more
    twice += 2 * ascending_of(keys, weights)
    return {"wrong": rows.mean(twice * table.unit / 2), "comparable": rows.mean(comparable * table.unit)}


def _later(times: Array, event: Array, weights: Array) -> int:
    """The weight of the pairs of an event and a row of a later time, or of its time without an event."""
    if is_plain(weights) and len(weights) < SMALL:
        weights = np.broadcast_to(np.int32(1), weights.shape)  # then sums of them take half the memory
    of_events, of_all = sums_by(times, weights, event), sums_by(times, weights)
    found, left = 0, int(of_all.sum()) if len(of_all) else 0
    for piece in pieces(len(of_all)):
        upto = np.cumsum(of_all[piece])
        found += dot(of_events[piece], left - upto + of_all[piece] - of_events[piece])
        left -= int(upto[-1])
    return found


@c_index_loss.samples
def _(table: SortedTable) -> list[TableSample]:
    # Pencina & D'Agostino 2004, doi:10.1002/sim.1802: a row counts as the earlier one of pairs, and as the later one.
    weights, event = np.array(table.weights), table["event"]
    time, risk = 2 * dense_ranks(table["time"]).astype(np.int64) + ~event, dense_ranks(table["pred"])
    of_events = np.where(event, weights, 0)
    later = np.where(event, above(time, weights), 0)
    earlier = above(turned(time), of_events)
    higher = below_both(turned(time), turned(risk), weights) - below_both(turned(time), risk, weights)
    lower = below_both(time, risk, of_events) - below_both(time, turned(risk), of_events)
    comparable = later + earlier
    wrong = comparable + np.where(event, higher, 0) + lower  # twice: rows of one risk count half
    of_comparable, of_wrong = dot(weights, comparable), dot(weights, wrong)
    if not of_comparable:
        return []
    moved = wrong.astype(np.float64) - of_wrong / of_comparable * comparable.astype(np.float64)
    return influenced(table, table.total / of_comparable * moved)


@c_index_loss.value
def _(wrong: Any, comparable: Any) -> Any:
    return wrong / comparable

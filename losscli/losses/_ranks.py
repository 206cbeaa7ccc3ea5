"""Expected values over the orders of a ranking: rows of equal scores may stand in any order, each equally likely.

McSherry & Najork 2008, "Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied
Scores", have the closed forms. With `ties="stable"` there is one order: rows of equal scores stand as they came.
"""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass


@dataclass(frozen=True)
class Ranking:
    """Rows by falling score, in groups of equal scores: `order` of the rows, where each group begins, its size."""

    order: Array
    starts: Array
    sizes: Array

    @classmethod
    def of(cls, scores: Array, ties: str) -> Ranking:
        """The ranking by `scores`; with ties that are stable, each row is a group of its own."""
        order = np.argsort(-scores, kind="stable")
        found = scores[order]
        first = np.ones(len(found), bool)
        if ties == "average":
            first[1:] = found[1:] != found[:-1]
        starts = np.flatnonzero(first)
        return cls(order, starts, np.diff(starts, append=len(found)))

    def means(self, values: Array) -> Array:
        """The expected value at each rank: the mean of its group, and equal values as they are."""
        own = values[self.order]
        if len(self.sizes) == len(own):
            return own
        low, high = (which.reduceat(own, self.starts) for which in (np.minimum, np.maximum))
        mean = np.where(low == high, low, np.add.reduceat(own, self.starts) / self.sizes)
        return np.repeat(mean, self.sizes)

    def counts(self, relevant: Array) -> Array:
        """How many rows of each group are relevant."""
        return np.add.reduceat(relevant[self.order].astype(np.float64), self.starts)


def first_hit(ranking: Ranking, relevant: Array, k: int) -> float:
    """The expected reciprocal rank of the first relevant row, 0 beyond rank k; some row is relevant."""
    hits = ranking.counts(relevant)
    group = int(np.argmax(hits > 0))
    start, size, own = int(ranking.starts[group]), int(ranking.sizes[group]), int(hits[group])
    places = np.arange(size - own + 1)
    # The first of the relevant rows is at place j of its group if the places before hold others.
    none_before = np.cumprod(np.concatenate([[1.0], (size - own - places[:-1]) / (size - places[:-1])]))
    shares = none_before * own / (size - places)
    return float((shares / (start + 1 + places))[: max(k - start, 0)].sum())


def hits_within(ranking: Ranking, relevant: Array, k: int) -> float:
    """The expected number of relevant rows among the first k."""
    inside = np.clip(k - ranking.starts, 0, ranking.sizes)
    return float((ranking.counts(relevant) * inside / ranking.sizes).sum())


def any_within(ranking: Ranking, relevant: Array, k: int) -> float:
    """The probability that one of the first k rows is relevant."""
    hits, inside = ranking.counts(relevant), np.clip(k - ranking.starts, 0, ranking.sizes)
    reached = int(np.flatnonzero(inside)[-1])
    if hits[:reached].any():
        return 1.0
    size, own, places = ranking.sizes[reached], hits[reached], np.arange(inside[reached])
    return float(1 - np.prod(np.maximum(size - own - places, 0) / (size - places)))


def precision_at_hits(ranking: Ranking, relevant: Array, k: int) -> float:
    """The expected sum of precision at the ranks of relevant rows, up to rank k."""
    hits = ranking.counts(relevant)
    place = np.arange(len(ranking.order)) - np.repeat(ranking.starts, ranking.sizes)  # in the group
    own, size = np.repeat(hits, ranking.sizes), np.repeat(ranking.sizes, ranking.sizes)
    before = np.repeat(np.cumsum(hits) - hits, ranking.sizes)
    # Where a row is relevant, of the other relevant rows of its group a proportional part stands before it.
    above = before + 1 + place * (own - 1) / np.maximum(size - 1, 1)
    shares = own / size * above / np.arange(1, len(place) + 1)
    return float(shares[:k].sum())


def discounted_regret(ranking: Ranking, gains: Array, k: int) -> tuple[float, float]:
    """How much discounted gain the best order has more than this one, and how much it has.

    The difference is a sum of numbers of at least 0, so that a ranking that is nearly the best one keeps its digits.
    """
    best, ranks = np.sort(gains)[::-1], np.arange(1, len(gains) + 1)[:k]
    ahead = np.maximum(np.cumsum(best - ranking.means(gains)), 0.0)[:k]
    discounts = 1 / np.log2(1 + ranks)
    # A discount less the next one; beyond rank k they are 0.
    steps = np.log1p(1 / (1 + ranks)) * np.log(2) / (np.log(1 + ranks) * np.log(2 + ranks))
    steps[-1:] = discounts[-1:]
    return float((steps * ahead).sum()), float((discounts * best[:k]).sum())

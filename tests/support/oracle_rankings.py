"""Words of formulas about rankings."""

from __future__ import annotations

from itertools import groupby, permutations, product


def rankings(scores):
    """Every order of the positions by falling score; in the first, equal scores stand as they came."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    tied = [list(group) for _, group in groupby(order, key=lambda i: scores[i])]
    return [[i for part in parts for i in part] for parts in product(*map(permutations, tied))]

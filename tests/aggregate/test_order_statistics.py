"""Order statistics: those of a sorted list, however many distinct numbers are held."""

from __future__ import annotations

import math

import numpy as np
import pytest

from losscli.aggregate.order_statistics import Interval, ValueCounts

AWKWARD = [0.0, -0.0, 5e-324, -5e-324, math.inf, -math.inf, 1e300, -1e300, 1.0, np.nextafter(1.0, 2.0), 1.0, math.nan]


def found(parts: list[np.ndarray], ranks: list[int], most: int) -> tuple[list[float], int]:
    """The numbers at these places, and how many passes it took to find them."""
    within: tuple[Interval, ...] = (Interval(),)
    passes = 0
    while True:
        passes += 1
        whole = ValueCounts(within, most)
        for part in parts:
            counts = ValueCounts(within, most)
            counts.update(part)
            whole.merge(counts)
        assert whole.count == sum(int((~np.isnan(part)).sum()) for part in parts)
        numbers = whole.find(ranks)
        intervals = {one for one in numbers if isinstance(one, Interval)}
        if not intervals:
            return [one for one in numbers if isinstance(one, float)], passes
        within = tuple(sorted(intervals, key=lambda one: one.low))


@pytest.mark.parametrize("most", [8, 64, 5000])
@pytest.mark.parametrize("kind", ["normal", "whole", "wide", "awkward", "equal"])
def test_they_are_those_of_the_sorted_numbers(most: int, kind: str) -> None:
    rng = np.random.default_rng(most)
    values = {
        "normal": rng.normal(size=3000), "whole": rng.integers(-40, 40, 3000).astype(float),
        "wide": rng.normal(size=3000) * 10.0 ** rng.integers(-300, 300, 3000),
        "awkward": rng.choice(AWKWARD, 3000), "equal": np.full(100, 7.0),
    }[kind]  # fmt: skip
    ordered = np.sort(values[~np.isnan(values)])
    ranks = [0, 1, len(ordered) // 4, len(ordered) // 2, len(ordered) - 1]
    parts = np.array_split(values, 7)
    numbers, passes = found(parts, ranks, most)
    assert [one + 0.0 for one in numbers] == [ordered[rank] + 0.0 for rank in ranks]
    assert numbers == found(parts[::-1], ranks, most)[0]
    distinct = len(np.unique(ordered + 0.0))
    assert (passes == 1) == (distinct <= most)


def test_what_is_held_is_bounded() -> None:
    rng = np.random.default_rng(1)
    counts = ValueCounts(most=100)
    for _ in range(50):
        counts.update(rng.normal(size=77))
        held = len(counts._keys) + sum(map(len, counts._waiting))
        assert held <= 200
    assert counts.count == 50 * 77
    assert all(isinstance(one, Interval) for one in counts.find([0, 1000]))

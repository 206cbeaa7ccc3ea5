"""Means of many slices at once: each is the one that exact fractions give, whatever the values."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from losscli.aggregate import rounded_sums
from losscli.aggregate.rounded_sums import term_means
from losscli.aggregate.term_accumulator import TermAccumulator
from losscli.aggregate.wide_sum import Exact, WideSums
from losscli.contract.kinds import Array
from losscli.contract.loss import Term

SLICES = 40


def drawn(rng: np.random.Generator, kind: str, rows: int) -> Array:
    values: Array = rng.normal(size=rows)
    match kind:
        case "wide":
            return values * 10.0 ** rng.uniform(-320, 300, rows)
        case "whole":
            return np.round(values * 3)
        case "tiny":
            return values * 1e-310
        case "huge":
            return values * 1e305
        case "cancelling":
            values[1::2] = -values[: len(values[1::2])]
            return values
        case "bits":
            values = np.ldexp(rng.integers(-3, 4, rows).astype(float), rng.integers(-1070, 1000, rows))
    return values


def rounded(number: Fraction) -> float:
    try:
        return number.numerator / number.denominator
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


@pytest.mark.parametrize("kind", ["plain", "wide", "whole", "tiny", "huge", "cancelling", "bits"])
@pytest.mark.parametrize("weighted", [False, True])
def test_means_are_those_of_fractions(kind: str, weighted: bool) -> None:
    rng = np.random.default_rng(3)
    values, ids = drawn(rng, kind, 1500), rng.integers(0, SLICES, 1500)
    weights = rng.integers(0, 3, 1500) * rng.choice([1.0, 0.3, 1e-3], 1500) if weighted else np.ones(1500)
    term = TermAccumulator(weighted)
    term.grow(SLICES)
    counted = weights != 0
    for some in np.array_split(np.arange(1500), 3):
        own = weights[some] if weighted else None
        term.update(Term(values[some], counted[some]), own, ids[some])
        if weighted:
            term.count_weightless(None, counted[some], ids[some])
    slice_ids = rng.permutation(SLICES + 2)  # two that no row is in
    for divisor in ("weight", "count", "rows"):
        found = term_means(term, slice_ids, divisor)
        for at, one in enumerate(slice_ids.tolist()):
            rows = np.flatnonzero((ids == one) & counted)
            with np.errstate(all="ignore"):
                products = values[rows] * weights[rows]
            if (weighted and not np.isfinite(products).all()) or (np.abs(products) < 1e-300).any():
                continue  # products that no normal double holds are tested with wide sums
            total = sum(map(Fraction, products.tolist()), Fraction(0))
            weight: Fraction = sum(map(Fraction, weights[rows].tolist()), Fraction(0))
            every = int((ids == one).sum())
            below = weight if divisor == "weight" else Fraction(len(rows) if divisor == "count" else every)
            assert found.counts[at] == len(rows)
            assert found.weights[at] == rounded(weight)
            if not len(rows):
                assert np.isnan(found.means[at])
                assert found.sums[at] == 0
                continue
            assert (found.sums[at], found.means[at]) == (rounded(total), rounded(total / below))


def test_exact_integers_are_hardly_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    plain = rounded_sums.exact_sums

    def watched(sums: WideSums, slice_ids: Array) -> list[Exact]:
        asked.append(len(slice_ids))
        return plain(sums, slice_ids)

    monkeypatch.setattr(rounded_sums, "exact_sums", watched)
    rng = np.random.default_rng(1)
    term = TermAccumulator(False)
    term.grow(20_000)
    term.update(Term(rng.normal(size=200_000) ** 2, None), None, rng.integers(0, 20_000, 200_000))
    term_means(term, np.arange(20_000), "weight")
    assert sum(asked) < 200  # means that are half-way between doubles


def test_a_tie_is_rounded_to_even() -> None:
    """Sums that lie half-way between doubles: no interval tells to which side they go."""
    term = TermAccumulator(False)
    term.grow(3)
    values = np.array([1.0, 2.0**-53, 1 + 2.0**-52, 2.0**-53, 1.0, 2.0**-53, 2.0**-110])
    term.update(Term(values, None), None, np.array([0, 0, 1, 1, 2, 2, 2]))
    assert term_means(term, np.arange(3), "weight").sums.tolist() == [1.0, 1 + 2.0**-51, 1 + 2.0**-52]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_decides(value: float) -> None:
    term = TermAccumulator(False)
    term.grow(3)
    term.update(Term(np.array([1.0, value, 2.0, np.inf, -np.inf]), None), None, np.array([0, 1, 1, 2, 2]))
    found = term_means(term, np.arange(4), "weight")
    assert repr(found.means.tolist()) == repr([1.0, value, np.nan, np.nan])
    assert repr(found.sums.tolist()) == repr([1.0, value, np.nan, 0.0])

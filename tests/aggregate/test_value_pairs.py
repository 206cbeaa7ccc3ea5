"""What pictures are made of: bounded, and the same however rows were cut and in whatever order they came."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.aggregate.diagnostics.value_pairs import PairTable, ValuePairs
from losscli.aggregate.diagnostics.worst_rows import WorstRow, WorstRows
from losscli.aggregate.order_statistics import ValueCounts
from losscli.cli.entry import run

NUMBERS = st.floats(-1e3, 1e3, width=32) | st.sampled_from([0.0, -0.0, 1e-300, -5e-324, 1e300, -1.7e308])


def table_of(
    first: np.ndarray, second: np.ndarray, weights: np.ndarray | None, both: bool, cuts: list[int]
) -> PairTable:
    """The pairs, added in pieces that are merged."""
    whole = ValuePairs(both, most=8)
    for at in np.split(np.arange(len(first)), sorted(cuts)):
        piece = ValuePairs(both, most=8)
        for half in np.array_split(at, 2):
            piece.update(first[half], second[half], None if weights is None else weights[half])
        whole.merge(piece)
    return whole.evaluate()


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.floats(0, 1e6)), min_size=1, max_size=24), st.booleans(), st.booleans(),
       st.randoms(use_true_random=False), st.lists(st.integers(0, 24), max_size=3))  # fmt: skip
def test_pairs_are_the_same_in_any_order_and_parts(rows, both, weighted, random, cuts):
    shuffled = random.sample(rows, len(rows))
    tables = []
    for some, parts in ((rows, []), (shuffled, cuts)):
        first, second, weights = (np.array(column) for column in zip(*some, strict=True))
        second = second if both else (second > 0).astype(float)
        tables.append(table_of(first, second, weights if weighted else None, both, parts))
    one, other = tables
    for name in ("first", "second", "counts", "weights", "cell"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    used = [row for row in rows if row[2] or not weighted]
    assert one.counts.sum() == len(used) and len(one.counts) <= 8
    assert float(sum(map(Fraction, one.weights.tolist()))) == pytest.approx(
        float(sum(Fraction(row[2]) for row in used)) if weighted else len(used)
    )


def test_few_pairs_are_exact_and_many_are_in_cells_that_hold_them():
    values = np.random.default_rng(1).normal(size=50_000)
    pairs = ValuePairs(both=False)
    pairs.update(values, values > 0, None)
    table = pairs.evaluate()
    # The grid is as fine as it may be: cells of half the width are too many.
    assert len(table.first) <= 1 << 14 < len(np.unique(np.trunc(values / (table.cell / 2))))
    assert np.abs(np.interp(values, np.unique(table.first), np.unique(table.first)) - values).max() <= table.cell
    assert (table.second == (table.first > 0)).mean() > 0.999 and set(table.second) == {0.0, 1.0}
    few = ValuePairs(both=True)
    few.update(values[:100], values[100:200], None)
    assert sorted(zip(*(few.evaluate().first, few.evaluate().second), strict=True)) == sorted(
        zip(values[:100], values[100:200], strict=True)
    )


@pytest.mark.parametrize(("direction", "badness"), [("lower", lambda v: v), ("higher", lambda v: -v), ("zero", abs)])
def test_the_worst_rows_are_those_of_a_sort(direction, badness):
    random = np.random.default_rng(3)
    values = random.integers(-20, 20, 500).astype(float)  # with ties
    values[7] = np.nan
    worst = WorstRows(direction, 12)
    for start in (300, 0, 100, 200, 400):  # later rows may come first
        piece, part = WorstRows(direction, 12), values[start : start + 100]
        for begin in (0, 37):
            some = part[begin:37] if begin == 0 else part[begin:]
            numbers = np.arange(begin, begin + len(some)) + 1
            piece.update(some, numbers, lambda at, s=some, n=numbers: WorstRow(0, s[at], int(n[at]), 0, {}, {}))
        worst.merge(piece, None, start)
    order = sorted((row for row in range(500) if row != 7), key=lambda row: (-badness(values[row]), row))
    assert [one.row - 1 for one in worst.rows] == order[:12]


def test_cells_of_counts_hold_every_number():
    values = np.random.default_rng(5).lognormal(size=3000) * np.random.default_rng(6).choice([-1, 1], 3000)
    counts = ValueCounts(most=64)
    counts.update(values)
    low, high, times = counts.cells()
    assert len(low) <= 64 and times.sum() == 3000 and (low <= high).all() and (high[:-1] < low[1:]).all()
    assert [np.count_nonzero((values >= a) & (values <= b)) for a, b in zip(low, high, strict=True)] == times.tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_reports_have_the_same_diagnostics_however_rows_are_cut(weighted, tmp_path, monkeypatch, capfd):
    random = np.random.default_rng(7)
    y, p, w = random.normal(size=3000), random.normal(size=3000), random.random(3000)
    lines = zip(y.tolist(), p.tolist(), w.tolist(), random.choice(["a", "b"], 3000), strict=True)
    (tmp_path / "d.csv").write_text("y,p,w,g\n" + "".join(f"{a!r},{b!r},{c!r},{d}\n" for a, b, c, d in lines))
    monkeypatch.chdir(tmp_path)
    found = []
    for number, (chunk, threads) in enumerate([("100000", "1"), ("97", "2")]):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        words = ["eval", "d.csv", "-t", "y", "-p", "p", "-l", "mse", "-l", "mae", "--by", "g"]
        words += ["-w", "w"] * weighted
        assert run([*words, "-q", "--threads", threads, "-o", f"{number}.html", "-o", f"{number}.json"]) == 0
        found.append(json.loads(Path(f"{number}.json").read_text())["diagnostics"])
    assert found[0] == found[1]
    losses, squared = found[0]["losses"][0], (p - y) ** 2
    assert losses["count"] == 3000
    assert [row["row"] for row in losses["worst"]] == (np.argsort(-squared) + 1)[:10].tolist()
    for level, value in losses["quantiles"].items():
        assert value == pytest.approx(np.quantile(squared, float(level), method="inverted_cdf"), rel=2e-3)
    assert sum(each["count"] for each in losses["bins"]) == 3000
    (rest,) = found[0]["residuals"]
    assert sum(cell["count"] for cell in rest["cells"]) == sum(part["count"] for part in rest["trend"]) == 3000

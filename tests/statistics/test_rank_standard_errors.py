"""Standard errors of Kendall's tau, Spearman's rho and the C-index: influences of rows, beside resamples."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from click.testing import CliRunner

import losscli
from losscli.cli import cli
from losscli.contract.table_scope import SortedTable, whole_numbers
from losscli.losses import find
from losscli.losses._influence import below_both

RNG = np.random.default_rng(20)
ROWS = 80
TARGET = np.round(RNG.normal(size=ROWS), 1)
DATA = {
    "y": TARGET, "p": np.round(0.6 * TARGET + RNG.normal(size=ROWS), 1), "q": np.round(RNG.normal(size=ROWS), 1),
    "t": np.round(RNG.exponential(1, ROWS), 1) + 0.1, "e": RNG.integers(0, 2, ROWS),
    "w": RNG.integers(1, 9, ROWS) / 4, "g": RNG.choice(["u", "v"], ROWS),
}  # fmt: skip
DATA["r"] = np.round(RNG.normal(size=ROWS) - DATA["t"], 1)
COLUMNS = {"c_index": ("r", "t", "e")}
NAMES = ["kendall", "spearman", "c_index"]


def roles(name, pred=None):
    if name == "c_index":
        return {"pred": pred or "r", "columns": {"time": "t", "event": "e"}}
    return {"pred": pred or "p", "target": "y"}


def arrays(name, data=DATA):
    return [np.asarray(data[column], float) for column in COLUMNS.get(name, ("p", "y"))]


def number(name, weights, data=DATA):
    """The value of rows with these weights."""
    loss = find(name)
    means = loss.of_table(arrays(name, data), {}, weights)
    return float(loss.combine({term: np.float64(float(one.mean)) for term, one in means.items()}, {}))


def influences(name, weights=None):
    loss = find(name)
    keys = dict(zip(loss.sorted_by, loss.keys(arrays(name), {}), strict=True))
    whole, unit = whole_numbers(np.ones(ROWS) if weights is None else weights)
    (sample,) = loss.table_samples(SortedTable(keys, whole, unit), {})
    return sample.of_rows()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("weighted", [False, True])
def test_an_influence_is_the_slope_of_the_number_by_the_weight_of_a_row(name, weighted):
    weights = DATA["w"] if weighted else np.ones(ROWS)
    found = influences(name, weights)
    centred = found - np.average(found, weights=weights)
    for row in range(0, ROWS, 9):
        step = 2.0**-20
        moved = [number(name, weights + sign * step * np.eye(ROWS)[row]) for sign in (1, -1)]
        slope = (moved[0] - moved[1]) / (2 * step) * weights.sum()
        assert centred[row] == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_the_standard_error_is_that_of_resamples(name):
    found = losscli.evaluate(DATA, name, interval=True, **roles(name))[0]
    rng, values = np.random.default_rng(3), []
    for _ in range(400):
        rows = rng.integers(0, ROWS, ROWS)
        values.append(number(name, None, {column: np.asarray(some)[rows] for column, some in DATA.items()}))
    assert found.stderr == pytest.approx(np.std(values), rel=0.12)  # of 400 resamples: 3.5 % is one standard error
    assert found.value == pytest.approx(number(name, None), rel=1e-12)
    low, high = found.interval
    assert low < found.value < high and found.uncertainty.df == ROWS - 1
    assert found.uncertainty.reason == "the influence of each row on a number of pairs (U-statistic)"


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_and_its_score_have_one_standard_error(name):
    score, loss = (losscli.evaluate(DATA, one, interval=True, weight="w", **roles(name))[0]
                   for one in (name, f"{name}_loss"))  # fmt: skip
    assert score.stderr == pytest.approx(loss.stderr, rel=1e-15)
    assert score.interval == pytest.approx([1 - end for end in loss.interval[::-1]], rel=1e-12)


@pytest.mark.parametrize("name", ["kendall", "spearman"])
def test_two_models_are_compared_by_the_differences_of_influences(name):
    found = losscli.compare(DATA, name, target="y", pred={"p": "p", "q": "q"}).comparisons[0]
    loss = find(name)
    each = []
    for pred in ("p", "q"):
        keys = dict(zip(loss.sorted_by, loss.keys([DATA[pred], TARGET], {}), strict=True))
        (sample,) = loss.table_samples(SortedTable(keys, *whole_numbers(np.ones(ROWS))), {})
        each.append(sample.of_rows())
    gaps = each[0] - each[1]
    assert found.stderr == pytest.approx(gaps.std(ddof=1) / math.sqrt(ROWS), rel=1e-12)
    assert found.verdict in ("better", "worse") and found.decision.test == "t"


def test_intervals_are_the_same_bits_however_rows_are_cut(monkeypatch):
    found = set()
    for chunk, order in ((7, slice(None)), (1000, slice(None, None, -1))):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", str(chunk))
        data = {name: column[order] for name, column in DATA.items()}
        for weight in (None, "w"):
            report = [
                losscli.evaluate(data, name, interval=True, by="g", weight=weight, threads=2, **roles(name))
                for name in NAMES
            ]
            found.add((weight, tuple((r.stderr, r.interval) for one in report for r in one)))
    assert len(found) == 2


def test_a_row_twice_is_two_rows_and_no_weight_of_2():
    twice = {name: np.repeat(column, 2) for name, column in DATA.items()}
    for name in NAMES:
        once, both = (losscli.evaluate(data, name, interval=True, **roles(name))[0] for data in (DATA, twice))
        assert both.value == pytest.approx(once.value, rel=1e-12)
        assert both.stderr == pytest.approx(once.stderr * math.sqrt((ROWS - 1) / (2 * ROWS - 1)), rel=1e-9)


def test_where_there_is_none():
    perfect = {"y": [1.0, 2.0, 3.0, 4.0], "p": [1.0, 2.0, 3.0, 4.0]}
    found = losscli.evaluate(perfect, "kendall", target="y", pred="p", interval=True)
    assert (found[0].stderr, found[0].interval) == (0.0, None)
    constant = losscli.evaluate({"y": [1.0, 2.0, 3.0, 4.0], "p": [1.0, 1.0, 1.0, 1.0]}, ["kendall", "mae"], target="y",
                                pred="p", interval=True)  # fmt: skip
    assert (constant[0].stderr, constant[0].interval) == (None, None)
    resampled = losscli.evaluate(perfect, "kendall", target="y", pred="p", interval=True, bootstrap=100)
    assert resampled[0].stderr is None
    assert "so it has no standard error with --bootstrap" in resampled.warnings[0].message


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 5, 8, 33, 100])
def test_weights_below_both_by_hand(rows):
    rng = np.random.default_rng(rows)
    x, y, weights = (rng.integers(0, 1 + rows // 2, rows) for _ in range(3))
    for given in (weights, weights.astype(object)):
        found = below_both(x, y, given)
        expected = [int(given[(x < x[i]) & (y < y[i])].sum()) for i in range(rows)]
        assert found.tolist() == expected


def test_gates_may_ask_for_significance(tmp_path):
    path = tmp_path / "t.csv"
    table = pa.table({name: DATA[name] for name in ("y", "p", "q")})
    pa.csv.write_csv(table, path)
    words = ["eval", str(path), "-t", "y", "-p", "p", "-p", "q", "-l", "kendall", "--gate", "p/kendall>=q shown", "-f"]
    done = CliRunner().invoke(cli, [*words, "json"], standalone_mode=False)
    assert json.loads(done.stdout)["gates"][0]["passed"] is True


def drawn(name, rng, rows):
    """Pairs of normal numbers with a correlation of 0.5; or risks, exponential times and independent censoring."""
    one, other = rng.normal(size=rows), rng.normal(size=rows)
    if name != "c_index":
        return {"y": one, "p": 0.5 * one + math.sqrt(0.75) * other}
    times, censored = rng.exponential(np.exp(-one)), rng.exponential(1.5, rows)
    return {"r": one, "t": np.minimum(times, censored), "e": (times <= censored).astype(int)}


# The true values: 2 / pi arcsin(rho) and 6 / pi arcsin(rho / 2) (Kruskal 1958), and lifelines' index of 400,000 rows
TRUE = {"kendall": 1 / 3, "spearman": 6 / math.pi * math.asin(0.25), "c_index": 0.7353}


@pytest.mark.parametrize("name", NAMES)
def test_intervals_hold_the_true_value_in_simulations(name):
    rng, held = np.random.default_rng(11), 0
    for _ in range(250):
        low, high = losscli.evaluate(drawn(name, rng, 60), name, interval=True, **roles(name))[0].interval
        held += low <= TRUE[name] <= high
    assert 0.9 <= held / 250 <= 0.985  # 0.94 of 3,000 samples; of 250 samples its standard error is 0.015

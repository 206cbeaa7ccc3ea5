"""Losses of a whole table: one number however rows are cut, weighted and sliced; and what they refuse."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.aggregate import distinct_rows
from losscli.aggregate.distinct_rows import DistinctRows
from losscli.cli.entry import run
from losscli.contract.loss import REGISTRY
from losscli.contract.table_scope import whole_numbers
from losscli.execution import evaluate, freed_memory
from losscli.execution.packed_arrays import same
from losscli.io.formats import parquet
from losscli.io.formats import text_windows as windows

ROWS = 600
LOSSES = ("roc_auc", "average_precision", "spearman", "kendall", "median_absolute_error", "max_error", "c_index",
          "quantile_absolute_error:q=0.3", "normalized_gini")  # fmt: skip
OPTIONS = (
    "-t",
    "y",
    "-p",
    "one=p",
    "-p",
    "two=q",
    "-c",
    "time=t",
    "-c",
    "event=y",
    *(x for s in LOSSES for x in ("-l", s)),
)


def table(rows=ROWS):
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, rows)
    return {
        "y": y,
        "p": np.round(rng.normal(y, 1.0), 1),
        "q": rng.normal(0.3 * y, 1.0),
        "t": rng.integers(1, 40, rows) / 4,
        "w": rng.choice([0.0, 0.1, 1.0, 2.7], rows),
        "g": np.array(["north", "süd", ""])[rng.integers(0, 3, rows)],
    }


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    data = table()
    path = tmp_path_factory.mktemp("tables") / "rows.parquet"
    pq.write_table(pa.table({name: [v.item() for v in column] for name, column in data.items()}), path,
                   row_group_size=50)  # fmt: skip
    return str(path)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW", 4000)
    monkeypatch.setattr(parquet, "SPLIT_ROWS", 50)


def report(capfd, *args):
    capfd.readouterr()
    assert run([str(arg) for arg in args]) == 0
    return json.loads(capfd.readouterr().out)["results"]


def test_threads_shards_and_held_counts_change_no_bit(path, tmp_path, capfd, monkeypatch):
    options = (*OPTIONS, "-w", "w", "--by", "g", "--where", "q < 2", "-f", "json")
    want = report(capfd, "eval", path, *options, "--threads", "1")
    assert report(capfd, "eval", path, *options, "--threads", "3") == want
    monkeypatch.setattr(distinct_rows, "_PIECES", 2)
    assert report(capfd, "eval", path, *options) == want
    monkeypatch.setattr(distinct_rows, "BLOCK", 64)  # equal rows are counted together
    monkeypatch.setattr(distinct_rows, "_FEW", 1.0)
    assert report(capfd, "eval", path, *options) == want
    states = [tmp_path / f"{i}.json" for i in (1, 2, 3)]
    for i, state in enumerate(states, start=1):
        assert run(["eval", path, *options[:-2], "--shard", f"{i}/3", "--state-out", str(state)]) == 0
    merged = report(capfd, "merge", *reversed(states), "-f", "json")
    assert merged == want


@pytest.mark.parametrize(
    ("spec", "columns", "times"),
    [("c_index", {"pred": "q", "time": "t", "event": "y"}, 1), ("mse", {"pred": "q", "target": "t"}, 0)],
)
def test_what_reading_took_is_given_back_where_many_rows_are_held(spec, columns, times, path, monkeypatch):
    want = losscli.evaluate(path, spec, columns=columns).to_json()
    given_back = []
    monkeypatch.setattr(evaluate, "release_freed_memory", lambda: given_back.append(True))
    assert losscli.evaluate(path, spec, columns=columns).to_json() == want
    assert not given_back  # few rows
    monkeypatch.setattr(evaluate, "_MANY", 3 * ROWS)
    assert losscli.evaluate(path, spec, columns=columns).to_json() == want
    assert len(given_back) == times


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_memory_stays_with_a_c_library_that_cannot_give_it_back(error, monkeypatch):
    def refused(name):
        raise error("no such function")

    freed_memory.release_freed_memory()
    monkeypatch.setattr(freed_memory.ctypes, "CDLL", refused)
    monkeypatch.setattr(freed_memory, "_malloc_trim", freed_memory._malloc_trim.__wrapped__)
    freed_memory.release_freed_memory()


def test_a_slice_has_the_number_of_its_rows_alone(path):
    data = table()
    settings = {"target": "y", "pred": "q", "weight": "w"}
    sliced = losscli.evaluate(data, ["roc_auc", "spearman"], by="g", **settings)
    for place in ("north", "süd"):
        alone = {name: column[data["g"] == place] for name, column in data.items()}
        want = [one.value for one in losscli.evaluate(alone, ["roc_auc", "spearman"], **settings)]
        assert [one.value for one in sliced if one.by.get("g") == place] == want


def test_class_weights_are_weights_of_rows():
    data = table(60)
    factors = {"0": 0.3, "1": 1.7}
    same = {**data, "v": np.where(data["y"] == 1, 1.7, 0.3)}
    for spec in ("average_precision", "average_precision_loss"):
        settings = {"target": "y", "pred": "q"}
        weighted = losscli.evaluate(same, spec, weight="v", **settings)[0]
        classes = losscli.evaluate(data, spec, class_weight=factors, **settings)[0]
        assert weighted.value == classes.value
        balanced = losscli.evaluate(data, spec, class_weight="balanced", **settings)[0]
        assert balanced.value != weighted.value


@pytest.mark.parametrize("scale", [1.0, 5e-324, 1e300], ids=["ordinary", "subnormal", "huge"])
def test_weights_count_in_any_unit(scale):
    data = table(80)
    data["w"] = np.array([1.0, 2.0, 3.0])[np.arange(80) % 3]
    for spec in ("roc_auc", "kendall", "median_absolute_error"):
        settings = {"target": "y", "pred": "q", "weight": "w"}
        want = losscli.evaluate(data, spec, **settings)[0].value
        assert losscli.evaluate({**data, "w": data["w"] * scale}, spec, **settings)[0].value == want


def test_ends_of_the_doubles_and_zeros():
    pred = [1e308, -1e308, 5e-324, -5e-324, 0.0, -0.0]
    y = [1, 0, 1, 0, 1, 0]
    assert losscli.evaluate({"p": pred, "y": y}, "auc_loss", pred="p", target="y")[0].value == 0.5 / 9
    found = losscli.evaluate({"p": pred, "y": [0.0] * 6}, "median_absolute_error", pred="p", target="y")[0]
    assert found.value == 5e-324
    wide = losscli.evaluate({"p": [1e308, 1.0], "y": [-1e308, 1.0]}, "max_error", pred="p", target="y")
    assert math.isinf(wide[0].value) and any("beyond the largest double" in w.message for w in wide.warnings)


@pytest.mark.parametrize(
    ("spec", "pred", "target"),
    [
        ("roc_auc", [0.1, 0.7, 0.3], [1, 1, 1]),
        ("roc_auc", [0.1, 0.7, 0.3], [0, 0, 0]),
        ("average_precision", [0.1, 0.7, 0.3], [0, 0, 0]),
        ("spearman", [2.0, 2.0, 2.0], [1.0, 2.0, 3.0]),
        ("kendall", [1.0, 2.0, 3.0], [4.0, 4.0, 4.0]),
    ],
)
def test_undefined_is_no_number(spec, pred, target):
    data = {"p": [*pred, 0.5], "y": [*target, 1 - target[0]], "g": ["a", "a", "a", "b"]}
    found = losscli.evaluate(data, [spec, "mse"], pred="p", target="y", by="g")
    assert [math.isnan(one.value) for one in found if one.loss == spec and one.by.get("g") == "a"] == [True]
    assert any(spec in warning.message for warning in found.warnings)


def test_all_equal_scores_are_a_guess():
    data = {"p": [0.5] * 5, "y": [1, 0, 1, 1, 0]}
    found = losscli.evaluate(data, ["roc_auc", "average_precision"], pred="p", target="y")
    assert [one.value for one in found] == [0.5, 0.6]


def test_several_outputs_are_refused():
    data = {"p_a": [1.0, 2.0], "p_b": [2.0, 3.0], "t_a": [3.0, 1.0], "t_b": [4.0, 1.0]}
    with pytest.raises(losscli.LosscliError, match="takes one number per row, and there are 2"):
        losscli.evaluate(data, "spearman", pred="p_*", target="t_*")


def test_what_is_not_there_is_refused(path, capfd):
    asked = {
        ("rows",): "no value per row",
        ("grad",): "no gradient",
        ("eval", "-w", "w", "--divide-by", "count"): "--divide-by does not apply",
        ("eval", "--reduction", "sum"): "not a sum over rows",
        ("eval", "--batch-by", "g"): "is of all rows",
    }
    for (command, *more), said in asked.items():
        capfd.readouterr()
        assert run([command, path, "-p", "q", "-t", "y", "-l", "auc", *more]) == 2
        assert said in capfd.readouterr().err


def _naive_auc(pred, y, w):
    """AUC with DeLong's standard error, pair by pair."""
    a, b, u, v = pred[y == 1], pred[y == 0], w[y == 1], w[y == 0]
    wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
    mine, theirs = wins @ v / v.sum(), u @ wins / u.sum()
    auc = u @ mine / u.sum()
    parts = [((s / s.sum()) ** 2 @ (x - auc) ** 2) * len(x) / (len(x) - 1) for x, s in ((mine, u), (theirs, v))]
    return auc, np.sqrt(sum(parts))


@pytest.mark.parametrize("weight", [None, "w"])
def test_the_standard_error_of_auc_is_that_of_delong(weight, monkeypatch):
    data = table(200)
    used = np.ones(200, bool) if weight is None else data["w"] > 0
    auc, stderr = _naive_auc(data["p"][used], data["y"][used], (np.ones(200) if weight is None else data["w"])[used])
    settings = {"pred": "p", "target": "y", "weight": weight, "interval": True}
    want = losscli.evaluate(data, ["roc_auc", "auc_loss", "gini"], **settings)
    assert [one.value for one in want] == pytest.approx([auc, 1 - auc, 2 * auc - 1])
    assert [one.stderr for one in want] == pytest.approx([stderr, stderr, 2 * stderr])
    low, high = want[0].interval
    assert low < auc < high and want[0].uncertainty.reason.endswith("(DeLong)")
    monkeypatch.setattr(distinct_rows, "BLOCK", 64)
    monkeypatch.setattr(distinct_rows, "_FEW", 1.0)
    again = losscli.evaluate({name: column[::-1] for name, column in data.items()}, "roc_auc", **settings)
    assert (again[0].stderr, again[0].interval) == (want[0].stderr, want[0].interval)


def test_perfect_scores_have_no_interval():
    found = losscli.evaluate(
        {"p": [0.1, 0.2, 0.8, 0.9], "y": [0, 0, 1, 1]}, "auc", pred="p", target="y", interval=True
    )[0]
    assert (found.value, found.stderr, found.interval) == (1.0, 0.0, None)
    alone = losscli.evaluate({"p": [0.1, 0.2, 0.8], "y": [0, 0, 1]}, "auc", pred="p", target="y", interval=True)
    assert alone[0].stderr is None and any("only one row of a class" in one.message for one in alone.warnings)


def test_no_standard_error_is_said(path, capfd):
    assert run(["eval", path, "-p", "q", "-t", "y", "-l", "average_precision", "--interval"]) == 0
    assert "average_precision: it is not a mean of row values, so it has no standard error" in capfd.readouterr().err
    assert run(["eval", path, "-p", "q", "-t", "y", "-l", "auc", "--bootstrap", "100"]) == 0
    assert "has no standard error with --bootstrap" in capfd.readouterr().err
    resampled = losscli.compare(path, "auc", pred={"one": "p", "two": "q"}, target="y", bootstrap=100)
    assert any("so a difference has no test with --bootstrap" in warning.message for warning in resampled.warnings)
    found = losscli.compare(path, "average_precision", pred={"one": "p", "two": "q"}, target="y")
    assert any("so a difference has no test" in warning.message for warning in found.warnings)
    (result,) = found.comparisons
    assert result.stderr is None and result.difference == result.difference


def test_a_gate_on_a_score_is_met_from_above(path, capfd):
    for gate, code in (("auc>=0.5", 0), ("auc>=0.99", 1), ("auc_loss<=0.01", 1)):
        losses = ("-l", "auc", "-l", "auc_loss")
        assert run(["eval", path, "-p", "q", "-t", "y", *losses, "--gate", gate, "-q"]) == code
    capfd.readouterr()


def test_the_run_says_what_it_holds(path, capfd):
    assert run(["eval", path, "-p", "q", "-t", "y", "-l", "auc", "-l", "average_precision"]) == 0
    assert "note: roc_auc, average_precision: holds each distinct pred, positive in memory" in capfd.readouterr().err


@pytest.mark.parametrize("times", [None, np.array([1, 2, 5, 3])])
@pytest.mark.parametrize(
    "values", [[1.0, 2.0, 0.0, 4.0], [0.1, 5e-324, 1e308, 0.0], [0.5, 0.25, 3.0, 2.0**40], [0.0, 0.0, 0.0, 0.0]]
)
def test_whole_numbers_are_exact(values, times):
    whole, unit = whole_numbers(np.array(values), times)
    counts = np.ones(4, int) if times is None else times
    assert [Fraction(int(w)) * unit for w in whole] == [
        Fraction(v) * int(n) for v, n in zip(values, counts, strict=True)
    ]


def test_a_damaged_state_is_no_state():
    rows = DistinctRows()
    rows.update([np.array([1.0, 2.0])], None, None)
    state = rows.state()
    assert same(DistinctRows.from_state(state).state(), state)
    for wrong in (
        {"columns": [np.array(["a", "b"], object)]},
        {"counts": np.array([1, 0])},
        {"counts": np.array([1])},
        {"counts": np.array([1.0, 1.0])},
    ):
        with pytest.raises(ValueError):
            DistinctRows.from_state({**state, **wrong})


def test_every_loss_of_a_table_is_cut_here():
    named = {spec.partition(":")[0] for spec in LOSSES}
    own = {loss.name for loss in REGISTRY.values() if loss.sorted_by}
    assert own - named <= {"gini", *(score_of.name for score_of in (REGISTRY[n].score_of for n in named) if score_of)}


def test_the_rest_of_a_slice_has_its_own_number():
    data = {**table(60), "h": np.array(["a", "b", "c"])[np.arange(60) % 3]}
    settings = {"pred": "q", "target": "y"}
    found = losscli.evaluate(data, "spearman", by="h", between="rest", interval=True, **settings)
    rest = {name: column[data["h"] != "b"] for name, column in data.items()}
    (of_b,) = [one.between for one in found if one.by.get("h") == "b"]
    assert of_b.value == losscli.evaluate(rest, "spearman", **settings)[0].value
    assert of_b.verdict == "no difference shown" and of_b.stderr is None


def _naive_difference(one, two, y, w):
    """The difference of two AUC, and DeLong's standard error of it, pair by pair."""
    u, v, sides = w[y == 1], w[y == 0], []
    for pred in (one, two):
        a, b = pred[y == 1], pred[y == 0]
        wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
        sides.append((wins @ v / v.sum(), u @ wins / u.sum()))
    found = 0.0
    for mine, theirs, s in zip(*sides, (u, v), strict=True):
        gap = mine - theirs
        found += (s / s.sum()) ** 2 @ (gap - s @ gap / s.sum()) ** 2 * len(s) / (len(s) - 1)
    return u @ (sides[0][0] - sides[1][0]) / u.sum(), np.sqrt(found)


@pytest.mark.parametrize("weight", [None, "w"])
def test_two_auc_of_the_same_rows_have_the_test_of_delong(weight, monkeypatch):
    data = table(150)
    data["r"] = data["p"] + np.random.default_rng(8).normal(0, 0.5, 150)
    w = np.ones(150) if weight is None else data["w"]
    want, stderr = _naive_difference(*(data[name][w > 0] for name in "rpy"), w[w > 0])
    models, settings = {"one": "p", "two": "r"}, {"target": "y", "weight": weight}
    found = losscli.compare(data, ["roc_auc", "auc_loss", "gini"], pred=models, **settings)
    assert not found.warnings
    signs = (1, -1, 2)
    for one, sign in zip(found.comparisons, signs, strict=True):
        assert (one.difference, one.stderr) == pytest.approx((sign * want, abs(sign) * stderr))
        assert one.t == pytest.approx(sign * want / (abs(sign) * stderr)) and one.decision.test == "t"
        assert one.interval[0] < one.difference < one.interval[1] and one.decision.reason.endswith("(DeLong)")
    # Cut, sliced, turned and counted otherwise, the same bits.
    monkeypatch.setattr(distinct_rows, "BLOCK", 64)
    monkeypatch.setattr(distinct_rows, "_FEW", 1.0)
    turned = {name: np.concatenate([column[::-1], column[:9]]) for name, column in data.items()}
    turned["k"] = np.array(["all"] * 150 + ["more"] * 9)
    again = losscli.compare(turned, ["roc_auc", "average_precision"], pred=models, by="k", **settings).comparisons
    (same,) = [one for one in again if one.by.get("k") == "all" and one.loss == "roc_auc"]
    first = found.comparisons[0]
    assert (same.difference, same.stderr, same.interval) == (first.difference, first.stderr, first.interval)


def test_the_ovarian_cancer_patients_of_delong():
    # Of Example 8 of PROC LOGISTIC in the SAS/STAT guide: total protein, 10 less the K-G score, and the outcome.
    rows = """
        5.8 10 0 6.3 5 1 6.8 3 1 4.8 6 0 5.8 3 1 4.0 5 0 5.7 8 0 5.6 5 1 5.7 5 1 6.7 6 1 5.4 4 1 6.6 6 1 6.6 5 1 5.7 5 1
        7.0 4 1 6.7 4 0 4.4 6 1 7.6 4 0 6.6 6 0 5.8 6 1 6.8 7 1 4.7 8 0 7.4 5 1 7.4 5 1 6.6 6 1 8.2 6 1 7.0 5 1 6.5 4 1
        5.1 5 1 4.7 6 1 6.8 6 0 4.0 7 0 6.1 5 1 6.3 7 1 7.7 6 1 6.2 5 1 5.7 9 0 4.8 7 1 6.2 8 0 7.0 7 1 5.7 6 1 6.9 5 1
        6.6 5 1"""
    protein, score, y = np.array(rows.split(), float).reshape(-1, 3).T
    data = {"tp": protein, "kg": 10 - score, "y": y}
    found = losscli.compare(data, "auc", pred={"K-G": "kg", "protein": "tp"}, target="y")
    (one,) = found.comparisons
    assert (one.model, one.against) == ("protein", "K-G")
    assert (one.difference, one.stderr) == pytest.approx(_naive_difference(protein, 10 - score, y, np.ones(43)))
    assert (one.difference, one.stderr) == pytest.approx((-0.0780, 0.1046), abs=5e-5)
    assert one.verdict == "no difference shown"


@pytest.mark.parametrize(("gate", "code"), [("auc>=old significant", 0), ("auc>=old shown", 0),
                                            ("auc>=good shown", 1), ("auc>=good-90% shown", 0)])  # fmt: skip
def test_gates_know_whether_an_auc_is_better(gate, code, capfd, tmp_path):
    data = table(300)
    data["good"] = data["y"] + data["p"]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({name: data[name] for name in ("y", "p", "q", "good")}), path)
    models = ("-p", "good=good", "-p", "old=q")
    assert run(["eval", str(path), "-t", "y", *models, "-l", "auc", "-q", "--gate", gate]) == code
    capfd.readouterr()


def test_losses_of_the_same_keys_hold_rows_once(monkeypatch):
    widths, update = [], DistinctRows.update

    def counted(self, keys, *more):
        widths.append(len(keys))
        update(self, keys, *more)

    monkeypatch.setattr(DistinctRows, "update", counted)
    data, settings = table(50), {"pred": "q", "target": "y"}
    binary = ["auc", "average_precision", "gini"]
    real = ["spearman", "kendall", "max_error", "quantile_absolute_error", "quantile_absolute_error:q=0.3"]
    found = losscli.evaluate(data, [*binary, *real], **settings)
    assert widths == [2, 2, 1]
    widths.clear()
    alone = [losscli.evaluate(data, spec, **settings)[0].value for spec in (*binary, *real)]
    assert [one.value for one in found] == alone
    widths.clear()
    losscli.compare(data, ["auc", "average_precision"], pred={"one": "p", "two": "q"}, target="y")
    assert widths == [4]


def test_keys_of_one_name_are_equal_in_a_family():
    arrays, known = [np.array([0.5, 2.0, 1.5]), np.array([1.0, 0.0, 1.0]), np.array([1.0, 1.0, 0.0])], {}
    for loss in REGISTRY.values():
        if loss.sorted_by:
            params = {name: param.default for name, param in loss.params.items()}
            for name, key in zip(loss.sorted_by, loss.keys(arrays[: len(loss.roles)], params), strict=True):
                want = known.setdefault((loss.family, tuple(loss.roles), name), key)
                assert key.tolist() == want.tolist(), loss.name


def test_a_comparison_of_auc_is_the_same_in_threads(path, capfd):
    options = ("-t", "y", "-p", "one=p", "-p", "two=q", "-l", "auc", "-w", "w", "--gate", "auc>=one significant")

    def compared(*args):
        capfd.readouterr()
        assert run([str(arg) for arg in args]) in (0, 1)
        return json.loads(capfd.readouterr().out)["gates"]

    want = compared("eval", path, *options, "-f", "json", "--threads", "1")
    assert len(want) == 1 and want[0]["interval"] is not None
    assert compared("eval", path, *options, "-f", "json", "--threads", "3") == want

"""--why: the slices that are worse than the rest by more than chance, against SciPy's tests on rows picked by pandas.

The p-values adjusted by Holm's method are checked by its definition; test_multiple_testing.py has those of statsmodels.
"""

from __future__ import annotations

import itertools
import json
import math

import jsonschema
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import losscli
from losscli.execution import searched_slices
from losscli.execution.engines.threads import Threads
from losscli.execution.evaluate import total
from losscli.execution.python_run import prepared
from losscli.results.slice_order import slices_by_line
from losscli.statistics import slice_search
from losscli.statistics.exact_association import fisher_p
from losscli.statistics.multiple_testing import holm
from losscli.statistics.slice_search import MINIMUM


def made(seed=0, rows=2000, **more):
    """A table whose columns have nothing to do with the errors."""
    rng = np.random.default_rng(seed)
    found = {
        "region": rng.choice(["north", "south", "east"], rows), "sex": rng.choice(["f", "m"], rows, p=[0.7, 0.3]),
        "code": rng.integers(0, 5, rows), "age": rng.normal(40, 12, rows).round(1),
        "y": rng.normal(size=rows),
    }  # fmt: skip
    found["p"] = found["y"] + rng.normal(size=rows)
    return pd.DataFrame(found | more)


def searched(table, loss="mae", **more):
    return losscli.evaluate(table, loss, target="y", pred="p", why=True, **more).worst_slices


def found_by_pandas(table, losses, age=None):
    """The slices of each column and pair with enough rows: labels -> the two samples."""
    labels = table[["region", "sex", "code"]].astype(str)
    if age is not None:
        edges = [float(edge) for edge in age.partition(":")[2].split("|")]
        labels = labels.assign(age=np.searchsorted(edges, table["age"], side="right").astype(str))
    for size in (1, 2):
        for names in itertools.combinations(labels.columns, size):
            for key, rows in labels.groupby(list(names)):
                inside = labels.index.isin(rows.index)
                if min(inside.sum(), (~inside).sum()) >= MINIMUM:
                    yield dict(zip(names, key, strict=True)), losses[inside], losses[~inside]


def test_p_values_are_those_of_welch_and_holm():
    table = made(rows=700)
    bad = (table["region"] == "north") & (table["sex"] == "m")
    table.loc[bad, "p"] += 4.0
    table.loc[table["code"] == 3, "p"] -= 2.5
    found = searched(table)
    losses = (table["p"] - table["y"]).abs().to_numpy()
    (age,) = [one.name for one in found.columns if one.column == "age"]
    samples = list(found_by_pandas(table, losses, age))
    tests = [stats.ttest_ind(inside, outside, equal_var=False) for _, inside, outside in samples]
    assert (found.tests, found.minimum_count, found.pairs) == (len(samples), 20, 6)
    order = np.argsort([one.pvalue for one in tests])
    adjusted = np.empty(len(tests))
    adjusted[order] = np.minimum(np.maximum.accumulate([(len(tests) - k) * tests[at].pvalue
                                                        for k, at in enumerate(order)]), 1)  # fmt: skip
    worse = {tuple(sorted(by.items())): (t, p, inside, outside)
             for (by, inside, outside), t, p in zip(samples, tests, adjusted, strict=True)
             if p < 0.05 and inside.mean() > outside.mean()}  # fmt: skip
    labels = {label: str(at) for at, label in enumerate(_labels(age))}
    seen = {tuple(sorted((name, labels.get(label, label) if name == "age" else label)
                         for name, label in one.by.items())): one for one in found.slices}  # fmt: skip
    assert seen.keys() == worse.keys()
    assert len(seen) > 5
    for key, one in seen.items():
        t, p, inside, outside = worse[key]
        assert (one.count, one.rest_count) == (len(inside), len(outside))
        assert (one.value, one.rest_value) == pytest.approx((inside.mean(), outside.mean()), rel=1e-13)
        assert one.p == pytest.approx(t.pvalue, rel=1e-9)
        assert one.df == pytest.approx(t.df, rel=1e-9)
        assert one.stderr == pytest.approx(one.difference / t.statistic, rel=1e-10)
        assert one.p_adjusted == pytest.approx(p, rel=1e-9)


def _labels(name):
    from losscli.binding.grouping_keys import grouping_key

    return grouping_key(name, lambda _: False).derivation.labels


@pytest.mark.parametrize("weight", [None, "w"])
def test_numbers_are_those_of_between_rest(weight):
    table = made(3, w=np.random.default_rng(9).uniform(0.2, 3, 2000).round(3) * 0 + 1.0)
    if weight is not None:
        table["w"] = np.random.default_rng(9).uniform(0.2, 3, 2000)
    table.loc[table["region"] == "east", "p"] += 3
    given = {"weight": weight} if weight else {}
    (one, *_) = searched(table.drop(columns=[] if weight else ["w"]), "mse", **given).slices
    assert one.by == {"region": "east"}
    report = losscli.evaluate(table, "mse", target="y", pred="p", by="region", between="rest", **given)
    ((_, own),) = slices_by_line(report.evaluation.results).items()
    (other,) = [result for result in own if result.by == {"region": "east"}]
    assert (one.value, one.rest_value) == (other.value, pytest.approx(other.between.value, rel=1e-14))
    assert one.difference == pytest.approx(other.between.difference, rel=1e-13)
    assert one.stderr == pytest.approx(other.between.stderr, rel=1e-3 if weight else 1e-13)  # weighted: CR2 of few rows
    assert one.p == pytest.approx(other.between.p, rel=0.2 if weight else 1e-9)


def test_losses_of_0_and_1_have_fishers_exact_test():
    table = made(5)
    table["y"] = (np.random.default_rng(1).random(2000) < 0.5).astype(int)
    wrong = np.random.default_rng(2).random(2000) < np.where(table["code"] == 2, 0.3, 0.1)
    table["p"] = np.where(wrong, 1 - table["y"], table["y"])
    (one, *_) = searched(table, "zero_one").slices
    inside = (table["code"] == 2).to_numpy()
    assert (one.by, one.test, one.df) == ({"code": "2"}, "fisher", None)
    assert one.value == wrong[inside].mean()
    tail = stats.hypergeom.sf(wrong[inside].sum() - 1, 2000, wrong.sum(), inside.sum())
    assert one.p == pytest.approx(2 * tail, rel=1e-9)


@pytest.mark.parametrize(
    ("a", "n", "b", "m"),
    [(3, 20, 5, 400), (20, 20, 900, 1000), (0, 30, 100, 200), (5, 50, 5, 50), (200, 900, 10, 60), (0, 20, 0, 20),
     (70000, 100000, 69000, 100000)],
)  # fmt: skip
def test_fishers_test_is_twice_the_smaller_tail(a, n, b, m):
    below = stats.hypergeom.cdf(a, n + m, a + b, n)
    above = stats.hypergeom.sf(a - 1, n + m, a + b, n)
    assert fisher_p(a, n, b, m) == pytest.approx(min(1, 2 * min(below, above)), rel=1e-7)
    assert fisher_p(n - a, n, m - b, m) == pytest.approx(fisher_p(a, n, b, m), rel=1e-7)


@pytest.mark.parametrize("loss", ["mae", "mse", "total=0.5*mse+2*mae"])
def test_the_bad_segment_and_the_bad_pair_come_first(loss):
    segment, pair = made(7), made(8)
    segment.loc[segment["region"] == "south", "p"] += 2.0
    pair.loc[(pair["region"] == "south") & (pair["code"] == 4), "p"] += 6.0
    assert searched(segment, loss).slices[0].by == {"region": "south"}
    assert searched(pair, loss).slices[0].by == {"region": "south", "code": "4"}


def test_a_bad_interval_of_numbers_is_found():
    table = made(9)
    table.loc[table["age"] > 55, "p"] += 4.0
    one = searched(table).slices[0]
    assert list(one.by) == ["age"]
    assert one.by["age"].startswith(">= ")


@pytest.mark.parametrize("noise", ["normal", "heavy tails", "mostly wrong"])
def test_of_1000_tables_without_a_bad_slice_at_most_5_percent_show_one(noise, monkeypatch):
    """Each model is a table: its errors have nothing to do with the columns."""
    monkeypatch.setattr(searched_slices, "_SLICES", 10**6)
    rng, rows, tables = np.random.default_rng(2), 400, 1000
    names = [f"m{at}" for at in range(tables)]
    errors = rng.standard_t(3, (rows, tables)) if noise == "heavy tails" else rng.normal(size=(rows, tables))
    if noise == "mostly wrong":
        errors = (rng.random((rows, tables)) < 0.9).astype(float)
    data = dict(zip(names, np.ascontiguousarray(errors.T), strict=True)) | {"y": np.zeros(rows)}
    data |= {f"c{at}": rng.integers(0, 2 + at, rows) for at in range(4)}
    tests = per_model(data, names, "zero_one" if noise == "mostly wrong" else "mse")
    assert len(tests) == tables
    assert min(map(len, tests)) > 30
    assert sum(map(shows_one, tests)) <= tables * 0.05


def shows_one(tests):
    """Whether a table by itself has a slice that is worse."""
    adjusted = holm([one.p for one in tests])
    return any(p < 0.05 and one.value > one.rest_value for p, one in zip(adjusted, tests, strict=True))


def per_model(data, names, loss):
    """The tests of each model alone."""
    settings = {"source": data, "losses": loss, "target": "y", "pred": {name: name for name in names},
                "worst_slices": True}  # fmt: skip
    run = searched_slices.with_searched_slices(prepared(settings))
    totals, _ = total(run, Threads(1))
    return [list(slice_search._tests(run.plan.lines[at], sums, totals.slice_search))
            for at, sums in totals.slice_search.lines.items()]  # fmt: skip


def test_the_worse_of_scores_are_lower_and_of_biases_farther_from_0():
    table = made(11)
    table["p"] = table["y"] + np.where(table["sex"] == "m", -2.0, 0.1) + np.random.default_rng(0).normal(size=2000)
    assert searched(table, "mean_error").slices[0].by == {"sex": "m"}
    labels = made(12)
    labels["y"] = np.random.default_rng(1).integers(0, 2, 2000)
    wrong = np.random.default_rng(2).random(2000) < np.where(labels["sex"] == "m", 0.4, 0.1)
    labels["p"] = np.where(wrong, 1 - labels["y"], labels["y"])
    one = searched(labels, "accuracy").slices[0]
    assert one.by == {"sex": "m"}
    assert one.value < one.rest_value


def test_threads_and_chunks_change_no_bit(tmp_path, monkeypatch):
    table = made(13, rows=6_000)
    table.loc[table["region"] == "south", "p"] += 0.5
    table["word"] = np.where(np.arange(6_000) % 7, "a", "")
    file = tmp_path / "t.csv"
    table.to_csv(file, index=False)
    plain = losscli.evaluate(str(file), ["mae", "mse"], target="y", pred="p", why=True, threads=1).to_dict()
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "777")
    cut = losscli.evaluate(str(file), ["mae", "mse"], target="y", pred="p", why=True, threads=3).to_dict()
    assert plain["worst_slices"] == cut["worst_slices"]
    assert plain["worst_slices"]["found"]
    table.to_parquet(tmp_path / "t.parquet", row_group_size=1000)
    typed = losscli.evaluate(str(tmp_path / "t.parquet"), ["mae", "mse"], target="y", pred="p", why=True).to_dict()
    assert typed["worst_slices"] == plain["worst_slices"]


def test_which_columns_make_slices():
    rows = 300
    table = made(14, rows=rows)
    table["name"] = [f"r{at}" for at in range(rows)]
    table["nr"] = np.arange(rows)
    table["user_id"] = np.arange(rows) // 3
    table["one"] = "x"
    table["zeros"] = np.where(np.arange(rows) < 220, 0.0, np.arange(rows) * 1.5)
    table["gap"] = np.where(np.arange(rows) % 3 == 0, np.nan, np.arange(rows) % 4)
    table["vector"] = [[1.0, 2.0]] * rows
    table["w"] = 1.0
    found = searched(table, weight="w")
    assert {one.column: one.slices for one in found.columns} == {
        "region": 3, "sex": 2, "code": 5, "age": 5, "zeros": 2, "gap": 5,
    }  # fmt: skip
    assert {one.name: one.why for one in found.left_out} == {
        "name": "more than 50 different values, not all numbers", "nr": "its numbers name rows",
        "user_id": "its numbers name rows", "one": "one value",
    }  # fmt: skip


def test_fifty_values_make_slices_and_one_more_makes_none():
    table = made(15)
    table["fifty"], table["more"] = [[f"v{at % n:02}" for at in range(2000)] for n in (50, 51)]
    found = searched(table)
    assert {one.column: one.slices for one in found.columns}["fifty"] == 50
    assert [one.name for one in found.left_out] == ["more"]


@pytest.mark.parametrize(
    ("number", "why"), [("1.{zeros}", "one value"), ("1e4{zeros}", "more than 50 different values, not all numbers")]
)
def test_spellings_of_one_number_and_texts_of_numbers_beyond_doubles_make_no_slices(number, why, tmp_path):
    rows = (f"{i % 7},{i % 3},{number.format(zeros='0' * (i % 60))}\n" for i in range(120))
    (tmp_path / "rows.csv").write_text("y,p,k\n" + "".join(rows))
    found = losscli.evaluate(str(tmp_path / "rows.csv"), "mse", target="y", pred="p", why=True).worst_slices
    assert [(one.name, one.why) for one in found.left_out] == [("k", why)]


def test_without_a_column_that_makes_slices_there_are_no_tests():
    found = searched(made()[["y", "p"]].assign(k="same"))
    assert (found.tests, found.columns, [one.why for one in found.left_out]) == (0, (), ["one value"])


def test_few_rows_are_not_tested(monkeypatch):
    table = made(16, rows=500)
    table["rare"] = np.where(np.arange(500) < MINIMUM - 1, "few", "many")
    table["p"] += np.where(table["rare"] == "few", 50.0, 0.0)
    assert not any("rare" in one.by for one in searched(table).slices)
    table["rare"] = np.where(np.arange(500) < MINIMUM, "few", "many")
    assert searched(table).slices[0].by == {"rare": "few"}


def test_pairs_beyond_the_room_are_counted(monkeypatch):
    monkeypatch.setattr(searched_slices, "_SLICES", 40)
    found = searched(made(17))
    assert (found.pairs, found.pairs_left_out) == (2, 4)  # 15 slices of columns, then 6 and 10 of pairs
    monkeypatch.setattr(searched_slices, "_PAIRS", 1)
    assert searched(made(17)).pairs_left_out == 5


def test_what_is_no_mean_of_rows_is_said():
    report = losscli.evaluate(made(18), ["rmse", "mae"], target="y", pred="p", why=True)
    assert report.worst_slices.losses == ("mae",)
    assert any(one.message.startswith("rmse: its slices are not tested") for one in report.warnings)


def test_rounding_is_no_worse_loss():
    table = made()
    table["y"] = np.where(table["sex"] == "f", 100.3, 0.3)
    table["p"] = table["y"] + 0.1
    losses = (table["p"] - table["y"]).groupby(table["sex"]).mean()
    assert losses["m"] != losses["f"]
    table.loc[table.index[:100], "p"] += 1e-13  # else the losses of a slice do not vary
    assert searched(table).found == 0


def test_infinite_losses_are_not_tested():
    table = made(19)
    table.loc[0, "p"] = 0.0
    table["y"] = (table["y"] > 0).astype(float)
    table["p"] = 1 / (1 + np.exp(-table["p"]))
    table.loc[3, ["y", "p"]] = 1.0, 0.0
    found = searched(table, "bce")
    assert found.tests == 0
    assert not found.slices


def test_rows_of_weight_0_take_no_part():
    table = made(20)
    table.loc[table["region"] == "south", "p"] += 1.0
    more = pd.concat([table.assign(w=1.0), table.assign(p=1e6, w=0.0)])
    plain, other = searched(table.assign(w=1.0), weight="w"), searched(more, weight="w")
    assert plain.slices == other.slices
    assert plain.slices


def test_clusters_are_no_rows():
    report = losscli.evaluate(made(21), "mae", target="y", pred="p", why=True, cluster="code")
    assert report.worst_slices is None
    assert report.influence


def test_a_stream_is_read_once():
    import pyarrow as pa

    stream = pa.Table.from_pandas(made(22)).to_reader(max_chunksize=100)
    report = losscli.evaluate(stream, "mae", target="y", pred="p", why=True)
    assert report.worst_slices is None


def test_the_json_report_has_it_by_its_schema():
    from losscli.report import schema

    table = made(23)
    table.loc[table["region"] == "south", "p"] += 1.0
    document = losscli.evaluate(table, "mae", target="y", pred="p", why=True).to_dict()
    jsonschema.validate(document, json.loads(schema("report")))
    assert document["worst_slices"]["slices"][0]["by"] == {"region": "south"}
    assert [one["nested"] for one in document["worst_slices"]["slices"][:2]] == [False, True]


def test_holm_is_over_all_losses_and_models():
    table = made(24)
    table.loc[table["region"] == "south", "p"] += 1.0
    table["q"] = table["p"] * 1.0
    alone = searched(table.drop(columns="q"))
    report = losscli.evaluate(table, ["mae", "mse"], target="y", pred={"a": "p", "b": "q"}, why=True)
    assert report.worst_slices.tests == 4 * alone.tests
    ps = [alone.slices[0].p] + [1.0] * (4 * alone.tests - 1)
    first = report.worst_slices.slices[0]
    assert first.p == alone.slices[0].p
    assert first.p_adjusted >= holm(ps)[0] * 0.9
    assert math.isfinite(first.p_adjusted)

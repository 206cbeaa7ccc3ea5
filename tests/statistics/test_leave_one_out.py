"""The influence of units: a value without a unit is that of a run without its rows."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest

import losscli
import losscli.report
from losscli.cli.entry import run
from losscli.statistics import leave_one_out

N = 240
RNG = np.random.default_rng(11)
DATA = {
    "y": RNG.normal(size=N), "a": RNG.normal(size=N), "b": RNG.normal(size=N), "w": RNG.uniform(0.5, 2, N),
    "z": (RNG.uniform(size=N) < 0.3).astype(float), "p": RNG.uniform(0.1, 0.9, N),
    "user": np.array([f"u{at:02}" for at in RNG.integers(0, 25, N)]), "site": RNG.integers(0, 2, N),
}  # fmt: skip


def evaluate(data, loss, **settings):
    return losscli.evaluate(data, loss, **{"target": "y", "pred": "a", **settings})


def without(unit, column="user"):
    kept = DATA[column] != unit
    return {name: values[kept] for name, values in DATA.items()}


@pytest.mark.parametrize(("loss", "settings"), [
    ("mse", {}), ("mse", {"weight": "w"}), ("rmse", {"weight": "w"}), ("wmape", {}), ("mse", {"reduction": "sum"}),
    ("mse", {"weight": "w", "divide_by": "count"}), ("total=0.5*mse+2*mae", {}),
    ("bce", {"target": "z", "pred": "p", "class_weight": "balanced"}),
    ("bce", {"target": "z", "pred": "p", "class_weight": {"0": 1, "1": 3}}),
])  # fmt: skip
def test_a_value_without_a_cluster_is_that_of_the_other_rows(loss, settings):
    (found,) = evaluate(DATA, loss, cluster="user", why=True, **settings).influence
    assert (found.units, found.count, len(found.removed)) == ("user", 25, 10)
    for one in found.removed:
        (want, *_) = evaluate(without(one.unit), loss, **settings)
        assert one.value == pytest.approx(want.value, rel=1e-14)
        assert one.change == one.value - found.value
    sizes = [abs(one.change) for one in found.removed]
    assert sizes == sorted(sizes, reverse=True)
    others = set(DATA["user"]) - {one.unit for one in found.removed}
    left = [abs(next(iter(evaluate(without(unit), loss, **settings))).value - found.value) for unit in others]
    assert max(left) <= sizes[-1] * (1 + 1e-9)


def test_slices_have_the_influence_of_their_own_rows():
    """The same numbers as of a run on the rows of the slice alone, values and differences of models alike."""
    asked = {"pred": {"a": "a", "b": "b"}, "cluster": "user", "weight": "w", "why": True, "target": "y"}
    report = losscli.compare(DATA, ["mse", "wmape"], by="site", **asked)
    for site in (0, 1):
        own = {name: values[DATA["site"] == site] for name, values in DATA.items()}
        alone = losscli.compare(own, ["mse", "wmape"], **asked).influence
        found = [one for one in report.influence if one.by == {"site": str(site)}]
        assert [(one.model, one.against, one.spec, one.count) for one in found] == [
            (one.model, one.against, one.spec, one.count) for one in alone
        ]
        assert [one.removed for one in found] == [one.removed for one in alone]
    assert len(report.influence) == 3 * len(alone)
    jsonschema.validate(json.loads(report.to_json()), json.loads(losscli.report.schema()))


def test_shares_are_those_of_the_weight():
    (found,) = evaluate(DATA, "mse", cluster="user", weight="w", why=True).influence
    for one in found.removed:
        assert one.share == pytest.approx(DATA["w"][DATA["user"] == one.unit].sum() / DATA["w"].sum(), rel=1e-14)
    (found,) = evaluate(DATA, "bce", target="z", pred="p", cluster="user", class_weight="balanced", why=True).influence
    for one in found.removed:
        assert one.share == pytest.approx((DATA["user"] == one.unit).mean(), rel=1e-14)


def test_a_difference_without_a_cluster():
    settings = {"target": "y", "pred": {"a": "a", "b": "b"}, "against": "b"}
    *values, found = losscli.compare(DATA, "rmse", cluster="user", why=True, **settings).influence
    assert [(one.model, one.against) for one in (*values, found)] == [("a", None), ("b", None), ("a", "b")]
    for one in found.removed[:3]:
        (want,) = losscli.compare(without(one.unit), "rmse", permutations=0, **settings).comparisons
        assert one.value == pytest.approx(want.difference, rel=1e-12)


def test_rows_times_keys_and_batches_are_units_too(tmp_path):
    (found,) = evaluate(DATA, "mse", why=True).influence
    worst = int(np.argmax((DATA["a"] - DATA["y"]) ** 2))
    assert (found.units, found.count, found.removed[0].unit) == ("row", N, str(worst + 1))
    data = {**DATA, "day": np.arange(N) // 8}
    (found,) = evaluate(data, "mse", time="day", why=True).influence
    assert (found.units, found.count) == ("day", 30)
    sums = np.bincount(data["day"], (data["a"] - data["y"]) ** 2)
    assert found.removed[0].unit == str(int(np.argmax(np.abs(sums - sums.mean()))))
    vectors = {"e": RNG.normal(size=(40, 3)), "f": RNG.normal(size=(40, 3))}
    report = losscli.evaluate(vectors, "nt_xent", columns={"anchor": "e", "positive": "f"}, batch_size=8, why=True)
    (found,) = report.influence
    assert (found.units, found.count) == ("batch", 5)
    (tmp_path / "p.csv").write_text("id,a\nx,1\nq,5\nz,2\n")
    (tmp_path / "t.csv").write_text("id,y\nz,2\nx,1\nq,0\n")
    report = evaluate(str(tmp_path / "p.csv"), "mse", targets=str(tmp_path / "t.csv"), on="id", why=True)
    assert report.influence[0].removed[0].unit == "q"


def test_a_value_that_is_undefined_without_a_unit_comes_first():
    data = {"y": np.array([0.0, 0, 0, 5]), "a": np.array([0.0, 0, 0, 4]), "user": np.array(list("abcd"))}
    (found,) = evaluate(data, "wmape", cluster="user", why=True).influence
    assert [(one.unit, np.isnan(one.value)) for one in found.removed][:2] == [("d", True), ("a", False)]


def test_a_single_unit_has_no_influence_and_that_is_said():
    data = {"y": np.zeros(4), "a": np.arange(4.0), "w": np.array([0.0, 0, 0, 2]), "user": np.array(list("abcd"))}
    report = evaluate(data, ["mse", "mae"], weight="w", cluster="user", why=True)
    assert report.influence == ()
    (said,) = [warning.message for warning in report.warnings if "single unit" in warning.message]
    assert said.startswith("mse of a and 1 more are of a single unit: ")
    by_day = {"y": np.zeros(4), "a": np.arange(4.0), "b": np.ones(4), "day": np.array(list("xyyy"))}
    report = losscli.compare(by_day, "mse", target="y", pred={"a": "a", "b": "b"}, by="day", why=True)
    (said,) = [warning.message for warning in report.warnings if "single unit" in warning.message]
    assert said.startswith("mse of a, day=x and 2 more are of a single unit: ")  # b, and their difference


def test_more_units_than_are_kept_are_said(monkeypatch):
    monkeypatch.setattr("losscli.aggregate.hashed_clusters.MAX_CLUSTERS", 50)
    report = evaluate(DATA, "mse", why=True)
    assert report.influence == ()
    assert any("the influence of single ones is not known" in warning.message for warning in report.warnings)


def test_it_does_not_depend_on_the_order_of_rows():
    turned = {name: values[::-1] for name, values in DATA.items()}
    settings = {"cluster": "user", "weight": "w", "why": True}
    assert evaluate(turned, "mse", **settings).influence == evaluate(DATA, "mse", **settings).influence


def test_nothing_else_changes():
    plain = evaluate(DATA, "mse", interval=True)
    asked = evaluate(DATA, "mse", interval=True, why=True)
    assert list(plain) == list(asked)


def test_shards_refuse_it(tmp_path):
    (tmp_path / "a.csv").write_text("y,a\n0,1\n0,2\n")
    arguments = ["eval", str(tmp_path / "a.csv"), "-t", "y", "-p", "a", "-l", "mse", "--why"]
    assert run([*arguments, "--shard", "1/2", "--state-out", str(tmp_path / "s")]) == 2


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "markdown", "html"])
def test_reports_show_it(tmp_path, capsys, form):
    (tmp_path / "a.csv").write_text("y,a,user\n0,1,ann\n0,2,bob\n0,5,cy\n")
    arguments = ["eval", str(tmp_path / "a.csv"), "-t", "y", "-p", "a", "-l", "mse", "--cluster", "user", "--why"]
    assert run([*arguments, "-f", form]) == 0
    shown = capsys.readouterr().out
    assert "cy" in shown
    if form == "json":
        jsonschema.validate(json.loads(shown), json.loads(losscli.report.schema()))
        (found,) = json.loads(shown)["influence"]
        assert found["removed"][0] == {"unit": "cy", "value": 2.5, "change": 2.5 - 10, "share": 1 / 3}


def test_the_sizes_of_changes():
    assert leave_one_out._size(float("nan")) > leave_one_out._size(-3.0) == 3

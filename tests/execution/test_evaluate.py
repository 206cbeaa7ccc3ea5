"""Slices, weights, class weights, blends, batches: by hand, against numbers worked out beside the product."""

from __future__ import annotations

import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import losscli
from losscli.errors import DataError, EmptyError, UsageError

PRED = [2.5, 0.0, 2.0, 8.0, 1.5]
TARGET = [3.0, -0.5, 2.0, 7.0, 4.0]
DATA = {"p": PRED, "y": TARGET, "w": [1.0, 2.0, 0.0, 0.5, 3.0], "c": ["a", "b", "a", "b", "a"], "d": [1, 1, 2, 2, 2]}
BIND = {"target": "y", "pred": "p"}


def exact_mean(values, weights=None):
    weights = weights or [1.0] * len(values)
    top = sum(Fraction(v) * Fraction(w) for v, w in zip(values, weights, strict=True))
    return float(top / sum(map(Fraction, weights)))


SQUARES = [(p - y) ** 2 for p, y in zip(PRED, TARGET, strict=True)]


def test_weighted_mean_by_weight_and_by_count():
    weighted = losscli.evaluate(DATA, "mse", weight="w", **BIND)[0]
    assert weighted.value == exact_mean(SQUARES, DATA["w"])
    assert (weighted.count, weighted.weight) == (4, 6.5)
    by_count = losscli.evaluate(DATA, "mse", weight="w", divide_by="count", **BIND)[0]
    assert by_count.value == sum(w * s for w, s in zip(DATA["w"], SQUARES, strict=True)) / 4
    total = losscli.evaluate(DATA, "mse", weight="w", reduction="sum", **BIND)[0]
    assert total.value == by_count.value * 4 and total.reduction == "sum"


def test_a_slice_is_the_run_on_its_rows():
    report = losscli.evaluate(DATA, ["mse", "rmse"], by=["c", "d"], weight="w", **BIND)
    whole = losscli.evaluate(DATA, ["mse", "rmse"], weight="w", **BIND)
    assert [r.value for r in report if not r.by] == [r.value for r in whole]
    seen = [dict(r.by) for r in report if r.loss == "mse"]
    assert seen == [{}, {"c": "a", "d": "1"}, {"c": "a", "d": "2"}, {"c": "b", "d": "1"}, {"c": "b", "d": "2"}]
    for result in report:
        if result.by:
            where = " and ".join(["c == '" + result.by["c"] + "'", "d == " + result.by["d"]])
            alone = losscli.evaluate(DATA, result.spec, where=where, weight="w", **BIND)[0]
            assert (alone.value, alone.count, alone.weight) == (result.value, result.count, result.weight)


def test_class_weights_balanced_by_hand():
    data = {"y": ["cat", "dog", "cat", "cat"], "p_cat": [0.9, 0.2, 0.6, 0.5], "p_dog": [0.1, 0.8, 0.4, 0.5]}
    losses = [-math.log(p) for p in (0.9, 0.8, 0.6, 0.5)]
    balanced = losscli.evaluate(data, "cross_entropy", target="y", pred="p_*", class_weight="balanced")[0]
    weights = [4 / (2 * 3), 4 / (2 * 1), 4 / (2 * 3), 4 / (2 * 3)]
    assert balanced.value == pytest.approx(np.average(losses, weights=weights), rel=1e-15)
    summed = losscli.evaluate(data, "cross_entropy", target="y", pred="p_*", class_weight="balanced", reduction="sum")[
        0
    ]
    assert summed.value == pytest.approx(np.dot(losses, weights), rel=1e-15)
    given = losscli.evaluate(data, "cross_entropy", target="y", pred="p_*", class_weight={"cat": 1, "dog": 2.5})[0]
    assert given.value == pytest.approx(np.average(losses, weights=[1, 2.5, 1, 1]), rel=1e-15)
    zero = losscli.evaluate(data, "cross_entropy", target="y", pred="p_*", class_weight={"cat": 0, "dog": 2})[0]
    assert zero.value == pytest.approx(-math.log(0.8), rel=1e-15) and zero.count == 1
    with pytest.raises(DataError, match="class 'dog' has no weight"):
        losscli.evaluate(data, "cross_entropy", target="y", pred="p_*", class_weight={"cat": 1})
    with pytest.raises(UsageError, match="need one class per row"):
        losscli.evaluate(DATA, "mse", class_weight="balanced", **BIND)


def test_class_weights_multiply_row_weights_and_gradients():
    data = {"y": [1, 0, 1, 1], "p": [0.9, 0.2, 0.6, 0.5], "w": [1.0, 2.0, 0.5, 3.0]}
    settings = {"target": "y", "pred": "p", "weight": "w", "class_weight": {"0": 3.0, "1": 0.5}}
    both = np.array([0.5, 6.0, 0.25, 1.5])
    losses = -np.log([0.9, 0.8, 0.6, 0.5])
    assert losscli.evaluate(data, "bce", **settings)[0].value == pytest.approx(np.average(losses, weights=both))
    slopes = losscli.gradient(data, "bce", **settings)["p"]
    want = np.array([-1 / 0.9, 1 / 0.8, -1 / 0.6, -1 / 0.5]) * both / both.sum()
    np.testing.assert_allclose(slopes, want, rtol=1e-14)


def test_blend_is_the_sum_of_its_parts():
    weights = np.array([[0.5, -1.5], [2.0, 0.25]])
    report = losscli.evaluate(
        DATA, ["total=0.7*mse+0.3*mae+l2_penalty:strength=0.01", "mse", "mae"], tables={"params": weights}, **BIND
    )
    total, mse, mae = report
    penalty = 0.01 * float((weights**2).sum())
    assert total.value == pytest.approx(0.7 * mse.value + 0.3 * mae.value + penalty, rel=1e-15)
    assert [(p.spec, p.factor, p.value) for p in total.parts] == [
        ("mse", 0.7, mse.value), ("mae", 0.3, mae.value), ("l2_penalty:strength=0.01", 1.0, pytest.approx(penalty)),
    ]  # fmt: skip
    assert total.loss == "total" and total.count == 5
    slopes = losscli.gradient(DATA, "0.7*mse+0.3*mae", **BIND)["p"]
    error = np.subtract(PRED, TARGET)
    np.testing.assert_allclose(slopes, (0.7 * 2 * error + 0.3 * np.sign(error)) / 5, rtol=1e-15)
    rows = losscli.row_values(DATA, "0.7*mse+0.3*mae", **BIND)["p/0.7*mse+0.3*mae"]
    np.testing.assert_allclose(rows, 0.7 * error**2 + 0.3 * abs(error), rtol=1e-15)


def test_penalties_need_no_source():
    weights = np.array([[0.5, -1.5], [2.0, 0.25]])
    report = losscli.evaluate(None, ["l1_penalty:strength=0.1", "l2_penalty"], tables={"params": weights})
    assert [r.value for r in report] == [pytest.approx(0.425), 0.25 + 2.25 + 4 + 0.0625]
    assert report[0].reduction == "sum" and report[0].count == 4
    slopes = losscli.gradient(None, "l2_penalty:strength=2", tables={"params": weights})
    np.testing.assert_array_equal(np.stack([slopes["0"], slopes["1"]], axis=1), 4 * weights)


def test_several_outputs_count_alike_and_meet_by_name():
    data = {"p_a": [1.0, 2.0], "p_b": [10.0, 20.0], "t_b": [11.0, 22.0], "t_a": [3.0, 2.0]}
    result = losscli.evaluate(data, ["mse", "rmse"], pred="p_*", target="t_*")
    assert result[0].value == ((4 + 1) / 2 + (0 + 4) / 2) / 2
    assert result[1].value == math.sqrt(result[0].value)
    assert losscli.evaluate(data, "mse", pred="p_a,p_b", target="t_a,t_b")[0].value == result[0].value
    with pytest.raises(DataError, match="do not match"):
        losscli.evaluate({**data, "t_c": [0.0, 0.0]}, "mse", pred="p_*", target="t_*")


def test_classes_bind_by_name_never_by_luck():
    # The columns stand in another order than the alphabet's; scikit-learn scores this file wrongly.
    data = {"y": ["dog", "cat"], "p_dog": [1.0, 0.0], "p_cat": [0.0, 1.0]}
    assert losscli.evaluate(data, "cross_entropy", target="y", pred="p_*")[0].value == 0
    named = {"y": ["dog", "cat"], "dog": [1.0, 0.0], "cat": [0.0, 1.0]}
    assert losscli.evaluate(named, "cross_entropy", target="y", pred="dog,cat")[0].value == 0
    with pytest.raises(DataError, match="is not among the classes dog, cat"):
        losscli.evaluate({**data, "y": ["dog", "bird"]}, "cross_entropy", target="y", pred="p_*")
    with pytest.raises(DataError, match="is not among the classes dog, cat"):
        # A star names its classes for certain: numbers are no positions there.
        losscli.evaluate({**data, "y": [0, 1]}, "cross_entropy", target="y", pred="p_*")
    with pytest.raises(DataError, match="is not a class index"):
        losscli.evaluate({**data, "y": ["Dog", "Cat"]}, "cross_entropy", target="y", pred="p_dog,p_cat")
    with pytest.raises(DataError, match="out of range for 2 class columns"):
        losscli.evaluate({"y": [0, 2], "p": np.array([[1.0, 0], [0, 1]])}, "cross_entropy", target="y", pred="p")
    by_place = {"y": [0, 1.0], "a": [1.0, 0.0], "b": [0.0, 1.0]}
    assert losscli.evaluate(by_place, "cross_entropy", target="y", pred="a,b")[0].value == 0


def test_slopes_of_several_outputs_and_of_rows_without_weight():
    data = {"p_a": [1.0, 2.0], "p_b": [10.0, 20.0], "t_a": [3.0, 2.0], "t_b": [11.0, 22.0]}
    slopes = losscli.gradient(data, "mse", pred="p_*", target="t_*")
    assert (slopes["p_a"].tolist(), slopes["p_b"].tolist()) == ([-1.0, 0.0], [-0.5, -1.0])
    # The slope of the first row is infinite, and its weight is 0: it takes no part.
    data = {"p": [0.0, 0.5], "y": [1, 1], "w": [0.0, 2.0]}
    assert losscli.gradient(data, "bce", pred="p", target="y", weight="w")["p"].tolist() == [0.0, -2.0]


def test_infinities_of_both_signs_are_nan():
    from losscli.aggregate.exact_sum import Sums
    from losscli.statistics.finalized_sums import WeightedSliceId, non_finite_sum

    sums = Sums(2)
    sums.update(np.array([math.inf, -math.inf]), np.array([0, 1]))
    assert non_finite_sum(sums, [WeightedSliceId(0)]) == math.inf
    assert math.isnan(non_finite_sum(sums, [WeightedSliceId(0), WeightedSliceId(1)]))


def test_a_distribution_meets_its_columns_by_name():
    data = {"p_x": [0.2, 0.7], "p_y": [0.8, 0.3], "t_y": [1.0, 0.0], "t_x": [0.0, 1.0]}
    want = -(math.log(0.8) + math.log(0.7)) / 2
    assert losscli.evaluate(data, "cross_entropy", target="t_*", pred="p_*")[0].value == pytest.approx(want, rel=1e-15)


def test_positive_label_must_occur():
    data = {"y": ["sick", "well", "sick"], "p": [0.9, 0.2, 0.7]}
    value = losscli.evaluate(data, "bce", target="y", pred="p", positive="sick")[0].value
    assert value == pytest.approx(-(math.log(0.9) + math.log(0.8) + math.log(0.7)) / 3, rel=1e-15)
    with pytest.raises(DataError, match="the positive class label 'ill' does not occur in column 'y'"):
        losscli.evaluate(data, "bce", target="y", pred="p", positive="ill")
    with pytest.raises(DataError) as caught:
        losscli.evaluate(data, "bce", target="y", pred="p")
    assert "--positive" in caught.value.hint and caught.value.row == 1


def test_batches():
    rng = np.random.default_rng(0)
    data = {"a": rng.normal(size=(10, 3)), "b": rng.normal(size=(10, 3)), "k": list("xyxyxyxyxy")}
    roles = {"columns": {"anchor": "a", "positive": "b"}}
    whole = losscli.evaluate(data, "info_nce", **roles)[0]
    assert whole.batch.how == "table" and whole.batch.groups == 1
    sized = losscli.evaluate(data, "info_nce", batch_size=4, **roles)[0]
    assert (sized.batch.how, sized.batch.size, sized.batch.groups) == ("size", 4, 3)
    pieces = [losscli.losses.info_nce(data["a"][i : i + 4], data["b"][i : i + 4]) for i in (0, 4, 8)]
    assert sized.value == pytest.approx(np.concatenate(pieces).mean(), rel=1e-14)
    keyed = losscli.evaluate(data, "info_nce", batch_by="k", **roles)[0]
    pieces = [losscli.losses.info_nce(data["a"][i::2], data["b"][i::2]) for i in (0, 1)]
    assert keyed.value == pytest.approx(np.concatenate(pieces).mean(), rel=1e-14)
    assert len({whole.signature, sized.signature, keyed.signature}) == 3
    rows = losscli.row_values(data, "info_nce", batch_by="k", **roles)
    np.testing.assert_allclose(rows["info_nce"][::2], pieces[0], rtol=1e-14)
    slopes = losscli.gradient(data, "info_nce", batch_by="k", **roles)
    assert slopes["a"].shape == (10, 3) and slopes["row"].tolist() == list(range(1, 11))
    with pytest.raises(UsageError, match="cannot be used together"):
        losscli.evaluate(data, "info_nce", batch_by="k", batch_size=2, **roles)
    with pytest.raises(UsageError, match="none was given"):
        losscli.evaluate(DATA, "mse", batch_size=2, **BIND)


def test_slices_of_a_batch_loss_take_the_values_not_the_batch():
    rng = np.random.default_rng(0)
    data = {"a": rng.normal(size=(8, 3)), "b": rng.normal(size=(8, 3)), "s": list("uuuuvvvv")}
    report = losscli.evaluate(data, "info_nce", by="s", columns={"anchor": "a", "positive": "b"})
    values = losscli.losses.info_nce(data["a"], data["b"])
    assert [r.value for r in report] == [pytest.approx(v, rel=1e-14) for v in
                                         (values.mean(), values[:4].mean(), values[4:].mean())]  # fmt: skip


def test_infinite_and_undefined_values():
    data = {"y": [1, 0, 1], "p": [0.0, 0.5, 0.7]}
    report = losscli.evaluate(data, "bce", target="y", pred="p")
    assert report[0].value == math.inf
    assert [(w.count, "non-finite" in w.message) for w in report.warnings] == [(1, True)]
    real = {"y": [1, 1], "d": [0.7, 0.6]}
    report = losscli.evaluate(real, ["gan_discriminator", "gan_generator:factor=1", "mse"], target="y", pred="d")
    assert math.isnan(report[0].value) and math.isnan(report[1].value) and report[2].value > 0
    assert any("term 'fake' has no rows" in w.message for w in report.warnings)
    with pytest.raises(EmptyError):
        losscli.evaluate(real, "gan_discriminator", target="y", pred="d")


def test_nothing_to_score():
    with pytest.raises(EmptyError, match="none of the 5 rows is left"):
        losscli.evaluate(DATA, "mse", where="w > 100", **BIND)
    with pytest.raises(EmptyError):
        losscli.evaluate({**DATA, "z": [0.0] * 5}, "mse", weight="z", **BIND)


def test_policies():
    data = {"p": [1.0, math.nan, 3.0, 4.0], "y": [1.0, 2.0, None, 5.0], "q": [2.0, 2.0, 2.0, 2.0]}
    with pytest.raises(DataError, match="is NaN"):
        losscli.evaluate(data, "mse", target="y", pred="p", missing="drop")
    with pytest.raises(DataError, match="has no value"):
        losscli.evaluate(data, "mse", target="y", pred="p", nan="drop")
    report = losscli.evaluate(data, "mse", target="y", pred={"p": "p", "q": "q"}, missing="drop", nan="drop")
    rows = report.evaluation.rows
    assert (rows.read, rows.used, rows.dropped) == (4, 2, 2)
    # The row that only p lacks is left out for q too: models are compared on the same rows.
    assert [r.value for r in report] == [0.5, ((2 - 1) ** 2 + (2 - 5) ** 2) / 2]
    filtered = losscli.evaluate(data, "mse", target="y", pred="p", where="q == 2 and y is not null", nan="drop")
    assert filtered.evaluation.rows.used == 2


def test_report_finds_and_shows_itself():
    report = losscli.evaluate(DATA, ["mse", "huber:delta=2"], target="y", pred={"m": "p", "n": "w"}, by="c")
    assert report.find("mse", model="m", c="a").count == 3
    assert report.find("huber:delta=2.0", model="n").by == {}
    with pytest.raises(KeyError, match="results for 'mse'"):
        report["mse"]
    frame = report.to_frame()
    assert list(frame.columns[:4]) == ["model", "c", "loss", "spec"] and len(frame) == 12
    assert "<table" in report._repr_html_()
    assert report.to_json().startswith('{\n  "schema": "losscli.report/1"')


def test_usual_names_are_used_only_when_there_is_one():
    from typed_request import typed_request

    from losscli.execution.prepare import Data, prepare

    data = {"y": [1.0, 2.0], "score": [1.5, 2.0]}
    assert losscli.evaluate(data, "mse")[0].value == 0.125
    prepared = prepare(typed_request("mse"), Data(memory=data))
    assert prepared.notes == ("using column 'score' as pred", "using column 'y' as target")
    with pytest.raises(UsageError, match="needs 'pred'") as caught:
        losscli.evaluate({**data, "prob": [0.5, 0.5]}, "mse")
    assert "it could be any of the columns prob and score" in caught.value.hint


def test_what_the_filter_leaves_out_is_never_the_cause_of_an_error(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("keep,y,p_cat,p_dog\n0,bird,5,nan\n1,cat,0.5,0.5\n0,,inf,\n1,dog,0.25,0.75\n1,cat,0.5,1.5\n")
    settings = {"target": "y", "pred": "p_*"}
    where = "keep == 1 and p_dog <= 1"
    value = losscli.evaluate(str(path), "cross_entropy", where=where, **settings)[0].value
    assert value == pytest.approx((math.log(2) - math.log(0.75)) / 2, rel=1e-15)
    assert losscli.row_values(str(path), "cross_entropy", where=where, **settings)["row"].tolist() == [2, 4]
    with pytest.raises(DataError) as caught:
        losscli.evaluate(str(path), "cross_entropy", where="keep == 1", **settings)
    assert (caught.value.row, caught.value.line, caught.value.column) == (5, 6, "p_dog")
    data = {"k": [0, 1, 1], "y": ["no", "yes", "maybe"], "p": [0.5, 0.5, 0.5]}
    with pytest.raises(DataError) as caught:
        losscli.evaluate(data, "bce", target="y", pred="p", where="k == 1")
    assert caught.value.row == 2


def test_many_classes():
    names = [f"c{i}" for i in range(3000)]
    certain = np.eye(3000)
    data = {"y": names, "p": certain}
    with pytest.raises(DataError, match="is not a class index"):
        losscli.evaluate(data, "cross_entropy", target="y", pred="p")
    wide = {f"p_{name}": certain[i] for i, name in enumerate(names[:50])}
    assert losscli.evaluate({"y": [*names[:50]], **{k: v[:50] for k, v in wide.items()}}, "cross_entropy",
                            target="y", pred="p_*")[0].value == 0  # fmt: skip


def test_blas_has_one_thread_while_we_work_and_its_own_after():
    from losscli.parallel import _bundled, one_blas_thread

    found = _bundled()
    assert found or sys.platform != "linux", "NumPy's wheels for Linux bring OpenBLAS"
    before = [read() for read, _ in found]
    for _, write in found:
        write(2)
    try:
        with one_blas_thread():
            assert [read() for read, _ in found] == [1] * len(found)
        assert [read() for read, _ in found] == [2] * len(found)
        losscli.evaluate(DATA, "mse", **BIND)
        assert [read() for read, _ in found] == [2] * len(found)
    finally:
        for (_, write), number in zip(found, before, strict=True):
            write(number)


MARKS = ("a,b", "a=b", "a*b", "p_*", "a:b", "a\\,b", "\\", "a=b,c*d:e", " ")


@pytest.mark.parametrize("name", MARKS)
def test_names_in_a_list_are_exact(name):
    """Python callers escape nothing: no character in the name of a column or of a model has a meaning."""
    exact = {"y": [0.0, 1.0, 4.0], name: [1.0, 1.0, 1.0], "a": [9.0, 9.0, 9.0], "b": [9.0, 9.0, 9.0], "p_x": [9.0] * 3}
    value = losscli.evaluate(exact, "mse", target="y", pred=[name])[0]
    assert (value.value, value.model) == (10 / 3, name)
    assert losscli.evaluate(exact, "mse", target=[name], pred=["y"])[0].value == 10 / 3
    assert losscli.evaluate(exact, "mse", target="y", pred={name: [name]}).find("mse", model=name).value == 10 / 3
    values = losscli.row_values(exact, "mse", target="y", pred={"m": [name]})["m/mse"]
    assert values.tolist() == [1.0, 0.0, 9.0]
    assert list(losscli.gradient(exact, "mse", target="y", pred=[name])) == ["row", name]


@pytest.mark.parametrize("name", MARKS)
def test_names_in_a_list_are_exact_wherever_columns_are_named(name):
    embedded = {"e": np.array([[1.0, 0.0], [0.0, 1.0]]), name: np.array([[0.0, 1.0], [0.0, 1.0]])}
    roles = {"anchor": "e", "positive": [name], "negative": "e"}
    wanted = losscli.evaluate({**embedded, "o": embedded[name]}, "triplet", columns={**roles, "positive": "o"})[0].value
    assert losscli.evaluate(embedded, "triplet", columns=roles)[0].value == wanted
    of_model = {"anchor": "e", f"{name}:positive": [name], "negative": "e"}
    assert losscli.evaluate(embedded, "triplet", columns=of_model).find("triplet", model=name).value == wanted
    table = {name: [3.0, 4.0], "a": [100.0, 100.0], "p_x": [100.0, 100.0]}
    assert losscli.evaluate(None, "l2_penalty", tables={"params": table}, columns={"params": [name]})[0].value == (
        losscli.evaluate(None, "l2_penalty", tables={"params": {"w": table[name]}})[0].value
    )
    first = {"y": [0.0, 1.0, 4.0], name: [1.0, 1.0, 1.0], "a": [0.0, 1.0, 4.0]}
    second = {**first, name: [0.0, 1.0, 1.0]}
    report = losscli.compare({"old": first, "new": second}, "mse", target="y", pred=[name])
    assert [result.value for result in report] == [10 / 3, 3.0]


def test_a_list_names_each_column_once_and_knows_no_globs():
    data = {"y": [0, 1], "p_0": [0.75, 0.5], "p_1": [0.25, 0.5]}
    listed = losscli.evaluate(data, "cross_entropy", target="y", pred=["p_0", "p_1"])[0]
    assert listed.model == "p_0,p_1"
    assert listed.value == losscli.evaluate(data, "cross_entropy", target="y", pred="p_*")[0].value
    for wrong, message in ((["p_*"], r"no column 'p_\*'"), ([], "an empty column"), (["p_0", "p_0"], "twice")):
        with pytest.raises((DataError, UsageError), match=message):
            losscli.evaluate(data, "cross_entropy", target="y", pred=wrong)


def test_a_setting_that_is_misspelled_is_an_error():
    for call in (losscli.compare, losscli.row_values, losscli.gradient):
        with pytest.raises(TypeError, match=rf"{call.__name__}\(\) got an unexpected keyword argument 'wieght'"):
            call(DATA, "mse", wieght="w", **BIND)


def test_a_text_may_be_a_name_or_a_list():
    """A column whose name is the whole text wins, in each file of a comparison too."""
    both = {"y": [1.0, 2.0], "a,b": [1.0, 3.0], "m=p": [1.0, 4.0], "p": [1.0, 2.0]}
    assert losscli.evaluate(both, "mse", target="y", pred="a,b")[0].value == 0.5
    whole = losscli.evaluate(both, "mse", target="y", pred="m=p")[0]
    assert (whole.model, whole.value) == ("m=p", 2.0)
    del both["m=p"]
    named = losscli.evaluate(both, "mse", target="y", pred="m=p")[0]
    assert (named.model, named.value) == ("m", 0.0)
    report = losscli.compare({"old": both, "new": both}, "mse", target="y", pred="a,b")
    assert [result.value for result in report] == [0.5, 0.5]


def test_python_and_the_command_line_give_the_same_bytes():
    path = str(Path(__file__).parents[2] / "sample_data" / "diabetes.csv")
    report = losscli.evaluate(path, ["mse", "huber:delta=20"], target="progression", pred="ridge", by="sex")
    typed = ["-t", "progression", "-p", "ridge", "-l", "mse", "-l", "huber:delta=20", "--by", "sex", "-f", "json"]
    done = subprocess.run([sys.executable, "-m", "losscli", "eval", path, *typed], capture_output=True, check=True)
    assert done.stdout.decode() == report.to_json()


def test_units_that_take_no_part_have_no_upstream(monkeypatch):
    """The sum that a group's gradient is must not hold them, whatever the loss makes of its factors."""
    supcon, seen = losscli.losses.supcon, []
    slope = supcon.gradients["embedding"]

    def spy(*arrays, upstream, **params):
        seen.append(upstream.tolist())
        return slope(*arrays, upstream=upstream, **params)

    monkeypatch.setitem(supcon.gradients, "embedding", spy)
    data = {"e": np.eye(3), "c": ["a", "b", "a"]}
    losscli.gradient(data, "supcon", target="c", columns={"embedding": "e"})
    assert seen == [[0.5, 0.0, 0.5]]

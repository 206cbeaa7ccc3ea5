"""The same value has the same standard error, degrees of freedom, interval and comparison, whatever option it comes by.

Exceptions have a reason, and a test below that names it:

- a weight is how much a row counts, not how often it was seen: weight 2 is not the row twice;
- the draws of bootstrap resamples depend on the slice and on what identifies a unit, so they are others, of the same
  distribution, in a slice and in clusters of one row;
- balanced class weights are computed from the rows, also where they all happen to be 1;
- lines whose weighted terms and classes are more than three columns keep no third moments: their interval is that of t;
- McNemar's test and score intervals are of rows that are one draw each, and not of clusters.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli

RNG = np.random.default_rng(20261128)
ROWS = 240
TRUTH = RNG.normal(size=ROWS)
ODDS = RNG.uniform(0.05, 0.95, ROWS)
SITES = RNG.integers(0, 3, ROWS)
DATA = {
    "y": TRUTH,
    "p": TRUTH + 0.4 * RNG.normal(size=ROWS),
    "q": TRUTH + 0.5 * RNG.normal(size=ROWS),
    "label": (RNG.uniform(size=ROWS) < ODDS).astype(np.int64),
    "odds": ODDS,
    "other": np.clip(ODDS + 0.15 * RNG.normal(size=ROWS), 0.02, 0.98),
    "w": RNG.lognormal(size=ROWS),
    "one": np.ones(ROWS),
    "four": np.full(ROWS, 4.0),
    "odd": np.full(ROWS, 0.3),
    "used": (SITES == 1).astype(float),
    "site": SITES,
    "user": RNG.integers(0, 25, ROWS),
    "team": np.arange(ROWS) // 8,
    "row": np.arange(ROWS),
}
REAL = {"target": "y", "pred": {"p": "p", "q": "q"}}
CLASSES = {"target": "label", "pred": {"odds": "odds", "other": "other"}}
LOSSES = {  # a mean, a root, a ratio of two means, a proportion, a mean of classes, and the sum of two means
    "mse": REAL, "rmse": REAL, "wmape": REAL, "zero_one": CLASSES, "bce": CLASSES, "lsgan_discriminator": CLASSES,
}  # fmt: skip
MEANS = ("mse", "zero_one", "bce")

# Two ways to the same value. A key in capitals changes the spec of the loss; a value that is a function, the data.
WAYS = {
    "weights of 1": ({"weight": "one"}, {}),
    "equal weights": ({"weight": "four"}, {}),
    "equal weights that are rounded": ({"weight": "odd"}, {}),
    "weights of 1, by count": ({"weight": "one", "divide_by": "count"}, {}),
    "divided by the count": ({"divide_by": "count"}, {}),
    "weights of 1, clusters": ({"weight": "one", "cluster": "user"}, {"cluster": "user"}),
    "weights of 1, slices": ({"weight": "one", "by": "site"}, {"by": "site"}),
    "clusters of a row": ({"cluster": "row"}, {}),
    "weighted clusters of a row": ({"cluster": "row", "weight": "w"}, {"weight": "w"}),
    "clusters of a row, slices": ({"cluster": "row", "by": "site"}, {"by": "site"}),
    "class weights of 1": ({"class_weight": {"0": 1, "1": 1}}, {}),
    "equal class weights": ({"class_weight": {"0": 4, "1": 4}}, {}),
    "class weights and the like weights of rows": (
        {"class_weight": {"0": 0.5, "1": 2}}, {"weight": lambda data: np.where(data["label"] == 1, 2.0, 0.5)},
    ),
    "class weights, clusters": (
        {"class_weight": {"0": 0.5, "1": 2}, "cluster": "user"},
        {"weight": lambda data: np.where(data["label"] == 1, 2.0, 0.5), "cluster": "user"},
    ),
    "clusters of a row, balanced": (
        {"class_weight": "balanced", "cluster": "row"}, {"class_weight": "balanced"},
    ),
    "balanced, weights of 1": ({"class_weight": "balanced", "weight": "one"}, {"class_weight": "balanced"}),
    "rows of weight 0": ({"weight": "used"}, {"where": "site == 1"}),
    "a filter and a file": ({"where": "site == 1"}, {"ROWS": SITES == 1}),
    "a weighted filter and a file": ({"where": "site == 1", "weight": "w"}, {"ROWS": SITES == 1, "weight": "w"}),
    "clusters of a filter and a file": (
        {"where": "site == 1", "cluster": "user"}, {"ROWS": SITES == 1, "cluster": "user"},
    ),
    "a slice of one": ({"by": "one"}, {}),
    "a part": ({"LOSS": "c=1*{}"}, {}),
    "two equal parts": ({"LOSS": "c=0.5*{0}+0.5*{0}"}, {}),
    "unequal parts": ({"LOSS": "c=0.25*{0}+0.75*{0}"}, {}),
    "parts, weights": ({"LOSS": "c=0.5*{0}+0.5*{0}", "weight": "w"}, {"weight": "w"}),
    "parts, clusters": ({"LOSS": "c=0.5*{0}+0.5*{0}", "cluster": "user"}, {"cluster": "user"}),
    "a part and its opposite": ({"LOSS": "c=2*{0}+-1*{0}"}, {}),
}  # fmt: skip
# What a composite loss is not: a proportion has an interval of its own.
PARTS = {name for name, (way, _) in WAYS.items() if "LOSS" in way}


def settings_of(loss, way):
    """The data, the spec and the settings of a way."""
    data, given = dict(DATA), {**LOSSES[loss], **way}
    spec = given.pop("LOSS", "{}").format(loss)
    if callable(given.get("weight")):
        data["made"] = given["weight"](data)
        given["weight"] = "made"
    rows = given.pop("ROWS", slice(None))
    return {name: values[rows] for name, values in data.items()}, spec, given


def numbers(result):
    """What two ways must share, by name."""
    low, high = result.interval
    return {"value": getattr(result, "difference", result.value), "stderr": result.stderr, "low": low, "high": high,
            "df": result.uncertainty.df or math.inf}  # fmt: skip


def evaluated(loss, way, **more):
    data, spec, given = settings_of(loss, way)
    report = losscli.evaluate(data, spec, interval=True, **given, **more)
    return [numbers(result) for result in report if whole_or_slice(result, way)]


def compared(loss, way, permutations=0):
    data, spec, given = settings_of(loss, way)
    report = losscli.compare(data, spec, permutations=permutations, **given)
    return [result for result in report.comparisons if whole_or_slice(result, way)]


def whole_or_slice(result, way):
    """Whether this is one of the slices of a way that has slices, or the whole of any other."""
    return ("by" in way) == bool(result.by)


def applies(loss, name):
    """Whether a way is one for this loss."""
    ways = WAYS[name]
    return "class_weight" not in str(ways) or LOSSES[loss] is CLASSES


CASES = [(loss, name) for loss in LOSSES for name in WAYS if applies(loss, name)]


@pytest.mark.parametrize(("loss", "name"), CASES)
def test_the_same_value_has_the_same_standard_error(loss, name):
    first, second = (evaluated(loss, way) for way in WAYS[name])
    many_columns = loss == "lsgan_discriminator" and name == "balanced, weights of 1"
    # Where weights do not divide, a mean of 0 and 1 is no proportion, whatever they are: its interval is another.
    if (loss == "zero_one" and name in {*PARTS, "weights of 1, by count"}) or many_columns:
        first, second = ([{k: r[k] for k in ("value", "stderr", "df")} for r in results] for results in (first, second))
    for one, other in zip(first, second, strict=True):
        assert one == pytest.approx(other, rel=1e-10)


@pytest.mark.parametrize(("loss", "name"), CASES)
def test_the_same_difference_has_the_same_test(loss, name):
    first, second = (compared(loss, way) for way in WAYS[name])
    proportion = loss == "zero_one" and ("cluster" in str(WAYS[name]) or "weight" in str(WAYS[name]) or name in PARTS)
    for one, other in zip(first, second, strict=True):
        assert one.difference == pytest.approx(other.difference, rel=1e-10)
        if proportion:  # McNemar's test and the score interval are of single rows of one weight
            continue
        assert numbers(one) == pytest.approx(numbers(other), rel=1e-9)
        assert one.verdict == other.verdict
        assert (one.t is None) == (other.t is None)
        if one.t is not None:
            assert (one.t, one.t_test.p) == pytest.approx((other.t, other.t_test.p), rel=1e-8)


ALIKE = ("weights of 1", "equal weights", "divided by the count", "class weights of 1", "a part", "two equal parts")


@pytest.mark.parametrize(("loss", "name"), [case for case in CASES if case[1] in ALIKE])
def test_the_same_units_have_the_same_resamples_and_permutations(loss, name):
    """Where contributions are the same to a power of two, so is each replicate: not one bit is another."""
    drawn = [evaluated(loss, way, bootstrap=200) for way in WAYS[name]]
    for one, other in zip(*drawn, strict=True):
        assert one == pytest.approx(other, rel=1e-12)
    first, second = (compared(loss, way, permutations=200)[0] for way in WAYS[name])
    assert first.permutation == second.permutation
    assert first.permutations == second.permutations


@pytest.mark.parametrize("name", ["clusters of a row", "a filter and a file", "a slice of one"])
def test_other_resamples_are_of_the_same_distribution(name):
    """The draws depend on what identifies a unit and on the slice: the standard errors differ by the draws alone."""
    drawn = [evaluated("rmse", way, bootstrap=4000)[-1]["stderr"] for way in WAYS[name]]
    assert drawn[0] == pytest.approx(drawn[1], rel=0.06)


@pytest.mark.parametrize("loss", ["mse", "bce", "lsgan_discriminator"])
@pytest.mark.parametrize("way", [{}, {"cluster": "row"}, {"cluster": "team"}, {"weight": "four"}, {"by": "site"}])
def test_a_sum_of_known_weight_is_a_multiple_of_a_mean(loss, way):
    """Where all units have one weight, the total is n times the mean, and so are its standard error and interval.

    Two terms that are about parts of the rows are no multiple: their means are of other units than their sums.
    """
    if loss == "lsgan_discriminator":
        loss, way = "bce", {**way, "LOSS": "c=0.5*{0}+0.5*{0}"}
    data, spec, given = settings_of(loss, way)
    means = losscli.evaluate(data, spec, interval=True, **given)
    sums = losscli.evaluate(data, spec, interval=True, reduction="sum", **given)
    for mean, total in zip(means, sums, strict=True):
        scaled = {name: by if name == "df" else by * mean.weight for name, by in numbers(mean).items()}
        assert numbers(total) == pytest.approx(scaled, rel=1e-10)


@pytest.mark.parametrize("settings", [{}, {"weight": "w"}, {"cluster": "user"}, {"class_weight": "balanced"}])
def test_a_slice_is_its_rows_alone(settings):
    for loss in ("bce", "lsgan_discriminator", "zero_one"):
        report = losscli.evaluate(DATA, loss, interval=True, by="site", **CLASSES, **settings)
        for site in (0, 1, 2):
            for model in ("odds", "other"):
                sliced = report.find(loss, model, site=str(site))
                (alone,) = losscli.evaluate(DATA, loss, interval=True, where=f"site == {site}",
                                            **{**CLASSES, "pred": {model: model}}, **settings)  # fmt: skip
                assert numbers(sliced) == numbers(alone)  # to the bit
                assert sliced.n_eff == alone.n_eff


@pytest.mark.parametrize(
    "settings", [{}, {"weight": "w"}, {"cluster": "user"}, {"by": "site"}, {"by": "site", "cluster": "user"}]
)
def test_no_order_and_no_cut_changes_a_bit(settings, tmp_path):
    whole = pa.table(DATA)
    order = RNG.permutation(ROWS)
    pq.write_table(whole.take(pa.array(order)), tmp_path / "mixed.parquet", row_group_size=7)
    for number in range(4):
        pq.write_table(whole.slice(60 * number, 60), tmp_path / f"part_{number}.parquet")
    parts = [str(tmp_path / f"part_{number}.parquet") for number in (2, 0, 3, 1)]

    def scored(source, **more):
        report = losscli.evaluate(source, ["mse", "rmse", "wmape"], interval=True, **REAL, **settings, **more)
        return [numbers(result) for result in report]

    want = scored(DATA)
    assert scored(str(tmp_path / "mixed.parquet"), threads=1) == want
    assert scored(str(tmp_path / "mixed.parquet"), threads=4) == want
    assert scored(parts) == want


def test_a_weight_is_no_count_of_rows():
    """Twice the weight for all rows changes nothing; each row twice halves the variance, but for n - 1.

    Rows that were seen twice are in one cluster: with these, the file of copies has the standard error of the rows.
    """
    (alone,) = evaluated("mse", {"pred": "p"})
    (heavy,) = evaluated("mse", {"pred": "p", "weight": lambda data: np.full(len(data["y"]), 2.0)})
    assert heavy == pytest.approx(alone, rel=1e-12)
    twice = {"pred": "p", "ROWS": np.repeat(np.arange(ROWS), 2)}
    (copies,) = evaluated("mse", twice)
    assert copies["value"] == pytest.approx(alone["value"], rel=1e-12)
    assert copies["stderr"] == pytest.approx(alone["stderr"] * math.sqrt((ROWS - 1) / (2 * ROWS - 1)), rel=1e-12)
    (clustered,) = evaluated("mse", {**twice, "cluster": "row"})
    assert clustered == pytest.approx(alone, rel=1e-12)


def test_balanced_weights_of_equal_classes_are_not_weights_of_1():
    """The value is that of no weights; but it is a mean of class means, and does not vary with the shares."""
    label = np.tile([0, 1], 60)
    data = {"label": label, "odds": np.where(label == 1, 0.4, 0.9) + 0.05 * RNG.uniform(size=120)}
    settings = {"target": "label", "pred": "odds", "interval": True}
    (plain,) = losscli.evaluate(data, "bce", **settings)
    (balanced,) = losscli.evaluate(data, "bce", class_weight="balanced", **settings)
    assert balanced.value == pytest.approx(plain.value, rel=1e-12)
    values = losscli.losses.bce(data["odds"], label)
    by_class = [values[label == one].var(ddof=1) / 60 for one in (0, 1)]
    assert balanced.stderr == pytest.approx(math.sqrt(sum(by_class)) / 2, rel=1e-12)
    assert balanced.stderr < plain.stderr / 3


@pytest.mark.parametrize("divide_by", ["weight", "count"])
def test_the_bootstrap_computes_balanced_weights_anew(divide_by):
    """Its standard error is that of a mean of class means, which linearisation has too: not that of fixed weights."""
    rng = np.random.default_rng(2)
    label = np.repeat([1, 0], [30, 570])
    data = {"label": label, "odds": np.where(label == 1, 0.3, 0.05) * rng.uniform(0.5, 1.5, 600)}
    settings = {"target": "label", "pred": "odds", "class_weight": "balanced", "divide_by": divide_by}
    (linear,) = losscli.evaluate(data, "bce", interval=True, **settings)
    (drawn,) = losscli.evaluate(data, "bce", bootstrap=4000, **settings)
    values = losscli.losses.bce(data["odds"], label)
    own = math.sqrt(sum(values[label == one].var() / (label == one).sum() for one in (0, 1))) / 2
    assert drawn.stderr == pytest.approx(own, rel=0.06)
    assert linear.stderr == pytest.approx(own, rel=0.03)
    fixed = np.where(label == 1, 600 / 60, 600 / 1140)
    (given,) = losscli.evaluate({**data, "w": fixed}, "bce", interval=True, weight="w", target="label", pred="odds")
    assert given.stderr > 2 * drawn.stderr

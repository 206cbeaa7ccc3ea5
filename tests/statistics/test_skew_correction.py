"""Intervals of skewed values: Hall's correction and the skewness it takes, by formulas written out and by SciPy."""

from __future__ import annotations

import json
import math

import interval_coverage
import numpy as np
import pytest
from scipy import optimize, stats

import losscli
from losscli.cli.entry import run
from losscli.errors import UsageError
from losscli.statistics.skew_correction import skew_corrected_interval

RNG = np.random.default_rng(20261128)
N = 400
DATA = {
    "y": RNG.normal(size=N), "p": RNG.normal(size=N), "w": RNG.lognormal(size=N), "user": np.repeat(np.arange(80), 5),
    "z": (RNG.uniform(size=N) < 0.3).astype(float), "q": RNG.uniform(0.05, 0.95, N),
}  # fmt: skip
SQUARES = (DATA["p"] - DATA["y"]) ** 2


def one(loss="mse", data=DATA, **settings):
    settings = {"target": "y", "pred": "p", "interval": True, **settings}
    return next(result for result in losscli.evaluate(data, loss, **settings) if not result.by)


def halls(value, stderr, df, skewness, level=0.95):
    """The interval by a root of Hall's transformation, where the long side is not yet at its longest."""
    q = stats.t.ppf((1 + level) / 2, df)

    def inverse(y, a):
        return optimize.brentq(lambda t: t + a * t**2 + a**2 * t**3 / 3 + a / 2 - y, -1e3, 1e3, xtol=1e-14)

    k = abs(skewness)
    long = k * (1 + 6 * ((df + 1) / 20) ** 0.25 * k**2)
    short, long = inverse(q, k / 3), -inverse(-q, long / 3)
    return value - stderr * (short if skewness > 0 else long), value + stderr * (long if skewness > 0 else short)


# -- the correction ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skewness", [0.02, 0.1, 0.2, -0.15])
@pytest.mark.parametrize("df", [9, 29.5, 1000])
@pytest.mark.parametrize("level", [0.95, 0.9])
def test_it_inverts_halls_transformation(skewness, df, level):
    found = skew_corrected_interval(3.0, 0.5, df, skewness, level)
    assert found == pytest.approx(halls(3.0, 0.5, df, skewness, level), rel=1e-9)


def test_without_skewness_it_is_students_t():
    want = stats.t.interval(0.95, 9, 3.0, 0.5)
    assert skew_corrected_interval(3.0, 0.5, 9, 0.0, 0.95) == pytest.approx(want, rel=1e-13)
    assert skew_corrected_interval(3.0, 0.5, 9, 1e-7, 0.95) == pytest.approx(want, rel=1e-6)


def test_more_skewness_never_shortens_the_long_side():
    ends = [skew_corrected_interval(0.0, 1.0, 9, k, 0.95) for k in np.linspace(0, 1, 101)]
    highs = [high for _, high in ends]
    assert highs == sorted(highs) and highs[-1] == pytest.approx(highs[60])
    assert [low for low, _ in ends] == sorted(low for low, _ in ends)
    mirrored = [skew_corrected_interval(0.0, 1.0, 9, -k, 0.95) for k in np.linspace(0, 1, 101)]
    assert mirrored == [(-high, -low) for low, high in ends]


# -- the skewness ------------------------------------------------------------------------------------------------------


def test_of_rows_of_one_weight_it_is_scipys():
    found = one()
    want = stats.skew(SQUARES, bias=False) / math.sqrt(N)
    assert found.uncertainty.method == "hall"
    assert found.uncertainty.skewness == pytest.approx(want, rel=1e-12)
    assert found.interval == pytest.approx(halls(found.value, found.stderr, N - 1, want), rel=1e-9)
    assert one(reduction="sum").interval == pytest.approx([N * end for end in found.interval], rel=1e-12)


@pytest.mark.parametrize("times", [1, 3])  # up to 1,024 weighted rows are kept; of more there are sums
def test_of_weighted_rows_it_is_that_of_the_values_times_what_the_weights_leave(times):
    data = {name: np.concatenate([values, *(RNG.permutation(values) for _ in range(times - 1))])
            for name, values in DATA.items()}  # fmt: skip
    values, w = (data["p"] - data["y"]) ** 2, data["w"]
    n, raw = len(w), stats.skew(values)
    left = (w**3).sum() / (w**2).sum() ** 1.5
    kept = raw**2 / (raw**2 + 6 / n * (1 - 1 / (left**2 * n)))
    want = stats.skew(values, bias=False) * left * kept
    assert one(data=data, weight="w").uncertainty.skewness == pytest.approx(want, rel=1e-12)
    by_count = w * values
    found = one(data=data, weight="w", divide_by="count").uncertainty.skewness
    assert found == pytest.approx(stats.skew(by_count, bias=False) / math.sqrt(n), rel=1e-12)


def test_of_clusters_it_is_that_of_their_means():
    found = one(cluster="user").uncertainty.skewness
    means = SQUARES.reshape(80, 5).mean(axis=1)
    assert found == pytest.approx(stats.skew(means, bias=False) / math.sqrt(80), rel=1e-12)


def test_of_a_composite_loss_and_of_a_ratio_it_is_that_of_their_influence_values():
    errors = np.abs(DATA["p"] - DATA["y"])
    both = 0.3 * SQUARES + 2 * errors
    assert one("both=0.3*mse+2*mae").uncertainty.skewness == pytest.approx(
        stats.skew(both, bias=False) / math.sqrt(N), rel=1e-12
    )
    influence = errors - errors.mean() / np.abs(DATA["y"]).mean() * np.abs(DATA["y"])
    found = one("wmape").uncertainty.skewness
    assert found == pytest.approx(stats.skew(influence, bias=False) / math.sqrt(N), rel=1e-11)
    assert one("0.3*mse+2*mae+huber+log_cosh").uncertainty.method == "t"  # too many terms to keep all products


def test_of_balanced_classes_it_is_put_together_from_those_of_classes():
    values = losscli.losses.bce(DATA["q"], DATA["z"])
    cumulant = variance = 0.0
    for label in (0.0, 1.0):
        own = values[DATA["z"] == label]
        part = own.var(ddof=1) / len(own) / 4
        cumulant += stats.skew(own, bias=False) / math.sqrt(len(own)) * part**1.5
        variance += part
    settings = {"target": "z", "pred": "q", "class_weight": "balanced"}
    for more in ({}, {"weight": "three"}):
        found = one("bce", {**DATA, "three": np.full(N, 3.0)}, **settings, **more).uncertainty.skewness
        assert found == pytest.approx(cumulant / variance**1.5, rel=1e-12)


def test_given_class_weights_are_weights():
    found = one("bce", target="z", pred="q", class_weight={"0": 1.0, "1": 3.0})
    rows = one("bce", {**DATA, "c": np.where(DATA["z"] == 1, 3.0, 1.0)}, target="z", pred="q", weight="c")
    assert found.uncertainty.skewness == pytest.approx(rows.uncertainty.skewness, rel=1e-12)
    many = {name: np.tile(values, 3) for name, values in DATA.items()}
    found = one("bce", many, target="z", pred="q", class_weight={"0": 1.0, "1": 3.0})
    rows = one("bce", {**many, "c": np.where(many["z"] == 1, 3.0, 1.0)}, target="z", pred="q", weight="c")
    assert found.uncertainty.skewness == pytest.approx(rows.uncertainty.skewness, rel=1e-12)


@pytest.mark.parametrize("size", [1e-140, 1e-60, 1e60, 1e140])
def test_squares_of_any_size_keep_their_skewness(size):
    """Cubes of squares leave the range of doubles long before the squares do."""
    found = one(data={"y": np.zeros(N), "p": size * (DATA["p"] - DATA["y"])})
    want = one(data={"y": np.zeros(N), "p": DATA["p"] - DATA["y"]})
    assert found.uncertainty.skewness == pytest.approx(want.uncertainty.skewness, rel=1e-12)
    assert np.array(found.interval) / size**2 == pytest.approx(np.array(want.interval), rel=1e-10)


def test_a_spread_that_the_rounding_of_cubes_hides_has_no_skewness():
    """Up to some thousand standard deviations from 0 the third moment about the mean keeps its digits."""
    rows = RNG.gamma(0.5, size=1000)
    found = one("mae", {"y": np.zeros(1000), "p": rows + 1e3})
    assert found.uncertainty.skewness == pytest.approx(stats.skew(rows, bias=False) / math.sqrt(1000), rel=1e-6)
    far = one("mae", {"y": np.zeros(1000), "p": rows + 1e6})
    assert (far.uncertainty.method, far.uncertainty.skewness) == ("t", None)


# -- the interval ------------------------------------------------------------------------------------------------------


def test_an_interval_ends_at_the_floor_of_its_loss():
    data = {"y": np.zeros(4), "p": np.array([0.0, 0.0, 0.1, 3.0])}
    for settings in ({}, {"interval_method": "t"}, {"bootstrap": 200}, {"reduction": "sum"}):
        found = one(data=data, **settings)
        assert found.interval[0] >= 0
    assert one(data=data, interval_method="t").interval[0] == 0
    assert one("loss=-1*mse", data, interval_method="t").interval[1] == 0  # its ceiling
    assert one("loss=mae+-1*mse", data, interval_method="t").interval[0] < -3  # it has no limit


def test_the_interval_of_a_root_is_the_root_of_the_interval():
    mse, rmse = one(), one("rmse")
    assert rmse.interval == pytest.approx(np.sqrt(mse.interval), rel=1e-12)
    weighted = one(weight="w"), one("rmse", weight="w")
    assert weighted[1].interval == pytest.approx(np.sqrt(weighted[0].interval), rel=1e-12)


def test_it_says_which_method_and_why():
    said = {
        loss: (found.method, found.reason) for loss in ("mse", "loss=mae+-1*mse") if (found := one(loss).uncertainty)
    }
    assert said["mse"] == ("hall", "a value with a limit on one side is skewed")
    assert said["loss=mae+-1*mse"] == ("t", "the loss has no limit on one side only")
    assert one(interval_method="t").uncertainty.reason == "requested"
    assert one("loss=mae+-1*mse", interval_method="hall").uncertainty.method == "hall"
    report = losscli.compare(DATA, "mse", target="y", pred={"a": "p", "b": "w"}, against="b", permutations=0)
    assert report.comparisons[0].uncertainty.method == "t"
    assert report.comparisons[0].uncertainty.reason == "a difference has no limit on one side"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"interval_method": "wilson"},
            "wilson is an interval of losses that are 0 or 1, and 'mse' is not one of them",
        ),
        ({"interval_method": "t", "bootstrap": 100}, "--interval-method and --bootstrap cannot be used together"),
        ({"interval_method": "walls"}, "there is no interval_method 'walls'"),
    ],
)
def test_methods_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        one(**settings)


def test_clopper_and_pearsons_interval_by_option():
    decisions = {"y": np.ones(50), "p": np.where(np.arange(50) < 7, 0.1, 0.9)}
    found = one("zero_one", decisions, interval_method="clopper-pearson")
    want = stats.binomtest(7, 50).proportion_ci(0.95, method="exact")
    assert found.interval == pytest.approx((want.low, want.high), rel=1e-10)
    assert found.uncertainty.method == "clopper-pearson"
    with pytest.raises(UsageError, match="of a mean, not of a sum"):
        one("zero_one", decisions, interval_method="clopper-pearson", reduction="sum")


def test_shards_give_the_bits_of_one_run(tmp_path):
    """Third moments are in the states that are merged."""
    frame = {**DATA, "s": np.where(np.arange(N) % 3 == 0, "a", "b")}
    rows = ["y,p,w,s", *(f"{y!r},{p!r},{w!r},{s}" for y, p, w, s in
                         zip(*(frame[name].tolist() for name in ("y", "p", "w", "s")), strict=True))]  # fmt: skip
    source = tmp_path / "rows.csv"
    source.write_text("\n".join(rows) + "\n")
    command = [str(source), "-t", "y", "-p", "p", "-l", "mse", "-l", "wmape", "-w", "w", "--by", "s", "--interval"]
    whole = tmp_path / "whole.json"
    assert run(["eval", *command, "-o", str(whole), "-q"]) == 0
    states = []
    for number in (1, 2, 3):
        states.append(str(tmp_path / f"{number}.state"))
        assert run(["eval", *command, "--shard", f"{number}/3", "--state-out", states[-1], "-q"]) == 0
    merged = tmp_path / "merged.json"
    assert run(["merge", *states, "-o", str(merged), "-q"]) == 0
    one, other = (json.loads(path.read_text())["results"] for path in (whole, merged))
    assert one == other and one[0]["uncertainty"]["skewness"] is not None


# -- the warning -------------------------------------------------------------------------------------------------------


def warned(errors, loss="mse", data=None, **settings):
    data = {"y": np.zeros(len(errors)), "p": np.asarray(errors, float), **(data or {})}
    report = losscli.evaluate(data, loss, target="y", pred="p", **{"interval": True, **settings})
    return [warning.message for warning in report.warnings]


LONE = [*np.linspace(0.5, 1.5, 11), 40.0]
WARNING = "the interval may undercover where very few units decide: "


def test_values_that_are_very_skewed_for_their_number_are_told():
    skewness = stats.skew(np.square(LONE), bias=False) / math.sqrt(12)
    assert skewness == pytest.approx(0.99995, abs=1e-4)
    expected = [WARNING + "mse of 12 rows (skewness 1.00 of at most 1)"]
    assert warned(LONE) == warned(LONE, bootstrap=200) == warned(LONE, reduction="sum") == expected
    assert warned(LONE, ["mse", "mae"]) == [expected[0] + ", and so for 1 more"]
    by_cluster = warned(LONE, data={"user": np.arange(12)}, cluster="user")
    assert by_cluster == [WARNING + "mse of 12 values of 'user' (skewness 1.00 of at most 1)"]
    assert warned(np.random.default_rng(4).normal(size=100)) == []
    assert warned(np.random.default_rng(4).normal(size=100), bootstrap=200) == []


def test_the_warning_begins_above_a_skewness_of_nine_tenths():
    def lone(at):
        return [*np.linspace(0.5, 1.5, 11), at]

    def skewness(at):
        return stats.skew(lone(at), bias=False) / math.sqrt(12) - 0.9

    limit = optimize.brentq(skewness, 2.0, 40.0, xtol=1e-12)
    for more in ({}, {"bootstrap": 200}):
        assert warned(lone(limit * (1 - 1e-6)), "mae", **more) == []
        assert len(warned(lone(limit * (1 + 1e-6)), "mae", **more)) == 1


def test_few_units_and_intervals_that_skewness_does_not_shorten_are_not_told():
    assert warned([1.0, 1.1, 1.2, 1.3, 40.0]) == []  # so few are skewed by chance
    assert len(warned([1.0, 1.1, 1.2, 1.3, 1.4, 40.0])) == 1
    assert warned(LONE, sequential=True) == []
    assert warned(LONE, interval=False) == []
    wrong = {"y": np.zeros(30), "p": np.array([1.0, *[0.0] * 29])}
    for method in ("wilson", "clopper-pearson"):
        report = losscli.evaluate(wrong, "zero_one", target="y", pred="p", interval=True, interval_method=method)
        assert not report.warnings
    few = warned(LONE, data={"user": np.arange(12) % 8}, cluster="user")
    assert len(few) == 1 and few[0].startswith("the 8 clusters")  # one warning says as much


def labelled(positives, rows, **settings):
    data = {"y": np.arange(rows) < positives, "p": np.full(rows, 0.1), "s": np.arange(rows) % 2}
    report = losscli.evaluate(data, "bce", target="y", pred="p", **{"interval": True, **settings})
    return [warning.message for warning in report.warnings]


def test_rare_labels_are_told():
    """Also where no row has the label, so that the losses show nothing; and the same in any cut of the rows."""
    assert labelled(5, 100) == labelled(11, 100) == labelled(4, 39) == []
    assert labelled(4, 40) == [WARNING + "bce of 40 rows (4 with the rarer label)"]
    assert labelled(36, 40) == labelled(4, 40)
    assert labelled(4, 40, bootstrap=100) == labelled(4, 40)
    assert labelled(4, 40, sequential=True) == []
    assert labelled(8, 80, by="s") == [
        "intervals of 2 of 2 slices may undercover where very few units decide; the worst is s=0: "
        "bce of 40 rows (4 with the rarer label)"
    ]


def test_rare_labels_are_told_of_shards_and_of_used_rows(tmp_path):
    source = tmp_path / "rare.csv"
    rows = [f"{int(i % 20 == 0)},{0.1 + 0.01 * (i % 7)},{i % 3},{int(i != 20)}" for i in range(80)]
    source.write_text("\n".join(["y,p,g,w", *rows]) + "\n")
    settings = {"target": "y", "pred": "p", "interval": True, "weight": "w"}
    whole = [one.message for one in losscli.evaluate(source, "bce", **settings).warnings]
    assert whole == [WARNING + "bce of 79 rows (3 with the rarer label)"]
    states = []
    command = [str(source), "-t", "y", "-p", "p", "-l", "bce", "-w", "w", "--interval"]
    for number in (1, 2):
        states.append(str(tmp_path / f"{number}.state"))
        assert run(["eval", *command, "--shard", f"{number}/2", "--state-out", states[-1], "-q"]) == 0
    assert [one.message for one in losscli.merge(states).warnings] == whole
    kept = losscli.evaluate(source, "bce", where="g == 1", **settings).warnings
    assert [one.message for one in kept] == [WARNING + "bce of 27 rows (1 with the rarer label)"]


@pytest.mark.parametrize("bootstrap", [None, 200])
def test_skewed_slices_are_counted_and_the_worst_is_named(bootstrap):
    """The same sentence however rows are cut; slices of equal skewness are named in their order."""
    plain = np.linspace(0.5, 1.5, 12)
    errors = np.concatenate([plain, LONE, [*plain[:-1], 4.0], plain])
    errors, site = np.append(errors, [1.0, 9.0]), np.append(np.repeat(["d", "c", "b", "a"], 12), ["e", "e"])
    settings = {"by": "site", "bootstrap": bootstrap, "loss": ["mse", "mae"]}
    found = [one for one in warned(errors, data={"site": site}, **settings) if "slices" in one]
    assert found == [
        "intervals of 2 of 5 slices may undercover where very few units decide; the worst is site=c: mse of "
        "12 rows (skewness 1.00 of at most 1)"
    ]
    order = np.random.default_rng(1).permutation(len(errors))
    mixed = warned(errors[order], data={"site": site[order]}, **settings)
    assert [one for one in mixed if "slices" in one] == found


@pytest.mark.parametrize(
    ("case", "rows", "least", "most"),
    [
        ("normal: `mae` of values far from 0", 10, 0.0, 0.003),
        ("skewed: `mse` of normal errors", 10, 0.03, 0.08),
        ("skewed: `mse` of normal errors", 30, 0.0, 0.003),
        ("heavy: `mse` of t errors, 3 degrees of freedom", 10, 0.15, 0.25),
        ("rare positives, 1 %: `bce`", 10, 0.97, 1.0),
        ("rare positives, 1 %: `bce`", 100, 0.97, 1.0),
        ("rare positives, 1 %: `bce`", 1000, 0.0, 0.06),
    ],
)
def test_how_many_samples_are_told(case, rows, least, most):
    """The shares that docs/statistics.md tells."""
    loss, draw, true_value = next(one for name, *one in interval_coverage.CASES if name == case)
    samples = interval_coverage.row_samples(np.random.default_rng(5), draw, rows, 1000)
    assert least <= interval_coverage.covered(samples, loss, true_value).warned <= most

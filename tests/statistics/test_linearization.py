"""Standard errors of values as they are computed: weights from the data, sums, several terms, unequal clusters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import fractional_matrix_power

import losscli


def evaluate(data, loss, **settings):
    return losscli.evaluate(data, loss, **{"target": "y", "pred": "p", "interval": True, **settings})[0]


def compare(data, loss, **settings):
    settings = {"target": "y", "pred": {"p": "p", "q": "q"}, "permutations": 0, **settings}
    return losscli.compare(data, loss, **settings).comparisons[0]


def cr2(values, weights, clusters):
    """CR2 and the degrees of freedom of Bell and McCaffrey by their matrices, for a mean with weights 1 / variance.

    Bell and McCaffrey 2002; in the notation of Pustejovsky and Tipton 2018, section 2 and appendix, with the regressor
    1 and the working model Var(e_i) = 1 / w_i.
    """
    n, total = len(values), weights.sum()
    root = np.sqrt(weights)
    hat = np.outer(root, root) / total  # of the rows times the roots of their weights
    rest = np.eye(n) - hat
    residual = root * (values - (weights * values).sum() / total)
    variance, columns = 0.0, []
    for cluster in np.unique(clusters):
        rows = np.flatnonzero(clusters == cluster)
        own = rest[np.ix_(rows, rows)]
        adjusted = fractional_matrix_power(own, -0.5).real @ root[rows] / total
        variance += float(adjusted @ residual[rows]) ** 2
        columns.append(rest[:, rows] @ adjusted)
    gram = np.array(columns) @ np.array(columns).T
    return math.sqrt(variance), np.trace(gram) ** 2 / (gram**2).sum()


# -- class weights that are computed from the data ---------------------------------------------------------------------

RARE = {
    "y": np.repeat([1.0, 0.0], [10, 990]),
    "p": np.concatenate([np.tile([0.1, 0.15], 5), np.tile([0.01, 0.012], 495)]),
}


def mean_of_class_means(values, classes):
    """Its standard error, and the degrees of freedom of Welch and Satterthwaite."""
    parts = [values[classes == name] for name in np.unique(classes)]
    variances = np.array([part.var(ddof=1) / len(part) for part in parts]) / len(parts) ** 2
    sizes = np.array([len(part) for part in parts])
    return math.sqrt(variances.sum()), variances.sum() ** 2 / (variances**2 / (sizes - 1)).sum()


@pytest.mark.parametrize("divide_by", ["weight", "count"])
def test_balanced_class_weights_make_a_mean_of_class_means(divide_by):
    """Not 0.171 or 0.332, which take as constants the weights that vary with the rows."""
    values = losscli.losses.bce(RARE["p"], RARE["y"])
    stderr, df = mean_of_class_means(values, RARE["y"])
    found = evaluate(RARE, "bce", class_weight="balanced", divide_by=divide_by)
    assert found.stderr == pytest.approx(0.0338, rel=1e-3)
    assert found.stderr == pytest.approx(stderr, rel=1e-12)
    assert found.uncertainty.df == pytest.approx(df, rel=1e-9)
    assert found.interval == pytest.approx(stats.t.interval(0.95, df, found.value, stderr), rel=1e-9)


def test_balanced_class_weights_are_computed_anew_in_each_resample():
    found = evaluate(RARE, "bce", class_weight="balanced", bootstrap=2000)
    assert found.stderr == pytest.approx(0.0338 * math.sqrt(0.9), rel=0.1)  # a bootstrap divides by n, not by n - 1


def test_balanced_class_weights_of_slices_blends_and_clusters():
    rng = np.random.default_rng(4)
    n = 240
    data = {"y": (rng.uniform(size=n) < 0.3).astype(float), "p": rng.uniform(0.1, 0.9, n),
            "site": rng.integers(0, 2, n), "user": rng.integers(0, 40, n), "row": np.arange(n)}  # fmt: skip
    values = losscli.losses.bce(data["p"], data["y"])
    report = losscli.evaluate(data, "bce", target="y", pred="p", interval=True, class_weight="balanced", by="site")
    for site in (0, 1):
        rows = data["site"] == site
        want = mean_of_class_means(values[rows], data["y"][rows])
        found = report.find("bce", site=str(site))
        assert (found.stderr, found.uncertainty.df) == pytest.approx(want, rel=1e-11)
    assert report[0].stderr == pytest.approx(mean_of_class_means(values, data["y"])[0], rel=1e-12)
    alone = evaluate(data, "bce", class_weight="balanced", cluster="row")
    assert (alone.stderr, alone.uncertainty.df) == pytest.approx(
        (report[0].stderr, report[0].uncertainty.df), rel=1e-11
    )
    blend = evaluate(data, "blend=0.7*bce+0.3*brier", class_weight="balanced")
    blended = 0.7 * values + 0.3 * (data["p"] - data["y"]) ** 2
    assert blend.stderr == pytest.approx(mean_of_class_means(blended, data["y"])[0], rel=1e-11)
    # Clusters: the deviations from the class means, of each cluster together, corrected by its share of each class.
    clustered = evaluate(data, "bce", class_weight="balanced", cluster="user")
    influence = np.zeros(40)
    for name in (0.0, 1.0):
        rows = data["y"] == name
        share = np.bincount(data["user"][rows], minlength=40) / rows.sum()
        sums = np.bincount(data["user"][rows], values[rows] - values[rows].mean(), minlength=40) / rows.sum() / 2
        influence += sums / np.sqrt(1 - share)
    assert clustered.stderr == pytest.approx(math.sqrt((influence**2).sum()), rel=1e-11)


def test_a_class_of_one_row_has_no_standard_error():
    data = {"y": np.array([1.0, 0, 0, 0]), "p": np.array([0.7, 0.2, 0.4, 0.1])}
    assert evaluate(data, "bce", class_weight="balanced").stderr is None


# -- sums --------------------------------------------------------------------------------------------------------------


def test_a_sum_does_not_take_its_weight_as_known():
    rng = np.random.default_rng(5)
    n = 120
    data = {"y": np.zeros(n), "p": rng.normal(size=n), "w": rng.lognormal(size=n)}
    data["user"] = np.repeat(np.arange(12), [2, 30, 5, 8, 1, 20, 9, 10, 3, 12, 15, 5])
    products = data["w"] * data["p"] ** 2
    weighted = evaluate(data, "mse", weight="w", reduction="sum")
    assert weighted.stderr == pytest.approx(products.std(ddof=1) * math.sqrt(n), rel=1e-12)
    assert weighted.uncertainty.df == n - 1
    totals = np.bincount(data["user"], data["p"] ** 2)
    clustered = evaluate(data, "mse", cluster="user", reduction="sum")
    assert clustered.stderr == pytest.approx(totals.std(ddof=1) * math.sqrt(12), rel=1e-12)
    assert clustered.uncertainty.df == pytest.approx(11, rel=1e-12)
    for settings, want in (({"weight": "w"}, weighted), ({"cluster": "user"}, clustered)):
        drawn = evaluate(data, "mse", bootstrap=3000, reduction="sum", **settings)
        assert drawn.stderr == pytest.approx(want.stderr, rel=0.1)


def test_a_sum_of_terms_and_of_balanced_classes():
    rng = np.random.default_rng(6)
    n = 90
    data = {"y": (rng.uniform(size=n) < 0.4).astype(float), "p": rng.uniform(0.1, 0.9, n)}
    goal = np.where(data["y"] == 1, 1.0, 0.0)
    values = (data["p"] - goal) ** 2
    found = evaluate(data, "lsgan_discriminator:a=0,b=1,factor=1", reduction="sum")
    assert found.value == pytest.approx(values.sum())
    assert found.stderr == pytest.approx(values.std(ddof=1) * math.sqrt(n), rel=1e-12)
    balanced = evaluate(data, "bce", class_weight="balanced", reduction="sum")
    mean = evaluate(data, "bce", class_weight="balanced")
    assert balanced.stderr == pytest.approx(n * mean.stderr, rel=1e-12)
    assert balanced.uncertainty.df == pytest.approx(mean.uncertainty.df, rel=1e-12)


def test_the_difference_of_two_sums():
    rng = np.random.default_rng(7)
    data = {"y": np.zeros(50), "p": rng.normal(size=50), "q": rng.normal(size=50), "w": rng.lognormal(size=50)}
    found = losscli.compare(
        data, "mse", target="y", pred={"p": "p", "q": "q"}, weight="w", reduction="sum", permutations=0
    )
    pair = found.comparisons[0]
    products = data["w"] * (data[pair.model] ** 2 - data[pair.against] ** 2)
    assert pair.stderr == pytest.approx(products.std(ddof=1) * math.sqrt(50), rel=1e-12)
    assert pair.uncertainty.df == 49


# -- several terms -----------------------------------------------------------------------------------------------------

TWO_TERMS = "lsgan_discriminator:a=0,b=1,factor=1"


def test_degrees_of_freedom_of_terms_of_different_rows_are_welchs():
    """scipy.stats.ttest_ind(equal_var=False) estimates the same two variances."""
    rng = np.random.default_rng(8)
    data = {"y": np.repeat([1.0, 0.0], [20, 30]), "p": rng.uniform(0.1, 0.9, 50)}
    real, fake = (data["p"][:20] - 1) ** 2, data["p"][20:] ** 2
    found = evaluate(data, TWO_TERMS)
    welch = stats.ttest_ind(real, fake, equal_var=False)
    assert found.uncertainty.df == pytest.approx(welch.df, rel=1e-10)
    assert found.stderr == pytest.approx((real.mean() - fake.mean()) / welch.statistic, rel=1e-10)


def test_degrees_of_freedom_belong_to_the_clusters_of_each_term():
    rng = np.random.default_rng(9)
    sizes = rng.integers(2, 12, 32)
    user = np.repeat(np.arange(32), sizes)
    data = {"y": (user < 2).astype(float), "p": rng.uniform(0.1, 0.9, len(user)), "user": user}
    found = evaluate(data, TWO_TERMS, cluster="user")
    of_term = []
    for goal in (1.0, 0.0):
        rows = data["y"] == goal
        of_term.append(cr2((data["p"][rows] - goal) ** 2, np.ones(rows.sum()), user[rows]))
    variances = np.array([stderr**2 for stderr, _ in of_term])
    dfs = np.array([df for _, df in of_term])
    assert found.stderr == pytest.approx(math.sqrt(variances.sum()), rel=1e-11)
    assert found.uncertainty.df == pytest.approx(variances.sum() ** 2 / (variances**2 / dfs).sum(), rel=1e-9)
    assert found.uncertainty.df < 31 and found.uncertainty.count == 32


def test_one_cluster_of_a_term_is_no_cluster_too_few():
    data = {"y": np.repeat([1.0, 0.0], [5, 10]), "p": np.linspace(0.1, 0.9, 15), "user": np.repeat(range(5), 3)}
    data["user"] = np.where(data["y"] == 1, 0, data["user"] + 1)
    assert evaluate(data, TWO_TERMS, cluster="user").stderr is None


# -- unequal clusters --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [[100, *[5] * 19], [1, 2, 3], [40, 1], [3, 1, 4, 1, 5, 9, 2, 6], [4] * 7])
def test_clusters_are_cr2_with_the_degrees_of_freedom_of_bell_and_mccaffrey(sizes, weighted):
    rng = np.random.default_rng(len(sizes))
    user = np.repeat(np.arange(len(sizes)), sizes)
    n = len(user)
    data = {"y": np.zeros(n), "p": rng.normal(size=n) + user % 3, "w": rng.lognormal(size=n), "user": user}
    weights = data["w"] if weighted else np.ones(n)
    want = cr2(np.abs(data["p"]), weights, user)
    found = evaluate(data, "mae", cluster="user", **({"weight": "w"} if weighted else {}))
    assert (found.stderr, found.uncertainty.df) == pytest.approx(want, rel=1e-8)
    if len(set(sizes)) == 1 and not weighted:
        assert found.uncertainty.df == pytest.approx(len(sizes) - 1, rel=1e-12)


def test_a_comparison_by_clusters_has_the_same_degrees_of_freedom():
    rng = np.random.default_rng(10)
    user = np.repeat(np.arange(8), [3, 1, 4, 1, 5, 9, 2, 6])
    data = {"y": np.zeros(31), "p": rng.normal(size=31), "q": rng.normal(size=31), "user": user}
    pair = losscli.compare(
        data, "mae", target="y", pred={"p": "p", "q": "q"}, cluster="user", permutations=0
    ).comparisons[0]
    want = cr2(np.abs(data[pair.model]) - np.abs(data[pair.against]), np.ones(31), user)
    assert (pair.stderr, pair.uncertainty.df) == pytest.approx(want, rel=1e-8)


@pytest.mark.parametrize("n", [2, 5, 40, 300])
def test_weighted_rows_are_clusters_of_one_row(n):
    rng = np.random.default_rng(n)
    data = {"y": np.zeros(n), "p": rng.normal(size=n), "w": rng.lognormal(sigma=1.5, size=n), "row": np.arange(n)}
    want = cr2(np.abs(data["p"]), data["w"], data["row"])
    found, clustered = evaluate(data, "mae", weight="w"), evaluate(data, "mae", weight="w", cluster="row")
    assert (found.stderr, found.uncertainty.df) == pytest.approx(want, rel=1e-8)
    assert (found.stderr, found.uncertainty.df) == (clustered.stderr, clustered.uncertainty.df)
    assert (found.uncertainty.units, found.uncertainty.count) == ("row", n)
    turned = evaluate({name: values[::-1] for name, values in data.items()}, "mae", weight="w")
    assert (turned.stderr, turned.uncertainty.df) == (found.stderr, found.uncertainty.df)


def test_weighted_rows_as_statsmodels_prints_them():
    """statsmodels 0.15.0: WLS(x, ones(6), weights=w).fit().HC2_se"""
    data = {"y": np.zeros(6), "p": np.array([0.5, 1.25, 2.0, 0.75, 3.5, 1.0]),
            "w": np.array([1.0, 4.0, 0.5, 2.0, 0.25, 8.0])}  # fmt: skip
    assert evaluate(data, "mae", weight="w").stderr == pytest.approx(0.10560939989186109, rel=1e-12)


def test_few_rows_with_very_unequal_weights_cover_what_they_should():
    samples, n = 3000, 12
    rng = np.random.default_rng(14)
    size = samples * n
    report = losscli.evaluate(
        {"y": np.zeros(size), "p": rng.normal(size=size) + 50, "s": np.repeat(np.arange(samples), n),
         "w": rng.lognormal(size=size)},
        "mae", target="y", pred="p", weight="w", by="s", interval=True,
    )  # fmt: skip
    inside = np.mean([r.interval[0] <= 50 <= r.interval[1] for r in report if r.by])
    assert 0.92 <= inside <= 0.97


def clusters_warned(sizes, **settings):
    user = np.repeat(np.arange(len(sizes)), sizes)
    data = {"y": np.zeros(len(user)), "p": np.random.default_rng(11).normal(size=len(user)), "user": user}
    report = losscli.evaluate(data, "mae", target="y", pred="p", cluster="user", **settings)
    return [warning.message for warning in report.warnings]


def test_few_or_unequal_clusters_are_told():
    assert clusters_warned([5] * 10) == []
    assert clusters_warned([3] * 9 + [4] * 9) == []
    (few,) = clusters_warned([5] * 9)
    assert few == (
        "the 9 clusters of 'user' have an effective number of 9, and the largest has 11.1 % of the weight: "
        "intervals from so few are uncertain"
    )
    (unequal,) = clusters_warned([1000, *[10] * 19])
    assert "the 20 clusters of 'user' have an effective number of 1.41, and the largest has 84 %" in unequal
    assert len(clusters_warned([10, *[1] * 25])) == 1  # 28.6 % of the weight


def test_slices_with_few_or_unequal_clusters_are_counted_and_the_worst_is_named():
    """One warning, however many slices and losses there are; the slice is named by its columns."""
    sizes = {"a": [4] * 12, "b": [50, 5, 5, 5], "c": [5] * 9, "d": [3] * 30}
    user = np.concatenate([np.repeat(np.arange(len(each)), each) + 100 * i for i, each in enumerate(sizes.values())])
    site = np.repeat(list(sizes), [sum(each) for each in sizes.values()])
    data = {"y": np.zeros(len(user)), "p": np.random.default_rng(3).normal(size=len(user)), "user": user, "site": site,
            "year": np.full(len(user), 2024)}  # fmt: skip
    settings = {"target": "y", "pred": "p", "cluster": "user", "interval": True}
    report = losscli.evaluate(data, ["mae", "mse"], by=["site", "year"], **settings)
    assert [warning.message for warning in report.warnings] == [
        "few or unequal clusters in 2 of 4 slices, whose intervals are uncertain; the worst is site=b, year=2024: its "
        "4 clusters of 'user' have an effective number of 1.64, and the largest has 76.9 % of the weight",
        "the interval may undercover where very few units decide: mse of 55 values of 'user' (skewness 0.97 "
        "of at most 1)",  # the largest cluster has less than a quarter of all rows
    ]
    assert [warning.count for warning in report.warnings] == [1, 1]
    good = losscli.evaluate(data, "mae", by="site", where='site == "a" or site == "d"', **settings)
    assert good.warnings == ()
    whole = losscli.evaluate(data, "mae", by="site", where='site == "b"', **settings)
    assert [warning.message.split(":")[0] for warning in whole.warnings] == [
        "the 4 clusters of 'user' have an effective number of 1.64, and the largest has 76.9 % of the weight",
        "few or unequal clusters in the slice, whose intervals are uncertain; the worst is site=b",
    ]


def test_unequal_clusters_cover_what_they_should():
    """One cluster of 200 rows beside 19 of 10: Liang and Zeger's intervals with G - 1 held the mean in 0.7 or fewer."""
    samples, sizes = 2000, np.array([200, *[10] * 19])
    rng = np.random.default_rng(12)
    of_cluster = rng.normal(size=(samples, 20))
    rows = np.repeat(of_cluster, sizes, axis=1) + rng.normal(size=(samples, sizes.sum()))
    report = losscli.evaluate(
        {"y": np.zeros(rows.size), "p": rows.ravel() + 50, "s": np.repeat(np.arange(samples), sizes.sum()),
         "user": np.tile(np.repeat(np.arange(20), sizes), samples)},
        "mae", target="y", pred="p", cluster="user", by="s",
    )  # fmt: skip
    inside = np.mean([r.interval[0] <= 50 <= r.interval[1] for r in report if r.by])
    assert inside >= 0.93


# -- the same value by other options -----------------------------------------------------------------------------------


def test_the_same_value_has_the_same_standard_error_by_whatever_option_it_is_reached():
    rng = np.random.default_rng(13)
    n = 80
    label = (rng.uniform(size=n) < 0.3).astype(float)
    row = np.arange(n)
    data = {"y": label, "p": rng.uniform(0.1, 0.9, n), "one": np.ones(n), "three": np.full(n, 3.0), "row": row,
            "user": row // 4, "half": (row // 4 % 2).astype(float), "all": np.zeros(n, int)}  # fmt: skip
    rare = float(label.mean())
    balanced = {"1": 1 / (2 * rare), "0": 1 / (2 - 2 * rare)}

    def found(loss="brier", times=1.0, **settings):
        report = losscli.evaluate(data, loss, **{"target": "y", "pred": "p", "interval": True, **settings})
        result = report[-1]
        return (*(times * x for x in (result.value, result.stderr, *result.interval)), result.uncertainty.df)

    def same(*several, rel=1e-10):
        assert all(one == pytest.approx(several[0], rel=rel) for one in several[1:])

    same(
        found(), found(weight="one"), found(weight="three"), found(cluster="row"), found(divide_by="count"),
        found(class_weight={"0": 2.0, "1": 2.0}), found(where="row >= 0"), found(by="all"),
        found("blend=0.5*brier+0.5*brier"), found(times=1 / n, reduction="sum"),
        found(times=1 / n, reduction="sum", cluster="row"), found(weight="three", divide_by="count", times=1 / 3),
    )  # fmt: skip
    same(found(cluster="user"), found(cluster="user", weight="one"), found(cluster="user", weight="three"),
         found(cluster="user", times=1 / n, reduction="sum"), found(cluster="user", by="all"))  # fmt: skip
    data["w"] = rng.lognormal(size=n)
    same(found(weight="w"), found(weight="w", cluster="row"), found(weight="w", by="all"))
    same(found(weight="half"), found(where="half == 1"))
    same(found(weight="half", cluster="user"), found(where="half == 1", cluster="user"))
    same(
        found(class_weight="balanced"), found(class_weight="balanced", divide_by="count"),
        found(class_weight="balanced", cluster="row"), found(class_weight="balanced", weight="three"),
        found(class_weight="balanced", reduction="sum", times=1 / n), found(class_weight="balanced", by="all"),
    )  # fmt: skip
    # Weights that are given stay as they are: the same value, but not the same question.
    given = found(class_weight=balanced)
    assert given[0] == pytest.approx(found(class_weight="balanced")[0]) and given[1] != pytest.approx(
        found(class_weight="balanced")[1], rel=1e-3
    )

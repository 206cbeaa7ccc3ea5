"""One value a batch: its weight and slice, its unit among rows, its standard error."""

from __future__ import annotations

import numpy as np
import pytest

import losscli
from losscli.contract.terms import Term
from losscli.errors import DataError, UsageError

RNG = np.random.default_rng(3)
SIZES = [1, 4, 3, 5, 2, 4, 6]
QUERY = np.repeat(np.arange(len(SIZES)), SIZES)
DATA = {
    "q": QUERY, "pred": RNG.normal(size=len(QUERY)).round(1), "target": RNG.integers(0, 2, len(QUERY)) * (QUERY != 4),
    "w": np.repeat([0.5, 2.0, 1.5, 3.0, 1.0, 0.25, 2.5], SIZES),
    "site": np.repeat(["a", "a", "b", "b", "b", "a", "b"], SIZES),
}  # fmt: skip
SETTINGS = {"pred": "pred", "target": "target", "batch_by": "q"}


def each(spec, **more):
    """The value of each query by itself, None for one that takes no part."""
    found = []
    for query in range(len(SIZES)):
        rows = {name: values[query == QUERY] for name, values in DATA.items()}
        term = losscli.losses.ndcg(rows["pred"], rows["target"])
        values, where = term if isinstance(term, Term) else (term, None)
        found.append(None if where is not None and not where[0] else float(values[0]))
    return found


def test_the_mean_is_over_batches():
    values = each("ndcg")
    used = [value for value in values if value is not None]
    result = losscli.evaluate(DATA, "ndcg", interval=True, **SETTINGS)[0]
    assert (result.count, result.excluded_count) == (len(used), len(values) - len(used))
    assert result.excluded_count > 0
    assert result.value == pytest.approx(np.mean(used), rel=1e-15)
    assert result.stderr == pytest.approx(np.std(used, ddof=1) / np.sqrt(len(used)), rel=1e-12)


def test_a_batch_has_one_weight_and_one_slice():
    values, weights = each("ndcg"), DATA["w"][np.searchsorted(QUERY, range(len(SIZES)))]
    used = np.array([value is not None for value in values])
    found = np.array([value for value in values if value is not None])
    result = losscli.evaluate(DATA, "ndcg", weight="w", **SETTINGS)[0]
    assert result.value == pytest.approx(np.average(found, weights=weights[used]), rel=1e-15)
    sites = DATA["site"][np.searchsorted(QUERY, range(len(SIZES)))][used]
    report = losscli.evaluate(DATA, "ndcg", by="site", **SETTINGS)
    assert {r.by["site"]: r.value for r in report if r.by} == pytest.approx(
        {site: found[sites == site].mean() for site in "ab"}
    )


@pytest.mark.parametrize(("settings", "what"), [({"weight": "w"}, "weights"), ({"by": "site"}, "slices")])
def test_rows_of_one_batch_that_differ_are_refused(settings, what):
    data = {**DATA, "w": np.arange(1.0, len(QUERY) + 1), "site": [str(i % 2) for i in range(len(QUERY))]}
    with pytest.raises(DataError, match=f"row 3 begins other {what}.* inside of a batch"):
        losscli.evaluate(data, "ndcg", **settings, **SETTINGS)


def test_the_value_stands_in_the_first_row_of_its_batch():
    rows = losscli.row_values(DATA, "ndcg", **SETTINGS)
    values = np.asarray(list(rows.values())[-1], float)
    starts = np.searchsorted(QUERY, range(len(SIZES)))
    want = [np.nan if value is None else value for value in each("ndcg")]
    np.testing.assert_allclose(values[starts], want)
    assert np.isnan(np.delete(values, starts)).all()


def test_several_columns_are_no_outputs_of_a_ranking():
    data = {**DATA, "other": DATA["pred"]}
    with pytest.raises(UsageError, match=r"'pred' is one score.*2 columns"):
        losscli.evaluate(data, "ndcg", pred="pred,other", target="target", batch_by="q")


def test_same_bits_for_any_number_of_threads_and_any_order_of_batches():
    found = set()
    for order in (slice(None), np.argsort(-QUERY, kind="stable")):
        rows = {name: values[order] for name, values in DATA.items()}
        for threads in (1, 3):
            for result in losscli.evaluate(rows, ["ndcg:k=2", "map"], threads=threads, weight="w", **SETTINGS):
                found.add((result.spec, result.value.hex()))
    assert len(found) == 2

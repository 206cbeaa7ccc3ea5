"""Results of slices as columns: the same as slice by slice, and the same bytes in every format."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import losscli
from losscli.report import format_names, render
from losscli.results import LossResult
from losscli.results.columns import ResultTable, SliceColumns
from losscli.statistics import estimates

TEXTS = [
    "=x",
    "-5",
    "-5a",
    "+1",
    "1.0",
    "1",
    "",
    "(null)",
    "ü",
    "a,b",
    'q"t',
    "l\nx",
    " s",
    "%s",
    "\u202e",
    "t\tb",
    "z",
]
CASES: dict[str, dict[str, Any]] = {
    "one": {"losses": "mse"},
    "combined": {"losses": ["rmse", "mse", "bias"]},
    "several terms": {"losses": ["wmape", "pbias", "wape"], "weight": "w"},
    "composite": {"losses": ["total=0.7*mse+0.3*mae", "right=1-zero_one"], "target": "k", "pred": "j"},
    "models": {"losses": ["mae", "rmse"], "pred": {"first": "p", "second": "q"}},
    "weights": {"losses": ["mse", "rmse"], "weight": "w"},
    "weights by rows": {"losses": ["mae", "both=mae+2*rmse"], "weight": "w", "divide_by": "rows"},
    "sum": {"losses": ["mse", "mae"], "reduction": "sum"},
    "tiny": {"losses": ["mse", "rmse", "mape"], "target": "a", "pred": "b"},
    "two columns": {"losses": ["mse", "mae"], "by": ["g", "h"]},
    "edges": {"losses": ["mse", "r2"], "by": ["h", "age:18|65"]},
    "excluded": {"losses": ["mape", "smape"], "target": "k", "where": "k > 0"},
    "intervals": {"losses": ["mse", "bias"], "by": ["g", "h"], "interval": True},
    "intervals of proportions": {"losses": "zero_one", "by": ["g", "h"], "interval": True, "target": "k", "pred": "j"},
    "intervals of models": {"losses": "mae", "by": ["g", "h"], "interval": True, "pred": {"1": "p", "2": "q"}},
}


def table() -> dict[str, Any]:
    rng = np.random.default_rng(4)
    y = rng.normal(size=300)
    k = rng.integers(0, 3, 300).astype(float)
    tiny = y * 10.0 ** rng.uniform(-200, 0, 300)
    return {
        "y": y, "p": y + rng.normal(size=300), "q": y + rng.normal(size=300), "w": rng.integers(0, 3, 300) * 0.3,
        "k": k, "j": np.where(rng.random(300) < 0.5, k, 1.0), "a": tiny, "b": tiny * 1.5,
        "g": [TEXTS[at] for at in rng.integers(0, len(TEXTS), 300)], "h": [f"h{at}" for at in rng.integers(0, 9, 300)],
        "age": rng.integers(0, 100, 300),
    }  # fmt: skip


def reports(monkeypatch: pytest.MonkeyPatch, case: str) -> tuple[losscli.Report, losscli.Report]:
    """The report with columns, and the one that is made slice by slice."""
    words: dict[str, Any] = {"target": "y", "pred": "p", "by": "g", **CASES[case]}
    with_columns = losscli.evaluate(table(), **words)
    monkeypatch.setattr(estimates, "slice_table", lambda totals: None)
    return with_columns, losscli.evaluate(table(), **words)


@pytest.mark.parametrize("case", CASES)
def test_columns_are_the_same_as_slice_by_slice(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, plain = reports(monkeypatch, case)
    assert isinstance(found.evaluation.results, ResultTable)
    assert isinstance(plain.evaluation.results, tuple)
    assert list(map(repr, found)) == list(map(repr, plain))
    assert found.evaluation.warnings == plain.evaluation.warnings


@pytest.mark.parametrize("case", CASES)
def test_every_format_writes_the_same(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, plain = reports(monkeypatch, case)
    for form in format_names():
        views: list[dict[str, Any]] = [{}, {"ascii_only": True}, {"width": 60}]
        for view in views:
            assert render(found.evaluation, form, **view) == render(plain.evaluation, form, **view), form


def test_a_report_of_columns_is_a_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    found, plain = reports(monkeypatch, "models")
    results = found.evaluation.results
    assert results[-1] is results[len(results) - 1] is list(results)[-1]
    assert results[2:5] == plain.evaluation.results[2:5]
    assert results == plain.evaluation.results == results
    assert found.evaluation == plain.evaluation
    assert copy.deepcopy(found.evaluation) == pickle.loads(pickle.dumps(found.evaluation)) == plain.evaluation
    with pytest.raises(IndexError):
        results[len(results)]


def test_no_result_is_made_for_what_columns_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"first": "p", "second": "q"}
    report = losscli.evaluate(table(), ["mse", "mae"], target="y", pred=models, by="h")
    made: list[int] = []
    plain = SliceColumns._result

    def watched(self: SliceColumns, at: int) -> LossResult:
        made.append(at)
        return plain(self, at)

    monkeypatch.setattr(SliceColumns, "_result", watched)
    for form in ("csv", "plain", "json", "jsonl", "table", "markdown"):
        render(report.evaluation, form)
    assert set(made) <= {0, 1}  # the first of each column, as an example, and whether there are more


def test_a_frame_and_a_search_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {**table(), "model": table()["h"], "value": table()["g"]}
    words: dict[str, Any] = {"target": "y", "pred": {"a": "p", "b": "q"}, "by": ["value", "model"]}
    found = losscli.evaluate(own, ["mse", "rmse"], **words)
    monkeypatch.setattr(estimates, "slice_table", lambda totals: None)
    plain = losscli.evaluate(own, ["mse", "rmse"], **words)
    assert found.to_frame().to_csv() == plain.to_frame().to_csv()
    assert found.to_frame().dtypes.to_dict() == plain.to_frame().dtypes.to_dict()
    words["by"] = ["g", "h"]
    plain = losscli.evaluate(own, ["mse", "rmse"], **words)
    monkeypatch.undo()
    found = losscli.evaluate(own, ["mse", "rmse"], **words)
    for result in plain:
        assert repr(found.find(result.spec, result.model, **result.by)) == repr(result)
    for by in ({}, {"g": "s"}, {"h": "h1"}, {"g": "none", "h": "h1"}):
        with pytest.raises(KeyError) as one:
            found.find("mse", **by)
        with pytest.raises(KeyError) as other:
            plain.find("mse", **by)
        assert str(one.value) == str(other.value)

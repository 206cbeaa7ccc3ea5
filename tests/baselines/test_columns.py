"""Baselines of many slices as columns: what is read and what is matched is the same as result by result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import losscli
from losscli.baselines import report_columns, report_file
from losscli.baselines.match import BaselineMatch, match_baseline
from losscli.baselines.report_file import read_report
from losscli.baselines.result_texts import TextShape
from losscli.errors import DataError
from losscli.report import format_names, render
from losscli.results import (
    BaselineResult,
    BatchResult,
    Evaluation,
    LossResult,
    Ranking,
    SkillResult,
    SliceDifference,
)  # fmt: skip
from losscli.results.columns import ResultTable, SliceColumns, parts_of

TEXTS = ["=x", "-5", "1.0", "1", "", "(null)", "ü", "a,b", 'q"t', "l\nx", " s", "%s", "\u202e", "t\tb", "\\", "k\x01"]
CASES: dict[str, dict[str, Any]] = {
    "one": {"losses": "mse"},
    "several": {"losses": ["rmse", "bias", "r2"]},
    "several terms": {"losses": ["wmape", "pbias"], "weight": "w"},
    "composite": {"losses": ["total=0.7*mse+0.3*mae"]},
    "models": {"losses": ["mae", "rmse"], "pred": {"first": "p", "second": "q"}},
    "two columns": {"losses": "mse", "by": ["g", "h"]},
    "intervals": {"losses": ["mse", "bias"], "by": "h", "interval": True},
    "intervals of weighted rows": {"losses": "mae", "interval": True, "weight": "w"},
    "intervals of proportions": {"losses": "zero_one", "target": "k", "pred": "j", "interval": True},
    "clusters": {"losses": "mse", "interval": True, "cluster": "h"},
}


def table(seed: int = 4, left_out: str = "") -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    y, k = rng.normal(size=300), rng.integers(0, 3, 300)
    found = {
        "y": y, "p": y + rng.normal(size=300), "q": y + rng.normal(size=300), "w": rng.integers(0, 3, 300) * 0.3,
        "k": k, "j": np.where(rng.random(300) < 0.5, k, 1), "g": np.array(TEXTS)[np.arange(300) * 7 % len(TEXTS)],
        "h": np.array([f"h{at}" for at in np.arange(300) % 40]),
    }  # fmt: skip
    found["h"][:2] = "alone", "single"  # which have no standard error
    kept = (found["g"] != left_out) & (found["h"] != left_out)
    return {name: column[kept].tolist() for name, column in found.items()}


def evaluated(case: str, **changes: Any) -> Evaluation:
    words: dict[str, Any] = {"target": "y", "pred": "p", "by": "g", **CASES[case]}
    return losscli.evaluate(table(**changes), **words).evaluation


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns are made of small reports, too."""
    for name, value in (("LEAST", 1), ("ALIKE", 2), ("_FEWEST", 0)):
        monkeypatch.setattr(report_columns, name, value)


def read_as_objects(path: Path, monkeypatch: pytest.MonkeyPatch) -> Evaluation:
    with monkeypatch.context() as patch:
        patch.setattr(report_columns, "LEAST", 1 << 60)
        return read_report(str(path))


@pytest.mark.parametrize("case", CASES)
def test_a_report_that_is_read_as_columns_is_the_same(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    path = tmp_path / "report.json"
    path.write_text(render(evaluated(case), "json"), encoding="utf-8")
    found, plain = read_report(str(path)), read_as_objects(path, monkeypatch)
    assert any(isinstance(part, SliceColumns) for part in parts_of(found.results))
    assert isinstance(plain.results, tuple)
    assert list(map(repr, found.results)) == list(map(repr, plain.results))
    for form in format_names():
        assert render(found, form) == render(plain, form), form


OTHERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "nothing": lambda one: None,
    "a negative count": lambda one: one.update(count=-1),
    "a count with a fraction": lambda one: one.update(count=1.0),
    "a truth for a count": lambda one: one.update(count=True),
    "no value": lambda one: one.update(value=None),
    "a value that is infinite": lambda one: one.update(value=None, nonfinite="-inf"),
    "a value that is not a number": lambda one: one.update(value=None, nonfinite="nan"),
    "a kind of a finite value": lambda one: one.update(nonfinite="inf"),
    "a huge value": lambda one: one.update(value=10**400),
    "a whole value": lambda one: one.update(value=-5),
    "a whole zero": lambda one: one.update(value=0),
    "a text for a value": lambda one: one.update(value="5"),
    "the slice of another": lambda one: one.update(by={"g": "ü"}),
    "another column": lambda one: one.update(by={"z": "ü"}),
    "all rows": lambda one: one.update(by={}),
    "a number for a label": lambda one: one.update(by={"g": 1}),
    "a lone surrogate": lambda one: one.update(by={"g": "\ud800"}),
    "another direction": lambda one: one.update(direction="up"),
    "another signature": lambda one: one.update(signature="mse|rev2|mean|w=none|cw=none"),
    "no term": lambda one: one.update(terms={}),
    "half a term": lambda one: one.update(terms={"loss": {"mean": 1.0}}),
    "a standard error alone": lambda one: one.update(stderr=1.5),
    "half an interval": lambda one: one.update(interval=[1.0]),
    "other units": lambda one: one.update(
        stderr=1.0, interval=[1, 2], uncertainty={"method": "t", "level": 0.9, "units": "u", "count": 7, "df": 3}
    ),
    "an effective size": lambda one: one.update(n_eff=4.5),
    "a later field": lambda one: one.update(later={"deep": [1, {"x": "ü"}, None]}),
    "a baseline": lambda one: one.update(baseline={"value": 3, "relative": None, "verdict": "a \\ b"}),
    "no model": lambda one: one.update(model=None),
    "a number for a model": lambda one: one.update(model=7),
}
TEXT_CHANGES = [
    ('"count": 2', '"count": 02'), ('"count": 2', '"count": -0'), ('"weight": 2', '"weight": -0, "x": 2'),
    ('"count": 2', '"count": NaN, "x": 2'), ('"without_part": 0', '"without_part": 0, "without_part": 0'),
    ('"stderr": null', '"stderr" : null'), ("\n", "\r\n"), ('"ü"', r'"\u00fc"'), ('"ü"', r'"\u00f"'), ('"ü"', r'"\q"'),
    ('"ü"', '"\x01"'), ("},\n    {", "},\n    ,{"), ("    }\n  ],", "    },\n  ],"), ('"results"', r'"\u0072esults"'),
    ('"results": [', '"x": {"results": [1]}, "results": ['), ('"results": [', '"x\\"results": [1], "results": ['),
    ('"warnings"', '"results"'),
]  # fmt: skip


def outcome(path: Path) -> object:
    try:
        found = read_report(str(path))
    except DataError as error:
        return str(error)
    return list(map(repr, found.results)), repr(replace(found, results=()))


@pytest.mark.parametrize("at", [0, 5, -1])
@pytest.mark.parametrize("name", OTHERS)
def test_a_result_that_differs_from_the_others_is_read_or_refused_as_before(
    name: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    document, path = json.loads(render(evaluated("one"), "json")), tmp_path / "report.json"
    OTHERS[name](document["results"][at])
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")
    found = outcome(path)
    monkeypatch.setattr(report_columns, "LEAST", 1 << 60)
    assert found == outcome(path)


@pytest.mark.parametrize("number", range(len(TEXT_CHANGES)))
@pytest.mark.parametrize("times", [1, -1])
def test_a_text_that_is_unusual_is_read_or_refused_as_before(
    number: int, times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    text, path = render(evaluated("one"), "json"), tmp_path / "report.json"
    old, new = TEXT_CHANGES[number]
    assert old in text
    path.write_text(text.replace(old, new, times), encoding="utf-8", newline="")
    found = outcome(path)
    monkeypatch.setattr(report_columns, "LEAST", 1 << 60)
    assert found == outcome(path)


def test_results_elsewhere_are_not_those_of_the_report(tmp_path: Path, eager: None) -> None:
    """Nor where the report has the text that could stand in their place."""
    document, path = json.loads(render(evaluated("one"), "json")), tmp_path / "report.json"
    inner = json.dumps({"x": {"results": document.pop("results")}, "results": ["MARK"], **document})
    path.write_text(inner.replace("MARK", r"\u0040results 0"), encoding="utf-8")
    with pytest.raises(DataError, match=r"results\[0\] is not an object"):
        read_report(str(path))


def test_a_number_of_too_many_digits_is_refused_where_nothing_reads_it(tmp_path: Path, eager: None) -> None:
    text, path = render(evaluated("one"), "json"), tmp_path / "report.json"
    pieces = text.split('"baseline": null', 9)  # of one of those that are read alike
    path.write_text('"baseline": null'.join(pieces[:9]) + f'"baseline": {"7" * 5000}{pieces[9]}', encoding="utf-8")
    with pytest.raises(DataError, match="not a JSON report"):
        read_report(str(path))


@pytest.mark.parametrize("bytes_", [b"\xff", b"\xc3", b"\xef\xbb\xbf"])
def test_bytes_that_are_no_text_are_refused_as_before(
    bytes_: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    path, content = tmp_path / "report.json", render(evaluated("one"), "json").encode()
    for changed in (bytes_ + content, content.replace("ü".encode(), b"u" + bytes_), content.replace(b'"%s"', bytes_)):
        path.write_bytes(changed)
        found = outcome(path)
        with monkeypatch.context() as patch:
            patch.setattr(report_columns, "LEAST", 1 << 60)
            assert found == outcome(path)


def told(match: BaselineMatch) -> object:
    results, absent = match.evaluation.results, match.absent
    return list(map(repr, results)), list(map(repr, absent)), repr(replace(match, evaluation=match.reasons, absent=()))


@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize("left_out", ["", "ü", "h3"])
@pytest.mark.parametrize("case", CASES)
def test_a_run_beside_its_baseline_is_the_same_as_result_by_result(case: str, left_out: str, lenient: bool) -> None:
    run, saved = evaluated(case, left_out=left_out), evaluated(case, left_out="%s" if left_out else "")
    if case == "one":
        saved = replace(saved, results=tuple(one.of_model("old") for one in saved.results))
    found = match_baseline(run, saved, "b.json", lenient)
    plain_run, plain_saved = (replace(one, results=tuple(one.results)) for one in (run, saved))
    plain = match_baseline(plain_run, plain_saved, "b.json", lenient)
    assert told(found) == told(plain) == told(match_baseline(run, plain_saved, "b.json", lenient))
    for form in format_names():
        views: list[dict[str, Any]] = [{}, {"ascii_only": True}, {"width": 60}]
        for view in views:
            assert render(found.evaluation, form, **view) == render(plain.evaluation, form, **view), form


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all that is no object or list."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    else:
        yield path


def changed(value: Any) -> list[Any]:
    """Other values that could stand there."""
    if isinstance(value, str):
        return [value + "x", None]
    return ["inf", 3, 0.5] if value is None else [value + 1, None]


def with_everything(run: Evaluation) -> Evaluation:
    """The run, whose results have all fields that a report may have."""
    ranking, difference = (
        Ranking(1, 1, 0, 0.5, (0.4, 0.6), None, "b"),
        SliceDifference(None, 0.5, 3, 0.1, "worse", "bh"),
    )
    more: dict[str, Any] = {
        "baseline": BaselineResult(0.5, 0.1, 0.2, "worse"), "between": difference, "ranking": ranking, "constant": 0.5,
        "skill": SkillResult("b", 1.5, 0.25), "params": {"delta": 1.5}, "batch": BatchResult("rows", 3, None, 7),
    }  # fmt: skip
    return replace(run, results=tuple(replace(one, **more) for one in run.results))


def test_no_field_of_a_result_is_taken_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    """Each field of one of many results that are alike has another value: both ways of reading tell it."""
    words: dict[str, Any] = {"target": "y", "pred": {"a": "p"}, "by": "g", "interval": True, "weight": "w"}
    run = losscli.evaluate(table(), "total=0.7*mse+0.3*mae", **words).evaluation
    document, path, at = json.loads(render(with_everything(run), "json")), tmp_path / "report.json", 5
    document["results"] = document["results"][: at + 3]
    path.write_text(json.dumps(document), encoding="utf-8")
    _, columns = parts_of(read_report(str(path)).results)
    assert isinstance(columns, SliceColumns) and columns.intervals is not None
    assert at - 1 not in columns.intervals.others
    paths = [*leaves(document["results"][at])]
    assert len(paths) > 60
    for *inner, last in paths:
        place = document["results"][at]
        for key in inner:
            place = place[key]
        kept = place[last]
        for place[last] in changed(kept):
            path.write_text(json.dumps(document), encoding="utf-8")
            found = outcome(path)
            with monkeypatch.context() as patch:
                patch.setattr(report_columns, "LEAST", 1 << 60)
                assert found == outcome(path), (*inner, last, place[last])
        place[last] = kept


def test_results_that_are_no_columns_are_not_all_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    monkeypatch.setattr(report_columns, "ALIKE", 64)
    monkeypatch.setattr(report_columns, "_FEWEST", 20)
    document, path = json.loads(render(evaluated("one"), "json")), tmp_path / "report.json"
    whole, *slices = document["results"]
    document["results"] = [{**one, "model": f"m{at}"} for at in range(99) for one in (whole, *slices[:9])]
    path.write_text(json.dumps(document), encoding="utf-8")
    read, made = report_file._result, list[str]()
    monkeypatch.setattr(report_file, "_result", lambda one: [read(one), made.append(one.where)][0])
    assert len(read_report(str(path)).results) < len(made) < 1.5 * 990


def test_few_expressions_are_made_of_results_that_are_never_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    document, path = json.loads(render(evaluated("one"), "json")), tmp_path / "report.json"
    whole, one, *_ = document["results"]
    document["results"] = [whole, *({**one, "by": {"g": str(at)}, "later": {str(at): at}} for at in range(99))]
    path.write_text(json.dumps(document), encoding="utf-8")
    make, made = TextShape.of, list[bytes]()
    monkeypatch.setattr(TextShape, "of", lambda text, result: [make(text, result), made.append(text)][0])
    assert len(read_report(str(path)).results) == 100
    assert 0 < len(made) < 10


@pytest.mark.parametrize("case", CASES)
def test_examples_have_an_entry_that_any_result_has(case: str, tmp_path: Path, eager: None) -> None:
    path = tmp_path / "report.json"
    path.write_text(render(evaluated(case), "json"), encoding="utf-8")
    run, other = read_report(str(path)), evaluated(case, left_out="h3")
    for part in parts_of(match_baseline(run, other, "b.json", True).evaluation.results):
        for at in range(0, len(part), 5) if isinstance(part, SliceColumns) else ():
            some = part.take(sorted({0, at}))
            for name in ("stderr", "interval", "uncertainty", "n_eff", "baseline"):
                wanted = any(getattr(one, name) is not None for one in some)
                assert any(getattr(one, name) is not None for one in some.examples()) == wanted, (name, at)


@pytest.mark.parametrize("case", CASES)
def test_results_in_columns_have_the_new_name_of_their_model_wherever_they_are_kept(
    case: str, tmp_path: Path, eager: None
) -> None:
    path = tmp_path / "report.json"
    path.write_text(render(evaluated(case), "json"), encoding="utf-8")
    run = read_report(str(path))
    parts = parts_of(match_baseline(run, run, "b.json", True).evaluation.results)
    columns = [part for part in parts if isinstance(part, SliceColumns)]
    assert columns
    for part in columns:
        for found in (part, part.take(range(len(part) - 1, -1, -2))):
            plain = [repr(one.of_model("renamed")) for one in found]
            assert [*map(repr, found.of_model("renamed"))] == plain
            assert [*map(repr, found.of_model("renamed").take(range(len(found))))] == plain


@pytest.mark.parametrize("interval", [True, False])
def test_gates_name_every_slice_that_a_renamed_model_lost(
    interval: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None
) -> None:
    """Those that are whole results among the columns, as the first and the last, as those that are not."""
    path, data = tmp_path / "b.json", table()
    words: dict[str, Any] = {"losses": "mse", "target": "y", "by": "h", "interval": interval}
    saved = losscli.evaluate(data, pred={"old": "p"}, **words)
    path.write_text(saved.to_json(), encoding="utf-8")
    labels = [one.by["h"] for one in read_report(str(path)).results if one.by]
    lost = [labels[0], labels[1], labels[20], labels[-1]]
    kept = [at for at, label in enumerate(data["h"]) if label not in lost]
    less = {name: [column[at] for at in kept] for name, column in data.items()}
    gates = ["mse <= baseline by h", "mse <= baseline"]
    words |= {"pred": {"new": "p"}, "baseline": str(path), "allow_incomparable": True, "gates": gates}
    found = losscli.evaluate(less, **words).evaluation
    missing = [one for one in found.gates if "this run has no row of it" in one.reason]
    assert [(one.by["h"], one.model, one.state) for one in missing] == [(label, "new", "failed") for label in lost]
    monkeypatch.setattr(report_columns, "LEAST", 1 << 60)
    assert repr(losscli.evaluate(less, **words).evaluation) == repr(found)


def test_values_that_are_infinite_or_undefined_have_the_same_verdicts_in_columns() -> None:
    run = evaluated("several")
    odd = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1.0, -1.0, 1e-320, 1e300, -1e308]

    def with_values(shift: int) -> Evaluation:
        parts = [part.take(range(len(part))) if isinstance(part, SliceColumns) else part for part in
                 parts_of(run.results)]  # fmt: skip
        for part in parts:
            for at in range(len(part) if isinstance(part, SliceColumns) else 0):
                part.values[at] = odd[(at + shift) % len(odd)]
        return replace(run, results=ResultTable(parts))

    for shift in range(len(odd)):
        found = match_baseline(with_values(0), with_values(shift), "b.json", False)
        plain = [replace(one, results=tuple(one.results)) for one in (with_values(0), with_values(shift))]
        assert told(found) == told(match_baseline(*plain, "b.json", False))


def test_no_result_is_made_for_what_columns_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eager: None) -> None:
    paths = [tmp_path / name for name in ("old.json", "new.json")]
    for path, interval in zip(paths, (True, False), strict=True):
        report = losscli.evaluate(table(), "mse", target="y", pred="p", by=["g", "h"], interval=interval)
        path.write_text(report.to_json(), encoding="utf-8")
    made: list[object] = []
    read, plain = report_file._result, SliceColumns._result

    def watched(self: SliceColumns, at: int) -> LossResult:
        made.append(at)
        return plain(self, at)

    def counted(one: Any) -> LossResult:
        made.append(one.where)
        return read(one)

    monkeypatch.setattr(SliceColumns, "_result", watched)
    monkeypatch.setattr(report_file, "_result", counted)
    new = read_report(str(paths[1]))
    assert len(made) < 8 < 70 < len(new.results)
    match = match_baseline(new, read_report(str(paths[1])), "old.json", False)
    for form in ("csv", "plain", "json", "jsonl", "table", "markdown"):
        render(match.evaluation, form)
    assert len(set(made)) < 10
    assert not match.absent

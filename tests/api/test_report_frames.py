"""What a report is in Python: frames, dicts, a page; with intervals, comparisons and gates."""

from __future__ import annotations

import json

import pytest

import losscli

PERIOD = {"y": [1.0, 2.0, 4.0, 3.0], "a": [1.5, 2.0, 3.0, 3.25], "b": [1.0, 2.0, 2.0, 1.0], "g": ["u", "v", "v", "u"]}
DATA = {name: values * 15 for name, values in PERIOD.items()}


@pytest.fixture(scope="module")
def compared() -> losscli.Report:
    return losscli.compare(DATA, "mae", target="y", pred={"a": "a", "b": "b"}, by="g", max_dropped=0)


def test_frames_have_the_intervals_of_results_and_of_slices(compared: losscli.Report) -> None:
    frame = compared.to_frame()
    for (_, row), result in zip(frame.iterrows(), compared, strict=True):
        assert row["stderr"] == result.stderr and (row["low"], row["high"]) == result.interval
    many = {name: values * 300 for name, values in PERIOD.items()} | {"g": [str(n % 400) for n in range(1200)]}
    sliced = losscli.evaluate(many, "mae", target="y", pred="a", by="g", interval=True)
    frame = sliced.to_frame().astype({"low": float})
    ends = [float("nan") if r.interval is None else r.interval[0] for r in sliced]
    assert frame["low"].tolist() == pytest.approx(ends, nan_ok=True) and len(frame) == 401
    assert "low" not in losscli.evaluate(DATA, "mae", target="y", pred="a").to_frame()


def test_comparisons_and_gates_are_frames(compared: losscli.Report) -> None:
    found, (first, *_) = compared.to_frame("comparisons"), compared.comparisons
    assert len(found) == len(compared.comparisons) == 3
    assert found["g"].tolist() == ["", "u", "v"]
    assert first.decision is not None and first.interval is not None
    row = found.iloc[0]
    assert (row["difference"], row["low"], row["p"]) == (first.difference, first.interval[0], first.decision.p)
    assert row["verdict"] == first.verdict
    gates = compared.to_frame("gates")
    assert gates[["gate", "state"]].to_numpy().tolist() == [["max-dropped<=0", "passed"]]
    with pytest.raises(ValueError, match="not 'rows'"):
        compared.to_frame("rows")  # type: ignore[arg-type]


def test_a_notebook_shows_results_comparisons_and_gates(compared: losscli.Report) -> None:
    shown = compared._repr_html_()
    assert shown.count("<table") == 3
    assert all(f"<th>{name}</th>" in shown for name in ("low", "verdict", "state"))
    assert "signature" not in shown


def test_a_report_is_a_dict_and_a_page(compared: losscli.Report) -> None:
    assert compared.to_dict() == json.loads(compared.to_json())
    whole, (first, *_) = compared.to_dict(), compared.comparisons
    assert whole["gates"][0]["passed"] is True
    assert [tuple(one["interval"]) for one in whole["results"]] == [result.interval for result in compared]
    assert (whole["comparisons"][0]["difference"], whole["comparisons"][0]["verdict"]) == (
        first.difference,
        first.verdict,
    )
    page = compared.to_html()
    assert page.startswith("<!doctype html>") and "max-dropped" in page
    assert compared[0].interval is not None and first.interval is not None
    assert f"[{compared[0].interval[0]:.4g}, {compared[0].interval[1]:.4g}]" in page
    assert f"{first.interval[0]:+.4g}" in page and f">{first.verdict}<" in page

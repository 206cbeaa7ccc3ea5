"""Joins by the month, week, … of a date."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError

TIMES = ["2024-01-03", "2024-01-31 23:59:00", "2024-02-05", "2024-03-31"]
PREDS = pd.DataFrame({"ds": TIMES, "store": ["a", "b", "a", "a"], "p": [1.5, 1.0, 2.0, 4.0]})
TARGETS = pd.DataFrame({"month": ["2024-03", "2024-01", "2024-02"], "y": [3.0, 1.0, 2.0]})
WANTED = (0.25 + 0 + 0 + 1) / 4


def sources(folder):
    """The predictions with dates as text, as Python's and Arrow's times, in files and in memory."""
    typed = PREDS.assign(ds=pd.to_datetime(PREDS["ds"], format="mixed"))
    PREDS.to_csv(folder / "p.csv", index=False)
    (folder / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PREDS.to_dict("records")))
    pq.write_table(pa.Table.from_pandas(typed), folder / "p.parquet", row_group_size=2)
    return [PREDS, typed, *(str(folder / f"p.{kind}") for kind in ("csv", "jsonl", "parquet"))]


def test_many_days_have_the_target_of_their_month(tmp_path):
    TARGETS.to_csv(tmp_path / "t.csv", index=False)
    settings = {"target": "y", "pred": "p", "on": {"ds:month": "month"}, "join": "many-to-one"}
    for source in sources(tmp_path):
        for targets in (str(tmp_path / "t.csv"), TARGETS):
            report = losscli.evaluate(source, "mse", targets=targets, by="ds:month", **settings)
            assert report[0].value == WANTED
            assert [result.by["ds:month"] for result in report[1:]] == ["2024-01", "2024-02", "2024-03"]
    rows = losscli.row_values(PREDS, "mse", targets=TARGETS, **settings)
    assert rows["ds:month"] == ["2024-01", "2024-01", "2024-02", "2024-03"]


def test_both_sides_may_be_dates_and_a_column_of_exactly_the_name_wins(tmp_path):
    days = TARGETS.assign(day=pd.to_datetime(TARGETS["month"]))
    settings = {"target": "y", "pred": "p", "join": "many-to-one"}
    report = losscli.evaluate(PREDS, "mse", targets=days, on={"ds:month": "day:month"}, **settings)
    assert report[0].value == WANTED
    named = {"ds:month": ["x", "y"], "p": [1.0, 2.0], "ds": ["2024-01-01", "2024-01-02"]}
    found = losscli.evaluate(named, "mse", targets={"k": ["x", "y"], "y": [2.0, 4.0]}, on={"ds:month": "k"},
                             target="y", pred="p")  # fmt: skip
    assert found[0].value == 2.5


def test_a_key_that_is_no_date_is_an_error_with_its_row():
    with pytest.raises(DataError, match="the key 'ds:month' needs one") as caught:
        losscli.evaluate(PREDS.assign(ds=[*TIMES[:3], "soon"]), "mse", targets=TARGETS, on={"ds:month": "month"},
                         target="y", pred="p", join="many-to-one")  # fmt: skip
    assert (caught.value.row, caught.value.value) == (4, "soon")
    with pytest.raises(DataError, match="no key column 'ds:moth'"):
        losscli.evaluate(PREDS, "mse", targets=TARGETS, on={"ds:moth": "month"}, target="y", pred="p")

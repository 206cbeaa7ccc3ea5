"""Clusters and batches by labels that are derived of a column, as slices are."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.errors import DataError, UsageError

DAYS = pd.date_range("2024-01-01", periods=40, freq="3D")
RNG = np.random.default_rng(12)
DRAWN = RNG.normal(size=(8, 40)).round(3)
TABLE = pd.DataFrame({"ds": DAYS, "age": np.arange(40) % 70, "y": DRAWN[0], "p": DRAWN[1],
                      "a": list(DRAWN[2:5].T), "b": list(DRAWN[5:].T)})  # fmt: skip
TABLE["month"] = DAYS.strftime("%Y-%m")
TABLE["ages"] = np.select([TABLE["age"] < 10, TABLE["age"] < 30], ["< 10", "10 to < 30"], ">= 30")


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("units")
    lines = json.loads(TABLE.to_json(orient="records", date_format="iso"))
    (folder / "t.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    pq.write_table(pa.Table.from_pandas(TABLE), folder / "t.parquet", row_group_size=7)
    TABLE.to_csv(folder / "t.csv", index=False)
    return [TABLE, *(str(folder / f"t.{kind}") for kind in ("jsonl", "parquet", "csv"))]


@pytest.mark.parametrize(("derived", "column"), [("ds:month", "month"), ("age:10|30", "ages")])
def test_clusters_are_those_of_a_column_of_the_labels(derived, column, sources):
    wanted = losscli.evaluate(TABLE, "mse", target="y", pred="p", interval=True, cluster=column)[0]
    for source in sources:
        found = losscli.evaluate(source, "mse", target="y", pred="p", interval=True, cluster=derived)[0]
        assert (found.value, found.stderr, found.interval) == (wanted.value, wanted.stderr, wanted.interval)


def test_batches_are_those_of_a_column_of_the_labels(sources):
    columns = {"anchor": "a", "positive": "b"}
    wanted = losscli.evaluate(TABLE, "nt_xent", columns=columns, batch_by="month")[0]
    for source in sources[:3]:
        found = losscli.evaluate(source, "nt_xent", columns=columns, batch_by="ds:month")[0]
        assert found.value == wanted.value
        assert "by:ds:month" in found.signature


def test_a_column_of_exactly_the_name_wins():
    table = {"y": [1.0, 2.0, 3.0], "p": [1.0, 3.0, 1.0], "ds": ["x", "y", "z"], "ds:month": ["a", "a", "b"]}
    named = losscli.evaluate(table, "mse", target="y", pred="p", interval=True, cluster="ds:month")[0]
    plain = losscli.evaluate({**table, "g": table["ds:month"]}, "mse", target="y", pred="p", interval=True, cluster="g")
    assert named.stderr == plain[0].stderr


def test_only_used_rows_need_a_date():
    table = {"y": [1.0, 2.0, 3.0], "p": [1.0, 3.0, 1.0], "ds": ["2024-01-01", "n/a", "2024-02-01"], "k": [1, 0, 1]}
    settings = {"target": "y", "pred": "p", "interval": True, "cluster": "ds:month"}
    assert losscli.evaluate(table, "mse", where="k == 1", **settings)[0].count == 2
    with pytest.raises(DataError, match="--cluster 'ds:month' needs one") as caught:
        losscli.evaluate(table, "mse", **settings)
    assert (caught.value.row, caught.value.value) == (2, "n/a")
    with pytest.raises(UsageError, match="quantiles make slices, not units"):
        losscli.evaluate(table, "mse", **{**settings, "cluster": "k:quantile=2"})

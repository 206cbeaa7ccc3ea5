"""Scales of series from a table of past values: against libraries, in any order and cut, and what is no history."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from cluster_processes import with_patience

import losscli
from losscli.binding.spec import parse
from losscli.cli import cli
from losscli.errors import DataError, UsageError
from losscli.execution import history

TRAIN = {
    "a": [5.0, 4.01, 3.44, 5.24, 3.33, 7.15, 5.42, 4.89, 1.39],
    "b": [0.0, 0.0, 0.0, 0.0, 5.25, 5.3, 0.0, 5.48, 17.44, 1.65, 7.58, 8.14, 8.06, 2.81],
    "c": [4.63, 8.17, 3.7, 13.53, 3.91, 4.55, 1.81, 3.47, 7.98, 8.06, 10.28, 7.62, 6.47, 0.53, 2.26, 19.71, 2.95, 7.16,
          4.24, 7.3, 4.7, 1.93, 2.36, 5.78, 3.04, 0.57, 6.54, 9.05, 8.54, 8.66],
    "d": [0.0, 0.0, 0.0, 0.0, 5.03, 3.93, 0.0, 2.82, 6.42, 1.22, 2.93, 8.42, 5.28, 6.98, 4.47, 1.61, 3.28, 4.87, 3.28,
          3.92, 5.09, 8.13, 3.12],
}  # fmt: skip
TEST = {
    "a": ([0.72, 1.52, 5.63], [4.81, 1.11, 5.59]), "b": ([3.41, 1.67, 4.28], [10.88, 2.51, 0.57]),
    "c": ([1.1, 12.92, 4.01], [2.09, 3.18, 2.51]), "d": ([9.65, 4.47, 8.68], [9.48, 13.46, 9.14]),
}  # fmt: skip
ROWS = {
    "unique_id": [name for name in TEST for _ in range(3)],
    "y": [value for y, _ in TEST.values() for value in y], "p": [value for _, p in TEST.values() for value in p],
}  # fmt: skip
ROWS |= {"lo": [p - 2 for p in ROWS["p"]], "hi": [p + 3 for p in ROWS["p"]]}


def table(train=TRAIN, by_time=False):
    rows = [(name, at, y) for name, values in train.items() for at, y in enumerate(values)]
    rows = sorted(rows, key=lambda row: row[1]) if by_time else rows
    return pa.table(dict(zip(("unique_id", "ds", "y"), zip(*rows, strict=True), strict=True)))


def scored(losses, past=None, **more):
    settings = {"target": "y", "pred": "p", "mean_of": "unique_id", **more}
    return losscli.evaluate(ROWS, losses, tables={"history": table() if past is None else past}, **settings)


# utilsforecast 0.2.17 mase and rmsse, the mean over the series; GluonTS 0.17.0 calculate_seasonal_error, mase and msis;
# the root mean squared scaled errors of M5 by NumPy, whose denominators begin with the first sale
KNOWN = (
    ("mase", 1.0145603870642594), ("mase:season=7", 0.9664157273600186), ("rmsse", 1.138653772894194),
    ("rmsse:season=7", 1.101363452531434), ("rmsse:cut_zeros=true", 1.0981364209145623),
)  # fmt: skip


@pytest.mark.parametrize(("loss", "known"), KNOWN)
def test_it_is_the_number_of_libraries(loss, known):
    assert scored(loss)[0].value == pytest.approx(known, rel=1e-13)
    assert scored(loss)[0].spec == loss


def test_intervals_have_the_scale_of_gluonts():
    columns = {"lower": "lo", "upper": "hi"}
    found = losscli.evaluate(ROWS, "msis:season=7", target="y", columns=columns, mean_of="unique_id",
                             tables={"history": table()})  # fmt: skip
    assert found[0].value == pytest.approx(23.726935232717477, rel=1e-13)


def test_with_weights_of_series_it_is_the_wrmsse_of_m5():
    weights = {"a": 3.0, "b": 1.0, "c": 0.5, "d": 2.0}
    rows = {**ROWS, "sales": [weights[name] for name in ROWS["unique_id"]]}
    # utilsforecast 0.2.17 rmsse of each series, and by the definition of M5 from the first sale on; numpy.average
    for loss, known in (("rmsse", 1.2289737980697877), ("rmsse:cut_zeros=true", 1.1959461783838246)):
        found = losscli.evaluate(rows, loss, target="y", pred="p", mean_of="unique_id", group_weight="sales",
                                 tables={"history": table()})[0]  # fmt: skip
        assert found.value == pytest.approx(known, rel=1e-13)


def scales(train, season, power, cut):
    """The same by the definition, series by series."""
    found = {}
    for name, values in train.items():
        y = np.array(values)
        y = y[np.argmax(y != 0) :] if cut else y
        changes = np.abs(y[season:] - y[:-season]) ** power if len(y) > season else np.zeros(0)
        if len(changes) and changes.mean() > 0:
            found[name] = changes.mean() ** (1 / power)
    return found


@pytest.mark.parametrize("season", [1, 2, 5, 12])
@pytest.mark.parametrize("cut", [False, True])
def test_any_order_of_series_and_any_cut_give_the_same_bits(season, cut):
    rng = np.random.default_rng(season)
    train = {f"s{at}": np.round(rng.gamma(1, 2, rng.integers(1, 60)), 1).tolist() for at in range(30)}
    for values in list(train.values())[::3]:
        values[: rng.integers(0, len(values) + 1)] = [0.0] * len(values[: rng.integers(0, len(values) + 1)])
    loss = f"mase:season={season}" + ",cut_zeros=true" * cut
    root = f"rmsse:season={season}" + ",cut_zeros=true" * cut
    data = {"unique_id": list(train), "y": [1.0] * 30, "p": [2.0] * 30}
    found = []
    for by_time, size in ((False, 10_000), (False, 1), (False, 7), (True, 10_000), (True, 13)):
        past = table(train, by_time)
        pieces = pa.Table.from_batches(past.to_batches(max_chunksize=size))
        values = losscli.row_values(data, [loss, root], target="y", pred="p", tables={"history": pieces},
                                    missing="drop")  # fmt: skip
        found.append([column.tolist() for name, column in values.items() if name != "row"])
    assert all(np.array_equal(one, found[0], equal_nan=True) for one in found)
    for values, power in zip(found[0], (1, 2), strict=True):
        known = scales(train, season, power, cut)
        want = [1 / known[name] if power == 1 else 1 / known[name] ** 2 for name in train if name in known]
        assert [value for value in values if value is not None and not np.isnan(value)] == pytest.approx(
            want, rel=1e-12
        )
        assert len(want) < 30 or season == 1


def test_files_threads_shards_and_a_join_give_the_same_bits(tmp_path, monkeypatch):
    with_patience(monkeypatch)
    for name in ("OMP_NUM_THREADS", "PYTHONHASHSEED"):
        monkeypatch.delenv(name, raising=False)
    environment = dict(os.environ)
    monkeypatch.chdir(tmp_path)
    pa.csv.write_csv(table(), "train.csv")
    pa.parquet.write_table(table(by_time=True), "train.parquet")
    pa.csv.write_csv(pa.table({**ROWS, "row": list(range(12))}), "p.csv")
    pa.csv.write_csv(pa.table({"row": list(range(12)), "y": ROWS["y"]}), "y.csv")
    pa.csv.write_csv(pa.table({name: ROWS[name] for name in ("unique_id", "p")} | {"row": list(range(12))}), "only.csv")
    same = ["-t", "y", "-p", "p", "-l", "mase:season=2", "-l", "rmsse"]
    found = set()

    def result(*words):
        done = CliRunner().invoke(cli, [*words, "-f", "json"], standalone_mode=False)
        assert done.exit_code == 0, done.exception
        found.add(tuple(one["value"] for one in json.loads(done.stdout)["results"]))

    result("eval", "p.csv", *same, "--table", "history=train.csv")
    result("eval", "p.csv", *same, "--table", "history=train.parquet", "--threads", "2")
    result("eval", "p.csv", *same, "--table", "history=train.parquet", "--engine", "dask", "--threads", "1")
    joined = ["--targets", "y.csv", "--on", "row", "--table", "history=train.csv"]
    result("eval", "only.csv", *same, *joined)
    result("eval", "only.csv", *same, *joined, "--engine", "dask", "--threads", "1")
    changed = {name for name, _ in environment.items() ^ os.environ.items()} - {"__DASK_PARENT_PID"}  # of an import
    assert changed == set(), "Dask sets variables for its workers"
    for shard in (1, 2):
        words = ["eval", "p.csv", *same, "--table", "history=train.csv", "--shard", f"{shard}/2", "--state-out",
                 f"{shard}.state"]  # fmt: skip
        assert CliRunner().invoke(cli, words, standalone_mode=False).exit_code == 0
    result("merge", "1.state", "2.state")
    pa.csv.write_csv(table({**TRAIN, "a": TRAIN["b"]}), "train.csv")
    words = ["eval", "p.csv", *same, "--table", "history=train.csv", "--shard", "2/2", "--state-out", "2.state"]
    assert CliRunner().invoke(cli, words, standalone_mode=False).exit_code == 0
    mixed = CliRunner().invoke(cli, ["merge", "1.state", "2.state"], standalone_mode=False)
    assert "they differ in looked_up" in str(mixed.exception)
    assert len(found) == 1


def test_series_without_a_scale_are_said_and_their_rows_have_no_value():
    train = {**TRAIN, "b": [1.0, 2.0], "c": [3.0] * 8}
    with pytest.raises(DataError, match="has no value") as caught:
        scored("mase:season=2", table(train))
    assert (caught.value.row, caught.value.code) == (4, "DATA_MISSING_VALUE")
    report = scored("mase:season=2", table(train), missing="drop")
    assert (report.evaluation.rows.missing, report[0].count) == (6, 2)
    with pytest.raises(DataError, match="has no value"):  # a series that the table does not have
        scored("mase", table({name: TRAIN[name] for name in "abc"}))


def test_which_series_have_none_is_a_note(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("unique_id,y\na,1\nb,2\na,2\nc,5\nb,2\nb,2\n")
    request = _request("mase", path)
    assert request.notes == ("using column 'unique_id' as history.series",
                             "train.csv: a series that has less than 2 values has no scale: c",
                             "train.csv: a series that does not change has no scale: b")  # fmt: skip


def _request(loss, path):
    from losscli.binding.request import MatrixSource, Request
    from losscli.io.arrow.decode import PLAIN
    from losscli.io.files.open import open_source
    from losscli.io.source import ReadOptions

    opened = open_source([str(path)], ReadOptions())
    request = Request(losses=(parse(loss),), tables=(MatrixSource("history", None, str(path)),))
    return history.read_history(request, opened, opened, str(path), PLAIN)


def test_the_order_of_time_is_checked_where_it_is_named():
    columns = {"history.time": "ds"}
    assert scored("mase", columns=columns)[0].value == scored("mase")[0].value
    turned = table().take([*range(9, 20), 0, 2, 1, *range(3, 9)])
    with pytest.raises(DataError, match="is not later than the row before it of its series") as caught:
        scored("mase", turned, columns=columns)
    assert (caught.value.row, caught.value.column, caught.value.hint) == (14, "ds", "sort the table by series and time")
    dates = table().set_column(1, "ds", pa.array([f"2024-{1 + at // 28:02}-{1 + at % 28:02}" for at in range(76)]))
    assert scored("mase", dates, columns=columns)[0].value == scored("mase")[0].value
    stamps = dates.set_column(1, "ds", dates["ds"].cast(pa.timestamp("s")))
    assert scored("mase", stamps, columns=columns)[0].value == scored("mase")[0].value


def test_columns_have_other_names_and_series_several_columns():
    past = table().rename_columns(["shop", "ds", "sales"])
    past = past.append_column("item", pa.array([1] * past.num_rows))
    rows = {**ROWS, "shop": ROWS["unique_id"], "item": [1.0] * 12}
    columns = {"history": "sales", "history.series": ["shop", "item"]}
    found = losscli.evaluate(rows, "mase", target="y", pred="p", tables={"history": past}, columns=columns,
                             mean_of="shop")  # fmt: skip
    assert found[0].value == scored("mase")[0].value


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"losses": "mase:season=0"}, "must be a whole number from 1 on; got 0"),
        ({"losses": "mase:season=1.5"}, "must be a whole number from 1 on; got 1.5"),
        ({"losses": "mase:cut_zeros=maybe"}, "must be true or false; got maybe"),
        ({"losses": "mase:season=7", "tables": None}, "is about the history of the series, and there is none"),
        ({"losses": "mae"}, "no loss here takes anything of the table 'history'"),
        ({"losses": "mae:season=7"}, "'mae' has no parameter 'season'"),
        ({"columns": {"scale": "lo"}}, "nothing is taken of the table 'history'"),
        ({"columns": {"history.series": "p"}}, "no column 'p'"),
        ({"columns": {"history.serie": "unique_id"}}, "the table 'history' has no 'history.serie' ('unique_id')"),
        ({"columns": {"m:history": "y"}, "pred": {"m": "p"}}, "the history is that of all models"),
        ({"tables": {"m:history": table()}}, "there is one history, that of all models"),
        ({"columns": {"history.series": "ds"}}, "the data has no column 'ds', by which the history is looked up"),
        ({"columns": {"history": "nothing"}}, "no column 'nothing'"),
        ({"target": "hi"}, "which column of the history holds the past values"),
        ({"tables": {"history": pa.table({"name": ["a"], "y": [1.0]})}}, "which column names the series"),
        ({"tables": {"history": pa.table({"unique_id": ["a"], "y": [None]})}}, "missing or non-finite number"),
        ({"tables": {"history": pa.table({"unique_id": [None], "y": [1.0]})}}, "a row of the history is of a series"),
        ({"tables": {"history": pa.table({"unique_id": ["a"], "y": [1.0]}).slice(1)}}, "has no rows"),
    ],
)
def test_what_is_refused(settings, said):
    given = {"losses": "mase", "target": "y", "pred": "p", "tables": {"history": table()}, **settings}
    with pytest.raises((UsageError, DataError, losscli.errors.EmptyError)) as caught:
        losscli.evaluate(ROWS, **given)
    assert said in str(caught.value)


def test_the_naive_forecast_is_part_of_the_spec_and_of_no_kernel():
    spec = parse("total=0.5*mase:season=7,cut_zeros=true+rmsse")
    assert spec.text == "total=0.5*mase:season=7,cut_zeros=true+rmsse" and parse(spec.text) == spec
    part = spec.parts[0][1]
    assert part.kernel == parse("mase").parts[0][1].kernel and part != parse("mase").parts[0][1]
    assert parse("mase:season=1").parts[0][1].history is not None
    assert replace(part, history=None).full == "mase"

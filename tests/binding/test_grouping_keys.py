"""Labels derived of a column, `ds:month` and `age:18|65`: the same in every reader, and however the rows are cut."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.binding.grouping_keys import Edges, GroupingKey, Truncation, grouping_key
from losscli.errors import DataError, UsageError
from losscli.execution.engines.threads import Threads
from losscli.execution.python_run import prepared
from losscli.execution.shards import score
from losscli.execution.state_file import Shard
from losscli.io.arrow.instants import (
    FIRST_HOUR,
    LAST_HOUR,
    UNITS,
    hours_of,
    period_name,
    periods,
    plain_hours,
    written_hour,
)

COLUMNS = {"ds", "age", "age:18", "preds.ds", "m:ds"}

# -- what a text means -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("ds", GroupingKey("ds", "ds")),
        ("ds:month", GroupingKey("ds:month", "ds", Truncation("month"))),
        ("m:ds:year", GroupingKey("m:ds:year", "m:ds", Truncation("year"))),
        ("age:18", GroupingKey("age:18", "age:18")),  # a column of this name wins
        ("age:18:30", GroupingKey("age:18:30", "age:18", Edges((30.0,)))),
        ("age:18|65", GroupingKey("age:18|65", "age", Edges((18.0, 65.0)))),
        ("age:-1e3|+.5|2.|7", GroupingKey("age:-1e3|+.5|2.|7", "age", Edges((-1000.0, 0.5, 2.0, 7.0)))),
        ("none:day", GroupingKey("none:day", "none", Truncation("day"))),  # the binding misses the column
        ("none:x", GroupingKey("none:x", "none:x")),
        ("", GroupingKey("", "")),
    ],
)
def test_a_text_means_a_column_or_what_is_derived_of_it(text: str, key: GroupingKey) -> None:
    assert grouping_key(text, COLUMNS.__contains__) == key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ds:monht", "'ds:monht': column 'ds' cannot be grouped by 'monht'"),
        ("age:65|18", "'age:65|18': the edges must be ascending, and 18 follows 65"),
        ("age:18|18.0", "'age:18|18.0': the edges must be ascending, and 18 follows 18"),
        ("age:18|", "'age:18|': '' is not a number"),
        ("age:1|nan", "'age:1|nan': 'nan' is not a number"),
        ("age:1|1_0", "'age:1|1_0': '1_0' is not a number"),
        ("age:1e999", "'age:1e999': 1e999 is too large for a float64"),
        ("age:9007199254740993", "'age:9007199254740993': no float64 equals 9007199254740993"),
    ],
)
def test_what_means_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        grouping_key(text, COLUMNS.__contains__)
    assert caught.value.message == message


def test_the_names_of_intervals_say_where_they_end() -> None:
    assert Edges((18.0,)).labels == ("< 18", ">= 18")
    assert Edges((-0.5, 0.1, 1e300)).labels == ("< -0.5", "-0.5 to < 0.1", "0.1 to < 1e+300", ">= 1e+300")


# -- units of time -----------------------------------------------------------------------------------------------------


def names(hours: list[int], unit: Any) -> list[str]:
    return [period_name(number, unit) for number in periods(np.array(hours, np.int64), unit).tolist()]


def test_units_are_those_of_the_calendar() -> None:
    """Against Python's calendar: every day of 60 years around 1970, leap years and weeks of two years among them."""
    days = [datetime.date(1940, 1, 1) + datetime.timedelta(n) for n in range(0, 60 * 366, 3)]
    days += [datetime.date.min, datetime.date.max, datetime.date(1, 12, 31), datetime.date(9998, 12, 31)]
    moments = [datetime.datetime.combine(day, datetime.time(day.toordinal() % 24, 59, 59)) for day in days]
    hours = [24 * (day.toordinal() - 719163) + moment.hour for day, moment in zip(days, moments, strict=True)]
    assert min(hours) >= FIRST_HOUR
    assert max(hours) <= LAST_HOUR
    assert names(hours, "year") == [f"{day.year:04d}" for day in days]
    assert names(hours, "month") == [day.isoformat()[:7] for day in days]
    assert names(hours, "week") == [f"{(w := day.isocalendar()).year:04d}-W{w.week:02d}" for day in days]
    assert names(hours, "day") == [day.isoformat() for day in days]
    assert names(hours, "hour") == [moment.isoformat()[:13] for moment in moments]


def test_typed_and_written_times_have_one_hour() -> None:
    moments = [datetime.datetime(1969, 12, 31, 23, 59, 59), datetime.datetime(2024, 3, 5, 13), None]
    expected = [-1, 474901, 0]
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "UTC", "Europe/Berlin"):
            column = pa.array([m and (m.replace(tzinfo=datetime.UTC) if zone else m) for m in moments],
                              pa.timestamp(unit, zone))  # fmt: skip
            for one in (column, column.dictionary_encode(), pa.concat_arrays([column, column]).slice(3)):
                hours, missing = hours_of(one)
                assert hours.tolist() == expected, one.type
                assert missing is not None
                assert missing.tolist() == [False, False, True]
    assert written_hour("1969-12-31T23:59:59.5") == (-1, False)
    assert written_hour("2024-03-05 15:00+02:00") == (474901, True)
    assert written_hour("2024-03-05") == (474901 - 13, False)
    for text in ("2024-03", "2024-02-30", "5.3.2024", "2024-3-5", "1709640000", "", "2024-03-05T13", "24-03-05"):
        assert written_hour(text) is None, text


def test_plain_texts_are_read_at_once_as_one_by_one() -> None:
    rng = np.random.default_rng(6)
    moments = rng.integers(-62_135_596_800, 253_402_300_800, 2000).astype("M8[s]")
    cells = [*(text.replace("T", " " if at % 2 else "T") for at, text in enumerate(np.datetime_as_string(moments))),
             *np.datetime_as_string(moments.astype("M8[D]")).tolist()]  # fmt: skip
    damaged = list(cells)
    for at, place in enumerate(rng.integers(0, 19, len(damaged)).tolist()):
        text = damaged[at]
        damaged[at] = text[:place] + str(rng.choice(list("0123456789-:T Zé"))) + text[place + 1 :]
    special = ["2024-02-29", "2023-02-29", "0000-01-01", "2024-01-31 24:00:00", "2024-01-31 23:59:60", "1900-02-29",
               "2024-00-10", "2024-13-01", "2024-01-00", "9999-12-31 23:59:59", "0001-01-01", None, ""]  # fmt: skip
    for texts in (cells, damaged, special):
        for kind in (pa.string(), pa.large_string()):
            column = pa.array(["x", *texts], kind).slice(1)
            hours, known = plain_hours(column)
            one_by_one = [None if text is None else written_hour(text) for text in texts]
            encoded = plain_hours(column.dictionary_encode())
            assert (encoded[0].tolist(), encoded[1].tolist()) == (hours.tolist(), known.tolist())
            assert [(int(hour), False) for hour in hours[known]] == [
                one for one, plain in zip(one_by_one, known, strict=True) if plain
            ]
            if texts is cells:
                assert known.all()
            plain = [text is not None and len(text) in (10, 19) for text in texts]
            missed = [one for one, known_, form in zip(one_by_one, known, plain, strict=True) if form and not known_]
            assert all(one is None or one[1] for one in missed)  # 2024-01-31 13:45-00 has an offset
    assert not plain_hours(pa.array([], pa.string()))[1].size


# -- every reader ------------------------------------------------------------------------------------------------------

DAY = datetime.datetime(2024, 3, 5)
TIMES = [DAY, DAY.replace(hour=13, minute=45), None, datetime.datetime(2024, 12, 30, 23, 59, 59),
         datetime.datetime(1969, 12, 31, 22), DAY, datetime.datetime(2023, 1, 1)]  # fmt: skip
AGES = [17.0, 18.0, math.nan, None, 64.5, 65.0, -3.0]
REST = {"y": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "p": [1.5, 2.25, 3.0, 5.0, 6.5, 8.0, 7.75], "i": list(range(7))}


def table(times: pa.Array, ages: pa.Array | None = None) -> pa.Table:
    return pa.table({"ds": times, "age": pa.array(AGES) if ages is None else ages, **REST})


def written(folder: Path, name: str, cells: list[str | None]) -> Iterator[tuple[str, Any]]:
    """Texts of times in files without types and with."""
    lines = list(zip(cells, AGES, *REST.values(), strict=True))
    for suffix, mark in ((".csv", ","), (".tsv", "\t")):
        rows = [["" if cell is None else str(cell) for cell in line] for line in lines]
        path = folder / f"{name}{suffix}"
        path.write_text("".join(mark.join(row) + "\n" for row in [["ds", "age", *REST], *rows]))
        yield f"{name}{suffix}", str(path)
    path = folder / f"{name}.jsonl"
    records = [dict(zip(("ds", "age", *REST), line, strict=True)) for line in lines]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    yield f"{name}.jsonl", str(path)
    yield f"{name} in pandas", pd.DataFrame(records)
    yield f"{name} as views", table(pa.array(cells, pa.string_view()))


def sources(folder: Path, zone: str | None) -> Iterator[tuple[str, Any]]:
    """The same times as every reader gets them."""
    times = [m and (m.replace(tzinfo=datetime.UTC) if zone else m) for m in TIMES]
    for unit in ("s", "ms", "us", "ns"):
        column = pa.array(times, pa.timestamp(unit, zone))
        made = table(column)
        pq.write_table(made, folder / f"{unit}.parquet")
        with ipc.new_file(folder / f"{unit}.arrow", made.schema) as file:
            file.write_table(made)
        if unit in ("s", "us"):
            yield f"{unit}.arrow", str(folder / f"{unit}.arrow")
        else:
            yield f"{unit}.parquet", str(folder / f"{unit}.parquet")
        yield f"{unit} in pandas", made.to_pandas()
    made = table(pa.array(times, pa.timestamp("ms", zone)).dictionary_encode())
    pq.write_table(made, folder / "dictionary.parquet")
    yield "dictionary.parquet", str(folder / "dictionary.parquet")
    yield "a dictionary in Arrow", made
    yield "objects in pandas", pd.DataFrame({"ds": pd.Series(times, dtype=object), "age": AGES, **REST})
    if zone is None:
        yield "NumPy", {"ds": np.array(TIMES, "M8[us]"), "age": np.array(AGES, float), **REST}
    for sep, end in (("T", "Z" if zone else ".000"), (" ", "+00:00" if zone else "")):
        cells = [None if m is None else f"{m:%Y-%m-%d}{sep}{m:%H:%M:%S}{end}" for m in TIMES]
        yield from written(folder, f"{'t' if sep == 'T' else 'b'}{len(end)}", cells)
    if zone:
        east = datetime.timedelta(hours=5, minutes=30)
        yield from written(
            folder, "east", [None if m is None else f"{m + east:%Y-%m-%dT%H:%M:%S}+05:30" for m in TIMES]
        )


def outcome(source: Any, **how: Any) -> Any:
    """What a run says, or the code of its error."""
    given = {"losses": "mse", "target": "y", "pred": "p", "missing": "drop", "threads": 1, **how}
    try:
        report = losscli.evaluate(source, **given)
    except losscli.LosscliError as error:
        return error.code
    return [(dict(r.by), r.value, r.count, r.stderr) for r in report], [
        (w.message, w.count) for w in report.evaluation.warnings
    ]


OPTIONS: dict[str, dict[str, Any]] = {
    "by": {"by": "ds"},
    "by units": {"by": [f"ds:{unit}" for unit in UNITS]},
    "cluster": {"cluster": "ds"},
    "batches": {"losses": "nt_xent", "batch_by": "ds", "where": "ds is not null", "target": None, "pred": None,
                "columns": {"anchor": ["y", "i"], "positive": ["p", "i"]}},
    "is null": {"where": "ds is null"},
    "in": {"where": 'ds in ["2024-03-05", "1969-12-31T22:00"]'},
    **{sign: {"where": f'ds {sign} "2024-03-05T13:45"'} for sign in ("==", "<", ">=")},
    **{sign: {"where": f'ds {sign} "2024-03-05 00:00:00.0"'} for sign in ("!=", "<=", ">")},
    "a chain": {"where": '"2023-01-01" <= ds < "2024-03-05T13:45"'},
}  # fmt: skip
OFFSETS = {"== with an offset": {"where": 'ds == "2024-03-05T00:00Z"'},
           "< with an offset": {"where": 'ds < "2024-03-05 15:45+02:00"'}}  # fmt: skip


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_every_reader_and_option_finds_the_same_times(tmp_path: Path, zone: str | None) -> None:
    given = list(sources(tmp_path, zone))
    assert len(given) > 20
    for name, how in {**OPTIONS, **OFFSETS}.items():
        found = {json.dumps(outcome(source, **how)): reader for reader, source in given}
        assert len(found) == 1, (name, found)
        if name in OFFSETS:
            assert ("DATA_WRONG_TYPE" in next(iter(found))) == (zone is None)
        else:
            assert next(iter(found)).startswith("[["), (name, found)


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_every_reader_joins_by_the_same_times(tmp_path: Path, zone: str | None) -> None:
    given = list(sources(tmp_path, zone))
    times = [m and (m.replace(tzinfo=datetime.UTC) if zone else m) for m in TIMES[1:5] if m is not None]
    targets = pa.table({"ds": pa.array(times[::-1], pa.timestamp("ms", zone)), "t": [1.0, 2.0, 3.0][: len(times)]})
    where = f"ds in [{', '.join(json.dumps(str(m)) for m in times)}]"
    how = {"targets": targets, "on": "ds", "target": "t", "where": where, "by": "ds:day"}
    found = {json.dumps(outcome(source, **how)): reader for reader, source in given}
    assert len(found) == 1, found
    assert next(iter(found)).startswith("[["), found


def test_dates_without_a_time_are_the_same_too(tmp_path: Path) -> None:
    days = [m and m.date() for m in TIMES]
    given = [(str(kind), table(pa.array(days).cast(kind)))
             for kind in (pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ns"))]  # fmt: skip
    given += written(tmp_path, "days", [None if d is None else str(d) for d in days])
    for name, how in OPTIONS.items():
        found = {json.dumps(outcome(source, **how)): reader for reader, source in given}
        assert len(found) == 1, (name, found)


def test_the_labels_of_dates() -> None:
    source = table(pa.array(TIMES, pa.timestamp("us")))
    expected = {
        "year": ["(null)", "1969", "2023", "2024"],
        "month": ["(null)", "1969-12", "2023-01", "2024-03", "2024-12"],
        "week": ["(null)", "1970-W01", "2022-W52", "2024-W10", "2025-W01"],
        "day": ["(null)", "1969-12-31", "2023-01-01", "2024-03-05", "2024-12-30"],
        "hour": ["(null)", "1969-12-31T22", "2023-01-01T00", "2024-03-05T00", "2024-03-05T13", "2024-12-30T23"],
    }
    for unit, labels in expected.items():
        report = losscli.evaluate(source, "mse", target="y", pred="p", by=f"ds:{unit}")
        assert [result.by.get(f"ds:{unit}") for result in report] == [None, *labels]


# -- intervals of numbers ----------------------------------------------------------------------------------------------


def test_every_reader_finds_the_same_intervals(tmp_path: Path) -> None:
    ages = [17, 18, None, 64, 65, -3, 70]
    kinds = [pa.int8(), pa.int64(), pa.float32(), pa.float64(), pa.decimal128(9, 3)]
    given: list[tuple[str, Any]] = []
    for kind in kinds:
        column = pa.array([None if a is None else Decimal(a) if pa.types.is_decimal(kind) else a for a in ages], kind)
        made = table(pa.array(TIMES), column)
        pq.write_table(made, tmp_path / f"{kind}.parquet")
        given += [(str(kind), made), (f"{kind}.parquet", str(tmp_path / f"{kind}.parquet"))]
    for name, cells in (("whole", ages), ("points", [None if a is None else f"{a}.0" for a in ages]), ("NA", ages)):
        texts = ["NA" if a is None and name == "NA" else "" if a is None else str(a) for a in cells]
        rows = zip(texts, *REST.values(), strict=True)
        (tmp_path / f"{name}.csv").write_text("age,y,p,i\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
        given.append((name, str(tmp_path / f"{name}.csv")))
    for how in ({"by": "age:18|65"}, {"by": "age:18|65", "where": "age > 0"}, {"by": ["age:18|65", "age:0"]}):
        found = {json.dumps(outcome(source, **how)): reader for reader, source in given}
        assert len(found) == 1, found
    report = losscli.evaluate(given[0][1], "mse", target="y", pred="p", by="age:18|65")
    assert [(result.by["age:18|65"], result.count) for result in list(report)[1:]] == [
        ("(null)", 1), ("< 18", 2), ("18 to < 65", 2), (">= 65", 2),
    ]  # fmt: skip


def test_infinity_lies_in_an_interval_and_nan_in_none() -> None:
    source = {"age": [math.inf, -math.inf, math.nan, -0.0, 5e-324], "y": [1.0] * 5, "p": [1.0, 2.0, 3.0, 4.0, 5.0]}
    report = losscli.evaluate(source, "mae", target="y", pred="p", by="age:0")
    assert [(result.by["age:0"], result.value) for result in list(report)[1:]] == [
        ("< 0", 1.0), (">= 0", 7 / 3), ("nan", 2.0),
    ]  # fmt: skip


def test_intervals_are_those_of_pandas() -> None:
    """pandas.cut(right=False) and groupby on 2,000 numbers, many of them on an edge."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"age": rng.integers(0, 40, 2000) / 4, "y": rng.normal(size=2000), "p": rng.normal(size=2000)})
    edges = [0.25, 2.5, 7.0]
    cut = pd.cut(frame["age"], [-np.inf, *edges, np.inf], right=False)
    expected = ((frame["y"] - frame["p"]) ** 2).groupby(cut, observed=True).mean()
    report = losscli.evaluate(frame, "mse", target="y", pred="p", by="age:0.25|2.5|7")
    assert [result.value for result in list(report)[1:]] == pytest.approx(expected.tolist(), rel=1e-14)


# -- what a report says of it, and what can use it ---------------------------------------------------------------------


def test_a_column_of_exactly_that_name_wins() -> None:
    source = {"ds:month": ["x", "y"], "ds": ["2024-01-01", "2024-02-01"], "y": [1.0, 2.0], "p": [2.0, 4.0]}
    report = losscli.evaluate(source, "mae", target="y", pred="p", by="ds:month")
    assert [result.by for result in report] == [{}, {"ds:month": "x"}, {"ds:month": "y"}]
    assert {result.signature for result in report} == {report["mae"].signature}
    del source["ds:month"]
    derived = losscli.evaluate(source, "mae", target="y", pred="p", by="ds:month")
    assert [result.by for result in derived] == [{}, {"ds:month": "2024-01"}, {"ds:month": "2024-02"}]
    assert derived["mae"].signature == report["mae"].signature
    assert derived.find("mae", **{"ds:month": "2024-01"}).signature == f"{report['mae'].signature}|slices=ds:month"


def test_a_text_that_is_no_date_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ds,y,p\n2024-01-01,1,2\n,2,3\n31.1.2024,3,4\n")
    with pytest.raises(DataError) as caught:
        losscli.evaluate(str(path), "mae", target="y", pred="p", by="ds:day")
    error = caught.value
    assert (error.path, error.row, error.line, error.column, error.value) == (str(path), 3, 4, "ds", "31.1.2024")
    assert error.code == "DATA_WRONG_TYPE"
    assert "2024-01-31" in str(error.hint)
    report = losscli.evaluate(str(path), "mae", target="y", pred="p", by="ds:day", where="y < 3")
    assert [result.by.get("ds:day") for result in report] == [None, "(null)", "2024-01-01"]
    numbers = {"ds": [1, 2], "y": [1.0, 2.0], "p": [1.0, 2.0]}
    with pytest.raises(DataError, match="holds no date or time"):
        losscli.evaluate(numbers, "mae", target="y", pred="p", by="ds:day")


def test_chunks_threads_and_shards_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    rows = 997
    moments = (rng.integers(0, 2**31, rows) * 10**6).astype("M8[us]")
    source = pa.table({"ds": moments, "age": rng.normal(40, 20, rows), "y": rng.normal(size=rows),
                       "p": rng.normal(size=rows)})  # fmt: skip
    path = tmp_path / "a.parquet"
    pq.write_table(source, path, row_group_size=100)
    how: dict[str, Any] = {"losses": "mse", "target": "y", "pred": "p", "by": ["ds:year", "age:18|65"]}
    whole = json.loads(losscli.evaluate(str(path), threads=1, **how).to_json())["results"]
    assert len(whole) > 100
    for threads, chunk in ((1, "7"), (2, "64"), (2, "100000")):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", chunk)
        assert json.loads(losscli.evaluate(str(path), threads=threads, **how).to_json())["results"] == whole
    states = []
    run = prepared({"source": [str(path)], **how})
    for number in (1, 2, 3):
        states.append(tmp_path / f"{number}.state")
        states[-1].write_text(score(run, Shard(number, 3), Threads(1)).text)
    assert json.loads(losscli.merge(states).to_json())["results"] == whole


Make = Callable[..., Any]


def test_other_edges_make_other_slices_than_those_of_the_baseline(tmp_path: Path) -> None:
    from losscli.baselines.match import match_baseline
    from losscli.baselines.signature_differences import difference

    source = {"age": [1.0, 5.0, 9.0], "age:5": ["< 5", ">= 5", ">= 5"], "y": [1.0, 2.0, 3.0], "p": [2.0, 4.0, 7.0]}
    plain = losscli.evaluate(source, "mae", target="y", pred="p", by="age:5")
    del source["age:5"]
    derived = losscli.evaluate(source, "mae", target="y", pred="p", by="age:5")
    assert [result.value for result in plain] == [result.value for result in derived]
    reason = difference("mae", list(derived)[1].signature, list(plain)[1].signature)
    assert reason == "mae is computed differently: --by is age:5 here, columns in the baseline"
    other = losscli.evaluate(source, "mae", target="y", pred="p", by="age:6")
    matched = match_baseline(other.evaluation, derived.evaluation, "old.json", False)
    assert [result.baseline is not None for result in matched.evaluation.results] == [True, False, False]
    assert len(matched.absent) == 2


def test_times_with_an_offset_are_told_and_truncated_in_utc() -> None:
    source = {"ds": ["2024-03-01T01:00+02:00", "2024-03-01", None, "2024-02-01T00:00Z"], "y": [1.0] * 4, "p": [2.0] * 4}
    report = losscli.evaluate(source, "mae", target="y", pred="p", by="ds:month")
    assert [(result.by["ds:month"], result.count) for result in list(report)[1:]] == [
        ("(null)", 1), ("2024-02", 2), ("2024-03", 1),
    ]  # fmt: skip
    assert [(warning.message, warning.count) for warning in report.evaluation.warnings] == [
        ("'ds:month': times with a zone or an offset are truncated in UTC", 2)
    ]


def test_a_text_that_only_ends_like_a_time_is_compared_as_text() -> None:
    source = {"ds": ["2024-01-31 0+00:00", "2024-01-30 23:00:00+00:00"], "y": [1.0] * 2, "p": [2.0, 4.0]}
    for where, value in (('ds < "2024-01-31"', 3.0), ('ds > "2024-01-31"', 1.0)):
        assert losscli.evaluate(source, "mae", target="y", pred="p", where=where)["mae"].value == value


def test_a_list_of_columns_is_told_to_be_given_one_by_one() -> None:
    data = {"y": [1.0, 2.0], "p": [1.0, 3.0], "a": ["x", "y"], "b": ["u", "v"]}
    with pytest.raises(DataError, match=r"no column 'a, b'") as error:
        losscli.evaluate(data, "mse", target="y", pred="p", by=["a, b"])
    assert error.value.hint == "give the option once for each column: a and b"

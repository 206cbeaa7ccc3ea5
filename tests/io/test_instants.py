"""Dates and times as labels: by value, whatever the unit, the type or the format of the column."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.binding.expressions import parse
from losscli.errors import DataError, EmptyError, Location
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import texts
from losscli.io.arrow.equality import different_rows
from losscli.io.join.keys import key_texts

HERE = Location("data.parquet", 1)
DAYS = [datetime.date(2024, 1, 1), datetime.date(1969, 12, 31), None, datetime.date(2024, 1, 1)]
MIDNIGHTS = [day and datetime.datetime(day.year, day.month, day.day) for day in DAYS]
TIMES = [datetime.datetime(2024, 1, 1, 13, 45), datetime.datetime(1969, 12, 31, 23, 59, 59), None]
UNITS = ("s", "ms", "us", "ns")


def labels(column: pa.Array) -> list[str | None]:
    found = texts(column, "ds", HERE)
    return [found.names[code] if code >= 0 else None for code in found.codes]


def keys(column: pa.Array) -> list[str | None]:
    return key_texts(column, "ds", "data.parquet").to_pylist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("read", [labels, keys])
def test_a_date_and_midnight_in_any_unit_are_one_label(read: Callable[[pa.Array], list[str | None]]) -> None:
    expected = ["2024-01-01", "1969-12-31", None, "2024-01-01"]
    columns = [pa.array(DAYS, pa.date32()), pa.array(DAYS, pa.date64())]
    columns += [pa.array(MIDNIGHTS, pa.timestamp(unit)) for unit in UNITS]
    columns += [column.dictionary_encode() for column in columns]
    for column in columns:
        assert read(column) == expected, column.type
        assert read(column.slice(1)) == expected[1:], column.type
    written = pa.array(["2024-01-01", "1969-12-31T00:00", None, "2024-01-01 00:00:00.000"])
    assert keys(written) == keys(written.dictionary_encode()) == expected


@pytest.mark.parametrize("read", [labels, keys])
def test_times_have_no_zeros_that_say_nothing(read: Callable[[pa.Array], list[str | None]]) -> None:
    for unit in UNITS:
        assert read(pa.array(TIMES, pa.timestamp(unit))) == ["2024-01-01 13:45:00", "1969-12-31 23:59:59", None]
    fine = pa.array([-1, 1_500_000_000, 0, 10], pa.timestamp("ns"))
    assert read(fine) == ["1969-12-31 23:59:59.999999999", "1970-01-01 00:00:01.5", "1970-01-01",
                          "1970-01-01 00:00:00.00000001"]  # fmt: skip


@pytest.mark.parametrize("read", [labels, keys])
def test_a_time_with_a_zone_is_one_in_utc(read: Callable[[pa.Array], list[str | None]]) -> None:
    for unit in UNITS:
        for zone in ("UTC", "Europe/Berlin"):
            zoned = pa.array([0, 86400], pa.timestamp("s", zone)).cast(pa.timestamp(unit, zone))
            assert read(zoned) == ["1970-01-01 00:00:00+00:00", "1970-01-02 00:00:00+00:00"]


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("2024-01-01T00:00:00", "2024-01-01"),
        ("2024-01-01 00:00", "2024-01-01"),
        ("2024-01-01 00:00:00.000000", "2024-01-01"),
        ("2024-01-01T13:45", "2024-01-01 13:45:00"),
        ("2024-01-01 13:45:00.2500", "2024-01-01 13:45:00.25"),
        ("2024-01-01T00:00:00Z", "2024-01-01 00:00:00+00:00"),
        ("2024-01-01 01:30:00+01:30", "2024-01-01 00:00:00+00:00"),
        ("2023-12-31 19:00:00.5-0500", "2024-01-01 00:00:00.5+00:00"),
        ("2024-01-01 13:45+01", "2024-01-01 12:45:00+00:00"),
        ("2024-01-01 00:00:00+00", "2024-01-01 00:00:00+00:00"),
    ],
)
def test_a_written_time_is_the_label_of_its_instant(written: str, label: str) -> None:
    assert canonical_label(written) == canonical_label(label) == label
    assert keys(pa.array(["x", written, "y"])) == ["x", label, "y"]


@pytest.mark.parametrize(
    "text",
    ["2024-01-01", "2024-02-30T00:00:00", "2024-01-01T24:00:00", "2024-13-01 00:00", "2024-01-01 00:00 x",
     "2024-01-01T00:00.5", "0001-01-01T00:00:00+01:00", "ab-2024-01-01T00:00:00", "1234-67-9012345678",
     "20240101T000000", "2024-01-01 13:45:00", "2024-01-01 00:00:01", "２０２４-01-01T00:00:00"],
)  # fmt: skip
def test_what_is_no_time_stays_as_it_is(text: str) -> None:
    assert canonical_label(text) == text
    assert keys(pa.array([text, "x"])) == [text, "x"]


def test_the_order_of_the_labels_is_that_of_the_instants() -> None:
    rng = np.random.default_rng(5)
    moments = rng.integers(-(2**59), 2**59, 300)
    moments = np.concatenate([moments, moments // 86_400_000_000_000 * 86_400_000_000_000, moments // 10**8 * 10**8])
    for zone in (None, "UTC"):
        found = labels(pa.array(moments.tolist(), pa.timestamp("ns", zone)))
        assert sorted(zip(found, moments.tolist(), strict=True)) == sorted(
            zip(found, moments.tolist(), strict=True), key=lambda pair: pair[1]
        )
        assert [canonical_label(str(label)) for label in found] == found


def test_shared_columns_of_two_files_agree_by_value() -> None:
    days = pa.array(DAYS, pa.date32())
    for other in (pa.array(MIDNIGHTS, pa.timestamp("ns")), pa.array([day and str(day) for day in DAYS])):
        assert not different_rows(days, other, "ds", HERE, HERE).any()
    later = pa.array([None, *MIDNIGHTS[1:]], pa.timestamp("us"))
    assert different_rows(days, later, "ds", HERE, HERE).tolist() == [True, False, False, False]


@pytest.fixture
def forecasts(tmp_path: Path) -> Path:
    times = [datetime.datetime(2024, 1, day) for day in (1, 2)]
    pq.write_table(
        pa.table({"id": ["a", "a"], "ds": pa.array(times, pa.timestamp("ns")), "p": [2.0, 3.0]}), tmp_path / "p.parquet"
    )
    return tmp_path


def truths(folder: Path) -> list[str]:
    """The same targets, as each writer of such files has them."""
    days = [datetime.date(2024, 1, 2), datetime.date(2024, 1, 1)]
    kinds = [pa.date32(), pa.date64(), *map(pa.timestamp, UNITS)]
    names = []
    for at, kind in enumerate(kinds):
        names.append(str(folder / f"{at}.parquet"))
        pq.write_table(pa.table({"id": ["a", "a"], "ds": pa.array(days).cast(kind), "y": [2.0, 1.0]}), names[-1])
    for at, form in enumerate(("{}", "{} 00:00:00", "{}T00:00:00", "{}T00:00:00.000000")):
        names.append(str(folder / f"{at}.csv"))
        cells = "".join(f"a,{form.format(day)},{day.day}\n" for day in days)
        (folder / f"{at}.csv").write_text(f"id,ds,y\n{cells}")
    names.append(str(folder / "t.jsonl"))
    (folder / "t.jsonl").write_text("".join(f'{{"id":"a","ds":"{day}","y":{day.day}}}\n' for day in days))
    return names


def test_targets_join_by_their_dates(forecasts: Path) -> None:
    for truth in truths(forecasts):
        report = losscli.evaluate(
            str(forecasts / "p.parquet"), "mae", targets=truth, on=["id", "ds"], target="y", pred="p"
        )
        assert report.find("mae").value == 1.0, truth


def test_a_time_with_a_zone_is_no_time_without(forecasts: Path) -> None:
    zoned = pa.array([datetime.datetime(2024, 1, 1)], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"ds": zoned, "y": [1.0]}), forecasts / "z.parquet")
    with pytest.raises(EmptyError, match=r"has '2024-01-01', .*has '2024-01-01 00:00:00\+00:00'"):
        losscli.evaluate(str(forecasts / "p.parquet"), "mae", targets=str(forecasts / "z.parquet"), on="ds",
                         target="y", pred="p")  # fmt: skip


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("ns"), pa.string()], ids=str)
def test_slices_and_filters_take_dates(kind: pa.DataType, tmp_path: Path) -> None:
    days = pa.array([datetime.date(2024, 1, day) for day in (1, 2, 2)])
    path = str(tmp_path / "both.parquet")
    pq.write_table(pa.table({"ds": days.cast(kind), "y": [1.0, 2.0, 3.0], "p": [2.0, 4.0, 6.0]}), path)

    def value(where: str) -> float | None:
        return losscli.evaluate(path, "mae", target="y", pred="p", where=where).find("mae").value

    assert value('ds >= "2024-01-02"') == value('"2024-01-01T00:00:00" < ds') == 2.5
    assert value('ds == "2024-01-01T00:00"') == value('ds in ["2024-01-01"]') == value('ds < "2024-01-01 00:01"') == 1.0
    report = losscli.evaluate(path, "mae", target="y", pred="p", by="ds")
    assert [(r.by["ds"], r.value) for r in report if r.by] == [("2024-01-01", 1.0), ("2024-01-02", 2.5)]


def test_a_date_is_still_no_number(tmp_path: Path) -> None:
    path = str(tmp_path / "both.parquet")
    pq.write_table(pa.table({"ds": pa.array([datetime.date(2024, 1, 1)]), "y": [1.0], "p": [2.0]}), path)
    with pytest.raises(DataError, match=r"holds date32\[day\], but numbers are needed"):
        losscli.evaluate(path, "mae", target="y", pred="p", where="ds > 5")


def test_a_filter_reads_a_time_without_an_offset_in_utc(tmp_path: Path) -> None:
    path = str(tmp_path / "zoned.parquet")
    times = pa.array([0, 86400, 86401], pa.timestamp("s", "Europe/Berlin"))
    pq.write_table(pa.table({"ds": times, "y": [1.0, 2.0, 3.0], "p": [2.0, 4.0, 6.0]}), path)

    def value(where: str) -> float | None:
        return losscli.evaluate(path, "mae", target="y", pred="p", where=where).find("mae").value

    assert value('ds == "1970-01-02"') == value('ds in ["1970-01-02T01:00+01:00"]') == 2.0
    assert value('ds > "1970-01-02"') == value('ds >= "1970-01-02 00:00:00.5"') == 3.0
    assert value('ds <= "1970-01-02"') == 1.5


@pytest.mark.parametrize("text", ["2024-1-2", "2024-01", "01/02/2024", "2024-02-30", "2024-01-02 25:00:00", "x"])
@pytest.mark.parametrize("form", ["ds < '{}'", "'{}' == ds", "ds not in ['2024-01-01', '{}']"])
def test_a_filter_refuses_text_that_is_no_date_beside_dates(text: str, form: str) -> None:
    data = pa.record_batch({"ds": pa.array([datetime.date(2024, 1, 1)])})
    for column in (data.column(0), data.column(0).dictionary_encode(), data.column(0).cast(pa.timestamp("ns"))):
        with pytest.raises(DataError, match=f"compares it with '{text}', which is no date or time"):
            parse(form.format(text)).mask(pa.record_batch({"ds": column}), HERE)
    written = pa.record_batch({"ds": pa.array(["2024-01-01"])})
    assert parse(form.format(text)).mask(written, HERE).shape == (1,)  # a column of text is compared as text


def test_a_filter_refuses_an_offset_beside_times_without_a_zone() -> None:
    data = pa.record_batch({"ds": pa.array([datetime.date(2024, 1, 1)])})
    with pytest.raises(DataError, match="which has an offset, but the column has no zone"):
        parse("ds > '2024-01-01T00:00Z'").mask(data, HERE)


def test_target_files_may_differ_in_the_unit_of_a_slice(tmp_path: Path) -> None:
    for at, kind in enumerate((pa.date32(), pa.timestamp("ns"), pa.timestamp("s"), pa.string())):
        days = pa.array([datetime.date(2024, 1, 1), None]).cast(kind)
        pq.write_table(pa.table({"id": [f"{at}a", f"{at}b"], "ds": days, "y": [1.0, 2.0]}), tmp_path / f"{at}.parquet")
    found = losscli.evaluate(
        {"id": [f"{at}{name}" for at in range(4) for name in "ab"], "p": np.ones(8)}, "mae", target="y", pred="p",
        targets=str(tmp_path), on="id", by="ds", missing="drop",
    )  # fmt: skip
    assert [(r.by["ds"], r.value, r.count) for r in found if r.by] == [("(null)", 1.0, 4), ("2024-01-01", 0.0, 4)]


UTC = datetime.UTC
NOON = datetime.datetime(2024, 1, 31, 12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([datetime.date(2024, 1, 31), None, NOON], ["2024-01-31", None, "2024-01-31 12:00:00"]),
        ([NOON, datetime.date(2024, 1, 31)], ["2024-01-31 12:00:00", "2024-01-31"]),
        ([NOON, NOON.replace(tzinfo=UTC)], ["2024-01-31 12:00:00", "2024-01-31 12:00:00+00:00"]),
        ([NOON.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2))), pd.NaT, NOON.replace(tzinfo=UTC)],
         ["2024-01-31 10:00:00+00:00", None, "2024-01-31 12:00:00+00:00"]),
        ([pd.Timestamp("2024-01-31 00:00:00.000000001"), pd.NaT], ["2024-01-31 00:00:00.000000001", None]),
        ([np.datetime64("2024-01-31"), np.datetime64("2024-01-31T12:00", "ns"), np.datetime64("NaT")],
         ["2024-01-31", "2024-01-31 12:00:00", None]),
        ([datetime.date(2024, 1, 31), None], ["2024-01-31", None]),
    ],
)  # fmt: skip
def test_python_dates_and_times_keep_their_value(values: list[object], expected: list[str | None]) -> None:
    count = len(values)
    names = ["(null)" if label is None else label for label in expected]
    for ds in (values, pd.Series(values, dtype=object), np.array([*values, 0], dtype=object)[:-1]):
        report = losscli.evaluate(
            {"ds": ds, "y": [1.0] * count, "p": [2.0] * count}, "mae", target="y", pred="p", by="ds"
        )
        assert sorted(names) == [result.by["ds"] for result in list(report)[1:]]

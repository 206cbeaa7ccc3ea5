"""Thousands separators and decimal commas: every way to read finds the same numbers; hints name the right option."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError, UsageError
from losscli.io.files.open import open_source
from losscli.io.formats import csv_exact, csv_thousands, text_windows
from losscli.io.formats.number_spelling import number_options
from losscli.io.source import ReadOptions


@pytest.fixture(params=[1, 40, 1 << 23], ids=["single bytes", "small windows", "whole"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", request.param)


def read(path: Path, **options: Any) -> list[Any]:
    (fragment,) = open_source([str(path)], ReadOptions(**options)).fragments
    values = [row["p"] for batch in fragment.batches({"p": "number"}) for row in batch.data.to_pylist()]
    (again,) = open_source([str(path)], ReadOptions(**options)).fragments
    rows = [s.batches(1) for s in again.remote_splits({"p": "number"})]
    assert [row["p"] for split in rows for batch in split for row in batch.data.to_pylist()] == values
    return values


CELLS = [
    ("1,234", ".", ",", 1234.0),
    ("-1,234,567.25", ".", ",", -1234567.25),
    (" +12,345e-2\t", ".", ",", 123.45),
    ("1234567.5", ".", ",", 1234567.5),
    ("NA", ".", ",", None),
    ("9,007,199,254,740,992", ".", ",", 2.0**53),
    ("1.234.567,8", ",", ".", 1234567.8),
    ("12,5", ",", ".", 12.5),
    ("1'234.5", ".", "'", 1234.5),
    ("1’234", ".", "’", 1234.0),
    ("1 234,5", ",", " ", 1234.5),
    ("1\u202f234\u00a0567,5", ",", " ", 1234567.5),
    ("1_000", ".", "_", 1000.0),
    ("true", ".", ",", 1.0),
]


@pytest.mark.parametrize(("cell", "decimal", "thousands", "value"), CELLS, ids=[cell[0] for cell in CELLS])
def test_cells(tmp_path: Path, window: None, cell: str, decimal: str, thousands: str, value: float | None) -> None:
    (tmp_path / "a.csv").write_text(f'q|p\n1|{cell}\n2|"{cell}"\n\n3|7\n', "utf-8")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    for name in ("a.csv", "a.csv.gz"):
        assert read(tmp_path / name, delimiter="|", decimal=decimal, thousands=thousands) == [value, value, 7.0]


def test_plain_numbers_take_the_fast_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And have the bits of the exact one, whatever their digits."""
    numbers = [random.Random(seed).choice([-1, 1]) * 10 ** random.Random(seed).uniform(-9, 14) for seed in range(2000)]
    for mark, point, spell in ((",", ".", str), (".", ",", lambda text: text.translate({44: ".", 46: ","}))):
        cells = "".join(f"{spell(f'{number:,.{seed % 9}f}')};{seed}\n" for seed, number in enumerate(numbers))
        (tmp_path / "a.csv").write_text("p;i\n" + cells)
        with monkeypatch.context() as patched:
            patched.setattr(csv_exact, "read_exactly", None)
            got = read(tmp_path / "a.csv", delimiter=";", decimal=point, thousands=mark)
        expected = [float(f"{number:.{seed % 9}f}") for seed, number in enumerate(numbers)]
        assert [value.hex() for value in got] == [value.hex() for value in expected]
        monkeypatch.setattr(csv_thousands, "ungrouped_numbers", lambda *_: None)
        assert read(tmp_path / "a.csv", delimiter=";", decimal=point, thousands=mark) == expected
        monkeypatch.undo()


REFUSED = [
    ("1,00", {"thousands": ","}, "is not a number", "',' separates groups of three digits here; for a decimal comma"),
    ("1,00,000", {"thousands": ","}, "is not a number", "',' separates groups of three digits here"),
    ("0,123", {"thousands": ","}, "is not a number", "use --decimal ','"),
    ("1000,000", {"thousands": ","}, "is not a number", "groups of three digits"),
    ("1.5", {"decimal": ",", "thousands": "."}, "is not a number", "'.' separates groups of three digits here"),
    ("9,007,199,254,740,993", {"thousands": ","}, "cannot be held exactly", None),
    ("1,000", {}, "is not a number", "for numbers such as 1,000 use --thousands ','"),
    ("1,234,567.5", {}, "is not a number", "use --thousands ','"),
    ("1,5", {}, "is not a number", "for a decimal comma use --decimal ','"),
    ("0,123", {}, "is not a number", "for a decimal comma use --decimal ','"),
    ("1.234,5", {}, "is not a number", "use --decimal ',' --thousands '.'"),
    ("1.234.567", {}, "is not a number", "use --decimal ',' --thousands '.'"),
    ("1'234.5", {}, "is not a number", 'use --thousands "\'"'),
    ("1 234", {}, "is not a number", "use --thousands ' '"),
    ("1\u00a0234,5", {}, "is not a number", "use --decimal ',' --thousands ' '"),
    ("1,00,000", {}, "is not a number", "--thousands reads groups of three digits"),
    ("1.234", {"decimal": ","}, "is not a number", "for numbers such as 1.234 use --thousands '.'"),
    ("2.5", {"decimal": ","}, "is not a number", "the decimal mark is ',' here"),
    ("1e5,0", {}, "is not a number", None),
]


@pytest.mark.parametrize(("cell", "options", "message", "hint"), REFUSED)
def test_what_is_refused(
    tmp_path: Path, window: None, cell: str, options: dict[str, Any], message: str, hint: str | None
) -> None:
    (tmp_path / "a.csv").write_text(f'q|p\n1|2\n\n3|"{cell}"\n', "utf-8")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.csv", delimiter="|", **options)
    error = caught.value
    assert (error.row, error.line, error.column, error.value) == (2, 4, "p", cell)
    assert message in error.message
    assert (hint is None) == (error.hint is None or "float64" in error.hint)
    assert hint is None or hint in (error.hint or "")


@pytest.mark.parametrize(
    ("texts", "options"),
    [
        (["1,000"], "--thousands ','"),
        (["1,000", "2"], "--thousands ','"),
        (["1,000", "0,5"], "--decimal ','"),
        (["1,000", "12,50"], "--decimal ','"),
        (["1,000", "2,000.5"], "--thousands ','"),
        (["1,5", "2024.01.02", "x"], "--decimal ','"),
        (["1.5", "2"], None),
        (["x"], None),
    ],
)
def test_the_whole_column_tells_what_a_comma_means(texts: list[str], options: str | None) -> None:
    assert number_options(texts) == options


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ("y;p\n1;1,000\n", "use --delimiter ';' --thousands ','"),
        ("y;p\n1;1.000,5\n", "use --delimiter ';' --decimal ',' --thousands '.'"),
        ("y;p\n1,5;1,000\n", "use --delimiter ';' --decimal ','"),
        ("y\tp\n1\t1,000\n", "use --delimiter '\\t' --thousands ','"),
    ],
)
def test_hints_about_the_delimiter(tmp_path: Path, content: str, hint: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        open_source([str(tmp_path / "a.csv")])
    assert caught.value.hint == hint


@pytest.mark.parametrize("mark", ["", ",,", "1", "e", "-", '"', "\0", "\n", "\t", "."])
def test_what_is_no_separator(tmp_path: Path, mark: str) -> None:
    (tmp_path / "a.csv").write_text("p\n1\n")
    with pytest.raises(UsageError, match="thousands separator"):
        open_source([str(tmp_path / "a.csv")], ReadOptions(thousands=mark))


def test_filters_weights_times_and_matrices(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('y;p;w;t\n1.000,5;1.001,5;1.000;1.000\n2;2;"1";1.001\n"3.000";1;1;1.002\n')
    options = ReadOptions(delimiter=";", decimal=",", thousands=".")
    report = losscli.evaluate(str(path), "mae", target="y", pred="p", weight="w", where="y < 2999", options=options)
    assert (report[0].value, report[0].weight) == (1000 / 1001, 1001.0)
    timed = losscli.evaluate(str(path), "mae", target="y", pred="p", time="t", options=options)
    assert timed[0].value == 1000.0


def test_every_door_and_shards(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(text_windows, "WINDOW", 1 << 10)
    Path("a.csv").write_text("y;p\n" + "".join(f"{n:,};{n + n % 3:,}.0\n" for n in range(900, 1899)))
    asked = ["a.csv", "-t", "y", "-p", "p", "-l", "mae", "--delimiter", ";"]
    for threads in ("1", "3"):
        assert run(["eval", *asked, "--thousands", ",", "-q", "--threads", threads]) == 0
        assert capsys.readouterr().out == "1.0\n"
    for shard in (1, 2):
        state = ["--shard", f"{shard}/2", "--state-out", f"{shard}.json"]
        assert run(["eval", *asked, "--thousands", ",", *state]) == 0
    capsys.readouterr()
    assert run(["merge", "1.json", "2.json", "-q"]) == 0
    assert capsys.readouterr().out == "1.0\n"
    suite = '[suites.a]\nsources="a.csv"\nloss="mae"\ntarget="y"\npred="p"\ndelimiter=";"\nthousands=","\n'
    Path("losscli.toml").write_text(suite)
    assert run(["check", "-q"]) == 0
    assert "1.0" in capsys.readouterr().out
    assert run(["eval", *asked]) == 3
    assert "use --thousands ','" in capsys.readouterr().err

"""Quotes in delimited text: every reader finds the rows that Python's strict csv reader finds, or the same fault."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError, LosscliError, UsageError
from losscli.io.files.open import open_source
from losscli.io.formats import csv as delimited
from losscli.io.formats import text_windows
from losscli.io.formats.csv_records import Dialect, RecordCutter, closed_well, delimiting_quotes, records
from losscli.io.source import ReadAs, ReadOptions

COMMA = Dialect(b",")
NO_QUOTE = {"quote": None}


@pytest.fixture(params=[1 << 23, 7], ids=["whole", "tiny windows"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(text_windows, "WINDOW", request.param)
    return int(request.param)


def write(folder: Path, content: str | bytes, name: str = "a.csv") -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(paths: list[str], names: str, remote: bool = False, **options: Any) -> list[list[str]]:
    """The rows of these columns as text."""
    projection: Mapping[str, ReadAs] = dict.fromkeys(names, "text")
    rows: list[list[str]] = []
    for fragment in open_source(paths, ReadOptions(**options)).fragments:
        first = len(rows)
        for split in fragment.remote_splits(projection) if remote else fragment.splits(projection):
            for batch in split.batches(1 + len(rows) - first):
                rows += [[cell or "" for cell in row.values()] for row in batch.data.to_pylist()]
    return rows


def refused(path: str, names: str = "yp", **options: Any) -> LosscliError:
    with pytest.raises(LosscliError) as caught:
        read([path], names, **options)
    return caught.value


# -- which one thing is wrong ------------------------------------------------------------------------------------------

FOLLOWS = "text follows the closing quote of a cell whose quote was opened on line {}"
OPEN = "a quote opened on line {} is never closed"
# text, the message, the row and the line of the opening quote, its column
FAULTS = {
    "joined rows": ('y,p,z\n1,2,"hello\n3,7,b\n5,6,"c"\n', FOLLOWS, 1, 2, "z"),
    "text after a number": ('y,p\n"1"5,2\n', FOLLOWS, 1, 2, "y"),
    "blank after a quote": ('y,p\n3,4\n"1" ,2\n', FOLLOWS, 2, 3, "y"),
    "blank at the end of the file": ('y,p\n1,"2" ', FOLLOWS, 1, 2, "p"),
    "after an empty cell": ('y,p\n1,""x\n', FOLLOWS, 1, 2, "p"),
    "after a doubled quote": ('y,p\n1,"a""" b\n', FOLLOWS, 1, 2, "p"),
    "a backslash escapes nothing": ('y,p\n1,"a\\"b"\n', FOLLOWS, 1, 2, "p"),
    "in a column nobody reads": ('y,z,p\n1,"b"c,2\n', FOLLOWS, 1, 2, "z"),
    "beyond the header": ('y,p\n1,2,"b"c\n', FOLLOWS, 1, 2, None),
    "the second of a record": ('y,p\n"a\nb","c\n"d\n', FOLLOWS, 1, 3, "p"),
    "after a stray quote": ('y,p\n5",6\n"7"8,9\n', FOLLOWS, 2, 3, "y"),
    "never closed": ('y,p\n1,2\n3,"4\n5,6\n', OPEN, 2, 3, "p"),
    "never closed, doubled at the end": ('y,p\n1,"2""\n', OPEN, 1, 2, "p"),
    "a quote at the end": ('y,p\n1,2\n3,"', OPEN, 2, 3, "p"),
    "never closed, after cells of several lines": ('y,p\n"a\nb","c\n\nd"\ne,"f\n', OPEN, 2, 6, "p"),
}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("case", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_names_the_line_where_the_quote_opened(tmp_path: Path, window: int, end: str, case: Any) -> None:
    text, message, row, line, column = case
    error = refused(write(tmp_path, text.replace("\n", end)))
    assert (error.message, error.code) == (message.format(line), "DATA_BAD_ROW")
    assert (error.row, error.line, error.column) == (row, line, column)
    assert (error.value or "").startswith('"')
    assert (error.hint or "").endswith("if quotes are plain text in this file, use --quote none")


def test_a_fault_in_the_header(tmp_path: Path) -> None:
    for text, message, line in [
        ('"y"x,p\n1,2\n', FOLLOWS, 1),
        ('y,"p\n1,2\n', OPEN, 1),
        ('y,"a\nb",p,"z\n1,2\n', OPEN, 2),
        ('"a\nb","y"x\n', FOLLOWS, 2),
        ('"a\rb","y\r\n', OPEN, 2),
    ]:
        error = refused(write(tmp_path, text))
        assert (error.message, error.line) == (message.format(line), line)
        assert "--quote none" in (error.hint or "")


def test_the_first_of_two_faults_is_named(tmp_path: Path, window: int) -> None:
    error = refused(write(tmp_path, 'y,p\n1,2\n"3"4,5\n6,"7\n'))
    assert (error.row, error.message) == (2, FOLLOWS.format(3))


def test_a_fault_is_found_before_the_file_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", 64)
    monkeypatch.setattr(text_windows, "RECORD_LIMIT", 5000)
    path = write(tmp_path, 'y,p\n1,"hello\n' + "2,3\n" * 20 + '5,"c"\n' + "6,7\n" * 5000)
    assert refused(path).message == FOLLOWS.format(2)


def test_a_fault_is_one_for_shards_and_threads_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", 200)
    path = write(tmp_path, "y,p,z\n" + "1,2,a\n" * 500 + '1,2,"a"b\n' + '1,2,"c"\n' * 500)
    for remote in (False, True):
        with pytest.raises(DataError, match="opened on line 502"):
            read([path], "yp", remote=remote)
    for threads in (1, 3):
        with pytest.raises(DataError) as caught:
            losscli.evaluate(path, losses="mae", target="y", pred="p", threads=threads)
        assert (caught.value.row, caught.value.line, caught.value.column) == (501, 502, "z")


# -- what quotes are --------------------------------------------------------------------------------------------------

INCHES = 'y,p,z\n1,2,5" pipe\n3,4,12"\n5,6,"5"" pipe, short"\n7,8,"\n"\n9,9,a "quoted" word\n'


def test_a_quote_inside_an_unquoted_cell_is_a_character(tmp_path: Path, window: int) -> None:
    path = write(tmp_path, INCHES)
    assert [row[2] for row in read([path], "ypz")] == ['5" pipe', '12"', '5" pipe, short', "\n", 'a "quoted" word']
    assert [row[2] for row in read([path], "ypz", remote=True)][3:] == ["\n", 'a "quoted" word']


@pytest.mark.parametrize("delimiter,name", [(",", "a.csv"), ("\t", "a.tsv")])
def test_no_quote_at_all(tmp_path: Path, window: int, delimiter: str, name: str) -> None:
    text = 'y,p,z\n1,2,"hello\n3,7,"b"c"\n"5",6,c"d\n8,9,"\n'.replace(",", delimiter)
    path = write(tmp_path, text, name)
    for quote in (None, "none"):
        got = read([path], "ypz", quote=quote)
        assert got == [["1", "2", '"hello'], ["3", "7", '"b"c"'], ['"5"', "6", 'c"d'], ["8", "9", '"']]
        assert read([path], "ypz", quote=quote, remote=True) == got
    error = None
    with pytest.raises(DataError, match="'\"5\"' is not a number") as caught:
        for fragment in open_source([path], ReadOptions(quote=None)).fragments:
            list(fragment.batches({"y": "number"}))
    error = caught.value
    assert (error.row, error.line) == (3, 4)


@pytest.mark.parametrize("cell", ["a\r\nb", "\r\n" * 20, "x\r\n" * 13], ids=["one", "pairs", "every third"])
def test_a_line_end_in_quotes_keeps_both_bytes_where_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: str
) -> None:
    monkeypatch.setattr(delimited, "BLOCK", 64)
    for shift in range(70):
        path = write(tmp_path, f'y,p\n{"1" * (1 + shift)},"{cell}"\n' + f'2,"{cell}"\r\n' * 9)
        assert {row[1] for row in read([path], "yp")} == {cell}


def test_names_without_quotes(tmp_path: Path) -> None:
    source = open_source([write(tmp_path, '"y",p"\n1,2\n')], ReadOptions(quote=None))
    assert source.columns == ('"y"', 'p"')


def test_another_quote(tmp_path: Path, window: int) -> None:
    text = "y,p\n'1,\"\n',2\n'it''s',\"\n5',''\n"
    path = write(tmp_path, text)
    assert read([path], "yp", quote="'") == [['1,"\n', "2"], ["it's", '"'], ["5'", ""]]
    assert read([write(tmp_path, "^y^,p\n^1,]^,2]\n")], "yp", quote="^") == [["1,]", "2]"]]
    assert read([write(tmp_path, "]y],p\n]1,^],2^\n")], "yp", quote="]") == [["1,^", "2^"]]
    error = refused(write(tmp_path, "y,p\n1,'2'3\n"), quote="'")
    assert error.message == FOLLOWS.format(2)


def test_comments_with_and_without_quotes(tmp_path: Path, window: int) -> None:
    text = "#it's\ny,p\n'a\n#b',1\n#'\n'c,2\n'd\n#e\n"
    assert read([write(tmp_path, "#it's\ny,p\n'a\n#b',1\n#'\nc,2\n")], "yp", comment="#", quote="'") == [
        ["a\n#b", "1"],
        ["c", "2"],
    ]
    assert refused(write(tmp_path, text), comment="#", quote="'").message == FOLLOWS.format(6)
    plain = '#"\ny,p\n"a,1\n#b"\nc","2\n'
    assert read([write(tmp_path, plain)], "yp", comment="#", quote=None) == [['"a', "1"], ['c"', '"2']]


@pytest.mark.parametrize(
    "options,words",
    [
        ({"quote": "''"}, "one ASCII character"),
        ({"quote": ""}, "one ASCII character"),
        ({"quote": "«"}, "one ASCII character"),
        ({"quote": "1"}, "one ASCII character"),
        ({"quote": "\n"}, "one ASCII character"),
        ({"quote": ","}, "the delimiter are the same"),
        ({"quote": "'", "decimal": "'"}, "the decimal mark are the same"),
        ({"quote": "'", "delimiter": "'"}, "the delimiter are the same"),
        ({"quote": "#", "comment": "#"}, "no delimiter or quote"),
        ({"delimiter": '"'}, "the delimiter are the same"),
        ({"decimal": '"'}, "the decimal mark must be"),
    ],
)
def test_a_quote_that_cannot_be_one(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    error = refused(write(tmp_path, "y,p\n1,2\n"), **options)
    assert isinstance(error, UsageError)
    assert words in error.message


def test_the_option_in_every_place(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, 'y\tp\ttext\n1\t2\t"hello\n3\t7\tb\n5\t6\tc"d\n', "a.tsv")
    binding = ["a.tsv", "-t", "y", "-p", "p", "-l", "mae"]
    assert run(["eval", *binding]) == 3
    assert "if quotes are plain text in this file, use --quote none" in capsys.readouterr().err
    assert run(["eval", *binding, "-q", "--quote", "none"]) == 0
    assert capsys.readouterr().out == "2.0\n"
    for command, expected in (("rows", "row,p/mae\n1,1\n2,4\n3,1\n"), ("grad", "row,p\n")):
        assert run([command, *binding, "--quote", "none"]) == 0
        assert capsys.readouterr().out.startswith(expected)
    assert run(["compare", *binding, "-p", "y", "-q", "--quote", "none"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("LOSSCLI_QUOTE", "none")
    assert run(["eval", *binding, "-q"]) == 0
    assert capsys.readouterr().out == "2.0\n"
    monkeypatch.delenv("LOSSCLI_QUOTE")
    suite = '[suites.a]\nsources="a.tsv"\nloss="mae"\ntarget="y"\npred="p"\nquote="none"\n'
    write(tmp_path, suite, "losscli.toml")
    assert run(["check", "-q"]) == 0
    assert "2.0" in capsys.readouterr().out
    report = losscli.evaluate("a.tsv", losses="mae", target="y", pred="p", options=ReadOptions(quote=None))
    assert report["mae"].value == 2.0


# -- against an independent reader -------------------------------------------------------------------------------------

TEXT = st.text(alphabet='ab",\n\r;\t #', max_size=40)
CELL = st.text(alphabet='ab",\n\r ', max_size=4)


def strict_rows(text: str, **dialect: Any) -> list[list[str]] | None:
    """The rows by Python's reader; None where it refuses the text."""
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True, **dialect) if row]
    except csv.Error:
        return None


@settings(max_examples=1000)
@given(TEXT)
def test_the_rows_and_cells_are_those_of_a_strict_reader(text: str) -> None:
    expected = strict_rows(text)
    found = list(records(text.encode(), COMMA))
    assert (expected is None) == any(record.fault for record in found)
    if expected is not None:
        assert [[cell.decode() for cell in record.cells] for record in found] == expected


@settings(max_examples=1000)
@given(TEXT)
def test_quotes_are_found_at_once_as_they_are_one_by_one(text: str) -> None:
    data = text.encode()
    quotes = delimiting_quotes(data, COMMA)
    found = [record.fault for record in records(data, COMMA)]
    sound = len(quotes) % 2 == 0 and closed_well(data, quotes, COMMA)
    assert sound == (not any(found))


@settings(max_examples=500)
@given(TEXT)
def test_a_cut_leaves_every_record_and_the_first_fault(text: str) -> None:
    data = text.encode()
    cutter = RecordCutter(COMMA)
    cut = cutter(data)
    whole = list(records(data, COMMA))
    parts = [*records(data[:cut], COMMA), *records(data[cut:], COMMA)]
    assert [record.cells for record in parts] == [record.cells for record in whole]
    if cutter.sound:
        assert not any(record.fault for record in records(data[:cut], COMMA))


def readings(folder: Path, text: str, delimiter: str) -> Iterator[tuple[str, list[list[str]] | None]]:
    """What each way to read a text finds; None where it refuses it."""
    head = delimiter.join("kv") + "\n"
    name = "a.tsv" if delimiter == "\t" else "a.csv"
    plain = write(folder, head + text, name)
    packed = write(folder, gzip.compress((head + text).encode(), mtime=0), name + ".gz")
    marked = write(folder, "\ufeff" + head + text, "b" + name)
    noted = write(folder, "%\n" + head + text, "c" + name)
    above = write(folder, 'a "title\r\n\r,,;\n' + head + text, "d" + name)
    named = write(folder, f"sep={delimiter}\r\n" + head + text, "e" + name)
    both = write(folder, f'\ufeff"\n%\rsep={delimiter}\n%\n' + head + text, "f" + name)
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "plain": (plain, {}),
        "gz": (packed, {}),
        "splits of a file": (plain, {"remote": True}),
        "byte order mark": (marked, {}),
        "comments": (noted, {"comment": "%"}),
        "lines above": (above, {"skip_lines": 3}),
        "splits below lines": (above, {"skip_lines": 3, "remote": True}),
        "a named delimiter": (named, {}),
        "splits below a named delimiter": (named, {"remote": True}),
        "lines, comments and a named delimiter": (both, {"skip_lines": 2, "comment": "%"}),
    }
    for way, (path, options) in ways.items():
        try:
            yield way, read([path], "kv", **options)
        except DataError:
            yield way, None


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6),
    size=st.sampled_from([1, 2, 5, 16, 1 << 20]),
    block=st.sampled_from([30, 1 << 20]),
    written=st.sampled_from(["raw", "\n", "\r\n", "\r"]),
    delimiter=st.sampled_from([",", "\t"]),
)
def test_every_way_to_read_finds_the_same_rows(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[tuple[str, str]],
    size: int,
    block: int,
    written: str,
    delimiter: str,
) -> None:
    if written == "raw":  # what no careful writer makes
        text = "\n".join(delimiter.join(row) for row in rows)
    else:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator=written, delimiter=delimiter).writerows(rows)
        text = out.getvalue()
    expected = strict_rows(text, delimiter=delimiter)
    if expected is not None and any(len(row) != 2 for row in expected):
        expected = None
    monkeypatch.setattr(text_windows, "WINDOW", size)
    monkeypatch.setattr(delimited, "BLOCK", block)
    for way, got in readings(tmp_path, text, delimiter):
        assert got == expected, way


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), st.sampled_from([1, 5, 1 << 20]))
def test_without_quotes_a_line_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str]], size: int
) -> None:
    text = "\n".join(",".join(row) for row in rows)
    expected = strict_rows(text, quoting=csv.QUOTE_NONE)
    assert expected is not None
    monkeypatch.setattr(text_windows, "WINDOW", size)
    path = write(tmp_path, "k,v\n" + text)
    for remote in (False, True):
        if all(len(row) == 2 for row in expected):
            assert read([path], "kv", remote=remote, **NO_QUOTE) == expected
        else:
            with pytest.raises(DataError, match="the header 2"):
                read([path], "kv", remote=remote, **NO_QUOTE)


def test_counts_of_folders_threads_and_shards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", 300)
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(5)
    words = ["a", '5" pipe', '12"', '"', "x,y", "two\nlines", '"a",\n"b"', "\r\n", ""]
    counts = []
    for name in ("data/1.csv", "data/2.csv"):
        out = io.StringIO(newline="")
        rows = [[index, index + 1, words[chance.integers(len(words))]] for index in range(700)]
        csv.writer(out, lineterminator=chance.choice(["\n", "\r\n"])).writerows([["y", "p", "z"], *rows])
        text = out.getvalue().replace('"12"""', '12"').replace('"5"" pipe"', '5" pipe')
        write(tmp_path, text, name)
        found = strict_rows(text)
        assert found is not None
        counts.append(len(found) - 1)
    assert counts == [700, 700]
    for threads in (1, 4):
        report = losscli.evaluate("data", losses="mse", target="y", pred="p", by="z", threads=threads)
        assert json.loads(report.to_json())["rows"]["used"] == 1400
    binding = ["data", "-t", "y", "-p", "p", "-l", "mse", "--by", "z", "-f", "csv"]
    assert run(["eval", *binding]) == 0
    whole = capsys.readouterr().out
    for shard in (1, 2, 3):
        assert run(["eval", *binding[:-2], "--shard", f"{shard}/3", "--state-out", f"s{shard}"]) == 0
    assert run(["merge", "s1", "s2", "s3", "-f", "csv"]) == 0
    assert capsys.readouterr().out == whole

"""Delimited text and JSON lines: what is read, where a row stands, and which one thing is wrong."""

from __future__ import annotations

import csv
import io
import math
import os
import random
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from losscli.errors import DataError, EmptyError, FileError, LosscliError, UsageError
from losscli.io.batches import Batch
from losscli.io.files.open import open_source
from losscli.io.formats import text_windows as windows_module
from losscli.io.formats.csv_exact import read_cells
from losscli.io.formats.csv_records import Dialect, RecordCutter, records
from losscli.io.source import ReadAs, ReadOptions, Source

COMMA = Dialect(b",")
PY: dict[str, ReadAs] = {"p": "number", "y": "number"}


def write(folder: Path, content: str | bytes, name: str = "a.csv") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def batches(source: Source, projection: Mapping[str, ReadAs]) -> list[Batch]:
    return [batch for fragment in source.fragments for batch in fragment.batches(projection)]


def table(source: Source, projection: Mapping[str, ReadAs]) -> dict[str, list[Any]]:
    """All rows as Python values; checks on the way that row numbers are without a gap in each file."""
    columns: dict[str, list[Any]] = {name: [] for name in projection}
    next_row: dict[str, int] = {}
    for batch in batches(source, projection):
        assert batch.data.schema.names == list(projection)
        assert batch.location.first_row == next_row.get(batch.location.path, 1)
        next_row[batch.location.path] = batch.location.first_row + batch.data.num_rows
        for name in projection:
            columns[name] += batch.data.column(batch.data.schema.names.index(name)).to_pylist()
    return columns


def read(
    folder: Path, content: str | bytes, projection: Mapping[str, ReadAs] = PY, name: str = "a.csv", **options: Any
) -> dict[str, list[Any]]:
    return table(open_source([write(folder, content, name)], ReadOptions(**options)), projection)


def refused(
    folder: Path, content: str | bytes, projection: Mapping[str, ReadAs] = PY, name: str = "a.csv", **options: Any
) -> LosscliError:
    with pytest.raises(LosscliError) as caught:
        read(folder, content, projection, name, **options)
    return caught.value


@pytest.fixture(params=[1 << 23, 7], ids=["whole", "tiny windows"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(windows_module, "WINDOW", request.param)
    return int(request.param)


# -- what is read ------------------------------------------------------------------------------------------------------

SAME = [
    ("plain", "p,y\n1,2\n3,4\n"),
    ("no newline at the end", "p,y\n1,2\n3,4"),
    ("CRLF", "p,y\r\n1,2\r\n3,4\r\n"),
    ("CR only", "p,y\r1,2\r3,4\r"),
    ("CR only, none at the end", "p,y\r1,2\r3,4"),
    ("mixed ends", "p,y\r\n1,2\r3,4\n"),
    ("BOM", "\ufeffp,y\n1,2\n3,4\n"),
    ("blank lines", "\n\np,y\n\n1,2\n\n\n3,4\n\n"),
    ("quoted numbers", 'p,y\n"1","2"\n"3","4"\n'),
    ("quoted names", '"p","y"\n1,2\n3,4\n'),
    ("trailing comma", "p,y,\n1,2,\n3,4,\n"),
    ("spaces and signs", "p,y\n +1 ,2.\n3e0,.4e1\n"),
    ("blank name unused", ",p,y\n9,1,2\n9,3,4\n"),
    ("duplicate unused", "x,x,p,y\n9,9,1,2\n9,9,3,4\n"),
    ("Latin-1 in an unused column", b"p,z,y\n1,\xe9,2\n3,\xff,4\n"),
    ("quoted newline elsewhere", 'p,z,y\n1,"a\nb",2\n3,"c\r\n\nd",4\n'),
    ("stray quotes elsewhere", 'p,z,y\n1,5" x,2\n3,a"b"c,4\n'),
    ("doubled quotes elsewhere", 'p,z,y\n1,"say ""hi""\n""",2\n3,"""",4\n'),
    ("backslash is data", 'p,z,y\n1,"a\\",2\n3,\\,4\n'),
]


@pytest.mark.parametrize("content", [content for _, content in SAME], ids=[name for name, _ in SAME])
def test_these_files_hold_the_same_numbers(tmp_path: Path, content: str | bytes, window: int) -> None:
    assert read(tmp_path, content) == {"p": [1.0, 3.0], "y": [2.0, 4.0]}


def test_columns_come_in_the_order_asked_for_and_in_these_types(tmp_path: Path) -> None:
    source = open_source([write(tmp_path, "a,b,c\n1,x,2\n")])
    assert source.columns == ("a", "b", "c")
    assert dict(source.types) == {"a": None, "b": None, "c": None}
    (batch,) = batches(source, {"c": "number", "b": "text"})
    assert batch.data.schema.types == [pa.float64(), pa.dictionary(pa.int32(), pa.string())]
    assert batch.data.to_pylist() == [{"c": 2.0, "b": "x"}]


def test_nan_and_infinity_are_values_and_the_rest_is_missing(tmp_path: Path, window: int) -> None:
    words = ["NaN", "nan", "-nan", "inf", "-Infinity", "+inf", "", "NA", "N/A", "null", "NULL", "None", "<NA>", " "]
    got = read(tmp_path, "z,p\n" + "".join(f"0,{word}\n" for word in words), {"p": "number"})["p"]
    assert [value is not None and math.isnan(value) for value in got[:3]] == [True] * 3
    assert got[3:6] == [math.inf, -math.inf, math.inf]
    assert got[6:] == [None] * 8


def test_text_stays_as_it_is_written(tmp_path: Path, window: int) -> None:
    cells = ["007", "9007199254740993", "18446744073709551615", "NA", "", "None", "nan", " a", "1.0", "é"]
    got = read(tmp_path, "z,k\n" + "".join(f"0,{cell}\n" for cell in cells), {"k": "text"})
    assert got == {"k": [cell or None for cell in cells]}
    got = read(tmp_path, "z,k\n" + "".join(f"0,{cell}\n" for cell in cells), {"k": "text"}, null_values=("NA",))
    assert got == {"k": cells}  # there the empty cell is a text


QUOTED = 'z,k,n\n1,a,1\n2,,2\n3,"",3\n4,"""",4\n5," ",5\n6,b,""\n7,"",\n8,,8\n'


@pytest.mark.parametrize("tail", ["", "9,c,oops\n", "9,c,1e400\n"], ids=["fast", "partly text", "too large"])
def test_an_empty_cell_is_null_and_empty_quotes_are_a_text(tmp_path: Path, window: int, tail: str) -> None:
    got = read(tmp_path, QUOTED + tail, {"k": "text", "n": "number"}, lenient=True)
    assert got["k"][:8] == ["a", None, "", '"', " ", "b", "", None]
    assert [None if cell is None else float(cell) for cell in got["n"][:8]] == [1, 2, 3, 4, 5, None, None, 8]
    plain = read(tmp_path, QUOTED + tail, {"k": "text", "n": "text"}, quote=None)
    assert plain["k"][:8] == ["a", None, '""', '""""', '" "', "b", '""', None]


def test_a_type_does_not_depend_on_the_first_rows(tmp_path: Path, window: int) -> None:
    body = "1\n" * 50 + "NA\n" * 50 + "1.5\n"
    assert read(tmp_path, "p\n" + body, {"p": "number"})["p"] == [1.0] * 50 + [None] * 50 + [1.5]


@pytest.mark.parametrize(
    "name,content,options",
    [
        ("a.tsv", "p\ty\n1\t2\n", {}),
        ("a.tab", "p\ty\n1\t2\n", {}),
        ("a.csv", "p;y\n1;2\n", {"delimiter": ";"}),
        ("a.csv", "p|y\n1|2\n", {"delimiter": "|"}),
        ("a.csv", "p\ty\n1\t2\n", {"delimiter": "\\t"}),
        ("a.csv", "p;y\n1,0;2,0\n", {"delimiter": ";", "decimal": ","}),
        ("a.csv", 'p,y\n"1,0",2\n', {"decimal": ","}),
        ("a.csv", '# it\'s "odd\np,y\n#,"\n1,2\n# end', {"comment": "#"}),
        ("a.csv", "\ufeff#c\np,y\r\n#\r\n1,2\r\n", {"comment": "#"}),
        ("a.csv", "p,y\n1,2\n".encode("utf-16"), {"encoding": "utf-16"}),
        ("a.csv", "p,y\n1,2\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
        ("a.csv", "Exported 2024-01-02\n\np,y\n1,2\n", {"skip_lines": 2}),
        ("a.csv", '\ufeffsaid "a\r\n\r\rp,y\r\n1,2\r\n', {"skip_lines": 3}),
        (
            "a.csv",
            "x\r\n\n".encode("utf-16") + "p,y\n1,2\n".encode("utf-16-le"),
            {"skip_lines": 2, "encoding": "utf-16"},
        ),
        ("a.csv", '"#\n#\np,y\n#\n1,2\n', {"skip_lines": 1, "comment": "#"}),
        ("a.csv", "sep=;\np;y\n1;2\n", {}),
        ("a.csv", "sep=;\r\np;y\r\n1;2\r\n", {"delimiter": ";"}),
        ("a.csv", '\ufeff"SEP=|"\np|y\n1|2\n', {}),
        ("a.csv", "x\nsep=\t\np\ty\n1\t2\n", {"skip_lines": 1, "delimiter": "tab"}),
        ("a.csv", "sep=;\np,y\n1,2\n", {"skip_lines": 1, "delimiter": ","}),
        ("a.csv", "sep=;\n#\np;y\n1;2\n", {"comment": "#"}),
        ("a.data", "p,y\n1,2\n", {}),
        ("a", "p,y\n1,2\n", {"input_format": "csv"}),
        ("a.csv", "p,y\n1,-\n1,2\n", {"null_values": ("-",)}),
    ],
)
def test_options(tmp_path: Path, name: str, content: str | bytes, options: dict[str, Any], window: int) -> None:
    got = read(tmp_path, content, name=name, **options)
    assert (got["p"][-1], got["y"][-1]) == (1.0, 2.0)


def test_comment_lines_inside_quotes_are_data_and_lines_are_still_right(tmp_path: Path, window: int) -> None:
    content = '#a\nk,p\n"x\n#y",1\n#b\nz,2\n#c\nw,bad\n'
    error = refused(tmp_path, content, {"p": "number"}, comment="#")
    assert (error.row, error.line, error.value) == (3, 8, "bad")
    got = read(tmp_path, content, {"k": "text"}, comment="#")
    assert got["k"] == ["x\n#y", "z", "w"]


def test_without_a_header_columns_are_numbered(tmp_path: Path, window: int) -> None:
    assert read(tmp_path, "1,2\n3,4\n", {"2": "number", "1": "text"}, header=False) == {"2": [2, 4], "1": ["1", "3"]}
    error = refused(tmp_path, "1,2\n3,x\n", {"2": "number"}, header=False)
    assert (error.row, error.line) == (2, 2)


def test_a_header_of_numbers_is_noted(tmp_path: Path) -> None:
    assert "--no-header" in open_source([write(tmp_path, "1,2\n3,4\n")]).notes[0]


@pytest.mark.parametrize("content", ["p,y", "p,y\n", "p,y\r\n\r\n"])
def test_a_header_alone_has_no_rows(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == {"p": [], "y": []}


def test_a_name_may_hold_anything(tmp_path: Path) -> None:
    projection: dict[str, ReadAs] = {"a\nb": "number", 'c"d': "number", " e": "number", "0": "number", "é": "number"}
    got = read(tmp_path, '"a\nb","c""d", e,0,é\n1,2,3,4,5\n', projection)
    assert got == dict(zip(projection, ([1], [2], [3], [4], [5]), strict=True))


def test_many_columns(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(20_000)]
    content = ",".join(names) + "\n" + ",".join(map(str, range(20_000))) + "\n"
    assert read(tmp_path, content, {"c19999": "number"}) == {"c19999": [19999.0]}


def test_a_cell_longer_than_every_window(tmp_path: Path, window: int) -> None:
    text = "x," * 3000
    assert read(tmp_path, f'k,p\n"{text}",1\na,2\n', {"k": "text", "p": "number"}) == {"k": [text, "a"], "p": [1, 2]}


def test_a_cell_longer_than_a_block_of_arrow(tmp_path: Path) -> None:
    text = "x" * (3 << 20)
    assert read(tmp_path, f"k,p\n{text},1\na,2\n", {"k": "text", "p": "number"}) == {"k": [text, "a"], "p": [1, 2]}


# -- what is refused ---------------------------------------------------------------------------------------------------

HEX = "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}"


@pytest.mark.parametrize(
    "cell", ["12%", '"1,234.5"', "1_000", "1.5D3", HEX, "0x1F", "1\x00", "x", "-", ".", "yes", "tRUE", "1f"]
)
def test_not_a_number(tmp_path: Path, cell: str, window: int) -> None:
    error = refused(tmp_path, f"p,y\n1,2\n3,{cell}\n5,6\n")
    assert isinstance(error, DataError)
    assert (error.row, error.line, error.column) == (2, 3, "y")
    assert error.value == cell.strip('"')
    assert "is not a number" in error.message


@pytest.mark.parametrize("cell", ["1e309", "-1e400", "9" * 400])
def test_too_large(tmp_path: Path, cell: str, window: int) -> None:
    error = refused(tmp_path, f"p,y\ninf,2\n3,{cell}\n5,6\n")
    assert (error.row, error.column, error.value) == (2, "y", cell[:60] + ("…" if len(cell) > 60 else ""))
    assert "too large" in error.message


def test_the_row_is_exact_far_down_and_lines_count_quoted_newlines(tmp_path: Path) -> None:
    rows = [f'"a\n{i}",{i}' for i in range(60_000)]
    rows[44_444] = '"a\nb",oops'
    error = refused(tmp_path, "k,p\n" + "\n".join(rows), {"p": "number"})
    assert (error.row, error.line, error.value) == (44_445, 2 * 44_444 + 2, "oops")


def test_many_bad_cells_make_one_message(tmp_path: Path) -> None:
    error = refused(tmp_path, "p\n" + "1\n" + "".join(f"x{i}\n" for i in range(50_000)), {"p": "number"})
    assert (error.row, error.line) == (2, 3)
    assert "49999 more" in error.message
    assert len(error.message) < 200


def test_lines_of_later_checks(tmp_path: Path, window: int) -> None:
    """A consumer that refuses a value gets row and line from the batch."""
    found = []
    for batch in batches(open_source([write(tmp_path, 'k,p\n"a\nb",1\n\nc,2\r\n"d""",3\n')]), {"p": "number"}):
        for index in range(batch.data.num_rows):
            error = batch.location.error(index, "p", "no")
            found.append((error.row, error.line))
    assert found == [(1, 2), (2, 5), (3, 6)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_lines_whatever_ends_them(tmp_path: Path, window: int, end: str, quote: str) -> None:
    lines = ["k,p", *(f"{quote}a{quote},{i}" for i in range(9)), "", "b,c,d"]
    error = refused(tmp_path, end.join(lines) + end, {"p": "number"})
    assert (error.row, error.line) == (10, 12)
    error = refused(tmp_path, end.join([*lines[:-1], f"{quote}b{quote},x"]), {"p": "number"})
    assert (error.row, error.line) == (10, 12)


REFUSED: list[tuple[str, str | bytes, dict[str, Any], type[LosscliError], str, int | None, int | None]] = [
    ("empty", "", {}, DataError, "0 bytes", None, None),
    ("only a newline", "\n", {}, DataError, "no header", None, None),
    ("only spaces", "  \n", {}, DataError, "no header", None, None),
    ("short row", "p,y\n1,2\n3\n", {}, DataError, "1 cell, the header 2", 2, 3),
    ("long row", "p,y\n1,2\n\n3,4,5\n", {}, DataError, "3 cells, the header 2", 2, 4),
    ("used twice", "p,y,p\n1,2,3\n", {}, DataError, "occurs 2 times", None, None),
    ("missing", "p,Y \n1,2\n", {}, DataError, "no column 'y'", None, None),
    ("unclosed", 'p,y\n1,2\n3,"4\n5,6\n', {}, DataError, "quote opened on line 3", 2, 3),
    ("unclosed after newlines", 'p,y\n"1\n",2\n3,"4\n5,6\n', {}, DataError, "", 1, 2),
    ("unclosed header", 'p,"y\n1,2\n', {}, DataError, "never closed", None, 1),
    ("semicolons", "p;y\n1;2\n", {}, DataError, "separated by ';'", None, 1),
    ("tabs", "p\ty\n1\t2\n", {}, DataError, "separated by a tab", None, 1),
    ("blanks", "p y\n1 2\n", {}, DataError, "separated by blanks", None, 1),
    ("blanks beside text", "k p y\na 1.5e-3 .5\n", {}, DataError, "separated by blanks", None, 1),
    ("title", "Scores of May\n\np,y\n1,2\n", {}, DataError, "line 3 has 2", None, 1),
    ("all lines skipped", "p,y\n1,2\n", {"skip_lines": 2}, DataError, "below the 2 that are skipped", None, None),
    ("more lines skipped", "p,y\n1,2", {"skip_lines": 9}, DataError, "below the 9 that are skipped", None, None),
    ("row below lines", "x\n\np,y\n1,2\n3\n", {"skip_lines": 2}, DataError, "1 cell, the header 2", 2, 5),
    ("cell below lines", "x\r\rp,y\r1,2\r3,z", {"skip_lines": 2}, DataError, "'z' is not a number", 2, 5),
    ("cell below comments", '"\n#\np,y\n#\nz,2', {"skip_lines": 1, "comment": "#"}, DataError, "'z' is", 1, 5),
    ("cell below sep", "sep=;\np;y\n1;z\n", {}, DataError, "'z' is not a number", 1, 3),
    ("delimiter below lines", "x\np;y\n1;z\n", {"skip_lines": 1}, DataError, "separated by ';'", None, 2),
    ("another delimiter", "sep=;\np,y\n1,2\n", {"delimiter": ","}, DataError, "line 1 says that", None, 1),
    ("bars", "p|y\n1|2\n", {}, DataError, "separated by '|'", None, 1),
    ("repeated header", "p,y\n1,2\np,y\n3,4\n", {}, DataError, "'p' is not a number", 2, 3),
    ("UTF-16", "p,y\n1,2\n".encode("utf-16"), {}, DataError, "UTF-16", None, None),
    ("UTF-16 without BOM", "p,y\n1,2\n".encode("utf-16-le"), {}, DataError, "NUL", None, None),
    ("Latin-1 header", b"p,y,\xe9\n1,2,3\n", {}, DataError, "at byte 5", None, 1),
    ("no such encoding", "p,y\n", {"encoding": "klingon"}, UsageError, "klingon", None, None),
    ("codec that is no encoding", "p,y\n", {"encoding": "hex"}, UsageError, "hex", None, None),
    ("wrong encoding", b"p,y\n1,\xff\n", {"encoding": "ascii"}, DataError, "is not a number", 1, 2),
    ("wrong other encoding", b"p,y\n1,\x81\n", {"encoding": "cp1252"}, DataError, "byte 7", None, None),
    ("long delimiter", "p,y\n", {"delimiter": "::"}, UsageError, "delimiter", None, None),
    ("HTML", "<!DOCTYPE html>\n<p>", {}, DataError, "HTML", None, None),
    ("JSON array", '[{"p": 1}]', {"input_format": "jsonl"}, DataError, "not an object", None, 1),
    ("unknown format", "p,y\n", {"input_format": "xls"}, UsageError, "xls", None, None),
]


@pytest.mark.parametrize("case", REFUSED, ids=[case[0] for case in REFUSED])
def test_refused(tmp_path: Path, case: Any, window: int) -> None:
    _, content, options, kind, words, row, line = case
    error = refused(tmp_path, content, **options)
    assert type(error) is kind
    assert words in error.message
    assert (error.row, error.line) == (row, line)


@pytest.mark.parametrize(
    "content,projection,hint",
    [
        ("p,y\n1,2\np,y\n", PY, "repeated header"),
        ('p,y\n"1,5",2\n', PY, "--decimal"),
        ("p;y\n1,5;2\n", PY, "--delimiter ';' --decimal ','"),
        ("a b\n\np,y\n1,2\n", PY, "--skip-lines 2"),
        ("p;y;k\n1,5;2,5;ab,c,d\n", PY, "--delimiter ';'"),
        ("a;y;b\nu;2.381,99;v,w\n", PY, "--delimiter ';'"),
        ("sep=;\np,y\n1,2\n", PY, "the columns are"),
        ("p y\n1 2\n", PY, "--delimiter ' '"),
        ("p,y\n1,-\n", PY, "--null-values ',NA,N/A,null,NULL,None,<NA>,-'"),
        ("p,y\n1, n/a \n", PY, "--null-values ',NA,N/A,null,NULL,None,<NA>,n/a'"),
        ("p,y\n1,#N/A\n", PY, ",#N/A'"),
        ("p,y\n1,?\n", PY, ",?'"),
        ("p,y\n1,.\n", PY, ",.'"),
        ("p,y\n1,\\N\n", PY, ",\\N'"),
        ("p,y\n1,NaT\n", PY, ",NaT'"),
        ("# run 12\np,y\n1,2\n", PY, "--comment '#'"),
        ("# run 12\n# of May\np,y\n1,2\n", PY, "--comment '#'"),
        ("p\n# note, really\n1\n", {"p": "number"}, "--comment"),
        ("p,y\n1,2,\n", PY, "ends with a delimiter"),
        ("p, y\n1,2\n", PY, "' y'"),
        ("P,y\n1,2\n", PY, "'P'"),
        (b"p,k\n1,caf\xe9\n", {"k": "text"}, "--encoding"),
    ],
)
def test_hints(tmp_path: Path, content: str | bytes, projection: dict[str, ReadAs], hint: str) -> None:
    assert hint in (refused(tmp_path, content, projection).hint or "")


def test_the_hint_about_missing_values_keeps_those_that_were_named(tmp_path: Path) -> None:
    hint = refused(tmp_path, "p,y\n1,?\n", null_values=("", "-999")).hint
    assert hint is not None and "--null-values ',-999,?'" in hint
    assert refused(tmp_path, "p,y\n1,high\n").hint is None


@pytest.mark.parametrize("content", ["the loss\n0.5\n", "the label\nNew York\n", "the loss\n", "a text\n1 2 3\n"])
def test_one_column_may_have_blanks(tmp_path: Path, content: str) -> None:
    assert open_source([write(tmp_path, content)]).columns == (content.split("\n")[0],)


@pytest.mark.parametrize("name", ["#", "#p"])
def test_a_first_name_may_begin_as_a_comment_does(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f"{name},y\n#1,2\n", {name: "text", "y": "number"}) == {name: ["#1"], "y": [2]}
    assert read(tmp_path, "#f00\n#0f0\n", {"1": "text"}, header=False) == {"1": ["#f00", "#0f0"]}


def test_lines_above_the_header(tmp_path: Path, window: int) -> None:
    source = open_source([write(tmp_path, "x\ny\np,y\n1,2\n")], ReadOptions(skip_lines=2))
    assert (source.columns, source.notes) == (("p", "y"), ())
    assert read(tmp_path, "x\n1,2\n", {"1": "number"}, skip_lines=1, header=False) == {"1": [1]}
    for last in ("\n", "\r", "\r\n"):  # lines end alike wherever a piece of the file ends
        title = "x" * 65_535
        assert read(tmp_path, f"{title}{last}{title}{last}p,y{last}1,2", skip_lines=2) == {"p": [1], "y": [2]}
    error = refused(tmp_path, b"x\np,k\n1,a\n2,caf\xe9\n", {"k": "text"}, skip_lines=1)
    assert (error.row, error.line) == (2, 4)
    assert "at byte 16" in error.message


def test_a_delimiter_that_the_file_names_is_noted(tmp_path: Path) -> None:
    path = write(tmp_path, "sep=;\np;y\n1;2\n")
    assert open_source([path]).notes == (f"{path}: line 1 names the delimiter, ';', and is no row",)
    assert open_source([write(tmp_path, "sep=a,b\n1,2\n")]).columns == ("sep=a", "b")


def test_invalid_utf8_names_the_byte(tmp_path: Path, window: int) -> None:
    error = refused(tmp_path, b"p,z,k\n1,a,b\n2,\xc3\xa9,caf\xe9\n", {"k": "text"})
    assert (error.row, error.line, error.column) == (2, 3, "k")
    assert "at byte 21" in error.message


def test_a_long_header_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "x" * (5 << 20) + ",p\n1,2\n", {"p": "number"})
    assert "MiB" in error.message or "bytes long" in error.message


def test_a_record_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows_module, "RECORD_LIMIT", 1000)
    monkeypatch.setattr(windows_module, "WINDOW", 64)
    for options in ({}, {"comment": "#"}):
        error = refused(tmp_path, 'p,y\n1,"' + "2,3\n" * 10_000, **options)
        assert "a record is longer than" in error.message
        assert error.line == 2
        assert "--quote none" in (error.hint or "")


def test_changed_while_reading(tmp_path: Path) -> None:
    path = write(tmp_path, "p,y\n1,2\n")
    source = open_source([path])
    with Path(path).open("a") as more:
        more.write("3,4\n")
    with pytest.raises(FileError, match="changed"):
        table(source, PY)
    Path(path).unlink()
    with pytest.raises(FileError):
        table(source, PY)


def test_a_part_can_be_read_again(tmp_path: Path) -> None:
    source = open_source([write(tmp_path, "p,y\n1,2\n")])
    assert table(source, PY) == table(source, PY)


# -- the fast and the exact reader agree -------------------------------------------------------------------------------

CELL = st.text(alphabet='ab1.",\n\r; é', max_size=5)


def _as_python_reads(text: str) -> list[list[str]]:
    return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6), size=st.integers(1, 20), raw=st.booleans())
def test_windows_and_readers_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str]], size: int, raw: bool
) -> None:
    if raw:  # stray quotes and ragged rows, as nobody's writer would make them
        body = "\n".join(f"{a.replace(',', '')},{b.replace(',', '')}" for a, b in rows)
    else:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator=random.Random(size).choice(["\n", "\r\n", "\r"])).writerows(rows)
        body = out.getvalue()
    path = write(tmp_path, "k,v\n" + body)
    monkeypatch.setattr(windows_module, "WINDOW", size)
    projection: dict[str, ReadAs] = {"k": "text", "v": "text"}
    try:
        expected = _as_python_reads(body)
    except csv.Error:
        expected = [[]]
    if any(len(row) != 2 for row in expected):
        with pytest.raises(DataError):
            table(open_source([path]), projection)
        return
    got = table(open_source([path]), projection)
    assert [[k or "", v or ""] for k, v in zip(got["k"], got["v"], strict=True)] == expected


@settings(max_examples=300)
@given(st.text(alphabet='a",\n\r', max_size=24))
def test_a_cut_is_never_inside_a_record(text: str) -> None:
    data = text.encode()
    cut = RecordCutter(COMMA)(data)
    whole = list(records(data, COMMA))
    ends = {record.end for record in whole}
    assert cut == 0 or data[:cut].rstrip(b"\r\n") == b"" or any(data[end:cut].strip(b"\r\n") == b"" for end in ends)
    again = [*records(data[:cut], COMMA), *records(data[cut:], COMMA)]
    assert [record.cells for record in again] == [record.cells for record in whole]


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(["inf", "-inf", "", "NA", "1.", ".5", "+2", " 3 ", "1E5", "007"]),
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_the_exact_reader_gives_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: list[str]
) -> None:
    from losscli.io.formats import csv as delimited

    path = write(tmp_path, "z,p\n" + "".join(f"0,{cell}\n" for cell in cells))

    def outcome() -> object:
        try:
            return table(open_source([path]), {"p": "number"})
        except DataError as error:
            return error.message, error.row, error.code

    fast = outcome()
    inexact = [cell for cell in cells if re.fullmatch(r"-?\d+", cell) and int(float(cell)) != int(cell)]
    assert isinstance(fast, tuple) == bool(inexact), fast
    with monkeypatch.context() as patched:
        patched.setattr(delimited._Reader, "_holds", lambda *_: False)
        assert outcome() == fast
        patched.setattr(
            delimited._Reader,
            "_cells",
            lambda self, window, location, extra: read_cells(
                window, [(at, False) for at in self.positions], self.grammar, location, extra
            ),
        )
        assert outcome() == fast


# -- JSON lines --------------------------------------------------------------------------------------------------------


def test_json_lines(tmp_path: Path, window: int) -> None:
    content = (
        '{"p": 1, "k": "a", "b": true, "n": 1, "f": 1.0, "v": [1, 2.5]}\n\n'
        '{"k": "é", "p": 2.5, "b": false, "n": 9007199254740993, "f": 0.1, "v": [3, null], "more": 0}\n'
        '{"p": null, "k": null, "b": null, "n": null, "f": -0.0, "v": null}'
    )
    projection: dict[str, ReadAs] = {"p": "number", "k": "text", "b": "text", "n": "text", "f": "text", "v": "number"}
    source = open_source([write(tmp_path, content, "a.jsonl")])
    assert source.columns[:6] == ("p", "k", "b", "n", "f", "v")
    assert source.types["v"] == pa.list_(pa.float64())
    assert source.types["p"] is None
    assert table(source, projection) == {
        "p": [1.0, 2.5, None],
        "k": ["a", "é", None],
        "b": ["true", "false", None],
        "n": ["1", "9007199254740993", None],
        "f": ["1", "0.1", "0"],
        "v": [[1.0, 2.5], [3.0, None], None],
    }


def test_json_types_do_not_drift(tmp_path: Path, window: int) -> None:
    rows = ['{"p": 1, "k": 1}', '{"p": 1.5, "k": "x"}', "{}", '{"p": NaN, "k": 2.0}', '{"p": -Infinity, "k": true}']
    got = read(tmp_path, "\n".join(rows * 3), {"p": "number", "k": "text"}, "a.ndjson")
    assert got["k"] == ["1", "x", None, "2", "true"] * 3
    assert [str(value) for value in got["p"]] == ["1.0", "1.5", "None", "nan", "-inf"] * 3


@pytest.mark.parametrize(
    "bad,words",
    [
        ('{"p": "1"}', "'1' is not a number"),
        ('{"p": "true"}', "is not a number"),
        ('{"p": [1]}', "is not a number"),
        ('{"p": {"a": 1}}', "is not a number"),
        ('{"p": 1e309}', "too large"),
        ('{"p": 1' + "0" * 400 + "}", "too large"),
        ('{"p": 1,}', "invalid JSON"),
        ('{"p": 1', "invalid JSON"),
        ('{"p": 1, "p": 2}', "twice"),
        ("[1]", "not an object"),
        ("nonsense", "invalid JSON"),
    ],
)
def test_json_refused(tmp_path: Path, bad: str, words: str, window: int) -> None:
    good = '{"p": 1}\n' * 120  # more than is looked at when the file is opened
    error = refused(tmp_path, f"{good}\n{bad}\n{good}", {"p": "number"}, "a.jsonl")
    assert isinstance(error, DataError)
    assert words in error.message
    assert (error.row, error.line) == (121, 122)


def test_json_head_refused(tmp_path: Path) -> None:
    projection: dict[str, ReadAs] = {"p": "number"}
    assert "a JSON document" in refused(tmp_path, '[{"p": 1}]', projection, "a.jsonl").message
    assert refused(tmp_path, '{"p": 1}\nnonsense\n', projection, "a.jsonl").line == 2
    assert isinstance(refused(tmp_path, "\n\n", projection, "a.jsonl", input_format="jsonl"), EmptyError)
    assert "no column 'q'" in refused(tmp_path, '{"p": 1}', {"q": "number"}, "a.jsonl").message
    assert "no column 'p.a'" in refused(tmp_path, '{"p": {"a": 1}}', {"p.a": "number"}, "a.jsonl").message
    assert "not UTF-8" in refused(tmp_path, b'{"k": "caf\xe9"}\n', {"k": "text"}, "a.jsonl").message


def test_json_bom_and_lines(tmp_path: Path, window: int) -> None:
    source = open_source([write(tmp_path, '\ufeff{"p": 1}\r\n\r\n{"p": 2}\r\n', "a.jsonl")])
    found = [
        (batch.location.error(i, "p", "").row, batch.location.error(i, "p", "").line)
        for batch in batches(source, {"p": "number"})
        for i in range(batch.data.num_rows)
    ]
    assert found == [(1, 1), (2, 3)]


# -- streams -----------------------------------------------------------------------------------------------------------


def test_reading_text_needs_neither_pandas_nor_compute(tmp_path: Path) -> None:
    path = write(tmp_path, "p,y\n1,a\n")
    script = (
        "import sys; from losscli.io.files.open import open_source\n"
        f"[b for b in open_source([{path!r}]).fragments[0].batches({{'p': 'number', 'y': 'text'}})]\n"
        "slow = {'pandas', 'pyarrow.compute', 'pyarrow.dataset', 'pyarrow.parquet', 'gzip', 'zipfile'}\n"
        "print(*sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    fifo = str(tmp_path / "pipe.csv")
    os.mkfifo(fifo)
    writer = subprocess.Popen([sys.executable, "-c", f"open({fifo!r}, 'w').write('p,y\\n' + '1,2\\n' * 100000)"])
    source = open_source([fifo])
    got = table(source, PY)
    assert (len(got["p"]), sum(got["y"])) == (100_000, 200_000.0)
    with pytest.raises(UsageError, match="once"):
        table(source, PY)
    assert writer.wait() == 0


def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No window is longer than two reads, however long the file."""
    monkeypatch.setattr(windows_module, "WINDOW", 1 << 16)
    path = write(tmp_path, "p,y\n" + '1,"2"\n' * 200_000)
    seen = []
    original = windows_module.Window

    def noted(*arguments: Any, **named: Any) -> Any:
        made = original(*arguments, **named)
        seen.append(made.size)
        return made

    monkeypatch.setattr(windows_module, "Window", noted)
    assert len(table(open_source([path]), PY)["p"]) == 200_000
    assert len(seen) > 10
    assert max(seen) <= 2 << 16

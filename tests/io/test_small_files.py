"""Thousands of small files: read together, with the numbers, counts and errors of files that are read one by one."""

from __future__ import annotations

import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.cli.entry import run
from losscli.execution import placed_splits
from losscli.io import small_files
from losscli.io.files.open import open_source
from losscli.io.formats import csv, csv_together, jsonl, parquet
from losscli.io.small_files import in_groups
from losscli.io.source import ReadOptions

NUMBERS = {"y": "number", "p": "number"}
ASK = ("-t", "y", "-p", "p", "-l", "mse", "-l", "mae")


def write(folder, count=60, rows=9, seed=1):
    draw = random.Random(seed)
    for number in range(count):
        lines = [f"{draw.gauss(0, 1)!r},{draw.gauss(0, 3)!r},{draw.choice('ab')}" for _ in range(rows + number % 3)]
        (folder / f"part{number:03d}.csv").write_text("y,p,s\n" + "".join(f"{line}\n" for line in lines))
    return folder


def grouped(folder, projection=NUMBERS, **options):
    source = open_source([str(folder)], ReadOptions(**options))
    return [len(group) for _, group in in_groups(source.fragments, projection)]


def answer(capsys, *args):
    code = run(["eval", *args])
    told = capsys.readouterr()
    return code, told.out, told.err


def both(monkeypatch, capsys, *args):
    """The answers where files are read together, and one by one."""
    together = [answer(capsys, *args, "--threads", number) for number in ("1", "3")]
    for module in (csv, parquet, jsonl):
        monkeypatch.setattr(module, "SMALL", -1)
    alone = answer(capsys, *args, "--threads", "1")
    assert together == [alone, alone]
    return alone


@pytest.fixture
def parsed(monkeypatch):
    """How many files each call has parsed at once."""
    counts = []
    genuine = csv_together.CsvTogether._parsed

    def counting(self, windows):
        found = genuine(self, windows)
        counts.append(len(windows) if found is not None else 0)
        return found

    monkeypatch.setattr(csv_together.CsvTogether, "_parsed", counting)
    return counts


MORE = [("-f", "json"), ("--where", "y > 0", "-f", "csv"), ("--by", "s", "-f", "csv"), ("--interval", "-f", "json"),
        ("-l", "ccc_loss", "-l", "r2", "-f", "plain"), ("-l", "median_absolute_error", "-f", "plain")]  # fmt: skip


@pytest.mark.parametrize("more", MORE, ids=str)
def test_reports_are_those_of_files_read_one_by_one(tmp_path, monkeypatch, capsys, more):
    code, out, _ = both(monkeypatch, capsys, str(write(tmp_path)), *ASK, *more)
    assert (code, bool(out)) == (0, True)


def test_files_are_parsed_at_once(tmp_path, capsys, parsed):
    assert answer(capsys, str(write(tmp_path)), *ASK, "-q")[0] == 0
    assert parsed == [60]


def test_groups_end_where_a_file_is_large_or_another_or_enough_is_held(tmp_path, monkeypatch):
    write(tmp_path, 10)
    assert grouped(tmp_path) == [10]
    assert grouped(tmp_path, {"y": "number", "s": "text"}) == [1] * 10
    (tmp_path / "part004.csv").write_text("p,y,s\n1,2,a\n")
    assert grouped(tmp_path) == [4, 1, 5]
    (tmp_path / "part007.csv").write_text("y,p,s\n" + "1,2,a\n" * 50_000)
    assert grouped(tmp_path) == [4, 1, 2, 1, 2]
    monkeypatch.setattr(small_files, "TOGETHER", 1100)
    assert max(grouped(tmp_path)) == 2 and sum(grouped(tmp_path)) == 10
    assert grouped(tmp_path, comment="#") == [1] * 10


@pytest.mark.parametrize(
    "text",
    [
        "y,p,s\n1,2,a\n3,x,b\n", "y,p,s\n1,2,a\n\n3,,b\n", "y,p,s\n1,2\n", "y,p,s\n1,2,a\n3,nan,b\n",
        "y,p,s\n1,2,a\n3,1e309,b\n", "y,p,s\n1,2,a\n9007199254740993,2,b\n", 'y,p,s\n1,2,"a\nb"\n3,4,b\n',
        "y,p,s\n1,2,a\n3,inf,b", "y,p,s\n\n\n1,2,a\n3,?,b\n", 'y,p,s\n1,"x,a\n',
    ],
)  # fmt: skip
def test_what_is_wrong_or_unusual_is_told_as_of_files_read_one_by_one(tmp_path, monkeypatch, capsys, text):
    """And at its place: the file, the row in it, the line."""
    write(tmp_path, 12)
    (tmp_path / "part005.csv").write_text(text)
    both(monkeypatch, capsys, str(tmp_path), *ASK, "-f", "json")


def test_an_error_names_file_row_and_line(tmp_path, capsys):
    write(tmp_path, 12)
    (tmp_path / "part005.csv").write_text("y,p,s\n1,2,a\n\n3,x,b\n")
    code, out, err = answer(capsys, str(tmp_path), *ASK)
    assert (code, out) == (3, "")
    assert "part005.csv" in err and "row 2" in err and "line 4" in err


ENDS = ["y,p,s\n", "y,p,s", "y,p,s\r\n1,2,a\r\n3,4,b\r\n", "y,p,s\n1,2,a\n3,5,b", "\ufeffy,p,s\n1,2,a\n",
        "y,p,s\n1,2,a\r3,4,b\r", "y,p,s\n1,2,a\n3,-0,b\n"]  # fmt: skip


@pytest.mark.parametrize("text", ENDS)
def test_ends_of_lines_and_of_files_make_no_difference(tmp_path, monkeypatch, capsys, text):
    write(tmp_path, 12)
    (tmp_path / "part005.csv").write_bytes(text.encode())
    code, out, _ = both(monkeypatch, capsys, str(tmp_path), *ASK, "-f", "json")
    assert (code, bool(out)) == (0, True)


def test_compressed_and_recoded_files_are_read_together(tmp_path, monkeypatch, capsys, parsed):
    for path in write(tmp_path, 12).iterdir():
        (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(path.read_text().encode("utf-16")))
        path.unlink()
    code, _, _ = both(monkeypatch, capsys, str(tmp_path), *ASK, "--encoding", "utf-16", "-f", "json")
    assert code == 0
    assert 12 in parsed


def test_a_small_file_that_unpacks_to_much_is_read_alone(tmp_path, monkeypatch, capsys, parsed):
    write(tmp_path, 3)
    (tmp_path / "part003.csv.gz").write_bytes(gzip.compress(b"y,p,s\n" + b"1,2,a\n" * 2_000_000))
    monkeypatch.setattr(csv_together, "TOGETHER", 1 << 20)
    code, _, _ = both(monkeypatch, capsys, str(tmp_path), *ASK, "-f", "json")
    assert code == 0
    assert parsed == []


def test_a_file_that_changes_is_an_error(tmp_path, monkeypatch, capsys):
    write(tmp_path, 5)
    genuine = placed_splits.PlacedSplits._groups

    def late(self, remote):
        (tmp_path / "part002.csv").write_text("y,p,s\n1,2,a\n")
        return genuine(self, remote)

    monkeypatch.setattr(placed_splits.PlacedSplits, "_groups", late)
    code, out, err = answer(capsys, str(tmp_path), *ASK)
    assert (code, out) == (4, "")
    assert "part002.csv" in err and "changed while it was read" in err


def test_each_file_is_opened_twice(tmp_path, monkeypatch, capsys):
    """Once for its head, once for its rows."""
    from losscli.io.files.inputs import FileInput

    write(tmp_path, 20)
    opened = []
    genuine = FileInput.open
    monkeypatch.setattr(FileInput, "open", lambda self, last=False: opened.append(self.path) or genuine(self, last))
    assert answer(capsys, str(tmp_path), *ASK)[0] == 0
    assert len(opened) == 40


# ------------------------------------------------------------------------------------------- Parquet and JSON lines


def typed(folder, suffix, count=40, rows=9, seed=1):
    """Files of Parquet or JSON lines with the columns of `write`."""
    draw = random.Random(seed)
    for number in range(count):
        records = [{"y": draw.gauss(0, 1), "p": draw.gauss(0, 3), "s": draw.choice("ab"), "n": draw.randrange(9)}
                   for _ in range(rows + number % 3)]  # fmt: skip
        path = folder / f"part{number:03d}.{suffix}"
        if suffix == "jsonl":
            path.write_text("".join(f"{json.dumps(record)}\n" for record in records))
        else:
            pq.write_table(pa.Table.from_pylist(records), path, row_group_size=4 + number % 2)
    return folder


SUFFIXES = pytest.mark.parametrize("suffix", ["parquet", "jsonl"])


@SUFFIXES
@pytest.mark.parametrize("more", MORE, ids=str)
def test_typed_reports_are_those_of_files_read_one_by_one(suffix, tmp_path, monkeypatch, capsys, more):
    folder = str(typed(tmp_path, suffix))
    code, out, _ = both(monkeypatch, capsys, folder, *ASK, *more)
    assert (code, bool(out)) == (0, True)


@SUFFIXES
def test_typed_files_are_one_split_and_opened_twice(suffix, tmp_path, capsys, monkeypatch):
    from losscli.io.files.inputs import FileInput
    from losscli.io.formats import binary

    folder = str(typed(tmp_path, suffix))
    assert grouped(folder) == [40]
    opened: list[str] = []
    plain = FileInput.open
    monkeypatch.setattr(FileInput, "open", lambda self, last=False: opened.append(self.path) or plain(self, last))
    monkeypatch.setattr(binary, "open_for_arrow", lambda *_: pytest.fail("a third time"))
    assert answer(capsys, folder, *ASK, "-q", "--threads", "2")[0] == 0
    assert len(opened) == 2 * 40  # to see what it is, and to read it


@SUFFIXES
def test_texts_and_other_types_are_read_alone(suffix, tmp_path):
    folder = str(typed(tmp_path, suffix))
    assert grouped(folder, {"y": "number", "s": "text"}) == [1] * 40
    assert grouped(folder, {"y": "number", "n": "number"}) == [40]


@SUFFIXES
def test_a_bad_value_names_its_file_and_row(suffix, tmp_path, monkeypatch, capsys):
    folder = typed(tmp_path, suffix)
    records = [{"y": 1.0, "p": 2.0, "s": "a", "n": 1}] * 4 + [{"y": 1.0, "p": None, "s": "a", "n": 1}]
    if suffix == "jsonl":
        (folder / "part007.jsonl").write_text("".join(f"{json.dumps(record)}\n" for record in records))
    else:
        pq.write_table(pa.Table.from_pylist(records), folder / "part007.parquet")
    code, _, err = both(monkeypatch, capsys, str(folder), *ASK)
    assert code == 3
    assert f"part007.{suffix}" in err
    assert "row 5" in err


LINES = [
    '{"y": 1, "p": 2}\n\n{"y": 1, "p": 3}\n', '{"y": 1, "p": 2}\n{"y": 1, "p": "3"}\n', '{"y": 1, "p": 2}',
    '{"y": 1, "p": 1e999}\n', '{"y": 9007199254740993, "p": 2.5}\n', '{"y": 1, "p": 2}\n{"y": 1\n',
    '{"y": [1], "p": 2}\n', '\ufeff{"y": 1, "p": 2}\n', '{"y": 1, "p": 2}\r\n{"y": 3, "p": 2}\r\n',
    '{"y": 1, "p": 2} {"y": 3, "p": 2}\n',
]  # fmt: skip


@pytest.mark.parametrize("text", LINES)
def test_unusual_lines_are_read_as_they_are_alone(text, tmp_path, monkeypatch, capsys):
    for number in range(12):
        (tmp_path / f"part{number:02d}.jsonl").write_text('{"y": 1.5, "p": 2.5}\n{"y": 2.5, "p": 2}\n')
    (tmp_path / "part05.jsonl").write_text(text)
    both(monkeypatch, capsys, str(tmp_path), *ASK, "-f", "json")


def test_a_damaged_parquet_file_is_named(tmp_path, monkeypatch, capsys):
    folder = typed(tmp_path, "parquet")
    path = folder / "part009.parquet"
    body = bytearray(path.read_bytes())
    body[8:60] = bytes(52)
    path.write_bytes(body)
    code, _, err = both(monkeypatch, capsys, str(folder), *ASK)
    assert code == 3
    assert "part009.parquet" in err


def test_a_blank_line_does_not_make_up_for_two_records_in_one(tmp_path, monkeypatch, capsys):
    good = '{"y": 1, "p": 2}\n'
    (tmp_path / "a.jsonl").write_text(good * 3 + "\n" + good)
    (tmp_path / "b.jsonl").write_text(good * 150 + good.strip() + good)  # beyond the records that show the keys
    code, _, err = both(monkeypatch, capsys, str(tmp_path), *ASK, "-f", "json")
    error = json.loads(err)
    assert (code, error["row"], error["line"]) == (3, 151, 151)
    assert "two records on one line" in error["message"]

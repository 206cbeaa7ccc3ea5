"""Ranges of a text that are found without reading it."""

from __future__ import annotations

from pathlib import Path

import pytest

from losscli.errors import DataError
from losscli.io.files.open import open_source
from losscli.io.formats import text_ranges
from losscli.io.formats.csv_records import Dialect, count_line_ends, has_quoted_line_ends
from losscli.io.source import ReadAs, ReadOptions, Split
from losscli.io.unproven_splits import UnprovenSplit

NUMBERS: dict[str, ReadAs] = {"x": "number"}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LEAST", 0), ("RANGE", 64), ("_LAST", 128), ("_LAST_RANGE", 16), ("_PROBE", 4), ("_HEAD", 50)):
        monkeypatch.setattr(text_ranges, name, value)


def found(path: Path, content: str, options: ReadOptions | None = None) -> list[Split] | None:
    path.write_bytes(content.encode())
    (fragment,) = open_source([str(path)], options or ReadOptions()).fragments
    splits = fragment.unread_splits(NUMBERS)
    return None if splits is None else list(splits)


def numbers(split: Split) -> list[float]:
    return [number for batch in split.batches(1) for number in batch.data.column(0).to_pylist()]


CSV = "x,n\n" + "".join(f"{row},{'a' * (row % 11)}\n" for row in range(100))
LINES = "".join(f'{{"x": {row}}}\n' for row in range(100))


@pytest.mark.parametrize(("name", "content"), [
    ("a.csv", CSV), ("a.csv", CSV[:-1]), ("a.csv", CSV.replace("\n", "\r\n")),
    ("a.jsonl", LINES), ("a.jsonl", LINES[:-1]), ("a.csv", "x\n\n\n" + "1\n" * 3 + "\n" * 200 + "2\n"),
])  # fmt: skip
def test_the_ranges_hold_all_rows_in_order(name: str, content: str, tmp_path: Path) -> None:
    splits = found(tmp_path / name, content)
    assert splits is not None
    assert len(splits) > 5
    (fragment,) = open_source([str(tmp_path / name)], ReadOptions()).fragments
    whole = [number for split in fragment.splits(NUMBERS) for number in numbers(split)]
    assert [number for split in splits for number in numbers(split)] == whole
    assert sum(split.size for split in splits) == len(content) - (0 if name == "a.jsonl" else content.index("\n") + 1)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("name", "content"), [("a.csv", CSV), ("a.jsonl", LINES)])
def test_the_rest_from_any_range_on_has_the_lines_of_the_file(
    name: str, content: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_ranges, "WINDOW", 21)  # lines are counted in pieces, which may end inside a CRLF
    splits = found(tmp_path / name, content.replace("\n", end))
    assert splits is not None
    row = 1
    for at, split in enumerate(splits):
        assert isinstance(split, UnprovenSplit)
        after = [number for later in splits[at:] for number in numbers(later)]
        first, *others = split.rest()
        assert [number for rest in (first, *others) for number in numbers(rest)] == after
        location = next(iter(first.batches(row))).location
        assert location.error(0, "x", "wrong", "", None, code="DATA_BAD_CELL").line == row + (name == "a.csv")
        row += len(numbers(split))


@pytest.mark.parametrize("end", ["\r\r\n", "\r\n", "\n\r", "\r\r\r\n"])
@pytest.mark.parametrize("window", [1, 2, 3, 4, 7])
def test_lines_are_counted_across_any_cut(
    end: str, window: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_ranges, "WINDOW", window)
    content = ("x\n" + f"1{end}" * 100 + "\n").encode()
    splits = found(tmp_path / "a.csv", content.decode())
    assert splits is not None
    for split in splits:
        assert isinstance(split, text_ranges.RangeSplit)
        assert split._line() == 1 + count_line_ends(content[: split.offset])


@pytest.mark.parametrize("content", [
    "x\r" + "1\r" * 200,  # no line ends to be found
    "x,n\n" + "1,2\n" * 30 + "3," + "4" * 200 + "\n",  # one that is far away
    'x,n\n1,"a\nb"\n' + "1,2\n" * 100,  # ends of lines in quotes
])  # fmt: skip
def test_a_text_without_plain_lines_has_no_ranges(content: str, tmp_path: Path) -> None:
    assert found(tmp_path / "a.csv", content) is None


def test_a_text_that_is_changed_or_small_has_no_ranges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(tmp_path / "a.csv", CSV, ReadOptions(comment="#")) is None
    assert found(tmp_path / "a.csv", CSV, ReadOptions(encoding="latin-1")) is None
    monkeypatch.setattr(text_ranges, "LEAST", len(CSV) + 1)
    assert found(tmp_path / "a.csv", CSV) is None


def test_a_range_that_ends_in_quotes_is_refused(tmp_path: Path) -> None:
    splits = found(tmp_path / "a.csv", "x,n\n" + "1,2\n" * 60 + '3,"' + "4,5\n" * 60 + '"\n6,7\n')
    assert splits is not None
    refused = []
    for split in splits:
        try:
            numbers(split)
        except ValueError:
            refused.append(split)
    (first, *_) = refused
    assert isinstance(first, UnprovenSplit)
    before = sum(len(numbers(split)) for split in splits[: splits.index(first)])
    assert [1.0] * before + [number for rest in first.rest() for number in numbers(rest)] == [1.0] * 60 + [3.0, 6.0]


def test_a_byte_order_mark_at_the_start_of_a_range_is_data(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("s,x\n" + '\ufeffa,"1"\n' * 100)
    (fragment,) = open_source([str(path)], ReadOptions()).fragments
    splits = fragment.unread_splits({"s": "text"})
    assert splits is not None
    assert len(splits) > 5
    texts = [text for split in splits for batch in split.batches(1) for text in batch.data.column(0).to_pylist()]
    assert texts == ["\ufeffa"] * 100


def test_only_the_first_row_of_a_file_is_taken_for_one_whose_header_lacks_a_name(tmp_path: Path) -> None:
    splits = found(tmp_path / "a.csv", "x,n\n" + "1,2\n" * 60 + "1,2,3\n" * 60)
    assert splits is not None
    last = splits[-1]
    assert isinstance(last, UnprovenSplit)
    for first_row, hinted in ((1, True), (100, False)):
        with pytest.raises(DataError, match="the row has 3 cells") as raised:
            list(next(last.rest()).batches(first_row))
        assert ("name of its row" in (raised.value.hint or "")) == hinted


def test_ranges_in_a_folder_have_the_column_of_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "day=7"
    folder.mkdir()
    (folder / "a.csv").write_text(CSV)
    (fragment,) = open_source([str(tmp_path)], ReadOptions()).fragments
    splits = fragment.unread_splits({"x": "number", "day": "number"})
    assert splits is not None
    second = splits[1]
    assert isinstance(second, UnprovenSplit)
    for rest in ([second, *splits[2:]], second.rest()):
        rows = [row for split in rest for batch in split.batches(1) for row in batch.data.to_pylist()]
        assert [row["x"] for row in rows] == [float(x) for x in range(100 - len(rows), 100)]
        assert {float(row["day"]) for row in rows} == {7.0}


def test_line_ends_in_quotes() -> None:
    comma = Dialect(b",")
    assert has_quoted_line_ends(b'1,"a\nb"\n', comma)
    assert has_quoted_line_ends(b'1,"a""\n"\n', comma)
    assert not has_quoted_line_ends(b'1,"a"\n"b",2\n', comma)
    assert not has_quoted_line_ends(b'1,5" pipe\n2,6" pipe\n', comma)
    assert not has_quoted_line_ends(b'1,"a\nb"\n', Dialect(b",", b""))

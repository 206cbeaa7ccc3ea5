"""Files that are whole or not there, and tables of a value a row in every format."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from losscli.cli.entry import run
from losscli.errors import FileError, UsageError
from losscli.io.write.atomic import AtomicFile, check_writable, same_file, write_text
from losscli.io.write.tables import FORMATS, ColumnSpec, TableWriter, format_of, open_table

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX files")
not_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- whole files ------------------------------------------------------------------------------------------------


def test_a_file_appears_whole_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")
    with AtomicFile(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
        assert [name for name in left(tmp_path) if name.startswith(".losscli-") and name.endswith(".tmp")]
    assert path.read_text() == "new"
    assert left(tmp_path) == ["r.json"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, FileError])
@pytest.mark.parametrize("old", ["old", None])
def test_any_exception_leaves_the_old_file(
    tmp_path: Path, error: Callable[[str], BaseException], old: str | None
) -> None:
    path = tmp_path / "r.json"
    if old is not None:
        path.write_text(old)

    def write() -> None:
        with AtomicFile(path) as file:
            file.write(b"x" * 100_000)
            raise error("stop")

    with pytest.raises(BaseException, match="stop"):
        write()
    assert left(tmp_path) == ([] if old is None else ["r.json"])
    assert old is None or path.read_text() == old


@posix
def test_mode_is_kept_or_follows_the_mask(tmp_path: Path, umask: None) -> None:
    new, private, shared = tmp_path / "new", tmp_path / "private", tmp_path / "shared"
    for path, wanted in ((private, 0o600), (shared, 0o666)):
        path.touch()
        path.chmod(wanted)
    for path in (new, private, shared):
        write_text(path, "x")
    assert (mode(new), mode(private), mode(shared)) == (0o640, 0o600, 0o666)


@posix
def test_a_private_file_is_private_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r"
    path.touch()
    path.chmod(0o600)
    # Without the later change of mode: the file must be born private.
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    with AtomicFile(path):
        assert {mode(found) for found in tmp_path.iterdir()} == {0o600}


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "r.json", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(Path("real") / "r.json")
    write_text(link, "new")
    assert link.is_symlink() and target.read_text() == "new"
    dangling = tmp_path / "dangling"
    dangling.symlink_to("real/later")
    write_text(dangling, "x")
    assert dangling.is_symlink() and (tmp_path / "real" / "later").read_text() == "x"
    assert left(tmp_path / "real") == ["later", "r.json"]


@posix
def test_devices_and_pipes_are_written_in_place(tmp_path: Path) -> None:
    write_text("/dev/null", "x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(fifo.read_text()))
    reader.start()
    write_text(fifo, "through")
    reader.join()
    assert found == ["through"] and stat.S_ISFIFO(fifo.stat().st_mode)


@posix
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_the_shells_redirection_is_continued(tmp_path: Path, name: str) -> None:
    if not Path(name).exists():
        pytest.skip("not on this system")
    log = tmp_path / "log"
    log.write_text("before\n")
    code = f"from losscli.io.write.atomic import *; check_writable({name!r}); write_text({name!r}, 'report\\n')"
    with log.open("a") as stream:
        subprocess.run([sys.executable, "-c", code + "; print('after')"], stdout=stream, check=True)
    assert log.read_text() == "before\nreport\nafter\n"


@posix
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("not on this system")
    with pytest.raises(FileError) as caught:
        write_text("/dev/full", "x")
    assert caught.value.path == "/dev/full" and "No space left" in caught.value.message
    for format in FORMATS:
        with pytest.raises(FileError, match="No space left"), open_table("/dev/full", COLUMNS, format) as table:
            table.write(*rows(5_000))


@posix
def test_a_disk_that_fills_midway_leaves_the_old_file(tmp_path: Path) -> None:
    """A limit on the size of files acts like a full disk: only so many bytes can be written."""
    code = """
import resource, sys, numpy
from losscli.errors import FileError
from losscli.io.write.tables import ColumnSpec, open_table
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with open_table(sys.argv[1], [ColumnSpec("x", "float")]) as table:
        table.write({"x": numpy.random.default_rng(0).random(300_000)})
except FileError as error:
    print(error.message, error.path)
"""
    for suffix in ("parquet", "csv", "jsonl", "arrow"):
        path = tmp_path / f"old.{suffix}"
        path.write_text("old")
        done = subprocess.run([sys.executable, "-W", "error", "-c", code, path], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("could not write: File too large") and str(path) in done.stdout
        assert path.read_text() == "old"
    assert len(left(tmp_path)) == 4


@posix
def test_after_a_kill_the_old_file_is_there_and_the_stray_goes_in_time(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_text("old")
    code = "import sys, time\nfrom losscli.io.write.atomic import AtomicFile\nwith AtomicFile(sys.argv[1]) as f:\n"
    code += " f.write(b'x' * 10**6); print('ready', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
    assert path.read_text() == "old"
    (stray,) = tmp_path.glob(".losscli-*.tmp")
    write_text(path, "new")
    assert stray.exists(), "it may belong to a run that is still writing"
    day_ago = time.time() - 25 * 60 * 60
    os.utime(stray, (day_ago, day_ago))
    other = tmp_path / ".losscli-notes"
    other.touch()
    os.utime(other, (day_ago, day_ago))
    write_text(path, "newer")
    assert left(tmp_path) == [".losscli-notes", "r"] and path.read_text() == "newer"


def test_two_writers_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "r"
    with AtomicFile(path) as one, AtomicFile(path) as two:
        one.write(b"1" * 1000)
        two.write(b"2" * 1000)
    assert path.read_bytes() in (b"1" * 1000, b"2" * 1000)
    assert left(tmp_path) == ["r"]


@pytest.mark.parametrize("name", ["missing/r.json", ".", "", "sub", "new/", "file/r", "a\0b"])
def test_a_bad_place_is_found_before_the_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "file").touch()
    path = os.path.join(tmp_path, name) if name else ""  # noqa: PTH118
    for act in (check_writable, lambda path: write_text(path, "x")):
        with pytest.raises(FileError) as caught:
            act(path)
        assert caught.value.path == path and caught.value.message.startswith("could not write: ")
    assert left(tmp_path) == ["file", "sub"]


def test_check_writable_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_text("old")
    for name in (path, tmp_path / "new", "-"):
        check_writable(name)
    assert left(tmp_path) == ["r"] and path.read_text() == "old"


@not_root
def test_read_only_places_are_found_before_the_run(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.touch(0o444)
    with pytest.raises(FileError, match="read-only"):
        check_writable(kept)
    tmp_path.chmod(0o555)
    with pytest.raises(FileError) as caught:
        check_writable(tmp_path / "new")
    assert caught.value.hint
    tmp_path.chmod(0o755)


def test_refusals_of_the_system_carry_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tests run as root, whom no permission stops."""
    kept = tmp_path / "kept"
    kept.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    for act in (check_writable, lambda path: write_text(path, "x")):
        with pytest.raises(FileError, match="read-only"):
            act(kept)
    monkeypatch.undo()

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="Permission denied") as caught:
        check_writable(tmp_path / "new")
    assert "folder" in (caught.value.hint or "")


def test_a_failed_last_step_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(5, "Input/output error")

    path = tmp_path / "r"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FileError, match="Input/output error"):
        write_text(path, "new")
    assert left(tmp_path) == ["r"] and path.read_text() == "old"


@posix
def test_a_closed_pipe_stays_a_closed_pipe() -> None:
    read, write = os.pipe()
    os.close(read)
    with pytest.raises(BrokenPipeError):
        write_text(f"/dev/fd/{write}", "x")
    os.close(write)


@posix
def test_an_input_is_recognised_under_any_name(tmp_path: Path) -> None:
    data, other, link, hard = (tmp_path / name for name in ("data", "other", "link", "hard"))
    data.touch()
    other.touch()
    link.symlink_to(data)
    hard.hardlink_to(data)
    for name in (data, link, hard, tmp_path / "." / "x" / ".." / "data"):
        (tmp_path / "x").mkdir(exist_ok=True)
        assert same_file(os.fspath(name), [str(other), str(data)])
    assert not same_file(str(other), [str(data), "-", "s3://bucket/other", str(tmp_path / "none")])
    assert not same_file("/dev/null", ["/dev/null"])
    assert not same_file("-", ["-"])


# --- tables of rows ---------------------------------------------------------------------------------------------

COLUMNS = [
    ColumnSpec("row", "int"),
    ColumnSpec("ridge/huber:delta=2", "float"),
    ColumnSpec("key", "text"),
    ColumnSpec("p_100%", "list", 3),
]
TEXTS = ["plain", "", 'say "hi", you', "two\nlines", "日本 👍", "tab\there", "null", "-5", " space "]
FLOATS = [1.0, 0.1 + 0.2, 1e22, 1e-7, 5e-324, sys.float_info.max, -0.0, 2.0**53 + 2, math.inf, -math.inf, math.nan]


def rows(count: int, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ordinary numbers after all the special ones; every seventh cell null."""
    draw = np.random.default_rng(seed)
    floats = draw.standard_normal(count) * 10.0 ** draw.integers(-30, 30, count)
    floats[: len(FLOATS)] = FLOATS[:count]
    lists = np.stack([floats, floats[::-1], floats], axis=1)
    texts = [TEXTS[k % len(TEXTS)] for k in range(count)]
    values = {"row": np.arange(count) + 2**53, COLUMNS[1].name: floats, "key": texts, "p_100%": lists}
    null = np.arange(count) % 7 == 6
    return values, {COLUMNS[1].name: null, "key": np.roll(null, 1), "p_100%": np.roll(null, 2)}


def written(path: Path, chunks: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Path:
    with open_table(str(path), COLUMNS) as table:
        for values, nulls in chunks:
            table.write(values, nulls)
    return path


def expected(values: dict[str, Any], nulls: dict[str, Any]) -> list[dict[str, Any]]:
    plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}
    count = len(plain["row"])
    masks = {k: nulls.get(k, np.zeros(count, bool)).tolist() for k in plain}
    return [{k: None if masks[k][i] else plain[k][i] for k in plain} for i in range(count)]


def bits(value: Any) -> Any:
    """Equal for equal bits, so that NaN is itself and -0.0 is not 0.0."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else value.hex()
    if isinstance(value, list):
        return [bits(item) for item in value]
    return {k: bits(v) for k, v in value.items()} if isinstance(value, dict) else value


def finite(value: Any) -> Any:
    """What JSON can say: None for the numbers it has not."""
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def from_csv(path: Path, delimiter: str = ",") -> list[dict[str, Any]]:
    """An independent reading: Python's csv module, then float()."""
    with path.open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream, delimiter=delimiter))
    for line in lines:
        line["row"] = int(line["row"])
        for name, read in ((COLUMNS[1].name, float), ("p_100%", json.loads)):
            line[name] = read(line[name]) if line[name] != "" else None
    return lines


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_binary_tables_are_exact(tmp_path: Path, suffix: str) -> None:
    first, second = rows(20), rows(13, 1)
    path = written(tmp_path / f"o.{suffix}", [first, second])
    table = pq.ParquetFile(path).read() if suffix == "parquet" else pa.ipc.open_file(path).read_all()
    assert bits(table.to_pylist()) == bits(expected(*first) + expected(*second))
    assert [str(kind) for kind in table.schema.types[:2]] == ["int64", "double"]
    assert table.schema.types[3].value_type == pa.float64()


@pytest.mark.parametrize(("suffix", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_text_tables_are_exact(tmp_path: Path, suffix: str, delimiter: str) -> None:
    first, second = rows(2000), rows(13, 1)
    path = written(tmp_path / f"o.{suffix}", [first, second])
    wanted = expected(*first) + expected(*second)
    for line in wanted:
        line["key"] = line["key"] or ""
        line["p_100%"] = finite(line["p_100%"])
    assert bits(from_csv(path, delimiter)) == bits(wanted)
    data = path.read_bytes()
    assert b"\r" not in data and data.startswith(
        delimiter.join(["row", COLUMNS[1].name, "key", "p_100%"]).encode() + b"\n"
    )


def test_an_empty_text_is_not_null_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    with open_table(str(path), [ColumnSpec("k", "text"), ColumnSpec("n", "int")]) as table:
        table.write({"k": ["", "", "a"], "n": np.arange(3)}, {"k": np.array([False, True, False])})
    assert path.read_text() == 'k,n\n"",0\n,1\n"a",2\n'


def test_json_lines_are_strict_and_counted(tmp_path: Path) -> None:
    values, nulls = rows(200)
    path = tmp_path / "o.jsonl"
    with open_table(str(path), COLUMNS) as table:
        table.write(values, nulls)
        masked = int(np.isfinite(values[COLUMNS[1].name])[nulls[COLUMNS[1].name]].size)
        assert masked == 28 and table.rows == 200
        nonfinite_cells = sum(
            int(np.count_nonzero(~np.isfinite(values[name][~nulls[name]]))) for name in (COLUMNS[1].name, "p_100%")
        )
        assert table.nonfinite == nonfinite_cells > 3

    def refuse(word: str) -> float:
        raise AssertionError(word)

    found = [json.loads(line, parse_constant=refuse) for line in path.read_text().splitlines()]
    assert bits(found) == bits([{k: finite(v) for k, v in line.items()} for line in expected(values, nulls)])


def test_a_null_is_not_counted_as_a_lost_number(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    values, null = np.array([math.inf, math.nan, 1.0]), np.array([True, False, False])
    with open_table(str(path), [ColumnSpec("x", "float"), ColumnSpec("l", "list", 1)]) as table:
        table.write({"x": values, "l": values[:, None]}, {"x": null, "l": null})
        assert table.nonfinite == 2
    assert path.read_text().splitlines()[:2] == ['{"x": null, "l": null}', '{"x": null, "l": [null]}']


@given(st.lists(st.floats(width=64), min_size=1, max_size=30))
def test_every_double_survives_csv(numbers: list[float]) -> None:
    from losscli.io.write.csv import open_format
    from losscli.io.write.tables import Column

    stream, spec = io.BytesIO(), ColumnSpec("x", "float")
    writer = open_format(stream, [spec])
    writer.write_rows([Column(spec, np.array(numbers), None)], len(numbers))
    writer.close()
    assert bits([float(text) for text in stream.getvalue().decode().split("\n")[1:-1]]) == bits(numbers)


@pytest.mark.parametrize("format", FORMATS)
def test_chunks_do_not_matter(tmp_path: Path, format: str) -> None:
    values, nulls = rows(1000)
    whole = written(tmp_path / f"whole.{format}", [(values, nulls)])
    with open_table(str(tmp_path / f"cut.{format}"), COLUMNS) as table:
        for start in range(0, 1000, 130):
            part = {k: v[start : start + 130] for k, v in values.items()}
            masks = {k: np.array(v[start : start + 130]) for k, v in nulls.items()}
            table.write(part, masks)
    if format != "arrow":  # its file keeps the chunks as they came
        assert (tmp_path / f"cut.{format}").read_bytes() == whole.read_bytes()


def test_rows_that_wait_for_their_row_group_are_not_copied(tmp_path: Path) -> None:
    numbers, absent = np.arange(9.0), np.arange(9) == 4
    with open_table(str(tmp_path / "o.parquet"), [ColumnSpec("x", "float")]) as table:
        table.write({"x": numbers}, {"x": absent})
        numbers[:2] = 7.0, 8.0  # which a caller must not do
    assert pq.read_table(tmp_path / "o.parquet")["x"].to_pylist() == [7.0, 8.0, 2.0, 3.0, None, 5.0, 6.0, 7.0, 8.0]


@pytest.mark.parametrize("format", FORMATS)
def test_no_rows_is_a_table_with_columns(tmp_path: Path, format: str) -> None:
    path = written(tmp_path / f"o.{format}", [])
    if format == "parquet":
        assert pq.ParquetFile(path).read().column_names == [column.name for column in COLUMNS]
    elif format == "arrow":
        assert pa.ipc.open_file(path).read_all().num_rows == 0
    else:
        assert path.read_text().count("\n") == (0 if format == "jsonl" else 1)


@pytest.mark.parametrize("format", FORMATS)
def test_an_exception_leaves_no_table(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"o.{format}"
    with pytest.raises(KeyboardInterrupt), open_table(str(path), COLUMNS) as table:
        table.write(*rows(5_000))
        raise KeyboardInterrupt
    assert left(tmp_path) == []


def test_parquet_groups_are_large_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "o.parquet"
    with open_table(str(path), [ColumnSpec("x", "float")]) as table:
        for _ in range(12):
            table.write({"x": np.full(100_000, 0.5)})
    meta = pq.ParquetFile(path).metadata
    sizes = [meta.row_group(k).num_rows for k in range(meta.num_row_groups)]
    assert sum(sizes) == 1_200_000 and len(sizes) == 2 and max(sizes) <= 1 << 20
    assert meta.row_group(0).column(0).compression == "ZSTD"
    data = bytearray(path.read_bytes())
    with open_table(str(path), [ColumnSpec("x", "float")]) as table:
        table.write({"x": np.random.default_rng(0).random(1000)})
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"(?i)crc|checksum"):
        pq.ParquetFile(path, page_checksum_verification=True).read()


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-x", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_a_spreadsheet_runs_no_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "o.csv"
    with open_table(str(path), [ColumnSpec(text, "text"), ColumnSpec("x", "float")]) as table:
        table.write({text: [text, "-5", "a=b"], "x": np.array([-5.0, 1.0, 2.0])})
    with path.open(newline="", encoding="utf-8") as stream:
        found = list(csv.reader(stream))
    assert found == [["'" + text, "x"], ["'" + text, "-5"], ["-5", "1"], ["a=b", "2"]]


def test_columns_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "o.csv")
    for column, values in (
        (ColumnSpec("x", "float"), np.zeros((2, 2))),
        (ColumnSpec("x", "list", 3), np.zeros((2, 2))),
    ):
        with pytest.raises(ValueError, match="expected an array"), open_table(path, [column]) as table:
            table.write({"x": values})
    two = [ColumnSpec("x", "float"), ColumnSpec("y", "float")]
    with pytest.raises(ValueError, match="different lengths"), open_table(path, two) as table:
        table.write({"x": np.zeros(2), "y": np.zeros(3)})
    with pytest.raises(UsageError, match="would be named 'x'"):
        open_table(path, [two[0], two[0]])
    assert left(tmp_path) == []


def test_the_name_tells_the_format() -> None:
    names = ("a.parquet", "A.PQ", "b.c.csv", "x.tsv", "x.jsonl", "x.ndjson", "x.feather", "x.arrow", "-")
    assert [format_of(name) for name in names] == [
        *("parquet", "parquet", "csv", "tsv", "jsonl", "jsonl", "arrow", "arrow", "csv")
    ]
    for name in ("x.xlsx", "x", "dir.csv/x"):
        with pytest.raises(UsageError) as caught:
            format_of(name)
        assert ".parquet" in (caught.value.hint or "") and caught.value.path == name
    with pytest.raises(UsageError, match="not a table format") as caught:
        open_table("x", COLUMNS, "paquet")
    assert "parquet" in (caught.value.hint or "")


def test_a_column_without_width_zero_and_half_pairs(tmp_path: Path) -> None:
    path = tmp_path / "o.parquet"
    with open_table(str(path), [ColumnSpec("e", "list", 0), ColumnSpec("t", "text")]) as table:
        table.write({"e": np.zeros((2, 0)), "t": ["a\udc80", "b"]})
    assert pq.ParquetFile(path).read().to_pylist() == [{"e": [], "t": r"a\udc80"}, {"e": [], "t": "b"}]


# --- standard output --------------------------------------------------------------------------------------------

TO_STDOUT = """
import sys, numpy
from losscli.errors import FileError, UsageError
from losscli.io.write.tables import ColumnSpec, open_table
print("first")
try:
    with open_table("-", [ColumnSpec("k", "text"), ColumnSpec("x", "float")], sys.argv[1] or None) as table:
        table.write({"k": ["a\\x1b[31m\\u202e", "日"], "x": numpy.array([0.5, 2.0])})
        if sys.argv[2:]:
            raise RuntimeError("stop")
    print("last")
except (FileError, UsageError, RuntimeError) as error:
    print(type(error).__name__, error, file=sys.stderr)
"""


def to_stdout(format: str, *more: str, stdout: Any = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-c", TO_STDOUT, format, *more]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": ""}
    )


def test_a_dash_is_standard_output() -> None:
    done = to_stdout("")
    assert done.stdout.decode() == 'first\nk,x\n"a\x1b[31m\u202e",0.5\n"日",2\nlast\n' and not done.stderr
    done = to_stdout("parquet")
    inside = done.stdout.removeprefix(b"first\n").removesuffix(b"last\n")
    assert pq.ParquetFile(io.BytesIO(inside)).read().num_rows == 2


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_nothing_of_a_broken_off_table_reaches_a_pipe(format: str) -> None:
    done = to_stdout(format, "stop")
    assert done.stderr == b"RuntimeError stop\n"
    assert done.stdout == b"first\n"


@posix
def test_a_full_standard_output_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("not on this system")
    for format in ("csv", "jsonl", "parquet"):
        with open("/dev/full", "wb") as full:  # noqa: PTH123
            done = to_stdout(format, stdout=full)
        assert b"FileError could not write: No space left on device" in done.stderr


@posix
def test_a_terminal_gets_no_control_character_and_no_parquet() -> None:
    for format, wanted in (("csv", rb'"a\x1b[31m\u202e",0.5'), ("parquet", b"first")):
        ours, theirs = os.openpty()
        done = to_stdout(format, stdout=theirs)
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed; what it was given may come in pieces
            while piece := os.read(ours, 10_000):
                shown += piece
        os.close(ours)
        assert wanted in shown and b"\x1b" not in shown
        assert (b"UsageError parquet cannot be written to a terminal" in done.stderr) == (format == "parquet")


def test_tables_do_not_need_pandas(tmp_path: Path) -> None:
    code = """
import sys, numpy
from losscli.io.write.tables import *
columns = [ColumnSpec("i", "int"), ColumnSpec("x", "float"), ColumnSpec("t", "text"), ColumnSpec("l", "list", 2)]
for format in FORMATS:
    with open_table(f"{sys.argv[1]}/o.{format}", columns) as table:
        table.write({"i": numpy.arange(2), "x": numpy.ones(2), "t": ["a", "b"], "l": numpy.ones((2, 2))},
                    {"x": numpy.array([True, False])})
print([name for name in ("pandas", "pyarrow.compute", "pyarrow.dataset", "rich") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("command", ["rows", "grad"])
def test_what_was_written_is_not_changed_while_a_format_keeps_it(
    command: str, threads: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("losscli.io.batches", "losscli.io.formats.parquet"):
        monkeypatch.setattr(f"{module}.SPLIT_ROWS", 20)
    rng, written = np.random.default_rng(0), []
    columns = {"y": rng.normal(size=150), "p": rng.normal(size=150), "q": rng.normal(size=150)}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet", row_group_size=25)
    genuine = TableWriter.write

    def write(self: TableWriter, columns: Any, nulls: Any = None) -> None:
        genuine(self, columns, nulls)
        given = [*columns.values(), *(nulls or {}).values()]
        written.extend((values, values.copy()) for values in given if isinstance(values, np.ndarray))

    monkeypatch.setattr(TableWriter, "write", write)
    args = [str(tmp_path / "a.parquet"), "-t", "y", "-p", "p", "-p", "q", "-l", "mse"]
    assert run([command, *args, "--threads", threads, "-o", str(tmp_path / "out.parquet")]) == 0
    assert len(written) >= 3 * 3  # several batches of several columns
    assert all(np.array_equal(values, copy) for values, copy in written)

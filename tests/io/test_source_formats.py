"""Parquet, Arrow, compression, folders, stdin and tables in memory."""

from __future__ import annotations

import bz2
import datetime
import decimal
import gzip
import io
import lzma
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from permissions import as_any_user

from losscli.errors import DataError, FileError, LosscliError, UsageError
from losscli.io.batches import BATCH_ROWS, Batch
from losscli.io.files import spool as spool_module
from losscli.io.files.open import open_source
from losscli.io.formats import text_windows as windows_module
from losscli.io.formats.in_memory import from_memory
from losscli.io.source import ReadAs, ReadOptions, Source

P: dict[str, ReadAs] = {"p": "number"}
CSV = b"p,k\n1.5,a\n2,b\n"


def batches(source: Source, projection: Mapping[str, ReadAs]) -> list[Batch]:
    return [batch for fragment in source.fragments for batch in fragment.batches(projection)]


def values(source: Source, name: str = "p", read_as: ReadAs = "number") -> list[Any]:
    return [value for batch in batches(source, {name: read_as}) for value in batch.data.column(0).to_pylist()]


def put(path: Path, content: bytes | str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def parquet_bytes(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def ipc_bytes(table: pa.Table, stream: bool = False, chunk: int | None = None, **options: Any) -> bytes:
    out = io.BytesIO()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(out, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, chunk)
    return out.getvalue()


def refused(paths: str | list[str], projection: Mapping[str, ReadAs] = P, **options: Any) -> LosscliError:
    with pytest.raises(LosscliError) as caught:
        batches(open_source([paths] if isinstance(paths, str) else paths, ReadOptions(**options)), projection)
    return caught.value


TABLE = pa.table({"p": [1.5, None, 2.0], "k": ["a", "b", "a"], "n": [1, 2, 3]})

# -- Parquet -----------------------------------------------------------------------------------------------------------


def test_parquet(tmp_path: Path) -> None:
    source = open_source([put(tmp_path / "a.parquet", parquet_bytes(TABLE))])
    assert source.columns == ("p", "k", "n")
    assert dict(source.types) == {"p": pa.float64(), "k": pa.string(), "n": pa.int64()}
    (batch,) = batches(source, {"k": "text", "n": "text", "p": "number"})
    assert batch.data.schema.types == [pa.dictionary(pa.int32(), pa.string()), pa.int64(), pa.float64()]
    assert batch.data.to_pydict() == {"k": ["a", "b", "a"], "n": [1, 2, 3], "p": [1.5, None, 2.0]}
    assert (batch.location.first_row, batch.location.line_of(0)) == (1, None)


def test_parquet_rows_go_on_over_row_groups(tmp_path: Path) -> None:
    rows = 2 * BATCH_ROWS + 9000
    table = pa.table({"p": np.arange(float(rows))})
    source = open_source([put(tmp_path / "a.pq", parquet_bytes(table, row_group_size=BATCH_ROWS + 4000))])
    found = batches(source, P)
    assert max(batch.data.num_rows for batch in found) <= BATCH_ROWS
    for batch in found:
        assert batch.data.column(0)[0].as_py() == batch.location.first_row - 1
    assert sum(batch.data.num_rows for batch in found) == rows


def test_dotted_names_are_names(tmp_path: Path) -> None:
    inner = pa.array([{"b": 7.0}, {"b": 8.0}])
    path = put(tmp_path / "a.parquet", parquet_bytes(pa.table({"a": inner, "a.b": [1.0, 2.0]})))
    assert values(open_source([path]), "a.b") == [1.0, 2.0]
    assert batches(open_source([path]), {"a.b": "number"})[0].data.schema.names == ["a.b"]
    path = put(tmp_path / "b.parquet", parquet_bytes(pa.table({"a": inner})))
    assert "no column 'a.b'" in refused(path, {"a.b": "number"}).message


def test_missing_and_double_columns(tmp_path: Path) -> None:
    error = refused(put(tmp_path / "a.parquet", parquet_bytes(TABLE)), {"P": "number"})
    assert "no column 'P'" in error.message
    assert "'p'" in (error.hint or "")
    twice = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["p", "p"])
    for name, data in (("b.parquet", parquet_bytes(twice)), ("b.arrow", ipc_bytes(twice))):
        assert "occurs 2 times" in refused(put(tmp_path / name, data)).message


KINDS = {
    "decimal": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(9, 2)),
    "float16": pa.array([np.float16(1.5), None], pa.float16()),
    "dictionary": pa.array(["a", None]).dictionary_encode(),
    "uint8": pa.array([255, None], pa.uint8()),
    "bool": pa.array([True, None]),
    "list": pa.array([[1.0, None], None], pa.list_(pa.float64())),
    "fixed list": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)),
    "date": pa.array([datetime.date(2026, 1, 1), None]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["parquet", "arrow", "memory"])
def test_binary_formats_keep_their_types(tmp_path: Path, kind: str, form: str) -> None:
    table = pa.table({"p": KINDS[kind]})
    if form == "memory":
        source = from_memory(table)
    else:
        data = parquet_bytes(table) if form == "parquet" else ipc_bytes(table)
        source = open_source([put(tmp_path / f"a.{form}", data)])
    assert values(source) == KINDS[kind].to_pylist()
    found = batches(source, P)[0].data.schema.types[0]
    assert pa.types.is_list(found) if kind == "list" else found.equals(KINDS[kind].type)


def test_no_rows_and_no_columns(tmp_path: Path) -> None:
    assert values(open_source([put(tmp_path / "a.parquet", parquet_bytes(TABLE.slice(0, 0)))])) == []
    assert values(open_source([put(tmp_path / "a.arrow", ipc_bytes(TABLE.slice(0, 0)))])) == []
    nothing = put(tmp_path / "b.parquet", parquet_bytes(pa.table({})))
    assert "no columns" in refused(nothing).message


def _flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


NUMBERS = pa.table({"p": np.arange(5000.0)})


@pytest.mark.parametrize(
    "damage,words",
    [
        (lambda data: b"", "0 bytes"),
        (lambda data: data[: len(data) // 2], "truncated or not Parquet"),
        (lambda data: data[:-1], "truncated or not Parquet"),
        (lambda data: data[:-8] + b"\xff\xff\xff\x7fPAR1", "truncated or not Parquet"),
        (lambda data: data[:-60] + b"\xff" * 40 + data[-20:], "Parquet"),
        (lambda data: _flip(data, 2000), "checksum"),
        (lambda data: b"PARE" + data[4:-4] + b"PARE", "ncrypted"),
        (lambda data: b"p,k\n1,2\n", "the content is delimited text"),
    ],
)
def test_damaged_parquet(tmp_path: Path, damage: Callable[[bytes], bytes], words: str) -> None:
    whole = parquet_bytes(NUMBERS, write_page_checksum=True, compression="none", use_dictionary=False)
    error = refused(put(tmp_path / "a.parquet", damage(whole)))
    assert isinstance(error, DataError)
    assert words in error.message
    assert error.message.isprintable()


def test_parquet_with_a_wrong_start_is_read(tmp_path: Path) -> None:
    data = parquet_bytes(NUMBERS)
    assert len(values(open_source([put(tmp_path / "a.parquet", b"\xde\xad\xbe\xef" + data[4:])]))) == 5000


def test_text_that_is_not_utf8_in_binary_formats(tmp_path: Path) -> None:
    raw = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xe9")])
    table = pa.table({"p": raw})
    for name, data in (("a.parquet", parquet_bytes(table)), ("a.arrow", ipc_bytes(table))):
        assert "damaged values in column 'p'" in refused(put(tmp_path / name, data), {"p": "text"}).message


# -- Arrow -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("compression", [None, "zstd", "lz4"])
def test_arrow(tmp_path: Path, stream: bool, compression: str | None) -> None:
    rows = BATCH_ROWS + 4464
    table = pa.table({"x": ["a"] * rows, "p": np.arange(float(rows))})
    data = ipc_bytes(table, stream, compression=compression)
    source = open_source([put(tmp_path / "a.feather", data)])
    assert dict(source.types) == {"x": pa.string(), "p": pa.float64()}
    found = batches(source, {"p": "number"})
    assert [batch.location.first_row for batch in found] == [1, BATCH_ROWS + 1]
    assert [batch.data.num_rows for batch in found] == [BATCH_ROWS, 4464]
    assert values(source) == list(range(rows))


@pytest.mark.parametrize("stream", [False, True])
def test_damaged_arrow(tmp_path: Path, stream: bool) -> None:
    data = ipc_bytes(NUMBERS, stream)
    assert isinstance(refused(put(tmp_path / "a.arrow", data[: len(data) // 2])), DataError)
    assert "Feather version 1" in refused(put(tmp_path / "b.feather", b"FEA1....")).message


# -- compression -------------------------------------------------------------------------------------------------------


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return out.getvalue()


def _arrow(codec: str) -> Callable[[bytes], bytes]:
    def packed(data: bytes) -> bytes:
        out = pa.BufferOutputStream()
        with pa.CompressedOutputStream(out, codec) as stream:
            stream.write(data)
        return bytes(out.getvalue())

    return packed


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": _arrow("zstd"),
    "lz4": _arrow("lz4"),
    "zip": lambda data: zipped(("a.csv", data)),
}


@pytest.mark.parametrize("name", ["a.csv.{}", "a.csv", "a"])
@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_text(tmp_path: Path, packer: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b"p\n" + b"".join(b"%d\n" % i for i in range(3000))
    path = put(tmp_path / name.format(packer), PACKERS[packer](body))
    assert values(open_source([path])) == list(range(3000))
    monkeypatch.setattr(windows_module, "WINDOW", 100)
    assert values(open_source([path])) == list(range(3000))


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_parquet_and_json(tmp_path: Path, packer: str) -> None:
    pack = PACKERS[packer]
    assert len(values(open_source([put(tmp_path / "a.parquet.z", pack(parquet_bytes(NUMBERS)))]))) == 5000
    assert len(values(open_source([put(tmp_path / "a.arrow.z", pack(ipc_bytes(NUMBERS)))]))) == 5000
    assert values(open_source([put(tmp_path / "a.jsonl.z", pack(b'{"p": 1}\n{"p": 2}\n'))])) == [1, 2]


def test_several_members(tmp_path: Path) -> None:
    assert values(open_source([put(tmp_path / "a.csv.gz", gzip.compress(b"p\n1\n") + gzip.compress(b"2\n"))])) == [1, 2]
    assert values(open_source([put(tmp_path / "a.csv.bz2", bz2.compress(b"p\n1\n") + bz2.compress(b"2\n"))])) == [1, 2]
    zstd = PACKERS["zst"]
    assert values(open_source([put(tmp_path / "a.csv.zst", zstd(b"p\n1\n") + zstd(b"2\n"))])) == [1, 2]
    error = refused(put(tmp_path / "two.zip", zipped(("a.csv", b"p\n1\n"), ("b.csv", b"p\n2\n"))))
    assert "2 members" in error.message
    assert "'a.csv', 'b.csv'" in error.message


def _wrong_check(data: bytes) -> bytes:
    return data[:-8] + bytes(byte ^ 0xFF for byte in data[-8:-4]) + data[-4:]


@pytest.mark.parametrize("packer", PACKERS)
def test_truncated_compression(tmp_path: Path, packer: str) -> None:
    data = PACKERS[packer](b"p\n" + os.urandom(20_000).hex(" ", 1).replace(" ", "\n").encode())
    error = refused(put(tmp_path / "a.csv.z", data[: len(data) * 2 // 3]))
    assert isinstance(error, DataError)
    assert "truncated" in error.message or "damaged" in error.message


def test_a_wrong_checksum_is_seen(tmp_path: Path) -> None:
    error = refused(put(tmp_path / "a.csv.gz", _wrong_check(gzip.compress(CSV))))
    assert "checksum" in error.message


@pytest.mark.parametrize(
    "name,content,words",
    [
        ("a.csv", parquet_bytes(TABLE), "the content is Parquet"),
        ("a.jsonl", CSV, "the content is delimited text"),
        ("a.csv", b'{"p": 1}\n', "the content is JSON lines"),
        ("a.arrow", CSV, "the content is delimited text"),
        ("a.csv", b"\x93NUMPY\x01\x00", "the content is a NumPy array"),
        ("a.parquet", b"\x93NUMPY\x01\x00", "the content is a NumPy array"),
        ("a.npy", CSV, "the name says a NumPy array, the content is delimited text"),
        ("a.csv", pickle.dumps({"p": 1}), "pickle"),
        ("a.csv", zipped(("[Content_Types].xml", b"<x/>")), "Office"),
    ],
)
def test_the_name_and_the_content_must_agree(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    error = refused(put(tmp_path / name, content))
    assert isinstance(error, DataError)
    assert words in error.message


def test_input_format_rules_over_the_name(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", parquet_bytes(TABLE))
    assert values(open_source([path], ReadOptions(input_format="parquet"))) == [1.5, None, 2.0]


# -- paths -------------------------------------------------------------------------------------------------------------


def test_a_missing_file_suggests_its_neighbours(tmp_path: Path) -> None:
    put(tmp_path / "predictions.csv", CSV)
    error = refused(str(tmp_path / "prediction.csv"))
    assert isinstance(error, FileError)
    assert error.suggestions == (str(tmp_path / "predictions.csv"),)
    assert "predictions.csv" in (error.hint or "")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a.csv", CSV)
    tmp_path.chmod(0o755)
    (tmp_path / "a.csv").chmod(0)
    monkeypatch.chdir(tmp_path)
    with as_any_user():
        assert "permission" in refused("a.csv").message


@pytest.mark.parametrize("path", ["ftp://x.org/a.csv", "hdfs://a/b", "hf://datasets/a/b"])
def test_not_every_address_is_read(path: str) -> None:
    error = refused(path)
    assert isinstance(error, UsageError)
    assert "local files" in error.message


def test_odd_names(tmp_path: Path) -> None:
    for name in (b"new\nline.csv", b"\x1b[31m.csv", b"[red].csv", "😀.csv".encode(), b"\xff.csv", b"n" * 251 + b".csv"):
        path = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
        assert values(open_source([put(Path(path), CSV)])) == [1.5, 2.0]
        for suffix, data in ((".parquet", parquet_bytes(TABLE)), (".arrow", ipc_bytes(TABLE))):
            if len(name) < 200:
                assert values(open_source([put(Path(path + suffix), data)])) == [1.5, None, 2.0]


def test_a_folder(tmp_path: Path) -> None:
    for name in ("part10", "part2", "sub/part1"):
        put(tmp_path / f"{name}.csv", f"p,k\n{name[-1]},{name}\n")
    for name in ("_SUCCESS", ".part.crc", "_tmp/x.csv", ".git/x.csv"):
        put(tmp_path / name, "junk")
    put(tmp_path / "README.md", "read me")
    (tmp_path / "loop").symlink_to(tmp_path)
    source = open_source([str(tmp_path)])
    assert values(source, "k", "text") == ["part2", "part10", "sub/part1"]
    assert any("README.md" in note for note in source.notes)
    assert any("loop" in note for note in source.notes)
    assert [batch.location.first_row for batch in batches(source, P)] == [1, 1, 1]


def test_a_folder_without_data(tmp_path: Path) -> None:
    put(tmp_path / "README.md", "read me")
    error = refused(str(tmp_path))
    assert isinstance(error, FileError)
    assert "README.md" in error.message


def test_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a2.csv", "a10.csv", "b.csv", "x/a1.csv", "x/.hidden.csv", "[a].csv"):
        put(tmp_path / name, f"p,k\n1,{name}\n")
    monkeypatch.chdir(tmp_path)

    def names(pattern: str) -> list[Any]:
        return values(open_source([pattern]), "k", "text")

    assert names("a*.csv") == ["a2.csv", "a10.csv"]
    assert names("[ab]*.csv") == ["a2.csv", "a10.csv", "b.csv"]
    assert names("[a].csv") == ["[a].csv"]
    assert sorted(names("**/a*.csv")) == ["a10.csv", "a2.csv", "x/a1.csv"]
    assert names(f"{tmp_path}/x/*.csv") == ["x/a1.csv"]
    assert isinstance(refused("nothing*.csv"), FileError)


def test_several_files_are_one_table(tmp_path: Path) -> None:
    one = put(tmp_path / "one.parquet", parquet_bytes(pa.table({"p": [1, 2]})))
    two = put(tmp_path / "two.parquet", parquet_bytes(pa.table({"q": ["x"], "p": [2.5]})))
    assert values(open_source([one, two])) == [1, 2, 2.5]
    error = refused([one, two], {"q": "text"})
    assert isinstance(error, DataError)
    assert error.message == f"column 'q' is missing in 1 file: {one}"
    assert "2 times" in open_source([one, one]).notes[0]


def test_formats_do_not_mix(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", CSV)
    put(tmp_path / "b.parquet", parquet_bytes(TABLE))
    error = refused(str(tmp_path))
    assert isinstance(error, DataError)
    assert "a.csv is csv" in error.message
    assert "b.parquet is parquet" in error.message


def test_hive_folders_are_columns_of_text(tmp_path: Path) -> None:
    put(tmp_path / "region=007/day=a%20b/x.csv", "p\n1\n2\n")
    put(tmp_path / "region=__HIVE_DEFAULT_PARTITION__/day=c/x.csv", "p\n3\n")
    source = open_source([str(tmp_path)])
    assert source.columns == ("p", "region", "day")
    assert source.types["region"] is None
    found = [batch.data.to_pylist() for batch in batches(source, {"region": "text", "p": "number", "day": "text"})]
    assert found[0] == [{"region": "007", "p": 1.0, "day": "a b"}, {"region": "007", "p": 2.0, "day": "a b"}]
    assert found[1] == [{"region": None, "p": 3.0, "day": "c"}]
    assert values(source, "region", "text") == ["007", "007", None]
    assert values(source, "region") == [7.0, 7.0, None]
    assert "'a b', from the name of the folder, is not a number" in refused(str(tmp_path), {"day": "number"}).message


def test_hive_folder_against_column(tmp_path: Path) -> None:
    put(tmp_path / "p=1/x.csv", CSV)
    error = refused(str(tmp_path))
    assert isinstance(error, DataError)
    assert "'p' is in the file and in the name of its folder" in error.message


# -- stdin -------------------------------------------------------------------------------------------------------------


def stdin(data: bytes, options: str = "", twice: bool = False) -> str:
    read = "print(sum(v for b in s.fragments[0].batches({'p': 'number'}) for v in b.data.column(0).to_pylist()))"
    script = (
        "from losscli.io.files.open import open_source\nfrom losscli.io.source import ReadOptions\n"
        "from losscli.errors import LosscliError\n"
        f"try:\n    s = open_source(['-'], ReadOptions({options}))\n    {read}\n" + (f"    {read}\n" if twice else "")
    ) + "except LosscliError as error: print(type(error).__name__, error.message, error.path)\n"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    "data",
    [
        CSV,
        gzip.compress(CSV),
        zipped(("a.csv", CSV)),
        parquet_bytes(pa.table({"p": [1.5, 2.0]})),
        ipc_bytes(pa.table({"p": [1.5, 2.0]})),
        b'{"p": 1.5}\n{"p": 2}\n',
    ],
    ids=["csv", "csv.gz", "zip", "parquet", "arrow", "jsonl"],
)
def test_stdin(data: bytes) -> None:
    assert stdin(data) == "3.5"


def test_stdin_twice() -> None:
    assert "once" in stdin(CSV, twice=True)
    assert stdin(CSV, "spool=True", twice=True).split() == ["3.5", "3.5"]
    assert stdin(b"") == "DataError the file is empty (0 bytes) -"
    with pytest.raises(UsageError):
        open_source(["-", "-"])


def test_spooling_has_a_limit_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "t"))
    (tmp_path / "t").mkdir()
    path = put(tmp_path / "a.parquet.gz", gzip.compress(parquet_bytes(NUMBERS)))
    source = open_source([path])
    assert len(list((tmp_path / "t").iterdir())) == 1
    assert len(values(source)) == 5000
    del source
    assert list((tmp_path / "t").iterdir()) == []
    monkeypatch.setattr(spool_module, "SPOOL_LIMIT", 100)
    assert isinstance(refused(path), FileError)
    assert list((tmp_path / "t").iterdir()) == []


# -- memory ------------------------------------------------------------------------------------------------------------


def test_a_dict_of_arrays_is_not_copied() -> None:
    numbers = np.arange(10.0)
    matrix = np.arange(20, dtype=np.float32).reshape(10, 2)
    source = from_memory({"p": numbers, "v": matrix})
    assert dict(source.types) == {"p": pa.float64(), "v": pa.list_(pa.float32(), 2)}
    assert source.fragments[0].path == "<memory>"
    assert source.fragments[0].format == "memory"
    (batch,) = batches(source, {"p": "number", "v": "number"})
    assert batch.data.column(0).buffers()[1].address == numbers.ctypes.data
    assert batch.data.column(1).flatten().buffers()[1].address == matrix.ctypes.data
    assert batch.data.column(1).to_pylist()[3] == [6.0, 7.0]


@pytest.mark.parametrize(
    "given,expected",
    [
        ([1, None, 2.5], [1.0, None, 2.5]),
        ([1, 2], [1, 2]),
        ((True, False), [True, False]),
        (["a", None, "é"], ["a", None, "é"]),
        ([[1, 2], None, [3.5]], [[1.0, 2.0], None, [3.5]]),
        ([None, None], [None, None]),
        ([], []),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([1, 2], dtype=">i4"), [1, 2]),
        (np.arange(6)[::2], [0, 2, 4]),
        (np.array([True, False, True]), [True, False, True]),
        (np.array([1.5, None], dtype=object), [1.5, None]),
        (pa.array([1, None]), [1, None]),
        (pa.chunked_array([[1], [2]]), [1, 2]),
        (pd.Series([1.0, 2.0], index=[5, 6]), [1.0, 2.0]),
        (pd.Series(["a", None]), ["a", None]),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (range(3), [0, 1, 2]),
    ],
)
def test_a_dict_of_columns(given: Any, expected: list[Any]) -> None:
    assert values(from_memory({"p": given})) == expected


@pytest.mark.parametrize("bad", [np.zeros((2, 2, 2)), [1, "a"], [{"a": 1}, 2], [[1], ["a"]], [b"x"], np.float64(3)])
def test_columns_that_are_refused(bad: Any) -> None:
    with pytest.raises(DataError):
        values(from_memory({"p": bad}))


def test_lengths_must_agree() -> None:
    with pytest.raises(DataError, match="'p' has 2, 'q' has 3"):
        batches(from_memory({"p": [1, 2], "q": [1, 2, 3]}), {"p": "number", "q": "number"})


def test_a_data_frame() -> None:
    frame = pd.DataFrame({"p": [1.0, np.nan], "k": ["a", None], 3: pd.Categorical(["x", "y"]), "n": [1, 2]})
    frame["m"] = pd.array([1.5, None], dtype="Float64")
    source = from_memory(frame)
    assert source.columns == ("p", "k", "3", "n", "m")
    (batch,) = batches(source, {"p": "number", "k": "text", "3": "text", "n": "number", "m": "number"})
    found = batch.data.to_pydict()
    assert batch.data.column(0).null_count == 0  # NaN is a value, as it is in a file
    assert np.isnan(found["p"][1])
    assert (found["k"], found["3"], found["n"], found["m"]) == (["a", None], ["x", "y"], [1, 2], [1.5, None])
    double = pd.DataFrame([[1.0, 2.0]], columns=["p", "p"])
    with pytest.raises(DataError, match="occurs 2 times"):
        values(from_memory(double))


def test_arrow_tables_and_streams() -> None:
    class Exports:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return TABLE.__arrow_c_stream__(requested_schema)

    for table in (TABLE, TABLE.combine_chunks().to_batches()[0], Exports()):
        source = from_memory(table)
        assert source.columns == ("p", "k", "n")
        assert values(source) == values(source) == [1.5, None, 2.0]
    once = from_memory(TABLE.to_reader())
    assert values(once) == [1.5, None, 2.0]
    with pytest.raises(UsageError, match="once"):
        values(once)
    with pytest.raises(UsageError, match="int"):
        from_memory(3)


def test_a_dict_of_arrays_does_not_import_pandas() -> None:
    script = (
        "import sys, numpy as np; from losscli.io.formats.in_memory import from_memory\n"
        "s = from_memory({'p': np.arange(3.0), 'v': np.ones((3, 2)), 'k': ['a', 'b', None], 'n': [1, 2, 3]})\n"
        "print(*[b.data.num_rows for b in s.fragments[0].batches(dict.fromkeys(s.columns, 'number'))])\n"
        "print(*sorted({'pandas', 'pyarrow.compute'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3"]


def test_parts_travel_to_other_processes(tmp_path: Path) -> None:
    put(tmp_path / "k=1/a.csv", CSV.replace(b"k", b"l"))
    for source in (
        open_source([str(tmp_path)]),
        open_source([put(tmp_path / "a.parquet", parquet_bytes(TABLE))]),
        open_source([put(tmp_path / "a.jsonl", '{"p": 1}')]),
    ):
        again = pickle.loads(pickle.dumps(source.fragments[0]))
        assert [b.data.to_pylist() for b in again.batches(P)] == [b.data.to_pylist() for b in batches(source, P)]

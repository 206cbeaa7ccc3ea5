"""SHA-256 of the files that are read, and checksums of the pages of Parquet files."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.cli.entry import run
from losscli.errors import DataError, UsageError
from losscli.io.files.checksums import Checksums, read_sha256
from losscli.io.files.open import open_source
from losscli.io.formats.page_checksums import has_page_checksums
from losscli.io.source import ReadOptions

TABLE = pa.table({"y": [1.0, 2.0, 3.0], "p": [1.5, 2.5, 2.0]})
CSV = b"y,p\n1,1.5\n2,2.5\n3,2\n"
SCORE = ["-t", "y", "-p", "p", "-l", "mse"]
NAMES = ("a.csv", "a.csv.gz", "a.parquet", "a.arrow", "a.jsonl")
every_format = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_bytes(CSV)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(CSV))
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in TABLE.to_pylist()))
    pq.write_table(TABLE, "a.parquet")
    pyarrow.feather.write_feather(TABLE, "a.arrow")
    return tmp_path


def sha256(path: Path | str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def said(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = run(["eval", *args])
    return code, *capsys.readouterr()


@every_format
def test_a_file_as_expected_is_read_and_its_hash_reported(folder: Path, capsys: Any, name: str) -> None:
    code, out, err = said(capsys, name, *SCORE, "--sha256", f"{name}={sha256(name).upper()}", "-f", "json")
    assert (code, err) == (0, "")
    assert [source["sha256"] for source in json.loads(out)["sources"]] == [sha256(name)]


@every_format
def test_another_content_is_an_error_before_anything_is_written(folder: Path, capsys: Any, name: str) -> None:
    code, out, err = said(capsys, name, *SCORE, "--sha256", f"{name}={'0' * 64}", "-o", "r.json")
    assert (code, out, Path("r.json").exists()) == (3, "", False)
    assert f"its SHA-256 is {sha256(name)}, expected {'0' * 64}" in err
    assert f"in: {name}" in err


def test_without_a_hash_a_file_is_only_reported(folder: Path, capsys: Any) -> None:
    code, out, _ = said(capsys, "a.csv", *SCORE, "--sha256", "a.csv", "-f", "json")
    assert (code, json.loads(out)["sources"][0]["sha256"]) == (0, sha256("a.csv"))
    assert "sha256" not in json.loads(said(capsys, "a.csv", *SCORE, "-f", "json")[1])["sources"][0]


def test_a_path_is_found_however_it_is_spelt(folder: Path, capsys: Any) -> None:
    Path("link.csv").symlink_to("a.csv")
    Path("run").mkdir()
    Path("run/part.csv").write_bytes(CSV)
    good, wrong = sha256("a.csv"), "f" * 64
    for source, named in [("a.csv", str(folder / "a.csv")), ("link.csv", "./a.csv"), ("run", "run/part.csv")]:
        assert said(capsys, source, *SCORE, "--sha256", f"{named}={good}")[0] == 0
        assert said(capsys, source, *SCORE, "--sha256", f"{named}={wrong}")[0] == 3


def test_standard_input(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for digest, expected in ((sha256("a.csv.gz"), 0), ("0" * 64, 3)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("a.csv.gz").read_bytes())))
        assert said(capsys, "-", *SCORE, "--sha256", f"-={digest}")[0] == expected


def test_targets_and_tables_are_files_too(folder: Path, capsys: Any) -> None:
    Path("p.csv").write_text("id,p\n1,1.5\n2,2.5\n")
    Path("t.csv").write_text("id,y\n1,1\n2,2\n")
    joined = ["p.csv", "--targets", "t.csv", "--on", "id", *SCORE]
    assert said(capsys, *joined, "--sha256", f"t.csv={sha256('t.csv')}")[0] == 0
    code, _, err = said(capsys, *joined, "--sha256", f"t.csv={'0' * 64}")
    assert (code, "in: t.csv" in err) == (3, True)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--sha256", "a.jsonl={a}"], "the run does not read it"),
        (["--sha256", "a.csv={a}", "--sha256", f"a.csv={'0' * 64}"], "two different SHA-256"),
        (["--sha256", "a.csv={a}", "--sha256", f"./a.csv={'0' * 64}"], "two different SHA-256"),
        (["--sha256", "a.csv=abc"], "'a.csv=abc' is not FILE=HEX"),
        (["--sha256", "nothing.csv"], "'nothing.csv' is not FILE=HEX"),
    ],
)
def test_usage_errors(folder: Path, capsys: Any, more: list[str], says: str) -> None:
    code, out, err = said(capsys, "a.csv", *SCORE, *(text.replace("{a}", sha256("a.csv")) for text in more))
    assert (code, out, says in err) == (2, "", True), err


def test_names_with_equal_signs(folder: Path) -> None:
    Path("a=b.csv").write_bytes(CSV)
    assert read_sha256("a=b.csv") == ("a=b.csv", None)
    assert read_sha256(f"a=b.csv={'A' * 64}") == ("a=b.csv", "a" * 64)


# -- lists of checksums --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["{} *{}", "{}  {}", "SHA256 ({1}) = {0}"])
def test_a_list_of_checksums(folder: Path, capsys: Any, line: str) -> None:
    lines = [line.format(sha256(name), name) for name in NAMES]
    Path("SUMS").write_text("# a comment\n\n" + "\r\n".join(lines) + "\n")
    for name in NAMES:
        code, out, err = said(capsys, name, *SCORE, "--checksums", "SUMS", "-f", "json")
        assert (code, err, json.loads(out)["sources"][0]["sha256"]) == (0, "", sha256(name))
    Path("a.csv").write_bytes(CSV.replace(b"2.5", b"2.4"))
    code, _, err = said(capsys, "a.csv", *SCORE, "--checksums", "SUMS")
    assert (code, "the content is not what was expected" in err) == (3, True)


def test_a_file_that_is_not_in_the_list_is_an_error(folder: Path, capsys: Any) -> None:
    Path("SUMS").write_text(f"{sha256('a.jsonl')}  a.jsonl\n")
    code, out, err = said(capsys, "a.csv", *SCORE, "--checksums", "SUMS")
    assert (code, out, "'SUMS' has no checksum of this file, which is read" in err) == (2, "", True)
    assert said(capsys, "a.csv", *SCORE, "--checksums", "SUMS", "--sha256", f"a.csv={sha256('a.csv')}")[0] == 0


def test_names_are_relative_to_the_list_or_to_the_working_folder(folder: Path, capsys: Any) -> None:
    Path("run").mkdir()
    Path("run/part.csv").write_bytes(CSV)
    for name in ("part.csv", "run/part.csv"):
        Path("run/SHA256SUMS").write_text(f"{sha256('a.csv')}  {name}\n")
        assert said(capsys, "run/part.csv", *SCORE, "--checksums", "run/SHA256SUMS")[0] == 0
    Path("run/SHA256SUMS").write_text(f"{sha256('a.csv')}  part.csv\n{'0' * 64}  run/part.csv\n")
    code, _, err = said(capsys, "run/part.csv", *SCORE, "--checksums", "run/SHA256SUMS")
    assert (code, "two different SHA-256 are listed" in err) == (2, True)


def test_names_that_the_list_escapes(folder: Path) -> None:
    Path("a\nb\\c.csv").write_bytes(CSV)
    Path("SUMS").write_text(f"\\{sha256('a.csv')}  a\\nb\\\\c.csv\n")
    source = open_source(["a\nb\\c.csv"], ReadOptions(verifier=Checksums({}, "SUMS")))
    assert source.columns == ("y", "p")


@pytest.mark.parametrize(("content", "says"), [("abc  a.csv\n", "not a list of SHA-256"), (None, "no such file")])
def test_what_is_no_list(folder: Path, capsys: Any, content: str | None, says: str) -> None:
    if content is not None:
        Path("SUMS").write_text(content)
    code, _, err = said(capsys, "a.csv", *SCORE, "--checksums", "SUMS")
    assert (code, says in err) == (4 if content is None else 3, True)


# -- Python --------------------------------------------------------------------------------------------------------


def test_from_python(folder: Path) -> None:
    asked = {"losses": ["mse"], "target": "y", "pred": "p"}
    report = losscli.evaluate("a.csv", **asked, options=ReadOptions(sha256={"a.csv": sha256("a.csv")}))
    assert json.loads(report.to_json())["sources"][0]["sha256"] == sha256("a.csv")
    with pytest.raises(DataError, match="not what was expected"):
        losscli.evaluate("a.csv", **asked, options=ReadOptions(sha256={"a.csv": "0" * 64}))
    with pytest.raises(UsageError, match="not a SHA-256"):
        losscli.evaluate("a.csv", **asked, options=ReadOptions(sha256={"a.csv": "0"}))
    with pytest.raises(UsageError, match="does not read it"):
        losscli.evaluate(TABLE, **asked, options=ReadOptions(sha256={"a.csv": "0" * 64}))


# -- pages of Parquet ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"use_dictionary": False}, {"data_page_version": "2.0", "compression": "zstd"}]
)
@pytest.mark.parametrize("checksums", [True, False])
def test_page_checksums_are_found(tmp_path: Path, options: dict[str, Any], checksums: bool) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": range(100_000)}), path, write_page_checksum=checksums, **options)
    assert has_page_checksums(open_source([path]).fragments[0]) is checksums


def test_files_without_pages_need_no_checksums(tmp_path: Path) -> None:
    path = str(tmp_path / "a.parquet")
    pq.write_table(TABLE.slice(0, 0), path)
    has_page_checksums(open_source([path]).fragments[0])


def test_a_verbose_run_advises_checksums(folder: Path, capsys: Any) -> None:
    pq.write_table(TABLE, "with.parquet", write_page_checksum=True)
    told = "a.parquet has no checksums of its pages"
    assert told in said(capsys, "a.parquet", *SCORE, "-v")[2]
    assert told not in said(capsys, "a.parquet", *SCORE)[2]
    assert "no checksums of its pages" not in said(capsys, "with.parquet", *SCORE, "-v")[2]

"""Files that stand where data should be are named as what they are, with what gets the data."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from losscli.errors import DataError, FileError
from losscli.io.files.open import open_source
from losscli.io.source import ReadOptions

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"
DVC = b"outs:\n- md5: a304afb96060aad90176268345e10355\n  size: 3\n  hash: md5\n  path: p.csv\n"
DVC_IMPORT = b"md5: 1f0c\nfrozen: true\ndeps:\n- path: get/q.csv\nouts:\n- size: 3\n  md5: a3\n  path: p.csv\n"
EXPORTED = b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook>'


def zipped(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "message", "hint"),
    [
        ("p.csv", LFS, "a Git LFS pointer, not the data", "git lfs pull"),
        ("p.parquet", LFS, "a Git LFS pointer, not the data", "lfs: true"),
        ("p.jsonl", LFS, "a Git LFS pointer, not the data", "git lfs pull"),
        ("p", LFS.replace(b"\n", b"\r\n"), "a Git LFS pointer, not the data", "git lfs pull"),
        ("p.csv.gz", gzip.compress(LFS), "a Git LFS pointer, not the data", "git lfs pull"),
        ("p.csv.gz", LFS, "a Git LFS pointer, not the data", "git lfs pull"),
        ("p.parquet", b"/annex/objects/MD5E-s3--a304.parquet\n", "a git-annex pointer", "git annex get"),
        ("p.csv.dvc", DVC, "a .dvc file, not the data", "dvc pull gets the data; then give p.csv"),
        ("p.parquet.dvc", DVC.replace(b"\n", b"\r\n"), "a .dvc file", "then give p.csv"),
        ("p.csv.dvc", DVC_IMPORT, "a .dvc file, not the data", "then give p.csv"),
        ("p.csv", b"<!DOCTYPE html>\n<p>404", "content is HTML", "login or error page"),
        ("p.parquet", b"\n<HTML><body>", "content is HTML", "login or error page"),
        ("p.csv", b"<!-- served by x -->\n<html>", "content is HTML", "login or error page"),
        ("p.jsonl", b"<head><title>502", "content is HTML", "login or error page"),
        ("p.xls", b'<table border="1"><tr>', "content is HTML", "login or error page"),
        ("p.csv", b'<?xml version="1.0"?><Error><Code>AccessDenied', "content is XML", "error"),
        ("p.xls", EXPORTED, "content is XML", "save the sheet as CSV"),
        ("p.csv", b"", "the file is empty (0 bytes)", "did the step that writes it fail"),
        ("p.parquet", b"", "the file is empty (0 bytes)", "did the step that writes it fail"),
        ("p.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "save the sheet as CSV"),
        ("p.csv", zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "save the sheet as CSV"),
        ("p.ods", zipped("mimetype", "content.xml"), "an OpenDocument file", "save the sheet as CSV"),
        ("p.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "an Excel workbook", "save the sheet as CSV"),
    ],
)
def test_no_data(tmp_path: Path, name: str, content: bytes, message: str, hint: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_source([str(tmp_path / name)])
    assert message in caught.value.message
    assert caught.value.hint is not None and hint in caught.value.hint
    assert caught.value.path == str(tmp_path / name)


def test_a_pointer_is_no_table_in_any_format(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(LFS)
    for format in ("csv", "tsv", "jsonl", "parquet", "arrow"):
        with pytest.raises(DataError, match="Git LFS pointer"):
            open_source([str(tmp_path / "p.csv")], ReadOptions(input_format=format))


def test_one_pointer_among_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("y,p\n1,2\n")
    (tmp_path / "b.csv").write_bytes(LFS)
    with pytest.raises(DataError, match="Git LFS pointer") as caught:
        open_source([str(tmp_path)])
    assert caught.value.path == str(tmp_path / "b.csv")


def test_a_file_that_is_tracked_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "p.csv.dvc").write_bytes(DVC)
    (tmp_path / "q.csv").symlink_to(".git/annex/objects/x/MD5E-s3--a304.csv")
    for name, hint in (("p.csv", "dvc pull gets the data"), ("q.csv", "git annex get")):
        with pytest.raises(FileError) as caught:
            open_source([str(tmp_path / name)])
        assert caught.value.message == "no such file"
        assert caught.value.hint is not None and hint in caught.value.hint
        assert caught.value.suggestions == ()


@pytest.mark.parametrize(
    "content", ["outs:,y\n1,2\n", "version https://git-lfs.github.com,y\n1,2\n", "md5:,outs:\n1,2\n"]
)
def test_tables_with_such_words_are_tables(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.csv").write_text(content)
    assert len(open_source([str(tmp_path / "p.csv")]).columns) == 2

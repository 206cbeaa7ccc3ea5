"""Archives: the file in one that is read, by its name or because it is the only one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.cli.outputs import refuse_input
from losscli.errors import DataError, FileError, LosscliError, UsageError
from losscli.io.files.archives import cut_member
from losscli.io.files.open import open_source
from losscli.io.source import ReadOptions

CSV = b"y,p\n1,2\n3,5\n"  # a mean squared error of 2.5
TSV = CSV.replace(b",", b"\t")
PACKING: dict[str, Any] = {
    "": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
    ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
}  # fmt: skip
RESOURCES = {"__MACOSX/._a.csv": b"\0\5\x16\7", "x/._a.csv": b"\0", ".DS_Store": b"\0\0\0\1Bud1"}


def zipped(path: Path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


def tarred(path: Path, members: dict[str, bytes], pack: str = "", format: int = tarfile.PAX_FORMAT) -> str:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    path.write_bytes(PACKING[pack](out.getvalue()))
    return str(path)


def value(path: str, **how: Any) -> float | None:
    return losscli.evaluate(path, "mse", target="y", pred="p", **how)[0].value


def test_what_macos_adds_is_skipped(tmp_path: Path) -> None:
    assert value(zipped(tmp_path / "a.zip", {"x/a.csv": CSV, **RESOURCES})) == 2.5
    assert value(tarred(tmp_path / "a.tar", {"x/a.csv": CSV, **RESOURCES})) == 2.5
    with pytest.raises(DataError, match="has 0 members instead of one"):
        value(zipped(tmp_path / "b.zip", RESOURCES))


@pytest.mark.parametrize("pack", PACKING)
@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar(pack: str, format: int, tmp_path: Path) -> None:
    assert (
        value(tarred(tmp_path / f"a.tar{pack}", {f"./{'long/' * 40 if format else ''}a.csv": CSV}, pack, format)) == 2.5
    )
    two = tarred(
        tmp_path / f"b.tar{pack}", {"a.csv": CSV, "d/b.tsv": TSV, "c.jsonl": b'{"y": 1, "p": 3}\n'}, pack, format
    )
    assert value(f"{two}:d/b.tsv") == 2.5 and value(f"{two}:c.jsonl") == 4
    with pytest.raises(DataError, match=r"3 members instead of one: 'a\.csv', 'd/b\.tsv', 'c\.jsonl'") as caught:
        value(two)
    assert caught.value.hint == f"{two}:MEMBER reads one of them, such as {two}:a.csv"


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_a_member_of_any_format(kind: str, tmp_path: Path) -> None:
    table = {"y": np.array([1.0, 3.0]), "p": np.array([2.0, 5.0])}
    parquet, npy, rows = io.BytesIO(), io.BytesIO(), np.zeros(2, [("y", "f8"), ("p", "f8")])
    rows["y"], rows["p"] = table["y"], table["p"]
    pq.write_table(pa.table(table), parquet)
    np.save(npy, rows)
    members = {"a.parquet": parquet.getvalue(), "b.npy": npy.getvalue(), "c.tsv": TSV, "d.csv": CSV}
    if kind == "zip":
        path = zipped(tmp_path / "m.zip", members)
    else:
        path = tarred(tmp_path / f"m.{kind}", members, ".gz" if kind == "tgz" else "")
    for name in members:
        report = losscli.evaluate(f"{path}:{name}", "mse", target="y", pred="p")
        assert report[0].value == 2.5 and report.evaluation.sources[0].path == f"{path}:{name}"
    with pytest.raises(DataError, match=r"has no file 'd\.tsv'") as caught:
        value(f"{path}:d.tsv")
    assert "did you mean 'd.csv'" in (caught.value.hint or "")


def test_a_single_tsv_is_told_by_its_name_in_the_archive(tmp_path: Path) -> None:
    assert value(zipped(tmp_path / "a.zip", {"scores.tsv": TSV})) == 2.5
    assert value(tarred(tmp_path / "a.tar", {"scores.tsv": TSV})) == 2.5


def test_an_existing_path_comes_before_a_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.zip:b.csv").write_bytes(CSV)
    zipped(Path("a.zip"), {"b.csv": b"y,p\n1,1\n"})
    assert cut_member("a.zip:b.csv") is None and value("a.zip:b.csv") == 2.5
    Path("a.zip:b.csv").unlink()
    assert cut_member("a.zip:b.csv") == ("a.zip", "b.csv") and value("a.zip:b.csv") == 0
    for path in (r"C:\scores\a.zip", r"C:\a.csv", "a:b", "a.zip:", "x.csv:y", "s3.zipped:a"):
        assert cut_member(path) is None
    assert cut_member(r"C:\s\a.ZIP:b.csv") == (r"C:\s\a.ZIP", "b.csv")
    zipped(Path("o.tar.zip:x.zip"), {"b.csv": CSV})  # the archive that is there, of those that could be cut
    assert value("o.tar.zip:x.zip:b.csv") == 2.5
    with pytest.raises(FileError) as caught:
        value("none.zip:b.csv")
    assert caught.value.path == "none.zip"
    Path("plain.zip").write_bytes(CSV)
    with pytest.raises(DataError, match=r"'plain\.zip' is no archive"):
        value("plain.zip:b.csv")


def test_the_file_of_a_member_is_hashed_whole_and_is_an_input(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": CSV, "b.csv": TSV})
    how = ReadOptions(sha256={path: None})
    report = losscli.evaluate(f"{path}:a.csv", "mse", target="y", pred="p", options=how)
    import hashlib

    assert report.evaluation.sources[0].sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    with pytest.raises(DataError, match="SHA-256"):
        value(f"{path}:a.csv", options=ReadOptions(sha256={path: "0" * 64}))


def test_a_member_that_is_packed_once_more(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'a\.csv\.gz' in the archive is packed once more"):
        value(zipped(tmp_path / "a.zip", {"a.csv.gz": gzip.compress(CSV)}))
    inner = zipped(tmp_path / "i.zip", {"a.csv": CSV})
    with pytest.raises(DataError, match=r"'i\.zip' in the archive is packed once more"):
        value(tarred(tmp_path / "a.tar", {"i.zip": Path(inner).read_bytes()}))


def test_damaged_tars(tmp_path: Path) -> None:
    long = b"y,p\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(20_000))
    whole = Path(tarred(tmp_path / "a.tar", {"a.csv": long})).read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:60_000])
    with pytest.raises(DataError, match="damaged or truncated"):
        value(str(tmp_path / "cut.tar"))
    (tmp_path / "cut.tar.gz").write_bytes(gzip.compress(whole)[:-2000])
    with pytest.raises(DataError, match="the compressed stream is truncated"):
        value(str(tmp_path / "cut.tar.gz"))
    bomb = tarfile.TarInfo("x")
    bomb.type, bomb.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    (tmp_path / "bomb.tar").write_bytes(bomb.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(DataError, match="absurd size"):
        value(str(tmp_path / "bomb.tar"))


def test_links_are_no_members(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("passwd.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (tmp_path / "l.tar").write_bytes(out.getvalue())
    with pytest.raises(DataError, match=r"has no file 'passwd\.csv'"):
        value(f"{tmp_path / 'l.tar'}:passwd.csv")


def test_one_member_twice(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tar", {"a.csv": CSV})
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(TSV)
        archive.addfile(info, io.BytesIO(TSV))
    with pytest.raises(DataError, match="more than once"):
        value(f"{path}:a.csv")


@pytest.mark.parametrize(
    ("member", "content", "message"),
    [
        ("a.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "Git LFS pointer"),
        ("a.csv", b"<!DOCTYPE html><html></html>", "HTML"),
        ("a.csv", b"", "the file is empty"),
        ("a.npy", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n", "Git LFS pointer"),
    ],
)
def test_what_stands_for_data_in_archives_and_in_their_place(
    member: str, content: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        value(tarred(tmp_path / "t.tar", {member: content}))
    if member.endswith(".csv"):
        with pytest.raises(DataError, match=message):
            value(zipped(tmp_path / "z.zip", {member: content}))
    for name in ("p.npz", "p.npy", "p.zip", "p.tar.gz", "p.pt"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=message):
            value(str(tmp_path / name))
    with pytest.raises(DataError, match=message):
        value(f"{tmp_path / 'p.npz'}:logits")


def test_files_of_torch_are_refused_with_the_line_that_converts_them(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.pt", {"p/data.pkl": b"\x80\x02}q\0.", "p/version": b"3\n", "p/data/0": b"\0" * 8})
    with pytest.raises(DataError, match="PyTorch file, a pickle") as caught:
        value(path)
    line = "import numpy, torch; numpy.save('p.npy', torch.load('p.pt', weights_only=True).float().numpy())"
    assert line in (caught.value.hint or "")
    (tmp_path / "old.pt").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
    with pytest.raises(DataError, match="PyTorch file, a pickle"):
        value(str(tmp_path / "old.pt"))
    for protocol in (2, 3, 4, 5):
        import pickle

        (tmp_path / "a.pkl").write_bytes(pickle.dumps([1.0, 2.0], protocol))
        with pytest.raises(DataError, match="pickle"):
            value(str(tmp_path / "a.pkl"))


def test_archives_through_a_pipe(tmp_path: Path) -> None:
    for at, path in enumerate(
        (tarred(tmp_path / "a.tgz", {"a.csv": CSV}, ".gz"), zipped(tmp_path / "a.zip", {"a.csv": CSV}))
    ):
        os.mkfifo(tmp_path / f"pipe{at}")
        import threading

        writer = threading.Thread(
            target=lambda at=at, path=path: (tmp_path / f"pipe{at}").write_bytes(Path(path).read_bytes())
        )
        writer.start()
        assert value(str(tmp_path / f"pipe{at}")) == 2.5
        writer.join()


def test_json_path_is_not_for_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", y=np.ones(2))
    with pytest.raises(UsageError, match="--json-path is for JSON documents"):
        open_source([str(tmp_path / "a.npz")], ReadOptions(json_path="x"))


def test_an_encrypted_zip_is_an_error(tmp_path: Path) -> None:
    path = Path(zipped(tmp_path / "a.zip", {"a.csv": CSV}))
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rfind(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(LosscliError, match="encrypted"):
        value(str(path))


def test_the_archive_is_an_input_that_no_report_replaces(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"a.csv": CSV, "b.csv": CSV})
    with pytest.raises(UsageError, match="is an input"):
        refuse_input(path, [f"{path}:a.csv"])

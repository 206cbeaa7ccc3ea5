"""Remote files, from a real S3 server and real web servers on loopback: the bits of local ones, or one clear error."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from object_store import SECRETS, command, object_store, quick_retries
from processes import LOSSCLI, environment
from remote_servers import serving
from waiting import PATIENCE, until

import losscli
from losscli.cli import help
from losscli.errors import DataError, FileError, LosscliError, UsageError
from losscli.io.files.discover import discover
from losscli.io.files.open import open_source
from losscli.io.formats.binary import open_for_arrow
from losscli.io.remote import address, stores
from losscli.io.remote import input as remote_input
from losscli.io.remote.address import Address, RemoteVersion, redacted
from losscli.io.remote.failures import explain
from losscli.io.remote.input import RemoteInput, find_remote
from losscli.io.remote.settings import Settings, settings

fsspec = pytest.importorskip("fsspec", reason="an extra: losscli[remote]")
pytest.importorskip("s3fs", reason="an extra: losscli[remote]")
pytest.importorskip("aiohttp", reason="an extra: losscli[remote]")

ROWS = 3000


def preds(rows: int = ROWS, columns: int = 2) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    return {name: rng.normal(size=rows) for name in ("y", "p", *(f"x{i}" for i in range(columns - 2)))}


def csv_bytes(data: dict[str, np.ndarray]) -> bytes:
    lines = [",".join(data), *(",".join(repr(float(v)) for v in row) for row in zip(*data.values(), strict=True))]
    return ("\n".join(lines) + "\n").encode()


def table(data: dict[str, np.ndarray]) -> pa.Table:
    return pa.table({name: pa.array(values.tolist()) for name, values in data.items()})


def parquet_bytes(data: dict[str, np.ndarray], **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table(data), out, **options)
    return out.getvalue()


def arrow_bytes(data: dict[str, np.ndarray], new: object = pa.ipc.new_file) -> bytes:
    out = io.BytesIO()
    made = table(data)
    with new(out, made.schema) as writer:
        writer.write_table(made, max_chunksize=1000)
    return out.getvalue()


def json_bytes(data: dict[str, np.ndarray]) -> bytes:
    rows = zip(*(values.tolist() for values in data.values()), strict=True)
    return "".join(json.dumps(dict(zip(data, row, strict=True))) + "\n" for row in rows).encode()


def zip_bytes(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("preds.csv", data)
    return out.getvalue()


DATA = preds()
CSV = csv_bytes(DATA)
BIG = csv_bytes(preds(20_000))
FILES = {
    "preds.csv": CSV,
    "big.csv": BIG,
    "preds.csv.gz": gzip.compress(CSV),
    "preds.csv.zip": zip_bytes(CSV),
    "preds.jsonl": json_bytes(DATA),
    "preds.parquet": parquet_bytes(DATA),
    "preds.arrow": arrow_bytes(DATA),
    "preds.arrows": arrow_bytes(DATA, pa.ipc.new_stream),
    "preds.parquet.gz": gzip.compress(parquet_bytes(DATA)),
    "empty.csv": b"",
    "truth.csv": b"id,y\na,1\nb,2.5\nc,4\n",
    "keyed.csv": b"id,p\nc,4\na,1.5\nb,2\n",
    "prototypes.csv": b"a,b\n1,0\n0,1\n",
}
LOSS = losscli.evaluate({"y": DATA["y"], "p": DATA["p"]}, ["mse"], target="y", pred="p")["mse"].value
BIG_LOSS = losscli.evaluate(preds(20_000), ["mse"], target="y", pred="p")["mse"].value


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Retries without long waits, keys that open nothing, and no way out but loopback."""
    quick_retries(monkeypatch)


@pytest.fixture
def web():
    """A server of one test: a request that an earlier one gave up may arrive late, and must not count here."""
    with serving() as server:
        server.files.update(FILES)
        yield server


@pytest.fixture(scope="module")
def moto():
    with object_store() as (endpoint, client):
        for name, data in FILES.items():
            client.put_object(Bucket="bucket", Key=f"files/{name}", Body=data)
        for name in ("part10", "part2", "region=eu/part1", "region=a%2Fb/part1", "_tmp/part1", ".git/part1"):
            number = re.sub(r"\D", "", name) or "1"
            client.put_object(Bucket="bucket", Key=f"run/{name}.csv", Body=f"y,p\n1,{number}\n".encode())
        client.put_object(Bucket="bucket", Key="run/_SUCCESS", Body=b"")
        client.put_object(Bucket="bucket", Key="run/", Body=b"")
        client.put_object(Bucket="bucket", Key="run/README.md", Body=b"# hello")
        client.put_object(Bucket="bucket", Key="readme/README.md", Body=b"# hello")
        for name in ("part1.csv", "_delta_log/00000000000000000000.json"):
            client.put_object(Bucket="bucket", Key=f"delta/t/{name}", Body=b"y,p\n1,2\n")
        yield endpoint, client


@pytest.fixture
def s3(moto, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto[0])
    return moto[1]


def mse(*paths: str, **settings: object) -> float:
    return losscli.evaluate(list(paths), ["mse"], target="y", pred="p", **settings)["mse"].value


def refused(*paths: str, **settings: object) -> LosscliError:
    with pytest.raises(LosscliError) as caught:
        mse(*paths, **settings)
    return caught.value


def remote(url: str) -> RemoteInput:
    found = find_remote(Address(url))
    assert isinstance(found, RemoteInput)
    return found


# ------------------------------------------------------------------------------------------------------ the same bits


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("preds")])
@pytest.mark.parametrize("how", ["s3", "ok", "whole", "chunked"])
def test_every_format_gives_the_bits_of_the_local_file(name, how, web, s3):
    assert mse(f"s3://bucket/files/{name}" if how == "s3" else f"{web.base}/{how}/{name}") == LOSS


def archives():
    """Archives of two members: the predictions, and something else."""
    packed, arrays, tarred = io.BytesIO(), io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/preds.csv", CSV)
        archive.writestr("other.csv", "y,p\n1,9\n")
    np.savez(arrays, both=np.stack([DATA["y"], DATA["p"]], axis=1), other=np.arange(3.0))
    with tarfile.open(fileobj=tarred, mode="w:gz") as archive:
        for name, data in (("other.csv", b"y,p\n1,9\n"), ("a/preds.csv", CSV)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return {"two.zip": packed.getvalue(), "two.npz": arrays.getvalue(), "two.tar.gz": tarred.getvalue()}


@pytest.mark.parametrize("how", ["s3", "web"])
def test_a_member_of_a_remote_archive(how, web, s3):
    for name, data in archives().items():
        web.files[name] = data
        s3.put_object(Bucket="bucket", Key=f"members/{name}", Body=data)
    base = "s3://bucket/members" if how == "s3" else f"{web.base}/ok"
    assert mse(f"{base}/two.zip:a/preds.csv") == mse(f"{base}/two.tar.gz:a/preds.csv") == LOSS
    report = losscli.evaluate([f"{base}/two.npz:both"], ["mse"], target="both[0]", pred="both[1]")
    assert report["mse"].value == LOSS
    assert "archive has no file 'preds.csv'" in refused(f"{base}/two.zip:preds.csv").message
    error = refused(f"{base}/two.zip")
    assert error.hint == f"{base}/two.zip:MEMBER reads one of them, such as {base}/two.zip:a/preds.csv"
    assert refused(f"{base}/none.zip:preds.csv").code == "IO_NOT_FOUND"
    # An object of exactly this name comes first.
    web.files["two.zip:a/preds.csv"] = b"y,p\n1,3\n"
    s3.put_object(Bucket="bucket", Key="members/two.zip:a/preds.csv", Body=b"y,p\n1,3\n")
    assert mse(f"{base}/two.zip:a/preds.csv") == 4.0
    s3.delete_object(Bucket="bucket", Key="members/two.zip:a/preds.csv")


def test_a_name_that_is_refused_is_read_as_a_member_with_a_note(web, monkeypatch):
    """Without the right to list, S3 refuses names that it does not have; web servers do it for reasons of their own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.base)
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "1")
    web.files["two.zip"] = archives()["two.zip"]
    for base in (f"{web.base}/onlyzip", "s3://onlyzip"):
        for status in (400, 403):
            web.status = status
            if base.startswith("s3") and status == 400:  # which is no answer of a store that works
                assert refused(f"{base}/two.zip:a/preds.csv").code == "IO_NETWORK"
                continue
            (note,) = discover([f"{base}/two.zip:a/preds.csv"]).notes
            assert note.startswith(f"{base}/two.zip:a/preds.csv is read as a file of the archive")
            assert str(status) in note or "permission denied" in note
            assert mse(f"{base}/two.zip:a/preds.csv") == LOSS
        web.status = 404
        assert discover([f"{base}/two.zip:a/preds.csv"]).notes == ()
        for status in (503, 500):  # the file may be there: the one of the archive is another
            web.status = status
            error = refused(f"{base}/two.zip:a/preds.csv")
            assert error.code == "IO_NETWORK" and str(status) in error.message
    web.files["two.zip:a/preds.csv"] = b"y,p\n1,3\n"
    assert mse(f"{web.base}/whole/two.zip:a/preds.csv") == 4.0  # from a server without ranges, too


def test_a_query_belongs_to_the_archive(web):
    web.files["two.zip"] = archives()["two.zip"]
    assert mse(f"{web.base}/ok/two.zip:a/preds.csv?token=secret") == LOSS
    assert "secret" not in str(vars(refused(f"{web.base}/ok/two.zip:b.csv?token=secret")))


@pytest.mark.parametrize("how", ["flaky", "later", "resetonce", "cutonce", "redirect", "gzipped", "slow"])
def test_trouble_that_passes_changes_no_bit(how, web):
    assert mse(f"{web.base}/{how}/big.csv") == BIG_LOSS


@pytest.mark.realtime
def test_a_server_may_say_how_long_it_wants_to_be_left(web):
    began = time.monotonic()
    mse(f"{web.base}/later/preds.csv")
    assert time.monotonic() - began >= 0.3  # it asks for a second, and gets what is allowed


@pytest.mark.parametrize("name", ["big.csv", "preds.parquet", "preds.arrow"])
def test_small_blocks_change_no_bit(name, web, s3, monkeypatch):
    for size in ("HEAD", "FIRST_BLOCK", "FIRST_RANGE", "TAIL"):
        monkeypatch.setattr(remote_input, size, 5000)
    monkeypatch.setattr(remote_input, "LAST_BLOCK", 30_000)
    expected = BIG_LOSS if name == "big.csv" else LOSS
    assert mse(f"{web.base}/ok/{name}") == expected
    assert mse(f"s3://bucket/files/{name}") == expected


def test_the_command_prints_the_number_and_the_path_without_secrets(web):
    url = web.base.replace("http://", "http://ada:pa55word@") + "/login/preds.csv?X-Amz-Signature=5ecret#frag"
    code, out, err = command("eval", url, "-t", "y", "-p", "p", "-l", "mse", "-f", "json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["results"][0]["value"] == LOSS
    assert report["sources"] == [{"path": f"{web.base}/login/preds.csv", "format": "csv", "rows": ROWS}]
    assert web.asked[0][1].endswith("?X-Amz-Signature=5ecret")
    assert not re.search("pa55word|5ecret|ada", out)


def test_truth_and_tables_may_be_remote_too(web, s3, tmp_path):
    (tmp_path / "keyed.csv").write_bytes(FILES["keyed.csv"])
    local = str(tmp_path / "keyed.csv")
    expected = (0.5**2 + 0.5**2) / 3
    for targets in (f"{web.base}/ok/truth.csv?sig=5ecret", "s3://bucket/files/truth.csv"):
        for source in (local, f"{web.base}/ok/keyed.csv"):
            assert mse(source, targets=targets, on="id") == pytest.approx(expected, rel=1e-15)
    (tmp_path / "e.csv").write_text("label,u,v\na,1,0.2\nb,0.1,1\n")
    url = f"{web.base}/ok/prototypes.csv?sig=5ecret"
    code, out, _ = command("eval", str(tmp_path / "e.csv"), "-l", "l2_penalty", "--table", f"params={url}", "-q")
    assert (code, float(out)) == (0, 2.0)
    code, out, _ = command("eval", "-l", "l2_penalty", "--table", f"params={url}", "--plan")
    assert code == 0
    assert "prototypes.csv" in out
    assert "5ecret" not in out


def test_rows_and_gradients_read_remote_files(web, tmp_path):
    url = f"{web.base}/ok/preds.csv"
    code, out, err = command("grad", url, "-t", "y", "-p", "p", "-l", "mse")
    assert (code, err) == (0, "")
    assert out.count("\n") == ROWS + 1
    code, out, _ = command("rows", f"{web.base}/whole/preds.parquet", "-t", "y", "-p", "p", "-l", "mae")
    assert (code, out.count("\n")) == (0, ROWS + 1)


def test_the_local_path_imports_no_fsspec(tmp_path):
    (tmp_path / "a.csv").write_bytes(CSV)
    code = "import sys; from losscli.cli.entry import run; run(sys.argv[1:]); print('fsspec' in sys.modules)"
    args = ["eval", str(tmp_path / "a.csv"), "-t", "y", "-p", "p", "-l", "mse", "-q"]
    done = subprocess.run([sys.executable, "-c", code, *args], env=environment(), capture_output=True, text=True,
                          timeout=PATIENCE, check=True)  # fmt: skip
    assert done.stdout.split()[-1] == "False"


# ---------------------------------------------------------------------------------------------- folders and patterns


def found(path: str) -> list[str]:
    return [file.path.removeprefix("s3://bucket/") for file in discover([path]).files]


@pytest.mark.parametrize("path", ["s3://bucket/run", "s3://bucket/run/"])
def test_a_remote_folder_is_like_a_local_one(path, s3):
    notes = discover([path]).notes
    assert found(path) == ["run/part2.csv", "run/part10.csv", "run/region=a%2Fb/part1.csv", "run/region=eu/part1.csv"]
    assert list(notes) == ["ignored s3://bucket/run/README.md: not a data file by its name"]


def test_hive_names_become_columns(s3):
    pattern = "s3://bucket/run/region=*/*.csv"
    assert [file.partition_values for file in discover([pattern]).files] == [{"region": "a/b"}, {"region": "eu"}]
    code, out, _ = command("eval", pattern, "-t", "y", "-p", "p", "-l", "mae", "--by", "region", "-f", "jsonl")
    results = [json.loads(line) for line in out.splitlines()]
    assert (code, {r["by"].get("region"): r["count"] for r in results}) == (0, {None: 2, "a/b": 1, "eu": 1})
    assert len(open_source(["s3://bucket/run/region=eu/", pattern]).fragments) == 3


def test_patterns(s3):
    assert found("s3://bucket/run/*.csv") == ["run/part2.csv", "run/part10.csv"]
    assert found("s3://bucket/run/part?.csv") == ["run/part2.csv"]
    assert found("s3://bucket/run/part[0-9].csv") == ["run/part2.csv"]
    assert "run/region=eu/part1.csv" in found("s3://bucket/run/**/*.csv")
    assert not [path for path in found("s3://bucket/run/**/*.csv") if "/." in path]
    assert found("s3://bucket/r*n") == found("s3://bucket/run")
    assert mse("s3://bucket/run/part*.csv") == (1 + 81) / 2


MARKED = ("a?b.csv", "a*b.csv", "[x].csv", "a**b.csv", "x[1].zip:a.csv", "f[1]/part1.csv", "f[1]/part2.csv",
          "region=a?/part1.csv")  # fmt: skip


@pytest.fixture
def marked(s3):
    """Objects whose own names have the marks of patterns, among others that these would match."""
    others = ("axb.csv", "ayyb.csv", "x.csv", "x1.zip", "f1/part1.csv", "region=ab/part1.csv")
    for at, name in enumerate((*others, *MARKED)):
        s3.put_object(Bucket="bucket", Key=f"marked/{name}", Body=f"y,p\n0,{at}\n".encode())
    yield s3
    for each in s3.list_objects_v2(Bucket="bucket", Prefix="marked/")["Contents"]:
        s3.delete_object(Bucket="bucket", Key=each["Key"])


def test_an_object_of_exactly_this_name_comes_before_the_pattern(marked):
    def under(path: str) -> list[str]:
        return [name.removeprefix("marked/") for name in found(f"s3://bucket/marked/{path}")]

    for name in MARKED:
        (file,) = discover([f"s3://bucket/marked/{name}"]).files
        assert (file.path, file.member, dict(file.partition_values)) == (f"s3://bucket/marked/{name}", None, {})
    assert under("f[1]/") == under("f[1]") == ["f[1]/part1.csv", "f[1]/part2.csv"]
    assert under("f[1]/*.csv") == ["f1/part1.csv"]  # which is no name of its own
    for name, expected in (
        ("a?b.csv", ["a*b.csv", "axb.csv"]),
        ("a*b.csv", ["a**b.csv", "axb.csv", "ayyb.csv"]),
        ("[x].csv", ["x.csv"]),
        ("f[1]/part1.csv", ["f1/part1.csv"]),
    ):
        marked.delete_object(Bucket="bucket", Key=f"marked/{name}")
        assert under(name) == expected


def test_names_with_marks_are_read_in_every_place(marked, judged):
    # Beside each is another object, which its name would match as a pattern.
    for name, other, content in (("y?.csv", "ya.csv", "k,y\n1,0\n"), ("p[0].csv", "p0.csv", "k,p\n1,3\n"),
                                 ("c*.csv", "ca.csv", "a,b\n1,2\n")):  # fmt: skip
        marked.put_object(Bucket="bucket", Key=f"marked/{name}", Body=content.encode())
        marked.put_object(Bucket="bucket", Key=f"marked/{other}", Body=f"{content}9,9\n".encode())
    for number in "12":
        for at in ("states[1]", "states1"):
            marked.put_object(Bucket="bucket", Key=f"marked/{at}/s{number}.json", Body=judged[f"s{number}.json"])
    at = "s3://bucket/marked"
    assert mse(f"{at}/p[0].csv", targets=f"{at}/y?.csv", on="k") == 9.0
    code, out, err = command("eval", "-l", "l2_penalty", "--table", f"params={at}/c*.csv", "-q")
    assert (code, float(out)) == (0, 5.0), err
    assert command("merge", f"{at}/states[1]/s2.json", f"{at}/states[1]/s1.json", "-o", "merged.json")[0] == 0
    assert Path("merged.json").read_bytes() == judged["report.json"]


def test_a_listing_spares_the_question_about_each_file(web, s3):
    assert all(
        file.remote is not None and file.remote.version is not None for file in discover(["s3://bucket/run"]).files
    )


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        ("s3://bucket/none*.csv", FileError, "no file matches"),
        ("s3://bucket/readme/", FileError, "the folder has no data files; ignored: README.md"),
        ("s3://bucket/delta/t/", DataError, "the folder is a table of Delta Lake"),
        ("s3://bucket/delta", DataError, "the folder is a table of Delta Lake"),
        ("s3://bucket/none.csv", FileError, "no such file"),
        ("s3://none/none.csv", FileError, "there is no such bucket"),
        ("s3://none/", FileError, "there is no such bucket"),
        ("https://127.0.0.1/run/*.csv", UsageError, "cannot list its files"),
        ("s3://key:5ecret@bucket/a.csv", UsageError, "contains more than"),
        ("s3://bucket/a.csv?X-Amz-Signature=5ecret", UsageError, "contains more than"),
        ("gs://bucket/a.csv?token=5ecret", UsageError, "contains more than"),
        ("https:///a.csv?token=5ecret", UsageError, "does not name a server"),
        ("https://[bad/a.csv?token=5ecret", UsageError, "does not name a server"),
        ("http://127.0.0.1:5ecret/a.csv", UsageError, "does not name a server"),
        ("s3:///a.csv", UsageError, "does not name a bucket"),
        ("ftp://me:5ecret@x/a.csv?5ecret", UsageError, "cannot read ftp://"),
        ("file://host/etc/passwd", UsageError, "not the address of a file of this machine"),
    ],
)
def test_addresses_that_lead_nowhere(path, kind, message, s3):
    error = refused(path)
    assert type(error) is kind
    assert message in error.message
    if "127.0.0.1:5ecret" not in path:
        assert "5ecret" not in f"{error.message} {error.path} {error.hint}"


# -------------------------------------------------------------------------------------------------------- the errors

TABLE = [
    ("none", 404, FileError, "no such file", None, 1),
    ("denied", 403, FileError, "permission denied (HTTP 403)", "signed URL", 1),
    ("login", 401, FileError, "permission denied (HTTP 401)", "password", 1),
    ("busy", 503, FileError, "the server answered 503 Service Unavailable (tried 3 times)", "try again later", 3),
    ("broken", 500, FileError, "the server answered 500 Internal Server Error (tried 3 times)", "try again", 3),
    ("reset", 0, FileError, "the connection was lost before all bytes arrived (tried 3 times)", "try again", None),
    ("cut", 0, FileError, "the connection was lost before all bytes arrived (tried 3 times)", "try again", 3),
    ("chunkedcut", 0, FileError, "the connection was lost before all bytes arrived (tried 3 times)", "try again", 4),
    ("cutwhole", 0, FileError, "the connection was lost before all bytes arrived (tried 3 times)", "try again", 4),
    ("nolength", 0, FileError, "does not report the size of the file", "download", 2),
    ("tofile", 302, FileError, "redirects in a loop, or to an address", None, 1),
    ("circle", 302, FileError, "redirects in a loop, or to an address that cannot be read", None, None),
    ("html", 200, DataError, "content is HTML", "login", None),
    ("brotli", 200, FileError, "encoded as 'br'", "download", 1),
    ("short", 206, FileError, "the connection was lost before all bytes arrived (tried 3 times)", "try again", None),
    ("moved", 206, FileError, "the file changed while it was read", "run again", None),
    ("shrunk", 206, FileError, "the file changed while it was read", "run again", None),
]


@pytest.mark.parametrize(("how", "status", "kind", "message", "hint", "tries"), TABLE, ids=[row[0] for row in TABLE])
def test_errors_of_the_web(how, status, kind, message, hint, tries, web, monkeypatch):
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "2")
    path = "/ok/none.csv" if how == "none" else f"/{how}/big.csv"
    code, out, err = command("eval", f"{web.base}{path}?token=5ecret", "-t", "y", "-p", "p", "-l", "mse")
    assert (code, out) == (kind.exit_code, "")
    assert f"error: {message}" in err or message in err.splitlines()[0]
    assert f"   in: {web.base}{path}\n" in err + "\n"
    assert (hint or "") in err
    assert "5ecret" not in err
    assert "Traceback" not in err
    if tries is not None:
        assert len(web.asked) == tries


def answers_within(seconds: str, monkeypatch) -> None:
    """The time for an answer, which never comes; to connect may take longer on a busy machine."""
    monkeypatch.setenv("LOSSCLI_REMOTE_TIMEOUT", seconds)
    monkeypatch.setattr(stores, "settings", lambda: replace(settings(), connect=PATIENCE, first_answer=PATIENCE))


@pytest.mark.parametrize("how", ["hang", "stall"])
def test_silence_ends_in_a_time_out(how, web, monkeypatch):
    answers_within("0.2", monkeypatch)
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "1")
    error = refused(f"{web.base}/{how}/big.csv")
    assert error.message == "no answer within 0.2 s (tried 2 times)"


def test_no_server(monkeypatch, unused_port):
    error = refused(f"http://127.0.0.1:{unused_port}/a.csv?sig=5ecret")
    assert isinstance(error, FileError)
    assert error.message == "the server refuses the connection"
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{unused_port}")
    error = refused("s3://bucket/a.csv")
    assert isinstance(error, FileError)
    assert error.message == "the server refuses the connection"


@pytest.fixture
def unused_port():
    import socket

    with socket.socket() as taken:  # for as long as the test runs: nobody listens there, and nobody else can
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_unknown_names(monkeypatch):
    import socket

    def resolve(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = refused("https://no-such-host.invalid/a.csv")
    assert isinstance(error, FileError)
    assert error.message == "the name of the server cannot be resolved"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://no-such-host.invalid")
    error = refused("s3://bucket/a.csv")
    assert error.message == "the name of the server cannot be resolved"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("denied", "permission denied (HTTP 403)"),
        ("busy", "the server answered 503 Service Unavailable (tried 3 times)"),
        ("reset", "the connection was lost before all bytes arrived (tried 3 times)"),
        ("hang", "no answer within 0.3 s (tried 3 times)"),
    ],
)
def test_errors_of_an_object_store(key, message, web, monkeypatch):
    """The bucket is called like the behaviour of the server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.base)
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "2")
    if key == "hang":
        answers_within("0.3", monkeypatch)
    error = refused(f"s3://{key}/big.csv")
    assert isinstance(error, FileError)
    assert error.message == message
    assert error.path == f"s3://{key}/big.csv"
    if key == "hang":
        assert len(web.asked) <= 3
    elif key != "reset":  # after which the client may ask once more by itself
        assert len(web.asked) == (2 if key == "denied" else 3)  # the second asks why
    if key == "denied":
        assert "AWS_PROFILE" in (error.hint or "")


def test_an_object_store_that_gets_well(web, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.base)
    assert mse("s3://flaky/big.csv") == BIG_LOSS
    assert mse("s3://resetonce/big.csv") == BIG_LOSS


def test_bodies_of_an_object_store_are_whole_or_refused(web, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.base)
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "1")
    for how in ("cut", "short"):
        assert "the connection was lost" in refused(f"s3://{how}/big.csv").message
    assert refused("s3://whole/big.csv").message.startswith("the connection was lost")  # ranges are ignored


def test_credentials_that_were_renewed_are_those_that_are_used(web, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.base)

    def asked_as(scope):
        web.headers.clear()
        assert mse("s3://bucket/big.csv") == BIG_LOSS
        return all(scope in headers["Authorization"] for headers in web.headers)

    assert asked_as("Credential=test/")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "renewed")
    assert asked_as("Credential=renewed/")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    assert asked_as("/eu-central-1/s3/")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-this-session")
    assert asked_as("x-amz-security-token")
    assert "renewed" not in str(list(stores._STORES)) and "of-this-session" not in str(list(stores._STORES))


def test_no_credentials(web, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{web.base}/")
    error = refused("s3://bucket/big.csv")
    assert isinstance(error, FileError)
    assert "no valid credentials" in error.message
    assert "LOSSCLI_REMOTE_ANON=1" in (error.hint or "")
    monkeypatch.setenv("LOSSCLI_REMOTE_ANON", "1")
    assert mse("s3://bucket/big.csv") == BIG_LOSS
    assert not any("Authorization" in headers for headers in web.headers)


@pytest.mark.parametrize(
    ("name", "value"),
    [("TIMEOUT", "soon"), ("TIMEOUT", "0"), ("TIMEOUT", "nan"), ("RETRIES", "-1"), ("RETRIES", "1.5"),
     ("RETRIES", "inf"), ("ANON", "maybe")],
)  # fmt: skip
def test_settings_that_mean_nothing(name, value, monkeypatch, web):
    monkeypatch.setenv(f"LOSSCLI_REMOTE_{name}", value)
    error = refused(f"{web.base}/ok/preds.csv")
    assert isinstance(error, UsageError)
    assert f"got '{value}'" in error.message


def test_settings(monkeypatch):
    assert settings() == Settings(10, 60, 3, False)
    assert settings().patience == 8
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "0")
    for given in (2.5, 300):  # also longer than without it
        monkeypatch.setenv("LOSSCLI_REMOTE_TIMEOUT", str(given))
        assert settings() == Settings(given, given, 0, False, first_answer=given)
        assert settings().patience == given


@pytest.mark.parametrize("scheme", ["s3", "gs", "abfs", "https"])
def test_what_is_not_installed_is_named(scheme, monkeypatch):
    def missing(name: str) -> None:
        raise ImportError(f"Install it to access {name}")

    monkeypatch.setattr(stores, "_STORES", {})
    monkeypatch.setattr(fsspec, "get_filesystem_class", missing)
    error = refused(f"{scheme}://bucket/a.csv")
    assert isinstance(error, UsageError)
    assert error.hint == "pip install 'losscli[remote]'"
    monkeypatch.setitem(sys.modules, "fsspec", None)
    error = refused(f"{scheme}://bucket/a.csv")
    assert (error.message, error.exit_code) == (f"{scheme}:// needs the package fsspec", 2)


# ------------------------------------------------------------------------------------------- what goes over the wire


def test_only_the_wanted_columns_of_parquet_travel(web, s3, monkeypatch):
    data = preds(60_000, 20)
    web.files["wide.parquet"] = body = parquet_bytes(
        data, row_group_size=20_000, use_dictionary=False, compression="none"
    )
    meta = pq.ParquetFile(io.BytesIO(body)).metadata
    wanted = sum(
        meta.row_group(g).column(c).total_compressed_size for g in range(meta.num_row_groups) for c in range(2)
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.base)
    expected = losscli.evaluate(data, ["mse"], target="y", pred="p")["mse"].value
    for url in (f"{web.base}/ok/wide.parquet", "s3://bucket/wide.parquet"):
        web.sent = 0
        assert mse(url) == expected
        range_bytes = remote_input.HEAD + remote_input.TAIL
        assert wanted < web.sent + range_bytes
        assert web.sent <= wanted + range_bytes + 1000
        assert web.sent < len(body) / 4


def test_only_the_wanted_columns_of_arrow_travel(web):
    data = preds(200_000, 20)
    out = io.BytesIO()
    made = table(data)
    with pa.ipc.new_file(out, made.schema) as writer:
        writer.write_table(made, max_chunksize=100_000)
    web.files["wide.arrow"] = out.getvalue()
    assert mse(f"{web.base}/ok/wide.arrow") == losscli.evaluate(data, ["mse"], target="y", pred="p")["mse"].value
    assert web.sent < len(out.getvalue()) / 4


def test_a_small_file_is_one_request_and_the_check_at_the_end(web):
    remote(f"{web.base}/ok/preds.parquet")
    assert [asked[0] for asked in web.asked] == ["GET"]  # never HEAD: a signed URL is good for one method
    source = open_source([f"{web.base}/ok/preds.parquet"])
    assert len(web.asked) == 2
    list(source.fragments[0].batches({"y": "number"}))
    assert len(web.asked) == 3
    assert all(headers["Accept-Encoding"] == "identity" for headers in web.headers)


def test_blocks_come_ahead_of_the_reader(web, monkeypatch):
    monkeypatch.setattr(remote_input, "FIRST_BLOCK", 20_000)
    with remote(f"{web.base}/ok/big.csv").open() as stream:
        assert stream.read(16) == BIG[:16]
        assert len(web.asked) == 1
        got = BIG[:16] + stream.read(remote_input.HEAD)
        assert len(web.asked) == 2  # who reads one block more may only be looking
        got += stream.read(30_000)
        until(lambda: len(web.asked) == 5)
        got += stream.read(len(BIG))
        assert got == BIG
        assert stream.read(1) == b""


def test_handles_are_independent_and_threads_may_share_a_file(web, s3):
    data = preds(40_000, 6)
    web.files["many.parquet"] = body = parquet_bytes(data, row_group_size=4000, use_dictionary=False)
    s3.put_object(Bucket="bucket", Key="many.parquet", Body=body)
    for url in (f"{web.base}/ok/many.parquet", "s3://bucket/many.parquet"):
        source = remote(url)

        def group(index: int, source: RemoteInput = source) -> list[float]:
            with open_for_arrow(source) as file:
                return pq.ParquetFile(file).read_row_group(index, ["p"], use_threads=False).column(0).to_pylist()

        with ThreadPoolExecutor(8) as pool:
            groups = list(pool.map(group, range(10)))
        assert [value for values in groups for value in values] == data["p"].tolist()
    first, second = source.open_seekable(), source.open_seekable()
    first.seek(1000)
    assert second.tell() == 0
    assert first.read(10) == body[1000:1010]
    assert second.read(4) == b"PAR1"
    assert first.seek(-4, io.SEEK_END) == len(body) - 4
    assert first.read() == b"PAR1"
    assert first.read(1) == b""


def test_random_reads_are_the_bytes_of_the_file(web):
    rng = np.random.default_rng(3)
    handle = remote(f"{web.base}/ok/big.csv").open_seekable()
    assert handle.readable() and handle.seekable() and not handle.writable()
    for start, size in zip(rng.integers(0, len(BIG), 200), rng.integers(0, 90_000, 200), strict=True):
        handle.seek(int(start))
        assert handle.read(int(size)) == BIG[start : start + size]


def test_an_input_can_travel_to_another_process(web, s3):
    for url in (f"{web.base}/ok/big.csv?token=5ecret", "s3://bucket/files/big.csv"):
        source = remote(url)
        assert "5ecret" not in repr(source)
        code = "import pickle, sys; s = pickle.load(sys.stdin.buffer); s.verify(); print(len(s.open().read(1 << 30)))"
        environ = environment(**SECRETS, AWS_ENDPOINT_URL=os.environ["AWS_ENDPOINT_URL"])
        done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(source), env=environ, timeout=PATIENCE,
                              capture_output=True, check=True)  # fmt: skip
        assert int(done.stdout) == len(BIG)
        assert done.stderr == b""


def test_a_file_that_is_written_to_is_noticed(web, s3, monkeypatch):
    s3.put_object(Bucket="bucket", Key="moving.csv", Body=CSV)
    web.files["moving.csv"] = CSV
    # Of an object of S3, whose answers name its version, only what has not been read yet can be of another one.
    for url, head in (("s3://bucket/moving.csv", 1000), (f"{web.base}/ok/moving.csv", remote_input.HEAD)):
        monkeypatch.setattr(remote_input, "HEAD", head)
        part = open_source([url]).fragments[0]
        s3.put_object(Bucket="bucket", Key="moving.csv", Body=CSV.replace(b"1", b"2"))
        web.files["moving.csv"] = CSV.replace(b"1", b"2")
        with pytest.raises(FileError, match="the file changed while it was read"):
            list(part.batches({"y": "number", "p": "number"}))
        web.files["moving.csv"] = CSV


def test_a_change_is_noticed_by_the_next_block(web, monkeypatch):
    """The check at the end would notice, too; but what is read until then might already look like bad data."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.base)
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "1")
    for url in (f"{web.base}/moved/big.csv", f"{web.base}/shrunk/big.csv", "s3://shrunk/big.csv"):
        web.counts.clear()
        with pytest.raises(FileError, match="the file changed while it was read"):
            remote(url).open().read(len(BIG))


def test_a_copy_leaves_nothing_behind(web, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert mse(f"{web.base}/whole/preds.parquet") == LOSS
    refused(f"{web.base}/cutwhole/preds.parquet")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file(web, s3):
    for url in (f"{web.base}/ok/empty.csv", f"{web.base}/whole/empty.csv", "s3://bucket/files/empty.csv"):
        assert refused(url).message == "the file is empty (0 bytes)"


def test_the_same_file_twice_is_said_but_not_other_queries(web):
    url = f"{web.base}/ok/preds.csv"
    assert discover([url, url]).notes == (f"{url} is given 2 times, so its rows are counted that often",)
    assert discover([f"{url}?id=1", f"{url}?id=2"]).notes == ()


def test_ctrl_c_ends_the_waiting(web, tmp_path):
    args = [*LOSSCLI, "eval", f"{web.base}/hang/preds.csv", "-t", "y", "-p", "p", "-l", "mse"]
    patient = environment(LOSSCLI_REMOTE_TIMEOUT="3600")  # no answer comes, and no end but by the signal
    process = subprocess.Popen(args, env=patient, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: web.asked or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, b"", b"Interrupted.\n")


def test_a_process_that_ends_early_is_silent(web, s3):
    """Blocks on their way when an error ends the run must not be heard of."""
    web.files["bad.csv"] = BIG[: 200 << 10] + b"1,x\n" + BIG[200 << 10 :]
    done = subprocess.run([*LOSSCLI, "eval", f"{web.base}/slow/bad.csv", "-t", "y", "-p", "p", "-l", "mse"],
                          env=environment(), capture_output=True, text=True, timeout=PATIENCE)  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.count("\n") <= 3


# --------------------------------------------------------------------------------------------- stores without a server


@pytest.fixture
def shelf(monkeypatch):
    """fsspec's filesystem in memory under the names of stores that have no server on loopback."""
    from fsspec.implementations.memory import MemoryFileSystem

    class Shelf(MemoryFileSystem):
        protocol = ("gs", "abfs")
        store: ClassVar[dict[str, object]] = {}
        pseudo_dirs: ClassVar[list[str]] = [""]
        asked: ClassVar[list[dict[str, object]]] = []

        def __init__(self, **options: object) -> None:
            self.asked.append(options)
            super().__init__(use_listings_cache=False, skip_instance_cache=True)

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            bucket, slash, key = path.partition("://")[2].partition("/") if "://" in path else ("", "", path)
            return super()._strip_protocol(f"{bucket.partition('@')[0]}{slash}{key}" if bucket else key)

        @staticmethod
        def _get_kwargs_from_urls(url: str) -> dict[str, str]:
            account = url.partition("@")[2].partition(".")[0]
            return {"account_name": account} if account else {}

    monkeypatch.setattr(stores, "_STORES", {})
    monkeypatch.setattr(fsspec, "get_filesystem_class", lambda name: Shelf)
    for name, data in (
        ("part10.csv", b"y,p\n1,4\n"),
        ("part2.csv", b"y,p\n1,3\n"),
        ("preds.parquet", FILES["preds.parquet"]),
    ):
        Shelf().pipe_file(f"/bucket/run/{name}", data)
    Shelf.asked.clear()
    return Shelf


@pytest.mark.parametrize("prefix", ["gs://bucket", "abfs://bucket", "abfs://bucket@account.dfs.core.windows.net"])
def test_other_stores_go_the_same_way(prefix, shelf, monkeypatch):
    assert mse(f"{prefix}/run/preds.parquet") == LOSS
    assert mse(f"{prefix}/run/part*.csv") == (4 + 9) / 2
    assert refused(f"{prefix}/run/none.csv").message == "no such file"
    files = [file.path for file in discover([f"{prefix}/run/*.csv"]).files]
    assert [file.rpartition("/")[2] for file in files] == ["part2.csv", "part10.csv"]
    monkeypatch.setenv("LOSSCLI_REMOTE_ANON", "1")
    assert mse(f"{prefix}/run/part2.csv") == 4
    given = shelf.asked[-1]
    assert ("account_name" in given) == ("account" in prefix)
    if prefix.startswith("gs"):
        assert given["token"] == "anon"
        assert given["requests_timeout"].sock_read == 60
    else:
        assert given["anon"] is True
        assert (given["connection_timeout"], given["read_timeout"]) == (10, 60)


class HttpError(Exception):
    def __init__(self, code: object) -> None:
        super().__init__(f"see https://user:5ecret@host/path?sig=5ecret, {code}")
        self.code = code


class ServiceRequestError(Exception):
    def __init__(self, inner: Exception) -> None:
        super().__init__("cannot")
        self.inner_exception = inner


class ClientAuthenticationError(Exception):
    status_code = 401


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (HttpError(403), "denied", "permission denied (HTTP 403)"),
        (HttpError("503"), "transient", "503"),
        (HttpError(404), "missing", "no such file"),
        (HttpError(400), "permanent", "the server answered 400 Bad Request"),
        (HttpError(None), "permanent", "could not read: HttpError"),
        (OSError("Forbidden: https://storage.googleapis.com/b\nno"), "denied", "permission denied"),
        (ClientAuthenticationError(), "denied", "no valid credentials"),
        (ServiceRequestError(ConnectionRefusedError(111, "refused")), "permanent", "refuses the connection"),
        (TimeoutError(), "transient", "no answer within 60 s"),
        (ConnectionResetError(), "transient", "the connection was lost"),
    ],
)  # fmt: skip
def test_what_other_stores_raise_is_understood(error, kind, message):
    failure = explain(error, Settings())
    assert failure.kind == kind
    assert message in failure.message
    assert "5ecret" not in failure.message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("https://u:p@host:8080/a/b.csv?sig=x#f", "https://host:8080/a/b.csv"),
        ("https://host/a@b.csv", "https://host/a@b.csv"),
        ("HTTPS://u@host/a", "HTTPS://host/a"),
        ("s3://k:s@bucket/a?b.csv", "s3://bucket/a?b.csv"),
        ("s3://bucket/a.csv?sig=x", "s3://bucket/a.csv"),
        ("abfs://box@account.dfs.core.windows.net/a.csv?sv=1&sig=x", "abfs://box@account.dfs.core.windows.net/a.csv"),
        ("local/a?b=c.csv", "local/a?b=c.csv"),
        ("-", "-"),
    ],
)
def test_shown(path, expected):
    assert redacted(path) == expected


def test_marks_count_only_where_there_are_two():
    assert RemoteVersion(3, "a").same_as(RemoteVersion(3, "a"))
    assert RemoteVersion(3, "a").same_as(RemoteVersion(3, ""))
    assert not RemoteVersion(3, "a").same_as(RemoteVersion(3, "b"))
    assert not RemoteVersion(3, "").same_as(RemoteVersion(4, ""))


def test_the_help_names_every_setting():
    text = help.read("remote")[1]
    for word in ("LOSSCLI_REMOTE_TIMEOUT", "LOSSCLI_REMOTE_RETRIES", "LOSSCLI_REMOTE_ANON", "AWS_ENDPOINT_URL",
                 "losscli[remote]", "10", "60", "3"):  # fmt: skip
        assert word in text


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """A folder with predictions, an earlier report of them with its row values, and the state of each half."""
    monkeypatch.chdir(tmp_path)
    Path("preds.csv").write_bytes(CSV)
    run = ("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "mse")
    assert command(*run, "-o", "old.json", "-o", "rows=old.csv")[0] == 0
    assert command(*run, "-o", "report.json")[0] == 0
    for half in "12":
        assert command(*run, "--shard", f"{half}/2", "--state-out", f"s{half}.json")[0] == 0
    return {path.name: path.read_bytes() for path in Path().glob("*.json")} | {"old.csv": Path("old.csv").read_bytes()}


def placed(where: str, files: dict[str, bytes], web, s3) -> str:
    """The files in a store; the address of their folder."""
    if where == "web":
        web.files.update(files)
        return f"{web.base}/ok/"
    if where == "here":
        Path("saved").mkdir(exist_ok=True)
        for name, content in files.items():
            Path("saved", name).write_bytes(content)
        return "saved/"
    for name, content in files.items():
        s3.put_object(Bucket="bucket", Key=f"saved/{name}", Body=content)
    return "s3://bucket/saved/"


EVAL = ("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "mse")
GATE = ("--gate", "mse<baseline", "--baseline-missing", "skip")


@pytest.mark.parametrize("where", ["web", "s3"])
def test_baselines_reports_and_states_may_be_remote(where, web, s3, judged):
    at = placed(where, judged, web, s3)
    code, _, err = command(*EVAL, *GATE, "--baseline", f"{at}old.json")
    assert code == 1 and "failed" in err
    code, _, err = command(*EVAL, "--gate", "mse<=baseline+1% significant", "--baseline", f"{at}old.json")
    assert code == 0, err  # its row values are found beside it
    assert command("merge", f"{at}s2.json", f"{at}s1.json", "-o", "merged.json")[0] == 0
    assert Path("merged.json").read_bytes() == judged["report.json"]
    code, out, _ = command("diff", f"{at}old.json", "report.json", "-q")
    assert code == 0 and out
    code, _, err = command("diff", f"{at}old.json", f"{at}old.json")
    assert code == 0 and "are the same file" in err


@pytest.mark.parametrize("where", ["here", "web", "s3"])
def test_a_file_in_an_archive_is_no_report_and_no_state(where, web, s3, judged):
    at = placed(where, {"run.zip": zip_bytes(judged["old.json"])}, web, s3)
    member = f"{at}run.zip:preds.csv"
    for words in (
        *((*EVAL, "--gate", "mse<baseline", "--baseline", member, "--baseline-missing", how)
          for how in ("skip", "error", *["create"] * (where != "web"))),
        ("diff", member, "report.json"),
        ("diff", "report.json", member),
        ("merge", "s1.json", member),
        ("merge", "s1.json", "s2.json", "--baseline", member, "--baseline-missing", "skip"),
        ("eval", *EVAL[2:], "--shard", "1/2", "--state-out", "s.json", "--shard-plan", member),
        (*EVAL, "--checksums", member),
    ):  # fmt: skip
        code, out, err = command(*words)
        assert (code, out) == (2, "") and f"in: {member}" in err and "extract it from" in err, (words, err)
    placed(where, {"run.zip:preds.csv": judged["old.json"]}, web, s3)  # a file of exactly this name
    code, _, err = command(*EVAL, *GATE, "--baseline", member)
    assert code == 1 and "failed" in err
    if where == "s3":
        s3.delete_object(Bucket="bucket", Key="saved/run.zip:preds.csv")


@pytest.mark.parametrize("where", ["web", "s3"])
def test_only_a_baseline_that_the_store_does_not_have_is_skipped(where, web, s3, judged):
    at = placed(where, {}, web, s3)
    code, _, err = command(*EVAL, *GATE, "--baseline", f"{at}absent.json")
    assert code == 0 and "there is no baseline" in err
    code, _, err = command(*EVAL, "--gate", "mse<=baseline", "--baseline", f"{at}absent.json")
    assert code == 4 and "there is no baseline" in err


@pytest.mark.parametrize(
    ("url", "environment", "code", "message"),
    [
        ("{web}/denied/old.json", {}, 4, "permission denied"),
        ("{web}/broken/old.json", {"LOSSCLI_REMOTE_RETRIES": "0"}, 4, "500"),
        ("http://127.0.0.1:{port}/old.json", {}, 4, "refuses the connection"),
        ("s3://bucket/run", {}, 4, "it is a folder"),
        ("s3://bukket/old.json", {}, 4, "there is no such bucket"),
        ("hf://bucket/old.json", {}, 2, "cannot read hf://"),
        (
            "s3://bucket/old.json",
            {"AWS_ENDPOINT_URL": "https://127.0.0.1:9", "AWS_CA_BUNDLE": "/no/such.pem"},
            4,
            "a file of this machine",
        ),
    ],
)
def test_a_baseline_that_cannot_be_looked_at_is_never_missing(
    url, environment, code, message, web, s3, judged, unused_port, monkeypatch
):
    web.files["old.json"] = judged["old.json"]
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found, out, err = command(*EVAL, *GATE, "--baseline", url.format(web=web.base, port=unused_port))
    assert (found, out) == (code, "") and message in err and "there is no baseline" not in err


def test_secrets_of_a_baseline_are_not_shown(web, judged):
    web.files["old.json"] = judged["old.json"]
    url = f"{web.base}/ok/old.json".replace("://", "://user:word@") + "?sig=key"
    code, out, err = command(*EVAL, "--baseline", url, "-f", "json")
    assert code == 0 and '"baseline"' in out
    web.files["old.json"] = b"{}"
    code, _, more = command(*EVAL, "--baseline", url)
    assert code == 3 and not any(secret in out + err + more for secret in ("word@", "sig=key"))


def test_a_scheme_in_capitals_is_the_same(web, s3, judged):
    at = placed("s3", judged, web, s3).replace("s3://", "S3://")
    assert mse("S3://bucket/files/preds.csv") == mse(web.base.replace("http:", "HTTP:") + "/ok/preds.csv") == LOSS
    assert found("S3://bucket/run/part?.csv") == found("s3://bucket/run/part?.csv")
    code, _, err = command(*EVAL, *GATE, "--baseline", f"{at}old.json", "-o", f"{at}new.json")
    assert code == 1 and "failed" in err
    assert s3.head_object(Bucket="bucket", Key="saved/new.json")["ContentLength"] > 0
    assert discover([web.base.replace("http:", "HTTP:") + "/ok/preds.csv"]).notes == ()


# ------------------------------------------------------------------------------------------------------ hf://


def test_public_files_of_a_hub_are_read_from_its_server(web, judged, monkeypatch):
    monkeypatch.setattr(address, "HUB", f"{web.base}/ok")
    monkeypatch.setenv("HF_TOKEN", "5ecret")
    at = "datasets/ada/preds/resolve/main/a"
    zipped = archives()["two.zip"]
    web.files.update(
        {f"{at}/preds.csv": CSV, f"{at}/two.zip": zipped, "ada/model/resolve/v1/old.json": judged["old.json"]}
    )
    shown = f"{web.base}/ok/{at}/preds.csv"
    digest = hashlib.sha256(CSV).hexdigest()
    run = ("-t", "y", "-p", "p", "-l", "mse", "-f", "json", "--sha256", f"hf://datasets/ada/preds/a/preds.csv={digest}")
    code, out, err = command("eval", "hf://datasets/ada/preds/a/preds.csv", *run)
    report = json.loads(out)
    assert (code, report["results"][0]["value"]) == (0, LOSS)
    assert report["sources"] == [{"path": shown, "format": "csv", "rows": ROWS, "sha256": digest}]
    assert f"hf://datasets/ada/preds/a/preds.csv is read as {shown}" in err
    assert mse("HF://datasets/ada/preds@main/a/two.zip:a/preds.csv") == LOSS
    assert command(*EVAL, "--gate", "mse<=baseline", "--baseline", "hf://ada/model@v1/old.json")[0] == 0
    assert not any("5ecret" in str(headers) for headers in web.headers)
    assert discover([shown, "hf://datasets/ada/preds/a/preds.csv"]).doubled
    assert address.canonical("hf://datasets/ada/preds/a/preds.csv") == address.canonical(shown)
    assert address.on_the_web("s3://ada/model/a.csv") == "s3://ada/model/a.csv"


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("hf://datasets/ada/preds", "cannot read hf://", "names one file"),
        ("hf://datasets/ada/preds/*.csv", "cannot list its files", "name each file"),
        ("hf://ada/model@v1/a.csv?token=5ecret", "cannot read hf://", "names one file"),
    ],
)
def test_what_else_a_hub_has_is_refused(path, message, hint):
    error = refused(path)
    assert type(error) is UsageError and message in error.message and hint in error.hint
    assert "5ecret" not in f"{error.message} {error.path} {error.hint}"


# ---------------------------------------------------------------------------------------------- what must be local


@pytest.mark.parametrize("where", ["web", "s3"])
def test_a_list_of_checksums_may_be_remote(where, web, s3, tmp_path):
    digests = {name: hashlib.sha256(FILES[name]).hexdigest() for name in ("preds.csv", "big.csv")}
    listing = "".join(f"{digest}  ./{name}\n" for name, digest in digests.items()).encode()
    at = placed(where, {"SHA256SUMS": listing, "preds.csv": CSV, "big.csv": FILES["big.csv"]}, web, s3)
    query = "?sig=5ecret" if where == "web" else ""
    run = ("-t", "y", "-p", "p", "-l", "mse", "-f", "json", "--checksums", f"{at}SHA256SUMS{query}")
    code, out, err = command("eval", f"{at}preds.csv", f"{at}big.csv", *run)
    assert (code, err) == (0, "") and [each["sha256"] for each in json.loads(out)["sources"]] == [*digests.values()]
    placed(where, {"preds.csv": BIG}, web, s3)
    code, out, err = command("eval", f"{at}preds.csv", *run)
    assert (code, out) == (3, "") and f"expected {digests['preds.csv']}" in err
    placed(where, {"SHA256SUMS": b"nothing\n", "other.csv": CSV}, web, s3)
    code, out, err = command("eval", f"{at}preds.csv", *run)
    assert (code, out) == (3, "") and "not a list of SHA-256" in err and "5ecret" not in err
    code, out, err = command("eval", f"{at}preds.csv", *run[:-1], f"{at}absent")
    assert (code, out) == (4, "") and "no such file" in err


LOCAL_ONLY = [
    (("eval", "preds.csv", *EVAL[2:], "--engine", "dask", "--scheduler-file"), "--scheduler-file"),
    *(
        (("eval", "preds.csv", *EVAL[2:], "--engine", "dask", "--scheduler", "tls://127.0.0.1:9", option), option)
        for option in ("--tls-ca", "--tls-cert", "--tls-key")
    ),
    (("check", "--config"), "--config"),
]


@pytest.mark.parametrize(("words", "option"), LOCAL_ONLY, ids=[option for _, option in LOCAL_ONLY])
def test_what_must_be_a_local_file_says_so(words, option, tmp_path, monkeypatch):
    if "dask" in words:
        pytest.importorskip("distributed", reason="an extra: losscli[dask]")
    monkeypatch.chdir(tmp_path)
    Path("preds.csv").write_bytes(CSV)
    code, out, err = command(*words, "s3://key:5ecret@bucket/file")
    assert (code, out) == (2, "") and f"{option} must be a local file, and s3:// is none" in err and "5ecret" not in err
    code, out, err = command(*words, (tmp_path / "absent").as_uri())
    assert (code, out) == (4, "") and "no such file" in err and "file://" not in err

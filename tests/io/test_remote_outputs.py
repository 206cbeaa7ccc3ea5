"""Outputs in a real S3 server: the bytes of local files, or the old object, and never a part of a new one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from object_store import SECRETS, command, object_store, quick_retries
from processes import environment
from waiting import PATIENCE

from losscli.errors import FileError, UsageError
from losscli.io.remote import stores, upload
from losscli.io.remote.address import local_path
from losscli.io.write.atomic import check_writable, destination, replaced, same_file

pytest.importorskip("s3fs", reason="an extra: losscli[remote]")
botocore_errors = pytest.importorskip("botocore.exceptions", reason="an extra: losscli[remote]")

RUN = ("preds.csv", "-t", "y", "-p", "p")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quick_retries(monkeypatch)


@pytest.fixture(scope="module")
def store():
    with object_store("outputs") as found:
        yield found


@pytest.fixture
def s3(store, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", store[0])
    client = store[1]
    yield client
    for name in names(client):
        client.delete_object(Bucket="outputs", Key=name)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(5)
    rows = "".join(f"{y!r},{p!r},{q!r}\n" for y, p, q in rng.uniform(0.1, 0.9, (40, 3)).tolist())
    Path("preds.csv").write_text(f"y,p,q\n{rows}")
    return tmp_path


def names(client):
    return [each["Key"] for each in client.list_objects_v2(Bucket="outputs").get("Contents", ())]


def unfinished(client):
    """Uploads that were begun: their parts are no object, and are paid for."""
    return client.list_multipart_uploads(Bucket="outputs").get("Uploads", [])


def content(client, name):
    return client.get_object(Bucket="outputs", Key=name)["Body"].read()


OUTPUTS = [
    (("eval", *RUN, "-l", "mse"), ("-o", "{}report.json", "-o", "{}page.md", "-o", "junit={}junit.xml", "-o",
                                   "rows={}values.parquet")),
    (("eval", *RUN, "-l", "mse", "--shard", "1/1"), ("--state-out", "{}state.json")),
    (("rows", *RUN, "-l", "mse"), ("-o", "{}rows.csv")),
    (("rows", *RUN, "-l", "mse"), ("-o", "{}rows.arrow")),
    (("grad", *RUN, "-l", "mse"), ("-o", "parquet={}slopes")),
    (("calibrate", *RUN, "-l", "mse"), ("-o", "{}calibrated.jsonl", "--map", "{}map.json")),
    (("merge", "state.json"), ("-o", "{}merged.json")),
    (("merge", "state.json"), ("--state-out", "{}tree.json")),
    (("diff", "report.json", "merged.json"), ("-o", "{}diff.md")),
    (("eval", *RUN, "-l", "mse", "--baseline-missing", "create"), ("--baseline", "{}first.json")),
    (("eval", *RUN, "-l", "mse"), ("-o", "plot:residuals={}residuals.svg")),
    (("compare", *RUN, "-p", "q", "-l", "mse"), ("-o", "{}compared.json")),
    (("plan-shards", "preds.csv", "--shards", "2"), ("--plan-out", "{}plan.json")),
    (("check", "--config", "losscli.toml"), ("-o", "{}suites.json")),
]  # fmt: skip
SUITE = """[suites.a]
sources = ["preds.csv"]
target = "y"
pred = "p"
losses = ["mse"]
outputs = ["{}suite.json", "junit={}suite.xml"]
"""


def test_every_output_has_the_bytes_of_a_local_file(s3, folder):
    for words, outputs in OUTPUTS:
        for where in ("", "s3://outputs/out/"):
            Path("losscli.toml").write_text(SUITE.replace("{}", where))
            code, _, err = command(*words, *(each.format(where) for each in outputs))
            assert code == 0, (words, err)
        assert "s3://outputs/out/" in err or "-o" in outputs  # reports are written without a word
    inputs = {"preds.csv", "losscli.toml"}
    local = {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in inputs}
    assert len(local) == 20
    assert {name.removeprefix("out/"): content(s3, name) for name in names(s3)} == local
    assert unfinished(s3) == []
    assert json.loads(local["report.json"])["data"]["rows_file"] == "values.parquet"


def test_shards_read_a_plan_in_the_store(s3, folder):
    assert command("eval", *RUN, "-l", "mse", "-o", "whole.json")[0] == 0
    assert command("plan-shards", "preds.csv", "--shards", "2", "--plan-out", "s3://outputs/plan.json")[0] == 0
    run = ("eval", "--shard-plan", "s3://outputs/plan.json", *RUN[1:], "-l", "mse")
    for shard in ("1", "2"):
        assert command(*run, "--shard", f"{shard}/2", "--state-out", f"s3://outputs/{shard}.json")[0] == 0
        assert command(*run, "--shard", f"{shard}/2", "--state-out", f"s3://outputs/states/{shard}.json")[0] == 0
    both = ("s3://outputs/1.json", "s3://outputs/2.json")
    for named in (both, ("s3://outputs/states/",), ("s3://outputs/states/[12].json",), ("s3://outputs/states/*",)):
        code, _, err = command("merge", *named, "-o", "merged.json")
        assert code == 0, err
        assert Path("merged.json").read_bytes() == Path("whole.json").read_bytes()
        Path("merged.json").unlink()
    code, _, err = command(*run[:2], "s3://outputs/none.json", *run[3:], "--shard", "1/2", "--state-out", "x.json")
    assert code == 4 and "no such file" in err and not Path("x.json").exists()


def test_outputs_that_collide_are_refused_as_local_ones_are(s3, folder):
    for words in (
        ("eval", *RUN, "-l", "mse", "-o", "s3://outputs/a.json", "-o", "s3://outputs/a.json"),
        ("eval", *RUN, "-l", "mse", "-o", "json=s3://outputs/a.csv", "-o", "rows=s3://outputs/a.csv"),
        ("eval", "s3://outputs/a.csv", "-l", "mse", "-o", "s3://outputs/a.csv"),
        ("merge", "s3://outputs/a.json", "--state-out", "s3://outputs/a.json"),
        ("calibrate", *RUN, "-l", "mse", "-o", "s3://outputs/a.csv", "--map", "s3://outputs/a.csv"),
    ):
        code, out, err = command(*words)
        assert (code, out) == (2, ""), err
    assert names(s3) == []


def test_a_baseline_in_the_store_is_not_written_over(s3, folder):
    run = ("eval", *RUN, "-l", "mse", "--baseline", "s3://outputs/old.json")
    assert command(*run, "--baseline-missing", "create")[0] == 0
    before = content(s3, "old.json")
    code, _, err = command(*run, "--gate", "mse<=baseline", "-o", "s3://outputs/old.json")
    assert code == 2 and "would overwrite the baseline" in err
    code, _, err = command(*run, "--gate", "mse<=baseline", "--baseline-missing", "create")
    assert code == 0 and content(s3, "old.json") == before


@pytest.mark.parametrize("scheme", ["https", "http", "hf", "ftp"])
def test_what_cannot_be_written_to_is_refused_by_name(scheme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the source is absent, and not looked for
    for name in ("eval", "rows", "grad", "calibrate"):
        for given in {"eval": ("-o F.json", "-o rows=F.csv", "--state-out F", "--baseline F --baseline-missing create"),
                      "calibrate": ("-o F.csv", "--map F")}.get(name, ("-o F.csv",)):  # fmt: skip
            words = given.replace("F", f"{scheme}://b/f").split()
            code, out, err = command(name, "absent.csv", "-t", "y", "-p", "p", "-l", "mse", *words)
            assert (code, out) == (2, "") and f"writing to {scheme}:// is not supported" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "code", "message"),
    [
        ("s3://nowhere/a.json", 4, "there is no such bucket"),
        ("json=s3://outputs/folder/", 4, "it is a folder"),
        ("json=s3://outputs", 4, "it is a folder"),
        ("s3://key:5ecret@bucket/a.json", 2, "contains more than a s3:// path"),
    ],
)
def test_what_cannot_be_written_is_found_before_a_row_is_read(address, code, message, s3, folder):
    Path("preds.csv").write_text("y,p\n1,x\n")
    found, out, err = command("eval", *RUN, "-l", "mse", "-o", address)
    assert (found, out) == (code, "") and message in err and "5ecret" not in err
    assert message != "there is no such bucket" or "hint: check its name, and AWS_ENDPOINT_URL" in err


def refuse(monkeypatch, *operations):
    """The server denies these operations."""
    import s3fs

    real, seen = s3fs.S3FileSystem._call_s3, []

    async def call(self, method, *args, **arguments):
        seen.append(method)
        if (method, arguments.get("PartNumber")) in operations or method in operations:
            denied = {"Error": {"Code": "AccessDenied", "Message": "no 5ecret"},
                      "ResponseMetadata": {"HTTPStatusCode": 403}}  # fmt: skip
            raise botocore_errors.ClientError(denied, method)
        return await real(self, method, *args, **arguments)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", call)
    return seen


def test_no_permission_is_said_before_a_row_is_read(s3, folder, monkeypatch):
    Path("preds.csv").write_text("y,p\n1,x\n")
    refuse(monkeypatch, "create_multipart_upload")
    code, out, err = command("eval", *RUN, "-l", "mse", "-o", "s3://outputs/a.json")
    assert (code, out) == (4, "") and "permission denied" in err and "AWS_PROFILE" in err and "5ecret" not in err


def write(size, name="large"):
    with replaced(f"s3://outputs/{name}") as file:
        file.write(bytes(range(256)) * (size >> 8))


def test_a_large_file_goes_in_parts(s3, monkeypatch):
    monkeypatch.setattr(upload, "PART", 5 << 20)
    seen = refuse(monkeypatch)
    write(11 << 20)
    assert content(s3, "large") == bytes(range(256)) * (11 << 12)
    assert seen == ["create_multipart_upload", *["upload_part"] * 3, "complete_multipart_upload"]


@pytest.mark.parametrize("operation", [("upload_part", 2), "complete_multipart_upload", "put_object"])
def test_a_failure_midway_leaves_the_old_object_and_no_parts(operation, s3, monkeypatch):
    monkeypatch.setattr(upload, "PART", 5 << 20)
    s3.put_object(Bucket="outputs", Key="large", Body=b"old")
    refuse(monkeypatch, operation)
    with pytest.raises(FileError, match="permission denied"):
        write(1 << 20 if operation == "put_object" else 11 << 20)
    assert content(s3, "large") == b"old"
    assert unfinished(s3) == []


@pytest.mark.parametrize("there", ["ours", "encrypted", "unseen", "other", "nothing"])
def test_an_upload_whose_answer_was_lost_is_looked_at(there, s3, monkeypatch):
    """The store has completed the upload, or discarded it: the next attempt finds no such upload.

    What is said is what is known: tags of encrypted objects are not those of their parts, and one may write objects and
    not look at them.
    """
    import s3fs

    monkeypatch.setattr(upload, "PART", 5 << 20)
    if there == "other":
        s3.put_object(Bucket="outputs", Key="large", Body=b"old")
    real, seen = s3fs.S3FileSystem._call_s3, []

    async def call(self, method, *args, **arguments):
        seen.append(method)
        if method == "complete_multipart_upload" and seen.count(method) == 2:
            gone = {"Error": {"Code": "NoSuchUpload"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise botocore_errors.ClientError(gone, method)
        if method == "complete_multipart_upload":
            parts = arguments.pop("MultipartUpload")
            if there in ("ours", "encrypted", "unseen"):
                await real(self, method, *args, **arguments, MultipartUpload=parts)
            else:
                await real(self, "abort_multipart_upload", *args, **arguments)
            raise ConnectionResetError
        if method == "head_object" and there == "encrypted":
            return {**await real(self, method, *args, **arguments), "ETag": f'"{7:032x}-3"'}
        if there == "unseen" and method == "head_object":
            denied = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise botocore_errors.ClientError(denied, method)
        return await real(self, method, *args, **arguments)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", call)
    if there == "ours":
        write(11 << 20)
        assert content(s3, "large") == bytes(range(256)) * (11 << 12)
    elif there in ("encrypted", "unseen"):
        with pytest.raises(FileError, match="it is not known whether the upload was completed") as caught:
            write(11 << 20)
        unseen = there == "unseen"
        assert caught.value.code == ("IO_PERMISSION" if unseen else "IO_NETWORK")
        assert ("permission denied" if unseen else "does not tell its content") in caught.value.message
        assert isinstance(caught.value.__cause__, FileError) == unseen
    else:
        with pytest.raises(FileError, match="the store has discarded the upload") as caught:
            write(11 << 20)
        assert (caught.value.code, caught.value.path) == ("IO_NETWORK", "s3://outputs/large")
    assert seen.count("complete_multipart_upload") == 2
    assert unfinished(s3) == []
    if there == "other":
        assert content(s3, "large") == b"old"


def test_an_error_of_the_run_uploads_nothing(s3, folder):
    s3.put_object(Bucket="outputs", Key="rows.parquet", Body=b"old")
    Path("preds.csv").write_text("y,p\n" + "1,2\n" * 50 + "1,x\n")
    code, _, _ = command("rows", *RUN, "-l", "mse", "-o", "s3://outputs/rows.parquet")
    assert code == 3
    assert content(s3, "rows.parquet") == b"old" and names(s3) == ["rows.parquet"]
    assert unfinished(s3) == []


TERMINATED = """
import asyncio, s3fs, sys
from losscli.cli import entry
from losscli.io.remote import stores, upload
upload.PART = 5 << 20
real = s3fs.S3FileSystem._call_s3
async def call(self, method, *args, **arguments):
    if arguments.get("PartNumber") == 2:
        print("half", flush=True)
        await asyncio.sleep(3600)
    return await real(self, method, *args, **arguments)
s3fs.S3FileSystem._call_s3 = call
def run(args):
    with upload.uploaded("s3://outputs/large") as file:
        file.write(bytes(11 << 20))
entry._guarded = run
entry.leave(entry.run([]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM that a process could answer")
def test_term_in_the_middle_of_an_upload_leaves_the_old_object_and_no_parts(s3, tmp_path):
    s3.put_object(Bucket="outputs", Key="large", Body=b"old")
    environ = environment(**SECRETS, AWS_ENDPOINT_URL=os.environ["AWS_ENDPOINT_URL"], TMPDIR=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", TERMINATED], env=environ, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (143, "")
    assert content(s3, "large") == b"old" and unfinished(s3) == []
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_that_of_the_temporary_copy(s3, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (os.open("/dev/full", os.O_WRONLY), "/nowhere"))
    with pytest.raises(FileError, match="could not write a temporary copy") as caught:
        write(1 << 20)
    assert caught.value.code == "IO_NO_SPACE" and caught.value.path == "s3://outputs/large"
    assert names(s3) == []


@pytest.mark.parametrize("address", ["http://bob:5ecret@host/x.noext", "https://bob:5ecret@host/x.json?sig=5ecret",
                                     "s3://bob:5ecret@bucket/x.noext"])  # fmt: skip
def test_no_refusal_shows_a_password(address, folder):
    """Each of these is refused before anything is asked for."""
    run = ("eval", *RUN, "-l", "mse")
    shown = 0
    for words in (
        *((*run, "-o", f"{word}{address}") for word in ("", "json=", "foo=", "rows=")),
        (*run, "--baseline", address, "--baseline-missing", "create", "-o", f"junit={address}"),
        ("rows", *RUN, "-l", "mse", "-o", address),
        (*run, "--table", address),
        (*run, "--sha256", f"{address}={'a' * 64}"),
        (*run, "--sha256", f"{address}={'a' * 64}", "--sha256", f"{address}={'b' * 64}"),
        (*run, "--sha256", f"file={address}"),
    ):
        code, out, err = command(*words)
        assert (code, out) == (2, "") and "5ecret" not in err, (words, err)
        shown += "://" in err
    assert shown >= 8


@pytest.mark.parametrize("address", ["gs://bucket/a/b.txt", "abfs://box@account.dfs.core.windows.net/a/b.txt"])
def test_other_stores_get_the_file_as_a_whole(address, monkeypatch):
    """Their libraries upload in parts that nobody sees before the last one."""
    import fsspec
    from fsspec.implementations.memory import MemoryFileSystem

    put = []

    class Shelf(MemoryFileSystem):
        def __init__(self, **_):
            super().__init__(use_listings_cache=False, skip_instance_cache=True)

        @classmethod
        def _strip_protocol(cls, path):
            return "/" + path.partition("://")[2].replace("@account.dfs.core.windows.net", "")

        @staticmethod
        def _get_kwargs_from_urls(_):
            return {}

        def info(self, path, **_):
            if path.strip("/") in ("bucket", "box"):
                return {"type": "directory", "size": 0}
            raise FileNotFoundError(path)

        def put_file(self, lpath, rpath, **_):
            put.append((Path(lpath).read_bytes(), rpath))

    monkeypatch.setattr(stores, "_STORES", {})
    monkeypatch.setattr(fsspec, "get_filesystem_class", lambda _: Shelf)
    check_writable(address)  # there is no such file yet
    with replaced(address) as file:
        file.write(b"content")
        assert put == []
    assert [(data, path.partition("/a/")[2]) for data, path in put] == [(b"content", "b.txt")]
    with pytest.raises(KeyError), replaced(address) as file:
        raise KeyError
    assert len(put) == 1
    with pytest.raises(FileError, match="there is no such"):
        check_writable(address.replace("bucket", "none").replace("box", "none"))


# ------------------------------------------------------------------------------------------------------- file://


def test_addresses_of_this_machine_are_local_files(folder):
    (folder / "a b.csv").write_text("y,p\n1,2\n")
    at = folder.as_uri()
    code, out, _ = command("eval", f"{at}/a%20b.csv", *RUN[1:], "-l", "mse", "-q", "-o", f"{at}/out.json")
    assert (code, out) == (0, "1.0\n")
    assert json.loads(Path("out.json").read_text())["sources"][0]["path"] == str(folder / "a b.csv")
    run = ("eval", *RUN, "-l", "mse")
    assert command(*run, "--shard", "1/1", "--state-out", f"{at}/state.json")[0] == 0
    assert command("merge", f"{at}/state.json", "-o", f"json={at}/merged.json")[0] == 0
    assert command(*run, "--gate", "mse<=baseline", "--baseline", f"{at}/merged.json")[0] == 0
    assert command("rows", *RUN, "-l", "mse", "-o", f"{at}/rows.csv")[0] == 0
    assert command("diff", f"{at}/merged.json", "merged.json")[0] == 0
    code, _, err = command(*run, "-o", f"csv={at}/preds.csv")
    assert code == 2 and "is an input" in err
    digest = __import__("hashlib").sha256(Path("preds.csv").read_bytes()).hexdigest()
    assert command(*run, "--sha256", f"{at}/preds.csv={digest}")[0] == 0
    assert same_file(f"{at}/preds.csv", ["preds.csv"]) and destination(f"{at}/preds.csv") == destination("preds.csv")
    assert command("check", "--init", "preds.csv", "-o", "s3://outputs/losscli.toml")[0] == 2


def test_addresses_of_other_machines_are_no_local_files():
    assert local_path("file://localhost/a%3Fb") == "/a?b"
    for address in ("file://elsewhere/a.csv", "file:///a.csv?b=1", "file://"):
        with pytest.raises(UsageError, match="not the address of a file of this machine"):
            local_path(address)

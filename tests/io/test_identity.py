"""The same data twice in a run is found by what it is, however it is spelt or linked, and is said or refused."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment

import losscli
from losscli.cli.entry import run
from losscli.errors import UsageError
from losscli.io.files.discover import discover
from losscli.io.files.found import FoundFile
from losscli.io.files.identity import identity_of, tag_identity
from losscli.io.files.open import open_source
from losscli.io.remote.address import Address, RemoteVersion

TABLE = "id,y,p\na,1,1.5\nb,2,2\n"
SCORE = ("-t", "y", "-p", "p", "-l", "mae")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "copy.csv").write_text(TABLE)
    (tmp_path / "link.csv").symlink_to("a.csv")
    os.link("a.csv", "hard.csv")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text(TABLE)
    (tmp_path / "also").symlink_to("data")
    return tmp_path


def said(capfd, *words):
    code = run([str(word) for word in words])
    return code, *capfd.readouterr()


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (["a.csv", "./a.csv"], "a.csv and ./a.csv are the same file, so its rows are counted 2 times"),
        (["a.csv", "data/../a.csv"], "a.csv and data/../a.csv are the same file, so its rows are counted 2 times"),
        (["a.csv", "link.csv"], "a.csv and link.csv are the same file, so its rows are counted 2 times"),
        (["hard.csv", "a.csv"], "hard.csv and a.csv are the same file, so its rows are counted 2 times"),
        (["a.csv", "link.csv", "a.csv"], "a.csv and link.csv are the same file, so its rows are counted 3 times"),
        (["a.csv", "{here}/a.csv"], "are the same file, so its rows are counted 2 times"),
        (["data", "data/x.csv"], "data/x.csv is given 2 times, so its rows are counted that often"),
        (["data", "also"], "data/x.csv and also/x.csv are the same file, so its rows are counted 2 times"),
        (["data/*.csv", "./data"], "data/x.csv and ./data/x.csv are the same file, so its rows are counted 2 times"),
        (["[al]*.csv"], "a.csv and link.csv are the same file, so its rows are counted 2 times"),
    ],
    ids=str,
)
def test_one_file_under_several_names_is_said_in_the_report_too(sources, message, folder, capfd):
    words = [source.format(here=folder) for source in sources]
    code, out, err = said(capfd, "eval", *words, *SCORE, "-f", "json", "--error-format", "text")
    assert code == 0
    assert [line for line in err.splitlines() if message in line] and err.count("counted") == 1
    warnings = [warning["message"] for warning in json.loads(out)["warnings"]]
    assert len(warnings) == 1 and message in warnings[0]
    assert [w.message for w in losscli.evaluate(words, "mae", target="y", pred="p").warnings] == warnings
    assert "::warning title=losscli::" in said(capfd, "eval", *words, *SCORE, "-f", "github")[1]


def test_copies_are_other_files(capfd):
    assert said(capfd, "eval", "a.csv", "copy.csv", "data", *SCORE)[2] == ""


def test_shards_keep_it(capfd):
    for shard in (1, 2):
        words = ("--shard", f"{shard}/2", "--state-out", f"s{shard}.json")
        assert said(capfd, "eval", "a.csv", "link.csv", *SCORE, *words)[0] == 0
    message = "a.csv and link.csv are the same file, so its rows are counted 2 times"
    assert f"warning: {message}\n" in said(capfd, "merge", "s1.json", "s2.json")[2]


@pytest.mark.parametrize("targets", ["a.csv", "./a.csv", "link.csv", "hard.csv"])
def test_a_file_is_not_joined_with_itself(targets, capfd):
    code, _, err = said(capfd, "eval", "a.csv", "--targets", targets, "--on", "id", *SCORE)
    assert code == 2
    assert "given as SOURCE and as --targets" in err
    with pytest.raises(UsageError, match="as SOURCE and as --targets"):
        losscli.evaluate("a.csv", "mae", targets=targets, on="id", target="y", pred="p")


@pytest.mark.parametrize("other", ["a.csv", "link.csv", "hard.csv"])
def test_models_of_one_file_are_said(other, capfd):
    code, out, err = said(capfd, "compare", "m=a.csv", f"n={other}", *SCORE, "-f", "json", "--error-format", "text")
    assert code == 0
    message = "'m' and 'n' are models of the same file, a.csv"
    assert f"note: {message}\n" in err
    assert message in [warning["message"] for warning in json.loads(out)["warnings"]]
    assert "same file" not in said(capfd, "compare", "m=a.csv", "n=copy.csv", *SCORE)[2]


def test_one_table_in_memory_twice_is_said():
    table = {"id": ["a", "b"], "y": [1.0, 2.0], "p": [1.5, 2.0]}
    settings = {"target": "y", "pred": "p"}
    report = losscli.compare({"m": table, "n": table}, "mae", **settings)
    assert "'m' and 'n' are models of the same table, <memory>" in [warning.message for warning in report.warnings]
    report = losscli.compare({"m": table, "n": dict(table)}, "mae", **settings)
    assert not [warning for warning in report.warnings if "same" in warning.message]
    with pytest.raises(UsageError, match="as SOURCE and as --targets"):
        losscli.evaluate(table, "mae", targets=table, on="id", **settings)


def test_a_report_beside_itself_is_said(capfd):
    said(capfd, "eval", "a.csv", *SCORE, "-o", "r.json")
    os.link("r.json", "again.json")
    message = "r.json and again.json are the same file, so no number can have changed"
    assert message in said(capfd, "diff", "r.json", "again.json")[2]
    said(capfd, "eval", "a.csv", *SCORE, "-o", "new.json")
    assert "same file" not in said(capfd, "diff", "r.json", "new.json")[2]


@pytest.mark.parametrize(
    "words",
    [
        ("-", "/dev/stdin"),
        ("/dev/fd/0", "-"),
        ("-", "--targets", "/dev/stdin", "--on", "id"),
        ("-", "--targets", "-", "--on", "id"),
        ("-", "--table", "params=/dev/stdin", "-l", "l2_penalty"),
    ],
    ids=str,
)
def test_standard_input_is_read_once_under_all_its_names(words, folder):
    done = subprocess.run(
        [sys.executable, "-m", "losscli", "eval", *words, *SCORE], input=TABLE, capture_output=True, text=True,
        cwd=folder, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "only once" in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_standard_input_too(folder):
    with Path("a.csv").open() as file:
        done = subprocess.run([sys.executable, "-m", "losscli", "eval", "-", "link.csv", *SCORE], stdin=file, text=True,
                              capture_output=True, cwd=folder, env=environment(), check=False)  # fmt: skip
    assert done.returncode == 0
    assert "standard input and link.csv are the same file, so its rows are counted 2 times" in done.stderr


def test_a_pipe_is_not_read_twice(folder):
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match=r"pipe and \./pipe are the same input, which can be read only once"):
        discover(["pipe", "./pipe"])


def test_a_standard_input_that_is_no_file(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TABLE.encode())))
    assert identity_of(FoundFile("-")) == identity_of(FoundFile("-"))
    assert losscli.evaluate("-", "mae", target="y", pred="p")["mae"].value == 0.25


def remote(url):
    return identity_of(FoundFile(url, remote=Address(url)))


@pytest.mark.parametrize(
    "other",
    [
        "https://host.org/a/b%20c.csv?v=1", "HTTPS://HOST.org/a/b c.csv?v=1", "https://host.org:443/a/b%20c.csv?v=1",
        "https://me:pw@host.org/a/b%20c.csv?v=1", "https://host.org/a/./x/../b%20c.csv?v=1#top",
        "https://host.org//a/b%20c.csv?v=1",
    ],
)  # fmt: skip
def test_spellings_of_an_address(other):
    assert remote("https://host.org/a/b%20c.csv?v=1") == remote(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://host.org/a.csv?v=1", "https://host.org/a.csv?v=2"),
        ("https://host.org/a.csv", "http://host.org/a.csv"),
        ("https://host.org/a.csv", "https://host.org:8443/a.csv"),
        ("https://host.org/a.csv", "https://host.org/A.csv"),
        ("s3://bucket/a.csv", "s3://bucket/A.csv"),
        ("s3://bucket/a.csv", "s3://bucket/./a.csv"),
        ("s3://bucket/a.csv", "gs://bucket/a.csv"),
    ],
)
def test_other_addresses(one, other):
    assert remote(one) != remote(other)


def test_schemes_of_one_store():
    assert remote("gs://bucket/a.csv") == remote("gcs://bucket/a.csv")
    assert remote("abfs://c@acc.dfs.core.windows.net/a.csv") == remote("abfss://c@acc.dfs.core.windows.net/a.csv")


def test_an_etag_tells_a_file_and_a_time_does_not():
    assert tag_identity(RemoteVersion(5, "x", True)) == tag_identity(RemoteVersion(5, "x", True))
    assert tag_identity(RemoteVersion(5, "x", True)) != tag_identity(RemoteVersion(6, "x", True))
    assert tag_identity(RemoteVersion(5, "2024-01-01 00:00:00")) is None


def test_one_remote_file_under_two_addresses_is_said():
    pytest.importorskip("aiohttp", reason="an extra: losscli[remote]")
    from remote_servers import serving

    with serving() as server:
        server.files.update({"a.csv": TABLE.encode(), "b.csv": TABLE.encode(), "c.csv": TABLE.upper().encode()})
        one, other, third = (f"{server.base}/ok/{name}.csv" for name in "abc")
        source = open_source([one, other, third])
        message = f"{one} and {other} are the same file (by their ETag and size), so its rows are counted 2 times"
        assert source.notes == source.doubled == (message,)
        assert open_source([one, f"{one}#x"]).doubled == (
            f"{one} is given 2 times, so its rows are counted that often",
        )

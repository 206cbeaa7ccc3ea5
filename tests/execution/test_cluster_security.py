"""How a cluster is found and trusted: scheduler files, Dask's own variable, and certificates made for the test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from certificates import authority
from cluster_processes import Cluster, tls_files, tls_options, with_patience
from test_shards import table, write

pytest.importorskip("distributed", reason="an extra: losscli[dask]")

from losscli.cli.entry import run

SCORE = ("-t", "y", "-p", "p", "-l", "mse", "-f", "json", "--error-format", "text", "--engine", "dask")


def tls(folder):
    return tls_options(tls_files(folder))


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("ours") / "files", "ours")


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("other") / "files", "other")


@pytest.fixture(scope="module")
def secured(ours, tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("secured"), ours)
    made.worker()
    yield made
    made.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data"), "parquet", table(300))


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    with_patience(monkeypatch)
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS", raising=False)


def told(capfd, code, *args):
    """What is said on standard error, where nothing stands on standard output."""
    capfd.readouterr()
    assert run(list(map(str, args))) == code
    out, err = capfd.readouterr()
    assert code == 0 or out == ""
    return err if code else (out, err)


def expected(data, capfd):
    return told(capfd, 0, "eval", data, *SCORE[:-2])[0]


def test_a_cluster_with_certificates(secured, ours, data, capfd):
    assert secured.address.startswith("tls://")
    here = expected(data, capfd)
    assert told(capfd, 0, "eval", data, *SCORE, "--scheduler", secured.address, *tls(ours)) == (here, "")
    assert told(capfd, 0, "eval", data, *SCORE, "--scheduler-file", secured.file, *tls(ours)) == (here, "")


def test_certificates_of_dasks_configuration(secured, ours, data, capfd):
    import dask

    given = {"ca-file": "ca.pem", "client.cert": "cert.pem", "client.key": "key.pem"}
    found = {f"distributed.comm.tls.{name}": str(ours / file) for name, file in given.items()}
    with dask.config.set(found):
        assert told(capfd, 0, "eval", data, *SCORE, "--scheduler", secured.address)[1] == ""


def test_certificates_that_open_nothing(secured, ours, other, data, tmp_path, capfd):
    args = ("eval", data, *SCORE, "--scheduler", secured.address)
    said = told(capfd, 4, *args, "--tls-ca", other / "ca.pem", *tls(ours)[2:])
    assert f"is not signed by the authority {other / 'ca.pem'}" in said
    assert "refuses our certificate" in told(capfd, 4, *args, *tls(ours)[:2], *tls(other)[2:])
    assert "needs certificates" in told(capfd, 2, *args)
    missing = tmp_path / "nowhere.pem"
    said = told(capfd, 4, *args, "--tls-ca", missing, *tls(ours)[2:])
    assert str(missing) in said
    assert "no such file" in said
    (tmp_path / "no.pem").write_text("no certificate")
    assert "cannot be read" in told(capfd, 4, *args, "--tls-ca", tmp_path / "no.pem", *tls(ours)[2:])
    assert "cannot be read" in told(capfd, 4, *args, *tls(ours)[:4], "--tls-key", other / "key.pem")


def test_certificates_are_for_a_tls_address(ours, data, capfd):
    assert "needs a scheduler at a tls:// address" in told(capfd, 2, "eval", data, *SCORE, *tls(ours))
    plain = ("--scheduler", "tcp://127.0.0.1:9")
    assert "this one is at tcp://127.0.0.1:9" in told(capfd, 2, "eval", data, *SCORE, *plain, *tls(ours))
    assert "--tls-ca is for --engine dask" in told(capfd, 2, "eval", data, *SCORE[:-2], *tls(ours))


def test_a_scheduler_without_tls(tmp_path, ours, data, capfd, monkeypatch):
    made = Cluster(tmp_path)
    try:
        place = made.address.removeprefix("tcp://")
        said = told(capfd, 4, "eval", data, *SCORE, "--scheduler", f"tls://{place}", *tls(ours))
        assert "does not speak TLS" in said or "no scheduler answers" in said
    finally:
        made.close()


def test_dasks_own_variable_is_announced(data, capfd, monkeypatch, secured, ours):
    import dask

    here = expected(data, capfd)
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", secured.address)
    with dask.config.set({"scheduler-address": secured.address}):  # as Dask reads it when it is loaded
        out, err = told(capfd, 0, "eval", data, *SCORE, *tls(ours))
    assert (out, err) == (here, f"note: the Dask scheduler is {secured.address}, from DASK_SCHEDULER_ADDRESS\n")
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS")
    with dask.config.set({"scheduler-address": "tcp://10.9.8.7:1"}):
        assert "--insecure-scheduler" in told(capfd, 2, "eval", data, *SCORE)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": 1}'])
def test_what_is_no_file_of_a_scheduler(text, data, tmp_path, capfd):
    path = tmp_path / "scheduler.json"
    path.write_text(text)
    said = told(capfd, 4, "eval", data, *SCORE, "--scheduler-file", path)
    assert "this is not the file of a Dask scheduler" in said
    path.unlink()
    assert "no such file" in told(capfd, 4, "eval", data, *SCORE, "--scheduler-file", path).lower()
    assert "both say which cluster" in told(capfd, 2, "eval", data, *SCORE, "--scheduler", "tcp://127.0.0.1:9",
                                            "--scheduler-file", path)  # fmt: skip


def test_a_timeout_that_is_none(data, capfd):
    assert "at least 1 second" in told(capfd, 2, "eval", data, *SCORE, "--worker-timeout", "0.5")
    assert "at least 1 second" in told(capfd, 2, "eval", data, *SCORE, "--worker-timeout", "nan")


def test_the_address_in_a_file_is_judged_too(data, tmp_path, capfd):
    path = Path(tmp_path / "scheduler.json")
    path.write_text(json.dumps({"address": "tcp://10.9.8.7:1"}))
    assert "--insecure-scheduler" in told(capfd, 2, "eval", data, *SCORE, "--scheduler-file", path)

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
from losscli.execution.engines.scheduler_address import check_address, shown
from losscli.execution.engines.security import Tls, refused_connection

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


TLS = ("--scheduler", "tls://127.0.0.1:9")  # where certificates are judged before anything is sent
DASK = {
    "ca": ("ca-file", "DASK_DISTRIBUTED__COMM__TLS__CA_FILE"),
    "cert": ("client.cert", "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT"),
    "key": ("client.key", "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY"),
}


def options(**files):
    return [text for name, path in files.items() for text in (f"--tls-{name}", path)]


@pytest.mark.parametrize(
    ("given", "missing"),
    [("ca", "cert"), ("cert", "ca"), ("key", "ca"), ("ca cert", "key"), ("ca key", "cert"), ("cert key", "ca")],
)
def test_a_missing_certificate_is_named_as_the_others_are(given, missing, ours, data, capfd, monkeypatch):
    import dask

    files = {name: str(ours / f"{name}.pem") for name in given.split()}
    args = ("eval", data, *SCORE, *TLS)
    assert f"error: --tls-{missing} is missing" in told(capfd, 2, *args, *options(**files))
    settings = {f"distributed.comm.tls.{DASK[name][0]}": path for name, path in files.items()}
    with dask.config.set(settings):
        setting = f"distributed.comm.tls.{DASK[missing][0]}"
        assert f"error: {setting} of Dask's configuration is missing" in told(capfd, 2, *args)
        monkeypatch.setenv(DASK[next(iter(files))][1], "as Dask reads it when it is loaded")
        assert f"error: {DASK[missing][1]} is missing" in told(capfd, 2, *args)
        again = {name: files[name] for name in list(files)[:1]}  # one by an option, so the missing one is an option
        assert f"error: --tls-{missing} is missing" in told(capfd, 2, *args, *options(**again))


def test_the_file_that_is_no_certificate_is_the_one_that_is_named(ours, other, data, tmp_path, capfd):
    import dask

    no = tmp_path / "no.pem"
    no.write_text("no certificate")
    good = {name: ours / f"{name}.pem" for name in DASK}
    args = ("eval", data, *SCORE, *TLS)
    what = {"ca": "the certificate of the authority", "cert": "the certificate", "key": "the key"}
    for name, text in what.items():
        said = told(capfd, 4, *args, *options(**{**good, name: no}))
        assert f"error: {text} cannot be read: " in said
        assert f"in: {no}" in said
        settings = {f"distributed.comm.tls.{DASK[name][0]}": str(no)}
        with dask.config.set(settings):
            said = told(capfd, 4, *args, *options(**{one: path for one, path in good.items() if one != name}))
        assert f"error: {text}, which Dask's configuration names, cannot be read: " in said
        assert f"in: {no}" in said
    said = told(capfd, 4, *args, *options(**good)[:4], "--tls-key", other / "key.pem")
    assert f"in: {other / 'key.pem'}" in said
    assert "read: none" not in said
    said = told(capfd, 4, *args, *options(ca=ours / "ca.pem", cert=no))
    assert f"in: {no}" in said


def test_a_certificate_with_its_key_in_one_file(secured, ours, data, tmp_path, capfd):
    both = tmp_path / "both.pem"
    both.write_bytes((ours / "key.pem").read_bytes() + (ours / "cert.pem").read_bytes())
    args = ("eval", data, *SCORE, "--scheduler", secured.address, "--tls-ca", ours / "ca.pem")
    assert told(capfd, 0, *args, "--tls-cert", both)[1] == ""


@pytest.mark.parametrize(
    ("address", "why"),
    [("", "it is empty"), (" ", "it is empty"), ("garbage", "it is not HOST:PORT"), ("tls://h", "it is not HOST:PORT"),
     ("tls://h:x", "it is not HOST:PORT"), ("tcp://::1:1", "it is not HOST:PORT"), ("h:65536", "its port is not 1 to"),
     ("wss://", "it names no host"), ("spam://h:1", "Dask does not speak spam:// here"),
     ("https://h:1", "Dask does not speak https:// here"), ("TLS://h:1", "Dask does not speak TLS:// here")],
)  # fmt: skip
def test_what_is_no_address(address, why, data, tmp_path, capfd):
    import dask

    said = told(capfd, 2, "eval", data, *SCORE, "--scheduler", address)
    assert f"error: '{address}' is not the address of a scheduler: {why}" in said
    with dask.config.set({"scheduler-address": address}):
        said = told(capfd, 2, "eval", data, *SCORE)
    assert f"error: '{address}', found in Dask's configuration, is not the address of a scheduler: {why}" in said


@pytest.mark.parametrize(
    "address",
    ["h:1", "tcp://h:1", "[::1]:1", "tls://[::1]:65535", "ws://h", "wss://h/a/b?token=c", "wss://a:b@h:1", "inproc://1/2/3"],
)  # fmt: skip
def test_what_dask_takes_is_an_address(address):
    check_address(address, None)


@pytest.mark.parametrize(
    ("address", "public"),
    [("tcp://bob:HUNTER2@127.0.0.1:1", "tcp://127.0.0.1:1"), ("bob:HUNTER2@h:1", "h:1"), ("tls://h:1", "tls://h:1"),
     ("wss://h/a?token=HUNTER2#HUNTER2", "wss://h/a"), ("wss://h/?token=HUNTER2@HUNTER2", "wss://…"),
     ("ws://bob:HUNTER?2@h", "ws://…"), ("tls://bob:HUNTER2://@h:1", "tls://h:1"), ("", "")],
)  # fmt: skip
def test_addresses_are_shown_without_secrets(address, public):
    assert shown(address) == public


def test_no_message_has_the_password_of_an_address(ours, data, tmp_path, capfd):
    secret = "bob:HUNTER2@127.0.0.1:1"
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": f"tcp://{secret}"}))
    far = ("--scheduler", "ws://bob:HUNTER2@far:1")
    for args in [("--scheduler", f"tcp://{secret}"), ("--scheduler", secret), ("--scheduler-file", file), far,
                 (*far, *tls(ours)), ("--scheduler", f"wss://{secret}")]:  # fmt: skip
        said = told(capfd, 2, "eval", data, *SCORE, *args)
        assert "HUNTER2" not in said
        assert "bob" not in said
        assert ("have no user and password" in said) == ("far" not in said and "wss" not in said)
    for address in (f"ws://{secret}", f"wss://{secret}/a?token=HUNTER2"):
        raised = refused_connection(address, Tls(), ValueError(f"cannot reach {address}, or not"))
        assert "HUNTER2" not in str(raised)
        assert str(raised).count("//127.0.0.1:1") == 2


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

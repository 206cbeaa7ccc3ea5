"""Errors of stores by their cause, each with its fix; no secret in any, and no file taken for missing."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import types
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from object_store import SECRETS, command, object_store, quick_retries
from remote_servers import Handler, Server

from losscli.errors import FileError
from losscli.io.remote import first_answer, stores
from losscli.io.remote.address import Address, sanitized_text
from losscli.io.remote.causes import cause_of
from losscli.io.remote.first_answer import within_patience
from losscli.io.remote.settings import BUNDLES, Settings, settings
from losscli.io.remote.stores import GoogleStore, ObjectStore, Store
from losscli.io.remote.transfer import run
from losscli.io.remote.whole import read_whole

pytest.importorskip("s3fs", reason="an extra: losscli[remote]")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quick_retries(monkeypatch)


def refusal(url: str) -> FileError:
    with pytest.raises(FileError) as caught:
        read_whole(url)
    said = f"{caught.value.message} {caught.value.hint} {caught.value.path}"
    assert "5ecret" not in said and "Traceback" not in said
    return caught.value


# ------------------------------------------------------------------------------------------------------------ S3

ANSWERS = {
    "expired": (400, "ExpiredToken", ""),
    "badtoken": (400, "InvalidToken", ""),
    "otherkey": (403, "InvalidAccessKeyId", "<AWSAccessKeyId>5ecret</AWSAccessKeyId>"),
    "signature": (403, "SignatureDoesNotMatch", "<StringToSign>5ecret</StringToSign>"),
    "late": (403, "RequestTimeTooSkewed", ""),
    "forbidden": (403, "AccessDenied", ""),
    "malformed": (400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
    "moved": (301, "PermanentRedirect", "<Endpoint>moved.s3-eu-west-1.amazonaws.com</Endpoint>"),
    "frozen": (403, "InvalidObjectState", ""),
    "full": (507, "XMinioStorageFull", ""),
    "quota": (403, "QuotaExceeded", ""),
    "nospace": (507, "", ""),
    "toolarge": (400, "EntityTooLarge", ""),
    "proxy": (413, "", ""),
    "other": (400, "SomethingNew", ""),
}


class Refusing(BaseHTTPRequestHandler):
    """S3, as its documentation says that it refuses: the code stands in the body, which an answer to HEAD has not."""

    def log_message(self, *_):
        """Nobody reads it."""

    def do_GET(self):
        status, code, more = ANSWERS[self.path.split("/")[1].partition("?")[0]]
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no 5ecret</Message>{more}</Error>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        if status == 301:
            self.send_header("x-amz-bucket-region", "eu-west-1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_PUT = do_POST = do_GET


@contextmanager
def running(server):
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def refusing():
    with running(ThreadingHTTPServer(("127.0.0.1", 0), Refusing)) as server:
        yield f"http://127.0.0.1:{server.server_address[1]}"


CAUSES = [
    ("expired", "the credentials have expired", "aws sso login", "IO_PERMISSION"),
    ("badtoken", "the session token is not valid", "AWS_SESSION_TOKEN", "IO_PERMISSION"),
    ("otherkey", "the store does not know the access key", "AWS_ACCESS_KEY_ID", "IO_PERMISSION"),
    ("signature", "the signature does not match", "AWS_SECRET_ACCESS_KEY", "IO_PERMISSION"),
    ("late", "the clock of this machine is too far from that of the store", "set the clock", "IO_PERMISSION"),
    ("forbidden", "permission denied: the credentials are valid", "s3:GetObject", "IO_PERMISSION"),
    ("malformed", "the bucket is in another region: eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "IO_NETWORK"),
    ("moved", "the bucket is in another region: eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "IO_NETWORK"),
    ("frozen", "the object is in an archive (Glacier)", "restore it first", "IO_NETWORK"),
    *(
        (name, "the store has no space left, or a quota is reached", "free some space there", "IO_NO_SPACE")
        for name in ("full", "quota", "nospace")
    ),
    *(
        (name, "the store takes no object of this size", "that takes larger objects", "IO_NO_SPACE")
        for name in ("toolarge", "proxy")
    ),
    ("other", "the server answered 400 Bad Request", "", "IO_NETWORK"),
]


@pytest.mark.parametrize(("bucket", "message", "fix", "code"), CAUSES, ids=[row[0] for row in CAUSES])
def test_why_s3_refuses(bucket, message, fix, code, refusing, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ENDPOINT_URL", refusing)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "5ecret")
    error = refusal(f"s3://{bucket}/a.json")
    assert error.message.startswith(message) and fix in (error.hint or "") and error.code == code
    monkeypatch.chdir(tmp_path)
    Path("preds.csv").write_text("y,p\n1,2\n")
    run = ("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "mse", "--gate", "mse<baseline")
    skipping = ("--baseline-missing", "skip", "--baseline", f"s3://{bucket}/a.json")
    found, out, err = command(*run, *skipping)
    assert (found, out) == (4, "") and message in err and "5ecret" not in err  # no gate is skipped
    found, out, err = command(*run[:8], "-o", f"s3://{bucket}/a.json")
    assert (found, out) == (4, "") and message in err and "5ecret" not in err


def test_why_a_real_server_refuses(monkeypatch):
    from moto import settings as server_settings
    from moto.core.responses import ActionAuthenticatorMixin

    with object_store("private") as (endpoint, client):
        client.put_object(Bucket="private", Key="a.json", Body=b"{}")
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        assert read_whole("s3://private/a.json") == b"{}"
        with monkeypatch.context() as judging:
            judging.setattr(server_settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
            judging.setattr(ActionAuthenticatorMixin, "request_count", 0)
            assert refusal("s3://private/a.json").message == "the store does not know the access key"


# --------------------------------------------------------------------------------------------- Azure and Google


class HttpResponseError(Exception):
    def __init__(self, code, message=""):
        super().__init__(message)
        self.error_code, self.status_code = types.SimpleNamespace(value=code), 403


class RefreshError(Exception):
    """As google.auth raises it."""


@pytest.mark.parametrize(
    ("error", "message", "fix"),
    [
        (HttpResponseError("AuthenticationFailed"), "the store rejects the account key", "AZURE_STORAGE_ACCOUNT_KEY"),
        (HttpResponseError("AuthenticationFailed", "Signature not valid in the specified time frame: Start [Mon]"),
         "the credentials have expired", "az login"),
        (HttpResponseError("AuthorizationPermissionMismatch"), "permission denied", "Storage Blob Data Reader"),
        (HttpResponseError("NoAuthenticationInformation"), "permission denied", "Azure"),
        (RefreshError("Token has been expired or revoked."), "have expired or were revoked", "gcloud auth"),
    ],
)  # fmt: skip
def test_why_other_stores_refuse(error, message, fix):
    cause = cause_of([OSError(), error])
    assert cause is not None and cause.kind == "denied" and message in cause.message and fix in cause.fix


def test_a_cause_that_nobody_knows_is_none():
    assert cause_of([OSError("x"), HttpResponseError(None), ValueError()]) is None


def test_keys_of_the_environment_are_in_no_message(monkeypatch):
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "5ecret+key==")
    assert sanitized_text("the key 5ecret+key== is wrong\nmore") == "the key … is wrong"


# ----------------------------------------------------------------------------------------------- missing or not


class Shelf:
    """A store like those of Google and Azure: of a missing bucket it says the same as of a missing object."""

    async_impl = True

    def __init__(self, has_bucket=True, waiting=None):
        self.has_bucket, self.waiting, self.asked = has_bucket, waiting, []

    def invalidate_cache(self):
        """Nothing is kept."""

    def _strip_protocol(self, url):
        return url.partition("://")[2]

    async def _info(self, path):
        self.asked.append(path)
        if self.waiting is not None:
            await self.waiting.wait()
        if self.has_bucket and "/" not in path:
            return {"type": "directory", "size": 0}
        raise FileNotFoundError(path)


@pytest.mark.parametrize(("scheme", "what"), [("gs", "bucket"), ("abfs", "container"), ("s3", "bucket")])
def test_a_missing_bucket_is_no_missing_file(scheme, what, monkeypatch):
    fix = {"s3": "check its name, and AWS_ENDPOINT_URL", "gs": "check its name",
           "abfs": "check its name, and that of the account"}[scheme]  # fmt: skip
    for has_bucket, message, code, hint in (
        (True, "no such file", "IO_NOT_FOUND", None),
        (False, f"there is no such {what}", "IO_NETWORK", fix),
    ):
        store = Store(ObjectStore(Shelf(has_bucket)), Settings(), 0)
        with pytest.raises(FileError, match=message) as caught:
            run(store.stat(Address(f"{scheme}://b/a.json")))
        assert (caught.value.code, caught.value.hint) == (code, hint)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("preds.csv/old.json", "ot a directory"),  # a file as a folder
        ("unmounted/old.json", "its folder does not exist"),
        ("link.json", "a link to a file that does not exist"),
        ("tracked.json", "dvc pull gets the data"),
    ],
)
def test_a_local_baseline_that_cannot_be_looked_at_is_never_missing(path, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("preds.csv").write_text("y,p\n1,2\n")
    Path("link.json").symlink_to("elsewhere.json")
    Path("tracked.json.dvc").write_text("outs:\n- path: tracked.json\n")
    run = ("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "mse", "--gate", "mse<baseline", "--baseline")
    for how in ("skip", "create"):
        code, out, err = command(*run, path, "--baseline-missing", how)
        assert (code, out) == (4, "") and "there is no baseline" not in err and message in err
    code, out, err = command(*run, "absent.json", "--baseline-missing", "skip")
    assert code == 0 and "there is no baseline" in err
    assert sorted(map(str, Path().iterdir())) == ["link.json", "preds.csv", "tracked.json.dvc"]


# --------------------------------------------------------------------------------------------------- no network


def test_a_library_that_retries_for_long_is_not_waited_for():
    silent = Shelf(waiting=asyncio.Event())
    store = Store(ObjectStore(silent, retries=True), Settings(connect=0.05), 0)
    with pytest.raises(FileError, match=r"no connection to the server within 0\.05 s") as caught:
        run(store.stat(Address("gs://b/a.json")))
    assert "HTTPS_PROXY" in caught.value.hint and caught.value.code == "IO_NETWORK"
    assert silent.asked == ["b"]
    answering = Shelf()
    store = Store(ObjectStore(answering, retries=True), Settings(), 0)
    for _ in range(2):
        with pytest.raises(FileError, match="no such file"):
            run(store.stat(Address("gs://b/a.json")))
    assert answering.asked == ["b", *["b/a.json", "b"] * 2]  # the first question once


def test_a_search_for_credentials_is_not_waited_for():
    held = threading.Event()
    with pytest.raises(FileError, match=r"no connection to the server within 0\.05 s"):
        within_patience(held.wait, Address("gs://b/a.json"), Settings(connect=0.05))
    held.set()
    with pytest.raises(TimeoutError):  # the maker's own
        within_patience(lambda: (_ for _ in ()).throw(TimeoutError()), Address("gs://b/a.json"), Settings())


@pytest.mark.parametrize(("search", "left"), [(1.5, 6.5), (7.99, 2.0), (0.0, 8.0)])
def test_credentials_and_the_first_answer_share_their_time(search, left, monkeypatch):
    """But a search that took nearly all of it leaves the server the time to answer."""
    clock, waited = [0.0], []

    class Slow(Shelf):
        session = None

        def __init__(self, **_):
            clock[0] += search
            super().__init__()

    async def wait_for(work, seconds):
        waited.append(seconds)
        work.close()
        raise TimeoutError

    Slow.__module__ = "gcsfs.core"  # which retries by itself
    monkeypatch.setattr(first_answer, "monotonic", lambda: clock[0])
    monkeypatch.setattr(first_answer, "wait_for", wait_for)
    monkeypatch.setattr("fsspec.get_filesystem_class", lambda scheme: Slow)
    store = stores._create_store(Address("gs://b/a.json"), Settings())
    with pytest.raises(FileError, match="no connection to the server within 8 s") as caught:
        run(store.stat(Address("gs://b/a.json")))
    assert waited == [left] and "LOSSCLI_REMOTE_TIMEOUT" in caught.value.hint


def test_a_cause_that_retries_hide_is_asked_for():
    class Lost:
        async def get(self, url):
            asked.append(url)
            raise socket.gaierror

    class Slow(Shelf):
        session, base = Lost(), "https://storage.example/v1/"

    asked = []
    store = Store(GoogleStore(Slow(waiting=asyncio.Event()), retries=True), Settings(connect=0.05), 0)
    with pytest.raises(FileError, match="the name of the server cannot be resolved"):
        run(store.stat(Address("gs://b/a.json")))
    assert asked == ["https://storage.example/v1/"]


def test_a_library_is_told_once_to_be_silent(monkeypatch):
    monkeypatch.setattr("fsspec.get_filesystem_class", lambda scheme: lambda **_: Shelf())
    for library in map(logging.getLogger, ("gcsfs", "azure")):
        monkeypatch.setattr(library, "handlers", [])
    for _ in range(2):
        stores._create_store(Address("gs://b/a.json"), Settings())
    assert [len(logging.getLogger(name).handlers) for name in ("gcsfs", "azure")] == [1, 1]


class ConnectTimeoutError(Exception):
    """As botocore raises it."""


def test_a_server_that_was_never_reached_is_asked_once():
    store = Store(ObjectStore(Shelf()), Settings(connect=3), 2)
    tried = []

    async def attempt():
        tried.append(1)
        raise ConnectTimeoutError

    for reached, tries in ((False, 1), (True, 3)):
        store.is_reached = reached
        tried.clear()
        with pytest.raises(FileError, match="no connection to the server within 3 s"):
            run(store.retried(attempt, Address("s3://b/a")))
        assert len(tried) == tries


def test_every_kind_of_store_has_a_limit_for_connections():
    limits = Settings(connect=3, read=7)
    assert stores._options("s3", limits)["config_kwargs"]["connect_timeout"] == 3
    assert stores._options("https", limits)["client_kwargs"]["timeout"].sock_connect == 3
    assert stores._options("gs", limits)["requests_timeout"].sock_connect == 3
    assert stores._options("abfs", limits)["connection_timeout"] == 3


# ------------------------------------------------------------------------------------------------- certificates


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    """A server whose certificate no system trusts, and the file of its authority."""
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                                       serialization.PrivateFormat.PKCS8, plain))  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    server = Server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.files["a.json"] = b"{}"
    assert server.RequestHandlerClass is Handler
    with running(server):
        yield server.base.replace("http://", "https://"), str(folder / "ca.pem")


@pytest.mark.parametrize("variable", BUNDLES)
def test_certificates_are_named_by_the_usual_variables(variable, secure, monkeypatch):
    base, authority = secure
    monkeypatch.setenv("AWS_ENDPOINT_URL", base)
    for url in (f"{base}/ok/a.json", "s3://bucket/a.json"):
        error = refusal(url)
        assert "its certificate or TLS handshake was rejected" in error.message
        assert all(name in error.hint for name in BUNDLES)
    monkeypatch.setenv(variable, authority)
    for url in (f"{base}/ok/a.json", "s3://bucket/a.json"):
        assert read_whole(url) == b"{}"
    monkeypatch.setenv(variable, f"{authority}.old")
    for url in (f"{base}/ok/a.json", "s3://bucket/a.json"):
        error = refusal(url)
        assert "a file of this machine" in error.message and variable in error.hint


class Google(Shelf):
    """Opens its connections as gcsfs does, with what it was given."""

    def __init__(self, base, session_kwargs, **_):
        super().__init__()
        self.base, self.session_kwargs = base, session_kwargs

    async def _info(self, path):
        from aiohttp import ClientSession

        async with ClientSession(**self.session_kwargs) as session, session.get(f"{self.base}/ok/a.json") as answer:
            return {"size": len(await answer.read()), "type": "file"}


@pytest.mark.parametrize("variable", BUNDLES)
def test_google_trusts_the_same_certificates(variable, secure, monkeypatch):
    base, authority = secure
    monkeypatch.setattr("fsspec.get_filesystem_class", lambda scheme: lambda **given: Google(base, **given))
    address = Address("gs://b/a.json")
    with pytest.raises(FileError, match="its certificate or TLS handshake was rejected") as caught:
        run(stores._create_store(address, settings()).stat(address))
    assert "abfs://: SSL_CERT_FILE" in caught.value.hint
    monkeypatch.setenv(variable, authority)
    assert run(stores._create_store(address, settings()).stat(address)).size == 2
    assert stores._options("gs", settings())["session_kwargs"]["trust_env"]
    monkeypatch.setenv(variable, f"{authority}.old")
    with pytest.raises(FileError, match="a file of this machine"):
        stores._create_store(address, settings())


def test_certificates_are_each_named_once(monkeypatch):
    for name in BUNDLES:
        monkeypatch.setenv(name, "/one.pem")
    assert settings().certificates == ("/one.pem",)
    assert SECRETS["AWS_ACCESS_KEY_ID"] == os.environ["AWS_ACCESS_KEY_ID"]

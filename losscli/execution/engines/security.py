"""Certificates of a connection to a scheduler, and what is said where it is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from losscli.errors import FileError, UsageError
from losscli.execution.engines.scheduler_address import is_secure, shown
from losscli.io.files.streams import file_error
from losscli.io.remote.address import local_only, local_path, with_redacted_urls
from losscli.lazy import dataclass


@dataclass(frozen=True)
class Tls:
    """The files of a TLS connection: the authority that signed the scheduler's certificate, and one of our own."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    @property
    def given(self) -> list[str]:
        """The options that name files."""
        return [f"--tls-{name}" for name, path in self.named() if path is not None]

    def named(self) -> list[tuple[str, str | None]]:
        """The names and paths of all files."""
        return [("ca", self.ca), ("cert", self.cert), ("key", self.key)]

    def check(self) -> None:
        """Raise a FileError for a file that cannot be read."""
        for name, given in self.named():
            if given is not None:
                path = local_only(given, f"--tls-{name}")
                try:
                    with open(path, "rb"):  # noqa: PTH123
                        pass
                except OSError as error:
                    raise file_error(error, path) from None


# The variables of Dask's configuration and its own names for the files; what an error calls them, where they were not
# given as options.
_DASK = {
    "ca": ("DASK_DISTRIBUTED__COMM__TLS__CA_FILE", "distributed.comm.tls.ca-file"),
    "cert": ("DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT", "distributed.comm.tls.client.cert"),
    "key": ("DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY", "distributed.comm.tls.client.key"),
}
_WHAT = {"ca": "certificate of the authority", "cert": "certificate", "key": "key"}


def security_of(address: str, tls: Tls) -> Any:
    """What Dask's client takes; without files of ours, those of Dask's configuration."""
    from distributed import Security

    given = {"tls_ca_file": tls.ca, "tls_client_cert": tls.cert, "tls_client_key": tls.key}
    given = {name: local_path(path) for name, path in given.items() if path is not None}
    security = Security(**given)
    if not is_secure(address):
        return security
    found = Tls(security.tls_ca_file, security.tls_client_cert, security.tls_client_key)
    if not found.given:
        raise UsageError(f"the scheduler at {shown(address)} needs certificates", code="USAGE_INCOMPLETE",
                         hint="--tls-ca, --tls-cert and --tls-key name their files")  # fmt: skip
    for name, path in found.named():
        if not path and name != "key":  # which may stand in the file of the certificate
            raise _missing(name, tls)
    try:
        security.get_connection_args("client")
    except OSError as error:  # ssl.SSLError is one of these
        raise _unusable(found, tls, error) from None
    return security


def _missing(name: str, tls: Tls) -> UsageError:
    """The error about a file that nothing names; it is called as those are that are there."""
    variable, setting = _DASK[name]
    if tls.given:
        called = f"--tls-{name}"
    elif any(other in os.environ for other, _ in _DASK.values()):
        called = variable
    else:
        called = f"{setting} of Dask's configuration"
    return UsageError(f"{called} is missing: the scheduler needs three files", code="USAGE_INCOMPLETE",
                      hint="the certificate of its authority, a certificate that this signed, and its key")  # fmt: skip


def _unusable(found: Tls, tls: Tls, error: OSError) -> FileError | UsageError:
    """The error about the file with which no connection can be made."""
    files = [(name, path) for name, path in found.named() if path and "\n" not in path]  # else it is no path, but PEM
    for name, path in files:
        if not os.path.exists(path):  # noqa: PTH110
            return FileError(f"no such file{_of_dask(name, tls)}", path=path, code="IO_NOT_FOUND")
    for name, path in files:
        if name != "key" and (why := _no_certificate(path)):
            return _unreadable(name, path, tls, why)
    if not found.key:
        return _missing("key", tls)
    if len(files) == len(found.given) and (why := _no_pair(found)):
        return _unreadable("key", found.key, tls, why)
    return FileError(f"the certificates cannot be used: {_reason(error)}", code="IO_CLUSTER")


def _unreadable(name: str, path: str, tls: Tls, why: str) -> FileError:
    of_dask = _of_dask(name, tls)
    return FileError(f"the {_WHAT[name]}{of_dask}{',' if of_dask else ''} cannot be read: {why}", path=path,
                     hint="they are PEM files, and the key is that of the certificate", code="IO_CLUSTER")  # fmt: skip


def _of_dask(name: str, tls: Tls) -> str:
    return ", which Dask's configuration names" if dict(tls.named())[name] is None else ""


def _no_certificate(path: str) -> str | None:
    """Why a file has no certificate; None where it has one."""
    import ssl  # a run on threads does without

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:
        return _reason(error)
    return None


def _no_pair(found: Tls) -> str | None:
    """Why a certificate, which can be read, has not this key; None where it has."""
    import ssl

    try:  # with a passphrase, as OpenSSL would ask at the terminal for one, which it did before
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(str(found.cert), found.key, password="-")
    except OSError as error:
        return _reason(error)
    return None


def refused_connection(address: str | None, tls: Tls, error: BaseException) -> FileError | UsageError:
    """The error for a client that has no connection."""
    if isinstance(error, FileError | UsageError):
        return error
    import ssl  # a run on threads does without

    place = shown(address or "")
    found = list(_causes(error))
    said = " ".join(map(str, found))
    ca = "" if tls.ca is None else f" {tls.ca}"
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in found):
        return FileError(f"the certificate of the scheduler at {place} is not signed by the authority{ca}",
                         hint="--tls-ca is the certificate that signed those of the cluster",
                         code="IO_CLUSTER")  # fmt: skip
    # One that refuses it may end the connection before its reason arrives; one without TLS is told by what it sends.
    ended = any(isinstance(one, ssl.SSLError) and not one.reason for one in found)
    if ended or any("ALERT" in str(one).upper() or "UNKNOWN_CA" in str(one).upper() for one in found):
        why = "it ended the connection" if ended else _reason(found[-1])
        return FileError(f"the scheduler at {place} refuses our certificate: {why}",
                         hint="--tls-cert is one that the authority of the cluster signed",
                         code="IO_CLUSTER")  # fmt: skip
    if any(isinstance(one, ssl.SSLError) for one in found):
        return FileError(f"the scheduler at {place} does not speak TLS: {_reason(found[-1])}",
                         hint="was it started with certificates?", code="IO_CLUSTER")  # fmt: skip
    # The system only says that time is up.
    why = "" if isinstance(error, OSError) else ": " + _told(error).replace(address or place, place)
    hint = "is it running, and is this the address that it printed?"
    if "in <TCP" in said or "handshake" in said:
        hint = "does it use TLS? Then its address begins with tls://"
    return FileError(f"no scheduler answers at {place}{why}", hint=hint, code="IO_CLUSTER")


def _told(error: BaseException) -> str:
    return with_redacted_urls(" ".join(f"{type(error).__name__}: {error}".split()))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None)  # which OpenSSL does not always give
    return str(reason).replace("_", " ").lower() if reason else " ".join(str(error).split())

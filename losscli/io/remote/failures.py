"""Errors of remote transfers: classification of the exceptions of network libraries.

Every store raises its own classes. They are identified by name, so that no library has to be imported.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from typing import Literal

from losscli.errors import Code, FileError, LosscliError
from losscli.io.remote.address import AZURE, Address, sanitized_text
from losscli.io.remote.causes import cause_of
from losscli.io.remote.settings import BUNDLES, Settings
from losscli.lazy import dataclass

TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
LOST_CONNECTION = frozenset({
    "ClientPayloadError", "ServerDisconnectedError", "ClientOSError", "ClientConnectionResetError", "BadStatusLine",
    "ConnectionClosedError", "IncompleteReadError", "IncompleteRead", "ResponseStreamingError", "HTTPClientError",
    "ServiceResponseError", "HttpProcessingError",
    "ChecksumError", "ChunkedEncodingError", "ProxyError", "IncompleteBody",
})  # fmt: skip
TIMED_OUT = frozenset({
    "ReadTimeoutError", "ServerTimeoutError", "SocketTimeoutError", "FSTimeoutError", "ServiceResponseTimeoutError",
})  # fmt: skip
NOT_CONNECTED = frozenset({"ConnectTimeoutError", "ConnectionTimeoutError", "ServiceRequestTimeoutError"})
NO_CREDENTIALS = frozenset({
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
    "UnauthorizedSSOTokenError", "DefaultCredentialsError", "RefreshError", "CredentialUnavailableError",
    "ClientAuthenticationError",
})  # fmt: skip
UNKNOWN_HOST = frozenset({"ClientConnectorDNSError", "NameResolutionError"})

_KEYS = {
    "s3": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "run 'gcloud auth application-default login', or set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "run 'az login', or set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN",
}


class StatusError(Exception):
    """A web server answered with an error status."""

    def __init__(self, status: int, wait: float = 0.0) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.wait = status, wait


class IncompleteBody(Exception):
    """Fewer or other bytes arrived than were announced."""


@dataclass(frozen=True)
class RemoteFailure:
    """A classified error: a transient one may be retried, after the `wait` in seconds that the server asks for.

    A server that is unreached from the start is hardly there a little later.
    """

    kind: Literal["missing", "denied", "transient", "permanent", "full"]
    message: str
    wait: float = 0.0
    hint: str | None = None
    is_unreached: bool = False

    def error(self, address: Address, tries: int) -> LosscliError:
        """The error to raise."""
        if self.kind == "missing":
            return FileError("no such file", path=address.redacted, code="IO_NOT_FOUND")
        if self.kind == "denied":
            return FileError(
                self.message, path=address.redacted, hint=self.hint or credentials(address), code="IO_PERMISSION"
            )
        if self.is_unreached:
            hint = ("check the network connection, and the proxy (HTTPS_PROXY) where there is one; "
                    "LOSSCLI_REMOTE_TIMEOUT is how many seconds to wait")  # fmt: skip
            return FileError(self.message, path=address.redacted, hint=hint, code="IO_NETWORK")
        if self.kind == "transient":
            message = f"{self.message} (tried {tries} times)" if tries > 1 else self.message
            hint = "try again later, or raise LOSSCLI_REMOTE_TIMEOUT or LOSSCLI_REMOTE_RETRIES"
            return FileError(message, path=address.redacted, hint=hint, code="IO_NETWORK")
        code: Code = "IO_NO_SPACE" if self.kind == "full" else "IO_NETWORK"
        return FileError(self.message, path=address.redacted, hint=self.hint, code=code)


def no_container(scheme: str) -> RemoteFailure:
    """The failure of a bucket or container that does not exist, which is more than a missing file."""
    if scheme in AZURE:
        return RemoteFailure("permanent", "there is no such container", hint="check its name, and that of the account")
    more = ", and AWS_ENDPOINT_URL" if scheme == "s3" else ""
    return RemoteFailure("permanent", "there is no such bucket", hint=f"check its name{more}")


def credentials(address: Address) -> str:
    """The hint where the store of this address looks for credentials."""
    if address.scheme in {"http", "https"}:
        return "use a signed URL, a user and password in the URL, or a line in ~/.netrc"
    key = "s3" if address.scheme == "s3" else "az" if address.scheme in AZURE else "gs"
    return f"{_KEYS[key]}; for a public bucket set LOSSCLI_REMOTE_ANON=1 (anonymous access)"


def unreached(seconds: float) -> RemoteFailure:
    """The failure of a server that does not answer at all."""
    return RemoteFailure("transient", f"no connection to the server within {seconds:g} s", is_unreached=True)


def explain(error: BaseException, limits: Settings) -> RemoteFailure:
    """The classification of an exception of a transfer."""
    causes = list(chain(error))
    names = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
    # aiohttp gives a malformed answer the status 400, which no server sent
    garbled = "HttpProcessingError" in names
    status = 0 if garbled else next((code for cause in causes if (code := _status(cause))), 0)
    if "NoSuchBucket" in names:
        return no_container("s3")
    if (cause := cause_of(causes, status)) is not None:
        return RemoteFailure(cause.kind, cause.message, hint=cause.fix)
    if status in {404, 410} or any(_is_missing(cause) for cause in causes):
        return RemoteFailure("missing", "no such file")
    if names & NO_CREDENTIALS:
        return RemoteFailure("denied", "no valid credentials were found")
    if status in {401, 403, 407} or any(_forbids(cause) for cause in causes):
        return RemoteFailure("denied", f"permission denied (HTTP {status})" if status else "permission denied")
    if status in TRANSIENT:
        wait = next((cause.wait for cause in causes if isinstance(cause, StatusError)), 0.0)
        return RemoteFailure("transient", f"the server answered {_phrase(status)}", wait)
    if status >= 400:
        return RemoteFailure(
            "permanent", f"the server answered {_phrase(status)}: {sanitized_text(str(error))}".rstrip(": ")
        )
    return _incomplete_setup(causes) or _unreachable(causes, names) or _broken(causes, names, limits) or _other(error)


def _is_missing(error: BaseException) -> bool:
    """Whether the store said that it has no such file; the system says it of files that a connection needs."""
    return isinstance(error, FileNotFoundError) and not _is_local(error)


def _is_local(error: OSError) -> bool:
    # Stores raise it with a text alone, or with a name in the store, which does not begin with a slash.
    return error.errno is not None and (error.filename is None or os.path.isabs(error.filename))  # noqa: PTH117


def _incomplete_setup(causes: list[BaseException]) -> RemoteFailure | None:
    if any(isinstance(cause, FileNotFoundError) for cause in causes):
        return RemoteFailure(
            "permanent", "a file of this machine that the connection needs does not exist",
            hint=f"check the variables that name certificates and credentials, such as {' or '.join(BUNDLES)}",
        )  # fmt: skip
    return None


def _unreachable(causes: list[BaseException], names: set[str]) -> RemoteFailure | None:
    if names & UNKNOWN_HOST or any(isinstance(cause, socket.gaierror) for cause in causes):
        return RemoteFailure(
            "permanent", "the name of the server cannot be resolved", hint="check the name and the network connection"
        )
    if any(isinstance(cause, ssl.SSLError | ssl.CertificateError) for cause in causes):
        return RemoteFailure(
            "permanent", "no secure connection to the server: its certificate or TLS handshake was rejected",
            hint=f"for a private certificate authority, name its file: {', '.join(BUNDLES)} (abfs://: SSL_CERT_FILE)",
        )  # fmt: skip
    if any(isinstance(cause, ConnectionRefusedError) or _number(cause) == errno.ECONNREFUSED for cause in causes):
        return RemoteFailure("permanent", "the server refuses the connection", hint="check the host and the port")
    if (
        "RecursionError" in names
        or any("Redirect" in name for name in names)
        or any("redirect" in str(cause).lower() for cause in causes)
    ):
        return RemoteFailure("permanent", "the server redirects in a loop, or to an address that cannot be read")
    return None


def _broken(causes: list[BaseException], names: set[str], limits: Settings) -> RemoteFailure | None:
    if names & NOT_CONNECTED:
        return unreached(limits.connect)
    if names & TIMED_OUT or any(isinstance(cause, TimeoutError | asyncio.TimeoutError) for cause in causes):
        return RemoteFailure("transient", f"no answer within {limits.read:g} s")
    if names & LOST_CONNECTION or any(isinstance(cause, ConnectionError | EOFError) for cause in causes):
        return RemoteFailure("transient", "the connection was lost before all bytes arrived")
    if any(_number(cause) == errno.EBUSY for cause in causes):
        return RemoteFailure("transient", "the server is busy")
    if "EndpointConnectionError" in names or "ClientConnectionError" in names or "ServiceRequestError" in names:
        return RemoteFailure(
            "permanent", "no connection to the server", hint="check the name and the network connection"
        )
    return None


def _other(error: BaseException) -> RemoteFailure:
    message = sanitized_text(str(error))
    return RemoteFailure("permanent", f"could not read: {type(error).__name__}" + (f": {message}" if message else ""))


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, its causes, and the errors in the attributes that libraries use for them."""
    waiting = [error]
    seen: set[int] = set()
    while waiting and len(seen) < 20:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        carried = [
            cause.__cause__,
            cause.__context__,
            getattr(cause, "os_error", None),
            getattr(cause, "inner_exception", None),
        ]
        kwargs = getattr(cause, "kwargs", None)
        carried += [kwargs.get("error")] if isinstance(kwargs, dict) else []
        waiting += [inner for inner in [*carried, *cause.args] if isinstance(inner, BaseException)]


def _status(error: BaseException) -> int:
    """The HTTP status in the attributes of an error, or 0."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        mine = vars(error)  # not getattr, as properties of libraries may be deprecated and warn
        found = next((value for name in ("status", "status_code", "code") if (value := mine.get(name))), None)
    return int(found) if isinstance(found, int | str) and str(found).isdigit() and int(found) >= 400 else 0


def _forbids(error: BaseException) -> bool:
    return isinstance(error, PermissionError) or (isinstance(error, OSError) and str(error).startswith("Forbidden"))


def _number(error: BaseException) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)

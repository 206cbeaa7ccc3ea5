"""Certificates of a connection to a scheduler, and what is said where it is refused."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from losscli.errors import FileError, UsageError
from losscli.io.files.streams import file_error
from losscli.io.remote.address import local_only, local_path
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


def security_of(address: str, tls: Tls) -> Any:
    """What Dask's client takes; without files of ours, those of Dask's configuration."""
    from distributed import Security

    given = {"tls_ca_file": tls.ca, "tls_client_cert": tls.cert, "tls_client_key": tls.key}
    given = {name: local_path(path) for name, path in given.items() if path is not None}
    security = Security(**given)
    if not address.startswith(("tls://", "wss://")):
        return security
    if not security.tls_ca_file:
        raise UsageError(f"the scheduler at {address} needs certificates", code="USAGE_INCOMPLETE",
                         hint="--tls-ca, --tls-cert and --tls-key name their files")  # fmt: skip
    try:
        security.get_connection_args("client")
    except OSError as error:  # ssl.SSLError is one of these
        of_dask = "" if given else ", which Dask's configuration names"
        paths = [one for one in (security.tls_ca_file, security.tls_client_cert, security.tls_client_key) if one]
        missing = [path for path in paths if "\n" not in path and not os.path.exists(path)]  # noqa: PTH110
        if missing:
            raise FileError(f"no such file{of_dask}", path=missing[0], code="IO_NOT_FOUND") from None
        raise FileError(f"the certificates{of_dask} cannot be read: {_reason(error)}", path=paths[-1],
                        hint="they are PEM files, and the key is that of the certificate",
                        code="IO_CLUSTER") from None  # fmt: skip
    return security


def refused_connection(address: str | None, tls: Tls, error: BaseException) -> FileError | UsageError:
    """The error for a client that has no connection."""
    if isinstance(error, FileError | UsageError):
        return error
    import ssl  # a run on threads does without

    found = list(_causes(error))
    said = " ".join(map(str, found))
    ca = "" if tls.ca is None else f" {tls.ca}"
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in found):
        return FileError(f"the certificate of the scheduler at {address} is not signed by the authority{ca}",
                         hint="--tls-ca is the certificate that signed those of the cluster",
                         code="IO_CLUSTER")  # fmt: skip
    # One that refuses it may end the connection before its reason arrives; one without TLS is told by what it sends.
    ended = any(isinstance(one, ssl.SSLError) and not one.reason for one in found)
    if ended or any("ALERT" in str(one).upper() or "UNKNOWN_CA" in str(one).upper() for one in found):
        why = "it ended the connection" if ended else _reason(found[-1])
        return FileError(f"the scheduler at {address} refuses our certificate: {why}",
                         hint="--tls-cert is one that the authority of the cluster signed",
                         code="IO_CLUSTER")  # fmt: skip
    if any(isinstance(one, ssl.SSLError) for one in found):
        return FileError(f"the scheduler at {address} does not speak TLS: {_reason(found[-1])}",
                         hint="was it started with certificates?", code="IO_CLUSTER")  # fmt: skip
    # The system only says that time is up.
    why = "" if isinstance(error, OSError) else f": {' '.join(f'{type(error).__name__}: {error}'.split())}"
    hint = "is it running, and is this the address that it printed?"
    if "in <TCP" in said or "handshake" in said:
        hint = "does it use TLS? Then its address begins with tls://"
    return FileError(f"no scheduler answers at {address}{why}", hint=hint, code="IO_CLUSTER")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _reason(error: BaseException) -> str:
    with contextlib.suppress(AttributeError):
        return str(error.reason).replace("_", " ").lower()  # type: ignore[attr-defined]
    return " ".join(str(error).split())

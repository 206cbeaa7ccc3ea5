"""The address of a scheduler: whether Dask can use it, whether it is protected, and how messages show it."""

from __future__ import annotations

import re
import warnings
from urllib.parse import urlsplit

from losscli.errors import UsageError

SECURE = ("tls", "wss")
"""The protocols with certificates on both sides."""

_WEB = ("ws", "wss")
_MOST = 65_535  # of ports


def is_secure(address: str) -> bool:
    """Whether its protocol has certificates on both sides."""
    return address.partition("://")[0] in SECURE and "://" in address


def shown(address: str) -> str:
    """The address for messages: without user, password, query and fragment."""
    scheme, found, place = address.partition("://") if "://" in address else ("", "", address)
    user, _, host = place.rpartition("@")
    if re.search("[?#]", user):  # the @ may stand in a password or in a query
        return f"{scheme}{found}…"
    return scheme + found + re.split("[?#]", host, maxsplit=1)[0]


def check_address(address: str, origin: str | None) -> None:
    """A UsageError where no scheduler can have this address; `origin` is what names it, where nobody typed it."""
    why = _fault(address)
    if why is not None:
        found = "" if origin is None else f", found in {origin},"
        raise UsageError(f"'{shown(address)}'{found} is not the address of a scheduler: {why}", value=shown(address),
                         hint="the scheduler prints it, such as tls://host:8786", code="USAGE_BAD_VALUE")  # fmt: skip


def _fault(address: str) -> str | None:
    """What is wrong, as Dask takes addresses."""
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend

    if not address.strip():
        return "it is empty"
    scheme, place = parse_address(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            get_backend(scheme).get_connector()
    except Exception:  # of a protocol that is not installed, Dask has only the name, and fails in its own way
        return f"Dask does not speak {shown(scheme)}:// here"
    try:
        if scheme in _WEB:  # it may have a path, and need no port
            return None if urlsplit(address).hostname else "it names no host"
        if scheme in ("tcp", "tls"):
            return None if 0 < parse_host_port(place)[1] <= _MOST else f"its port is not 1 to {_MOST}"
    except ValueError:
        return "tcp:// and tls:// have no user and password" if "@" in place else "it is not HOST:PORT"
    return None


def is_protected(address: str) -> bool:
    """Whether the connection is encrypted with certificates on both sides, or stays on this machine."""
    if is_secure(address):
        return True
    place = address.rpartition("://")[2]
    host = place.rpartition(":")[0] or place
    host = host.strip("[]")
    try:
        import ipaddress  # here, as a short run does without it

        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

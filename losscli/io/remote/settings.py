"""Time-outs, retries and anonymous access of transfers, from the environment, as they depend on the machine."""

from __future__ import annotations

import math
import os

from losscli.errors import UsageError
from losscli.lazy import dataclass

BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
"""The variables by which tools name certificates to trust: all are asked, whichever tool they are of."""

CONNECT, READ, RETRIES = 10.0, 60.0, 3

FIRST_ANSWER = 8.0
"""Seconds for the search for credentials and the first answer together, where the library retries by itself."""

LAST_QUESTION = 1.0
"""Seconds to learn the cause where there was no first answer."""


@dataclass(frozen=True)
class Settings:
    """Time-outs in seconds for a connection and for each answer, and what else the environment says of transfers."""

    connect: float = CONNECT
    read: float = READ
    retries: int = RETRIES
    anonymous: bool = False
    certificates: tuple[str, ...] = ()
    first_answer: float = FIRST_ANSWER

    @property
    def patience(self) -> float:
        """Seconds for the search for credentials and the first answer together."""
        return min(self.connect, self.first_answer)


def settings() -> Settings:
    """The settings of LOSSCLI_REMOTE_TIMEOUT, LOSSCLI_REMOTE_RETRIES and LOSSCLI_REMOTE_ANON."""
    read = _number("LOSSCLI_REMOTE_TIMEOUT", READ, "a number of seconds above 0")
    retries = _number("LOSSCLI_REMOTE_RETRIES", RETRIES, "a whole number of at most 100")
    anonymous = os.environ.get("LOSSCLI_REMOTE_ANON", "").strip().lower()
    if not 0 < read < math.inf:
        raise _refusal("LOSSCLI_REMOTE_TIMEOUT", "a number of seconds above 0")
    if retries not in range(101):
        raise _refusal("LOSSCLI_REMOTE_RETRIES", "a whole number of at most 100")
    if anonymous not in {"", "0", "1", "false", "true", "no", "yes"}:
        raise _refusal("LOSSCLI_REMOTE_ANON", "1 or 0")
    is_given = bool(os.environ.get("LOSSCLI_REMOTE_TIMEOUT", "").strip())
    connect, first_answer = (read, read) if is_given else (CONNECT, FIRST_ANSWER)
    return Settings(connect, read, int(retries), anonymous in {"1", "true", "yes"}, _certificates(), first_answer)


def _certificates() -> tuple[str, ...]:
    """The files or folders of certificates that are to be trusted, each once."""
    return tuple(dict.fromkeys(found for name in BUNDLES if (found := os.environ.get(name, "").strip())))


def _number(name: str, default: float, what: str) -> float:
    given = os.environ.get(name, "").strip()
    try:
        return float(given) if given else default
    except ValueError:
        raise _refusal(name, what) from None


def _refusal(name: str, what: str) -> UsageError:
    return UsageError(f"{name} must be {what}; got '{os.environ.get(name, '')}'", code="USAGE_BAD_VALUE")

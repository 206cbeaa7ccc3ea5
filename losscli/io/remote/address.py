"""What names a remote file, and what of that name may be shown: never a password, a token or a signature."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from losscli.errors import UsageError

REMOTE_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
WEB = frozenset({"http", "https"})
AZURE = frozenset({"abfs", "abfss", "az"})
SCHEMES = ("s3", "gs", "gcs", *sorted(AZURE), "http", "https")

# In the names of objects ? is a letter like others, and in patterns it stands for one; `?word=` begins a query.
_QUERY = re.compile(r"\?[\w.~%-]+=.*", re.DOTALL)
_USER = re.compile(r"://[^/?#]*@")
_URL = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")


@dataclass(frozen=True)
class RemoteVersion:
    """What changes when a remote file is written to; `tag` is its ETag, or the time of its last change."""

    size: int
    tag: str

    def same_as(self, now: RemoteVersion) -> bool:
        """Whether `now` tells of the same bytes; a server that gives no mark can only be asked for the size."""
        return self.size == now.size and (self.tag == now.tag or not self.tag or not now.tag)


@dataclass(frozen=True)
class Address:
    """One remote file; the facts where a listing has told them already."""

    url: str = field(repr=False)
    version: RemoteVersion | None = None

    @property
    def scheme(self) -> str:
        return scheme_of(self.url)

    @property
    def redacted(self) -> str:
        return redacted(self.url)


def scheme_of(path: str) -> str:
    """The lower-case scheme of a remote path, nothing for a local one."""
    found = REMOTE_URL.match(path)
    return found[1].lower() if found else ""


def redacted(path: str) -> str:
    """The path as it may stand in reports and errors: without user, password, query and fragment."""
    scheme = scheme_of(path)
    if not scheme:
        return path
    path = re.split(r"[?#]", path, maxsplit=1)[0] if scheme in WEB else _QUERY.sub("", path)
    return path if scheme in AZURE else _USER.sub("://", path)  # there container@account is the name itself


def sanitized_text(text: str) -> str:
    """What somebody else's code said, on one line, its URLs without secrets."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return _URL.sub(lambda found: redacted(found[0]), first).strip()[:200]


def check(url: str) -> Address:
    """The address, if it is one that can be read at all."""
    scheme, name = scheme_of(url), redacted(url)
    if scheme not in SCHEMES:
        raise UsageError(
            f"cannot read {scheme}://… : sources are local files, folders, stdin (-) and "
            + " ".join(f"{known}://" for known in ("s3", "gs", "abfs", "https", "http")),
            hint="download the file first, or pipe it in: … | losscli eval -",
            code="USAGE_BAD_VALUE",
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname if scheme in WEB else parts.netloc
        _ = parts.port if scheme in WEB else None
    except ValueError:
        host = None
    if not host:
        what = "a server" if scheme in WEB else "a bucket"
        raise UsageError(f"the address does not name {what}", path=name, code="USAGE_BAD_VALUE")
    if scheme not in WEB and (_QUERY.search(url) or (scheme not in AZURE and "@" in parts.netloc)):
        raise UsageError(
            f"the address contains more than a {scheme}:// path",
            path=name,
            hint="credentials come from the environment: 'losscli help remote'",
            code="USAGE_BAD_VALUE",
        )
    return Address(url)

"""Addresses of remote files, and their redacted form without passwords, tokens and signatures."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import field
from urllib.parse import quote, unquote, urlsplit

from losscli.errors import UsageError
from losscli.lazy import dataclass, pattern

REMOTE_URL = pattern(r"([A-Za-z][A-Za-z0-9+.-]+)://")
WEB = frozenset({"http", "https"})
AZURE = frozenset({"abfs", "abfss", "az"})
SCHEMES = ("s3", "gs", "gcs", *sorted(AZURE), "http", "https")

HUB = "https://huggingface.co"
"""The server of the files that hf:// names; it gets no token, so they are public ones."""

_PORTS = {"http": 80, "https": 443}
_SYNONYMS = {"gcs": "gs", "abfss": "abfs", "az": "abfs"}

# In names of objects ? is an ordinary character, and in globs it matches one; only `?word=` starts a query.
_QUERY = pattern(r"\?[\w.~%-]+=.*", re.DOTALL)
_HUB = pattern(
    r"(?i:hf)://((?:(?:datasets|spaces)/|(?!(?:datasets|spaces|buckets)/))[^/@]+/[^/@]+)(?:@([^/]+))?/([^?#]+)"
)
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN",
            "AZURE_STORAGE_CONNECTION_STRING", "AZURE_CLIENT_SECRET")  # fmt: skip
_USER = pattern(r"://[^/?#]*@")
_URL = pattern(r"\b[A-Za-z][A-Za-z0-9+.-]+://[^\s'\"<>]+")


@dataclass(frozen=True)
class RemoteVersion:
    """What changes when a remote file is written: its size and its `tag`, the ETag or the modification time."""

    size: int
    tag: str
    is_etag: bool = field(default=False, compare=False)

    def same_as(self, now: RemoteVersion) -> bool:
        """Whether the file is unchanged; if the server gives no tag, only the size is compared."""
        return self.size == now.size and (self.tag == now.tag or not self.tag or not now.tag)


@dataclass(frozen=True)
class Address:
    """One remote file, with its version if a listing has returned it."""

    url: str = field(repr=False)
    version: RemoteVersion | None = None

    @property
    def scheme(self) -> str:
        """The scheme in lower case, such as `s3`."""
        return scheme_of(self.url)

    @property
    def redacted(self) -> str:
        """The address without secrets, for messages and reports."""
        return redacted(self.url)


def local_path(path: str) -> str:
    """The path that a file:// address names, such as `/a b.csv` for `file:///a%20b.csv`; any other path as it is."""
    if scheme_of(path) != "file":
        return path
    parts = urlsplit(path)
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or not parts.path:
        raise UsageError(
            "not the address of a file of this machine",
            path=redacted(path),
            hint="file:///folder/name, with %3F for a question mark and %23 for #",
            code="USAGE_BAD_VALUE",
        )
    from urllib.request import url2pathname  # here, as it takes longer than a short run

    return url2pathname(parts.path)


def local_only(path: str, what: str) -> str:
    """The local path of what is read by a library that knows no addresses; `what` names it, such as `--tls-ca`."""
    scheme = scheme_of(path)
    if scheme in ("", "file"):
        return local_path(path)
    raise UsageError(f"{what} must be a local file, and {scheme}:// is none", path=redacted(path),
                     hint="download the file first", code="USAGE_BAD_VALUE")  # fmt: skip


def scheme_of(path: str) -> str:
    """The lower-case scheme of a remote path; empty for a local path."""
    found = REMOTE_URL.match(path)
    return found[1].lower() if found else ""


def redacted(path: str) -> str:
    """The path for reports and errors: without user, password, query and fragment."""
    scheme = scheme_of(path)
    if not scheme:
        return path
    path = re.split(r"[?#]", path, maxsplit=1)[0] if scheme in WEB else _QUERY.sub("", path)
    return path if scheme in AZURE else _USER.sub("://", path)  # there, container@account is part of the name


def beside(path: str, name: str) -> str:
    """The file of this name in the folder of `path`; the query of a web address stays."""
    scheme = scheme_of(path)
    if not scheme:
        return os.path.join(os.path.dirname(path), name)  # noqa: PTH118, PTH120
    path, mark, query = path.partition("?") if scheme in WEB else (path, "", "")
    return f"{path.rpartition('/')[0]}/{quote(name) if scheme in WEB else name}{mark}{query}"


def canonical(url: str) -> str:
    """The address without what makes no difference: case, default port, user, fragment, dots and escapes in the path.

    Names of objects are taken as they are, as stores do.
    """
    url = on_the_web(url)
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme not in WEB:
        return f"{_SYNONYMS.get(scheme, scheme)}://{rest}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # which is said when it is read
        return url
    host = (parts.hostname or "") + ("" if port in (None, _PORTS[scheme]) else f":{port}")
    path = posixpath.normpath("/" + unquote(parts.path).lstrip("/"))
    return f"{scheme}://{host}{path}" + (f"?{parts.query}" if parts.query else "")


def sanitized_text(text: str) -> str:
    """The message of a library on one line, with redacted URLs and without the keys of the environment."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    for secret in filter(None, map(os.environ.get, _SECRETS)):
        first = first.replace(secret, "…")
    return with_redacted_urls(first).strip()[:200]


def with_redacted_urls(text: str) -> str:
    """A text with each URL in it redacted."""
    return _URL.sub(lambda found: redacted(found[0]), text)


def check(url: str) -> Address:
    """The address of a URL, of a file of a hub that on its server; a URL that cannot be read is a UsageError."""
    url = on_the_web(url)
    scheme, name = scheme_of(url), redacted(url)
    if scheme not in SCHEMES:
        raise UsageError(
            f"cannot read {scheme}://… : sources are local files, folders, stdin (-) and "
            + " ".join(f"{known}://" for known in ("s3", "gs", "abfs", "https", "http", "file")),
            hint="hf://datasets/USER/NAME/FILE names one file, which is read"
            if scheme == "hf"
            else "download the file first, or pipe it in: … | losscli eval -",
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
    return Address(scheme + url[len(scheme) :])  # the libraries of stores know it in lower case alone


def on_the_web(url: str) -> str:
    """The address on the web server of a hub of one of its files, named by hf://; any other address as it is."""
    found = _HUB.fullmatch(url) if scheme_of(url) == "hf" else None
    return url if found is None else f"{HUB}/{found[1]}/resolve/{found[2] or 'main'}/{found[3]}"

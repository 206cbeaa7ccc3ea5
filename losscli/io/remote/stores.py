"""Stores of remote files: the filesystems of fsspec behind one small interface, with retries."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing, suppress
from typing import Any, Protocol, TypeVar

from losscli.errors import FileError, LosscliError, UsageError
from losscli.io.remote.address import AZURE, WEB, Address, RemoteVersion, sanitized_text, scheme_of
from losscli.io.remote.causes import MUTE, code_of
from losscli.io.remote.failures import (
    IncompleteBody,
    RemoteFailure,
    chain,
    credentials,
    explain,
    no_container,
)
from losscli.io.remote.first_answer import reach, within_patience
from losscli.io.remote.http import NoRangesError, WebServer, connector
from losscli.io.remote.settings import LAST_QUESTION, Settings, settings
from losscli.io.remote.transfer import IN_FLIGHT, with_retries

T = TypeVar("T")

_TAGS, _TIMES = ("ETag", "etag", "md5Hash"), ("LastModified", "last_modified", "updated")
_ACCESS = ("AWS_", "AZURE_", "GOOGLE_", "STORAGE_EMULATOR_HOST")
"""How the variables begin by which stores' libraries learn who asks, in which region, and at which address."""

_PACKAGES = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    **dict.fromkeys(AZURE, "adlfs"),
    **dict.fromkeys(WEB, "aiohttp"),
}


Info = Mapping[str, Any]
"""What an object store says about a name."""


class Backend(Protocol):
    """The interface of a kind of store; its coroutines run on fsspec's event loop."""

    is_versioned: bool
    """Whether each answer says of which version of the object its bytes are, and objects only change as a whole."""

    async def stat(self, address: Address) -> RemoteVersion:
        """The version of the object: its size, and its tag or modification time."""
        ...

    async def read_head(self, address: Address, size: int) -> tuple[RemoteVersion, bytes]:
        """The version, and the first `size` bytes; fewer if the object is smaller."""
        ...

    async def read_range(self, address: Address, start: int, end: int) -> tuple[RemoteVersion | None, bytes]:
        """The bytes from `start` up to, not including, `end`; and the version, None if the store names none."""
        ...


class ObjectStore:
    """An object store, through its fsspec filesystem, which may retry by itself."""

    is_versioned = False

    def __init__(self, filesystem: Any, *, retries: bool = False) -> None:
        self.filesystem, self.retries = filesystem, retries

    async def stat(self, address: Address) -> RemoteVersion:
        """The version of the object: its size, and its tag or modification time."""
        return remote_version(await self.info(address))

    async def info(self, address: Address) -> Info:
        """The store's description of a name, which may be that of a folder."""
        self.filesystem.invalidate_cache()
        found: Info = await self._ask("info", self.store_path(address))
        return found

    async def read_head(self, address: Address, size: int) -> tuple[RemoteVersion, bytes]:
        """The version, and the first `size` bytes; fewer if the object is smaller."""
        version = address.version or await self.stat(address)
        _, head = await self.read_range(address, 0, min(size, version.size))
        return version, head

    async def read_range(self, address: Address, start: int, end: int) -> tuple[RemoteVersion | None, bytes]:
        """The bytes from `start` up to, not including, `end`; and the version, None if the store names none."""
        data = await self._ask("cat_file", self.store_path(address), start=start, end=end) if end > start else b""
        if len(data) != end - start:
            raise IncompleteBody(f"{len(data)} of {end - start} bytes")
        return None, data

    async def listing(self, method: str, store_path: str, **options: str) -> Mapping[str, Mapping[str, Any]]:
        """The entries that `find` or `glob` returns, by name; `find` takes a `prefix` of the names in a folder."""
        self.filesystem.invalidate_cache()
        found: Mapping[str, Mapping[str, Any]] = await self._ask(method, store_path, detail=True, **options)
        return found

    async def _ask(self, method: str, *args: Any, **kwargs: Any) -> Any:
        if self.filesystem.async_impl:
            return await getattr(self.filesystem, f"_{method}")(*args, **kwargs)
        return await asyncio.to_thread(getattr(self.filesystem, method), *args, **kwargs)

    async def put_file(self, path: str, address: Address) -> None:
        """Replace the object by a local file; these stores show it once all of it has arrived."""
        await self._ask("put_file", path, self.store_path(address))

    async def has_container(self, address: Address) -> bool:
        """Whether the store has the bucket or container of this address; one that cannot be looked at is there."""
        try:
            await self._ask("info", self.store_path(address).lstrip("/").partition("/")[0])
        except Exception as error:
            failure = explain(error, settings())
            if failure.kind not in ("missing", "denied"):
                raise
            return failure.kind == "denied"
        return True

    async def connection_failure(self, limits: Settings) -> RemoteFailure | None:
        """What is wrong with the connection, where the library hides it in its retries and it can be asked for."""
        return None

    def store_path(self, address: Address) -> str:
        """The path of the object in its fsspec filesystem, without the scheme."""
        return str(self.filesystem._strip_protocol(address.url))


class GoogleStore(ObjectStore):
    """Google Cloud Storage through gcsfs, which retries for long before it says why it has no connection."""

    async def connection_failure(self, limits: Settings) -> RemoteFailure | None:
        """What the session of the library raises where it is asked once for the address of the store."""
        session = self.filesystem.session
        if session is None:  # it was not yet needed
            return None
        try:
            answer = await asyncio.wait_for(session.get(self.filesystem.base), LAST_QUESTION)
            answer.release()
        except TimeoutError:
            return None
        except Exception as error:
            return explain(error, limits)
        return None


class S3Store(ObjectStore):
    """Amazon S3, or a store with its protocol, whose answers name the ETag of the object."""

    is_versioned = True

    async def read_head(self, address: Address, size: int) -> tuple[RemoteVersion, bytes]:
        """The version, and the first `size` bytes; fewer if the object is smaller."""
        version = address.version or await self.stat(address)
        now, head = await self.read_range(address, 0, min(size, version.size))
        if now is not None and not version.same_as(now):
            raise changed_error(address)
        return version, head

    async def read_range(self, address: Address, start: int, end: int) -> tuple[RemoteVersion | None, bytes]:
        """The bytes from `start` up to, not including, `end`; and the version, None if no byte is asked for."""
        if end <= start:
            return None, b""
        bucket, key, _ = self.filesystem.split_path(self.store_path(address))
        answer = await self.filesystem._call_s3("get_object", Bucket=bucket, Key=key, Range=f"bytes={start}-{end - 1}")
        with closing(answer["Body"]) as body:
            data: bytes = await body.read()
        if len(data) != end - start:
            raise IncompleteBody(f"{len(data)} of {end - start} bytes")
        total = answer.get("ContentRange", "").rpartition("/")[2]
        if not answer.get("ETag") or not total.isdecimal():
            return await self.stat(address), data
        return remote_version({**answer, "size": total}), data

    async def info(self, address: Address) -> Info:
        """The store's description of a name, which may be that of a folder."""
        try:
            return await super().info(address)
        except Exception as error:
            if any(code_of(cause) in MUTE for cause in chain(error)):
                await self._raise_cause(address)
            raise

    async def _raise_cause(self, address: Address) -> None:
        """Ask in a way whose answer may say why it is refused, as that of a HEAD cannot."""
        bucket, key, _ = self.filesystem.split_path(self.store_path(address))
        if key:
            await self.filesystem._call_s3("get_object", Bucket=bucket, Key=key, Range="bytes=0-0")
        else:
            await self.filesystem._call_s3("list_objects_v2", Bucket=bucket, MaxKeys=1)


def remote_version(info: Mapping[str, Any]) -> RemoteVersion:
    """The size and the tag, under the names that stores use for them."""
    if info.get("type") == "directory" or info.get("size") is None:
        raise FileNotFoundError
    # Listings and single answers differ in the quotes of a tag and in the precision of the time.
    tag = next((str(value).strip('"') for name in _TAGS if (value := info.get(name))), "")
    return RemoteVersion(
        int(info["size"]), tag or next((str(value)[:19] for name in _TIMES if (value := info.get(name))), ""), bool(tag)
    )


class Store:
    """A backend with time-outs and retries; the search for its credentials took `spent` seconds."""

    def __init__(self, backend: Backend, limits: Settings, retries: int, spent: float = 0.0) -> None:
        self.backend, self.limits, self.retries, self.spent = backend, limits, retries, spent
        self.is_reached = False

    @property
    def is_versioned(self) -> bool:
        """Whether each answer says of which version of a whole object its bytes are."""
        return self.backend.is_versioned

    async def stat(self, address: Address) -> RemoteVersion:
        """The version of the object: its size, and its tag or modification time."""
        return await self.retried(lambda: self.backend.stat(address), address)

    async def read_head(self, address: Address, size: int) -> tuple[RemoteVersion, bytes] | None:
        """The version and the first bytes; None if the server does not support ranges."""

        async def attempt() -> tuple[RemoteVersion, bytes] | None:
            try:
                return await self.backend.read_head(address, size)
            except NoRangesError:
                return None

        return await self.retried(attempt, address)

    async def read_range(self, address: Address, version: RemoteVersion, start: int, end: int) -> bytes:
        """All bytes of this range, from the given version of the file."""
        try:
            now, data = await self.retried(lambda: self.backend.read_range(address, start, end), address)
        except FileError:  # a file that was truncated or removed looks like a lost connection
            now = await self._current_version(address)
            if now is not None and not version.same_as(now):
                raise changed_error(address) from None
            raise
        if now is not None and not version.same_as(now):
            raise changed_error(address)
        return data

    async def _current_version(self, address: Address) -> RemoteVersion | None:
        with suppress(Exception):
            return await self.backend.stat(address)
        return None

    async def retried(self, attempt: Callable[[], Awaitable[T]], address: Address) -> T:
        """The result of the first attempt that succeeds, or one error with the number of attempts."""
        backend = self.backend
        if not self.is_reached and isinstance(backend, ObjectStore) and backend.retries:
            await reach(backend, address, self.limits, self.spent)
            self.is_reached = True
        try:
            found = await with_retries(attempt, address, self.limits, self.retries, lambda: self.is_reached)
        except FileError as error:
            if error.code != "IO_NOT_FOUND" or not isinstance(backend, ObjectStore):
                raise
            if await with_retries(lambda: backend.has_container(address), address, self.limits, self.retries):
                raise
        else:
            self.is_reached = True
            return found
        raise no_container(address.scheme).error(address, 1)


def changed_error(address: Address) -> FileError:
    """The error about a file that changed while it was read, as for local files."""
    return FileError("the file changed while it was read", path=address.redacted, hint="run again")


_STORES: dict[tuple[object, ...], Store] = {}
_LOCK = threading.Lock()


def store_of(address: Address) -> Store:
    """The store of an address: one for all threads, and a new one for other credentials and after a fork.

    Connections do not survive a fork, and keep the credentials that the environment had when they were made.
    """
    limits = settings()
    account = address.url.partition("://")[2].partition("/")[0].partition("@")[2] if address.scheme in AZURE else ""
    access = frozenset((name, value) for name, value in os.environ.items() if name.startswith(_ACCESS))
    key = (os.getpid(), address.scheme, account, hash(access), limits)  # a hash, as no secret is kept here
    with _LOCK:
        if key not in _STORES:
            _STORES[key] = _create_store(address, limits)
        return _STORES[key]


async def description(address: Address) -> Info | None:
    """What an object store says about a name, which may be that of a folder; None of a web server, which says less."""
    if address.scheme in WEB:
        return None
    store = store_of(address)
    backend = store.backend
    assert isinstance(backend, ObjectStore)
    return await store.retried(lambda: backend.info(address), address)


def _create_store(address: Address, limits: Settings) -> Store:
    scheme = scheme_of(address.url)
    try:
        import fsspec
    except ImportError:
        raise _not_installed(scheme, "fsspec") from None
    for library in map(logging.getLogger, ("gcsfs", "azure")):
        if not library.handlers:  # otherwise they print tracebacks and lists of what they tried
            library.addHandler(logging.NullHandler())
    try:
        if scheme in WEB:
            kind = fsspec.get_filesystem_class(scheme)
            return Store(WebServer(kind(**_options(scheme, limits), skip_instance_cache=True), limits.certificates),
                         limits, limits.retries)  # fmt: skip
        kind = fsspec.get_filesystem_class(scheme)
        given = kind._get_kwargs_from_urls(address.url) if scheme in AZURE else {}
        options = {**given, **_options(scheme, limits), "use_listings_cache": False, "skip_instance_cache": True}
        filesystem, spent = within_patience(lambda: kind(**options), address, limits)
    except ImportError:
        raise _not_installed(scheme, _PACKAGES[scheme]) from None
    except ValueError as error:
        message = f"cannot open {scheme}:// : {sanitized_text(str(error))}"
        hint = credentials(address) if scheme in AZURE else None  # which explains missing credentials
        raise UsageError(message, path=address.redacted, hint=hint, code="USAGE_BAD_VALUE") from None
    except LosscliError:
        raise
    except Exception as error:
        raise explain(error, limits).error(address, 1) from None
    if scheme == "s3":
        filesystem.retries = 1  # only our retries, as both would multiply
        return Store(S3Store(filesystem), limits, limits.retries)
    library = kind.__module__.partition(".")[0]
    if library == "gcsfs":
        return Store(GoogleStore(filesystem, retries=True), limits, 0, spent)
    retries = library == "adlfs"
    return Store(ObjectStore(filesystem, retries=retries), limits, 0 if retries else limits.retries, spent)


def _options(scheme: str, limits: Settings) -> dict[str, Any]:
    """Time-outs and anonymous access as arguments of this kind of store."""
    if scheme == "s3":
        config = {
            "connect_timeout": limits.connect,
            "read_timeout": limits.read,
            "retries": {"total_max_attempts": 1},
            "max_pool_connections": IN_FLIGHT,
        }
        trusted = {"verify": limits.certificates[0]} if limits.certificates else {}
        return {"anon": limits.anonymous, "config_kwargs": config, "client_kwargs": trusted}
    if scheme in AZURE:
        anonymous = {"anon": True} if limits.anonymous else {}  # otherwise the environment decides
        return {"connection_timeout": limits.connect, "read_timeout": limits.read, **anonymous}
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=limits.connect, sock_read=limits.read)
    if scheme in WEB:
        return {"client_kwargs": {"timeout": timeout, "trust_env": True, "auto_decompress": False}}
    session: dict[str, Any] = {"trust_env": True}
    if limits.certificates:
        session["connector"] = connector(limits.certificates)
    token = {"token": "anon"} if limits.anonymous else {}
    return {"requests_timeout": timeout, "session_kwargs": session, **token}


def _not_installed(scheme: str, package: str) -> UsageError:
    return UsageError(
        f"{scheme}:// needs the package {package}",
        hint="pip install 'losscli[remote]'",
        code="USAGE_MISSING_PACKAGE",
    )

"""Folders and globs in object stores, with the order and the rules of local ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from losscli.errors import FileError, UsageError
from losscli.io.files.found import FoundFile, is_data_file, natural_key, partition_values, sorted_data_files
from losscli.io.files.table_formats import refused, table_format_of
from losscli.io.remote.address import WEB, Address, check, redacted, scheme_of
from losscli.io.remote.failures import TRANSIENT, StatusError
from losscli.io.remote.http import NoRangesError
from losscli.io.remote.stores import Info, ObjectStore, Store, description, remote_version, store_of
from losscli.io.remote.transfer import in_flight, run
from losscli.lazy import pattern

_MAGIC = pattern(r"[*?\[]")
_NO_GLOB_OF_ITSELF = pattern(r"\[|[^/]\*\*|\*\*[^/]")


def look_up(urls: Iterable[str]) -> Iterator[Info | None]:
    """What the stores say about each name that is no pattern, in order; they are asked side by side."""
    return in_flight(map(_looked_up, urls))


async def _looked_up(url: str) -> Info | None:
    address = check(url)
    return None if _is_pattern(address) else await description(address)


def expand_remote(url: str, notes: list[str], known: Info | None = None) -> list[FoundFile]:
    """The files that a remote path names; `known` is what the store said about it, where it was asked already."""
    address = check(url)
    if address.scheme in WEB:
        if re.search(r"[*\[]", address.redacted.partition("://")[2].partition("/")[2]):
            raise UsageError("a web server cannot list its files", path=address.redacted,
                             hint="name each file; write a * that is part of a file name as %2A",
                             code="USAGE_CONFLICT")  # fmt: skip
        if address.scheme != scheme_of(url):
            notes.append(f"{redacted(url)} is read as {address.redacted}")
        return [_found(address, {})]
    store = store_of(address)
    backend = store.backend
    assert isinstance(backend, ObjectStore)
    if _is_pattern(address):
        return _matches(address, store, backend, notes)
    info = known or run(description(address))
    assert info is not None
    if info.get("type") == "directory":
        return _folder(address, store, backend, notes)
    return [_found(replace(address, version=remote_version(info)), {})]


def is_there(url: str, notes: list[str]) -> bool:
    """Whether there is a file of exactly this address, which costs a request; a server that fails is an error.

    A refusal is taken for a no, and noted: without the right to list a bucket, S3 refuses names that it does not have,
    and so do web servers.
    """
    address = check(url)
    store = store_of(address)
    backend = store.backend
    try:
        if isinstance(backend, ObjectStore) and _is_pattern(address):
            found = _own_entry(address, store, backend)
            return found is not None and found.get("type") != "directory"
        refusal = run(store.retried(lambda: _refusal(store, address), address))
    except FileError as error:
        if error.code not in ("IO_NOT_FOUND", "IO_PERMISSION"):
            raise
        refusal = "" if error.code == "IO_NOT_FOUND" else error.message
    if refusal:
        notes.append(f"{address.redacted} is read as a file of the archive, as the server refuses an object of this "
                     f"name: {refusal}")  # fmt: skip
    return refusal is None


async def _refusal(store: Store, address: Address) -> str | None:
    """None if there is such a file; else why a web server refuses its name."""
    try:
        await store.backend.stat(address)
    except NoRangesError:  # it is there, and comes as a whole
        return None
    except StatusError as error:
        if error.status in TRANSIENT or not 400 <= error.status < 500 or error.status in (404, 410):
            raise
        return str(error)
    return None


def _found(address: Address, columns: Mapping[str, str | None]) -> FoundFile:
    return FoundFile(address.redacted, columns, address)


def _is_pattern(address: Address) -> bool:
    return _MAGIC.search(address.url.partition("://")[2]) is not None


def _own_entry(address: Address, store: Store, backend: ObjectStore) -> Info | None:
    """What the store has under exactly the name that is also a pattern: one request, unless it is a large folder.

    It is a listing, as a store may permit that alone, and tells what is missing from what is forbidden.
    """
    path = backend.store_path(address)
    folder, slash, name = path.rpartition("/")
    if not slash or _MAGIC.search(path.lstrip("/").partition("/")[0]):  # no bucket has such a name
        return None
    entries = run(store.retried(lambda: backend.listing("find", folder, prefix=name), address))
    is_folder = any(found.startswith(f"{path}/") for found in entries)
    return entries.get(path) or ({"type": "directory"} if is_folder else None)


def _matches(address: Address, store: Store, backend: ObjectStore, notes: list[str]) -> list[FoundFile]:
    """The files that match; what has the very name of the pattern is taken alone, as on local disks."""
    pattern = backend.store_path(address)
    own = _own_entry(address, store, backend) if _NO_GLOB_OF_ITSELF.search(pattern) else None
    entries = {} if own else run(store.retried(lambda: backend.listing("glob", pattern), address))
    if own := own or entries.get(pattern):
        found = _address(address, pattern, own)
        return _folder(found, store, backend, notes) if found.version is None else [_found(found, {})]
    named = {part for part in PurePosixPath(pattern).parts if part.startswith(".")}
    files: dict[str, FoundFile] = {}
    for name in sorted(entries, key=natural_key):
        parts = PurePosixPath(name).parts
        if any(part.startswith(".") and part not in named for part in parts):
            continue
        found = _address(address, name, entries[name])
        here = found.version is not None
        for file in [_found(found, partition_values(name))] if here else _folder(found, store, backend, notes):
            files.setdefault(file.path, file)
    if not files:
        raise FileError("no file matches", path=address.redacted, code="IO_NOT_FOUND")
    return list(files.values())


def _folder(address: Address, store: Store, backend: ObjectStore, notes: list[str]) -> list[FoundFile]:
    root = backend.store_path(address).rstrip("/")
    entries = run(store.retried(lambda: backend.listing("find", root), address))
    below = {name[len(root) + 1 :]: name for name in entries if name.startswith(f"{root}/")}
    if (table := table_format_of(below)) is not None:
        raise refused(table[0], "/".join(filter(None, [address.redacted.rstrip("/"), table[1]])))
    seen = [name for name in below if _is_visible(name)]
    chosen = sorted_data_files(
        address.redacted.rstrip("/"),
        [name for name in seen if is_data_file(name)],
        [name for name in seen if not is_data_file(name)],
        notes,
    )
    return [_found(_address(address, below[name], entries[below[name]]), partition_values(name)) for name in chosen]


def _is_visible(name: str) -> bool:
    """Whether a name is neither hidden nor an empty object that some tools create for a folder."""
    return name[-1:] not in {"", "/"} and not any(part.startswith((".", "_")) for part in PurePosixPath(name).parts)


def _address(base: Address, name: str, info: Mapping[str, Any]) -> Address:
    """The address of a listed name, with the prefix of the store, which for Azure contains the account."""
    prefix, _, rest = base.url.partition("://")
    bucket, _, key = name.lstrip("/").partition("/")
    account = rest.partition("/")[0].partition("@")[1:] if "@" in rest.partition("/")[0] else ()
    url = f"{prefix}://{bucket}{''.join(account)}/{key}"
    return Address(url, None if info.get("type") == "directory" else remote_version(info))

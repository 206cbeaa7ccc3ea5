"""Remote files as outputs: written to a temporary copy, and uploaded as a whole once everything is written.

A reader of the store sees the old object or the new one, never a part of it. A large file goes to S3 in parts, which
are no object until the last request names them; if that does not come, they are discarded.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from losscli.errors import Code, FileError, UsageError
from losscli.io.files.spool import open_spool
from losscli.io.remote.address import SCHEMES, WEB, Address, check, redacted, scheme_of
from losscli.io.remote.stores import ObjectStore, Store, store_of
from losscli.io.remote.transfer import run, start, wait

PART = 16 << 20
"""Bytes of a part; a file of at most as many is one request."""

MOST_PARTS = 10_000
AT_ONCE = 4
ABORT_SECONDS = 5.0


def refuse_read_only(url: str) -> None:
    """Raise a UsageError for an address that nothing can be written to, such as that of a web server."""
    scheme = scheme_of(url)
    if scheme not in SCHEMES or scheme in WEB:
        raise UsageError(f"writing to {scheme}:// is not supported", path=redacted(url), code="USAGE_BAD_VALUE",
                         hint="write to s3://, gs:// or abfs://, or to a local file and copy it")  # fmt: skip
    key = check(url).url.partition("://")[2].partition("/")[2]
    if not key or key.endswith("/"):
        raise FileError("could not write: it is a folder", path=redacted(url), hint="name a file inside it",
                        code="IO_PERMISSION")  # fmt: skip


def check_uploadable(url: str) -> None:
    """Raise the error that an upload would end with, as far as the store can tell; nothing is written."""
    refuse_read_only(url)
    address = check(url)
    store = store_of(address)
    if address.scheme == "s3":  # an upload that is begun needs the same permission
        upload = run(_called(store, address, "create_multipart_upload"))["UploadId"]
        with suppress(FileError):
            run(_called(store, address, "abort_multipart_upload", UploadId=upload))
        return
    try:
        run(store.stat(address))
    except FileError as error:  # there is no such file yet, or one may write files and not look at them
        if error.code not in ("IO_NOT_FOUND", "IO_PERMISSION"):
            raise


@contextmanager
def uploaded(url: str) -> Iterator[BinaryIO]:
    """A file whose bytes replace the object at the end, if no exception occurs."""
    refuse_read_only(url)
    address = check(url)
    spool, file = open_spool(address.redacted)
    try:
        try:
            yield file
            if not file.closed:
                file.flush()
        finally:
            with suppress(OSError):
                file.raw.close()  # not flushed, which would fail again on a full disk
        _upload(address, spool.path)
    finally:
        spool.remove()


def _upload(address: Address, path: str) -> None:
    store, size = store_of(address), Path(path).stat().st_size
    if address.scheme != "s3":
        backend = store.backend
        assert isinstance(backend, ObjectStore)
        run(store.retried(lambda: backend.put_file(path, address), address))
    elif size <= PART:
        run(_called(store, address, "put_object", Body=Path(path).read_bytes()))
    else:
        _upload_parts(store, address, path, max(PART, -(-size // MOST_PARTS)))


def _upload_parts(store: Store, address: Address, path: str, part: int) -> None:
    upload = run(_called(store, address, "create_multipart_upload"))["UploadId"]
    pending: deque[Future[Any]] = deque()
    tags: list[str] = []
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            number = 0
            while data := file.read(part):
                number += 1
                pending.append(start(_called(store, address, "upload_part", UploadId=upload, PartNumber=number,
                                             Body=data)))  # fmt: skip
                if len(pending) == AT_ONCE:
                    tags.append(wait(pending.popleft())["ETag"])
        tags += [wait(future)["ETag"] for future in pending]
        _complete(store, address, upload, tags, Path(path).stat().st_size)
    except BaseException:  # also where the process is told to end: parts that stay are paid for
        for future in pending:
            future.cancel()
        with suppress(Exception):
            start(_called(store, address, "abort_multipart_upload", UploadId=upload)).result(ABORT_SECONDS)
        raise


def _complete(store: Store, address: Address, upload: str, tags: Sequence[str], size: int) -> None:
    """Make the parts one object. Where the answer was lost and it was asked again, the store knows no such upload."""
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
    try:
        run(_called(store, address, "complete_multipart_upload", UploadId=upload, MultipartUpload={"Parts": parts}))
    except FileError as error:
        if error.code != "IO_NOT_FOUND":
            raise
        _check_complete(store, address, tags, size)


def _check_complete(store: Store, address: Address, tags: Sequence[str], size: int) -> None:
    """Raise the error of an upload that the store knows no longer, unless the object is the one that the parts make."""
    try:
        found = run(store.stat(address))
    except FileError as error:
        if error.code != "IO_NOT_FOUND":
            raise _unknown(
                address, f"the object cannot be looked at: {error.message}", error.hint, error.code
            ) from error
        found = None
    if found is None or found.size != size:
        raise FileError("could not write: the store has discarded the upload before it was complete",
                        path=address.redacted, hint="run again", code="IO_NETWORK")  # fmt: skip
    if found.tag != _tag_of_parts(tags):  # of encrypted objects and in some stores, a tag is no hash of the content
        raise _unknown(address, "the object has the size of the new one, but its ETag does not tell its content",
                       "look at the object, or run again", "IO_NETWORK")  # fmt: skip


def _unknown(address: Address, why: str, hint: str | None, code: Code | None) -> FileError:
    message = f"it is not known whether the upload was completed, as the answer of the store was lost, and {why}"
    return FileError(message, path=address.redacted, hint=hint, code=code)


def _tag_of_parts(tags: Sequence[str]) -> str | None:
    """The ETag of the object that these parts make: the hash of their hashes, and how many they are.

    None if a tag of a part is no hash.
    """
    try:
        hashes = b"".join(bytes.fromhex(tag.strip('"')) for tag in tags)
    except ValueError:
        return None
    return f"{hashlib.md5(hashes, usedforsecurity=False).hexdigest()}-{len(tags)}"


async def _called(store: Store, address: Address, operation: str, **arguments: Any) -> Any:
    """The answer of S3 to an operation about this object."""
    backend = store.backend
    assert isinstance(backend, ObjectStore)
    bucket, key, _ = backend.filesystem.split_path(backend.store_path(address))
    return await store.retried(
        lambda: backend.filesystem._call_s3(operation, Bucket=bucket, Key=key, **arguments), address
    )

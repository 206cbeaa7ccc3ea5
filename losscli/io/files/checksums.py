"""SHA-256 of the files that are read: held against what was expected, and kept for the report.

A file is hashed over its bytes as they are stored, from the first to the last, before any of it is read as a table.
What is no local file, such as standard input, is copied to a temporary file first, which is then hashed and read.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from losscli.errors import DataError, UsageError
from losscli.io.files.archives import refuse_member
from losscli.io.files.compression import spool_to_file
from losscli.io.files.inputs import FileInput, Input
from losscli.io.files.spool import CHUNK_BYTES
from losscli.io.files.streams import file_error
from losscli.io.remote.address import REMOTE_URL, beside, local_path, on_the_web, redacted, with_redacted_urls
from losscli.lazy import pattern

_HEX = pattern("[0-9a-fA-F]{64}")
_GNU = pattern(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
_BSD = pattern(r"(\\?)SHA256 \((.+)\) = ([0-9a-fA-F]{64})")
_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_LARGEST = 64 << 20


def read_sha256(text: str) -> tuple[str, str | None]:
    """`FILE=HEX`, or `FILE` alone, whose hash is only reported."""
    path, sign, digest = text.rpartition("=")
    if sign and path and _HEX.fullmatch(digest.strip()):
        return path, digest.strip().lower()
    if text == "-" or REMOTE_URL.match(text) or os.path.lexists(text):
        return text, None
    raise UsageError(f"'{with_redacted_urls(text)}' is not FILE=HEX", code="USAGE_BAD_VALUE",
                     hint="a SHA-256 has 64 hexadecimal digits; FILE alone only reports it")  # fmt: skip


def read_each_sha256(texts: Iterable[str]) -> dict[str, str | None]:
    """The SHA-256 of each file; two for one file are an error."""
    found: dict[str, str | None] = {}
    for path, digest in map(read_sha256, texts):
        if found.get(path) not in (None, digest):
            raise _twice(path)
        found[path] = digest or found.get(path)
    return found


def _twice(path: str) -> UsageError:
    return UsageError("two different SHA-256 are expected of one file", path=redacted(path), code="USAGE_CONFLICT")


class Checksums:
    """What is expected of the files of a run, and the hashes that were found, by the paths that are shown."""

    def __init__(self, given: Mapping[str, str | None], listing: str | None) -> None:
        self.given, self.listing = given, listing
        self.found: dict[str, str] = {}
        self._expected: dict[str, str | None] = {}
        self._seen: set[str] = set()
        for path, digest in given.items():
            if digest is not None and not _HEX.fullmatch(digest):
                raise UsageError(f"'{digest}' is not a SHA-256, which has 64 hexadecimal digits", path=redacted(path),
                                 code="USAGE_BAD_VALUE")  # fmt: skip
            self._expect(_key(path), None if digest is None else digest.lower(), path)
        self._listed: dict[str, str] = {} if listing is None else dict(self._entries(listing))

    def _expect(self, key: str, digest: str | None, path: str) -> None:
        known = self._expected.get(key)
        if known is not None and digest is not None and known != digest:
            raise _twice(path)
        self._expected[key] = digest or known

    def _entries(self, listing: str) -> Iterator[tuple[str, str]]:
        """Each file of a list of checksums: its name is relative to the folder of the list, or to the working one."""
        known: dict[str, str] = {}
        listing = local_path(listing)
        for name, digest in _parsed(listing):
            keys = {_key(name)} if REMOTE_URL.match(name) or name == "-" else {_key(name), _key(_beside(listing, name))}
            for key in keys:
                if known.setdefault(key, digest) != digest:
                    raise UsageError(f"two different SHA-256 are listed for '{redacted(name)}'",
                                     path=redacted(listing),
                                     code="USAGE_CONFLICT")  # fmt: skip
                yield key, digest

    def verified(self, source: Input, shown: str) -> Input:
        """The input, if its bytes are those that are expected; a DataError if not. It may be a copy.

        `shown` is its path in the report: that of a file in an archive, whose own bytes are hashed.
        """
        key = _key(source.path)
        if key not in self._expected and self.listing is None:
            return source
        expected = self._expected.get(key) or self._listed.get(key)
        if key not in self._expected and expected is None:
            listing = redacted(self.listing or "")
            raise UsageError(f"'{listing}' has no checksum of this file, which is read", path=source.path,
                             hint="add it there, or give --sha256 FILE=HEX", code="USAGE_INCOMPLETE")  # fmt: skip
        self._seen.add(key)
        copy = source if isinstance(source, FileInput) else spool_to_file(source, None)
        found = _sha256(copy)
        if expected is not None and found != expected:
            raise DataError(f"the content is not what was expected: its SHA-256 is {found}, expected {expected}",
                            path=source.path, hint="copy the file again, or find out who changed it",
                            code="DATA_CORRUPT_FILE")  # fmt: skip
        self.found[shown] = found
        return copy

    def refuse_unused(self) -> None:
        """A UsageError if a file was named by itself and not read."""
        for path in self.given:
            if _key(path) not in self._seen:
                raise UsageError("a SHA-256 is given for this file, but the run does not read it", path=redacted(path),
                                 code="USAGE_CONFLICT")  # fmt: skip


def _sha256(source: FileInput) -> str:
    digest = hashlib.sha256()
    with source.open() as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    source.verify()
    return digest.hexdigest()


def _key(path: str) -> str:
    path = local_path(path)
    if path == "-":
        return path
    return redacted(on_the_web(path)) if REMOTE_URL.match(path) else os.path.realpath(path)


def _beside(listing: str, name: str) -> str:
    """A file whose name is relative to the folder of the list, which may be remote."""
    return beside(listing, posixpath.normpath(name)) if REMOTE_URL.match(listing) else str(Path(listing).parent / name)


def _content(listing: str) -> bytes:
    if REMOTE_URL.match(listing):
        from losscli.io.remote.whole import read_whole

        return read_whole(listing, _LARGEST)
    try:
        with Path(listing).open("rb") as file:
            return file.read(_LARGEST + 1)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            refuse_member(listing)
        raise file_error(error, listing) from None


def _parsed(listing: str) -> Iterator[tuple[str, str]]:
    """The names and hashes of a file as `sha256sum` writes it, with or without --tag."""
    content = _content(listing)
    text, listing = os.fsdecode(content), redacted(listing)
    if len(content) > _LARGEST:
        raise DataError("not a list of checksums: it is too large", path=listing, code="DATA_WRONG_FORMAT")
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        gnu, bsd = _GNU.fullmatch(line), _BSD.fullmatch(line)
        if gnu is None and bsd is None:
            raise DataError("not a list of SHA-256 checksums", path=listing, line=number,
                            value=with_redacted_urls(line)[:80],
                            hint="'sha256sum FILE… > SHA256SUMS' writes one", code="DATA_WRONG_FORMAT")  # fmt: skip
        escaped, digest, name = gnu.groups() if gnu is not None else (bsd[1], bsd[3], bsd[2])  # type: ignore[index]
        if escaped:
            name = re.sub(r"\\.", lambda found: _ESCAPES.get(found[0], found[0]), name)
        yield name, digest.lower()

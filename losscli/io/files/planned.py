"""The files of a plan of shards: those of one shard are opened, and only if they are still as they were planned."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from losscli.errors import DataError, FileError, UsageError
from losscli.io.files.discover import Discovery
from losscli.io.files.found import FoundFile
from losscli.io.files.identity import Identity
from losscli.io.files.inputs import FileInput, Input
from losscli.io.files.open import (
    OpenedFile,
    check_same_format,
    fragment_of,
    inputs_of,
    open_file,
    with_partition_columns,
)
from losscli.io.nested.paths import NestedPath
from losscli.io.remote.address import REMOTE_URL, Address, RemoteVersion, check, redacted, scheme_of
from losscli.io.source import Fragment, ReadAs, ReadOptions, Source, Split
from losscli.io.wrapped_fragment import WrappedFragment
from losscli.lazy import dataclass


@dataclass(frozen=True)
class PlannedFile:
    """A file as it was when the shards were planned; `tag` is its modification time or its ETag."""

    path: str
    size: int
    tag: str
    partition_values: Mapping[str, str | None]
    archive: str | None = None
    member: str | None = None

    @property
    def found(self) -> FoundFile:
        """The file, for its reader."""
        remote = None
        if REMOTE_URL.match(self.path):
            has_etag = scheme_of(self.path) == "s3"
            remote = Address(check(self.archive or self.path).url, RemoteVersion(self.size, self.tag, has_etag))
        return FoundFile(self.path, self.partition_values, remote, self.archive, self.member)


@dataclass(frozen=True)
class PlannedFiles:
    """All files of a plan, in order; `own` are the numbers of those in which a shard has rows."""

    files: Sequence[PlannedFile]
    own: Collection[int]
    doubled: tuple[str, ...] = ()


def planned_files(discovery: Discovery) -> list[PlannedFile]:
    """What a plan says of the files that were found; those of a listing are not asked for."""
    for found in discovery.files:
        if found.remote is not None and redacted(found.remote.url) != found.remote.url:
            raise UsageError("a plan would hold the secrets of this address", path=found.path, code="USAGE_CONFLICT",
                             hint="without a plan, each shard is given the address: losscli eval ADDRESS --shard I/N; "
                             "or name the object of a store, whose credentials the environment has")  # fmt: skip
    unknown = [found for found in discovery.files if found.remote is None or found.remote.version is None]
    inputs = iter([source for _, source in inputs_of(unknown)])
    planned = []
    for found in discovery.files:
        version = None if found.remote is None else found.remote.version
        if version is None:
            size, tag = _state(next(inputs))
        else:
            size, tag = version.size, version.tag
        planned.append(PlannedFile(found.path, size, tag, found.partition_values, found.archive, found.member))
    return planned


def open_planned(planned: PlannedFiles, options: ReadOptions) -> Source:
    """The source of one shard: its own files are opened, and the first of all, which says what the columns are."""
    needed = sorted({0, *planned.own})
    files = [planned.files[at] for at in needed]
    opened: dict[int, OpenedFile] = {}
    for at, (found, source) in zip(needed, _inputs(files), strict=True):
        _check_unchanged(planned.files[at], source)
        opened[at] = with_partition_columns(open_file(found, options, source), found)
    first = opened[0]
    check_same_format([opened[at] for at in needed])
    for file in opened.values():
        if set(file.columns) != set(first.columns):
            raise DataError(f"its columns are not those of {first.fragment.path}, the first file of the plan",
                            path=file.fragment.path, code="DATA_MISSING_COLUMN",
                            hint="shards without a plan read files whose columns differ")  # fmt: skip

    def fragment(at: int) -> Fragment:
        file = planned.files[at]
        if at not in opened:
            return ElsewhereFragment(file.path, first.fragment.format)
        read = fragment_of(opened[at], file.found, {}, options.lenient)
        return read if at in planned.own else HeaderFragment(read)

    fragments = tuple(map(fragment, range(len(planned.files))))
    notes = dict.fromkeys([*planned.doubled, *(note for file in opened.values() for note in file.notes)])
    identities: dict[Identity, str] = {("planned", file.path): file.path for file in planned.files}
    return Source(fragments, first.columns, dict(first.types), tuple(notes), doubled=planned.doubled,
                  identities=identities)  # fmt: skip


def _inputs(files: Sequence[PlannedFile]) -> Iterator[tuple[FoundFile, Input]]:
    """Each file with its bytes. If one cannot be read because it changed since it was planned, the error says so.

    Or because its path is that of the folder in which the shards were planned.
    """
    try:
        yield from inputs_of([file.found for file in files])
    except FileError as error:
        for file in files:
            if file.path == error.path and file.found.remote is not None:
                address = Address(file.found.remote.url)
                _check_unchanged(file, next(inputs_of([replace(file.found, remote=address)]))[1])
        if error.code == "IO_NOT_FOUND" and any(_is_relative(file.archive or file.path, error.path) for file in files):
            error.hint = (
                "the paths of this plan are relative to the folder where the shards were planned: run there, "
                "or plan with absolute paths"
            )
        raise


def _is_relative(path: str, wanted: str | None) -> bool:
    return path == wanted and not REMOTE_URL.match(path) and not os.path.isabs(path)  # noqa: PTH117


def _state(source: Input) -> tuple[int, str]:
    """The size and the tag of a file."""
    version = getattr(source, "version", None)
    if isinstance(version, RemoteVersion):
        return version.size, version.tag
    if isinstance(source, FileInput) and source.spool is None:
        return source.version[0], str(source.version[1])
    # A pipe, or the copy of what a web server only sends as a whole.
    raise FileError("this input can only be read as a whole, so shards cannot read parts of it", path=source.path,
                    hint="save it to a file first")  # fmt: skip


def _check_unchanged(file: PlannedFile, source: Input) -> None:
    size, tag = _state(source)
    if (size, tag) == (file.size, file.tag):
        return
    what = f"it had {file.size:,} bytes and has {size:,}" if size != file.size else "it was written again"
    raise FileError(f"the file changed since the shards were planned: {what}", path=file.path,
                    hint="plan again: losscli plan-shards SOURCE… --shards N --plan-out FILE")  # fmt: skip


class _WithoutRows(Fragment):
    """A file of which other shards read the rows: none of its splits has any."""

    @property
    def size(self) -> int:
        """Nothing is read."""
        return 0

    def ask_ahead(self, projection: Mapping[str, ReadAs], most: int) -> int:
        """Nothing to begin."""
        return 0

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """None."""
        return iter(())

    def remote_splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """None."""
        return iter(())

    def unread_splits(self, projection: Mapping[str, ReadAs]) -> Sequence[Split]:
        """None."""
        return ()


@dataclass(frozen=True)
class ElsewhereFragment(_WithoutRows):
    """A file of other shards, which is not opened."""

    path: str
    format: str

    def with_paths(self, paths: Mapping[str, NestedPath]) -> ElsewhereFragment:
        """Itself: none of its columns is read."""
        return self


@dataclass(frozen=True)
class HeaderFragment(_WithoutRows, WrappedFragment):
    """The first file, of which other shards read the rows; it says what the columns are."""

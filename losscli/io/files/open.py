"""Opens paths as one source: the head of each file is read, and all files must have the same format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, cast

import pyarrow as pa

from losscli.errors import DataError
from losscli.io.files.archives import chosen_member, is_npz, is_tar, opened_zip, tar_member, zip_members
from losscli.io.files.compression import TAR, compression_of, open_decompressed, spool_to_file
from losscli.io.files.detect import ARRAY_FORMATS, check_json_path, detect_format, may_spell_vectors
from losscli.io.files.discover import Discovery, discover
from losscli.io.files.found import FoundFile
from losscli.io.files.identity import Identity, repeated, tag_identity
from losscli.io.files.inputs import FileInput, Input, PipeInput, SeekableInput, find_local
from losscli.io.files.partition_columns import MissingColumn, PartitionedFragment, missing_columns
from losscli.io.files.streams import Stream
from losscli.io.remote.address import RemoteVersion
from losscli.io.source import Fragment, ReadOptions, Source
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from zipfile import ZipFile

    from losscli.io.formats.numpy_arrays import ArraysFragment

HEAD = 1 << 16


@dataclass(frozen=True)
class OpenedFile:
    """A file whose head was read: its fragment, and the names and types of its columns."""

    fragment: Fragment
    columns: tuple[str, ...]
    types: Mapping[str, pa.DataType | None]
    notes: tuple[str, ...] = ()


def open_source(paths: Sequence[str], options: ReadOptions | None = None) -> Source:
    """The table in these files, folders and globs (`-` is stdin). Only the head of each file is read."""
    discovery = discover(paths)
    options = options or ReadOptions()
    files = [open_file(found, options, source) for found, source in inputs_of(discovery.files)]
    check_same_format(files)
    _check_arrays(files)
    pairs = list(zip(files, discovery.files, strict=True))
    described = [with_partition_columns(file, found) for file, found in pairs]
    missing = missing_columns([(file.fragment.path, file.columns) for file in described])
    fragments = tuple(fragment_of(file, found, missing, options.lenient) for file, found in pairs)
    fragments = (fragments[0].alone(),) if len(fragments) == 1 else fragments
    tagged = _tagged(discovery, files)
    doubled = (*discovery.doubled, *repeated(tagged))
    notes = dict.fromkeys([*discovery.notes, *doubled, *(note for file in files for note in file.notes)])
    identities = {identity: path for path, identity in (*tagged, *discovery.identities)}
    return Source(fragments, described[0].columns, _types(described), tuple(notes), doubled=doubled,
                  identities=identities)  # fmt: skip


def _tagged(discovery: Discovery, files: Sequence[OpenedFile]) -> list[tuple[str, Identity]]:
    """The identities of remote files by their ETag, one for each address."""
    found: dict[Identity, tuple[str, Identity]] = {}
    for (path, address), file in zip(discovery.identities, files, strict=True):
        version = getattr(getattr(file.fragment, "source", None), "version", None)
        if isinstance(version, RemoteVersion) and (tag := tag_identity(version)) is not None:
            found.setdefault(address, (path, tag))
    return list(found.values())


def _types(files: Sequence[OpenedFile]) -> dict[str, pa.DataType | None]:
    """The types of the first file; a column of JSON lines without a value there may hold lists in another."""
    found = dict(files[0].types)
    for name in [name for name, kind in found.items() if kind is None]:
        found[name] = next((kind for file in files if (kind := file.types.get(name)) is not None), None)
    return found


def fragment_of(file: OpenedFile, found: FoundFile, missing: Mapping[str, MissingColumn], lenient: bool) -> Fragment:
    """What is read of a file, with the columns of its folders; those that some files lack are known."""
    if not found.partition_values and not missing:
        return file.fragment
    return PartitionedFragment(file.fragment, file.columns, found.partition_values, missing, lenient)


def with_partition_columns(file: OpenedFile, found: FoundFile) -> OpenedFile:
    """The file's description with the columns that the names of its folders add."""
    clash = [name for name in found.partition_values if name in file.columns]
    if clash:
        raise DataError(
            f"column '{clash[0]}' is in the file and in the name of its folder",
            path=file.fragment.path,
            column=clash[0],
            value=found.partition_values[clash[0]],
            hint="rename the folder or the column",
            code="DATA_DUPLICATE_COLUMN",
        )
    extra: dict[str, pa.DataType | None] = dict.fromkeys(found.partition_values)
    return OpenedFile(file.fragment, (*file.columns, *extra), {**file.types, **extra}, file.notes)


def check_same_format(files: Sequence[OpenedFile]) -> None:
    """A DataError where the files are not all of the format of the first."""
    first = files[0].fragment
    for file in files[1:]:
        if {first.format, file.fragment.format} not in ({first.format}, {"csv", "tsv"}):
            raise DataError(
                f"files of different formats: {first.path} is {first.format}, "
                f"{file.fragment.path} is {file.fragment.format}",
                path=file.fragment.path,
                hint="read one format at a time",
                code="DATA_WRONG_FORMAT",
            )


def _check_arrays(files: Sequence[OpenedFile]) -> None:
    """Several files are rows below rows: arrays of other names are refused, as they are meant side by side."""
    first = files[0]
    for file in files[1:]:
        if file.fragment.format in ARRAY_FORMATS and not set(file.columns) & set(first.columns):
            raise DataError(
                f"{first.fragment.path} and {file.fragment.path} have no column in common: several files are one "
                "table, one below the other", path=file.fragment.path, code="DATA_MISSING_COLUMN",
                hint=f"--beside {file.fragment.path} puts its columns beside those of {first.fragment.path}",
            )  # fmt: skip


def open_file(found: FoundFile, options: ReadOptions, source: Input | None = None) -> OpenedFile:
    """One file, opened by the reader of its format; `source` are its bytes, if they were found already."""
    source = source or next(inputs_of([found]))[1]
    if options.verifier is not None:
        source = options.verifier.verified(source, found.path)
    source, compression, head = _detect_compression(source, options)
    if isinstance(source, FileInput) and found.member is not None:
        source = replace(source, path=found.path)
    if compression == "zip":
        assert isinstance(source, FileInput)
        with opened_zip(source.local_path, source.path) as archive:
            names = zip_members(archive, source.path)
            if options.input_format in (None, "npz") and (is_npz(names) or found.path.lower().endswith(".npz")):
                check_json_path(found.path, "npz", options)
                return _open_npz(source, archive, found.member)
        source = replace(source, member=chosen_member(names, found.member, "zip", source.path))
    if compression is not None or head is None:
        with open_decompressed(source, compression) as stream:
            head = stream.read(HEAD)
    if is_tar(head) and compression != "zip":
        source, compression = _inside_tar(source, compression, found)
        with open_decompressed(source, compression) as stream:
            head = stream.read(HEAD)
    inside = source.member if isinstance(source, FileInput) else None
    if inside is not None and (compression_of(head) or is_tar(head)):
        raise DataError(f"'{inside}' in the archive is packed once more", path=found.path,
                        hint="unpack the outer archive first", code="DATA_WRONG_FORMAT")  # fmt: skip
    format = detect_format(found.path, head, options, inside)
    if format == "safetensors":
        return _open_safetensors(_seekable(source, compression), found.member if inside is None else None)
    if found.member is not None and inside is None:
        raise DataError(f"'{found.archive}' is no archive, so it has no '{found.member}'", path=found.path,
                        hint="leave out what follows the colon", code="DATA_WRONG_FORMAT")  # fmt: skip
    if format in {"parquet", "arrow", "npy", "npz"}:
        content = head if compression is None and inside is None and len(head) < HEAD else None
        return _open_binary(format, _seekable(source, compression), inside, content)
    if format == "json":
        return _open_json(source, compression, options)
    if format == "jsonl":
        return _open_jsonl(source, compression, options, head)
    return _open_delimited(source, compression, options, format, head)


def inputs_of(files: Sequence[FoundFile]) -> Iterator[tuple[FoundFile, Input]]:
    """Each file with its bytes; the remote ones are asked for side by side."""
    addresses = [found.remote for found in files if found.remote is not None]
    remote: Iterator[Input] = iter(())
    if addresses:
        from losscli.io.remote.input import find_all

        remote = find_all(addresses)
    for found in files:
        yield found, find_local(found.archive or found.path) if found.remote is None else next(remote)


def _seekable(source: Input, compression: str | None) -> SeekableInput:
    """The input itself if it can be read in any order, else a copy of its bytes."""
    if compression is None and not isinstance(source, PipeInput):
        return cast(SeekableInput, source)  # a file, local or remote
    return spool_to_file(source, compression)


def _detect_compression(source: Input, options: ReadOptions) -> tuple[Input, str | None, bytes | None]:
    """The input, its compression, and its first bytes.

    An input that must be read twice or out of order is copied to a file, whose first bytes are not known yet.
    """
    with source.open() as stream:
        head = stream.read(HEAD)
    compression = compression_of(head)
    if compression == "zip" and not isinstance(source, FileInput):
        return spool_to_file(source, None), compression, None
    if options.spool and isinstance(source, PipeInput):
        return spool_to_file(source, compression), None, None
    return source, compression, head


def _inside_tar(source: Input, compression: str | None, found: FoundFile) -> tuple[FileInput, str]:
    """The file in a tar archive that is read, and how: as if the archive were a compression."""
    file = source if isinstance(source, FileInput) else spool_to_file(source, None)
    with open_decompressed(file, compression) as stream:
        member = tar_member(stream, found.member)
    return replace(file, member=member), f"{TAR}{compression or ''}"


def _open_binary(format: str, source: SeekableInput, inside: str | None, content: bytes | None) -> OpenedFile:
    if format == "npy":
        from losscli.io.formats.numpy_input import name_of, open_npy

        return _of_arrays(*open_npy(source, name_of(inside or source.path)))
    if format == "npz":
        raise DataError("not an archive of NumPy arrays", path=source.path, hint="numpy.savez writes one",
                        code="DATA_WRONG_FORMAT")  # fmt: skip
    return _open_parquet(source, content) if format == "parquet" else _open_arrow(source)


def _open_npz(source: FileInput, archive: ZipFile, member: str | None) -> OpenedFile:
    from losscli.io.formats.numpy_input import open_npz

    return _of_arrays(*open_npz(source, archive, member))


def _open_safetensors(source: SeekableInput, member: str | None) -> OpenedFile:
    from losscli.io.formats.safetensors_input import open_safetensors

    file = source if isinstance(source, FileInput) else spool_to_file(source, None)  # its reader takes no streams
    return _of_arrays(*open_safetensors(file, member))


def _of_arrays(fragment: ArraysFragment, notes: tuple[str, ...]) -> OpenedFile:
    return OpenedFile(fragment, tuple(dict.fromkeys(fragment.nested_types)), fragment.nested_types, notes)


def _open_parquet(source: SeekableInput, content: bytes | None) -> OpenedFile:
    from losscli.io.formats.parquet import ParquetFragment
    from losscli.io.formats.parquet_reader import read_schema

    schema = read_schema(source, content)
    fragment = ParquetFragment(source.path, source, schema)
    return OpenedFile(fragment, tuple(dict.fromkeys(schema.names)), {field.name: field.type for field in schema})


def _open_arrow(source: SeekableInput) -> OpenedFile:
    from losscli.io.formats.arrow_ipc import ArrowFragment, read_schema

    schema = read_schema(source)
    fragment = ArrowFragment(source.path, source, schema)
    return OpenedFile(fragment, tuple(dict.fromkeys(schema.names)), {field.name: field.type for field in schema})


def _open_jsonl(source: Input, compression: str | None, options: ReadOptions, head: bytes) -> OpenedFile:
    from losscli.io.formats.jsonl import JsonlFragment, read_keys
    from losscli.io.nested.json_types import column_type

    with _open_text(source, compression, options, head) as stream:
        keys = read_keys(stream)
    fragment = JsonlFragment(source.path, source, compression, keys, options.encoding, options.lenient)
    return OpenedFile(fragment, tuple(keys), {name: column_type(kind) for name, kind in keys.items()})


def _open_text(source: Input, compression: str | None, options: ReadOptions, head: bytes) -> Stream:
    """The text from its first byte on; that of a small file is in memory already."""
    from losscli.io.formats.text_windows import as_text, open_text

    if len(head) < HEAD:
        return as_text(Stream(BytesIO(head), source.path), options.encoding)
    return open_text(source, compression, options.encoding)


def _open_json(source: Input, compression: str | None, options: ReadOptions) -> OpenedFile:
    from losscli.io.formats.json_input import open_document
    from losscli.io.formats.jsonl import JsonlFragment
    from losscli.io.nested.json_types import column_type

    found, keys, what = open_document(source, compression, options.encoding, options.json_path)
    fragment = JsonlFragment(source.path, found, None, keys, "utf-8", options.lenient, format="json")
    types = {name: column_type(kind) for name, kind in keys.items()}
    return OpenedFile(fragment, tuple(keys), types, (f"{source.path}: the table is {what}",) if what else ())


def _open_delimited(
    source: Input, compression: str | None, options: ReadOptions, format: str, head: bytes
) -> OpenedFile:
    from losscli.io.formats.csv import CsvFragment
    from losscli.io.formats.csv_header import dialect_of, read_layout
    from losscli.io.formats.csv_preamble import read_preamble
    from losscli.io.formats.csv_syntax import changes_text

    with _open_text(source, compression, options, head) as stream:
        preamble = read_preamble(stream, options)
        dialect = dialect_of(preamble.options, format)
        cleaned = stream
        if changes_text(options):
            from losscli.io.formats.csv_comments import plain_text

            cleaned = plain_text(stream, options, dialect)
        layout = read_layout(cleaned, preamble, format)
    fragment = CsvFragment(source.path, format, source, compression, layout, options)
    columns = tuple(dict.fromkeys(name for name in layout.names if name.strip()))
    types: dict[str, pa.DataType | None] = dict.fromkeys(columns)
    if may_spell_vectors(head):
        from losscli.io.formats.csv_vectors import vector_columns

        with fragment.opened(last=False) as stream:
            types |= {name: kind for name, kind in vector_columns(stream, layout, options).items() if name in types}
    return OpenedFile(fragment, columns, types, layout.notes)

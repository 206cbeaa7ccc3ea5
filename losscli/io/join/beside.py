"""Files side by side: rows of one number are one row, and the columns of all of them are its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

import pyarrow as pa

from losscli.errors import UsageError
from losscli.io.files.identity import common
from losscli.io.join.lookup_side import source_name
from losscli.io.join.models import ModelFile, PairedFragment
from losscli.io.source import DroppedRows, Fragment, PairedFiles, ReadAs, Source, Split
from losscli.lazy import dataclass

ORDER_HINT = "--beside pairs rows by row order: all files must have the same rows in the same order"
SHARED_HINT = "--beside NAME=FILE calls the columns of FILE NAME.COLUMN, or NAME if it has only one"


def beside(first: Source, others: Sequence[tuple[str | None, Source]]) -> Source:
    """The rows of the first source with the columns of all, by row order; a name renames the columns of another.

    A column that several files have under one name must be the same in all of them, if it is used.
    """
    sides = [(None, first), *others]
    for at, (_, source) in enumerate(sides):
        for _, other in sides[:at]:
            if (same := common(source.identities, other.identities)) is not None:
                raise UsageError(f"{same[0]} is given twice, as SOURCE or --beside", path=same[0],
                                 hint="file.npz:NAME reads one array of an .npz file",
                                 code="USAGE_CONFLICT")  # fmt: skip
    labels = [source_name(source) for _, source in sides]
    labels = [label if labels.count(label) == 1 else f"{label} ({at})" for at, label in enumerate(labels, 1)]
    columns: dict[str, tuple[int, str]] = {}
    types: dict[str, pa.DataType | None] = {}
    shared: list[list[str]] = [[] for _ in sides]
    for at, (name, source) in enumerate(sides):
        for column in source.columns:
            shown = _name(name, column, source)
            if shown not in columns:
                columns[shown], types[shown] = (at, column), source.types.get(column)
                continue
            if name is not None or columns[shown][1] != column:
                raise UsageError(f"'{shown}' would name two columns", column=shown, hint="give the file another name",
                                 code="USAGE_CONFLICT")  # fmt: skip
            shared[at].append(column)
    files = tuple(
        ModelFile(label, source, label, tuple(names))
        for label, (_, source), names in zip(labels, sides, shared, strict=True)
    )
    fragment = BesideFragment(files, columns, PairedFiles())
    listed = ", ".join(labels[:-1]) + f" and {labels[-1]}"
    notes = [note for side in sides for note in side[1].notes]
    notes.append(f"rows of {listed} are paired by row order; no key confirms that they belong together")
    return Source(
        (fragment,), tuple(columns), types, tuple(dict.fromkeys(notes)), paired_files=fragment.paired_files,
        doubled=tuple(said for _, source in sides for said in source.doubled),
        identities={identity: path for _, source in sides for identity, path in source.identities.items()},
    )  # fmt: skip


def _name(name: str | None, column: str, source: Source) -> str:
    if name is None:
        return column
    return name if len(source.columns) == 1 else f"{name}.{column}"


@dataclass(frozen=True)
class BesideFragment(Fragment):
    """The files as one fragment, because whether they belong together is a matter of all rows."""

    files: tuple[ModelFile, ...]
    column_sources: Mapping[str, tuple[int, str]] = field(repr=False)
    paired_files: PairedFiles

    @property
    def path(self) -> str:  # type: ignore[override]
        """The first file, with the number of others."""
        return source_name(self.files[0].source)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the first source, which locations of rows name."""
        return tuple(path for fragment in self.files[0].source.fragments for path in fragment.paths)

    @property
    def format(self) -> str:  # type: ignore[override]
        """The format of the first file."""
        return self.files[0].source.fragments[0].format

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The rows in the order of the first file; several threads can read the splits."""
        files = tuple(replace(one, shared=tuple(n for n in one.shared if n in projection)) for one in self.files)
        paired = PairedFragment(files, (), True, self.column_sources, DroppedRows(), self.paired_files,
                                order_hint=ORDER_HINT, shared_hint=SHARED_HINT)  # fmt: skip
        return paired.splits(projection)

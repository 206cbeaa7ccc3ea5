"""Where a joined row stands: its columns of the predictions in one file, those of the targets in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from losscli.errors import Code, DataError, Indices, Location, LosscliError
from losscli.io.join.lookup_side import LookupSide, read_batches
from losscli.io.source import ReadAs, Source
from losscli.lazy import dataclass


@dataclass(frozen=True)
class LookupRows:
    """The rows of the lookup side in their files: they are read once more for a line or a cell, when an error wants it.

    `columns` are the names of its columns in the joined table, and their names in the file.
    """

    source: Source
    lookup: LookupSide
    projection: Mapping[str, ReadAs]
    columns: Mapping[str, str]

    def place(self, row: int) -> tuple[Location, int]:
        """The location of a row, and the index of the row in it."""
        at, index = self.lookup.location_of(row)
        try:
            before = 0
            for batch in read_batches(self.source, self.projection):
                before += batch.data.num_rows
                if row < before:
                    return batch.location, row - before + batch.data.num_rows
        except (LosscliError, OSError):  # a pipe, which can be read once only: the line is not known then
            pass
        return at, index

    def own_name(self, shown: str | None) -> str | None:
        """The name in its file of a column that a message shows, alone or before others; None if it is none of them."""
        if shown is None:
            return None
        return self.columns.get(shown) or self.columns.get(shown.split(", ")[0].split("…")[0])


@dataclass(frozen=True)
class JoinedLocation(Location):
    """The location of joined rows; an error about a column of the lookup side names its file and row."""

    theirs: LookupRows | None = None
    rows: Indices = ()
    joined_index: Callable[[int], int] = field(default=int)  # the index among `rows`

    def take(self, kept: Indices) -> Location:
        """The location of the rows at the indices `kept` only."""
        return replace(
            self,
            original_index=lambda index: self.original_index(int(kept[index])),
            joined_index=lambda index: self.joined_index(int(kept[index])),
        )

    def path_of(self, column: str | None) -> str:
        """The file that has a column."""
        if self.theirs is None or self.theirs.own_name(column) is None:
            return self.path
        return self.theirs.lookup.locations[0].path

    def written(self, index: int, column: str) -> str | None:
        """The cell of the row at `index` as its file has it; None where the reader cannot tell."""
        if self.theirs is None or (own := self.theirs.own_name(column)) is None:
            return super().written(index, column)
        location, row = self.theirs.place(int(self.rows[self.joined_index(index)]))
        return location.written(row, own)

    def error(
        self, index: int, column: str | None, message: str, value: Any = None, hint: str | None = None,
        *, code: Code | None = None,
    ) -> DataError:  # fmt: skip
        """The error about the row at `index`."""
        if self.theirs is None or (own := self.theirs.own_name(column)) is None:
            return super().error(index, column, message, value, hint, code=code)
        location, row = self.theirs.place(int(self.rows[self.joined_index(index)]))
        return location.error(row, own, message, value, hint, code=code)

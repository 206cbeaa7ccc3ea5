"""The columns of a batch as an expression sees them: decoded once, whichever part of it asks, and derived ones too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
import pyarrow as pa

from losscli.binding.expressions.instants import labels_beside
from losscli.errors import DataError, Location
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import Mask, NumberFormat, Numbers, Texts, is_missing, numbers, texts, vectors
from losscli.io.arrow.types import is_spelled, is_text, is_vector


class Derived(Protocol):
    """A derived column, which is computed of a batch."""

    @property
    def is_text(self) -> bool:
        """Whether it is a text."""

    @property
    def renamed(self) -> str | None:
        """The column of the data that it is under another name."""

    def numbers(self, batch: DecodedBatch, /) -> Numbers:
        """Its values as numbers."""

    def texts(self, batch: DecodedBatch, /) -> Texts:
        """Its values as labels."""

    def is_missing(self, batch: DecodedBatch, /) -> Mask:
        """Which rows have no value."""


NO_LETS: Mapping[str, Derived] = {}


class DecodedBatch:
    """The columns of one batch, each decoded once, when it is first used; `lets` are derived of them by name.

    A cell is missing if it is null, empty, or a text that stands for missing in `number_format`; whatever the format
    of the file, and whatever the cell is compared with. `spelled` are columns of texts that spell vectors.
    """

    def __init__(
        self, data: pa.RecordBatch, location: Location, number_format: NumberFormat, warned: Counter[str],
        lets: Mapping[str, Derived] = NO_LETS, spelled: Collection[str] = (),
    ) -> None:  # fmt: skip
        self._data, self.location, self._warned, self._lets, self._spelled = data, location, warned, lets, spelled
        self._number_format = replace(number_format, nulls=number_format.nulls | {""})
        self._numbers: dict[str, Numbers] = {}
        self._texts: dict[str, Texts] = {}
        self._found: dict[str, Texts] = {}  # before what stands for missing is told apart
        self._compared: set[str] = set()

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self._data.num_rows)

    def column(self, name: str) -> pa.Array:
        """The column of the file, as it was read."""
        positions = self._data.schema.get_all_field_indices(name)
        if len(positions) != 1:
            what = f"{len(positions)} columns are named '{name}'" if positions else f"no column is named '{name}'"
            raise DataError(
                f"{what}, which the filter uses",
                path=self.location.path_of(name),
                column=name,
                code="DATA_DUPLICATE_COLUMN" if positions else "DATA_MISSING_COLUMN",
            )
        return self._data.column(positions[0])

    def numbers(self, name: str) -> Numbers:
        """The column as numbers, one a row or, of a column of lists, a row of them."""
        if name not in self._numbers:
            let = self._lets.get(name)
            self._numbers[name] = self._decoded(name) if let is None else let.numbers(self)
        return self._numbers[name]

    def computed(self, names: Iterable[str]) -> DecodedBatch:
        """The batch that has computed these derived columns, in this order: so a long chain of them is no deep one."""
        for name in names:
            let = self._lets[name]
            if let.is_text:
                self.texts(name)
            elif let.renamed is None:
                self.numbers(name)
        return self

    def _decoded(self, name: str) -> Numbers:
        column = self.column(name)
        if name in self._spelled:
            from losscli.io.arrow.parse_vectors import spelled_lists

            column = spelled_lists(column, name, self.location, self._number_format)
        if is_vector(column.type) or is_spelled(column.type):
            found = vectors(column, name, self.location)
            return Numbers(found.values, found.missing)
        # It may be text, if another role reads this column as text.
        return numbers(column, name, self.location, parse_text=True, number_format=self._number_format)

    def texts(self, name: str) -> Texts:
        """The column as labels, encoded once; those that stand for missing are counted in a warning."""
        if (let := self._lets.get(name)) is not None:
            if name not in self._texts:
                self._texts[name] = let.texts(self)
            return self._texts[name]
        cells = self._labels(name)
        if name not in self._compared:
            self._compared.add(name)
            self._warn_of_missing(name)
        return cells

    def label(self, text: str, name: str) -> Callable[[str], str]:
        """The label that a literal is compared as with each label of the column."""
        if name in self._lets:
            return labels_beside(text, pa.string(), self.texts(name), name, self.location)
        return labels_beside(text, self.column(name).type, self._labels(name), name, self.location)

    def is_missing(self, name: str) -> Mask:
        """Which cells of the column are missing."""
        if (let := self._lets.get(name)) is not None:
            return let.is_missing(self)
        column = self.column(name)
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        return self._labels(name).codes < 0 if is_text(kind) else is_missing(column, name, self.location)

    def _labels(self, name: str) -> Texts:
        if name not in self._texts:
            found = self._found[name] = texts(self.column(name), name, self.location)
            missing = self._stand_for_missing(found, name)
            codes = np.where(np.append(missing, True)[found.codes], -1, found.codes) if missing.any() else found.codes
            self._texts[name] = Texts(codes, tuple(map(canonical_label, found.names)))
        return self._texts[name]

    def _stand_for_missing(self, found: Texts, name: str) -> Mask:
        """Which of the texts stand for missing; in a column of numbers none does."""
        kind = self.column(name).type
        if not is_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
            return np.zeros(len(found.names), np.bool_)
        return np.array([self._number_format.is_null(text) for text in found.names], np.bool_)

    def _warn_of_missing(self, name: str) -> None:
        found = self._found[name]
        for code in np.flatnonzero(self._stand_for_missing(found, name)):
            text = found.names[code].strip(" \t")
            message = f"'{name}': '{text}' is a missing cell for the filter; --null-values sets which texts are"
            self._warned[message] += int(np.count_nonzero(found.codes == code))

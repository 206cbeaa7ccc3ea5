"""Columns whose names are asked for in another Unicode form: é as one character, or as e and an accent.

macOS writes names in one form (NFD), keyboards in the other (NFC), and they look alike. A column of exactly the name
that is asked for wins.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal
from unicodedata import is_normalized, normalize

import pyarrow as pa

from losscli.errors import DataError
from losscli.io.batches import Batch
from losscli.io.source import Conversion, ReadAs, Source
from losscli.io.wrapped_fragment import ConvertedFragment
from losscli.lazy import dataclass


def with_column_forms(source: Source, asked: Iterable[tuple[str, ...]]) -> Source:
    """The source whose columns have the names that are asked for, where these differ only in their Unicode form.

    `asked` are names, or what stands around the star of a glob.
    """
    forms: dict[str, str] = {}
    for parts in dict.fromkeys(asked):
        if not all(map(str.isascii, parts)) and len(parts) <= 2:
            forms |= _named(parts[0], source) if len(parts) == 1 else _matched(parts[0], parts[1], source)
    if not forms:
        return source
    asked_for = {actual: name for name, actual in forms.items()}
    columns = tuple(asked_for.get(name, name) for name in source.columns)
    types = {asked_for.get(name, name): kind for name, kind in source.types.items()}
    fragments = tuple(RenamedFragment(fragment, forms) for fragment in source.fragments)
    notes = [f"column '{name}' is written in another Unicode form in {source.fragments[0].path}" for name in forms]
    return replace(source, fragments=fragments, columns=columns, types=types, notes=(*source.notes, *notes))


def _named(name: str, source: Source) -> dict[str, str]:
    if name in source.columns:
        return {}
    found = [column for column in source.columns if normalize("NFC", column) == normalize("NFC", name)]
    return {name: _only(found, name, source)} if found else {}


def _matched(before: str, after: str, source: Source) -> dict[str, str]:
    """The columns that a glob matches in another form, with names in the form of the glob."""
    if any(_fits(before, after, name) for name in source.columns):
        return {}
    form: Literal["NFC", "NFD"] = "NFC" if is_normalized("NFC", before + after) else "NFD"
    found: dict[str, list[str]] = {}
    for column in source.columns:
        name = normalize(form, column)
        if _fits(before, after, name):
            found.setdefault(name, []).append(column)
    return {name: _only(columns, name, source) for name, columns in found.items()}


def _fits(before: str, after: str, name: str) -> bool:
    return re.fullmatch(re.escape(before) + ".*" + re.escape(after), name, re.DOTALL) is not None


def _only(found: Sequence[str], name: str, source: Source) -> str:
    if len(found) > 1:
        raise DataError(
            f"column '{name}' is {len(found)} columns, which differ only in their Unicode form",
            path=source.fragments[0].path, column=name, hint="rename one of them", code="DATA_DUPLICATE_COLUMN",
        )  # fmt: skip
    return found[0]


@dataclass(frozen=True)
class RenamedFragment(ConvertedFragment):
    """A fragment some of whose columns have other names; `forms` says what the file calls them."""

    forms: Mapping[str, str]

    @property
    def nested_types(self) -> Mapping[str, pa.DataType]:
        """The types of its columns, by the names that these have here."""
        known = {actual: name for name, actual in self.forms.items()}
        return {known.get(name, name): kind for name, kind in self.fragment.nested_types.items()}

    def with_plain_texts(self, names: Collection[str]) -> RenamedFragment:
        """The fragment that reads these columns, whose texts hardly repeat, as they are and not as dictionaries."""
        return replace(self, fragment=self.fragment.with_plain_texts([self.forms.get(name, name) for name in names]))

    def readable(self, names: Sequence[str]) -> list[str]:
        """Those of these columns that can be read together."""
        inner = set(self.fragment.readable([self.forms.get(name, name) for name in names]))
        return [name for name in names if self.forms.get(name, name) in inner]

    def inner(self, projection: Mapping[str, ReadAs]) -> dict[str, ReadAs]:
        """What is read of the file: its own names."""
        return {self.forms.get(name, name): read_as for name, read_as in projection.items()}

    def conversion(self) -> Conversion:
        """What gives the columns their names."""
        return _renamed


def _renamed(batch: Batch, projection: Mapping[str, ReadAs]) -> Batch:
    return replace(batch, data=pa.RecordBatch.from_arrays(batch.data.columns, names=list(projection)))

"""The first rows of a file as plain columns: for who looks at values before it is decided what they are for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from losscli.contract.kinds import Array
from losscli.io.arrow.canonical import canonical_label
from losscli.io.files.open import open_source
from losscli.io.source import ReadAs, ReadOptions

ROWS, COLUMNS = 4096, 512
_FAMILY = re.compile(r"(.*[_.])([^_.]+)", re.DOTALL)
_SPECIAL = re.compile(r"[,=*:\\]")


@dataclass(frozen=True, eq=False)
class Sampled:
    """One thing that may play a role, and the COLS that names it: a column, a list column, or columns of one stem.

    `values` are numbers, NaN where there is none: one a row, or a row of them. `texts` are the cells as class text.
    `labels` are the starred parts of the columns of a stem.
    """

    cols: str
    values: Array | None = None
    texts: tuple[str | None, ...] | None = None
    labels: tuple[str, ...] | None = None

    @property
    def rows(self) -> int:
        return len(self.texts) if self.texts is not None else 0 if self.values is None else len(self.values)

    @property
    def wide(self) -> bool:
        return self.values is not None and self.values.ndim == 2

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The different cells, in order of their first row."""
        if self.texts is not None:
            return tuple(dict.fromkeys(text for text in self.texts if text is not None))
        if self.values is None or self.wide:
            return ()
        found = dict.fromkeys(self.values[np.isfinite(self.values)].tolist())
        return tuple(canonical_label(repr(value)) for value in found)

    @property
    def lacking(self) -> tuple[bool, bool]:
        """Whether a cell is empty, and whether a number is NaN; of numbers one cannot tell, so both."""
        if self.texts is not None:
            return any(text is None for text in self.texts), False
        odd = self.values is not None and not np.isfinite(self.values).all()
        return odd, odd


@dataclass(frozen=True)
class Sample:
    """The first rows; `things` stand in the order of the file."""

    things: Mapping[str, Sampled]
    rows: int

    @property
    def numbers(self) -> list[Sampled]:
        return [thing for thing in self.things.values() if thing.values is not None and not thing.wide]

    @property
    def vectors(self) -> list[Sampled]:
        return [thing for thing in self.things.values() if thing.wide]

    @property
    def texts(self) -> list[Sampled]:
        return [thing for thing in self.things.values() if thing.texts is not None]


def read_sample(path: str) -> Sample:
    """The first rows of this file, or of the first file behind this path."""
    source = open_source([path], ReadOptions(lenient=True))
    names = [name for name in source.columns if name and source.columns.count(name) == 1][:COLUMNS]
    columns = _first(source, dict.fromkeys(names, "number"))
    if texts := [name for name, values in columns.items() if any(isinstance(value, str) for value in values)]:
        columns |= _first(source, dict.fromkeys(texts, "text"))
    things: dict[str, Sampled] = {}
    for name, values in columns.items():
        thing = _thing(name, values)
        if thing is not None:
            things[name] = thing
    rows = len(next(iter(columns.values()), ()))
    return Sample(_with_stems(things), rows)


def _first(source: Any, projection: dict[str, ReadAs]) -> dict[str, list[Any]]:
    """Name -> the cells of the first rows."""
    columns: dict[str, list[Any]] = {name: [] for name in projection}
    for fragment in source.fragments[:1] if projection else ():
        for batch in fragment.batches(projection):
            left = ROWS - len(next(iter(columns.values())))
            for name, cells in columns.items():
                cells.extend(batch.data.column(name).slice(0, left).to_pylist())
            if batch.data.num_rows >= left:
                break
    return columns


def _thing(name: str, values: Sequence[Any]) -> Sampled | None:
    """The column as numbers, vectors of one width, or texts; anything else plays no role."""
    some = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in some) and some:
        return Sampled(name, texts=tuple(None if value is None else str(value).lower() for value in values))
    if all(isinstance(value, str) for value in some) and some:
        return Sampled(name, texts=tuple(None if value is None else canonical_label(value) for value in values))
    widths = {len(value) if isinstance(value, list) else 0 for value in some}
    if len(widths) != 1 or len(some) < len(values) * (widths != {0}):
        return None
    try:
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return Sampled(name, values=numbers)


def _with_stems(things: Mapping[str, Sampled]) -> dict[str, Sampled]:
    """The same, with p_a, p_b, p_c as the one thing p_*: three columns of numbers and more that share a stem."""
    stems: dict[str, list[tuple[str, str]]] = {}
    for name, thing in things.items():
        if thing.values is not None and not thing.wide and (match := _FAMILY.fullmatch(name)):
            stems.setdefault(match[1], []).append((name, match[2]))
    found: dict[str, Sampled] = {}
    for name, thing in things.items():
        match = _FAMILY.fullmatch(name)
        members = stems.get(match[1], []) if match and thing.values is not None and not thing.wide else []
        if len(members) < 3:
            found[name] = thing
        elif (cols := _SPECIAL.sub(r"\\\g<0>", str(match and match[1])) + "*") not in found:
            columns = [things[member].values for member, _ in members]
            labels = tuple(canonical_label(label) for _, label in members)
            found[cols] = Sampled(cols, values=np.column_stack([c for c in columns if c is not None]), labels=labels)
    return found

"""The first rows of a file as plain columns, before any of them has a role."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from losscli.contract.kinds import Array
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.types import fields_of
from losscli.io.files.open import open_source
from losscli.io.source import ReadAs, ReadOptions
from losscli.lazy import dataclass, pattern

ROWS, COLUMNS = 4096, 512
_STEM = pattern(r"(.*[_.])([^_.]+)", re.DOTALL)
_SPECIAL = pattern(r"[,=*:\\]")


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may play a role: a column, a list column, or the columns with a common stem. `cols` is its name as typed.

    `values` are numbers, with NaN for missing ones: of shape (rows,) or (rows, width). `texts` are the cells as class
    labels. `labels` are the parts of column names that the star stands for.
    """

    cols: str
    values: Array | None = None
    texts: tuple[str | None, ...] | None = None
    labels: tuple[str, ...] | None = None

    @property
    def rows(self) -> int:
        """The number of sampled rows."""
        return len(self.texts) if self.texts is not None else 0 if self.values is None else len(self.values)

    @property
    def is_vector(self) -> bool:
        """Whether the values have shape (rows, width): a vector per row."""
        return self.values is not None and self.values.ndim == 2

    @property
    def is_number(self) -> bool:
        """Whether the values have shape (rows,): one number per row."""
        return self.values is not None and self.values.ndim == 1

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The distinct cells, in order of first occurrence."""
        if self.texts is not None:
            return tuple(dict.fromkeys(text for text in self.texts if text is not None))
        if self.values is None or self.is_vector:
            return ()
        found = dict.fromkeys(self.values[np.isfinite(self.values)].tolist())
        return tuple(canonical_label(repr(value)) for value in found)

    @property
    def missing_or_nan(self) -> tuple[bool, bool]:
        """Whether a cell is missing, and whether a number is NaN. Missing numbers are NaN: of numbers both or none."""
        if self.texts is not None:
            return any(text is None for text in self.texts), False
        non_finite = self.values is not None and not np.isfinite(self.values).all()
        return non_finite, non_finite


@dataclass(frozen=True)
class Sample:
    """The first rows; `candidates` are in the order of the file."""

    candidates: Mapping[str, Candidate]
    rows: int

    @property
    def numbers(self) -> list[Candidate]:
        """The candidates with one number per row."""
        return [c for c in self.candidates.values() if c.is_number]

    @property
    def texts(self) -> list[Candidate]:
        """The candidates with text, booleans too."""
        return [c for c in self.candidates.values() if c.texts is not None]


def read_sample(path: str) -> Sample:
    """The first rows of this file, or of the first file behind this path."""
    source = open_source([path], ReadOptions(lenient=True))
    flat = [name for name in source.columns if not fields_of(source.types.get(name))]  # not columns of objects
    names = [name for name in flat if name and source.columns.count(name) == 1][:COLUMNS]
    names = source.fragments[0].readable(names)
    columns = _first_rows(source, dict.fromkeys(names, "number"))
    if texts := [name for name, values in columns.items() if any(isinstance(value, str) for value in values)]:
        columns |= _first_rows(source, dict.fromkeys(texts, "text"))
    candidates: dict[str, Candidate] = {}
    for name, values in columns.items():
        candidate = _candidate(name, values)
        if candidate is not None:
            candidates[name] = candidate
    rows = len(next(iter(columns.values()), ()))
    return Sample(_with_stems(candidates), rows)


def _first_rows(source: Any, projection: dict[str, ReadAs]) -> dict[str, list[Any]]:
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


def _candidate(name: str, values: Sequence[Any]) -> Candidate | None:
    """The column as numbers, vectors of one width, or texts; None for any other column."""
    some = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in some) and some:
        return Candidate(name, texts=tuple(None if value is None else str(value).lower() for value in values))
    if all(isinstance(value, str) for value in some) and some:
        return Candidate(name, texts=tuple(None if value is None else canonical_label(value) for value in values))
    widths = {len(value) if isinstance(value, list) else 0 for value in some}
    if len(widths) != 1 or len(some) < len(values) * (widths != {0}):
        return None
    try:
        numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return Candidate(name, values=numbers)


def _with_stems(candidates: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """The candidates, with p_a, p_b, p_c as one candidate p_*: at least three columns of numbers with a common stem."""
    stems: dict[str, list[tuple[str, str]]] = {}
    for name, candidate in candidates.items():
        if candidate.is_number and (match := _STEM.fullmatch(name)):
            stems.setdefault(match[1], []).append((name, match[2]))
    found: dict[str, Candidate] = {}
    for name, candidate in candidates.items():
        match = _STEM.fullmatch(name)
        members = stems.get(match[1], []) if match and candidate.is_number else []
        if len(members) < 3:
            found[name] = candidate
        elif (cols := _SPECIAL.sub(r"\\\g<0>", str(match and match[1])) + "*") not in found:
            columns = [candidates[member].values for member, _ in members]
            labels = tuple(canonical_label(label) for _, label in members)
            found[cols] = Candidate(cols, values=np.column_stack([c for c in columns if c is not None]), labels=labels)
    return found

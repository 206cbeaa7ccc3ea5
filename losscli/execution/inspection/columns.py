"""Columns of a sample as plain arrays, before any of them has a role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from losscli.binding.column_names import ColumnSet
from losscli.binding.levels import named_levels
from losscli.contract.kinds import Array
from losscli.errors import UsageError
from losscli.io.arrow.canonical import canonical_label
from losscli.lazy import dataclass, pattern

_STEM = pattern(r"(.*[_.])([^_.]+)", re.DOTALL)
_SPECIAL = pattern(r"[,=*:\\]")
_LEAST_COLUMNS = 3  # with a common stem, so that they are one vector
_LEAST_LEVELS = 2
_HALF = 0.5
_VECTOR = 2  # dimensions of a column of vectors


@dataclass(frozen=True, eq=False)
class Candidate:
    """What may play a role: a column, a list column, or columns whose names belong together.

    `cols` is what an option names it by: a name, or a pattern. `values` are numbers, with NaN for missing ones: of
    shape (rows,) or (rows, width). `texts` are the cells as class labels. `labels` are the parts of column names that
    the star stands for. `levels` are those that the names of columns say, as of quantiles, in ascending order. `ends`
    are the least and the largest number of all rows that were read, where the sample has not all of them. `members` are
    the names of its columns.
    """

    cols: str
    values: Array | None = None
    texts: tuple[str | None, ...] | None = None
    labels: tuple[str, ...] | None = None
    levels: tuple[float, ...] | None = None
    ends: tuple[float, float] | None = None
    members: tuple[str, ...] = ()

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

    @cached_property
    def cells(self) -> list[str | None]:
        """The class label of each row; None where it is missing."""
        if self.texts is not None:
            return list(self.texts)
        values = [] if self.values is None else self.values.tolist()
        return [None if value != value else canonical_label(repr(value)) for value in values]

    @property
    def has_class_ids(self) -> bool:
        """Whether its cells may be classes: texts, or whole numbers."""
        return self.texts is not None or all(name.lstrip("-").isdigit() for name in self.classes)

    @cached_property
    def finite(self) -> Array:
        """The numbers of the rows that have all of them, and the ends."""
        if self.values is None:
            return np.empty(0)
        rows = np.isfinite(self.values)
        found = self.values[rows.all(axis=-1) if self.is_vector else rows]
        return found if self.ends is None or self.is_vector else np.append(found, self.ends)

    @property
    def missing_or_nan(self) -> tuple[bool, bool]:
        """Whether a cell is missing, and whether a number is NaN. Missing numbers are NaN: of numbers both or none.

        A vector without any number is taken to be missing.
        """
        if self.texts is not None:
            return any(text is None for text in self.texts), False
        if self.values is None:
            return False, False
        wrong = ~np.isfinite(self.values)
        if not self.is_vector:
            return bool(wrong.any()), bool(wrong.any())
        whole = wrong.all(axis=1)
        return bool(whole.any()), bool((wrong.any(axis=1) & ~whole).any())


def escaped(name: str) -> str:
    """The name of a column as it is typed in an option."""
    return _SPECIAL.sub(r"\\\g<0>", name)


def candidate(name: str, values: Sequence[Any], ends: tuple[float, float] | None = None) -> Candidate | None:
    """The column as numbers, vectors of one width, or texts; None for any other column."""
    some = [value for value in values if value is not None]
    members = (name,)
    if all(isinstance(value, bool) for value in some) and some:
        texts = tuple(None if value is None else str(value).lower() for value in values)
        return Candidate(name, texts=texts, members=members)
    if all(isinstance(value, str) for value in some) and some:
        texts = tuple(None if value is None else canonical_label(value) for value in values)
        return Candidate(name, texts=texts, members=members)
    widths = {len(value) if isinstance(value, list) else 0 for value in some}
    if len(widths) != 1:
        return None
    (width,) = widths
    missing = [np.nan] * width if width else np.nan
    try:
        numbers = np.array([missing if value is None else value for value in values], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return Candidate(name, values=numbers, ends=ends, members=members) if numbers.ndim <= _VECTOR else None


def together(candidates: Mapping[str, Candidate]) -> dict[str, Candidate]:
    """The candidates by their names as typed; several columns of numbers are one where their names say so.

    These are columns of several levels, as q10, q50, q90, and at least three with a common stem, as p_a, p_b, p_c.
    """
    found = dict(candidates)
    for group in (*_levelled(candidates), *_with_stems(candidates)):
        if set(group.members) <= found.keys():
            place = list(found).index(group.members[0])
            rest = [(name, one) for name, one in found.items() if name not in group.members]
            before = sum(name not in group.members for name in list(found)[:place])
            found = dict([*rest[:before], (group.cols, group), *rest[before:]])
    return {one.cols: one for one in found.values()}


def _levelled(candidates: Mapping[str, Candidate]) -> Iterable[Candidate]:
    """Columns whose names differ in their level alone, which are quantiles of one forecast."""
    kinds: dict[str, list[str]] = {}
    for name, one in candidates.items():
        if one.is_number and _level_of([name]):
            kinds.setdefault(re.sub(r"[0-9]*\.?[0-9]+|median", "", name, flags=re.IGNORECASE), []).append(name)
    median = [names for names in kinds.values() if len(names) == 1 and _level_of(names) == {_HALF: names[0]}]
    for names in kinds.values():
        if len(names) >= _LEAST_LEVELS:
            yield from _of_levels([*names, *(median[0] if len(median) == 1 else ())], candidates)


def _of_levels(names: Sequence[str], candidates: Mapping[str, Candidate]) -> Iterable[Candidate]:
    found = _level_of(names)
    values = [candidates[name].values for name in (found or {}).values()]
    if not found or not min(found) < _HALF <= max(found) or not _ascend(levels := sorted(found), candidates, found):
        return
    ordered = tuple(found[level] for level in levels)
    columns = np.column_stack([candidates[name].values for name in ordered if values])  # type: ignore[misc]
    yield Candidate(_typed(ordered, candidates), values=columns, levels=tuple(levels), members=ordered)


def _ascend(levels: Sequence[float], candidates: Mapping[str, Candidate], names: Mapping[float, str]) -> bool:
    """Whether most rows have larger numbers at higher levels, as quantiles have, and class probabilities have not."""
    columns = [candidates[names[level]].values for level in levels]
    with np.errstate(invalid="ignore"):
        rows = np.diff(np.column_stack([c for c in columns if c is not None]), axis=1) >= 0
    return bool(rows.all(axis=1).mean() > _HALF)


def _level_of(names: Sequence[str]) -> dict[float, str] | None:
    try:
        return named_levels(ColumnSet(",".join(names), tuple(names), "list"))
    except UsageError:
        return None


def _typed(names: Sequence[str], candidates: Mapping[str, Candidate]) -> str:
    """The shortest way to type these columns: a glob where it stands for them alone."""
    start = _common_start(names)
    if start and sum(name.startswith(start) for name in candidates) == len(names):
        return f"{escaped(start)}*"
    return ",".join(map(escaped, names))


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return re.sub(r"[0-9.]+$", "", first[:same])


def _with_stems(candidates: Mapping[str, Candidate]) -> Iterable[Candidate]:
    """At least three columns of numbers with a common stem."""
    parts = {name: match.groups() for name, one in candidates.items()
             if one.is_number and (match := _STEM.fullmatch(name))}  # fmt: skip
    often = Counter(stem for stem, _ in parts.values())
    for stem, count in often.items():
        if count >= _LEAST_COLUMNS:
            names = [name for name, (own, _) in parts.items() if own == stem]
            columns = [values for name in names if (values := candidates[name].values) is not None]
            labels = tuple(canonical_label(parts[name][1]) for name in names)
            alone = sum(name.startswith(stem) for name in candidates) == count
            typed = f"{escaped(stem)}*" if alone else ",".join(map(escaped, names))
            yield Candidate(typed, values=np.column_stack(columns), labels=labels, members=tuple(names))

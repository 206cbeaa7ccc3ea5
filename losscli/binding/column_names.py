"""`y`, `a,b,c`, `p_*`: the grammar of COLS, resolved against the columns that there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from losscli.errors import DataError, UsageError, did_you_mean


@dataclass(frozen=True)
class ColumnSet:
    """The columns that a COLS names, in order; `labels` are the starred parts of a glob."""

    text: str
    names: tuple[str, ...]
    form: Literal["one", "list", "glob"]
    labels: tuple[str, ...] | None = None


def resolve(text: str, columns: Sequence[str], what: str = "") -> ColumnSet:
    """The columns that `text` names. A column of exactly that name wins; a backslash takes , = * : literally."""
    if text in columns:
        return ColumnSet(text, (_once(text, columns),), "one")
    pieces = split(text, ",")
    if any(not piece for piece in pieces):
        raise UsageError(f"'{text}' contains an empty column name{what}", code="USAGE_COLUMNS")
    names: list[str] = []
    labels: list[str] = []
    globbed = False
    for piece in pieces:
        if "*" in _outside_escapes(piece):
            globbed = True
            found = _glob(piece, columns, what)
            names += [name for name, _ in found]
            labels += [label for _, label in found]
        else:
            name = unescape(piece)
            if name not in columns:
                raise missing_column(name, columns, what)
            names.append(_once(name, columns))
            labels.append(name)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"'{text}' names column '{twice}' twice{what}", code="USAGE_COLUMNS")
    if globbed:
        return ColumnSet(text, tuple(names), "glob", tuple(labels))
    return ColumnSet(text, tuple(names), "list" if len(pieces) > 1 else "one")


def missing_column(name: str, columns: Sequence[str], what: str = "") -> DataError:
    """The error about a column that is not there: what it may have meant, and what there is."""
    shown = ", ".join(columns[:30]) + (f", … ({len(columns)} columns)" if len(columns) > 30 else "")
    hint = did_you_mean(name, columns, f"the columns are: {shown}" if columns else "the file has no columns")
    return DataError(f"no column '{name}'{what}", hint=hint, column=name, code="DATA_MISSING_COLUMN")


def split(text: str, mark: str, most: int = -1) -> list[str]:
    """`text` cut at each unescaped `mark` (at most `most` cuts); the pieces keep their backslashes."""
    pieces: list[str] = []
    start = i = 0
    while i < len(text):
        if text[i] == "\\":
            i += 2
            continue
        if text[i] == mark and len(pieces) != most:
            pieces.append(text[start:i])
            start = i + 1
        i += 1
    return [*pieces, text[start:]]


def unescape(text: str) -> str:
    r"""`a\,b` -> `a,b`; a backslash before anything else is a backslash."""
    return re.sub(r"\\([,=*:\\])", r"\1", text)


def _outside_escapes(text: str) -> str:
    return re.sub(r"\\.", "", text)


def _glob(piece: str, columns: Sequence[str], what: str) -> list[tuple[str, str]]:
    parts = [re.escape(unescape(part)) for part in split(piece, "*")]
    if len(parts) > 2:
        raise UsageError(
            f"'{piece}' contains more than one *{what}",
            hint="the part that * matches names the class: p_*",
            code="USAGE_COLUMNS",
        )
    pattern = re.compile("(.*)".join(parts), re.DOTALL)
    found = [(name, match[1]) for name in columns if (match := pattern.fullmatch(name))]
    if not found:
        raise missing_column(piece, columns, what)
    return found


def _once(name: str, columns: Sequence[str]) -> str:
    times = list(columns).count(name)
    if times > 1:
        raise DataError(
            f"column '{name}' occurs {times} times",
            hint="rename one of them",
            column=name,
            code="DATA_DUPLICATE_COLUMN",
        )
    return name


def read_assignment(text: str, what: str) -> tuple[str, str]:
    """`ROLE=COLS` -> both sides; the first unescaped = decides."""
    left, *right = split(text, "=", 1)
    if not right or not left.strip() or not right[0]:
        raise UsageError(f"'{text}' is not {what}", code="USAGE_COLUMNS")
    return unescape(left.strip()), right[0]

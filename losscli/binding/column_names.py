"""`y`, `a,b,c`, `p_*`, `F1..F13`: the grammar of COLS, read once, and resolved against the columns that there are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from losscli.binding.column_ranges import prefixed_range, range_names
from losscli.errors import DataError, UsageError, did_you_mean
from losscli.io.remote.address import with_redacted_urls
from losscli.lazy import dataclass


class ColumnPiece(NamedTuple):
    """One name, or a glob.

    `text` is the form in messages. `parts` are what stands between the stars: one part is a name, two are a glob.
    """

    text: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class ColumnsPattern:
    """The columns that a COLS text, or a list of names, asks for.

    A COLS text may also be the name of one column, commas and stars included. Only the columns of the source can tell,
    so `literal` keeps that name; it is None where the names are certain. `text` is the form in messages.
    """

    text: str
    pieces: tuple[ColumnPiece, ...]
    literal: str | None = None

    @property
    def name(self) -> str:
        """The columns as one name, such as that of a model that has no other."""
        return ",".join("*".join(piece.parts) for piece in self.pieces)

    def prefixed(self, prefix: str) -> ColumnsPattern:
        """The same columns where the name of each begins with `prefix`."""
        pieces = tuple(
            ColumnPiece(prefix + piece.text, (prefixed_range(piece.parts[0], prefix), *piece.parts[1:]))
            for piece in self.pieces
        )
        literal = None if self.literal is None else prefix + self.literal
        return ColumnsPattern(",".join(piece.text for piece in pieces), pieces, literal)


@dataclass(frozen=True)
class ColumnSet:
    """The columns of a source that a pattern names, in order; `labels` are the starred parts of a glob."""

    text: str
    names: tuple[str, ...]
    form: Literal["one", "list", "glob"]
    labels: tuple[str, ...] | None = None


def read_columns(text: str) -> ColumnsPattern:
    """A COLS text. A backslash takes , = * : literally."""
    pieces = (ColumnPiece(piece, tuple(unescape(part) for part in split(piece, "*"))) for piece in split(text, ","))
    return ColumnsPattern(text, tuple(pieces), text)


def exact_columns(names: Sequence[str]) -> ColumnsPattern:
    """The columns of exactly these names; no character has a meaning."""
    return ColumnsPattern(",".join(names), tuple(ColumnPiece(name, (name,)) for name in names))


def resolve(pattern: ColumnsPattern, columns: Sequence[str], what: str = "") -> ColumnSet:
    """The columns that the pattern names; a column of exactly its text wins."""
    text = pattern.text
    if pattern.literal is not None and pattern.literal in columns:
        return ColumnSet(text, (_once(pattern.literal, columns),), "one")
    if not pattern.pieces or (pattern.literal is not None and any(not piece.text for piece in pattern.pieces)):
        raise UsageError(f"'{text}' contains an empty column name{what}", code="USAGE_COLUMNS")
    names: list[str] = []
    labels: list[str] = []
    for piece in pattern.pieces:
        if len(piece.parts) > 1:
            found = _glob(piece, columns, what)
            names += [name for name, _ in found]
            labels += [label for _, label in found]
        else:
            named = _named(piece.parts[0], columns, certain=pattern.literal is None, what=what)
            names += named
            labels += named
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise UsageError(f"'{text}' names column '{repeated}' twice{what}", code="USAGE_COLUMNS")
    if any(len(piece.parts) > 1 for piece in pattern.pieces):
        return ColumnSet(text, tuple(names), "glob", tuple(labels))
    return ColumnSet(text, tuple(names), "list" if len(names) > 1 else "one")


def _named(name: str, columns: Sequence[str], *, certain: bool, what: str) -> list[str]:
    """The column of a name, or those of a range; a column of exactly its text wins."""
    expanded = [name] if certain or name in columns else range_names(name) or [name]
    known = set(columns)
    for each in expanded:
        if each not in known:
            of_range = f" of '{name}'" if len(expanded) > 1 else ""
            raise missing_column(each, columns, of_range + what)
    return [_once(each, columns) for each in expanded]


def own_parts(names: Sequence[str]) -> tuple[str, ...] | None:
    """What differs between the names: y_a, y_b -> a, b. None where a name has no part of its own.

    What they share ends at one of _ . : / - or a space, or where a number begins (y1, y2): of cat and car, t and r are
    no names.
    """
    shared = _same_begin(names)
    begin = len(shared.rstrip("0123456789"))
    if not all(name[begin : begin + 1].isdigit() for name in names):
        begin = len(re.split(r"[^_.:/ -]*$", shared)[0])
    rest = [name[begin:] for name in names]
    shared = _same_begin([name[::-1] for name in rest])[::-1]
    mark = re.search(r"[_.:/ -]", shared)
    parts = tuple(name[: len(name) - len(shared) + mark.start()] if mark else name for name in rest)
    return parts if all(parts) and len(set(parts)) == len(parts) else None


def _same_begin(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def missing_column(name: str, columns: Sequence[str], what: str = "") -> DataError:
    """The error about a column that is not there: what it may have meant, and what there is."""
    shown = ", ".join(columns[:30]) + (f", … ({len(columns)} columns)" if len(columns) > 30 else "")
    there = f"the columns are: {shown}" if columns else "the file has no columns"
    if columns and columns[0].startswith("#"):
        there += (
            "; if lines that begin with # are comments, use --comment '#', and --no-header where no names follow them"
        )
    parts, hint = [part.strip() for part in name.split(",")], did_you_mean(name, columns, there)
    if len(parts) > 1 and all(part in columns for part in parts):
        hint = f"give the option once for each column: {' and '.join(parts)}"
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


def read_keys(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`id,day=ds` -> the key columns of the predictions, and those of the targets; an empty name is the nameless."""
    pairs = [tuple(map(unescape, split(piece, "="))) for piece in split(text, ",")]
    for pair in pairs:
        if len(pair) > 2:
            raise UsageError(f"'{'='.join(pair)}' is no pair of key columns", value=text, code="USAGE_COLUMNS",
                             hint="--on KEY, or --on PREDICTION_KEY=TARGET_KEY")  # fmt: skip
    return tuple(pair[0] for pair in pairs), tuple(pair[-1] for pair in pairs)


def escape(text: str) -> str:
    r"""`a,b` -> `a\,b`, which `unescape` takes back."""
    return re.sub(r"[,=*:\\]", r"\\\g<0>", text)


def unescape(text: str) -> str:
    r"""`a\,b` -> `a,b`; a backslash before anything else is a backslash."""
    return re.sub(r"\\([,=*:\\])", r"\1", text)


def _glob(piece: ColumnPiece, columns: Sequence[str], what: str) -> list[tuple[str, str]]:
    if len(piece.parts) > 2:
        raise UsageError(
            f"'{piece.text}' contains more than one *{what}",
            hint="the part that * matches names the class: p_*",
            code="USAGE_COLUMNS",
        )
    pattern = re.compile("(.*)".join(map(re.escape, piece.parts)), re.DOTALL)
    matches = [(name, match) for name in columns if name and (match := pattern.fullmatch(name))]
    # Of columns inside others the star is one name: that of a field.
    found = [(name, match[1]) for name, match in matches
             if not any(match.start(1) <= cut < match.end(1) for cut in getattr(name, "cuts", ()))]  # fmt: skip
    if not found:
        raise missing_column(piece.text, columns, what)
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
        raise UsageError(f"'{with_redacted_urls(text)}' is not {what}", code="USAGE_COLUMNS")
    return unescape(left.strip()), right[0]

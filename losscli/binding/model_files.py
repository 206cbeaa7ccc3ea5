"""Models whose predictions stand in files of their own: one source for all, and the request that reads it.

Each file's columns stand once more as `NAME:column`, so the prediction columns of a model are those of its own file;
everything that is about the row (target, weight, slices, filter, keys) is read once and must be the same in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from losscli.binding.bind import DEFAULT_NAMES
from losscli.binding.column_names import read_assignment, resolve, split, unescape
from losscli.binding.request import Request
from losscli.errors import DataError, UsageError
from losscli.io.join.models import pair_models
from losscli.io.source import Source


def side_by_side(
    request: Request, named: Sequence[tuple[str, Source]], unmatched: Literal["error", "drop"]
) -> tuple[Request, Source]:
    """The request bound to one source that holds the rows of all; `named` are models and their files."""
    for name, _ in named:
        if not name or any(mark in name for mark in "\\,=*:/"):
            raise UsageError(f"'{name}' is not a valid model name: it contains one of \\ , = * : /",
                             hint="NAME=FILE, such as new=new.csv", code="USAGE_COLUMNS")  # fmt: skip
    first = named[0][1]
    own = _own_predictions(request, [name for name, _ in named])
    preds = [f"{name}={_of(name, own[name] if name in own else _usual(source))}" for name, source in named]
    shared = list(dict.fromkeys(_shared(request, first)))
    pairing = pair_models(named, shared, request.on, unmatched)
    columns = tuple(_own_columns(text, [name for name, _ in named]) for text in request.columns)
    needs_preds = any("pred" in part.loss.roles for spec in request.losses for _, part in spec.parts)
    return replace(request, preds=tuple(preds) if needs_preds else (), columns=columns), pairing


def _own_predictions(request: Request, names: Sequence[str]) -> Mapping[str, str]:
    """Model -> its COLS: `-p COLS` is for all models, `-p NAME=COLS` for one."""
    found: dict[str, str] = {}
    for text in request.preds:
        pieces = split(text, "=", 1)
        if len(pieces) == 2 and unescape(pieces[0].strip()) in names:
            found[unescape(pieces[0].strip())] = pieces[1]
        elif len(pieces) == 2:
            raise UsageError(
                f"'{text}': no file is named '{pieces[0]}'",
                hint=f"the files: {', '.join(names)}",
                code="USAGE_COLUMNS",
            )
        else:
            found = {**dict.fromkeys(names, text), **found}
    return found


def _usual(source: Source) -> str:
    """The prediction column of a file where nobody names one."""
    known = [name for name in DEFAULT_NAMES["pred"] if name in source.columns]
    if len(known) != 1:
        what = f"has {' and '.join(map(repr, known))}" if known else f"has none of {', '.join(DEFAULT_NAMES['pred'])}"
        raise DataError(f"which column holds the predictions? The file {what}", hint="-p COLS",
                        path=next((fragment.path for fragment in source.fragments), None),
                        code="DATA_MISSING_COLUMN")  # fmt: skip
    return known[0]


def _of(name: str, columns: str) -> str:
    """COLS of one file, as they are called beside the others."""
    return ",".join(f"{name}:{piece}" for piece in split(columns, ","))


def _own_columns(text: str, names: Sequence[str]) -> str:
    """`MODEL:ROLE=COLS` of one of the files; a role without a model is everybody's."""
    left, columns = read_assignment(text, "[MODEL:]ROLE=COLS")
    model, colon, _ = left.rpartition(":")
    return f"{left}={_of(model, columns)}" if colon and model in names else text


def _shared(request: Request, first: Source) -> Iterator[str]:
    """The columns that are about the row; one that no column has is told when it is bound."""
    if request.target is not None:
        yield from resolve(request.target, first.columns, " (for 'target')").names
    else:
        usual = [name for name in DEFAULT_NAMES["target"] if name in first.columns]
        yield from usual if len(usual) == 1 else ()
    for text in request.columns:
        left, columns = read_assignment(text, "[MODEL:]ROLE=COLS")
        if ":" not in left:
            yield from resolve(columns, first.columns, f" (for '{left}')").names
    plain = [*request.by, request.weight, request.batch_by, request.inference.cluster]
    if request.where is not None:
        from losscli.binding.expressions import parse

        plain += parse(request.where).columns
    yield from (name for name in plain if name is not None and name in first.columns)

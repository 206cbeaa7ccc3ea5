"""Models whose predictions are in files of their own: one source of all rows, and the request that reads it.

Each file's columns stand once more as `NAME:column`, so the prediction columns of a model are those of its own file;
what is about the row (target, weight, slices, filter, keys) is read from the first file and must agree in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from losscli.binding.column_names import ColumnsPattern, exact_columns, resolve
from losscli.binding.default_names import DEFAULT_NAMES, FURTHER_NAMES, further_names
from losscli.binding.request import Request, RoleBinding
from losscli.errors import DataError, LosscliError, UsageError
from losscli.io.join.models import pair_models
from losscli.io.sides import KeyDifference
from losscli.io.source import Source


def side_by_side(
    request: Request, named: Sequence[tuple[str, Source]], unmatched: Literal["error", "drop"],
    targets: Source | None = None, paired_by: Sequence[str] = (), key_match: Sequence[KeyDifference] = (),
    others: Sequence[tuple[str | None, Source]] = (),
) -> tuple[Request, Source]:  # fmt: skip
    """The request bound to one source that holds the rows of all; `named` are models and their files.

    Columns that only `targets` has are no matter of these files; they are joined later. `paired_by` are columns by
    which rows are paired beside the keys, as several have one target. `others` are side by side with the first file.
    """
    for name, _ in named:
        if not name or any(mark in name for mark in "\\,=*:/"):
            raise UsageError(f"'{name}' is not a valid model name: it contains one of \\ , = * : /",
                             hint="NAME=FILE, such as new=new.csv", code="USAGE_COLUMNS")  # fmt: skip
    first = named[0][1]
    own = _own_predictions(request, [name for name, _ in named])
    preds = [
        RoleBinding("pred", name, _of(name, own[name] if name in own else _by_default_name(source, targets, request)))
        for name, source in named
    ]
    if others:
        from losscli.io.join.beside import beside

        first = beside(first, others)
        named = [(named[0][0], first), *named[1:]]
    names = [let.name for let in request.lets]
    lets = tuple(let.beside(f"{name}:", source.columns, names) for name, source in named for let in request.lets)
    of_targets = () if targets is None else targets.columns
    shared = list(dict.fromkeys(_shared(request, first, of_targets)))
    pairing = pair_models(named, shared, (*request.on, *paired_by), unmatched, key_match)
    columns = tuple(_own_columns(binding, [name for name, _ in named]) for binding in request.columns)
    needs_preds = any("pred" in part.loss.roles for spec in request.losses for _, part in spec.parts)
    request = replace(request, preds=tuple(preds) if needs_preds else (), columns=columns, lets=(*request.lets, *lets))
    return request, pairing


def _own_predictions(request: Request, names: Sequence[str]) -> Mapping[str, ColumnsPattern]:
    """Model -> its columns: `-p COLS` is for all models, `-p NAME=COLS` for one."""
    found: dict[str, ColumnsPattern] = {}
    for binding in request.preds:
        if binding.model is None:
            found = {**dict.fromkeys(names, binding.columns), **found}
        elif binding.model in names:
            found[binding.model] = binding.columns
        else:
            raise UsageError(
                f"'{binding.text}': no file is named '{binding.model}'",
                hint=f"the files: {', '.join(names)}",
                code="USAGE_COLUMNS",
            )
    return found


def _by_default_name(source: Source, targets: Source | None, request: Request) -> ColumnsPattern:
    """The prediction column of a file if the request names none: the one with a default name.

    If no column has one: the only column, or the only one beside the keys that the targets have, too.
    """
    derived = [let.name for let in request.lets]
    known = [name for name in DEFAULT_NAMES["pred"] if name in source.columns or name in derived]
    if len(source.columns) == 1 and not known:  # an array
        known = list(source.columns)
    if not known and targets is not None:
        keys = {*request.on, *request.targets_on}
        known = [name for name in source.columns if name in targets.columns and name not in keys]
    known = known or further_names("pred", source.columns)
    if len(known) != 1:
        defaults = (*DEFAULT_NAMES["pred"], *FURTHER_NAMES["pred"])
        what = f"has {' and '.join(map(repr, known))}" if known else f"has none of {', '.join(defaults)}"
        raise DataError(f"which column holds the predictions? The file {what}", hint="-p COLS",
                        path=next((fragment.path for fragment in source.fragments), None),
                        code="DATA_MISSING_COLUMN")  # fmt: skip
    return exact_columns(known)


def _of(model: str, columns: ColumnsPattern) -> ColumnsPattern:
    """Columns of one file, as they are called beside the others."""
    return columns.prefixed(f"{model}:")


def _own_columns(binding: RoleBinding, names: Sequence[str]) -> RoleBinding:
    """The columns of a model are those of its file; a role without a model is the same in all."""
    if binding.model is None or binding.model not in names:
        return binding
    return replace(binding, columns=_of(binding.model, binding.columns))


def _shared(request: Request, first: Source, of_targets: Sequence[str]) -> Iterator[str]:
    """The columns that are about the row. A name that no column has is left to the binding, which reports it.

    `of_targets` are the columns of the targets: a target is one of these if it can be, anything else if it must be.
    """
    behind = {let.name: tuple(let.columns) for let in request.lets}
    known = (*first.columns, *behind)
    plain: list[str | None] = []
    if request.target is not None:
        if not _all_in(request.target, of_targets):
            plain += resolve(request.target, known, " (for 'target')").names
    elif not any(name in of_targets for name in DEFAULT_NAMES["target"]):
        defaults = [name for name in DEFAULT_NAMES["target"] if name in known]
        if not defaults and not further_names("target", of_targets):
            defaults = further_names("target", known)
        plain += defaults if len(defaults) == 1 else ()
    for binding in request.columns:
        if binding.model is None and (_all_in(binding.columns, known) or not of_targets):
            plain += resolve(binding.columns, known, f" (for '{binding.role}')").names

    def in_first(name: str) -> bool:
        return name in first.columns or name.removeprefix("preds.") in first.columns

    plain += [
        *request.key_columns(lambda name: in_first(name) or name in behind),
        request.weight,
        *request.parameter_columns,
    ]
    if request.where is not None:
        plain += request.where.columns
    yield from (
        name.removeprefix("preds.") if name not in first.columns else name
        for given in plain
        for name in behind.get(given or "", (given,))
        if name is not None and in_first(name)
    )


def _all_in(columns: ColumnsPattern, known: Sequence[str]) -> bool:
    """Whether these columns are all there, with or without the side that a name may begin with."""
    both = [*known, *(f"targets.{name}" for name in known)]
    try:
        return bool(resolve(columns, both).names)
    except LosscliError:
        return False

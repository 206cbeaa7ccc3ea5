"""The value of every row: the loss where a report gives the cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from losscli.aggregate.accumulator import groups_of
from losscli.aggregate.batches import Block
from losscli.aggregate.chunks import cut_rows, cuts
from losscli.aggregate.kernel_calls import KernelCall, kernel_calls, score, unit_values
from losscli.binding.kernel_arguments import arguments
from losscli.binding.labels import EncodedLabels
from losscli.binding.plan import Line
from losscli.binding.read_rows import Rows
from losscli.binding.row_columns import apart, base, of_term, without_rows
from losscli.contract.kinds import Array
from losscli.errors import Location
from losscli.execution.engines import Engine
from losscli.execution.engines.threads import Threads
from losscli.execution.evaluate import chunk_rows
from losscli.execution.prepare import Prepared
from losscli.execution.scan import Scan, Scoring
from losscli.execution.watch import NO_PROGRESS, ProgressObserver
from losscli.io.arrow.buffers import RowNumbers
from losscli.parallel import available_cores, using_threads


@dataclass(frozen=True)
class Piece:
    """Rows in order: their numbers, their keys, and column -> (values, which rows take part; None: all)."""

    place: RowNumbers
    keys: tuple[tuple[str, list[str]], ...]
    columns: Mapping[str, tuple[Array, Array | None]]


@dataclass(frozen=True)
class _Scored:
    """Rows and what each work made of them: work -> term -> (values, where)."""

    place: RowNumbers
    keys: list[EncodedLabels]
    terms: Mapping[KernelCall, Mapping[str, tuple[Array, Array | None]]]


def row_values(
    prepared: Prepared, engine: Engine | None = None, watch: ProgressObserver = NO_PROGRESS
) -> Iterator[Piece]:
    """One value a row and spec, in the order of the rows; a loss without row values is a UsageError."""
    for line in prepared.plan.lines:
        if (refusal := without_rows(line)) is not None:
            raise refusal
    if any(not work.by_row for work in _works(prepared)):
        for scored in _in_groups(prepared, engine or Threads(available_cores()), watch):
            yield _piece(prepared, scored)
        return
    yield from in_pieces(prepared, _Values(prepared), engine, watch)


def in_pieces(
    prepared: Prepared, scoring: Scoring[list[Piece]], engine: Engine | None, watch: ProgressObserver
) -> Iterator[Piece]:
    """The pieces of every split in order, their rows numbered in the whole run."""
    walk = Scan(prepared.plan, prepared.source, watch)
    for taken in walk.scores(scoring, engine or Threads(available_cores())):
        for piece in taken.score:
            yield replace(piece, place=np.asarray(piece.place) + taken.before)


@dataclass(frozen=True)
class _Values:
    """The values of the rows of one split."""

    prepared: Prepared

    def __call__(self, rows: Iterable[Rows]) -> list[Piece]:
        wanted = _works(self.prepared)
        return [_piece(self.prepared, _score_rows(self.prepared, wanted, some)) for some in rows if len(some)]


def _piece(prepared: Prepared, scored: _Scored) -> Piece:
    columns: dict[str, tuple[Array, Array | None]] = {}
    for line in prepared.plan.lines:
        columns |= _columns(line, scored)
    keys = tuple((key.column, [key.names[code] for code in key.codes]) for key in scored.keys)
    return Piece(scored.place, keys, columns)


def _columns(line: Line, scored: _Scored) -> dict[str, tuple[Array, Array | None]]:
    name = base(line.spec, line.model)
    parts = []
    for job in line.jobs:
        terms: dict[str, tuple[Array, Array | None]] = {}
        for term, work in kernel_calls(job).items():
            for own, found in scored.terms[work].items():
                terms[term or own] = found
        parts.append(terms)
    if not line.spec.blend:
        (job,), (terms,) = line.jobs, parts
        overlap = len(terms) > 1 and any(where is None for _, where in terms.values())
        if apart(job.spec.loss, overlap):
            return {of_term(name, term): found for term, found in terms.items()}
        return {name: _merged(terms)}
    total, part = np.zeros(len(scored.place)), np.ones(len(scored.place), bool)
    for (factor, _), terms in zip(line.spec.parts, parts, strict=True):
        values, where = _merged(terms)
        total = total + factor * values
        part = part if where is None else part & where
    return {name: (total, None if part.all() else part)}


def _merged(terms: Mapping[str, tuple[Array, Array | None]]) -> tuple[Array, Array | None]:
    """The one column of terms that share no row."""
    if len(terms) == 1:
        return next(iter(terms.values()))
    values = part = None
    for found, where in terms.values():
        assert where is not None
        values = np.where(where, found, 0.0 if values is None else values)
        part = where if part is None else part | where
    assert values is not None and part is not None
    return values, part


def _works(prepared: Prepared) -> list[KernelCall]:
    return list(dict.fromkeys(work for job in prepared.plan.jobs for work in kernel_calls(job).values()))


def _score_rows(prepared: Prepared, wanted: list[KernelCall], rows: Rows) -> _Scored:
    """What the works that need no group make of these rows."""
    found = {}
    for work in wanted:
        if work.by_row:
            args = arguments(work.inputs, rows.arrays, prepared.arrays, rows.index, rows.location)
            found[work] = _in_chunks(work, args, len(rows))
    return _Scored(rows.place, rows.keys, found)


def _in_groups(prepared: Prepared, engine: Engine, watch: ProgressObserver) -> Iterator[_Scored]:
    """The rows with their terms where groups must be formed first: all rows at once, at the end."""
    wanted = _works(prepared)
    grouped = [work for work in wanted if not work.by_row]
    groups = groups_of(prepared.plan)
    early: list[_Scored] = []
    late: list[tuple[Array, dict[KernelCall, dict[str, tuple[Array, Array | None]]]]] = []

    def close(group: Block) -> None:
        found = {}
        for work in grouped:
            args = arguments(work.inputs, group.arrays, prepared.arrays, range(len(group)), Location("", 1))
            with using_threads(engine.count):
                found[work] = _terms(work, tuple(None if a is None else np.ascontiguousarray(a) for a in args))
        late.append((np.asarray(group.place), found))

    for rows in Scan(prepared.plan, prepared.source, watch).rows():
        early.append(_score_rows(prepared, wanted, rows))
        names, codes = (rows.batch_key.names, rows.batch_key.codes) if rows.batch_key is not None else (None, None)
        if len(rows):
            for group in groups.feed(Block(rows.arrays, None, None, rows.place), names, codes):
                close(group)
    watch.scores(groups.open)
    for group in groups.finish():
        close(group)
    if late:
        yield from _in_order(early, late)


def _in_order(
    early: list[_Scored], late: list[tuple[Array, dict[KernelCall, dict[str, tuple[Array, Array | None]]]]]
) -> Iterator[_Scored]:
    """Put the values of the groups back beside their rows."""
    place = np.concatenate([p for p, _ in late])
    order = np.argsort(place, kind="stable")
    whole: dict[KernelCall, dict[str, tuple[Array, Array | None]]] = {}
    for work in late[0][1]:
        for name in late[0][1][work]:
            values = np.concatenate([found[work][name][0] for _, found in late])[order]
            where = _wheres([found[work][name] for _, found in late])
            whole.setdefault(work, {})[name] = values, None if where is None else where[order]
    start = 0
    for scored in early:
        cut = slice(start, start + len(scored.place))
        start = cut.stop
        extra = {w: {n: (v[cut], p if p is None else p[cut]) for n, (v, p) in t.items()} for w, t in whole.items()}
        yield _Scored(scored.place, scored.keys, {**scored.terms, **extra})


def _wheres(pieces: Sequence[tuple[Array, Array | None]]) -> Array | None:
    """Which of all values take part; None stays None, as it says that a term has every row."""
    if all(where is None for _, where in pieces):
        return None
    return np.concatenate([np.ones(len(values), bool) if where is None else where for values, where in pieces])


def _terms(work: KernelCall, args: tuple[Array | None, ...]) -> dict[str, tuple[Array, Array | None]]:
    return {name: (unit_values(term.values), term.where) for name, term in score(work, args).items()}


def _in_chunks(work: KernelCall, args: tuple[Array | None, ...], count: int) -> dict[str, tuple[Array, Array | None]]:
    pieces = [_terms(work, cut_rows(work.inputs, args, cut)) for cut in cuts(count, args, work.inputs, chunk_rows())]
    if len(pieces) == 1:
        return pieces[0]
    return {
        name: (np.concatenate([p[name][0] for p in pieces]), _wheres([p[name] for p in pieces])) for name in pieces[0]
    }

"""One run cut into shards that any scheduler may start; their states are merged into the report of the whole run.

Every shard computes the same cut of the files, scores its splits, and writes its state. The sums are exact, so the
merged states give the bits of a run in one process.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from losscli._version import __version__
from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.labels import check_positive_labels
from losscli.binding.plan import Plan
from losscli.binding.read_rows import Reader
from losscli.binding.signature import signature
from losscli.errors import DataError, UsageError
from losscli.execution.cpu_fingerprint import fingerprint
from losscli.execution.engines import Engine
from losscli.execution.evaluate import Adding, chunk_rows, conclude, refuse_empty
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.scan import Chosen, PlacedSplit, Scan, remote_splits
from losscli.execution.shard_state import Plain, json_text, plan_in, plan_out, reader_in, reader_out, same_plan
from losscli.execution.state_file import SCHEMA, Shard, State, checksum, read_state, whole
from losscli.io.source import Source
from losscli.lazy import dataclass
from losscli.results import Evaluation, SourceResult, WarningResult


@dataclass(frozen=True)
class Scored:
    """The state of a shard as text, and how much it covers."""

    text: str
    rows: int
    tasks: int
    all_tasks: int


@dataclass(frozen=True)
class Merged:
    """The result of the whole run, and notes for its user."""

    evaluation: Evaluation
    notes: tuple[str, ...]


# -- scoring a shard -------------------------------------------------------------------------------------------------


def score(
    prepared: Prepared,
    shard: Shard,
    engine: Engine,
    observer: ProgressObserver = NO_PROGRESS,
    environment: Sequence[str] = (),
) -> Scored:
    """Score the splits of one shard; `environment` names the variables that had a say in the request."""
    _refuse_quantiles(prepared.plan)
    placed = remote_splits(prepared.plan, prepared.source)
    chosen = cut(placed, shard)
    scan = Scan(prepared.plan, prepared.source, observer, chosen)
    # Losses of tables alone count once in the run: in the first shard.
    totals = RunAccumulator(prepared.plan, prepared.arrays, chunk_rows(), hashing=True, some=shard.number > 1)
    slice_index = None if engine.is_remote else totals.slice_index
    adding = Adding(prepared.plan, prepared.arrays, chunk_rows(), hashing=True, slice_index=slice_index)
    for result in scan.scores(adding, engine):
        totals.merge(result.score)
    document = {
        "schema": SCHEMA,
        "losscli": __version__,
        "shard": str(shard),
        "arithmetic": fingerprint(),
        "environment": list(environment),
        "doubled": list(prepared.source.doubled),
        "run": _run(prepared, placed),
        "sources": [[source.path, source.format, source.rows] for source in scan.sources()],
        "reader": reader_out(scan.reader),
        "totals": totals.state(),
    }
    document["sha256"] = checksum(document)
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    return Scored(text, scan.reader.read, len(chosen.splits), len(placed))


def _refuse_quantiles(plan: Plan) -> None:
    """A UsageError where slices are made by what all rows say together."""
    for key in plan.slice_keys:
        if not key.is_pinned:
            raise UsageError(f"a shard has a part of the rows, and the quantiles of --by '{key.name}' are those of all",
                             hint="a run without --shard prints the edges: give them to each shard, "
                             f"--by '{key.column}:18|65'", code="USAGE_CONFLICT")  # fmt: skip


def cut(placed: Sequence[PlacedSplit], shard: Shard) -> Chosen:
    """The splits of a shard: consecutive ones, about its share of the bytes (of their number, without sizes)."""
    sizes = [each.split.size for each in placed]
    if not all(sizes):
        sizes = [1] * len(placed)
    total, before, mine = sum(sizes), 0, []
    for index, size in enumerate(sizes):
        # A split belongs to the shard in whose share its middle lies: as many equal splits as shards are one each,
        # also where each is a few bytes longer or shorter than its share.
        if (2 * before + size) * shard.of // (2 * total) == shard.number - 1:
            mine.append(index)
        before += size
    if not mine:
        return Chosen((), ())
    first = placed[mine[0]].fragment
    return Chosen([placed[index] for index in mine], [each for each in placed[: mine[0]] if each.fragment == first])


def _run(prepared: Prepared, placed: Sequence[PlacedSplit]) -> Plain:
    """What every shard of a run has in common."""
    plan, source = prepared.plan, prepared.source
    shape = json.dumps([[each.fragment, each.split.size] for each in placed])
    return {
        **plan_out(plan, source.columns, source.types),
        "signatures": signatures(plan),
        "files": _files(source),
        "tasks": len(placed),
        "cut": hashlib.sha256(shape.encode()).hexdigest(),
    }


def _files(source: Source) -> list[list[Any]]:
    """What is the same of the files on every machine: folders and times may differ."""
    return [
        [Path(fragment.path).name, fragment.format, fragment.file.size if fragment.file else 0]
        for fragment in source.fragments
    ]


def signatures(plan: Plan) -> list[str]:
    """The signature of every line of the report."""
    return [signature(plan, line) for line in plan.lines]


# -- merging ---------------------------------------------------------------------------------------------------------


def merge(paths: Sequence[str]) -> Merged:
    """The result that one run over everything gives."""
    states = sorted((read_state(path) for path in paths), key=lambda state: state.shard.number)
    _refuse_incomplete(states)
    first = states[0]
    with whole(first.path):
        _refuse_different(states)
        run = first.document["run"]
        plan = plan_in(run)
        if signatures(plan) != run["signatures"] or not same_plan(plan, run):
            raise ValueError("the run")
    totals, reader, sources = _add_up(plan, states)
    check_positive_labels(reader.registry, plan.request.others)
    rows = reader.counts()
    refuse_empty(plan, rows, next((source.path for source in sources), None))
    with whole(first.path):
        named = dict.fromkeys(name for state in states for name in state.document["environment"])
        doubled = dict.fromkeys(said for state in states for said in state.document["doubled"])
        evaluation = conclude(totals, reader, sources, known=list(map(WarningResult, doubled)))
        evaluation = replace(evaluation, environment=tuple(named))
        return Merged(evaluation, _notes(states))


def _add_up(plan: Plan, states: Sequence[State]) -> tuple[RunAccumulator, Reader, tuple[SourceResult, ...]]:
    totals, reader = RunAccumulator(plan, {}, hashing=True, some=True), Reader(plan, None)
    with whole(states[0].path):
        paths = [(path, format_) for path, format_, _ in states[0].document["sources"]]
    rows = [0] * len(paths)
    for state in states:
        with whole(state.path):
            theirs, sums = _parts_in(plan, state.document, len(paths))
        if not reader.agrees(theirs):
            raise DataError(
                f"shard {state.shard} read its columns differently from the shards before it: its lists have "
                "another width, or its targets bind to the classes differently",
                path=state.path, hint="name class columns with a star (p_*), or score without --shard",
                code="DATA_NOT_COMPARABLE",
            )  # fmt: skip
        reader.merge(theirs)
        with whole(state.path):
            totals.merge(sums)
        for at, (_, _, count) in enumerate(state.document["sources"]):
            rows[at] += count
    return totals, reader, tuple(SourceResult(*source, count) for source, count in zip(paths, rows, strict=True))


def _parts_in(plan: Plan, document: Plain, sources: int) -> tuple[Reader, RunAccumulator]:
    """The reader and the sums of a state; written again they must be what they were read from."""
    reader, totals = reader_in(plan, document["reader"]), RunAccumulator.from_state(plan, document["totals"])
    listed = document["sources"]
    if any([type(item) for item in source] != [str, str, int] or source[2] < 0 for source in listed):
        raise ValueError("a source")
    for texts in (document["environment"], document["doubled"]):
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("a list of texts")
    if not isinstance(listed, list) or len(listed) != sources or not isinstance(document["arithmetic"], str):
        raise ValueError("a field")
    written = [(reader_out(reader), "reader"), (totals.state(), "totals")]
    if any(json_text(part) != json_text(document[name]) for part, name in written):
        raise ValueError("a field")
    return reader, totals


def _refuse_incomplete(states: Sequence[State]) -> None:
    """A DataError unless every shard of one run is given once."""
    if not states:
        raise UsageError("no state was given", hint="losscli merge s*.json", code="USAGE_INCOMPLETE")
    counts = sorted({state.shard.of for state in states})
    if len(counts) > 1:
        listed = "; ".join(
            f"of {of}: {', '.join(state.path for state in states if state.shard.of == of)}" for of in counts
        )
        raise DataError(f"these are shards of different runs ({listed})", code="DATA_NOT_COMPARABLE")
    given: dict[int, list[str]] = {}
    for state in states:
        given.setdefault(state.shard.number, []).append(state.path)
    wrong = [f"shard {n} is given {len(p)} times ({', '.join(p)})" for n, p in given.items() if len(p) > 1]
    missing = [str(number) for number in range(1, counts[0] + 1) if number not in given]
    if missing:
        wrong.append(f"shard{'s' * (len(missing) > 1)} {_listed(missing)} of {counts[0]} {_are(missing)} missing")
    if wrong:
        raise DataError("; ".join(wrong), hint="every shard of the run, once", code="DATA_NOT_COMPARABLE")


def _listed(items: Sequence[str]) -> str:
    return ", ".join(items[:20]) + (f" and {len(items) - 20} more" if len(items) > 20 else "")


def _are(items: Sequence[str]) -> str:
    return "are" if len(items) > 1 else "is"


def _refuse_different(states: Sequence[State]) -> None:
    """A DataError unless all shards are of the same request and files."""
    first = _parts(states[0].document["run"])
    for state in states[1:]:
        other = _parts(state.document["run"])
        if different := [name for name in dict.fromkeys([*first, *other]) if first.get(name) != other.get(name)]:
            raise DataError(
                f"shard {state.shard} belongs to a different run than shard {states[0].shard}: they differ in "
                + ", ".join(different),
                path=state.path, hint="the same command and the same files for every shard",
                code="DATA_NOT_COMPARABLE",
            )  # fmt: skip


def _parts(run: Plain) -> Plain:
    return {**run["request"], **{name: value for name, value in run.items() if name != "request"}}


def _notes(states: Sequence[State]) -> tuple[str, ...]:
    kinds = {state.document["arithmetic"] for state in states}
    if len(kinds) == 1:
        return ()
    return (f"the shards come from {len(kinds)} kinds of CPU or versions of NumPy, whose exp and log may differ in the "
            "last bit; so may the report of a single machine",)  # fmt: skip

"""One run cut into shards that any scheduler may start: each computes the same cut, and writes a state of its part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from losscli._version import __version__
from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.plan import Plan
from losscli.binding.signature import signature
from losscli.errors import LosscliError, UsageError
from losscli.execution.cpu_fingerprint import fingerprint
from losscli.execution.engines import Engine
from losscli.execution.evaluate import RowAccumulation, chunk_rows
from losscli.execution.packed_arrays import packed
from losscli.execution.placed_splits import Chosen, PlacedSplit, remote_splits
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.scan import Scan
from losscli.execution.shard_plan import ShardPlan
from losscli.execution.shard_state import Plain, json_text, plan_out, reader_out
from losscli.execution.shard_versions import file_versions
from losscli.execution.state_file import SCHEMA, Shard, read_state, state_text
from losscli.io.source import Source
from losscli.lazy import dataclass


@dataclass(frozen=True)
class Scored:
    """The state of a shard as text, and how much it covers; without a text, the state that was there already."""

    text: str | None
    rows: int
    tasks: int
    all_tasks: int | None  # not known where a plan spares opening the files of other shards


def score(
    prepared: Prepared,
    shard: Shard,
    engine: Engine,
    observer: ProgressObserver = NO_PROGRESS,
    environment: Sequence[str] = (),
    kept: str | None = None,
    suite: Plain | None = None,
    plan: ShardPlan | None = None,
) -> Scored:
    """Score the splits of one shard; `environment` names the variables that had a say in the request.

    `kept` is a file that may hold this state already: of the same request, of files that have not changed since, and of
    the same kind of CPU. Then nothing is scored. `suite` is what the configuration says of this run, if it is of one;
    `plan` is the one that the source was opened by, if there is one.
    """
    _refuse_quantiles(prepared.plan)
    placed = remote_splits(prepared.plan, prepared.source)
    chosen = cut(placed, shard, plan)
    tasks = len(placed) if plan is None else None
    run = _run(prepared, placed) if plan is None else _planned_run(prepared, plan)
    settings = {
        "schema": SCHEMA,
        "losscli": __version__,
        "shard": str(shard),
        "arithmetic": [fingerprint()],
        "environment": list(environment),
        "doubled": list(prepared.source.doubled),
        "run": {**run, **({} if suite is None else {"suite": suite})},
        "versions": file_versions(prepared.source) if plan is None else plan.sha256,
    }
    if kept is not None and (rows := _rows_kept(kept, settings)) is not None:
        return Scored(None, rows, len(chosen.splits), tasks)
    scan = Scan(prepared.plan, prepared.source, observer, chosen)
    # Losses of tables alone count once in the run: in the first shard.
    totals = RunAccumulator(prepared.plan, prepared.arrays, chunk_rows(), hashing=True, some=shard.number > 1)
    slice_index = None if engine.is_remote else totals.slice_index
    adding = RowAccumulation(prepared.plan, prepared.arrays, chunk_rows(), hashing=True, slice_index=slice_index)
    for result in scan.scores(adding, engine):
        totals.merge(result.score)
    document = {
        **settings,
        "sources": [[source.path, source.format, source.rows] for source in scan.sources()],
        "reader": reader_out(scan.reader),
        "totals": packed(totals.state()),
    }
    return Scored(state_text(document), scan.reader.read, len(chosen.splits), tasks)


def _rows_kept(path: str, settings: Plain) -> int | None:
    """How many rows the state in a file read, if it is whole and has these settings."""
    versions = settings["versions"]
    if isinstance(versions, list) and None in versions:
        return None  # whether a file is the same cannot be said
    try:
        document = read_state(path).document
        same = all(json_text(document.get(name)) == json_text(value) for name, value in settings.items())
        return int(document["reader"]["read"]) if same else None
    except (LosscliError, TypeError, KeyError):
        return None  # there is none, or it is damaged: it is written anew


def _refuse_quantiles(plan: Plan) -> None:
    """A UsageError where slices are made by what all rows say together."""
    for key in plan.slice_keys:
        if not key.is_pinned:
            raise UsageError(f"a shard has a part of the rows, and the quantiles of --by '{key.name}' are those of all",
                             hint="a run without --shard prints the edges: give them to each shard, "
                             f"--by '{key.column}:18|65'", code="USAGE_CONFLICT")  # fmt: skip


def cut(placed: Sequence[PlacedSplit], shard: Shard, plan: ShardPlan | None = None) -> Chosen:
    """The splits of a shard: consecutive ones, about its share of the bytes (of their number, without sizes)."""
    sizes = [each.split.size for each in placed]
    if plan is not None:
        own = plan.chosen(shard, [(each.fragment, each.split.size) for each in placed])
        return _chosen(placed, own)
    if not all(sizes):
        sizes = [1] * len(placed)
    total, before, mine = sum(sizes), 0, []
    for index, size in enumerate(sizes):
        # A split belongs to the shard in whose share its middle lies: as many equal splits as shards are one each,
        # also where each is a few bytes longer or shorter than its share.
        if (2 * before + size) * shard.of // (2 * total) == shard.number - 1:
            mine.append(index)
        before += size
    return _chosen(placed, mine)


def _chosen(placed: Sequence[PlacedSplit], mine: Sequence[int]) -> Chosen:
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


def _planned_run(prepared: Prepared, plan: ShardPlan) -> Plain:
    """What every shard of a planned run has in common; no one knows how many tasks there are."""
    named, source = prepared.plan, prepared.source
    format_ = source.fragments[0].format
    return {
        **plan_out(named, source.columns, source.types),
        "signatures": signatures(named),
        "files": [[Path(file.path).name, format_, file.size] for file in plan.files],
        "tasks": 0,
        "cut": plan.sha256,
    }


def _files(source: Source) -> list[list[Any]]:
    """What is the same of the files on every machine: folders and times may differ."""
    sized = ((fragment, fragment.file or fragment.remote) for fragment in source.fragments)
    return [[Path(fragment.path).name, fragment.format, file.size if file else 0] for fragment, file in sized]


def signatures(plan: Plan) -> list[str]:
    """The signature of every line of the report."""
    return [signature(plan, line) for line in plan.lines]

"""One run cut into shards that any scheduler may start; their states are merged into the report of the whole run.

Every shard computes the same cut of the files, scores its splits, and writes its state. The sums are exact, so the
merged states give the bits of a run in one process.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
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
from losscli.execution.shard_state import Plain, plan_in, plan_out, reader_in, reader_out
from losscli.io.files.streams import file_error
from losscli.io.source import Source
from losscli.results import Evaluation, RowCounts, SourceResult

SCHEMA = "losscli.state/1"


@dataclass(frozen=True)
class Shard:
    """The part of a run that one process scores: shard `number` of `of`, from 1."""

    number: int
    of: int

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


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


def read_shard(text: str) -> Shard:
    """`3/16`."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(
            f"'{text}' is not a shard", hint="I/N: shard I of N, counted from 1, such as 3/16", code="USAGE_BAD_VALUE"
        )
    return Shard(int(found[1]), int(found[2]))


# -- scoring a shard -------------------------------------------------------------------------------------------------


def score(prepared: Prepared, shard: Shard, engine: Engine, observer: ProgressObserver = NO_PROGRESS) -> Scored:
    """Score the splits of one shard."""
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
        "run": _run(prepared, placed),
        "sources": [[source.path, source.format, source.rows] for source in scan.sources()],
        "reader": reader_out(scan.reader),
        "totals": totals.state(),
    }
    document["sha256"] = _checksum(document)
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    return Scored(text, scan.reader.read, len(chosen.splits), len(placed))


def cut(placed: Sequence[PlacedSplit], shard: Shard) -> Chosen:
    """The splits of a shard: consecutive ones, about its share of the bytes (of their number, without sizes)."""
    sizes = [each.split.size for each in placed]
    if not all(sizes):
        sizes = [1] * len(placed)
    total, before, mine = sum(sizes), 0, []
    for index, size in enumerate(sizes):
        # A split belongs to the shard in whose share it begins.
        if before * shard.of // total == shard.number - 1:
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


@dataclass(frozen=True)
class _State:
    path: str
    shard: Shard
    document: Plain


def merge(paths: Sequence[str]) -> Merged:
    """The result that one run over everything gives."""
    states = sorted((_read(path) for path in paths), key=lambda state: state.shard.number)
    _refuse_incomplete(states)
    first = states[0]
    try:
        _refuse_different(states)
        plan = plan_in(first.document["run"])
        if signatures(plan) != first.document["run"]["signatures"]:
            raise ValueError("signatures")
        totals, reader, sources = _add_up(plan, states)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, AssertionError, OverflowError):
        raise _damaged(first.path) from None
    check_positive_labels(reader.book)
    rows = RowCounts(reader.read, reader.used, reader.dropped)
    refuse_empty(plan, rows, next((source.path for source in sources), None))
    return Merged(conclude(totals, reader, sources), _notes(states))


def _add_up(plan: Plan, states: Sequence[_State]) -> tuple[RunAccumulator, Reader, tuple[SourceResult, ...]]:
    totals, reader = RunAccumulator(plan, {}, hashing=True, some=True), Reader(plan, None)
    paths = [(path, format_) for path, format_, _ in states[0].document["sources"]]
    rows = [0] * len(paths)
    for state in states:
        theirs = reader_in(plan, state.document["reader"])
        if not reader.agrees(theirs):
            raise DataError(
                f"shard {state.shard} read its columns differently from the shards before it: its lists have "
                "another width, or its targets bind to the classes differently",
                path=state.path, hint="name class columns with a star (p_*), or score without --shard",
                code="DATA_NOT_COMPARABLE",
            )  # fmt: skip
        reader.merge(theirs)
        totals.merge(RunAccumulator.from_state(plan, state.document["totals"]))
        for at, (_, _, count) in enumerate(state.document["sources"]):
            rows[at] += count
    return totals, reader, tuple(SourceResult(*source, count) for source, count in zip(paths, rows, strict=True))


def _read(path: str) -> _State:
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise file_error(error, path) from None
    except ValueError:
        raise DataError("not a valid file name", path=path, code="DATA_BAD_REPORT") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _damaged(path) from None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or not schema.startswith("losscli.state/"):
        raise DataError(
            "not the state of a shard",
            path=path,
            hint="losscli eval … --shard I/N --state-out FILE",
            code="DATA_BAD_REPORT",
        )
    version = document.get("losscli")
    if schema != SCHEMA or version != __version__:
        raise DataError(
            f"a state of losscli {version} ({schema}); this is losscli {__version__} ({SCHEMA})",
            path=path, hint="merge with the version that scored the shards, or score them again",
            code="DATA_BAD_REPORT",
        )  # fmt: skip
    if document.pop("sha256", None) != _checksum(document):
        raise _damaged(path)
    try:
        return _State(path, read_shard(str(document.get("shard"))), document)
    except UsageError:
        raise _damaged(path) from None


def _checksum(document: Plain) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _damaged(path: str) -> DataError:
    return DataError("the state is damaged: its content was changed", path=path,
                     hint="copy it again, or score the shard again", code="DATA_BAD_REPORT")  # fmt: skip


def _refuse_incomplete(states: Sequence[_State]) -> None:
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


def _refuse_different(states: Sequence[_State]) -> None:
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


def _notes(states: Sequence[_State]) -> tuple[str, ...]:
    kinds = {state.document["arithmetic"] for state in states}
    if len(kinds) == 1:
        return ()
    return (f"the shards come from {len(kinds)} kinds of CPU or versions of NumPy, whose exp and log may differ in the "
            "last bit; so may the report of a single machine",)  # fmt: skip

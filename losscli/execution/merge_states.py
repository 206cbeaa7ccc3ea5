"""The states of shards -> the report of the whole run, or one state of some consecutive shards.

The sums are exact, so merged states give the bits of a run in one process. States are read twice, one after the other:
what they are of, then their sums. So the memory does not grow with their number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from losscli._version import __version__
from losscli.aggregate.accumulator import RunAccumulator
from losscli.binding.labels import check_positive_labels
from losscli.binding.plan import Plan
from losscli.binding.read_rows import Reader
from losscli.errors import DataError, UsageError
from losscli.execution.evaluate import conclude, refuse_empty
from losscli.execution.packed_arrays import packed, same, unpacked
from losscli.execution.shard_state import Plain, json_text, plan_in, reader_in, reader_out, same_plan
from losscli.execution.shard_versions import SharedVersions, check_versions
from losscli.execution.shards import signatures
from losscli.execution.state_file import SCHEMA, State, content, read_state, shards_text, state_text, whole
from losscli.lazy import dataclass
from losscli.results import Evaluation, SourceResult, WarningResult

_FOR_ALL = ("arithmetic", "environment", "doubled")  # lists of texts, of which the whole run has all


@dataclass(frozen=True)
class Merged:
    """The result of the whole run, notes for its user, and what its states say of the suite that they are of."""

    evaluation: Evaluation
    notes: tuple[str, ...]
    suite: Plain | None = None


@dataclass(frozen=True)
class MergedState:
    """One state of several, as text, and notes for its user."""

    text: str
    shards: str
    rows: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Listed:
    """A state without its sums: what it is of, and a hash of each setting of its run."""

    state: State
    settings: dict[str, str]
    is_planned: bool


@dataclass(frozen=True)
class _Sums:
    """What some consecutive shards read and added up."""

    run: Plain
    plan: Plan
    totals: RunAccumulator
    reader: Reader
    sources: tuple[SourceResult, ...]
    texts: dict[str, list[str]]
    versions: SharedVersions


def merge(paths: Sequence[str]) -> Merged:
    """The result that one run over everything gives, of the states of all its shards.

    Raises
    ------
    DataError
        Where a state is damaged, or the states are not those of all shards of one run.
    """
    listed = _listed(paths)
    _refuse_incomplete([each.state for each in listed])
    sums = _add_up(listed)
    check_positive_labels(sums.reader.registry, sums.plan.request.others)
    rows = sums.reader.counts()
    refuse_empty(sums.plan, rows, next((source.path for source in sums.sources), None))
    with whole(listed[0].state.path):
        warnings = [*sums.texts["doubled"], *sums.versions.warnings()]
        evaluation = conclude(sums.totals, sums.reader, sums.sources, known=list(map(WarningResult, warnings)))
        evaluation = replace(evaluation, environment=tuple(sums.texts["environment"]))
        return Merged(evaluation, _notes(sums.texts["arithmetic"]), sums.run.get("suite"))


def merge_some(paths: Sequence[str]) -> MergedState:
    """One state that stands for those of some shards, one after the other, of a run.

    Raises
    ------
    DataError
        As `merge`, but shards before the first and behind the last of these may be missing.
    """
    listed = _listed(paths)
    first, last, of = _refuse_incomplete([each.state for each in listed], all_of_run=False)
    sums = _add_up(listed)
    document = {
        "schema": SCHEMA,
        "losscli": __version__,
        "shard": shards_text(first, last, of),
        **sums.texts,
        "run": sums.run,
        "versions": sums.versions.texts(),
        "sources": [[source.path, source.format, source.rows] for source in sums.sources],
        "reader": reader_out(sums.reader),
        "totals": packed(sums.totals.state()),
    }
    return MergedState(state_text(document), document["shard"], sums.reader.read, tuple(sums.versions.warnings()))


# -- what they are of ------------------------------------------------------------------------------------------------


def _listed(paths: Sequence[str]) -> list[_Listed]:
    """The states in the order of their shards, all of one run."""
    listed = sorted(map(_without_sums, paths), key=lambda each: (each.state.first, each.state.last))
    for other in listed[1:]:
        ours, theirs = listed[0].settings, other.settings
        if different := [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]:
            if listed[0].state.of != other.state.of:
                break  # of different runs, which is said better
            raise DataError(
                f"{other.state.named} belongs to a different run than {listed[0].state.named}: they differ in "
                + ", ".join(different),
                path=other.state.path, hint=_hint(listed[0], other),
                code="DATA_NOT_COMPARABLE",
            )  # fmt: skip
    return listed


def _without_sums(path: str) -> _Listed:
    state = read_state(path)
    with whole(state.path):
        run = state.document["run"]
        settings = {**run["request"], **{name: value for name, value in run.items() if name != "request"}}
        hashes = {name: hashlib.sha256(json_text(value).encode()).hexdigest() for name, value in settings.items()}
        return _Listed(replace(state, document={}), hashes, run["tasks"] == 0)


def _hint(first: _Listed, other: _Listed) -> str:
    """What to do so that two states are of one run; a plan cuts the files in other places than a run without one."""
    if first.is_planned != other.is_planned:
        return f"--shard-plan for every shard, or for none: {(first if first.is_planned else other).state.named} has it"
    return "the same command and the same files for every shard" + ", and the same plan" * first.is_planned


def _refuse_incomplete(states: Sequence[State], *, all_of_run: bool = True) -> tuple[int, int, int]:
    """A DataError unless every shard, of the run or from the first to the last, is given once; gives these and of."""
    if not states:
        raise UsageError("no state was given", hint="losscli merge s*.json", code="USAGE_INCOMPLETE")
    counts = sorted({state.of for state in states})
    if len(counts) > 1:
        listed = "; ".join(f"of {of}: {', '.join(state.path for state in states if state.of == of)}" for of in counts)
        raise DataError(f"these are shards of different runs ({listed})", code="DATA_NOT_COMPARABLE")
    given: dict[int, list[str]] = {}
    for state in states:
        for number in range(state.first, state.last + 1):
            given.setdefault(number, []).append(state.path)
    first, last = (1, counts[0]) if all_of_run else (min(given), max(given))
    wrong = [f"shard {n} is given {len(p)} times ({', '.join(p)})" for n, p in given.items() if len(p) > 1]
    missing = [str(number) for number in range(first, last + 1) if number not in given]
    if missing:
        wrong.append(f"shard{'s' * (len(missing) > 1)} {_some(missing)} of {counts[0]} {_are(missing)} missing")
    if wrong:
        hint = "every shard of the run, once" if all_of_run else "shards that follow each other, each once"
        raise DataError(_some(wrong, "; "), hint=hint, code="DATA_NOT_COMPARABLE")
    return first, last, counts[0]


def _some(items: Sequence[str], mark: str = ", ") -> str:
    return mark.join(items[:20]) + (f" and {len(items) - 20} more" if len(items) > 20 else "")


def _are(items: Sequence[str]) -> str:
    return "are" if len(items) > 1 else "is"


# -- their sums ------------------------------------------------------------------------------------------------------


def _add_up(listed: Sequence[_Listed]) -> _Sums:
    """What the states hold together; each is read again, added and let go."""
    found: _Sums | None = None
    for each in listed:
        state = _again(each)
        with whole(state.path):
            if found is None:
                found = _none_yet(state)
            theirs, totals = _parts_in(found.plan, state.document, len(found.sources))
        if not found.reader.agrees(theirs):
            raise DataError(
                f"{state.named} read its columns differently from the shards before it: its lists have "
                "another width, or its targets bind to the classes differently",
                path=state.path, hint="name class columns with a star (p_*), or score without --shard",
                code="DATA_NOT_COMPARABLE",
            )  # fmt: skip
        found.versions.add(state.named, state.document)
        found.reader.merge(theirs)
        with whole(state.path):
            found.totals.merge(totals)
            found = replace(found, sources=_with_rows(found.sources, state.document["sources"]))
            for name, texts in found.texts.items():
                texts += [text for text in state.document[name] if text not in texts]
    assert found is not None
    return found


def _again(listed: _Listed) -> State:
    """The state with its sums; what it says of itself was judged when it was read first."""
    state = listed.state
    text = content(state.address)
    if hashlib.sha256(text).hexdigest() != state.sha256:
        raise DataError("the state changed while it was read", path=state.path, code="DATA_BAD_REPORT")
    return replace(state, document=json.loads(text))


def _none_yet(state: State) -> _Sums:
    run = state.document["run"]
    plan = plan_in(run)
    if signatures(plan) != run["signatures"] or not same_plan(plan, run):
        raise ValueError("the run")
    sources = tuple(SourceResult(path, format_, 0) for path, format_, _ in state.document["sources"])
    totals = RunAccumulator(plan, {}, hashing=True, some=True)
    return _Sums(run, plan, totals, Reader(plan, None), sources, {name: [] for name in _FOR_ALL}, SharedVersions())


def _with_rows(sources: Sequence[SourceResult], listed: Sequence[tuple[str, str, int]]) -> tuple[SourceResult, ...]:
    return tuple(replace(one, rows=one.rows + rows) for one, (_, _, rows) in zip(sources, listed, strict=True))


def _parts_in(plan: Plan, document: Plain, sources: int) -> tuple[Reader, RunAccumulator]:
    """The reader and the sums of a state; written again they must be what they were read from.

    All but the names of slices, which are judged as the sums are merged.
    """
    sums = unpacked(document["totals"])
    reader, totals = reader_in(plan, document["reader"]), RunAccumulator.from_state(plan, sums)
    listed = document["sources"]
    if any([type(item) for item in source] != [str, str, int] or source[2] < 0 for source in listed):
        raise ValueError("a source")
    for texts in (document[name] for name in _FOR_ALL):
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("a list of texts")
    if not isinstance(listed, list) or len(listed) != sources:
        raise ValueError("a field")
    check_versions(document.get("versions"), sources)
    if json_text(reader_out(reader)) != json_text(document["reader"]) or not same(totals.state(), sums):
        raise ValueError("a field")
    return reader, totals


def _notes(arithmetic: Sequence[str]) -> tuple[str, ...]:
    if len(arithmetic) == 1:
        return ()
    return (f"the shards come from {len(arithmetic)} kinds of CPU or versions of NumPy, whose exp and log may differ "
            "in the last bit; so may the report of a single machine",)  # fmt: skip

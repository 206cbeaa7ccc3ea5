"""States of shards as files: of one run, or of every suite of a configuration, which are judged without the data.

A suite has a file for each shard, in a folder that all shards share, which may be in a store.
"""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from losscli.errors import FileError, UsageError
from losscli.io.remote.address import local_path, redacted, scheme_of

if TYPE_CHECKING:
    from losscli.cli.config import Suite
    from losscli.cli.option_values import EvalOptions, GateOptions, Wanted
    from losscli.execution.prepare import Prepared
    from losscli.execution.shard_plan import ShardPlan
    from losscli.execution.state_file import Shard
    from losscli.gates.grammar import Gate
    from losscli.results import Evaluation

# What a suite may change after its shards were scored: only the verdicts depend on it.
_ABOUT_VERDICTS = ("gates", "outputs", "baseline", "baseline_missing", "allow_incomparable", "max_dropped")


def write(
    prepared: Prepared, shard: Shard, options: EvalOptions, suite: Any = None, plan: ShardPlan | None = None
) -> None:
    """Score a shard and write its state to --state-out, or keep the one that is there."""
    from losscli.cli import console, progress
    from losscli.cli.run import engine_of
    from losscli.execution.shards import score
    from losscli.io.write.atomic import write_text

    path = None if options.state_out == "-" else options.state_out
    with progress.observed(options.run.console) as observer:
        engine = engine_of(options.run, prepared)
        scored = score(prepared, shard, engine, observer, options.report.environment, path, suite, plan)
    of_all = "" if scored.all_tasks is None else f" of {scored.all_tasks:,}"
    covered = f"{scored.rows:,} rows, {scored.tasks:,}{of_all} tasks"
    if scored.all_tasks is not None and scored.all_tasks < shard.of:
        covered += ": some shards have none ('losscli help shards')"
    if scored.text is None:
        note = f"kept shard {shard} in {path}: its files have not changed since; {covered}"
    elif path is None:
        console.write_stdout(scored.text)
        return
    else:
        write_text(path, scored.text)
        note = f"wrote shard {shard} to {path}: {covered}"
    console.print_notes([note], options.run.console.quiet)


def write_suite(suite: Suite, options: EvalOptions, folder: str, shard: Shard) -> None:
    """Write the state of a suite; its gates, baseline and reports belong to the run that has all states."""
    from losscli.cli import scoring
    from losscli.cli.option_values import GateOptions
    from losscli.gates.verdicts import slice_columns

    _refuse_rows(options)
    request = options.run.request
    request = replace(request, by=slice_columns(options.gates.gates, request.by))
    path = f"{folder.rstrip('/')}/{suite.name}.{shard.number}-of-{shard.of}.json"
    alone = replace(options, run=replace(options.run, request=request), gates=GateOptions(), state_out=path,
                    report=replace(options.report, files={}, origin=None))  # fmt: skip
    if not scheme_of(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    write(scoring.ready(alone).prepared, shard, alone, asked(suite, options.gates.gates))


def judged_suite(suite: Suite, options: EvalOptions, folder: str) -> Evaluation:
    """The run of a suite, of the states that its shards wrote to a folder, judged."""
    _refuse_rows(options)
    paths = _found(folder, suite.name)
    evaluation, told = merged(paths, options.gates, options.report, options.run.console.quiet)
    if told != asked(suite, options.gates.gates):
        raise UsageError(f"the states are not of the suite '{suite.name}' as it is now", path=redacted(folder),
                         hint="score its shards again, with the configuration that judges them",
                         code="USAGE_CONFLICT")  # fmt: skip
    return evaluation


def merged(states: Sequence[str], gates: GateOptions, report: Wanted, quiet: bool) -> tuple[Evaluation, Any]:
    """The judged run of all states, and the suite that they are of."""
    from losscli.cli import console, reports, scoring
    from losscli.execution.judge import bound_to_results
    from losscli.execution.merge_states import merge

    saved = scoring.baseline_of(gates, report.paths, report, states)
    with reports.reporting_errors(report, quiet):
        found = merge(states)
    console.print_notes(found.notes, quiet)
    named = dict.fromkeys((*found.evaluation.environment, *report.environment))
    evaluation = replace(found.evaluation, environment=tuple(named))
    return scoring.judge(evaluation, bound_to_results(gates.gates, evaluation), saved, gates, quiet), found.suite


def asked(suite: Suite, gates: Sequence[Gate]) -> list[str]:
    """The name of a suite, and a hash of what its numbers depend on: gates may add slices."""
    from losscli.gates.verdicts import slice_columns

    settings = {name: one.value for name, one in suite.settings.items() if name not in _ABOUT_VERDICTS}
    text = json.dumps([settings, slice_columns(gates, ())], sort_keys=True, default=str)
    return [suite.name, hashlib.sha256(text.encode()).hexdigest()]


def _refuse_rows(options: EvalOptions) -> None:
    """A UsageError for what needs the rows of the whole run."""
    from losscli.execution.judge import refuse_tests

    refuse_tests(options.gates.gates)
    if options.report.rows is not None:
        raise UsageError("states have no rows, so there is nothing for the output rows=FILE",
                         hint="'losscli check' without --shard writes it", code="USAGE_CONFLICT")  # fmt: skip


def _found(folder: str, name: str) -> list[str]:
    """The states of a suite in a folder."""
    from losscli.io.files.archives import refuse_member

    folder = local_path(folder).rstrip("/")
    names = f"{glob.escape(name)}.*-of-*.json"
    paths = _remote(folder, names) if scheme_of(folder) else sorted(map(str, Path(folder or "/").glob(names)))
    if not paths:
        refuse_member(folder)
        raise FileError(f"no state of the suite '{name}'", path=redacted(folder), code="IO_NOT_FOUND",
                        hint=f"losscli check --shard I/N --state-out {redacted(folder)}")  # fmt: skip
    return paths


def _remote(folder: str, names: str) -> list[str]:
    """The files of a store's folder whose names match."""
    from losscli.io.remote.listing import expand_remote

    try:
        files = expand_remote(f"{glob.escape(folder)}/{names}", [])
    except FileError as error:
        if error.code != "IO_NOT_FOUND":
            raise
        return []
    return [file.remote.url for file in files if file.remote is not None]

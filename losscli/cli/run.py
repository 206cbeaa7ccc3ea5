"""From the values of a command to a run that may start, and to what computes it."""

from __future__ import annotations

import sys
from dataclasses import replace

from losscli.binding.request import Request
from losscli.cli.console import print_notes, print_warnings
from losscli.cli.option_values import ExecutionOptions, RunOptions
from losscli.errors import UsageError
from losscli.execution.engines import ENGINES, Engine, Expected
from losscli.execution.engines.choose import check_choice, chosen
from losscli.execution.prepare import Data, Prepared
from losscli.execution.progress import ProgressObserver
from losscli.results import WarningResult


def data_of(run: RunOptions, *, spool: bool = False, named: tuple[tuple[str, str], ...] = ()) -> Data:
    """Where the rows come from; `named` are models with files of their own, in place of the sources."""
    request, given = run.request, run.input
    if (
        not given.sources
        and not request.tables
        and given.planned is None
        and sys.stdin is not None
        and sys.stdin.isatty()
    ):
        raise UsageError(
            "no SOURCE was given", hint="name a file of predictions; - is standard input", code="USAGE_INCOMPLETE"
        )
    data = files_of(run, spool=spool, named=named)
    check_engine(run.execution, request, data)
    return data


def files_of(run: RunOptions, *, spool: bool = False, named: tuple[tuple[str, str], ...] = ()) -> Data:
    """Where the rows come from, as the options say it."""
    request, given = run.request, run.input
    return Data(paths=() if named else given.sources, options=replace(given.read, spool=spool), targets=given.targets,
                on=request.on, targets_on=request.targets_on, unmatched=given.unmatched, join=given.join,
                key_match=given.key_match, named=named, beside=given.beside, planned=given.planned)  # fmt: skip


def engine_of(run: RunOptions, prepared: Prepared) -> Engine:
    """Threads of this process, or the workers of a cluster."""
    asked, files = run.execution, tuple[Expected, ...]()
    if asked.engine != ENGINES[0]:
        from losscli.execution.shardable import expected_files

        files = expected_files(prepared.source, f"--engine {asked.engine}")
    quiet = run.console.quiet
    return chosen(asked.engine, asked.threads, asked.cluster, files, lambda note: print_notes([note], quiet),
                  lambda warning: print_warnings([WarningResult(warning)], quiet), may_fork=True)  # fmt: skip


def with_edges(prepared: Prepared, engine: Engine, observer: ProgressObserver) -> Prepared:
    """The run with all slices known, after passes over the data where these are quantiles, or are searched."""
    if not prepared.plan.is_pinned:
        from losscli.execution.pinned_edges import pinned  # few runs need it

        prepared = pinned(prepared, engine, observer)
    if prepared.plan.search is not None:
        from losscli.execution.searched_slices import with_searched_slices

        prepared = with_searched_slices(prepared, engine, observer)
    return prepared


def check_engine(asked: ExecutionOptions, request: Request, data: Data) -> None:
    """What the chosen engine cannot do is refused before a file is opened."""
    check_choice(asked.engine, asked.cluster)
    if asked.engine != ENGINES[0]:
        from losscli.execution.shardable import check_distributable

        check_distributable(request, data, f"--engine {asked.engine}", f"--engine {ENGINES[0]}")

"""A run from the keyword arguments of the Python API: bound, with its engine, and how far it is."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np

from losscli.binding.python_request import matrix_source, request_of
from losscli.binding.ragged_lists import is_ragged, without_differences
from losscli.binding.request import Request
from losscli.binding.spec import Spec
from losscli.contract.kinds import Array
from losscli.errors import UsageError
from losscli.execution.engines import ENGINES, Engine
from losscli.execution.engines.choose import ClusterChoice, check_choice, chosen
from losscli.execution.engines.security import Tls
from losscli.execution.evaluate import evaluate
from losscli.execution.judge import Rules, judge, judged_error
from losscli.execution.prepare import Data, Prepared, prepare
from losscli.execution.progress import NO_PROGRESS, Line, ProgressObserver, shown, terminal
from losscli.execution.python_data import data_of, path_of
from losscli.execution.row_values import OutputRows
from losscli.execution.shardable import check_distributable, expected_files
from losscli.gates.verdicts import BASELINE, BoundGate, Gate, drop_limit, parse_gate, slice_columns
from losscli.results import Evaluation


def engine_of(settings: Mapping[str, Any], run: Prepared) -> Engine:
    """Threads of this process (one per core by default), or the workers of a Dask cluster."""
    threads, name = settings.get("threads"), settings.get("engine") or ENGINES[0]
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be at least 1; got {threads}", code="USAGE_BAD_VALUE")
    files = expected_files(run.source, f"engine='{name}'") if name != ENGINES[0] else ()
    return chosen(name, threads, _cluster(settings), files, lambda note: None,
                  lambda warning: warnings.warn(warning, RuntimeWarning, stacklevel=2))  # fmt: skip


def _cluster(settings: Mapping[str, Any]) -> ClusterChoice:
    tls = Tls(*(_path(settings.get(f"tls_{name}")) for name in ("ca", "cert", "key")))
    file = _path(settings.get("scheduler_file"))
    insecure = bool(settings.get("insecure_scheduler"))
    return ClusterChoice(settings.get("scheduler"), file, insecure, tls, settings.get("worker_timeout"))


def _path(given: Any) -> str | None:
    return None if given is None else os.fspath(given)


def evaluated(settings: Mapping[str, Any], run: Prepared, observer: ProgressObserver) -> Evaluation:
    """The result of the run; where edges of slices are quantiles, these are found first."""
    engine = engine_of(settings, run)
    if not run.plan.is_pinned:
        from losscli.execution.pinned_edges import pinned  # few runs need it

        run = pinned(run, engine, observer)
    if run.plan.search is not None:
        from losscli.execution.searched_slices import with_searched_slices

        run = with_searched_slices(run, engine, observer)
    diagnosing = bool(settings.get("diagnostics"))
    return evaluate(run, engine, hashing=True, diagnosing=diagnosing, observer=observer)


def observed(settings: Mapping[str, Any], passes: int = 1) -> AbstractContextManager[ProgressObserver]:
    """The observer that shows the progress: none, unless `progress` is set and standard error is a terminal."""
    stream = terminal() if settings.get("progress") else None
    return nullcontext(NO_PROGRESS) if stream is None else shown(Line(stream, not os.environ.get("NO_COLOR")), passes)


def check_engine(settings: Mapping[str, Any], request: Request, data: Data) -> None:
    """Raise a UsageError if the engine is unknown or cannot run this request on this data."""
    name = settings.get("engine") or ENGINES[0]
    check_choice(name, _cluster(settings))
    if name != ENGINES[0]:
        check_distributable(request, data, f"engine='{name}'", f"engine='{ENGINES[0]}'")


def gates_of(given: str | Sequence[str] | None) -> tuple[Gate, ...]:
    """The gates of a caller: one text, or several."""
    return tuple(map(parse_gate, [given] if isinstance(given, str) else given or ()))


def rules_of(
    gates: str | Sequence[str] | None, baseline: Any, max_dropped: int | str | None, allow_incomparable: bool
) -> Rules:
    """What a run is judged by; `baseline` is the path of a JSON report, or a run."""
    parsed, limit = gates_of(gates), drop_limit(max_dropped)
    for gate in parsed if baseline is None else ():
        if gate.reference == BASELINE:
            raise gate.error("there is no baseline to compare with", "baseline= is a saved report, or a Report")
    if baseline is None or isinstance(baseline, Evaluation):
        saved, path = baseline, "the baseline"
    else:
        from losscli.baselines.report_file import read_report  # few runs have one

        path = os.fspath(baseline)
        if path == "-":
            raise UsageError("a baseline is a file or a Report, not standard input", code="USAGE_CONFLICT")
        saved = read_report(path)
    return Rules(parsed, saved, path, allow_incomparable, max_dropped=limit)


def judged(evaluation: Evaluation, bound: Sequence[BoundGate], rules: Rules) -> Evaluation:
    """The run with its verdicts; a run that cannot be compared with its baseline is an error, as for the command."""
    found, _ = judge(evaluation, bound, rules)
    if error := judged_error(found):
        raise error
    return found


def gathered(batches: Iterable[OutputRows]) -> dict[str, Any]:
    """All batches as one dict of arrays."""
    parts = list(batches)
    found: dict[str, Any] = {"row": np.concatenate([part.row_number_array for part in parts])}
    for name in (key.column for key in parts[0].keys):
        found[name] = [text for part in parts for key in part.keys if key.column == name for text in key.texts()]
    for name in parts[0].arrays:
        found[name] = np.concatenate([_with_nan(*part.arrays[name]) for part in parts])
        if is_ragged(found[name]):
            found[name] = without_differences(found[name])
    return found


def _with_nan(values: Array, part: Array | None) -> Array:
    return values if part is None else np.where(part, values, np.nan)


def prepared(settings: Mapping[str, Any], losses: tuple[Spec, ...] = ()) -> Prepared:
    """The keyword arguments of `evaluate` as a bound run; `losses` are used in place of those that are named."""
    given = {name: value for name, value in settings.items() if value is not None}
    tables = {matrix_source(key, path_of(table)): path_of(table) for key, table in given.get("tables", {}).items()}
    request = request_of(given, tables)
    request = replace(request, by=slice_columns(gates_of(settings.get("gates")), request.by),
                      losses=losses or request.losses)  # fmt: skip
    data = replace(data_of(given, settings["source"], tables, request.on), targets_on=request.targets_on)
    check_engine(settings, request, data)
    return prepare(request, data)

"""Which runs can be cut into shards or sent to a cluster; others are refused before a row is read."""

from __future__ import annotations

from losscli.binding.request import Request
from losscli.errors import UsageError
from losscli.execution.engines import ENGINES, Engine, Expected
from losscli.execution.prepare import Data
from losscli.io.files.inputs import absolute, pipe_name
from losscli.io.source import Source


def check_mergeable(request: Request, data: Data, what: str, instead: str) -> None:
    """A UsageError where the option `what` cannot score this run; the option `instead` can."""
    _refuse_batches(request, what, instead)
    asked = request.inference
    if asked.pairs or asked.grouping is not None or asked.bootstrap is not None or asked.why:
        raise UsageError(f"{what} splits the rows, but clusters, bootstrap resamples, comparisons and --why "
                         "need all of them in one run",
                         hint=f"{instead} supports these; --interval alone works here, too",
                         code="USAGE_CONFLICT")  # fmt: skip
    if request.skill:
        raise UsageError(f"{what} splits the rows, and the best constant prediction of --skill is that of all",
                         hint=f"{instead} supports it; --skill-against MODEL works here, too",
                         code="USAGE_CONFLICT")  # fmt: skip
    if data.targets is not None:
        raise UsageError(f"{what} does not support joins: every process would read --targets again",
                         hint="join the files first: predictions and targets as columns of one table",
                         code="USAGE_CONFLICT")  # fmt: skip
    _check_sources(data, what, instead)


def check_distributable(request: Request, data: Data, what: str, instead: str) -> None:
    """A UsageError where the workers of a cluster, which `what` asks for, cannot score this run; `instead` can."""
    if request.batch_by is None and request.batch_size is None:
        _refuse_batches(request, what, instead)  # there is one batch: the whole table
    if data.named:
        raise UsageError(f"{what} does not support a file for each model: this process pairs their rows",
                         hint=f"{instead} scores it; or write the columns of all models to one file first",
                         code="USAGE_CONFLICT")  # fmt: skip
    _check_sources(data, what, instead)


def _refuse_batches(request: Request, what: str, instead: str) -> None:
    for spec in request.losses:
        for _, part in spec.parts:
            if part.loss.batched and part.loss.source_roles:
                raise UsageError(
                    f"'{part.loss.name}' needs many rows at once, in order, so {what} cannot split them",
                    hint=f"{instead} scores it",
                    code="USAGE_CONFLICT",
                )


def refuse_remote_batches(engine: Engine, what: str) -> None:
    """A UsageError where workers would have to keep the rows of batches, of which `what` are asked for."""
    if engine.is_remote:
        raise UsageError(f"{what} of batch losses are computed in this process, and not on a cluster",
                         hint=f"--engine {ENGINES[0]}", code="USAGE_CONFLICT")  # fmt: skip


def _check_sources(data: Data, what: str, instead: str) -> None:
    """A UsageError for rows that another process cannot read by itself."""
    if data.beside:
        raise UsageError(f"{what} does not support --beside: rows of several files are paired from the first row on",
                         hint=f"{instead} scores it; or write the columns to one file first, such as an .npz",
                         code="USAGE_CONFLICT")  # fmt: skip
    if data.memory is not None:
        raise UsageError(
            f"{what} needs files; this table is in memory",
            hint="write it to a Parquet file first",
            code="USAGE_CONFLICT",
        )
    for path in data.paths:
        if (shown := pipe_name(path)) is not None:
            raise UsageError(f"{what} needs files that every process can open; {shown} can be read only once",
                             hint="save it to a file first", code="USAGE_CONFLICT")  # fmt: skip


def expected_files(source: Source, what: str) -> tuple[Expected, ...]:
    """The files that all workers must find as they are here."""
    found = {}
    for fragment in (streamed for one in source.fragments for streamed in one.streamed):
        file, remote = fragment.file, fragment.remote
        if remote is not None:
            found[remote.address.url] = Expected(remote.address.url, remote.path, remote.size, remote=remote)
            continue
        if file is None or file.spool is not None:
            raise UsageError(f"{what} needs files that every process reads by itself; this one is decompressed or "
                             "rewritten first", path=fragment.path,
                             hint="write it to a file of CSV, JSON lines or Parquet first",
                             code="USAGE_CONFLICT")  # fmt: skip
        place = absolute(file.local_path)
        found[place] = Expected(place, file.path, file.version[0], file.version[1])
    return tuple(found.values())

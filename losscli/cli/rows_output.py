"""`-o rows=FILE`: the value of every row, saved beside a report, so that a later run can be held against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.cli.option_values import RowsFile, TableFile
from losscli.cli.outputs import same_destination
from losscli.errors import UsageError
from losscli.io.remote.address import beside, local_path
from losscli.results import Evaluation

if TYPE_CHECKING:
    from losscli.execution.engines import Engine
    from losscli.execution.prepare import Prepared
    from losscli.execution.progress import ProgressObserver

PREFIX = "rows="


def taken(outputs: Sequence[str]) -> tuple[tuple[str, ...], RowsFile | None]:
    """The outputs that are reports, and the file of row values if one is asked for."""
    reports = tuple(text for text in outputs if not text.startswith(PREFIX))
    paths = [text.removeprefix(PREFIX) for text in outputs if text.startswith(PREFIX)]
    if len(paths) > 1:
        raise UsageError("row values go to one file", hint="it has a column for each model and loss",
                         code="USAGE_CONFLICT")  # fmt: skip
    if not paths:
        return reports, None
    if paths[0] in ("", "-"):
        raise UsageError("-o rows=FILE needs a file", hint="'losscli rows' writes row values to standard output",
                         code="USAGE_BAD_VALUE")  # fmt: skip
    from losscli.io.write.atomic import refuse_read_only
    from losscli.io.write.tables import format_of  # brings NumPy, which the comparison of two reports goes without

    refuse_read_only(paths[0])
    format_of(paths[0])
    return reports, RowsFile(paths[0])


def check(rows: RowsFile, reports: Iterable[str], baseline: Sequence[str] = ()) -> list[str]:
    """Refuse to write over a report, or over a file of the baseline; what the user should hear."""
    files = [path for path in reports if path != "-"]
    if same_destination(rows.path, files):
        raise UsageError(f"a report and the row values would both be written to '{rows.path}'", code="USAGE_CONFLICT")
    if same_destination(rows.path, baseline):
        raise UsageError(f"writing row values to '{rows.path}' would overwrite the baseline",
                         hint="choose another name, or save a new baseline in another folder",
                         code="USAGE_CONFLICT")  # fmt: skip
    apart = [path for path in files if not same_destination(beside(local_path(path), rows.name), [rows.path])]
    return [f"{path} expects {rows.name} in its own folder, but it is written to another" for path in apart]


def save(
    rows: RowsFile | None, prepared: Prepared, engine: Engine, observer: ProgressObserver, evaluation: Evaluation
) -> tuple[Evaluation, list[str]]:
    """Write the values in a second pass; the run with the name of the file, and what the user should hear."""
    if rows is None:
        return evaluation, []
    from losscli.cli import row_batches
    from losscli.execution.row_values import row_values

    some, notes = with_rows(prepared)
    written = row_batches.write(row_values(some, engine, observer), TableFile(rows.path))
    return replace(evaluation, rows_file=rows.name), [*notes, *written.notes]


def with_rows(prepared: Prepared) -> tuple[Prepared, list[str]]:
    """The run without the lines that have no value a row, and which these are; the same rows are used."""
    from losscli.binding.row_columns import without_rows

    lines = prepared.plan.lines
    kept = tuple(line for line in lines if without_rows(line) is None)
    if not kept:
        raise UsageError("no loss here has a value per row, so there is nothing for -o rows=FILE",
                         code="USAGE_CONFLICT")  # fmt: skip
    names = dict.fromkeys(line.spec.text for line in lines if line not in kept)
    notes = [f"{', '.join(names)}: no value per row, so left out of the file of row values"] if names else []
    return replace(prepared, plan=replace(prepared.plan, lines=kept)), notes

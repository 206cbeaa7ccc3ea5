"""losscli rows: the value of every row."""

from __future__ import annotations

from typing import Any

import click

from losscli.cli import Command
from losscli.cli import options as shared


@click.command(
    "rows",
    cls=Command,
    epilog="""\
losscli rows sample_data/diabetes.csv -t progression -p ridge -l huber:delta=20 -o losses.parquet""",
)
@shared.sources
@shared.binding_options
@shared.row_options
@shared.table_options
@shared.file_options
@shared.engine_options
def command(**given: Any) -> int:
    """Write the value of every row to a file or to standard output.

    The output has one column for each model and loss, beside the row number (or the key, with --on). Rows that are
    filtered out or dropped are not written. A row that takes no part in a loss has a null there.
    """
    from losscli.cli import console, progress, row_batches
    from losscli.execution.row_values import row_values

    path, format_ = row_batches.target(given["output"])
    prepared = row_batches.prepared(given, path)
    console.print_notes(prepared.notes, given["quiet"])
    if given["plan"]:
        console.write_stdout(shared.plan_text(prepared))
        return 0
    with progress.watched(given, output=path) as watch:
        written = row_batches.write(row_values(prepared, shared.engine_of(given, prepared), watch), path, format_)
    console.print_notes(written.notes, given["quiet"])
    return 0

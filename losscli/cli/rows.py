"""losscli rows: the value of every row."""

from __future__ import annotations

from typing import Any

import click

from losscli.cli import Command
from losscli.cli import options as shared
from losscli.cli.engine_options import engine_options
from losscli.cli.file_options import file_options


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
@file_options
@engine_options
def command(**given: Any) -> int:
    """Write the value of every row to a file or to standard output.

    The output has one column for each model and loss, beside the row number (or the key, with --on). Rows that are
    filtered out or dropped are not written. A row that takes no part in a loss has a null there.
    """
    from losscli.cli import row_batches
    from losscli.cli.read_options import rows_options
    from losscli.execution.row_values import row_values

    options = rows_options(given)
    prepared = row_batches.prepared(options)
    return row_batches.finish(
        options, prepared, lambda engine, observer, after: row_values(prepared, engine, observer, after)
    )

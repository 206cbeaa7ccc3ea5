"""losscli grad: the derivative of the final value by each prediction."""

from __future__ import annotations

from typing import Any

import click

from losscli.cli import Command
from losscli.cli import options as shared
from losscli.errors import UsageError


@click.command(
    "grad",
    cls=Command,
    epilog="""\b
losscli grad sample_data/diabetes.csv -t progression -p ridge -l rmse -o slopes.parquet
losscli grad sample_data/triplets.parquet -c anchor=anchor -c positive=positive -c negative=negative \\
    -l triplet --wrt anchor -o slopes.parquet""",
)
@shared.sources
@shared.binding_options
@shared.weight_options
@shared.row_options
@shared.option("--wrt", metavar="ROLE", help="Differentiate by this role.  [default: the model's side]")
@shared.table_options
@shared.file_options
@shared.engine_options
def command(**given: Any) -> int:
    """Write the derivative of the final value by each prediction.

    Takes one loss and reads the data twice. The columns are named like the prediction columns; list columns stay
    lists. Weights, class weights and the reduction are in the slopes: a small step along them moves eval's number.
    """
    from losscli.cli import console, progress, row_batches
    from losscli.execution.gradients import gradient, wanted_roles

    if len(given["losses"]) > 1:
        raise UsageError(
            "grad takes one loss", hint="a blend is one loss: -l 'total=0.7*mse+0.3*mae'", code="USAGE_CONFLICT"
        )
    path, format_ = row_batches.target(given["output"])
    prepared = row_batches.prepared(given, path, spool=True)
    for line in prepared.plan.lines:
        wanted_roles(line, given["wrt"])
    console.print_notes(prepared.notes, given["quiet"])
    if given["plan"]:
        console.write_stdout(shared.plan_text(prepared))
        return 0
    with progress.watched(given, passes=2, output=path) as watch:
        written = row_batches.write(
            gradient(prepared, given["wrt"], shared.engine_of(given, prepared), watch), path, format_
        )
    console.print_notes(written.notes, given["quiet"])
    return 0

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
    epilog="""\
losscli grad sample_data/diabetes.csv -t progression -p ridge -l rmse -o gradient.parquet
losscli grad sample_data/triplets.parquet -c anchor=anchor -c positive=positive \\
    -c negative=negative -l triplet --wrt anchor -o gradient.parquet""",
)
@shared.sources
@shared.binding_options
@shared.weight_options
@shared.row_options
@shared.common("--wrt", metavar="ROLE",
               help="The role to differentiate with respect to.  [default: every role that varies by row]")  # fmt: skip
@shared.table_options
@shared.file_options
@shared.engine_options
def command(**given: Any) -> int:
    """Write the gradient of the final value with respect to each prediction.

    The command takes one loss and reads the data twice. The output columns have the names of the prediction columns.
    List columns stay lists. The gradient is that of the number that eval prints: it includes weights, class weights and
    the reduction.
    """
    from losscli.cli import console, progress, row_batches
    from losscli.execution.gradients import gradient, wanted_roles

    if len(given["losses"]) > 1:
        raise UsageError("grad takes one loss", hint="a composite loss is one loss: -l 'total=0.7*mse+0.3*mae'",
                         code="USAGE_CONFLICT")  # fmt: skip
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

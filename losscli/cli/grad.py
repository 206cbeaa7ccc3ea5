"""losscli grad: the derivative of the final value by each prediction."""

from __future__ import annotations

from typing import Any

import click

from losscli.cli import Command
from losscli.cli import options as shared
from losscli.cli.engine_options import engine_options
from losscli.cli.file_options import file_options


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
@shared.group_options
@shared.row_options
@shared.common("--wrt", metavar="ROLE",
               help="The role to differentiate with respect to.  [default: every role that varies by row]")  # fmt: skip
@shared.table_options
@file_options
@engine_options
def command(**given: Any) -> int:
    """Write the gradient of the final value with respect to each prediction.

    The command takes one loss and reads the data twice. The output columns have the names of the prediction columns.
    List columns stay lists. The gradient is that of the number that eval prints: it includes weights, class weights and
    the reduction.
    """
    from losscli.cli import row_batches
    from losscli.cli.read_options import grad_options
    from losscli.execution.gradients import gradient, wanted_roles

    options = grad_options(given)
    prepared = row_batches.prepared(options, spool=True)
    for line in prepared.plan.lines:
        wanted_roles(line, options.wrt)
    return row_batches.finish(
        options,
        prepared,
        lambda engine, observer, after: gradient(prepared, options.wrt, engine, observer, after),
        passes=2,
    )

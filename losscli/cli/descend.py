"""losscli descend: the first steps of gradient descent, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command, calibrating
from losscli.cli import options as shared
from losscli.cli.engine_options import threads_option
from losscli.cli.file_options import file_options

if TYPE_CHECKING:
    from losscli.cli.option_values import DescendOptions


@click.command(
    "descend",
    cls=Command,
    epilog="""\
losscli descend sample_data/cancer.csv -t malignant -p logistic_p -l bce
losscli descend sample_data/diabetes.csv -t progression -p ridge -l mse --method shift --step 0.1""",
)
@calibrating.read_options
@calibrating.map_options
@shared.statistics("--steps", type=click.IntRange(min=1, max=10_000), default=10, show_default=True, metavar="N",
               help="How many steps at most.")  # fmt: skip
@shared.format_options
@shared.verbose_option
@shared.plan_option
@file_options
@threads_option
def command(**given: Any) -> int:
    """Print the first steps of gradient descent on a map of the predictions.

    The parameters w of the map go downhill: w <- w - step * gradient of the loss. Each line has the parameters, the
    loss of all rows there, the norm of its gradient, and the size of the step that follows. Without --step the size is
    backtracked: twice the one before, halved until the loss falls by at least half of what its gradient promises.
    """
    from losscli.cli.read_options import descend_options

    return _descend(descend_options(given))


def _descend(options: DescendOptions) -> int:
    from losscli.cli import console, progress
    from losscli.cli.plan_text import plan_text
    from losscli.execution.calibration.calibrate import descend
    from losscli.parallel import using_threads
    from losscli.report import View
    from losscli.report.calibration import render_descent
    from losscli.report.view import exact

    run = options.run
    ready = calibrating.prepared(run, [])
    if run.console.plan:
        console.write_stdout(plan_text(ready))
        return 0
    engine = calibrating.engine_of(run)
    with progress.observed(run.console) as observer, using_threads(engine.count):
        found = descend(ready, engine, options.method, options.step, options.steps, observer)
    if run.console.quiet:
        console.write_stdout("".join(f"{exact(step.loss)}\n" for step in found.steps))
    else:
        console.write_stdout(render_descent(found, options.format, View(**console.view())))
    return 0

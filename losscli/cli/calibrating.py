"""What `calibrate` and `descend` share: options, and a run that may start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import console
from losscli.cli import options as shared
from losscli.cli.option_values import RunOptions, TableFile

if TYPE_CHECKING:
    from losscli.cli.destinations.pictures import PictureFile
    from losscli.execution.engines import Engine
    from losscli.execution.prepare import Prepared

METHODS = ("platt", "temperature", "bias", "vector", "beta", "affine", "shift", "scale", "isotonic", "conformal",
           "offsets")  # fmt: skip
"""The maps that --method names: those of `execution.calibration.maps`, which help cannot load (a test compares)."""


def map_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose a map and the steps."""
    method = shared.common(
        "--method", type=click.Choice(METHODS), metavar="NAME",
        help=f"The map: {', '.join(METHODS)}.  [default: the first of these that suits]",
    )  # fmt: skip
    step = shared.statistics(
        "--step", type=click.FloatRange(min=0, min_open=True), metavar="SIZE",
        help="The fixed size of all steps of gradient descent, above 0.",
    )  # fmt: skip
    return method(step(function))


def read_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of every command that reads rows of one model, by threads of this process."""
    for each in reversed((shared.sources, shared.binding_options, shared.weight_options, shared.row_options)):
        function = each(function)
    return function


def calibrated_to(texts: Sequence[str]) -> tuple[TableFile | None, tuple[PictureFile, ...]]:
    """Where the predictions go, and the pictures of the descent."""
    from losscli.cli import row_batches
    from losscli.cli.destinations.pictures import PREFIX, picture_file
    from losscli.errors import UsageError
    from losscli.report.page.descent import NAME

    pictures = tuple(picture_file(text, (NAME,)) for text in texts if text.startswith(PREFIX))
    tables = [row_batches.target(text) for text in texts if not text.startswith(PREFIX)]
    if len(tables) > 1:
        raise UsageError("the calibrated predictions go to one file", code="USAGE_CONFLICT")
    return (tables[0] if tables else None), pictures


def prepared(run: RunOptions, outputs_: list[str]) -> Prepared:
    """Bind the run, and find out before it starts whether the outputs can be written."""
    from losscli.cli import outputs
    from losscli.cli.run import data_of
    from losscli.execution.prepare import prepare

    console.print_notes(run.notes, run.console.quiet)
    data = data_of(run, spool=True)
    outputs.check_outputs(outputs_, run.files)
    found = prepare(run.request, data)
    for path in outputs_:
        outputs.refuse_input(path, found.files)
    console.print_notes(found.notes, run.console.quiet)
    return found


def engine_of(run: RunOptions) -> Engine:
    """Threads of this process."""
    from losscli.execution.engines.threads import Threads
    from losscli.parallel import available_cores

    return Threads(run.execution.threads or available_cores())

"""losscli calibrate: a small map of the predictions that lowers a loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command, calibrating, completion
from losscli.cli import options as shared
from losscli.cli.engine_options import threads_option
from losscli.cli.file_options import file_options

if TYPE_CHECKING:
    from losscli.cli.option_values import CalibrateOptions
    from losscli.execution.calibration.calibrate import Calibrated
    from losscli.execution.prepare import Prepared


@click.command(
    "calibrate",
    cls=Command,
    epilog="""\
losscli calibrate sample_data/cancer.csv -t malignant -p logistic_p -l bce
losscli calibrate valid.csv -t label -p 'p_*' -l cross_entropy --map map.json
losscli calibrate test.csv -t label -p 'p_*' --apply map.json -o calibrated.csv""",
)
@calibrating.read_options
@calibrating.map_options
@shared.common("--map", "map_", envvar="LOSSCLI_MAP", metavar="FILE", shell_complete=completion.files,
               help="Write the map to this JSON file.")  # fmt: skip
@shared.common("--apply", metavar="FILE", shell_complete=completion.files,
               help="Fit nothing: apply the map of this file to new rows.")  # fmt: skip
@shared.common("-o", "--output", multiple=True, metavar="[FORMAT=]FILE", shell_complete=completion.files,
               help="Write the calibrated predictions: .parquet .csv .tsv .jsonl .arrow; or "
                    "plot:descent=FILE.")  # fmt: skip
@shared.level_options
@shared.format_options
@shared.verbose_option
@shared.plan_option
@file_options
@threads_option
def command(**given: Any) -> int:
    """Fit a small map of the predictions that lowers a loss, and test it on other rows.

    The parameters of the map go downhill by the gradient of the first loss; other losses are reported. A map of
    probabilities works on their logits. Without --step, steps are quasi-Newton (BFGS) with a line search, so the end is
    the optimum to all digits.

    The report has the loss before and after with confidence intervals and a paired test. It is cross-fitted: the rows
    are cut into 5 folds (clusters and batches stay whole), and each row is mapped by a map that was fitted without its
    fold. The map of --map and of -o is fitted to all rows.

    --apply takes the loss of the map unless -l names another. With neither -t nor -l the rows need no target, and only
    -o is written.

    Isotonic regression and conformal offsets need no descent. Sources of more than 64 MiB are read again for each pass.
    """
    from losscli.cli.read_options import calibrate_options

    return _calibrate(calibrate_options(given))


def _calibrate(options: CalibrateOptions) -> int:
    from losscli.cli import console, progress
    from losscli.cli.plan_text import plan_text
    from losscli.parallel import using_threads

    run, quiet = options.run, options.run.console.quiet
    ready = calibrating.prepared(run, options.outputs)
    if run.console.plan:
        console.write_stdout(plan_text(ready))
        return 0
    engine = calibrating.engine_of(run)
    with progress.observed(run.console, passes=1) as observer, using_threads(engine.count):
        found = _calibrated(options, ready, engine, observer)
        notes = _written(options, found)
    console.print_warnings(found.warnings, quiet)
    console.print_notes([*_said(options, found), *notes], quiet)
    _print(options, found)
    return 0


def _calibrated(options: CalibrateOptions, ready: Prepared, engine: Any, observer: Any) -> Calibrated:
    from losscli.execution.calibration.calibrate import apply, calibrate

    if options.saved is not None and options.apply is not None:
        return apply(ready, options.saved, options.apply, observer, scored=options.scored)
    return calibrate(ready, engine, options.method, options.step, observer)


def _written(options: CalibrateOptions, found: Calibrated) -> list[str]:
    """Write the predictions and the map; what the user should hear."""
    from losscli.cli import row_batches
    from losscli.io.write.atomic import write_text
    from losscli.report.calibration import drawn, map_text

    notes: list[str] = []
    for one in options.pictures:
        one.draw(drawn(found.result))
    if options.output is not None:
        notes += row_batches.write(found.predictions(), options.output).notes
    if options.map is not None:
        write_text(options.map, map_text(found.result.map))
        notes.append(f"wrote the map to {options.map}")
    return notes


def _said(options: CalibrateOptions, found: Calibrated) -> list[str]:
    from losscli.report.calibration import parameters_text, sentences

    result = found.result
    notes = found.notes
    if options.format not in ("table", "json", "html"):
        notes += [parameters_text(result.map), *sentences(result)]
    if result.descent is not None and not result.descent.converged:
        notes.append(f"not converged: {result.descent.reason}")
    return notes


def _print(options: CalibrateOptions, found: Calibrated) -> None:
    from losscli.cli import console
    from losscli.report import View, quiet
    from losscli.report.calibration import render_calibration

    if options.run.console.quiet:
        evaluation = found.result.evaluation
        console.write_stdout("" if evaluation is None else quiet(evaluation))
        return
    view = View(**console.view(), detailed=options.run.console.verbose)
    console.write_stdout(render_calibration(found.result, options.format, view))

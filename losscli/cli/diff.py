"""losscli diff: two saved reports side by side, without the data that they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared
from losscli.errors import DataError, UsageError

if TYPE_CHECKING:
    from losscli.cli.option_values import DiffOptions
    from losscli.results import Evaluation


@click.command(
    "diff",
    cls=Command,
    epilog="""\
losscli eval sample_data/diabetes.csv -t progression -p ridge -l rmse -o old.json
losscli eval sample_data/diabetes.csv -t progression -p forest -l rmse -o new.json
losscli diff old.json new.json --gate 'rmse<=baseline+1%'""",
)
@click.argument("old", metavar="OLD", shell_complete=completion.files)
@click.argument("new", metavar="NEW", shell_complete=completion.files)
@shared.diff_options
@shared.report_options
def command(**given: Any) -> int:
    """Compare two saved JSON reports: both values, the change, and whether it is better or worse.

    OLD is the baseline, and gates can compare NEW with it. The command needs neither the data nor NumPy. Reports whose
    rows, targets or settings differ are an error, unless --allow-incomparable is given. One of the two can be - for
    standard input.
    """
    from losscli.cli.read_options import diff_options

    return _diff(diff_options(given))


def _diff(options: DiffOptions) -> int:
    from losscli.baselines.report_file import read_report
    from losscli.cli import outputs, reports, scoring
    from losscli.execution.judge import bound_to_results, judged_error
    from losscli.io.remote.address import redacted
    from losscli.io.write.atomic import same_file
    from losscli.results import WarningResult
    from losscli.results.columns import examples

    if options.old == options.new == "-":
        raise UsageError("standard input can be read once", hint="name a file for one of them", code="USAGE_CONFLICT")
    outputs.check_outputs(options.report.paths, [options.old, options.new])
    reports.check(options.report)
    with reports.reporting_errors(options.report, options.quiet):
        old, new = read_report(options.old), read_report(options.new)
    if options.report.diagnosing and new.diagnostics is not None:
        _refuse_undrawable(new, options.new)
    bound = bound_to_results(options.gates.gates, new)
    if options.new == options.old or same_file(options.new, [options.old]):
        shown = f"{redacted(options.old)} and {redacted(options.new)}"
        said = WarningResult(f"{shown} are the same file, so no number can have changed")
        new = replace(new, warnings=(*new.warnings, said))
    named = dict.fromkeys((*new.environment, *options.report.environment))
    judged = scoring.judge(replace(new, environment=tuple(named)), bound, old, options.gates, options.quiet)
    if all(one.baseline is None for one in examples(judged.results)) and judged_error(judged) is None:
        raise DataError("the two reports have no number in common", path=redacted(options.old),
                        hint="numbers are matched by model, loss and slice",
                        code="DATA_NOT_COMPARABLE")  # fmt: skip
    scoring.deliver(judged, options.gates, options.report, options.quiet)
    return scoring.ended(judged, options.gates)


def _refuse_undrawable(found: Evaluation, path: str) -> None:
    """A DataError where pictures cannot be made of what the file says, such as a histogram of no bins."""
    from losscli.io.remote.address import redacted
    from losscli.report import renderer
    from losscli.report.suites import single_suite

    try:
        renderer("html").render_file(single_suite(found))
    except (ArithmeticError, LookupError, ValueError) as error:
        raise DataError("the diagnostics of the report contradict themselves", path=redacted(path),
                        hint="-o FILE.html -o FILE.json saves a page and its report",
                        code="DATA_BAD_REPORT") from error  # fmt: skip

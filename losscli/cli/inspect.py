"""losscli inspect: what files hold, which losses fit it, and the commands to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared
from losscli.cli.file_options import FileOption, FormatOption, file_option, file_options, given_options
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.execution.inspection.sample import TargetsFile

_FORMATS = ("table", "plain", "json")


@click.command(
    "inspect",
    cls=Command,
    epilog="""\
losscli inspect sample_data/cancer.csv
losscli inspect preds.parquet --limit all -f json
losscli inspect june.csv --against may.csv
losscli inspect preds.csv --targets labels.csv --on id""",
)
@shared.sources
@shared.common("--limit", metavar="N|all", default="10000", show_default=True,
               help="How many rows are read, from the first on.")  # fmt: skip
@shared.common("--against", metavar="FILE", shell_complete=completion.files,
               help="Another file with the same columns, as of last month: how the target, predictions and errors "
                    "of SOURCE have drifted from it (PSI, Wasserstein distance).")  # fmt: skip
@file_option("--targets", metavar="FILE", shell_complete=completion.files,
               help="A file with the targets (ground truth), if they are not in SOURCE. Needs --on.")  # fmt: skip
@file_option("--on", metavar="KEY[,KEY]", shell_complete=completion.columns,
               help="The key columns that join rows: a name, or 'ID=id' if the targets have another.")  # fmt: skip
@file_option("--unmatched", type=click.Choice(["error", "drop", "drop-targets"]), default="error",
               show_default=True, help="Rows whose key is in one file only.")  # fmt: skip
@file_options
@shared.option("-f", "--format", "format_", envvar="LOSSCLI_INSPECT_FORMAT", metavar="table|plain|json",
               section="Output", callback=shared.format_name,
               help="table, plain (tab-separated) or json.  [default: table on a terminal, else plain]")  # fmt: skip
@shared.json_option
@shared.color_options
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> int:
    """Say what a file holds: columns, roles, losses that fit, what looks wrong, and commands to try."""
    from losscli.cli import console
    from losscli.cli.read_options import inspect_options
    from losscli.cli.suggested_commands import with_commands
    from losscli.execution.inspection.drift import with_drift
    from losscli.execution.inspection.inspect import analysed, inspected
    from losscli.report.inspection import render

    options = inspect_options(given, given_options(ctx, FileOption), given_options(ctx, FormatOption))
    format_ = given["format_"] or ("table" if console.is_terminal() else "plain")
    if format_ not in _FORMATS:
        raise UsageError(f"unknown format '{format_}' here", hint=f"formats: {', '.join(_FORMATS)}",
                         code="USAGE_BAD_VALUE")  # fmt: skip
    targets = _targets(given)
    analysis = analysed(options.sources, options.read, options.limit, targets)
    found = with_commands(inspected(analysis, options.limit), options.files)
    if options.against is not None:
        reference = analysed([options.against], options.read, options.limit, targets)
        found = with_drift(found, analysis, reference, options.limit)
    console.print_notes(analysis.sample.source.notes)
    console.write_stdout(render(found, format_, **console.view()))
    return 0


def _targets(given: dict[str, Any]) -> TargetsFile | None:
    """The file of the targets, and the keys of its join."""
    from losscli.binding.column_names import read_keys
    from losscli.execution.inspection.sample import TargetsFile

    path, on = given["targets"], given["on"]
    if (path is None) != (on is None):
        missing = "--on KEY, the column that both files share" if on is None else "--targets FILE"
        raise UsageError(f"{'--targets' if on is None else '--on'} needs {missing}", code="USAGE_INCOMPLETE")
    if path is None:
        return None
    keys, targets_on = read_keys(on)
    return TargetsFile(path, keys, () if keys == targets_on else targets_on, given["unmatched"])

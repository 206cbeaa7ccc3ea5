"""losscli inspect: what files hold, which losses fit it, and the commands to try next."""

from __future__ import annotations

from typing import Any

import click

from losscli.cli import Command, completion, section_of
from losscli.cli import options as shared
from losscli.errors import UsageError

_FORMATS = ("table", "plain", "json")


@click.command(
    "inspect",
    cls=Command,
    epilog="""\
losscli inspect sample_data/cancer.csv
losscli inspect preds.parquet --limit all -f json
losscli inspect june.csv --against may.csv""",
)
@shared.sources
@shared.common("--limit", metavar="N|all", default="10000", show_default=True,
               help="How many rows are read, from the first on.")  # fmt: skip
@shared.common("--against", metavar="FILE", shell_complete=completion.files,
               help="Another file with the same columns, as of last month: how the target, predictions and errors "
                    "of SOURCE have drifted from it (PSI, Wasserstein distance).")  # fmt: skip
@shared.file_options
@shared.option("-f", "--format", "format_", envvar="LOSSCLI_INSPECT_FORMAT", metavar="table|plain|json",
               section="Output",
               help="table, plain (tab-separated) or json.  [default: table on a terminal, else plain]")  # fmt: skip
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> int:
    """Say what a file holds: columns, roles, losses that fit, what looks wrong, and commands to try."""
    from losscli.cli import console
    from losscli.cli.read_options import inspect_options
    from losscli.cli.suggested_commands import with_commands
    from losscli.execution.inspection.drift import with_drift
    from losscli.execution.inspection.inspect import analysed, inspected
    from losscli.report.inspection import render

    options = inspect_options(given, _reading(ctx))
    format_ = given["format_"] or ("table" if console.is_terminal() else "plain")
    if format_ not in _FORMATS:
        raise UsageError(f"unknown format '{format_}' here", hint=f"formats: {', '.join(_FORMATS)}",
                         code="USAGE_BAD_VALUE")  # fmt: skip
    analysis = analysed(options.sources, options.read, options.limit)
    found = with_commands(inspected(analysis, options.limit), options.sources, options.reading)
    if options.against is not None:
        reference = analysed([options.against], options.read, options.limit)
        found = with_drift(found, analysis, reference, options.limit)
    console.print_notes(analysis.sample.source.notes)
    console.write_stdout(render(found, format_, **console.view()))
    return 0


def _reading(ctx: click.Context) -> list[str]:
    """How files are read, as it was given: what the proposed commands have to say, too."""
    words: list[str] = []
    for param in ctx.command.params:
        value = ctx.params.get(param.name or "")
        if section_of(param) != "Input" or value in (None, (), False, param.get_default(ctx)):
            continue
        option = max(param.opts, key=len)
        values = value if isinstance(value, tuple) else (value,)
        words += [option] if value is True else [word for one in values for word in (option, str(one))]
    return words

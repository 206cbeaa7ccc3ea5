"""losscli eval: score prediction files."""

from __future__ import annotations

from typing import Any

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared
from losscli.errors import UsageError


@click.command(
    "eval",
    cls=Command,
    epilog="""\b
losscli eval sample_data/diabetes.csv -t progression -p ridge -p forest -l rmse -l mae
losscli eval preds.parquet -t label -p 'p_*' -l cross_entropy -l brier --by country -o report.json
cat preds.csv | losscli eval - -t y -p p -l bce -q""",
)
@shared.sources
@shared.binding_options
@shared.weight_options
@shared.option("--by", multiple=True, metavar="COL", help="Also score each slice of this column. Repeatable.")
@shared.option(
    "--max-slices",
    type=click.IntRange(min=1),
    default=100_000,
    show_default=True,
    metavar="N",
    help="More slices than this are an error.",
)
@shared.row_options
@shared.option(
    "-f",
    "--format",
    "format_",
    envvar="LOSSCLI_FORMAT",
    metavar="FORMAT",
    help="table, plain, json, jsonl, csv or markdown.  [default: table on a terminal, else plain]",
)
@shared.option(
    "-o",
    "--output",
    "outputs",
    envvar="LOSSCLI_OUTPUT",
    multiple=True,
    metavar="[FORMAT=]FILE",
    shell_complete=completion.files,
    help="Also write a report to a file; the suffix tells the format. Repeatable.",
)
@shared.quiet_option
@shared.verbose_option
@shared.plan_option
@shared.file_options
@shared.engine_options
def command(**given: Any) -> int:
    """Score prediction files: losses x models x slices, in one pass.

    SOURCE is one or several files (.csv .tsv .parquet .arrow .feather .jsonl, also .gz .bz2 .zst .xz), a folder, a
    quoted glob, or - for standard input; several are one table.
    """
    from losscli.cli import printer, progress
    from losscli.report import FORMATS, quiet
    from losscli.run import evaluate, prepare

    wanted = printer.outputs(given["outputs"])
    format_ = given["format_"] or ("table" if printer.is_terminal() else "plain")
    if format_ not in FORMATS:
        raise UsageError(f"there is no format '{format_}'", hint=f"formats: {', '.join(FORMATS)}")
    request = shared.request_of(given)
    data = shared.data_of(given, request)
    printer.check_outputs(list(wanted), [*data.paths, *([data.targets] if data.targets else [])])
    prepared = prepare(request, data)
    printer.print_notes(prepared.notes, given["quiet"])
    if given["plan"]:
        printer.write_stdout(shared.plan_text(prepared))
        return 0
    hashing = "json" in (format_, *wanted.values())
    with progress.watched(given) as watch:
        evaluation = evaluate(prepared, shared.engine_of(given), hashing=hashing, watch=watch)
    printer.print_warnings(evaluation, given["quiet"])
    printer.write_reports(evaluation, {path: kind for path, kind in wanted.items() if path != "-"})
    if given["quiet"]:
        printer.write_stdout(quiet(evaluation))
    elif "-" not in wanted:
        printer.write_stdout(printer.rendered(evaluation, format_))
    else:
        printer.write_stdout(printer.rendered(evaluation, wanted["-"]))
    return 0

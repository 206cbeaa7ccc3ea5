"""losscli compare: models against each other, on the same rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command
from losscli.cli import options as shared
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.binding.request import Request


@click.command(
    "compare",
    cls=Command,
    epilog="""\b
losscli compare sample_data/diabetes.csv -t progression -p ridge -p forest -l rmse
losscli compare old=old.csv new=new.csv -t y -p pred --on id -l mae --by country
losscli compare preds.parquet -t y -p a -p b -p c -l bce --against a --cluster user""",
)
@shared.sources
@shared.binding_options
@shared.weight_options
@shared.slice_options
@shared.row_options
@shared.spread_options
@shared.option("--against", metavar="MODEL", help="The model that the others are held against.  [default: the first]")
@shared.option(
    "--permutations",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    metavar="N",
    help="How often the models are swapped in a random half of the rows; 0 leaves this test out.",
)
@shared.report_options
@shared.verbose_option
@shared.plan_option
@shared.file_options
@shared.engine_options
def command(**given: Any) -> int:
    """Compare two or more models on the same rows: is the difference more than chance?

    For each loss and slice: the difference (below 0: the model's number is smaller), its interval, the p-values of the
    paired t test and of swapping the models at random, both corrected for several models (Holm), and the share of rows
    that each wins.

    SOURCE is one table with the predictions of all models (-p for each), or NAME=FILE for each model: rows are then
    paired by --on KEY, or by their place, and what is about the row (target, weight, slices) must be the same in all.
    """
    from losscli.cli import console, progress, reports
    from losscli.execution.evaluate import evaluate
    from losscli.execution.prepare import paired, prepare

    wanted = reports.wanted(given)
    request = _request(given)
    named = _named(given["sources"])
    data = shared.data_of({**given, "sources": () if named else given["sources"]}, request, named=named)
    files = [path for _, path in named] or list(data.paths)
    console.check_outputs(list(wanted.files), [*files, *([data.targets] if data.targets else [])])
    with reports.told_of_errors(wanted, given["quiet"]):
        prepared = paired(prepare(request, data), given["against"])
    shared.check_engine(given, prepared.plan.request, data)
    console.print_notes(prepared.notes, given["quiet"])
    if given["plan"]:
        console.write_stdout(shared.plan_text(prepared))
        return 0
    with reports.told_of_errors(wanted, given["quiet"]), progress.watched(given) as watch:
        engine = shared.engine_of(given, prepared)
        evaluation = evaluate(prepared, engine, hashing=wanted.hashing, watch=watch)
    reports.write(evaluation, wanted, given["quiet"])
    return 0


def _request(given: dict[str, Any]) -> Request:
    request = shared.request_of({**given, "interval": True})
    return replace(request, inference=replace(request.inference, permutations=given["permutations"]))


def _named(sources: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`NAME=FILE` for each; a file of exactly that name is a file."""
    cut = [source.partition("=") for source in sources]
    named = [bool(equals) and "/" not in name and not Path(source).exists()
             for source, (name, equals, _) in zip(sources, cut, strict=True)]  # fmt: skip
    if not any(named):
        return ()
    if not all(named):
        plain = sources[named.index(False)]
        raise UsageError(f"'{plain}' has no model name, and others here have",
                         hint="NAME=FILE for each model, or one table with all of them",
                         code="USAGE_COLUMNS")  # fmt: skip
    return tuple((name, path) for name, _, path in cut)

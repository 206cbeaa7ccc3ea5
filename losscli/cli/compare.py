"""losscli compare: models against each other, on the same rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command
from losscli.cli import options as shared
from losscli.cli.engine_options import engine_options
from losscli.cli.file_options import file_options
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.cli.option_values import CompareOptions


@click.command(
    "compare",
    cls=Command,
    epilog="""\
losscli compare sample_data/diabetes.csv -t progression -p ridge -p forest -l rmse
losscli compare old=old.csv new=new.csv -t y -p pred --on id -l mae --by country
losscli compare preds.parquet -t y -p a -p b -p c -l bce --against a --cluster user""",
)
@shared.sources_argument("One table with the predictions of all models (a -p for each), or NAME=FILE for each model.")
@shared.binding_options
@shared.weight_options
@shared.group_options
@shared.row_options
@shared.slice_options
@shared.spread_options
@shared.statistics(
    "--why",
    is_flag=True,
    help="Also show the clusters (--cluster; else times, batches or rows) whose removal would change each number most.",
)
@shared.common("--against", metavar="MODEL", help="Compare the others with this model.  [default: the first]")
@shared.statistics(
    "--permutations",
    type=click.IntRange(min=0),
    default=10_000,
    show_default=True,
    metavar="N",
    help="Random permutations of the permutation test. 0 leaves the test out where another one decides.",
)
@shared.test_option("The test that decides:")
@shared.statistics(
    "--pairs",
    is_flag=True,
    help="Compare every two models, and rank all of them with their relative skill: the geometric mean of "
    "the ratios of their values. --against scales it to that of a model.",
)
@shared.statistics(
    "--power",
    type=float,
    metavar="P",
    help="Also report the effect size, the minimal detectable difference at this power (such as 0.8), and the units "
    "needed to detect the observed difference.",
)
@shared.max_dropped_option
@shared.report_options
@shared.verbose_option
@shared.plan_option
@file_options
@engine_options
def command(**given: Any) -> int:
    """Compare two or more models on the same rows: is the difference statistically significant?

    For each loss and slice, the report has the difference (below 0 if the model's number is smaller), its confidence
    interval, the p-values of a paired t test and of a permutation test, and the win rate. With more than two models,
    the p-values are also adjusted for multiple comparisons (--adjust). A table shows p-values only with -v.

    One test decides: McNemar's exact test of losses that are 0 or 1; of fewer than 20 effective units (or clusters) the
    permutation test, which changes the signs of differences and assumes that without a difference either sign is as
    likely; else the t test. The interval is that of the test that decides. Where so few units could show no difference,
    the verdict is "not enough units".

    If each model has its own file, rows are paired by --on KEY, or by row order without it. The target, the weight and
    the slices of a row must be the same in all files.
    """
    from losscli.cli.read_options import compare_options

    return _compare(compare_options(given))


def _compare(options: CompareOptions) -> int:
    from losscli.cli import console, outputs, progress, reports, scoring
    from losscli.cli.plan_text import plan_text
    from losscli.cli.run import check_engine, data_of, engine_of, with_edges
    from losscli.execution.evaluate import evaluate
    from losscli.execution.prepare import paired, prepare
    from losscli.gates.verdicts import evaluate_gates

    run, wanted, quiet = options.run, options.report, options.run.console.quiet
    console.print_notes(run.notes, quiet)
    named = _named(run.input.sources)
    data = data_of(run, named=named)
    files = [path for _, path in named] or run.input.sources
    outputs.check_outputs(wanted.paths, [*files, *run.read_beside])
    with reports.reporting_errors(wanted, quiet):
        prepared = paired(prepare(run.request, data), options.against, pairs=options.pairs)
    for path in wanted.paths:
        outputs.refuse_input(path, prepared.files)
    check_engine(run.execution, prepared.plan.request, data)
    console.print_notes(prepared.notes, quiet)
    if run.console.plan:
        console.write_stdout(plan_text(prepared))
        return 0
    reports.check(wanted)
    passes = 1 + (not prepared.plan.is_pinned)
    with (
        reports.reporting_errors(wanted, quiet),
        progress.observed(run.console, passes=passes, engine=run.execution.engine) as observer,
    ):
        engine = engine_of(run, prepared)
        prepared = with_edges(prepared, engine, observer)
        evaluation = evaluate(prepared, engine, hashing=wanted.hashing, diagnosing=wanted.diagnosing, observer=observer)
    evaluation = replace(evaluation, environment=wanted.environment)
    judged = evaluate_gates(evaluation, (), max_dropped=options.gates.max_dropped)
    scoring.deliver(judged, options.gates, wanted, quiet)
    return scoring.ended(judged, options.gates)


def _named(sources: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`NAME=FILE` for each; a file of exactly that name is a file."""
    cut = [source.partition("=") for source in sources]
    named = [bool(equals) and "/" not in name and not Path(source).exists()
             for source, (name, equals, _) in zip(sources, cut, strict=True)]  # fmt: skip
    if not any(named):
        return ()
    if not all(named):
        plain = sources[named.index(False)]
        raise UsageError(f"'{plain}' has no model name, but others have",
                         hint="NAME=FILE for each model, or one table with all of them",
                         code="USAGE_COLUMNS")  # fmt: skip
    return tuple((name, path) for name, _, path in cut)

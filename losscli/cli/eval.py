"""losscli eval: score prediction files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared
from losscli.cli.engine_options import engine_options
from losscli.cli.file_options import file_options
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.cli.option_values import EvalOptions, GateOptions, Wanted
    from losscli.execution.shard_plan import ShardPlan
    from losscli.execution.state_file import Shard


@click.command(
    "eval",
    cls=Command,
    epilog="""\
losscli eval sample_data/diabetes.csv -t progression -p ridge -p forest -l mae
losscli eval preds.parquet -t label -p 'p_*' -l cross_entropy -o report.json
cat preds.csv | losscli eval - -t y -p p -l bce -q""",
)
@shared.sources
@shared.binding_options
@shared.weight_options
@shared.group_options
@shared.row_options
@shared.slice_options
@shared.inference_options
@shared.gate_options
@shared.eval_report_options
@shared.option(
    "--show",
    is_flag=True,
    section="Output",
    help="Also show slices as bars, how the losses of rows are distributed, the worst rows, reliability, residuals and "
    "forecasts. The format is then table by default; json has the numbers under diagnostics.",
)
@shared.option(
    "--worst",
    type=click.IntRange(min=1, max=1000),
    metavar="N",
    section="Output",
    help="How many of the worst rows --show and -o FILE.html show.  [default: 10]",
)
@shared.option(
    "--columns",
    "shown_columns",
    envvar="LOSSCLI_COLUMNS",
    metavar="COLS",
    section="Output",
    shell_complete=completion.columns,
    help="Columns of SOURCE that stand beside the worst rows: a name, a list a,b,c or a glob.",
)
@shared.verbose_option
@shared.plan_option
@file_options
@engine_options
@shared.shard_options
def command(**given: Any) -> int:
    """Compute losses of prediction files, for every model and slice, in one pass over the data."""
    from losscli.cli.read_options import eval_options

    return _eval(eval_options(given))


def _eval(options: EvalOptions) -> int:
    from losscli.cli import console, scoring

    shard, notes = _shard(options)
    plan = _plan(options, shard)
    if shard is None and not options.run.console.plan:
        judged = scoring.score(options)
        scoring.deliver(judged, options.gates, options.report, options.run.console.quiet)
        return scoring.ended(judged, options.gates)
    if shard is not None:
        refuse_reports(options.gates, options.report, options.run.request.sort)
    if plan is not None and shard is not None:
        given = replace(options.run.input, planned=plan.of(shard))
        options = replace(options, run=replace(options.run, input=given))
    prepared = scoring.ready(options).prepared
    if options.run.console.plan:
        from losscli.cli.plan_text import plan_text

        console.write_stdout(plan_text(prepared))
    elif shard is not None:
        from losscli.cli import shard_states

        console.print_notes(notes, options.run.console.quiet)
        shard_states.write(prepared, shard, options, plan=plan)
    return 0


def _plan(options: EvalOptions, shard: Shard | None) -> ShardPlan | None:
    """The plan of shards, if one is given in place of the sources."""
    if options.shard_plan is None:
        return None
    from losscli.cli import outputs
    from losscli.execution.shard_plan import check_shard, read_plan

    if shard is None or options.shard is None or options.state_out is None:
        raise UsageError("--shard-plan needs --shard I/N and --state-out FILE", code="USAGE_INCOMPLETE")
    if options.run.input.sources:
        raise UsageError("--shard-plan names the files, so no SOURCE is given beside it", code="USAGE_CONFLICT")
    outputs.refuse_input(options.state_out, [options.shard_plan])
    plan = read_plan(options.shard_plan)
    check_shard(plan, shard)
    return plan


def refuse_reports(asked: GateOptions, wanted: Wanted, sort: str = "label") -> None:
    """A UsageError: a state is of a part of the rows, so it makes no number that could be reported or judged."""
    for option, given in (("gate", asked.gates), ("baseline", asked.baseline), ("max-dropped", asked.max_dropped)):
        if given:
            raise UsageError(f"--state-out makes no report, so there is nothing for --{option} to judge",
                             hint="give it to 'losscli merge'", code="USAGE_CONFLICT")  # fmt: skip
    if wanted.show:
        raise UsageError("--state-out makes no report, so there is nothing for --show to show", code="USAGE_CONFLICT")
    if sort != "label":
        raise UsageError("--state-out makes no report, so there is nothing for --sort to sort", code="USAGE_CONFLICT")
    if wanted.paths or wanted.others:
        raise UsageError("--state-out makes no report, so there is nothing for --output",
                         hint="give -o to 'losscli merge'", code="USAGE_CONFLICT")  # fmt: skip


def _shard(options: EvalOptions) -> tuple[Shard | None, Sequence[str]]:
    """Which shard is to be scored, and notes about it; a state without --shard is that of the whole run."""
    if options.shard is None and options.state_out is None:
        return None, ()
    from losscli.cli.shard_number import asked

    if options.state_out is None:
        raise UsageError(
            "--shard makes no report: it needs --state-out FILE",
            hint="'losscli merge' makes the report",
            code="USAGE_INCOMPLETE",
        )
    return asked("1/1" if options.shard is None else options.shard, os.environ)

"""losscli merge: the states of shards -> the report of the whole run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared


@click.command(
    "merge",
    cls=Command,
    epilog="""\
losscli eval preds.parquet -t y -p p -l mse --shard 1/2 --state-out s1.json
losscli eval preds.parquet -t y -p p -l mse --shard 2/2 --state-out s2.json
losscli merge s1.json s2.json -o report.json""",
)
@click.argument("states", metavar="STATE…", nargs=-1, required=True, shell_complete=completion.files)
@shared.gate_options
@shared.report_options
def command(**given: Any) -> int:
    """Make the report of a run that was scored in shards, by 'losscli eval --shard I/N --state-out FILE'.

    The command needs the STATE of every shard, in any order, and not the data. The report is the same, to the last bit,
    as that of one run over all rows. Gates and a baseline are judged as 'losscli eval' would.
    """
    from losscli.cli import console, outputs, reports, scoring
    from losscli.cli.read_options import merge_options
    from losscli.execution.shards import merge

    options = merge_options(given)
    outputs.check_outputs(list(options.report.files), options.states)
    saved = scoring.baseline_of(options.gates, list(options.report.files), options.report, options.states)
    with reports.reporting_errors(options.report, options.quiet):
        merged = merge(options.states)
    console.print_notes(merged.notes, options.quiet)
    named = dict.fromkeys((*merged.evaluation.environment, *options.report.environment))
    evaluation = replace(merged.evaluation, environment=tuple(named))
    bound = scoring.bound_to_results(options.gates, evaluation)
    judged = scoring.judge(evaluation, bound, saved, options.gates, options.quiet)
    scoring.deliver(judged, options.gates, options.report, options.quiet)
    return scoring.ended(judged, options.gates)

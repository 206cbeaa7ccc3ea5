"""losscli merge: the states of shards -> the report of the whole run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared

if TYPE_CHECKING:
    from losscli.cli.option_values import MergeOptions


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
@shared.merged_state_option
@shared.report_options
def command(**given: Any) -> int:
    """Make the report of a run that was scored in shards, by 'losscli eval --shard I/N --state-out FILE'.

    The command needs the STATE of every shard, in any order, and not the data. A folder stands for its *.json, and a
    quoted glob for what it matches, in stores as well. The report is the same, to the last bit, as that of one run over
    all rows. Gates and a baseline are judged as 'losscli eval' would.
    """
    from losscli.cli import outputs, reports, scoring, shard_states
    from losscli.cli.read_options import merge_options
    from losscli.execution.state_file import state_files

    options = merge_options(given)
    states = state_files(options.states)
    if options.state_out is not None:
        return _merge_some(states, options.state_out, options)
    outputs.check_outputs(options.report.paths, states)
    reports.check(options.report)
    judged, _ = shard_states.merged(states, options.gates, options.report, options.quiet)
    scoring.deliver(judged, options.gates, options.report, options.quiet)
    return scoring.ended(judged, options.gates)


def _merge_some(states: Sequence[str], path: str, options: MergeOptions) -> int:
    """One state of several: hundreds can be merged in parallel, some at a time."""
    from losscli.cli import console, outputs
    from losscli.cli.eval import refuse_reports
    from losscli.execution.merge_states import merge_some
    from losscli.io.write.atomic import write_text

    refuse_reports(options.gates, options.report)
    outputs.check_outputs([path], states)
    merged = merge_some(states)
    if path == "-":
        console.print_notes(merged.notes, options.quiet)
        console.write_stdout(merged.text)
        return 0
    write_text(path, merged.text)
    console.print_notes([*merged.notes, f"wrote shards {merged.shards} to {path}: {merged.rows:,} rows"], options.quiet)
    return 0

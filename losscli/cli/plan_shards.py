"""losscli plan-shards: the files of a run -> a plan of which shard reads which of their bytes."""

from __future__ import annotations

from typing import Any

import click

from losscli.cli import Command, completion
from losscli.cli import options as shared


@click.command(
    "plan-shards",
    cls=Command,
    epilog="""\
losscli plan-shards s3://bucket/run/ --shards 16 --plan-out plan.json
losscli eval --shard-plan plan.json --shard 3/16 -t y -p p -l mse --state-out s3.json
losscli merge s*.json""",
)
@shared.sources
@shared.common("--shards", type=click.IntRange(1, 999_999), metavar="N", required=True,
               help="How many shards there are, each with about as many bytes.")  # fmt: skip
@shared.common("--plan-out", metavar="FILE", required=True, shell_complete=completion.files,
               help="Where the plan is written; - is standard output.")  # fmt: skip
@shared.option("-q", "--quiet", is_flag=True, section="Output", help="Print no notes.")
def command(**given: Any) -> int:
    """List the files of SOURCE once, with their sizes and versions, and say which bytes of them each shard reads.

    'losscli eval --shard-plan FILE' then opens the files of its shard and the first one of all, which says what the
    columns are. Objects of a store are listed and not opened. A file that has changed since is an error. Files of one
    plan have the same columns.
    """
    from losscli.cli import console, outputs
    from losscli.execution.shard_plan import plan_shards, plan_text
    from losscli.io.write.atomic import write_text

    path, sources, quiet = given["plan_out"], given["sources"], given["quiet"]
    outputs.check_outputs([path], sources)
    plan, notes = plan_shards(sources, given["shards"])
    outputs.refuse_input(path, [file.archive or file.path for file in plan.files])  # of folders and globs, too
    console.print_notes(notes, quiet)
    if path == "-":
        console.write_stdout(plan_text(plan))
        return 0
    write_text(path, plan_text(plan))
    console.print_notes([f"wrote the plan of {plan.shards} shards to {path}: {len(plan.files):,} files, "
                         f"{plan.bytes:,} bytes"], quiet)  # fmt: skip
    return 0

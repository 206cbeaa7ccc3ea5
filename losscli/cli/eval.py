"""losscli eval: score prediction files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Command
from losscli.cli import options as shared
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.cli.reports import Wanted
    from losscli.execution.prepare import Prepared
    from losscli.execution.shards import Shard


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
@shared.row_options
@shared.slice_options
@shared.inference_options
@shared.gate_options
@shared.eval_report_options
@shared.verbose_option
@shared.plan_option
@shared.file_options
@shared.engine_options
@shared.shard_options
def command(**given: Any) -> int:
    """Compute losses of prediction files, for every model and slice, in one pass over the data."""
    from losscli.cli import console, reports, scoring

    shard = _shard(given, reports.wanted(given, rows=True))
    if shard is None and not given["plan"]:
        judged = scoring.score(given)
        scoring.deliver(judged, given)
        return scoring.ended(judged, given)
    if shard is not None:
        _refuse_gates(given)
    prepared = scoring.ready(given).prepared
    if given["plan"]:
        console.write_stdout(shared.plan_text(prepared))
    elif shard is not None:
        _write_state(prepared, shard, given)
    return 0


def _refuse_gates(given: Mapping[str, Any]) -> None:
    """A shard is a part of the rows: it makes no number that could be judged."""
    for name in ("gates", "baseline"):
        if given[name]:
            option = name.removesuffix("s")
            raise UsageError(f"--state-out makes no report, so there is nothing for --{option} to judge",
                             hint="use 'losscli diff' on the report of 'losscli merge'",
                             code="USAGE_CONFLICT")  # fmt: skip


def _shard(given: Mapping[str, Any], wanted: Wanted) -> Shard | None:
    """Which shard is to be scored; a state without --shard is that of the whole run."""
    if given["shard"] is None and given["state_out"] is None:
        return None
    from losscli.execution.shards import read_shard

    if given["state_out"] is None:
        raise UsageError(
            "--shard makes no report: it needs --state-out FILE",
            hint="'losscli merge' makes the report",
            code="USAGE_INCOMPLETE",
        )
    if wanted.paths:
        raise UsageError("--state-out makes no report, so there is nothing for --output",
                         hint="give -o to 'losscli merge'", code="USAGE_CONFLICT")  # fmt: skip
    return read_shard("1/1" if given["shard"] is None else given["shard"])


def _write_state(prepared: Prepared, shard: Shard, given: Mapping[str, Any]) -> None:
    from losscli.cli import console, progress
    from losscli.execution.shards import score
    from losscli.io.write.atomic import write_text

    with progress.watched(given) as watch:
        scored = score(prepared, shard, shared.engine_of(given, prepared), watch)
    path = given["state_out"]
    if path == "-":
        console.write_stdout(scored.text)
        return
    write_text(path, scored.text)
    note = f"wrote shard {shard} to {path}: {scored.rows:,} rows, {scored.tasks:,} of {scored.all_tasks:,} tasks"
    console.print_notes([note], given["quiet"])

"""Files of predictions -> a judged run, its notes, and the exit code: shared by the commands that judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from losscli.cli import console, outputs, progress, reports, rows_output
from losscli.errors import ExitCode, FileError, UsageError
from losscli.execution.judge import Rules, gated, judged_error
from losscli.execution.judge import judge as judge_run
from losscli.gates.verdicts import BASELINE, BoundGate, slice_columns
from losscli.io.remote.address import beside, local_path, redacted
from losscli.lazy import dataclass
from losscli.report import render, renderer
from losscli.results import Evaluation

if TYPE_CHECKING:
    from losscli.cli.option_values import EvalOptions, GateOptions, Wanted
    from losscli.execution.prepare import Data, Prepared


@dataclass(frozen=True)
class Ready:
    """A run that is bound, the gates on it, and the report that it will stand beside; no row has been read."""

    prepared: Prepared
    bound: tuple[BoundGate, ...]
    saved: Evaluation | None


def score(options: EvalOptions) -> Evaluation:
    """The judged run of `eval`, or of a suite."""
    from losscli.cli.run import engine_of, with_edges
    from losscli.execution.evaluate import evaluate

    ready_run = ready(options)
    reports.check(options.report)
    run, wanted, quiet = options.run, options.report, options.run.console.quiet
    hashing = wanted.hashing or options.gates.baseline is not None
    passes = 1 + (wanted.rows is not None) + (not ready_run.prepared.plan.is_pinned)
    passes += (ready_run.prepared.plan.search is not None) + 2 * run.request.skill
    with (
        reports.reporting_errors(wanted, quiet),
        progress.observed(run.console, passes=passes, engine=run.execution.engine) as observer,
    ):
        engine = engine_of(run, ready_run.prepared)
        prepared = with_edges(ready_run.prepared, engine, observer)
        evaluation = evaluate(prepared, engine, hashing=hashing, diagnosing=wanted.diagnosing, observer=observer)
        evaluation = replace(evaluation, environment=wanted.environment)
        evaluation, notes = rows_output.save(wanted.rows, prepared, engine, observer, evaluation)
    console.print_notes(notes, quiet)
    return judge(evaluation, ready_run.bound, ready_run.saved, options.gates, quiet)


def ready(options: EvalOptions) -> Ready:
    """Whatever can be found wrong before a row is read is found here."""
    from losscli.cli.run import check_engine, data_of
    from losscli.execution.prepare import prepare

    run, wanted, quiet = options.run, options.report, options.run.console.quiet
    gates = options.gates
    request = replace(run.request, by=slice_columns(gates.gates, run.request.by))
    inputs = run.files
    saved = baseline_of(gates, [*wanted.reports, *filter(None, [options.state_out])], wanted, inputs)
    console.print_notes(run.notes, quiet)
    data = data_of(run, spool=wanted.rows is not None or request.skill or request.worst_slices)
    _check_outputs(options, data, saved, inputs)
    with reports.reporting_errors(wanted, quiet):
        prepared = prepare(request, data)
    for path in written(options):
        outputs.refuse_input(path, prepared.files)
    _check_rows_file(options, prepared, saved)
    console.print_notes(prepared.notes, quiet)
    if run.console.verbose:
        from losscli.io.formats.page_checksums import advice

        console.print_notes(advice(prepared.source), quiet)
    prepared, bound, unused = gated(prepared, rules_of(gates, saved))
    console.print_notes(unused, quiet)
    check_engine(run.execution, prepared.plan.request, data)
    return Ready(prepared, bound, saved)


def _check_outputs(options: EvalOptions, data: Data, saved: Evaluation | None, inputs: Sequence[str]) -> None:
    """Every file can be written, and a state is of rows that can be cut."""
    gates, wanted = options.gates, options.report
    if options.state_out is not None:
        from losscli.execution.shardable import check_mergeable

        check_mergeable(options.run.request, data, "--shard", "a run without --shard")
    baseline = gates.baseline if saved is None and gates.baseline_missing == "create" else None
    if baseline is not None and not outputs.same_destination(baseline, wanted.files):
        outputs.check_outputs([baseline], inputs)
    outputs.check_outputs([*wanted.paths, *filter(None, [options.state_out])], inputs)


def written(options: EvalOptions) -> list[str]:
    """Everything that the run writes; a baseline that does not exist yet is one of these, if it shall be created."""
    path = options.gates.baseline
    created = path is not None and options.gates.baseline_missing == "create" and not outputs.exists(path)
    found = [*options.report.paths, *filter(None, [options.state_out])]
    if path is not None and created and not outputs.same_destination(path, found):
        found.append(path)
    return found


def _check_rows_file(options: EvalOptions, prepared: Prepared, saved: Evaluation | None) -> None:
    """Whatever can be found wrong with the file of row values."""
    wanted, path = options.report, options.gates.baseline
    if wanted.rows is None:
        return
    baseline = [] if path is None else [path]
    if path is not None and saved is not None and saved.rows_file is not None:
        baseline.append(beside(local_path(path), saved.rows_file))
    rows_output.with_rows(prepared)
    console.print_notes(rows_output.check(wanted.rows, wanted.files, baseline), options.run.console.quiet)


def baseline_of(asked: GateOptions, written: Sequence[str], wanted: Wanted, inputs: Sequence[str]) -> Evaluation | None:
    """The baseline; None where there is none and none is needed. It is neither of `inputs` nor of what is written."""
    _check_paths(asked, written, wanted, inputs)
    path = asked.baseline
    refuse_without_baseline(asked)
    if path is None:
        return None
    if path == "-":
        raise UsageError("--baseline is a file; standard input is for predictions", code="USAGE_CONFLICT")
    from losscli.baselines.report_file import read_report

    try:
        return read_report(path)
    except FileError as error:
        if error.code != "IO_NOT_FOUND":  # a file that could not be looked at is not missing
            raise
    if asked.baseline_missing != "error":
        return None
    raise FileError("there is no baseline", path=redacted(path), code="IO_NOT_FOUND",
                    hint="--baseline-missing create writes it after this run, skip goes without")  # fmt: skip


def refuse_without_baseline(asked: GateOptions) -> None:
    """A UsageError for a gate that compares with the baseline where none is named."""
    for gate in asked.gates if asked.baseline is None else ():
        if gate.reference == BASELINE:
            raise gate.error("there is no baseline to compare with",
                             "--baseline FILE names a saved report; -o FILE.json saves one")  # fmt: skip


def _check_paths(asked: GateOptions, written: Sequence[str], wanted: Wanted, inputs: Sequence[str]) -> None:
    """The baseline is neither read as data nor written over."""
    from losscli.io.write.atomic import same_file

    path, files = asked.baseline, wanted.files
    if path is None:
        return
    if path in inputs or same_file(path, inputs):
        raise UsageError(
            f"'{redacted(path)}' is both an input and the baseline",
            hint="the baseline is a saved report",
            code="USAGE_CONFLICT",
        )
    if outputs.same_destination(path, written) and outputs.exists(path):
        raise UsageError(f"writing the report to '{redacted(path)}' would overwrite the baseline",
                         hint="write to another file, and replace the baseline once the report is accepted",
                         code="USAGE_CONFLICT")  # fmt: skip
    same = outputs.same_destination(path, files)
    if asked.baseline_missing == "create" and same is not None and files[same] != "json":
        raise UsageError(f"'{redacted(path)}' would be the baseline, which is JSON, and a report in {files[same]}",
                         code="USAGE_CONFLICT")  # fmt: skip


def rules_of(asked: GateOptions, saved: Evaluation | None) -> Rules:
    """What the options say of gates and the baseline, which was read."""
    without = "error" if asked.baseline_missing == "error" else "skipped"
    return Rules(asked.gates, saved, asked.baseline or "", asked.allow_incomparable, without, asked.max_dropped)


def judge(
    evaluation: Evaluation, bound: Sequence[BoundGate], saved: Evaluation | None, asked: GateOptions, quiet: bool
) -> Evaluation:
    """The run beside its baseline, and judged; notes go to standard error."""
    judged, notes = judge_run(evaluation, bound, rules_of(asked, saved))
    console.print_notes(notes, quiet)
    return judged


def deliver(evaluation: Evaluation, asked: GateOptions, wanted: Wanted, quiet: bool) -> None:
    """Files, what belongs on standard output, and the gates; nothing on standard output where gates are in error."""
    refused = judged_error(evaluation) is not None
    if not refused:
        create_baseline(evaluation, asked, wanted.files, quiet)
    reports.write(evaluation, wanted, quiet, stdout=not refused, exit=exit_code(evaluation, asked))
    shown = not refused and not quiet and renderer(wanted.files.get("-", wanted.format)).shows_gates
    if not shown:
        console.print_gates(evaluation.gates, quiet)


def create_baseline(evaluation: Evaluation, asked: GateOptions, files: Mapping[str, str], quiet: bool) -> None:
    """Write the baseline where there was none and that was asked for; a run whose gates fail makes none."""
    path = asked.baseline
    if path is None or asked.baseline_missing != "create" or evaluation.baseline is not None:
        return
    if evaluation.status == "failed":
        console.print_notes([f"no baseline was written to {redacted(path)}, as a gate failed"], quiet)
        return
    if not outputs.same_destination(path, files):  # else it is one of the reports
        from losscli.io.write.atomic import write_text

        write_text(path, render(replace(evaluation, gates=()), "json"))
    console.print_notes([f"there was no baseline; this run is written to {redacted(path)}"], quiet)


def ended(evaluation: Evaluation, asked: GateOptions) -> int:
    """The end of a command: its exit code, or the error that it is."""
    if error := judged_error(evaluation):
        raise error
    return exit_code(evaluation, asked)


def exit_code(evaluation: Evaluation, asked: GateOptions) -> int:
    """What a judged run makes the process return."""
    error = judged_error(evaluation)
    if error is not None:
        return int(error.exit_code)
    failed = any(gate.state == "failed" for gate in evaluation.gates)
    return int(ExitCode.GATE if failed and not asked.exit_zero else ExitCode.OK)

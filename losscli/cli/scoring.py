"""Files of predictions -> a judged run, what is said of it, and the exit code: shared by the commands that judge."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from losscli.cli import console, progress, reports, rows_output
from losscli.cli import options as shared
from losscli.errors import DataError, ExitCode, FileError, LosscliError, UsageError
from losscli.gates.verdicts import BASELINE, Bound, Gate, Scored, bind, judged, pairs_of, parse_gate, slices_of
from losscli.report import has, render
from losscli.results import Evaluation, LossResult, WarningResult

if TYPE_CHECKING:
    from losscli.execution.prepare import Prepared


@dataclass(frozen=True)
class Ready:
    """A run that is bound, the gates on it, and the report that it will stand beside; no row has been read."""

    prepared: Prepared
    bound: tuple[Bound, ...]
    saved: Evaluation | None


def score(given: Mapping[str, Any], gates: Sequence[Gate] | None = None) -> Evaluation:
    """The judged run that eval's parameters ask for; `gates` replace those that stand among them."""
    from losscli.execution.evaluate import evaluate

    run = ready(given, gates)
    wanted = reports.wanted(given, rows=True)
    hashing = wanted.hashing or given["baseline"] is not None
    passes = 1 if wanted.rows is None else 2
    with reports.told_of_errors(wanted, given["quiet"]), progress.watched(given, passes=passes) as watch:
        engine = shared.engine_of(given, run.prepared)
        evaluation = evaluate(run.prepared, engine, hashing=hashing, watch=watch)
        evaluation, notes = rows_output.save(wanted.rows, run.prepared, engine, watch, evaluation)
    console.print_notes(notes, given["quiet"])
    return judge(evaluation, run.bound, run.saved, given)


def ready(given: Mapping[str, Any], gates: Sequence[Gate] | None = None) -> Ready:
    """Whatever can be found wrong before a row is read is found here."""
    from losscli.execution.prepare import prepare

    wanted = reports.wanted(given, rows=True)
    asked = [parse_gate(text) for text in given["gates"]] if gates is None else list(gates)
    given = {**given, "by": slices_of(asked, given["by"])}
    inputs = [*given["sources"], *filter(None, [given["targets"]])]
    _check_paths(given, wanted.files, inputs)
    saved = _saved(given, asked)
    request = shared.request_of(given)
    data = shared.data_of(given, request, spool=wanted.rows is not None)
    if given["state_out"] is not None:
        from losscli.execution.shardable import check_mergeable

        check_mergeable(request, data, "--shard", "a run without --shard")
    if saved is None and given["baseline_missing"] == "create" and given["baseline"] not in (None, *wanted.files):
        console.check_outputs([given["baseline"]], inputs)
    console.check_outputs([*wanted.paths, *filter(None, [given["state_out"]])], inputs)
    with reports.told_of_errors(wanted, given["quiet"]):
        prepared = prepare(request, data)
    _check_rows_file(given, wanted, prepared, saved)
    console.print_notes(prepared.notes, given["quiet"])
    bound = bind(asked, scored(prepared), request.by, canonical)
    if saved is not None:
        lines = [(o.scored.model, o.scored.spec) for o in bound if o.gate.significant and o.against == BASELINE]
        prepared = _with_saved_rows(prepared, saved, given["baseline"], lines) if lines else prepared
    prepared = _with_pairs(prepared, bound, saved)
    shared.check_engine(given, prepared.plan.request, data)
    return Ready(prepared, bound, saved)


def _check_rows_file(
    given: Mapping[str, Any], wanted: reports.Wanted, prepared: Prepared, saved: Evaluation | None
) -> None:
    """Whatever can be found wrong with the file of row values."""
    if wanted.rows is None:
        return
    baseline = [] if given["baseline"] is None else [given["baseline"]]
    if saved is not None and saved.rows_file is not None:
        baseline.append(str(Path(given["baseline"]).parent / saved.rows_file))
    rows_output.with_rows(prepared)
    console.print_notes(rows_output.check(wanted.rows, wanted.files, baseline), given["quiet"])


def _saved(given: Mapping[str, Any], gates: Iterable[Gate]) -> Evaluation | None:
    """The baseline; None where there is none and none is needed."""
    path = given["baseline"]
    if path is None:
        for gate in gates:
            if gate.against == BASELINE:
                raise gate.error("there is no baseline to compare with",
                                 "--baseline FILE names a saved report; -o FILE.json saves one")  # fmt: skip
        return None
    if path == "-":
        raise UsageError("--baseline is a file; standard input is for predictions", code="USAGE_CONFLICT")
    from losscli.baselines.report_file import read_report

    if not Path(path).exists():
        if given["baseline_missing"] != "error":
            return None
        raise FileError("there is no baseline", path=path, code="IO_NOT_FOUND",
                        hint="--baseline-missing create writes it after this run, skip goes without")  # fmt: skip
    return read_report(path)


def _check_paths(given: Mapping[str, Any], files: Mapping[str, str], inputs: Sequence[str]) -> None:
    """The baseline is neither read as data nor written over."""
    from losscli.io.write.atomic import same_file

    path = given["baseline"]
    if path is None:
        return
    if path in inputs or same_file(path, inputs):
        raise UsageError(
            f"'{path}' is both an input and the baseline", hint="the baseline is a saved report", code="USAGE_CONFLICT"
        )
    outputs = [*files, *filter(None, [given["state_out"]])]
    if Path(path).exists() and any(name == path or same_file(path, [name]) for name in outputs):
        raise UsageError(f"writing the report to '{path}' would overwrite the baseline",
                         hint="write to another file, and replace the baseline once the report is accepted",
                         code="USAGE_CONFLICT")  # fmt: skip
    if given["baseline_missing"] == "create" and files.get(path, "json") != "json":
        raise UsageError(f"'{path}' would be the baseline, which is JSON, and a report in {files[path]}",
                         code="USAGE_CONFLICT")  # fmt: skip


def scored(prepared: Prepared) -> list[Scored]:
    """The numbers that a run will have."""
    return [
        Scored(line.model, line.spec.text, line.spec.name or line.jobs[0].spec.loss.name,
               line.jobs[0].spec.loss.direction)
        for line in prepared.plan.lines
    ]  # fmt: skip


def canonical(text: str) -> str:
    """The one spelling of a spec."""
    from losscli.binding.spec import parse

    return parse(text).text


def _with_saved_rows(
    prepared: Prepared, saved: Evaluation, path: str, lines: Sequence[tuple[str | None, str]]
) -> Prepared:
    """The run with the row values that were saved beside its baseline."""
    from losscli.baselines.match import models_of
    from losscli.baselines.paired_rows import beside
    from losscli.baselines.report_file import check_rows_file
    from losscli.baselines.row_file import read_rows

    rows = read_rows(check_rows_file(saved, path))
    return replace(prepared, plan=beside(prepared.plan, rows, models_of(saved, lines), BASELINE))


def _with_pairs(prepared: Prepared, bound: Sequence[Bound], saved: Evaluation | None) -> Prepared:
    """The run with the comparisons that its gates need."""
    pairs = pairs_of(one for one in bound if saved is not None or one.against != BASELINE)
    if not pairs:
        return prepared
    request = prepared.plan.request
    asked = tuple(dict.fromkeys((*request.inference.pairs, *pairs)))
    request = replace(request, inference=replace(request.inference, pairs=asked))
    return replace(prepared, plan=replace(prepared.plan, request=request))


def judge(
    evaluation: Evaluation, bound: Sequence[Bound], saved: Evaluation | None, given: Mapping[str, Any]
) -> Evaluation:
    """The run beside its baseline, and judged."""
    absent: Sequence[LossResult] = ()
    if saved is not None:
        from losscli.baselines.report_file import compared_with

        compared = compared_with(evaluation, saved, given["baseline"], given["allow_incomparable"])
        evaluation, absent = compared.evaluation, compared.absent
        _refuse_other_rows(evaluation, given["baseline"])
        console.print_notes(compared.notes, given["quiet"])
        if given["allow_incomparable"]:
            told = [WarningResult(f"not comparable with the baseline: {reason}") for reason in compared.reasons]
            evaluation = replace(evaluation, warnings=(*evaluation.warnings, *told))
    lacking = "error" if given["baseline_missing"] == "error" else "skipped"
    verdicts = judged(evaluation, bound, lacking=lacking, absent=absent)
    # What the gates needed of them stands in their verdicts; a report of comparisons is what nobody asked for here.
    return replace(verdicts, comparisons=())


def _refuse_other_rows(evaluation: Evaluation, path: str) -> None:
    """The row values that were saved beside the baseline must make its numbers, or they are of another run."""
    numbers = {(r.model, r.spec, tuple(r.by.items())): r.baseline.value for r in evaluation.results if r.baseline}
    for pair in evaluation.comparisons:
        theirs = numbers.get((pair.model, pair.spec, tuple(pair.by.items())))
        if pair.against != BASELINE or theirs is None or not math.isfinite(theirs):
            continue
        if not math.isclose(pair.against_value, theirs, rel_tol=1e-9):
            raise DataError(
                f"the row values saved with the baseline give {pair.spec} = {pair.against_value!r}; "
                f"the baseline has {theirs!r}",
                path=path, hint="save both in one run: -o BASELINE.json -o rows=FILE", code="DATA_NOT_COMPARABLE",
            )  # fmt: skip


def deliver(evaluation: Evaluation, given: Mapping[str, Any]) -> None:
    """Files, what belongs on standard output, and the gates; nothing on standard output where gates are in error."""
    wanted, quietly = reports.wanted(given, rows=True), given["quiet"]
    refused = judged_error(evaluation) is not None
    if not refused:
        create_baseline(evaluation, given)
    reports.write(evaluation, wanted, quietly, stdout=not refused, exit=exit_code(evaluation, given))
    shown = not refused and not quietly and has(wanted.files.get("-", wanted.format), "GATES")
    if not shown:
        console.print_gates(evaluation.gates, quietly)


def create_baseline(evaluation: Evaluation, given: Mapping[str, Any]) -> None:
    """Write the baseline where there was none and that was asked for; a run whose gates fail makes none."""
    path = given["baseline"]
    if path is None or given["baseline_missing"] != "create" or evaluation.baseline is not None:
        return
    if evaluation.status == "failed":
        console.print_notes([f"no baseline was written to {path}, as a gate failed"], given["quiet"])
        return
    if path not in reports.wanted(given, rows=True).files:  # else it is one of the reports
        from losscli.io.write.atomic import write_text

        write_text(path, render(replace(evaluation, gates=()), "json"))
    console.print_notes([f"there was no baseline; this run is written to {path}"], given["quiet"])


def ended(evaluation: Evaluation, given: Mapping[str, Any]) -> int:
    """The end of a command: its exit code, or the error that it is."""
    if error := judged_error(evaluation):
        raise error
    return exit_code(evaluation, given)


def exit_code(evaluation: Evaluation, given: Mapping[str, Any]) -> int:
    """What a judged run makes the process return."""
    error = judged_error(evaluation)
    if error is not None:
        return int(error.exit_code)
    failed = any(gate.state == "failed" for gate in evaluation.gates)
    return int(ExitCode.GATE if failed and not given["exit_zero"] else ExitCode.OK)


def judged_error(evaluation: Evaluation) -> LosscliError | None:
    """The error to end with, after delivery, where the run could not be held against its baseline."""
    baseline = evaluation.baseline
    if baseline is not None and baseline.incomparable:
        reasons = "; ".join(baseline.incomparable)
        hint = "save a new baseline with -o FILE.json, or --allow-incomparable"
        return DataError(f"not comparable with the baseline: {reasons}", hint, baseline.path,
                         code="DATA_NOT_COMPARABLE")  # fmt: skip
    lacking = [gate for gate in evaluation.gates if gate.state == "error"]
    if not lacking:
        return None
    more = f", nor for {len(lacking) - 1} more" if len(lacking) > 1 else ""
    return FileError(f"the baseline has no number for gate '{lacking[0].gate}'{more}",
                     path=None if baseline is None else baseline.path, code="IO_NOT_FOUND",
                     hint="save a new one with -o FILE.json, or eval with --baseline-missing skip")  # fmt: skip

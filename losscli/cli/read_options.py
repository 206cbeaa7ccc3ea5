"""The parameters of a command, as click hands them over, become its value here: every text is read once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from losscli.cli import reports
from losscli.cli.class_weights import read_class_weight
from losscli.cli.engine_options import THREADS
from losscli.cli.option_values import (
    CalibrateOptions,
    CheckOptions,
    CompareOptions,
    ConsoleOptions,
    DescendOptions,
    DiffOptions,
    EvalOptions,
    ExecutionOptions,
    FilesAsGiven,
    GateOptions,
    InputOptions,
    InspectOptions,
    MergeOptions,
    RunOptions,
    TableFile,
    TableOptions,
    Wanted,
)
from losscli.errors import UsageError
from losscli.gates.dropped import parse_drop_limit
from losscli.gates.grammar import parse_gate

if TYPE_CHECKING:
    from losscli.binding.request import Inference, Request
    from losscli.binding.spec import Spec
    from losscli.io.sides import KeyDifference
    from losscli.io.source import ReadOptions
    from losscli.results.calibration import MapResult

Given = Mapping[str, Any]
"""The parameters of a command, by their names."""

Group = TypeVar("Group")


def eval_options(given: Given) -> EvalOptions:
    """The options of `eval`."""
    report = _diagnosed(_wanted(given, rows=True), given)
    gates = _gates(given, given["baseline"], given["baseline_missing"])
    barred = report.show and bool(given["by"])  # the bars of slices have confidence intervals
    inference = _inference(given, interval=given["interval"] or barred, between=given["between"])
    run = _run(given, replace(inference, test=given["test"]))
    run = replace(run, request=replace(run.request, worst_slices=given["why"]))
    return EvalOptions(run, report, gates, given["shard"], given["shard_plan"], given["state_out"])


def compare_options(given: Given) -> CompareOptions:
    """The options of `compare`."""
    report = _wanted(given)
    inference = _inference(given, interval=True, permutations=given["permutations"])
    inference = replace(inference, power=given["power"], test=given["test"])
    return CompareOptions(_run(given, inference), report, _drop_limit(given), given["against"], given["pairs"])


def rows_options(given: Given) -> TableOptions:
    """The options of `rows`."""
    from losscli.cli import row_batches

    return TableOptions(_run(given), row_batches.target(given["output"]))


def grad_options(given: Given) -> TableOptions:
    """The options of `grad`, which takes one loss."""
    from losscli.cli import row_batches

    if len(given["losses"]) > 1:
        raise UsageError(
            "grad takes one loss",
            hint="a composite loss is one loss: -l 'total=0.7*mse+0.3*mae'",
            code="USAGE_CONFLICT",
        )
    return TableOptions(_run(given), row_batches.target(given["output"]), given["wrt"])


def calibrate_options(given: Given) -> CalibrateOptions:
    """The options of `calibrate`; a map that is applied brings its loss, or with no target none is asked for."""
    from losscli.binding.request import Inference
    from losscli.cli.calibrating import calibrated_to

    saved, path = None, given["apply"]
    scored = path is None or bool(given["losses"]) or given["target"] is not None
    if path is not None:
        saved = _map(given, path)
        given = {**given, "losses": given["losses"] or (saved.loss,)}
    inference = Inference(True, given["level"], cluster=given["cluster"], permutations=10_000)
    output, pictures = calibrated_to(given["output"])
    if output is not None and output.path == "-":
        raise UsageError("-o takes a file: standard output has the report", code="USAGE_CONFLICT")
    run = _run({**THREADS, **given}, inference)
    if saved is not None and not scored:
        run = _without_target(run, saved, output)
    found = CalibrateOptions(run, _format(given, None), given["method"], given["step"], output, given["map_"], path,
                             saved, scored, pictures)  # fmt: skip
    _check_distinct(found, path)
    return found


def _map(given: Given, path: str) -> MapResult:
    """The map in a file, which nothing is fitted beside."""
    from losscli.execution.calibration.map_file import read_map

    for name in ("method", "step", "map_"):
        if given[name] is not None:
            raise UsageError(f"--apply fits nothing, so it takes no --{name.rstrip('_')}", code="USAGE_CONFLICT")
    return read_map(path)


def _without_target(run: RunOptions, saved: MapResult, output: TableFile | None) -> RunOptions:
    """The run that reads the predictions alone."""
    from losscli.execution.calibration.unlabelled import predictions_alone

    if output is None:
        raise UsageError("without a target there is nothing to report",
                         hint="-o FILE writes the calibrated predictions, -t COLS names the target",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    return replace(run, request=replace(run.request, losses=(predictions_alone(saved),)))


def _check_distinct(options: CalibrateOptions, applied: str | None) -> None:
    """The outputs are different files, and none of them is the map that is applied."""
    from losscli.cli import outputs
    from losscli.io.write.tables import format_of

    if options.output is not None and options.output.format is None:
        format_of(options.output.path)
    found = options.outputs
    for at, path in enumerate(found):
        outputs.refuse_second(path, found[:at])
    if applied is not None and found and outputs.same_destination(applied, found):
        raise UsageError(f"'{applied}' is the map; writing there would destroy it", code="USAGE_CONFLICT")


def descend_options(given: Given) -> DescendOptions:
    """The options of `descend`, which takes one loss."""
    from losscli.report.calibration import DESCENT_FORMATS

    if len(given["losses"]) > 1:
        raise UsageError("descend takes one loss", hint="a composite loss is one loss: -l 'total=0.7*mse+0.3*mae'",
                         code="USAGE_CONFLICT")  # fmt: skip
    return DescendOptions(_run({**THREADS, **given}), _format(given, DESCENT_FORMATS), given["method"],
                          given["step"], given["steps"])  # fmt: skip


def _format(given: Given, known: Sequence[str] | None) -> str:
    """The format for standard output, of these or of all of reports."""
    wanted = reports.wanted((), given["format_"])
    if known is not None and wanted.format not in known:
        raise UsageError(f"unknown format '{wanted.format}' here", hint=f"formats: {', '.join(known)}",
                         code="USAGE_BAD_VALUE")  # fmt: skip
    return wanted.format


def merge_options(given: Given) -> MergeOptions:
    """The options of `merge`."""
    report = _wanted(given)
    gates = _gates(given, given["baseline"], given["baseline_missing"])
    return MergeOptions(given["states"], gates, report, given["quiet"], given["state_out"])


def diff_options(given: Given) -> DiffOptions:
    """The options of `diff`: the older report is the baseline."""
    gates = _gates(given, given["old"], "error")
    report = _wanted(given)
    return DiffOptions(given["old"], given["new"], gates, report, given["quiet"])


def check_options(given: Given, reading: Given) -> CheckOptions:
    """The options of `check`; `reading` are those of them that say how --init reads its file."""
    read = _read_options({**given, "sha256": (), "checksums": None})
    made = {"environment": (), "execution": _group(ExecutionOptions, given), "read": read, "reading": reading}
    return _group(CheckOptions, {**made, **given})


def inspect_options(given: Given, files: Given, formats: Given) -> InspectOptions:
    """The options of `inspect`; it reads twice, and a text among numbers is for it to say.

    `files` are those that proposed commands have to have, too, `formats` those of them that --init takes.
    """
    sources = given["sources"] or ("-",)
    if not given["sources"] and sys.stdin is not None and sys.stdin.isatty():
        raise UsageError("no SOURCE was given", hint="name a file of predictions; - is standard input",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    text = given["limit"]
    if text != "all" and not (text.isdecimal() and int(text)):
        raise UsageError(f"--limit takes a number of rows or all, not '{text}'", value=text, code="USAGE_BAD_VALUE")
    read = replace(_read_options(given), lenient=True, spool=True)
    words = FilesAsGiven(tuple(map(_operand, sources)), tuple(_words(files)), init=files.keys() == formats.keys())
    return InspectOptions(sources, None if text == "all" else int(text), given["against"], read, words)


def _operand(source: str) -> str:
    """A file as the word of a command line that is not taken for an option."""
    return f"./{source}" if source.startswith("-") and source != "-" else source


def _words(options: Given) -> Iterator[str]:
    """Options as they are typed."""
    for name, value in options.items():
        if isinstance(value, bool):  # a variable may say no
            yield from [f"--{name}"] * value
            continue
        for one in value if isinstance(value, tuple) else (value,):
            yield from (f"--{name}", str(one))


def _wanted(given: Given, *, rows: bool = False) -> Wanted:
    """The reports; commands know the variables that had a say in them, and suites have none."""
    return reports.wanted(given["outputs"], given["format_"], rows=rows,
                          environment=given.get("environment", ()), detailed=given.get("verbose", False),
                          show=given.get("show", False))  # fmt: skip


def _diagnosed(wanted: Wanted, given: Given) -> Wanted:
    """The same, where what --show and --worst ask for has a place in a report."""
    printed = wanted.files.get("-", wanted.format)
    if wanted.show and printed != "table" and not {"json", "html"} & {printed, *wanted.files.values()}:
        raise UsageError(f"the format {printed} has no place for what --show shows",
                         hint="-f table shows it; -f json and html have its numbers",
                         code="USAGE_CONFLICT")  # fmt: skip
    for option, name in (("--worst", "worst"), ("--columns", "shown_columns")):
        if given.get(name) is not None and not wanted.diagnosing:
            raise UsageError(f"{option} is about rows that nothing shows", hint="add --show, or -o FILE.html",
                             code="USAGE_INCOMPLETE")  # fmt: skip
    return wanted


def _gates(given: Given, baseline: str | None, missing: Literal["error", "skip", "create"]) -> GateOptions:
    gates = tuple(map(parse_gate, given["gates"]))
    if baseline is not None and missing == "create":
        from losscli.io.write.atomic import refuse_read_only

        refuse_read_only(baseline)
    return replace(_drop_limit(given), gates=gates, baseline=baseline, baseline_missing=missing,
                   allow_incomparable=given["allow_incomparable"],
                   exit_zero=given["exit_zero"])  # fmt: skip


def _drop_limit(given: Given) -> GateOptions:
    """The one gate of commands that take no others."""
    text = given["max_dropped"]
    return GateOptions(max_dropped=None if text is None else parse_drop_limit(text))


def _group(kind: type[Group], given: Given) -> Group:
    """The value whose fields have the names of parameters."""
    return kind(**{name: given[name] for name in kind.__annotations__})


def _run(given: Given, inference: Inference | None = None) -> RunOptions:
    losses, notes = _losses(given)
    return RunOptions(
        _request(given, losses, inference),
        notes,
        InputOptions(
            given["sources"],
            given["targets"],
            given["unmatched"],
            given["join"],
            _key_match(given["key_match"]),
            tuple(map(read_beside, given["beside"])),
            _read_options(given),
        ),
        _group(ExecutionOptions, given),
        _group(ConsoleOptions, given),
    )


def _key_match(text: str | None) -> tuple[KeyDifference, ...]:
    """`trim,case` as the differences that keys may have."""
    if text is None:
        return ()
    from losscli.io.sides import key_differences

    return key_differences(text.split(","))


def read_beside(text: str) -> tuple[str | None, str]:
    """`FILE`, or `NAME=FILE`, which names its columns anew; a file of exactly that name is a file."""
    name, equals, path = text.partition("=")
    if not equals or not name or re.search(r"[/\\:*]", name) or os.path.lexists(text):
        return None, text
    return name, path


def _losses(given: Given) -> tuple[tuple[Spec, ...], tuple[str, ...]]:
    """Each loss once, and a note on those that are asked for more often."""
    from losscli.binding.spec import parse, set_everywhere, settled

    texts, precision = given["losses"], given["precision"]
    if not texts:
        raise UsageError(
            "no loss was given", hint="-l mse, for example; 'losscli list' shows all", code="USAGE_INCOMPLETE"
        )
    specs = [parse(text) for text in texts]
    if precision is not None:
        specs = list(set_everywhere(specs, "precision", precision))
    weighted = given.get("weight") is not None or given.get("class_weight") is not None
    specs = [own for spec in specs for own in settled([spec], given.get("divide_by"), weighted=weighted)]
    distinct = settled(specs, given.get("divide_by"), weighted=weighted)
    repeated = [spec.text for spec in distinct if specs.count(spec) > 1]
    return distinct, tuple(f"{text} is given more than once; it is scored once" for text in repeated)


def _request(given: Given, losses: tuple[Spec, ...], inference: Inference | None) -> Request:
    """What can be judged without a file is judged here. A command that lacks an option has the request's default."""
    from losscli.binding.column_names import read_columns, read_keys
    from losscli.binding.request import (
        Inference,
        Request,
        read_filter,
        read_lets,
        read_matrix,
        read_prediction,
        read_role,
    )

    lets = read_lets(given["lets"])
    on, targets_on = ((), ()) if given["on"] is None else read_keys(given["on"])
    return Request(
        losses,
        target=None if given["target"] is None else read_columns(given["target"]),
        preds=tuple(map(read_prediction, given["preds"])),
        columns=tuple(map(read_role, given["columns"])),
        tables=tuple(map(read_matrix, given["tables"])),
        weight=given.get("weight"), class_weight=read_class_weight(given.get("class_weight")),
        divide_by=given.get("divide_by"), reduction=given.get("reduction"),
        by=given.get("by", ()), mean_of=given.get("mean_of"),
        group_weight=given.get("group_weight"), max_slices=given.get("max_slices", 100_000),
        sort="label" if given.get("sort") is None else given["sort"],
        worst=given.get("worst") or 10,
        shown=None if given.get("shown_columns") is None else read_columns(given["shown_columns"]),
        skill=given.get("skill", False), skill_against=given.get("skill_against"),
        where=None if given["where"] is None else read_filter(given["where"], lets), lets=lets,
        batch_by=given["batch_by"], batch_size=given["batch_size"],
        missing=given["missing"], nan=given["nan"], positive=given["positive"], others=given["others"],
        classes=_classes(given["classes"]), first_class=given["first_class"],
        on=on, targets_on=() if on == targets_on else targets_on,
        inference=inference or Inference(),
    )  # fmt: skip


def _classes(text: str | None) -> tuple[str, ...]:
    from losscli.binding.column_names import split, unescape

    return () if text is None else tuple(unescape(piece) for piece in split(text, ","))


def _inference(given: Given, *, interval: bool, permutations: int = 0, between: str | None = None) -> Inference:
    """Which uncertainty is reported; clusters, resamples and methods are about intervals, so they ask for these."""
    from losscli.binding.request import Inference

    asked = {name: given[name] for name in ("cluster", "time", "bootstrap", "bootstrap_method", "interval_method")}
    wanted = {name: value for name, value in asked.items() if value is not None}
    implied = bool(wanted) or between is not None or given["adjust"] == "max-t" or given["sequential"]
    return Inference(interval or implied, given["level"], seed=given["seed"], permutations=permutations,
                     adjust=given["adjust"], between=between, horizon=given["horizon"],
                     sequential=given["sequential"], why=given["why"], **wanted)  # fmt: skip


def _read_options(given: Given) -> ReadOptions:
    from losscli.io.source import DEFAULT_NULLS, ReadOptions

    nulls = given["null_values"]
    return ReadOptions(
        input_format=given["input_format"], delimiter=given["delimiter"], decimal=given["decimal"],
        thousands=given["thousands"],
        quote=given["quote"], escape=given["escape"], encoding=given["encoding"], comment=given["comment"],
        json_path=given["json_path"], skip_lines=given["skip_lines"], header=not given["no_header"],
        null_values=DEFAULT_NULLS if nulls is None else tuple(nulls.split(",")),
        sha256=_sha256(given["sha256"]), checksums=given["checksums"],
    )  # fmt: skip


def _sha256(texts: Sequence[str]) -> dict[str, str | None]:
    if not texts:
        return {}
    from losscli.io.files.checksums import read_each_sha256

    return read_each_sha256(texts)

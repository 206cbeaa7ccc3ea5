"""losscli check: the suites of a configuration, all run and all judged."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from losscli.cli import Plain
from losscli.cli import options as shared
from losscli.cli.engine_options import engine_options
from losscli.cli.file_options import FormatOption, given_options, init_options
from losscli.errors import ExitCode, FileError, LosscliError, UsageError, did_you_mean, system_code
from losscli.execution.engines import ENGINES
from losscli.io.remote.address import local_path, scheme_of
from losscli.lazy import dataclass
from losscli.report.errors import error_result

if TYPE_CHECKING:
    from losscli.cli.config import Config, Suite
    from losscli.cli.option_values import CheckOptions, EvalOptions, Wanted
    from losscli.results import Evaluation, SuiteResult

_STATES = {"passed": "passed", "failed": "failed", "skipped": "skipped", "error": "in error"}


def _suites_that_begin(ctx: click.Context, param: click.Parameter, start: str) -> list[str]:
    """For the shell: names from the configuration, however little else of it is right."""
    from losscli.cli.config import suite_names

    try:
        return [name for name in suite_names(ctx.params.get("config"), os.getcwd()) if name.startswith(start)]  # noqa: PTH109
    except (LosscliError, OSError):
        return []


@click.command(
    "check",
    cls=Plain,
    epilog="""\
# run every suite of the nearest losscli.toml
losscli check
losscli check validation -o junit=report.xml
# write a losscli.toml for this file
losscli check --init preds.csv""",
)
@click.argument("names", metavar="[SUITE]…", nargs=-1, shell_complete=_suites_that_begin)
@shared.common("--config", metavar="FILE", help="The configuration file.  [default: the nearest losscli.toml, or "
               "pyproject.toml with [tool.losscli], in this folder or above]")  # fmt: skip
@shared.common("--trust-config", is_flag=True,
               help="Allow a configuration file that was found, not named, to write outside its folder.")  # fmt: skip
@shared.common("--list", "listing", is_flag=True,
               help="Check the suites without data, print them and their gates, and stop.")  # fmt: skip
@shared.common("--init", metavar="SOURCE",
               help="Write a configuration file for SOURCE to -o FILE. The options below that say how it is read go "
                    "into it.  [default: losscli.toml]")  # fmt: skip
@init_options
@shared.report_options
@shared.exit_zero_option
@shared.option("--holm-over", type=click.Choice(["gate", "suites"]), default="gate", show_default=True, section="Gates",
               help="Adjust the p-values of 'significant' gates for the tests of each gate, or for all tests of all "
                    "suites.")  # fmt: skip
@engine_options
@shared.option("--shard", metavar="I/N", section="Execution",
               help="Score only shard I of N of each suite, and write states, not reports. Needs --state-out. See "
                    "'losscli help shards'.")  # fmt: skip
@shared.option("--state-out", metavar="FOLDER", section="Execution",
               help="Write the states of the shard to this folder, which may be remote.")  # fmt: skip
@shared.option("--states", metavar="FOLDER", section="Execution",
               help="Judge the states that all shards wrote to this folder, without the data.")  # fmt: skip
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> int:
    """Run the suites of losscli.toml, or of [tool.losscli] in pyproject.toml, and judge their gates, as in a CI job.

    Without SUITE, all suites run, even if one of them fails. -f and -o apply to the report of all suites. 'losscli help
    config' describes the keys of a suite.
    """
    from losscli.cli import console, suites
    from losscli.cli.read_options import check_options

    options = check_options(given, given_options(ctx, FormatOption))
    if options.init is not None:
        return _init(options, options.init)
    if options.reading:
        from losscli.cli.init.starter import are_keys

        raise are_keys(options.reading)
    if options.config == "":
        raise UsageError("--config names no file", code="USAGE_INCOMPLETE")
    config = suites.config(options.config, os.getcwd(), trusted=options.trust_config)  # noqa: PTH109
    chosen = _chosen(config, options.names)
    if options.listing:
        console.write_stdout(_listed(config, chosen))
        return 0
    _check_shards(options)
    return _run(config, chosen, options)


def _init(options: CheckOptions, source: str) -> int:
    from losscli.cli import console
    from losscli.cli.init import starter

    if options.names:
        raise UsageError("--init writes a new suite, so SUITE cannot be given", code="USAGE_CONFLICT")
    path = starter.write(source, options)
    if path != "-":
        note = f"wrote {path}: check it, then run 'losscli check'"
        console.print_notes([note], options.quiet)
    return 0


def _chosen(config: Config, names: Sequence[str]) -> list[Suite]:
    """The suites by these names, each once; all in the order of the file where none is named."""
    for name in names:
        if name not in config.suites:
            listed = f"the suites are: {', '.join(config.suites)}"
            raise UsageError(f"unknown suite '{name}'", path=config.shown, value=name,
                             hint=did_you_mean(name, config.suites, listed), code="USAGE_BAD_VALUE")  # fmt: skip
    return [config.suites[name] for name in dict.fromkeys(names or config.suites)]


def _listed(config: Config, chosen: Sequence[Suite]) -> str:
    from losscli.cli import suite_checks, suites
    from losscli.report.sanitized import sanitized

    lines = []
    for suite in chosen:
        suite_checks.check_suite(config, suite)
        lines += [suite.name, *(f"  {sanitized(gate.text)}" for gate in suites.gates_of(config, suite))]
        limit = suites.drop_limit(config, suite)
        lines += [] if limit is None else [f"  {limit.gate}"]
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True)
class _Job:
    """One suite that may start, as what `eval` would be asked for; or of which the states of shards are in a folder."""

    suite: Suite
    options: EvalOptions
    states: str | None = None

    @property
    def name(self) -> str:
        """The name of the suite."""
        return self.suite.name

    def scored(self) -> Evaluation:
        """Its run, judged."""
        from losscli.cli import scoring, shard_states

        if self.states is not None:
            return shard_states.judged_suite(self.suite, self.options, self.states)
        return scoring.score(self.options)


def _run(config: Config, chosen: Sequence[Suite], options: CheckOptions) -> int:
    """Everything that can be found wrong in the file comes first; then every suite runs."""
    from losscli.cli import console, reports, suites
    from losscli.report.suites import exit_code

    wanted = reports.wanted(options.outputs, options.format_, environment=options.environment)
    states = None if options.states is None else _absolute(options.states)
    jobs = [
        # Hashes of the data are made where a report shows them, be it that of the suite or that of all.
        _Job(s, suites.options_of(config, s, options.execution, quiet=options.quiet, shown=wanted.fullest), states)
        for s in chosen
    ]
    _check_files(config, jobs, wanted)
    reports.check(wanted)
    if options.shard is not None and options.state_out is not None:
        return _write_states(config, jobs, options.shard, options.state_out, options.quiet)
    with contextlib.chdir(config.folder):  # paths are relative to it, and are shown as they stand in the file
        results = _judged_jobs(jobs, together=options.holm_over == "suites")
    if wanted.environment:
        results = [_with_environment(suite, wanted.environment) for suite in results]
    code = exit_code(results)
    code = ExitCode.OK if code == ExitCode.GATE and options.exit_zero else code
    stdout = all(suite.error is None for suite in results)
    reports.write_suites(results, wanted, options.quiet, stdout=stdout, exit=code)
    if not options.quiet:
        console.print_summary("; ".join(map(_summary, results)))
    return code


def _check_shards(options: CheckOptions) -> None:
    """A UsageError for options of shards that do not go together."""
    if (options.shard is None) != (options.state_out is None):
        raise UsageError("--shard and --state-out FOLDER belong together: each shard writes states",
                         hint="losscli check --shard 3/16 --state-out states", code="USAGE_INCOMPLETE")  # fmt: skip
    if options.shard is not None and options.outputs:
        raise UsageError("a shard makes no report, so there is nothing for --output",
                         hint="give -o to 'losscli check --states FOLDER'", code="USAGE_CONFLICT")  # fmt: skip
    if options.states is not None and options.shard is not None:
        raise UsageError("--states judges the states of all shards, and --shard writes those of one",
                         code="USAGE_CONFLICT")  # fmt: skip
    if options.states is not None and options.execution.engine != ENGINES[0]:
        raise UsageError(f"--states reads no data, so there is nothing for --engine {options.execution.engine}",
                         code="USAGE_CONFLICT")  # fmt: skip


def _write_states(config: Config, jobs: Sequence[_Job], text: str, folder: str, quiet: bool) -> int:
    """The states of a shard of every suite; the exit code is that of the worst error."""
    from losscli.cli import console, shard_number, shard_states

    shard, notes = shard_number.asked(text, os.environ)
    console.print_notes(notes, quiet)
    folder, code = _absolute(folder), 0
    with contextlib.chdir(config.folder):
        for job in jobs:
            with console.about(job.name):
                try:
                    shard_states.write_suite(job.suite, job.options, folder, shard)
                except Exception as caught:
                    _raise_signal(caught)
                    error = _told(caught)
                    console.print_error(error)
                    code = max(code, int(error.exit_code))
    return code


def _absolute(folder: str) -> str:
    """A folder as the command names it, seen from wherever."""
    folder = local_path(folder)
    return folder if scheme_of(folder) else os.path.abspath(folder)  # noqa: PTH100


def _with_environment(suite: SuiteResult, names: tuple[str, ...]) -> SuiteResult:
    """The suite as the report of all shows it, which the environment may have chosen."""
    evaluation = None if suite.evaluation is None else replace(suite.evaluation, environment=names)
    return replace(suite, evaluation=evaluation)


def _check_files(config: Config, jobs: Sequence[_Job], wanted: Wanted) -> None:
    """No file is written twice or read too, standard input is read once, and the report of all can be written."""
    from losscli.cli import outputs, scoring

    inside = _Inside(config.folder)
    inputs = inside.all(path for job in jobs for path in job.options.run.files)
    outputs.check_outputs(wanted.paths, inputs, config.path)
    with contextlib.chdir(config.folder):
        written = [scoring.written(job.options) for job in jobs]
    writers: dict[str, str | None] = {path: None for path in wanted.paths if path != "-"}
    for job, paths in zip(jobs, written, strict=True):
        for path in inside.all(paths):
            if (same := outputs.same_destination(path, writers)) is not None:
                raise _conflict(config, f"{_who(writers[same])} and the suite '{job.name}' would both write "
                                f"'{inside.shown(path)}'")  # fmt: skip
            _refuse_input(config, job, path, inputs)
            writers[path] = job.name
    for job in jobs:
        _refuse_fresh_baseline(config, job, writers)
    if sum(path == "-" for job in jobs for path in job.options.run.files) > 1:
        raise _conflict(config, "standard input can be read only once, but several sources are -")


@dataclass(frozen=True)
class _Inside:
    """Paths as a suite names them: relative to the folder of the configuration."""

    folder: str

    def all(self, paths: Iterable[str]) -> list[str]:
        """The paths as seen from here, without standard input."""
        return [path if scheme_of(path) else os.path.join(self.folder, path) for path in paths if path != "-"]  # noqa: PTH118

    def shown(self, path: str) -> str:
        """The path as the suite names it."""
        return path.removeprefix(os.path.join(self.folder, ""))  # noqa: PTH118


def _refuse_input(config: Config, job: _Job, path: str, inputs: Sequence[str]) -> None:
    from losscli.cli import outputs

    shown = _Inside(config.folder).shown(path)
    if outputs.same_destination(path, inputs):
        raise _conflict(config, f"the suite '{job.name}' would write '{shown}', which is an input")
    if outputs.same_destination(path, [config.path]):
        raise _conflict(config, f"the suite '{job.name}' would write '{shown}', which is the configuration")


def _refuse_fresh_baseline(config: Config, job: _Job, writers: Mapping[str, str | None]) -> None:
    """A number that is held against one of the same run says nothing: its gate could not fail."""
    from losscli.cli import outputs

    baseline = job.options.gates.baseline
    if baseline is None:
        return
    (path,) = _Inside(config.folder).all([baseline]) or [baseline]
    same = outputs.same_destination(path, writers)
    if same is not None and writers[same] != job.name:
        raise _conflict(config, f"{_who(writers[same])} writes '{baseline}', so it is no baseline of the suite "
                        f"'{job.name}'", "a baseline is a report of an earlier run, at a path of its own")  # fmt: skip


def _who(writer: str | None) -> str:
    return "-o" if writer is None else f"the suite '{writer}'"


def _conflict(config: Config, message: str, hint: str | None = None) -> UsageError:
    return UsageError(message, hint, config.shown, code="USAGE_CONFLICT")


def _judged_jobs(jobs: Sequence[_Job], *, together: bool) -> list[SuiteResult]:
    """Every suite; where their gates are one family of tests, all are scored before any is judged."""
    from losscli.gates.verdicts import judged_together
    from losscli.results import Evaluation

    if not together:
        return [_judged(job) for job in jobs]
    outcomes = [_outcome(job) for job in jobs]
    runs = iter(judged_together([each for each in outcomes if isinstance(each, Evaluation)]))
    return [_judged(job, next(runs) if isinstance(outcome, Evaluation) else outcome)
            for job, outcome in zip(jobs, outcomes, strict=True)]  # fmt: skip


def _outcome(job: _Job) -> Evaluation | Exception:
    """The run of a suite, or the error that ended it."""
    from losscli.cli import console

    with console.about(job.name):
        try:
            return job.scored()
        except Exception as caught:
            _raise_signal(caught)
            return caught


def _judged(job: _Job, outcome: Evaluation | Exception | None = None) -> SuiteResult:
    """One suite, whatever comes of it; it is scored here unless its outcome is known."""
    from losscli.cli import console, reports, scoring
    from losscli.execution.judge import judged_error
    from losscli.results import SuiteResult

    evaluation: Evaluation | None = None
    wanted, quiet = job.options.report, job.options.run.console.quiet
    with console.about(job.name):
        try:
            if isinstance(outcome, Exception):
                raise outcome
            evaluation = outcome or job.scored()
            error = judged_error(evaluation)
            if error is None:
                scoring.create_baseline(evaluation, job.options.gates, wanted.files, quiet)
            # Its warnings come with the report of all.
            code = scoring.exit_code(evaluation, job.options.gates)
            reports.write(evaluation, wanted, quietly=True, stdout=False, exit=code)
            console.print_gates(evaluation.gates, quiet=True)
        except Exception as caught:
            if os.environ.get("LOSSCLI_DEBUG") and not isinstance(caught, LosscliError | OSError | MemoryError):
                raise
            _raise_signal(caught)
            error = _told(caught)
        if error is not None:
            console.print_error(error)
        if error is not None and evaluation is None:
            with contextlib.suppress(LosscliError, OSError):  # it is an error already
                reports.write_error(error_result(error), wanted, quietly=True)
    return SuiteResult(job.name, evaluation, None if error is None else error_result(error))


def _raise_signal(error: BaseException | None) -> None:
    """A library makes an error of its own of what a signal raised in it; the signal ends the whole check."""
    while error is not None:
        if not isinstance(error, Exception):
            raise error
        error = error.__context__


def _told(error: Exception) -> LosscliError:
    """Whatever ended a suite as an error that can be told."""
    if isinstance(error, LosscliError):
        return error
    if isinstance(error, MemoryError):
        return FileError("out of memory", hint="score fewer columns or a smaller batch", code="IO_MEMORY")
    if isinstance(error, OSError):
        path = None if error.filename is None else str(error.filename)
        return FileError(error.strerror or str(error), path=path, code=system_code(error))
    return LosscliError(f"this is a bug in losscli: {type(error).__name__}: {error}", code="INTERNAL_BUG",
                        hint="run again with LOSSCLI_DEBUG=1 for the traceback, and report it")  # fmt: skip


def _summary(suite: SuiteResult) -> str:
    """`validation: 2 passed, 1 failed`."""
    if suite.error is not None:
        return f"{suite.name}: error"
    assert suite.evaluation is not None
    states = [gate.state for gate in suite.evaluation.gates]
    counts = [f"{states.count(state)} {word}" for state, word in _STATES.items() if state in states]
    return f"{suite.name}: {', '.join(counts) or 'no gates'}"

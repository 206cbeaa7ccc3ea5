"""Which reports are asked for, and where they go: shared by the commands that end in a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from losscli.cli import console, delivery, rows_output
from losscli.cli.option_values import Wanted
from losscli.errors import LosscliError, UsageError
from losscli.report import FORMATS, has, render, render_suites
from losscli.report.errors import error_result
from losscli.report.suites import alone
from losscli.results import ErrorResult, Evaluation, SuiteResult


def wanted(outputs: Sequence[str], format_: str | None, *, rows: bool = False) -> Wanted:
    """The options -o and -f; row values only where the command has `rows`."""
    texts, rows_file = rows_output.taken(outputs)
    if rows_file is not None and not rows:
        raise UsageError("this command has no row values to write", hint="eval takes -o rows=FILE",
                         code="USAGE_CONFLICT")  # fmt: skip
    files = console.outputs(texts)
    format_ = format_ or ("table" if console.is_terminal() else "plain")
    if format_ not in FORMATS:
        raise UsageError(f"unknown format '{format_}'", hint=f"formats: {', '.join(FORMATS)}", code="USAGE_BAD_VALUE")
    return Wanted(format_, files, rows_file)


def write(
    evaluation: Evaluation, wanted: Wanted, quietly: bool, *, stdout: bool = True, exit: int | None = None
) -> None:
    """Warnings, files, and what belongs on standard output: nothing where the run ends in an error.

    `exit` is the code that the process will end with, for reports that say it.
    """
    run = delivery.Delivery(alone(evaluation), lambda format, **view: render(evaluation, format, **view), exit)
    delivery.deliver(run, wanted.format, wanted.files, quietly, stdout)


def write_suites(
    suites: Sequence[SuiteResult], wanted: Wanted, quietly: bool, *, stdout: bool = True, exit: int | None = None
) -> None:
    """The same of a check of several suites; those that ended in an error are in its reports."""
    check = delivery.Delivery(suites, lambda format, **view: render_suites(suites, format, **view), exit)
    delivery.deliver(check, wanted.format, wanted.files, quietly, stdout)


def write_error(error: ErrorResult, wanted: Wanted, quietly: bool = False) -> None:
    """The error that ended a run, in those reports that a build server looks into for one (junit, github).

    Other files stay as they are: an old report that was good is worth more than one without numbers. Nothing is
    printed: standard output is empty where a run ends in an error, and standard error has told already.
    """
    suites = (SuiteResult(None, None, error),)
    told = {path: kind for path, kind in wanted.files.items() if has(kind, "ERRORS")}
    run = delivery.Delivery(suites, lambda format, **view: render_suites(suites, format, **view), error.exit)
    format_ = wanted.format if has(wanted.format, "ERRORS") else ""
    delivery.deliver(run, format_, told, quietly, stdout=False)


@contextmanager
def told_of_errors(wanted: Wanted, quietly: bool) -> Iterator[None]:
    """An error that ends the run in here is written into the reports that have a place for one.

    Only for what comes after `console.check_outputs`: until then a report's file may turn out to be an input.
    """
    try:
        yield
    except LosscliError as error:
        write_error(error_result(error), wanted, quietly)
        raise

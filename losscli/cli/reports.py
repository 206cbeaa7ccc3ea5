"""The reports that a command line asks for, and where they go: shared by the commands that write reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from losscli.cli import console, delivery, destinations, outputs, rows_output
from losscli.cli.option_values import Wanted
from losscli.errors import LosscliError, UsageError
from losscli.report import View, format_names, renderer, unknown_format
from losscli.report.errors import error_result
from losscli.report.suites import single_suite
from losscli.results import ErrorResult, Evaluation, SuiteResult


def wanted(
    texts: Sequence[str], format_: str | None, *, rows: bool = False, environment: tuple[str, ...] = (),
    detailed: bool = False, show: bool = False,
) -> Wanted:  # fmt: skip
    """The options -o and -f; row values only where the command has `rows`."""
    reports, rows_file = rows_output.taken(texts)
    if rows_file is not None and not rows:
        raise UsageError("this command has no row values to write", hint="eval takes -o rows=FILE",
                         code="USAGE_CONFLICT")  # fmt: skip
    reports, others = destinations.taken(reports)
    files = outputs.report_formats(reports)
    written = [*files, *([] if rows_file is None else [rows_file.path])]
    for path in [one.path for one in others if one.path is not None]:
        outputs.refuse_second(path, written)
        written.append(path)
    format_ = format_ or ("table" if show or console.is_terminal() else "plain")
    if format_ not in format_names():
        raise unknown_format(format_)
    shown = any(renderer(format).shows_origin for format in (format_, *files.values(), *(one.like for one in others)))
    made_by = None
    if shown:
        from losscli.cli import origin

        made_by = origin.made_by()
    return Wanted(format_, files, rows_file, environment, made_by, detailed, show, others)


def check(wanted: Wanted) -> None:
    """Find out before a row is read what is wrong with destinations that are no files."""
    for one in wanted.others:
        one.check()


def write(
    evaluation: Evaluation, wanted: Wanted, quietly: bool, *, stdout: bool = True, exit: int | None = None
) -> None:
    """Write the reports of a run: to files, and to standard output if `stdout`. `exit` is the code of the process."""
    write_suites(single_suite(evaluation), wanted, quietly, stdout=stdout, exit=exit)


def write_suites(
    suites: Sequence[SuiteResult], wanted: Wanted, quietly: bool, *, stdout: bool = True, exit: int | None = None
) -> None:
    """Write the reports of a check of several suites, with those that ended in an error."""
    if wanted.origin is not None:
        from losscli.cli import origin

        suites = [origin.marked(suite, wanted.origin) for suite in suites]
    view = View(detailed=wanted.detailed, diagnosed=wanted.show)
    delivery.deliver(delivery.Delivery(suites, exit), wanted.format, wanted.files, quietly, stdout, view,
                     wanted.others)  # fmt: skip


def write_error(error: ErrorResult, wanted: Wanted, quietly: bool = False) -> None:
    """Write the error that ended a run to the reports in which a build server looks for errors (junit, github).

    Other files are not changed: a good report of an earlier run says more than one without numbers. Nothing is
    printed: standard output is empty if a run ends in an error, and standard error has the error already.
    """
    run = delivery.Delivery((SuiteResult(None, None, error),), error.exit)
    files = {path: format for path, format in wanted.files.items() if renderer(format).shows_errors}
    format_ = wanted.format if renderer(wanted.format).shows_errors else None
    delivery.deliver(run, format_, files, quietly, stdout=False)


@contextmanager
def reporting_errors(wanted: Wanted, quietly: bool) -> Iterator[None]:
    """Write an error that ends the run within this block to the reports that show errors.

    It is only used after `outputs.check_outputs`: before that the file of a report may be an input.
    """
    try:
        yield
    except LosscliError as error:
        write_error(error_result(error), wanted, quietly)
        raise

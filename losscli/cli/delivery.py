"""Where reports are written: standard output, the files of -o, and the files that a build server names.

Only formats with `appended_variables` append to files that the environment names, and only if they are asked for by -f,
or by -o for standard output. Such a file gets one write at its end; its content is kept.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from losscli.cli import console
from losscli.cli.destinations import Destination
from losscli.errors import FileError, LosscliError
from losscli.lazy import dataclass
from losscli.report import Renderer, View, quiet, renderer
from losscli.report.suites import evaluated
from losscli.results import SuiteResult

_NAMED = 5  # of the results for which a format has no place


@dataclass(frozen=True)
class Delivery:
    """The results to report, and the exit code of the process if the suites alone do not tell it."""

    suites: Sequence[SuiteResult]
    exit: int | None = None


def deliver(what: Delivery, format: str | None, files: Mapping[str, str], quietly: bool, stdout: bool,
            asked: View | None = None, others: Sequence[Destination] = ()) -> None:  # fmt: skip
    """Warnings, files, other destinations, then standard output, in the `format` of -f if none of the files is "-".

    `asked` says what standard output shows beside the usual; its width and characters are those of the terminal.
    """
    printed = files.get("-", format)
    commands = stdout and not quietly and printed is not None and renderer(printed).prints_workflow_commands
    for name, evaluation in evaluated(what.suites):
        with console.about(name):
            console.print_warnings(evaluation.warnings, quietly or commands)  # the commands include the warnings
    made: dict[str, str] = {}  # texts of files, of which that for standard output may be one
    _write_files(what, {path: kind for path, kind in files.items() if path != "-"}, quietly, made)
    _write_others(what, others, quietly)
    for named in dict.fromkeys(filter(None, (printed, format))):
        _append(what, named, quietly)
    if not stdout or printed is None:
        return
    if quietly:
        console.write_stdout("".join(quiet(evaluation) for _, evaluation in evaluated(what.suites)))
    else:
        _note_omitted(what, printed, quietly)
        view = replace(asked or View(), **console.view())
        made = made if view == View() and type(renderer(printed)).render_file is Renderer.render_file else {}
        text = made.get(printed) or renderer(printed).render_suites(what.suites, view)
        console.write_stdout(text, commands=commands)


def _write_files(what: Delivery, files: Mapping[str, str], quietly: bool, made: dict[str, str]) -> None:
    """Every -o FILE, atomically; `made` gets the text of each format."""
    from losscli.io.write.atomic import write_text

    for path, format in files.items():
        if format not in made:
            made[format] = renderer(format).render_file(what.suites)
        write_text(path, made[format])
        _note_omitted(what, format, quietly)


def _write_others(what: Delivery, others: Sequence[Destination], quietly: bool) -> None:
    """Every other destination. Where a gate failed that is the exit code, and an error here is said beside it."""
    for one in others:
        try:
            console.print_notes(one.write(what.suites), quietly)
        except LosscliError as error:
            if not what.exit:
                raise
            console.print_error(error)


def _append(what: Delivery, format: str, quietly: bool) -> None:
    for variable in renderer(format).appended_variables:
        path = os.environ.get(variable)
        if not path:
            console.print_notes([f"{variable} is not set, so nothing was written for it"], quietly)
            continue
        append(path, renderer(format).render_appended(what.suites, variable, _size(path), what.exit))


def append(path: str, text: str) -> None:
    """Append to a file in one write, so that lines of other processes stay whole."""
    from losscli.io.write.atomic import with_file_errors

    data = text.encode("utf-8", "backslashreplace")
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    descriptor = with_file_errors(path, lambda: os.open(path, flags, 0o666))
    try:
        written = with_file_errors(path, lambda: os.write(descriptor, data))
    finally:
        os.close(descriptor)
    if written != len(data):
        raise FileError("could not write: the disk is full", path=path, code="IO_NO_SPACE")


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _note_omitted(what: Delivery, format: str, quietly: bool) -> None:
    found = [one for _, evaluation in evaluated(what.suites) for one in renderer(format).omitted(evaluation)]
    more = [f"and {len(found) - _NAMED} more"] if len(found) > _NAMED else []
    if found:
        omitted = "; ".join([*found[:_NAMED], *more])
        console.print_notes([f"{format} cannot represent non-finite values and leaves them out: {omitted}"], quietly)

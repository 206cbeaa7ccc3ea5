"""Delivery of reports: to standard output, to the files of -o, and to the files that a build server names.

Only a format that says so adds to files which the environment names, and only where it was asked for: by -f, or by -o
for standard output. Such a file gets one write at its end; what others wrote there stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from losscli.cli import console
from losscli.errors import FileError
from losscli.report import appended, appends, filed, has, left_out, quiet
from losscli.report.suites import evaluated
from losscli.results import SuiteResult

_SAID = 5  # so many results that a format has no place for are named


@dataclass(frozen=True)
class Delivery:
    """What came out, how it becomes the text of a format, and the exit code that the process will end with."""

    suites: Sequence[SuiteResult]
    text: Callable[..., str]
    exit: int | None = None


def deliver(what: Delivery, format: str, files: Mapping[str, str], quietly: bool, stdout: bool) -> None:
    """Warnings, files, then standard output, in the `format` of -f if none of the files is "-"."""
    printed = files.get("-", format)
    commanding = stdout and not quietly and bool(printed) and has(printed, "COMMANDS")
    for name, evaluation in evaluated(what.suites):
        with console.about(name):
            console.print_warnings(evaluation, quietly or commanding)  # then they are among what is printed
    _write_files(what, {path: kind for path, kind in files.items() if path != "-"}, quietly)
    for named in dict.fromkeys(filter(None, (printed, format))):
        _append(what, named, quietly)
    if not stdout:
        return
    if quietly:
        console.write_stdout("".join(quiet(evaluation) for _, evaluation in evaluated(what.suites)))
    else:
        _say_what_is_left_out(what, printed, quietly)
        console.write_stdout(what.text(printed, **console.view()), commands=commanding)


def _write_files(what: Delivery, files: Mapping[str, str], quietly: bool) -> None:
    """Every -o FILE, atomically."""
    from losscli.io.write.atomic import write_text

    for path, format in files.items():
        write_text(path, filed(what.suites, format, what.text))
        _say_what_is_left_out(what, format, quietly)


def _append(what: Delivery, format: str, quietly: bool) -> None:
    for variable in appends(format):
        path = os.environ.get(variable)
        if not path:
            console.print_notes([f"{variable} is not set, so nothing was written for it"], quietly)
            continue
        append(path, appended(what.suites, format, variable, _size(path), what.exit))


def append(path: str, text: str) -> None:
    """Add to the end of a file in one write, so that what others write there stays whole."""
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


def _say_what_is_left_out(what: Delivery, format: str, quietly: bool) -> None:
    found = [one for _, evaluation in evaluated(what.suites) for one in left_out(evaluation, format)]
    more = [f"and {len(found) - _SAID} more"] if len(found) > _SAID else []
    if found:
        said = "; ".join([*found[:_SAID], *more])
        console.print_notes([f"{format} cannot represent non-finite values and leaves them out: {said}"], quietly)

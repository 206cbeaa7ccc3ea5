"""Which reports somebody wants, and where they go: shared by the commands that end in a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from losscli.cli import printer
from losscli.errors import UsageError
from losscli.report import FORMATS, quiet
from losscli.result import Evaluation


@dataclass(frozen=True)
class Wanted:
    """The format for standard output, and path -> format of the files."""

    format: str
    files: Mapping[str, str]

    @property
    def hashing(self) -> bool:
        """Whether a report shows the hashes of the data."""
        return "json" in (self.format, *self.files.values())


def wanted(given: Mapping[str, Any]) -> Wanted:
    """The options -f and -o."""
    files = printer.outputs(given["outputs"])
    format_ = given["format_"] or ("table" if printer.is_terminal() else "plain")
    if format_ not in FORMATS:
        raise UsageError(
            f"there is no format '{format_}'", hint=f"formats: {', '.join(FORMATS)}", code="USAGE_BAD_VALUE"
        )
    return Wanted(format_, files)


def write(evaluation: Evaluation, wanted: Wanted, quietly: bool, *, stdout: bool = True) -> None:
    """Warnings, files, and what belongs on standard output: nothing where the run ends in an error."""
    printer.print_warnings(evaluation, quietly)
    printer.write_reports(evaluation, {path: kind for path, kind in wanted.files.items() if path != "-"})
    if not stdout:
        return
    if quietly:
        printer.write_stdout(quiet(evaluation))
    else:
        printer.write_stdout(printer.rendered(evaluation, wanted.files.get("-", wanted.format)))

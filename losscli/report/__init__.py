"""A result as text: one module a format, each with `render(evaluation, view) -> str` and `render_suites`.

Nothing here computes, prints or opens a file; nothing parses what another module printed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from importlib import resources
from types import ModuleType
from typing import Any, cast

from losscli.errors import UsageError, did_you_mean
from losscli.report.sanitized import break_workflow_commands, sanitized
from losscli.report.view import View, exact
from losscli.results import Evaluation, SuiteResult

__all__ = [
    "FORMATS",
    "View",
    "appended",
    "appends",
    "break_workflow_commands",
    "filed",
    "format_of",
    "has",
    "left_out",
    "quiet",
    "render",
    "render_suites",
    "sanitized",
    "schema",
]

# A format is the module of this name; the order is the one that help shows.
FORMATS: tuple[str, ...] = (
    *("table", "plain", "json", "jsonl", "csv", "markdown", "html"),
    *("junit", "openmetrics", "github", "dvc", "dvc-plots"),
)
_SUFFIXES = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xml": "junit",
    ".prom": "openmetrics",
    "metrics.txt": "openmetrics",  # the name that GitLab looks for
    ".txt": "plain",
    ".tsv": "plain",
}


def render(
    evaluation: Evaluation, format: str, *, width: int | None = None, color: bool = False, ascii_only: bool = False
) -> str:
    """The whole run in one of `FORMATS`; `width` None means that nothing is wrapped."""
    return cast(str, _module(format).render(evaluation, View(width=width, color=color, ascii_only=ascii_only)))


def render_suites(
    suites: Sequence[SuiteResult],
    format: str,
    *,
    width: int | None = None,
    color: bool = False,
    ascii_only: bool = False,
) -> str:
    """A check of several suites as one text, or a run that ended in an error as the one suite without a name."""
    return cast(str, _module(format).render_suites(suites, View(width=width, color=color, ascii_only=ascii_only)))


def _module(format: str) -> ModuleType:
    if format not in FORMATS:
        raise UsageError(
            f"'{format}' is no report format",
            hint=did_you_mean(format, FORMATS, ", ".join(FORMATS)),
            code="USAGE_BAD_VALUE",
        )
    return importlib.import_module(f"losscli.report.{format.replace('-', '_')}")


def filed(suites: Sequence[SuiteResult], format: str, text: Callable[[str], str]) -> str:
    """What a file of this format holds: mostly the text that would be printed; github prints something else."""
    found: Any = getattr(_module(format), "filed", None)
    return text(format) if found is None else str(found(suites, View()))


def appends(format: str) -> tuple[str, ...]:
    """The environment variables that name files which this format adds to: only where it was asked for by name."""
    return tuple(getattr(_module(format), "APPENDS", ()))


def appended(suites: Sequence[SuiteResult], format: str, variable: str, size: int, exit: int | None = None) -> str:
    """What goes to the end of such a file, `size` bytes long so far; `exit` is the code that the process ends with."""
    return cast(str, _module(format).appended(suites, variable, size, exit, View()))


def has(format: str, trait: str) -> bool:
    """Whether a format says so of itself.

    COMMANDS: what is printed is for a build server to obey. GATES: a reader sees the verdicts of gates in it. ERRORS: a
    run that ended in an error is worth a file. HASHES: it shows those of the data, which are computed only for that.
    """
    return bool(getattr(_module(format), trait, False))


def left_out(evaluation: Evaluation, format: str) -> list[str]:
    """The results for which the format has no place, in words."""
    found: Any = getattr(_module(format), "left_out", None)
    return [] if found is None else list(found(evaluation))


def format_of(path: str) -> str | None:
    """The format that a file's name asks for, or None."""
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    return next((format for suffix, format in _SUFFIXES.items() if name.endswith(suffix)), None)


def quiet(evaluation: Evaluation) -> str:
    """Only the numbers, one a line, with every digit: the differences that were asked for, else the values."""
    numbers = [found.difference for found in evaluation.comparisons] or [found.value for found in evaluation.results]
    return "".join(exact(number) + "\n" for number in numbers)


def schema(name: str = "report") -> str:
    """The JSON Schema of the JSON report, or of another document of ours: "check" (of several suites), "error"."""
    file = "schema.json" if name == "report" else f"{name}.schema.json"
    return resources.files("losscli.report").joinpath(file).read_text(encoding="utf-8")

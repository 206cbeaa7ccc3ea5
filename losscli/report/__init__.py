"""A result as text: one module a format, each with `render(evaluation, view) -> str`.

Nothing here computes, prints or opens a file; nothing parses what another module printed.
"""

from __future__ import annotations

import importlib
from importlib import resources
from typing import cast

from losscli.errors import UsageError, did_you_mean
from losscli.report.harmless import break_workflow_commands, harmless
from losscli.report.view import View, exact
from losscli.result import Evaluation

__all__ = [
    "FORMATS",
    "View",
    "break_workflow_commands",
    "format_of",
    "harmless",
    "quiet",
    "render",
    "schema",
]

# A format is the module of this name; the order is the one that help shows.
FORMATS: tuple[str, ...] = ("table", "plain", "json", "jsonl", "csv", "markdown")
_SUFFIXES = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "plain",
    ".tsv": "plain",
}


def render(
    evaluation: Evaluation, format: str, *, width: int | None = None, color: bool = False, ascii_only: bool = False
) -> str:
    """The whole run in one of `FORMATS`; `width` None means that nothing is wrapped."""
    if format not in FORMATS:
        raise UsageError(f"'{format}' is no report format", hint=did_you_mean(format, FORMATS, ", ".join(FORMATS)))
    module = importlib.import_module(f"losscli.report.{format}")
    return cast(str, module.render(evaluation, View(width=width, color=color, ascii_only=ascii_only)))


def format_of(path: str) -> str | None:
    """The format that a file's name asks for, or None."""
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    return next((format for suffix, format in _SUFFIXES.items() if name.endswith(suffix)), None)


def quiet(evaluation: Evaluation) -> str:
    """Only the numbers, one a line in the order of the results, with every digit."""
    return "".join(exact(result.value) + "\n" for result in evaluation.results)


def schema(name: str = "report") -> str:
    """The JSON Schema of the JSON report, or of another document of ours: "error"."""
    file = "schema.json" if name == "report" else f"{name}.schema.json"
    return resources.files("losscli.report").joinpath(file).read_text(encoding="utf-8")

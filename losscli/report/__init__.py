"""Results as text. A report format is a module of `losscli.report.formats`, found by its name.

Nothing here computes a number, prints or opens a file; nothing parses what another module printed.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from losscli.errors import UsageError, did_you_mean
from losscli.report.renderer import Renderer
from losscli.report.sanitized import break_workflow_commands, sanitized
from losscli.report.view import View, exact
from losscli.results import Evaluation
from losscli.results.columns import SliceColumns, parts_of

__all__ = [
    "SCHEMAS",
    "Renderer",
    "View",
    "break_workflow_commands",
    "format_names",
    "format_of",
    "quiet",
    "render",
    "renderer",
    "sanitized",
    "schema",
]


@cache
def format_names() -> tuple[str, ...]:
    """The names of all formats, sorted: those of the modules in `formats`, none of which is imported for this."""
    from losscli.report import formats

    files = Path(formats.__path__[0]).glob("[!_]*.py")
    return tuple(sorted(file.stem.replace("_", "-") for file in files))


@cache
def renderer(format: str) -> Renderer:
    """The format of this name. Its module is imported now.

    Parameters
    ----------
    format : str
        One of `format_names`.

    Raises
    ------
    UsageError
        There is no such format; the hint names those that there are.
    """
    if format not in format_names():
        raise unknown_format(format)
    module = importlib.import_module(f"losscli.report.formats.{format.replace('-', '_')}")
    found = getattr(module, "RENDERER", None)
    if not isinstance(found, Renderer):
        raise TypeError(f"{module.__name__} has no RENDERER, an instance of a subclass of Renderer")
    return found


def unknown_format(format: str) -> UsageError:
    """The error for a name that is not one of a format."""
    hint = did_you_mean(format, format_names(), f"formats: {', '.join(format_names())}")
    return UsageError(f"unknown format '{format}'", hint=hint, code="USAGE_BAD_VALUE")


def format_of(path: str) -> str | None:
    """The name of the format that a file's name asks for by its suffix. None if there is none.

    A suffix that is the name of a format (.json) is looked up there first, so that only this module is imported.
    """
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    own = name.rpartition(".")[2]
    if own in format_names() and f".{own}" in renderer(own).suffixes:
        return own
    suffixes = {suffix: format for format in format_names() for suffix in renderer(format).suffixes}
    longest = max((suffix for suffix in suffixes if name.endswith(suffix)), key=len, default=None)
    return None if longest is None else suffixes[longest]


def render(
    evaluation: Evaluation, format: str, *, width: int | None = None, color: bool = False, ascii_only: bool = False
) -> str:
    """A run as text.

    Parameters
    ----------
    evaluation : Evaluation
        The results of the run.
    format : str
        One of `format_names`.
    width : int, optional
        Columns of the terminal. None: nothing is wrapped.
    color : bool, optional
        Whether the text may have colours.
    ascii_only : bool, optional
        Whether the text must be ASCII.
    """
    return renderer(format).render(evaluation, View(width=width, color=color, ascii_only=ascii_only))


def quiet(evaluation: Evaluation) -> str:
    """Only the numbers, one per line, with every digit: the differences of comparisons, or else the values."""
    numbers = [found.difference for found in evaluation.comparisons]
    for part in () if numbers else parts_of(evaluation.results):
        numbers += part.values if isinstance(part, SliceColumns) else [found.value for found in part]
    return "".join(exact(number) + "\n" for number in numbers)


SCHEMAS = ("report", "check", "error", "inspect", "calibration", "descent", "map")
"""The names of the JSON documents: of a run, of several suites, of an error, of inspect, and of calibration."""


def schema(name: str = "report") -> str:
    """The JSON Schema of a document, one of `SCHEMAS`."""
    from importlib import resources

    file = "schema.json" if name == "report" else f"{name}.schema.json"
    return resources.files("losscli.report").joinpath(file).read_text(encoding="utf-8")

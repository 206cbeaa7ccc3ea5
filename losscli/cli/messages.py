"""Errors, notes and warnings as text for people, and as lines for programs: JSON, or commands of GitHub's runner."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from losscli.cli import layout
from losscli.errors import LosscliError, UsageError
from losscli.lazy import pattern
from losscli.report.errors import error_result
from losscli.report.sanitized import ELLIPSIS, break_workflow_commands, sanitized

# A cell, a name or a list of columns may be of any length. What is cut ends in dots, and no message hides another.
LINE, _WORD, _PATH, _FIELD = 500, 80, 300, 2000
_LABEL = pattern(" *(error|in|hint|note|warning|gate|gates): ")


def error_text(error: LosscliError) -> list[str]:
    """What is wrong, where, and how to fix it: three lines at most, which the console sanitizes."""
    # What is wrong with a command line may take several lines (the filter and a mark below it). Other messages hold
    # text from data, in which a line end must not begin a line of its own.
    first, *more = error.message.split("\n") if isinstance(error, UsageError) else [error.message]
    where = _where(error)
    return [
        f"error: {first}",
        *(f"     {line}" for line in more),
        *([f"   in: {', '.join(where)}"] if where else []),
        *([f" hint: {error.hint}"] if error.hint else []),
    ]


def on_screen(line: str, width: int) -> list[str]:
    """A line for people, cut to the width of their screen; what follows stands below the text, not below its label."""
    label = _LABEL.match(line)
    if label is None and line.startswith(" "):  # a filter, and the mark below it
        return [line]
    begin = "" if label is None else label[0]
    return layout.filled(line.removeprefix(begin), width, begin, " " * len(begin))


def _where(error: LosscliError) -> list[str]:
    where = []
    if error.path is not None:
        where.append("standard input" if error.path == "-" else sanitized(error.path, _PATH) + _line_of(error))
    if error.row is not None:
        where.append(f"row {error.row}" + (f" (line {error.line})" if error.line is not None else ""))
    if error.column is not None and error.row is not None:
        where.append(f"column '{sanitized(error.column, _WORD)}'")
    if error.value is not None and error.row is not None:
        where.append(f"value '{sanitized(error.value, _WORD)}'")
    return where


def _line_of(error: LosscliError) -> str:
    """`:7:1` as compilers say it, where something is about a line of a text and not about a row of data."""
    if error.row is not None or error.line is None:
        return ""
    return f":{error.line}" + (f":{error.character}" if error.character is not None else "")


def error_line(error: LosscliError, format: str, environment: Mapping[str, str]) -> str:
    """The error as one line for a program."""
    if format == "json":
        return _json({"schema": "losscli.error/1", **vars(error_result(error))})
    # The runner shows a line of the log for each line of the text, and takes orders only from the first.
    shown = [sanitized(line, LINE).strip() for line in error_text(error)]
    shown[0] = shown[0].removeprefix("error: ")
    return _command("error", f"losscli {error.code}", "\n".join(shown), *_place(error, environment))


def note_line(kind: str, message: str, format: str, count: int = 1) -> str:
    """A note or a warning as one line for a program."""
    if format == "json":
        return _json({"schema": "losscli.note/1", "kind": kind, "message": message, "count": count})
    times = f" ({count} times)" if count > 1 else ""
    return _command({"warning": "warning"}.get(kind, "notice"), "losscli", sanitized(message, LINE) + times)


def _json(fields: Mapping[str, object]) -> str:
    import json

    cut = {name: _bounded(value) if isinstance(value, str) else value for name, value in fields.items()}
    line = json.dumps(cut, allow_nan=False)
    # In JSON these read as before; a build server that looks for its commands in every line does not find them.
    line = line.replace("##", "#\\u0023")
    return re.sub("section_(start|end):", r"section_\1\\u003a", line)


def _bounded(text: str) -> str:
    return text if len(text) <= _FIELD else text[: _FIELD - len(ELLIPSIS)] + ELLIPSIS


def _place(error: LosscliError, environment: Mapping[str, str]) -> list[str]:
    """The line of a text file, for which the runner wants the path from the root of the repository."""
    if error.path in (None, "-") or error.line is None:
        return []
    path = str(error.path)
    root = environment.get("GITHUB_WORKSPACE")
    if root and "://" not in path:
        inside = os.path.relpath(path, root)
        path = path if inside.startswith("..") else inside.replace(os.sep, "/")
    return [f"file={_property(sanitized(path, _PATH))}", f"line={error.line}"]


def _command(name: str, title: str, text: str, *properties: str) -> str:
    listed = ",".join([f"title={_property(title)}", *properties])
    data = break_workflow_commands(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{name} {listed}::{data}"


def _property(text: str) -> str:
    for sign, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(sign, code)
    return text

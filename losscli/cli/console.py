"""The console: errors, notes and warnings on stderr, results on stdout or in files."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from types import ModuleType
from typing import Any, TextIO

import click

from losscli.cli import error_format, streams
from losscli.errors import FileError, LosscliError
from losscli.report.sanitized import break_workflow_commands, sanitized
from losscli.results import GateResult, WarningResult

_VERDICTS = {"passed": "pass", "failed": "FAIL", "skipped": "skip", "error": "ERROR"}
_COLOR = "losscli.cli.console.color"
_PIECE = 1 << 20  # characters that are encoded at once


_subject: ContextVar[str] = ContextVar("subject", default="")  # whom what is said is about, where there are several


@contextlib.contextmanager
def about(name: str | None) -> Iterator[None]:
    """What is said meanwhile is about this suite, and says so; None: there is but one run."""
    token = _subject.set("" if name is None else f"{name}: ")
    try:
        yield
    finally:
        _subject.reset(token)


def _messages() -> ModuleType:
    """The module of messages, which a run that has nothing to say goes without: start-up is a feature."""
    from losscli.cli import messages

    return messages


def print_error(error: LosscliError) -> None:
    """What is wrong, where, and how to fix it."""
    if _subject.get():
        # Not copied: with Dask's workers about, copies of exceptions share what they hold.
        error = replace(error, message=_subject.get() + error.message)
    if (format := error_format.spoken()) != "text":
        _raw_stderr(_messages().error_line(error, format, os.environ))
        return
    for line in _messages().error_text(error):
        _stderr(line)


def print_notes(notes: Sequence[str], quiet: bool = False) -> None:
    """Print notes, each on a line of its own; `quiet` prints none."""
    for note in () if quiet else notes:
        say("note", note)


def print_warnings(warnings: Sequence[WarningResult], quiet: bool = False) -> None:
    """What a reader of the numbers should know."""
    for warning in () if quiet else warnings:
        if not warning.noted:
            say(warning.kind, warning.message, warning.count)


def say(kind: str, message: str, count: int = 1) -> None:
    """One line on standard error that is no error: a "note", a "warning", a "gate"."""
    _raw_stderr(_line(kind, message, count))


def _line(kind: str, message: str, count: int = 1) -> str:
    message = _subject.get() + message
    # On GitHub a gate's annotation is part of the report, which knows where the gate stands.
    if (format := error_format.spoken()) == "json" or (format == "github" and kind in ("note", "warning")):
        line: str = _messages().note_line(kind, message, format, count)
        return line
    return _shown(f"{kind}: {message}" + (f" ({count} times)" if count > 1 else ""))


def print_gates(gates: Sequence[GateResult], quiet: bool = False) -> None:
    """The verdicts, and how many there are of each; quietly only those that are no pass."""
    times, lines = Counter(gate.gate for gate in gates), []
    for gate in gates:
        if quiet and gate.state == "passed":
            continue
        about = [*([gate.model] if gate.model is not None else []), *(f"{k}={v}" for k, v in gate.by.items())]
        whom = f" of {' '.join(about)}" if times[gate.gate] > 1 and about else ""
        lines.append(_line("gate", f"{_VERDICTS[gate.state]} {gate.gate}{whom}: {gate.reason}"))
    if gates and not quiet:
        counts = {state: sum(gate.state == state for gate in gates) for state in _VERDICTS}
        words = [f"{n} {'in error' if state == 'error' else state}" for state, n in counts.items() if n]
        lines.append(_line("gates", ", ".join(words)))
    if lines:  # together, as slices may be very many
        _raw_stderr("\n".join(lines))


def print_summary(text: str) -> None:
    """The last line: how it all ended."""
    if (format := error_format.spoken()) == "json":
        _raw_stderr(_messages().note_line("note", text, format))
    else:
        _stderr(text)


def _stderr(text: str) -> None:
    _raw_stderr(_shown(text))


def _shown(text: str) -> str:
    shown = sanitized(text, limit=_messages().LINE)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        shown = break_workflow_commands(shown)
    # Only people read to the width of a screen. In a log a message is one line, so that grep finds all of it.
    if sys.stderr is not None and is_terminal(sys.stderr):
        from losscli.cli import layout

        return "\n".join(_messages().on_screen(shown, layout.screen_width(sys.stderr.fileno())))
    return shown


def _raw_stderr(line: str) -> None:
    if sys.stderr is None:
        return
    encoding = sys.stderr.encoding or "ascii"
    streams.write_stderr(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def choose_color(context: click.Context, chosen: str) -> None:
    """What --color of a command says: "auto", "always" or "never". It wins over the environment."""
    context.meta[_COLOR] = chosen


def _chosen_color() -> str:
    context = click.get_current_context(silent=True)
    chosen = None if context is None else context.meta.get(_COLOR)
    return chosen or os.environ.get("LOSSCLI_COLOR", "auto")


def color_wanted(stream: TextIO | None = None) -> bool:
    """Whether stdout, or this stream, shows colours: a terminal, unless NO_COLOR or a dumb one; FORCE_COLOR=0: no."""
    chosen = _chosen_color()
    if chosen in ("always", "never"):
        return chosen == "always"
    if os.environ.get("NO_COLOR"):
        return False
    force = os.environ.get("FORCE_COLOR")
    if force:
        return force != "0"
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether stdout, or this stream, is a terminal."""
    try:
        return os.isatty((stream or sys.stdout).fileno())
    except (OSError, ValueError, AttributeError):
        return False


def in_sight() -> bool:
    """Whether what goes to stdout now may come out on the terminal, perhaps through a pager: unless it is a file."""
    try:
        return not stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):
        return True


def write_stdout(text: str, *, commands: bool = False) -> None:
    """Results: UTF-8 and plain newlines in files and pipes, the terminal's own encoding on a terminal.

    `commands` says that the text is for a build server to obey; all other text in it is sanitized.
    """
    # There the log is read by a machine that takes orders from it.
    if os.environ.get("GITHUB_ACTIONS") == "true" and not commands:
        text = break_workflow_commands(text)
    if not is_terminal() and not os.environ.get("PYTHONIOENCODING"):
        sys.stdout.flush()
        for start in range(0, len(text), _PIECE):  # a report may be as large as all else in memory
            sys.stdout.buffer.write(text[start : start + _PIECE].encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
        return
    encoding = sys.stdout.encoding or "ascii"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def view() -> dict[str, Any]:
    """How wide, in which colours and characters a report for stdout is rendered."""
    width = None
    if is_terminal():
        from losscli.cli import layout

        width = layout.screen_width()
    return {"width": width, "color": color_wanted(), "ascii_only": is_ascii(sys.stdout)}


def is_ascii(stream: TextIO) -> bool:
    """Whether a stream may show nothing but ASCII: Python takes a locale of C for one of UTF-8."""
    if next(filter(None, map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "") in ("C", "POSIX"):
        return True
    try:
        "─│…".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return True
    return False


__all__ = ["FileError", "about", "choose_color", "color_wanted", "in_sight", "is_ascii", "print_error", "print_gates",
           "print_notes", "print_summary", "print_warnings", "say", "view", "write_stdout"]  # fmt: skip

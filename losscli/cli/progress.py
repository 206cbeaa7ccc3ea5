"""Whether, and how, a command says how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from losscli.cli import console, error_format
from losscli.execution.watch import NO_PROGRESS, ProgressObserver

if TYPE_CHECKING:
    import threading

    from losscli.execution.progress import ProgressState, Showing


@contextmanager
def watched(given: Mapping[str, Any], *, passes: int = 1, output: str | None = None) -> Iterator[ProgressObserver]:
    """The watch of one run; `output` is where rows are written while it goes on."""
    showing = None if given["quiet"] else _showing(given["verbose"], output)
    if showing is None:
        yield NO_PROGRESS
        return
    from losscli.execution.progress import shown

    with shown(showing, passes) as told:
        yield told
    if given["verbose"]:
        console.print_notes([told.summary()])


def _showing(verbose: bool, output: str | None) -> Showing | None:
    """A line that comes and goes for a person who looks on; else lines of a log, for who asked for them."""
    from losscli.execution.progress import Line, Log, terminal

    if error_format.spoken() != "text":  # what a run did is worth a line for a program, how far it is is not
        return _unseen if verbose else None
    stream = terminal()
    if stream is not None and not (output == "-" and console.in_sight()):
        return Line(stream, console.color_wanted(stream))
    return Log(lambda text: console.print_notes([text])) if verbose else None


def _unseen(told: ProgressState, over: threading.Event) -> None:
    over.wait()

"""Whether, and how, a command shows its progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from losscli.cli import console, error_format
from losscli.execution.engines import ENGINES
from losscli.execution.progress import NO_PROGRESS, ProgressObserver

if TYPE_CHECKING:
    import threading

    from losscli.cli.option_values import ConsoleOptions
    from losscli.execution.progress import ProgressState, Showing


@contextmanager
def observed(
    asked: ConsoleOptions, *, passes: int = 1, output: str | None = None, engine: str = ENGINES[0]
) -> Iterator[ProgressObserver]:
    """The progress observer of one run; `output` is where rows are written meanwhile.

    Where a signal ends a run on a cluster, whose work is seen nowhere else, a note says how far it was.
    """
    showing = None if asked.quiet else _showing(asked.verbose, output)
    told = engine != ENGINES[0] and not asked.quiet and error_format.spoken() == "text"
    if showing is None and not told:
        yield NO_PROGRESS
        return
    from losscli.execution.progress import ProgressState, shown

    with nullcontext(ProgressState(passes)) if showing is None else shown(showing, passes) as state:
        try:
            yield state
        except Exception:
            raise
        except BaseException:
            if told and state.pace.rows + state.pace.rows_before:
                console.print_notes([f"stopped: {state.summary()}; nothing of it is kept"])
            raise
    if asked.verbose:
        console.print_notes([*state.notes, state.summary()])


def _showing(verbose: bool, output: str | None) -> Showing | None:
    """A line that is redrawn on a terminal; else lines of a log, with --verbose."""
    from losscli.execution.progress import Line, Log, terminal

    if error_format.spoken() != "text":  # a program that reads JSON lines gets what a run did, not how far it is
        return _unseen if verbose else None
    stream = terminal()
    if stream is not None and not (output == "-" and console.in_sight()):
        return Line(stream, console.color_wanted(stream), ascii_only=console.is_ascii(stream))
    return Log(lambda text: console.print_notes([text])) if verbose else None


def _unseen(state: ProgressState, over: threading.Event) -> None:
    over.wait()

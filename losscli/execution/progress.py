"""The progress of a run on standard error: one line that comes and goes on a terminal, a line now and then in a log.

A separate thread shows it, so that it appears and moves on also while one step of the work takes long; the cost for the
run is one small value a split.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol, TextIO

from losscli.lazy import dataclass

DELAY = 1.0  # seconds of work before a terminal shows anything
_TICK = 0.1
THREAD = "losscli-progress"  # its name
IMPORTING = threading.Lock()
"""Held while that thread imports: a fork made meanwhile would wait forever for the modules that are half imported."""

LOGGED = 30.0  # seconds between two lines of a log
_PATIENCE = 0.5  # seconds that a terminal gets to take the last line away
_BAR = 20
_NARROW = 80  # columns below which there is no bar beside the text
_PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Pace:
    """How far a run is. Each change replaces it as a whole, so that another thread never sees half of one."""

    passes: int
    begun: float  # when the run began
    number: int = 0  # of this pass
    since: float = 0.0  # when this pass began
    rows: int = 0
    size: int = 0
    total: int | None = None
    groups: int = 0
    rows_before: int = 0  # in earlier passes
    size_before: int = 0

    @property
    def share(self) -> float | None:
        """The part of this pass that is done, where it is known."""
        return min(self.size / self.total, 1.0) if self.total and self.size and not self.groups else None

    def text(self, now: float) -> str:
        """`12,400,000 rows, 1.2 of 4.7 GB, 2.1 M rows/s, 84 MB/s, about 0:00:31 left`, of this pass."""
        which = f"pass {self.number} of {self.passes}: " if self.passes > 1 and self.number else ""
        if not self.rows:
            return f"{which}reading"
        said = [f"{self.rows:,} row{'s' * (self.rows != 1)}"]
        if self.groups:
            return f"{which}{said[0]}, scoring {self.groups:,} group{'s' * (self.groups > 1)}"
        took = max(now - self.since, 1e-3)
        said += [_bytes(self.size, self.total)] if self.size else []
        said += [_rate(self.rows / took, "rows/s")]
        said += [f"{_bytes(int(self.size / took), None)}/s"] if self.size else []
        if self.share is not None:
            said += [f"about {timedelta(seconds=round(took / self.share - took))} left"]
        return which + ", ".join(said)

    def summary(self, now: float) -> str:
        """`read 12,400,000 rows, 4.7 GB in 5.9 s, 2.1 M rows/s`, of all passes."""
        rows, size, took = self.rows_before + self.rows, self.size_before + self.size, max(now - self.begun, 1e-3)
        passes = f" in {self.number} passes" if self.number > 1 else ""
        much = f", {_bytes(size, None)}" if size else ""
        return f"read {rows:,} row{'s' * (rows != 1)}{passes}{much} in {took:.1f} s, {_rate(rows / took, 'rows/s')}"


def _bytes(size: int, total: int | None) -> str:
    """`1.2 of 4.7 GB`: both in the unit of the larger."""
    factor, prefix = _unit(total or size)
    done = f"{min(size, total or size) / factor:.{1 if prefix else 0}f}"
    return f"{done} of {total / factor:.{1 if prefix else 0}f} {prefix}B" if total else f"{done} {prefix}B"


def _rate(number: float, of: str) -> str:
    """`2.1 M rows/s`, or `840 rows/s` below a thousand."""
    factor, prefix = _unit(number)
    return f"{number / factor:.1f} {prefix} {of}" if prefix else f"{number:.0f} {of}"


def _unit(number: float) -> tuple[float, str]:
    return next((unit for unit in _PREFIXES if number >= unit[0]), (1.0, ""))


class ProgressObserver(Protocol):
    """What is called as a run goes on: from one thread, once a split of rows or a batch."""

    def reads(self, size: int | None) -> None:
        """A pass over the data begins; it has so many bytes, where that is known."""
        ...

    def begin_again(self, reason: str) -> None:
        """What was done of this pass counts for nothing, for this reason: it is told again from its beginning."""
        ...

    def saw(self, rows: int, size: int) -> None:
        """So many more rows are done; they took so many bytes of their files, or 0 where that is not known."""
        ...

    def scores(self, groups: int) -> None:
        """All rows are read, and so many groups of them are scored now."""
        ...


class _NoProgress:
    def reads(self, size: int | None) -> None: ...

    def begin_again(self, reason: str) -> None: ...

    def saw(self, rows: int, size: int) -> None: ...

    def scores(self, groups: int) -> None: ...


NO_PROGRESS: ProgressObserver = _NoProgress()
"""The observer that ignores all calls."""


class ProgressState:
    """An observer that keeps how far the run is, for another thread to show."""

    def __init__(self, passes: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.pace = Pace(passes, clock())
        self.notes: list[str] = []  # why a pass was begun again

    def reads(self, size: int | None) -> None:
        """Begin a pass over the data, of `size` bytes; None if the size is unknown."""
        old = self.pace
        self.pace = Pace(
            old.passes, old.begun, old.number + 1, self.clock(), total=size,
            rows_before=old.rows_before + old.rows, size_before=old.size_before + old.size,
        )  # fmt: skip

    def begin_again(self, reason: str) -> None:
        """Drop what was counted of this pass, which is announced again."""
        old = self.pace
        self.pace = replace(old, number=max(old.number - 1, 0), rows=0, size=0, groups=0)
        self.notes.append(f"forked processes were given up, and all rows read again in threads: {reason}")

    def saw(self, rows: int, size: int) -> None:
        """Count more rows as done, and their bytes in the files; 0 if unknown."""
        old = self.pace
        self.pace = replace(old, rows=old.rows + rows, size=old.size + size)

    def scores(self, groups: int) -> None:
        """Begin to score so many groups, after all rows are read."""
        self.pace = replace(self.pace, groups=groups)

    def text(self) -> str:
        """How far the run is now."""
        return self.pace.text(self.clock())

    def summary(self) -> str:
        """What the run has read."""
        return self.pace.summary(self.clock())


Showing = Callable[[ProgressState, threading.Event], None]
"""Shows the state until the event is set, in a thread of its own."""


@contextmanager
def _blocked_signals() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def shown(by: Showing, passes: int = 1) -> Iterator[ProgressState]:
    """An observer whose state is shown while the block runs; when the block is left, nothing of it stays."""
    state, over = ProgressState(passes), threading.Event()
    thread = threading.Thread(target=by, args=(state, over), name=THREAD, daemon=True)
    with (
        _blocked_signals()
    ):  # a thread inherits it: one that it took would come through where the main thread blocks it
        thread.start()
    try:
        yield state
    finally:
        over.set()
        try:
            thread.join(_PATIENCE)
        except BaseException:  # Ctrl-C once more, before the line is gone
            thread.join(_PATIENCE)
            raise


@dataclass(frozen=True)
class Log:
    """Calls `say` with a line now and then."""

    say: Callable[[str], None]
    every: float = LOGGED

    def __call__(self, state: ProgressState, over: threading.Event) -> None:
        """Log a line every `every` seconds until `over` is set."""
        while not over.wait(self.every):
            with suppress(OSError, ValueError):  # the log has no reader any more; the run goes on
                self.say(state.text())


@dataclass(frozen=True)
class Line:
    """One line at the bottom of a terminal, gone when the work is over; a run shorter than `delay` shows none."""

    stream: TextIO
    color: bool
    delay: float = DELAY
    ascii_only: bool = False

    def __call__(self, state: ProgressState, over: threading.Event) -> None:
        """Keep the line up to date until `over` is set; show nothing before `delay` seconds."""
        if over.wait(self.delay):
            return
        with suppress(OSError, ValueError):  # the terminal went away; the run goes on
            self._show(state, over)

    def _show(self, state: ProgressState, over: threading.Event) -> None:
        with IMPORTING:
            from rich.console import Console
            from rich.live import Live

        console = Console(
            file=self.stream, force_terminal=True, force_interactive=True, force_jupyter=False,
            color_system="auto" if self.color else None, no_color=not self.color,
            markup=False, emoji=False, highlight=False, width=_width(self.stream),
        )  # fmt: skip
        live = Live(
            console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        with live:
            console.show_cursor()  # a process that is stopped or killed must not leave a terminal without one
            while True:
                if _in_foreground(self.stream):
                    console.width = _width(self.stream)
                    live.update(_line(state, console.width, self.ascii_only), refresh=True)
                if over.wait(_TICK):
                    return


def _line(state: ProgressState, width: int, ascii_only: bool) -> Any:
    """The text, and a bar before it where there is room and something to show."""
    with IMPORTING:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

    text = Text(state.text(), no_wrap=True, overflow="crop")
    share = state.pace.share
    if share is None or width < _NARROW:
        return text
    line = Table.grid(padding=(0, 1))
    line.add_column(width=_BAR)
    line.add_column(no_wrap=True, overflow="crop")
    # rich asks the encoding alone, and in a locale of C that is Python's UTF-8.
    bar = Text("-" * round(_BAR * share)) if ascii_only else ProgressBar(total=1.0, completed=share, width=_BAR)
    line.add_row(bar, text)
    return line


def terminal() -> TextIO | None:
    """Standard error, if it is a terminal on which a line can come and go."""
    try:
        able = os.isatty(sys.stderr.fileno()) and os.environ.get("TERM") not in ("dumb", "unknown")
    except (OSError, ValueError, AttributeError):
        return None
    return sys.stderr if able else None


def _in_foreground(stream: TextIO) -> bool:
    """Whether this job is in the foreground: one in the background must not write over what the user types."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except OSError:  # a terminal, but not the controlling one of this process
        return True


def _width(stream: TextIO) -> int:
    given = os.environ.get("COLUMNS", "")
    if given.isdigit() and 20 <= int(given) <= 10_000:
        return int(given)
    try:
        return max(os.get_terminal_size(stream.fileno()).columns, 20)
    except OSError:
        return 80

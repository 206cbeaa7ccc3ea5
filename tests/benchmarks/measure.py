"""Whole processes in turn: what they took, and what is made of two of them.

This parent stays small (no NumPy here): a child begins with its parent's memory, so its peak is never below that.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MAXRSS = 1 if sys.platform == "darwin" else 1024  # bytes of one unit of ru_maxrss

_LAST = 5  # lines of its complaints that are shown
_PAUSE = 0.005  # seconds between two looks at the memory of all processes, or four times what a look takes

TOGETHER = "memory together"
"""Compared where forks do the work: looking takes time of processors, so times are not compared in such a row."""


class Failed(Exception):
    """A process that did not end well, with the last thing it said."""


@dataclass(frozen=True)
class Usage:
    """What one process took: seconds on the wall, seconds of processors (user + system), peak memory in MB.

    `peak` is that of the largest process where there are several, `together` the largest sum that was seen of the
    memory of all, in which what several share counts once; 0 where nobody looked.
    """

    seconds: float
    cpu: float
    peak: float
    together: float = 0.0


@dataclass(frozen=True)
class SplitResult:
    """One run of a side; `base` is what its program takes without the work, where a row says what that is."""

    run: Usage
    base: Usage | None = None

    def over(self, what: str) -> float:
        """Seconds or peak beyond those of the base."""
        assert self.base is not None
        return float(getattr(self.run, what) - getattr(self.base, what))


@dataclass(frozen=True)
class Spread:
    """Median and quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Compared:
    """A number made of our run and theirs; `least`: the goal is a lower bound."""

    number: Callable[..., float]
    unit: str = "×"
    least: bool = False


COMPARED = {
    "time": Compared(lambda ours, theirs: ours.run.seconds / theirs.run.seconds),
    "CPU": Compared(lambda ours, theirs: ours.run.cpu / theirs.run.cpu),
    "memory": Compared(lambda ours, theirs: ours.run.peak / theirs.run.peak),
    "memory over imports": Compared(lambda ours, theirs: ours.over("peak") / theirs.over("peak")),
    "speed-up": Compared(lambda ours, theirs: theirs.over("seconds") / ours.over("seconds"), least=True),
    "seconds": Compared(lambda ours: ours.run.seconds, unit=" s"),
    "peak memory": Compared(lambda ours: ours.run.peak, unit=" MB"),
    TOGETHER: Compared(lambda ours: ours.run.together, unit=" MB"),
}


def process(
    argv: Sequence[str], folder: Path, environment: Mapping[str, str], output: Path, *, together: bool = False
) -> Usage:
    """Run one process to its end; what it prints goes to `output`. `together`: look at the memory of its forks, too."""
    complaints = output.with_suffix(".stderr")
    with output.open("wb") as out, complaints.open("wb") as err:
        started = time.perf_counter()
        child = subprocess.Popen(argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        with _Watch(child.pid, together) as watch:
            _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)  # reaped here, not by Popen
    if child.returncode:
        said = complaints.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
        raise Failed("\n    ".join([" ".join(argv), f"exit code {child.returncode}", *said[-_LAST:]]))
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _MAXRSS / 1e6, watch.most / 1e6)


class _Watch:
    """Looks at the memory of a process and its children until it ends."""

    def __init__(self, pid: int, asked: bool) -> None:
        self.pid, self.most, self._ended = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._look) if asked else None

    def _look(self) -> None:
        pause = 0.0
        while not self._ended.wait(pause):
            began = time.perf_counter()
            self.most = max(self.most, sum(map(proportional_bytes, (self.pid, *children(self.pid)))))
            pause = max(_PAUSE, 4 * (time.perf_counter() - began))

    def __enter__(self) -> _Watch:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()


def children(pid: int) -> list[int]:
    """The children of a process, as Linux tells them, and those of its children."""
    found: list[int] = []
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return [*found, *(more for child in found for more in children(child))]


def proportional_bytes(pid: int) -> int:
    """The memory of a process, where a page that n processes share counts an n-th (PSS); 0 if it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def in_turn(
    sides: Sequence[Callable[[], SplitResult]], runs: int, done: Callable[[], None]
) -> list[tuple[SplitResult, ...]]:
    """Rounds in which each side runs once, so that what disturbs the machine disturbs them alike.

    The first round warms caches and does not count; one side alone is not compared, so it needs none. `done` looks at
    what each round printed.
    """

    def rounds() -> Iterator[tuple[SplitResult, ...]]:
        for _ in range(runs + (len(sides) > 1)):
            yield tuple(take() for take in sides)
            done()

    return list(rounds())[-runs:]


def spread(compared: str, rounds: Sequence[tuple[SplitResult, ...]]) -> Spread:
    """The number of each round, then median and quartiles: a ratio a pair, not a ratio of medians."""
    return Spread.of([COMPARED[compared].number(*taken) for taken in rounds])


def met(compared: str, found: Spread, limit: float | None) -> bool | None:
    """Whether the median is within a limit; None where there is none."""
    if limit is None:
        return None
    return found.median >= limit if COMPARED[compared].least else found.median <= limit

"""Forks of this process that work beside it: they share no lock of an interpreter, and start at once.

A thread that finds the interpreter's lock taken sleeps, and is woken late; processes do not wait for each other. A fork
has all that was imported and prepared, and shares the memory of it. It takes the numbers of items from a pipe, one
after the other, and sends back what it makes of them. That pays where answers are small; what is large, a fork may
hold until it has no more work, and send once. This process takes numbers from the pipe, too, and looks for answers
after each of its own items: so one fork fewer copies what it changes.

A fork that ends without an answer, whatever the reason, is no error: its item is answered with a `WorkerError`, so that
the caller does it again, and finds what is wrong with it if there is anything.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from losscli.execution.engines import Answer, Item, MapFunction, WorkerError
from losscli.execution.progress import IMPORTING, THREAD
from losscli.lazy import dataclass
from losscli.parallel import using_threads

MOST = 4096  # items whose numbers a pipe has room for
_NUMBER = 8  # bytes of a number in a pipe
_HEAD = 2 * _NUMBER  # before an answer stand its size and the number of its item
_PIECE = 1 << 20  # bytes of answers that are read at a time, and for which a pipe has room
_ENDS = (signal.SIGINT, signal.SIGTERM)
_TASKS = Path("/proc/self/task")
_FORKED = frozenset({"jemalloc_bg_thd"})  # the thread of an allocator, which sets its locks right in a fork


def can_fork() -> bool:
    """Whether a fork of this process can do work: it has one thread, and others might hold a lock as it is made.

    Only Linux tells of the threads of libraries. That which shows progress may hold two locks that the work needs, of
    `losscli.lazy` and of `IMPORTING`: a fork waits for both, and so has both.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return False
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    try:
        names = [(task / "comm").read_text().strip() for task in _TASKS.iterdir()]
    except OSError:  # a thread that has just ended, or no /proc
        return False
    counted = sum(name not in _FORKED for name in names)
    return counted == 1 + len(others) and all(thread.name == THREAD for thread in others)


@dataclass(frozen=True)
class Processes:
    """Work in `count` processes: this one and forks of it.

    Each gives what it `held` when there is no more work. Once all answers were given, `ends` has that of each, or a
    `WorkerError` of one that ended without.
    """

    count: int
    is_remote: bool = True
    held: Callable[[], Any] | None = None
    ends: list[Any] = field(default_factory=list)

    def map(
        self, function: MapFunction[Item, Answer], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, in order; at most `MOST` items, which are known before work begins."""
        known = list(items)
        forks = _Forks(min(self.count, len(known)) - 1, function, known, self.held)
        try:
            for number, item in enumerate(known):
                answer: Answer | Exception = forks.answer(number)
                yield item, answer
            if self.held is not None:
                self.ends.extend([self.held(), *forks.ends()])
        finally:
            forks.stop()


class _Forks:
    """The forks, and what they and this process have answered so far."""

    def __init__(self, count: int, function: Any, items: Sequence[Any], held: Callable[[], Any] | None) -> None:
        self.function, self.items, self.held = function, items, held
        self.answers: dict[int, Any] = {}  # by the numbers of items, until they are asked for
        self.last: list[int] = []  # the number of what each fork sends at its end: above those of items
        self.received: dict[int, bytearray] = {}  # by the pipe of the fork
        self.pids: dict[int, int] = {}  # of the forks that have not ended, by their pipes
        self.numbers, waiting = os.pipe()
        os.set_blocking(waiting, False)  # a user of many pipes gets small ones: what has no room, no fork takes
        os.write(waiting, b"".join(number.to_bytes(_NUMBER, "little") for number in range(len(items))))
        os.close(waiting)  # so that the forks find the end
        try:
            for last in range(len(items), len(items) + count):
                self._start(last)
        except BaseException:  # a signal
            self.stop()
            raise

    def _start(self, last: int) -> None:
        import fcntl  # other systems have none, and do not come here

        try:
            mine, its = os.pipe()
        except OSError:  # too many files: see below
            return
        with suppress(OSError):  # a user of many pipes: a fork then waits until this process has done its item
            fcntl.fcntl(its, fcntl.F_SETPIPE_SZ, _PIECE)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # a fork must not meet one in code that cleans up
        try:
            with warnings.catch_warnings(), IMPORTING:
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads, of which `can_fork` knows
                pid = os.fork()
            if not pid:
                end = last, self.held
                _work(self.function, self.items, self.numbers, its, [mine, *self.received], end)
            self.pids[mine], self.received[mine] = pid, bytearray()
            self.last.append(last)
        except OSError:  # too many processes: the others do the work
            os.close(mine)
        finally:
            os.close(its)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def answer(self, number: int) -> Any:
        """The answer of this item, once it is there."""
        while number not in self.answers:
            if taken := os.read(self.numbers, _NUMBER):
                self._work_on(int.from_bytes(taken, "little"))
            elif not self.received:
                return _ended()
            self._receive(patience=0 if taken else None)
        return self.answers.pop(number)

    def ends(self) -> list[Any]:
        """What each fork held, once all have ended."""
        while self.received:
            self._receive(patience=None)
        return [self.answers.pop(number, _ended()) for number in self.last]

    def _work_on(self, number: int) -> None:
        with using_threads(1):
            try:
                self.answers[number] = self.function(self.items[number], _never)
            except Exception as error:
                self.answers[number] = _failed(error)

    def _receive(self, patience: int | None) -> None:
        """Take what the forks have sent; without patience, only what is there."""
        waiting = select.poll()
        for pipe in self.received:
            waiting.register(pipe, select.POLLIN)
        for pipe, _ in waiting.poll(patience):
            if not (piece := os.read(pipe, _PIECE)):
                self._leave(pipe)
                continue
            got = self.received[pipe]
            got += piece
            while len(got) >= _HEAD and len(got) >= _HEAD + (size := int.from_bytes(got[:_NUMBER], "little")):
                number = int.from_bytes(got[_NUMBER:_HEAD], "little")
                try:
                    self.answers[number] = pickle.loads(bytes(memoryview(got)[_HEAD : _HEAD + size]))
                except Exception as error:
                    self.answers[number] = _failed(error)
                del got[: _HEAD + size]

    def stop(self) -> None:
        """End the forks: what they still do is needed no more."""
        os.close(self.numbers)
        for pipe in list(self.pids):
            with suppress(ProcessLookupError):
                os.kill(self.pids[pipe], signal.SIGKILL)
            self._leave(pipe)

    def _leave(self, pipe: int) -> None:
        """A fork has ended, or is about to."""
        os.close(pipe)
        del self.received[pipe]
        with suppress(ChildProcessError):  # where a shell said that nobody waits for the processes of this one
            os.waitpid(self.pids.pop(pipe), 0)


def _ended() -> WorkerError:
    return WorkerError("the process that worked on it has ended")


def _work(
    function: Any, items: Sequence[Any], numbers: int, out: int, others: Sequence[int],
    end: tuple[int, Callable[[], Any] | None],
) -> NoReturn:  # fmt: skip
    """The life of a fork. It leaves without cleaning up: files, buffers and exit handlers are those of its origin."""
    try:
        for its_end in _ENDS:  # a terminal sends them to all of its processes; those in the background ignore them
            if signal.getsignal(its_end) is not signal.SIG_IGN:
                signal.signal(its_end, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
        gc.freeze()  # what is shared stays so
        for pipe in others:
            os.close(pipe)
        with using_threads(1):
            while taken := os.read(numbers, _NUMBER):
                number = int.from_bytes(taken, "little")
                _answer(out, number, partial(function, items[number], _never))
            last, held = end
            if held is not None:
                _answer(out, last, held)
    finally:
        os._exit(0)


def _failed(error: Exception) -> WorkerError:
    return WorkerError(f"{type(error).__name__}: {error}")


def _answer(out: int, number: int, made: Callable[[], Any]) -> None:
    try:
        sent = pickle.dumps(made(), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        sent = pickle.dumps(_failed(error))
    _send(out, len(sent).to_bytes(_NUMBER, "little") + number.to_bytes(_NUMBER, "little"))
    _send(out, sent)


def _send(out: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(out, rest) :]


def _never() -> bool:
    return False

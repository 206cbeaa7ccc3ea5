"""Forks of this process that work beside it: they share no lock of an interpreter, and start at once.

A thread that finds the interpreter's lock taken sleeps, and is woken late; processes do not wait for each other. A fork
has all that was imported and prepared, and shares the memory of it. It takes the numbers of items from a pipe, one
after the other, and sends back what it makes of them. That pays where answers are small; what is large, a fork may
collect until it has no more work, and send once, as its final answer. This process takes numbers from the pipe, too,
and looks for answers after each of its own items: so one fork fewer copies what it changes.

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
from contextlib import contextmanager, suppress
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
_SIGNALS = (signal.SIGINT, signal.SIGTERM)  # which end a process
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
    """Work in processes: this one and forks of it.

    Attributes
    ----------
    count
        How many work, this process included.
    is_remote
        True, as most of them are not this process.
    """

    count: int
    is_remote: bool = True

    def map(
        self, function: MapFunction[Item, Answer], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, in order; at most `MOST` items, which are known before work begins."""
        with self.working(function, list(items)) as forks:
            yield from forks.answers()

    @contextmanager
    def working(
        self, function: Any, items: Sequence[Any], final_answer: Callable[[], Any] | None = None
    ) -> Iterator[Forks]:
        """Forks that work on at most `MOST` items until the block is left.

        `final_answer` gives what a process adds to its answers when no item is left.
        """
        forks = Forks(min(self.count, len(items)) - 1, function, items, final_answer)
        try:
            yield forks
        finally:
            forks.stop()


class Forks:
    """The forks, and what they and this process have answered so far.

    The numbers of items for which the pipe has no room, as for a user of many pipes, no process takes: these items are
    answered like those of a fork that has ended.
    """

    def __init__(self, count: int, function: Any, items: Sequence[Any], final_answer: Callable[[], Any] | None) -> None:
        self.function, self.items, self.final_answer = function, items, final_answer
        self.known: dict[int, Any] = {}  # answers by the numbers of items, until they are asked for
        self.final_numbers: list[int] = []  # those of the final answers of forks: above those of items
        self.received: dict[int, bytearray] = {}  # by the pipe of the fork
        self.pids: dict[int, int] = {}  # of the forks that have not ended, by their pipes
        self.numbers, self.unanswered = -1, _ended()
        try:
            self.numbers, waiting = os.pipe()
        except OSError as error:  # too many files: nobody gets a number
            self.unanswered = _failed(error)
            return
        os.set_blocking(waiting, False)
        os.write(waiting, b"".join(number.to_bytes(_NUMBER, "little") for number in range(len(items))))
        os.close(waiting)  # so that the forks find the end
        try:
            for final_number in range(len(items), len(items) + count):
                self._start(final_number)
        except BaseException:  # a signal
            self.stop()
            raise

    def _start(self, final_number: int) -> None:
        import fcntl  # other systems have none, and do not come here

        try:
            mine, its = os.pipe()
        except OSError:  # too many files: the others do the work
            return
        with suppress(OSError):  # a user of many pipes: a fork then waits until this process has done its item
            fcntl.fcntl(its, fcntl.F_SETPIPE_SZ, _PIECE)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # a fork must not meet one in code that cleans up
        try:
            with warnings.catch_warnings(), IMPORTING:
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads, of which `can_fork` knows
                pid = os.fork()
            if not pid:
                _work(self, final_number, its, [mine, *self.received])
            self.pids[mine], self.received[mine] = pid, bytearray()
            self.final_numbers.append(final_number)
        except OSError:  # too many processes: the others do the work
            os.close(mine)
        finally:
            os.close(its)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def answers(self) -> Iterator[tuple[Any, Any]]:
        """Each item with its answer, in order; a `WorkerError` where it has none."""
        for number, item in enumerate(self.items):
            yield item, self._answer(number)

    def final_answers(self) -> list[Any]:
        """The final answer of each process, once all items are answered; a `WorkerError` where it has none."""
        while self.received:
            self._receive(patience=None)
        own = [] if self.final_answer is None else [self.final_answer()]
        return own + [self.known.pop(number, self.unanswered) for number in self.final_numbers]

    def _answer(self, number: int) -> Any:
        """The answer of this item, once it is there."""
        while number not in self.known:
            if taken := b"" if self.numbers < 0 else os.read(self.numbers, _NUMBER):
                self._work_on(int.from_bytes(taken, "little"))
            elif not self.received:
                return self.unanswered
            self._receive(patience=0 if taken else None)
        return self.known.pop(number)

    def _work_on(self, number: int) -> None:
        with using_threads(1):
            try:
                self.known[number] = self.function(self.items[number], _never)
            except Exception as error:
                self.known[number] = _failed(error)

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
                    self.known[number] = pickle.loads(bytes(memoryview(got)[_HEAD : _HEAD + size]))
                except Exception as error:
                    self.known[number] = _failed(error)
                del got[: _HEAD + size]

    def stop(self) -> None:
        """End the forks: what they still do is needed no more."""
        if self.numbers >= 0:
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


def _work(forks: Forks, final_number: int, out: int, others: Sequence[int]) -> NoReturn:
    """The life of a fork. It leaves without cleaning up: files, buffers and exit handlers are those of its origin."""
    try:
        for number in _SIGNALS:  # a terminal sends them to all of its processes; those in the background ignore them
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        gc.freeze()  # what is shared stays so
        for pipe in others:
            os.close(pipe)
        with using_threads(1):
            while taken := os.read(forks.numbers, _NUMBER):
                item = int.from_bytes(taken, "little")
                _answer(out, item, partial(forks.function, forks.items[item], _never))
            if forks.final_answer is not None:
                _answer(out, final_number, forks.final_answer)
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

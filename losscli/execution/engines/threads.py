"""Threads of this process: NumPy and Arrow let go of the interpreter's lock while they compute."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic

from losscli.execution.engines import Answer, Item, KernelCall

BUDGET = 192 << 20
"""Bytes that items may take together. Where one takes much, fewer threads than there are work at a time."""

AHEAD = 2  # items that may wait for their turn beside those that are worked on
_PATIENCE = 0.3  # seconds that threads get to end when nobody wants their work any more


@dataclass(frozen=True)
class Threads:
    """Work in `count` threads of this process; with one, in the caller's."""

    count: int
    is_remote: bool = False

    def map(self, work: KernelCall[Item, Answer], items: Iterable[Item]) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, in order; few items are taken ahead, so memory does not grow with the run."""
        if self.count == 1:
            for item in items:
                yield item, _done(work, item, _never)
            return
        pool = _WorkerPool(work, iter(items), self.count + AHEAD)
        try:
            yield from pool.answers(self.count)
        finally:
            pool.leave()


def _never() -> bool:
    return False


def _done(work: KernelCall[Item, Answer], item: Item, stopped: Callable[[], bool]) -> Answer | Exception:
    try:
        return work(item, stopped)
    except Exception as error:
        return error


@dataclass
class _Task(Generic[Item, Answer]):
    """One item that was taken and what came of it, or how the taking of items failed."""

    memory_bytes: int = 0
    found: tuple[Item, Answer | Exception] | None = None
    failed: BaseException | None = None

    @property
    def ready(self) -> bool:
        return self.found is not None or self.failed is not None


@dataclass
class _WorkerPool(Generic[Item, Answer]):
    """Threads that take one item after the other, each at its turn, and work on them side by side."""

    work: KernelCall[Item, Answer]
    items: Iterator[Item]
    most: int
    slots: deque[_Task[Item, Answer]] = field(default_factory=deque)
    taken: bool = False  # whether there are no more items
    gone: bool = False  # whether nobody waits for answers any more
    turn: threading.Lock = field(default_factory=threading.Lock)
    change: threading.Condition = field(default_factory=threading.Condition)
    threads: list[threading.Thread] = field(default_factory=list)

    def answers(self, count: int) -> Iterator[tuple[Item, Answer | Exception]]:
        for _ in range(count):
            thread = threading.Thread(target=self._run, daemon=True)
            self.threads.append(thread)
            thread.start()
        while (slot := self._first()) is not None:
            if slot.failed is not None:
                raise slot.failed
            assert slot.found is not None
            yield slot.found

    def leave(self) -> None:
        """Nobody wants more; a thread that hangs in a read is left behind."""
        with self.change:
            self.gone = True
            self.change.notify_all()
        end = time.monotonic() + _PATIENCE
        for thread in self.threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _first(self) -> _Task[Item, Answer] | None:
        """The oldest slot, when it is ready; None when there are no more."""
        with self.change:
            while not (self.slots[0].ready if self.slots else self.taken):
                self.change.wait()
            if not self.slots:
                return None
            slot = self.slots.popleft()
            self.change.notify_all()
            return slot

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            slot, item = taken
            answer = _done(self.work, item, lambda: self.gone)
            with self.change:
                slot.found = item, answer
                self.change.notify_all()

    def _take(self) -> tuple[_Task[Item, Answer], Item] | None:
        slot: _Task[Item, Answer] = _Task()
        with self.turn:
            with self.change:
                while len(self.slots) >= self.most and not self.gone:
                    self.change.wait()
                if self.gone or self.taken:
                    return None
            try:
                item = next(self.items)
            except BaseException as error:
                with self.change:
                    self.taken = True
                    if not isinstance(error, StopIteration):
                        slot.failed = error
                        self.slots.append(slot)
                    self.change.notify_all()
                return None
            with self.change:
                slot.memory_bytes = item.memory_bytes
                while not self.gone and (busy := self._in_work()) and busy + slot.memory_bytes > BUDGET:
                    self.change.wait()
                self.slots.append(slot)
        return slot, item

    def _in_work(self) -> int:
        return sum(slot.memory_bytes for slot in self.slots if not slot.ready)

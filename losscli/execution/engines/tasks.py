"""Items packed into tasks by their bytes: a task has costs of its own, and so has an item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic

from losscli.execution.engines import Item
from losscli.lazy import dataclass

TASK_BYTES = 8 << 20
"""Bytes of the items of a task at most, unless one item has more: so many cost far more than to send a task."""

ITEM_BYTES = TASK_BYTES >> 6
"""What an item costs at least, as bytes: to open a file takes as long as to read so many."""

FIRST_TASK_BYTES = 1 << 20
"""Bytes of the first tasks, by which later ones grow: a few megabytes of small files are enough for several workers."""

TASKS_OF_SIZE = 4
"""Tasks of one size, before those that are `FIRST_TASK_BYTES` larger."""


@dataclass(frozen=True)
class Task(Generic[Item]):
    """Items that are sent to a worker together, or what ended them."""

    items: list[Item]
    failed: Exception | None = None


def tasks(items: Iterable[Item]) -> Iterator[Task[Item]]:
    """The items in order, packed into larger and larger tasks.

    An error of the iteration is the last task, so that those before it are not lost.
    """
    waiting: list[Item] = []
    held = sent = 0
    try:
        for item in items:
            cost = max(item.size or item.memory_bytes, ITEM_BYTES)
            if waiting and held + cost > min(TASK_BYTES, FIRST_TASK_BYTES * (1 + sent // TASKS_OF_SIZE)):
                yield Task(waiting)
                waiting, held, sent = [], 0, sent + 1
            waiting.append(item)
            held += cost
    except Exception as error:
        if waiting:
            yield Task(waiting)
        yield Task([], error)
        return
    if waiting:
        yield Task(waiting)

"""Engines do the work: an engine maps a function over items (splits of rows, groups) and gives the answers in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.remote.input import RemoteInput


class TakesMemory(Protocol):
    """An item that takes about `memory_bytes` bytes of memory while it is worked on, and `size` bytes of a file."""

    @property
    def size(self) -> int:
        """Its bytes in the file; 0 if unknown."""
        ...

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory the task needs."""
        ...


Item = TypeVar("Item", bound=TakesMemory)
Answer = TypeVar("Answer")

MapFunction = Callable[[Item, Callable[[], bool]], Answer]
"""What is done with one item. It calls its second argument now and then: when that is True, its answer is not needed
any more, and it may return anything."""


class WorkerError(Exception):
    """What a fork or a worker raised, as text; the caller finds the error itself by doing the work again."""


ENGINES = ("threads", "dask")
"""The names of all engines; the first is the default."""


@dataclass(frozen=True)
class Expected:
    """A file that all workers must find: where it is here, its name as given, its size and its time in nanoseconds.

    A file that is not on a disk is `remote`, and has no time.
    """

    place: str
    path: str
    size: int
    time: int = 0
    remote: RemoteInput | None = None


class Engine(Protocol):
    """What does the work: nothing but the time it takes depends on the choice of engine."""

    @property
    def count(self) -> int:
        """How many items are worked on at a time."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether other processes do work: their answers, and a cluster's items, are pickled.

        Where this process works beside its forks, what it answers itself is not.
        """
        ...

    def map(
        self, function: MapFunction[Item, Answer], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, or with the exception that `function` raised, in the order of the items.

        What the iteration of `items` itself raises is raised here, after the answers of the items before.
        """
        ...

"""Who does the work: an engine maps a function over splits of rows and hands back what came of each, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar


class TakesMemory(Protocol):
    """Work that takes memory: about `memory_bytes` bytes of it."""

    @property
    def memory_bytes(self) -> int: ...


Item = TypeVar("Item", bound=TakesMemory)
Answer = TypeVar("Answer")

KernelCall = Callable[[Item, Callable[[], bool]], Answer]
"""What is done to one item; it asks now and then whether it may stop, and what it then returns is thrown away."""


ENGINES = ("threads", "dask")
"""The names of all engines; the first is the one that nobody has to ask for."""


@dataclass(frozen=True)
class Expected:
    """A file that others must find: where it is here, how it was called, its size and its time in nanoseconds."""

    place: str
    path: str
    size: int
    time: int


class Engine(Protocol):
    """Whoever does the work: nothing but the time it takes depends on this choice."""

    @property
    def count(self) -> int:
        """How many items are worked on at a time."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether the work happens in other processes, so that items and answers are pickled."""
        ...

    def map(self, work: KernelCall[Item, Answer], items: Iterable[Item]) -> Iterator[tuple[Item, Answer | Exception]]:
        """Each item with its answer, or with what `work` raised, in the order of the items.

        What the iteration of `items` itself raises is raised here, after the answers of the items before.
        """
        ...

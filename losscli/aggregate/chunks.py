"""The chunks of rows that a kernel takes at once.

After each step of NumPy a thread asks for the interpreter's lock. A step on 16,384 numbers takes 5 microseconds, and
threads that take such steps wait for each other more than they compute; one on 65,536 takes 20 to 30, and threads
hardly meet. Larger steps leave the cache.
"""

from __future__ import annotations

from collections.abc import Iterator

from losscli.binding.plan import Input, Table
from losscli.binding.ragged_lists import is_ragged, lengths
from losscli.contract.kinds import Array

CHUNK = 1 << 16  # rows, where one is few numbers
_CACHED = 1 << 18  # numbers of one array that a kernel takes at once


def cut_rows(
    inputs: tuple[Input | Table | None, ...], args: tuple[Array | None, ...], cut: slice
) -> tuple[Array | None, ...]:
    """The arguments of some of the rows; tables stay whole."""
    return tuple(a if a is None or isinstance(s, Table) else a[cut] for a, s in zip(args, inputs, strict=True))


class Chunk:
    """Some of the rows, for several kernel calls: what two of them have in common is the same array in both."""

    def __init__(self, cut: slice) -> None:
        self.cut = cut
        self._found: dict[int, tuple[Array, Array]] = {}  # by the id of the whole array, which is held

    def of(self, whole: Array | None) -> Array | None:
        """These rows of an array."""
        if whole is None:
            return None
        found = self._found.get(id(whole))
        if found is None:
            found = self._found[id(whole)] = whole[self.cut], whole
        return found[0]

    def arguments(
        self, inputs: tuple[Input | Table | None, ...], args: tuple[Array | None, ...]
    ) -> tuple[Array | None, ...]:
        """The arguments of these rows; tables stay whole."""
        return tuple([a if isinstance(side, Table) else self.of(a) for a, side in zip(args, inputs, strict=True)])


def cuts(
    rows: int, args: tuple[Array | None, ...], inputs: tuple[Input | Table | None, ...], most: int
) -> Iterator[slice]:
    """Slices of at most `most` rows, fewer where a row is many numbers."""
    return cuts_of(rows, chunk_size(rows, args, inputs, most))


def cuts_of(rows: int, step: int) -> Iterator[slice]:
    """Slices of `step` rows; there is one also where there are no rows."""
    return (slice(start, start + step) for start in range(0, max(rows, 1), step))


def chunk_size(rows: int, args: tuple[Array | None, ...], inputs: tuple[Input | Table | None, ...], most: int) -> int:
    """How many rows a kernel with these arguments takes at once: at most `most`, fewer where a row is many numbers."""
    numbers = [
        _numbers(a) // max(rows, 1)
        for a, s in zip(args, inputs, strict=True)
        if a is not None and not isinstance(s, Table)
    ]
    tables = [len(a) for a, s in zip(args, inputs, strict=True) if a is not None and isinstance(s, Table)]
    return max(1, min(most, _CACHED // max([1, *numbers, *tables])))


def _numbers(values: Array) -> int:
    return int(lengths(values).sum()) if is_ragged(values) else values.size

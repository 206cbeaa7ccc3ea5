"""The walk over all pairs of a group in tiles, which are never all held: memory for N vectors, not for N x N.

One tile of similarities serves its rows and its columns, so where the columns are the rows themselves, only the half
above the diagonal is worked out.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any, TypeVar

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.losses._math import measured, norm
from losscli.parallel import map_in_order

Made = TypeVar("Made")

HEIGHT, WIDTH = 256, 512  # rows by columns of one tile: 1 MB, so that it stays in the cache while it is worked on
PANEL = 4096  # rows and columns of one task; what a task answers is merged in the order of tasks
TASKS = 8  # panels a side that even a small group is cut into, so that there is work for several threads
NUMBERS = 1 << 20  # that a task holds of its rows, and of its columns
BLOCK = 1 << 17  # numbers of vectors that are looked at one by one, beside the walk

# Up to this 1 / temperature, e^(cosine / temperature) is far from overflow and underflow, sums and gradients included.
# One exponential without a shift then serves the row and the column.
REACH = {"float64": 128.0, "float32": 32.0}


@dataclass(frozen=True)
class Side:
    """The vectors of one side, of one array or several one after the other; divided by `lengths` if there are any."""

    parts: tuple[Array, ...]
    lengths: Array | None

    @classmethod
    def of(cls, *parts: Array, normalize: bool) -> Side:
        """Unit vectors, or vectors as they are; a zero vector stays zero."""
        if not normalize:
            return cls(parts, None)
        found = [norm(part[cut]) for part in parts for cut in blocks(part)]
        lengths = np.concatenate(found) if found else np.zeros(0)
        if np.isinf(lengths).any():  # some are longer than any double, and become shorter
            shorter = [measured(part) for part in parts]
            parts = tuple(part for part, _ in shorter)
            lengths = np.concatenate([length[:, 0] for _, length in shorter])
        return cls(parts, np.where(lengths > 0, lengths, 1.0))

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    @property
    def width(self) -> int:
        return int(self.parts[0].shape[1])

    def read(self, rows: slice, out: Array) -> Array:
        """Some of the vectors, written into `out`: no walk holds a copy of all."""
        start = 0
        for part in self.parts:
            low, high = max(rows.start, start), min(rows.stop, start + len(part))
            if low < high:
                here, there = part[low - start : high - start], out[low - rows.start : high - rows.start]
                if self.lengths is None:
                    there[:] = here
                else:
                    np.divide(here, self.lengths[low:high, None], out=there, casting="same_kind")
            start += len(part)
        return out

    def blocks(self, count: int) -> Iterator[tuple[slice, Array]]:
        """The first `count` vectors in float64, a block at a time."""
        for cut in cuts(count, max(1, BLOCK // max(self.width, 1))):
            yield cut, self.read(cut, np.empty((cut.stop - cut.start, self.width)))

    def chosen(self, places: Array) -> Array:
        """The vectors at these places, in float64."""
        out = np.empty((len(places), self.width))
        start = 0
        for part in self.parts:
            mine = (places >= start) & (places < start + len(part))
            out[mine] = part[places[mine] - start]
            start += len(part)
        return out if self.lengths is None else out / self.lengths[places, None]


class _Room(threading.local):
    """Memory that a thread works in, kept from tile to tile: fresh pages cost as much as the arithmetic on them."""

    def __init__(self) -> None:
        self.held: dict[str, Array] = {}

    def get(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
        size = math.prod(shape)
        if name not in self.held or self.held[name].size < size:
            self.held[name] = np.empty(size, dtype)
        return self.held[name][:size].reshape(shape)


@dataclass(frozen=True)
class Pairs:
    """Every row against every column. `mates` is each row's one positive (-1: it has none, or several).

    Where the columns are the rows themselves (`itself`), mates are mutual, no row is paired with itself, and `classes`
    numbers the class of each row that has several positives (-1 for others). Else row i's mate is column i, and where
    both sides pick (`both`), column i's mate is row i.
    """

    rows: Side
    columns: Side
    mates: Array
    temperature: float
    precision: str = "float64"
    itself: bool = False
    both: bool = False
    classes: Array | None = None
    room: _Room = field(default_factory=_Room, compare=False)

    @property
    def near(self) -> bool:
        """Whether e^(s / temperature) needs no shift; tiles then hold s / temperature, else s."""
        return self.rows.lengths is not None and 1 / self.temperature <= REACH[self.precision]

    @property
    def divisor(self) -> float:
        return 1.0 if self.near else self.temperature


@dataclass(frozen=True)
class Panel:
    """What one task does: these rows against these columns."""

    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


@dataclass(frozen=True)
class Tile:
    """Similarities of some rows and columns of a panel: -inf for mates, and for what another tile or place has."""

    rows: slice
    columns: slice
    values: Array
    starts: Array  # the vectors
    ends: Array
    singles: Array  # rows (of all) whose mates are here
    mates: Array  # similarities to them
    origin: tuple[int, int]  # first row and column of all

    @staticmethod
    def place(whole: slice, piece: slice) -> slice:
        return slice(whole.start + piece.start, whole.start + piece.stop)

    def same(self, classes: Array) -> Array:
        """Which pairs are of one class that has several pairs."""
        rows, columns = (classes[at : at + n] for at, n in zip(self.origin, self.values.shape, strict=True))
        return (rows[:, None] == columns) & (rows[:, None] >= 0) & (self.values > -np.inf)


def walk(pairs: Pairs, wanted: int, work: Callable[[Pairs, Panel], Made]) -> Iterator[tuple[Panel, Made]]:
    """Every panel of the first `wanted` rows, with what `work` made of it, in one order for any number of threads."""
    side = _side(len(pairs.columns), pairs.rows.width)
    panels = [
        Panel(rows, columns)
        for rows in cuts(wanted, side)
        for columns in cuts(len(pairs.columns), side)
        if not pairs.itself or columns.start >= rows.start
    ]
    yield from zip(panels, map_in_order(lambda panel: work(pairs, panel), panels), strict=True)


def tiles(pairs: Pairs, panel: Panel) -> Iterator[Tile]:
    """A panel's tiles; each is gone when the next one comes, as they share memory."""
    tall, wide = panel.shape
    kind = np.dtype(pairs.precision)
    starts = pairs.rows.read(panel.rows, pairs.room.get("starts", (tall, pairs.rows.width), kind))
    ends = pairs.columns.read(panel.columns, pairs.room.get("ends", (wide, pairs.rows.width), kind))
    if pairs.near:
        starts /= kind.type(pairs.temperature)
    for rows in cuts(tall, HEIGHT):
        for columns in cuts(wide, WIDTH):
            first, left = panel.rows.start + rows.start, panel.columns.start + columns.start
            height, width = rows.stop - rows.start, columns.stop - columns.start
            if pairs.itself and left + width <= first + 1:
                continue  # on the other side of the diagonal
            values = pairs.room.get("tile", (height, width), kind)
            np.matmul(starts[rows], ends[columns].T, out=values)
            mates = pairs.mates[first : first + height]
            here = (mates >= left) & (mates < left + width)
            if pairs.itself:
                here &= mates > np.arange(first, first + height)
            (single,) = np.nonzero(here)
            found = values[single, mates[single] - left].astype(np.float64)
            values[single, mates[single] - left] = -np.inf
            if pairs.itself and left < first + height:
                below = np.arange(left, left + width) <= np.arange(first, first + height)[:, None]
                np.copyto(values, -np.inf, where=below)
            yield Tile(rows, columns, values, starts[rows], ends[columns], single + first, found, (first, left))


def cuts(count: int, step: int) -> Iterator[slice]:
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def blocks(vectors: Array) -> Iterator[slice]:
    """Rows of a matrix, few enough at a time that what is made of them takes no memory to speak of."""
    return cuts(len(vectors), max(1, BLOCK // max(vectors.shape[1], 1)))


def _side(count: int, width: int) -> int:
    """Rows and columns of a panel, from the size of the group alone: panels decide what is added up in which order."""
    fair = -(-count // (TASKS * WIDTH)) * WIDTH
    return max(WIDTH, min(PANEL, fair, NUMBERS // max(width, 1) // WIDTH * WIDTH))


def finite(top: Array | float) -> Array:
    """0 for the top of no others at all."""
    return np.where(np.isneginf(top), 0.0, top)

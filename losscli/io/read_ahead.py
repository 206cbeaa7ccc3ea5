"""Remote files are asked for before they are read: the next ones are on their way while some are scored."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from losscli.io.source import Fragment, ReadAs

FILES = 32
"""Files that are asked for ahead of those that are read."""

SPLITS = 2
"""Splits of a file that are asked for ahead of the one that is read."""

BYTES = 48 << 20
"""Bytes that are asked for ahead and not read yet."""

Group = tuple[int, Sequence[Fragment]]


S = TypeVar("S")


def files_ahead(
    groups: Iterable[Group], fragments: Sequence[Fragment], projection: Mapping[str, ReadAs]
) -> Iterator[Group]:
    """The groups of files as they come; the files after them have been asked for."""
    begun: deque[tuple[int, int]] = deque()
    next_file = 0
    for start, group in groups:
        while begun and begun[0][0] < start:
            begun.popleft()
        next_file = max(next_file, start)
        until = min(start + len(group) + FILES, len(fragments))
        while next_file < until and (left := BYTES - sum(size for _, size in begun)) > 0:
            begun.append((next_file, _asked(partial(fragments[next_file].ask_ahead, projection, left))))
            next_file += 1
        yield start, group


def splits_ahead(splits: Iterable[S], count: int = SPLITS) -> Iterator[S]:
    """The splits of remote files; the next ones have been asked for, at most so many."""
    waiting: deque[tuple[S, int]] = deque()
    for split in splits:
        waiting.append((split, begun(split, BYTES - sum(size for _, size in waiting))))
        if len(waiting) > count:
            yield waiting.popleft()[0]
    for split, _ in waiting:
        yield split


def begun(split: object, most: int) -> int:
    """Begin the requests for a split, if it is remote, for at most so many bytes; it returns how many."""
    ask: Callable[[int], int] | None = getattr(split, "ask_ahead", None)
    return 0 if ask is None or most <= 0 else _asked(partial(ask, most))


def _asked(ask: Callable[[], int]) -> int:
    try:
        return ask()
    except Exception:  # whatever it is: it is raised in its place, when the split is read
        return 0

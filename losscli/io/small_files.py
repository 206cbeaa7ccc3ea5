"""Small files that are alike are read together: a folder of thousands costs what its bytes do, not its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from losscli.io.source import Fragment, ReadAs

SMALL = 1 << 18
"""Bytes of a file that is read with others."""

TOGETHER = 2 << 20
"""Bytes of the files that are read together: enough that calls are few, and that threads get as much each."""


def in_groups(
    fragments: Sequence[Fragment], projection: Mapping[str, ReadAs]
) -> Iterator[tuple[int, Sequence[Fragment]]]:
    """The fragments in order, each with its number and those after it that are read with it."""
    start = 0
    while start < len(fragments):
        first, end = fragments[start], start + 1
        size = first.small_size(projection)
        while size is not None and end < len(fragments) and first.is_like(fragments[end]):
            more = fragments[end].small_size(projection)
            if more is None or size + more > TOGETHER:
                break
            size, end = size + more, end + 1
        yield start, fragments[start:end]
        start = end

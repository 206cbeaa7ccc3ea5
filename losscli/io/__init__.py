"""A path, or a table in memory, becomes parts that can be read independently, each a stream of record batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from losscli.io.files.open import open_source
from losscli.io.source import DEFAULT_NULLS, Batch, Dropped, Part, ReadOptions, Source, Stretch, Want

if TYPE_CHECKING:
    from losscli.io.formats.in_memory import from_memory

__all__ = [
    "DEFAULT_NULLS",
    "Batch",
    "Dropped",
    "Part",
    "ReadOptions",
    "Source",
    "Stretch",
    "Want",
    "from_memory",
    "open_source",
]


def __getattr__(name: str) -> Any:
    """Most runs read files, so tables in memory are imported when they are first asked for: start-up is a feature."""
    if name == "from_memory":
        from losscli.io.formats.in_memory import from_memory

        return from_memory
    raise AttributeError(name)

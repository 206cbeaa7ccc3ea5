"""A path, or a table in memory, becomes parts that can be read independently, each a stream of record batches."""

from losscli.source.batch import DEFAULT_NULLS, Batch, Dropped, Part, ReadOptions, Source, Stretch, Want
from losscli.source.join import join
from losscli.source.memory import from_memory
from losscli.source.opening import open_source

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
    "join",
    "open_source",
]

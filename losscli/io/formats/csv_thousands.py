"""Columns of numbers whose digits are in groups of three, read by Arrow's functions as fast as its reader allows."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from losscli.io.arrow.buffers import EXACT, largest
from losscli.io.arrow.canonical import grouped_numbers, separators


def ungrouped_numbers(
    column: pa.ChunkedArray, nulls: Collection[str], decimal: str, thousands: str
) -> pa.ChunkedArray | None:
    """The numbers of cells of bytes; None if one of them may be wrong, or rounded, which the exact reader tells."""
    import pyarrow.compute as pc

    try:
        texts = pc.ascii_trim(column.cast(pa.string()), " \t")
        grouped = pc.match_substring_regex(texts, f"^(?:{grouped_numbers(decimal, thousands).pattern})$")
        if pc.any(grouped).as_py():
            plain = pc.replace_substring_regex(texts, separators(thousands), "")
            texts = pc.if_else(grouped, plain, texts)
        missing = pc.is_in(texts, pa.array(sorted(nulls), pa.string()))
        texts = pc.if_else(missing, pa.scalar(None, pa.string()), texts)
        if decimal != ".":
            if pc.any(pc.match_substring(texts, ".")).as_py():
                return None
            texts = pc.replace_substring(texts, decimal, ".")
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    # Arrow rounds 9007199254740993, and reads 1e309 as infinite.
    return numbers if largest(numbers.chunks) < EXACT else None

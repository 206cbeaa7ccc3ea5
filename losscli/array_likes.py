"""What Python callers hand in as a column: arrays of other libraries, and Series that have an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from losscli.errors import DataError


def plain(values: Any) -> Any:
    """`values` so that NumPy reads them: without a gradient, on the host, in a type of float that NumPy has."""
    if hasattr(values, "detach") and hasattr(values, "requires_grad"):
        values = values.detach()
        values = values.cpu() if hasattr(values, "cpu") else values
    if str(getattr(values, "dtype", "")).rpartition(".")[2] == "bfloat16":
        # A single holds every bfloat16.
        return values.float() if hasattr(values, "float") else values.astype("float32")
    return values


def check_indexes(columns: Mapping[str, Any]) -> None:
    """A DataError where Series have different indexes: by row order, wrong rows would be paired."""
    known = [(name, values.index) for name, values in columns.items()
             if hasattr(values, "iloc") and hasattr(getattr(values, "index", None), "equals")]  # fmt: skip
    for name, index in known[1:]:
        if len(index) == len(known[0][1]) and not index.equals(known[0][1]):
            raise DataError(
                f"'{known[0][0]}' and '{name}' have different indexes",
                hint="put them in one DataFrame, which aligns them, or pair them by row order with .to_numpy()",
                column=name, code="DATA_MISMATCH",
            )  # fmt: skip

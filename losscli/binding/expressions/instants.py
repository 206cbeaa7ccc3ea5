"""What a column of dates or times is compared with in a filter."""

from __future__ import annotations

import pyarrow as pa

from losscli.errors import DataError, Location
from losscli.io.arrow.canonical import canonical_label, instant_label
from losscli.io.arrow.types import is_instant


def label_beside(text: str, kind: pa.DataType, name: str, location: Location) -> str:
    """The label of a literal beside a column of this type; text that is no instant says nothing beside instants.

    The texts of instants have the order of time, but only if both are in one form.
    """
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not is_instant(inner):
        return canonical_label(text)
    zoned = pa.types.is_timestamp(inner) and inner.tz is not None
    label = instant_label(text, zoned)
    if label is None:
        bare = not zoned and instant_label(text, True) is not None
        what = "has an offset, but the column has no zone" if bare else "is no date or time in ISO 8601"
        raise DataError(
            f"column '{name}' holds {inner}, and the filter compares it with '{text}', which {what}",
            path=location.path_of(name), column=name, value=text, code="DATA_WRONG_TYPE",
            hint="write it as \"2024-01-31\" or \"2024-01-31 13:45\"",
        )  # fmt: skip
    return label

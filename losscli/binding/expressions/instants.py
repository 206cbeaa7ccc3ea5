"""What a column of dates or times is compared with in a filter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from losscli.errors import DataError, Location
from losscli.io.arrow.canonical import canonical_label, instant_label
from losscli.io.arrow.decode import Texts
from losscli.io.arrow.types import is_instant

_HINT = 'write it as "2024-01-31" or "2024-01-31 13:45"'
_UTC = "+00:00"

ZONED = f"1970-01-01 00:00:00{_UTC}"
"""The label of some time with an offset."""


def labels_beside(
    text: str, kind: pa.DataType, cells: Texts, name: str, location: Location
) -> Callable[[str], str]:  # fmt: skip
    """The label of a literal beside each of the labels of a column.

    It is one for all, unless the column is text in which some times have an offset and others have none: beside a time
    with one, the literal is a time in UTC, too.
    """
    label = label_beside(text, kind, name, location)
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    zoned = None if is_instant(inner) else instant_label(text, True)
    if zoned is None:
        return lambda _: label
    if label != zoned:
        return lambda cell: zoned if cell.endswith(_UTC) and instant_label(cell, True) == cell else label
    for code, cell in enumerate(cells.names):
        if instant_label(cell, False) is not None and (rows := np.flatnonzero(cells.codes == code)).size:
            raise location.error(
                int(rows[0]), name, f"column '{name}' holds a time without an offset, and the filter compares it with "
                f"'{text}', which has one", cell, _HINT, code="DATA_WRONG_TYPE",
            )  # fmt: skip
    return lambda _: label


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
            hint=_HINT,
        )  # fmt: skip
    return label

"""The labels in lists such as `[{"label": "a", "score": 0.9}]`: those that the first rows have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from losscli.io.arrow.keyed import keyed_fields, labels_in, with_labels
from losscli.io.source import Source


def with_known_labels(source: Source, names: Iterable[str]) -> Source:
    """The source with types that say which labels the lists of these columns have, where they are such lists."""
    types = dict(source.types)
    for name in dict.fromkeys(names):
        if keyed_fields(types.get(name)) is None:
            continue
        first = source.fragments[0].first_batch({name: "number"})
        if first is not None and (labels := labels_in(first.data.column(0))):
            types[name] = with_labels(types[name], sorted(labels, key=_natural))
    return replace(source, types=types)


def _natural(label: str) -> tuple[int, int, str]:
    """Whole numbers in their order, then texts: the order must not depend on which label comes first in the data."""
    return (0, int(label), "") if label.isdecimal() and label.isascii() and len(label) < 16 else (1, 0, label)

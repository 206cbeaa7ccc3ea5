"""A column of labels in dictionary encoding, and the choice of some of its rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from losscli.contract.kinds import Array
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import Texts
from losscli.lazy import dataclass

_FEW = 1 << 12
_remembered = lru_cache(maxsize=_FEW)(canonical_label)
"""The labels of columns with few of them, which come again with every batch."""


def taken(values: Array, index: RowNumbers) -> Array:
    """The values at these places; a range is all of them."""
    return values if isinstance(index, range) else values[index]


@dataclass(frozen=True)
class EncodedLabels:
    """One text a row, or several: indexes into `names`; -1 is missing."""

    codes: Array
    names: tuple[str, ...]
    column: str

    @staticmethod
    def of(found: Texts, column: str) -> EncodedLabels:
        """The labels of a column from its decoded texts, unchanged."""
        return EncodedLabels(found.codes, found.names, column)

    def canonical(self) -> EncodedLabels:
        """The same with labels in canonical form: the rows of 1 and of 1.0 get one code."""
        names = tuple(map(_remembered if len(self.names) <= _FEW else canonical_label, self.names))
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        if len(places) == len(names):
            return EncodedLabels(self.codes, names, self.column)
        renumbered = np.array([*(places[name] for name in names), -1])
        return EncodedLabels(renumbered[self.codes], tuple(places), self.column)

    def take(self, index: RowNumbers) -> EncodedLabels:
        """The labels of the rows at these indexes; a range stands for all rows."""
        return EncodedLabels(taken(self.codes, index), self.names, self.column)

    def texts(self) -> list[str]:
        """The label of each row, where none is missing."""
        return [self.names[code] for code in self.codes]

    def mapped(self, values: list[float], otherwise: float) -> Array:
        """values[code] a row; `otherwise` where missing."""
        return np.array([*values, otherwise])[self.codes]

"""Splits that are found without reading the rows before them: one that ends inside a record is read anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from losscli.io.batches import Batch
from losscli.io.source import Split


class UnprovenSplit(ABC):
    """The base of splits that end where a line does, which nearly always is the end of a record.

    If all splits before it end with a record, it begins with one. The lines of its rows are not known.
    """

    @abstractmethod
    def batches(self, first_row: int) -> Iterator[Batch]:
        """The rows in order; the first is row `first_row` of its file.

        Raises
        ------
        ValueError
            If the split does not end with a record.
        """

    @abstractmethod
    def rest(self) -> Iterator[Split]:
        """Its rows and all after it in the fragment, in splits that are cut as the text is read: at ends of records."""

"""Splits that are found without reading the rows before them, so that they may turn out to be none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from losscli.io.source import Split


class UnprovenSplit(ABC):
    """The base of splits that are supposed to end with a record, as all before them; to read one that does not raises.

    The lines of its rows are not known.
    """

    @abstractmethod
    def rest(self) -> Iterator[Split]:
        """Its rows and all after it in the fragment, in splits that are not merely supposed."""

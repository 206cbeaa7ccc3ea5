"""How far a run is: it tells whoever was handed to it, and knows nothing of who that is."""

from __future__ import annotations

from typing import Protocol


class ProgressObserver(Protocol):
    """Told from one thread, once a split of rows or a batch."""

    def reads(self, size: int | None) -> None:
        """A pass over the data begins; it has so many bytes, where that is known."""
        ...

    def saw(self, rows: int, size: int) -> None:
        """So many more rows are done; they took so many bytes of their files, or 0 where that is not known."""
        ...

    def scores(self, groups: int) -> None:
        """All rows are read, and so many groups of them are scored now."""
        ...


class _NoProgress:
    def reads(self, size: int | None) -> None: ...

    def saw(self, rows: int, size: int) -> None: ...

    def scores(self, groups: int) -> None: ...


NO_PROGRESS: ProgressObserver = _NoProgress()
"""Who does not want to know."""

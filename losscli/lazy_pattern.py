"""Regular expressions that are compiled when first used.

To compile one takes as long as to import a small module, and a short run uses few of those that its modules name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import compile as pattern

__all__ = ["pattern"]


class _Pattern:
    """Stands for a compiled pattern: it has its attributes, each looked up once."""

    def __init__(self, text: Any, flags: int = 0) -> None:
        self._asked = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by copy and pickle
            raise AttributeError(name)
        found = getattr(re.compile(*self._asked), name)  # `re` holds it for the next name
        setattr(self, name, found)
        return found

    def __repr__(self) -> str:
        return f"pattern{self._asked}"


if not TYPE_CHECKING:
    pattern = _Pattern

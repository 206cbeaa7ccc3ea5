"""Where `-o` sends results other than as files in a report format, pictures, and runs on tracking servers.

The word before `=` chooses a module here, whose `destination` makes one of the words.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence

from losscli.results import SuiteResult


class Destination(ABC):
    """A destination of results. What is wrong with it is known before a row is read.

    Attributes
    ----------
    path : str or None
        The file that it writes, if it is one.
    """

    path: str | None = None

    @property
    @abstractmethod
    def like(self) -> str:
        """The report format that needs what this needs of a run: hashes, pictures, the command."""

    def check(self) -> None:
        """Raise what can be found wrong before a row is read, such as a server that does not answer."""
        return

    @abstractmethod
    def write(self, suites: Sequence[SuiteResult]) -> list[str]:
        """Send the results; what the user should hear. A run is one suite without a name."""


_MODULES = {"plot": "pictures", "mlflow": "mlflow", "wandb": "wandb"}
WORDS = tuple(_MODULES)
"""The words before `=`, up to a colon."""


def taken(texts: Sequence[str]) -> tuple[tuple[str, ...], tuple[Destination, ...]]:
    """The outputs that are none of these, and the destinations."""
    others: list[str] = []
    found: list[Destination] = []
    for text in texts:
        word, equals, _ = text.partition("=")
        module = _MODULES.get(word.partition(":")[0])
        if not equals or module is None:
            others.append(text)
        else:
            found.append(importlib.import_module(f"{__name__}.{module}").destination(text))
    return tuple(others), tuple(found)

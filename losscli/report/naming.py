"""Names for machines: of results and gates, in the characters that a format allows, and no two alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from losscli.results import LossResult


def about(model: str | None, by: Mapping[str, str]) -> list[str]:
    """Whom a number is about: the model, then each slice as `column=value`."""
    return [*([] if model is None else [model]), *(f"{name}={value}" for name, value in by.items())]


def called(result: LossResult) -> str:
    """What a result is called: a blend by the name it was given, a loss by its spec, for it may be asked for twice."""
    return result.spec if result.parts is None else result.loss


@dataclass
class Unique:
    """Each key's name: the first that asks for one gets it, others get it with a number behind.

    The order of asking decides, so the same run gives the same names.
    """

    numbered: str = "{}_{}"
    _names: dict[object, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def reserve(self, *names: str) -> Unique:
        """Names that no key gets."""
        self._taken.update(names)
        return self

    def of(self, key: object, wanted: str) -> str:
        """The name of this key, always the same."""
        if key not in self._names:
            name, number = wanted, 1
            while name in self._taken:
                number += 1
                name = self.numbered.format(wanted, number)
            self._taken.add(name)
            self._names[key] = name
        return self._names[key]


def restricted(text: str, unfit: re.Pattern[str]) -> str:
    """The text with an underscore for each character that does not fit; never empty.

    >>> restricted("huber:delta=0.5", re.compile("[^a-z]"))
    'huber_delta____'
    """
    return unfit.sub("_", text) or "_"

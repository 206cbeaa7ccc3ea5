"""Names of results and gates in other systems: in the characters that these allow, and no two the same."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from losscli.report.view import exact
from losscli.results import Evaluation, LossResult


def subject(model: str | None, by: Mapping[str, str]) -> list[str]:
    """What a number is about: the model, then each slice as `column=value`."""
    return [*([] if model is None else [model]), *(f"{name}={value}" for name, value in by.items())]


def display_name(result: LossResult) -> str:
    """The name of a composite loss, or the spec of another loss, which may occur twice with other parameters."""
    return result.spec if result.parts is None else result.loss


def nonfinite_results(evaluation: Evaluation) -> list[str]:
    """The results that are not finite, in words: `rmse ridge country=FR is nan`."""
    return [
        f"{' '.join([result.spec, *subject(result.model, result.by)])} is {exact(result.value)}"
        for result in evaluation.results
        if not math.isfinite(result.value)
    ]


@dataclass
class UniqueNames:
    """One name per key. If two keys ask for the same name, the second gets it with a number.

    The order of the calls decides, so the same run always gives the same names.

    Attributes
    ----------
    numbered : str
        How a name with a number is written.
    """

    numbered: str = "{}_{}"
    _names: dict[object, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def reserve(self, *names: str) -> UniqueNames:
        """Take names that no key gets."""
        self._taken.update(names)
        return self

    def name(self, key: object, wanted: str) -> str:
        """The name of a key: `wanted` if it is free. It is the same in every call."""
        if key not in self._names:
            name, number = wanted, 1
            while name in self._taken:
                number += 1
                name = self.numbered.format(wanted, number)
            self._taken.add(name)
            self._names[key] = name
        return self._names[key]


def underscored(text: str, disallowed: re.Pattern[str]) -> str:
    """The text with an underscore for each disallowed character. It is never empty.

    Examples
    --------
    >>> underscored("huber:delta=0.5", re.compile("[^a-z]"))
    'huber_delta____'
    """
    return disallowed.sub("_", text) or "_"

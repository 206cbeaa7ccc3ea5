"""Names of results and gates in other systems: in the characters that these allow, and no two the same."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import field

from losscli.lazy import dataclass
from losscli.report.view import exact
from losscli.results import Evaluation, LossResult
from losscli.results.columns import notable

_MARK = 6  # hexadecimal digits of a hash: the names that it tells apart are already alike


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
        for result in notable(evaluation.results)
        if not math.isfinite(result.value)
    ]


@dataclass
class UniqueNames:
    """One name per key. A key whose name is taken gets it with a mark.

    Attributes
    ----------
    numbered : str or None
        How a name with a number is written, if that is the mark. None: the mark is a part of the hash of the key, which
        does not depend on the order of the calls.
    """

    numbered: str | None = None
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
                name = self.numbered.format(wanted, number) if self.numbered else marked(wanted, repr((key, number)))
            self._taken.add(name)
            self._names[key] = name
        return self._names[key]


def marked(name: str, *texts: str) -> str:
    """The name with the first digits of a hash of what it stands for."""
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name}_{digest[:_MARK]}"


def safe_name(text: str, disallowed: re.Pattern[str], shown: str | None = None) -> str:
    """The text; with an underscore for each disallowed character, and then with a part of its hash.

    A name depends on its text alone: another thing in the run, or one that is not there any more, changes no name, so
    that what reads two runs does not take one thing for another. It is never empty.

    Parameters
    ----------
    text : str
        What is named.
    disallowed : re.Pattern[str]
        The characters that the name must not have.
    shown : str, optional
        The text as it is shown, if that is another one.

    Examples
    --------
    >>> safe_name("rmse", re.compile("[^a-z]"))
    'rmse'
    >>> safe_name("a.b", re.compile("[^a-z]"))
    'a_b_4258e3'
    """
    name = disallowed.sub("_", text if shown is None else shown) or "_"
    return name if name == text else marked(name, text)

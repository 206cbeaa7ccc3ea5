"""Parameters that are several numbers, such as the levels of quantiles: one for each entry of a role's vectors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from losscli.contract.kinds import Array
from losscli.errors import DataError, UsageError

NEAR_PAIR = 1e-9  # two levels are those of one central interval if their sum is so near to 1


class Bounds(Protocol):
    """What the check of the numbers needs of a parameter's declaration."""

    @property
    def mirrored(self) -> bool:
        """Whether the numbers are levels that face each other across 0.5."""
        ...

    @property
    def any_order(self) -> bool:
        """Whether the numbers need not ascend."""
        ...

    @property
    def range(self) -> str:
        """The bounds in words."""
        ...

    def allows(self, value: float) -> bool:
        """Whether a number lies within the bounds."""
        ...


class Listed(Protocol):
    """What the check of the widths needs of a parameter."""

    @property
    def entries_of(self) -> str | None:
        """The role whose vectors have an entry for each of the numbers."""
        ...

    @property
    def steps_of(self) -> str | None:
        """The role that counts how many of the numbers lie below it."""
        ...


def checked_numbers(where: str, bounds: Bounds, value: Any) -> tuple[float, ...]:
    """Numbers within the range, ascending if they must, or a UsageError; a lone number is a list of one."""
    given: Sequence[Any] = value.tolist() if isinstance(value, np.ndarray) else value
    given = [given] if isinstance(given, (int, float, np.number)) else given
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise UsageError(f"{where} must be numbers; got {value!r}", hint="write them as 0.1|0.5|0.9",
                         code="USAGE_BAD_PARAMETER")  # fmt: skip
    numbers = list(given)
    for number in numbers:
        sound = isinstance(number, (int, float, np.number)) and not isinstance(number, bool) and np.isfinite(number)
        if not sound:
            raise UsageError(f"{where} must be numbers; got {number!r}", hint="write them as 0.1|0.5|0.9",
                             code="USAGE_BAD_PARAMETER")  # fmt: skip
        if not bounds.allows(float(number)):
            raise UsageError(f"{where} must be {bounds.range}; got {number:g}", code="USAGE_BAD_PARAMETER")
    found = tuple(map(float, numbers))
    if not found:
        raise UsageError(f"{where} has no numbers", hint="write them as 0.1|0.5|0.9", code="USAGE_BAD_PARAMETER")
    for before, after in itertools.pairwise(found):
        if after <= before and not bounds.any_order:
            raise UsageError(f"{where} must be in ascending order; got {before:g} before {after:g}",
                             code="USAGE_BAD_PARAMETER")  # fmt: skip
    if bounds.mirrored and (lone := unpaired(found)) is not None:
        raise UsageError(f"{where} must come in pairs p and 1 - p, with or without 0.5; {lone:g} has no partner",
                         code="USAGE_BAD_PARAMETER")  # fmt: skip
    return found


def unpaired(levels: Sequence[float]) -> float | None:
    """The first of these ascending levels that no level faces across 0.5; the median faces itself."""
    known = np.asarray(levels)
    for level in levels:
        if not (np.abs(known - (1 - level)) <= NEAR_PAIR).any():
            return level
    return None


def widths(params: Mapping[str, Listed], values: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Parameter, role, and how many entries the vectors of the role have to have."""
    for name, spec in params.items():
        if spec.entries_of is not None and values.get(name) is not None:
            yield name, spec.entries_of, len(values[name])


def entries_of(role: str, params: Mapping[str, Listed], values: Mapping[str, Any]) -> tuple[float, ...] | None:
    """The numbers of which the vectors of a role have one entry each; None where no parameter is such a list."""
    return next((values[name] for name, of, _ in widths(params, values) if of == role), None)


def steps_of(role: str, params: Mapping[str, Listed], values: Mapping[str, Any]) -> int | None:
    """How many numbers the list has that a role counts; None where no parameter is such a list."""
    lists = (values[name] for name, spec in params.items() if spec.steps_of == role)
    return next((len(value) for value in lists if isinstance(value, tuple)), None)


def beyond_last(values: Array, last: int) -> tuple[int, str] | None:
    """The first row whose number of a class or bin is beyond the last one, and the number."""
    beyond = values > last
    if not beyond.any():
        return None
    row = int(np.argmax(beyond))
    return row, f"{float(values[row]):g}"


def check_widths(
    loss_name: str, params: Mapping[str, Listed], values: Mapping[str, Any], arrays: Mapping[str, Array | None]
) -> None:
    """A DataError where vectors of a Python call do not have one entry for each number of a parameter."""
    for name, role, count in widths(params, values):
        array = arrays.get(role)
        if array is not None and array.shape[-1] != count:
            raise DataError(
                f"'{role}' of '{loss_name}' has {array.shape[-1]} numbers per row, and '{name}' has {count}"
            )

"""Columns of several levels, as forecasts of quantiles have them: the name of each column says its level.

`q_0.1`, `q10`, `TFT-q-0.9`, `p90`, `median`, `0.9`; `lo-90` and `hi-90` are the bounds of a central interval of 90 %.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, NamedTuple

from losscli.binding.column_names import ColumnSet
from losscli.binding.spec import LossSpec, Spec
from losscli.contract.row_parameters import ColumnParameter
from losscli.errors import UsageError

_NUMBER = r"[-_. ]?([0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_LEVEL = re.compile(rf"(?:.*[^a-z])?(?:q|ql|p|quantile|percentile){_NUMBER}", re.IGNORECASE | re.ASCII | re.DOTALL)
_BOUND = re.compile(rf"(?:.*[^a-z])?(lo|low|lower|hi|high|upper){_NUMBER}", re.IGNORECASE | re.ASCII | re.DOTALL)
_MEDIAN = re.compile(r"(?:.*[^a-z])?median", re.IGNORECASE | re.ASCII | re.DOTALL)
_PLAIN = re.compile(r"0?\.[0-9]+|[01]\.0+", re.ASCII)
_SHOWN = 12  # levels that a note lists


class _Level(NamedTuple):
    """A level, and whether its name gives it as a fraction or in per cent; None where it does neither."""

    value: Fraction
    unit: str | None


@dataclass(frozen=True)
class Levels:
    """The parameter that names of columns say, the role of these columns, and level -> column."""

    parameter: str
    role: str
    columns: ColumnSet
    names: Mapping[float, str]

    def each(self, spec: Spec) -> list[Spec]:
        """The loss at each level, in their order, and the mean of these as a composite loss."""
        ((_, part),) = spec.parts
        ordered = [
            replace(part, params=part.loss.settle({**part.params, self.parameter: level}), unset=())
            for level in sorted(self.names)
        ]
        alone = [Spec(((1.0, one),)) for one in ordered]
        if len(ordered) == 1:
            return alone
        return [*alone, Spec(tuple((1 / len(ordered), one) for one in ordered), f"mean_{part.loss.name}")]

    def column_of(self, spec: LossSpec) -> ColumnSet:
        """The column of the level that the loss has."""
        level = spec.params[self.parameter]
        if not isinstance(level, float) or level not in self.names:
            known = ", ".join(f"{one:g}" for one in sorted(self.names)[:_SHOWN])
            raise UsageError(f"'{self.columns.text}' has no column of the level {level}, that of '{spec.text}'",
                             hint=f"the levels are: {known}", code="USAGE_COLUMNS")  # fmt: skip
        return ColumnSet(self.names[level], (self.names[level],), "one")

    @property
    def note(self) -> str:
        """What was read from the names."""
        shown = [f"{name} = {level:g}" for level, name in sorted(self.names.items())]
        more = ", …" if len(shown) > _SHOWN else ""
        return f"levels by name of '{self.columns.text}': {', '.join(shown[:_SHOWN])}{more}"


def levels_of(spec: LossSpec, found: Mapping[str, tuple[Any, ColumnSet | None]]) -> Levels | None:
    """The levels of a loss, of what plays its roles; None where these have none.

    Several columns face a single one, or they are outputs.
    """
    asked = ((name, one.param.level_of) for name, one in spec.loss.params.items())
    parameter, role = next(((name, role) for name, role in asked if role is not None), (None, None))
    if parameter is None or role is None or isinstance(spec.params[parameter], ColumnParameter):
        return None
    columns = found[role][1]
    others = [other for name, (_, other) in found.items() if name != role and other is not None]
    if columns is None or columns.form == "one" or any(other.form != "one" for other in others):
        return None
    levels = _named_levels(columns)
    return None if levels is None else Levels(parameter, role, columns, levels)


def _named_levels(columns: ColumnSet) -> dict[float, str] | None:
    """Level -> column; None where no name says a level. Some names without one are an error, as is an unclear one."""
    found = {name: _level(name) for name in columns.names}
    known = {name: level for name, level in found.items() if level is not None}
    if not known:
        return None
    without = [name for name in found if name not in known]
    if without:
        said = f"the name of column '{next(iter(known))}' says a level, that of '{without[0]}' does not"
        raise UsageError(f"'{columns.text}': {said}", code="USAGE_COLUMNS",
                         hint="levels are read from names such as q_0.1, q10, lo-90, hi-90 and median")  # fmt: skip
    units = {level.unit: name for name, level in known.items() if level.unit is not None}
    if len(units) > 1:
        said = f"the level of '{units['fraction']}' is a fraction, that of '{units['percent']}' in per cent"
        raise UsageError(f"'{columns.text}': {said}", code="USAGE_COLUMNS",
                         hint="name the columns alike: q_0.05, q_0.5 or q5, q50")  # fmt: skip
    levels: dict[float, str] = {}
    for name, level in known.items():
        before = levels.setdefault(float(level.value), name)
        if before != name:
            raise UsageError(f"'{columns.text}': '{before}' and '{name}' have the same level, {float(level.value):g}",
                             hint="name one of them", code="USAGE_COLUMNS")  # fmt: skip
    return levels


def _level(name: str) -> _Level | None:
    if _MEDIAN.fullmatch(name):
        return _Level(Fraction(1, 2), None)
    if _PLAIN.fullmatch(name):
        return _Level(Fraction(name), "fraction")
    bound, level = _BOUND.fullmatch(name), _LEVEL.fullmatch(name)
    found = bound or level
    if found is None:
        return None
    number = Fraction(found[2] if bound else found[1])
    # 0.1 is a fraction, and 10 is in per cent, as is 2.5 or 1; of 0 both are the same.
    unit = None if number == 0 else "fraction" if number < 1 or (number == 1 and "." in found[0]) else "percent"
    share = number if unit == "fraction" else number / 100
    if share > 1:
        return None
    if bound:
        share = (1 - share) / 2 if bound[1][0] in "lL" else (1 + share) / 2
    return _Level(share, unit)

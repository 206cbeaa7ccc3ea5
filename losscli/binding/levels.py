"""Columns of several levels, as forecasts of quantiles have them: the name of each column says its level.

`q_0.1`, `q10`, `TFT-q-0.9`, `p90`, `median`, `0.9`; `lo-90` and `hi-90` are the bounds of a central interval of 90 %.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from losscli.binding.column_names import ColumnSet
from losscli.binding.spec import LossSpec, Spec, with_parts
from losscli.contract.parameters import Value
from losscli.contract.row_parameters import ColumnParameter
from losscli.errors import UsageError
from losscli.lazy import dataclass, pattern

_NUMBER = r"[-_. ]?([0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_LEVEL = pattern(rf"(?:.*[^a-z])?(?:q|ql|p|quantile|percentile){_NUMBER}", re.IGNORECASE | re.ASCII | re.DOTALL)
_BOUND = pattern(rf"(?:.*[^a-z])?(lo|low|lower|hi|high|upper){_NUMBER}", re.IGNORECASE | re.ASCII | re.DOTALL)
_MEDIAN = pattern(r"(?:.*[^a-z])?median", re.IGNORECASE | re.ASCII | re.DOTALL)
_PLAIN = pattern(r"0?\.[0-9]+|[01]\.0+", re.ASCII)
_SHOWN = 12  # levels that a note lists
_HALF = 0.5


class _Level(NamedTuple):
    """A level, and whether its name gives it as a fraction or in per cent; None where it does neither."""

    value: Fraction
    unit: str | None


Found: TypeAlias = Mapping[str, tuple[Any, ColumnSet | None]]
"""Role -> what plays it, and its columns."""


@dataclass(frozen=True)
class Levels:
    """The parameter that names of columns say, the role of these columns, and level -> column of each role."""

    parameter: str
    columns: Mapping[str, ColumnSet]
    names: Mapping[float, Mapping[str, str]]
    listed: bool = False  # the parameter is all levels at once

    def each(self, spec: LossSpec) -> list[Spec]:
        """The loss of all levels if it takes several; else that at each, in order, and their mean as a composite."""
        if self.listed:
            return [Spec(((1.0, self.filled(spec)),))]
        ordered = [self._at(spec, level) for level in sorted(self.names)]
        alone = [Spec(((1.0, one),)) for one in ordered]
        if len(ordered) == 1:
            return alone
        return [*alone, Spec(tuple((1 / len(ordered), one) for one in ordered), f"mean_{spec.loss.name}")]

    def filled(self, spec: LossSpec) -> LossSpec:
        """The loss of all levels, where it takes several."""
        return self._at(spec, tuple(sorted(self.names)))

    def _at(self, spec: LossSpec, value: Value) -> LossSpec:
        return replace(spec, params=spec.loss.settle({**spec.params, self.parameter: value}), unset=())

    def columns_of(self, spec: LossSpec) -> dict[str, ColumnSet]:
        """Role -> the columns of the levels that the loss has, in their order."""
        given = spec.params[self.parameter]
        wanted = given if isinstance(given, tuple) else (given,)
        found = {}
        for role, columns in self.columns.items():
            names = tuple(self._named(level, columns, spec)[role] for level in wanted)
            found[role] = ColumnSet(columns.text if self.listed else names[0], names, "list" if self.listed else "one")
        return found

    def _named(self, level: Value, columns: ColumnSet, spec: LossSpec) -> Mapping[str, str]:
        if not isinstance(level, float) or level not in self.names:
            known = ", ".join(f"{one:g}" for one in sorted(self.names)[:_SHOWN])
            raise UsageError(f"'{columns.text}' has no column of the level {level}, that of '{spec.text}'",
                             hint=f"the levels are: {known}", code="USAGE_COLUMNS")  # fmt: skip
        return self.names[level]

    @property
    def note(self) -> str:
        """What was read from the names."""
        shown = [f"{' to '.join(names.values())} = {level:g}" for level, names in sorted(self.names.items())]
        more = ", …" if len(shown) > _SHOWN else ""
        texts = " and ".join(f"'{columns.text}'" for columns in self.columns.values())
        return f"levels by name of {texts}: {', '.join(shown[:_SHOWN])}{more}"


def at_levels(spec: Spec, found_of: Callable[[LossSpec], Found]) -> Iterable[Spec]:
    """The loss, or where names of columns say its levels: of all of them, or at each and their mean.

    The parts of a composite loss take several levels or the one that they have.
    """
    if not any(part.unset for _, part in spec.parts):
        return (spec,)
    if not spec.is_composite:
        part = spec.parts[0][1]
        levelled = levels_of(part, found_of(part))
        return (required(spec),) if levelled is None else levelled.each(part)
    parts = []
    for factor, part in spec.parts:
        levelled = levels_of(part, found_of(part)) if part.unset else None
        parts.append((factor, part if levelled is None or not levelled.listed else levelled.filled(part)))
    return (required(with_parts(spec, parts)),)


def required(spec: Spec) -> Spec:
    """The spec, if its losses have all parameters that they need."""
    for _, part in spec.parts:
        for name, parameter in part.loss.params.items():
            if parameter.required and part.params[name] is None:
                raise parameter.missing(part.loss.name)
    return spec


def levels_of(spec: LossSpec, found: Found) -> Levels | None:
    """The levels of a loss, of what plays its roles; None where these have none.

    Several columns face a single one, or they are outputs.
    """
    for name, one in spec.loss.params.items():
        if one.param.level_of is not None and not isinstance(spec.params[name], ColumnParameter):
            roles = one.param.level_of.split()
            if len(roles) > 1:
                return interval_levels(spec, name, {role: found[role][1] for role in roles})
            return _levels_of_one(name, roles[0], found, listed=one.type == "numbers")
    return None


def _levels_of_one(parameter: str, role: str, found: Found, *, listed: bool) -> Levels | None:
    columns = found[role][1]
    others = [other for name, (_, other) in found.items() if name != role and other is not None]
    if columns is None or columns.form == "one" or any(other.form != "one" for other in others):
        return None
    levels = named_levels(columns)
    if levels is None:
        return None
    return Levels(parameter, {role: columns}, {level: {role: name} for level, name in levels.items()}, listed)


def interval_levels(spec: LossSpec, parameter: str, columns: Mapping[str, ColumnSet | None]) -> Levels | None:
    """The coverage of central intervals, of the names of both ends: lo-90 and hi-90, q_0.05 and q_0.95."""
    (low_role, low), (high_role, high) = columns.items()
    if low is None or high is None or (low.form == "one" and high.form == "one" and parameter not in spec.unset):
        return None  # of one interval, the level that is given counts
    below, above = named_levels(low), named_levels(high)
    if below is None or above is None:
        return None
    facing = {Fraction(repr(level)): name for level, name in above.items()}
    names: dict[float, dict[str, str]] = {}
    for level, name in below.items():
        partner = facing.pop(1 - Fraction(repr(level)), None)
        if partner is None or level > _HALF:
            raise _no_partner(name, high)
        names[float(1 - 2 * Fraction(repr(level)))] = {low_role: name, high_role: partner}
    for name in facing.values():
        raise _no_partner(name, low)
    return Levels(parameter, {low_role: low, high_role: high}, names)


def _no_partner(name: str, others: ColumnSet) -> UsageError:
    hint = "an interval is from lo-90 to hi-90, or from q_0.05 to q_0.95"
    said = f"no column of '{others.text}' is the other end of the central interval of '{name}'"
    return UsageError(said, hint=hint, code="USAGE_COLUMNS")


def named_levels(columns: ColumnSet) -> dict[float, str] | None:
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

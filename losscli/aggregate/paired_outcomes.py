"""The values of units, and of two models on the same units: which of them is better."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from losscli.aggregate.class_terms import both
from losscli.binding.plan import UnitValues
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.lazy import dataclass

ValueSource = Hashable  # what computes values: a kernel call, or the row values of an earlier run
LinePair = tuple[int, int]  # two lines of the plan that are compared, by their positions


@dataclass(frozen=True)
class UnitValuePart:
    """A part of the value of a unit: `factor` times the value of one of these terms (None: of any term of the source).

    With `single_term`, a unit has a value only if there is a single term: several make a number by their means alone.
    """

    factor: float
    terms: tuple[tuple[ValueSource, str | None], ...]
    single_term: bool


UnitValue = tuple[UnitValuePart, ...]


class PairedValues(NamedTuple):
    """The unit values of two models that are compared."""

    first: UnitValue
    second: UnitValue
    higher_is_better: bool


def paired_outcomes(pair: PairedValues, values: UnitValues, weights: Array | None) -> Array | None:
    """For each unit whether the first model is better, worse, or equal: three columns of booleans.

    A unit that takes no part has none of the three. None where the loss of one model has no value a unit.
    """
    ours, theirs = unit_value(pair.first, values), unit_value(pair.second, values)
    if ours is None or theirs is None:
        return None
    part = taking_part(both(ours.where, theirs.where), weights)
    difference = ours.values - theirs.values
    better, worse = difference < 0, difference > 0
    if pair.higher_is_better:
        better, worse = worse, better
    # Equal infinities are a tie, though their difference is NaN.
    outcomes = np.stack([better, worse, ours.values == theirs.values], axis=1)
    if part is not None:
        outcomes &= part[:, None]
    return outcomes


def taking_part(where: Array | None, weights: Array | None) -> Array | None:
    """Which units take part; None: all."""
    counted = None if weights is None or weights.all() else weights != 0
    return both(where, counted)


def unit_value(parts: UnitValue, values: UnitValues) -> Term | None:
    """The value of each unit, and which units have one (None: all); None where the loss has no value a unit."""
    total: Array | None = None
    everywhere: Array | None = None
    for part in parts:
        found = _part_value(part, values)
        if found is None:
            return None
        total = part.factor * found.values if total is None else total + part.factor * found.values
        everywhere = both(everywhere, found.where)
    return None if total is None else Term(total, everywhere)


def _part_value(part: UnitValuePart, values: UnitValues) -> Term | None:
    """The value of the term that each unit takes part in; None where units may take part in several."""
    # A term that is another loss's stands there under that loss's own name.
    known = [(name, values[source]) for source, name in part.terms if source in values]
    terms = [
        term for name, those in known
        for term in ([those[name]] if name is not None and name in those else those.values())
    ]  # fmt: skip
    if not terms or (len(terms) > 1 and (part.single_term or any(where is None for _, where in terms))):
        return None
    merged, has = terms[0]
    for term, where in terms[1:]:
        merged = np.where(where, term, merged)
        has = where if where is None or has is None else has | where
    return Term(merged, has)

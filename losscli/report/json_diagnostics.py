"""Diagnostics and worst slices in the JSON report: objects by the names of fields, null for what is not finite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from losscli.results.diagnostics import Diagnostics
    from losscli.results.worst_slices import WorstSlices


def diagnostics_object(found: Diagnostics) -> dict[str, Any]:
    """The entry `diagnostics`."""
    return {name: _plain(value) for name, value in vars(found).items()}


def worst_slices_object(found: WorstSlices) -> dict[str, Any]:
    """The entry `worst_slices`."""
    return {name: _plain(value) for name, value in vars(found).items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return {name: _plain(each) for name, each in vars(value).items()}

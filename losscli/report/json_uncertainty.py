"""Standard errors and confidence intervals as JSON objects."""

from __future__ import annotations

from typing import Any

from losscli.report.json_numbers import number, optional, whole
from losscli.results import Uncertainty


def uncertainty_object(found: Uncertainty | None) -> dict[str, Any] | None:
    """How a standard error and an interval were made."""
    if found is None:
        return None
    return {
        "method": found.method,
        "level": float(found.level),
        "units": found.units,
        "count": int(found.count),
        "df": optional(found.df),
        "resamples": whole(found.resamples),
        "seed": whole(found.seed),
        "lag": whole(found.lag),
        "kernel": found.kernel,
        "autocorrelation": optional(found.autocorrelation),
        "block": whole(found.block),
        "skewness": optional(found.skewness),
        "reason": found.reason,
        **(
            {}
            if found.simultaneous is None
            else {
                "simultaneous": int(found.simultaneous),
                "pointwise_level": optional(found.pointwise_level),
            }
        ),
    }


def interval_object(interval: tuple[float, float] | None) -> list[float | None] | None:
    """Both ends of a confidence interval."""
    return None if interval is None else [number(end) for end in interval]

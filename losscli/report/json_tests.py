"""What tests could find, and the tests of gates, as JSON objects."""

from __future__ import annotations

from typing import Any

from losscli.report.json_numbers import number, optional, whole
from losscli.results import Detection, GateTest


def gate_test_object(test: GateTest | None) -> dict[str, Any] | None:
    """The entry `test` of a gate."""
    if test is None:
        return None
    return {
        "kind": test.kind,
        "alpha": float(test.alpha),
        "p": number(test.p),
        "holm": optional(test.holm),
        "tests": int(test.family),
        "enough_rows": test.enough,
        "power": power_object(test.detection),
    }


def power_object(found: Detection | None) -> dict[str, Any] | None:
    """The entry `power` of a comparison, and of the test of a gate."""
    if found is None:
        return None
    return {
        "power": float(found.power),
        "minimal_detectable_difference": optional(found.minimal_difference),
        "units": int(found.count),
        "units_needed": whole(found.units_needed),
    }

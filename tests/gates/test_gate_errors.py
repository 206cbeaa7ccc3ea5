"""How often gates err by chance: the short form of the simulation of docs/statistics.md."""

from __future__ import annotations

import pytest
from benchmarks.gate_errors import CASES, SLICES, rates


@pytest.mark.parametrize(("case", "rows"), [(CASES[0], 10), (CASES[2], 30)], ids=["no tolerance", "two tolerances"])
def test_gates_err_as_seldom_as_they_say(case, rows):
    """Uncorrected, equal models over 20 slices would fail in 40 % of runs; three standard deviations are allowed."""
    families = 15
    found = rates(case, rows, families)
    for rate in (found.single, found.shown):
        assert rate <= 0.025 + 3 * (0.025 * 0.975 / (families * SLICES)) ** 0.5
    assert found.holm <= 0.025 + 3 * (0.025 * 0.975 / families) ** 0.5
    assert found.uncorrected >= found.holm

"""The short form of the simulation of families: a few samples, and the table of the page."""

from __future__ import annotations

import math

import pytest
from family_wise import BEGIN, CASES, END, PAGE, simulate

SAMPLES = 60


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.name in ("slices", "rest-holm", "pairs-holm")], ids=lambda c: c.name
)
def test_families_hold_together(case):
    rate = simulate(case, SAMPLES, seed=1)
    noise = 4 * math.sqrt(0.05 * 0.95 / SAMPLES)
    assert case.low - noise <= rate <= case.high + noise


def test_the_page_has_every_case_within_its_goal():
    text = PAGE.read_text(encoding="utf-8")
    lines = text.partition(BEGIN)[2].partition(END)[0].splitlines()
    rates = {cells[1].strip(): float(cells[2]) for line in lines[3:] if len(cells := line.split("|")) > 3}
    assert set(rates) == {case.what for case in CASES}
    samples = int(lines[1].split()[1].replace(",", ""))
    for case in CASES:
        noise = 3 * math.sqrt(0.05 * 0.95 / samples)
        assert case.low - noise <= rates[case.what] <= case.high + noise, case.name

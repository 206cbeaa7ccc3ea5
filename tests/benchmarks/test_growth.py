"""The arithmetic of the growth table, and that its commands run."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import growth
from benchmarks.measure import Usage


def test_a_straight_line_is_found():
    line = growth.fitted([100, 1000, 5000], [0.3 + 0.02 * size / 100 for size in (100, 1000, 5000)], 100)
    assert (line.start, line.slope, line.off) == pytest.approx((0.3, 0.02, 0), abs=1e-12)


def test_what_is_no_straight_line_is_off():
    sizes, seconds = np.array([1.0, 10.0, 100.0]), np.array([1.0, 1.0, 4.0])
    slope, start = np.polyfit(sizes, seconds, 1, w=1 / seconds)
    line = growth.fitted([10, 100, 1000], [1.0, 1.0, 4.0], 10)
    off = np.abs(start + slope * sizes - seconds) / seconds
    assert (line.start, line.slope, line.off) == pytest.approx((start, slope, off.max()))
    assert growth.fitted([1, 2, 4, 8], [1.0, 4.0, 16.0, 64.0], 1).off > 0.3


def test_a_line_of_the_table():
    taken = [Usage(1, 0.5, 100), Usage(2, 1.5, 120.4)]
    assert growth.cells(growth.SERIES[1], [1, 5], taken) == (
        "losses (2 million rows)", "1 · 5", "0.50 · 1.50", "0.25 + 0.25 each", "0 %", "100 – 120",
    )  # fmt: skip


def test_the_page_has_the_table():
    assert growth._BLOCK.search(growth.PAGE.read_text(encoding="utf-8"))


def test_the_smallest_sizes_run(tmp_path, monkeypatch):
    monkeypatch.setattr(growth, "MILLION", 1000)
    few = growth.SERIES[4]
    small = [growth.Series(s.what, s.sizes[:1], s.command, s.step) for s in growth.SERIES]
    monkeypatch.setattr(growth, "SERIES", small)
    growth.make_data(tmp_path, growth.SERIES[0].sizes[0])
    assert few.command(10)[0] in {path.name for path in tmp_path.iterdir()}
    for series in small:
        (usage,) = growth.measured(series, series.sizes, tmp_path, 1)
        assert usage.cpu > 0

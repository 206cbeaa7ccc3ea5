"""Diagnostics below a table: in the width and the characters of the terminal, every count beside its bar."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from evaluations import HOSTILE, HOW, PLAIN, diagnosed, result, run
from rich.cells import cell_len

from losscli.report import renderer
from losscli.report.view import View
from losscli.results.diagnostics import Bin, Diagnostics, LossDistributionResult

RUN = replace(PLAIN, diagnostics=diagnosed("p"))


def shown(run=RUN, **view):
    return renderer("table").render(run, View(diagnosed=True, **view))


def distribution(*counts):
    bins = tuple(Bin(float(at), at + 1.0, count) for at, count in enumerate(counts))
    levels = dict.fromkeys(("0.5", "0.95"), 1.0)
    one = LossDistributionResult("a", "mse", None, "lower", sum(counts), 0, levels, False, bins, ())
    return replace(PLAIN, diagnostics=Diagnostics(losses=(one,)))


def bars(text, sign):
    lines = text.partition("Losses of rows")[2].partition("──\n")[2].splitlines()
    return {line.split()[2]: line.count(sign) for line in lines}


@pytest.mark.parametrize("width", [24, 40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    for found in (RUN, replace(PLAIN, diagnostics=diagnosed(HOSTILE)), distribution(1000, 1)):
        assert [line for line in shown(found, width=width).splitlines() if cell_len(line) > width] == []


def test_ascii_only_where_the_output_has_no_other_characters():
    assert shown(distribution(8, 1), ascii_only=True).isascii()
    assert "█" in shown(distribution(8, 1))
    assert shown(replace(PLAIN, diagnostics=diagnosed(HOSTILE)), ascii_only=True).isascii()


def test_two_bins_are_one_line_and_bars_are_proportional():
    found = bars(shown(distribution(30, 10, 10, 0, 1, 0, 0, 0, 7)), "█")
    assert found == {"40": 40, "10": 10, "1": 1, "0": 0, "7": 7}


def test_bars_take_the_room_that_is_left_or_none():
    wide, narrow = (bars(shown(distribution(8, 0, 2, 0), width=width), "█") for width in (40, 21))
    assert (wide["8"], wide["2"]) == (21, 6)  # of the 40 columns, those that the numbers leave; a part of a sign is one
    assert set(narrow.values()) == {0}


def test_all_losses_infinite_is_said_without_a_table():
    assert "mse; 0 rows; 4 more are infinite\n\nRows with the worst mse\n" in shown()


def test_only_where_it_is_asked_for():
    assert "Losses of rows" not in renderer("table").render(RUN, View())
    assert renderer("table").render(PLAIN, View(diagnosed=True)) == renderer("table").render(PLAIN, View())


def test_of_many_models_some_are_shown_and_the_others_counted():
    one = distribution(3).diagnostics.losses[0]
    run = replace(PLAIN, diagnostics=Diagnostics(losses=(one,) * 9))
    assert shown(run).count("Losses of rows") == 6
    assert "6 tables of each kind are shown; a JSON report has all 9" in shown(run)


def sliced(*values, spread=0.5, names=("country",)):
    """A run of slices with these values, each with its confidence interval."""
    results = [
        result("mse", value, by=dict.fromkeys(names, f"s{at}"), count=10 + at, uncertainty=HOW,
               interval=None if spread is None else (value - spread, value + spread))
        for at, value in enumerate(values)
    ]  # fmt: skip
    return run(result("mse", 1.0), *results)


def slice_lines(text):
    return text.partition("Slices by mse")[2].partition("──\n")[2].partition("\n\n")[0].splitlines()


@pytest.mark.parametrize("width", range(20, 201, 9))
def test_no_line_of_slices_is_wider_than_the_terminal(width):
    for found in (sliced(1, 2, 3, names=(HOSTILE,)), sliced(*range(50), spread=None), sliced(-1e300, 1e-300, math.nan)):
        lines = shown(found, width=width).splitlines()
        assert [line for line in lines if cell_len(line) > width] == []
        assert shown(found, width=width, ascii_only=True).isascii()


def test_slices_the_worst_first_with_bars_to_the_value_and_intervals_over_them():
    lines = slice_lines(shown(sliced(1.0, 4.0, 2.0, spread=1.0)))  # the longest bar, of 40 signs, ends at 5
    assert [line.split()[0] for line in lines] == ["s1", "s2", "s0"]
    assert [line.split()[-1] for line in lines] == ["█" * 24 + "▓" * 8 + "░" * 8, "█" * 8 + "▓" * 8 + "░" * 8,
                                                    "▓" * 8 + "░" * 8]  # fmt: skip
    assert lines[0].split()[1:5] == ["4", "3", "5", "11"]


def test_bars_of_values_below_zero_end_at_zero():
    lines = slice_lines(shown(sliced(-1.0, 3.0, spread=None)))
    first, second = (re.split(r"  1[01]   ", line)[1] for line in lines)  # behind the count
    assert (first, second) == (" " * 10 + "█" * 30, "█" * 10)


def test_where_there_is_no_room_bars_replace_the_ends_of_intervals():
    assert slice_lines(shown(sliced(1, 2), width=60))[0].split()[:4] == ["s1", "2", "1.5", "2.5"]
    narrow = slice_lines(shown(sliced(1, 2), width=38))
    assert [line.split()[:3] for line in narrow] == [["s1", "2", "11"], ["s0", "1", "10"]]
    assert all(line.count("░") > 0 for line in narrow)


def test_of_many_slices_the_worst_are_shown_and_the_others_counted():
    text = shown(sliced(*range(50)))
    assert "the worst first; 20 of 50" in text
    assert slice_lines(text)[0].split()[:2] == ["s49", "49"]
    assert len(slice_lines(text)) == 20


def test_forecasts_have_their_histogram_and_coverage_with_what_calibrated_ones_would_have():
    text = shown()
    assert "Levels between which targets are (PIT): p; 4 rows" in text
    histogram = text.partition("(PIT)")[2].partition("──\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[:4] for line in histogram] == [["0", "0.5", "3", "2"], ["0.5", "1", "1", "2"]]
    assert histogram[0].count("█") == 40
    coverage = text.partition("Coverage of p")[2].partition("──\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split() for line in coverage] == [["0.5", "0.75", "0.3", "0.95"]]
    assert "Ranks of targets among the members: p; 1 row\n" in text


def test_distributions_name_their_loss_and_have_the_coverage_of_central_intervals():
    text = shown()
    assert "Levels between which targets are (PIT): p, p; 8 rows" in text
    table = text.partition("Coverage of p, p: the share of targets in each central interval")[2]
    lines = table.partition("──\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split() for line in lines] == [["0.9", "0.625", "0.3", "0.875"]]


def test_residuals_of_several_columns_of_a_model_name_the_column():
    one = diagnosed("p").residuals[0]
    found = replace(PLAIN, diagnostics=Diagnostics(residuals=(one, replace(one, pred="q"))))
    assert "Residuals of p (" in shown(found)
    assert "Residuals of q (" in shown(found)
    assert "Residuals of m (" in shown(replace(PLAIN, diagnostics=Diagnostics(residuals=(replace(one, model="m"),))))

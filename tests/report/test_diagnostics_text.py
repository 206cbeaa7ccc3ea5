"""Diagnostics below a table: in the width and the characters of the terminal, every count beside its bar."""

from __future__ import annotations

from dataclasses import replace

import pytest
from evaluations import HOSTILE, PLAIN, diagnosed
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
    for run in (RUN, replace(PLAIN, diagnostics=diagnosed(HOSTILE)), distribution(1000, 1)):
        assert [line for line in shown(run, width=width).splitlines() if cell_len(line) > width] == []


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

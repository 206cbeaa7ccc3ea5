"""Slices for a terminal: the worst first, each with its numbers and a bar that shows its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from losscli.report.cells import Cells, Column, Layout, listed
from losscli.report.drawn import drawn, note
from losscli.report.naming import display_name
from losscli.report.view import View, percent, short
from losscli.results import Evaluation, LossResult
from losscli.results.directions import best_in_words
from losscli.results.slice_order import slices_by_line, worst_first

MOST = 6  # tables of each kind
LONGEST_BAR = 40
SHORTEST_BAR = 4  # where there is less room, a bar would tell nothing
_SLICES = 20  # lines of a table
_GAP = 3  # between a bar and the numbers before it


def slice_blocks(evaluation: Evaluation, view: View) -> Iterator[str]:
    """A table of the slices of each loss and model."""
    lines = slices_by_line(evaluation.results)
    for results in list(lines.values())[:MOST]:
        yield _slices(results, view)
    if len(lines) > MOST:
        yield note(f"{MOST} tables of slices are shown; a JSON report has all {len(lines)}: -o FILE.json", view)


def with_bars(said: str, table: Layout, bars: Sequence[str], view: View) -> str:
    """A title and a table, with a bar in each line where there is room for one; bars are as long as `room` says."""
    if any(bars):
        table = Layout((*table.columns, Column("")), (*table.cells, Cells(bars, {})))
    return note(view.text(said, 500), view) + "\n" + drawn(table, view).text(view)


def room(table: Layout, view: View) -> int:
    """The characters of the longest bar beside this table; 0 where there is no room for bars."""
    found = LONGEST_BAR
    if view.width is not None:
        found = min(found, view.width - drawn(table, view).width - _GAP)
    return found if found >= SHORTEST_BAR else 0


def _slices(results: Sequence[LossResult], view: View) -> str:
    shown = [results[at] for at in worst_first(results)[:_SLICES]]
    some = shown[0]
    of = "" if some.model is None else f" of {some.model}"
    said = f"Slices by {display_name(some)}{of} ({best_in_words(some.direction)} is better), the worst first"
    if len(shown) < len(results):
        said += f"; {len(shown)} of {len(results):,}"
    level = next((one.uncertainty.level for one in shown if one.interval and one.uncertainty), None)
    table, longest = _table(shown, ends=level is not None), 0
    for ends in (True, False):  # where there is no room for bars, they are worth more than the ends in digits
        without = _table(shown, ends=ends and level is not None)
        if longest := room(without, view):
            table = without
            break
    if longest and level is not None:
        filled, both, rest = _signs(view)
        said += f"; {filled}{both} up to the value, {both}{rest} the {percent(level)} confidence interval"
    return with_bars(said, table, _bars(shown, longest, view), view)


def _table(shown: Sequence[LossResult], *, ends: bool) -> Layout:
    """The slices with their values and counts, and with the ends of the confidence intervals where `ends` says so."""
    names = tuple(shown[0].by)
    titles = [*names, "value", *(["low", "high"] if ends else []), "count"]
    rows = [[*one.by.values(), short(one.value), *(_ends(one) if ends else []), f"{one.count:,}"] for one in shown]
    found = listed(titles, rows, range(len(names), len(titles)))
    columns = [Column(one.title, one.number, title_from_data=one.title in names) for one in found.columns]
    return Layout(tuple(columns), found.cells)


def _signs(view: View) -> tuple[str, str, str]:
    """The bar alone, the bar within the interval, and the interval beyond the bar."""
    return ("#", "=", "-") if view.ascii_only else ("█", "▓", "░")


def _ends(one: LossResult) -> tuple[str, str]:
    return ("", "") if one.interval is None else (short(one.interval[0]), short(one.interval[1]))


def _bars(shown: Sequence[LossResult], longest: int, view: View) -> list[str]:
    """Bars from 0 to each value on one scale, with the interval over them."""
    ends = [end for one in shown for end in (one.value, *(one.interval or ())) if math.isfinite(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    step = high / longest - low / longest if longest else 0.0
    if not step or not math.isfinite(step):
        return [""] * len(shown)
    return [_bar(one, low, step, longest, _signs(view)) for one in shown]


def _bar(one: LossResult, low: float, step: float, longest: int, signs: tuple[str, str, str]) -> str:
    """One bar, a character a step; what is shown at all takes one character at least."""
    if not math.isfinite(one.value):
        return ""
    filled, both, rest = signs
    first, last = _span(min(one.value, 0.0), max(one.value, 0.0), low, step, longest)
    left, right = (0, 0) if one.interval is None else _span(*one.interval, low, step, longest)
    inside = [(first <= at < last, left <= at < right) for at in range(longest)]
    return "".join(both if bar and over else filled if bar else rest if over else " " for bar, over in inside).rstrip()


def _span(start: float, stop: float, low: float, step: float, longest: int) -> tuple[int, int]:
    """The characters from one number to another, the last one excluded."""
    if start == stop == 0:
        return 0, 0
    first, last = (min(max((end - low) / step, 0.0), float(longest)) for end in (start, stop))
    begin = min(int(first), longest - 1)
    return begin, max(math.ceil(last), begin + 1)

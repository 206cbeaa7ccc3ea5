"""What tables and pages say of the slices whose loss is worse than that of the rest by more than chance."""

from __future__ import annotations

from collections.abc import Iterator

from losscli.report.cells import Layout, listed
from losscli.report.view import counted, percent, short, signed
from losscli.results.worst_slices import WorstSlice, WorstSlices

_MOST = 10  # slices of a loss and model
_NAMED = 6  # columns that are left out


def headline(found: WorstSlices) -> str:
    """What was found, and among what."""
    if not found.columns:
        return "There are no slices to test: no column without a role makes any"
    if not found.tests:
        least = f"{found.minimum_count} rows, as many beside them, and finite losses that vary"
        return f"No slice could be tested: each needs {least}"
    tests = counted(found.tests, "test")
    pairs = f" and {counted(found.pairs, 'pair')} of them" if found.pairs else ""
    among = f"{tests} of slices of {counted(len(found.columns), 'column')}{pairs}"
    least = f"at least {found.minimum_count} rows in a slice and beside it"
    said = "Slices with a worse loss than the other rows, by more than chance"
    if not found.found:
        said = "No slice has a worse loss than the other rows by more than chance"
    return f"{said}: {percent(found.level)} confidence level for all together (Holm), {among}, {least}"


def notes(found: WorstSlices) -> Iterator[str]:
    """What stands below the table: what is not in it, how columns were cut, and which were left out."""
    shown = sum(map(len, _by_line(found).values()))
    nested = sum(one.nested for one in found.slices)
    more = found.found - shown - nested
    if nested:
        said = "hold one of these, are a part of it, or have the same rows; the JSON report has them"
        if nested == 1:
            said = "holds one of these, is a part of it, or has the same rows; the JSON report has it"
        yield f"{nested:,} more {said}"
    if more > 0:
        yield f"{more:,} more were found; the JSON report has up to 100 of each loss and model"
    if {one.test for one in found.slices} == {"fisher"}:
        yield "p-values are those of Fisher's exact test"
    elif found.slices:
        exact = "; of losses that are 0 or 1, of Fisher's exact test" if "fisher" in _tests(found) else ""
        yield f"p-values are those of Welch's t test{exact}"
    cut = [f"--by '{one.name}'" for one in found.columns if one.name != one.column]
    if cut and found.slices:
        yield f"numbers in intervals of about equal counts: {', '.join(cut)}"
    if found.left_out:
        named = [f"{one.name} ({one.why})" for one in found.left_out[:_NAMED]]
        rest = len(found.left_out) - len(named)
        yield f"columns without slices: {', '.join([*named, *([f'and {rest} more'] if rest else [])])}"
    if found.pairs_left_out:
        yield f"{found.pairs_left_out:,} pairs of columns are not looked at, as they have too many slices"


def tables(found: WorstSlices, *, brief: bool = False) -> Iterator[tuple[str, Layout]]:
    """A table of each loss and model, with what it is of; `brief` leaves out what the others tell.

    A slice that is nested in one before it is in none.
    """
    for (spec, model), slices in _by_line(found).items():
        titles = ("value", "rest", *(() if brief else ("difference", "SE")), "count", "p adj.")
        rows = [
            (_slice(one), short(one.value), short(one.rest_value),
             *(() if brief else (signed(one.difference), short(one.stderr))), f"{one.count:,}", f"{one.p_adjusted:.2g}")
            for one in slices
        ]  # fmt: skip
        of = "" if model is None else f" of {model}"
        yield f"{spec}{of}", listed(("slice", *titles), rows, range(1, 1 + len(titles)))


def _tests(found: WorstSlices) -> set[str]:
    return {one.test for one in found.slices}


def _by_line(found: WorstSlices) -> dict[tuple[str, str | None], list[WorstSlice]]:
    """The first slices of each loss and model, without those that are nested."""
    lines: dict[tuple[str, str | None], list[WorstSlice]] = {}
    for one in found.slices:
        if not one.nested:
            lines.setdefault((one.spec, one.model), []).append(one)
    return {line: own[:_MOST] for line, own in lines.items()}


def _slice(one: WorstSlice) -> str:
    return ", ".join(f"{name}={label}" for name, label in one.by.items())

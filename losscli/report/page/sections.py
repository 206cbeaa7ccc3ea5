"""What the page says of one run, section by section: verdicts first, then pictures, then numbers and their sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from losscli.report import standings, verdicts, worst_slices
from losscli.report.cells import Layout, listed
from losscli.report.influence import influence
from losscli.report.layout import footnotes, layout_of, results_as_rows
from losscli.report.page import models_and_slices, probabilities, row_losses
from losscli.report.page.drawings import pictures
from losscli.report.page.formulas import formulas
from losscli.report.page.markup import MOST_ROWS, listing, note, safe, table
from losscli.report.verdicts import reasons
from losscli.report.view import View, counted
from losscli.results import BaselineSource, Evaluation
from losscli.results.columns import SliceColumns, parts_of
from losscli.results.diagnostics import Diagnostics
from losscli.results.worst_slices import WorstSlices

_COLUMNS = 8
_NO_ROWS = (
    "There are no pictures of rows, such as residuals or reliability. States of shards have none; a saved report has "
    "them if a page was written with it; from Python they need diagnostics=True."
)
_REASONS = 20
_LONG = 24  # results from which on their table stands below the pictures


def blocks(evaluation: Evaluation, view: View, level: int) -> Iterator[str]:
    """The parts of the page about one run, in their order, with headings of this level."""
    title = partial(_title, level)
    if evaluation.gates:
        yield title("Gates") + table("Verdicts of gates", verdicts.gates(evaluation), view)
        yield from _reasons(evaluation, view)
    long = evaluation.baseline is None and len(evaluation.results) > _LONG
    yield title("Results")
    if forest := "".join(one.table(view) for one in models_and_slices.forest(evaluation)):
        yield f'<div class="pairs">\n{forest}</div>\n'
    yield from _judgements(evaluation, view)
    if not long:
        yield from _numbers(evaluation, view)
    if evaluation.influence:
        yield table("Influence of single units", influence(evaluation), view)
    if evaluation.worst_slices is not None:
        yield title("Worst slices") + _worst_slices(evaluation.worst_slices, view)
    if slices := "".join(one.table(view) for one in models_and_slices.slices(evaluation)):
        left_out = note(models_and_slices.slices_left_out(evaluation), view)
        yield title("Slices") + f'<div class="pairs">\n{slices}{left_out}</div>\n'
    if evaluation.diagnostics is not None:
        yield from _pictures(evaluation.diagnostics, view, title)
    else:
        yield note(_NO_ROWS, view)
    if long:
        yield title("Numbers")
        yield from _numbers(evaluation, view)
    if evaluation.warnings:
        counted = [(w.message, f" ({w.count} times)" if w.count > 1 else "") for w in evaluation.warnings]
        yield title("Warnings") + listing([message + count for message, count in counted], view)
    if evaluation.baseline is not None:
        yield title("Baseline") + _baseline(evaluation.baseline, view)
    if evaluation.formulas:
        yield title("Formulas") + formulas(evaluation, view, level + 1)
    yield title("Data and signatures") + table("Data", _data(evaluation), view)
    yield table("Columns", _bindings(evaluation), view) if evaluation.bindings else ""
    yield table("Losses (-l) and signatures", _signatures(evaluation), view)


def _title(level: int, text: str) -> str:
    return f"<h{level}>{text}</h{level}>\n"


def _pictures(found: Diagnostics, view: View, title: Callable[[str], str]) -> Iterator[str]:
    for name, some in pictures(found):
        if body := "".join(picture.figure(view) for picture in some):
            yield f'{title(name)}<div class="charts">\n{body}</div>\n'
            yield probabilities.decompositions(found, view) if name == "Reliability" else ""
    for name, tables in (
        ("Confusion", (one.table(view) for one in probabilities.confusion(found))),
        ("Worst rows", row_losses.worst_rows(found, view)),
    ):
        if body := "".join(tables):
            yield f'{title(name)}<div class="tables">\n{body}</div>\n'


def _reasons(evaluation: Evaluation, view: View) -> Iterator[str]:
    """Why gates did not pass, to all digits: of the first ones, as the table has all."""
    found = reasons(evaluation)
    yield listing((f"{verdict} {gate}: {why}" for verdict, gate, why in found[:_REASONS]), view)
    if len(found) > _REASONS:
        yield note(f"{len(found) - _REASONS:,} more reasons are in the JSON report", view)


def _numbers(evaluation: Evaluation, view: View) -> Iterator[str]:
    some, left = _few(evaluation)
    yield table("All results", _layout(some), view)
    yield note(footnotes(evaluation), view)
    if left:
        yield note(f"{left:,} results of slices are left out here; the JSON report has all of them", view)


def _layout(evaluation: Evaluation) -> Layout:
    """The table of results: with a row of each where losses would be too many columns for paper."""
    found = layout_of(evaluation)
    return found if len(found.columns) <= _COLUMNS else results_as_rows(evaluation)


def _few(evaluation: Evaluation) -> tuple[Evaluation, int]:
    """The run with so few results that a table of them can be read, and how many are left out: those of slices."""
    total = len(evaluation.results)
    if total <= MOST_ROWS:
        return evaluation, 0
    whole = [r for part in parts_of(evaluation.results) if not isinstance(part, SliceColumns) for r in part if not r.by]
    if not whole:
        return replace(evaluation, results=tuple(evaluation.results[:MOST_ROWS])), total - MOST_ROWS
    return replace(evaluation, results=tuple(whole)), total - len(whole)


def _judgements(evaluation: Evaluation, view: View) -> Iterator[str]:
    """What is held against each other: slices, models."""
    if standings.has_slice_differences(evaluation):
        yield table("Differences between slices", standings.slice_differences(evaluation), view)
    if standings.has_rankings(evaluation):
        yield table("Models beside each other", standings.rankings(evaluation), view)
        yield note(standings.note(evaluation), view)
    if evaluation.comparisons:
        yield table("Comparisons of models on the same rows", verdicts.comparisons(evaluation), view)
        yield note(verdicts.decision_note(evaluation), view)


def _worst_slices(found: WorstSlices, view: View) -> str:
    shown = "".join(table(f"{title}: slices that are worse than the rest", layout, view)
                    for title, layout in worst_slices.tables(found))  # fmt: skip
    return note(worst_slices.headline(found), view) + shown + listing(worst_slices.notes(found), view)


def _baseline(found: BaselineSource, view: View) -> str:
    absent = [f"not in this run: {one}" for one in found.absent[:MOST_ROWS]]
    reasons = [f"not comparable: {reason}" for reason in found.incomparable]
    return f"<p>{safe(found.path, view)}</p>\n" + listing([*reasons, *absent], view)


def _data(evaluation: Evaluation) -> Layout:
    rows = evaluation.rows
    facts = [(source.path, f"{source.format}, {counted(source.rows, 'row')}") for source in evaluation.sources]
    facts.append(("rows", f"{rows.read} read, {rows.used} used, {rows.dropped} dropped"))
    facts += [(f"rows: {name.replace('_', ' ', 1)}", str(count)) for name, count in rows.names.items()]
    facts += [("from the environment", ", ".join(evaluation.environment))] if evaluation.environment else []
    hashes = {
        "rows (SHA-256)": evaluation.rows_sha256,
        "targets (SHA-256)": evaluation.targets_sha256,
        "weights (SHA-256)": evaluation.weights_sha256,
        "batches (SHA-256)": evaluation.batches_sha256,
        "slices (SHA-256)": evaluation.slices_sha256,
    }
    facts += [("derived column", text) for text in evaluation.lets]
    facts += [(name, value) for name, value in hashes.items() if value is not None]
    facts += [] if evaluation.rows_file is None else [("row values", evaluation.rows_file)]
    return listed(("what", "value"), facts)


def _bindings(evaluation: Evaluation) -> Layout:
    bound = [
        (model, role, ", ".join(columns))
        for model, roles in sorted(evaluation.bindings.items())
        for role, columns in sorted(roles.items())
    ]
    return listed(("model", "role", "columns"), bound)


def _signatures(evaluation: Evaluation) -> Layout:
    found = dict.fromkeys((result.spec, result.signature) for result in _few(evaluation)[0].results)
    return listed(("loss", "signature"), list(found))

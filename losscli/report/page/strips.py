"""Tables with a strip of a picture in each row: values as dots, confidence intervals as whiskers, on one axis.

The numbers stand beside each dot, so the strips need no words of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from losscli.lazy import dataclass
from losscli.report.naming import display_name
from losscli.report.page.markup import classes, note, safe, scrollable
from losscli.report.page.scales import Scale, label, place, spanning
from losscli.report.view import View, short
from losscli.results import Evaluation, LossResult
from losscli.results.columns import SliceColumns, parts_of
from losscli.results.directions import best_in_words, compared, is_lower_better
from losscli.results.slice_order import slices_by_line, worst_first

_WORST, _BEST = 20, 5
_SHORT = 4  # characters of a number of which there is room for three
_LINE = 18  # characters of a label that stays on one line
_PICTURES = 12  # of slices: one for each loss and model


@dataclass(frozen=True)
class Strip:
    """One row: what it is about, its value, the ends of its interval (None: there is none) and a count."""

    label: str
    value: float
    interval: tuple[float, float] | None
    count: int


def forest(evaluation: Evaluation, view: View) -> Iterator[str]:
    """A forest plot of each loss that several models have, the best first."""
    whole: dict[str, list[LossResult]] = {}
    for part in parts_of(evaluation.results):
        if not isinstance(part, SliceColumns):
            for result in part:
                if not result.by and result.model is not None:
                    whole.setdefault(result.spec, []).append(result)
    for found in whole.values():
        if len(found) > 1:
            rows = [_strip(result.model or "", result) for result in _ordered(found, worst_first=False)]
            yield strips(f"{display_name(found[0])} by model{_direction(found[0])}", "model", rows, None, view)


def slices(evaluation: Evaluation, view: View) -> Iterator[str]:
    """The slices of each loss and model, worst first, beside the value of all rows."""
    wholes = {(r.spec, r.model): r for part in parts_of(evaluation.results)
              if not isinstance(part, SliceColumns) for r in part if not r.by}  # fmt: skip
    found = slices_by_line(evaluation.results)
    for key, results in list(found.items())[:_PICTURES]:
        worst, best, left = _extremes(results)
        some, whole = (worst or best)[0], wholes.get(key)
        names = ", ".join(some.by)
        rows = [_strip(", ".join(result.by.values()) + f" ({result.count:,})", result) for result in (*worst, *best)]
        of = f" of {some.model}" if some.model is not None else ""
        said = f"{len(worst)} worst and {len(best)} best of {len(results):,} slices; the JSON report has all"
        caption = f"{display_name(some)}{of} by slice{_direction(some)}, worst first"
        shown = strips(caption, f"{names} (rows)", rows, None if whole is None else whole.value, view,
                       gap_after=len(worst) if best else None)  # fmt: skip
        yield f"<div>{shown}{note(said, view)}</div>\n" if left else shown
    if len(found) > _PICTURES:
        yield note(f"{len(found) - _PICTURES} more pairs of loss and model are in the JSON report", view)


def strips(
    caption: str, what: str, rows: Sequence[Strip], reference: float | None, view: View, gap_after: int | None = None
) -> str:  # fmt: skip
    """A table with a strip in each row; the value of all rows is a dashed line, if there is one."""
    ends = [end for row in rows for end in (row.value, *(row.interval or ()))]
    scale = spanning([*ends, *([] if reference is None else [reference])], 3, 97)
    title, body = safe(caption, view), []
    for at, row in enumerate(rows):
        if at == gap_after:
            body.append('<tr><td colspan="3" class="note">…</td></tr>\n')
        head = f'<th scope="row"{_short(row.label)}>{safe(row.label, view, 80)}</th><td class="n">{_numbers(row)}</td>'
        body.append(f'<tr>{head}<td class="plot">{_picture(row, scale, reference)}</td></tr>\n')
    interval = any(row.interval is not None for row in rows)
    dashed = "; dashed: all rows" if reference is not None and math.isfinite(reference) else ""
    said = ("confidence interval" if interval else "value") + dashed
    titles = (f'<th scope="col">{safe(what, view)}</th><th scope="col" class="n">value{" [CI]" if interval else ""}'
              f'</th><th scope="col" class="plot"><span class="note">{said}</span></th>')  # fmt: skip
    foot = f'<tfoot><tr><td></td><td></td><td class="plot">{_axis(scale)}</td></tr></tfoot>'
    head = f"<caption>{title}</caption>\n<thead><tr>{titles}</tr></thead>"
    rows_text = "".join(body)
    return scrollable(title, f'<table class="strips">\n{head}\n<tbody>\n{rows_text}</tbody>\n{foot}\n</table>')


def _short(label: str) -> str:
    """The attribute of labels that stay on one line."""
    return classes("short" if len(label) <= _LINE else "")


def _picture(row: Strip, scale: Scale, reference: float | None) -> str:
    # Places are in percent, so that dots and texts have one size however wide the strip is.
    marks = ""
    if reference is not None and math.isfinite(reference):
        at = scale.at(reference)
        marks += f'<line class="ref" x1="{at}%" x2="{at}%" y2="22"/>'
    if row.interval is not None and all(map(math.isfinite, row.interval)):
        low, high = map(scale.at, row.interval)
        marks += f'<line class="whisker" x1="{low}%" x2="{high}%" y1="11" y2="11"/>'
        marks += "".join(f'<line class="whisker" x1="{at}%" x2="{at}%" y1="7" y2="15"/>' for at in (low, high))
    if math.isfinite(row.value):
        marks += f'<circle class="dot" cx="{scale.at(row.value)}%" cy="11" r="4.5"/>'
    return f'<svg width="100%" height="22" aria-hidden="true">{marks}</svg>'


def _axis(scale: Scale) -> str:
    marks = f'<line class="axis" x1="{place(scale.start)}%" x2="{place(scale.stop)}%" y1="1" y2="1"/>'
    ticks = scale.ticks(3)
    if max(len(label(tick)) for tick in ticks) > _SHORT:
        ticks = [ticks[0], *ticks[1:][-1:]]
    for tick in ticks:
        at = scale.at(tick)
        marks += f'<line class="axis" x1="{at}%" x2="{at}%" y1="1" y2="6"/>'
        marks += f'<text x="{at}%" y="19" class="{_anchor(scale.place(tick))}">{label(tick)}</text>'
    return f'<svg width="100%" height="22" aria-hidden="true">{marks}</svg>'


def _anchor(at: float) -> str:
    """How a text is aligned so that it stays in the picture."""
    return "end" if at > 85 else "start" if at < 15 else "middle"


def _numbers(row: Strip) -> str:
    if row.interval is None:
        return short(row.value)
    low, high = (f"{end:.4g}" for end in row.interval)
    return f"{short(row.value)} <span>[{low}, {high}]</span>"


def _strip(label: str, result: LossResult) -> Strip:
    return Strip(label, result.value, result.interval, result.count)


def _direction(result: LossResult) -> str:
    return f" ({best_in_words(result.direction)} is better)"


def _ordered(results: Iterable[LossResult], *, worst_first: bool) -> list[LossResult]:
    """By value; NaN is the worst."""

    def key(result: LossResult) -> tuple[bool, float]:
        value = compared(result.direction, result.value)
        worse = value if is_lower_better(result.direction) else -value
        return (math.isnan(value) != worst_first, -worse if worst_first else worse)

    return sorted(results, key=key)


def _extremes(results: Sequence[LossResult]) -> tuple[list[LossResult], list[LossResult], bool]:
    """The worst slices, the best ones, and whether any are left out; of very many, few become results."""
    order = worst_first(results)
    if len(order) <= _WORST + _BEST:
        return [results[at] for at in order], [], False
    return [results[at] for at in order[:_WORST]], [results[at] for at in order[-_BEST:]], True

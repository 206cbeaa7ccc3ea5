"""What is drawn of results alone: a forest plot of the models of each loss, and the slices of each loss and model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from losscli.report.naming import display_name
from losscli.report.page.strips import Strip, Strips
from losscli.results import Evaluation, LossResult
from losscli.results.columns import SliceColumns, parts_of
from losscli.results.directions import best_in_words, compared, is_lower_better
from losscli.results.slice_order import slices_by_line, worst_first

_WORST, _BEST = 20, 5
_PICTURES = 12  # of slices: one for each loss and model


def forest(evaluation: Evaluation) -> Iterator[Strips]:
    """A forest plot of each loss that several models have, or that a baseline has too; the best first."""
    whole: dict[str, list[LossResult]] = {}
    for part in parts_of(evaluation.results):
        if not isinstance(part, SliceColumns):
            for result in part:
                if not result.by and (result.model is not None or result.baseline is not None):
                    whole.setdefault(result.spec, []).append(result)
    for found in whole.values():
        if len(found) > 1 or any(result.baseline is not None for result in found):
            rows = [_strip(result.model or "all rows", result) for result in _best_first(found)]
            yield Strips("models", f"{display_name(found[0])} by model{_direction(found[0])}", "model", rows)


def slices(evaluation: Evaluation) -> Iterator[Strips]:
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
        title = f"{display_name(some)}{of} by slice{_direction(some)}, worst first"
        yield Strips("slices", title, f"{names} (rows)", rows, None if whole is None else whole.value,
                     len(worst) if best else None, said if left else "")  # fmt: skip


def slices_left_out(evaluation: Evaluation) -> str:
    """A sentence that says of how many pairs of loss and model there is no picture; empty where of all."""
    more = len(slices_by_line(evaluation.results)) - _PICTURES
    return f"{more} more pairs of loss and model are in the JSON report" if more > 0 else ""


def _strip(label: str, result: LossResult) -> Strip:
    return Strip(label, result.value, result.interval, None if result.baseline is None else result.baseline.value)


def _direction(result: LossResult) -> str:
    return f" ({best_in_words(result.direction)} is better)"


def _best_first(results: Iterable[LossResult]) -> list[LossResult]:
    """By value; NaN is the worst."""

    def key(result: LossResult) -> tuple[bool, float]:
        value = compared(result.direction, result.value)
        return math.isnan(value), value if is_lower_better(result.direction) else -value

    return sorted(results, key=key)


def _extremes(results: Sequence[LossResult]) -> tuple[list[LossResult], list[LossResult], bool]:
    """The worst slices, the best ones, and whether any are left out; of very many, few become results."""
    order = worst_first(results)
    if len(order) <= _WORST + _BEST:
        return [results[at] for at in order], [], False
    return [results[at] for at in order[:_WORST]], [results[at] for at in order[-_BEST:]], True

"""Tab-separated lines under a header, for pipes: full precision, nothing cut, no quoting.

A tab or line end inside a text is written as an escape, so `cut -f` and `awk -F'\\t'` always see whole columns.
"""

from __future__ import annotations

from losscli.report.view import View, exact, has_models, slice_headers, slice_names
from losscli.result import Evaluation, LossResult

_INTERVAL = ("stderr", "low", "high")


def render(evaluation: Evaluation, view: View) -> str:
    """The lines: model and slice where the run has them, then loss, value, count, and the interval if asked for."""
    names = slice_names(evaluation)
    front = ["model"] if has_models(evaluation) else []
    measured = any(r.stderr is not None or r.interval is not None for r in evaluation.results)
    back = ["loss", "value", "count", *(_INTERVAL if measured else ())]
    lines = [[*front, *slice_headers(names, ["model", *back]), *back]]
    for result in evaluation.results:
        line = [result.model or ""] if front else []
        line += [result.by.get(name, "") for name in names]
        line += [result.spec, exact(result.value), str(int(result.count))]
        lines.append(line + (_uncertainty(result) if measured else []))
    return "".join("\t".join(view.text(cell, limit=None) for cell in line) + "\n" for line in lines)


def _uncertainty(result: LossResult) -> list[str]:
    stderr = "" if result.stderr is None else exact(result.stderr)
    return [stderr, *(("", "") if result.interval is None else map(exact, result.interval))]

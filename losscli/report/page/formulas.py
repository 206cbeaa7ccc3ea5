"""The formulas of the losses of a run, typeset, with the values of their parameters."""

from __future__ import annotations

from losscli.report.page.markup import safe, scrollable
from losscli.report.page.mathml import GREEK, typeset
from losscli.report.view import View
from losscli.results import Evaluation, FormulaResult


def formulas(evaluation: Evaluation, view: View, level: int) -> str:
    """What each loss computes of a row, and what makes the number of its means."""
    return "".join(_formula(found, view, level) for found in evaluation.formulas)


def _formula(found: FormulaResult, view: View, level: int) -> str:
    lines = typeset(found.formula)
    body = []
    for at, (label, line) in enumerate(lines):
        name = "of a row" if at == len(lines) - 1 and not label and len(lines) > 1 else label
        said = f'<span class="note">{safe(name, view)}</span> ' if name else ""
        body.append(f'<div class="formula">{said}{line}</div>\n')
    more = [f"{GREEK.get(name, name)} = {_value(value)}" for name, value in found.params.items()]
    where = f'<p class="note">with {safe(", ".join(more), view)}</p>\n' if more else ""
    cite = f'<p class="note">{safe(found.cite, view)}</p>\n' if found.cite else ""
    inside = "".join(body)
    label = safe(f"formula of {found.spec}", view)
    title = f"<h{level}><code>{safe(found.spec, view)}</code></h{level}>\n"
    return f"{title}<p>{safe(found.summary, view)}</p>\n{scrollable(label, inside)}{where}{cite}"


def _value(value: float | int | bool | str | None) -> str:
    if value is None or isinstance(value, bool):
        return {None: "unset", True: "yes", False: "no"}[value]
    return value if isinstance(value, str) else f"{value:g}"

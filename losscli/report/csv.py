"""One row a result, for spreadsheets and data frames; full precision."""

from __future__ import annotations

import csv
import io
import re

from losscli.report.view import View, exact, slice_headers, slice_names
from losscli.result import Evaluation, LossResult

_FRONT = ("model",)
_BACK = (
    *("loss", "spec", "value", "count", "weight", "reduction", "direction"),
    *("stderr", "low", "high", "signature"),
)

# Spreadsheets run a cell that starts with one of these. The sink of row tables has the same rule and may not import
# this module; a test holds the two together.
_FORMULA = re.compile("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def guarded(text: str) -> str:
    """Text with a quote before it where a spreadsheet would run it; a plain number is left alone."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def render(evaluation: Evaluation, view: View) -> str:
    """RFC 4180 with one line feed a row."""
    names = slice_names(evaluation)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*_FRONT, *(_text(name, view) for name in slice_headers(names, _FRONT + _BACK)), *_BACK])
    for result in evaluation.results:
        writer.writerow(_row(result, names, view))
    return stream.getvalue()


def _text(text: str, view: View) -> str:
    # The guard looks at the text as it came: a tab at its start would not look like one after it was made visible.
    mark = "'" if guarded(text) != text else ""
    return mark + view.text(text, limit=None)


def _row(result: LossResult, names: tuple[str, ...], view: View) -> list[str]:
    low, high = ("", "") if result.interval is None else map(exact, result.interval)
    return [
        _text(result.model or "", view),
        *(_text(result.by.get(name, ""), view) for name in names),
        _text(result.loss, view),
        _text(result.spec, view),
        exact(result.value),
        str(int(result.count)),
        exact(result.weight),
        result.reduction,
        result.direction,
        "" if result.stderr is None else exact(result.stderr),
        low,
        high,
        _text(result.signature, view),
    ]

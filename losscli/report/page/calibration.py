"""The section of a page about a calibration: what the map does, its parameters, and the loss along the descent."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.report.cells import Layout
from losscli.report.page.descent import curve
from losscli.report.page.markup import listing, note, safe, table
from losscli.report.view import View, counted
from losscli.results.calibration import Calibration


def calibration_section(found: Calibration, sentences: Sequence[str], parameters: Layout, view: View) -> str:
    """The verdicts of a calibration in words, the table of its map, and the curve of the loss."""
    title = f"{found.map.method}: {found.map.formula}"
    picture = "" if found.descent is None else f'<div class="charts">\n{curve(found.descent).figure(view)}</div>\n'
    fitted = note(f"fitted to {counted(found.map.rows, 'row')}", view) if found.folds is not None else ""
    shown = f"<p>{safe(title, view)}</p>\n{table('The map', parameters, view)}"
    return f"<h2>Calibration</h2>\n{listing(sentences, view)}{shown}{fitted}{picture}"

"""What `losscli inspect` found, as text for people, as tab-separated lines, and as JSON."""

from __future__ import annotations

from losscli.report.view import View
from losscli.results.inspections import Inspection


def render(
    found: Inspection, format: str, *, width: int | None = None, color: bool = False, ascii_only: bool = False
) -> str:
    """What was found as "table", "plain" or "json"; the other parameters are those of a terminal."""
    if format == "json":
        from losscli.report.inspection import document

        return document.text(found)
    view = View(width=width, color=color, ascii_only=ascii_only)
    if format == "plain":
        from losscli.report.inspection import plain

        return plain.text(found, view)
    from losscli.report.inspection import table

    return table.text(found, view)

"""One JSON object per line: results, comparisons, gates, each as it is in the JSON report, and rows left out.

`kind` says which it is, so that a program can select: `jq 'select(.kind == "result")'`. In a check of several suites
the name of the suite comes first. A suite that ended in an error has a line of the kind "error".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from losscli.report.json_columns import object_texts
from losscli.report.json_comparisons import comparison_object
from losscli.report.json_diagnostics import worst_slices_object
from losscli.report.json_document import (
    dumps,
    error_object,
    gate_object,
    influence_object,
    result_object,
    rows_object,
    safe,
)
from losscli.report.renderer import Renderer
from losscli.report.view import View
from losscli.results import LossResult, SuiteResult
from losscli.results.columns import SliceColumns, parts_of


class Jsonl(Renderer):
    """JSON Lines."""

    summary = "One result per line, then comparisons, gates, rows left out; `kind` says which."
    suffixes = (".jsonl", ".ndjson")

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The lines of all suites."""
        named = any(suite.name is not None for suite in suites)
        lines = []
        for suite in suites:
            front = {"suite": suite.name} if named else {}

            def line_of(result: LossResult, front: dict[str, Any] = front) -> dict[str, Any]:
                return {**front, "kind": "result", **result_object(result)}

            for found in _objects(suite):
                if isinstance(found, SliceColumns):
                    lines += [safe(text, view) + "\n" for text in object_texts(found, line_of, None)]
                else:
                    lines.append(dumps({**front, **found}, view) + "\n")
        return "".join(lines)


RENDERER = Jsonl()


def _objects(suite: SuiteResult) -> Iterator[dict[str, Any] | SliceColumns]:
    if suite.error is not None:
        yield {"kind": "error", **error_object(suite.error)}
    if suite.evaluation is None:
        return
    for part in parts_of(suite.evaluation.results):
        if isinstance(part, SliceColumns):
            yield part
        else:
            yield from ({"kind": "result", **result_object(result)} for result in part)
    for comparison in suite.evaluation.comparisons:
        yield {"kind": "comparison", **comparison_object(comparison)}
    for found in suite.evaluation.influence:
        yield {"kind": "influence", **influence_object(found)}
    if suite.evaluation.worst_slices is not None:
        yield {"kind": "worst_slices", **worst_slices_object(suite.evaluation.worst_slices)}
    for gate in suite.evaluation.gates:
        yield {"kind": "gate", **gate_object(gate)}
    if suite.evaluation.rows.left_out:
        yield {"kind": "rows", **rows_object(suite.evaluation.rows)}

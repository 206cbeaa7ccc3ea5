"""What `dvc plots` reads: a list of points, one a result: `dvc plots show -x slice -y value`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from losscli.report.dvc import left_out
from losscli.report.json import dumps
from losscli.report.naming import about, called
from losscli.report.suites import alone, evaluated
from losscli.report.view import View
from losscli.results import Evaluation, SuiteResult

__all__ = ["left_out", "render", "render_suites"]


def render(evaluation: Evaluation, view: View) -> str:
    """The points of one run."""
    return render_suites(alone(evaluation), view)


def render_suites(suites: Sequence[SuiteResult], view: View) -> str:
    """The points of all suites, one a line; values that are not finite are left out, as DVC has no place for them."""
    lines = []
    for name, evaluation in evaluated(suites):
        for result in evaluation.results:
            if math.isfinite(result.value):
                whole = ",".join(about(None, result.by)) or "all"
                point = {"slice": whole, "model": result.model or "", "loss": called(result)}
                value = {"value": float(result.value)}
                lines.append(dumps({**({} if name is None else {"suite": name}), **point, **value}, view))
    return "[" + ",".join(f"\n  {line}" for line in lines) + "\n]\n"

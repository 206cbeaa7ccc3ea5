"""What `dvc plots` reads: a list of points, one per result: `dvc plots show -x slice -y value`.

Values that are not finite are omitted, as DVC has no place for them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from losscli.report.json_document import dumps
from losscli.report.naming import display_name, nonfinite_results, subject
from losscli.report.renderer import Renderer
from losscli.report.suites import evaluated
from losscli.report.view import View
from losscli.results import Evaluation, SuiteResult


class DvcPlots(Renderer):
    """Points for plots of DVC."""

    summary = "Points for 'dvc plots': -o dvc-plots=plots.json"

    def render_suites(self, suites: Sequence[SuiteResult], view: View) -> str:
        """The points of all suites, one per line."""
        lines = []
        for name, evaluation in evaluated(suites):
            for result in evaluation.results:
                if math.isfinite(result.value):
                    slice_ = ",".join(subject(None, result.by)) or "all"
                    point = {"slice": slice_, "model": result.model or "", "loss": display_name(result)}
                    value = {"value": float(result.value)}
                    lines.append(dumps({**({} if name is None else {"suite": name}), **point, **value}, view))
        return "[" + ",".join(f"\n  {line}" for line in lines) + "\n]\n"

    def omitted(self, evaluation: Evaluation) -> list[str]:
        """The results that are not finite."""
        return nonfinite_results(evaluation)


RENDERER = DvcPlots()

"""The picture of a descent: the loss at each step."""

from __future__ import annotations

import math

from losscli.report.page.charts import Picture, Plane, x_scale, y_scale
from losscli.report.page.marks import Dots, Line
from losscli.report.page.scales import rounded, spanning
from losscli.results.calibration import DescentResult

NAME = "descent"


def curve(found: DescentResult) -> Picture:
    """The loss by step; a loss that is not finite is left out."""
    points = [(float(at), step.loss) for at, step in enumerate(found.steps) if math.isfinite(step.loss)]
    room = spanning((loss for _, loss in points), 0, 1)
    plane = Plane(x_scale(0, max(len(found.steps) - 1, 1)), y_scale(room.low, room.high), "step", found.loss)
    marks = (Line(points, "a"), Dots(points, large=True))
    said = f"{'converged' if found.converged else 'not converged'}: {found.reason}"
    rows = [[str(round(at)), rounded(loss)] for at, loss in points]
    return Picture(NAME, f"Descent of {found.loss} by {found.method}", said, plane, marks, ("step", "loss"), rows)

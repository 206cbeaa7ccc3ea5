"""A loss as a function of the parameters of a map: its value and gradient over the rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from losscli.binding.plan import Line
from losscli.binding.request import Inference
from losscli.contract.kinds import Array
from losscli.errors import UsageError
from losscli.execution.calibration.descent import Evaluated
from losscli.execution.calibration.maps import Map, Parameter
from losscli.execution.calibration.miscalibration import gradient_test
from losscli.execution.calibration.passes import Passes, Point
from losscli.execution.calibration.rows import Rows
from losscli.execution.calibration.subject import Subject
from losscli.execution.engines import Engine
from losscli.execution.prepare import Prepared
from losscli.lazy import dataclass
from losscli.results.calibration import MiscalibrationTest
from losscli.statistics.estimates import results


@dataclass(frozen=True)
class Objective:
    """The first loss of a run, on predictions that go through a map. Where higher is better, it is negated."""

    prepared: Prepared
    subject: Subject
    map: Map
    rows: Rows
    engine: Engine

    @cached_property
    def line(self) -> Line:
        """The loss that is lowered, on the mapped predictions."""
        (line,) = self.subject.lines(self.prepared.plan.lines[:1], "calibrated")
        return line

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the map."""
        return self.map.parameters(self.subject.domain)

    @property
    def start(self) -> Array:
        """The parameters with which the map changes nothing."""
        return np.array([each.start for each in self.parameters])

    @property
    def sign(self) -> float:
        """-1 where the number is a score, which is better if higher."""
        return -1.0 if self.line.spec.direction == "higher" else 1.0

    def check(self) -> None:
        """A UsageError where there is nothing to descend by."""
        if self.map.fit != "descent":
            raise UsageError(f"--method {self.map.name} needs no descent", hint="losscli calibrate fits it",
                             code="USAGE_CONFLICT")  # fmt: skip
        if self.line.spec.direction == "zero":
            raise UsageError(f"'{self.line.spec.text}' is best at 0, so there is nothing to lower",
                             code="USAGE_CONFLICT")  # fmt: skip
        for role in self.subject.domain.roles:
            for job in self.line.jobs:
                loss = job.spec.loss
                if role in loss.roles and role not in loss.gradients:
                    why = loss.no_gradient or "it is zero wherever it is defined"
                    raise UsageError(f"'{job.spec.text}' has no gradient by '{role}': {why}", code="USAGE_CONFLICT",
                                     hint="take a loss with a gradient, as 'losscli show LOSS' says")  # fmt: skip

    def __call__(self, points: Sequence[Point]) -> list[Evaluated]:
        """The value and the gradient at each point; the value is infinite where it is not finite, or not allowed."""
        found = [Evaluated(math.inf, np.zeros(len(point.parameters))) for point in points]
        allowed = [at for at, point in enumerate(points) if self._allows(point.parameters)]
        added = zip(allowed, self._passes.totals([points[at] for at in allowed]), strict=True)
        totals = {at: one for at, one in added if one is not None}
        values = {at: self.sign * results(one)[0].value for at, one in totals.items()}
        finite = [at for at, value in values.items() if math.isfinite(value)]
        gradients = self._passes.gradients([points[at] for at in finite], [totals[at] for at in finite])
        for at, gradient in zip(finite, gradients, strict=True):
            found[at] = Evaluated(values[at], self.sign * gradient)
        return found

    def test_start(self) -> MiscalibrationTest | None:
        """Whether the gradient at the start is 0 but for chance; None where rows are no independent units."""
        point = Point(self.start)
        (totals,) = self._passes.totals([point])
        if totals is None or totals.grouped or self.prepared.plan.request.inference.grouping is not None:
            return None
        return gradient_test(self._passes.products(point, totals))

    @cached_property
    def _passes(self) -> Passes:
        request = replace(self.prepared.plan.request, inference=Inference())
        run = replace(self.prepared, plan=replace(self.prepared.plan, request=request, lines=(self.line,)))
        return Passes(run, self.line, self.subject, self.map, self.rows, self.engine)

    def _allows(self, parameters: Array) -> bool:
        positive = [each.positive for each in self.parameters]
        return bool(np.isfinite(parameters).all() and (parameters[positive] > 0).all())

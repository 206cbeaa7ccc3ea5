"""What is calibrated: the columns of predictions, their link, and a second set of them beside the first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from losscli.binding.plan import Input, Job, Line, Plan
from losscli.binding.read_rows import ReadRows
from losscli.contract.kinds import Array, Kind
from losscli.errors import UsageError
from losscli.execution.calibration.links import LINKS, Link
from losscli.execution.calibration.maps import MAPS, Domain, Map
from losscli.lazy import dataclass

CALIBRATED = "calibrated "
"""What stands before the names of columns that are mapped."""

_ROLES = (("pred",), ("lower", "upper"))


@dataclass(frozen=True)
class Subject:
    """The predictions of one model.

    Attributes
    ----------
    domain
        What they are.
    inputs
        The array of each role.
    calibrated
        Each input of such a role, in any loss -> that of the mapped predictions.
    """

    domain: Domain
    inputs: tuple[Input, ...]
    calibrated: Mapping[Input, Input]

    def link_of(self, chosen: Map) -> Link:
        """The link of the predictions, if the map works on it."""
        return LINKS[self.domain.link if chosen.linked else "identity"]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the predictions."""
        return tuple(name for side in self.inputs for name in side.columns)

    def raw(self, arrays: Mapping[Input, Array]) -> Array:
        """The predictions as they are, of shape (rows, numbers per row)."""
        return np.concatenate([as_columns(arrays[side]) for side in self.inputs], axis=1)

    def mapped(self, chosen: Map, parameters: Array, arrays: Mapping[Input, Array]) -> Array:
        """The mapped predictions, of the shape of `raw`; NaN where they left the domain of predictions."""
        link = self.link_of(chosen)
        with np.errstate(all="ignore"):
            found = link.back(chosen.values(link.of(self.raw(arrays)), parameters))
            outside = self.inputs[0].kind.outside(found)
        return found if outside is None else np.where(outside, np.nan, found)

    def by_input(self, values: Array) -> dict[Input, Array]:
        """Mapped predictions as the arrays of kernels, of the shapes of the predictions."""
        found: dict[Input, Array] = {}
        for side, other in self.calibrated.items():
            if side.role == "pred":
                found[other] = np.ascontiguousarray(values) if _is_wide(side) else np.ascontiguousarray(values[:, 0])
            else:
                found[other] = np.ascontiguousarray(values[:, self.domain.roles.index(side.role)])
        return found

    def with_calibrated(self, rows: ReadRows, values: Array) -> ReadRows:
        """The rows with mapped predictions beside their own."""
        arrays = {**rows.batch.arrays, **self.by_input(values)}
        return replace(rows, batch=rows.batch.holding(arrays))

    def leaves(self, rows: ReadRows) -> bool:
        """Whether a mapped prediction of these rows has left the domain of predictions."""
        return any(bool(np.isnan(rows.batch.arrays[side]).any()) for side in self.calibrated.values())

    def lines(self, lines: Sequence[Line], model: str) -> tuple[Line, ...]:
        """The lines of a report on the mapped predictions, under another name of the model."""
        return tuple(
            replace(line, model=model, jobs=tuple(self._job(job, model) for job in line.jobs)) for line in lines
        )

    def _job(self, job: Job, model: str) -> Job:
        inputs = tuple(self.calibrated.get(side, side) if isinstance(side, Input) else side for side in job.inputs)
        return replace(job, model=model, inputs=inputs)


def as_columns(array: Array) -> Array:
    """The numbers of each row, which may be one, as a row of a matrix."""
    return array.reshape(len(array), math.prod(array.shape[1:]))


def subject_of(plan: Plan, first: ReadRows) -> Subject:
    """The predictions of the run, of which `first` are the first rows: of one model, the same in all losses."""
    models = list(dict.fromkeys(line.model for line in plan.lines))
    if len(models) > 1:
        raise UsageError(f"calibration takes one model; got {', '.join(map(str, models))}",
                         hint="run it for each: -p NAME", code="USAGE_CONFLICT")  # fmt: skip
    roles = next((roles for roles in _ROLES if _playing(plan.lines[:1], roles)), None)
    if roles is None:
        raise UsageError(f"'{plan.lines[0].spec.text}' has no predictions to calibrate",
                         hint="it needs the role 'pred', or 'lower' and 'upper'", code="USAGE_CONFLICT")  # fmt: skip
    playing = _playing(plan.lines, roles)
    if any(side.ragged for side in playing):
        raise UsageError("lists whose lengths differ cannot be calibrated", code="USAGE_CONFLICT")
    chosen = tuple(_preferred([side for side in playing if side.role == role]) for role in roles)
    calibrated = {side: replace(side, columns=tuple(CALIBRATED + name for name in side.columns)) for side in playing}
    labels = roles if len(roles) > 1 else _labels(chosen[0], first)
    return Subject(Domain(roles, _link_of(chosen[0].kind), labels), chosen, calibrated)


def _playing(lines: Sequence[Line], roles: Sequence[str]) -> list[Input]:
    """The inputs of these roles, where a loss has all of them."""
    found = {
        side: None for line in lines for job in line.jobs
        if {*roles} <= {role for role, side in job.by_role() if isinstance(side, Input)}
        for role, side in job.by_role() if isinstance(side, Input) and role in roles
    }  # fmt: skip
    return list(found)


def _preferred(sides: Sequence[Input]) -> Input:
    """Of several losses the input whose kind says the most: that of probabilities before any real number."""
    columns = {side.columns for side in sides}
    if len(columns) > 1:
        raise UsageError("the losses take different columns as predictions", code="USAGE_CONFLICT")
    return min(sides, key=lambda side: side.kind.link is None)


def _link_of(kind: Kind) -> str:
    return kind.link or ("logit" if kind.logit else "identity")


def _is_wide(side: Input) -> bool:
    return side.wide or side.listed or side.kind.shape == "vector"


def _labels(side: Input, first: ReadRows) -> tuple[str, ...]:
    """What the numbers of a row are called: their classes, or columns, or else positions."""
    array = first.batch.arrays[side]
    width = 1 if array.ndim == 1 else array.shape[1]
    names = side.labels or (side.columns if len(side.columns) == width else None)
    return tuple(names) if names is not None and len(names) == width else tuple(map(str, range(width)))


def map_for(domain: Domain, name: str | None) -> Map:
    """The map of this name; without one, the first that suits the predictions."""
    suited = [each for each in MAPS if each.suits(domain)]
    if not suited:
        raise UsageError("no map suits these predictions", code="USAGE_CONFLICT")
    chosen = suited[0] if name is None else next((each for each in suited if each.name == name), None)
    if chosen is None:
        names = ", ".join(each.name for each in suited)
        raise UsageError(f"--method {name} does not suit these predictions", hint=f"these do: {names}",
                         code="USAGE_CONFLICT")  # fmt: skip
    return chosen

"""What a comparison of two numbers must share, as text."""

from __future__ import annotations

from collections.abc import Mapping

from losscli.binding.plan import Input, Job, Line, Plan
from losscli.binding.request import Request
from losscli.binding.unit_keys import BATCH
from losscli.io.arrow.canonical import canonical_label

_NONE = "none"


def reduction_of(plan: Plan, job: Job) -> str:
    """`sum` if the loss declares it; otherwise the reduction of the request, by default `mean`."""
    return "sum" if job.spec.loss.reduction == "sum" else plan.request.reduction or "mean"


def signature(plan: Plan, line: Line) -> str:
    """What two numbers must share to be compared: everything that makes the number, but not the rows.

    Words joined by `|`. Those about what may be absent are always there, as `where=none`: so a signature of a version
    that did not have a word yet is told from one that was made without a filter.
    """
    request = plan.request
    reduction = reduction_of(plan, next((job for job in line.jobs if job.spec.loss.source_roles), line.jobs[0]))
    revisions = "+".join(str(job.spec.loss.revision) for job in line.jobs)
    each = [request.divisor(job.spec) for job in line.jobs]
    divisors = "+".join(each if len(set(each)) > 1 else each[:1])
    pieces = [_escaped(line.spec.full), f"rev{revisions}", reduction, f"w={_value(plan.weight)}",
              f"cw={_class_weights(request.class_weight)}", f"by-{divisors}"]  # fmt: skip
    if any(job.spec.loss.batched for job in line.jobs):
        size = request.batch_size
        batch = f"size:{size}" if size else f"by:{_escaped(plan.batch_by)}" if plan.batch_by else "table"
        pieces.append(f"batch={batch}")
    pieces.append(f"where={_value(None if request.where is None else request.where.text)}")
    pieces.append(f"missing={request.missing}")
    if request.nan != "error":
        pieces.append(f"nan={request.nan}")
    if request.mean_of is not None:
        pieces.append(f"mean-of={_escaped(request.mean_of)}")
    if request.group_weight is not None:
        pieces.append(f"group-weight={_escaped(request.group_weight)}")
    if lets := _lets(plan, line):
        pieces.append(f"let={_escaped(lets)}")
    pieces += _labels(request, line)
    return "|".join(pieces)


def of_slices(plan: Plan) -> str:
    """What a number of a slice has in its signature beside that: how the labels that make the slice are derived."""
    derived = [_escaped(key.name, ",") for key in plan.slice_keys[: len(plan.by)] if key.derivation is not None]
    return f"|slices={','.join(derived)}" if derived else ""


def _lets(plan: Plan, line: Line) -> str:
    """The derived columns that this number needs: of its roles, of the run, and those that they use."""
    request, derived = plan.request, plan.derived
    inputs = [side for job in line.jobs for side in job.inputs if isinstance(side, Input)]
    names = [name for item in inputs for name in item.columns]
    names += [*(key.column for key in plan.slice_keys), *filter(None, [plan.weight, plan.class_column]),
              *(key.column for what, key in plan.unit_keys.items() if what == BATCH)]  # fmt: skip
    return "; ".join(derived.texts(names, request))


def _labels(request: Request, line: Line) -> list[str]:
    """What the labels of the targets mean, where it was said."""
    inputs = [side for job in line.jobs for side in job.inputs if isinstance(side, Input)]
    said = []
    if request.positive is not None and any(item.kind.sides for item in inputs):
        said.append(f"positive={_escaped(canonical_label(request.positive))}")
        if request.others != "error":
            said.append(f"others={request.others}")
    if request.classes and any(item.kind.classes or _has_classes(item) for item in inputs):
        said.append(f"classes={','.join(_escaped(canonical_label(name), ',') for name in request.classes)}")
    if request.first_class and any(map(_has_classes, inputs)):
        said.append(f"first-class={request.first_class}")
    return said


def _has_classes(item: Input) -> bool:
    return item.classes is not None and item.classes.carrier is not None


def _class_weights(given: str | Mapping[str, float] | None) -> str:
    if not isinstance(given, Mapping):
        return given or _NONE
    return ",".join(f"{_escaped(name, ',=')}={weight!r}" for name, weight in sorted(given.items()))


def _value(text: str | None) -> str:
    """A name or a filter as the value of a word; a column may be called "none", too."""
    return _NONE if text is None else f"\\{text}" if text == _NONE else _escaped(text)


def _escaped(text: str, more: str = "") -> str:
    """The text with a backslash before what separates words, so that no two requests have one signature."""
    for char in f"\\|{more}":
        text = text.replace(char, f"\\{char}")
    return text

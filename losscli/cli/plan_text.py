"""`--plan`: which column plays which role."""

from __future__ import annotations

from losscli.binding.plan import Input
from losscli.execution.prepare import Prepared
from losscli.report.sanitized import sanitized


def plan_text(prepared: Prepared) -> str:
    """Which column became which role, for every loss and model."""
    lines = []
    for line in prepared.plan.lines:
        for job in line.jobs:
            name = job.spec.full if line.model is None else f"{line.model}: {job.spec.full}"
            lines.append(name)
            for role, side in job.by_role():
                if side is None:
                    lines.append(f"  {role}: (left out)")
                elif isinstance(side, Input):
                    lines.append(
                        f"  {role}: {', '.join(side.columns)}  [{_says(side)}]{_kind_of_lists(side)}{_classes(side)}"
                    )
                else:
                    lines.append(f"  {role}: {side.path} ({', '.join(prepared.plan.tables[side].columns)})")
    plan = prepared.plan
    extra = {
        "weight": plan.weight,
        "by": ", ".join(plan.by),
        "mean of": plan.request.mean_of,
        "group weight": plan.request.group_weight,
        "batch by": plan.batch_by,
        "where": plan.request.where.text if plan.request.where else None,
        "positive class label": plan.request.positive,
        "other labels": plan.request.others if plan.request.others != "error" else None,
        "first class index": plan.request.first_class,
    }
    lines += [f"let {text}" for text in plan.derived.texts(plan.derived.readings, plan.request)]
    lines += [f"{name}: {value}" for name, value in extra.items() if value not in (None, "")]
    lines += plan.pairings
    return "".join(f"{sanitized(line, limit=None)}\n" for line in lines)


def _says(side: Input) -> str:
    """What the columns must hold; on both sides a label where predictions may be labels."""
    return side.kind.says + (", or a label" if side.facing is not None or side.against is not None else "")


def _kind_of_lists(side: Input) -> str:
    labels = f"  by the labels {', '.join(side.labels or ())}" if side.keyed else ""
    ragged = "  lists of any length: a row's value is the mean over its elements" if side.ragged else ""
    return f"{'  vectors as text' if side.spelled else ''}{labels}{ragged}"


def _classes(side: Input) -> str:
    classes = side.classes
    if classes is None or classes.carrier is None:
        return ""
    if classes.names is None:
        return "  classes by position"
    return f"  classes {'' if classes.sure else 'by name if the first target is one of: '}{', '.join(classes.names)}"

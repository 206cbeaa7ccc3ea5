"""What the labels and predictions of a whole run make doubtful: known only when all rows are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from losscli.binding.align_classes import numbered
from losscli.binding.label_registry import LISTED, LabelRegistry
from losscli.binding.plan import Classes, Input, Plan, Table


def class_notes(plan: Plan, registry: LabelRegistry, widths: Mapping[Input, int]) -> list[str]:
    """What was bound by position: columns of several roles, and classes."""
    said = [*plan.pairings]
    for item in registry.positions:
        classes = item.classes or Classes()
        first, carrier, count = classes.first or 0, classes.carrier, _count(plan, classes, widths)
        if classes.names is not None:
            said.append(numbered(classes.names, first))
        elif isinstance(carrier, Table):
            said.append(f"classes by position: {first} to {first + count - 1}, the rows of '{carrier.path}'")
        elif carrier is not None:
            said.append(f"classes by position: {first} to {first + count - 1} in the lists of '{carrier.columns[0]}'")
    return list(dict.fromkeys(said))


def label_warnings(plan: Plan, registry: LabelRegistry, widths: Mapping[Input, int]) -> list[str]:
    """What a reader of the numbers should check, one sentence each."""
    return list(
        dict.fromkeys(
            [
                *_absent_classes(plan, registry, widths),
                *_probable_logits(plan, registry),
                *(text for item, found in registry.decisions.items() for text in found.warnings(item)),
            ]
        )
    )


def _absent_classes(plan: Plan, registry: LabelRegistry, widths: Mapping[Input, int]) -> Iterator[str]:
    """Classes that never occur, where they bind by position: their indices may count from another number."""
    for item, seen in registry.positions.items():
        classes = item.classes or Classes()
        absent = sorted(set(range(_count(plan, classes, widths))) - seen)
        if not absent:
            continue
        first = classes.first or 0
        shown = [str(at + first) + (f" ({classes.names[at]})" if classes.names else "") for at in absent[:LISTED]]
        shown += ["…"] * (len(absent) > LISTED)
        which = f"class {shown[0]} never occurs" if len(absent) == 1 else f"classes {', '.join(shown)} never occur"
        hint = "; if the labels count from 1, give --first-class 1" if absent[0] == 0 and classes.first is None else ""
        yield f"'{item.columns[0]}': {which}{hint}"


def _count(plan: Plan, classes: Classes, widths: Mapping[Input, int]) -> int:
    """How many classes the other side has."""
    carrier = classes.carrier
    if classes.names is not None or carrier is None:
        return len(classes.names or ())
    return len(plan.tables[carrier].values) if isinstance(carrier, Table) else widths.get(carrier, 0)


def _probable_logits(plan: Plan, registry: LabelRegistry) -> Iterator[str]:
    for job in plan.jobs:
        loss, other = job.spec.loss, job.spec.loss.of_probabilities
        for item in (item for item in plan.logits if item in job.inputs and registry.probable.get(item)):
            shown = item.columns[0] if len(item.columns) == 1 else f"{item.columns[0]}…{item.columns[-1]}"
            rows = " and every row sums to 1" if item.kind.shape == "vector" else ""
            if other is not None:
                yield (f"'{shown}': all values are in [0, 1]{rows}, but '{loss.name}' takes logits; "
                       f"for probabilities use '{other.name}'")  # fmt: skip

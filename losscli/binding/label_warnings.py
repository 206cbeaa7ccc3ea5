"""What the labels and predictions of a whole run make doubtful: known only when all rows are read."""

from __future__ import annotations

from losscli.binding.labels import ClassBook
from losscli.binding.plan import Plan


def label_warnings(plan: Plan, book: ClassBook) -> list[str]:
    """What a reader of the numbers should check, one sentence each."""
    return list(dict.fromkeys(_probable_logits(plan, book)))


def _probable_logits(plan: Plan, book: ClassBook) -> list[str]:
    said = []
    for job in plan.jobs:
        loss, other = job.spec.loss, job.spec.loss.of_probabilities
        for item in (item for item in plan.logits if item in job.inputs and book.probable.get(item)):
            shown = item.columns[0] if len(item.columns) == 1 else f"{item.columns[0]}…{item.columns[-1]}"
            rows = " and every row sums to 1" if item.kind.shape == "vector" else ""
            if other is not None:
                said.append(f"'{shown}': all values are in [0, 1]{rows}, but '{loss.name}' takes logits; "
                            f"for probabilities use '{other.name}'")  # fmt: skip
    return said

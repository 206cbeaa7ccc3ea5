"""What a run holds of the rows that it has read, for losses of a whole table."""

from __future__ import annotations

from losscli.binding.plan import Plan


def held_in_memory(plan: Plan) -> list[str]:
    """A note on each loss whose rows are held: their distinct values, with how often each occurs."""
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for job in plan.jobs:
        if job.spec.loss.sorted_by:
            found.setdefault(job.spec.loss.sorted_by, {})[job.spec.loss.name] = None
    notes = [f"{', '.join(names)}: holds each distinct {', '.join(keys)} in memory" for keys, names in found.items()]
    if plan.request.skill:
        from losscli.binding.best_constants import held_for_constants  # few runs ask for them

        notes += [f"{spec}: --skill holds each distinct target in memory" for spec in held_for_constants(plan)]
    return notes

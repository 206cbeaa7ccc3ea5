"""Which kinds of a loss's roles belong together, where roles have several."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from losscli.contract.kinds import Kind


def combinations(roles: Iterable[tuple[Kind, ...]]) -> list[tuple[Kind, ...]]:
    """Every choice of one kind a role in which the sides belong together, in declared order.

    Class probabilities or logits face classes or a distribution, never a number, unless they are alone; a class faces
    such a side wherever the loss has one. Sides that are each one number or a vector are all numbers or all vectors.
    """
    roles = list(roles)
    carries = any(kind.classes for kinds in roles for kind in kinds)
    either = [place for place, kinds in enumerate(roles) if {kind.shape for kind in kinds} == {"number", "vector"}]

    def belong(kinds: tuple[Kind, ...]) -> bool:
        carriers = sum(kind.classes for kind in kinds)
        speakers = sum(kind.shape == "class" for kind in kinds)
        if not carriers and len({kinds[place].shape for place in either}) > 1:
            return False
        return carriers + speakers >= min(2, len(kinds)) if carriers else not (speakers and carries)

    return [chosen for chosen in itertools.product(*roles) if belong(chosen)]

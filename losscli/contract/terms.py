"""What a kernel answers: its terms, each a named array of values."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from losscli.contract.kinds import Array
from losscli.contract.scaled import Scaled


class Term(NamedTuple):
    """A named array of values, one a unit; `where` says which units take part (None: all)."""

    values: Array
    where: Array | None = None


Terms: TypeAlias = dict[str, Term]


class Beyond(NamedTuple):
    """The values of some rows of a term that may be no normal doubles."""

    rows: Array
    numbers: Scaled


def as_terms(answer: Any) -> Terms:
    """A kernel's answer as a dict of terms: a lone array or Term is the term called "loss"."""
    if isinstance(answer, dict):
        return answer
    return {"loss": answer if isinstance(answer, Term) else Term(answer)}

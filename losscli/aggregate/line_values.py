"""The values of rows of a line of the report, of the terms that its kernel calls gave."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from losscli.aggregate.kernel_calls import KernelCall, kernel_calls
from losscli.binding.plan import Line
from losscli.binding.row_columns import apart, base, of_term
from losscli.contract.loss import Term, Terms


def line_columns(line: Line, scored: Mapping[KernelCall, Terms], rows: int) -> dict[str, Term]:
    """The columns of a line in a file of row values: one, or one of each term where only means of terms make it."""
    name = base(line.spec, line.model)
    parts = []
    for job in line.jobs:
        terms: Terms = {}
        for term, call in kernel_calls(job).items():
            for own, found in scored[call].items():
                terms[term or own] = found
        parts.append(terms)
    if not line.spec.is_composite:
        (job,), (terms,) = line.jobs, parts
        overlap = len(terms) > 1 and any(where is None for _, where in terms.values())
        if apart(job.spec.loss, overlap):
            return {of_term(name, term): found for term, found in terms.items()}
        return {name: _merged(terms)}
    total, part = np.full(rows, line.spec.constant), np.ones(rows, bool)
    for (factor, _), terms in zip(line.spec.parts, parts, strict=True):
        values, where = _merged(terms)
        total = total + factor * values
        part = part if where is None else part & where
    return {name: Term(total, None if part.all() else part)}


def _merged(terms: Mapping[str, Term]) -> Term:
    """The one column of terms that share no row."""
    if len(terms) == 1:
        return next(iter(terms.values()))
    values = part = None
    for found, where in terms.values():
        assert where is not None
        values = np.where(where, found, 0.0 if values is None else values)
        part = where if part is None else part | where
    assert values is not None and part is not None
    return Term(values, part)

"""The gradient of a number that is made of means a class: each row changes the means of its own classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from losscli.aggregate.class_terms import columns_of, groups
from losscli.contract.class_terms import name_of
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.execution.upstream import Batch, Upstream


def sum_by_class(
    terms: Mapping[str, Term], gradients: Mapping[str, Array], upstreams: Mapping[str, Upstream], batch: Batch
) -> Array:
    """The derivative of the final value by each row's input.

    Parameters
    ----------
    terms
        The terms of the rows, with the names of their classes.
    gradients
        Term -> the derivative of each of its values by the input: of shape (rows,), or (rows, classes) where each
        class has an input of its own.
    upstreams
        Term, or class of a term -> the derivative of the final value by it.
    batch
        The rows.
    """
    total: Array = np.zeros(())
    for name, slope in gradients.items():
        term, product = terms[name], np.zeros_like(slope, dtype=np.float64)
        if term.by is None:
            product = upstreams[name].times(slope, batch, 1)
        else:
            for at, (_, by) in enumerate(columns_of(term)):
                own = slope if term.by.ndim == 1 else slope[:, at]
                into = product if term.by.ndim == 1 else product[:, at]
                for number, rows in groups(by):
                    assert term.names is not None
                    upstream = upstreams[name_of(name, term.names[number])]
                    into[rows] = upstream.times(own[rows], batch.take(rows), 1)
        total = total + product
    return total

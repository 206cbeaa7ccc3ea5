"""The units of a batch: its rows, or the batch as a whole where a loss has one value a batch.

Such a value has the weight and the slice of its batch, so these are the same for all rows of it. Where units stand
beside rows, it is the value of the batch's first row, and the other rows take no part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from losscli.aggregate.kernel_calls import KernelCall
from losscli.binding.row_batch import RowBatch, join_arrays, join_terms
from losscli.contract.kinds import Array
from losscli.contract.loss import Term, Terms
from losscli.errors import DataError


def is_whole(call: KernelCall) -> bool:
    """Whether a kernel has one value a batch."""
    return call.spec.loss.unit == "group"


def units_of(call: KernelCall, batch: RowBatch[Any, Any]) -> RowBatch[Any, Any]:
    """One entry a value of the kernel: the rows of a batch, or its first one. A DataError where rows differ."""
    if not is_whole(call):
        return batch
    _check_alike(call, batch, batch.weights, "weights", "one weight a batch")
    _check_alike(call, batch, batch.slice_ids, "slices or classes", "the batches of --batch-by inside of a slice")
    return batch.holding({}).take(slice(0, 1))


def join_units(batches: Sequence[RowBatch[str, Term]]) -> RowBatch[str, Term]:
    """The units of several batches in order, with their values, weights and slices."""
    terms = {name: join_terms([batch.arrays[name] for batch in batches]) for name in batches[0].arrays}
    return join_arrays([batch.holding({}) for batch in batches]).holding(terms)


def beside_rows(call: KernelCall, terms: Mapping[str, Term], count: int) -> Terms:
    """The terms of a batch of `count` rows, one value a row: that of the batch is the first row's."""
    if not is_whole(call):
        return dict(terms)
    first = np.arange(count) < 1
    return {
        name: term.take(np.zeros(count, np.int64)).masked(first if term.where is None else first & term.where)
        for name, term in terms.items()
    }


def _check_alike(call: KernelCall, batch: RowBatch[Any, Any], values: Array | None, what: str, hint: str) -> None:
    if values is None or (values == values[:1]).all():
        return
    row = int(batch.row_number_array[np.argmax(values != values[0])])
    raise DataError(f"'{call.spec.text}' has one value a batch, and row {row} begins other {what} inside of a batch",
                    row=row, hint=hint)  # fmt: skip

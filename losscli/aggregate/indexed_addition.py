"""Whole numbers added at the places of an array: those of rows, or of sums that may come from another process."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array


def add_at(sums: Array, places: Array | None, numbers: Array) -> None:
    """Add numbers of the same type in place.

    NumPy is fast where both arrays have one and the same object as type. An array out of a pickle has its own.

    Parameters
    ----------
    sums
        What is added to.
    places
        An index for each number; several rows of indices, at each of which all numbers are added; or None, where the
        numbers belong at the beginning.
    numbers
        What is added.

    Raises
    ------
    TypeError
        Where the numbers have another type than the sums.
    """
    if numbers.dtype is not sums.dtype:
        if numbers.dtype != sums.dtype:  # whose bits are other numbers
            raise TypeError(f"numbers of type {numbers.dtype} among those of type {sums.dtype}")
        numbers = numbers.view(sums.dtype)
    if places is None:
        sums[: len(numbers)] += numbers
        return
    for row in places if places.ndim > 1 else [places]:  # NumPy 2.4 reads beyond values that it broadcasts
        np.add.at(sums, row, numbers)

"""Numbers of other slices, which may come from another process, added to ours."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array


def add_at(mine: Array, slice_ids: Array, theirs: Array) -> None:
    """Add numbers of the same type at the ids of slices.

    NumPy is fast where all arrays have one and the same object as type. An array out of a pickle has its own.
    """
    np.add.at(mine, slice_ids, theirs.view(mine.dtype))

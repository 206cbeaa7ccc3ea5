"""What a filter says of the columns of one side of a join: such rows cannot be wrong, whatever their keys."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

import numpy as np
import pyarrow as pa

from losscli.errors import Location, LosscliError
from losscli.io.arrow.buffers import Mask
from losscli.io.batches import Batch
from losscli.io.sides import Side, Sides
from losscli.lazy import dataclass


class RowFilter(Protocol):
    """A filter: the columns that it reads, and the rows of a batch that it keeps."""

    @property
    def columns(self) -> Collection[str]:
        """Its columns, as the filter names them."""

    def mask(self, data: pa.RecordBatch, location: Location, /) -> Mask:
        """True for each row that is kept."""


class Where(Protocol):
    """The filter of a run, which may be cut into conditions that all must hold."""

    def only(self, known: Callable[[str], bool], /) -> RowFilter | None:
        """The conditions all of whose columns are known; None if there are none."""


@dataclass(frozen=True)
class SideFilter:
    """The conditions on the columns of one side."""

    filter: RowFilter
    sides: Sides

    def __call__(self, batch: Batch) -> Mask:
        """The rows of a batch that may be kept. A cell that cannot be judged is left to the filter of the run."""
        names = list(self.filter.columns)
        have = batch.data.schema.names
        columns = [batch.data.column(have.index(self.sides.locate(name)[1])) for name in names]
        try:
            return self.filter.mask(pa.RecordBatch.from_arrays(columns, names=names), batch.location)
        except LosscliError:
            return np.ones(batch.data.num_rows, np.bool_)


@dataclass(frozen=True)
class SideFilters:
    """The conditions on the columns of each side; None where there are none."""

    of_preds: SideFilter | None = None
    of_targets: SideFilter | None = None

    @classmethod
    def of(cls, where: Where | None, sides: Sides) -> SideFilters:
        """The conditions of a filter that are about one side alone."""

        def about(side: Side) -> SideFilter | None:
            known = None if where is None else where.only(
                lambda name: sides.is_known(name) and sides.locate(name)[0] == side
            )  # fmt: skip
            return None if known is None else SideFilter(known, sides)

        return cls(about("preds"), about("targets"))


NO_FILTERS = SideFilters()

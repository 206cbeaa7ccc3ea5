"""Tab-separated values, written as CSV with another delimiter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from losscli.io.write import csv
from losscli.io.write.tables import ColumnSpec, Format


def open_format(file: BinaryIO, columns: Sequence[ColumnSpec]) -> Format:
    """A writer of this format into `file`, for these columns."""
    return csv.open_format(file, columns, delimiter="\t")

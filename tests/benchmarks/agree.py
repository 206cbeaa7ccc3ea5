"""Two programs must say the same before their times may be compared: python agree.py OURS THEIRS TOLERANCE

As a program it compares two Parquet files, whose first column is a key and whose last the values: a process of its own,
as the reader is large, and what a process holds its children seem to hold as well.
"""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path


class Disagreement(Exception):
    """Two outputs that are not the same numbers; says where."""


def answers(output: Path, key: str | None) -> Iterator[tuple[str, float]]:
    """Name and value of what was printed: a number a line, or CSV with a column of keys and the column `value`, or
    the last one.

    A line at a time, so that this process stays small.
    """
    with output.open(encoding="utf-8", newline="") as lines:
        if key is None:
            for number, line in enumerate(lines, 1):
                yield f"number {number}", float(line)
            return
        for row in csv.DictReader(lines):
            if row[key]:  # the total over all groups has none
                yield f"{key} {row[key]}", float(row.get("value", [*row.values()][-1]))


def check(ours: Path, theirs: Path, tolerance: float, key: str | None = None) -> int:
    """How many values there are; all must be the same within a relative tolerance."""
    count = 0
    for mine, other in zip_longest(answers(ours, key), answers(theirs, key)):
        if mine is None or other is None:
            raise Disagreement(f"one has {count} values, the other more")
        if mine[0] != other[0]:
            raise Disagreement(f"one has {mine[0]} where the other has {other[0]}")
        # Written so that a NaN disagrees.
        if not abs(mine[1] - other[1]) <= tolerance * abs(other[1]):
            raise Disagreement(f"{mine[0]}: {mine[1]!r} against {other[1]!r}, tolerance {tolerance:g}")
        count += 1
    if not count:
        raise Disagreement("neither printed a value")
    return count


def check_files(ours: Path, theirs: Path, tolerance: float) -> None:
    """The same of two Parquet files."""
    words = [sys.executable, __file__, str(ours), str(theirs), repr(tolerance)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Disagreement((done.stderr.strip().splitlines() or ["it said nothing"])[-1])


def _compared_files(ours: str, theirs: str, tolerance: float) -> str | None:
    """Where two Parquet files differ."""
    import numpy as np
    import pyarrow.parquet as pq

    mine, other = pq.read_table(ours), pq.read_table(theirs)
    if len(mine) != len(other) or not len(mine):
        return f"one has {len(mine)} values, the other {len(other)}"
    keys, values = ([table.column(at).to_numpy() for table in (mine, other)] for at in (0, -1))
    if not np.array_equal(*keys):
        return "the rows are not the same"
    # Written so that a NaN disagrees.
    wrong = np.flatnonzero(~(np.abs(values[0] - values[1]) <= tolerance * np.abs(values[1])))
    if not len(wrong):
        return None
    at = int(wrong[0])
    return f"row {keys[0][at]}: {float(values[0][at])!r} against {float(values[1][at])!r}, tolerance {tolerance:g}"


if __name__ == "__main__":
    sys.exit(_compared_files(sys.argv[1], sys.argv[2], float(sys.argv[3])))

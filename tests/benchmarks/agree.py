"""Two programs must say the same before their times may be compared."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path


class Disagreement(Exception):
    """Two outputs that are not the same numbers; says where."""


def answers(output: Path, key: str | None) -> Iterator[tuple[str, float]]:
    """Name and value of what was printed: a number a line, or CSV with a column of keys and the column `value`, or
    the last one.

    A line at a time: what a process holds, its children seem to hold as well.
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

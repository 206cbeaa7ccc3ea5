"""Which slices are searched for the worst losses: found in a pass over the used rows, before the run itself.

A column of at most 50 different values makes a slice of each. Numbers with more of them are put into five intervals of
about equal counts. Columns that name rows, that have one value, or too many texts make none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from losscli.aggregate.hashing import splitmix64
from losscli.aggregate.order_statistics import ValueCounts
from losscli.aggregate.slice_search import searched_lines
from losscli.aggregate.slices import NULL, name_of
from losscli.binding.grouping_keys import NAN, Edges, GroupingKey, edge_text
from losscli.binding.plan import Search, SearchedColumn
from losscli.binding.read_rows import ReadRows
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.execution.engines import Engine
from losscli.execution.engines.threads import Threads
from losscli.execution.inspection.profiles import DistinctCount
from losscli.execution.prepare import Prepared
from losscli.execution.progress import NO_PROGRESS, ProgressObserver
from losscli.execution.scan import Scan
from losscli.io.arrow.decode import NO_NULLS, NumberFormat, Numbers, numbers
from losscli.io.arrow.dictionary import DictionaryColumn, Entries, texts_of_entries, texts_of_numbers
from losscli.io.arrow.types import is_text
from losscli.lazy import dataclass
from losscli.parallel import available_cores

VALUES = 50
"""Different values of a column that make a slice each."""
BINS = 5
"""Intervals of numbers with more values."""
_HELD = 1 << 12  # distinct numbers that are held of a column: more are counted in intervals
_SLICES = 100_000  # slices of all lines together
_PAIRS = 300
_ID_SHARE = 0.9  # from here on, different whole numbers name rows: their number is an estimate
_ID_NAMES = ("id", "index", "row", "key", "number", "nr")


def with_searched_slices(
    prepared: Prepared, engine: Engine | None = None, observer: ProgressObserver = NO_PROGRESS
) -> Prepared:
    """The run that knows the slices among which it looks for the worst."""
    plan = prepared.plan
    if plan.search is None or plan.search.ready:
        return prepared
    lines = len(searched_lines(plan))
    if not lines or not plan.search.columns:
        return replace(prepared, plan=replace(plan, search=replace(plan.search, columns=())))
    found = _profiles(prepared, plan.search, engine or Threads(available_cores()), observer)
    kept, left, projection = [], list(plan.search.left_out), dict(plan.projection)
    for profile in found:
        column = profile.searched()
        if isinstance(column, str):
            left.append((profile.name, column))
        else:
            kept.append(column)
            if column.key.is_number and profile.name in plan.search.alone:
                projection[profile.name] = "number"
    pairs, more = _pairs([len(column.labels) for column in kept], _SLICES // lines)
    search = replace(plan.search, columns=tuple(kept), pairs=pairs, left_out=tuple(left), pairs_left_out=more,
                     ready=bool(kept))  # fmt: skip
    return replace(prepared, plan=replace(plan, search=search, projection=projection))


def _pairs(widths: Sequence[int], slices: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """The pairs with fewest slices, as many as there is room for, and how many pairs are left out."""
    every = [(one, other) for one in range(len(widths)) for other in range(one + 1, len(widths))]
    every.sort(key=lambda pair: widths[pair[0]] * widths[pair[1]])
    room, kept = slices - sum(widths), []
    for one, other in every[:_PAIRS]:
        room -= widths[one] * widths[other]
        if room < 0:
            break
        kept.append((one, other))
    return tuple(sorted(kept)), len(every) - len(kept)


@dataclass(frozen=True)
class _Counting:
    """Counts the values of the columns in the rows of one split."""

    names: tuple[str, ...]
    number_formats: Mapping[str, NumberFormat]

    def __call__(self, rows: Iterable[ReadRows]) -> list[_Profile]:
        found = [_Profile(name, self.number_formats.get(name)) for name in self.names]
        for some in rows:
            for profile, column in zip(found, some.searched, strict=True):
                profile.update(column, some.location)
        return found


def _profiles(prepared: Prepared, search: Search, engine: Engine, observer: ProgressObserver) -> list[_Profile]:
    """One pass over the used rows."""
    plan = replace(prepared.plan, slice_keys=(), class_column=None)
    names = tuple(column.key.column for column in search.columns)
    formats = {name: plan.number_format for name in names if name in plan.untyped}
    found = [_Profile(name, formats.get(name)) for name in names]
    scan = Scan(plan, prepared.source, observer)
    for result in scan.scores(_Counting(names, formats), engine):
        for profile, more in zip(found, result.score, strict=True):
            profile.merge(more)
    return found


class _Profile:
    """The different values of a column, of at most so many, and its numbers.

    `labels` is None where there are too many, `numbers` where a cell is none. A text stands for a number where there is
    a `number_format`.
    """

    def __init__(self, name: str, number_format: NumberFormat | None) -> None:
        self.name, self.number_format = name, number_format
        self.labels: set[str] | None = set()
        self.numbers: ValueCounts | None = ValueCounts(most=_HELD)
        self.whole = True
        self.distinct = DistinctCount()
        self.missing = self.nan = False

    def update(self, column: DictionaryColumn, location: Location) -> None:
        """Count the cells of some rows."""
        if self.labels is None and self.numbers is None:
            return
        if column.entries is None:
            cells = column.cells if column.missing is None else column.cells[~column.missing]
            self.missing |= len(cells) < len(column.cells)
            different = np.unique(cells)
            self._take_labels(len(different), lambda: texts_of_numbers(different))
            self._take_numbers(cells.astype(np.float64))
            return
        used = np.unique(column.cells)
        self.missing |= bool(len(used)) and int(used[0]) < 0
        used = used[used >= 0]
        entries = column.entries
        if not isinstance(entries, tuple):
            import pyarrow as pa

            entries = entries.take(pa.array(used))
        else:
            entries = tuple(entries[at] for at in used.tolist())
        self._take_labels(len(used), lambda: texts_of_entries(entries)[: len(used)])
        found = self._parsed(entries, location)
        if found is None:
            self.numbers = None
            return
        rows = np.searchsorted(used, column.cells[column.cells >= 0])
        if found.missing is not None:
            self.missing |= bool(found.missing.any())
            rows = rows[~found.missing[rows]]
        self._take_numbers(found.values[rows])

    def merge(self, other: _Profile) -> None:
        """Count what `other` has counted."""
        self.missing, self.nan = self.missing or other.missing, self.nan or other.nan
        self.whole &= other.whole
        self.labels = None if self.labels is None or other.labels is None else self.labels | other.labels
        if self.labels is not None and len(self.labels) > VALUES:
            self.labels = None
        if self.numbers is None or other.numbers is None:
            self.numbers = None
        else:
            self.numbers.merge(other.numbers)
            self.distinct.update(other.distinct.hashes)
            self.distinct.exact &= other.distinct.exact

    def searched(self) -> SearchedColumn | str:
        """The slices that the column makes, or why it makes none."""
        if self.labels is not None:
            missing = [NULL] * (self.missing or NULL in self.labels)
            labels = sorted(self.labels - {NULL}, key=_natural) + missing
            if len(labels) < 2:
                return "one value"
            return SearchedColumn(GroupingKey(self.name, self.name, None, "--why"), tuple(labels))
        if self.numbers is None:
            return f"more than {VALUES} different values, not all numbers"
        if self._names_rows():
            return "its numbers name rows"
        if not (edges := self._edges()):
            return "one value"
        key = GroupingKey(f"{self.name}:{'|'.join(map(edge_text, edges))}", self.name, Edges(edges), "--why")
        more = [NAN] * self.nan + [NULL] * self.missing
        return SearchedColumn(key, (*Edges(edges).labels, *more))

    def _names_rows(self) -> bool:
        assert self.numbers is not None
        named = self.name.lower() in _ID_NAMES or self.name.lower().endswith(("_id", "_nr", " id"))
        return self.whole and (named or self.distinct.count >= _ID_SHARE * self.numbers.count)

    def _edges(self) -> tuple[float, ...]:
        """Edges that part the numbers into intervals of about equal counts; of few that differ, one edge.

        Texts that differ may be one number, which has none.
        """
        assert self.numbers is not None
        low, _, counts = self.numbers.cells()
        finite = np.isfinite(low)
        low, below = low[finite], np.cumsum(counts[finite])
        if len(low) < 2:
            return ()
        places = np.searchsorted(below, [int(below[-1]) * part // BINS for part in range(1, BINS)], side="right")
        edges = np.unique(low[places])
        edges = edges[edges > low[0]]
        return _short(edges.tolist(), float(low[0])) if len(edges) else (float(low[1]),)

    def _take_labels(self, count: int, texts: Callable[[], Sequence[str | None]]) -> None:
        if self.labels is None:
            return
        if count <= VALUES:
            self.labels |= {name_of(text) for text in texts()}
        if count > VALUES or len(self.labels) > VALUES:
            self.labels = None

    def _take_numbers(self, values: Array) -> None:
        if self.numbers is None:
            return
        nan = np.isnan(values)
        self.nan |= bool(nan.any())
        self.numbers.update(values)
        finite = values[np.isfinite(values)]
        self.whole = self.whole and bool((finite == np.floor(finite)).all())
        if self.whole:
            self.distinct.update(splitmix64((finite + 0.0).view(np.uint64)))

    def _parsed(self, entries: Entries, location: Location) -> Numbers | None:
        """The numbers that entries stand for; None where one stands for none."""
        if self.numbers is None or isinstance(entries, tuple):
            return None
        if is_text(entries.type) and self.number_format is None:
            return None
        try:
            found = numbers(entries, self.name, location, parse_text=True, number_format=self.number_format or NO_NULLS)
        except DataError:
            return None
        if is_text(entries.type) and any(
            any(map(str.isdigit, entries[at].as_py() or "")) for at in np.flatnonzero(np.isinf(found.values)).tolist()
        ):
            return None  # one such as 1e400 is no double, which the run itself would refuse
        return found


def _short(edges: list[float], smallest: float) -> tuple[float, ...]:
    """The edges with few digits: rounded to a tenth of the smallest distance between them, or a little less."""
    gap = min(after - before for before, after in pairwise([smallest, *edges]))
    if not math.isfinite(gap):
        return tuple(edges)
    digits = 1 - math.floor(math.log10(gap))
    found = [round(edge, digits) for edge in edges]
    return tuple(found) if all(before < after for before, after in pairwise([smallest, *found])) else tuple(edges)


def _natural(label: str) -> tuple[bool, float, str]:
    """Numbers in their order, before other labels."""
    try:
        number = float(label)
    except ValueError:
        return True, 0.0, label
    return (False, number, label) if math.isfinite(number) else (True, 0.0, label)

"""The table of past values: of each series the error of a naive forecast, for roles that losses take of it.

The table is read once, in its order, and nothing of it is held but the last values of each series, as many as a season
has, and exact sums. So the rows of a series stand in the order of time, wherever other rows stand between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from losscli.aggregate.term_accumulator import TermAccumulator
from losscli.binding.column_names import resolve
from losscli.binding.default_names import DEFAULT_NAMES
from losscli.binding.matrices import finite_numbers
from losscli.binding.request import Request, RoleBinding
from losscli.contract.history import HISTORY, Change, LookedUp, NaiveForecast
from losscli.contract.kinds import Array
from losscli.contract.loss import Term
from losscli.errors import EmptyError, UsageError
from losscli.execution.history_order import TimeOrder
from losscli.io.arrow.decode import NumberFormat
from losscli.io.batches import Batch
from losscli.io.looked_up import LookUp, keys_of, with_looked_up
from losscli.io.source import ReadAs, Source
from losscli.lazy import dataclass
from losscli.statistics.finalized_sums import FinalizedSums, WeightedSliceId

SERIES = ("unique_id", "item_id", "series_id", "series", "id")
"""What the column of the series is called, if it is not named."""

_SHOWN = 3  # series of a note


@dataclass(frozen=True)
class History:
    """What a run takes of its table of past values: columns that are looked up, by loss, naive forecast and role."""

    columns: Mapping[str, LookUp]
    roles: tuple[LookedUp, ...]
    notes: tuple[str, ...]

    def beside(self, source: Source) -> Source:
        """The source with the columns that are looked up."""
        return with_looked_up(source, self.columns)


def read_history(request: Request, source: Source, opened: Source, path: str, number_format: NumberFormat) -> History:
    """Read the table of past values.

    Parameters
    ----------
    request
        The request, whose losses say which naive forecasts there are.
    source
        The data, whose rows are looked up by the series.
    opened
        The table.
    path
        Its name, as it is shown.
    number_format
        How texts stand for numbers.
    """
    named = {one.role.partition(".")[2]: one for one in request.columns if one.role.partition(".")[0] == HISTORY}
    if any(one.model is not None for one in named.values()):
        raise UsageError("the history is that of all models", hint=f"-c {HISTORY}=COL without a model",
                         code="USAGE_COLUMNS")  # fmt: skip
    keys, notes = _keys(named.get("series"), source, opened)
    value = _value(named.get(""), request, opened, keys)
    time = None if "time" not in named else _one(named["time"], opened)
    wanted = {(part.loss.name, part.history, role): (part.history or NaiveForecast(), change)
              for spec in request.losses for _, part in spec.parts
              for role, change in part.loss.from_history.items()}  # fmt: skip
    series = _Series(keys, value, time, {naive for naive, _ in wanted.values()}, {*wanted.values()})
    for fragment in opened.fragments:
        projection: dict[str, ReadAs] = {name: "text" for name in (*keys, time) if name is not None}
        projection[value] = "number"
        for batch in map(Batch.without_extra_cells, fragment.batches(projection)):
            series.update(batch, opened, number_format)
    if not series.known:
        raise EmptyError(f"the table of '{HISTORY}' has no rows", path=path, code="EMPTY_NO_ROWS")
    columns, roles = {}, []
    shown = path.replace("\\", "/").rpartition("/")[2]
    for key, (naive, change) in wanted.items():
        name, scales = f"{shown}: {naive.said(change)}", series.scales(naive, change)
        columns[name] = LookUp(keys, scales)
        digest = hashlib.sha256(repr(sorted(scales.items())).encode()).hexdigest()
        roles.append(LookedUp(*key, name, digest))
        notes += series.notes(naive, shown)
    return History(columns, tuple(roles), tuple(dict.fromkeys(notes)))


def _keys(binding: RoleBinding | None, source: Source, opened: Source) -> tuple[tuple[str, ...], list[str]]:
    """The columns of the series, which both tables have."""
    if binding is not None:
        keys = resolve(binding.columns, opened.columns, f" (for '{HISTORY}.series')").names
        for name in keys:
            if name not in source.columns:
                raise UsageError(f"the data has no column '{name}', by which the history is looked up",
                                 hint="the columns of the series have one name in both tables",
                                 code="USAGE_COLUMNS")  # fmt: skip
        return keys, []
    found = [name for name in SERIES if name in source.columns and name in opened.columns]
    if len(found) != 1:
        why = f"it could be {' and '.join(found)}" if found else f"both tables have none of {', '.join(SERIES)}"
        raise UsageError("which column names the series?", hint=f"-c {HISTORY}.series=COL; {why}",
                         code="USAGE_COLUMNS")  # fmt: skip
    return (found[0],), [f"using column '{found[0]}' as {HISTORY}.series"]


def _one(binding: RoleBinding, opened: Source) -> str:
    names = resolve(binding.columns, opened.columns, f" (for '{binding.role}')").names
    if len(names) != 1:
        raise UsageError(f"'{binding.role}' is one column; '{binding.columns.text}' is {len(names)}",
                         code="USAGE_COLUMNS")  # fmt: skip
    return names[0]


def _value(binding: RoleBinding | None, request: Request, opened: Source, keys: Sequence[str]) -> str:
    """The column of past values: as the target is called, if it is not named."""
    if binding is not None:
        return _one(binding, opened)
    target = request.target
    usual = [target.text] if target is not None else [*DEFAULT_NAMES["target"]]
    found = [name for name in usual if name in opened.columns and name not in keys]
    if len(found) != 1:
        listed = ", ".join(opened.columns[:20])
        raise UsageError("which column of the history holds the past values?",
                         hint=f"-c {HISTORY}=COL; its columns are {listed}", code="USAGE_COLUMNS")  # fmt: skip
    return found[0]


class _Series:
    """What is held of each series while the table is read."""

    def __init__(
        self, keys: tuple[str, ...], value: str, time: str | None, naive: set[NaiveForecast],
        wanted: set[tuple[NaiveForecast, Change]],
    ) -> None:  # fmt: skip
        self.keys, self.value, self.time = keys, value, time
        self.known: dict[tuple[str, ...], int] = {}
        self.order = TimeOrder(time) if time is not None else None
        self.ends = {one: _Ends(one) for one in naive}
        self.sums = {one: TermAccumulator(False) for one in wanted}

    def update(self, batch: Batch, opened: Source, number_format: NumberFormat) -> None:
        """Add the rows of a batch, in their order."""
        data, location = batch.data, batch.location
        places, labels = keys_of([data.column(name) for name in self.keys], self.keys, location)
        if (places < 0).any():
            row = int(np.argmax(places < 0))
            raise location.error(row, self.keys[0], f"column '{self.keys[0]}' has no value: a row of the history is "
                                 "of a series", None, None, code="DATA_MISSING_VALUE")  # fmt: skip
        values = finite_numbers(data.column(self.value), self.value, location, opened.types.get(self.value),
                                number_format).reshape(-1)  # fmt: skip
        ids = np.array([self.known.setdefault(label, len(self.known)) for label in labels], np.int64)[places]
        order = np.argsort(ids, kind="stable")
        if self.order is not None:
            self.order.check(data.column(self.time), order, ids, len(self.known), location)
        for naive, ends in self.ends.items():
            of, changes = ends.changes(values[order], ids[order], len(self.known))
            for (own, change), sums in self.sums.items():
                if own == naive:
                    sums.grow(len(self.known))
                    sums.update(Term(np.abs(changes) if change == "absolute" else changes**2, None), None, of)

    def scales(self, naive: NaiveForecast, change: Change) -> dict[tuple[str, ...], float]:
        """Series -> the error of the naive forecast; those without one, and those where it is 0, are left out."""
        sums, found = FinalizedSums(self.sums[naive, change]), {}
        for label, number in self.known.items():
            mean = sums.estimate([WeightedSliceId(number)], "weight").result.mean
            scale = mean if change == "absolute" else float(np.sqrt(mean))
            if scale > 0 and np.isfinite(scale):
                found[label] = scale
        return found

    def notes(self, naive: NaiveForecast, shown: str) -> Iterator[str]:
        """Which series have no scale, and why."""
        counts = next(sums.counts for (own, _), sums in self.sums.items() if own == naive)
        scales = {change: self.scales(naive, change) for own, change in self.sums if own == naive}
        short = [label for label, number in self.known.items() if not counts[number]]
        constant = [label for label, number in self.known.items()
                    if counts[number] and any(label not in of for of in scales.values())]  # fmt: skip
        few = f"has less than {naive.season + 1} values"
        for labels, why in ((short, few), (constant, "does not change")):
            if labels:
                names = ", ".join(" ".join(label) for label in labels[:_SHOWN])
                more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
                yield f"{shown}: a series that {why} has no scale: {names}{more}"


class _Ends:
    """The last values of each series, as many as a season has."""

    def __init__(self, naive: NaiveForecast) -> None:
        self.naive = naive
        self.counts = np.zeros(0, np.int64)  # values of each series since it began
        self.last = np.zeros((0, naive.season))  # value t stands at t modulo the season

    def changes(self, values: Array, ids: Array, size: int) -> tuple[Array, Array]:
        """The series of each change, and the changes, of values in the order of series and time."""
        if size > len(self.counts):
            room = max(size, 2 * len(self.counts))
            self.counts = np.concatenate([self.counts, np.zeros(room - len(self.counts), np.int64)])
            self.last = np.concatenate([self.last, np.zeros((room - len(self.last), self.naive.season))])
        if self.naive.cut_zeros:
            sold = np.maximum.accumulate(np.where(values != 0, np.arange(1, len(values) + 1), 0))
            first = np.searchsorted(ids, ids)  # where the rows of the same series begin
            began = (sold > first) | (self.counts[ids] > 0)
            values, ids = values[began], ids[began]
        first = np.searchsorted(ids, ids)
        at, season = np.arange(len(ids)), self.naive.season
        own = at - first
        place = self.counts[ids] + own
        before = np.where(own >= season, values[np.maximum(at - season, 0)], self.last[ids, place % season])
        there = place >= season
        behind = np.searchsorted(ids, ids, side="right") - at  # 1 at the last row of a series
        kept = behind <= season
        changes = (values - before)[there]
        self.last[ids[kept], (place % season)[kept]] = values[kept]
        np.add.at(self.counts, ids, 1)
        return ids[there], changes

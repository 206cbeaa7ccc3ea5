"""A batch of columns -> the arrays that kernels get: decoded, filtered, policies applied, domains checked.

This is the door: what passes here is trusted. The order is fixed, so that a row left out by the filter is never the
cause of an error about its values: decode, filter, missing and NaN, infinite, domain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.binding.labels import ClassBook, EncodedLabels, class_positions, labelled_numbers, refuse_unknown, taken
from losscli.binding.plan import Input, Plan
from losscli.contract.kinds import FAR, NEAR, Array, Kind
from losscli.errors import Code, DataError, Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.decode import NO_NULLS, numbers, texts, vectors
from losscli.io.arrow.dictionary import DictionaryColumn
from losscli.io.arrow.types import is_plain_number

if TYPE_CHECKING:
    from losscli.binding.expressions import Filter

_TOGETHER = 1 << 16  # numbers of a matrix that are written or read together
_SHORT = 64  # numbers of a row that are added column by column
_NOUNS = {"pred": "prediction"}  # roles whose names are no words


@dataclass
class Rows:
    """The used rows of one batch. `place` is each row's number in the whole run, from 1; `keys` its key columns."""

    arrays: dict[Input, Array]
    weights: Array | None
    by: list[DictionaryColumn]
    classes: DictionaryColumn | None
    batch_key: EncodedLabels | None
    keys: list[EncodedLabels]
    place: RowNumbers
    location: Location
    index: RowNumbers  # each row's place in its batch
    cluster: EncodedLabels | None = None

    def __len__(self) -> int:
        return len(self.place)


@dataclass
class Reader:
    """Turns batches into rows, counting what it saw and what it left out."""

    plan: Plan
    where: Filter | None
    read: int = 0
    used: int = 0
    dropped: int = 0
    warned: Counter[str] = field(default_factory=Counter)
    book: ClassBook = field(default_factory=ClassBook)
    widths: dict[Input, int] = field(default_factory=dict)  # of list columns: every batch has the first one's

    def __getstate__(self) -> dict[str, Any]:
        # What another process counted is merged, which asks neither for the plan nor for the filter.
        return {**self.__dict__, "plan": None, "where": None}

    def agrees(self, other: Reader) -> bool:
        """Whether `other`, which began afresh, read its rows as one would have that goes on after ours."""
        return _same(self.widths, other.widths) and _same(self.book.by_name, other.book.by_name)

    def merge(self, other: Reader) -> None:
        """Count what `other` read as read after ours."""
        self.read += other.read
        self.used += other.used
        self.dropped += other.dropped
        self.warned.update(other.warned)
        self.widths = {**other.widths, **self.widths}
        self.book.merge(other.book)

    def rows(self, data: Any, location: Location) -> Rows:
        """The used rows of a batch; a cell that is not acceptable is a DataError with its place."""
        with np.errstate(all="ignore"):  # huge values overflow in a check's sum, and are then looked at one by one
            return self._rows(data, location)

    def _rows(self, data: Any, location: Location) -> Rows:
        start = self.read
        self.read += data.num_rows
        data, location, kept = self._filtered(data, location)
        coded = {i: self._texts(i.columns[0], data, location) for i in self.plan.inputs if i.kind.shape == "class"}
        decoded = {i: self._decode(i, coded, data, location) for i in self.plan.inputs}
        weight = self._weight(data, location)
        judged = [(_shown(i.columns), values, missing) for i, (values, missing) in decoded.items()]
        if weight is not None:
            judged.append((self.plan.weight or "", *weight))
        cluster = None if self.plan.cluster is None else self._texts(self.plan.cluster, data, location)
        if cluster is not None:
            judged.append((cluster.column, np.zeros(0), cluster.codes < 0))
        drop = self._dropped(judged, data.num_rows, location)
        # A range where no row is left out, which is nearly always, is no array to be made and kept.
        index: RowNumbers = range(len(drop)) if not drop.any() else np.flatnonzero(~drop)
        self.dropped += data.num_rows - len(index)
        self.used += len(index)
        arrays = {i: taken(values, index) for i, (values, _) in decoded.items()}
        for item, named in coded.items():
            refuse_unknown(item, named, arrays[item], index, self.book, location)
        self._domains(arrays, index, location)

        def texts_of(name: str | None) -> EncodedLabels | None:
            return None if name is None else self._texts(name, data, location).take(index)

        def marks_of(name: str) -> DictionaryColumn:
            return DictionaryColumn.of(data.column(name), name, location).take(index)

        return Rows(
            arrays=arrays,
            weights=None if weight is None else self._checked_weights(taken(weight[0], index), index, location),
            by=[marks_of(name) for name in self.plan.by],
            classes=None if self.plan.class_column is None else marks_of(self.plan.class_column),
            batch_key=texts_of(self.plan.batch_by),
            keys=[found for name in self.plan.keys if (found := texts_of(name))],
            place=_moved(index if kept is None else taken(kept, index), start + 1),
            location=location,
            index=index,
            cluster=None if cluster is None else cluster.take(index),
        )

    def _filtered(self, data: Any, location: Location) -> tuple[Any, Location, Array | None]:
        """The rows that the filter keeps, before anything is decoded; their places in the batch (None: all rows)."""
        if self.where is None or (mask := self.where.mask(data, location, self.plan.spelling)).all():
            return data, location, None
        import pyarrow as pa

        kept = np.flatnonzero(mask)
        bits = pa.py_buffer(np.packbits(mask, bitorder="little"))
        chosen = data.filter(pa.Array.from_buffers(pa.bool_(), len(mask), [None, bits]))
        return chosen, location.take(kept), kept

    # -- decoding --------------------------------------------------------------------------------------------------

    def _decode(
        self, item: Input, coded: Mapping[Input, EncodedLabels], data: Any, location: Location
    ) -> tuple[Array, Array | None]:
        """The values of one input and which rows miss one (None: no row does)."""
        if item in coded:
            return class_positions(item, coded[item], self.book)
        if item.listed:
            found = vectors(data.column(item.columns[0]), item.columns[0], location, self.widths.get(item))
            if data.num_rows:
                self.widths[item] = found.values.shape[1]
            return found.values, found.missing
        columns = [self._number(name, item, data, location) for name in item.columns]
        if not item.wide:
            return columns[0]
        gaps = [missing for _, missing in columns if missing is not None]
        return _side_by_side([values for values, _ in columns]), np.logical_or.reduce(gaps) if gaps else None

    def _number(self, name: str, item: Input, data: Any, location: Location) -> tuple[Array, Array | None]:
        column = data.column(name)
        labelled = self.plan.projection[name] == "text" and (item.kind.sides or item.kind.labels)
        # A number is its own label, unless a label is said to be the positive one.
        if labelled and (item.positive is not None or not is_plain_number(column.type)):
            # Only in text formats does a spelling stand for nothing; where cells have types, null does.
            spelling = self.plan.spelling if name in self.plan.untyped else NO_NULLS
            return labelled_numbers(item, self._column(name, data, location), self.book, location, spelling)
        return self._plain_number(name, data, location)

    def _plain_number(self, name: str, data: Any, location: Location) -> tuple[Array, Array | None]:
        parsed = name in self.plan.untyped
        found = numbers(data.column(name), name, location, parse_text=parsed, spelling=self.plan.spelling)
        return found.values, found.missing

    def _column(self, name: str, data: Any, location: Location) -> EncodedLabels:
        return EncodedLabels.of(texts(data.column(name), name, location), name)

    def _texts(self, name: str, data: Any, location: Location) -> EncodedLabels:
        return self._column(name, data, location).canonical()

    def _weight(self, data: Any, location: Location) -> tuple[Array, Array | None] | None:
        name = self.plan.weight
        return None if name is None else self._plain_number(name, data, location)

    # -- policies and checks ---------------------------------------------------------------------------------------

    def _dropped(self, columns: Sequence[tuple[str, Array, Array | None]], rows: int, location: Location) -> Array:
        """Which rows the policies leave out. Missing and NaN: an error or dropped; infinite: always an error.

        Every column has its say about missing and NaN before an infinite value can be an error: its row may be gone.
        """
        drop = np.zeros(rows, bool)
        unsure = []
        for shown, values, missing in columns:
            if missing is not None and missing.any():
                if self.plan.request.missing == "error":
                    raise self._gap(
                        missing,
                        shown,
                        "has no value",
                        "--missing drop leaves such rows out",
                        location,
                        code="DATA_MISSING_VALUE",
                    )
                drop |= missing
            # One sum finds NaN and infinities without a mask; it can only overflow where values are huge, and then we
            # look.
            if values.dtype.kind == "f" and len(values) and not np.isfinite(values.sum()):
                unsure.append((shown, values.reshape(len(values), -1)))
        for shown, flat in unsure:
            nan = np.isnan(flat).any(axis=1) & ~drop
            if nan.any():
                if self.plan.request.nan == "error":
                    raise self._gap(
                        nan, shown, "is NaN", "--nan drop leaves such rows out", location, "nan", code="DATA_NAN"
                    )
                drop |= nan
        for shown, flat in unsure:
            inf = np.isinf(flat).any(axis=1) & ~drop
            if inf.any():
                raise self._gap(
                    inf, shown, "is infinite", "leave such rows out with --where", location, "inf", code="DATA_INFINITE"
                )
        return drop

    def _gap(
        self,
        which: Array,
        shown: str,
        what: str,
        hint: str,
        location: Location,
        value: str | None = None,
        *,
        code: Code,
    ) -> DataError:
        first, more = int(np.argmax(which)), int(which.sum()) - 1
        also = f" (and {more} more in these rows)" if more else ""
        return location.error(first, shown, f"column '{shown}' {what}{also}", value, hint, code=code)

    def _domains(self, arrays: dict[Input, Array], index: RowNumbers, location: Location) -> None:
        for item, given in arrays.items():
            if item.kind.shape == "class":
                continue
            values, bad = given, item.kind.outside(given)
            if bad is not None and item.kind.slack:
                values, bad = self._nudged(item, values, bad)
                arrays[item] = values
            if bad is not None:
                flat = int(np.argmax(bad))
                row, column = divmod(flat, values.size // len(values))
                name = item.columns[column if not item.listed else 0]
                value = shortest(values.ravel()[flat])
                raise location.error(
                    int(index[row]), name,
                    f"column '{name}' is not a valid {_NOUNS.get(item.role, item.role)}: expected {item.kind.says}",
                    value, item.kind.hint,
                    code="DATA_OUT_OF_RANGE",
                )  # fmt: skip
            if item.kind.total is not None and len(values):
                self._sums(item, values, index, location)

    def _nudged(self, item: Input, values: Array, bad: Array) -> tuple[Array, Array | None]:
        """Values that miss a bound by no more than the slack are set to it, and counted."""
        kind: Kind = item.kind
        near = bad & (values >= kind.low - kind.slack) & (values <= kind.high + kind.slack)
        if near.any():
            self.warned[f"'{item.columns[0]}': outside [{kind.low:g}, {kind.high:g}] by at most {NEAR:g}, "
                        "clipped to the bound"] += int(near.sum())  # fmt: skip
            values = np.where(near, np.clip(values, kind.low, kind.high), values)
            bad = bad & ~near
        return values, bad if bad.any() else None

    def _sums(self, item: Input, values: Array, index: RowNumbers, location: Location) -> None:
        off = np.abs(_row_sums(values) - item.kind.total)
        if off.max() <= NEAR:
            return
        shown = item.columns[0] if item.listed else f"{item.columns[0]}…{item.columns[-1]}"
        if off.max() > FAR:
            row = int(np.argmax(off > FAR))
            raise location.error(
                int(index[row]), shown,
                f"the class probabilities of '{item.role}' sum to {values[row].sum():.6g}, not 1",
                shortest(values[row].sum()), "normalize them, or check that all class columns are named",
                code="DATA_OUT_OF_RANGE",
            )  # fmt: skip
        self.warned[f"'{shown}': the sum of the class probabilities differs from 1 by more than {NEAR:g}"] += int(
            (off > NEAR).sum()
        )

    def _checked_weights(self, weights: Array, index: RowNumbers, location: Location) -> Array:
        negative = weights < 0
        if negative.any():
            row = int(np.argmax(negative))
            raise location.error(int(index[row]), self.plan.weight, f"the weight in '{self.plan.weight}' is negative",
                             shortest(weights[row]), "weights must be at least 0; 0 leaves a row out",
                             code="DATA_OUT_OF_RANGE")  # fmt: skip
        return weights


def _side_by_side(columns: Sequence[Array]) -> Array:
    """Columns as a matrix of rows, some rows at a time: what is written with gaps then stays in the cache."""
    stacked = np.empty((len(columns[0]), len(columns)))
    step = max(1, _TOGETHER // len(columns))
    for start in range(0, len(stacked), step):
        rows = stacked[start : start + step]
        for i, values in enumerate(columns):
            rows[:, i] = values[start : start + step]
    return stacked


def _row_sums(values: Array) -> Array:
    """The sum of each row: NumPy's own takes ten times as long where rows are short."""
    if values.shape[1] > _SHORT:
        return np.asarray(values.sum(axis=-1))
    sums = np.empty(len(values))
    step = max(1, _TOGETHER // values.shape[1])
    for start in range(0, len(values), step):
        rows = values[start : start + step]
        total = rows[:, 0].copy()
        for column in range(1, rows.shape[1]):
            total += rows[:, column]
        sums[start : start + step] = total
    return sums


def _moved(places: RowNumbers, by: int) -> RowNumbers:
    return range(places.start + by, places.stop + by) if isinstance(places, range) else places + by


def _same(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> bool:
    return all(ours.get(key, value) == value for key, value in theirs.items())


def shortest(value: float) -> str:
    """A number as people write it: 1.00001, not 1.0000100000000001; 2, not 2.0."""
    return repr(float(value)).removesuffix(".0")


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + ("…" if len(names) > 3 else "")

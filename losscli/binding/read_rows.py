"""A batch of columns -> the arrays that kernels get: decoded, filtered, policies applied, domains checked.

Values are validated here once, and trusted after. The order is fixed, so that a row that the filter or a weight of 0
leaves out never causes an error about its values: filter, weight, decode, missing and NaN, infinite, domain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels, taken
from losscli.binding.key_labels import key_labels
from losscli.binding.label_registry import LabelRegistry
from losscli.binding.labels import labelled_numbers, read_as_labels, without_nulls
from losscli.binding.plan import Input, Plan
from losscli.binding.predicted_labels import BINARY, Predictions, decided, positive_seen
from losscli.binding.ragged_lists import elements, lengths, telling, united
from losscli.binding.row_batch import DeferredKeys, RowBatch, moved
from losscli.binding.row_checks import RowChecks, are_probabilities, shown_columns
from losscli.binding.shown_columns import shown_cells
from losscli.binding.unit_keys import BATCH, CLUSTER, unit_labels
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers, plain_cells
from losscli.io.arrow.chosen import chosen_rows
from losscli.io.arrow.decode import NO_NULLS, PLAIN, numbers, texts
from losscli.io.arrow.dictionary import DictionaryColumn
from losscli.io.arrow.matrix import plain_matrix, side_by_side
from losscli.io.arrow.types import is_floating
from losscli.io.sides import REPEATS
from losscli.lazy import dataclass
from losscli.results import RowCounts

if TYPE_CHECKING:
    from losscli.binding.expressions import Filter


@dataclass(frozen=True)
class ReadRows:
    """The used rows of one batch of a file, and what assigns them to slices and groups."""

    batch: RowBatch[Input, Array]
    sliced_by: tuple[DictionaryColumn, ...]  # the columns of slices, and that of classes where these have weights
    batch_key: EncodedLabels | None  # the column of the keys that make groups
    location: Location  # of the batch of the file, for errors
    index: RowNumbers  # each row's position in that batch
    labels: Mapping[Input, EncodedLabels]  # of all rows of that batch, where an input is classes
    weightless: RowBatch[Input, Array] | None = None  # rows of weight 0, which hold nothing but their numbers and keys
    weightless_sliced_by: tuple[DictionaryColumn, ...] = ()  # their columns of slices, where classes have no weights
    searched: tuple[DictionaryColumn, ...] = ()  # the columns by whose values slices are looked for
    shown: Callable[[int], Mapping[str, str]] | None = None  # what stands beside a row of that batch, by its position
    weightless_lengths: Callable[[Input], Array] | None = None  # how long their lists are, where lengths may differ


@dataclass
class Reader:
    """Turns batches into used rows, and counts what it read and what it left out."""

    plan: Plan
    where: Filter | None
    read: int = 0
    used: int = 0
    filtered: int = 0
    missing: int = 0
    nan: int = 0
    weightless: int = 0
    warned: Counter[str] = field(default_factory=Counter)
    registry: LabelRegistry = field(default_factory=LabelRegistry)
    widths: dict[Input, int] = field(default_factory=dict)  # of list columns: every batch has the first one's
    lengths: dict[Input, tuple[int, int]] = field(default_factory=dict)  # the least and the largest, if they may differ
    decoded: dict[str, tuple[Array, Array | None]] = field(default_factory=dict)  # numbers of the batch, by column

    def __getstate__(self) -> dict[str, Any]:
        # What another process counted is only merged, which needs neither the plan nor the filter.
        return {**self.__dict__, "plan": None, "where": None, "decoded": {}}

    def agrees(self, other: Reader) -> bool:
        """Whether `other`, which began afresh, read its rows as this reader would have done after its own."""
        return _same(self.widths, other.widths) and self.registry.agrees(other.registry)

    def merge(self, other: Reader) -> None:
        """Count what `other` read as read after ours."""
        self.read += other.read
        self.used += other.used
        self.filtered += other.filtered
        self.missing += other.missing
        self.nan += other.nan
        self.weightless += other.weightless
        self.warned.update(other.warned)
        self.widths = {**other.widths, **self.widths}
        self.registry.merge(other.registry)
        self.lengths |= {item: united(self.lengths.get(item), both) for item, both in other.lengths.items()}

    def counts(self) -> RowCounts:
        """How many rows were read so far, and what became of them."""
        dropped = self.missing + self.nan
        return RowCounts(self.read, self.used, dropped, self.filtered, self.missing, self.nan, self.weightless)

    def rows(self, data: Any, location: Location) -> ReadRows:
        """The used rows of a batch; a value that is not valid is a DataError with its location."""
        with np.errstate(all="ignore"):  # huge values overflow in the sum of a check, and are then tested one by one
            try:
                return self._rows(data, location)
            except DataError as error:
                raise self.plan.derived.named_in(error) from None
            finally:
                self.decoded = {}

    def _rows(self, data: Any, location: Location) -> ReadRows:
        start = self.read
        self.read += data.num_rows
        data, location, kept = self._filtered(data, location)
        self.filtered += self.read - start - data.num_rows
        data = self._with_derived(data, location, [self.plan.weight, *(key.column for key in self.plan.slice_keys)])
        weight = self._weight(data, location)
        zero = None if weight is None or not self.plan.leaves_out_weightless else _zeros(*weight)
        if zero is None or weight is None:
            return self._judged(data, weight, location, kept, start)
        at, (values, missing) = np.flatnonzero(~zero), weight
        found = self._judged(
            chosen_rows(data, ~zero, at), (values[at], None if missing is None else missing[at]), location.take(at),
            at if kept is None else kept[at], start,
        )  # fmt: skip
        return self._with_weightless(found, data, location, np.flatnonzero(zero), kept, start)

    def _judged(
        self, data: Any, weight: tuple[Array, Array | None] | None, location: Location, kept: Array | None, start: int
    ) -> ReadRows:
        """The used ones of these rows, which are at `kept` in their batch; `start` rows were read before it."""
        data = self._with_derived(data, location, self.plan.derived.readings)
        self.decoded = {}  # of a weight, of more rows
        coded = {i: self._texts(i.columns[0], data, location) for i in self.plan.inputs if i.kind.shape == "class"}
        labels: dict[Input, list[EncodedLabels]] = {}
        pairs = {i: self._predictions(i, data, location) for i in self.plan.inputs if i.facing is not None}
        for item, (_, targets) in pairs.items():
            assert item.facing is not None
            coded |= {item.facing: targets} if item.facing.positive is None else {}
        decoded = {
            i: (pairs[i][0].values, pairs[i][0].missing)
            if i in pairs
            else self._decode(i, coded, labels, data, location)
            for i in self.plan.inputs
        }
        units = {what: self._texts(key.column, data, location) for what, key in self.plan.unit_keys.items()}
        checks = RowChecks(self.plan, self.warned)
        index = self._used(checks, decoded, weight, units.get(CLUSTER), data.num_rows, location)
        chosen = {id(values): taken(values, index) for values, _ in decoded.values()}
        arrays = {i: chosen[id(values)] for i, (values, _) in decoded.items()}
        for item, named in coded.items():
            if item.against is None:
                from losscli.binding.class_positions import class_positions

                arrays[item] = class_positions(item, named, index, self.registry, location)
        for item, (given, targets) in pairs.items():
            self._decide(item, given, targets, arrays, index, location)
        for item, columns in labels.items():
            for column in columns:
                self.registry.see_labels(item, column, index)
        self._see_lengths({item: lengths(values) for item, values in arrays.items() if item.ragged}, len(index))
        checks.check_domains(arrays, index, location)
        for item in self.plan.logits:
            if len(index) and self.registry.probable.get(item, True):
                self.registry.probable[item] = are_probabilities(item.kind, elements(arrays[item]))
        weights = None if weight is None else checks.checked_weights(taken(weight[0], index), index, location)
        sliced_by = self._slice_labels(data, location, index)
        cluster, batch_key = (
            unit_labels(self.plan, what, units.get(what), data, location, index, self.warned)
            for what in (CLUSTER, BATCH)
        )
        keys = self._keys(data, location, index)
        row_numbers = moved(index if kept is None else taken(kept, index), start + 1)
        repeats = self._repeats(data, index)
        names = tuple(self.registry.predicted)
        batch = RowBatch(arrays, row_numbers, weights, None, keys, cluster, repeats, names)
        shown = partial(shown_cells, data, self.plan.shown) if self.plan.shown else None
        searched = key_labels(self.plan.searched_keys, self.plan, data, location, index, self.warned)
        return ReadRows(batch, sliced_by, batch_key, location, index, coded, searched=searched, shown=shown)

    def _see_lengths(self, found: Mapping[Input, Array], rows: int) -> None:
        """Remember how long the lists of the used rows are; those without an element have no value."""
        empty = np.zeros(rows, bool)
        for item, counts in found.items() if rows else ():
            empty |= counts == 0
            self.lengths[item] = united(self.lengths.get(item), (int(counts.min()), int(counts.max())))
        if empty.any():
            self.warned["rows whose lists are empty take no part"] += int(np.count_nonzero(empty))

    def _slice_labels(self, data: Any, location: Location, index: RowNumbers) -> tuple[DictionaryColumn, ...]:
        """What assigns these rows to slices: a label of each key, and the class where classes have weights."""
        found = key_labels(self.plan.slice_keys, self.plan, data, location, index, self.warned)
        if (name := self.plan.class_column) is None:
            return found
        return (*found, DictionaryColumn.of(data.column(name), name, location).take(index))

    def _with_derived(self, data: Any, location: Location, names: Collection[str | None]) -> Any:
        """The rows with their derived columns of these names: computed only of rows that are used."""
        return self.plan.derived.added(names, data, location, self.plan.number_format, self.warned)

    def _keys(self, data: Any, location: Location, index: RowNumbers) -> Sequence[EncodedLabels]:
        """The keys of these rows, decoded when they are needed; the join has read them all, so none is invalid."""
        names = self.plan.keys
        if not names:
            return ()
        return DeferredKeys(len(names), lambda: tuple(self._texts(name, data, location).take(index) for name in names))

    def _repeats(self, data: Any, index: RowNumbers) -> Array | None:
        """How many rows before these had the same keys; None where keys are unique."""
        return taken(plain_cells(data.column(REPEATS)), index) if self.plan.shares_keys else None

    def _with_weightless(
        self, found: ReadRows, data: Any, location: Location, zero: Array, kept: Array | None, start: int
    ) -> ReadRows:
        """The used rows together with those of weight 0, whose values are not judged."""
        from losscli.binding.list_columns import unjudged_lengths

        self.weightless += len(zero)
        keys = self._keys(data, location, zero)
        rows = RowBatch[Input, Array]({}, moved(zero if kept is None else kept[zero], start + 1), keys=keys,
                                        repeats=self._repeats(data, zero))  # fmt: skip
        # A class that only such rows have needs no weight.
        sliced_by = () if self.plan.class_column is not None else self._slice_labels(data, location, zero)
        sizes = partial(unjudged_lengths, data=data, rows=zero, location=location,
                        number_format=self.plan.number_format)  # fmt: skip
        return replace(found, weightless=rows, weightless_sliced_by=sliced_by, weightless_lengths=sizes)

    def _used(
        self,
        checks: RowChecks,
        decoded: Mapping[Input, tuple[Array, Array | None]],
        weight: tuple[Array, Array | None] | None,
        cluster: EncodedLabels | None,
        rows: int,
        location: Location,
    ) -> RowNumbers:
        """The positions of the rows that the policies leave, counted as used; the others are counted as dropped."""
        unlike = {id(values): (i, values, missing) for i, (values, missing) in decoded.items()}  # a column once
        checked = [(shown_columns(i.columns), telling(values), missing) for i, values, missing in unlike.values()]
        if weight is not None:
            checked.append((self.plan.weight or "", *weight))
        if cluster is not None:
            checked.append((cluster.column, np.zeros(0), cluster.codes < 0))
        drop, without_value = checks.dropped(checked, rows, location)
        # Nearly always no row is left out: then a range spares an array.
        index: RowNumbers = range(len(drop)) if not drop.any() else np.flatnonzero(~drop)
        if len(index) < rows:
            self._count_dropped(drop, without_value, weight)
        self.used += len(index)
        return index

    def _count_dropped(self, drop: Array, without_value: Array, weight: tuple[Array, Array | None] | None) -> None:
        """Count the rows that the policies left out; a row of weight 0 would not have been scored with its values."""
        if weight is not None:
            weightless = drop & (weight[0] == 0) & (True if weight[1] is None else ~weight[1])
            self.weightless += int(weightless.sum())
            drop, without_value = drop & ~weightless, without_value & ~weightless
        self.missing += int(without_value.sum())
        self.nan += int(drop.sum() - without_value.sum())

    def _filtered(self, data: Any, location: Location) -> tuple[Any, Location, Array | None]:
        """The rows that the filter keeps, before anything is decoded; their positions in the batch (None: all rows)."""
        if self.where is None or (mask := self._mask(self.where, data, location)).all():
            return data, location, None
        kept = np.flatnonzero(mask)
        return chosen_rows(data, mask, kept), location.take(kept), kept

    def _mask(self, where: Filter, data: Any, location: Location) -> Array:
        return where.mask(data, location, self.plan.number_format, self.warned)

    # -- decoding --------------------------------------------------------------------------------------------------

    def _decode(
        self,
        item: Input,
        coded: Mapping[Input, EncodedLabels],
        labels: dict[Input, list[EncodedLabels]],
        data: Any,
        location: Location,
    ) -> tuple[Array, Array | None]:
        """The values of one input and which rows miss one (None: no row does); its columns of labels go to `labels`."""
        if item.against is not None and item in coded:
            # NaN and infinity are no labels, but values that a policy or an error is about.
            special = [0.0 if name in BINARY else PLAIN.number(name) or 0.0 for name in coded[item].names]
            values = coded[item].mapped([0.0 if np.isfinite(one) else one for one in special], 0.0)
            gap = coded[item].codes < 0
            return values, gap if gap.any() else None
        if item in coded:
            # Positions are found when it is known which rows are used.
            gap = coded[item].codes < 0
            return coded[item].codes, gap if gap.any() else None
        if item.listed:
            return self._lists(item, labels, data, location)
        if not item.wide:
            return self._number(item.columns[0], item, labels, data, location)
        if item.positive is None and (plain := plain_matrix(data, item.columns)) is not None:
            return plain, None  # floats are labels only beside a positive one
        columns = [self._number(name, item, labels, data, location) for name in item.columns]
        gaps = [missing for _, missing in columns if missing is not None]
        return side_by_side([values for values, _ in columns]), np.logical_or.reduce(gaps) if gaps else None

    def _predictions(self, item: Input, data: Any, location: Location) -> tuple[Predictions, EncodedLabels]:
        """Predictions that may be labels, and the labels of their targets."""
        assert item.facing is not None
        name, target = item.columns[0], item.facing
        targets = self._labels(target.columns[0], data.column(target.columns[0]), location, target.positive)
        cells = data.column(name)
        if is_floating(cells.type):
            values, missing = self._plain_number(name, data, location)
            return Predictions(values, missing, None, lambda: self._texts(name, data, location)), targets
        number_format = self.plan.number_format if name in self.plan.untyped else PLAIN
        labels = partial(self._labels, name, location=location, positive=target.positive)
        return Predictions.of_texts(cells, number_format, target.positive, labels), targets

    def _labels(self, name: str, cells: Any, location: Location, positive: str | None) -> EncodedLabels:
        number_format = self.plan.number_format if name in self.plan.untyped else NO_NULLS
        found = EncodedLabels.of(texts(cells, name, location), name)
        return without_nulls(found, number_format, positive).canonical()

    def _decide(
        self, item: Input, given: Predictions, targets: EncodedLabels, arrays: dict[Input, Array], index: RowNumbers,
        location: Location,
    ) -> None:  # fmt: skip
        """Which predictions are right, where they may be labels."""
        assert item.facing is not None
        known, classes = self.registry.known(item), self.registry.predicted
        if item.facing.positive is None:
            arrays[item], arrays[item.facing], seen = decided(item, given, targets, known, classes, index, location)
        else:
            seen = positive_seen(item, given, targets, known, index, location)
        known.merge(seen)

    def _lists(
        self, item: Input, labels: dict[Input, list[EncodedLabels]], data: Any, location: Location
    ) -> tuple[Array, Array | None]:
        from losscli.binding.list_columns import list_values

        width = len(item.labels) if item.labels is not None else self.widths.get(item)
        column = data.column(item.columns[0])
        (values, missing), named = list_values(item, column, location, self.plan.number_format, width)
        if named is not None and item.positive is not None:
            labels.setdefault(item, []).append(named)
        if not item.ragged and values.shape[1]:  # 0 where all lists are null
            self.widths[item] = values.shape[1]
        return values, missing

    def _number(
        self, name: str, item: Input, labels: dict[Input, list[EncodedLabels]], data: Any, location: Location
    ) -> tuple[Array, Array | None]:
        if self.plan.read_as(name) != "text" or not read_as_labels(item, data.column(name).type):
            return self._plain_number(name, data, location)
        # Only in text formats do spellings stand for missing values; where cells have types, null does.
        number_format = self.plan.number_format if name in self.plan.untyped else NO_NULLS
        named = without_nulls(self._column(name, data, location), number_format, item.positive).canonical()
        if item.positive is not None:
            labels.setdefault(item, []).append(named)
        return labelled_numbers(item, named, location, number_format)

    def _plain_number(self, name: str, data: Any, location: Location) -> tuple[Array, Array | None]:
        """The numbers of a column: one array for all inputs, so that what is done with it is done once."""
        if name not in self.decoded:
            untyped = name in self.plan.untyped
            number_format = self.plan.number_format if untyped else NO_NULLS
            parsed = untyped or name in self.plan.texts_inside
            found = numbers(data.column(name), name, location, parse_text=parsed, number_format=number_format)
            self.decoded[name] = found.values, found.missing
        return self.decoded[name]

    def _column(self, name: str, data: Any, location: Location) -> EncodedLabels:
        return EncodedLabels.of(texts(data.column(name), name, location), name)

    def _texts(self, name: str, data: Any, location: Location) -> EncodedLabels:
        return self._column(name, data, location).canonical()

    def _weight(self, data: Any, location: Location) -> tuple[Array, Array | None] | None:
        name = self.plan.weight
        return None if name is None else self._plain_number(name, data, location)


def _zeros(weights: Array, missing: Array | None) -> Array | None:
    """Which rows have a weight of 0; None where no row has."""
    zero = weights == 0 if missing is None else (weights == 0) & ~missing
    return zero if zero.any() else None


def _same(ours: Mapping[Any, Any], theirs: Mapping[Any, Any]) -> bool:
    return all(ours.get(key, value) == value for key, value in theirs.items())

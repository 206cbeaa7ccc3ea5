"""Predictions that are labels, as those of a decision are: which are right, compared with the labels of the targets.

A column of predictions may hold labels, or the probability of class 1. Each row tells: against a target of 0 or 1
(true, false), a number in [0, 1] is a probability, and 0 and 1 are as well labels, which comes to the same. Everything
else is a label, and is compared as canonical text. So a row has one value, whichever rows stand beside it; a column
that holds both is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels, taken
from losscli.binding.plan import Input, Job, Table
from losscli.contract.kinds import NEAR, Array
from losscli.contract.loss import Loss
from losscli.contract.sibling_names import OF_CLASSES
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.decode import NumberFormat
from losscli.io.arrow.types import is_text
from losscli.lazy import dataclass
from losscli.losses import names

BINARY = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}
_MOST = 1000  # labels of a side that are remembered
_SHOWN = 8


def with_labels(loss: Loss, sides: Sequence[Input | Table | None]) -> tuple[Input | Table | None, ...]:
    """The inputs of a loss, of which predictions may be labels where they are one number each."""
    pair = [side for side in sides if isinstance(side, Input) and side.role in ("pred", "target")]
    if not loss.labels or len(pair) != 2:
        return tuple(sides)
    pred, target = sorted(pair, key=lambda side: side.role)
    if pred.wide or target.wide or pred.kind.shape != "number" or not target.kind.sides:
        return tuple(sides)
    if loss.labels == "positive" and target.positive is None:
        return tuple(sides)
    classed = loss.labels == "classes"
    target = replace(target, against=pred.columns[0], classed=classed)
    new = {"pred": replace(pred, facing=target, classed=classed), "target": target}
    return tuple(new.get(side.role, side) if isinstance(side, Input) else side for side in sides)


def with_hint(error: DataError, jobs: Iterable[Job]) -> DataError:
    """The error about predictions that are no numbers; its hint says how they can be labels, where they can."""
    if error.code == "DATA_WRONG_TYPE" or (error.code == "DATA_BAD_CELL" and error.hint is None):
        for job in jobs:
            sides = (side for role, side in job.by_role() if role == "pred" and isinstance(side, Input))
            if job.spec.loss.labels == "positive" and any(error.column in side.columns for side in sides):
                error.hint = "where predictions are labels, name the positive class label with --positive LABEL"
                if OF_CLASSES + job.spec.loss.name in names():
                    error.hint += f"; for several classes, {job.spec.loss.name}:average=macro"
    return error


@dataclass
class Decisions:
    """What was seen of a column of predictions and of its targets."""

    seen: set[str] = field(default_factory=set)  # "probability", "label"
    predicted: set[str] = field(default_factory=set)
    targets: set[str] = field(default_factory=set)

    def merge(self, other: Decisions) -> None:
        """Take what another has seen, too; the first labels in sorted order, whichever rows come first."""
        self.seen |= other.seen
        self.predicted = set(sorted(self.predicted | other.predicted)[: _MOST + 1])
        self.targets = set(sorted(self.targets | other.targets)[: _MOST + 1])

    def united(self, other: Decisions) -> Decisions:
        """What both have seen."""
        both = Decisions()
        both.merge(self)
        both.merge(other)
        return both

    @property
    def contradiction(self) -> str | None:
        """Why what was seen cannot be in one column; None where it can."""
        if "label" not in self.seen:
            return None
        if "probability" in self.seen:
            return "holds probabilities and labels"
        ours, theirs = self.predicted & set(BINARY), self.targets & set(BINARY)
        if any({"true", "false"} & one and {"0", "1"} & other for one, other in ((ours, theirs), (theirs, ours))):
            return "and the targets spell true and 1 differently, beside other labels"
        return None

    def check(self, item: Input) -> None:
        """A DataError where the labels of the two sides cannot be meant to be the same."""
        assert item.facing is not None
        target, column = item.facing, item.facing.columns[0]
        if (why := self.contradiction) is not None:
            raise DataError(f"column '{item.columns[0]}' {why}", column=item.columns[0], code="DATA_UNKNOWN_CLASS",
                            hint="labels on both sides must be spelled alike, and no label is a fraction")  # fmt: skip
        binary, both = set(BINARY), self.predicted & self.targets
        coded = [side for side in (self.predicted, self.targets) if side and side <= binary]
        if target.positive is None and "label" in self.seen and len(coded) == 1 and not both:
            other, name = (self.targets, column) if coded[0] is self.predicted else (self.predicted, item.columns[0])
            raise DataError(
                f"column '{name}' contains {_listed(other)}, and the labels that it is compared with are "
                f"{_listed(coded[0])}", hint=target.kind.hint, column=name, value=min(other, default=None),
                code="DATA_UNKNOWN_CLASS",
            )  # fmt: skip

    def warnings(self, item: Input) -> Iterable[str]:
        """The labels that one side has alone."""
        assert item.facing is not None
        if "label" not in self.seen or max(len(self.predicted), len(self.targets)) > _MOST:
            return
        pred, target = item.columns[0], item.facing.columns[0]
        if alone := self.predicted - self.targets:
            yield f"'{pred}': labels that no target in '{target}' has: {_listed(alone)}"
        if alone := self.targets - self.predicted:
            yield f"'{target}': labels that '{pred}' never predicts: {_listed(alone)}"


@dataclass(frozen=True)
class Predictions:
    """The predictions of a batch: numbers, and which are none; `labels` gives them as labels."""

    values: Array
    missing: Array | None
    is_label: Array | None
    labels: Callable[[], EncodedLabels]
    written: Array | None = None  # which are 0 or 1, but written as probabilities are: 1.0e+00

    @staticmethod
    def of_texts(
        cells: Any, number_format: NumberFormat, positive: str | None, labels: Callable[[Any], EncodedLabels]
    ) -> Predictions:
        """Predictions of a column of texts, whose labels `labels` finds.

        Where all are numbers, only those outside ]0, 1[ are looked at one by one: probabilities are mostly distinct.
        """
        plain = cells.dictionary_decode() if hasattr(cells, "dictionary_decode") else cells
        values = _cast(plain, number_format)
        if values is None:
            return Predictions.of_labels(labels(cells), number_format, positive)
        others = np.flatnonzero(~((values > 0) & (values < 1)))
        if not len(others):
            return Predictions(values, None, None, lambda: labels(cells))
        few = Predictions.of_labels(labels(plain.take(others)), number_format, positive)
        values[others] = few.values

        def spread(which: Array | None) -> Array | None:
            if which is None:
                return None
            rows = np.zeros(len(values), bool)
            rows[others] = which
            return rows

        return Predictions(values, spread(few.missing), spread(few.is_label), lambda: labels(cells),
                           spread(few.written))  # fmt: skip

    @staticmethod
    def of_labels(named: EncodedLabels, number_format: NumberFormat, positive: str | None) -> Predictions:
        """Predictions of texts: those that are numbers are, and of others the positive class label is 1, if any is."""
        numbers = _numbers(named.names, number_format)
        wanted = None if positive is None else canonical_label(positive)
        values = named.mapped([float(name == wanted) if n is None else n for name, n in
                               zip(named.names, numbers, strict=True)], 0.0)  # fmt: skip
        is_label = named.mapped([float(n is None) for n in numbers], 0.0) > 0 if None in numbers else None
        outside = [n in (0, 1) and name not in BINARY for name, n in zip(named.names, numbers, strict=True)]
        written = named.mapped(list(map(float, outside)), 0.0) > 0 if any(outside) else None
        gap = named.codes < 0
        return Predictions(values, gap if gap.any() else None, is_label, lambda: named, written)


def decided(
    item: Input, given: Predictions, targets: EncodedLabels, known: Decisions, classes: dict[str, int],
    index: RowNumbers, location: Location,
) -> tuple[Array, Array, Decisions]:  # fmt: skip
    """The predictions and the targets of the used rows as a kernel takes them, and what was seen of them.

    A label is the probability of the class of its row: 1 if it is that of the target, else 0, where the target is 1.
    Where the kernel takes labels as classes, they are numbered in `classes`.
    """
    assert item.facing is not None
    values, named = taken(given.values, index), targets.take(index)
    is_label = np.zeros(len(values), bool) if given.is_label is None else taken(given.is_label, index)
    labels = np.array([*(BINARY.get(name, np.nan) for name in named.names), np.nan])[named.codes]
    inside = ~is_label & (values >= -NEAR) & (values <= 1 + NEAR)
    fraction = ~is_label & (values != 0) & (values != 1)
    if given.written is not None:
        fraction |= taken(given.written, index)
    whole = ~is_label & ~inside & (values == np.floor(values))
    as_label = is_label | whole | np.isnan(labels)
    seen = Decisions(targets=_used(named))
    if not (inside | is_label | whole).all():  # neither a probability nor a label: the check of the values tells
        return values, np.nan_to_num(labels), seen
    if (fraction & ~whole).any():
        seen.seen.add("probability")
    else:
        seen.predicted = _used(given.labels().take(index))
    if as_label.any():
        seen.seen.add("label")
    if (both := known.united(seen)).contradiction is not None:
        said = given.labels().take(index)
        row = max(_first(as_label, "label" in known.seen), _first(fraction & ~whole, "probability" in known.seen))
        spelled = [
            [_first(_among(named_, pair), bool(pair & seen_)) for pair in ({"true", "false"}, {"0", "1"})]
            for named_, seen_ in ((said, known.predicted), (named, known.targets))
        ]
        (our_words, our_digits), (their_words, their_digits) = spelled
        differ = min(max(our_words, their_digits), max(our_digits, their_words))
        row = min(row, max(_first(as_label, "label" in known.seen), differ))
        raise _contradiction(item, both, int(index[row]), location)
    if not as_label.any():
        return values, labels, seen
    predicted = given.labels().take(index)
    if item.classed:
        return _numbered(predicted, classes), _numbered(named, classes), seen
    right = {name: code for code, name in enumerate(named.names)}
    codes = np.array([*(right.get(name, -2) for name in predicted.names), -2])[predicted.codes]
    return (codes == named.codes).astype(np.float64), np.ones(len(values)), seen


def _numbered(named: EncodedLabels, classes: dict[str, int]) -> Array:
    """The number of each label; a new one gets the next."""
    used = np.unique(named.codes).tolist()
    numbers = np.zeros(len(named.names), np.int64)
    for code in used:
        numbers[code] = classes.setdefault(named.names[code], len(classes))
    return numbers[named.codes]


def positive_seen(
    item: Input, given: Predictions, targets: EncodedLabels, known: Decisions, index: RowNumbers, location: Location
) -> Decisions:
    """What was seen where the positive class label was given: numbers are probabilities, and texts labels."""
    is_label = np.zeros(len(given.values), bool) if given.is_label is None else given.is_label
    is_label = taken(is_label, index)
    seen = Decisions({name for name, which in (("label", is_label), ("probability", ~is_label)) if which.any()})
    if (both := known.united(seen)).contradiction is not None:
        row = max(_first(is_label, "label" in known.seen), _first(~is_label, "probability" in known.seen))
        raise _contradiction(item, both, int(index[row]), location)
    if "label" in seen.seen:
        seen.predicted, seen.targets = _used(given.labels().take(index)), _used(targets.take(index))
    return seen


def _first(which: Array, known: bool) -> int:
    """The first of these rows; 0 if there was one before, and one behind all rows if there is none."""
    return 0 if known else int(np.argmax(which)) if which.any() else len(which)


def _among(named: EncodedLabels, labels: Collection[str]) -> Array:
    return named.mapped([float(name in labels) for name in named.names], 0.0) > 0


def _contradiction(item: Input, both: Decisions, row: int, location: Location) -> DataError:
    assert item.facing is not None
    column = item.columns[0]
    hint = f"labels on both sides must be spelled alike; {item.facing.kind.hint}"
    return location.error(row, column, f"column '{column}' {both.contradiction}", None, hint, code="DATA_UNKNOWN_CLASS")


def _numbers(names: Sequence[str], number_format: NumberFormat) -> list[float | None]:
    """The numbers that texts are; None for labels, of which 01 is one."""
    return [_number(name, number_format) for name in names]


def _cast(cells: Any, number_format: NumberFormat) -> Array | None:
    """The texts as numbers, missing as NaN; None where one is no number, or must be looked at for another reason."""
    import pyarrow as pa

    if not is_text(cells.type) or number_format.decimal != "." or number_format.thousands is not None:
        return None
    if any(0 < (number_format.number(text) or 0) < 1 for text in number_format.nulls):
        return None
    try:
        found: Array = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return found if found.flags.writeable else found.copy()


def _number(name: str, number_format: NumberFormat) -> float | None:
    if name in BINARY:
        return BINARY[name]
    number = number_format.number(name)
    # 01 and +1 are codes; 1.0e+00 is how some write a probability of 1.
    return None if number in (0, 1) and not {".", "e", "E"} & set(name) else number


def _used(named: EncodedLabels) -> set[str]:
    codes = np.unique(named.codes)
    return {named.names[code] for code in codes[codes >= 0].tolist()[: _MOST + 1]}


def _listed(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(f"'{name}'" for name in ordered[:_SHOWN]) + (", …" if len(ordered) > _SHOWN else "")

"""What looks wrong in a sample: what a person would want to know before believing a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from losscli.binding.default_names import LOGIT_NAMES, PROBABILITY_NAMES
from losscli.binding.let_hints import derived_column
from losscli.contract.kinds import FAR
from losscli.execution.inspection.columns import Candidate
from losscli.execution.inspection.domains import are_probabilities, correlation_of, target_numbers
from losscli.execution.inspection.fits import Fit
from losscli.execution.inspection.profiles import ColumnProfile
from losscli.execution.inspection.sample import Sample
from losscli.io.formats.number_spelling import PERCENT_HINT, number_options
from losscli.lazy import pattern
from losscli.results.inspections import FindingResult

_KEY = pattern(r"(.*[^a-z])?(id|key|uid|uuid|case|index)")
_MARKED = pattern(r"[+-]?[0-9]+([.,'’ _][0-9]+)+")
_PERCENT = pattern(r"[+-]?[0-9][0-9.,]* ?%")
_MOSTLY = 0.9  # of the rows: so many different values are those of a key, and so many equal ones no coincidence
_RARE = 0.01
_NEAR_ONE = 0.5  # how far sums of rows may be from 1 if they were meant to be 1
_LEAST_ROWS = 20
_FEW_VALUES = 20  # ratings and classes may well be predicted without an error


def findings(sample: Sample, fits: Sequence[Fit]) -> list[FindingResult]:
    """All that looks wrong: what is wrong with predictions first, then with single columns."""
    found = [*(_of_roles(fits[0]) if fits else ()), *_repeated(sample), *_named_wrongly(sample), *_sums(sample)]
    for profile in sample.profiles.values():
        found += _of_column(profile, sample)
    return found


def _of_roles(fit: Fit) -> Iterator[FindingResult]:
    target = fit.columns.get("target")
    if target is None:
        return
    if fit.first_class:
        yield FindingResult(
            "labels_from_1", (target.cols,), f"the classes of '{target.cols}' count from 1",
            "class indices count from 0 unless --first-class 1 is given",
        )  # fmt: skip
    if fit.class_names is not None:
        yield FindingResult(
            "class_order", (fit.columns["pred"].cols, target.cols),
            f"the numbers of '{fit.columns['pred'].cols}' are of classes without names; "
            f"{','.join(fit.class_names)} agrees with '{target.cols}'", "please check the order of --classes",
        )  # fmt: skip
    numbers = target_numbers(target, fit.positive)
    for pred in fit.preds:
        if pred.is_vector or target.is_vector:
            continue
        yield from _leaks(target, pred)
        if numbers is None or pred.values is None or fit.best.labels:
            continue
        rows = np.isfinite(numbers) & np.isfinite(pred.values)
        if correlation_of(numbers[rows], pred.values[rows]) < 0:
            yield FindingResult(
                "reversed", (pred.cols, target.cols), f"'{pred.cols}' falls where '{target.cols}' rises",
                "are predictions of the other class, or is the target coded the other way round?",
            )  # fmt: skip
    yield from _imbalance(target, fit)


def _leaks(target: Candidate, pred: Candidate) -> Iterator[FindingResult]:
    """A prediction that is the target: in all rows, or in nearly all if there are many values."""
    if target.rows < _LEAST_ROWS:
        return
    same = sum(a == b for a, b in zip(target.cells, pred.cells, strict=True))
    many = target.texts is None and len(target.classes) > _FEW_VALUES
    if same == target.rows or (many and same > _MOSTLY * target.rows):
        yield FindingResult(
            "leaked_target", (pred.cols, target.cols),
            f"'{pred.cols}' equals '{target.cols}' in {same:,} of {target.rows:,} rows", "is it a copy of the target?",
        )  # fmt: skip


def _imbalance(target: Candidate, fit: Fit) -> Iterator[FindingResult]:
    kind = fit.best.kinds["target"]
    if not (kind.sides or kind.shape == "class") or not target.classes:
        return
    cells = [cell for cell in target.cells if cell is not None]
    counts = {name: cells.count(name) for name in target.classes}
    rarest = min(counts, key=lambda name: counts[name])
    if counts[rarest] < _RARE * len(cells):
        share = f"{counts[rarest]:,} of {len(cells):,} rows"
        yield FindingResult(
            "rare_class", (target.cols,), f"class '{rarest}' of '{target.cols}' is rare: {share}",
            "means are nearly those of the other classes: look at slices (--by), or weigh (--class-weight balanced)",
        )  # fmt: skip


def _repeated(sample: Sample) -> Iterator[FindingResult]:
    """Names of several columns, which no command can tell apart."""
    for name in sample.repeated:
        yield FindingResult("repeated_name", (name,), f"several columns are named '{name}': none of them can be read",
                            "rename all but one")  # fmt: skip


def _named_wrongly(sample: Sample) -> Iterator[FindingResult]:
    """Names that say probability or logit, and values that say otherwise."""
    for column in sample.candidates.values():
        words = set(column.cols.lower().replace("*", "").replace(".", "_").replace("-", "_").split("_"))
        values = column.finite
        if column.values is None or not len(values):
            continue
        low, high = float(values.min()), float(values.max())
        if words & PROBABILITY_NAMES and (low < 0 or high > 1):
            percent = low >= 0 and 2 < high <= 100
            about = "percentages" if percent else "logits or scores"
            hint = "losses of logits take them as they are"
            if percent:
                derived = derived_column(column.cols, "fraction", "/ 100")[1]
                hint = derived if column.is_number else "divide them by 100"
            yield FindingResult(
                "not_probabilities", (column.cols,),
                f"'{column.cols}' is named like probabilities and goes from {low:.6g} to {high:.6g}: {about}?", hint,
            )  # fmt: skip
        elif words & LOGIT_NAMES and are_probabilities(column) and low < high:
            yield FindingResult(
                "not_logits", (column.cols,), f"'{column.cols}' is named like logits, and all values lie in [0, 1]",
                "are these probabilities?",
            )  # fmt: skip


def _sums(sample: Sample) -> Iterator[FindingResult]:
    """Vectors of probabilities of classes whose rows do not sum to 1, though they were meant to."""
    classes = {name for column in sample.candidates.values() if not column.is_vector for name in column.classes[:100]}
    for column in sample.candidates.values():
        if not column.is_vector or column.levels or not are_probabilities(column):
            continue
        sums = column.finite.sum(axis=1)
        named = column.labels is not None and set(column.labels) <= classes
        off = np.abs(sums - 1)
        meant = np.median(off) < (_NEAR_ONE if named else FAR * 10)
        if meant and off.max() > FAR:
            row = int(np.argmax(off))
            yield FindingResult(
                "sum_not_1", (column.cols,),
                f"rows of '{column.cols}' do not sum to 1: {int((off > FAR).sum()):,} of {len(off):,}, "
                f"one to {sums[row]:.6g}",
                "some losses divide rows by their sum: renormalize=true",
            )  # fmt: skip


def _of_column(profile: ColumnProfile, sample: Sample) -> Iterable[FindingResult]:
    name, rows = profile.name, profile.rows
    if not rows:
        return
    if profile.missing == rows:
        yield FindingResult("empty", (name,), f"'{name}' has no values")
        return
    if profile.infinite:
        yield FindingResult(
            "infinite", (name,), f"'{name}' has infinite values, which no run takes: {profile.infinite:,}",
            "leave these rows out with --where",
        )  # fmt: skip
    if profile.distinct.exact and profile.distinct.count == 1 and rows > 1 and profile.counted:
        yield FindingResult("constant", (name,), f"'{name}' has the same value in all rows")
    elif "mixed" in profile.type:
        yield FindingResult("mixed", (name,), f"'{name}' has numbers and texts")
    yield from _text_numbers(profile, sample)
    distinct = profile.distinct
    present = rows - profile.missing
    if _KEY.fullmatch(name.lower()) and distinct.exact and _MOSTLY * present <= distinct.count < present:
        yield FindingResult(
            "duplicate_keys", (name,), f"'{name}' is nearly a key: {present - distinct.count:,} of {present:,} rows "
            "repeat a value", "were rows added twice? --on refuses keys that occur more than once",
        )  # fmt: skip


def _text_numbers(profile: ColumnProfile, sample: Sample) -> Iterator[FindingResult]:
    """Texts that are numbers but for some cells."""
    column = sample.single.get(profile.name)
    if column is None or column.texts is None or len(column.classes) < 3:
        return
    options = number_options(column.classes) if sample.source.fragments[0].format in ("csv", "tsv") else None
    if options is not None and sum(map(_has_mark, column.classes)) > _MOSTLY * len(column.classes):
        yield FindingResult(
            "number_spelling", (profile.name,), f"'{profile.name}' is text, and looks like numbers: "
            f"{', '.join(column.classes[:2])}", f"read them with {options}",
        )  # fmt: skip
        return
    if sum(_PERCENT.fullmatch(text) is not None for text in column.classes) > _MOSTLY * len(column.classes):
        yield FindingResult(
            "number_spelling", (profile.name,), f"'{profile.name}' is text, and looks like percentages: "
            f"{', '.join(column.classes[:2])}", PERCENT_HINT,
        )  # fmt: skip
        return
    numeric = [_is_number(text) for text in column.classes]
    if sum(numeric) > len(numeric) / 2 and not all(numeric):
        other = column.classes[numeric.index(False)]
        yield FindingResult(
            "text_in_numbers", (profile.name,), f"'{profile.name}' is text, and most of its values are numbers",
            f"the first other value is '{other[:40]}': --null-values names texts that mean 'missing'",
        )  # fmt: skip


def _has_mark(text: str) -> bool:
    return _MARKED.fullmatch(text) is not None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

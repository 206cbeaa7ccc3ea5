"""Whether columns may play roles: their values lie in the domains of kinds, and one looks like a prediction of another.

A kind says what values it takes; here is decided what a person would not mistake for it, too. The names of rows are no
classes, and probabilities are no logits though these may be any number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from losscli.binding.default_names import DEFAULT_NAMES, FURTHER_NAMES
from losscli.contract.kinds import Array, Kind
from losscli.execution.inspection.columns import Candidate

# The least correlation of predictions with labels: if the name of the target is a default name, and if it is not.
_CORRELATION_NAMED, _CORRELATION_UNNAMED = 0.1, 0.5
_AGREEMENT = 0.1  # of labels with labels beyond chance (Cohen's kappa)
_HALF = 0.5
_FEW = 50
_LABELS_COMPARED = 2000  # rows; pairs of columns are many
_FEWEST_ROWS = 6


def is_named(role: str, column: Candidate) -> bool:
    """Whether a column has a default name of this role."""
    return column.cols in (*DEFAULT_NAMES.get(role, ()), *FURTHER_NAMES.get(role, ()))


def is_narrow(kind: Kind) -> bool:
    """Whether few columns would fit a kind by chance; that numbers lie above 0 says little."""
    closed = kind.labels or kind.ordered or kind.shape == "class" or kind.total is not None
    return bool(closed or (np.isfinite(kind.low) and np.isfinite(kind.high)))


def roughness(column: Candidate) -> int:
    """How many decimals the numbers have: 0 for whole numbers and texts, 1 for up to four, 2 for more.

    What was measured is rounded, and what was computed is not.
    """
    values = column.finite[:_FEW].ravel()
    if column.texts is not None or (values == np.floor(values)).all():
        return 0
    with np.errstate(over="ignore", invalid="ignore"):
        return 1 if (np.round(values, 4) == values).all() else 2


def accepts(kind: Kind, column: Candidate) -> bool:
    """Whether the values of a column lie in the domain of a kind."""
    if kind.shape == "class":  # classes occur more than once, unlike the names of rows
        return not column.is_vector and 2 <= len(column.classes) <= column.rows // 2 and column.has_class_ids
    if kind.shape == "vector":
        return column.is_vector and in_domain(kind, column)
    if column.is_vector:
        return False
    if kind.sides:
        return has_plain_labels(kind, column) or (column.texts is not None and len(column.classes) == 2)
    if kind.labels:
        return bool(column.classes) and set(column.classes) <= {word for word, _ in kind.labels}
    return column.values is not None and len(column.classes) > 2 and in_domain(kind, column)


def in_domain(kind: Kind, column: Candidate) -> bool:
    """Whether all finite numbers of a column lie in the domain, and there are some."""
    values = column.finite
    if column.values is None or not len(values):
        return False
    if values.ndim > 1 and kind.width_problem(values.shape[1]):
        return False
    return kind.first_bad(values) is None


def counts_rows(column: Candidate) -> bool:
    """Whether its numbers are those of rows: each whole number of a range once, in order."""
    values = column.values
    if values is None or values.ndim > 1 or len(values) < _FEWEST_ROWS:
        return False
    return bool((np.diff(values) == 1).all() and values[0] == np.floor(values[0]))


def are_probabilities(column: Candidate) -> bool:
    """Whether all numbers lie in [0, 1], as those that a link function has made of logits."""
    values = column.finite
    return bool(len(values)) and bool(values.min() >= 0 and values.max() <= 1)


def has_plain_labels(kind: Kind, column: Candidate) -> bool:
    """Whether the cells are just the two labels of the kind, with no value between, even if the kind allows that."""
    known = {str(int(side)) for side in kind.sides or ()} | ({"false", "true"} if kind.sides == (0.0, 1.0) else set())
    return len(column.classes) == 2 and set(column.classes) <= known


def positive_label(kinds: Mapping[str, Kind], columns: Mapping[str, Candidate]) -> str | None:
    """The positive class label of a target with two texts: the one with the larger predictions."""
    target, pred, kind = columns.get("target"), columns.get("pred"), kinds.get("target")
    if target is None or kind is None or not kind.sides or target.texts is None or len(target.classes) != 2:
        return None
    if has_plain_labels(kind, target) or pred is None or pred.values is None or pred.is_vector:
        return None
    rows = np.array([text == target.classes[0] for text in target.texts])
    with np.errstate(all="ignore"):
        higher = np.nanmean(pred.values[rows]) > np.nanmean(pred.values[~rows])
    return target.classes[0] if higher else target.classes[1]


def fit_together(kinds: Mapping[str, Kind], columns: Mapping[str, Candidate], positive: str | None) -> bool:
    """Whether the two labels of the target are known, and the prediction looks like one of this target."""
    target, pred = columns.get("target"), columns.get("pred")
    if target is not None:
        kind = kinds["target"]
        if kind.sides and positive is None and not has_plain_labels(kind, target):
            return False
    if target is None or pred is None:
        return True
    return _predicts(kinds["target"], target, kinds["pred"], pred, positive)


def _predicts(kind: Kind, target: Candidate, pred_kind: Kind, pred: Candidate, positive: str | None) -> bool:
    """Whether a column looks like a prediction of the target, by its name or by its values."""
    if kind.shape == "class":
        return class_positions(target, pred) is not None if pred_kind.classes else True
    named = is_named("target", target) and is_named("pred", pred)
    on_both_sides = len(pred.finite) > 0 and bool(pred.finite.min() < 0 < pred.finite.max())
    if kind.sides and kind.low < 0 and not on_both_sides:  # a margin decides by its sign
        return False
    if kind.sides and pred_kind.any_number and not (named or on_both_sides or are_probabilities(pred)):
        return False  # any feature goes with a class somehow, and scores of two classes have both signs
    targets = target_numbers(target, positive)
    if targets is None or pred.values is None or len(targets) != len(pred.values):
        return False
    if targets.shape != pred.values.shape:
        return targets.ndim == 1 and _surrounds(targets, pred.values)
    finite = np.isfinite(targets) & np.isfinite(pred.values)
    if named or not finite.any():
        return named
    if kind.sides:
        least = _CORRELATION_NAMED if is_named("target", target) else _CORRELATION_UNNAMED
        return correlation_of(targets[finite], pred.values[finite]) > least
    # The squared error must be smaller than that of the target's own mean, which is the best constant prediction.
    with np.errstate(over="ignore", invalid="ignore"):
        error = ((targets - pred.values) ** 2)[finite].mean()
        return bool(error < ((targets - targets[finite].mean()) ** 2)[finite].mean())


def _surrounds(targets: Array, values: Array) -> bool:
    """Whether most targets lie within the numbers of their row, as within the members of an ensemble."""
    with np.errstate(invalid="ignore"):
        inside = (values.min(axis=1) <= targets) & (targets <= values.max(axis=1))
    return bool(inside.mean() > _HALF)


def correlation_of(first: Array, second: Array) -> float:
    """Pearson's correlation; NaN of constants."""
    with np.errstate(all="ignore"):
        return float(np.corrcoef(first, second)[0, 1]) if len(first) > 1 else np.nan


def target_numbers(column: Candidate, positive: str | None) -> Array | None:
    """The targets as numbers: 1 for the positive class label, or for 1 and true."""
    if column.texts is None:
        return column.values
    positives = {positive} if positive is not None else {"1", "true"}
    return np.array([np.nan if text is None else float(text in positives) for text in column.texts])


def class_positions(target: Candidate, pred: Candidate) -> tuple[str, ...] | None:
    """The class of each number of a prediction, if it beats the majority class; None if it is of other classes.

    By the names of the columns where the classes are among them, else by position from 0, or from 1. Positions whose
    classes have names are of those that go with them.
    """
    classes, values = target.classes, pred.values
    assert values is not None
    width = values.shape[1]
    named = [pred.labels] if pred.labels is not None else []
    counted = [tuple(str(at + first) for at in range(width)) for first in (0, 1)]
    labels = next((one for one in (*named, *counted) if set(classes) <= set(one)), None)
    if labels is None and (pred.labels is None or pred.labels in counted):
        labels = _at_largest(target, values)
    if labels is None:
        return None
    cells = target.cells
    predicted = [labels[index] for index in np.nan_to_num(values).argmax(axis=1)]
    majority = max(cells.count(name) for name in classes)
    return labels if sum(a == b for a, b in zip(cells, predicted, strict=True)) > majority else None


def _at_largest(target: Candidate, values: Array) -> tuple[str, ...] | None:
    """The class of most rows at each position of the largest number; None if that is not each class once."""
    largest = np.nan_to_num(values).argmax(axis=1).tolist()
    counted = [Counter(cell for cell, at in zip(target.cells, largest, strict=True) if at == position and cell)
               for position in range(values.shape[1])]  # fmt: skip
    found = tuple(one.most_common(1)[0][0] for one in counted if one)
    return found if target.texts is not None and sorted(found) == sorted(target.classes) else None


def are_labels(target: Candidate, pred: Candidate) -> bool:
    """Whether both are labels of the same classes that agree more often than by chance, or have default names."""
    for side in (target, pred):
        if side.is_vector or not 2 <= len(side.classes) <= side.rows // 2 or not side.has_class_ids:
            return False
    if len(set(pred.classes) - set(target.classes)) > len(target.classes) // 2:
        return False
    step = 1 + target.rows // _LABELS_COMPARED
    both = zip(target.cells[::step], pred.cells[::step], strict=True)
    pairs = [(a, b) for a, b in both if a is not None and b is not None]
    if not pairs:
        return False
    agreed = sum(a == b for a, b in pairs) / len(pairs)
    shares = [[side.count(name) / len(pairs) for name in target.classes] for side in zip(*pairs, strict=True)]
    chance = sum(a * b for a, b in zip(*shares, strict=True))
    named = is_named("target", target) and is_named("pred", pred)
    return agreed > 0 if named else agreed - chance > _AGREEMENT * (1 - chance)

"""Guesses which columns of a file play which roles, and which losses fit them. People check the result.

No loss is known here by name. Each loss that declares itself as suggested (`first`) is tried on every combination of
columns whose values lie in the domains of its roles. The assignments with the most roles and the narrowest domains win.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

import numpy as np

from losscli.binding.default_names import DEFAULT_NAMES, less_usual
from losscli.cli.init.sample import Candidate, Sample
from losscli.contract.kinds import Array, Kind
from losscli.contract.loss import Loss
from losscli.errors import DataError
from losscli.lazy import dataclass
from losscli.losses import every

_MAX_TRIED = 64  # columns that are tried for a role
_MAX_MODELS = 8  # predictions that are listed
_MAX_SLICES = 20  # different texts in a column that is suggested for slices
# The least correlation of predictions with labels: if the name of the target is a default name, and if it is not.
_CORRELATION_NAMED, _CORRELATION_UNNAMED = 0.1, 0.5


@dataclass(frozen=True)
class Guess:
    """Roles and losses.

    `preds` are models. `named` says that the target has a default name; otherwise it was guessed from its values alone.
    `groups` says that a loss is a batch loss.
    """

    losses: tuple[str, ...]
    target: str | None
    preds: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    positive: str | None = None
    named: bool = False
    groups: bool = False
    slices: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    batch: str | None = None
    missing: bool = False
    nan: bool = False


@dataclass(frozen=True)
class _Assignment:
    """A column and a kind for each required role of a loss."""

    loss: Loss
    kinds: tuple[Kind, ...]
    columns: Mapping[str, Candidate]
    positive: str | None

    @property
    def rank(self) -> tuple[int, int]:
        return len(self.columns), sum(_is_narrow(kind) for kind in self.kinds)

    def same_columns(self, other: _Assignment) -> bool:
        return self.columns == other.columns and self.positive == other.positive


def guess(sample: Sample, path: str) -> Guess:
    """Guess roles and losses from the values; a DataError if no column looks like a prediction of another."""
    suggested = [loss for loss in every().values() if loss.first]
    assignments = [a for loss in suggested if (a := next(_assignments(loss, sample), None)) is not None]
    if not assignments:
        raise DataError("no column looks like a prediction of another", path=path, code="DATA_MISMATCH",
                        hint="a suite names them: target = …, pred = …; see 'losscli help config'")  # fmt: skip
    best = max(assignments, key=lambda assignment: assignment.rank)  # the first of those with the highest rank
    chosen = [a for a in assignments if a.rank == best.rank and a.same_columns(best)]
    return _guess_of(best, [assignment.loss for assignment in chosen], sample)


def _guess_of(best: _Assignment, losses: Sequence[Loss], sample: Sample) -> Guess:
    target, pred = best.columns.get("target"), best.columns.get("pred")
    used = list(best.columns.values())
    preds = [] if pred is None else [pred, *_other_models(best, sample)]
    texts = [column for column in sample.texts if column not in used and 2 <= len(column.classes) <= _MAX_SLICES]
    gaps = [column.missing_or_nan for column in (*used, *preds)]
    return Guess(
        losses=tuple(loss.name for loss in losses),
        target=None if target is None else target.cols,
        preds=tuple(column.cols for column in preds[:_MAX_MODELS]),
        columns={role: column.cols for role, column in best.columns.items() if role not in ("target", "pred")},
        positive=best.positive,
        named=target is None or target.cols in DEFAULT_NAMES["target"],
        groups=any(loss.batched for loss in losses),
        slices=tuple(column.cols for column in texts),
        weights=tuple(c.cols for c in sample.numbers if "weight" in c.cols.lower() or c.cols == "w"),
        batch="batch" if "batch" in sample.candidates else None,
        missing=any(missing for missing, _ in gaps),
        nan=any(nan for _, nan in gaps),
    )


def _is_narrow(kind: Kind) -> int:
    """1 if a kind requires more of its values than that they are numbers, else 0."""
    bounded = bool(np.isfinite(kind.low) or np.isfinite(kind.high) or kind.labels)
    return int(bounded or kind.shape == "class" or kind.total is not None)


def _assignments(loss: Loss, sample: Sample) -> Iterator[_Assignment]:
    """The assignments that fit, best first: default names before values, then the order of the file."""
    roles = [role for role in loss.roles.values() if not role.optional]
    for combination in loss.combinations():
        pairs = zip(loss.roles.values(), combination, strict=True)
        kinds = {role.name: kind for role, kind in pairs if role in roles}
        if any(kind.shape in ("matrix", "vectors") for kind in kinds.values()):
            continue
        tried = {role: [c for c in _candidates(role, sample) if _accepts(kind, c)] for role, kind in kinds.items()}
        for columns in _combinations({role: found[:_MAX_TRIED] for role, found in tried.items()}):
            positive = _positive(kinds, columns)
            if _fits(kinds, columns, positive):
                yield _Assignment(loss, tuple(kinds.values()), columns, positive)


def _combinations(candidates: Mapping[str, Sequence[Candidate]]) -> Iterator[dict[str, Candidate]]:
    """Every way to give each role a column that no other role has; the target changes last."""
    roles = sorted(candidates, key=lambda role: role != "target")
    for columns in itertools.product(*(candidates[role] for role in roles)):
        if len({column.cols for column in columns}) == len(columns):
            yield dict(zip(roles, columns, strict=True))


def _candidates(role: str, sample: Sample) -> list[Candidate]:
    """The columns for a role: any column for target and pred, else only a column with the name of the role."""
    if role not in DEFAULT_NAMES:
        return [column for name in (role, f"{role}_*") if (column := sample.candidates.get(name)) is not None][:1]
    names = [name for name in DEFAULT_NAMES[role] if name in sample.candidates] or less_usual(role, sample.candidates)
    named = [sample.candidates[name] for name in names]
    return named if len(named) == 1 else list(sample.candidates.values())


def _positive(kinds: Mapping[str, Kind], columns: Mapping[str, Candidate]) -> str | None:
    """The positive class label of a target with two texts: the one with the larger predictions."""
    target, pred, kind = columns.get("target"), columns.get("pred"), kinds.get("target")
    if target is None or kind is None or not kind.sides or target.texts is None or len(target.classes) != 2:
        return None
    if _has_plain_labels(kind, target):
        return None
    if pred is None or pred.values is None or pred.is_vector:
        return None
    rows = np.array([text == target.classes[0] for text in target.texts])
    with np.errstate(all="ignore"):
        higher = np.nanmean(pred.values[rows]) > np.nanmean(pred.values[~rows])
    return target.classes[0] if higher else target.classes[1]


def _fits(kinds: Mapping[str, Kind], columns: Mapping[str, Candidate], positive: str | None) -> bool:
    """Whether the two labels of the target are known, and the prediction looks like one of this target."""
    target, pred = columns.get("target"), columns.get("pred")
    if target is not None:
        kind = kinds["target"]
        if kind.sides and positive is None and not _has_plain_labels(kind, target):
            return False
    if target is None or pred is None:
        return True
    return _predicts(kinds["target"], target, kinds["pred"], pred, positive)


def _has_plain_labels(kind: Kind, column: Candidate) -> bool:
    """Whether the cells are just the two labels of the kind, with no value between, even if the kind allows that."""
    known = {str(int(side)) for side in kind.sides or ()} | ({"false", "true"} if kind.sides == (0.0, 1.0) else set())
    return len(column.classes) == 2 and set(column.classes) <= known


def _accepts(kind: Kind, column: Candidate) -> bool:
    """Whether the values of a column lie in the domain of a kind."""
    if kind.shape == "class":  # classes occur more than once, unlike the names of rows
        return not column.is_vector and 2 <= len(column.classes) <= column.rows // 2 and _has_class_ids(column)
    if kind.shape == "vector":
        return column.is_vector and _in_domain(kind, column.values)
    if column.is_vector:
        return False
    if kind.sides:
        return _has_plain_labels(kind, column) or (column.texts is not None and len(column.classes) == 2)
    if kind.labels:
        return bool(column.classes) and set(column.classes) <= {word for word, _ in kind.labels}
    return column.values is not None and len(column.classes) > 2 and _in_domain(kind, column.values)


def _has_class_ids(column: Candidate) -> bool:
    return column.texts is not None or all(name.lstrip("-").isdigit() for name in column.classes)


def _in_domain(kind: Kind, values: Array | None) -> bool:
    if values is None:
        return False
    finite = values[np.isfinite(values).all(axis=-1)] if values.ndim == 2 else values[np.isfinite(values)]
    return len(finite) > 0 and kind.first_bad(finite) is None


def _predicts(kind: Kind, target: Candidate, pred_kind: Kind, pred: Candidate, positive: str | None) -> bool:
    """Whether a column looks like a prediction of the target, by its name or by its values."""
    if kind.shape == "class":
        return _predicts_classes(target, pred) if pred_kind.classes else True
    named = target.cols in DEFAULT_NAMES["target"] and pred.cols in DEFAULT_NAMES["pred"]
    targets = _target_numbers(target, positive)
    if targets is None or pred.values is None or targets.shape != pred.values.shape:
        return False
    finite = np.isfinite(targets) & np.isfinite(pred.values)
    if named or not finite.any():
        return named
    if kind.sides:
        least = _CORRELATION_NAMED if target.cols in DEFAULT_NAMES["target"] else _CORRELATION_UNNAMED
        with np.errstate(all="ignore"):
            return bool(np.corrcoef(targets[finite], pred.values[finite])[0, 1] > least)
    # The squared error must be smaller than that of the target's own mean, which is the best constant prediction.
    error = ((targets - pred.values) ** 2)[finite].mean()
    return bool(error < ((targets - targets[finite].mean()) ** 2)[finite].mean())


def _target_numbers(column: Candidate, positive: str | None) -> Array | None:
    if column.texts is None:
        return column.values
    positives = {positive} if positive is not None else {"1", "true"}
    return np.array([np.nan if text is None else float(text in positives) for text in column.texts])


def _predicts_classes(target: Candidate, pred: Candidate) -> bool:
    """Whether the predictions are of these classes, by name or by position, and beat the majority class."""
    classes, values = target.classes, pred.values
    assert values is not None
    width = values.shape[1]
    positions = tuple(map(str, range(width)))
    labels = pred.labels if pred.labels is not None and set(classes) <= set(pred.labels) else positions
    if not set(classes) <= set(labels):
        return False
    cells = _class_texts(target)
    predicted = [labels[index] for index in np.nan_to_num(values).argmax(axis=1)]
    majority = max(cells.count(name) for name in classes)
    return bool(sum(a == b for a, b in zip(cells, predicted, strict=True)) > majority)


def _class_texts(column: Candidate) -> list[str | None]:
    if column.texts is not None:
        return list(column.texts)
    assert column.values is not None
    return [None if value != value else str(int(value)) for value in column.values.tolist()]


def _other_models(best: _Assignment, sample: Sample) -> list[Candidate]:
    """More predictions of the same target, by other models; none for vectors, since any of them might fit."""
    target, pred = best.columns.get("target"), best.columns["pred"]
    if target is None or pred.is_vector or len(best.columns) != 2 or pred.cols in DEFAULT_NAMES["pred"]:
        return []
    kinds = dict(zip((role.name for role in best.loss.roles.values() if not role.optional), best.kinds, strict=True))
    return [
        column for column in sample.numbers
        if column not in (target, pred) and _accepts(kinds["pred"], column)
        and _fits(kinds, {"target": target, "pred": column}, best.positive)
    ]  # fmt: skip

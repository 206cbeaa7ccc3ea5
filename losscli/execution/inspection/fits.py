"""Which columns of a sample play which roles, and which losses fit them. People check the result.

No loss is known here by name. Each loss whose declaration says that it is asked for first (`first`) is tried on the
combinations of columns whose values lie in the domains of its roles. It fits where its trait, if it names one, holds.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

import numpy as np

from losscli.binding.default_names import DEFAULT_NAMES, ROLE_NAMES, further_names
from losscli.contract.kinds import Array, Kind
from losscli.contract.loss import Loss
from losscli.contract.traits import SampleColumns, trait_of
from losscli.errors import UsageError
from losscli.execution.inspection.columns import Candidate, escaped
from losscli.execution.inspection.domains import (
    accepts,
    are_labels,
    are_probabilities,
    class_positions,
    counts_rows,
    fit_together,
    is_named,
    is_narrow,
    positive_label,
    roughness,
    target_numbers,
)
from losscli.execution.inspection.error_settings import settings_for_errors
from losscli.execution.inspection.sample import Sample
from losscli.lazy import dataclass
from losscli.losses import every

_MAX_TRIED = 64  # columns that are tried for a role
_MAX_MODELS = 8  # predictions that are listed
_BESIDE_PREDICTIONS = ("lower", "upper", "scale", "variance")
_NEAR_ONE = 0.1  # rows of shares that only rounding keeps from 1

Columns = Mapping[str, Candidate]


@dataclass(frozen=True)
class Assignment:
    """A column and a kind for each required role of a loss.

    `labels` says that predictions are labels; then kinds are those of the target on both sides. `settings` are
    parameters without which the columns would not fit.
    """

    loss: Loss
    kinds: Mapping[str, Kind]
    columns: Columns
    positive: str | None = None
    labels: bool = False
    settings: str = ""

    @property
    def spec(self) -> str:
        """The loss as it is asked for."""
        return f"{self.loss.name}:{self.settings}" if self.settings else self.loss.name

    @property
    def rank(self) -> tuple[int, int, int]:
        """What makes one better than another: roles, narrow domains, default names."""
        named = sum(is_named(role, column) for role, column in self.columns.items())
        narrow = sum(map(is_narrow, self.kinds.values()))
        return len(self.columns), narrow - self.labels, named  # probabilities say more than the labels made of them

    @property
    def leads(self) -> bool:
        """Whether the values have a trait for which this loss is the right one, and not one of many."""
        trait = trait_of(self.loss.name, self.loss.first)
        return trait is not None and trait.leads

    @property
    def order(self) -> tuple[bool, int, bool, bool, int]:
        """The place among losses of the same columns: traits that lead, losses before scores, means before others.

        Losses of classes come before others of vectors where the names of both sides' columns say the same classes.
        """
        labels = {column.labels for column in self.columns.values() if column.is_vector}
        classes = sum(kind.classes for kind in self.kinds.values()) if len(labels) == 1 and None not in labels else 0
        return not self.leads, -classes, self.loss.score_of is not None, self.loss.own_combine, -self.rank[1]


@dataclass(frozen=True)
class Fit:
    """Columns in their roles, and the losses that fit them, best first. `preds` are models of the same target."""

    assignments: tuple[Assignment, ...]
    columns: Columns
    preds: tuple[Candidate, ...] = ()
    positive: str | None = None
    query: Candidate | None = None

    @property
    def best(self) -> Assignment:
        """That of the loss that is first."""
        return self.assignments[0]

    @property
    def batched(self) -> bool:
        """Whether a loss sees all rows of a batch."""
        return any(each.loss.scope == "group" for each in self.assignments)

    @property
    def class_labels(self) -> tuple[str, ...] | None:
        """The class of each number of the prediction, where classes are predicted by such."""
        target, pred = self.columns.get("target"), self.columns.get("pred")
        if target is None or pred is None or self.best.kinds["target"].shape != "class" or not pred.is_vector:
            return None
        return class_positions(target, pred)

    @property
    def pred_texts(self) -> tuple[str, ...]:
        """The predictions as typed; columns whose names are no classes are listed, so that they bind by position."""
        labels = self.class_labels
        return tuple(",".join(map(escaped, one.members)) if labels and one.labels and one.labels != labels else one.cols
                     for one in self.preds)  # fmt: skip

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of classes that are positions to the prediction, in the order that agrees with the target."""
        labels, pred = self.class_labels, self.columns.get("pred")
        if not labels or pred is None or labels == pred.labels or set(labels) != set(self.columns["target"].classes):
            return None
        return None if any("," in name for name in labels) or self.columns["target"].texts is None else labels

    @property
    def first_class(self) -> int | None:
        """The first class index, where classes are positions that do not count from 0."""
        labels, pred = self.class_labels, self.columns.get("pred")
        return 1 if labels and pred is not None and labels != pred.labels and labels[0] == "1" else None

    @property
    def used(self) -> list[Candidate]:
        """All columns that a run reads."""
        return list({column.cols: column for column in (*self.columns.values(), *self.preds)}.values())


@dataclass(frozen=True)
class _Search:
    """What is looked through: the columns, and the one that tells batches."""

    sample: Sample
    query: Candidate | None = None
    given: Mapping[str, str] = field(default_factory=dict)


def sample_and_fits(sample: Sample) -> tuple[Sample, list[Fit]]:
    """The fits, and the sample in which they are: where there are none, each column is by itself, as of a model.

    The target is a column that was by itself before: those with names that are alike are of one kind.
    """
    found = find_fits(sample)
    if not found and len(sample.candidates) < len(sample.single):
        apart = sample.apart
        others = [fit for fit in find_fits(apart) if _target_of(fit) in sample.candidates]
        if others:
            return apart, others
    return sample, found


def _for_errors(one: Assignment) -> Assignment:
    return one if one.settings else replace(one, settings=settings_for_errors(one.loss, one.columns))


def _target_of(fit: Fit) -> str | None:
    target = fit.columns.get("target")
    return None if target is None else target.cols


def find_fits(sample: Sample) -> list[Fit]:
    """All fits of columns and losses, best first; each column plays its roles in the best that has it.

    Returns
    -------
    list of Fit
        Empty if no column looks like a prediction of another.
    """
    finite = {name: one for name, one in sample.candidates.items() if not _has_infinities(one, sample)}
    sample = replace(sample, candidates=finite)
    search = _Search(sample, next(iter(_named("query", sample)), None))
    suggested = [loss for loss in every().values() if loss.first]
    found = [one for loss in suggested for one in _assignments(loss, search)]
    # Where labels are grades, a loss that knows their distance says more than one that compares them.
    labelled = [one.columns for one in found if one.labels]

    def rank(one: Assignment) -> tuple[int, int, int]:
        roles, narrow, named = one.rank
        return roles, narrow + 2 * (one.leads and any(_same(one.columns, columns) for columns in labelled)), named

    best_first = sorted(found, key=rank, reverse=True)
    fits: list[Fit] = []
    for one in best_first:
        if not any(
            (_same(fit.columns, one.columns) and fit.best.labels == one.labels) or _contradicts(fit, one)
            for fit in fits
        ):
            fits.append(_fit(one, suggested, search))
    return fits


def _has_infinities(column: Candidate, sample: Sample) -> bool:
    """Whether a number is infinite, which no run takes."""
    return any(sample.profiles[name].infinite for name in column.members) or (
        column.values is not None and bool(np.isinf(column.values).any())
    )


def _contradicts(fit: Fit, later: Assignment) -> bool:
    """Whether the roles are others than in a better fit: its prediction as target, or of another target."""
    taken = {member for role, column in fit.columns.items() if role != "target" for member in column.members}
    taken |= {member for column in fit.preds for member in column.members}
    own, other = fit.columns.get("target"), later.columns.get("target")
    if own is None or other is None:
        return other is not None and bool(taken & set(other.members))
    used = {member for role, column in later.columns.items() if role != "target" for member in column.members}
    return bool(taken & set(other.members)) or own.cols in used or (own.cols != other.cols and bool(taken & used))


def _same(first: Columns, second: Columns) -> bool:
    return {role: one.cols for role, one in first.items()} == {role: one.cols for role, one in second.items()}


def _fit(best: Assignment, losses: Iterable[Loss], search: _Search) -> Fit:
    """All losses that fit these columns, in the order in which people should ask for them."""
    given = replace(search, given={role: column.cols for role, column in best.columns.items()})
    found = [one for loss in losses for one in _assignments(loss, given) if one.labels == best.labels]
    found = [one for one in found if _same(one.columns, best.columns) and one.positive == best.positive
             and _target_shape(one) == _target_shape(best)]  # fmt: skip
    probable = {one.loss.name for one in found}
    found = [one for one in found if one.loss.of_probabilities is None
             or one.loss.of_probabilities.name not in probable]  # fmt: skip
    ordered = tuple(_for_errors(one) for one in sorted(found, key=lambda one: one.order))
    pred = best.columns.get("pred")
    preds = () if pred is None else (pred, *_other_models(best, search.sample))[:_MAX_MODELS]
    return Fit(ordered, best.columns, preds, best.positive, search.query)


def _target_shape(one: Assignment) -> str | None:
    """A target of classes is not also one of numbers."""
    return one.kinds["target"].shape if "target" in one.kinds else None


def _assignments(loss: Loss, search: _Search) -> Iterator[Assignment]:
    """The first that fits of numbers, and of labels: default names before values, then the order of the file."""
    plain = next((one for one in _of_numbers(loss, search, {}) if _holds(one, search)), None)
    labels = next((one for one in _of_labels(loss, search) if _holds(one, search)), None)
    yield from (one for one in (plain, labels) if one is not None)
    for name, parameter in () if plain or labels else loss.params.items():  # such as one that divides rows by their sum
        if parameter.type == "bool" and parameter.param.lifts:
            lifted = [one for one in _of_numbers(loss, search, {name: True}) if _holds(one, search)]
            yield from (replace(one, settings=f"{name}=true") for one in lifted[:1])


def _of_numbers(loss: Loss, search: _Search, settings: Mapping[str, bool]) -> Iterator[Assignment]:
    for combination in loss.combinations(settings):
        pairs = zip(loss.roles.values(), combination, strict=True)
        kinds = {role.name: kind for role, kind in pairs if not role.optional}
        if any(kind.shape in ("matrix", "vectors") for kind in kinds.values()):
            continue
        tried = {
            role: [c for c in _candidates(role, search) if accepts(kind, c) and _is_meant(loss, role, kind, c)]
            for role, kind in kinds.items()
        }
        for columns in _combinations({role: found[:_MAX_TRIED] for role, found in tried.items()}):
            positive = positive_label(kinds, columns)
            if fit_together(kinds, columns, positive):
                yield Assignment(loss, kinds, columns, positive)


def _of_labels(loss: Loss, search: _Search) -> Iterator[Assignment]:
    """Labels on both sides, where the loss compares them and needs to know no positive one."""
    if loss.labels not in (True, "classes") or list(loss.roles) != ["pred", "target"]:
        return
    kind = next((kind for kind in loss.roles["target"].kinds if kind.shape == "class"), None)
    if kind is None:
        return
    tried = {role: [c for c in _candidates(role, search) if not c.is_vector][:_MAX_TRIED] for role in loss.roles}
    for columns in _combinations(tried):
        if are_labels(columns["target"], columns["pred"]):
            yield Assignment(loss, dict.fromkeys(loss.roles, kind), columns, labels=True)


def _is_meant(loss: Loss, role: str, kind: Kind, column: Candidate) -> bool:
    """Whether a column whose values fit would be taken for this kind.

    Numbers in [0, 1] are no logits to a loss with a gradient; one without looks at their order alone. Columns that say
    levels are of losses that take these, and no others.
    """
    if kind.logit and loss.gradients and are_probabilities(column):
        return False
    if kind.divided and np.abs(column.finite.sum(axis=1) - 1).max() > _NEAR_ONE:
        return False
    level = next((one for one in loss.params.values() if role in (one.param.level_of or "").split()), None)
    if level is None or level.type != "numbers":
        required = any(one.required and one.param.level_of is None for one in loss.params.values())
        return column.levels is None and not required
    try:
        loss.settle({level.name: column.levels or ()})
    except UsageError:
        return False
    return column.levels is not None


def _holds(one: Assignment, search: _Search) -> bool:
    """Whether the values have the trait of the loss."""
    trait = trait_of(one.loss.name, one.loss.first)
    if trait is None:
        return True
    arrays: dict[str, Array] = {}
    for role, column in one.columns.items():
        values = target_numbers(column, one.positive) if role == "target" else column.values
        if values is not None:
            arrays[role] = values
    finite = np.ones(next(iter(one.columns.values())).rows, dtype=bool)
    for values in arrays.values():
        finite &= np.isfinite(values).reshape(len(values), -1).all(axis=1)
    queries = None
    if search.query is not None and search.query.cols not in {column.cols for column in one.columns.values()}:
        queries = np.unique([str(cell) for cell in search.query.cells], return_inverse=True)[1][finite]
    shown = SampleColumns({role: values[finite] for role, values in arrays.items()}, one.labels, queries)
    return trait.holds(shown)


def _combinations(candidates: Mapping[str, Sequence[Candidate]]) -> Iterator[dict[str, Candidate]]:
    """Every way to give each role a column that no other role has; the target changes last."""
    roles = sorted(candidates, key=lambda role: role != "target")
    for columns in itertools.product(*(candidates[role] for role in roles)):
        if len({member for column in columns for member in column.members}) == sum(len(c.members) for c in columns):
            yield dict(zip(roles, columns, strict=True))


def _candidates(role: str, search: _Search) -> list[Candidate]:
    """The columns for a role: any column for target and pred, else only a column with a name of the role."""
    columns = search.sample.candidates
    if role in search.given:
        return [columns[search.given[role]]]
    if role not in DEFAULT_NAMES:
        return _named(role, search.sample)[:1]
    names = [name for name in DEFAULT_NAMES[role] if name in columns] or further_names(role, columns)
    names = names or [name for name in ROLE_NAMES.get(role, ()) if name in columns]
    named = [columns[names[0]]] if len(names) == 1 else []
    if named and role == "target":
        return named
    others = [column for column in columns.values() if column not in named and not counts_rows(column)
              and not _belongs_to_another(column.cols)]  # fmt: skip
    return [*named, *(sorted(others, key=roughness) if role == "target" else others)]


def _named(role: str, sample: Sample) -> list[Candidate]:
    """The columns with a name of this role; `AutoETS-lo-90` ends in one of `lower`, but for its level."""
    names = (role, f"{role}_*", *ROLE_NAMES.get(role, ()))
    found = sample.candidates
    exact = [found[name] for name in names if name in found]
    return exact or [one for name, one in found.items() if name[-1:].isdigit() and _last_word(name) in names]


def _belongs_to_another(name: str) -> bool:
    """Whether a name says that a column goes with a prediction: `ridge_variance`, `AutoETS-lo-90`."""
    last = _last_word(name)
    return any(last in (role, *ROLE_NAMES[role]) for role in _BESIDE_PREDICTIONS)


def _last_word(name: str) -> str:
    """The last word of a name, but for a number behind it, as of a level; "" of a name of one word."""
    words = re.split(r"[-_. ]+", name.lower())
    words = words[:-1] if words[-1].isdigit() else words
    return words[-1] if len(words) > 1 else ""


def _other_models(best: Assignment, sample: Sample) -> list[Candidate]:
    """More predictions of the same target, by other models; none for vectors, since any of them might fit."""
    target, pred = best.columns.get("target"), best.columns["pred"]
    if target is None or pred.is_vector or len(best.columns) != 2 or is_named("pred", pred):
        return []
    if best.labels:
        texts = [column for column in sample.candidates.values() if not column.is_vector]
        return [column for column in texts if column not in (target, pred) and are_labels(target, column)]
    return [
        column for column in sample.numbers
        if column not in (target, pred) and accepts(best.kinds["pred"], column)
        and _is_meant(best.loss, "pred", best.kinds["pred"], column) and not _belongs_to_another(column.cols)
        and fit_together(best.kinds, {"target": target, "pred": column}, best.positive)
    ]  # fmt: skip

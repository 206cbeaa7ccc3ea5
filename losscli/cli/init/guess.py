"""Which columns of a file play which roles, and which losses fit them: a guess for people to look over.

No loss is known here by its name. A loss that says of itself that people ask for it `first` is tried on every choice of
columns whose values lie in the domains of its roles; those with the most roles and the narrowest domains are taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from losscli import losses as _losses  # registers every loss
from losscli.binding.bind import DEFAULT_NAMES
from losscli.cli.init.sample import Sample, Sampled
from losscli.contract.kinds import Array, Kind
from losscli.contract.loss import REGISTRY, Loss
from losscli.errors import DataError

del _losses

_TRIED = 64  # so many columns are tried for a role
_MODELS = 8  # so many predictions are listed
_FEW = 20  # a column with at most so many different texts cuts a table into slices
# The least correlation with labels, where the name of the target says what it is, and where nothing does.
_ALIKE, _SURELY = 0.1, 0.5


@dataclass(frozen=True)
class Guess:
    """Roles and losses. `preds` are models; `usual` says whether names told what the target is, or only values."""

    losses: tuple[str, ...]
    target: str | None
    preds: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    positive: str | None = None
    usual: bool = False
    groups: bool = False  # a loss that sees a batch
    slices: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    batch: str | None = None
    missing: bool = False
    nan: bool = False


@dataclass(frozen=True)
class _Cast:
    """One choice of things and kinds for the roles of a loss."""

    loss: Loss
    kinds: tuple[Kind, ...]
    things: Mapping[str, Sampled]
    positive: str | None

    @property
    def rank(self) -> tuple[int, int]:
        return len(self.things), sum(_narrow(kind) for kind in self.kinds)


def guess(sample: Sample, path: str) -> Guess:
    """What the values suggest, or a DataError where no column looks like a prediction of another."""
    first = [loss for loss in REGISTRY.values() if loss.first]
    casts = [cast for loss in first if (cast := next(_casts(loss, sample), None)) is not None]
    if not casts:
        raise DataError("no column looks like a prediction of another", path=path, code="DATA_MISMATCH",
                        hint="a suite names them: target = …, pred = …; see 'losscli help config'")  # fmt: skip
    best = max(casts, key=lambda cast: cast.rank)  # the first of those with the highest rank
    chosen = [c for c in casts if c.rank == best.rank and c.things == best.things and c.positive == best.positive]
    return _told(best, [cast.loss for cast in chosen], sample)


def _told(best: _Cast, losses: Sequence[Loss], sample: Sample) -> Guess:
    target, pred = best.things.get("target"), best.things.get("pred")
    used = list(best.things.values())
    preds = [] if pred is None else [pred, *_others(best, sample)]
    texts = [thing for thing in sample.texts if thing not in used and 2 <= len(thing.classes) <= _FEW]
    lacking = [thing.lacking for thing in (*used, *preds)]
    return Guess(
        losses=tuple(loss.name for loss in losses),
        target=None if target is None else target.cols,
        preds=tuple(thing.cols for thing in preds[:_MODELS]),
        columns={role: thing.cols for role, thing in best.things.items() if role not in ("target", "pred")},
        positive=best.positive,
        usual=target is None or target.cols in DEFAULT_NAMES["target"],
        groups=any(loss.scope != "row" for loss in losses),
        slices=tuple(thing.cols for thing in texts),
        weights=tuple(thing.cols for thing in sample.numbers if "weight" in thing.cols.lower() or thing.cols == "w"),
        batch="batch" if "batch" in sample.things else None,
        missing=any(empty for empty, _ in lacking),
        nan=any(nan for _, nan in lacking),
    )


def _narrow(kind: Kind) -> int:
    """Whether a kind says more of its values than that they are numbers."""
    bounded = bool(np.isfinite(kind.low) or np.isfinite(kind.high) or kind.labels)
    return int(bounded or kind.shape == "class" or kind.total is not None)


def _casts(loss: Loss, sample: Sample) -> Iterator[_Cast]:
    """The choices that fit, best first: names before values, the order of the file after that."""
    roles = [role for role in loss.roles.values() if not role.optional]
    for kinds in loss.combinations():
        wanted = {role.name: kind for role, kind in zip(loss.roles.values(), kinds, strict=True) if role in roles}
        if any(kind.shape in ("matrix", "vectors") for kind in wanted.values()):
            continue
        pools = {role: [t for t in _pool(role, sample) if _lies_in(kind, t)][:_TRIED] for role, kind in wanted.items()}
        for things in _choices(pools):
            positive = _positive(wanted, things)
            if _fits(wanted, things, positive):
                yield _Cast(loss, tuple(wanted.values()), things, positive)


def _choices(pools: Mapping[str, Sequence[Sampled]]) -> Iterator[dict[str, Sampled]]:
    """Every way to give each role a thing of its own; the target changes last."""
    roles = sorted(pools, key=lambda role: role != "target")
    for things in itertools.product(*(pools[role] for role in roles)):
        if len({thing.cols for thing in things}) == len(things):
            yield dict(zip(roles, things, strict=True))


def _pool(role: str, sample: Sample) -> list[Sampled]:
    """What a role may be given: anything for target and pred, for others only what is called like them."""
    if role not in DEFAULT_NAMES:
        return [thing for name in (role, f"{role}_*") if (thing := sample.things.get(name)) is not None][:1]
    usual = [thing for name in DEFAULT_NAMES[role] if (thing := sample.things.get(name)) is not None]
    return usual if len(usual) == 1 else list(sample.things.values())


def _positive(wanted: Mapping[str, Kind], things: Mapping[str, Sampled]) -> str | None:
    """The label that stands for 1, where the target is one of two texts: that of the larger predictions."""
    target, pred, kind = things.get("target"), things.get("pred"), wanted.get("target")
    if target is None or kind is None or not kind.sides or target.texts is None or len(target.classes) != 2:
        return None
    if _plain_labels(kind, target):
        return None
    if pred is None or pred.values is None or pred.wide:
        return None
    rows = np.array([text == target.classes[0] for text in target.texts])
    with np.errstate(all="ignore"):
        higher = np.nanmean(pred.values[rows]) > np.nanmean(pred.values[~rows])
    return target.classes[0] if higher else target.classes[1]


def _fits(wanted: Mapping[str, Kind], things: Mapping[str, Sampled], positive: str | None) -> bool:
    """Whether labels are told apart, and what is to be a prediction looks like one."""
    target, pred = things.get("target"), things.get("pred")
    if (
        target is not None
        and wanted["target"].sides
        and positive is None
        and not _plain_labels(wanted["target"], target)
    ):
        return False
    if target is None or pred is None:
        return True
    return _predicts(wanted["target"], target, wanted["pred"], pred, positive)


def _plain_labels(kind: Kind, thing: Sampled) -> bool:
    """Whether the cells are the two labels themselves, and nothing between, even where the kind would take that."""
    known = {str(int(side)) for side in kind.sides or ()} | ({"false", "true"} if kind.sides == (0.0, 1.0) else set())
    return len(thing.classes) == 2 and set(thing.classes) <= known


def _lies_in(kind: Kind, thing: Sampled) -> bool:
    if kind.shape == "class":  # names of rows are no classes: those come again
        return not thing.wide and 2 <= len(thing.classes) <= thing.rows // 2 and _whole(thing)
    if kind.shape == "vector":
        return thing.wide and _inside(kind, thing.values)
    if thing.wide:
        return False
    if kind.sides:
        return _plain_labels(kind, thing) or (thing.texts is not None and len(thing.classes) == 2)
    if kind.labels:
        return bool(thing.classes) and set(thing.classes) <= {word for word, _ in kind.labels}
    return thing.values is not None and len(thing.classes) > 2 and _inside(kind, thing.values)


def _whole(thing: Sampled) -> bool:
    return thing.texts is not None or all(name.lstrip("-").isdigit() for name in thing.classes)


def _inside(kind: Kind, values: Array | None) -> bool:
    if values is None:
        return False
    known = values[np.isfinite(values).all(axis=-1)] if values.ndim == 2 else values[np.isfinite(values)]
    return len(known) > 0 and kind.first_bad(known) is None


def _predicts(kind: Kind, target: Sampled, pred_kind: Kind, pred: Sampled, positive: str | None) -> bool:
    if kind.shape == "class":
        return _names_classes(target, pred) if pred_kind.classes else True
    named = target.cols in DEFAULT_NAMES["target"] and pred.cols in DEFAULT_NAMES["pred"]
    truth = _numbers(target, positive)
    if truth is None or pred.values is None or truth.shape != pred.values.shape:
        return False
    good = np.isfinite(truth) & np.isfinite(pred.values)
    if named or not good.any():
        return named
    if kind.sides:
        least = _ALIKE if target.cols in DEFAULT_NAMES["target"] else _SURELY
        with np.errstate(all="ignore"):
            return bool(np.corrcoef(truth[good], pred.values[good])[0, 1] > least)
    # Nearer to the truth than the truth's own mean is: what knows nothing of it is not.
    near = ((truth - pred.values) ** 2)[good].mean()
    return bool(near < ((truth - truth[good].mean()) ** 2)[good].mean())


def _numbers(thing: Sampled, positive: str | None) -> Array | None:
    if thing.texts is None:
        return thing.values
    one = {positive} if positive is not None else {"1", "true"}
    return np.array([np.nan if text is None else float(text in one) for text in thing.texts])


def _names_classes(target: Sampled, pred: Sampled) -> bool:
    """Whether the classes are those of the predictions, by name or by place, and they know more than the commonest."""
    classes, values = target.classes, pred.values
    assert values is not None
    width = values.shape[1]
    by_place = tuple(map(str, range(width)))
    labels = pred.labels if pred.labels is not None and set(classes) <= set(pred.labels) else by_place
    if not set(classes) <= set(labels):
        return False
    cells = _cells(target)
    told = [labels[place] for place in np.nan_to_num(values).argmax(axis=1)]
    common = max(cells.count(name) for name in classes)
    return bool(sum(a == b for a, b in zip(cells, told, strict=True)) > common)


def _cells(thing: Sampled) -> list[str | None]:
    if thing.texts is not None:
        return list(thing.texts)
    assert thing.values is not None
    return [None if value != value else str(int(value)) for value in thing.values.tolist()]


def _others(best: _Cast, sample: Sample) -> list[Sampled]:
    """More predictions of the same target: other models. Of vectors only the first, as any may be anything."""
    target, pred = best.things.get("target"), best.things["pred"]
    if target is None or pred.wide or len(best.things) != 2 or pred.cols in DEFAULT_NAMES["pred"]:
        return []
    kinds = dict(zip((role.name for role in best.loss.roles.values() if not role.optional), best.kinds, strict=True))
    return [
        thing for thing in sample.numbers
        if thing not in (target, pred) and _lies_in(kinds["pred"], thing)
        and _fits(kinds, {"target": target, "pred": thing}, best.positive)
    ]  # fmt: skip

"""Losses of class probabilities or logits against a class or a distribution over the classes."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Binary, ClassId, LogitVector, Prob, ProbVector, Shares, SoftBinary
from losscli.contract.loss import Param, loss
from losscli.contract.presets import (
    CLASS_WEIGHTS,
    DISTRIBUTIONS,
    NO_ROW_WEIGHTS,
    SINGLE,
    SINGLE_STEPS,
    Preset,
    Refusal,
    by_rows,
    without_weights,
)
from losscli.losses._classes import each_class, fold, log_of_others, of_target
from losscli.losses._math import distribution, log_softmax, over, times

TASKS = ("multiclass classification",)
_CLIP = Param("clip probabilities to [clip, 1 - clip]; 0 turns this off", ge=0, lt=0.5)
_RENORMALIZE = Param("divide each row by its sum, before clipping", lifts=(("pred", Shares),))
_NO_DISTRIBUTIONS = Refusal((DISTRIBUTIONS,), "scikit-learn takes classes")
_SMOOTHING = Param("share of the target that is spread over all classes", ge=0, le=1)

_TORCH = (
    NO_ROW_WEIGHTS,
    Refusal((CLASS_WEIGHTS, "label_smoothing"), "torch has the weights of all classes inside the smoothed sum"),
)


def _shares(target: Array, classes: int, label_smoothing: float = 0.0) -> Array:
    shares = distribution(target, classes)
    return shares if label_smoothing == 0 else shares * (1 - label_smoothing) + label_smoothing / classes


def _clipped(logs: Array, clip: float) -> Array:
    """The logarithms of probabilities moved into [clip, 1 - clip]; in place."""
    return logs if clip == 0 else np.clip(logs, np.log(clip), np.log1p(-clip), out=logs)


def _log_of_target(pred: Array, target: Array, renormalize: bool) -> Array:
    """log p of the class that came true: of all classes, only its probability is asked for."""
    given = of_target(pred, target)
    if not renormalize:
        return np.log(given)
    others = each_class(pred)
    others[target, np.arange(len(target))] = 0.0
    rest = fold(others)
    # A confident class keeps its digits by log1p, one far below the others by their quotient.
    return np.where(given > rest, -np.log1p(rest / given), np.log(given / (rest + given)))


def _log_of_share(pred: Array) -> Array:
    """log(pred / its row's sum); the largest by log1p of the others, so that it keeps its digits near 0."""
    top = pred.argmax(axis=-1)[:, None]
    others = pred.copy()
    np.put_along_axis(others, top, 0.0, axis=-1)
    rest, most = others.sum(axis=-1, keepdims=True), np.take_along_axis(pred, top, axis=-1)
    logs = np.log(pred / (rest + most))
    np.put_along_axis(logs, top, -np.log1p(rest / most), axis=-1)
    return logs


def _through_softmax(pull: Array, log_p: Array) -> Array:
    """The slope by the logits of -sum_c pull_c log_p_c, that is p_j * sum(pull) - pull_j, with its digits."""
    top = log_p.argmax(axis=-1)[:, None]
    others = pull.copy()
    np.put_along_axis(others, top, 0.0, axis=-1)
    rest = others.sum(axis=-1, keepdims=True)
    whole = rest + np.take_along_axis(pull, top, axis=-1)
    slope = np.exp(log_p) * whole - pull
    # p - 1 of a confident class has no digits left where expm1(log p) has all.
    np.put_along_axis(slope, top, whole * np.expm1(np.take_along_axis(log_p, top, axis=-1)) + rest, axis=-1)
    return slope


@loss(
    formula="""
    total = sum(pred) if renormalize else 1
    p = [min(max(p_c / total, clip), 1 - clip) for p_c in pred]
    y = [y_c * (1 - label_smoothing) + label_smoothing / len(pred) for y_c in target]
    -sum(y_c * log(p_c) for y_c, p_c in zip(y, p) if y_c > 0)
    """,
    cite="Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; label smoothing: Szegedy et al. 2016, arXiv:1512.00567",
    consistent_for="shares(target) if clip == 0 and label_smoothing == 0 else None",
    same_as={
        "xgboost": Preset(notes=SINGLE_STEPS),
        "keras": by_rows("clip=1e-07,renormalize=true"),
        "sklearn": Preset("clip=2.220446049250313e-16", refuses=(_NO_DISTRIBUTIONS,)),
    },
    aliases=("categorical_cross_entropy", "cce"),
    first=True,
)
def cross_entropy(
    pred: ProbVector,
    target: ClassId | ProbVector,
    *,
    label_smoothing: Annotated[float, _SMOOTHING] = 0.0,
    clip: Annotated[float, _CLIP] = 0.0,
    renormalize: Annotated[bool, _RENORMALIZE] = False,
) -> Array:
    """Cross-entropy (multiclass log loss): minus the log of the probability of the observed class.

    The target is a class, or a distribution over the classes. No clipping by default: if the observed class has
    probability 0, the loss is infinite. `clip` changes that, and the gradient is 0 where it clips. Probabilities
    whose sum differs slightly from 1 are used as they are, unless `renormalize` is true.

    >>> cross_entropy([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], [1, 1]).round(4)
    array([1.3863, 0.2231])
    """
    if target.ndim == 1 and label_smoothing == 0:
        # The log of a probability is never positive; abs turns it without leaving a -0.
        return np.abs(_clipped(_log_of_target(pred, target, renormalize), clip))
    shares = _shares(target, pred.shape[-1], label_smoothing)
    logs = _clipped(_log_of_share(pred) if renormalize else np.log(pred), clip)
    logs *= shares
    logs[shares == 0] = 0.0  # though the logarithm be infinite
    return np.abs(logs.sum(axis=-1))


@cross_entropy.gradient("pred")
def _(pred: Array, target: Array, *, label_smoothing: float, clip: float, renormalize: bool) -> Array:
    total = pred.sum(axis=-1, keepdims=True) if renormalize else 1.0
    p = pred / total
    shares = _shares(target, pred.shape[-1], label_smoothing) * ((p >= clip) & (p <= 1 - clip))
    slope = -over(shares, pred)
    return slope + shares.sum(axis=-1, keepdims=True) / total if renormalize else slope


@loss(
    formula="""
    z = [z_c / temperature for z_c in pred]
    y = [y_c * (1 - label_smoothing) + label_smoothing / len(pred) for y_c in target]
    total = sum(exp(z_c) for z_c in z)
    -sum(y_c * log(exp(z_c) / total) for y_c, z_c in zip(y, z))
    """,
    cite="Bridle 1990, doi:10.1007/978-3-642-76153-9_28; temperature: Hinton et al. 2015, arXiv:1503.02531",
    consistent_for="temperature * log(shares(target)) if label_smoothing == 0 else None",
    same_as={
        "catboost": Preset(notes=SINGLE),
        "torch": Preset(refuses=_TORCH),
        "keras": by_rows(),
        "optax": without_weights(),
        "timm": without_weights("label_smoothing=0.1", Refusal((DISTRIBUTIONS,), "this class of timm takes classes")),
    },
    first=True,
)
def cross_entropy_with_logits(
    pred: LogitVector,
    target: ClassId | ProbVector,
    *,
    label_smoothing: Annotated[float, _SMOOTHING] = 0.0,
    temperature: Annotated[float, Param("logits are divided by this", gt=0)] = 1.0,
) -> Array:
    """Softmax cross-entropy of logits, without clipping: accurate for logits of any size.

    >>> cross_entropy_with_logits([[0.0, 0.0], [800.0, 0.0]], [1, 1]).round(4)
    array([6.931e-01, 8.000e+02])
    """
    # -log p = gap + rest: the part that depends on the class, and the part that does not. No part is negative.
    if target.ndim == 1 and label_smoothing == 0:
        own, rest = log_of_others(pred, temperature, target)
        return own + rest
    gaps, rest = log_of_others(pred, temperature)
    total: Array | float = 1.0
    if target.ndim == 1:
        value = gaps[target, np.arange(len(target))]
    else:
        value, total = fold(gaps * target.T), fold(each_class(target))
    if label_smoothing > 0:
        kept, moved = 1 - label_smoothing, label_smoothing / len(gaps)
        value, total = kept * value + moved * fold(gaps), kept * total + label_smoothing
    return np.asarray(value + total * rest)


@cross_entropy_with_logits.gradient("pred")
def _(pred: Array, target: Array, *, label_smoothing: float, temperature: float) -> Array:
    log_p = log_softmax((pred - pred.max(axis=-1, keepdims=True)) / temperature)
    return _through_softmax(_shares(target, pred.shape[-1], label_smoothing), log_p) / temperature


@loss(
    formula="""
    total = sum(pred) if renormalize else 1
    p = [min(max(p_c / total, clip), 1 - clip) for p_c in pred]
    -sum(y_c * alpha * (1 - p_c)**gamma * log(p_c) for y_c, p_c in zip(target, p) if y_c > 0)
    """,
    cite="Lin et al. 2017, arXiv:1708.02002",
    same_as={"keras": by_rows("alpha=0.25,clip=1e-07,renormalize=true")},
)
def categorical_focal(
    pred: ProbVector,
    target: ClassId | ProbVector,
    *,
    gamma: Annotated[float, Param("how fast easy rows lose weight; 0 gives cross_entropy", ge=0)] = 2.0,
    alpha: Annotated[float, Param("factor of the whole", gt=0)] = 1.0,
    clip: Annotated[float, _CLIP] = 0.0,
    renormalize: Annotated[bool, _RENORMALIZE] = False,
) -> Array:
    """Focal loss (categorical): cross-entropy times (1 - p)^gamma of the true class, so easy rows count little.

    This is the focal loss of a single choice among classes. Other libraries use the same name for a sum of binary
    focal losses (segmentation_models), or weight class 0 with 1 - alpha as background (MONAI, kornia).

    >>> categorical_focal([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]], [1, 1]).round(4)
    array([0.7798, 0.0089])
    """
    hard = target.ndim == 1
    logs, missed = _logs_and_missed(pred, renormalize, target if hard else None)
    if clip > 0:
        np.clip(missed, clip, 1 - clip, out=missed)
    faded = missed**gamma
    logs = _clipped(logs, clip)
    faded *= np.abs(logs, out=logs)
    if hard:
        return alpha * faded
    faded *= target
    faded[target == 0] = 0.0  # though the logarithm be infinite
    return np.asarray(alpha * faded.sum(axis=-1))


def _logs_and_missed(pred: Array, renormalize: bool, target: Array | None = None) -> tuple[Array, Array]:
    """log p and 1 - p of each class, or of the class of each row."""
    if not renormalize:
        given = pred if target is None else of_target(pred, target)
        return np.log(given), 1 - given
    logs = _log_of_share(pred) if target is None else _log_of_target(pred, target, renormalize)
    # A quotient near 1 has lost the digits of 1 - p; its logarithm has them.
    return logs, -np.expm1(logs)


@categorical_focal.gradient("pred")
def _(pred: Array, target: Array, *, gamma: float, alpha: float, clip: float, renormalize: bool) -> Array:
    total = pred.sum(axis=-1, keepdims=True) if renormalize else 1.0
    p = pred / total
    shares = distribution(target, pred.shape[-1]) * ((p >= clip) & (p <= 1 - clip))
    logs, missed = _logs_and_missed(pred, renormalize)
    # Nothing is missed only at p = 1, where the logarithm is 0 and beats missed^(gamma - 1).
    fading = np.where(missed > 0, gamma * missed ** (gamma - 1) * logs, 0.0)
    slope = alpha * (times(shares, fading) - over(shares * missed**gamma, p))
    return (slope - (slope * p).sum(axis=-1, keepdims=True)) / total if renormalize else slope


@loss(
    formula="""
    total = sum(exp(z_c) for z_c in pred)
    p = [exp(z_c) / total for z_c in pred]
    -sum(y_c * alpha * (1 - p_c)**gamma * log(p_c) for y_c, p_c in zip(target, p))
    """,
    cite="Lin et al. 2017, arXiv:1708.02002",
)
def categorical_focal_with_logits(
    pred: LogitVector,
    target: ClassId | ProbVector,
    *,
    gamma: Annotated[float, Param("how fast easy rows lose weight; 0 gives cross_entropy_with_logits", ge=0)] = 2.0,
    alpha: Annotated[float, Param("factor of the whole", gt=0)] = 1.0,
) -> Array:
    """Focal loss (categorical) of the softmax of logits: accurate for logits of any size.

    >>> categorical_focal_with_logits([[0.0, 0.0], [800.0, 0.0]], [1, 1]).round(4)
    array([1.733e-01, 8.000e+02])
    """
    gaps, rest = log_of_others(pred, target=target if target.ndim == 1 else None)
    entropy = gaps + rest
    # 1 - p of a confident class has no digits left where -expm1(log p) has all.
    faded = (-np.expm1(-entropy)) ** gamma * entropy
    return alpha * (faded if target.ndim == 1 else fold(faded * target.T))


@categorical_focal_with_logits.gradient("pred")
def _(pred: Array, target: Array, *, gamma: float, alpha: float) -> Array:
    log_p = log_softmax(pred)
    missed = -np.expm1(log_p)
    fading = np.where(missed > 0, gamma * missed ** (gamma - 1) * np.exp(log_p) * -log_p, 0.0)
    pull = alpha * distribution(target, pred.shape[-1]) * (missed**gamma + fading)
    return _through_softmax(pull, log_p)


@loss(
    formula="""
    score = sum((p_c - y_c)**2 for p_c, y_c in zip(each(pred), each(target)))
    halved = halve and len(each(pred)) > 1 or halve_two and len(each(pred)) == 2
    score / 2 if halved else score
    """,
    cite="Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
    consistent_for="shares(target)",
    same_as={
        "catboost": Preset(notes=SINGLE),
        "sklearn": Preset("halve_two=true", refuses=(_NO_DISTRIBUTIONS,), kinds=(("target", Binary),)),
        "lm_eval": without_weights("", Refusal((DISTRIBUTIONS,), "the library takes classes")),
    },
    first=True,
    revision=2,
)
def brier(
    pred: ProbVector | Prob,
    target: ClassId | ProbVector | SoftBinary,
    *,
    halve: Annotated[bool, Param("half of the sum over classes, so that its range is 0 to 1")] = False,
    halve_two: Annotated[bool, Param("half of the sum over two classes, and the whole over more")] = False,
) -> Array:
    """Brier score: squared error of probabilities, of one probability or summed over the classes.

    The range is 0 to 1 for one probability and 0 to 2 for class probabilities. `halve` halves only the latter, so
    two classes then give the same number as one probability. scikit-learn halves two class columns by default, and
    no others: `halve_two`.

    >>> brier([0.75, 0.5], [1.0, 0.0])
    array([0.0625, 0.25  ])
    >>> brier([[0.5, 0.25, 0.25]], [0])
    array([0.375])
    """
    if pred.ndim == 1:
        return np.square(pred - target)
    errors = each_class(pred)
    if target.ndim == 1:
        errors[target, np.arange(len(target))] -= 1.0
    else:
        errors -= target.T
    halved = halve or (halve_two and len(errors) == 2)
    return (0.5 if halved else 1.0) * fold(np.square(errors, out=errors))


@brier.gradient("pred")
def _(pred: Array, target: Array, *, halve: bool, halve_two: bool) -> Array:
    if pred.ndim == 1:
        return 2 * (pred - target)
    halved = halve or (halve_two and pred.shape[-1] == 2)
    return (1.0 if halved else 2.0) * (pred - distribution(target, pred.shape[-1]))

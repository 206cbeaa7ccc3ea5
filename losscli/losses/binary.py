"""Losses of a probability (or its logit) against 0 or 1; soft targets between are allowed everywhere."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Binary, Logit, Prob, SoftBinary
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, SINGLE, SINGLE_STEPS, Preset, Refusal, by_rows, without_weights
from losscli.losses._math import log_one_plus, over, power, sigmoid, softplus, tail, times

TASKS = ("binary classification",)

_CLASSES = Refusal((SEVERAL_OUTPUTS,), "scikit-learn takes several columns for classes")
_HARD = (("target", Binary),)
_Alpha = Annotated[
    float | None, Param("weight of class 1, class 0 gets 1 - alpha; none: both 1", gt=0, lt=1, per_row=True)
]
_TORCH_SLOPE = (
    "torch's gradient divides by max(p (1 - p), 1e-12), where this one is exact, and 0 where the value is limited"
)


def _shares(target: Array, label_smoothing: float) -> tuple[Array, Array]:
    """The weights of class 1 and of class 0; both as sums of non-negative parts, so neither loses digits."""
    kept, moved = 1 - label_smoothing, label_smoothing / 2
    if label_smoothing == 0:
        return target, 1 - target
    return target * kept + moved, (1 - target) * kept + moved


def _floored(logs: Array, clip: float, floor: float = -np.inf) -> Array:
    """The logarithms of probabilities moved into [clip, 1 - clip], none less than `floor`; in place."""
    # The logarithms are clipped, not p: 1 - (1 - clip) is not clip.
    if clip > 0:
        np.clip(logs, np.log(clip), np.log1p(-clip), out=logs)
    return np.maximum(logs, floor, out=logs) if floor > -np.inf else logs


def _log_of_truth(pred: Array, target: Array) -> Array:
    """log(pred) where the target is 1 and log(1 - pred) where it is 0: one logarithm a row and no choice."""
    other = 1 - target
    given = other - pred  # -pred or 1 - pred
    # What 1 - pred lost in rounding, exactly; it joins the logarithm undivided, as in log_one_plus.
    lost = np.subtract(other, given, out=other)
    lost -= pred
    np.abs(given, out=given)
    np.log(given, out=given)
    return np.add(given, lost, out=given)


def _entropy(
    pred: Array, target: Array, clip: float, *, floor: float = -np.inf, smoothing: float = 0.0,
    factor: float | Array = 1.0,
) -> Array:  # fmt: skip
    """Binary cross-entropy; `factor` is that of the part of class 1."""
    soft = (target != 0) & (target != 1) if smoothing == 0 else np.ones(target.shape, bool)
    mixed = np.count_nonzero(soft)
    if mixed == soft.size:
        return _mixed_entropy(pred, target, clip, floor, smoothing, factor)
    # The log of a probability is never positive; abs turns it without leaving a -0.
    logs = _floored(_log_of_truth(pred, target), clip, floor)
    value = np.abs(logs, out=logs)
    if np.any(factor != 1):
        value *= (1 - target) + factor * target
    if mixed:
        of_soft = np.broadcast_to(factor, target.shape)[soft] if np.ndim(factor) else factor
        value[soft] = _mixed_entropy(pred[soft], target[soft], clip, floor, smoothing, of_soft)
    return value


def _mixed_entropy(
    pred: Array, target: Array, clip: float, floor: float, smoothing: float, factor: float | Array
) -> Array:
    """Binary cross-entropy where both classes have a share."""
    one, zero = _shares(target, smoothing)
    part = times(zero, -_floored(log_one_plus(-pred), clip, floor))
    return factor * times(one, -_floored(np.log(pred), clip, floor)) + part


def _slope(pred: Array, one: Array, zero: Array) -> Array:
    """The slope of binary cross-entropy by the probability, where one + zero = 1."""
    # zero / (1-p) - one / p is a difference of near numbers where p is near `one`; (p - one) / (p (1-p)) is not.
    apart = over(zero, 1 - pred) - over(one, pred)
    return np.where((one == 0) | (zero == 0), apart, (pred - one) / (pred * (1 - pred)))


def _logit_slope(pred: Array, one: Array, zero: Array) -> Array:
    """sigmoid(pred) - one with its digits: by tanh near 0, by both tails elsewhere."""
    near = (0.5 - one) + 0.5 * np.tanh(pred / 2)
    return np.where(np.abs(pred) < 1, near, zero * sigmoid(pred) - one * sigmoid(-pred))


@loss(
    formula="""
    y = target * (1 - label_smoothing) + label_smoothing / 2
    p = min(max(pred, clip), 1 - clip)
    floor = -inf if log_floor is None else log_floor
    one = y * max(log(p), floor) if y > 0 else 0
    zero = (1 - y) * max(log(1 - p), floor) if y < 1 else 0
    -(pos_weight * one + zero)
    """,
    cite="Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; label smoothing: Szegedy et al. 2016, arXiv:1512.00567",
    consistent_for="mean(target) if pos_weight == 1 and label_smoothing == 0 else None",
    same_as={
        "xgboost": Preset("log_floor=-36.841361487904734", notes=SINGLE_STEPS),
        "torch": by_rows("log_floor=-100", notes=_TORCH_SLOPE),
        "keras": by_rows("clip=1e-07"),
        "sklearn": Preset("clip=2.220446049250313e-16", refuses=(_CLASSES,), kinds=_HARD),
        "lightgbm": Preset("log_floor=-34.53877639770508", notes=SINGLE, kinds=_HARD),
    },
    aliases=("binary_cross_entropy", "log_loss"),
    first=True,
)
def bce(
    pred: Prob,
    target: SoftBinary,
    *,
    label_smoothing: Annotated[float, Param("share of the target that is spread over both classes", ge=0, le=1)] = 0.0,
    pos_weight: Annotated[float, Param("factor of the part of class 1", gt=0, per_row=True)] = 1.0,
    clip: Annotated[float, Param("clip probabilities to [clip, 1 - clip]; 0 turns this off", ge=0, lt=0.5)] = 0.0,
    log_floor: Annotated[float | None, Param("lower limit of every logarithm; none turns this off", lt=0)] = None,
) -> Array:
    """Log loss (binary cross-entropy): minus the log of the probability of the observed class.

    No clipping by default: if the observed class has probability 0, the loss is infinite. Libraries clip silently
    and at different places, so their results on the same data range from 5 to 33; `clip` and `log_floor` reproduce
    them. The gradient is 0 where the value is clipped. The floor of LightGBM is ln(1e-15) in single precision.

    >>> bce([0.5, 0.75], [1.0, 0.0]).round(4)
    array([0.6931, 1.3863])
    """
    floor = -np.inf if log_floor is None else log_floor
    return _entropy(pred, target, clip, floor=floor, smoothing=label_smoothing, factor=pos_weight)


@bce.gradient("pred")
def _(
    pred: Array, target: Array, *, label_smoothing: float, pos_weight: float, clip: float, log_floor: float | None
) -> Array:
    one, zero = _shares(target, label_smoothing)
    floor = -np.inf if log_floor is None else log_floor
    one_moves = (pred >= clip) & (pred <= 1 - clip) & (np.log(pred) >= floor)
    zero_moves = (pred >= clip) & (pred <= 1 - clip) & (np.log1p(-pred) >= floor)
    whole = _slope(pred, one, zero) + (1 - pos_weight) * over(one, pred)
    apart = over(zero * zero_moves, 1 - pred) - pos_weight * over(one * one_moves, pred)
    return np.where(one_moves & zero_moves, whole, apart)


@loss(
    formula="""
    y = target * (1 - label_smoothing) + label_smoothing / 2
    pos_weight * y * log(1 + exp(-pred)) + (1 - y) * log(1 + exp(pred))
    """,
    cite="Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x",
    consistent_for="logit(mean(target)) if pos_weight == 1 and label_smoothing == 0 else None",
    same_as={"torch": by_rows(), "keras": by_rows(), "optax": without_weights(), "catboost": Preset(notes=SINGLE)},
    first=True,
)
def bce_with_logits(
    pred: Logit,
    target: SoftBinary,
    *,
    label_smoothing: Annotated[float, Param("share of the target that is spread over both classes", ge=0, le=1)] = 0.0,
    pos_weight: Annotated[float, Param("factor of the part of class 1", gt=0, per_row=True)] = 1.0,
) -> Array:
    """Log loss (binary cross-entropy) of logits, without clipping: accurate for logits of any size.

    LightGBM first turns its scores into probabilities and limits their logarithms (at 1e-15, its cross_entropy at
    1e-12), so it reports less for a confident mistake.

    >>> bce_with_logits([0.0, 800.0], [1.0, 0.0]).round(4)
    array([6.931e-01, 8.000e+02])
    """
    one, zero = _shares(target, label_smoothing)
    if np.any(pos_weight != 1):
        one = pos_weight * one
    # The usual softplus(z) - y z is a difference of near numbers at a confident hit; all parts here are >= 0.
    value = (one + zero) * log_one_plus(tail(pred))
    value += zero * np.maximum(pred, 0.0)
    value -= one * np.minimum(pred, 0.0)
    return value


@bce_with_logits.gradient("pred")
def _(pred: Array, target: Array, *, label_smoothing: float, pos_weight: float) -> Array:
    one, zero = _shares(target, label_smoothing)
    return _logit_slope(pred, one, zero) + (1 - pos_weight) * one * sigmoid(-pred)


def _balance(target: Array, alpha: float | None) -> Array | float:
    return 1.0 if alpha is None else target * alpha + (1 - target) * (1 - alpha)


@loss(
    formula="""
    y = target
    p_t = y * pred + (1 - y) * (1 - pred)
    alpha_t = 1 if alpha is None else y * alpha + (1 - y) * (1 - alpha)
    p = min(max(pred, clip), 1 - clip)
    bce = -((y * log(p) if y > 0 else 0) + ((1 - y) * log(1 - p) if y < 1 else 0))
    alpha_t * (1 - p_t)**gamma * bce
    """,
    cite="Lin et al. 2017, arXiv:1708.02002",
    same_as={"keras": by_rows("clip=1e-07")},
    aliases=("binary_focal",),
)
def focal(
    pred: Prob,
    target: SoftBinary,
    *,
    gamma: Annotated[float, Param("how fast easy rows lose weight; 0 gives bce", ge=0, per_row=True)] = 2.0,
    alpha: _Alpha = None,
    clip: Annotated[
        float, Param("inside the logarithm, p is clipped to [clip, 1 - clip]; 0 turns this off", ge=0, lt=0.5)
    ] = 0.0,
) -> Array:
    """Focal loss (binary): cross-entropy times (1 - p_t)^gamma, so rows that are right already count little.

    p_t is the probability of the observed class. By default there is no alpha (the paper's detector and torchvision
    use 0.25), no clipping, and the plain mean (RetinaNet divides by the number of positives). `clip` is that of
    bce, as in Keras: the power uses the probability without clipping.

    >>> focal([0.5, 0.75], [1.0, 0.0]).round(4)
    array([0.1733, 0.7798])
    """
    entropy = _entropy(pred, target, clip)
    missed = target * (1 - pred) + (1 - target) * pred
    value = power(missed, gamma) * entropy
    if alpha is not None:
        value *= _balance(target, alpha)
    # The power may underflow beside an infinite logarithm; the product is infinite all the same.
    value[np.isinf(entropy)] = np.inf
    return value


@focal.gradient("pred")
def _(pred: Array, target: Array, *, gamma: float, alpha: float | None, clip: float) -> Array:
    entropy = _entropy(pred, target, clip)
    missed = target * (1 - pred) + (1 - target) * pred
    # Where nothing is missed, an entropy of 0 beats missed^(gamma - 1); a clipped one is not 0.
    fading = (1 - 2 * target) * times(gamma * entropy, power(missed, gamma - 1))
    moves = (pred >= clip) & (pred <= 1 - clip)
    return _balance(target, alpha) * (
        fading + np.where(moves, power(missed, gamma) * _slope(pred, target, 1 - target), 0.0)
    )


@loss(
    formula="""
    y = target
    p = 1 / (1 + exp(-pred))
    p_t = y * p + (1 - y) * (1 - p)
    alpha_t = 1 if alpha is None else y * alpha + (1 - y) * (1 - alpha)
    alpha_t * (1 - p_t)**gamma * -(y * log(p) + (1 - y) * log(1 - p))
    """,
    cite="Lin et al. 2017, arXiv:1708.02002",
    same_as={"optax": without_weights()},
)
def focal_with_logits(
    pred: Logit,
    target: SoftBinary,
    *,
    gamma: Annotated[float, Param("how fast easy rows lose weight; 0 gives bce_with_logits", ge=0, per_row=True)] = 2.0,
    alpha: _Alpha = None,
) -> Array:
    """Focal loss (binary) of logits: accurate for logits of any size.

    torchvision uses alpha 0.25 by default. MONAI computes in single precision.

    >>> focal_with_logits([0.0, 2.0], [1.0, 0.0]).round(4)
    array([0.1733, 1.6501])
    """
    other, small = 1 - target, tail(pred)
    # target * sigmoid(-pred) + other * sigmoid(pred), by one e^-|pred|; see sigmoid.
    missed = (target * np.maximum(small, pred <= 0) + other * np.maximum(small, pred >= 0)) / (1 + small)
    value = log_one_plus(small)
    value += other * np.maximum(pred, 0.0)
    value -= target * np.minimum(pred, 0.0)
    value *= power(missed, gamma)
    return value if alpha is None else value * _balance(target, alpha)


@focal_with_logits.gradient("pred")
def _(pred: Array, target: Array, *, gamma: float, alpha: float | None) -> Array:
    p, q = sigmoid(pred), sigmoid(-pred)
    entropy = target * softplus(-pred) + (1 - target) * softplus(pred)
    missed = target * q + (1 - target) * p
    fading = gamma * (1 - 2 * target) * over(p * q, missed) * entropy
    return _balance(target, alpha) * power(missed, gamma) * (fading + _logit_slope(pred, target, 1 - target))

"""Losses of the overlap of two masks: the number is the mean over masks, of which each row has one."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.contract.regions import HardMask, Mask
from losscli.contract.scores import Score
from losscli.losses._overlaps import DICE, JACCARD, Overlap, overlap

TASKS = ("overlap of regions",)

_Smooth = Annotated[float, Param("added to numerator and denominator, so that two empty masks agree", ge=0)]
_FpWeight = Annotated[float, Param("weight of what only the prediction has (false positives)", ge=0)]
_FnWeight = Annotated[float, Param("weight of what only the target has (false negatives)", ge=0)]

_TVERSKY = "Salehi, Erdogmus & Gholipour 2017, arXiv:1706.05721; the index: Tversky 1977"

_SUMS = """
    both = sum(p * y for p, y in zip(pred, target))
    alarms = sum(p * (1 - y) for p, y in zip(pred, target))
    missed = sum((1 - p) * y for p, y in zip(pred, target))
"""


def _ratio(lost: Array, kept: Array, smooth: float) -> Term:
    """lost / (lost + kept + smooth); two empty masks without smoothing take no part."""
    whole = lost + kept + smooth
    some = whole > 0
    return Term(lost / np.where(some, whole, 1.0), some)


def _kept(kept: Array, lost: Array, smooth: float) -> Term:
    """1 less `_ratio`, with the digits of masks that hardly overlap."""
    some = lost + kept + smooth > 0
    return Term((kept + smooth) / np.where(some, lost + kept + smooth, 1.0), some)


def _dice(pred: Array, target: Array, *, smooth: float) -> Term:
    found = overlap(pred, target)
    return _kept(2 * found.both, found.only_pred + found.only_target, smooth)


def _jaccard(pred: Array, target: Array, *, smooth: float) -> Term:
    found = overlap(pred, target)
    return _kept(found.both, found.only_pred + found.only_target, smooth)


def _tversky(pred: Array, target: Array, *, fp_weight: float, fn_weight: float, smooth: float) -> Term:
    found = overlap(pred, target)
    return _kept(found.both, _weighted(found, fp_weight, fn_weight), smooth)


def _weighted(found: Overlap, fp_weight: float, fn_weight: float) -> Array:
    return fp_weight * found.only_pred + fn_weight * found.only_target


def _ratio_slope(lost: Array, kept: Array, smooth: float, by_lost: Array, by_kept: Array) -> Array:
    """The slope of `_ratio` by each pixel, given those of its two sums."""
    whole = lost + kept + smooth
    safe = np.where(whole > 0, whole, 1.0)[:, None]
    # Divided twice: the square of a small sum may vanish.
    slope = (by_lost * ((kept + smooth)[:, None] / safe) - by_kept * (lost[:, None] / safe)) / safe
    return np.where((whole > 0)[:, None], slope, 0.0)


@loss(
    formula=f"""{_SUMS}
    lost = alarms + missed
    whole = 2 * both + lost + smooth
    lost / whole if whole else skip
    """,
    cite=DICE,
    same_as={"optax": without_weights("smooth=2"), "monai": without_weights("smooth=1e-05")},
    worst=1.0,
    first=True,
    scores=(
        Score(
            "dice",
            """Dice coefficient (Sørensen-Dice, F1 of pixels): twice the overlap over both masks. Higher is better.

            Each row is a mask, and the number is the mean over rows; `micro_dice` is that of all pixels together.

            >>> dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).values.round(4)
            array([0.6667])
            """,
            aliases=("sorensen_dice",),
            own=_dice,
        ),
    ),
)
def dice_loss(pred: Mask, target: HardMask, *, smooth: _Smooth = 0.0) -> Term:
    """Dice loss: 1 less twice the overlap of two masks over the sum of both. Each row is a mask.

    Predictions may be probabilities (soft Dice: sums of products, not of squares). The number is the mean over rows;
    for all pixels together see `micro_dice_loss`. A row with two empty masks is undefined: it takes no part and is
    counted, unless `smooth` is above 0. Keras takes the whole batch as one mask and adds 1e-7 below only, so that two
    empty masks give 1; segmentation_models counts a mask that has no target as 0.

    >>> dice_loss([[1.0, 1.0, 0.0], [0.5, 0.5, 0.0]], [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]).values.round(4)
    array([0.3333, 0.3333])
    """
    found = overlap(pred, target)
    return _ratio(found.only_pred + found.only_target, 2 * found.both, smooth)


@dice_loss.gradient("pred")
def _(pred: Array, target: Array, *, smooth: float) -> Array:
    found = overlap(pred, target)
    return _ratio_slope(found.only_pred + found.only_target, 2 * found.both, smooth, 1 - 2 * target, 2 * target)


@loss(
    formula=f"""{_SUMS}
    lost = alarms + missed
    whole = both + lost + smooth
    lost / whole if whole else skip
    """,
    cite=JACCARD,
    same_as={"monai": without_weights("smooth=5e-06")},
    worst=1.0,
    scores=(
        Score(
            "jaccard",
            """Jaccard index (intersection over union, IoU) of masks: their overlap over their union. Higher is better.

            Each row is a mask, and the number is the mean over rows; `micro_jaccard` is that of all pixels together.

            >>> jaccard([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).values
            array([0.5])
            """,
            aliases=("mask_iou",),
            own=_jaccard,
        ),
    ),
)
def jaccard_loss(pred: Mask, target: HardMask, *, smooth: _Smooth = 0.0) -> Term:
    """Jaccard loss (soft IoU): 1 less the overlap of two masks over their union. Each row is a mask.

    Predictions may be probabilities: the union is the sum of both less the overlap. The number is the mean over rows;
    for all pixels together see `micro_jaccard_loss`. A row with two empty masks is undefined: it takes no part and is
    counted, unless `smooth` is above 0. MONAI has this as DiceLoss(jaccard=True), whose smoothing is twice as large.

    >>> jaccard_loss([[1.0, 1.0, 0.0], [0.5, 0.5, 0.0]], [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]).values
    array([0.5, 0.5])
    """
    found = overlap(pred, target)
    return _ratio(found.only_pred + found.only_target, found.both, smooth)


@jaccard_loss.gradient("pred")
def _(pred: Array, target: Array, *, smooth: float) -> Array:
    found = overlap(pred, target)
    return _ratio_slope(found.only_pred + found.only_target, found.both, smooth, 1 - 2 * target, target)


@loss(
    formula=f"""{_SUMS}
    lost = fp_weight * alarms + fn_weight * missed
    whole = both + lost + smooth
    lost / whole if whole else skip
    """,
    cite=_TVERSKY,
    same_as={"monai": without_weights("smooth=1e-05")},
    worst=1.0,
    scores=(
        Score(
            "tversky",
            """Tversky index: the overlap of two masks over it and what only one has, weighted. Higher is better.

            >>> tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], fp_weight=0.25, fn_weight=0.75).values
            array([0.8])
            """,
            own=_tversky,
        ),
    ),
)
def tversky_loss(
    pred: Mask, target: HardMask, *, fp_weight: _FpWeight = 0.5, fn_weight: _FnWeight = 0.5, smooth: _Smooth = 0.0
) -> Term:
    """Tversky loss: a Dice loss that weights false positives and false negatives. Each row is a mask.

    With 0.5 and 0.5 it is the Dice loss, with 1 and 1 the Jaccard loss. `fp_weight` is the paper's alpha, and MONAI's;
    Keras calls it beta, and its alpha is `fn_weight`. A row whose sums are all 0 is undefined: it takes no part and is
    counted, unless `smooth` is above 0.

    >>> tversky_loss([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], fp_weight=0.25, fn_weight=0.75).values
    array([0.2])
    """
    found = overlap(pred, target)
    return _ratio(_weighted(found, fp_weight, fn_weight), found.both, smooth)


def _tversky_slope(pred: Array, target: Array, fp_weight: float, fn_weight: float, smooth: float) -> Array:
    found = overlap(pred, target)
    by_lost = fp_weight * (1 - target) - fn_weight * target
    return _ratio_slope(_weighted(found, fp_weight, fn_weight), found.both, smooth, by_lost, target)


@tversky_loss.gradient("pred")
def _(pred: Array, target: Array, *, fp_weight: float, fn_weight: float, smooth: float) -> Array:
    return _tversky_slope(pred, target, fp_weight, fn_weight, smooth)


@loss(
    formula=f"""{_SUMS}
    lost = fp_weight * alarms + fn_weight * missed
    whole = both + lost + smooth
    (lost / whole)**gamma if whole else skip
    """,
    cite="Abraham & Khan 2019, arXiv:1810.07842",
    worst=1.0,
)
def focal_tversky(
    pred: Mask,
    target: HardMask,
    *,
    fp_weight: _FpWeight = 0.3,
    fn_weight: _FnWeight = 0.7,
    gamma: Annotated[float, Param("exponent of the Tversky loss; the paper's gamma is its inverse", gt=0)] = 0.75,
    smooth: _Smooth = 0.0,
) -> Term:
    """Focal Tversky loss: a power of the Tversky loss, so that good or bad masks count more. Each row is a mask.

    The paper's gamma of 4/3 is `gamma=0.75`, as its exponent is 1/gamma; its alpha is `fn_weight`. The gradient at a
    perfect mask is 0.

    >>> focal_tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], fp_weight=0.25, fn_weight=0.75, gamma=2.0).values.round(4)
    array([0.04])
    """
    term = tversky_loss.kernel(pred, target, fp_weight=fp_weight, fn_weight=fn_weight, smooth=smooth)
    return Term(term.values**gamma, term.where)


@focal_tversky.gradient("pred")
def _(pred: Array, target: Array, *, fp_weight: float, fn_weight: float, gamma: float, smooth: float) -> Array:
    values = tversky_loss.kernel(pred, target, fp_weight=fp_weight, fn_weight=fn_weight, smooth=smooth).values
    slope = _tversky_slope(pred, target, fp_weight, fn_weight, smooth)
    factor = np.where(values > 0, gamma * np.where(values > 0, values, 1.0) ** (gamma - 1), 0.0)
    return factor[:, None] * slope

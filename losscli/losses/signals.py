"""Losses of signals: audio, images or spectra, one a row, in decibels."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Vector
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import without_weights
from losscli.contract.scores import Score
from losscli.losses._angles import across, cosine, cosine_slope, long_dot, twice_square_less
from losscli.losses._math import dot, norm, unit

TASKS = ("generative models",)

_BELS = 20 / np.log(10)  # decibels of a ratio of amplitudes, in nats

_STEP = "the library adds the smallest step of its precision to both parts of the ratio"


@loss(
    formula="""
    noise = [p - t for p, t in zip(pred, target)]
    10 * (log(dot(noise, noise)) - log(dot(target, target))) / log(10) if any(target) else skip
    """,
    cite="Vincent, Gribonval & Fevotte 2006, doi:10.1109/TSA.2005.858005",
    optimum=None,
    scores=(
        Score(
            "snr",
            """Signal-to-noise ratio (SNR) of each row in decibels; the number is their mean. Higher is better.

            >>> snr([[1.0, 2.0, 2.5]], [[1.0, 2.0, 2.0]]).values.round(4)
            array([15.563])
            """,
            constant=0.0,
            same_as={"torchmetrics": without_weights(notes=_STEP)},
        ),
    ),
)
def snr_loss(pred: Vector, target: Vector) -> Term:
    """SNR loss: minus the signal-to-noise ratio of each row in decibels. It has no lower limit.

    The noise is the difference. A target of zeros has no ratio: the row takes no part and is counted. The number is
    the mean over rows, not the ratio of all rows together. torchmetrics adds the smallest step of its precision.

    >>> snr_loss([[1.0, 2.0, 2.5]], [[1.0, 2.0, 2.0]]).values.round(4)
    array([-15.563])
    """
    heard = norm(target)
    noise = norm(pred - target)
    some = heard > 0
    value = _BELS * (np.log(noise) - np.log(np.where(some, heard, 1.0)))
    near = np.flatnonzero(some & (np.abs(value) < 1))
    p, t = pred[near], target[near]
    # The squared noise less the squared target is p (p - 2 t).
    louder = long_dot(np.concatenate([p, p], axis=-1), np.concatenate([p, -2 * t], axis=-1))
    value[near] = _BELS / 2 * np.log1p(louder / np.square(heard[near]))
    return Term(value, some)


@snr_loss.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    noise = pred - target
    size = norm(noise)[:, None]
    some = np.asarray(target.any(axis=-1))[:, None] & (size > 0)
    return np.where(some, _BELS * unit(noise) / np.where(size > 0, size, 1.0), 0.0)


@loss(
    formula="""
    loud = dot(target, target)
    a = dot(pred, target) / loud if loud else 0
    rest = [p - a * t for p, t in zip(pred, target)]
    10 * (log(dot(rest, rest)) - log(a**2 * loud)) / log(10) if a else skip
    """,
    cite="Le Roux, Wisdom, Erdogan & Hershey 2019, arXiv:1811.02508",
    optimum=None,
    scores=(
        Score(
            "si_sdr",
            """Scale-invariant signal-to-distortion ratio (SI-SDR) of each row in decibels. Higher is better.

            >>> si_sdr([[1.0, 2.0, 2.5]], [[1.0, 2.0, 2.0]]).values.round(4)
            array([19.0309])
            """,
            constant=0.0,
            same_as={"torchmetrics": without_weights(notes=_STEP)},
        ),
    ),
)
def si_sdr_loss(pred: Vector, target: Vector) -> Term:
    """SI-SDR loss: minus the scale-invariant signal-to-distortion ratio of each row in decibels.

    The part of the prediction along the target is the signal, the rest is distortion: the loudness of neither side
    counts. It has no lower limit. Where one side is silent or both are at right angles there is no ratio: the row takes
    no part and is counted. Means are not subtracted.

    >>> si_sdr_loss([[1.0, 2.0, 2.5]], [[1.0, 2.0, 2.0]]).values.round(4)
    array([-19.0309])
    """
    along = np.abs(cosine(pred, target))
    some = along > 0
    value = _BELS * (np.log(norm(across(target, pred))) - np.log(np.where(some, along, 1.0)))
    near = np.flatnonzero(some & (np.abs(value) < 1))
    value[near] = _BELS / 2 * np.log1p(twice_square_less(pred[near], target[near]) / np.square(along[near]))
    return Term(value, some)


@si_sdr_loss.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    along = cosine(pred, target)
    aside = across(target, pred)
    lost = along * dot(aside, aside)
    some = lost != 0
    pull = np.where(some, -_BELS / np.where(some, lost, 1.0), 0.0)
    return pull[:, None] * cosine_slope(pred, target)


@loss(
    formula="""
    squares = sum((p - t)**2 for p, t in zip(pred, target)) / len(pred)
    10 * (log(squares) - log(peak**2)) / log(10)
    """,
    cite="Huynh-Thu & Ghanbari 2008, doi:10.1049/el:20080522",
    optimum=None,
    scores=(
        Score(
            "psnr",
            """Peak signal-to-noise ratio (PSNR) of each row (an image) in decibels: their mean. Higher is better.

            >>> psnr([[0.5, 0.25, 1.0]], [[0.5, 0.5, 1.0]]).round(4)
            array([16.8124])
            """,
            constant=0.0,
        ),
    ),
)
def psnr_loss(
    pred: Vector,
    target: Vector,
    *,
    peak: Annotated[float, Param("the largest value that the signal can have, less the smallest", gt=0)] = 1.0,
) -> Array:
    """PSNR loss: minus the peak signal-to-noise ratio of each row (an image) in decibels. It has no lower limit.

    Images of bytes have `peak=255`. The number is the mean over images, not the ratio of the mean squared error of all:
    torchmetrics has that one by default, and takes the peak from the targets.

    >>> psnr_loss([[0.5, 0.25, 1.0]], [[0.5, 0.5, 1.0]]).round(4)
    array([-16.8124])
    """
    return _BELS * (np.log(norm(pred - target) / np.sqrt(pred.shape[1])) - np.log(peak))


@psnr_loss.gradient("pred")
def _(pred: Array, target: Array, *, peak: float) -> Array:
    error = pred - target
    size = norm(error)[:, None]
    return np.where(size > 0, _BELS * unit(error) / np.where(size > 0, size, 1.0), 0.0)

"""Losses of times until an event, of which some are censored: all that is known of them is that they are longer."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from losscli.contract.kinds import Array, Binary, BinNumber, Positive, Real, Vector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, Preset, without_weights
from losscli.losses._math import log_sum_exp, sigmoid, softmax, softplus
from losscli.losses._normal_tail import minus_log_tail, tail_hazard

TASKS = ("survival",)

_Family = Annotated[
    Literal["normal", "logistic", "extreme"],
    Param("the distribution of the logarithm of the time; extreme: of a Weibull time"),
]
_Scale = Annotated[float, Param("the scale of the logarithm of the time", gt=0)]


@loss(
    formula="""
    z = (log(time) - pred) / scale
    density = {"normal": z**2 / 2 + log(2 * pi) / 2, "logistic": z + 2 * log(1 + exp(-z)), "extreme": exp(z) - z}
    tail = {"normal": -log(Phi(-z)), "logistic": log(1 + exp(z)), "extreme": exp(z)}
    density[family] + log(scale * time) if event else tail[family]
    """,
    same_as={"xgboost": Preset(notes=SINGLE)},
    cite="Wei 1992, doi:10.1002/sim.4780111409; Barnwal, Cho & Hocking 2020, arXiv:2006.04920",
    aliases=("lognormal_nll_censored",),
    optimum=None,
)
def aft_nll(pred: Real, time: Positive, event: Binary, *, family: _Family = "normal", scale: _Scale = 1.0) -> Array:
    """Accelerated failure time (AFT) negative log-likelihood: of a time whose logarithm has the predicted location.

    `event` is 1 where the event was seen at `time`, and 0 where the time is censored there. The density is that of the
    time, not of its logarithm, as in XGBoost.

    >>> aft_nll([1.0, 0.5], [2.0, 3.0], [1, 0]).round(6)
    array([1.659165, 1.292018])
    """
    logs = np.log(time)
    z = (logs - pred) / scale
    # The logarithm of the time stands in z and beside it: the two are put together before they cancel.
    if family == "normal":
        density, tail = np.square(z) / 2 + math.log(2 * math.pi) / 2 + logs, minus_log_tail(z)
    elif family == "logistic":
        side = np.where(z < 0, -1.0, 1.0) / scale
        density, tail = logs * (1 + side) - pred * side + 2 * softplus(-np.abs(z)), softplus(z)
    else:
        tail, shift = np.exp(z), pred / scale
        power = time ** (1 / scale)
        near = np.abs(shift) < 0.5  # there the hazard may be nearly minus the rest
        grown = np.where(near, power * np.expm1(np.where(near, -shift, 0.0)), tail)
        density = grown + (np.where(near, power, 0.0) + shift + logs * (1 - 1 / scale))
    return np.where(event == 1, density + math.log(scale), tail)


@aft_nll.gradient("pred")
def _(pred: Array, time: Array, event: Array, *, family: str, scale: float) -> Array:
    z = (np.log(time) - pred) / scale
    if family == "normal":
        density, tail = z, tail_hazard(z)
    elif family == "logistic":
        density, tail = np.tanh(z / 2), sigmoid(z)
    else:
        density, tail = np.expm1(z), np.exp(z)
    return -np.where(event == 1, density, tail) / scale


@loss(
    formula="""
    growth = (time / pred)**exponent
    growth - (log(exponent / pred) + (exponent - 1) * log(time / pred) if event else 0)
    """,
    cite="Cox & Oakes 1984, Analysis of Survival Data, doi:10.1201/9781315137438",
    aliases=("exponential_nll_censored",),
    optimum=None,
)
def weibull_nll_censored(
    pred: Positive,
    time: Positive,
    event: Binary,
    *,
    exponent: Annotated[float, Param("the Weibull shape, the exponent of time; 1: exponential", gt=0)] = 1.0,
) -> Array:
    """Weibull negative log-likelihood of censored times, with the predicted scale. By default that is exponential.

    `event` is 1 where the event was seen at `time`, and 0 where the time is censored there.

    >>> weibull_nll_censored([2.0, 4.0], [2.0, 3.0], [1, 0]).round(6)
    array([1.693147, 0.75    ])
    """
    ratio = np.log(time) - np.log(pred)
    seen = math.log(exponent) - np.log(pred) + (exponent - 1) * ratio
    return (time / pred) ** exponent - np.where(event == 1, seen, 0.0)


@weibull_nll_censored.gradient("pred")
def _(pred: Array, time: Array, event: Array, *, exponent: float) -> Array:
    return exponent * (event - (time / pred) ** exponent) / pred


@loss(
    formula="""
    event = event == 1
    sum(log(1 + exp(z)) - (z if k == bin and event else 0) for k, z in enumerate(pred) if k <= bin)
    """,
    cite="Gensheimer & Narasimhan 2019, arXiv:1805.00917; Kvamme & Borgan 2021, arXiv:1910.06724",
    same_as={"pycox": without_weights()},
    optimum=None,
)
def logistic_hazard_nll(pred: Vector, bin: BinNumber, event: Binary) -> Array:
    """Logistic hazard negative log-likelihood: of the bin of time of an event, from a logit of the hazard in each bin.

    `bin` is the number of the bin of the event or of the censoring, from 0; `event` is 1 where the event was seen. A
    censored row survives its bin, too.

    >>> logistic_hazard_nll([[0.0, 1.0, -1.0], [0.5, 0.5, 0.0]], [1, 0], [1, 0]).round(6)
    array([1.006409, 0.974077])
    """
    place = np.arange(pred.shape[1])
    survived = place < bin[:, None]
    last = (place == bin[:, None]).astype(np.float64)
    signed = np.where(survived, softplus(pred), 0.0).sum(axis=1)
    own = np.where(event[:, None] == 1, softplus(-pred), softplus(pred))
    return signed + (last * own).sum(axis=1)


@logistic_hazard_nll.gradient("pred")
def _(pred: Array, bin: Array, event: Array) -> Array:
    place = np.arange(pred.shape[1])
    own = np.where(event[:, None] == 1, -sigmoid(-pred), sigmoid(pred))
    return np.where(place < bin[:, None], sigmoid(pred), np.where(place == bin[:, None], own, 0.0))


@loss(
    formula="""
    event = event == 1
    logits = [*pred, 0]
    total = sum(exp(z) for z in logits)
    own = [z for k, z in enumerate(logits) if (k == bin if event else k > bin)]
    -log(sum(exp(z) for z in own) / total) if own else inf
    """,
    cite="Kvamme & Borgan 2021, arXiv:1910.06724",
    optimum=None,
)
def pmf_nll(pred: Vector, bin: BinNumber, event: Binary) -> Array:
    """Negative log-likelihood of the bin of time of an event, from logits of the bins (PMF, DeepHit without ranking).

    The bins and one more, the time behind all of them with a logit of 0, have the softmax of the logits. `bin` is the
    number of the bin of the event or of the censoring, from 0; of a censored row the event is in a later bin. pycox
    adds 1e-7 inside of logarithms.

    >>> pmf_nll([[0.0, 1.0, -1.0], [0.5, 0.5, 0.0]], [1, 0], [1, 0]).round(6)
    array([0.626523, 0.372847])
    """
    logits, own = _bins(pred, bin, event)
    inside, outside = (log_sum_exp(np.where(part, logits, -np.inf)) for part in (own, ~own))
    return np.where(own.any(axis=1), softplus(outside - np.where(own.any(axis=1), inside, 0.0)), np.inf)


def _bins(pred: Array, bin: Array, event: Array) -> tuple[Array, Array]:
    """The logits with that of the time behind all bins, and the bins in which the event may be."""
    logits = np.concatenate([pred, np.zeros((len(pred), 1))], axis=1)
    place = np.arange(logits.shape[1])
    return logits, np.where(event[:, None] == 1, place == bin[:, None], place > bin[:, None])


@pmf_nll.gradient("pred")
def _(pred: Array, bin: Array, event: Array) -> Array:
    logits, own = _bins(pred, bin, event)
    inside, outside = (log_sum_exp(np.where(part, logits, -np.inf)) for part in (own, ~own))
    # A softmax less that of the own bins alone: of those it is minus the share of all others.
    lost = sigmoid(outside - inside)[:, None]
    among = softmax(np.where(own, logits, -np.inf))
    return np.where(own, -lost * among, softmax(logits))[:, :-1]

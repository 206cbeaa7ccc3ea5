"""Losses of a policy, from log-probabilities of single answers, tokens or actions, and of pairs without a reference."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, Binary, LogProb, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._math import sigmoid, softplus

TASKS = ("language models",)

_LIKELIHOOD = "the library takes the likelihood as a mean over all tokens: the same where answers are equally long"
_Scale = Annotated[float, Param("factor of the difference, the papers' beta", gt=0)]


def _log_rest(x: Array) -> Array:
    """log(1 - e^x) for x <= 0, with all digits at both ends."""
    return np.where(x > -np.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


@loss(
    formula="""
    log_odds = lambda x: x - log(1 - exp(x))
    scale * log(1 + exp(log_odds(rejected) - log_odds(chosen))) - chosen
    """,
    cite="Hong, Lee & Thorne 2024, arXiv:2403.07691",
    same_as={"trl": without_weights(notes=_LIKELIHOOD)},
)
def orpo(chosen: LogProb, rejected: LogProb, *, scale: _Scale = 0.1) -> Array:
    """ORPO loss (odds ratio preference optimization): the chosen answer's minus log-probability, plus a preference.

    The preference is the logistic loss of the log odds ratio of both answers. Log-probabilities are means per token.
    `scale` is the paper's lambda and TRL's beta. There is no reference model.

    >>> orpo([-0.5], [-1.0]).round(4)
    array([0.532])
    """
    return scale * softplus(_log_odds(rejected) - _log_odds(chosen)) - chosen


def _log_odds(x: Array) -> Array:
    return x - _log_rest(x)


def _odds_whole(chosen: Array, rejected: Array) -> Array:
    """log(c (1 - r) + r (1 - c)) of the probabilities."""
    return np.logaddexp(chosen + _log_rest(rejected), rejected + _log_rest(chosen))


@orpo.gradient("chosen")
def _(chosen: Array, rejected: Array, *, scale: float) -> Array:
    return -1 - scale * np.exp(rejected - _odds_whole(chosen, rejected))


@orpo.gradient("rejected")
def _(chosen: Array, rejected: Array, *, scale: float) -> Array:
    lead = rejected + _log_rest(chosen) - _odds_whole(chosen, rejected)
    return scale * np.exp(lead - _log_rest(rejected))


@loss(
    formula="log(1 + exp(-scale * (chosen - rejected))) - nll_weight * chosen",
    cite="Xu et al. 2024, arXiv:2401.08417",
    same_as={"trl": without_weights(notes=_LIKELIHOOD)},
)
def cpo(
    chosen: LogProb,
    rejected: LogProb,
    *,
    scale: _Scale = 0.1,
    nll_weight: Annotated[float, Param("factor of the negative log-likelihood of the chosen answer", ge=0)] = 1.0,
) -> Array:
    """CPO loss (contrastive preference optimization): DPO's without a reference, plus the chosen answer's likelihood.

    Log-probabilities are those of whole answers. TRL takes the likelihood as a mean over the tokens of its batch; for
    that number, add `token_nll` to `dpo` in a composite loss.

    >>> cpo([-2.0], [-4.0]).round(4)
    array([2.5981])
    """
    return softplus(-scale * (chosen - rejected)) - nll_weight * chosen


def _cpo_pull(chosen: Array, rejected: Array, scale: float) -> Array:
    return scale * sigmoid(-scale * (chosen - rejected))


@cpo.gradient("chosen")
def _(chosen: Array, rejected: Array, *, scale: float, nll_weight: float) -> Array:
    return -_cpo_pull(chosen, rejected, scale) - nll_weight


@cpo.gradient("rejected")
def _(chosen: Array, rejected: Array, *, scale: float, nll_weight: float) -> Array:
    return _cpo_pull(chosen, rejected, scale)


@loss(
    formula="""
    z = 0 if kl is None else max(0, sum(o.kl for o in everyone) / len(everyone))
    h = scale * (logprob - ref_logprob - z)
    desirable_weight / (1 + exp(h)) if desirable == 1 else undesirable_weight / (1 + exp(-h))
    """,
    cite="Ethayarajh et al. 2024, arXiv:2402.01306",
    same_as={"trl": without_weights()},
    scope="group",
    optimum=None,
)
def kto(
    logprob: LogProb,
    ref_logprob: LogProb,
    desirable: Binary,
    kl: Real | None = None,
    *,
    scale: _Scale = 0.1,
    desirable_weight: Annotated[float, Param("factor of rows that are desirable", ge=0)] = 1.0,
    undesirable_weight: Annotated[float, Param("factor of rows that are not", ge=0)] = 1.0,
) -> Array:
    """KTO loss (Kahneman-Tversky optimization): single answers, each desirable or not, against a reference point.

    `kl` is the log-ratio of policy and reference for answers to other prompts; its mean over the batch, at least 0, is
    the reference point, 0 without it. So the value depends on the batch. The reference point is a constant for the
    gradient. `scale` is the paper's beta.

    >>> kto([-10.0, -12.0], [-11.0, -11.0], [1.0, 0.0]).round(4)
    array([0.475, 0.475])
    """
    side, weight = _kto_sides(desirable, desirable_weight, undesirable_weight)
    return weight * sigmoid(-side * _gain(logprob, ref_logprob, kl, scale))


def _kto_sides(desirable: Array, one: float, other: float) -> tuple[Array, Array]:
    return np.where(desirable == 1, 1.0, -1.0), np.where(desirable == 1, one, other)


def _gain(logprob: Array, ref_logprob: Array, kl: Array | None, scale: float) -> Array:
    point = 0.0 if kl is None else max(0.0, float(kl.sum()) / len(kl))
    return scale * ((logprob - ref_logprob) - point)


@kto.gradient("logprob")
def _(
    logprob: Array, ref_logprob: Array, desirable: Array, kl: Array | None, *, upstream: Array, scale: float,
    desirable_weight: float, undesirable_weight: float,
) -> Array:  # fmt: skip
    side, weight = _kto_sides(desirable, desirable_weight, undesirable_weight)
    gain = _gain(logprob, ref_logprob, kl, scale)
    return -upstream * weight * side * scale * sigmoid(gain) * sigmoid(-gain)


@loss(
    formula="-advantage * logprob",
    cite="Williams 1992, doi:10.1007/BF00992696",
    optimum=None,
    aliases=("reinforce",),
)
def policy_gradient(logprob: LogProb, advantage: Real) -> Array:
    """Policy gradient loss (REINFORCE): minus the advantage times the log-probability of the action or token.

    Its value means little; its gradient is that of the expected return.

    >>> policy_gradient([-1.0, -0.5], [2.0, -1.0])
    array([ 2. , -0.5])
    """
    return -advantage * logprob


@policy_gradient.gradient("logprob")
def _(logprob: Array, advantage: Array) -> Array:
    return -advantage


@loss(
    formula="""
    left = chosen - (0 if ref_chosen is None else ref_chosen)
    right = rejected - (0 if ref_rejected is None else ref_rejected)
    1 / (1 + exp(scale * left)) + 1 / (1 + exp(-scale * right))
    """,
    cite="D'Oosterlinck et al. 2024, arXiv:2408.06266",
    same_as={"trl": without_weights()},
    optimum=None,
)
def apo_zero(
    chosen: LogProb,
    rejected: LogProb,
    ref_chosen: LogProb | None = None,
    ref_rejected: LogProb | None = None,
    *,
    scale: _Scale = 0.1,
) -> Array:
    """APO-zero loss (anchored preference optimization): the chosen answer gets likelier, the rejected one less so.

    Each is held against the reference model by itself, where DPO has their difference.

    >>> apo_zero([-10.0], [-12.0], [-11.0], [-11.0]).round(4)
    array([0.95])
    """
    left = chosen if ref_chosen is None else chosen - ref_chosen
    right = rejected if ref_rejected is None else rejected - ref_rejected
    return sigmoid(-scale * left) + sigmoid(scale * right)


def _apo_slope(one: Array, ref: Array | None, scale: float) -> Array:
    gain = scale * (one if ref is None else one - ref)
    return scale * sigmoid(gain) * sigmoid(-gain)


@apo_zero.gradient("chosen")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float) -> Array:
    return -_apo_slope(c, rc, scale)


@apo_zero.gradient("rejected")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float) -> Array:
    return _apo_slope(r, rr, scale)

"""Losses of preferences and policies: of rewards, or of log-probabilities of answers, actions and tokens."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, LogProb, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import without_weights
from losscli.losses._math import expm1_beyond, sigmoid, softplus

TASKS = ("language models",)

_Scale = Annotated[float, Param("factor of the difference, the papers' beta", gt=0)]
_BY_TOKEN = "the library divides log-probabilities of answers by their tokens: give means per token"
_ClipLow = Annotated[float, Param("ratios below 1 less this gain nothing", ge=0, le=1)]
_ClipHigh = Annotated[float, Param("ratios above 1 plus this gain nothing", ge=0)]


@loss(
    formula="log(1 + exp(-(chosen - rejected - margin)))",
    cite="Bradley & Terry 1952, doi:10.2307/2334029; Rendle et al. 2009 (BPR), arXiv:1205.2618",
    same_as={"trl": without_weights()},
    aliases=("bpr",),
    first=True,
)
def bradley_terry(
    chosen: Real,
    rejected: Real,
    *,
    margin: Annotated[float, Param("how far the chosen one should be ahead")] = 0.0,
) -> Array:
    """Bradley-Terry loss of rewards or scores: minus the log-probability that the chosen one wins.

    It is the loss of reward models, and BPR's of the scores of a wanted and an unwanted item.

    >>> bradley_terry([1.0, 0.0], [1.0, 2.0]).round(4)
    array([0.6931, 2.1269])
    """
    return softplus(rejected - chosen + margin)


@bradley_terry.gradient("chosen")
def _(chosen: Array, rejected: Array, *, margin: float) -> Array:
    return -sigmoid(rejected - chosen + margin)


@bradley_terry.gradient("rejected")
def _(chosen: Array, rejected: Array, *, margin: float) -> Array:
    return sigmoid(rejected - chosen + margin)


def _ahead(chosen: Array, rejected: Array, ref_chosen: Array | None, ref_rejected: Array | None) -> Array:
    """By how much the policy prefers the chosen answer, more than the reference does."""
    left = chosen if ref_chosen is None else chosen - ref_chosen
    right = rejected if ref_rejected is None else rejected - ref_rejected
    return left - right


@loss(
    formula="""
    left = chosen - (0 if ref_chosen is None else ref_chosen)
    right = rejected - (0 if ref_rejected is None else ref_rejected)
    d = scale * (left - right)
    (1 - label_smoothing) * log(1 + exp(-d)) + label_smoothing * log(1 + exp(d))
    """,
    cite="Rafailov et al. 2023, arXiv:2305.18290; label smoothing: Mitchell 2023",
    same_as={"trl": without_weights()},
    first=True,
)
def dpo(
    chosen: LogProb,
    rejected: LogProb,
    ref_chosen: LogProb | None = None,
    ref_rejected: LogProb | None = None,
    *,
    scale: _Scale = 0.1,
    label_smoothing: Annotated[float, Param("share of the preferences that are the wrong way round", ge=0, lt=1)] = 0.0,
) -> Array:
    """DPO loss (direct preference optimization), from log-probabilities of whole answers.

    `scale` is the paper's beta. The roles `ref_chosen` and `ref_rejected` are those of the reference model; without
    them, it counts as indifferent. `label_smoothing` makes it conservative DPO.

    >>> dpo([-10.0], [-12.0], [-11.0], [-11.0]).round(4)
    array([0.5981])
    """
    d = scale * _ahead(chosen, rejected, ref_chosen, ref_rejected)
    value = softplus(-d)
    return (1 - label_smoothing) * value + label_smoothing * softplus(d) if label_smoothing else value


def _dpo_slope(
    chosen: Array,
    rejected: Array,
    ref_chosen: Array | None,
    ref_rejected: Array | None,
    *,
    scale: float,
    label_smoothing: float,
) -> Array:
    d = scale * _ahead(chosen, rejected, ref_chosen, ref_rejected)
    return scale * (label_smoothing * sigmoid(d) - (1 - label_smoothing) * sigmoid(-d))


@dpo.gradient("chosen")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float, label_smoothing: float) -> Array:
    return _dpo_slope(c, r, rc, rr, scale=scale, label_smoothing=label_smoothing)


@dpo.gradient("rejected")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float, label_smoothing: float) -> Array:
    return -_dpo_slope(c, r, rc, rr, scale=scale, label_smoothing=label_smoothing)


@loss(
    formula="""
    left = chosen - (0 if ref_chosen is None else ref_chosen)
    right = rejected - (0 if ref_rejected is None else ref_rejected)
    (left - right - 1 / (2 * scale))**2
    """,
    cite="Azar et al. 2023, arXiv:2310.12036",
    same_as={"trl": without_weights(notes=_BY_TOKEN)},
)
def ipo(
    chosen: LogProb,
    rejected: LogProb,
    ref_chosen: LogProb | None = None,
    ref_rejected: LogProb | None = None,
    *,
    scale: _Scale = 0.1,
) -> Array:
    """IPO loss (identity preference optimization): the lead of the chosen answer should be 1 / (2 scale), no more.

    `scale` is TRL's beta, the paper's tau. TRL gives it mean log-probabilities per token, where dpo has sums. Without
    a reference model, that counts as indifferent.

    >>> ipo([-10.0], [-12.0], [-11.0], [-11.0])
    array([9.])
    """
    return np.square(_ahead(chosen, rejected, ref_chosen, ref_rejected) - 1 / (2 * scale))


@ipo.gradient("chosen")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float) -> Array:
    return 2 * (_ahead(c, r, rc, rr) - 1 / (2 * scale))


@ipo.gradient("rejected")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float) -> Array:
    return -2 * (_ahead(c, r, rc, rr) - 1 / (2 * scale))


@loss(
    formula="log(1 + exp(-(scale * (chosen - rejected) - margin)))",
    cite="Meng, Xia & Chen 2024, arXiv:2405.14734",
    same_as={"trl": without_weights("scale=0.1,margin=0.5")},
)
def simpo(
    chosen: LogProb,
    rejected: LogProb,
    *,
    scale: _Scale = 2.0,
    margin: Annotated[float, Param("how far the chosen one should be ahead")] = 1.0,
) -> Array:
    """SimPO loss: DPO without a reference model, from mean log-probabilities per token.

    `scale` is the paper's beta and `margin` its gamma, with the paper's values. TRL has 0.1 and 0.5.

    >>> simpo([-1.0], [-2.0]).round(4)
    array([0.3133])
    """
    return softplus(margin - scale * (chosen - rejected))


@simpo.gradient("chosen")
def _(chosen: Array, rejected: Array, *, scale: float, margin: float) -> Array:
    return -scale * sigmoid(margin - scale * (chosen - rejected))


@simpo.gradient("rejected")
def _(chosen: Array, rejected: Array, *, scale: float, margin: float) -> Array:
    return scale * sigmoid(margin - scale * (chosen - rejected))


@loss(
    formula="""
    r = exp(logprob - old_logprob)
    -min(r * advantage, max(1 - clip_low, min(r, 1 + clip_high)) * advantage)
    """,
    cite="Schulman et al. 2017, arXiv:1707.06347",
    optimum=None,
)
def ppo_clip(
    logprob: LogProb,
    old_logprob: LogProb,
    advantage: Real,
    *,
    clip_low: _ClipLow = 0.2,
    clip_high: _ClipHigh = 0.2,
) -> Array:
    """PPO's clipped loss: of actions or tokens, minus the advantage times the ratio of probabilities, new to old.

    The ratio counts no further than the clips in the direction that the advantage rewards.

    >>> ppo_clip([-1.0, -0.5], [-1.0, -1.0], [1.0, 2.0])
    array([-1. , -2.4])
    """
    ratio = _kept(logprob, old_logprob, advantage, clip_low, clip_high)
    return np.where(advantage == 0, 0.0, -ratio * advantage)


def _kept(logprob: Array, old_logprob: Array, advantage: Array, low: float, high: float) -> Array:
    """The ratio, clipped on the side where the advantage would reward more of it."""
    ratio = np.exp(logprob - old_logprob)
    return np.where(advantage > 0, np.minimum(ratio, 1 + high), np.maximum(ratio, 1 - low))


def _ppo_slope(logprob: Array, old_logprob: Array, advantage: Array, low: float, high: float) -> Array:
    ratio = np.exp(logprob - old_logprob)
    free = np.where(advantage > 0, ratio <= 1 + high, ratio >= 1 - low)
    return np.where(free & (advantage != 0), -ratio * advantage, 0.0)


@ppo_clip.gradient("logprob")
def _(logprob: Array, old_logprob: Array, advantage: Array, *, clip_low: float, clip_high: float) -> Array:
    return _ppo_slope(logprob, old_logprob, advantage, clip_low, clip_high)


@loss(
    formula="""
    r = exp(logprob - old_logprob)
    away = 0 if ref_logprob is None else ref_logprob - logprob
    gain = min(r * advantage, max(1 - clip_low, min(r, 1 + clip_high)) * advantage)
    kl_weight * (exp(away) - away - 1) - gain
    """,
    cite="Shao et al. 2024, arXiv:2402.03300",
    same_as={
        "trl": without_weights("kl_weight=0", notes="a penalty would be multiplied by the ratio of probabilities there")
    },
    optimum=None,
)
def grpo(
    logprob: LogProb,
    old_logprob: LogProb,
    advantage: Real,
    ref_logprob: LogProb | None = None,
    *,
    clip_low: _ClipLow = 0.2,
    clip_high: _ClipHigh = 0.2,
    kl_weight: Annotated[float, Param("factor of the divergence from the reference model", ge=0)] = 0.04,
) -> Array:
    """GRPO loss of tokens: PPO's clipped loss, plus a penalty for leaving the reference model.

    Without `ref_logprob` there is no penalty. The default of `kl_weight` is the paper's beta; TRL has 0, and
    multiplies the penalty by the ratio of probabilities unless `use_bias_correction_kl=False`. The mean is over the
    rows, as DAPO has it; the paper first takes the mean of each answer.

    >>> grpo([-1.0, -0.5], [-1.0, -1.0], [1.0, 2.0], [-1.0, -1.5]).round(4)
    array([-1.    , -2.3853])
    """
    ratio = _kept(logprob, old_logprob, advantage, clip_low, clip_high)
    loss = np.where(advantage == 0, 0.0, -ratio * advantage)
    return loss if ref_logprob is None or not kl_weight else loss + kl_weight * expm1_beyond(ref_logprob - logprob)


@grpo.gradient("logprob")
def _(
    logprob: Array,
    old_logprob: Array,
    advantage: Array,
    ref_logprob: Array | None,
    *,
    clip_low: float,
    clip_high: float,
    kl_weight: float,
) -> Array:
    slope = _ppo_slope(logprob, old_logprob, advantage, clip_low, clip_high)
    return slope if ref_logprob is None or not kl_weight else slope - kl_weight * np.expm1(ref_logprob - logprob)


_LEAD = """
    left = chosen - (0 if ref_chosen is None else ref_chosen)
    right = rejected - (0 if ref_rejected is None else ref_rejected)
"""


@loss(
    formula=f"""{_LEAD}
    max(0, margin - scale * (left - right))
    """,
    cite="Zhao et al. 2023, arXiv:2305.10425; with a reference: Liu et al. 2023, arXiv:2309.06657",
    same_as={"trl": without_weights()},
)
def slic(
    chosen: LogProb,
    rejected: LogProb,
    ref_chosen: LogProb | None = None,
    ref_rejected: LogProb | None = None,
    *,
    scale: _Scale = 0.1,
    margin: Annotated[float, Param("how far the chosen one should be ahead")] = 1.0,
) -> Array:
    """SLiC loss: the hinge loss of the preference whose logistic loss is DPO. In TRL it is `loss_type="hinge"`.

    SLiC-HF itself has no reference model, and a scale of 1. The gradient exactly at the margin is 0.

    >>> slic([-10.0], [-12.0], [-11.0], [-11.0])
    array([0.8])
    """
    return np.maximum(margin - scale * _ahead(chosen, rejected, ref_chosen, ref_rejected), 0.0)


def _slic_slope(c: Array, r: Array, rc: Array | None, rr: Array | None, scale: float, margin: float) -> Array:
    return np.where(margin - scale * _ahead(c, r, rc, rr) > 0, -scale, 0.0)


@slic.gradient("chosen")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float, margin: float) -> Array:
    return _slic_slope(c, r, rc, rr, scale, margin)


@slic.gradient("rejected")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float, margin: float) -> Array:
    return -_slic_slope(c, r, rc, rr, scale, margin)


@loss(
    formula=f"""{_LEAD}
    d = scale * (left - right)
    ((1 - label_smoothing) * log(1 + exp(-d)) - label_smoothing * log(1 + exp(d))) / (1 - 2 * label_smoothing)
    """,
    cite="Chowdhury, Kini & Natarajan 2024, arXiv:2403.00409",
    same_as={"trl": without_weights("label_smoothing=0")},
    optimum=None,
)
def robust_dpo(
    chosen: LogProb,
    rejected: LogProb,
    ref_chosen: LogProb | None = None,
    ref_rejected: LogProb | None = None,
    *,
    scale: _Scale = 0.1,
    label_smoothing: Annotated[
        float, Param("share of the preferences that are the wrong way round", ge=0, lt=0.5)
    ] = 0.1,
) -> Array:
    """Robust DPO loss: DPO, corrected so that its mean over flipped preferences is that over right ones.

    A value may be below 0. Without flips (`label_smoothing=0`) it is `dpo`.

    >>> robust_dpo([-10.0], [-12.0], [-11.0], [-11.0]).round(4)
    array([0.5731])
    """
    d = scale * _ahead(chosen, rejected, ref_chosen, ref_rejected)
    # log(1 + e^d) is log(1 + e^-d) + d.
    return softplus(-d) - label_smoothing / (1 - 2 * label_smoothing) * d


def _robust_slope(
    c: Array, r: Array, rc: Array | None, rr: Array | None, scale: float, label_smoothing: float
) -> Array:
    d = scale * _ahead(c, r, rc, rr)
    return -scale * (sigmoid(-d) + label_smoothing / (1 - 2 * label_smoothing))


@robust_dpo.gradient("chosen")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float, label_smoothing: float) -> Array:
    return _robust_slope(c, r, rc, rr, scale, label_smoothing)


@robust_dpo.gradient("rejected")
def _(c: Array, r: Array, rc: Array | None, rr: Array | None, *, scale: float, label_smoothing: float) -> Array:
    return -_robust_slope(c, r, rc, rr, scale, label_smoothing)

"""Adversarial losses of a critic, whose scores are any numbers: Wasserstein's and the hinge's."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Binary, NonNegative, Real
from losscli.contract.loss import Param, Term, loss
from losscli.losses._math import sigmoid, softplus

TASKS = ("generative models",)

_WGAN = "Arjovsky, Chintala & Bottou 2017, arXiv:1701.07875"
_HINGE = "Lim & Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957"


def _fakes(target: Array | None) -> Array | None:
    return None if target is None else target == 0


def _slope_of_fakes(pred: Array, target: Array | None) -> Array:
    return np.full_like(pred, -1.0) if target is None else np.where(target == 0, -1.0, 0.0)


@loss(
    formula="""
    real: -pred if target == 1 else skip
    fake: pred if target == 0 else skip
    """,
    cite=_WGAN,
    optimum=None,
)
def wgan_discriminator(pred: Real, target: Binary) -> Any:
    """Wasserstein GAN critic loss: the mean score of generated rows less that of real rows.

    Real rows have target 1. The gradient penalty of WGAN-GP is not part of it.

    >>> {name: term.values[term.where].tolist() for name, term in wgan_discriminator([0.5, 2.0], [0, 1]).items()}
    {'real': [-2.0], 'fake': [0.5]}
    """
    return {"real": Term(-pred, target == 1), "fake": Term(pred, target == 0)}


@wgan_discriminator.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"real": np.where(target == 1, -1.0, 0.0), "fake": np.where(target == 0, 1.0, 0.0)}


@loss(
    formula="-pred if target is None or target == 0 else skip",
    cite=_WGAN,
    optimum=None,
    aliases=("gan_hinge_generator",),
)
def wgan_generator(pred: Real, target: Binary | None = None) -> Term:
    """Generator loss of Wasserstein and hinge GANs: minus the critic's mean score of generated rows.

    Rows with target 1 (real) take no part. Without a target, every row is a generated row.

    >>> wgan_generator([0.5, -2.0]).values
    array([-0.5,  2. ])
    """
    return Term(-pred, _fakes(target))


@wgan_generator.gradient("pred")
def _(pred: Array, target: Array | None) -> Array:
    return _slope_of_fakes(pred, target)


@loss(
    formula="""
    real: max(0, 1 - pred) if target == 1 else skip
    fake: max(0, 1 + pred) if target == 0 else skip
    """,
    cite=_HINGE,
    optimum=None,
)
def gan_hinge_discriminator(pred: Real, target: Binary) -> Any:
    """Hinge GAN discriminator loss: real rows should score above 1, generated rows below -1.

    The mean over real rows plus the mean over generated rows, whatever their counts.

    >>> {name: term.values[term.where].tolist() for name, term in gan_hinge_discriminator([0.5, 0.25], [0, 1]).items()}
    {'real': [0.75], 'fake': [1.5]}
    """
    return {"real": Term(np.maximum(1 - pred, 0.0), target == 1), "fake": Term(np.maximum(1 + pred, 0.0), target == 0)}


@gan_hinge_discriminator.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {
        "real": np.where((target == 1) & (pred < 1), -1.0, 0.0),
        "fake": np.where((target == 0) & (pred > -1), 1.0, 0.0),
    }


_Strength = Annotated[float, Param("factor of the whole penalty", ge=0)]


@loss(
    formula="""
    over = grad_norm - goal
    strength * (max(0, over) if one_sided else over)**2
    """,
    cite="Gulrajani et al. 2017, arXiv:1704.00028; one-sided: Petzka, Fischer & Lukovnikov 2018, arXiv:1709.08894",
)
def gradient_penalty(
    grad_norm: NonNegative,
    *,
    strength: _Strength = 10.0,
    goal: Annotated[float, Param("what the length of gradients should be", ge=0)] = 1.0,
    one_sided: Annotated[bool, Param("shorter gradients cost nothing")] = False,
) -> Array:
    """Gradient penalty of WGAN-GP: a critic's gradient between real and generated rows should have length 1.

    A row is such a point, with the length of the gradient there, which the training code has to save.

    >>> gradient_penalty([1.5, 0.5])
    array([2.5, 2.5])
    """
    return strength * np.square(_excess(grad_norm, goal, one_sided))


def _excess(grad_norm: Array, goal: float, one_sided: bool) -> Array:
    over = grad_norm - goal
    return np.maximum(over, 0.0) if one_sided else over


@gradient_penalty.gradient("grad_norm")
def _(grad_norm: Array, *, strength: float, goal: float, one_sided: bool) -> Array:
    return 2 * strength * _excess(grad_norm, goal, one_sided)


@loss(formula="strength / 2 * grad_norm**2", cite="Mescheder, Geiger & Nowozin 2018, arXiv:1801.04406")
def r1_penalty(grad_norm: NonNegative, *, strength: _Strength = 10.0) -> Array:
    """R1 gradient penalty of a discriminator: half the squared length of its gradient at each real row, times a factor.

    At generated rows it is the R2 penalty. `strength` is the paper's gamma.

    >>> r1_penalty([0.5, 1.0])
    array([1.25, 5.  ])
    """
    return strength / 2 * np.square(grad_norm)


@r1_penalty.gradient("grad_norm")
def _(grad_norm: Array, *, strength: float) -> Array:
    return strength * grad_norm


_MEANS = """
    reals = [o.pred for o in everyone if o.target == 1]
    fakes = [o.pred for o in everyone if o.target == 0]
    both = len(reals) and len(fakes)
    ahead = (pred - sum(fakes) / len(fakes) if target == 1 else pred - sum(reals) / len(reals)) if both else 0
"""
_RELATIVE = "Jolicoeur-Martineau 2018, arXiv:1807.00734"


def _relative(pred: Array, target: Array) -> tuple[Array, bool]:
    """By how much each score is above the mean of the other side, and whether there are both sides."""
    real = target == 1
    if not real.any() or real.all():
        return np.zeros_like(pred), False
    return pred - np.where(real, pred[~real].mean(), pred[real].mean()), True


def _relative_terms(pred: Array, target: Array, side: int) -> dict[str, Term]:
    ahead, both = _relative(pred, target)
    return {
        "real": Term(softplus(-side * ahead), (target == 1) & both),
        "fake": Term(softplus(side * ahead), (target == 0) & both),
    }


def _relative_slope(pred: Array, target: Array, upstream: dict[str, Array], side: int) -> Array:
    ahead, both = _relative(pred, target)
    if not both:
        return np.zeros_like(pred)
    real = target == 1
    own = np.where(
        real, -side * upstream["real"] * sigmoid(-side * ahead), side * upstream["fake"] * sigmoid(side * ahead)
    )
    # Each score also moves the mean that the other side is held against.
    others = np.where(real, own[~real].sum() / real.sum(), own[real].sum() / (~real).sum())
    return own - others


@loss(
    formula=f"""{_MEANS}
    real: log(1 + exp(-ahead)) if target == 1 and both else skip
    fake: log(1 + exp(ahead)) if target == 0 and both else skip
    """,
    cite=_RELATIVE,
    scope="group",
    optimum=None,
)
def relativistic_discriminator(pred: Real, target: Binary) -> Any:
    """Relativistic average GAN discriminator loss: real rows should score above the mean of generated ones.

    And generated rows below the mean of real ones; the two means of the batch are held against. A batch of one side has
    no value.

    >>> terms = relativistic_discriminator([0.5, 2.0], [0, 1])
    >>> {name: term.values[term.where].round(4).tolist() for name, term in terms.items()}
    {'real': [0.2014], 'fake': [0.2014]}
    """
    return _relative_terms(pred, target, 1)


@relativistic_discriminator.gradient("pred")
def _(pred: Array, target: Array, *, upstream: dict[str, Array]) -> Array:
    return _relative_slope(pred, target, upstream, 1)


@loss(
    formula=f"""{_MEANS}
    real: log(1 + exp(ahead)) if target == 1 and both else skip
    fake: log(1 + exp(-ahead)) if target == 0 and both else skip
    """,
    cite=_RELATIVE,
    scope="group",
    optimum=None,
)
def relativistic_generator(pred: Real, target: Binary) -> Any:
    """Relativistic average GAN generator loss: generated rows should score above the mean of real ones.

    And real rows below the mean of generated ones: unlike in other GANs, real rows count for the generator. A batch of
    one side has no value.

    >>> terms = relativistic_generator([0.5, 2.0], [0, 1])
    >>> {name: term.values[term.where].round(4).tolist() for name, term in terms.items()}
    {'real': [1.7014], 'fake': [1.7014]}
    """
    return _relative_terms(pred, target, -1)


@relativistic_generator.gradient("pred")
def _(pred: Array, target: Array, *, upstream: dict[str, Array]) -> Array:
    return _relative_slope(pred, target, upstream, -1)

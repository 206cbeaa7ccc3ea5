"""Losses of the game between a generator and a discriminator: means over real and over generated rows."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.kinds import Array, Binary, Logit, Prob, Real
from losscli.contract.loss import Param, Term, loss
from losscli.losses._math import sigmoid, softplus

TASKS = ("generative models",)

_PAPER = "Goodfellow et al. 2014, arXiv:1406.2661"
_LSGAN = "Mao et al. 2017, doi:10.1109/ICCV.2017.304"

_Factor = Annotated[float, Param("factor of every value; 0.5 gives the mean of real and fake", gt=0)]


def _fakes(target: Array | None) -> Array | None:
    """The rows that a generator is judged by: the generated ones, or all where nothing says which are."""
    return None if target is None else target == 0


def _only(where: Array | None, slope: Array) -> Array:
    return slope if where is None else np.where(where, slope, 0.0)


@loss(
    formula="""
    real: -factor * log(pred) if target == 1 else skip
    fake: -factor * log(1 - pred) if target == 0 else skip
    """,
    cite=_PAPER,
)
def gan_discriminator(pred: Prob, target: Binary, *, factor: _Factor = 0.5) -> Any:
    """GAN discriminator loss (log loss): its mean over real rows plus its mean over generated rows.

    The two means have equal weight, however many rows each has, so this is the binary cross-entropy of the whole
    file only if the counts are equal. CycleGAN trains with `factor=0.5`. The paper uses `factor=1`, and so does
    TF-GAN without its label smoothing. There is no clipping: a real row with probability 0 makes the value
    infinite.

    >>> {name: term.values[term.where] for name, term in gan_discriminator([0.25, 0.5, 1.0], [0, 0, 1]).items()}
    {'real': array([0.]), 'fake': array([0.14384104, 0.34657359])}
    """
    # The log of a probability is never positive; abs turns it without leaving a -0.
    return {
        "real": Term(factor * np.abs(np.log(pred)), target == 1),
        "fake": Term(factor * np.abs(np.log1p(-pred)), target == 0),
    }


@gan_discriminator.gradient("pred")
def _(pred: Array, target: Array, *, factor: float) -> dict[str, Array]:
    return {"real": _only(target == 1, -factor / pred), "fake": _only(target == 0, factor / (1 - pred))}


@loss(
    formula="""
    real: factor * log(1 + exp(-pred)) if target == 1 else skip
    fake: factor * log(1 + exp(pred)) if target == 0 else skip
    """,
    cite=_PAPER,
)
def gan_discriminator_with_logits(pred: Logit, target: Binary, *, factor: _Factor = 0.5) -> Any:
    """GAN discriminator loss (log loss) of logits: its mean over real rows plus its mean over generated rows.

    As `gan_discriminator`, but without probabilities, which cannot tell a logit of 40 from one of 50. TF-GAN
    smooths the label of real rows to 0.875 by default; this loss does not.

    >>> {name: term.values[term.where] for name, term in gan_discriminator_with_logits([0.0, -1.0], [0, 1]).items()}
    {'real': array([0.65663084]), 'fake': array([0.34657359])}
    """
    return {"real": Term(factor * softplus(-pred), target == 1), "fake": Term(factor * softplus(pred), target == 0)}


@gan_discriminator_with_logits.gradient("pred")
def _(pred: Array, target: Array, *, factor: float) -> dict[str, Array]:
    return {
        "real": _only(target == 1, -factor * sigmoid(-pred)),
        "fake": _only(target == 0, factor * sigmoid(pred)),
    }


@loss(formula="-factor * log(pred) if target is None or target == 0 else skip", cite=_PAPER)
def gan_generator(pred: Prob, target: Binary | None = None, *, factor: _Factor = 0.5) -> Term:
    """GAN generator loss, non-saturating: -log D, where D is the probability that a generated row is real.

    Rows with target 1 (real) take no part. Without a target, every row is a generated row. There is no clipping.
    The paper and the generator of CycleGAN use `factor=1`.

    >>> gan_generator([0.25, 0.5]).values
    array([0.69314718, 0.34657359])
    """
    return Term(factor * np.abs(np.log(pred)), _fakes(target))


@gan_generator.gradient("pred")
def _(pred: Array, target: Array | None, *, factor: float) -> Array:
    return _only(_fakes(target), -factor / pred)


@loss(formula="factor * log(1 + exp(-pred)) if target is None or target == 0 else skip", cite=_PAPER)
def gan_generator_with_logits(pred: Logit, target: Binary | None = None, *, factor: _Factor = 0.5) -> Term:
    """GAN generator loss, non-saturating, of logits: -log D of generated rows.

    Rows with target 1 (real) take no part. Without a target, every row is a generated row. TF-GAN calls it the
    modified generator loss. TF-GAN, the paper and CycleGAN use `factor=1`.

    >>> gan_generator_with_logits([0.0, -1.0]).values
    array([0.34657359, 0.65663084])
    """
    return Term(factor * softplus(-pred), _fakes(target))


@gan_generator_with_logits.gradient("pred")
def _(pred: Array, target: Array | None, *, factor: float) -> Array:
    return _only(_fakes(target), -factor * sigmoid(-pred))


@loss(formula="factor * log(1 - pred) if target is None or target == 0 else skip", cite=_PAPER, optimum=None)
def gan_generator_minimax(pred: Prob, target: Binary | None = None, *, factor: _Factor = 0.5) -> Term:
    """GAN generator loss, minimax (saturating): log(1 - D) of generated rows. It is never positive.

    It is minus the generated half of the discriminator loss. It falls without bound as D approaches 1. It is flat
    where the generator is worst, which is why `gan_generator` is trained instead. Lower is better. Rows with target
    1 take no part.

    >>> gan_generator_minimax([0.25, 0.5]).values
    array([-0.14384104, -0.34657359])
    """
    return Term(factor * np.log1p(-pred), _fakes(target))


@gan_generator_minimax.gradient("pred")
def _(pred: Array, target: Array | None, *, factor: float) -> Array:
    return _only(_fakes(target), -factor / (1 - pred))


@loss(
    formula="-factor * log(1 + exp(pred)) if target is None or target == 0 else skip",
    cite=_PAPER,
    optimum=None,
)
def gan_generator_minimax_with_logits(pred: Logit, target: Binary | None = None, *, factor: _Factor = 0.5) -> Term:
    """GAN generator loss, minimax (saturating), of logits: log(1 - D) of generated rows.

    As `gan_generator_minimax`. TF-GAN adds a constant of about -0.3133, because it counts ones as the logits of
    real rows. This loss does not.

    >>> gan_generator_minimax_with_logits([0.0, -1.0]).values
    array([-0.34657359, -0.15663084])
    """
    return Term(-factor * softplus(pred), _fakes(target))


@gan_generator_minimax_with_logits.gradient("pred")
def _(pred: Array, target: Array | None, *, factor: float) -> Array:
    return _only(_fakes(target), -factor * sigmoid(pred))


@loss(
    formula="""
    real: factor * (pred - b)**2 if target == 1 else skip
    fake: factor * (pred - a)**2 if target == 0 else skip
    """,
    cite=_LSGAN,
)
def lsgan_discriminator(
    pred: Real,
    target: Binary,
    *,
    a: Annotated[float, Param("the score that a generated row should get")] = 0.0,
    b: Annotated[float, Param("the score that a real row should get")] = 1.0,
    factor: _Factor = 0.5,
) -> Any:
    """Least-squares GAN (LSGAN) discriminator loss: scores of real rows should be b, of generated rows a.

    The mean over real rows plus the mean over generated rows, whatever their counts. The scores are used as they
    are. MONAI first applies a leaky ReLU to them.

    >>> {name: term.values[term.where] for name, term in lsgan_discriminator([0.5, 2.0], [0, 1]).items()}
    {'real': array([0.5]), 'fake': array([0.125])}
    """
    return {
        "real": Term(factor * np.square(pred - b), target == 1),
        "fake": Term(factor * np.square(pred - a), target == 0),
    }


@lsgan_discriminator.gradient("pred")
def _(pred: Array, target: Array, *, a: float, b: float, factor: float) -> dict[str, Array]:
    return {
        "real": _only(target == 1, 2 * factor * (pred - b)),
        "fake": _only(target == 0, 2 * factor * (pred - a)),
    }


@loss(formula="factor * (pred - c)**2 if target is None or target == 0 else skip", cite=_LSGAN)
def lsgan_generator(
    pred: Real,
    target: Binary | None = None,
    *,
    c: Annotated[float, Param("the score that the generator wants its rows to get")] = 1.0,
    factor: _Factor = 0.5,
) -> Term:
    """Least-squares GAN (LSGAN) generator loss: the scores of generated rows should be c.

    Rows with target 1 (real) take no part. Without a target, every row is a generated row. CycleGAN uses
    `factor=1`.

    >>> lsgan_generator([0.5, 2.0]).values
    array([0.125, 0.5  ])
    """
    return Term(factor * np.square(pred - c), _fakes(target))


@lsgan_generator.gradient("pred")
def _(pred: Array, target: Array | None, *, c: float, factor: float) -> Array:
    return _only(_fakes(target), 2 * factor * (pred - c))

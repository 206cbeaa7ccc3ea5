"""Adversarial losses of a critic, whose scores are any numbers: Wasserstein's and the hinge's."""

from __future__ import annotations

from typing import Any

import numpy as np

from losscli.contract.kinds import Array, Binary, Real
from losscli.contract.loss import Term, loss

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

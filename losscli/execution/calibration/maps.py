"""The maps of predictions, each declared once: parameters, formula, derivative, and the predictions that it suits.

A map takes numbers x of shape (rows, numbers per row) and parameters w to numbers of the same shape; `pull` is its part
of the chain rule. Of probabilities x are the logits, and the result becomes probabilities again (`links`).

References
----------
Guo, Pleiss, Sun & Weinberger 2017, On calibration of modern neural networks (temperature, vector), arXiv:1706.04599
Platt 1999, Probabilistic outputs for support vector machines
Kull, Silva Filho & Flach 2017, Beta calibration, proceedings.mlr.press/v54/kull17a.html
Zadrozny & Elkan 2002, Transforming classifier scores into accurate multiclass probability estimates (isotonic)
Romano, Patterson & Candès 2019, Conformalized quantile regression, arXiv:1905.03222
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.losses._math import softplus

Fit = Literal["descent", "means", "ranks"]
"""How parameters are found: by descent of the loss, as means of the target that rise with x, or by ranks of errors."""


class Parameter(NamedTuple):
    """A parameter of a map: its value where the map changes nothing, and whether it must be above 0."""

    name: str
    start: float
    positive: bool = False


class Domain(NamedTuple):
    """What predictions are: the roles that they play, their link, and the names of the numbers of a row."""

    roles: tuple[str, ...]
    link: str
    labels: tuple[str, ...]

    @property
    def single(self) -> bool:
        """Whether a row has one number."""
        return len(self.labels) == 1

    @property
    def logits(self) -> bool:
        """Whether a map works on logits."""
        return self.link in ("sigmoid", "softmax", "logit")


Features = Callable[[Array], tuple[Array, ...]]


@dataclass(frozen=True)
class Map:
    """One map.

    Attributes
    ----------
    formula
        What it does, for help and reports.
    suits
        Whether it is for such predictions.
    words
        Its parameters, of which each number of a row has its own.
    features
        x -> what each of these parameters multiplies: the result is their sum. None: the map is x / w.
    added
        Whether that sum is added to x.
    fit
        How its parameters are found.
    """

    name: str
    summary: str
    formula: str
    suits: Callable[[Domain], bool]
    words: tuple[Parameter, ...]
    features: Features | None = None
    added: bool = False
    fit: Fit = "descent"
    linked: bool = True  # whether it works on logits of probabilities, or on these themselves

    def parameters(self, domain: Domain) -> tuple[Parameter, ...]:
        """The parameters for these predictions: `slope`, or `slope[cat]`, `slope[dog]` for several numbers a row."""
        if domain.single or self.features is None:
            return self.words
        return tuple(word._replace(name=f"{word.name}[{label}]") for word in self.words for label in domain.labels)

    def values(self, x: Array, w: Array) -> Array:
        """The mapped numbers."""
        if self.features is None:
            return np.asarray(x / w[0])
        total: Array | float = x if self.added else 0.0
        for own, feature in zip(w.reshape(len(self.words), -1), self.features(x), strict=True):
            total = total + own * feature
        return np.asarray(total)

    def pull(self, x: Array, w: Array, gradient: Array) -> Array:
        """The gradient of each row by the parameters, of shape (rows, parameters), from that by the mapped numbers."""
        if self.features is None:
            pulled = np.where(gradient != 0, gradient * x, 0.0)  # infinite logits do not move
            return np.asarray(-pulled.sum(axis=1, keepdims=True) / w[0] ** 2)
        return np.hstack([np.where(gradient != 0, gradient * feature, 0.0) for feature in self.features(x)])


def _slope_and_one(x: Array) -> tuple[Array, ...]:
    return x, np.ones_like(x)


def _one(x: Array) -> tuple[Array, ...]:
    return (np.ones_like(x),)


def _itself(x: Array) -> tuple[Array, ...]:
    return (x,)


def _log_odds_parts(x: Array) -> tuple[Array, ...]:
    """ln p, -ln(1 - p) and 1, of the logit x of p."""
    return -softplus(-x), softplus(x), np.ones_like(x)


class Conformal(Map):
    """One offset for both ends of an interval."""

    def parameters(self, domain: Domain) -> tuple[Parameter, ...]:
        """The offset, which is one for both ends."""
        return self.words

    def values(self, x: Array, w: Array) -> Array:
        """The ends, moved apart by the offset."""
        return np.asarray(x + w[0] * np.array([-1.0, 1.0]))


class Steps(Map):
    """A function that rises with x: straight between knots, level outside of them. Its parameters are the knots."""

    def parameters(self, domain: Domain) -> tuple[Parameter, ...]:
        """None are known before the knots are."""
        return ()

    def values(self, x: Array, w: Array) -> Array:
        """The values at x; w are the places of the knots, then their values."""
        at, value = w.reshape(2, -1)
        return np.asarray(np.interp(x, at, value))


def _one_logit(domain: Domain) -> bool:
    return domain.single and domain.logits


def _plain(domain: Domain) -> bool:
    return domain.link == "identity" and domain.roles == ("pred",)


def _interval(domain: Domain) -> bool:
    return domain.roles == ("lower", "upper")


_SLOPE = Parameter("slope", 1.0)

MAPS: Sequence[Map] = (
    Map("platt", "slope and bias of the logit (Platt scaling)", "logit -> slope * logit + bias", _one_logit,
        (_SLOPE, Parameter("bias", 0.0)), _slope_and_one),
    Map("temperature", "one temperature, which divides the logits", "logits -> logits / temperature",
        lambda domain: domain.logits, (Parameter("temperature", 1.0, positive=True),)),
    Map("bias", "a bias of the logit, or of that of each class", "logits -> logits + bias",
        lambda domain: domain.logits, (Parameter("bias", 0.0),), _one, added=True),
    Map("vector", "scale and bias of the logit of each class (vector scaling)", "logits -> scale * logits + bias",
        lambda domain: domain.logits and not domain.single,
        (Parameter("scale", 1.0), Parameter("bias", 0.0)), _slope_and_one),
    Map("beta", "beta calibration: two slopes and a bias", "logit -> a * ln(p) - b * ln(1 - p) + c", _one_logit,
        (Parameter("a", 1.0), Parameter("b", 1.0), Parameter("c", 0.0)), _log_odds_parts),
    Map("affine", "slope and intercept", "x -> slope * x + intercept",
        lambda domain: _plain(domain) and domain.single, (_SLOPE, Parameter("intercept", 0.0)), _slope_and_one),
    Map("shift", "a shift, or one for each column: of pinball losses, the quantile shift", "x -> x + shift", _plain,
        (Parameter("shift", 0.0),), _one, added=True),
    Map("scale", "a factor above 0", "x -> scale * x", lambda domain: _plain(domain) and domain.single,
        (Parameter("scale", 1.0, positive=True),), _itself),
    Steps("isotonic", "the means of the target that rise with the prediction (isotonic regression)",
          "x -> a function that rises, straight between knots",
          lambda domain: domain.single and domain.link in ("sigmoid", "identity") and domain.roles == ("pred",),
          (), fit="means", linked=False),
    Conformal("conformal", "one offset for both ends, so that intervals cover at the level of the loss",
              "lower - offset, upper + offset", _interval, (Parameter("offset", 0.0),), fit="ranks"),
    Map("offsets", "an offset for each end of an interval", "lower + offset[lower], upper + offset[upper]",
        _interval, (Parameter("offset", 0.0),), _one, added=True),
)  # fmt: skip
"""All maps. The first that suits is the one that is taken where none is asked for."""

MAP_NAMES = tuple(each.name for each in MAPS)

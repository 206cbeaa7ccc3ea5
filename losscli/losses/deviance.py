"""Losses of a mean that are consistent: half squares, deviances of exponential families, and their kin."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from losscli.contract.kinds import Array, NonNegative, Positive, Real
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, Preset, Refusal, without_weights
from losscli.contract.scaled import Scaled, difference
from losscli.losses import _cdf
from losscli.losses._math import expm1_beyond, log_quotient

TASKS = ("regression",)

_ONE_OUTPUT = Refusal((SEVERAL_OUTPUTS,), "scikit-learn takes one output")
_GLM = "McCullagh & Nelder 1989, Generalized Linear Models, 2.3, doi:10.1007/978-1-4899-3242-6"


@loss(
    formula="(pred - target)**2 / 2",
    cite="Gauss 1809, Theoria motus; Hastie, Tibshirani & Friedman 2009, doi:10.1007/978-0-387-84858-7",
    consistent_for="mean(target)",
    same_as={"optax": without_weights()},
)
def half_mse(pred: Real, target: Real) -> Array:
    """Half the squared error, as optax's l2_loss has it: half of mse, so its gradient is the error.

    >>> half_mse([3.0, 1.5], [1.0, 1.0])
    array([2.   , 0.125])
    """
    return 0.5 * np.square(pred - target)


@half_mse.scaled
def _(pred: Array, target: Array) -> Scaled:
    error = difference(pred, target)
    values, exponents = error.times(error)
    return Scaled(values, exponents - 1)


@half_mse.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return pred - target


@loss(
    formula="2 * ((target * log(target / pred) if target > 0 else 0) - target + pred)",
    cite=_GLM,
    consistent_for="mean(target)",
    same_as={"sklearn": Preset(refuses=(_ONE_OUTPUT,))},
    aliases=("mean_poisson_deviance",),
    first="counts",
)
def poisson_deviance(pred: Positive, target: NonNegative) -> Array:
    """Poisson deviance: of a count or a rate, with the predicted mean; 0 where they agree.

    It is twice poisson_nll less the least that this can be. Its best constant is the mean.

    >>> poisson_deviance([2.0, 0.5], [3.0, 0.0]).round(4)
    array([0.4328, 1.    ])
    """
    growth = log_quotient(pred, np.where(target > 0, target, 1.0))
    return 2 * np.where(target > 0, target * expm1_beyond(growth), pred)


@poisson_deviance.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * ((pred - target) / pred)


@loss(
    formula="2 * (log(pred / target) + target / pred - 1)",
    cite=_GLM,
    consistent_for="mean(target)",
    same_as={"sklearn": Preset(refuses=(_ONE_OUTPUT,))},
    aliases=("mean_gamma_deviance",),
)
def gamma_deviance(pred: Positive, target: Positive) -> Array:
    """Gamma deviance: of a number above 0, where an error counts by its share of the prediction.

    It does not change with the unit, and its best constant is the mean. The gamma_deviance of LightGBM is the sum
    over the rows; XGBoost's is in single precision.

    >>> gamma_deviance([2.0, 1.0], [4.0, 1.0]).round(4)
    array([0.6137, 0.    ])
    """
    return 2 * expm1_beyond(-log_quotient(pred, target))


@gamma_deviance.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * ((pred - target) / pred / pred)


_Power = Annotated[
    float,
    Param("the variance goes with this power of the mean: near 1 as Poisson's, near 2 as the gamma's", gt=1, lt=2),
]


@loss(
    formula="""
    y = target
    z = pred
    own = y**(2 - power) / ((1 - power) * (2 - power)) if y > 0 else 0
    2 * (own - y * z**(1 - power) / (1 - power) + z**(2 - power) / (2 - power))
    """,
    cite="Tweedie 1984; Jorgensen 1987, doi:10.1111/j.2517-6161.1987.tb01685.x",
    consistent_for="mean(target)",
    same_as={
        "sklearn": Preset("power=1.5", refuses=(_ONE_OUTPUT,), notes="the library's default power is 0: mse"),
        "torchmetrics": without_weights(
            "power=1.5",
            notes="the library's default power is 0: mse",
        ),
    },
    aliases=("mean_tweedie_deviance",),
    first="amounts",
)
def tweedie_deviance(pred: Positive, target: NonNegative, *, power: _Power = 1.5) -> Array:
    """Tweedie deviance: of amounts of which many are 0, such as claims or rain, with the predicted mean.

    For powers that are not between 1 and 2 there are other losses: 0 is mse, 1 poisson_deviance, 2 gamma_deviance.

    >>> tweedie_deviance([1.0, 4.0], [4.0, 0.0])
    array([4., 8.])
    """
    some = target > 0
    y = np.where(some, target, 1.0)
    growth = log_quotient(pred, y)
    # With y = target and pred = y e^t, the deviance is 2 y^(2-p) times a sum of parts that are not negative.
    parts = expm1_beyond((2 - power) * growth) / (2 - power) + expm1_beyond((1 - power) * growth) / (power - 1)
    return 2 * np.where(some, y ** (2 - power) * parts, pred ** (2 - power) / (2 - power))


@tweedie_deviance.gradient("pred")
def _(pred: Array, target: Array, *, power: float) -> Array:
    return 2 * ((pred - target) / pred) * pred ** (1 - power)


@loss(
    formula="target / pred - log(target / pred) - 1",
    cite="Itakura & Saito 1968; Fevotte & Idier 2011, doi:10.1162/NECO_a_00168; QLIKE: Patton 2011, "
    "doi:10.1016/j.jeconom.2010.03.034",
    consistent_for="mean(target)",
    aliases=("qlike",),
)
def itakura_saito(pred: Positive, target: Positive) -> Array:
    """Itakura-Saito divergence of spectra, and QLIKE of variances: half of gamma_deviance.

    For QLIKE, `pred` is the forecast of a variance and `target` the realised one, neither a volatility. Public code
    has the ratio upside down in places, and some leaves out what does not depend on the forecast: exponential_nll.

    >>> itakura_saito([2.0, 1.0], [4.0, 1.0]).round(4)
    array([0.3069, 0.    ])
    """
    return expm1_beyond(-log_quotient(pred, target))


@itakura_saito.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return (pred - target) / pred / pred


@loss(
    formula="""
    s = target
    h = pred
    a = 1 - power
    c = 2 - power
    near_a = (s**c - h**c) / (a * c) - h**a * (s - h) / a if a and c else 0
    s / h - log(s / h) - 1 if c == 0 else s * log(s / h) - s + h if a == 0 else near_a
    """,
    cite="Patton 2011, doi:10.1016/j.jeconom.2010.03.034",
    consistent_for="mean(target)",
)
def patton(
    pred: Positive,
    target: Positive,
    *,
    power: Annotated[float, Param("2 is QLIKE, 0 half of mse; the paper's b is -power")] = 2.0,
) -> Array:
    """Patton's losses of a variance: those that rank forecasts alike for a noisy but unbiased target.

    It is half the Tweedie deviance of that power, for all real powers. The larger the power, the more it punishes
    forecasts that are too low.

    >>> patton([2.0, 1.0], [4.0, 1.0], power=0.0)
    array([2., 0.])
    """
    growth = log_quotient(pred, target)
    a, c = 1 - power, 2 - power
    by_c = expm1_beyond(c * growth) / c if c else 0.0
    by_a = expm1_beyond(a * growth) / a if a else 0.0
    return target**c * (by_c - by_a)


@patton.gradient("pred")
def _(pred: Array, target: Array, *, power: float) -> Array:
    return (pred - target) / pred * pred ** (1 - power)


@loss(
    formula="log(pred) + target / pred",
    cite="Bollerslev, Engle & Nelson 1994, doi:10.1016/S1573-4412(05)80018-2",
    consistent_for="mean(target)",
    optimum=None,
    cdf=_cdf.exponential,
)
def exponential_nll(pred: Positive, target: NonNegative) -> Array:
    """Exponential negative log-likelihood: of a waiting time, with the predicted mean.

    For variances it is QLIKE without what does not depend on the forecast.

    >>> exponential_nll([2.0, 1.0], [4.0, 1.0]).round(4)
    array([2.6931, 1.    ])
    """
    return np.log(pred) + target / pred


@exponential_nll.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return (pred - target) / pred / pred


@loss(
    formula="""
    y = target
    z = pred
    a = degree
    b = degree - 1
    near_0 = (y**a + b * z**a - a * y * z**b) / (a * b) if b else 0
    near_0 if b else (y * log(y / z) if y > 0 else 0) - y + z
    """,
    cite="Basu et al. 1998, doi:10.1093/biomet/85.3.549; Fevotte & Idier 2011, doi:10.1162/NECO_a_00168",
    consistent_for="mean(target)",
)
def beta_divergence(
    pred: Positive,
    target: NonNegative,
    *,
    degree: Annotated[float, Param("beta: 2 is half of mse and 1 half of poisson_deviance", gt=0)] = 1.0,
) -> Array:
    """Beta-divergence of matrix factorization: between half the squared error and the Kullback-Leibler divergence.

    At a degree of 0, which needs targets above 0, it is itakura_saito. scikit-learn's is the sum over the entries.

    >>> beta_divergence([2.0, 1.0], [4.0, 0.0], degree=2.0)
    array([2. , 0.5])
    """
    some = target > 0
    y = np.where(some, target, 1.0)
    growth = log_quotient(pred, y)
    below = degree - 1
    parts = expm1_beyond(degree * growth) / degree - (expm1_beyond(below * growth) / below if below else 0.0)
    return np.where(some, y**degree * parts, pred**degree / degree)


@beta_divergence.gradient("pred")
def _(pred: Array, target: Array, *, degree: float) -> Array:
    return (pred - target) / pred * pred ** (degree - 1)


@loss(
    formula="(target - pred)**2 / (target * pred**2)",
    cite="Tweedie 1957, doi:10.1214/aoms/1177706964; Jorgensen 1997, The Theory of Dispersion Models",
    consistent_for="mean(target)",
)
def inverse_gaussian_deviance(pred: Positive, target: Positive) -> Array:
    """Inverse Gaussian deviance: of waiting times and other numbers above 0 with a long tail; Tweedie's of power 3.

    >>> inverse_gaussian_deviance([2.0, 1.0], [4.0, 1.0])
    array([0.25, 0.  ])
    """
    return np.square((pred - target) / pred) / target


@inverse_gaussian_deviance.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 2 * ((pred - target) / pred) / pred / pred

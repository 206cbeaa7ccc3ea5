"""The laws of declared distributions, over every loss that has one; scipy.stats has each of them, too."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st
from conftest import LOSSES, draw, variations

from losscli.contract.distributions import cdf_arguments

DECLARED = [loss for loss in LOSSES if loss.cdf is not None]


def gaussian(variance):
    return lambda pred, **more: st.norm(pred, np.sqrt(variance(**more)))


def normal(pred, scale):
    return st.norm(pred, scale)


def laplace(pred, scale, floor=0.0, cap=None):
    return st.laplace(pred, np.maximum(scale, floor))


def student_t(pred, scale, df):
    return st.t(df, pred, scale)


def lognormal(pred, scale):
    return st.lognorm(scale, scale=np.exp(pred))


def exponential(pred):
    return st.expon(scale=pred)


class Mixture:
    """scipy.stats has its components; `rvs` takes one of them for each row."""

    def __init__(self, pred, scale, mix):
        self.parts, self.mix = st.norm(pred, scale), mix

    def cdf(self, target):
        return (self.mix * self.parts.cdf(target[:, None])).sum(axis=1)

    def rvs(self, random_state):
        which = (random_state.random((len(self.mix), 1)) > self.mix.cumsum(axis=1)[:, :-1]).sum(axis=1)
        return self.parts.rvs(random_state=random_state)[np.arange(len(which)), which]


SCIPY = {
    "crps_exponential": exponential,
    "crps_gaussian": normal,
    "crps_laplace": laplace,
    "crps_logistic": lambda pred, scale: st.logistic(pred, scale),
    "crps_lognormal": lognormal,
    "crps_mixture_gaussian": Mixture,
    "crps_student_t": student_t,
    "crps_uniform": lambda lower, upper: st.uniform(np.minimum(lower, upper), np.abs(upper - lower)),
    "exponential_nll": exponential,
    "gaussian_nll": gaussian(lambda variance, eps, full: np.maximum(variance, eps)),
    "gaussian_nll_log_variance": gaussian(lambda log_variance, full: np.exp(log_variance)),
    "gumbel_nll": lambda pred, scale: st.gumbel_r(pred, scale),
    "laplace_nll": laplace,
    "logistic_nll": lambda pred, scale: st.logistic(pred, scale),
    "lognormal_nll": lognormal,
    "mixture_gaussian_nll": Mixture,
    "student_t_nll": student_t,
    "weibull_nll": lambda pred, shape: st.weibull_min(shape, scale=pred),
}
CASES = [pytest.param(loss, given, id=f"{loss.name}-{at}") for loss in DECLARED
         for at, given in enumerate(variations(loss))]  # fmt: skip


def drawn(loss, given, rows, seed):
    columns = draw(loss, rows, np.random.default_rng(seed), params=loss.settle(given))
    target = columns.pop("target")
    return columns, target, SCIPY[loss.name](**columns, **loss.settle(given))


def cdf(loss, given, columns, target):
    """What the loss declares, with the roles and parameters that it takes."""
    roles, params = cdf_arguments(loss.cdf)
    settled = loss.settle(given)
    own = {name: settled[name] for name in params if name in settled}
    with np.errstate(all="ignore"):
        return loss.cdf(**{role: {**columns, "target": target}[role] for role in roles}, **own)


def test_each_declared_distribution_has_its_counterpart():
    assert sorted(SCIPY) == sorted(loss.name for loss in DECLARED)


@pytest.mark.parametrize(("loss", "given"), CASES)
def test_it_is_that_of_scipy(loss, given):
    columns, target, whole = drawn(loss, given, 400, 1)
    found = cdf(loss, given, columns, target)
    assert found.shape == target.shape
    np.testing.assert_allclose(found, whole.cdf(target), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("cruel", [False, True], ids=["ordinary", "cruel"])
@pytest.mark.parametrize(("loss", "given"), CASES)
def test_it_is_a_probability_that_grows_with_the_target(loss, given, cruel):
    columns = draw(loss, 300, np.random.default_rng(2), cruel=cruel, params=loss.settle(given))
    target = np.sort(columns.pop("target"))
    one = {role: np.repeat(values[:1], len(target), axis=0) for role, values in columns.items()}
    found = cdf(loss, given, one, target)
    assert found.min() >= 0
    assert found.max() <= 1
    assert np.diff(found).min() >= -2e-15  # a rounding of what is equal


@pytest.mark.parametrize(("loss", "given"), CASES)
def test_it_is_uniform_at_targets_that_are_drawn_from_it(loss, given):
    columns, _, whole = drawn(loss, given, 4000, 3)
    target = whole.rvs(random_state=np.random.default_rng(4))
    assert st.kstest(cdf(loss, given, columns, target), "uniform").pvalue > 1e-3

"""The oracle itself: formulas are run on exact numbers, and mean by a literal what kernels mean."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import mpmath as mp
import numpy as np
import pytest
from formula_checks import compare_terms
from oracle import Formula, exact

from losscli.contract.kinds import Array, Positive, Real
from losscli.contract.loss import Param, as_terms
from losscli.errors import LosscliError


def ran(made, params, **columns):
    """The first row of a loss's formula, at 120 digits."""
    arrays = {role: np.array(values, float) for role, values in columns.items()}
    return Formula(made).row(exact(made, arrays), 0, made.settle(params))["loss"]


def of(fraction):
    return mp.mpf(fraction.numerator) / fraction.denominator


@pytest.fixture(autouse=True)
def many_digits():
    with mp.workdps(120):
        yield


@pytest.fixture
def powered(temporary):
    """The deviance of a Tweedie distribution: 0 at a perfect prediction, by three terms that cancel."""

    @temporary(
        formula="""
        a, b = 1 - power, 2 - power
        2 * (target**b / ((1 - power) * (2 - power)) - target * pred**a / a + pred**b / b)
        """,
        cite="a test",
    )
    def powered(pred: Positive, target: Positive, *, power: Annotated[float, Param("a power", gt=1, lt=2)] = 1.5):
        return np.zeros(len(pred))

    return powered


def test_parameters_are_exact(temporary):
    @temporary(formula="(1 - power) * (2 - power) + 0 * pred", cite="a test")
    def product(pred: Real, *, power: Annotated[float, Param("a power")] = 1.5) -> Array:
        return (1 - power) * (2 - power) + 0 * pred

    power = Fraction(1.7)
    assert ran(product, {"power": 1.7}, pred=[1.0]) == of((1 - power) * (2 - power))
    assert Fraction((1 - 1.7) * (2 - 1.7)) != (1 - power) * (2 - power), "doubles would have rounded it"


@pytest.mark.parametrize("size", [0.3, 1.0, 7.0])
def test_what_is_0_by_its_definition_is_0(powered, size):
    assert abs(ran(powered, {"power": 1.7}, pred=[size], target=[size])) < mp.mpf("1e-110")


def test_parameters_are_exact_in_the_value_line(temporary):
    @temporary(
        formula="""
        part: pred
        value: (1 - power) * (2 - power) * part / 3
        """,
        cite="a test",
    )
    def scaled(pred: Real, *, power: Annotated[float, Param("a power")] = 1.7) -> Array:
        return pred

    power, columns = Fraction(1.7), exact(scaled, {"pred": np.array([0.1])})
    want = of(Fraction(0.1) * (1 - power) * (2 - power) / 3)
    assert abs(Formula(scaled).final(columns, scaled.settle({})) - want) < mp.mpf("1e-115")


def test_a_literal_is_the_double_that_a_kernel_and_a_parameter_mean(temporary):
    @temporary(formula="abs(pred - 0.1) + abs(target - edge)", cite="a test")
    def apart(pred: Real, target: Real, *, edge: Annotated[float, Param("where it is 0")] = 0.1) -> Array:
        return np.abs(pred - 0.1) + np.abs(target - edge)

    columns = {"pred": np.array([0.1, 0.3, 0.1 + 2**-56]), "target": np.array([0.1, -2.0, 0.1 - 2**-55])}
    settled = apart.settle({})
    compare_terms(Formula(apart), exact(apart, columns), settled, as_terms(apart.kernel(*columns.values(), **settled)))
    assert ran(apart, {}, pred=[0.1], target=[0.1]) == 0


@pytest.mark.parametrize(
    ("formula", "want"),
    [
        ("pred - 1 / 10", Fraction(0.1) - Fraction(1, 10)),
        ("0.1 * 0.1 * pred / pred", Fraction(0.1) ** 2),
        ("2**-k + 0 * pred", Fraction(1, 32)),
        ("3**-k + 0 * pred", Fraction(1, 3**5)),
        ("sum(1 / i for i in range(1, k + 1)) + 0 * pred", Fraction(137, 60)),
        ("(lambda x: x / len([1, 2, 3]))(k) + 0 * pred", Fraction(5, 3)),
        ("1 / 3 if k > 4.5 else 0", Fraction(1, 3)),
    ],
)
def test_no_number_is_rounded(temporary, formula, want):
    @temporary(formula=formula, cite="a test")
    def counted(pred: Real, *, k: Annotated[int, Param("how many", ge=1)] = 5) -> Array:
        return pred

    got = ran(counted, {}, pred=[0.1])
    assert abs(got - of(want)) <= mp.mpf("1e-115")


def test_what_would_round_is_refused(temporary):
    @temporary(formula="x = 1\nx /= 3\nx * pred", cite="a test")
    def stepwise(pred: Real) -> Array:
        return pred

    with pytest.raises(SyntaxError, match="write 'x = x / y'"):
        Formula(stepwise)


def test_temporary_losses_are_forgotten(temporary):
    def passing(pred: Real) -> Array:
        return pred

    declare = temporary(formula="pred", cite="a test")
    declare(passing)
    with pytest.raises(LosscliError, match="two losses are named 'passing'"):
        declare(passing)

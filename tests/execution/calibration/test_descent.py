"""Descent on functions whose lowest place is known."""

from __future__ import annotations

import numpy as np
import pytest

from losscli.execution.calibration.descent import Evaluated, plain_descent, quasi_newton, together


def walk(generator, function):
    return together({0: generator}, lambda asked: {key: Evaluated(*function(w)) for key, w in asked.items()})[0]


def rosenbrock(w):
    x, y = w
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2, np.array(
        [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]
    )  # fmt: skip


def test_quasi_newton_finds_the_end_of_a_bent_valley():
    found = walk(quasi_newton(np.array([-1.2, 1.0])), rosenbrock)
    assert found.converged
    np.testing.assert_allclose(found.found, [1, 1], rtol=1e-10)
    values = [step.value for step in found.steps]
    assert values == sorted(values, reverse=True)
    assert len(values) < 60


def test_quasi_newton_stops_at_a_kink():
    found = walk(quasi_newton(np.array([0.0])), lambda w: (abs(w[0] - 0.7), np.sign(w - 0.7)))
    assert found.converged
    assert found.found[0] == pytest.approx(0.7, abs=1e-12)


def test_quasi_newton_keeps_out_of_where_the_loss_is_infinite():
    def function(w):
        return (w[0] - np.log(w[0]), 1 - 1 / w) if w[0] > 0 else (np.inf, np.zeros(1))

    found = walk(quasi_newton(np.array([40.0])), function)
    assert found.found[0] == pytest.approx(1, abs=1e-9)


def test_plain_descent_takes_the_steps_of_the_textbook():
    found = walk(plain_descent(np.array([3.0]), 3, 0.25), lambda w: (w[0] ** 2, 2 * w))
    assert [float(step.parameters[0]) for step in found.steps] == [3, 1.5, 0.75, 0.375]
    assert [step.size for step in found.steps] == [0.25, 0.25, 0.25, None]
    assert not found.converged
    assert found.reason == "stopped after 3 steps"


def test_backtracking_halves_until_the_loss_falls_by_half_of_what_its_slope_promises():
    found = walk(plain_descent(np.array([1.0]), 1), lambda w: (4 * w[0] ** 2, 8 * w))
    # Of 4 w^2 with slope 8: a step of 1/8 ends at 0, where the loss has fallen by 4 = 64 / 8 / 2; 1/4 overshoots.
    assert found.steps[0].size == 0.125
    assert found.found[0] == 0


def test_several_problems_walk_side_by_side_in_one_pass_each():
    passes = []

    def evaluate(asked):
        passes.append(sorted(asked))
        return {key: Evaluated(float((w[0] - key) ** 2), 2 * (w - key)) for key, w in asked.items()}

    found = together({key: quasi_newton(np.zeros(1)) for key in (0, 2, 5)}, evaluate)
    assert [float(descent.found[0]) for descent in found.values()] == pytest.approx([0, 2, 5])
    assert passes[0] == [0, 2, 5]
    assert 0 not in passes[-1]

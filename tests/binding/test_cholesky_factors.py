"""A lower triangular matrix a row: as many numbers as a square has, with a diagonal above 0."""

from __future__ import annotations

import pytest

import losscli
from losscli.errors import DataError

ROWS = {"y_1": [3.0, 1.0], "y_2": [1.0, 1.0], "p_1": [1.0, 1.0], "p_2": [0.0, 0.0],
        "l_11": [2.0, 1.0], "l_12": [7.0, -3.0], "l_21": [1.0, 0.25], "l_22": [0.5, 0.5]}  # fmt: skip
ROLES = {"target": "y_*", "pred": "p_*"}


def test_what_is_above_the_diagonal_is_not_read():
    lower = {**ROWS, "l_12": [0.0, 0.0]}
    found = [losscli.evaluate(data, "multivariate_gaussian_nll", **ROLES, columns={"cholesky": "l_*"})[0].value
             for data in (ROWS, lower)]  # fmt: skip
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("columns", "changed", "problem"),
    [
        ("l_11,l_21,l_22", {}, "3 numbers per row, which is not the 2 x 2 of a matrix"),
        ("l_*", {"l_22": [0.5, 0.0]}, "with a diagonal above 0"),
        ("l_*", {"l_11": [2.0, -1.0]}, "with a diagonal above 0"),
    ],
)
def test_what_is_no_factor_is_an_error(columns, changed, problem):
    with pytest.raises(DataError) as caught:
        losscli.evaluate({**ROWS, **changed}, "multivariate_gaussian_nll", **ROLES, columns={"cholesky": columns})
    assert problem in str(caught.value)
    assert not changed or caught.value.row == 2


@pytest.mark.parametrize("matrix", [[[[1.0, 0.0]]], [[[1.0, 0.0], [1.0, 0.0]]]])
def test_from_python(matrix):
    with pytest.raises(DataError, match="diagonal above 0"):
        losscli.losses.multivariate_gaussian_nll([[1.0, 2.0]], [[0.0, 1.0]], matrix)

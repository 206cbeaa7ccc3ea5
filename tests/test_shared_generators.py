"""A generator of a module draws the same in each test of it, whichever tests ran before."""

import random

import numpy as np
import pytest

RNG, DRAW = np.random.default_rng(1), random.Random(1)


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_draws_the_same(time):
    assert (RNG.random(), DRAW.random()) == (np.random.default_rng(1).random(), random.Random(1).random())

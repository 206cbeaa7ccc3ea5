"""Arrays that kernels share: the same one for the same arguments while a chunk is scored, and only then."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from losscli import losses
from losscli.contract.shared_arrays import HELD, shared, sharing
from losscli.losses._math import error_size, residual

X, Y = np.array([1.0, 2.0]), np.array([3.0, 1.5])


def test_outside_of_a_chunk_each_call_computes():
    first = residual(X, Y)
    assert residual(X, Y) is not first
    first[0] = 5.0  # an ordinary array


def test_in_a_chunk_the_same_arguments_give_the_same_array():
    with sharing():
        assert residual(X, Y) is residual(X, Y)
        assert error_size(X, Y) is error_size(X, Y)
        assert residual(Y, X) is not residual(X, Y)
        assert residual(X, Y.copy()) is not residual(X, Y)
        with pytest.raises(ValueError, match="read-only"):
            residual(X, Y)[0] = 5.0
        known = residual(X, Y)
    assert residual(X, Y) is not known
    with sharing():
        assert residual(X, Y) is not known


def test_arguments_are_held_so_that_no_other_array_gets_their_id():
    with sharing():
        for number in range(100):
            assert residual(np.full(2, float(number)), X)[0] == number - 1.0


def test_threads_share_nothing():
    found = []
    with sharing():
        mine = residual(X, Y)
        thread = threading.Thread(target=lambda: found.append(residual(X, Y)))
        thread.start()
        thread.join()
        assert found[0] is not mine


def test_what_is_no_array_is_shared_too():
    calls = []

    @shared
    def total(values):
        calls.append(1)
        return None if values.all() else float(values.sum())

    with sharing():
        assert total(X) is None
        assert total(X) is None
    assert len(calls) == 1


@pytest.mark.parametrize("special", [5e-324, 1e-170, 1e170, 0.0])
def test_a_kernel_gives_the_same_values_beside_others(special):
    """Values that no double holds are put in the place of others, in a copy where the array is shared."""
    x, y = np.array([special, 2.0, 1e308]), np.array([0.0, 1.5, -1e308])
    names = ("mae", "mse", "huber", "smooth_l1", "pinball", "smape", "log_cosh", "wmape", "fair", "cauchy")
    calls = [(losses.find(name), losses.find(name).settle({})) for name in names]

    def answers():
        with np.errstate(all="ignore"):
            for loss, params in calls:
                terms = loss.terms((x, y), params)
                loss.beyond((x, y), params, terms)
                yield [term.values.tobytes() for term in terms.values()]

    alone = list(answers())
    with sharing():
        assert list(answers()) == alone
    with sharing():
        calls.reverse()
        assert list(answers()) == alone[::-1]


def test_few_results_are_held():
    """With twenty models a chunk has forty of them, and those of one model are needed no more for the next."""
    columns = [np.full(2, float(number)) for number in range(HELD)]
    with sharing():
        known = residual(columns[0], X)
        for column in columns[1:]:
            residual(column, X)
        assert residual(columns[0], X) is known
        residual(Y, X)  # one more than are held
        assert residual(columns[0], X) is not known

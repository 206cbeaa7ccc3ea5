"""Losses called from Python: which arguments are valid, and what the errors for the others say."""

from __future__ import annotations

import numpy as np
import pytest

from losscli import losses
from losscli.errors import DataError, UsageError


def test_values_slopes_and_parameters():
    np.testing.assert_array_equal(losses.huber([3.0, 1.5], [1.0, 1.0], delta=0.5), [0.875, 0.125])
    np.testing.assert_array_equal(losses.huber(target=[1.0], pred=[3.0]), [1.5])
    np.testing.assert_array_equal(losses.huber.gradient("pred", [3.0, 1.2], [1.0, 1.0], delta=0.5), [0.5, 1.2 - 1.0])
    assert losses.l2([2.0], [0.0])[0] == 4
    terms = losses.gan_discriminator([0.5, 0.25], [1, 0], factor=1)
    assert terms["real"].values[0] == np.log(2) and terms["fake"].where.tolist() == [False, True]


def test_class_targets():
    p = [[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]]
    np.testing.assert_allclose(losses.cross_entropy(p, [0, 2]), [np.log(2), np.log(4)])
    np.testing.assert_allclose(losses.cross_entropy(p, [0.0, 2.0]), [np.log(2), np.log(4)])
    with pytest.raises(DataError, match="row 2: class index 3 is out of range for 3 class columns"):
        losses.cross_entropy(p, [0, 3])
    with pytest.raises(DataError, match="row 1: class index -1"):
        losses.cross_entropy(p, [-1, 0])
    with pytest.raises(DataError, match="contains names"):
        losses.cross_entropy(p, ["cat", "dog"])
    with pytest.raises(DataError, match="whole number or a name"):
        losses.cross_entropy(p, [0.5, 1.0])
    # Where nothing lists the classes, any names will do.
    points = np.eye(3)
    assert losses.supcon(points, ["a", "b", "a"]).where.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: losses.mse([1.0, 2.0], [1.0]), "different lengths"),
        (lambda: losses.bce([0.5, 1.5], [1, 0]), "row 2 is 1.5, not a probability"),
        (lambda: losses.mse([np.nan], [1.0]), "row 1 is nan"),
        (lambda: losses.cross_entropy([[0.5, 0.1]], [0]), "sums to 0.6"),
        (lambda: losses.triplet([1.0], [1.0], [1.0]), "expected a vector"),
        (lambda: losses.mape([1.0], [0.0]), "row 1 is 0.0, not a number other than 0"),
    ],
)
def test_data_errors(call, says):
    with pytest.raises(DataError) as caught:
        call()
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: losses.mse([1.0]), "needs 'target'"),
        (lambda: losses.mse([1.0], [1.0], [1.0]), "got 3 columns"),
        (lambda: losses.huber([1.0], [1.0], delat=2), "no parameter 'delat'"),
        (lambda: losses.huber([1.0], [1.0], delta=-1), "must be > 0"),
        (lambda: losses.huber([1.0], [1.0], delta="x"), "must be a number"),
        (lambda: losses.mse.gradient("target", [1.0], [1.0]), "no gradient by 'target'"),
        (lambda: losses.triplet([[1.0]], [[1.0]], [[1.0]], distance="taxicab"), "must be one of euclidean"),
    ],
)
def test_usage_errors(call, says):
    with pytest.raises(UsageError) as caught:
        call()
    assert says in caught.value.message


def test_inputs_are_not_changed():
    pred, target = np.array([3.0, 1.0]), np.array([1.0, 1.0])
    losses.huber(pred, target)
    losses.huber.gradient("pred", pred, target)
    assert pred.tolist() == [3.0, 1.0] and target.tolist() == [1.0, 1.0]

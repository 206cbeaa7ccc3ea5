"""A column that several kinds of input have is decoded and checked once, and each kind still has its own domain."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

import losscli
from losscli.binding import read_rows
from losscli.contract.kinds import Kind, KnownBounds, Prob
from losscli.errors import DataError

RNG = np.random.default_rng(8)
LABEL = RNG.integers(0, 2, 500).astype(float)
SCORE = RNG.uniform(0.01, 0.99, 500)
LOSSES = ["mse", "bce", "brier", "mae", "msle"]


def values(score: Any, losses: list[str], **settings: Any) -> dict[str, float]:
    report = losscli.evaluate({"y": LABEL, "p": score}, losses=losses, target="y", pred="p", **settings)
    return {loss: report[loss].value for loss in losses}


def test_a_column_is_decoded_once_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: Counter[str] = Counter()
    numbers = read_rows.numbers

    def counted(column: Any, name: str, *args: Any, **more: Any) -> Any:
        decoded[name] += 1
        return numbers(column, name, *args, **more)

    monkeypatch.setattr(read_rows, "numbers", counted)
    values(SCORE, LOSSES)
    assert decoded == {"y": 1, "p": 1}


@pytest.mark.parametrize("order", [LOSSES, LOSSES[::-1]])
def test_numbers_are_those_of_each_loss_alone(order: list[str]) -> None:
    score = SCORE.copy()
    score[7] = 1 + 5e-7  # set to 1 for probabilities, and not for other numbers
    together = values(score, order)
    assert together == {loss: values(score, [loss])[loss] for loss in order}
    score[9] = np.nan
    assert values(score, order, nan="drop") == {loss: values(score, [loss], nan="drop")[loss] for loss in order}


@pytest.mark.parametrize("order", [LOSSES, LOSSES[::-1]])
@pytest.mark.parametrize(("bad", "says"), [(1.5, "expected a probability"), (-2.0, "expected"), (np.inf, "infinite")])
def test_each_kind_refuses_what_is_outside_it(order: list[str], bad: float, says: str) -> None:
    score = SCORE.copy()
    score[30] = bad
    with pytest.raises(DataError, match=says) as found:
        values(score, order)
    assert found.value.row == 31


def test_the_domain_of_a_column_is_checked_once_for_all_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    outside = Kind.outside

    def counted(kind: Kind, *args: Any) -> Any:
        checked.append(kind.says)
        return outside(kind, *args)

    monkeypatch.setattr(Kind, "outside", counted)
    values(SCORE, ["bce"])
    one = checked.copy()
    checked.clear()
    values(SCORE, ["bce", "brier", "focal:gamma=3", "mse"])
    assert len(one) == 2  # the label and the probability
    assert checked == one


def test_known_bounds_are_of_one_array() -> None:
    (kind,) = Prob.__metadata__
    known: KnownBounds = {}
    for each in (np.array([0.2, 0.9]), np.array([0.2, 1.9]), np.array([0.2, 0.9])):
        assert (kind.outside(each, known) is None) == (each.max() < 1)

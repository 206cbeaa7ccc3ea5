"""Losses of several levels at once: names of columns say the levels, or a parameter does."""

from __future__ import annotations

import numpy as np
import pytest

import losscli
from losscli import losses
from losscli.errors import DataError, UsageError

Q = np.array([[1.0, 2.0, 4.0], [0.0, 1.0, 2.0], [2.0, 2.5, 3.0]])
Y = np.array([3.0, 1.0, 4.0])
WANT = float(losses.pinball_levels(Q, Y, levels=(0.1, 0.5, 0.9)).mean())


def table(*names, order=(0, 1, 2)):
    return {"y": Y, **{name: Q[:, k] for name, k in zip(names, order, strict=True)}}


@pytest.mark.parametrize(("names", "order"), [
    (("q_0.1", "q_0.5", "q_0.9"), (0, 1, 2)), (("q90", "q10", "q50"), (2, 0, 1)),
    (("TFT-hi-80", "TFT-median", "TFT-lo-80"), (2, 1, 0)), (("0.9", "0.1", "0.5"), (2, 0, 1)),
])  # fmt: skip
def test_names_say_the_levels_in_any_order(names, order):
    report = losscli.evaluate(table(*names, order=order), "pinball_levels", target="y", pred=",".join(names))
    assert [(r.spec, r.value) for r in report] == [("pinball_levels:levels=0.1|0.5|0.9", pytest.approx(WANT))]
    assert report[0].params["levels"] == "0.1|0.5|0.9"
    assert report.evaluation.bindings[",".join(names)]["pred"] == tuple(names[order.index(k)] for k in range(3))
    part = losscli.evaluate(table(*names, order=order), "pinball_levels:levels=0.1|0.9", target="y",
                            pred=",".join(names))[0]  # fmt: skip
    assert part.value == pytest.approx(losses.pinball_levels(Q[:, ::2], Y, levels=(0.1, 0.9)).mean())


def test_a_parameter_says_the_levels_of_lists_and_of_other_names():
    spec = "pinball_levels:levels=0.1|0.5|0.9"
    data = {"y": Y, "p": Q, "a": Q[:, 0], "b": Q[:, 1], "c": Q[:, 2]}
    for pred in ("p", "a,b,c"):
        assert losscli.evaluate(data, spec, target="y", pred=pred)[0].value == pytest.approx(WANT)
    for pred in ("p", "a,b"):
        with pytest.raises(DataError, match=r"'pred' has [32] numbers per row, and the loss asks for 4"):
            losscli.evaluate(data, "pinball_levels:levels=0.1|0.2|0.5|0.9", target="y", pred=pred)
        with pytest.raises(UsageError, match="'pinball_levels' needs 'levels'"):
            losscli.evaluate(data, "pinball_levels", target="y", pred=pred)


def test_composite_losses_and_models_have_their_own_levels():
    data = table("A-q10", "A-q50", "A-q90") | {"B-q25": Q[:, 0], "B-q75": Q[:, 2]}
    report = losscli.evaluate(data, "both=wis+2*pinball_levels", target="y", pred={"A": "A-*", "B": "B-*"})
    levels = {"A": "0.1|0.5|0.9", "B": "0.25|0.75"}
    for r in report:
        assert r.spec == (f"both=weighted_interval_score:levels={levels[r.model]}"
                          f"+2*pinball_levels:levels={levels[r.model]}")  # fmt: skip
    assert report[0].value == pytest.approx(4 * WANT)  # WIS is twice the mean pinball loss


def test_the_ends_of_intervals_say_their_coverage():
    data = {"y": Y, "m-lo-80": Q[:, 0], "m-hi-80": Q[:, 2], "m-lo-50": Q[:, 1] - 0.1, "m-hi-50": Q[:, 1] + 0.1}
    want = {"interval_score:level=0.5": losses.interval_score(Q[:, 1] - 0.1, Q[:, 1] + 0.1, Y, level=0.5).mean(),
            "interval_score:level=0.8": losses.interval_score(Q[:, 0], Q[:, 2], Y, level=0.8).mean()}  # fmt: skip
    both = losscli.evaluate(data, "interval_score", target="y", columns={"lower": "m-lo-*", "upper": "m-hi-*"})
    assert {r.spec: r.value for r in list(both)[:2]} == pytest.approx(want)
    assert both[2].value == pytest.approx(sum(want.values()) / 2)
    one = {"lower": "m-lo-80", "upper": "m-hi-80"}
    assert losscli.evaluate(data, "interval_score", target="y", columns=one)[0].spec == "interval_score:level=0.8"
    given = losscli.evaluate(data, "interval_score:level=0.7", target="y", columns=one)[0]
    assert given.spec == "interval_score:level=0.7"
    for columns in ({"lower": "m-lo-80", "upper": "m-hi-50"}, {"lower": "m-lo-80", "upper": "m-lo-50"}):
        with pytest.raises(UsageError, match="is the other end of the central interval of 'm-"):
            losscli.evaluate(data, "interval_score", target="y", columns=columns)


@pytest.mark.parametrize(("call", "match"), [
    ("pinball_levels:levels=0.5|0.1", "ascending order; got 0.5 before 0.1"),
    ("pinball_levels:levels=0.1|0.1", "ascending order"), ("pinball_levels:levels=0|0.1", "must be > 0 and < 1; got 0"),
    ("pinball_levels:levels=a", "must be numbers; got 'a'"), ("wis:levels=0.1|0.5", "0.1 has no partner"),
    ("pinball_levels:levels={c}", "has one value for all rows"), ("pinball_levels:levels=0.1||0.2", "must be numbers"),
])  # fmt: skip
def test_levels_that_are_none(call, match):
    with pytest.raises(UsageError, match=match):
        losscli.evaluate({"y": Y, "p": Q}, call, target="y", pred="p")


@pytest.mark.parametrize(("levels", "error", "match"), [
    ((0.1, 0.9), DataError, "has 3 numbers per row, and 'levels' has 2"), ((), UsageError, "has no numbers"),
    (None, UsageError, "needs 'levels'"), ((0.1, float("nan")), UsageError, "must be numbers; got nan"),
])  # fmt: skip
def test_calls_from_python(levels, error, match):
    with pytest.raises(error, match=match):
        losses.pinball_levels(Q, Y, **({} if levels is None else {"levels": levels}))
    for given in ([0.1, 0.5, 0.9], np.array([0.1, 0.5, 0.9])):
        assert losses.pinball_levels(Q, Y, levels=given).mean() == WANT

"""Numbers of ordered classes and of bins of time: one beyond the last, or with a fraction, is an error with its row."""

from __future__ import annotations

import numpy as np
import pytest

import losscli
from losscli.errors import DataError

STEPS = {"s1": [0.3, -0.2, 1.1, 0.4], "s2": [-0.5, 0.1, 0.2, -1.0]}
LINK = "cumulative_link_nll:thresholds=-1|0.5"


@pytest.mark.parametrize("loss", ["ordinal_bce", "corn", LINK])
def test_the_last_class_has_the_number_of_steps(loss):
    pred = "s1" if loss == LINK else "s*"
    report = losscli.evaluate({**STEPS, "y": [0, 1, 2, 2]}, loss, target="y", pred=pred)
    assert np.isfinite(report[0].value)
    with pytest.raises(DataError) as caught:
        losscli.evaluate({**STEPS, "y": [0, 1, 3, 4]}, loss, target="y", pred=pred)
    error = caught.value
    assert (error.row, error.column, error.value, error.code) == (3, "y", "3", "DATA_OUT_OF_RANGE")
    assert error.message.startswith("3 in 'y' is beyond the last number, 2: expected the number of an ordered class")
    assert error.hint == "they count from 0; if these count from 1, subtract it: --let 'y_from_0 = y - 1'"


@pytest.mark.parametrize("loss", ["ordinal_bce", "corn", LINK])
def test_a_class_between_two_classes_is_none(loss):
    with pytest.raises(DataError, match="a whole number from 0") as caught:
        losscli.evaluate({**STEPS, "y": [0, 1, 1.5, 2]}, loss, target="y", pred="s1" if loss == LINK else "s*")
    assert (caught.value.row, caught.value.value) == (3, "1.5")


@pytest.mark.parametrize("loss", ["logistic_hazard_nll", "pmf_nll"])
def test_the_last_bin_is_that_of_the_last_number(loss):
    columns = {"bin": "b", "event": "e"}
    good = losscli.evaluate({**STEPS, "b": [0, 1, 1, 0], "e": [1, 0, 1, 1]}, loss, pred="s*", columns=columns)
    assert np.isfinite(good[0].value)
    with pytest.raises(DataError) as caught:  # the event would count as none
        losscli.evaluate({**STEPS, "b": [0, 5, 1, 0], "e": [1, 1, 1, 1]}, loss, pred="s*", columns=columns)
    assert (caught.value.row, caught.value.column, caught.value.value) == (2, "b", "5")
    assert caught.value.hint == "they count from 0 to 1"


def test_python_calls_are_checked_too():
    steps = np.array([[0.3, -0.5], [1.0, 0.2]])
    assert losscli.losses.ordinal_bce(steps, [2, 0]).shape == (2,)
    with pytest.raises(DataError, match="'target' of 'ordinal_bce': row 2 is 3, and the last number is 2") as caught:
        losscli.losses.ordinal_bce(steps, [2, 3])
    assert caught.value.row == 2
    with pytest.raises(DataError, match="row 1 is 3, and the last number is 2"):
        losscli.losses.cumulative_link_nll([0.1], [3], thresholds=(0.0, 1.0))
    with pytest.raises(DataError, match="row 1 is 2, and the last number is 1"):
        losscli.losses.logistic_hazard_nll(steps[:1], [2], [1])


def test_the_row_is_that_of_the_file_in_any_chunk(monkeypatch, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("s1,s2,y\n" + "0.1,0.2,2\n" * 50 + "0.1,0.2,7\n" + "0.1,0.2,9\n" * 3)
    for rows in ("3", "1000"):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", rows)
        for run in (losscli.evaluate, losscli.row_values):
            with pytest.raises(DataError) as caught:
                run(str(path), "ordinal_bce", target="y", pred="s*")
            assert (caught.value.row, caught.value.line, caught.value.value) == (51, 52, "7")

"""What Python callers hand in: Series with indexes, arrays of other libraries, and plain mistakes."""

from __future__ import annotations

import traceback

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import losscli

Y, P = [1.0, 2.0, 4.0], [2.0, 2.0, 1.0]


def mae(data, **settings):
    return losscli.evaluate(data, "mae", target="y", pred="p", **settings)[0].value


class Tensor:
    """As torch: NumPy is refused while a gradient is wanted, and knows no bfloat16."""

    def __init__(self, values, requires_grad=True, dtype="torch.float64"):
        self.values, self.requires_grad, self.dtype = np.asarray(values), requires_grad, dtype

    def detach(self):
        return Tensor(self.values, False, self.dtype)

    def cpu(self):
        return self

    def float(self):
        return Tensor(self.values.astype(np.float32), self.requires_grad, "torch.float32")

    def __array__(self, dtype=None, copy=None):
        if self.requires_grad or self.dtype.endswith("bfloat16"):
            raise RuntimeError("Can't call numpy() on Tensor that requires grad")
        return self.values.astype(dtype or self.values.dtype)

    def __len__(self):
        return len(self.values)


class Stream:
    """As a polars Series or frame: only an Arrow stream."""

    def __init__(self, held):
        self.held = held

    def __arrow_c_stream__(self, requested_schema=None):
        return self.held.__arrow_c_stream__(requested_schema)


class Lazy:
    def __init__(self, held):
        self.held = held

    def collect_schema(self):
        raise AssertionError("not asked for")

    def collect(self):
        return Stream(self.held)


@pytest.mark.parametrize("dtype", ["torch.float64", "torch.bfloat16"])
def test_tensors(dtype):
    pred = Tensor(P, dtype=dtype)
    assert mae({"y": Y, "p": pred}) == 4 / 3
    assert losscli.losses.mae(pred, Tensor(Y)).tolist() == [1.0, 0.0, 3.0]


def test_arrow_streams_and_lazy_frames():
    table = pa.table({"y": Y, "p": P})
    assert mae(Stream(table)) == mae(Lazy(table)) == 4 / 3
    assert mae({"y": Stream(pa.chunked_array([Y[:1], Y[1:]])), "p": P}) == 4 / 3


def test_series_with_different_indexes_are_refused():
    y, p = pd.Series(Y, index=[0, 1, 2]), pd.Series(P, index=[2, 1, 0])
    for call in (lambda: mae({"y": y, "p": p}), lambda: losscli.losses.mae(p, y)):
        with pytest.raises(losscli.LosscliError, match="have different indexes") as caught:
            call()
        assert "one DataFrame" in caught.value.hint
    assert mae({"y": y, "p": p.to_numpy()}) == mae(pd.DataFrame({"y": y, "p": p.sort_index()[::-1].to_numpy()}))
    same = pd.Series(P, index=[0, 1, 2])
    assert mae({"y": y, "p": same}) == 4 / 3
    assert losscli.losses.mae(same, y).tolist() == [1.0, 0.0, 3.0]


@pytest.mark.parametrize("losses", [np.array(P), pd.Series(P), P, Tensor(P)])
def test_two_arrays_are_no_table_and_losses(losses):
    with pytest.raises(losscli.LosscliError, match="losses are named by texts") as caught:
        losscli.evaluate(np.array(Y), losses)
    assert "evaluate({'y': target" in caught.value.hint


def test_categories_of_intervals_make_slices_beside_times():
    when = np.array(["2024-01-01", "2024-01-02", "2024-01-01"], "datetime64[ns]")
    data = {"y": Y, "p": P, "g": pd.cut(pd.Series(Y), [0, 1, 3, 5]), "h": pd.cut(Y, [0, 3, 5]), "t": when}
    found = losscli.evaluate(data, "mae", target="y", pred="p", by="g")
    assert [(r.by.get("g"), r.value) for r in found][1:] == [("(0, 1]", 1.0), ("(1, 3]", 0.0), ("(3, 5]", 3.0)]
    assert len(losscli.evaluate(data, "mae", target="y", pred="p", by="h")) == 3
    assert len(losscli.evaluate(pd.DataFrame(data), "mae", target="y", pred="p", by="g")) == 4


def test_a_traceback_shows_the_hint():
    with pytest.raises(losscli.LosscliError) as caught:
        losscli.evaluate({"y": Y, "p": P}, "mea")
    assert str(caught.value) == f"{caught.value.message}\nhint: {caught.value.hint}"
    assert f"hint: {caught.value.hint}" in "".join(traceback.format_exception(caught.value))

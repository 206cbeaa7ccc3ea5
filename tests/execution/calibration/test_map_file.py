"""Maps are written with every digit, read strictly, and applied to the same kind of predictions only."""

from __future__ import annotations

import json

import numpy as np
import pytest

from losscli.errors import DataError
from losscli.execution.calibration.map_file import fitted, read_map
from losscli.execution.calibration.maps import Domain
from losscli.report.calibration import map_text
from losscli.results.calibration import MapResult

CLASSES = MapResult("vector", "logits -> scale * logits + bias", "softmax", ("pred",), ("cat", "dog"), "cross_entropy",
                    {"scale[cat]": 0.1 + 0.2, "scale[dog]": 2.0, "bias[cat]": -1e-17, "bias[dog]": 3.0}, [],
                    7)  # fmt: skip
KNOTS = MapResult("isotonic", "x -> …", "identity", ("pred",), ("p",), "mse", {}, [(0.25, 0.0), (0.75, 0.25)], 9)


def written(tmp_path, found):
    path = tmp_path / "map.json"
    path.write_text(map_text(found), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("found", [CLASSES, KNOTS])
def test_a_map_comes_back_as_it_was(tmp_path, found):
    assert read_map(written(tmp_path, found)) == found


def test_parameters_follow_the_names_of_the_classes(tmp_path):
    found = read_map(written(tmp_path, CLASSES))
    _, w = fitted(found, Domain(("pred",), "softmax", ("dog", "cat")), "map.json")
    assert w.tolist() == [2.0, 0.1 + 0.2, 3.0, -1e-17]
    chosen, knots = fitted(KNOTS, Domain(("pred",), "identity", ("other",)), "map.json")
    np.testing.assert_array_equal(chosen.values(np.array([[0.0], [0.5], [9.0]]), knots)[:, 0], [0, 0.125, 0.25])


@pytest.mark.parametrize(
    ("domain", "says"),
    [
        (Domain(("pred",), "logit", ("cat", "dog")), "of class probabilities (pred, 2 a row), and these are logits"),
        (Domain(("pred",), "softmax", ("cat", "dog", "cow")), "these are class probabilities (pred, 3 a row)"),
        (Domain(("pred",), "softmax", ("cat", "cow")), "the map has 'dog'"),
    ],
)
def test_other_predictions_are_refused(domain, says):
    with pytest.raises(DataError) as caught:
        fitted(CLASSES, domain, "map.json")
    assert says in caught.value.message
    assert caught.value.code == "DATA_NOT_COMPARABLE"


def spoiled(**changes):
    return lambda document: document.update(changes)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d: d.pop("rows"), "the map has no 'rows'"),
        (spoiled(more=1), "'more' is unknown"),
        (spoiled(schema="losscli.report/1"), "its schema is 'losscli.report/1'"),
        (spoiled(method="magic"), "the method 'magic' is unknown"),
        (spoiled(method="affine"), "does not suit"),
        (spoiled(link="probit"), "does not suit"),
        (spoiled(rows=True), "'rows' is not a count"),
        (spoiled(rows=-1), "'rows' is not a count"),
        (spoiled(loss=None), "'loss' is not text"),
        (spoiled(labels=[]), "'labels' is not a list of texts"),
        (spoiled(roles="pred"), "'roles' is not a list of texts"),
        (spoiled(knots=[[0, 1]]), "its parameters are not those"),
        (spoiled(knots={}), "'knots' is not a list"),
        (lambda d: d["parameters"].pop("bias[dog]"), "its parameters are not those"),
        (lambda d: d["parameters"].update({"bias[dog]": "3"}), "parameter 'bias[dog]' is not a number"),
        (lambda d: d["parameters"].update({"bias[dog]": True}), "parameter 'bias[dog]' is not a number"),
        (lambda d: d["parameters"].update({"bias[dog]": 10**400}), "parameter 'bias[dog]' is not a number"),
    ],
)
def test_what_is_no_map_is_refused(tmp_path, spoil, says):
    document = json.loads(map_text(CLASSES))
    spoil(document)
    path = tmp_path / "map.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DataError, match=r"not a losscli\.map/1") as caught:
        read_map(str(path))
    assert says in caught.value.message
    assert (caught.value.code, caught.value.path) == ("DATA_BAD_REPORT", str(path))


@pytest.mark.parametrize(
    ("knots", "says"),
    [([[0.1, 1], [0.1, 2]], "do not rise"), ([[0.1, 2], [0.2, 1]], "do not rise"), ([[0.1]], "not a pair")],
)
def test_knots_must_rise(tmp_path, knots, says):
    path = tmp_path / "map.json"
    path.write_text(json.dumps({**json.loads(map_text(KNOTS)), "knots": knots}), encoding="utf-8")
    with pytest.raises(DataError, match=says):
        read_map(str(path))


def test_a_temperature_is_above_0(tmp_path):
    found = MapResult("temperature", "", "logit", ("pred",), ("z",), "bce_with_logits", {"temperature": 0.0}, [], 3)
    with pytest.raises(DataError, match="'temperature' is not above 0"):
        read_map(written(tmp_path, found))


@pytest.mark.parametrize("text", ['{"schema": "losscli.map/1", "schema": "losscli.map/1"}', "[1]", '{"a": NaN}', "{"])
def test_strict_json(tmp_path, text):
    path = tmp_path / "map.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="not a "):
        read_map(str(path))

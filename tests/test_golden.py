"""Numbers that others printed: value and gradient of every case in golden/*.csv, through the whole product.

Where a peer computes in float64 the numbers agree to 1e-12; `tests/golden/README.md` tells how they were made.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import LOSSES
from files import table

import losscli
from losscli.spec import parse, parse_loss

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.csv"))


def cases():
    return list(_cases())


def _cases():
    for path in GOLDEN:
        with path.open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                yield pytest.param(row, id=f"{path.stem}:{number}:{row['spec']}")


def arrays(spec, inputs):
    """The inputs as columns: classes stay ints or text, domains text, numbers become float64."""
    loss = spec.parts[0][1].loss
    found = {}
    for role, values in inputs.items():
        array = np.asarray(values)
        kinds = loss.roles[role].kinds
        if array.dtype.kind in "US":
            labels = dict(kinds[0].labels)
            array = np.array([labels[v] for v in values]) if labels else array
        elif array.ndim > 1 or not any(k.shape == "class" for k in kinds):
            array = array.astype(float)
        found[role] = array
    return loss, found


@pytest.mark.parametrize("row", cases())
def test_value_and_gradient(row):
    spec = parse(row["spec"])
    loss, columns = arrays(spec, json.loads(row["inputs"]))
    data, settings = table(loss, columns)
    if row["weights"]:
        data["w"] = np.asarray(json.loads(row["weights"]), float)
        settings["weight"] = "w"
    data = data or None
    want = float(row["value"])
    got = losscli.evaluate(data, row["spec"], **settings)[0].value
    assert got == pytest.approx(want, rel=1e-12, abs=1e-300), row["source"]
    for role, slopes in json.loads(row["gradient"] or "{}").items():
        found = losscli.gradient(data, row["spec"], wrt=role, **settings)
        slopes = np.asarray(slopes, float)
        flat = slopes.reshape(len(slopes), -1)
        names = list(found)[1:]
        got_slopes = np.stack([found[name] for name in names], axis=1)
        np.testing.assert_allclose(
            got_slopes, flat, rtol=1e-11, atol=1e-12 * np.abs(flat).max() + 1e-300, err_msg=row["source"]
        )


def covered():
    rows = [c.values[0] for c in cases()]
    return rows, {parse(row["spec"]).parts[0][1].loss.name for row in rows}


def test_every_loss_has_an_outside_number():
    assert {loss.name for loss in LOSSES} == covered()[1]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_every_dialect_has_a_number_that_its_peer_printed(loss):
    rows, _ = covered()
    for peer, text in loss.same_as.items():
        wanted = parse_loss(f"{loss.name}@{peer}")
        assert any(
            parse(row["spec"]).parts[0][1] == wanted and named(peer, row["source"]) for row in rows
        ), f"{loss.name}@{peer} ({text or 'defaults'}) has no golden number"


def named(peer, source):
    """Whether a source names the peer's package."""
    names = {"sklearn": ("scikit-learn", "sklearn"), "pml": ("pytorch-metric-learning",)}.get(peer, (peer,))
    return any(name in source.lower().replace("_", "-") for name in names)

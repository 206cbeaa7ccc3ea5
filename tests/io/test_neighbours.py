"""A row's bits do not depend on its neighbours: many classes, hard and soft targets mixed, cut to single rows."""

from __future__ import annotations

import conftest
import numpy as np
import pytest
from conftest import LOSSES, choices, draw, variations

from losscli.contract.loss import as_terms

ROWS = 67
CASES = [pytest.param(loss, choice, id=f"{loss.name}-{''.join(map(str, choice))}")
         for loss in LOSSES if loss.scope == "row" and loss.source_roles for choice in choices(loss)]  # fmt: skip


@pytest.mark.parametrize("classes", [1, 37])
@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_same_bits_alone_and_among_others(loss, choice, classes, monkeypatch):
    monkeypatch.setattr(conftest, "CLASSES", classes)
    matrices = {role.name for role in loss.roles.values() if role.kinds[0].shape == "matrix"}
    for params in map(loss.settle, variations(loss)):
        rng = np.random.default_rng(17)
        columns = draw(loss, ROWS, rng, choice=choice, params=params)
        for role, which in zip(loss.roles.values(), choice, strict=True):
            if role.kinds[which].name == "SoftBinary":
                hard = rng.uniform(size=ROWS) < 0.6
                columns[role.name][hard] = np.round(columns[role.name][hard])
        with np.errstate(all="ignore"):
            whole = as_terms(loss.kernel(*columns.values(), **params))
            alone = [
                as_terms(
                    loss.kernel(*(c if r in matrices else c[i : i + 1].copy() for r, c in columns.items()), **params)
                )
                for i in range(ROWS)
            ]
        for name, term in whole.items():
            got = np.concatenate([part[name].values for part in alone])
            assert got.tobytes() == term.values.tobytes(), f"{name} with {params}"

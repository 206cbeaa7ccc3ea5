r"""Runs each library preset against its library, on random inputs and at the edges of what it takes.

    peers/bin/python tests/golden/presets.py            # writes libraries/presets.csv; see make.py for the environment
    peers/bin/python tests/golden/presets.py fair mse@keras   # the rows of a loss, or of one preset; others stay
    peers/bin/python tests/golden/presets.py 200 > many.csv
    python tests/golden/preset_table.py many.csv        # compares that file with losscli

With a number, each preset is asked on so many random tables beside the edges, and the rows go to standard output.
losscli is not imported here. `preset_table.py` compares, for the documentation and for the tests.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedding  # noqa: F401  it names `arcface` in calls
import numpy as np
import proxies  # noqa: F401  it names `proxies` in calls
import ranking
import trainers  # noqa: F401  it names the losses of TRL in calls
from peers import Case, Inputs, by_catboost, by_jax, by_lightgbm, by_numpy, by_torch, by_xgboost

COLUMNS = ["spec", "kind", "source", "inputs", "weights", "value", "gradient"]
SEEDS = 2
ROWS = 6
Tables = Iterator[tuple[str, Inputs]]
Maker = Callable[[np.random.Generator], Inputs]


@dataclass(frozen=True)
class Asked:
    """One preset: how its library is asked, without weights and with them, and the tables on which."""

    spec: str
    ask: Callable[..., Case]
    call: str
    random: Maker
    edges: dict[str, Inputs]
    weighted: str | None = None
    by: str | None = "pred"


def _rounded(values: Any, digits: int = 4) -> list[Any]:
    return np.round(values, digits).tolist()


# -- random tables -----------------------------------------------------------------------------------------------------


def reals(rng: np.random.Generator) -> Inputs:
    scale = 10.0 ** rng.integers(-3, 4)
    return {side: _rounded(rng.normal(0, scale, ROWS), 6) for side in ("pred", "target")}


def fractions(rng: np.random.Generator) -> Inputs:
    """What single precision holds exactly."""
    return {side: (rng.integers(-2000, 2000, ROWS) / 64).tolist() for side in ("pred", "target")}


def positive(rng: np.random.Generator) -> Inputs:
    return {side: _rounded(rng.gamma(2, 3, ROWS) + 0.01) for side in ("pred", "target")}


def eighths(rng: np.random.Generator) -> Inputs:
    """Numbers above 0 that single precision holds exactly."""
    return {side: (rng.integers(1, 200, ROWS) / 8).tolist() for side in ("pred", "target")}


def counts(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(rng.gamma(2, 2, ROWS) + 0.01), "target": rng.poisson(3, ROWS).astype(float).tolist()}


def log_counts(rng: np.random.Generator) -> Inputs:
    return {"pred": (rng.integers(-192, 192, ROWS) / 64).tolist(), "target": counts(rng)["target"]}


def normal(rng: np.random.Generator) -> Inputs:
    return reals(rng) | {"variance": _rounded(rng.gamma(2, 2, ROWS) + 0.01)}


def spread(rng: np.random.Generator) -> Inputs:
    return reals(rng) | {"scale": _rounded(rng.gamma(2, 2, ROWS) + 0.01)}


def logarithms(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(rng.normal(0, 1, ROWS)), "target": _rounded(rng.gamma(2, 1, ROWS) + 0.01),
            "scale": _rounded(rng.gamma(2, 0.4, ROWS) + 0.1)}  # fmt: skip


def members(rng: np.random.Generator) -> Inputs:
    """Four numbers a row: of an ensemble, or quantiles that may cross."""
    return {"pred": _rounded(rng.normal(0, 3, (ROWS, 4))), "target": _rounded(rng.normal(0, 3, ROWS))}


def member_vectors(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(rng.normal(0, 3, (ROWS, 5, 3))), "target": _rounded(rng.normal(0, 3, (ROWS, 3)))}


def ends(rng: np.random.Generator) -> Inputs:
    lower = np.round(rng.normal(0, 2, ROWS), 4)
    upper = np.round(lower + rng.gamma(2, 1, ROWS) + 0.01, 4)
    return {"lower": lower.tolist(), "upper": upper.tolist(), "target": _rounded(rng.normal(0, 2, ROWS))}


def components(rng: np.random.Generator) -> Inputs:
    mix = np.round(rng.dirichlet([2.0] * 3, ROWS), 4)
    mix[:, -1] = 1 - mix[:, :-1].sum(axis=1)
    found = {"pred": rng.normal(0, 3, (ROWS, 3)), "target": rng.normal(0, 3, ROWS),
             "scale": rng.gamma(2, 1, (ROWS, 3)) + 0.1}  # fmt: skip
    return {role: _rounded(values) for role, values in found.items()} | {"mix": mix.tolist()}


def hard(rng: np.random.Generator) -> list[float]:
    """Zeros and ones, both of them."""
    return rng.permutation([0.0, 1.0, *rng.integers(0, 2, ROWS - 2).astype(float)]).tolist()


def probs(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(rng.beta(0.5, 0.5, ROWS).clip(1e-6, 1 - 1e-6), 7), "target": hard(rng)}


def soft_probs(rng: np.random.Generator) -> Inputs:
    return probs(rng) | {"target": _rounded(rng.uniform(0, 1, ROWS))}


def logits(rng: np.random.Generator) -> Inputs:
    return {"pred": (rng.integers(-640, 640, ROWS) / 64).tolist(), "target": hard(rng)}


def signs(rng: np.random.Generator) -> Inputs:
    target = [2 * y - 1 for y in hard(rng)]
    return {"pred": (rng.integers(-192, 192, ROWS) / 64).tolist(), "target": target}


def ranked(rng: np.random.Generator) -> Inputs:
    one, two = signs(rng), signs(rng)
    return {"first": one["pred"], "second": two["pred"], "target": two["target"]}


def graded(rng: np.random.Generator) -> Inputs:
    """Scores without ties, and grades."""
    return hits(rng) | {"target": rng.permutation([0.0, 1.0, 2.0, *rng.integers(0, 4, ROWS - 3)]).tolist()}


def hits(rng: np.random.Generator) -> Inputs:
    """Scores without ties, and which rows are relevant."""
    return {"pred": rng.permutation(np.arange(-3, ROWS - 3) / 4).tolist(), "target": hard(rng)}


def many_hits(rng: np.random.Generator) -> Inputs:
    """As `hits`, twice as many."""
    return {"pred": rng.permutation(np.arange(-6, 6) / 4).tolist(), "target": hard(rng) + hard(rng)}


def high_hits(rng: np.random.Generator) -> Inputs:
    """As `hits`, with scores above 0."""
    found = hits(rng)
    return found | {"pred": [score + 1 for score in found["pred"]]}


def amounts(rng: np.random.Generator) -> Inputs:
    return {side: _rounded(rng.gamma(2, 1, (ROWS, 3)) + 0.01) for side in ("pred", "target")}


def distances(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(rng.gamma(2, 1, ROWS)), "target": signs(rng)["target"]}


def _classes(rng: np.random.Generator, classes: int = 3) -> list[int]:
    return [*range(classes), *rng.integers(0, classes, ROWS - classes).tolist()]


def class_probs(rng: np.random.Generator) -> Inputs:
    raw = np.round(rng.dirichlet([0.7] * 3, ROWS).clip(1e-4), 5)
    raw[:, -1] = 1 - raw[:, :-1].sum(axis=1)
    return {"pred": raw.tolist(), "target": _classes(rng)}


def many_class_probs(rng: np.random.Generator) -> Inputs:
    """Of eight classes, without ties."""
    rows = np.stack([rng.permutation([1, 2, 3, 4, 5, 6, 7, 36]) for _ in range(8)]) / 64
    return {"pred": rows.tolist(), "target": rng.integers(0, 8, 8).tolist()}


def class_logits(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(rng.normal(0, 4, (ROWS, 3))), "target": _classes(rng)}


def distributions(rng: np.random.Generator) -> Inputs:
    return {"pred": class_probs(rng)["pred"], "target": class_probs(rng)["pred"]}


def with_baseline(rng: np.random.Generator) -> Inputs:
    return reals(rng) | {"baseline": reals(rng)["pred"]}


def class_logs(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(-rng.gamma(2, 1, (ROWS, 3))), "target": _classes(rng)}


def label_logits(rng: np.random.Generator) -> Inputs:
    logits = (rng.integers(-8, 8, (ROWS, 3)) / 4).tolist()  # with ties
    return {"pred": logits, "target": rng.integers(0, 2, (ROWS, 3)).astype(float).tolist()}


def _vectors(rng: np.random.Generator) -> list[Any]:
    return _rounded(rng.normal(0, 1, (ROWS, 3)))


def triplets(rng: np.random.Generator) -> Inputs:
    return {role: _vectors(rng) for role in ("anchor", "positive", "negative")}


def pairs(rng: np.random.Generator) -> Inputs:
    return {role: _vectors(rng) for role in ("anchor", "positive")}


def negatives(rng: np.random.Generator) -> Inputs:
    return pairs(rng) | {"negatives": _rounded(rng.normal(0, 1, (ROWS, 2, 3)))}


def alike(rng: np.random.Generator) -> Inputs:
    return {role: _vectors(rng) for role in ("first", "second")} | {"target": hard(rng)}


def leads(rng: np.random.Generator) -> Inputs:
    return triplets(rng) | {"target": _rounded(rng.normal(0, 2, ROWS))}


def two_vectors(rng: np.random.Generator) -> Inputs:
    return {role: _vectors(rng) for role in ("pred", "target")}


def masks(rng: np.random.Generator) -> Inputs:
    target = rng.permuted([[0.0, 0.0, 0.0, 1.0, 1.0]] * ROWS, axis=1)
    return {"pred": _rounded(rng.uniform(0, 1, (ROWS, 5))), "target": target.tolist()}


def labelled(rng: np.random.Generator) -> Inputs:
    return {"embedding": _vectors(rng), "target": _classes(rng)}


def prototypes(rng: np.random.Generator) -> Inputs:
    return labelled(rng) | {"prototypes": _vectors(rng)[:3]}


def params(rng: np.random.Generator) -> Inputs:
    return {"params": _vectors(rng)}


def answers(rng: np.random.Generator) -> Inputs:
    """Log-probabilities of two answers, by a policy and by its reference."""
    roles = ("chosen", "rejected", "ref_chosen", "ref_rejected")
    return {role: _rounded(-rng.gamma(4, 5, ROWS)) for role in roles}


def two_answers(rng: np.random.Generator) -> Inputs:
    return {role: _rounded(-rng.gamma(2, 1, ROWS)) for role in ("chosen", "rejected")}


def rewards(rng: np.random.Generator) -> Inputs:
    return {role: _rounded(rng.normal(0, 3, ROWS)) for role in ("chosen", "rejected")}


def single_answers(rng: np.random.Generator) -> Inputs:
    return {
        "logprob": _rounded(-rng.gamma(4, 5, ROWS)), "ref_logprob": _rounded(-rng.gamma(4, 5, ROWS)),
        "desirable": hard(rng), "kl": _rounded(rng.normal(1, 2, ROWS)),
    }  # fmt: skip


def actions(rng: np.random.Generator) -> Inputs:
    return {
        "logprob": _rounded(-rng.gamma(2, 0.4, ROWS)), "old_logprob": _rounded(-rng.gamma(2, 0.4, ROWS)),
        "advantage": _rounded(rng.normal(0, 1, ROWS)),
    }  # fmt: skip


def token_logs(rng: np.random.Generator) -> Inputs:
    return {"logprob": _rounded(-rng.gamma(2, 1, ROWS))}


def text_logs(rng: np.random.Generator) -> Inputs:
    return {"logprob": _rounded(-rng.gamma(9, 8, ROWS)), "bytes": rng.integers(5, 400, ROWS).astype(float).tolist()}


def binned(rng: np.random.Generator) -> Inputs:
    """Logits of four bins of time."""
    return {"pred": _rounded(rng.normal(0, 2, (ROWS, 4))), "bin": rng.integers(0, 4, ROWS).astype(float).tolist(),
            "event": hard(rng)}  # fmt: skip


def naive(rng: np.random.Generator) -> Inputs:
    return reals(rng) | {"scale": _rounded(rng.gamma(2, 2, ROWS) + 0.01)}


def naive_ends(rng: np.random.Generator) -> Inputs:
    return ends(rng) | {"scale": naive(rng)["scale"]}


def told_pairs(rng: np.random.Generator) -> Inputs:
    return pairs(rng) | {"target": rng.permutation([0.1, 0.35, 0.35, 0.6, 0.85, 1.0]).tolist()}


def eighth_counts(rng: np.random.Generator) -> Inputs:
    return {"pred": eighths(rng)["pred"], "target": counts(rng)["target"]}


def lifetimes(rng: np.random.Generator) -> Inputs:
    """Logarithms of times or of risks, and times without ties."""
    return {"pred": (rng.integers(-96, 96, ROWS) / 64).tolist(), "event": hard(rng),
            "time": (rng.permutation(np.arange(1, 60))[:ROWS] / 4).tolist()}  # fmt: skip


def normal_logs(rng: np.random.Generator) -> Inputs:
    return fractions(rng) | {"log_variance": (rng.integers(-96, 96, ROWS) / 64).tolist()}


def inner_probs(rng: np.random.Generator) -> Inputs:
    """As `eight_probs`, twice as many and none that is certain."""
    one, two = eight_probs(rng), eight_probs(rng)
    pred, target = (one[side] + two[side] for side in ("pred", "target"))
    return {"pred": np.clip(pred, 1 / 64, 63 / 64).tolist(), "target": target}


def soft_logit_vectors(rng: np.random.Generator) -> Inputs:
    return class_logits(rng) | {"target": class_probs(rng)["pred"]}


# -- edges -------------------------------------------------------------------------------------------------------------

ALIKE: dict[str, Inputs] = {
    "equal members": {"pred": [[1.0, 1.0, 2.0, 2.0], [0.5] * 4], "target": [1.0, 0.5]},
    "outside": {"pred": [[1.0, 1.5, 2.0, 3.0], [-1.0, 0.0, 0.25, 1.0]], "target": [-4.0, 9.0]},
}
TOUCHED: dict[str, Inputs] = {
    "ends": {"lower": [0.0, 1.0, 2.0], "upper": [1.0, 2.0, 2.0], "target": [0.0, 2.0, 2.0]},
}
NUMBERS: dict[str, Inputs] = {
    "equal": {"pred": [0.0, 1.5, -2.25], "target": [0.0, 1.5, -2.25]},
    "near": {"pred": [1.0, 2.0, -3.0], "target": [1.0000001, 2.0, -3.0000002]},
    "tiny": {"pred": [1e-8, -3e-9, 0.0], "target": [2e-8, 0.0, 1e-300]},
    "large": {"pred": [3e8, -1e10, 2.0], "target": [-2e8, 1e10, 1.0]},
    "a kink": {"pred": [2.0, 0.0, 1.9, 0.5], "target": [1.0, 1.0, 1.0, 1.0]},
    "one row": {"pred": [2.5], "target": [1.0]},
}
OUTPUTS: dict[str, Inputs] = {
    "several outputs": {
        "pred": [[0.31, 2.2], [1.74, -0.83], [-2.61, 4.09]], "target": [[0.57, 1.43], [-1.21, -0.38], [-2.14, 7.66]],
    }
}  # fmt: skip
COARSE: dict[str, Inputs] = {
    "equal": {"pred": [0.0, 1.5, -2.25], "target": [0.0, 1.5, -2.25]},
    "a kink": {"pred": [2.0, 0.0, 1.875, 0.5], "target": [1.0, 1.0, 1.0, 1.0]},
}
COARSE_POSITIVE: dict[str, Inputs] = {"equal": {"pred": [1.5, 2.25, 3.0], "target": [1.5, 2.25, 3.0]}}
RANKS: dict[str, Inputs] = {
    "ties": {"pred": [1.0, 1.0, 2.0, 0.5, 2.0], "target": [2.0, 1.0, 1.0, 0.0, 4.0]},
}
ZEROS: dict[str, Inputs] = {
    "targets of 0": {"pred": [1.0, 3.0, 0.0], "target": [0.0, 2.0, 0.0]},
    "all targets 0": {"pred": [1.0, 3.0], "target": [0.0, 0.0]},
    "targets near 0": {"pred": [2e-8, 1.0, -1e-9], "target": [1e-8, 1.0, 1e-17]},
    "targets at a floor": {"pred": [1.0, 1.0, 1.0, 1.0], "target": [1.17e-6, -1e-7, 2.220446049250313e-16, 1e-300]},
    "all near 0": {"pred": [2e-8, 0.0, -1e-9], "target": [1e-8, 0.0, 1e-17]},
}
LOGS: dict[str, Inputs] = {
    "below 0": {"pred": [-0.5, 1.0, 3.0], "target": [-0.25, 1.0, 3.0]},
    "near -1": {"pred": [-0.999999, 1.0], "target": [-0.5, 1.0]},
    "at and below -1": {"pred": [-1.0, -2.5, 3.0], "target": [1.0, 2.0, 3.0]},
    "targets below -1": {"pred": [1.0, 2.0], "target": [-1.5, 2.0]},
    "at a floor": {"pred": [1e-7, 1e-8, 0.0, 2e-7], "target": [0.5, 0.5, 0.0, 1e-7]},
}
PROBS: dict[str, Inputs] = {
    "wrong and certain": {"pred": [0.0, 0.5, 0.25], "target": [1.0, 0.0, 1.0]},
    "certain of class 1": {"pred": [1.0, 0.5, 0.25], "target": [0.0, 0.0, 1.0]},
    "right and certain": {"pred": [1.0, 0.0, 0.25], "target": [1.0, 0.0, 1.0]},
    "near a clip": {"pred": [1e-7, 1e-8, 2e-7, 1e-15, 1e-17, 1e-300], "target": [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]},
    "one class": {"pred": [0.75, 0.5, 0.25], "target": [1.0, 1.0, 1.0]},
    "outside of [0, 1]": {"pred": [1.25, 0.5, -0.25], "target": [1.0, 0.0, 0.0]},
}
SOFT: dict[str, Inputs] = {
    "soft targets": {"pred": [0.9, 0.2, 0.35], "target": [0.85, 0.25, 0.5]},
    "soft and certain": {"pred": [1.0, 0.0, 0.35], "target": [0.85, 0.25, 0.5]},
}
LOGITS: dict[str, Inputs] = {
    "large": {"pred": [40.25, -39.5, 750.0, -801.5, 0.125], "target": [0.0, 1.0, 0.0, 1.0, 1.0]},
    "zeros": {"pred": [0.0, 0.0], "target": [0.0, 1.0]},
    "one class": {"pred": [1.5, -0.5], "target": [1.0, 1.0]},
}
SOFT_LOGITS: dict[str, Inputs] = {"soft targets": {"pred": [2.5, -1.75, 0.5], "target": [0.875, 0.25, 0.5]}}
SIGNS: dict[str, Inputs] = {
    "at the margin": {"pred": [1.0, -1.0, 0.0], "target": [1.0, -1.0, 1.0]},
    "one class": {"pred": [0.5, -0.5], "target": [1.0, 1.0]},
    "targets of 0 and 1": {"pred": [0.5, -0.5], "target": [1.0, 0.0]},
}
APART: dict[str, Inputs] = {
    "at the margin": {"pred": [1.0, 0.0, 1.0, 0.0], "target": [-1.0, -1.0, 1.0, 1.0]},
}
VECTORS: dict[str, Inputs] = {
    "certain": {"pred": [[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.25, 0.75, 0.0]], "target": [0, 0, 1]},
    "near a clip": {"pred": [[1e-8, 1 - 1e-8, 0.0], [1e-17, 0.5, 0.5], [1e-7, 0.5, 0.4999999]], "target": [0, 0, 0]},
    "sums other than 1": {"pred": [[0.2, 0.2, 0.1], [1.0, 2.0, 1.0], [0.2, 0.5, 0.3]], "target": [0, 1, 2]},
    "two classes": {"pred": [[0.25, 0.75], [0.5, 0.5], [0.875, 0.125]], "target": [0, 1, 0]},
    "a row of zeros": {"pred": [[0.0, 0.0, 0.0], [0.5, 0.25, 0.25]], "target": [0, 1]},
}
CERTAIN: dict[str, Inputs] = {
    "certain": {"pred": [0.0, 1.0, 1.0, 0.0], "target": [0.0, 1.0, 0.0, 0.0]},
    "in one bin": {"pred": [0.41, 0.42, 0.43], "target": [0.0, 1.0, 0.0]},
}
NO_LABELS: dict[str, Inputs] = {
    "no labels": {"pred": [[0.2, 0.6, 0.1], [0.1, 0.2, 0.3]], "target": [[0, 1, 0], [0, 0, 0]]},
}
DECIDED: dict[str, Inputs] = {
    "a class that is never said": {"pred": [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.4, 0.35, 0.25]], "target": [0, 1, 2]},
    "a class without rows": {"pred": [[0.6, 0.3, 0.1], [0.2, 0.3, 0.5], [0.4, 0.35, 0.25]], "target": [0, 1, 1]},
    "all wrong": {"pred": [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.35, 0.55]], "target": [1, 2, 0]},
}
SOFT_VECTORS: dict[str, Inputs] = {
    "distributions": {"pred": [[0.25, 0.5, 0.25], [0.1, 0.2, 0.7]], "target": [[0.5, 0.25, 0.25], [0.0, 0.1, 0.9]]},
    "distributions, and certain": {"pred": [[1.0, 0.0, 0.0]], "target": [[0.5, 0.5, 0.0]]},
}
LOGIT_VECTORS: dict[str, Inputs] = {
    "large": {"pred": [[800.0, 0.0, -800.0], [40.0, -40.0, 0.0], [0.0, 0.0, 0.0]], "target": [1, 0, 2]},
}
SOFT_LOGIT_VECTORS: dict[str, Inputs] = {
    "distributions": {"pred": [[2.0, -1.0, 0.5], [0.0, 3.0, 1.0]], "target": [[0.5, 0.25, 0.25], [0.0, 0.1, 0.9]]},
}
LOG_VECTORS: dict[str, Inputs] = {
    "any log-probabilities": {"pred": [[-800.0, 0.0, -1e-9], [-40.0, -3.0, 0.0]], "target": [0, 2]},
}
LABEL_SETS: dict[str, Inputs] = {
    "all and none": {"pred": [[0.5, -1.0], [2.0, 1.5], [0.25, 0.75]], "target": [[1.0, 1.0], [0.0, 0.0], [1.0, 0.0]]},
    "large": {"pred": [[800.0, -800.0], [40.0, -40.0]], "target": [[0.0, 1.0], [1.0, 0.0]]},
}
SIDES: dict[str, Inputs] = {
    "a class of 0": {"pred": [[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]], "target": [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]]},
    "a class that is impossible": {"pred": [[0.5, 0.5, 0.0]], "target": [[0.5, 0.25, 0.25]]},
    "sums other than 1": {"pred": [[0.2, 0.2, 0.1], [1.0, 2.0, 1.0]], "target": [[2.0, 1.0, 1.0], [0.1, 0.1, 0.2]]},
    "equal": {"pred": [[0.2, 0.3, 0.5]], "target": [[0.2, 0.3, 0.5]]},
}
SPREADS: dict[str, Inputs] = {
    "variance 0": {"pred": [1.0, 1.0], "target": [2.0, 1.0], "variance": [0.0, 0.0]},
    "variance below eps": {"pred": [1.0, 1.0], "target": [1.001, 1.0], "variance": [1e-7, 1e-6]},
    "negative variance": {"pred": [1.0], "target": [2.0], "variance": [-1.0]},
}
DEVIANCES: dict[str, Inputs] = {
    "equal": {"pred": [1.5, 2.25, 3.0], "target": [1.5, 2.25, 3.0]},
    "targets of 0": {"pred": [0.5, 1.5], "target": [0.0, 2.0]},
    "predictions of 0": {"pred": [0.0, 1.5], "target": [1.0, 2.0]},
    "negative targets": {"pred": [0.5, 1.5], "target": [-1.0, 2.0]},
}
RATES: dict[str, Inputs] = {
    "rates of 0": {"pred": [0.0, 0.0, 1.0], "target": [0.0, 2.0, 1.0]},
    "small rates": {"pred": [1e-9, 1e-7, 1e-300], "target": [1.0, 3.0, 0.0]},
    "counts that are no counts": {"pred": [0.5, 1.5], "target": [0.25, 1.75]},
    "negative rates": {"pred": [-0.5, 1.5], "target": [1.0, 2.0]},
}
LOG_RATES: dict[str, Inputs] = {
    "large": {"pred": [40.25, -39.75, 300.0], "target": [2.0, 1.0, 4.0]},
    "zeros": {"pred": [0.0, 0.0], "target": [0.0, 1.0]},
}
TRIPLETS: dict[str, Inputs] = {
    "equal vectors": {"anchor": [[1.0, 2.0], [0.5, 1.5]], "positive": [[1.0, 2.0], [0.5, 1.0]],
                      "negative": [[1.0, 2.0], [0.5, 1.5]]},
    "at the margin": {"anchor": [[0.0, 0.0]], "positive": [[3.0, 4.0]], "negative": [[0.0, 6.0]]},
}  # fmt: skip
DIRECTIONS: dict[str, Inputs] = {
    "parallel and opposite": {"pred": [[1.0, 2.0], [1.0, 2.0]], "target": [[2.0, 4.0], [-3.0, -6.0]]},
    "a zero vector": {"pred": [[0.0, 0.0], [1.0, 2.0]], "target": [[1.0, 1.0], [2.0, 1.0]]},
    "tiny vectors": {"pred": [[1e-9, 2e-9], [1e-160, 0.0]], "target": [[1.0, 1.0], [2.0, 1.0]]},
}
VIEWS: dict[str, Inputs] = {
    "equal views": {"anchor": [[1.0, 2.0], [0.5, -1.5]], "positive": [[1.0, 2.0], [0.5, -1.5]]},
    "one row": {"anchor": [[1.0, 2.0]], "positive": [[2.0, 1.0]]},
    "a zero vector": {"anchor": [[0.0, 0.0], [0.5, -1.5]], "positive": [[1.0, 2.0], [0.5, -1.5]]},
    "tiny vectors": {"anchor": [[1e-14, 2e-14], [0.5, -1.5]], "positive": [[1.0, 2.0], [0.5, -1.5]]},
}
CHOICES: dict[str, Inputs] = {
    "equal vectors": {"anchor": [[1.0, 2.0]], "positive": [[1.0, 2.0]], "negatives": [[[1.0, 2.0], [2.0, 1.0]]]},
}
LABELS: dict[str, Inputs] = {
    "one class": {"embedding": [[1.0, 2.0], [0.5, -1.5], [2.0, 0.25]], "target": [0, 0, 0]},
    "all classes distinct": {"embedding": [[1.0, 2.0], [0.5, -1.5], [2.0, 0.25]], "target": [0, 1, 2]},
    "a class of one": {"embedding": [[1.0, 2.0], [0.5, -1.5], [2.0, 0.25]], "target": [0, 1, 0]},
    "one row": {"embedding": [[1.0, 2.0]], "target": [0]},
    "two rows of one class": {"embedding": [[1.0, 2.0], [2.0, 1.0]], "target": [0, 0]},
}
ONE_ALONE: dict[str, Inputs] = {"a class of one": LABELS["a class of one"]}
ANGLES: dict[str, Inputs] = {
    "past pi - margin": {"embedding": [[-1.0, 0.1], [-2.0, -0.3], [1.0, 0.2]], "target": [0, 0, 0],
                         "prototypes": [[1.0, 0.0], [0.0, 1.0]]},
    "opposite": {"embedding": [[-1.0, 0.0]], "target": [0], "prototypes": [[1.0, 0.0], [0.0, 1.0]]},
    "parallel": {"embedding": [[3.0, 0.0]], "target": [0], "prototypes": [[1.0, 0.0], [0.0, 1.0]]},
    "one class": {"embedding": [[1.0, 2.0]], "target": [0], "prototypes": [[1.0, 0.5]]},
}  # fmt: skip
MASKS: dict[str, Inputs] = {
    "empty masks": {"pred": [[0.0, 0.0, 0.0], [0.5, 0.25, 0.0]], "target": [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]},
    "an empty target": {"pred": [[0.5, 0.25, 0.0]], "target": [[0.0, 0.0, 0.0]]},
    "equal masks": {"pred": [[0.0, 1.0, 0.0]], "target": [[0.0, 1.0, 0.0]]},
}
NO_BINS: dict[str, Inputs] = {
    "large": {"pred": [[800.0, -800.0], [40.0, -40.0]], "bin": [0.0, 1.0], "event": [1.0, 0.0]},
}
ANSWERS: dict[str, Inputs] = {
    "no difference": {"chosen": [-3.5, -0.5], "rejected": [-3.5, -0.5], "ref_chosen": [-2.0, -4.0],
                      "ref_rejected": [-2.0, -4.0]},
    "far apart": {"chosen": [-1.0, -9000.0], "rejected": [-9000.0, -1.0], "ref_chosen": [-2.0, -4.0],
                  "ref_rejected": [-2.0, -4.0]},
}  # fmt: skip
TWO_ANSWERS: dict[str, Inputs] = {
    "no difference": {"chosen": [-3.5, -0.5], "rejected": [-3.5, -0.5]},
    "far apart": {"chosen": [-1.0, -600.0], "rejected": [-600.0, -1.0]},
    "near certain": {"chosen": [-1e-9, -0.25], "rejected": [-0.25, -1e-9]},
}
SINGLES: dict[str, Inputs] = {
    "a point below 0": {"logprob": [-3.0, -4.0], "ref_logprob": [-2.0, -4.5], "desirable": [1.0, 0.0],
                        "kl": [-1.0, -2.0]},
    "all desirable": {"logprob": [-3.0, -4.0], "ref_logprob": [-2.0, -4.5], "desirable": [1.0, 1.0], "kl": [1.0, 0.5]},
}  # fmt: skip
ACTIONS: dict[str, Inputs] = {
    "the same policy": {"logprob": [-0.5, -1.5], "old_logprob": [-0.5, -1.5], "advantage": [1.5, -2.0]},
    "no advantage": {"logprob": [-0.5, -1.5], "old_logprob": [-0.75, -1.0], "advantage": [0.0, 0.0]},
    "far off": {"logprob": [-0.001, -30.0, -0.001, -30.0], "old_logprob": [-8.0, -0.25, -8.0, -0.25],
                "advantage": [1.0, 1.0, -1.0, -1.0]},
}  # fmt: skip
VARIED: dict[str, Inputs] = {
    "equal views": {"anchor": [[1.0, 2.0], [0.5, -1.5], [2.0, 0.5]], "positive": [[1.0, 2.0], [0.5, -1.5], [2.0, 0.5]]},
    "a constant dimension": {"anchor": [[1.0, 2.0], [1.0, -1.5]], "positive": [[1.0, 2.0], [2.0, -1.5]]},
    "one row": {"anchor": [[1.0, 2.0]], "positive": [[2.0, 1.0]]},
}
WEIGHTS: dict[str, Inputs] = {"parameters of 0": {"params": [[0.0, -0.0], [1e-8, 2.0]]}}


QUERIES: dict[str, Inputs] = {
    "ties": {"pred": [0.5, 0.5, 0.5, -1.0, -1.0], "target": [0.0, 1.0, 0.0, 1.0, 0.0]},
    "no relevant row": {"pred": [0.5, 0.25, -1.0], "target": [0.0, 0.0, 0.0]},
    "one row": {"pred": [0.5], "target": [1.0]},
}


TIES: dict[str, Inputs] = {"ties": QUERIES["ties"]}
HIGH_NO_HITS: dict[str, Inputs] = {"no relevant row": {"pred": [0.5, 0.25, 1.0], "target": [0.0, 0.0, 0.0]}}
NO_HITS: dict[str, Inputs] = {"no relevant row": QUERIES["no relevant row"]}


# -- the presets -------------------------------------------------------------------------------------------------------


def torch(spec: str, call: str, random: Maker, *edges: dict[str, Inputs], **more: Any) -> Asked:
    """A preset whose library runs on torch; `peer` is its name."""
    peer = spec.partition("@")[2].partition(":")[0]

    def ask(*given: Any, **settings: Any) -> Case:
        return by_torch(peer, *given, **settings)

    return Asked(spec, ask, call, random, _merged(edges), **more)


def optax(spec: str, call: str, random: Maker, *edges: dict[str, Inputs], **more: Any) -> Asked:
    return Asked(spec, by_jax, call, random, _merged(edges), **more)


def sklearn(spec: str, call: str, random: Maker, *edges: dict[str, Inputs], **more: Any) -> Asked:
    def ask(*given: Any, **settings: Any) -> Case:
        settings.pop("by", None)
        return by_numpy("sklearn", *given, **settings)

    weighted = call.removesuffix(")") + ", sample_weight=w)"
    return Asked(spec, ask, call, random, _merged(edges), weighted=weighted, by=None, **more)


def boosting(
    spec: str,
    make: Callable[..., Case],
    metric: Any,
    random: Maker,
    *edges: dict[str, Inputs],
    weighted: bool = True,
    **form: Any,
) -> Asked:
    def ask(name: str, call: str, inputs: Inputs, **settings: Any) -> Case:
        settings.pop("by", None)
        if not weighted:
            settings.pop("weights")
        return make(name, metric, inputs, **settings, **form)

    return Asked(spec, ask, "", random, _merged(edges), weighted="" if weighted else None, by=None)


def _merged(edges: tuple[dict[str, Inputs], ...]) -> dict[str, Inputs]:
    return {name: inputs for some in edges for name, inputs in some.items()}


def keras(spec: str, loss: str, random: Maker, *edges: dict[str, Inputs], target: str = "target") -> Asked:
    """A loss of Keras; its weights are those of `sum_over_batch_size`, the default."""
    wide = target != "target"
    sides = f"({target}, pred, w)" if wide else "(target[:, None], pred[:, None], w)"
    return torch(spec, f"keras.losses.{loss}({target}, pred)", random, *edges, weighted=f"keras.losses.{loss}{sides}")


ONE_HOT = "F.one_hot(target, pred.shape[1]).double()"
LABELS_OF = "labels=list(range(pred.shape[1]))"
TM = "torchmetrics.functional."


def presets() -> list[Asked]:
    return [
        *_regression(),
        *_relative(),
        *_binary(),
        *_counts(),
        *_multiclass(),
        *_likelihoods(),
        *_vectors_and_batches(),
        *_labels(),
        *_rankings(),
        *_forecasts(),
        *_gluonts(),
        *_language(),
        *_trainings(),
        *_scores(),
        *_xgboost(),
        *_catboost(),
        *_catboost_decisions(),
        *_torchmetrics(),
        *_torchmetrics_decisions(),
        *_keras_metrics(),
        *_optax(),
    ]


def plain(spec: str, call: str, random: Maker, *edges: dict[str, Inputs]) -> Asked:
    """A preset whose library runs on NumPy and tells no slopes; `peer` is its name."""
    peer = spec.partition("@")[2].partition(":")[0]

    def ask(*given: Any, **settings: Any) -> Case:
        return by_numpy(peer, *given, **settings)

    return Asked(spec, ask, call, random, _merged(edges), by=None)


def _forecasts() -> list[Asked]:
    levels, numbers = "levels=0.1|0.4|0.5|0.9", "np.array([0.1, 0.4, 0.5, 0.9])"
    frame = "pandas.DataFrame({'unique_id': 0, 'y': target, 'm-lo-80': lower, 'm-hi-80': upper}), ['m'], 80)"
    quantiles = "pandas.DataFrame({'unique_id': 0, 'y': target, **{str(k): pred[:, k] for k in range(4)}})"
    names = "{'m': ['0', '1', '2', '3']}"
    found = [
        plain(f"{name}@scoringrules", f"scoringrules.{call}.mean()", random, *edges)
        for name, call, random, *edges in (
            ("crps_ensemble", "crps_ensemble(target, pred)", members, ALIKE),
            ("twcrps_ensemble", "twcrps_ensemble(target, pred, -np.inf, np.inf)", members),
            ("energy_score", "es_ensemble(target, pred, estimator='nrg')", member_vectors),
            ("variogram_score", "vs_ensemble(target, pred)", member_vectors),
            ("crps_gaussian", "crps_normal(target, pred, scale)", spread),
            ("crps_laplace", "crps_laplace(target, pred, scale)", spread),
            ("crps_student_t", "crps_t(target, 5, pred, scale)", spread),
            ("crps_logistic", "crps_logistic(target, pred, scale)", spread),
            ("crps_lognormal", "crps_lognormal(target, pred, scale)", logarithms),
            ("crps_exponential", "crps_exponential(target, 1 / pred)", positive),
            ("crps_uniform", "crps_uniform(target, lower, upper)", ends),
            ("mixture_gaussian_nll", "logs_mixnorm(target, pred, scale, mix)", components),
            ("crps_mixture_gaussian", "crps_mixnorm(target, pred, scale, mix)", components),
            ("interval_score", "interval_score(target, lower, upper, 0.1)", ends, TOUCHED),
        )
    ]  # fmt: skip
    return [
        *found,
        plain(f"crps_quantile@scoringrules:{levels}", f"scoringrules.crps_quantile(target, pred, {numbers}).mean()",
              members, ALIKE),
        plain("crps_ensemble@properscoring", "properscoring.crps_ensemble(target, pred).mean()", members, ALIKE),
        plain("crps_gaussian@properscoring", "properscoring.crps_gaussian(target, pred, scale).mean()", spread),
        plain("interval_score@utilsforecast:level=0.8",
              f"utilsforecast.losses.winkler_score({frame}['m'].iloc[0]", ends, TOUCHED),
        plain("coverage@utilsforecast", f"utilsforecast.losses.coverage({frame}['m'].iloc[0]", ends, TOUCHED),
        plain(f"pinball_levels@utilsforecast:{levels}",
              f"utilsforecast.losses.mqloss({quantiles}, {names}, {numbers})['m'].iloc[0]", members, ALIKE),
    ]  # fmt: skip


def _gluonts() -> list[Asked]:
    """Of GluonTS: one update with all rows; a median says its point, or a mean."""
    by_levels = "levels=0.1|0.4|0.5|0.9", "[0.1, 0.4, 0.5, 0.9]"
    data = "{{'label': target, '0.5': pred, 'mean': pred, 'seasonal_error': {}}}"
    quantiles = f"{{'label': target, **{{str(q): pred[:, k] for k, q in enumerate({by_levels[1]})}}}}"
    interval = "{'label': target, '0.025': lower, '0.975': upper, 'seasonal_error': scale}"
    ask = "gluonts.ev.metrics.{}(axis=None).update({}).get()"
    nothing = data.format("None")
    return [
        *(
            plain(f"{name}@gluonts", ask.format(metric, nothing), reals, NUMBERS, ZEROS)
            for name, metric in (("mse", "mse"), ("mae", "mae"), ("rmse", "rmse"), ("mape", "mape"),
                                 ("smape", "smape"), ("wmape", "nd"))
        ),
        plain("mase@gluonts", ask.format("mase", data.format("scale")), naive),
        plain("msis@gluonts", ask.format("msis", interval), naive_ends),
        plain(f"weighted_quantile_loss@gluonts:{by_levels[0]}",
              ask.format(f"MeanWeightedSumQuantileLoss({by_levels[1]})", quantiles), members, ALIKE),
        plain(f"quantile_calibration_error@gluonts:{by_levels[0]}",
              ask.format(f"MAECoverage({by_levels[1]})", quantiles), members, ALIKE),
    ]  # fmt: skip


def _language() -> list[Asked]:
    """Of lm-evaluation-harness, which keeps what it aggregates as lists."""
    metrics, texts = "lm_eval.api.metrics", "list(zip(logprob.tolist(), bytes.tolist()))"
    wide = {kind: VECTORS[kind] for kind in ("certain", "two classes")}
    return [
        plain("perplexity@lm_eval", f"{metrics}.perplexity(logprob.tolist())", token_logs),
        plain("bits_per_byte@lm_eval", f"{metrics}.bits_per_byte({texts})", text_logs),
        plain("brier@lm_eval", f"{metrics}.brier_score(list(zip(target.tolist(), pred.tolist())))", class_probs, wide),
    ]


def _trainings() -> list[Asked]:
    """Of timm, TRL, pycox, Lightly, allRank and sentence-transformers."""
    both = {"by": "chosen rejected"}
    ref = "chosen, rejected, ref_chosen, ref_rejected"
    views = {"by": "anchor positive"}
    hazard = "pycox.models.loss.nll_logistic_hazard(pred, bin.long(), event)"
    softened = {"equal": SIDES["equal"]}
    return [
        torch("multilabel_bce@timm", "timm.loss.BinaryCrossEntropy()(pred, target)", label_logits, LABEL_SETS),
        torch("zlpr@timm", "timm.loss.ZlprLoss()(pred, target)", label_logits, LABEL_SETS),
        torch("cross_entropy_with_logits@timm", "timm.loss.LabelSmoothingCrossEntropy()(pred, target)", class_logits,
              LOGIT_VECTORS),
        torch("poly1_ce_with_logits@timm", "timm.loss.PolyCrossEntropy()(pred, target)", class_logits, LOGIT_VECTORS),
        torch("poly1_bce@timm", "timm.loss.PolyBinaryCrossEntropy()(torch.logit(pred), target)", probs,
              {"one class": PROBS["one class"]}),
        torch("bradley_terry@trl", "trl_reward(chosen, rejected)", rewards, TWO_ANSWERS, **both),
        *(
            torch(f"{name}@trl", f"trl_dpo({ref}, {kind!r})", answers, ANSWERS, **both)
            for name, kind in (("dpo", "sigmoid"), ("ipo", "ipo"), ("slic", "hinge"), ("robust_dpo", "robust"),
                               ("apo_zero", "apo_zero"))
        ),
        torch("simpo@trl", "trl_cpo(chosen, rejected, loss_type='simpo', cpo_alpha=0.0)", two_answers, TWO_ANSWERS,
              **both),
        torch("cpo@trl", "trl_cpo(chosen, rejected)", two_answers, TWO_ANSWERS, **both),
        torch("orpo@trl", "trl_orpo(chosen, rejected)", two_answers, TWO_ANSWERS, **both),
        torch("kto@trl", "trl_kto(logprob, ref_logprob, desirable, kl)", single_answers, SINGLES, by="logprob"),
        torch("grpo@trl", "trl_grpo(logprob, old_logprob, advantage)", actions, ACTIONS, by="logprob"),
        torch("generalized_jsd@trl", "trl_jsd(pred, target)", distributions, softened, by=""),
        torch("logistic_hazard_nll@pycox", hazard, binned, NO_BINS),
        torch("nt_xent@lightly", "lightly.loss.ntx_ent_loss.NTXentLoss()(anchor, positive)", pairs, VIEWS, **views),
        torch("dcl@lightly", "lightly.loss.dcl_loss.DCLLoss()(anchor, positive)", pairs, VIEWS, **views),
        torch("barlow_twins@lightly", "lightly.loss.barlow_twins_loss.BarlowTwinsLoss()(anchor, positive)", pairs,
              VARIED, **views),
        torch("vicreg@lightly", "lightly.loss.vicreg_loss.VICRegLoss()(anchor, positive)", pairs, VARIED, **views),
        torch("ranknet@allrank", "allrank.rankNet(pred[None], target[None])", graded, QUERIES),
        torch("listnet@allrank", "allrank.listNet(pred[None], target[None])", graded, QUERIES),
        torch("angle@sentence_transformers", "by_embeddings('AnglELoss', anchor, positive, target=target)", told_pairs,
              **views),
        torch("megabatch_margin@sentence_transformers",
              "by_embeddings('MegaBatchMarginLoss', anchor, positive, use_mini_batched_version=False)", pairs, **views),
        torch("cosent@sentence_transformers", "by_embeddings('CoSENTLoss', anchor, positive, target=target)",
              told_pairs, **views),
    ]  # fmt: skip


def _scores() -> list[Asked]:
    """Numbers of all rows together: areas, medians, correlations, and counts of decisions at one half."""
    said = "sklearn.metrics.{}(target, 1.0 * (pred > 0.5))"
    rank = {"objective": "none", "boost_from_average": False}
    kappa = "sklearn.metrics.cohen_kappa_score(target, pred, weights='quadratic')"
    ties = {kind: QUERIES[kind] for kind in ("ties",)}
    decided = [
        sklearn(f"{name}@sklearn", said.format(call), eight_probs)
        for name, call in (
            ("precision", "precision_score"), ("recall", "recall_score"), ("f1", "f1_score"),
            ("jaccard_score", "jaccard_score"), ("mcc", "matthews_corrcoef"), ("zero_one", "zero_one_loss"),
        )
    ]  # fmt: skip
    return [
        *decided,
        sklearn("r2@sklearn", "sklearn.metrics.r2_score(target, pred)", reals, OUTPUTS),
        boosting("r2@catboost", by_catboost, "R2", fractions, {"equal": COARSE["equal"]}),
        torch("pearson@torchmetrics", f"{TM}pearson_corrcoef(pred, target)", reals),
        plain("qwk@sklearn", kappa, ratings),
        sklearn("roc_auc@sklearn", "sklearn.metrics.roc_auc_score(target, pred)", hits, ties),
        sklearn("average_precision@sklearn", "sklearn.metrics.average_precision_score(target, pred)", hits, ties),
        boosting("roc_auc@lightgbm", by_lightgbm, rank | {"metric": "auc"}, hits, ties),
        boosting("average_precision@lightgbm", by_lightgbm, rank | {"metric": "average_precision"}, hits, ties),
        sklearn("median_absolute_error@sklearn", "sklearn.metrics.median_absolute_error(target, pred)", reals, NUMBERS),
        plain("max_error@sklearn", "sklearn.metrics.max_error(target, pred)", reals, NUMBERS),
        boosting("mape@catboost", by_catboost, "MAPE", fractions, COARSE),
        boosting("mape@lightgbm", by_lightgbm, {"objective": "regression", "metric": "mape"}, fractions, COARSE),
        torch("vicreg@pml", "pml.losses.VICRegLoss()(anchor, ref_emb=positive)", pairs, VARIED, by="anchor positive"),
    ]  # fmt: skip


def ratings(rng: np.random.Generator) -> Inputs:
    return {side: rng.permutation([0, 1, 2, *rng.integers(0, 3, ROWS - 3)]).tolist() for side in ("pred", "target")}


def _regression() -> list[Asked]:
    gbm = {"objective": "regression", "metric": "l2"}
    found = []
    for name, torch_name, keras_name, metric in (
        ("mse", "mse_loss", "MeanSquaredError()", "mean_squared_error"),
        ("mae", "l1_loss", "MeanAbsoluteError()", "mean_absolute_error"),
    ):
        call = f"F.{torch_name}(pred, target{{}})"
        found += [
            torch(f"{name}@torch", call.format(""), reals, NUMBERS, OUTPUTS, weighted=call.format(", weight=w")),
            keras(f"{name}@keras", keras_name, reals, NUMBERS),
            sklearn(f"{name}@sklearn", f"sklearn.metrics.{metric}(target, pred)", reals, NUMBERS, OUTPUTS),
            torch(f"{name}@torchmetrics", f"{TM}{metric}(pred, target)", reals, NUMBERS),
            boosting(f"{name}@lightgbm", by_lightgbm, {**gbm, "metric": {"mse": "l2", "mae": "l1"}[name]},
                     fractions, COARSE),
        ]  # fmt: skip
    root = "sklearn.metrics.root_mean_squared_error(target, pred)"
    huber = "F.huber_loss(pred, target{})"
    return [
        *found,
        optax("mse@optax", "optax.squared_error(pred, target).mean()", reals, NUMBERS, OUTPUTS),
        torch("rmse@keras", "keras.metrics.RootMeanSquaredError(dtype='float64')(target, pred)", reals, NUMBERS, by="",
              weighted="keras.metrics.RootMeanSquaredError(dtype='float64')(target, pred, w)"),
        keras("huber@keras:delta=2", "Huber(delta=2.0)", reals, NUMBERS),
        sklearn("rmse@sklearn", root, reals, NUMBERS, OUTPUTS),
        sklearn("mcrmse@sklearn", root, reals, NUMBERS, OUTPUTS),
        boosting("rmse@lightgbm", by_lightgbm, {**gbm, "metric": "rmse"}, fractions, COARSE),
        boosting("rmse@catboost", by_catboost, "RMSE", fractions, COARSE),
        torch("huber@torch", huber.format(""), reals, NUMBERS, OUTPUTS, weighted=huber.format(", weight=w")),
        keras("huber@keras", "Huber()", reals, NUMBERS),
        optax("huber@optax", "optax.huber_loss(pred, target).mean()", reals, NUMBERS, OUTPUTS),
        boosting("huber@lightgbm", by_lightgbm, {"objective": "huber", "metric": "huber"}, fractions, COARSE),
        torch("smooth_l1@torch", "F.smooth_l1_loss(pred, target)", reals, NUMBERS, OUTPUTS),
        keras("log_cosh@keras", "LogCosh()", reals, NUMBERS),
        optax("log_cosh@optax", "optax.log_cosh(pred, target).mean()", reals, NUMBERS),
        *(
            sklearn(f"pinball@sklearn{spec}", f"sklearn.metrics.mean_pinball_loss(target, pred{alpha})", reals, NUMBERS,
                    OUTPUTS)
            for spec, alpha in (("", ""), (":q=0", ", alpha=0"), (":q=1", ", alpha=1"))
        ),
        boosting("fair@lightgbm", by_lightgbm, {"objective": "fair", "metric": "fair"}, fractions, COARSE),
        optax("half_mse@optax", "optax.l2_loss(pred, target).mean()", reals, NUMBERS, OUTPUTS),
        boosting("pinball@lightgbm", by_lightgbm, {"objective": "quantile", "metric": "quantile"}, fractions, COARSE),
    ]  # fmt: skip


def _relative() -> list[Asked]:
    mape = "mean_absolute_percentage_error"
    return [
        sklearn("mape@sklearn", f"sklearn.metrics.{mape}(target, pred)", reals, ZEROS, OUTPUTS),
        torch("mape@torchmetrics", f"{TM}{mape}(pred, target)", reals, ZEROS, OUTPUTS),
        keras("mape@keras", "MeanAbsolutePercentageError()", reals, ZEROS),
        torch("smape@torchmetrics", f"{TM}symmetric_{mape}(pred, target)", reals, ZEROS, OUTPUTS),
        boosting("smape@catboost", by_catboost, "SMAPE", fractions, COARSE, ZEROS),
        torch("wmape@torchmetrics", f"{TM}weighted_{mape}(pred, target)", reals, ZEROS, OUTPUTS),
        sklearn("msle@sklearn", "sklearn.metrics.mean_squared_log_error(target, pred)", positive, LOGS, OUTPUTS),
        keras("msle@keras", "MeanSquaredLogarithmicError()", positive, LOGS),
        torch("msle@torchmetrics", f"{TM}mean_squared_log_error(pred, target)", positive, LOGS),
        sklearn("rmsle@sklearn", "sklearn.metrics.root_mean_squared_log_error(target, pred)", positive, LOGS,
                {"several outputs": {"pred": [[0.31, 2.2], [1.74, 0.83]], "target": [[0.57, 1.43], [1.21, 0.38]]}}),
    ]  # fmt: skip


def _binary() -> list[Asked]:
    bce, with_logits = "F.binary_cross_entropy(pred, target{})", "F.binary_cross_entropy_with_logits(pred, target{})"
    weight = ", weight=w"
    of_probs = {"objective": "none", "metric": "binary_logloss"}
    hinge = "sklearn.metrics.hinge_loss(target, pred)"
    return [
        torch("bce@torch", bce.format(""), probs, PROBS, SOFT, weighted=bce.format(weight)),
        keras("bce@keras", "BinaryCrossentropy()", probs, PROBS, SOFT),
        sklearn("bce@sklearn", "sklearn.metrics.log_loss(target, pred, labels=[0, 1])", probs, PROBS, SOFT),
        boosting("bce@lightgbm", by_lightgbm, of_probs, probs, PROBS, SOFT),
        torch("bce_with_logits@torch", with_logits.format(""), logits, LOGITS, SOFT_LOGITS,
              weighted=with_logits.format(weight)),
        keras("bce_with_logits@keras", "BinaryCrossentropy(from_logits=True)", logits, LOGITS, SOFT_LOGITS),
        optax("bce_with_logits@optax", "optax.sigmoid_binary_cross_entropy(pred, target).mean()", logits, LOGITS,
              SOFT_LOGITS),
        boosting("bce_with_logits@catboost", by_catboost, "CrossEntropy", logits, LOGITS, SOFT_LOGITS),
        keras("bce@keras:label_smoothing=0.1", "BinaryCrossentropy(label_smoothing=0.1)", probs, PROBS, SOFT),
        torch("bce_with_logits@torch:pos_weight=2.5",
              with_logits.format(", pos_weight=torch.tensor(2.5)"), logits, LOGITS, SOFT_LOGITS),
        keras("focal@keras:alpha=0.25,gamma=0.5",
              "BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.25, gamma=0.5)", probs, PROBS, SOFT),
        keras("focal@keras", "BinaryFocalCrossentropy()", probs, PROBS, SOFT),
        optax("focal_with_logits@optax", "optax.sigmoid_focal_loss(pred, target).mean()", logits, LOGITS, SOFT_LOGITS),
        keras("hinge@keras", "Hinge()", signs, SIGNS),
        sklearn("hinge@sklearn", hinge, signs, SIGNS),
        torch("soft_margin@torch", "F.soft_margin_loss(pred, target)", signs, SIGNS),
        optax("hinge@optax", "optax.hinge_loss(pred, target).mean()", signs, SIGNS),
        keras("squared_hinge@keras", "SquaredHinge()", signs, SIGNS),
        sklearn("brier@sklearn", "sklearn.metrics.brier_score_loss(target, pred)", probs, PROBS, SOFT),
        boosting("zero_one@xgboost", by_xgboost, "error", eight_probs, weighted=False),
        sklearn("accuracy@sklearn", "sklearn.metrics.accuracy_score(target, 1.0 * (pred > 0.5))", eight_probs),
    ]  # fmt: skip


def label_probs(rng: np.random.Generator) -> Inputs:
    return {"pred": _rounded(rng.uniform(0, 1, (ROWS, 3))), "target": rng.integers(0, 2, (ROWS, 3)).tolist()}


def _counts() -> list[Asked]:
    """Scores of several classes: macro, as most report them."""
    asked = "sklearn.metrics.{}(target, pred.argmax(axis=1){})"
    macro = {
        "multiclass_f1": ("f1_score", ", average='macro'"),
        "multiclass_f_beta": ("fbeta_score", ", beta=1, average='macro'"),
        "multiclass_precision": ("precision_score", ", average='macro', zero_division=0"),
        "multiclass_recall": ("recall_score", ", average='macro', zero_division=0"),
        "multiclass_jaccard_score": ("jaccard_score", ", average='macro'"),
        "balanced_accuracy": ("balanced_accuracy_score", ""),
        "cohen_kappa": ("cohen_kappa_score", ""),
    }
    found = [sklearn(f"{name}@sklearn", asked.format(*call), class_probs, DECIDED) for name, call in macro.items()]
    top = "top_k_accuracy_score(target, pred, k=2, labels=range(3))"
    found += [
        sklearn("top_k_error@sklearn", f"1 - sklearn.metrics.{top}", class_probs),
        sklearn("top_k_accuracy@sklearn", f"sklearn.metrics.{top}", class_probs),
    ]
    zero = ", zero_division=0"
    for name, call in (
        ("hamming_loss", "hamming_loss(target, 1.0 * (pred > 0.5))"),
        ("multilabel_f1", f"f1_score(target, 1.0 * (pred > 0.5), average='macro'{zero})"),
        ("multilabel_f_beta", f"fbeta_score(target, 1.0 * (pred > 0.5), beta=1, average='macro'{zero})"),
        ("samples_f1", f"f1_score(target, 1.0 * (pred > 0.5), average='samples'{zero})"),
        ("samples_f_beta", f"fbeta_score(target, 1.0 * (pred > 0.5), beta=1, average='samples'{zero})"),
    ):
        found.append(sklearn(f"{name}@sklearn", f"sklearn.metrics.{call}", label_probs, NO_LABELS))
    for name, norm in (("ece", "l1"), ("mce", "max")):
        call = f"{TM}classification.binary_calibration_error(pred, target.long(), norm='{norm}')"
        found.append(torch(f"{name}@torchmetrics", call, probs, CERTAIN, by=""))
    return found


def eight_probs(rng: np.random.Generator) -> Inputs:
    """A share of eight rows is exact in single precision."""
    return {"pred": (rng.integers(0, 65, 8) / 64).tolist(), "target": [0.0, 1.0, *rng.integers(0, 2, 6).astype(float)]}


def _multiclass() -> list[Asked]:
    log_loss = f"sklearn.metrics.log_loss(target, pred, {LABELS_OF})"
    brier = f"sklearn.metrics.brier_score_loss(target, pred, {LABELS_OF})"
    focal = f"keras.losses.CategoricalFocalCrossentropy()({ONE_HOT}, pred"
    logits = "cross_entropy_with_logits"
    return [
        keras("cross_entropy@keras", "CategoricalCrossentropy()", class_probs, VECTORS, target=ONE_HOT),
        keras("cross_entropy@keras:label_smoothing=0.1", "CategoricalCrossentropy(label_smoothing=0.1)", class_probs,
              VECTORS, target=ONE_HOT),
        keras("cross_entropy@keras", "SparseCategoricalCrossentropy()", class_probs, VECTORS),
        torch("cross_entropy@keras", "keras.losses.CategoricalCrossentropy()(target, pred)", distributions,
              SOFT_VECTORS),
        sklearn("cross_entropy@sklearn", log_loss, class_probs, VECTORS),
        sklearn("brier@sklearn", brier, class_probs, VECTORS),
        torch("categorical_focal@keras", f"{focal})", class_probs, VECTORS, weighted=f"{focal}, w)"),
        torch(f"{logits}@torch", "F.cross_entropy(pred, target)", class_logits, LOGIT_VECTORS, SOFT_LOGIT_VECTORS),
        torch(f"{logits}@torch:label_smoothing=0.1", "F.cross_entropy(pred, target, label_smoothing=0.1)", class_logits,
              LOGIT_VECTORS, SOFT_LOGIT_VECTORS),
        keras(f"{logits}@keras", "CategoricalCrossentropy(from_logits=True)", class_logits, LOGIT_VECTORS,
              target=ONE_HOT),
        optax(f"{logits}@optax", "optax.softmax_cross_entropy_with_integer_labels(pred, target).mean()", class_logits,
              LOGIT_VECTORS),
        torch("multi_margin@torch", "F.multi_margin_loss(pred, target)", class_logits, LOGIT_VECTORS),
        sklearn("crammer_singer@sklearn", f"sklearn.metrics.hinge_loss(target, pred, {LABELS_OF})", class_logits,
                LOGIT_VECTORS),
        torch("kl_divergence@torchmetrics", f"{TM}kl_divergence(target, pred)", distributions, SIDES),
    ]  # fmt: skip


def _labels() -> list[Asked]:
    soft = "torch.nn.MultiLabelSoftMarginLoss()(pred, target)"
    ranking, precision = "label_ranking_loss", "label_ranking_average_precision_score"
    series = "pandas.DataFrame({'unique_id': 0, 'y': target, 'm': pred})"
    based = f"utilsforecast.losses.rmae({series}.assign(b=baseline), ['m'], 'b')"
    poly = "optax.losses.poly_loss_cross_entropy(pred, jax.nn.one_hot(target, pred.shape[1]), epsilon=2.0).mean()"
    one_class = {"one class": SIGNS["one class"]}
    return [
        keras("categorical_hinge@keras", "CategoricalHinge()", class_logits, LOGIT_VECTORS, target=ONE_HOT),
        optax("perceptron@optax", "optax.losses.perceptron_loss(pred, target).mean()", signs, one_class),
        optax("sparsemax@optax", "optax.losses.multiclass_sparsemax_loss(pred, target).mean()", class_logits,
              LOGIT_VECTORS),
        optax("poly1_ce_with_logits@optax", poly, class_logits, LOGIT_VECTORS),
        sklearn("explained_variance@sklearn", "sklearn.metrics.explained_variance_score(target, pred)", reals),
        plain("kge@hydroeval", "hydroeval.evaluator(hydroeval.kge, pred, target)[0].item()", positive),
        plain("relative_mae@utilsforecast", f"{based}['m'].iloc[0]", with_baseline),
        plain("bias@utilsforecast", f"utilsforecast.losses.bias({series}, ['m'])['m'].iloc[0]", reals),
        torch("nrmse@torchmetrics", f"{TM}normalized_root_mean_squared_error(pred, target)", positive),
        keras("gce@keras", "CategoricalGeneralizedCrossEntropy(q=0.5)", class_probs,
              {kind: VECTORS[kind] for kind in ("certain", "near a clip", "two classes")}),
        torch("nll@torch", "torch.nn.NLLLoss()(pred, target)", class_logs, LOG_VECTORS),
        torch("multilabel_bce@torch", soft, label_logits, LABEL_SETS),
        sklearn("label_ranking_loss@sklearn", f"sklearn.metrics.{ranking}(target, pred)", label_logits, LABEL_SETS),
        sklearn("coverage_error@sklearn", "sklearn.metrics.coverage_error(target, pred)", label_logits, LABEL_SETS),
        sklearn("lrap@sklearn", f"sklearn.metrics.{precision}(target, pred)", label_logits, LABEL_SETS),
        sklearn("d2_log_loss@sklearn", "sklearn.metrics.d2_log_loss_score(target, pred)", probs),
    ]  # fmt: skip


def _likelihoods() -> list[Asked]:
    return [
        torch("poisson_nll@torch", "F.poisson_nll_loss(pred, target, log_input=False)", counts, RATES),
        keras("poisson_nll@keras", "Poisson()", counts, RATES),
        torch("poisson_nll_log_rate@torch", "F.poisson_nll_loss(pred, target)", log_counts, LOG_RATES),
        boosting("poisson_nll_log_rate@catboost", by_catboost, "Poisson", log_counts, LOG_RATES),
        *(
            sklearn(
                f"{name}_deviance@sklearn",
                f"sklearn.metrics.mean_{name}_deviance(target, pred{more})",
                random,
                DEVIANCES,
            )
            for name, more, random in (
                ("poisson", "", counts),
                ("gamma", "", positive),
                ("tweedie", ", power=1.5", counts),
            )
        ),
        torch(
            "tweedie_deviance@torchmetrics", f"{TM}tweedie_deviance_score(pred, target, power=1.5)", counts, DEVIANCES
        ),
        boosting("tweedie_nll@lightgbm", by_lightgbm, {"objective": "none", "metric": "tweedie"}, eighths),
        torch("gaussian_nll@torch", "F.gaussian_nll_loss(pred, target, variance)", normal, SPREADS),
    ]


def _vectors_and_batches() -> list[Asked]:
    both = {"by": "anchor positive"}
    monai = "monai.losses.ContrastiveLoss()(anchor, positive)"
    pml = "pml.losses.NTXentLoss()(torch.cat([anchor, positive]), torch.cat([i, i]))"
    ntxent = "optax.ntxent(jnp.concatenate([anchor, positive]), jnp.concatenate([jnp.arange(n), jnp.arange(n)]))"
    return [
        torch("triplet@torch", "F.triplet_margin_loss(anchor, positive, negative)", triplets, TRIPLETS,
              by="anchor positive negative"),
        optax("cosine_distance@optax", "optax.cosine_distance(pred, target).mean()", two_vectors, DIRECTIONS),
        torch("margin_ranking@torch", "F.margin_ranking_loss(first, second, target)", ranked, by="first second"),
        torch("hinge_embedding@torch", "F.hinge_embedding_loss(pred, target)", distances, APART),
        torch("arcface@pml", "arcface(embedding, target, prototypes)", prototypes, ANGLES, by="embedding prototypes"),
        torch("info_nce@info_nce", "info_nce.InfoNCE()(anchor, positive)", pairs, VIEWS, **both),
        torch("info_nce_negatives@info_nce", "info_nce.InfoNCE(negative_mode='paired')(anchor, positive, negatives)",
              negatives, CHOICES, by="anchor positive negatives"),
        torch("nt_xent@monai", monai, pairs, VIEWS, **both),
        torch("nt_xent@pml", pml, pairs, VIEWS, **both),
        optax("nt_xent@optax", ntxent, pairs, VIEWS, **both),
        torch("multi_similarity@pml", "pml.losses.MultiSimilarityLoss()(embedding, target)", labelled, LABELS,
              by="embedding"),
        torch("batch_all_triplet@pml", "pml.losses.TripletMarginLoss()(embedding, target)", labelled, LABELS,
              by="embedding"),
        torch("supcon@pml", "pml.losses.SupConLoss()(embedding, target)", labelled, LABELS, by="embedding"),
        torch("contrastive@sentence_transformers", "by_embeddings('ContrastiveLoss', first, second, target=target)",
              alike, by="first second"),
        torch("cosine_mse@sentence_transformers", "by_embeddings('CosineSimilarityLoss', first, second, target=target)",
              alike, by="first second"),
        torch("margin_mse@sentence_transformers",
              "by_embeddings('MarginMSELoss', anchor, positive, negative, target=target)", leads,
              by="anchor positive negative"),
        torch("triplet@sentence_transformers", "by_embeddings('TripletLoss', anchor, positive, negative)", triplets,
              TRIPLETS, by="anchor positive negative"),
        torch("info_nce@sentence_transformers", "by_embeddings('MultipleNegativesRankingLoss', anchor, positive)",
              pairs, by="anchor positive"),
        torch("cosface@pml", "proxies('CosFaceLoss', embedding, target, prototypes)", prototypes, ANGLES,
              by="embedding prototypes"),
        torch("normalized_softmax@pml", "proxies('NormalizedSoftmaxLoss', embedding, target, prototypes)", prototypes,
              ANGLES, by="embedding prototypes"),
        torch("proxy_nca@pml", "proxies('ProxyNCALoss', embedding, target, prototypes)", prototypes,
              by="embedding prototypes"),
        torch("proxy_anchor@pml", "proxies('ProxyAnchorLoss', embedding, target, prototypes)", prototypes,
              by="embedding"),
        torch("dice_loss@monai", "monai.losses.DiceLoss()(pred[:, None], target[:, None])", masks, MASKS),
        torch("jaccard_loss@monai", "monai.losses.DiceLoss(jaccard=True)(pred[:, None], target[:, None])", masks,
              MASKS),
        torch("tversky_loss@monai", "monai.losses.TverskyLoss()(pred[:, None], target[:, None])", masks, MASKS),
        torch("l1_penalty@keras", "keras.regularizers.L1()(params)", params, WEIGHTS, by="params"),
        torch("l2_penalty@keras", "keras.regularizers.L2()(params)", params, WEIGHTS, by="params"),
    ]  # fmt: skip


def _xgboost() -> list[Asked]:
    """Of XGBoost, which computes in single precision; numbers that it holds exactly, where it has no logarithms."""
    soft = {"objective": "multi:softprob", "num_class": 3}
    quantile = {"objective": "reg:quantileerror", "eval_metric": "quantile"}
    return [
        *(
            boosting(f"{name}@xgboost", by_xgboost, metric, random, *edges)
            for name, metric, random, *edges in (
                ("rmse", "rmse", fractions, COARSE), ("mae", "mae", fractions, COARSE),
                ("mape", "mape", eighths, COARSE_POSITIVE), ("rmsle", "rmsle", eighths),
                ("pseudo_huber", "mphe", fractions, COARSE), ("bce", "logloss", eight_probs, PROBS, SOFT),
                ("poisson_nll", "poisson-nloglik", eighth_counts), ("gamma_nll", "gamma-nloglik", eighths),
                ("tweedie_nll", "tweedie-nloglik@1.5", eighths), ("roc_auc", "auc", hits, TIES),
            )
        ),
        *(
            boosting(f"pinball@xgboost{q}", by_xgboost, quantile | {"quantile_alpha": alpha}, fractions, COARSE)
            for q, alpha in (("", 0.5), (":q=0.3", 0.3))
        ),
        boosting("zero_one@xgboost", by_xgboost, soft | {"eval_metric": "merror"}, class_logits, weighted=False,
                 margin="pred"),
        boosting("cross_entropy@xgboost", by_xgboost, soft | {"eval_metric": "mlogloss"}, class_probs,
                 margin="np.log(pred)"),
        boosting("cox@xgboost", by_xgboost, {"objective": "survival:cox", "eval_metric": "cox-nloglik"}, lifetimes,
                 weighted=False, label="np.where(event == 1, time, -time)"),
        boosting("aft_nll@xgboost", by_xgboost, {"objective": "survival:aft", "eval_metric": "aft-nloglik"}, lifetimes,
                 label="(time, np.where(event == 1, time, np.inf))"),
        boosting("precision_at_k@xgboost", _xgboost_ranking, "pre@10", many_hits, weighted=False),
        boosting("precision_at_k@xgboost:k=3", _xgboost_ranking, "pre@3", hits, weighted=False),
    ]  # fmt: skip


def _catboost() -> list[Asked]:
    """Of CatBoost: what a model would say is a logit, or the logarithm of a rate."""
    found = [
        boosting(f"{name}@catboost", by_catboost, metric, random, *edges)
        for name, metric, random, *edges in (
            ("huber", "Huber:delta=1", fractions, COARSE), ("expectile", "Expectile:alpha=0.5", fractions, COARSE),
            ("lp_error", "Lq:q=3", fractions, COARSE), ("msle", "MSLE", eighths),
            ("fair", "FairLoss:smoothness=1", fractions, COARSE),
            ("hinge", "HingeLoss", signs), ("roc_auc", "AUC", hits, TIES),
            ("normalized_gini", "NormalizedGini", hits, TIES),
        )
    ]  # fmt: skip
    logit = "np.log(pred / (1 - pred))"
    return [
        *found,
        boosting("tolerance_error@catboost:tolerance=0.5", by_catboost, "NumErrors:greater_than=0.5", fractions,
                 COARSE),
        boosting("tweedie_nll@catboost", by_catboost, "Tweedie:variance_power=1.5", eighths, approx="np.log(pred)"),
        boosting("gaussian_nll_log_variance@catboost", by_catboost, "RMSEWithUncertainty", normal_logs, weighted=True,
                 approx="np.stack([pred, log_variance / 2], 1)"),
        boosting("brier@catboost", by_catboost, "BrierScore", probs, approx=logit),
        boosting("cross_entropy_with_logits@catboost", by_catboost, "MultiClass", class_logits, LOGIT_VECTORS),
        boosting("multilabel_bce@catboost", by_catboost, "MultiLogloss", label_logits, weighted=False, approx="pred.T",
                 label="target.T"),
        boosting("median_absolute_error@catboost", by_catboost, "MedianAbsoluteError", fractions, COARSE,
                 weighted=False),
        boosting("query_rmse@catboost", by_catboost, "QueryRMSE", graded, weighted=False, group=True),
        boosting("list_softmax@catboost", by_catboost, "QuerySoftMax", graded, TIES, weighted=False, group=True),
        boosting("qwk@catboost", by_catboost, "WKappa", ratings, weighted=False, approx="np.eye(3)[pred]"),
        boosting("ndcg@catboost", by_catboost, "NDCG", graded, NO_HITS, weighted=False, group=True),
        *(
            boosting(spec, by_catboost, metric, many_hits, NO_HITS, weighted=False, group=True)
            for spec, metric in (
                ("mrr@catboost", "MRR"), ("map@catboost", "MAP"),
                ("precision_at_k@catboost", "PrecisionAt:top=10"), ("precision_at_k@catboost:k=3", "PrecisionAt:top=3"),
                ("recall_at_k@catboost", "RecallAt:top=10"), ("recall_at_k@catboost:k=3", "RecallAt:top=3"),
            )
        ),
    ]  # fmt: skip


def _catboost_decisions() -> list[Asked]:
    logit = "np.log(pred / (1 - pred))"
    return [
        boosting(f"{name}@catboost", by_catboost, metric, inner_probs, approx=logit)
        for name, metric in (
            ("accuracy", "Accuracy"), ("zero_one", "ZeroOneLoss"), ("precision", "Precision"), ("recall", "Recall"),
            ("f1", "F1"), ("f_beta", "F:beta=1"), ("mcc", "MCC"), ("balanced_accuracy", "BalancedAccuracy"),
            ("balanced_error", "BalancedErrorRate"), ("cohen_kappa", "Kappa"),
        )
    ] + [
        boosting("multiclass_f1@catboost", by_catboost, "TotalF1:average=Macro", class_probs, approx="np.log(pred)"),
        boosting("hamming_loss@catboost", by_catboost, "HammingLoss", label_probs, weighted=False,
                 approx=f"({logit}).T", label="target.T"),
    ]  # fmt: skip


def _torchmetrics() -> list[Asked]:
    retrieval = f"{TM}retrieval."
    crps = f"{TM}regression.continuous_ranked_probability_score(pred, target)"
    return [
        *(
            torch(f"{name}@torchmetrics", f"{TM}{call}", random, *edges, by="")
            for name, call, random, *edges in (
                ("rmse", "mean_squared_error(pred, target, squared=False)", reals, NUMBERS),
                ("explained_variance", "explained_variance(pred, target)", reals, OUTPUTS),
                ("kendall", "kendall_rank_corrcoef(pred, target)", reals, RANKS),
                ("js_divergence", "regression.jensen_shannon_divergence(pred, target)", distributions, SIDES),
                ("coverage_error", "classification.multilabel_coverage_error(pred, target.long(), 3)", label_probs,
                 NO_LABELS),
                ("label_ranking_loss", "classification.multilabel_ranking_loss(pred, target.long(), 3)", label_probs,
                 NO_LABELS),
                ("lrap", "classification.multilabel_ranking_average_precision(pred, target.long(), 3)", label_probs,
                 NO_LABELS),
                ("si_sdr", "scale_invariant_signal_distortion_ratio(pred, target).mean()", two_vectors),
                ("snr", "signal_noise_ratio(pred, target).mean()", two_vectors),
            )
        ),
        torch("angular_error@torchmetrics",
              f"{TM}image.spectral_angle_mapper(*(v[:, :, None, None] for v in (pred, target)))", two_vectors, by=""),
        torch("crps_ensemble@torchmetrics", crps, members, ALIKE),
        *(
            torch(f"{name}@torchmetrics{k}", f"{retrieval}retrieval_{call}", random, HIGH_NO_HITS, *edges, by="")
            for name, k, call, random, *edges in (
                ("ndcg", "", "normalized_dcg(pred, target)", graded, QUERIES),
                ("map", "", "average_precision(pred, target > 0)", high_hits),
                ("mrr", "", "reciprocal_rank(pred, target > 0)", high_hits),
                ("precision_at_k", "", "precision(pred, target > 0, top_k=10)", high_hits),
                ("precision_at_k", ":k=3", "precision(pred, target > 0, top_k=3)", high_hits),
                ("recall_at_k", "", "recall(pred, target > 0, top_k=10)", high_hits),
                ("recall_at_k", ":k=3", "recall(pred, target > 0, top_k=3)", high_hits),
                ("hit_at_k", "", "hit_rate(pred, target > 0, top_k=10)", hits),
                ("hit_at_k", ":k=3", "hit_rate(pred, target > 0, top_k=3)", hits),
            )
        ),
    ]  # fmt: skip


def _torchmetrics_decisions() -> list[Asked]:
    """Numbers of decisions: binary ones at one half, of classes those of the largest, of labels each at one half."""
    binary, classes, labels = (f"{TM}classification.{kind}_" for kind in ("binary", "multiclass", "multilabel"))
    found = [
        torch(f"{name}@torchmetrics", f"{binary}{call}(pred, target.long())", eight_probs, by="")
        for name, call in (
            ("accuracy", "accuracy"), ("zero_one", "hamming_distance"), ("precision", "precision"),
            ("recall", "recall"), ("f1", "f1_score"), ("specificity", "specificity"),
            ("jaccard_score", "jaccard_index"), ("mcc", "matthews_corrcoef"), ("cohen_kappa", "cohen_kappa"),
            ("roc_auc", "auroc"), ("average_precision", "average_precision"),
        )
    ]  # fmt: skip
    found.append(
        torch("f_beta@torchmetrics", f"{binary}fbeta_score(pred, target.long(), beta=1.0)", eight_probs, by="")
    )
    found += [
        torch(f"{name}@torchmetrics", f"{classes}{call}(pred, target, {more}3)", class_probs, DECIDED, by="")
        for name, call, more in (
            ("multiclass_f1", "f1_score", ""),
            ("multiclass_f_beta", "fbeta_score", "1.0, "), ("multiclass_precision", "precision", ""),
            ("multiclass_recall", "recall", ""), ("multiclass_jaccard_score", "jaccard_index", ""),
            ("mcc", "matthews_corrcoef", ""), ("cohen_kappa", "cohen_kappa", ""),
        )
    ]  # fmt: skip
    micro = f"{classes}accuracy(pred, target, 3, top_k={{}}, average='micro')"
    found += [torch(f"top_k_accuracy@torchmetrics{more}", micro.format(k), class_probs, by="")
              for more, k in (("", 1), (":k=2", 2))]  # fmt: skip
    return found + [
        torch(f"{name}@torchmetrics", f"{labels}{call}(pred, target.long(), {more}3)", label_probs, NO_LABELS, by="")
        for name, call, more in (
            ("hamming_loss", "hamming_distance", ""), ("subset_accuracy", "exact_match", ""),
            ("multilabel_f1", "f1_score", ""), ("multilabel_f_beta", "fbeta_score", "1.0, "),
        )
    ]  # fmt: skip


def _keras_metrics() -> list[Asked]:
    """Metrics of Keras, whose weighted values are divided by the weights."""
    call = "keras.metrics.{}(dtype='float64')({}, {}{})"

    def metric(spec: str, name: str, random: Maker, *edges: dict[str, Inputs], sides: tuple[str, str]) -> Asked:
        return torch(spec, call.format(name, *sides, ""), random, *edges, by="",
                     weighted=call.format(name, *sides, ", w"))  # fmt: skip

    columns = "target[:, None]", "pred[:, None]"
    return [
        metric("accuracy@keras", "BinaryAccuracy", eight_probs, sides=columns),
        metric("accuracy@keras", "SparseCategoricalAccuracy", class_probs, sides=("target", "pred")),
        metric("top_k_accuracy@keras", "SparseTopKCategoricalAccuracy", many_class_probs, sides=("target", "pred")),
        torch(
            "multiclass_jaccard_score@keras",
            "keras.metrics.MeanIoU(3, dtype='float64')(target, pred.argmax(1))",
            class_probs,
            DECIDED,
            by="",
            weighted="keras.metrics.MeanIoU(3, dtype='float64')(target, pred.argmax(1), w)",
        ),
        torch(
            "circle@keras", "keras.losses.Circle()(target, F.normalize(embedding))", labelled, ONE_ALONE, by="embedding"
        ),
        metric("precision@keras", "Precision", inner_probs, sides=("target", "pred")),
        metric("recall@keras", "Recall", inner_probs, sides=("target", "pred")),
        metric("r2@keras", "R2Score", reals, sides=columns),
        torch("pearson@keras", call.format("PearsonCorrelation", "target[None]", "pred[None]", ""), reals, by=""),
        metric("cosine_similarity@keras", "CosineSimilarity", two_vectors, sides=("target", "pred")),
        keras("multilabel_bce@keras", "BinaryCrossentropy(from_logits=True)", label_logits, LABEL_SETS),
    ]


def _optax() -> list[Asked]:
    return [
        optax("cosine_similarity@optax", "optax.cosine_similarity(pred, target).mean()", two_vectors),
        optax("kl_divergence@optax", "optax.kl_divergence(jnp.log(pred), target).mean()", distributions, SIDES),
        optax("generalized_kl@optax", "optax.losses.generalized_kl_divergence(jnp.log(pred), target).mean()", amounts),
        optax(
            "crammer_singer@optax",
            "optax.losses.multiclass_hinge_loss(pred, target).mean()",
            class_logits,
            LOGIT_VECTORS,
        ),
        optax("list_softmax@optax", "optax.losses.ranking_softmax_loss(pred[None], target[None])", graded, QUERIES),
        optax(
            "multilabel_bce@optax", "optax.sigmoid_binary_cross_entropy(pred, target).mean()", label_logits, LABEL_SETS
        ),
        optax(
            "cross_entropy_with_logits@optax",
            "optax.softmax_cross_entropy(pred, target).mean()",
            soft_logit_vectors,
            SOFT_LOGIT_VECTORS,
        ),
        optax(
            "dice_loss@optax",
            "optax.losses.binary_dice_loss(jax.scipy.special.logit(pred), target).mean()",
            masks,
            MASKS,
        ),
    ]


def _rankings() -> list[Asked]:
    def ask(*given: Any, **settings: Any) -> Case:
        return by_numpy("sklearn", *given[:3])

    return [
        Asked("ndcg@sklearn", ask, "sklearn.metrics.ndcg_score([target], [pred])", graded, QUERIES, by=None),
        *(
            boosting(f"{score}@{library}", make, score, random, QUERIES, weighted=False)
            for score, random in (("ndcg", graded), ("map", hits))
            for library, make in (("lightgbm", _lightgbm_ranking), ("xgboost", _xgboost_ranking))
        ),
    ]


def _lightgbm_ranking(spec: str, metric: str, inputs: Inputs) -> Case:
    return ranking.by_lightgbm_ranking(spec, metric, len(inputs["pred"]), inputs)


def _xgboost_ranking(spec: str, metric: str, inputs: Inputs) -> Case:
    return ranking.by_xgboost_ranking(spec, metric, inputs)


# -- asking ------------------------------------------------------------------------------------------------------------


def rows_of(asked: Asked, seeds: int) -> Iterator[list[str]]:
    """The rows of one preset: random tables, with weights too where the library has any, then the edges."""
    seed = sum(map(ord, asked.spec))
    for number in range(seeds):
        inputs = asked.random(np.random.default_rng([seed, number]))
        yield _row(asked, "random", asked.call, inputs)
        if asked.weighted is not None:
            rng = np.random.default_rng([seed, number, 1])
            weights = rng.choice([0.0, 0.5, 1.0, 2.25], len(inputs["pred"])).tolist()
            weights[:2] = 0.0, 1.5
            yield _row(asked, "weights", asked.weighted, inputs, weights)
    for name, inputs in asked.edges.items():
        yield _row(asked, name, asked.call, inputs)


def _row(asked: Asked, kind: str, call: str, inputs: Inputs, weights: list[float] | None = None) -> list[str]:
    settings = {} if asked.by is None else {"by": asked.by}
    try:
        case = asked.ask(asked.spec, call, inputs, weights=weights, **settings)
        answer = case.answer
        told = [answer.source, answer.value, json.dumps(answer.gradient) if answer.gradient else ""]
    except Exception as error:  # what a library refuses is an answer too
        told = [call, f"refused: {type(error).__name__}", ""]
    source, value, gradient = told
    return [asked.spec, kind, source, json.dumps(inputs), json.dumps(weights) if weights else "", value, gradient]


def merged(old: list[list[str]], names: set[str]) -> Iterator[list[str]]:
    """The rows of all presets in their order: asked anew for losses or presets that are named, else the old ones."""
    for asked in presets():
        if {asked.spec.partition(":")[0], re.split("[@:]", asked.spec)[0]} & names:
            yield from rows_of(asked, SEEDS)
            continue
        kinds = [kind for n in range(SEEDS) for kind in ("random", "weights")[: 1 + (asked.weighted is not None)]]
        for kind in [*kinds, *asked.edges]:
            place = next(i for i, row in enumerate(old) if row[:2] == [asked.spec, kind])
            yield old.pop(place)


def main(given: list[str]) -> None:
    if given and given[0].isdigit():
        rows = [row for asked in presets() for row in rows_of(asked, int(given[0]))]
        csv.writer(sys.stdout, lineterminator="\n").writerows([COLUMNS, *rows])
        return
    path = Path(__file__).parent / "libraries" / "presets.csv"
    with path.open(newline="", encoding="utf-8") as file:
        old = list(csv.reader(file))[1:]
    rows = list(merged(old, set(given))) if given else [row for asked in presets() for row in rows_of(asked, SEEDS)]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main(sys.argv[1:])

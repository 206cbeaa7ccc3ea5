"""Columns drawn from the declared domains: one generator for all losses, ordinary and cruel."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Kind
from losscli.contract.loss import Loss, Parameter
from losscli.losses import REGISTRY

WIDTH = 4  # of vectors
CLASSES = 3
VECTORS = 2  # vectors in a role that holds several
CRUEL = np.array([0.0, 1e-8, -1e-8, 30.0, -40.0, 750.0, -800.0])
CRUEL_PROBS = np.array([0.0, 1e-8, 1 - 1e-8, 0.5, 1.0, 1e-300, 1 - 2**-53])

LOSSES = [REGISTRY[name] for name in sorted(REGISTRY)]


def numbers(kind: Kind, shape, rng, cruel: bool):
    if kind.labels:
        values = rng.choice(np.array(kind.allowed), shape)
        values.ravel()[: len(kind.allowed)] = kind.allowed[: values.size]  # each occurs: no term is empty
        return values
    if kind.low == 0 and kind.high == 1:
        return rng.choice(CRUEL_PROBS, shape) if cruel else rng.uniform(0.03, 0.97, shape)
    low = kind.low if np.isfinite(kind.low) else -np.inf
    if cruel:
        pool = CRUEL[low < CRUEL] if kind.open_low else CRUEL[low <= CRUEL]
        return rng.choice(pool[pool != 0] if kind.nonzero else pool, shape)
    if np.isfinite(low):
        return low + rng.uniform(0.1, 3.0, shape)
    return rng.normal(0, 1.3, shape)


def entry(kind: Kind, n: int, rng, cruel: bool):
    if kind.shape == "class":
        ids = rng.integers(0, CLASSES, n)
        ids[: min(n, CLASSES)] = np.arange(CLASSES)[:n]
        return ids
    shape = {"number": (n,), "vector": (n, CLASSES if kind.classes else WIDTH), "vectors": (n, VECTORS, WIDTH),
             "matrix": (CLASSES, WIDTH)}[kind.shape]  # fmt: skip
    if kind.total is not None:
        if cruel:
            rows = np.array([[1.0, 0.0, 0.0], [1e-8, 1 - 2e-8, 1e-8], [0.5, 0.5, 0.0], [1e-300, 1e-8, 1 - 1e-8]])
            return np.array([rng.permutation(rows[i]) for i in rng.integers(0, len(rows), n)])
        raw = rng.uniform(0.05, 1.0, shape)
        return raw / raw.sum(axis=1, keepdims=True)
    return numbers(kind, shape, rng, cruel)


def draw(loss: Loss, n: int, rng, *, cruel: bool = False, choice: tuple[int, ...] | None = None):
    """role -> array for n rows; `choice` picks one of each role's kinds."""
    choice = choice or tuple(0 for _ in loss.roles)
    return {
        role.name: entry(role.kinds[which], n, rng, cruel)
        for role, which in zip(loss.roles.values(), choice, strict=True)
    }


def choices(loss: Loss):
    """Every combination of kinds that belongs together, as positions in each role's kinds."""
    roles = list(loss.roles.values())
    return [
        tuple(role.kinds.index(kind) for role, kind in zip(roles, kinds, strict=True)) for kinds in loss.combinations()
    ]


def variations(loss: Loss):
    """Parameter sets: the defaults, then each parameter at another value that its range allows."""
    sets = [{}]
    for spec in loss.params.values():
        if spec.name == "precision":
            continue  # it changes no formula, only how near the kernel comes to it: test_pairs has that law
        sets += [{spec.name: value} for value in others(spec)]
    return sets


def others(spec: Parameter):
    if spec.type == "bool":
        return [not spec.default]
    if spec.type == "choice":
        return [c for c in spec.choices if c != spec.default]
    pool = [0.25, 0.4, 0.75, 1.7, 2.0, 3.0, 0.0, 0.05, -1.5]
    if spec.type == "int":
        pool = [2, 3, 1]
    if spec.name == "log_floor":
        pool = [-100.0, -3.0]
    good = [v for v in pool if v != spec.default and spec.param.allows(v)]
    return good[:2]

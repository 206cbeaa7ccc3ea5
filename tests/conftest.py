"""Columns drawn from the declared domains: one generator for all losses, ordinary and cruel."""

from __future__ import annotations

import os
import random
import signal

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from losscli.binding.spec import LossSpec
from losscli.contract.kinds import Kind
from losscli.contract.loss import ALIASES, Loss, Param, Parameter
from losscli.contract.loss import loss as loss_decorator
from losscli.contract.number_lists import steps_of, widths
from losscli.losses import REGISTRY

# How long an example takes, or the drawing of one, tells how busy the machine is. In CI examples are always the same.
settings.register_profile(
    "losscli", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("losscli")

# A background job of a plain shell ignores SIGINT, and so would every command that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_BEGUN: dict[int, tuple[object, object]] = {}  # generators of modules, and their states before the first test


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A generator that tests of a module share is as imported: which of them a worker ran before changes no data."""
    for value in vars(getattr(item, "module", None) or object).values():
        if isinstance(value, np.random.Generator):
            value.bit_generator.state = _BEGUN.setdefault(id(value), (value, value.bit_generator.state))[1]
        elif isinstance(value, random.Random):
            value.setstate(_BEGUN.setdefault(id(value), (value, value.getstate()))[1])


WIDTH = 4  # of vectors
CLASSES = 3
VECTORS = 2  # vectors in a role that holds several
CRUEL = np.array([0.0, 1e-8, -1e-8, 30.0, -40.0, 750.0, -800.0])
CRUEL_PROBS = np.array([0.0, 1e-8, 1 - 1e-8, 0.5, 1.0, 1e-300, 1 - 2**-53])

LOSSES = [REGISTRY[name] for name in sorted(REGISTRY)]


def numbers(kind: Kind, shape, rng, cruel: bool, steps: int = WIDTH):
    if kind.labels:
        values = rng.choice(np.array(kind.allowed), shape)
        values.ravel()[: len(kind.allowed)] = kind.allowed[: values.size]  # each occurs: no term is empty
        return values
    if kind.last is not None:
        return rng.integers(0, steps + kind.last + 1, shape).astype(float)
    if kind.name == "Relevance":  # grades, as few rows have it alone
        return rng.integers(0, 4 if cruel else 3, shape).astype(float)
    if kind.low == 0 and kind.high == 1:
        pool = CRUEL_PROBS[(CRUEL_PROBS > 0) & (CRUEL_PROBS < 1)] if kind.open_low else CRUEL_PROBS
        return rng.choice(pool, shape) if cruel else rng.uniform(0.03, 0.97, shape)
    low = kind.low if np.isfinite(kind.low) else -np.inf
    if cruel:
        pool = CRUEL[low < CRUEL] if kind.open_low else CRUEL[low <= CRUEL]
        pool = pool[pool < kind.high] if kind.open_high else pool[pool <= kind.high]
        return rng.choice(pool[pool != 0] if kind.nonzero else pool, shape)
    if np.isfinite(low):
        return low + rng.uniform(0.1, 3.0, shape)
    if np.isfinite(kind.high):
        return kind.high - rng.uniform(0.1, 3.0, shape)
    return rng.normal(0, 1.3, shape)


def entry(kind: Kind, n: int, rng, cruel: bool, width: int = WIDTH, steps: int = WIDTH):
    if kind.shape == "class":
        ids = rng.integers(0, CLASSES, n)
        ids[: min(n, CLASSES)] = np.arange(CLASSES)[:n]
        return ids
    shape = {"number": (n,), "vector": (n, CLASSES if kind.classes else width),
             "vectors": (n, WIDTH if kind.triangular else VECTORS, WIDTH),
             "matrix": (CLASSES, WIDTH)}[kind.shape]  # fmt: skip
    if kind.divided:
        shares = rng.choice([0.0, 1e-300, 1e-8, 30.0, 750.0], shape) if cruel else rng.uniform(0.05, 2.0, shape)
        shares[~shares.any(axis=1), -1] = 30.0  # there must be something to divide by
        return shares
    if kind.total is not None:
        if cruel:
            rows = np.array([[1.0, 0.0, 0.0], [1e-8, 1 - 2e-8, 1e-8], [0.5, 0.5, 0.0], [1e-300, 1e-8, 1 - 1e-8]])
            chosen = np.array([rng.permutation(rows[i]) for i in rng.integers(0, len(rows), n)])
            return np.pad(chosen, ((0, 0), (0, shape[1] - CLASSES)))
        raw = rng.uniform(0.05, 1.0, shape)
        return raw / raw.sum(axis=1, keepdims=True)
    values = numbers(kind, shape, rng, cruel, steps)
    for pair in kind.ordered:
        values[:, pair] = np.sort(values[:, pair], axis=1)
    if kind.triangular:
        diagonal = np.einsum("nkk->nk", values)  # a view
        diagonal[:] = np.where(diagonal == 0, 1e-8, np.abs(diagonal))
    for place in kind.at_least_zero:
        values[:, place] = np.abs(values[:, place])
    return values


def usual_width(kind: Kind, points: int) -> int:
    """How many numbers a vector of the kind has, where nothing asks for more."""
    if kind.share > 1:
        return points
    return kind.size or (points * kind.multiple if kind.multiple > 1 else WIDTH)


def draw(loss: Loss, n: int, rng, *, cruel: bool = False, choice: tuple[int, ...] | None = None, params=None):
    """role -> array for n rows; `choice` picks one of each role's kinds, which are those that `params` leave."""
    choice = choice or tuple(0 for _ in loss.roles)
    settled = loss.settle({**required(loss), **(params or {})})
    sizes = {role: size for _, role, size in widths(loss.params, settled)}
    # Of points, there are as many as one role has numbers.
    points = next((sizes[name] for name, role in loss.roles.items() if role.kinds[0].share > 1 and name in sizes), 2)
    return {
        role.name: entry(
            role.kinds[which],
            n,
            rng,
            cruel,
            sizes.get(role.name) or usual_width(role.kinds[which], points),
            steps_of(role.name, loss.params, settled) or WIDTH,
        )
        for role, which in zip(loss.roles_with(params or {}).values(), choice, strict=True)
    }


def choices(loss: Loss):
    """Every combination of kinds that belongs together, as positions in each role's kinds."""
    roles = list(loss.roles.values())
    return [
        tuple(role.kinds.index(kind) for role, kind in zip(roles, kinds, strict=True)) for kinds in loss.combinations()
    ]


def variations(loss: Loss):
    """Parameter sets: the defaults, then each parameter of the formula at other values that its range allows."""
    needed = required(loss)
    return [needed] + [
        {**needed, spec.name: value} for spec in loss.params.values() if spec.param.in_formula for value in others(spec)
    ]


def required(loss: Loss):
    """Values of the parameters that have no default."""
    return {spec.name: others(spec)[-1] for spec in loss.params.values() if spec.required}


def spec_of(loss: Loss) -> str:
    """What one writes after -l at the least."""
    return LossSpec(loss, loss.settle(required(loss))).text


def others(spec: Parameter):
    """One or two values beside the default, from what the declaration says of type, choices and range."""
    if spec.type == "bool":
        return [not spec.default]
    if spec.type == "numbers":
        pool = [(0.05, 0.25, 0.5, 0.75, 0.95), (0.1, 0.4, 0.6, 0.9), (-1.5, -0.25, 0.0, 2.0)]
        return [numbers for numbers in pool if all(map(spec.param.allows, numbers))][-2:]
    if spec.type == "choice":
        return [c for c in spec.choices if c != spec.default]
    whole = spec.type == "int"
    pool = [2, 3, 1] if whole else [0.25, 0.4, 0.75, 1.7, 2.0, 3.0, 0.0, 0.05, -1.5, -100.0]
    pool += [round(v) if whole else v for v in between(spec.param)]
    good = [v for v in dict.fromkeys(pool) if v != spec.default and spec.param.allows(v)]
    assert good, f"no value beside the default lies in the range of '{spec.name}': {spec.param.range}"
    return good[:2]


def between(param: Param):
    """Two values within the bounds; one beyond a lone bound, for ranges that are far from 0."""
    low = param.gt if param.ge is None else param.ge
    high = param.lt if param.le is None else param.le
    if low is None or high is None:
        return [bound + step for bound, step in ((low, 1), (high, -1)) if bound is not None]
    return [low + (high - low) * share for share in (0.25, 0.75)]


@pytest.fixture
def temporary():
    """`@loss` for a test's own losses: they are forgotten when it ends."""
    before = dict(REGISTRY), dict(ALIASES)
    yield loss_decorator
    for known, names in zip((REGISTRY, ALIASES), before, strict=True):
        known.clear()
        known.update(names)

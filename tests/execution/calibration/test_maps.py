"""The laws of all maps: they begin as the identity, their derivatives are slopes, and each is named everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from losscli.cli.calibrating import METHODS
from losscli.execution.calibration.links import LINKS
from losscli.execution.calibration.maps import MAP_NAMES, MAPS, Domain

DOMAINS = [
    Domain(("pred",), "sigmoid", ("p",)),
    Domain(("pred",), "logit", ("z",)),
    Domain(("pred",), "identity", ("x",)),
    Domain(("pred",), "softmax", ("cat", "dog", "cow")),
    Domain(("pred",), "logit", ("cat", "dog", "cow")),
    Domain(("pred",), "identity", ("q_0.1", "q_0.9")),
    Domain(("lower", "upper"), "identity", ("lower", "upper")),
]
PAIRS = [pytest.param(each, domain, id=f"{each.name}-{domain.link}-{len(domain.labels)}")
         for each in MAPS for domain in DOMAINS if each.suits(domain) and each.parameters(domain)]  # fmt: skip


def predictions(domain: Domain, rows: int = 40) -> np.ndarray:
    rng = np.random.default_rng(5)
    raw = rng.normal(size=(rows, len(domain.labels))) * 2
    return LINKS[domain.link].back(raw)


def through(each, domain, values, w):
    link = LINKS[domain.link]
    return link.back(each.values(link.of(values), w))


@pytest.mark.parametrize(("each", "domain"), PAIRS)
def test_a_map_begins_as_the_identity(each, domain):
    values = predictions(domain)
    start = np.array([one.start for one in each.parameters(domain)])
    np.testing.assert_allclose(through(each, domain, values, start), values, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(("each", "domain"), [pair for pair in PAIRS if pair.values[0].fit == "descent"])
def test_the_chain_rule_gives_slopes(each, domain):
    values, rng = predictions(domain), np.random.default_rng(1)
    w = np.array([one.start for one in each.parameters(domain)]) + rng.uniform(0.1, 0.3, len(each.parameters(domain)))
    gradient, link = rng.normal(size=values.shape), LINKS[domain.link]
    x = link.of(values)
    pulled = each.pull(x, w, link.pull(each.values(x, w), gradient)).sum(axis=0)
    for at, unit in enumerate(np.eye(len(w))):
        high, low = (through(each, domain, values, w + sign * 1e-6 * unit) for sign in (1, -1))
        assert pulled[at] == pytest.approx((gradient * (high - low)).sum() / 2e-6, rel=2e-7, abs=1e-8)


@pytest.mark.parametrize("each", [one for one in MAPS if one.suits(DOMAINS[0]) and one.fit == "descent"])
@np.errstate(all="ignore")
def test_probabilities_of_0_and_1_stay(each):
    domain = DOMAINS[0]
    x = LINKS["sigmoid"].of(np.array([[0.0], [1.0], [0.3]]))
    w = np.array([one.start for one in each.parameters(domain)]) + 0.25
    found = LINKS["sigmoid"].back(each.values(x, w))
    assert (found[0, 0], found[1, 0]) == (0.0, 1.0)
    pull = each.pull(x, w, LINKS["sigmoid"].pull(each.values(x, w), np.array([[-np.inf], [np.inf], [1.0]])))
    assert not pull[:2].any()
    assert pull[2].all()


def test_the_command_line_names_every_map():
    assert METHODS == MAP_NAMES
    assert len(set(MAP_NAMES)) == len(MAP_NAMES)


def test_parameters_of_several_numbers_have_their_names():
    (vector,) = [each for each in MAPS if each.name == "vector"]
    assert [one.name for one in vector.parameters(DOMAINS[3])] == [
        "scale[cat]", "scale[dog]", "scale[cow]", "bias[cat]", "bias[dog]", "bias[cow]"
    ]  # fmt: skip

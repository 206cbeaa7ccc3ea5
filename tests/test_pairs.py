"""What the laws' few small rows do not reach: groups of many tiles, groups of one, parameters together, tiny angles."""

from __future__ import annotations

import tracemalloc

import mpmath as mp
import numpy as np
import pytest
from conftest import draw
from oracle import Formula, exact
from test_laws import check_slopes, compare_terms

from losscli.contract import as_terms
from losscli.losses import REGISTRY, _pairs


def pairs(rng, *, itself):
    anchors = rng.normal(size=(23, 5))
    keys = anchors if itself else rng.normal(size=(31, 5))
    labels = rng.integers(0, 6, len(anchors))
    others = labels if itself else rng.integers(0, 6, len(keys))
    return _pairs.Pairs(anchors, keys, labels, others, 0.3, itself)


def dense(given):
    """Values, which anchors have a positive, and slopes by each similarity, the way no group of any size can afford."""
    s = given.anchors @ given.keys.T / given.temperature
    same = given.anchor_labels[:, None] == given.key_labels[None, :]
    if given.itself:
        np.fill_diagonal(s, -np.inf)
        np.fill_diagonal(same, False)
    share = np.exp(s - s.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    count = same.sum(axis=1)
    logs = np.where(same, np.log(np.where(same, share, 1.0)), 0.0).sum(axis=1)
    part = count > 0
    pull = np.where(part[:, None], share - same / np.maximum(count, 1)[:, None], 0.0) / given.temperature
    return -logs[part] / count[part], part, pull


@pytest.mark.parametrize("itself", [False, True])
@pytest.mark.parametrize("shape", [(256, 1024), (4, 6), (6, 4), (1, 1), (7, 3)])
def test_any_tiles_give_the_dense_answer(monkeypatch, shape, itself):
    monkeypatch.setattr(_pairs, "HEIGHT", shape[0])
    monkeypatch.setattr(_pairs, "WIDTH", shape[1])
    given = pairs(np.random.default_rng(4), itself=itself)
    values, part, pull = dense(given)
    found = _pairs.spread(given)
    np.testing.assert_array_equal(found.count > 0, part)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found.values[part], values, rtol=1e-13)
    upstream = np.random.default_rng(5).uniform(0.5, 2.0, len(part))
    by_anchors, by_keys = _pairs.slopes(given, found, upstream)
    np.testing.assert_allclose(by_anchors, (upstream[:, None] * pull) @ given.keys, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(by_keys, (upstream[:, None] * pull).T @ given.anchors, rtol=1e-12, atol=1e-13)


def test_a_sure_pick_keeps_the_digits_of_its_slopes(monkeypatch):
    monkeypatch.setattr(_pairs, "HEIGHT", 4)
    monkeypatch.setattr(_pairs, "WIDTH", 4)
    vectors = np.random.default_rng(2).normal(size=(9, 12)) * 0.3 + 4 * np.eye(9, 12)
    own = np.arange(9)
    given = _pairs.Pairs(vectors, vectors, own, own, 0.2)
    pull = np.exp((vectors @ vectors.T - np.square(vectors).sum(axis=1)[:, None]) / 0.2)
    assert pull[~np.eye(9, dtype=bool)].max() < 1e-17  # beside 1, the shares of the others are not even seen
    np.fill_diagonal(pull, 0.0)
    np.fill_diagonal(pull, -pull.sum(axis=1))
    by_anchors, by_keys = _pairs.slopes(given, _pairs.spread(given), np.ones(9))
    np.testing.assert_allclose(by_anchors, pull @ vectors / 0.2, rtol=1e-10, atol=1e-12 * abs(pull).max())
    np.testing.assert_allclose(by_keys, pull.T @ vectors / 0.2, rtol=1e-10, atol=1e-12 * abs(pull).max())


def test_memory_grows_with_rows_not_pairs(monkeypatch):
    monkeypatch.setattr(_pairs, "HEIGHT", 64)
    monkeypatch.setattr(_pairs, "WIDTH", 256)
    rng = np.random.default_rng(1)
    anchor, positive = rng.normal(size=(2, 600, 4))
    tracemalloc.start()
    try:
        REGISTRY["nt_xent"].gradient("anchor", anchor, positive)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1200 * 1200 * 8 / 6


@pytest.mark.parametrize("name", ["info_nce", "nt_xent"])
def test_a_group_of_one_row_has_nothing_to_pick_from(name):
    loss = REGISTRY[name]
    row = np.array([[1.0, 2.0]])
    assert loss(row, 3 * row).tolist() == [0.0]
    assert not loss.gradient("anchor", row, -row).any()


def test_rows_alone_with_their_class_take_no_part():
    loss = REGISTRY["supcon"]
    term = loss([[1.0, 2.0]], [0])
    assert not term.where.any()
    slope = loss.gradient("embedding", [[1.0, 2.0], [3.0, 1.0]], [0, 1], upstream=np.array([np.nan, 1.0]))
    assert not slope.any()


TOGETHER = [
    *(("triplet", {"distance": d, "swap": True, "eps": e}) for d in ("euclidean", "squared", "cosine", "manhattan")
      for e in (0.0, 0.05)),
    ("triplet", {"distance": "manhattan", "eps": 0.05}),
    ("info_nce", {"normalize": False, "symmetric": True}),
    ("info_nce_negatives", {"normalize": False, "temperature": 2.0}),
    ("arcface", {"margin": 2.5, "scale": 5.0}),
    ("cycle_consistency", {"norm": "mean", "weight_x": 10.0, "weight_y": 10.0}),
    ("lsgan_discriminator", {"a": -1.0, "b": 1.0, "factor": 1.0}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "params"), TOGETHER, ids=[f"{n}-{'-'.join(map(str, p.values()))}" for n, p in TOGETHER]
)
def test_parameters_together(name, params):
    loss = REGISTRY[name]
    formula, settled = Formula(loss), loss.settle(params)
    for cruel in (False, True) if loss.scope == "row" else (False,):
        columns = draw(loss, 5, np.random.default_rng(8), cruel=cruel)
        with mp.workdps(800 if cruel else 120), np.errstate(all="ignore"):
            compare_terms(formula, exact(loss, columns), settled, as_terms(loss.kernel(*columns.values(), **settled)))
        for role in loss.gradients:
            check_slopes(loss, formula, columns, settled, role, cruel)


@pytest.mark.parametrize("name", [n for n in REGISTRY if n.startswith(("gan_generator", "lsgan_generator"))])
def test_without_a_target_every_row_is_generated(name):
    loss = REGISTRY[name]
    pred = np.array([0.2, 0.7, 0.4])
    term = loss(pred)
    assert term.where is None
    np.testing.assert_array_equal(term.values, loss(pred, [0, 0, 0]).values)
    np.testing.assert_array_equal(loss.gradient("pred", pred), loss.gradient("pred", pred, [0, 0, 0]))
    assert loss(pred, [0, 1, 0]).where.tolist() == [True, False, True]
    assert loss.gradient("pred", pred, [0, 1, 0])[1] == 0


@pytest.mark.parametrize("tilt", [0.0, 1e-30, 1e-12, 1e-5, 0.3])
def test_tiny_angles_keep_their_digits(tilt):
    rng = np.random.default_rng(6)
    a = rng.normal(size=(20, 7)) * 10.0 ** rng.integers(-9, 9, (20, 1))
    b = a * 2.0 ** rng.integers(-3, 4, (20, 1))
    b[:, 3] *= 1 + tilt
    b[:, 5] += tilt * b[:, 0]
    slope = _pairs.cosine_slope(a, b)
    for i, got in enumerate(_pairs.distance_by_angle(a, b)):
        with mp.workdps(120):
            x, y = mp.matrix(a[i].tolist()), mp.matrix(b[i].tolist())
            size = mp.norm(x) * mp.norm(y)
            cosine = (x.T * y)[0] / size
            want = 1 - cosine
            aside = (y / mp.norm(y) - x / mp.norm(x) * cosine) / mp.norm(x)
            assert abs(mp.mpf(got) - want) <= 1e-13 * want + mp.mpf(10) ** -100
            for j in range(7):
                assert abs(mp.mpf(slope[i, j]) - aside[j]) <= 1e-12 * mp.norm(aside) + mp.mpf(10) ** -90

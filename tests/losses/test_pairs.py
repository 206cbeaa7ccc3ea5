"""What the laws' few small rows do not reach: groups of many tiles, groups of one, parameters together, tiny angles."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from conftest import draw
from formula_checks import check_slopes, compare_terms
from memory import peak_of
from oracle import Formula, exact

import losscli
from losscli import parallel
from losscli.contract.loss import as_terms
from losscli.losses import REGISTRY, _angles, _pairs, _tiles, contrastive_learning
from losscli.losses._pairs import Pull
from losscli.losses._tiles import Pairs, Side

KINDS = ["two sides", "both pick", "views", "classes"]


def pairs(kind, normalize, temperature=0.3, precision="float64"):
    """Two dozen vectors, some of them equal, and what each has for positives: a matrix of booleans."""
    rng = np.random.default_rng(4)
    rows, columns = rng.normal(size=(2, 23, 5)) * (1 if normalize else 0.7)
    rows[7], columns[9] = rows[3], columns[4]
    settings = {"temperature": temperature, "precision": precision}
    if kind in ("two sides", "both pick"):
        sides = Side.of(rows, normalize=normalize), Side.of(columns, normalize=normalize)
        return Pairs(*sides, np.arange(23), both=kind == "both pick", **settings), np.eye(23, dtype=bool)
    if kind == "views":
        side, half = Side.of(rows, columns, normalize=normalize), np.arange(23)
        mates = np.concatenate([half + 23, half])
        return Pairs(side, side, mates, itself=True, **settings), mates[:, None] == np.arange(46)
    labels = rng.permutation(np.repeat([5, 6, 7, 8, 9], [1, 2, 2, 7, 11]))
    made = contrastive_learning._classmates(rows, labels, temperature, normalize, precision)
    return made, (labels[:, None] == labels) & ~np.eye(23, dtype=bool)


def dense(given, same):
    """Values, which rows have a positive, and pulls at each similarity, the way no group of any size can afford.

    Plain logs of shares have all digits only where no share is nearly 1; sure picks have a test of their own.
    """
    rows, columns = (side.chosen(np.arange(len(side))) for side in (given.rows, given.columns))
    s = rows @ columns.T / given.temperature
    if given.itself:
        np.fill_diagonal(s, -np.inf)
    share = np.exp(s - s.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    count = same.sum(axis=1)
    logs = np.where(same, np.log(np.where(same, share, 1.0)), 0.0).sum(axis=1)
    part = count > 0
    pull = np.where(part[:, None], share - same / np.maximum(count, 1)[:, None], 0.0) / given.temperature
    return -logs[part] / count[part], part, pull, rows, columns


@pytest.fixture(params=[(256, 512, 4096, 8), (4, 6, 12, 2), (6, 4, 4, 8), (1, 1, 5, 8), (7, 3, 9, 8)],
                ids=lambda sizes: "x".join(map(str, sizes)))  # fmt: skip
def sizes(request, monkeypatch):
    set_sizes(monkeypatch, request.param)


def set_sizes(monkeypatch, sizes):
    for name, size in zip(("HEIGHT", "WIDTH", "PANEL", "TASKS"), sizes, strict=True):
        monkeypatch.setattr(_tiles, name, size)


@pytest.mark.parametrize("near", [True, False], ids=["near", "far"])
@pytest.mark.parametrize("normalize", [True, False], ids=["cosine", "inner"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("sizes")
def test_any_tiles_give_the_dense_answer(monkeypatch, kind, normalize, near):
    if not near:
        monkeypatch.setitem(_tiles.REACH, "float64", 0.0)
    given, same = pairs(kind, normalize)
    assert given.near == (near and normalize)
    values, part, pull, rows, columns = dense(given, same)
    forth, back = _pairs.spread(given)
    np.testing.assert_allclose(forth.values[part], values, rtol=1e-13)
    upstream = np.random.default_rng(5).uniform(-0.5, 2.0, len(part))
    upstream[5:11] = 0
    weights = upstream[:, None] * pull
    others = Pull.none(len(upstream)) if not given.itself else Pull.of(given, forth, upstream)
    want = weights @ columns
    if given.both:
        turned = Pairs(given.columns, given.rows, given.mates, given.temperature, both=True)
        values, _, pull, _, _ = dense(turned, same.T)
        np.testing.assert_allclose(back.values, values, rtol=1e-13)
        others = Pull.of(given, back, upstream)
        want += (upstream[:, None] * pull).T @ columns
    elif given.itself:
        want += weights.T @ rows
    got = _pairs.gradients(given, Pull.of(given, forth, upstream), others, len(rows))
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12 * abs(want).max())
    if given.itself:
        some = _pairs.gradients(given, Pull.of(given, forth, upstream), others, 16)
        np.testing.assert_allclose(some, want[:16], rtol=1e-12, atol=1e-12 * abs(want).max())


@pytest.mark.parametrize("near", [True, False], ids=["near", "far"])
def test_a_sure_pick_keeps_the_digits_of_its_slopes(monkeypatch, near):
    set_sizes(monkeypatch, (4, 4, 8, 8))
    monkeypatch.setitem(_tiles.REACH, "float64", 1e9 if near else 0.0)
    vectors = np.random.default_rng(2).normal(size=(9, 12)) * 0.1 + 4 * np.eye(9, 12)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    side = Side.of(vectors, normalize=True)
    given = Pairs(side, side, np.arange(9), 0.02)
    pull = np.exp((vectors @ vectors.T - np.square(vectors).sum(axis=1)[:, None]) / 0.02)
    assert pull[~np.eye(9, dtype=bool)].max() < 1e-17  # beside 1, the shares of the others are not even seen
    np.fill_diagonal(pull, 0.0)
    forth, _ = _pairs.spread(given)
    np.testing.assert_allclose(forth.values, pull.sum(axis=1), rtol=1e-12)
    np.fill_diagonal(pull, -pull.sum(axis=1))
    slope = _pairs.gradients(given, Pull.of(given, forth, np.ones(9)), Pull.none(9), 9)
    np.testing.assert_allclose(slope, pull @ vectors / 0.02, rtol=1e-10, atol=1e-12 * abs(pull / 0.02).max())


LOSSES = {"info_nce": {"symmetric": True}, "nt_xent": {}, "supcon": {}}


def batch(name, count=300, width=8):
    rng = np.random.default_rng(3)
    anchor = rng.normal(size=(count, width))
    if name == "supcon":
        return anchor, rng.integers(0, count // 4, count)
    return anchor, anchor + rng.normal(size=(count, width))


def answers(name, columns, **params):
    """The values of a loss and its gradients by every role."""
    loss = REGISTRY[name]
    given = {**LOSSES[name], **params}
    term = as_terms(loss(*columns, **given))["loss"]
    upstream = np.linspace(0.5, 2, len(term.values))
    gradients = [loss.gradient(role, *columns, upstream=upstream, **given) for role in loss.gradients]
    return term.values if term.where is None else term.values[term.where], gradients


@pytest.mark.parametrize("temperature", [0.2, 0.005], ids=["near", "far"])
@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", LOSSES)
def test_threads_change_no_bit(monkeypatch, name, precision, temperature):
    set_sizes(monkeypatch, (32, 64, 64, 8))
    columns, found = batch(name), []
    for threads in (1, 2, 3, 7):
        with parallel.using_threads(threads):
            values, gradients = answers(name, columns, precision=precision, temperature=temperature)
        found.append([values.tobytes(), *(slope.tobytes() for slope in gradients)])
    assert found[1:] == found[:1] * 3


@pytest.mark.parametrize("name", LOSSES)
def test_sizes_of_tiles_change_last_digits_only(monkeypatch, name):
    columns = batch(name)
    values, gradients = answers(name, columns)
    for sizes in [(32, 64, 64, 8), (64, 64, 64, 8), (11, 17, 70, 1)]:
        set_sizes(monkeypatch, sizes)
        got, turned = answers(name, columns)
        np.testing.assert_allclose(got, values, rtol=2e-14)
        for one, other in zip(turned, gradients, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13 * abs(other).max())


@pytest.mark.parametrize("temperature", [0.07, 0.5, 0.01])
@pytest.mark.parametrize("name", LOSSES)
def test_float32_is_as_near_as_its_digits(name, temperature):
    """A cosine misses by a few units of float32 and its exponent by that over the temperature: so does the value."""
    columns = batch(name, width=32)
    values, gradients = answers(name, columns, temperature=temperature)
    rough, turned = answers(name, columns, temperature=temperature, precision="float32")
    assert rough.dtype == np.float64
    exponent = 4 * np.finfo(np.float32).eps / temperature
    gap = abs(rough - values)
    assert gap.max() > 1e-10  # it is float32 that was asked for
    # Where the positive has nearly all, the value is the share of the others: it misses by that much of itself.
    assert (gap <= exponent * np.minimum(1, values)).all()
    for one, other in zip(turned, gradients, strict=True):
        assert one.dtype == np.float64
        assert abs(one - other).max() <= exponent * abs(other).max()


@pytest.mark.parametrize("name", LOSSES)
def test_float32_keeps_the_digits_of_a_sure_pick(name):
    rng = np.random.default_rng(7)
    views = np.eye(40, 40) + rng.normal(size=(2, 40, 40)) * 1e-3
    columns = (np.concatenate(views), np.tile(np.arange(40), 2)) if name == "supcon" else tuple(views)
    values, _ = answers(name, columns, temperature=0.04)
    rough, _ = answers(name, columns, temperature=0.04, precision="float32")
    assert values.max() < 1e-8
    np.testing.assert_allclose(rough, values, rtol=1e-4)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", LOSSES)
def test_slopes_are_differences_of_values(name, precision):
    """In groups of several panels too, which the laws' few rows are not."""
    columns = batch(name, count=700, width=6)
    loss, rng = REGISTRY[name], np.random.default_rng(1)
    where = np.zeros(700, bool)
    _, gradients = answers(name, columns, precision=precision)
    for role, slope in zip(loss.gradients, gradients, strict=True):
        which = list(loss.roles).index(role)
        way = rng.normal(size=columns[which].shape)
        sums = []
        for step in (1e-5, -1e-5):
            moved = [column + step * way if place == which else column for place, column in enumerate(columns)]
            term = as_terms(loss(*moved, **LOSSES[name]))["loss"]
            where = np.ones(700, bool) if term.where is None else term.where
            sums.append((np.linspace(0.5, 2, 700) * np.where(where, term.values, 0.0)).sum())
        want = (sums[0] - sums[1]) / 2e-5
        assert (slope * way).sum() == pytest.approx(want, rel=1e-7 if precision == "float64" else 1e-5)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", LOSSES)
def test_memory_grows_with_rows_not_pairs(name, precision):
    count = 4000
    columns = batch(name, count, width=4)

    def both():
        REGISTRY[name](*columns, **LOSSES[name], precision=precision)
        REGISTRY[name].gradient(next(iter(REGISTRY[name].gradients)), *columns, precision=precision)

    limit = count * count * 8 / 10
    with parallel.using_threads(2):
        assert peak_of(both, limit) < limit


def test_a_walk_holds_no_copy_of_its_vectors():
    """What it holds beside its input is a panel a thread; the vectors are many panels."""
    vectors = np.random.default_rng(0).normal(size=(3000, 1500))
    limit = vectors.nbytes * 0.6
    with parallel.using_threads(1):
        assert peak_of(lambda: REGISTRY["supcon"](vectors, np.arange(3000) // 2), limit) < limit


def test_a_run_sets_the_precision_of_every_loss_that_has_one():
    views = {"a": batch("nt_xent")[0], "b": batch("nt_xent")[1]}
    roles = {"columns": {"anchor": "a", "positive": "b"}}
    asked = ["nt_xent", "info_nce:temperature=0.2", "mix=0.5*nt_xent+info_nce", "0.5*nt_xent+info_nce"]
    report = losscli.evaluate(views, asked, precision="float32", **roles)
    assert [result.spec for result in report] == [
        "nt_xent:precision=float32",
        "info_nce:temperature=0.2,precision=float32",
        "mix=0.5*nt_xent:precision=float32+info_nce:precision=float32",
        "0.5*nt_xent:precision=float32+info_nce:precision=float32",
    ]
    assert "precision=float32" in report[0].signature
    assert report[0].value == losscli.evaluate(views, "nt_xent:precision=float32", **roles)[0].value
    assert report[0].value != losscli.evaluate(views, "nt_xent", precision="float64", **roles)[0].value
    with pytest.raises(losscli.LosscliError, match="none of the losses has a parameter 'precision': mse") as caught:
        losscli.evaluate({"y": [1.0], "p": [2.0]}, "mse", target="y", pred="p", precision="float32")
    assert "nt_xent" in caught.value.hint
    with pytest.raises(losscli.LosscliError, match="one of float64, float32; got 'float16'"):
        losscli.evaluate(views, "nt_xent", precision="float16", **roles)


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
    slope = _angles.cosine_slope(a, b)
    for i, got in enumerate(_angles.distance_by_angle(a, b)):
        with mp.workdps(120):
            x, y = mp.matrix(a[i].tolist()), mp.matrix(b[i].tolist())
            size = mp.norm(x) * mp.norm(y)
            cosine = (x.T * y)[0] / size
            want = 1 - cosine
            aside = (y / mp.norm(y) - x / mp.norm(x) * cosine) / mp.norm(x)
            assert abs(mp.mpf(got) - want) <= 1e-13 * want + mp.mpf(10) ** -100
            for j in range(7):
                assert abs(mp.mpf(slope[i, j]) - aside[j]) <= 1e-12 * mp.norm(aside) + mp.mpf(10) ** -90

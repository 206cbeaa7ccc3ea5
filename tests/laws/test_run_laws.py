"""The laws of a whole run, over every loss: same rows, same bits; the gradient is the slope of the number."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import mpmath as mp
import numpy as np
import pytest
from conftest import LOSSES, choices, draw, required, spec_of
from files import arrow, rows_of, table, write_arrow, write_csv, write_jsonl, write_parquet
from formula_checks import term_means, terms_of
from oracle import Formula, exact
from per_class import PerClass, class_means

import losscli
from losscli.contract.loss import REGISTRY

ROWS = 23
CASES = [pytest.param(loss, choice, id=f"{loss.name}-{''.join(map(str, choice))}")
         for loss in LOSSES for choice in choices(loss) if loss.source_roles]  # fmt: skip


def case(loss, choice, rows=ROWS, seed=2):
    columns = draw(loss, rows, np.random.default_rng(seed), choice=choice)
    return columns, *table(loss, columns)


def case_with_a_value(loss, choice, rows):
    """The first drawn table that makes a batch with a value, where a loss has one value a batch."""
    seeds = count(9)
    found = case(loss, choice, rows=rows, seed=next(seeds))
    while loss.unit == "group" and not has_a_value(loss, found[0]):
        found = case(loss, choice, rows=rows, seed=next(seeds))
    return found


def has_a_value(loss, columns):
    with np.errstate(all="ignore"):
        terms = terms_of(loss, columns.values(), loss.settle(required(loss)))
    return all(term.where is None or term.where.any() for term in terms.values())


def drawn_weights(loss, rows):
    """Weights of rows, which are those of their batch where a loss has one value a batch."""
    drawn = np.random.default_rng(4).uniform(0.5, 2.5, rows)
    return np.repeat(drawn[:1], rows) if loss.unit == "group" else drawn


def bits(report):
    """Every number of a report, exactly; nothing of what the columns are called."""
    return [
        (dict(r.by), r.spec, r.value.hex(), r.count, float(r.weight).hex(),
         {n: (t.mean.hex(), t.sum.hex(), t.count) for n, t in r.terms.items()}, r.excluded_count)
        for r in report
    ]  # fmt: skip


@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_same_bits_however_cut_and_stored(loss, choice, tmp_path, monkeypatch):
    columns, data, settings = case(loss, choice)
    listed, list_settings = table(loss, columns, lists=True)
    want = bits(losscli.evaluate(data, spec_of(loss), **settings))
    again = {}
    for rows in (1, 7, 10**6):
        monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", str(rows))
        again[f"chunks of {rows}"] = losscli.evaluate(data, spec_of(loss), **settings)
    monkeypatch.delenv("LOSSCLI_CHUNK_ROWS")
    cuts = [np.arange(0, 3), np.arange(3, 4), np.arange(4, ROWS)]
    parts = [write_csv(tmp_path / f"{i}.csv", rows_of(data, cut)) for i, cut in enumerate(cuts)]
    again["three csv files"] = losscli.evaluate(parts, spec_of(loss), **settings)
    for write, name in ((write_csv, "a.csv"), (write_parquet, "a.parquet"), (write_arrow, "a.arrow"),
                        (write_jsonl, "a.jsonl")):  # fmt: skip
        again[name] = losscli.evaluate(write(tmp_path / name, data), spec_of(loss), **settings)
    for write, name in ((write_parquet, "l.parquet"), (write_arrow, "l.arrow"), (write_jsonl, "l.jsonl")):
        again[f"lists in {name}"] = losscli.evaluate(write(tmp_path / name, listed), spec_of(loss), **list_settings)
    again["arrow table"] = losscli.evaluate(arrow(data), spec_of(loss), **settings)
    others = [name for name in ("mse", "mae") if not loss.batched and loss.name != name]
    if others and settings.get("pred") == "pred" and settings.get("target") == "target" and "domain" not in data:
        run = losscli.evaluate(data, [*others, spec_of(loss)], **settings)
        assert bits(run)[-1] == want[0], "other losses in the run changed the number"
    for how, report in again.items():
        assert bits(report) == want, how


@pytest.mark.parametrize(("loss", "choice"), [c for c in CASES if not c.values[0].batched])
def test_same_bits_in_any_order(loss, choice):
    _, data, settings = case(loss, choice)
    want = bits(losscli.evaluate(data, spec_of(loss), **settings))
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(ROWS)
        assert bits(losscli.evaluate(rows_of(data, order), spec_of(loss), **settings)) == want


@pytest.mark.parametrize(("loss", "choice"), [c for c in CASES if not c.values[0].batched])
def test_weights_count_rows(loss, choice):
    """Weight 2 is the row twice, weight 0 the row absent."""
    _, data, settings = case(loss, choice)
    weights = np.random.default_rng(1).integers(0, 3, ROWS)
    weights[:2] = 1, 2
    weighted = losscli.evaluate({**data, "w": weights}, spec_of(loss), weight="w", **settings)[0]
    repeated = losscli.evaluate(rows_of(data, np.repeat(np.arange(ROWS), weights)), spec_of(loss), **settings)[0]
    assert weighted.value == repeated.value
    assert weighted.weight == repeated.count
    assert weighted.count == (weights > 0).sum() - weighted.excluded_count or weighted.excluded_count


@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_value_is_the_formulas(loss, choice):
    columns, data, settings = case(loss, choice, rows=7)
    weights = drawn_weights(loss, 7)
    with mp.workdps(50):
        for weight in (None, weights):
            want = Formula(loss).final(exact(loss, columns), loss.settle(required(loss)), weight)
            extra = {} if weight is None else {"weight": "w"}
            got = losscli.evaluate({**data, "w": weights}, spec_of(loss), **extra, **settings)[0].value
            assert abs(got - want) <= mp.mpf("1e-12") * abs(want)


@pytest.mark.parametrize("how", ["mean", "weighted", "sum", "count", "rows"])
@pytest.mark.parametrize(("loss", "choice"), [c for c in CASES if c.values[0].gradients])
def test_gradient_is_the_slope_of_the_final_value(loss, choice, how):
    if how == "sum" and loss.own_combine:
        _, data, settings = case(loss, choice)
        with pytest.raises(losscli.LosscliError, match="not a sum over rows"):
            losscli.evaluate(data, spec_of(loss), reduction="sum", **settings)
        return
    rows = 4
    columns, data, settings = case_with_a_value(loss, choice, rows)
    weights = drawn_weights(loss, rows)
    extra = {"mean": {}, "weighted": {"weight": "w"}, "sum": {"weight": "w", "reduction": "sum"},
             "count": {"weight": "w", "divide_by": "count"},
             "rows": {"weight": "w", "divide_by": "rows"}}[how]  # fmt: skip
    formula = Formula(loss)
    with mp.workdps(60):
        for role in loss.gradients:
            got = losscli.gradient({**data, "w": weights}, spec_of(loss), wrt=role, **extra, **settings)
            place = settings["columns"].get(role, settings.get(role))
            matrix = loss.roles[role].kinds[0].shape == "matrix"
            flat = columns[role].reshape(len(columns[role]), -1)
            for i in range(min(2, len(flat))):
                for j in range(flat.shape[1]):
                    name = str(j) if matrix else place if columns[role].ndim == 1 else f"{role}_{j}"
                    want = slope(formula, loss, columns, role, (i, j), weights if extra else None, how)
                    scale = max(abs(want), mp.mpf("1e-3"))
                    assert abs(got[name][i] - want) <= mp.mpf("1e-11") * scale, (role, i, j)


def slope(formula, loss, columns, role, place, weights, how):
    step = mp.mpf(10) ** -15

    def final(sign):
        out = exact(loss, columns)
        shape = np.unravel_index(place[1], columns[role].shape[1:]) if columns[role].ndim > 1 else ()
        target = out[role]
        for index in (place[0], *shape)[:-1]:
            target = target[index]
        target[(place[0], *shape)[-1]] += sign * step
        if how in ("sum", "count", "rows"):
            return scaled(formula, out, loss, weights, how)
        return formula.final(out, loss.settle(required(loss)), weights)

    return (final(1) - final(-1)) / (2 * step)


def scaled(formula, columns, loss, weights, how):
    """The sum of weight * value a term, or that over the count: by the textbook, beside the product's own way."""
    from oracle import SKIP, outputs_mean

    weights = weights[:1] if loss.unit == "group" else weights
    rows = [formula.row(columns, i, loss.settle(required(loss))) for i in range(len(weights))]
    found = {}
    for term in formula.terms:
        if isinstance(rows[0][term], PerClass):
            found |= class_means(rows, [mp.mpf(float(w)) for w in weights], SKIP, len(weights))
            continue
        part = [float(w) * outputs_mean(r[term]) for w, r in zip(weights, rows, strict=True) if r[term] is not SKIP]
        found[term] = mp.fsum(part) / (len(part) if how in ("count", "rows") else 1)  # no weight here is 0
    return mp.fsum(found.values()) if how == "sum" else formula.combine(found, loss.settle(required(loss)))


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.own_combine], ids=lambda loss: loss.name)
def test_complex_step_through_combine(loss):
    """∂combine/∂mean by complex step equals real differences."""
    from losscli.aggregate.exact_sum import ONE
    from losscli.binding.plan import Job
    from losscli.binding.spec import LossSpec
    from losscli.statistics.combination import Means, combine_gradient

    columns = draw(loss, 5, np.random.default_rng(0))
    settled = loss.settle(required(loss))
    means = {n: float(mean) for n, mean in term_means(terms_of(loss, columns.values(), settled)).items()}
    job = Job(None, LossSpec(loss, settled), ())
    got = combine_gradient(job, Means(means, dict.fromkeys(means), 5 * ONE))
    far = combine_gradient(job, Means(means, {name: Fraction(mean) for name, mean in means.items()}, 5 * ONE))
    assert {name: float(slope) for name, slope in far.items()} == pytest.approx(got, rel=1e-14)
    for name, mean in means.items():
        step = 1e-6 * (abs(mean) if abs(mean) > 1e-12 else 1.0)  # of what squares lack, a step must be seen
        up, down = ({**means, name: mean + s * step} for s in (1, -1))
        want = (loss.combine(up, settled) - loss.combine(down, settled)) / (2 * step)
        assert got[name] == pytest.approx(want, rel=1e-7)
    # Resampling combines many sums at once: arrays must give what numbers give, one by one.
    many = {name: np.array([mean, 0.9 * mean]) for name, mean in means.items()}
    one_by_one = [float(loss.combine({n: np.float64(m[i]) for n, m in many.items()}, settled)) for i in range(2)]
    assert np.asarray(loss.combine(many, settled)).tolist() == one_by_one


def test_every_loss_is_here():
    of_tables = {loss.name for loss in LOSSES if not loss.source_roles}  # no rows of a file: penalties
    assert {c.values[0].name for c in CASES} | of_tables >= set(REGISTRY)

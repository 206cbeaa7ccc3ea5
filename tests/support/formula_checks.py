"""Kernels and gradients against their formulas, row by row: what laws and tests of single families share."""

from __future__ import annotations

import mpmath as mp
import numpy as np
from oracle import SKIP, exact, outputs_mean
from per_class import PerClass, key

from losscli.contract.class_terms import name_of
from losscli.contract.loss import as_terms


def rows_of(loss, cruel):
    if loss.scope != "row":
        return 6
    return 40 if cruel else 5


def digits(cruel):
    # e^-1550 needs some 700 digits beside 1; a slope has half of the digits.
    return 800 if cruel else 120


def close(got, want, scale=None):
    """Equal to 1e-12 of the value (or of `scale`); below 1e-290 doubles underflow."""
    want = mp.mpf(want)
    if mp.isinf(want) or abs(want) > mp.mpf(2) ** 1024:
        return got == (np.inf if want > 0 else -np.inf)
    if mp.isnan(want):
        return np.isnan(got)
    return abs(mp.mpf(float(got)) - want) <= mp.mpf("1e-12") * max(abs(want), scale or 0) + mp.mpf("1e-290")


def terms_of(loss, arrays, params):
    """The terms of a kernel; of a loss of a whole table, the mean of each."""
    return loss.terms_of_table(arrays, params) if loss.sorted_by else as_terms(loss.kernel(*arrays, **params))


def compare_means(formula, columns, params, terms):
    """The means of the terms of a whole table: there is no value of a row."""
    rows = [formula.row(columns, i, params) for i in range(len(next(iter(columns.values()))))]
    for name, term in terms.items():
        values = [row[name] for row in rows if row[name] is not SKIP]
        want = mp.fsum(values) / len(values) if values else mp.nan
        assert close(term.values[0], want), f"the mean of {name} with {params}: {term.values[0]!r}, {mp.nstr(want, 20)}"


def compare_terms(formula, columns, params, terms):
    if formula.loss.sorted_by:
        compare_means(formula, columns, params, terms)
        return
    if formula.loss.unit == "element":
        (term,) = terms.values()
        total = mp.fsum(mp.mpf(float(v)) for v in term.values)
        assert close(total, formula.row(columns, 0, params)["loss"])
        return
    for name, term in terms.items():
        for i in range(len(term.values)):
            want = formula.row(columns, i, params)[name]
            part = term.where is None or bool(term.where[i])
            if term.by is not None and part:
                compare_classes(term, i, want)
                continue
            assert part == (want is not SKIP), f"row {i} of {name}: {params}"
            if part:
                assert close(term.values[i], want), (
                    f"row {i} of term {name} with {params}: kernel {term.values[i]!r}, formula {mp.nstr(want, 20)}; "
                    f"{ ({r: c[i] if c and len(c) > i else c for r, c in columns.items()}) }"
                )


def compare_classes(term, i, want):
    """A row of a term a class has the formula's classes, with its values."""
    assert want is not SKIP
    given = zip(np.ravel(term.by[i]), np.ravel(term.values[i]), strict=True)
    got = {int(c): value for c, value in given}
    if term.names is not None and set(got) != set(want):  # classes that have names of their own
        got = {key(term.names[c]): value for c, value in got.items()}
    assert set(got) == set(want), f"row {i}: classes {got}, in the formula {dict(want)}"
    for c, value in got.items():
        assert close(value, want[c]), f"row {i}, class {c}: kernel {value!r}, formula {mp.nstr(want[c], 20)}"


def term_means(terms, rows=slice(None)):
    """The plain means of some rows' terms, those a class by their names."""
    found = {}
    for name, term in terms.items():
        values, part = term.values[rows], True if term.where is None else term.where[rows]
        if term.by is None:
            found[name] = values.mean() if part is True else values[part].mean()
            continue
        for c in np.unique(term.by):
            share = np.where((term.by[rows] == c) & part, values, 0.0)
            own = str(c) if term.names is None or term.by.ndim > 1 else term.names[c]
            found[name_of(name, own)] = share.sum() / len(values)
    return found


def check_slopes(loss, formula, columns, params, role, cruel):
    arrays = list(columns.values())
    upstream = np.random.default_rng(5).uniform(0.5, 2.0, 64)
    with np.errstate(all="ignore"):
        terms = as_terms(loss.kernel(*arrays, **params))
        if loss.scope != "row":
            factors = {t: upstream[: len(term.values)] for t, term in terms.items()}
            given = factors["loss"] if set(factors) == {"loss"} else factors
            gradients = {"loss": loss.gradients[role](*arrays, upstream=given, **params)}
        else:
            answer = loss.gradients[role](*arrays, **params)
            gradients = answer if isinstance(answer, dict) else {"loss": answer}
    matrix = loss.roles[role].kinds[0].shape == "matrix"
    with mp.workdps(digits(cruel)):
        for name, slope in gradients.items():
            if loss.scope != "row":
                assert slope.shape == columns[role].shape
                check_entries(loss, columns, role, slope, lambda c: group_sum(formula, c, params, factors))
            elif loss.unit == "element":
                assert slope.shape == columns[role].shape
                check_entries(loss, columns, role, slope, lambda c: formula.row(c, 0, params)["loss"])
            else:
                for i in range(len(slope)):
                    check_entries(loss, columns, role, slope[i],
                                  lambda c, i=i, name=name: part(formula.row(c, i, params)[name]),
                                  row=None if matrix else i)  # fmt: skip


def part(value):
    if isinstance(value, PerClass):
        return mp.fsum(value.values())
    return mp.mpf(0) if value is SKIP else outputs_mean(value)


def group_sum(formula, columns, params, factors):
    n = len(next(iter(factors.values())))
    rows = [formula.row(columns, i, params) for i in range(n)]
    return mp.fsum(float(factors[t][i]) * part(rows[i][t]) for t in factors for i in range(n))


def check_entries(loss, columns, role, slope, value, row=None):
    """Each entry of `slope` against the exact one-sided differences of `value`; at a kink it lies between them."""
    # Half the digits: small enough to stay inside the domain beside 1e-300, and half are left for the difference.
    step = mp.mpf(10) ** (-mp.mp.dps // 2)
    base = value(exact(loss, columns))
    if mp.isinf(base) or mp.isnan(base):
        return
    spots = np.ndindex(slope.shape)
    wanted = []
    for spot in spots:
        place = spot if row is None else (row, *spot)
        up, down = (real(value(moved(loss, columns, role, place, sign * step))) for sign in (1, -1))
        right, left = (up - base) / step, (base - down) / step
        wanted.append((spot, left, right))
    wanted = [(spot, left, right) for spot, left, right in wanted if mp.isfinite(left) and mp.isfinite(right)]
    # Where all gradients are 0, the differences hold nothing but the rounding of the formula's own digits.
    noise = abs(base) * mp.mpf(10) ** (14 - mp.mp.dps) / step
    scale = max(noise, *(max(abs(lo), abs(hi)) for _, lo, hi in wanted), 0)
    for spot, left, right in wanted:
        got = slope[spot]
        if abs(left - right) <= mp.mpf("1e-13") * max(abs(left), abs(right), mp.mpf("1e-280")):
            assert close(got, (left + right) / 2, scale), (
                f"slope by {role}{spot}: got {got!r}, formula {mp.nstr((left + right) / 2, 20)}; {columns}"
            )
        else:
            low, high = sorted((left, right))
            slack = mp.mpf("1e-12") * scale
            assert low - slack <= got <= high + slack, f"{role}{spot}: {got} is no slope between {low} and {high}"


def real(value):
    """`value`, or NaN where the step left the domain (a root or a logarithm of a negative number)."""
    return mp.nan if isinstance(value, mp.mpc) else value


def moved(loss, columns, role, place, step):
    """The exact columns with one entry moved by `step`; never a rounded sum."""
    out = exact(loss, columns)
    target = out[role]
    for index in place[:-1]:
        target = target[index]
    target[place[-1]] += step
    return out

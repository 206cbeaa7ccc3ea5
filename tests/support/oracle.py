"""Runs the formulas that the help shows, row by row, at hundreds of digits, where even the naive form is right.

A formula is Python over one row. Names: the roles (numbers; lists for vectors; text for named values; a class target
that may also be a distribution comes as a list of shares, a plain class as its number), the parameters, `others` and
`everyone` (rows of the group, as `o.anchor`…; of a whole table, `o.weight` is a row's weight), `skip` (this row takes
no part) and the functions in `WORDS`.
The last bare expression is the value; `name: expression` lines are the terms of a loss with several; `value:` makes
the number of the term means; it may say `total`, what their sums were divided by. A term a class is written
`{class: value}` (in `per_class.py` is what a value line may do with the means of all classes).

No step is rounded to a double. Float parameters become mpf before a formula sees them, so `(1 - power) * (2 - power)`
has all its digits; whole numbers stay whole (`range(k)`, `scores[k]`), and their quotients and powers are mpf too:
`1 / 3` is a third to the last digit. A literal with a point, `0.1`, is the double nearest to one tenth, as it is in a
kernel and in a parameter that is given as 0.1: kernel and formula mean the same number, and agree also where it
cancels. One tenth itself is written `1 / 10`.
"""

from __future__ import annotations

import ast
import operator
from types import SimpleNamespace
from typing import Any

import mpmath as mp
import numpy as np
from oracle_rankings import rankings
from per_class import CLASS_WORDS, by_class, class_means

SKIP = object()


def dot(a, b):
    return mp.fsum(map(operator.mul, a, b))


def norm(a):
    return mp.sqrt(dot(a, a))


def unit(a):
    """a / |a|; the zero vector stays zero."""
    length = norm(a)
    return [x / length for x in a] if length else list(a)


def log(x):
    return mp.log(x) if x != 0 else -mp.inf


def each(x):
    """The entries of a vector; a lone number is a vector of one."""
    return x if isinstance(x, list) else [x]


def quotient(a, b):
    """a / b; Python would round that of two whole numbers to a double."""
    return mp.mpf(a) / b if isinstance(a, int) and isinstance(b, int) else a / b


def power(a, b):
    """a**b; Python would round a whole number's negative power to a double."""
    return mp.mpf(a) ** b if isinstance(a, int) and isinstance(b, int) and b < 0 else a**b


def betainc(a, b, x):
    """The incomplete beta function I_x(a, b), as a share of the whole."""
    return mp.betainc(a, b, 0, x, regularized=True)


def double(x):
    """The double nearest to x."""
    return mp.mpf(float(x))


# What formulas may say. `pi` has the digits that are asked for when a formula runs.
WORDS = {
    **{word.__name__: word for word in (abs, max, min, sum, len, zip, enumerate, range, list, sorted, any)},
    **{word.__name__: word for word in (log, dot, norm, unit, each, double, betainc)},
    "exp": mp.exp, "sqrt": mp.sqrt, "cosh": mp.cosh, "cos": mp.cos, "sin": mp.sin, "acos": mp.acos,
    "atan": mp.atan, "atan2": mp.atan2, "sign": mp.sign,
    "loggamma": mp.loggamma, "besseli": mp.besseli,
    "Phi": mp.ncdf, "pi": mp.pi, "inf": mp.inf, "skip": SKIP, "__builtins__": {},
    **CLASS_WORDS,
}  # fmt: skip
WORDS["rankings"] = rankings
_EXACT = {f"_{made.__name__}": made for made in (mp.mpf, quotient, power)}


class _Exact(ast.NodeTransformer):
    """A formula in which no literal is a float, and no operator makes one of whole numbers."""

    def visit_Constant(self, node):
        return self._call("_mpf", node) if isinstance(node.value, float) else node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        name = {ast.Div: "_quotient", ast.Pow: "_power"}.get(type(node.op))
        return self._call(name, node.left, node.right) if name else node

    def visit_AugAssign(self, node):
        raise SyntaxError(f"a formula names each number once: write 'x = x / y', not '{ast.unparse(node)}'")

    def _call(self, name, *given):
        return ast.Call(ast.Name(name, ast.Load()), list(given), [])


def numbers(params):
    """Parameters as formulas read them: floats become the mpf of the same value."""
    return {
        name: mp.mpf(value) if isinstance(value, float)
        else [mp.mpf(each) for each in value] if isinstance(value, tuple) else value
        for name, value in params.items()
    }  # fmt: skip


class Formula:
    """A loss's formula, compiled: `lines` run first, then each term, at last the value line."""

    def __init__(self, loss):
        self.loss = loss
        self.lines, self.terms, self.value = [], {}, None
        for node in ast.fix_missing_locations(_Exact().visit(ast.parse(loss.formula))).body:
            if isinstance(node, ast.AnnAssign) and node.value is None:
                code = compile(ast.Expression(node.annotation), loss.name, "eval")
                if node.target.id == "value":
                    self.value = code
                else:
                    self.terms[node.target.id] = code
            elif isinstance(node, ast.Expr):
                self.terms["loss"] = compile(ast.Expression(node.value), loss.name, "eval")
            else:
                self.lines.append(compile(ast.Module([node], []), loss.name, "exec"))

    def row(self, columns, i, params, weights=None) -> dict[str, Any]:
        """Term name -> value (or SKIP) of row i of exact columns."""
        n = next((len(c) for r, c in columns.items() if c is not None and not self._matrix(r)), 1)
        everyone = [
            SimpleNamespace(**{r: None if c is None else c if self._matrix(r) else c[j] for r, c in columns.items()})
            for j in range(n)
        ]
        names = WORDS | _EXACT | numbers(params) | vars(everyone[i])
        for j, each in enumerate(everyone):  # a role may have this name
            each.__dict__.setdefault("weight", mp.mpf(1) if weights is None else weights[j])
        names |= {"everyone": everyone, "others": everyone[:i] + everyone[i + 1 :]}
        for line in self.lines:
            exec(line, names)
        found = {term: eval(code, names) for term, code in self.terms.items()}
        assert not any(isinstance(value, float) for value in found.values()), "a formula's number was rounded"
        return {term: by_class(value) if isinstance(value, dict) else value for term, value in found.items()}

    def _matrix(self, role):
        return self.loss.roles[role].kinds[0].shape == "matrix"

    def combine(self, means, params, total=mp.inf):
        if self.value is None:
            return sum(means.values())
        return eval(self.value, WORDS | _EXACT | numbers(params) | means | {"total": total})

    def final(self, columns, params, weights=None):
        """The final value by the textbook: weighted term means, combined. None where a term is empty."""
        matrix_only = all(self._matrix(r) for r in self.loss.roles)
        whole = matrix_only or self.loss.unit == "group"  # one value, of all rows
        rows_in = (
            1 if matrix_only else next(len(c) for r, c in columns.items() if c is not None and not self._matrix(r))
        )
        weights = [mp.mpf(1)] * rows_in if weights is None else [mp.mpf(float(w)) for w in weights]
        if self.loss.scope == "table":  # its rows see the weights of others; those of 0 are not there
            used = [i for i, weight in enumerate(weights) if weight]
            columns = {r: c if c is None or self._matrix(r) else [c[i] for i in used] for r, c in columns.items()}
            weights = [weights[i] for i in used]
        rows = [self.row(columns, i, params, weights) for i in range(1 if whole else len(weights))]
        weights = weights[: len(rows)]
        means, total = class_means(rows, weights, SKIP), None
        for term in self.terms:
            if term in means:
                continue
            part = [(w, row[term]) for w, row in zip(weights, rows, strict=True) if row[term] is not SKIP and w]
            if not part:
                return None
            top, total = mp.fsum(w * outputs_mean(v) for w, v in part), mp.fsum(w for w, _ in part)
            means[term] = top / total
        return self.combine(means, params, mp.fsum(weights) if total is None else total)


def outputs_mean(value):
    return mp.fsum(value) / len(value) if isinstance(value, list) else value


def exact(loss, columns: dict[str, Any]) -> dict[str, Any]:
    """Arrays as nested lists of exact numbers, in the form that formulas read."""
    out = {}
    for role in loss.roles.values():
        values = columns.get(role.name)
        if values is None:
            out[role.name] = None
            continue
        values = np.asarray(values)
        if any(k.shape == "class" for k in role.kinds) and values.dtype.kind == "i":
            if values.ndim == 1 and len(role.kinds) > 1 and loss.labels != "classes":
                width = class_count(loss, columns)
                out[role.name] = [[mp.mpf(int(c == y)) for c in range(width)] for y in values]
                continue
            if values.ndim == 1:
                out[role.name] = [int(v) for v in values]
                continue
        texts = {v: t for t, v in reversed(role.kinds[0].labels) if not t.lstrip("-").isdigit() and t.islower()}
        if texts and "true" not in texts.values():
            out[role.name] = [texts[float(v)] for v in values]
        else:
            out[role.name] = nested(values)
    return out


def class_count(loss, columns):
    for role in loss.roles.values():
        for kind in role.kinds:
            if kind.classes and columns.get(role.name) is not None and np.ndim(columns[role.name]) == 2:
                return np.shape(columns[role.name])[-1 if kind.shape == "vector" else 0]
    raise AssertionError("no role carries classes")


def nested(values):
    if values.ndim == 0:
        return mp.mpf(float(values))
    return [nested(v) for v in values]

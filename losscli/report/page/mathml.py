"""Formulas, typeset: the Python expressions of a loss's formula as MathML, which browsers lay out without a script.

The formula is the text that the tests execute, so the page shows what runs. What has no usual sign is shown as code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from html import escape

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "theta": "θ",
    "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "Phi": "Φ", "omega": "ω",
    "lambda_": "λ", "inf": "∞",
}  # fmt: skip
_SIGNS = {
    ast.Add: "+", ast.Sub: "−", ast.Mult: "·", ast.Mod: "mod", ast.And: "and", ast.Or: "or", ast.Eq: "=",
    ast.NotEq: "≠", ast.Lt: "&lt;", ast.LtE: "≤", ast.Gt: "&gt;", ast.GtE: "≥", ast.In: "∈", ast.NotIn: "∉",
    ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip
_LEVELS: dict[type, int] = {ast.Add: 4, ast.Sub: 4, ast.Mult: 5, ast.Mod: 5, ast.Div: 7, ast.Pow: 8, ast.FloorDiv: 7}
_AROUND = {"abs": ("|", "|"), "norm": ("‖", "‖"), "len": ("#", "")}
_WORDS = {None: "unset", True: "yes", False: "no"}


def typeset(formula: str) -> list[tuple[str, str]]:
    """The lines of a formula: for each what it is named (a term, `value`, or nothing) and its MathML.

    Parameters
    ----------
    formula : str
        Assignments, terms (`name: expression`) and a last expression, as a loss declares them.

    Returns
    -------
    list of (str, str)
        The label of each line, and a `math` element, or a `code` element for what has no usual sign.

    Examples
    --------
    >>> typeset("(pred - target)**2")[0][1].count("<msup>")
    1
    """
    return [_line(node, formula) for node in ast.parse(formula).body]


def _line(node: ast.stmt, formula: str) -> tuple[str, str]:
    label = ""
    means = False
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        label, means = node.target.id, node.target.id == "value"
    try:
        inner = _Typesetter(means).statement(node)
    except _NoSign:
        source = node.annotation if label and isinstance(node, ast.AnnAssign) else node
        return label, f"<code>{escape(ast.get_source_segment(formula, source) or ast.unparse(source))}</code>"
    return label, f'<math display="block">{inner}</math>'


class _NoSign(Exception):
    """There is no usual way to typeset this."""


class _Typesetter:
    """Nodes of Python's grammar as MathML; in the line `value`, names are those of means of terms."""

    def __init__(self, means: bool) -> None:
        self.means = means

    def statement(self, node: ast.stmt) -> str:
        if isinstance(node, ast.Expr):
            return self.of(node.value)
        if isinstance(node, ast.AnnAssign):
            return self.of(node.annotation)
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            return _row(self._assigned(node.targets[0], node.value))
        raise _NoSign

    def _assigned(self, target: ast.expr, value: ast.expr) -> Sequence[str]:
        if isinstance(value, ast.Lambda):
            names = [argument.arg for argument in value.args.args]
            return (self.of(target), _fenced(_listed(map(_name, names))), _sign("="), self.of(value.body))
        return self.of(target), _sign("="), self.of(value)

    def of(self, node: ast.expr, above: int = 0) -> str:
        """The node, in parentheses where it binds less than what it stands in."""
        found, level = self._binding(node)
        return _fenced(found) if level < above else found

    def _binding(self, node: ast.expr) -> tuple[str, int]:
        """The node, and how tightly it binds: 9 for what never needs parentheses."""
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.UnaryOp):
            sign = {ast.USub: "−", ast.Not: "not"}.get(type(node.op))
            if sign is None:
                raise _NoSign
            return _row((_sign(sign), self.of(node.operand, 5))), 4 if sign == "−" else 2
        if isinstance(node, ast.Compare):
            parts = [self.of(node.left, 4)]
            for compared, right in zip(node.ops, node.comparators, strict=True):
                parts += [_sign(_SIGNS[type(compared)]), self.of(right, 4)]
            return _row(parts), 3
        if isinstance(node, ast.BoolOp):
            return _joined([self.of(value, 2) for value in node.values], _SIGNS[type(node.op)]), 1
        simple: dict[type, Callable[..., str]] = {
            ast.Name: self._named, ast.Constant: _constant, ast.Attribute: self._attribute, ast.Call: self._call,
            ast.IfExp: self._cases, ast.Subscript: self._subscript, ast.ListComp: self._listing,
            ast.GeneratorExp: self._listing, ast.List: self._items, ast.Tuple: self._items, ast.Dict: self._entries,
            ast.DictComp: self._table,
        }  # fmt: skip
        if type(node) not in simple:
            raise _NoSign
        return simple[type(node)](node), 9

    def _binary(self, node: ast.BinOp) -> tuple[str, int]:
        kind = type(node.op)
        if isinstance(node.op, ast.Div):
            return f"<mfrac>{_row((self.of(node.left),))}{_row((self.of(node.right),))}</mfrac>", 7
        if isinstance(node.op, ast.Pow):
            return f"<msup>{_row((self.of(node.left, 9),))}{_row((self.of(node.right),))}</msup>", 8
        if isinstance(node.op, ast.FloorDiv):
            inside = f"<mfrac>{_row((self.of(node.left),))}{_row((self.of(node.right),))}</mfrac>"
            return _fenced(inside, "⌊", "⌋"), 9
        if kind not in _SIGNS:
            raise _NoSign
        level = _LEVELS[kind]
        right = level + (1 if kind in (ast.Sub, ast.Mod) else 0)
        return _row((self.of(node.left, level), _sign(_SIGNS[kind]), self.of(node.right, right))), level

    def _named(self, node: ast.Name) -> str:
        if node.id == "skip":
            return "<mtext>takes no part</mtext>"
        if not self.means or node.id == "total":
            return _name(node.id)
        if len(node.id) == 1:
            return f"<mover>{_name(node.id)}<mo>¯</mo></mover>"
        return _row(("<mi>mean</mi>", _fenced(_name(node.id))))  # browsers draw no bar as wide as a word

    def _attribute(self, node: ast.Attribute) -> str:
        return f"<msub>{_name(node.attr)}{_row((self.of(node.value),))}</msub>"

    def _subscript(self, node: ast.Subscript) -> str:
        index = node.slice
        if isinstance(index, ast.Slice):
            low, high = ("" if end is None else self.of(end) for end in (index.lower, index.upper))
            return f"<msub>{_row((self.of(node.value, 9),))}{_row((low, _sign(':'), high))}</msub>"
        return f"<msub>{_row((self.of(node.value, 9),))}{_row((self.of(index),))}</msub>"

    def _call(self, node: ast.Call) -> str:
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise _NoSign
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        first = node.args[0] if len(node.args) == 1 else None
        if name == "sum" and isinstance(first, ast.GeneratorExp):
            over = _joined([self._range(each) for each in first.generators], ",")
            return _row((f"<munder><mo>∑</mo>{over}</munder>", self.of(first.elt, 5)))
        if name == "sqrt" and first is not None:
            return f"<msqrt>{self.of(first)}</msqrt>"
        if name == "exp" and first is not None and sum(1 for _ in ast.walk(first)) < 12:
            return f"<msup><mi>e</mi>{_row((self.of(first),))}</msup>"
        if name in _AROUND and first is not None:
            return _fenced(self.of(first), *_AROUND[name])
        if name == "unit" and isinstance(first, ast.Name | ast.Attribute):
            return f"<mover>{_row((self.of(first),))}<mo>^</mo></mover>"
        if name == "dot" and len(node.args) == 2:
            return _row((self.of(node.args[0], 9), _sign("·"), self.of(node.args[1], 9)))
        arguments = [self.of(argument) for argument in node.args]
        return _row((self.of(node.func, 9), "<mo>&#x2061;</mo>", _fenced(_listed(arguments))))

    def _cases(self, node: ast.IfExp) -> str:
        rows, rest = [], node
        while isinstance(rest, ast.IfExp):
            condition = _row(("<mtext>if&#xa0;</mtext>", self.of(rest.test)))
            rows.append(f"<mtr><mtd>{self.of(rest.body)}</mtd><mtd>{condition}</mtd></mtr>")
            rest = rest.orelse  # type: ignore[assignment]
        rows.append(f"<mtr><mtd>{self.of(rest)}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr>")
        return _row(('<mo stretchy="true">{</mo>', f"<mtable>{''.join(rows)}</mtable>"))

    def _listing(self, node: ast.ListComp | ast.GeneratorExp) -> str:
        over = _joined([self._range(each) for each in node.generators], ",")
        return _fenced(_row((self.of(node.elt), _sign(":"), over)), "[", "]")

    def _entries(self, node: ast.Dict) -> str:
        if None in node.keys:
            raise _NoSign
        pairs = zip(node.keys, node.values, strict=True)
        found = [_row((self.of(key), _sign("↦"), self.of(value))) for key, value in pairs if key is not None]
        return _fenced(_listed(found), "{", "}")

    def _table(self, node: ast.DictComp) -> str:
        over = _joined([self._range(each) for each in node.generators], ",")
        entry = _row((self.of(node.key), _sign("↦"), self.of(node.value)))
        return _fenced(_row((entry, _sign(":"), over)), "{", "}")

    def _range(self, node: ast.comprehension) -> str:
        source, target = node.iter, node.target
        name = source.func.id if isinstance(source, ast.Call) and isinstance(source.func, ast.Name) else ""
        if name == "zip" and isinstance(source, ast.Call) and isinstance(target, ast.Tuple):
            pairs = zip(target.elts, source.args, strict=False)
            found = _joined([_row((self.of(one), _sign("∈"), self.of(every))) for one, every in pairs], ",")
        elif name == "range" and isinstance(source, ast.Call) and len(source.args) == 1:
            stop = self.of(source.args[0], 5)
            found = _row((self.of(target), _sign("="), "<mn>0</mn><mo>…</mo>", stop, _sign("−"), "<mn>1</mn>"))
        else:
            found = _row((self.of(target), _sign("∈"), self.of(source)))
        return _joined([found, *(self.of(condition) for condition in node.ifs)], ":") if node.ifs else found

    def _items(self, node: ast.List | ast.Tuple) -> str:
        inside = _listed([self.of(each) for each in node.elts])
        return _fenced(inside, "[", "]") if isinstance(node, ast.List) else _fenced(inside)


def _name(name: str) -> str:
    """A name: one Greek letter where it is that of one, with an index where it ends in a short one."""
    stem, _, index = name.partition("_")
    if stem and index and len(stem) <= 2 and len(index) <= 2:
        return f"<msub>{_name(stem)}{_name(index)}</msub>"
    return f"<mi>{escape(GREEK.get(name, name))}</mi>"


def _constant(node: ast.Constant) -> str:
    value = node.value
    if isinstance(value, str):
        return f"<mtext>{escape(value)}</mtext>"
    if value is None or isinstance(value, bool):
        return f"<mtext>{_WORDS[value]}</mtext>"
    return f"<mn>{escape(repr(value))}</mn>"


def _sign(sign: str) -> str:
    if sign.isascii() and sign.replace(" ", "").isalpha():
        return f"<mtext>&#xa0;{sign}&#xa0;</mtext>"
    return f"<mo>{sign}</mo>"


def _row(parts: Sequence[str]) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _joined(parts: Sequence[str], sign: str) -> str:
    return _row([piece for at, part in enumerate(parts) for piece in ((_sign(sign), part) if at else (part,))])


def _listed(parts: object) -> str:
    return _joined(list(parts), ",")  # type: ignore[call-overload]


def _fenced(inside: str, opening: str = "(", closing: str = ")") -> str:
    after = f"<mo>{closing}</mo>" if closing else ""
    return f"<mrow><mo>{opening}</mo>{inside}{after}</mrow>"

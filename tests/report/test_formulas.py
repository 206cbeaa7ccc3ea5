"""Formulas, typeset: nothing of a formula is left out, for any loss of the catalogue."""

from __future__ import annotations

import ast
from xml.etree import ElementTree

import pytest

from losscli.losses import every
from losscli.report.page.mathml import GREEK, typeset

# Python's names for what has a sign: how often each occurs is not held.
SIGNS = {"sum", "abs", "sqrt", "exp", "len", "norm", "unit", "dot", "zip", "range", "enumerate", "skip", "each"}

WORDS = {"None": "unset", "True": "yes", "False": "no"}


def words(text: str) -> set[str]:
    """The names and numbers of a formula."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id not in SIGNS:
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant):
            found.add(str(node.value))
    return found


def shown(name: str) -> set[str]:
    """The texts that may stand for a name: Greek letters, and an index apart from its name."""
    stem, _, index = name.partition("_")
    if name in WORDS:
        return {WORDS[name], name}
    return {GREEK.get(name, name), name, GREEK.get(stem, stem) + GREEK.get(index, index)}


@pytest.mark.parametrize("name", sorted(every()))
def test_every_formula_is_typeset_whole(name: str) -> None:
    formula = every()[name].formula
    lines = typeset(formula)
    texts = []
    for _, line in lines:
        root = ElementTree.fromstring(line.replace("&#xa0;", " ").replace("&#x2061;", ""))
        assert root.tag in ("math", "code")
        texts.append("".join(root.itertext()))
    text = " ".join([*texts, *(label for label, _ in lines)])
    for word in words(formula):
        assert any(form in text for form in shown(word)), word


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("a - (b - c)", "a−(b−c)"),
        ("a - b + c", "a−b+c"),
        ("-(a + b)**2", "−(a+b)2"),
        ("(a * b)**c / d", "(a·b)cd"),
        ("a * (b + c)", "a·(b+c)"),
        ("(a < b) == c", "(a<b)=c"),
        ("log(abs(x) + 1)", "log(|x|+1)"),
        ("sum(p_c * t for p_c, t in zip(pred, target))", "∑pc∈pred,t∈targetpc·t"),
        ("x if x > 0 else skip", "{xifx>0takes no partotherwise"),
        ("s = lambda a, b: a / b", "s(a,b)=ab"),
        ("value: total / squared - y", "total/mean(squared)−y¯"),
        ("[x for x in order[:k] if x]", "[x:x∈order:k:x]"),
    ],
)
def test_parentheses_stand_where_they_are_needed(formula: str, text: str) -> None:
    ((_, line),) = typeset(formula)
    root = ElementTree.fromstring(line.replace("&#xa0;", "").replace("&#x2061;", ""))
    assert "".join(root.itertext()) == text.replace("/", "")


def test_what_has_no_sign_is_code() -> None:
    assert typeset("def f(a):\n    return a < 1")[0][1] == "<code>def f(a):\n    return a &lt; 1</code>"
    assert typeset("hits: sorted(a, key=b)") == [("hits", "<code>sorted(a, key=b)</code>")]

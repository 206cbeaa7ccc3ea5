"""A pattern of `losscli.lazy` does what a compiled one does, but is compiled when first used."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest

from losscli.lazy import pattern

ROOT = Path(__file__).parent.parent


def test_a_pattern_has_what_a_compiled_one_has():
    late, now = pattern(r"(?P<n>[a-z]+)(\d)", re.IGNORECASE), re.compile(r"(?P<n>[a-z]+)(\d)", re.IGNORECASE)
    text = "Ab1 c2 3"
    for _ in range(2):
        assert late.match(text)[0] == now.match(text)[0]
        assert late.search("- x9")["n"] == "x"
        assert late.fullmatch(text) is None
        assert late.findall(text) == now.findall(text)
        assert [found.span() for found in late.finditer(text)] == [found.span() for found in now.finditer(text)]
        assert late.sub(r"\2", text) == now.sub(r"\2", text)
        assert late.split(text) == now.split(text)
        assert (late.pattern, late.flags, late.groups) == (now.pattern, now.flags, now.groups)
    assert pattern(rb"a+").fullmatch(b"aa")


def test_a_pattern_is_compiled_once_and_only_when_used(monkeypatch):
    compiled = []
    genuine = re.compile
    monkeypatch.setattr(re, "compile", lambda *given: compiled.append(given) or genuine(*given))
    late = pattern("a")
    assert compiled == []
    assert copy.deepcopy(late).match("a")
    compiled.clear()
    late.match("a"), late.match("b")
    assert compiled == [("a", 0)]


def test_what_is_wrong_is_said_when_it_is_used():
    with pytest.raises(re.error):
        pattern("(").match("")
    with pytest.raises(AttributeError, match="absent"):
        _ = pattern("a").absent


def test_modules_of_losscli_compile_nothing_when_imported():
    """And every pattern is a good one."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / "losscli").rglob("*.py")}
    assert [path for path, text in texts.items() if re.search(r"^\w+(: .*)? = re\.compile\(", text, re.M)] == []
    import importlib
    import pkgutil

    import losscli

    count = 0
    for found in pkgutil.walk_packages(losscli.__path__, "losscli."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            made = [value for value in vars(module).values() if type(value) is pattern]
            count += sum(value.groups >= 0 for value in made)
    assert count > 100

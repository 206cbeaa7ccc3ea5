"""Docstrings of public things in NumPy form: of losses from their declaration, of functions against their signature."""

from __future__ import annotations

import inspect
import re

import pytest

import losscli
from losscli.contract.loss import REGISTRY

SECTIONS = ("Parameters", "Returns", "Raises", "References", "Examples")


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one."""
    found = re.search(rf"^{title}\n-+\n(.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else ""


def entries(text: str) -> dict[str, str]:
    """Name -> description, of a section whose entries are `name : type`."""
    found = re.findall(r"^(\S[^:\n]*?)(?: : [^\n]*)?\n((?:    [^\n]*\n?|\n)+)", text + "\n", re.MULTILINE)
    return {name.strip(): " ".join(words.split()) for names, words in found for name in names.split(",")}


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_losses_are_documented_from_their_declaration(name):
    loss = REGISTRY[name]
    text = inspect.getdoc(loss)
    assert text.startswith(loss.summary) and loss.formula.splitlines()[-1].strip() in text
    assert all(section(text, title) for title in (*SECTIONS, "Notes")), name
    described = entries(section(text, "Parameters"))
    assert list(described) == [*loss.roles, *loss.params] and all(described.values())
    assert " ".join(loss.cite.split()) in " ".join(section(text, "References").split())
    assert section(text, "Examples") == loss.example
    assert max(map(len, section(text, "Parameters").splitlines())) <= 100


def test_the_class_has_a_docstring_of_its_own():
    assert "kernel" in losscli.losses.Loss.__doc__


def test_entries_are_read():
    assert entries("a, b : int\n    Two.\nc : {1, 2}, default 1\n    Three\n    lines.\n") == {
        "a": "Two.", "b": "Two.", "c": "Three lines.",
    }  # fmt: skip

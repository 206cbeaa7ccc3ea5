"""Docstrings of public things in NumPy form: of losses from their declaration, of functions against their signature."""

from __future__ import annotations

import inspect

import pytest
from docstrings import entries, section

import losscli
from losscli.contract.loss import REGISTRY

SECTIONS = ("Parameters", "Returns", "Raises", "References", "Examples")


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

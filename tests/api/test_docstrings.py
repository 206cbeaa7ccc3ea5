"""Docstrings of the Python API in NumPy form, held against signatures and fields; their examples run."""

from __future__ import annotations

import dataclasses
import doctest
import inspect

import pytest
from docstrings import entries, section

import losscli
from losscli import results

FUNCTIONS = [name for name in losscli.__all__ if inspect.isfunction(getattr(losscli, name))]
CLASSES = [losscli.Report, losscli.Calibration, losscli.ReadOptions, losscli.LosscliError, losscli.losses.Loss]
FIELDS = [kind for kind in vars(results).values() if inspect.isclass(kind)]


def signature_of(function):
    signs = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
    parameters = inspect.signature(function).parameters.values()
    return [signs.get(p.kind, "") + p.name for p in parameters if p.name != "self"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_say_what_they_take_give_and_raise(name):
    function = getattr(losscli, name)
    text = inspect.getdoc(function)
    described = entries(section(text, "Parameters"))
    assert list(described) == signature_of(function)
    for title in ("Returns", "Raises", "Examples"):
        assert section(text, title), f"{name}: {title}"
    assert len(text.splitlines()[0]) <= 116 and text.splitlines()[0].endswith(".")


def test_there_are_functions():
    assert set(FUNCTIONS) == {"calibrate", "compare", "evaluate", "gradient", "merge", "row_values"}


@pytest.mark.parametrize("name", [*FUNCTIONS, "Calibration", "Report"])
def test_examples_run(name):
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    scope = {name: getattr(losscli, name) for name in losscli.__all__}
    tests = finder.find(getattr(losscli, name), name, globs=scope)
    assert sum(len(test.examples) for test in tests) > 0
    for test in tests:
        assert runner.run(test).failed == 0


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_results_describe_every_field(kind):
    text = inspect.getdoc(kind)
    described = entries(section(text, "Attributes") or section(text, "Parameters"))
    assert list(described) == [field.name for field in dataclasses.fields(kind)]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_public_classes_describe_their_public_members(kind):
    assert inspect.getdoc(kind)
    for name, member in vars(kind).items():
        if not name.startswith("_") and (callable(member) or isinstance(member, property)):
            assert inspect.getdoc(member), f"{kind.__name__}.{name}"


def test_entries_are_read():
    assert entries("a, b : int\n    Two.\nc : {1, 2}, default 1\n    Three\n    lines.\n") == {
        "a": "Two.", "b": "Two.", "c": "Three lines.",
    }  # fmt: skip

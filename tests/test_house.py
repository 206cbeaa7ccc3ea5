"""Rules of the house that a machine can check: no loss by name in machinery, small pieces, one printer, all files."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import conftest
import oracle
import pytest

import losscli
from losscli.contract.loss import ALIASES, REGISTRY

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "losscli"
SOURCES = sorted(PACKAGE.rglob("*.py"))
MACHINERY = [path for path in SOURCES if PACKAGE / "losses" not in path.parents]
NAMES = REGISTRY.keys() | ALIASES.keys()
PARAMETERS = {name for loss in REGISTRY.values() for name in loss.params}

MODULE_LINES, FUNCTION_LINES = 400, 60
# Only these touch what the process prints on; `console` is the one that everybody else asks.
SPEAKERS = {"cli/console.py", "cli/entry.py", "cli/options.py", "execution/progress.py", "io/write/stdout.py"}


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def named_losses(code: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of what names a loss: identifiers, and texts that are a name or begin a spec with one.

    Docstrings, help texts and epilogs are prose: they name losses among other words, and are let be.
    """
    for node in ast.walk(code):
        found: list[str | None] = []
        if isinstance(node, ast.Name):
            found = [node.id]
        elif isinstance(node, ast.Attribute):
            found = [node.attr]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found = [node.name]
        elif isinstance(node, ast.arg | ast.keyword):
            found = [node.arg]
        elif isinstance(node, ast.alias):
            found = [node.name.rpartition(".")[2], node.asname]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = [re.split("[:@]", node.value, maxsplit=1)[0]]
        for name in found:
            if name in NAMES:
                yield getattr(node, "lineno", 0), name


@pytest.mark.parametrize("path", MACHINERY, ids=relative)
def test_machinery_knows_no_loss_by_name(path):
    assert list(named_losses(tree(path))) == []


@pytest.mark.parametrize(
    "code",
    ["x == 'huber'", "{'mse': 1}", "spec in ('mae', 'l2')", "losses.focal(p, t)", "from losscli.losses import bce",
     "match x:\n    case 'hinge': pass", "parse('huber:delta=2')", "f(triplet=1)", "def wape(): pass",
     "x.startswith('bce')"],
)  # fmt: skip
def test_named_losses_are_found(code):
    assert list(named_losses(ast.parse(code)))


def test_prose_may_name_losses():
    assert not list(named_losses(ast.parse("'''About mse and huber.'''\nhint = 'write -l mse, for example'")))


def named_parameters(code: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of what names a parameter of a loss: texts, attributes and keywords of calls.

    Variables may be called as a parameter is: a loss has an `a` and a `c`, and that tells nobody apart.
    """
    for node in ast.walk(code):
        found: list[str | None] = []
        if isinstance(node, ast.Attribute):
            found = [node.attr]
        elif isinstance(node, ast.keyword):
            found = [node.arg]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = [node.value, *re.findall(r"(\w+)=", node.value)]
        for name in found:
            if name in PARAMETERS:
                yield getattr(node, "lineno", 0), name


@pytest.mark.parametrize("module", [conftest, oracle], ids=lambda module: module.__name__)
def test_what_all_losses_are_tested_with_knows_none_by_name(module):
    """Nor a parameter: what is special about one stands in its declaration."""
    code = ast.parse(inspect.getsource(module))
    assert [*named_losses(code), *named_parameters(code)] == []


@pytest.mark.parametrize(
    "code",
    ["spec.name == 'precision'", "if name in ('log_floor', 'x'): pass", "settle(delta=2)", "params.gamma",
     "{'label_smoothing': 0.1}", "parse('x:clip=1e-7,y=2')"],
)  # fmt: skip
def test_named_parameters_are_found(code):
    assert list(named_parameters(ast.parse(code)))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_small(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES
    long = [
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and statements(node) > FUNCTION_LINES
    ]
    assert long == []


def statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function without its docstring: words are not what makes one hard to read."""
    first = function.body[0]
    prose = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and len(function.body) > 1
    begin = function.body[1].lineno if prose else function.lineno
    assert function.end_lineno is not None
    return function.end_lineno - begin + 1


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_one_printer(path):
    """Nobody else prints, echoes or holds a standard stream."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("print", "click.echo", "click.secho", "echo", "secho"), f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr"):
            assert relative(path) in SPEAKERS, f"line {node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "a module begins with a sentence about itself"
    assert path.stem not in ("utils", "util", "core", "base", "common", "helpers", "misc")
    assert not re.search(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b", text)


def test_public_names_are_true():
    assert sorted(losscli.__all__) == list(losscli.__all__)
    for name in losscli.__all__:
        assert getattr(losscli, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = losscli.nothing
    assert set(losscli._PLACES) | {"losses"} == set(losscli.__all__)


def test_the_package_is_whole():
    """What is no Python file and still belongs to the product is found where it is installed, and typed for users."""
    assert (PACKAGE / "py.typed").exists()
    assert resources.files("losscli.report").joinpath("schema.json").read_text(encoding="utf-8").startswith("{")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["build-system"]["build-backend"] == "hatchling.build"
    # hatchling takes every file of the package that git does not ignore; nothing may narrow that.
    assert "wheel" not in project["tool"]["hatch"]["build"]["targets"]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    data = [path for path in PACKAGE.rglob("*") if path.suffix in (".json", ".txt", ".md", ".typed")]
    assert data and not [p for p in data if any(p.match(pattern) for pattern in ignored if not pattern.endswith("/"))]


def test_version_stands_in_the_changelog():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert losscli.__version__ in changes
    assert "## [Unreleased]" in changes

"""The rules of the project that a machine can check: no loss by name in machinery, small modules, one printer.

Also what surrounds the code: one home address, links that work on an index too, the map of CONTRIBUTING.md, records.
"""

from __future__ import annotations

import ast
import builtins
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
PARAMETERS = {name for loss in REGISTRY.values() for name in loss.params}
# `precision` is a score, and a parameter that has an option; `map` is a score, and a word of Python.
NAMES = (REGISTRY.keys() | ALIASES.keys()) - PARAMETERS - set(dir(builtins))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HOME = PYPROJECT["project"]["urls"]["Homepage"]
RECORDS = sorted((ROOT / "docs" / "design").glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")

MODULE_LINES, FUNCTION_LINES = 400, 60
# Only these use the standard streams; all other modules print through `console`.
SPEAKERS = {"cli/console.py", "cli/entry.py", "cli/streams.py", "execution/progress.py", "io/write/stdout.py"}


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
    project = PYPROJECT
    assert project["build-system"]["build-backend"] == "hatchling.build"
    # hatchling takes every file that git does not ignore; nothing may narrow that, for the wheel or for the source.
    assert not any(project["tool"]["hatch"].get("build", {}).get("targets", {}).values())
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    data = [path for path in PACKAGE.rglob("*") if path.suffix in (".json", ".txt", ".md", ".typed", ".pyi")]
    assert data and not [p for p in data if any(p.match(pattern) for pattern in ignored if not pattern.endswith("/"))]


def test_version_stands_in_the_changelog():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert losscli.__version__ in changes
    assert "## [Unreleased]" in changes


# ------------------------------------------------------------------------------------------------------- the project


def texts() -> Iterator[Path]:
    """Every file of the project that a person reads or writes."""
    for folder in ("losscli", "tests", "docs", "sample_data", ".github", ".ci"):
        yield from (path for path in (ROOT / folder).rglob("*") if path.suffix not in (".parquet", ".pyc"))
    yield from ROOT.glob("*.*")
    yield from (ROOT / name for name in ("LICENSE", ".justfile", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml"))


def test_the_home_address_stands_in_one_place():
    """Whoever moves the project edits pyproject.toml; what others write links to a place beside it, or says OWNER."""
    owner, name = HOME.rsplit("/", 2)[1:]
    assert (HOME, name) == (f"https://github.com/{owner}/{name}", PYPROJECT["project"]["name"])
    assert all(url.startswith(HOME) for url in PYPROJECT["project"]["urls"].values())
    named = re.compile(rf"(?:github\.com[/:]|uses: )([\w.-]+)/{name}\b")
    for path in texts():
        if path.is_file() and path != ROOT / "pyproject.toml":
            found = set(named.findall(path.read_text(encoding="utf-8", errors="replace")))
            assert found <= {"OWNER"}, path
    assert "OWNER" in (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def test_links_of_the_readme_work_on_an_index():
    """As pip and PyPI get it: hatch-fancy-pypi-readme makes addresses of what stands beside it."""
    hook = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    assert hook["fragments"] == [{"path": "README.md"}] and "readme" in PYPROJECT["project"]["dynamic"]
    assert any(need.startswith("hatch-fancy-pypi-readme") for need in PYPROJECT["build-system"]["requires"])
    (change,) = hook["substitutions"]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.sub(change["pattern"], change["replacement"].replace("$HFPR_VERSION", losscli.__version__), text)
    assert all(re.match("https?://|#", link) for link in LINK.findall(shown))
    begin = f"{HOME}/blob/v{losscli.__version__}/"
    places = [link.removeprefix(begin) for link in LINK.findall(shown) if link.startswith(begin)]
    assert "CONTRIBUTING.md" in places
    assert [place for place in places if not (ROOT / place.partition("#")[0]).is_file()] == []


@pytest.mark.parametrize("path", [*RECORDS, ROOT / "CONTRIBUTING.md", *(ROOT / ".github").rglob("*.md")],
                         ids=lambda path: path.stem)  # fmt: skip
def test_links_of_records_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in LINK.findall(text) if not re.match("https?://|#", link)]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_map_names_every_package():
    """CONTRIBUTING.md's map has a row for each package and top-level module, and names every folder of tests."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("\n## Where things are\n")[2]
    section = text.partition("\n## ")[0]
    named = set(
        re.findall(r"`([^`\s]+)`", "\n".join(line.split("|")[1] for line in section.splitlines() if "|" in line))
    )
    packages = {f"losscli/{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.name for path in PACKAGE.glob("*.py")}
    assert packages - named == set()
    assert modules - {name.rpartition("/")[2] for name in named} == set()
    assert {name for name in named if name.endswith("/") and not (ROOT / name).is_dir()} == set()
    tests = {f"`tests/{path.name}/" for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert {name for name in tests if name not in section} == set()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_records_name_files_that_are_there(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    named = re.findall(r"`((?:\w+/)+\w+\.(?:py|md|csv))`", text)
    assert [name for name in named if not ((PACKAGE / name).exists() or (ROOT / name).exists())] == []
    index = (path.parent / "README.md").read_text(encoding="utf-8")
    assert path.stem == "README" or f"({path.name})" in index


def test_the_glossary_names_classes_that_are_there():
    text = (ROOT / "docs" / "design" / "glossary.md").read_text(encoding="utf-8")
    terms = [line.split("|")[1] for line in text.partition("## What maintainers read")[2].splitlines() if "|" in line]
    named = {name for term in terms for name in re.findall(r"`([A-Z]\w+)`", term)}
    there = {node.name for path in SOURCES for node in ast.walk(tree(path))
             if isinstance(node, ast.ClassDef | ast.FunctionDef)}  # fmt: skip
    there |= {node.id for path in SOURCES for node in ast.walk(tree(path)) if isinstance(node, ast.Name)}
    assert len(named) > 15
    assert named <= there

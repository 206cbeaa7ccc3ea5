"""Who may import whom: the table below, read off the code. A module that stands in no row fails.

Data goes one way. The command line cannot reach a kernel, a kernel cannot reach a file, a report cannot recompute; and
what is slow to import (pandas, pyarrow.dataset, pyarrow.compute) is imported by functions, never by modules.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "losscli"


@dataclass(frozen=True)
class Layer:
    """Modules, what they may import of ours and of others, and what of others only their functions may."""

    modules: str
    ours: str = ""
    others: str = ""
    inside: str = ""


# A module belongs to the first row that names it. `*` stands for any rest; everything is relative to losscli.
LAYERS = (
    Layer("__init__", "api errors losses"),
    Layer("__main__", "cli.entry"),
    Layer("errors", "result"),
    Layer("result watch"),
    Layer("partners", "result"),
    Layer("saved", "errors partners result"),
    Layer("gatetext", "columns.names errors"),
    Layer("gate", "gatetext result"),
    Layer("progress", "", "", "rich"),
    Layer("kinds", "", "numpy"),
    Layer("declaration", "errors kinds", "numpy"),
    Layer("door", "contract declaration errors kinds", "numpy"),
    Layer("contract", "declaration door errors kinds", "numpy"),
    Layer("reduce blocks", "kinds", "numpy"),
    Layer("student"),
    Layer("resampling", "kinds student", "numpy"),
    Layer("inference", "student"),
    Layer("losses", "contract"),
    Layer("losses._math", "kinds", "numpy"),
    Layer("losses._classes", "kinds", "numpy"),
    Layer("losses._angles", "kinds losses._math", "numpy"),
    Layer("losses._tiles", "kinds losses._math workers", "numpy"),
    Layer("losses._pairs", "kinds losses._math losses._tiles", "numpy"),
    Layer(
        "losses.*", "contract kinds losses._angles losses._classes losses._math losses._pairs losses._tiles", "numpy"
    ),
    Layer("catalogue", "contract losses"),
    Layer("spec", "contract errors losses"),
    Layer("request", "spec"),
    Layer("blas", "", "", "numpy"),
    Layer("workers", "blas"),
    Layer("source.remote source.remote.address source.remote.settings source.remote.trouble", "errors source.remote.*"),
    Layer("source.remote.*", "errors source.*", "", "aiohttp fsspec"),
    Layer("source.paired", "columns.same errors source.*", "numpy pyarrow"),
    Layer("source source.*", "errors source.*", "numpy pyarrow", "pyarrow.compute"),
    Layer("columns", ""),
    Layer("columns.names", "errors"),
    Layer("columns.plan columns.bind", "columns.* contract errors kinds request spec where"),
    Layer("columns.rows", "columns.* errors kinds where", "numpy", "pyarrow"),
    Layer("columns.*", "columns.* errors kinds", "numpy pyarrow"),
    Layer("where where.*", "columns.* errors where.*", "numpy pyarrow"),
    Layer("tables", "columns.* errors source", "numpy", "pyarrow"),
    Layer("slicing", "columns.marks kinds", "numpy"),
    Layer("works", "columns.plan contract kinds spec", "numpy"),
    Layer("moments", "kinds reduce", "numpy"),
    Layer("buckets", "kinds moments reduce", "numpy"),
    Layer("joint", "buckets columns.labels kinds moments reduce", "numpy"),
    Layer("needs", "columns.plan joint works"),
    Layer("loop", "blocks columns.* contract errors joint kinds needs reduce slicing works", "numpy"),
    Layer("totals", "columns.plan contract errors kinds loop reduce result slicing works", "numpy"),
    Layer(
        "spread", "buckets columns.plan inference kinds loop moments needs reduce request result totals works", "numpy"
    ),
    Layer("certainty", "inference kinds loop moments needs reduce resampling result spread student totals"),
    Layer("engine engine.threads", "engine"),
    Layer("engine.dask", "__init__ arithmetic blas engine errors", "distributed"),
    Layer("engine.choice", "engine engine.* errors workers", "", "distributed"),
    Layer("walk", "columns.* engine result source watch where"),
    Layer("arithmetic", "blas", "numpy"),
    Layer("mergeable", "engine errors request run source"),
    Layer("state", "columns.* kinds loop moments reduce request spec", "numpy", "pyarrow"),
    Layer(
        "shards",
        "__init__ arithmetic columns.* engine errors loop result run source source.streams state totals walk watch",
    ),
    Layer("checks", "errors request"),
    Layer("rivals", "columns.* errors request source source.paired where"),
    Layer(
        "run",
        "certainty checks columns.* engine engine.threads errors kinds loop reduce request result rivals slicing "
        "source source.* tables totals blocks walk watch workers",
    ),
    Layer("rownames", "columns.plan contract errors spec"),
    Layer("savedkeys", "columns.buffers columns.labels kinds reduce source.arrays", "numpy pyarrow"),
    Layer("earlier", "columns.labels columns.plan errors joint kinds needs savedrows works", "numpy"),
    Layer("savedrows", "columns.* errors kinds rownames savedkeys sink.csv source source.* spec", "numpy pyarrow"),
    Layer(
        "values",
        "blocks columns.* engine engine.threads errors kinds loop rownames run walk watch workers works",
        "numpy",
    ),
    Layer(
        "slopes",
        "blocks columns.* engine engine.threads errors kinds loop reduce run totals values walk watch workers works",
        "numpy",
    ),
    Layer("sink sink.*", "errors sink.*", "numpy", "pyarrow"),
    Layer("report report.*", "__init__ errors report report.* result", "", "rich"),
    Layer(
        "api",
        "blas engine engine.* errors kinds mergeable progress report request result run shards slopes "
        "source spec values watch workers",
        "numpy",
        "pandas",
    ),
    Layer("cli.voice"),
    Layer("cli.messages", "errors report.harmless"),
    Layer("config config.*", "config config.* errors"),
    Layer("sample", "columns.labels kinds source source.batch", "numpy"),
    Layer("guess", "columns.bind contract errors kinds losses sample", "numpy"),
    Layer("cli.entry", "blas cli cli.completion cli.printer cli.voice errors report.harmless", "click"),
    Layer("cli.printer", "cli.messages cli.voice errors report report.harmless result sink.atomic"),
    Layer(
        "cli cli.*",
        "__init__ catalogue cli cli.* columns.* config contract earlier engine engine.* errors gate gatetext guess "
        "mergeable partners progress report report.* request result rownames run sample saved savedrows shards "
        "sink.atomic sink.tables slopes source source.remote.address spec values watch where workers",
        "click",
        "numpy click.shell_completion",
    ),
)
# Of these only some submodules are cheap, so the others count as packages of their own.
SPLIT = {"pyarrow.dataset", "pyarrow.compute", "click.shell_completion"}
SLOW = {"pandas", "rich", "pyarrow.dataset", "pyarrow.compute", "fsspec"}
# Where modules are found by their names in a folder, or asked for in another process, no import statement says so.
BY_NAME = {"__init__", "cli", "contract", "engine.dask", "losses", "report", "sink.tables"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@dataclass(frozen=True)
class Imports:
    """What a module imports when it is loaded, and what only later: in functions, or for type checkers alone."""

    loaded: frozenset[str]
    later: frozenset[str]


def imports(path: Path) -> Imports:
    loaded: set[str] = set()
    later: set[str] = set()

    def walk(node: ast.AST, found: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: imports are absolute"
                found.update(f"{child.module}.{alias.name}" for alias in child.names)
            walk(child, later if deferred or typing_only else found)

    walk(ast.parse(path.read_text(encoding="utf-8")), loaded)
    return Imports(frozenset(loaded), frozenset(later - loaded))


def our_module(name: str) -> str | None:
    """`losscli.cli.options.sources` -> `cli.options`; None for what is not ours."""
    package, _, rest = name.partition(".")
    if package != "losscli":
        return None
    while rest and rest not in MODULES:
        rest = rest.rpartition(".")[0]
    return rest or "__init__"


def their_package(name: str) -> str | None:
    """`numpy.typing.NDArray` -> `numpy`; None for ours and for the standard library."""
    parts = name.split(".")
    if parts[0] == "losscli" or parts[0] in sys.stdlib_module_names:
        return None
    return next((split for split in SPLIT if f"{name}.".startswith(f"{split}.")), parts[0])


def layer_of(module: str) -> Layer | None:
    return next((layer for layer in LAYERS if fits(module, layer.modules)), None)


def fits(name: str, patterns: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns.split())


@pytest.mark.parametrize("module", MODULES)
def test_imports_what_its_layer_may(module):
    layer = layer_of(module)
    assert layer is not None, f"losscli.{module} stands in no row: say in LAYERS what it may import"
    found = imports(MODULES[module])
    for when, names in (("when loaded", found.loaded), ("later", found.later)):
        ours = {our for name in names if (our := our_module(name))} - {module}
        wrong = {our for our in ours if not fits(our, layer.ours)}
        assert not wrong, f"losscli.{module} imports {wrong} ({when}); its row has: {layer.ours or 'nothing'}"
        theirs = {their for name in names if (their := their_package(name))}
        allowed = layer.others if when == "when loaded" else f"{layer.others} {layer.inside}"
        wrong = {their for their in theirs if not fits(their, allowed)}
        assert not wrong, f"losscli.{module} imports {wrong} ({when}); its row has: {allowed or 'nothing'}"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_slow_is_imported_by_a_module(module):
    assert not {their_package(name) for name in imports(MODULES[module]).loaded} & SLOW


def test_nothing_is_imported_by_text_but_what_is_found_by_its_name():
    calls = {module for module, path in MODULES.items() if "import_module(" in path.read_text(encoding="utf-8")}
    assert calls == BY_NAME


def test_no_module_waits_for_itself():
    """The imports of modules when they are loaded have no circle (a submodule's package aside)."""
    graph = {
        module: {our for name in imports(path).loaded if (our := our_module(name))} - {module}
        for module, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()


def test_no_row_of_the_table_is_dead():
    """A row about modules that are gone says something untrue; so does one that other rows before it leave empty."""
    for layer in LAYERS:
        members = [module for module in MODULES if layer_of(module) is layer]
        for pattern in layer.modules.split():
            assert any(fits(module, pattern) for module in members), f"no module of this row is called {pattern}"
        for pattern in layer.ours.split():
            assert any(fits(module, pattern) for module in MODULES), f"{layer.modules}: there is no {pattern}"


LOADED = """
import sys
from losscli.cli.entry import run
code = run(sys.argv[1:])
sys.stderr.write(" ".join(sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("command", "never"),
    [
        ("--help", {"numpy", "pyarrow", "pandas", "rich"}),
        ("eval --help", {"numpy", "pyarrow", "pandas", "rich"}),
        ("eval sample_data/diabetes.csv -t progression -p ridge -l mse", SLOW),
        ("eval sample_data/diabetes.parquet -t progression -p ridge -l rmse -f json", SLOW),
    ],
)
def test_start_up_imports_little(command, never):
    """What a process really loads on the way of a one-liner: pandas alone would double its time."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", LOADED, *command.split()], cwd=ROOT, env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert set(done.stderr.split()) & never == set()

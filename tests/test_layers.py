"""Which package may use which: the rows below are the table of the design, read off the code.

A package stands above all that it uses, so there is no circle and no import that runs up: neither between packages nor
between the modules inside one. The command line cannot reach a kernel, a kernel cannot reach a file, a report cannot
recompute. What is slow to import (pandas, pyarrow.dataset, pyarrow.compute) is imported by functions, never by modules.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from waiting import PATIENCE

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "losscli"

# Free to all, and they use nothing of ours but each other; beside them, what their functions import of others.
LEAVES = {
    "results": "",
    "errors": "",
    "parallel": "numpy",
    "_version": "",
    "csv_text": "",
    "array_likes": "",
    "lazy": "",
}


@dataclass(frozen=True)
class Row:
    """A package, what it may import of ours beside itself and the leaves, and of others.

    `inside` names what of others only its functions may import: it is slow, or an extra that is not always there.
    """

    package: str
    ours: str = ""
    others: str = ""
    inside: str = ""


# From the top down. A package may use only what stands below it, and of that only what its row names (a subpackage such
# as io.arrow where only that is meant).
TABLE = (
    Row("__main__", "cli"),
    Row("__init__", "api losses"),
    Row("cli", "execution baselines statistics gates aggregate binding io losses report contract", "click numpy",
        "mlflow pyarrow rich wandb click.shell_completion"),
    Row("api", "execution baselines statistics gates aggregate binding io losses report contract", "numpy", "pandas"),
    Row("execution", "statistics baselines gates aggregate binding io losses contract", "numpy",
        "dask distributed pyarrow rich"),
    Row("baselines", "aggregate binding io contract", "numpy pyarrow"),
    Row("gates", "statistics binding contract"),
    Row("statistics", "aggregate binding contract", "numpy"),
    Row("aggregate", "binding io.arrow contract", "numpy"),
    Row("binding", "io losses contract", "numpy pyarrow"),
    Row("io", "", "numpy pyarrow", "aiohttp fsspec pandas pyarrow.compute safetensors"),
    Row("losses", "contract", "numpy"),
    Row("report", "", "", "rich vl_convert"),
    Row("contract", "", "numpy"),
)  # fmt: skip
# Modules that may need an extra as soon as they are loaded: they are imported when its engine is asked for.
EXTRA = {"execution.engines.cluster": "dask distributed", "execution.engines.worker_checks": "distributed"}
# Of these only some submodules are cheap, so the others count as packages of their own.
SPLIT = {"pyarrow.dataset", "pyarrow.compute", "click.shell_completion"}
SLOW = {"pandas", "rich", "pyarrow.dataset", "pyarrow.compute", "fsspec"}
# Where modules are found by their names in a folder, or asked for in another process, no import statement says so.
BY_NAME = {
    "__init__",
    "cli",
    "cli.destinations",
    "contract.loss",
    "execution.engines.worker_checks",
    "io.write.tables",
    "losses",
    "report",
}
# `--help` and `diff` pass through these, so they load nothing that is slow: what they hold comes with their modules.
LIGHT = {"baselines", "contract", "gates", "io", "execution", "binding", "statistics", "aggregate", "report", "cli"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def modules_of(package: Path) -> dict[str, Path]:
    return {module_name(path): path for path in sorted(package.rglob("*.py"))}


MODULES = modules_of(PACKAGE)


@dataclass(frozen=True)
class Imports:
    """What a module imports when it is loaded, and what only later: in functions, or for type checkers alone."""

    loaded: frozenset[str]
    later: frozenset[str]


def imports(text: str) -> Imports:
    loaded: set[str] = set()
    later: set[str] = set()

    def walk(node: ast.AST, found: set[str]) -> None:
        for child in ast.iter_child_nodes(node):
            deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"line {child.lineno}: imports are absolute"
                found.update(f"{child.module}.{alias.name}" for alias in child.names)
            walk(child, later if deferred or typing_only else found)

    walk(ast.parse(text), loaded)
    return Imports(frozenset(loaded), frozenset(later - loaded))


FOUND = {module: imports(path.read_text(encoding="utf-8")) for module, path in MODULES.items()}


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


def package_of(module: str) -> str:
    return module.partition(".")[0]


def belongs(module: str, packages: str) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages.split())


def wrong_imports(module: str, found: Imports) -> list[str]:
    """What the module imports and its package may not; empty where all is well."""
    package = package_of(module)
    row = next((row for row in TABLE if row.package == package), None)
    if row is None and package not in LEAVES:
        return [f"losscli.{module} stands in no row: a new package or a new module on top is a question of design"]
    row = row or Row(package, inside=LEAVES[package])
    wrong = []
    for when, names in (("when loaded", found.loaded), ("later", found.later)):
        for name in sorted(names):
            ours, theirs = our_module(name), their_package(name)
            own = ours is not None and package_of(ours) in {package, *LEAVES}
            if ours is not None and not own and not belongs(ours, row.ours):
                wrong.append(f"losscli.{module} imports {ours} ({when}); its row has: {row.ours or 'nothing'}")
            allowed = {
                *row.others.split(),
                *EXTRA.get(module, "").split(),
                *(row.inside.split() if when == "later" else ()),
            }
            if theirs is not None and theirs not in allowed:
                wrong.append(f"losscli.{module} imports {theirs} ({when}), which its row does not name")
    return wrong


@pytest.mark.parametrize("module", MODULES)
def test_imports_what_its_package_may(module):
    assert wrong_imports(module, FOUND[module]) == []


def test_the_table_goes_down():
    """A row names only packages that stand below it, so no import runs up and packages make no circle."""
    order = [row.package for row in TABLE]
    assert len(order) == len(set(order))
    for at, row in enumerate(TABLE):
        for name in row.ours.split():
            assert name in LEAVES or package_of(name) in order[at + 1 :], f"{row.package} names {name}"


def test_the_table_is_true():
    """Each package and each leaf is there, and each has its row."""
    assert {package_of(module) for module in MODULES} == {row.package for row in TABLE} | LEAVES.keys()
    for row in TABLE:
        for name in row.ours.split():
            assert any(belongs(module, name) for module in MODULES), f"{row.package}: there is no {name}"


def circles(found: dict[str, Imports]) -> list[str]:
    """Modules that wait for each other, counting what functions import too (a package aside, which holds them)."""
    graph = {}
    for module, names in found.items():
        ours = {our for name in names.loaded | names.later if (our := our_module(name))}
        graph[module] = {our for our in ours - {module} if not module.startswith(f"{our}.") and our != "__init__"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_waits_for_itself():
    """Within a package too: modules stand above those that they use, whenever they import them."""
    assert circles(FOUND) == []


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("io.source", "from losscli.binding.plan import Plan"),
        ("contract.kinds", "def f():\n    from losscli.losses import REGISTRY"),
        ("report.json", "from losscli.statistics import intervals"),
        ("losses.regression", "import losscli.io.source"),
        ("results", "from losscli.contract.kinds import Kind"),
        ("statistics.intervals", "import scipy.stats"),
        ("aggregate.slices", "from losscli.io.files import discover"),
        ("io.source", "import pandas"),
        ("rooms", "x = 1"),
    ],
)
def test_what_runs_up_is_found(module, code):
    assert wrong_imports(module, imports(code))


def test_circles_are_found():
    found = {"io.source": imports("import losscli.io.files.open"),
             "io.files.open": imports("def f():\n    from losscli.io.source import Source")}  # fmt: skip
    assert set(circles(found)) == {"io.source", "io.files.open"}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_slow_is_imported_by_a_module(module):
    assert not {their_package(name) for name in FOUND[module].loaded} & SLOW


def test_nothing_is_imported_by_text_but_what_is_found_by_its_name():
    calls = {module for module, path in MODULES.items() if "import_module(" in path.read_text(encoding="utf-8")}
    assert calls == BY_NAME


@pytest.mark.parametrize("package", sorted(LIGHT))
def test_packages_load_nothing_by_themselves(package):
    heavy = {their_package(name) for name in FOUND[package].loaded} - {None, "click"}
    ours = {our for name in FOUND[package].loaded if (our := our_module(name))}
    assert not heavy and all(package_of(our) in {package, *LEAVES} for our in ours)


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
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert set(done.stderr.split()) & never == set()

"""golden/make.py for one loss: only what it names is made and asked, and a loss that no library has needs nobody."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

ROOT = Path(__file__).parents[2]
# None of these can be imported below, wherever the tests run.
PEERS = [
    "torch", "keras", "jax", "optax", "sklearn", "scipy", "lightgbm", "xgboost", "catboost", "monai", "pandas",
    "info_nce", "torchmetrics",
]  # fmt: skip

LIBRARY_CASES = """

_known = cases


def cases() -> list[Case]:
    call = "model_diagnostics.scoring.quartic(pred, target{})"
    return [
        *_known()[:5],
        by_numpy("model_diagnostics", "quartic quartic:scale=1e+2", call.format(""), PLAIN),
        *_known()[5:],
        by_numpy("model_diagnostics", "total=0.5*quartic+mse mae", call.format(", 3.5"), PLAIN),
    ]
"""
PAPER_CASE = """

from peers import by_paper

_known = cases


def cases() -> list[Case]:
    row = by_paper("quartic", "doi:10.1000/1, table 2", "1.25195", {"pred": [1.5, 2.0], "target": [1.0, 3.25]})
    return [*_known(), row]
"""
NEW_LOSS = '''

@loss(formula="(pred - target)**4", cite="a test", no_library="it was made up for a test")
def quartic(pred: Real, target: Real) -> Array:
    """Fourth power of the error.

    >>> quartic([3.0], [1.0])
    array([16.])
    """
    return np.square(np.square(pred - target))


@quartic.gradient("pred")
def _(pred: Array, target: Array) -> Array:
    return 4 * (pred - target) ** 3
'''


@pytest.fixture
def golden(tmp_path):
    """A copy of the golden folder, beside which one small library and none of the real ones are found."""
    skip = shutil.ignore_patterns("__pycache__", "test_golden_make.py")
    shutil.copytree(ROOT / "tests" / "golden", tmp_path / "tests" / "golden", ignore=skip)
    libraries = tmp_path / "libraries"
    for peer in PEERS:
        write(libraries / f"{peer}.py", f"raise ImportError('{peer} is not wanted here')")
    write(libraries / "model_diagnostics" / "__init__.py", "")
    write(libraries / "model_diagnostics" / "scoring.py", "def quartic(pred, target, by=0.5):\n    return by\n")
    about = "Metadata-Version: 2.1\nName: model-diagnostics\nVersion: 9.8.7\n"
    write(libraries / "model_diagnostics-9.8.7.dist-info" / "METADATA", about)
    return tmp_path / "tests" / "golden"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def append(path, text):
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def python(folder, *arguments, libraries=True):
    paths = [folder, folder / "libraries"] if libraries else [folder]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *map(str, arguments)], cwd=folder, env=environment, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE)  # fmt: skip


def make(golden, *losses):
    return python(golden.parents[1], golden / "make.py", *losses)


def files(golden):
    return {path.name: path.read_text(encoding="utf-8").splitlines() for path in golden.glob("*.csv")}


def test_only_the_named_loss_is_made(golden):
    before = files(golden)
    append(golden / "regression.py", LIBRARY_CASES)
    done = make(golden, "quartic")
    assert (done.returncode, done.stderr) == (0, "")
    after = files(golden)
    source = "model_diagnostics 9.8.7 model_diagnostics.scoring.quartic(pred, target{})"
    added = [(number, row) for number, row in enumerate(after["regression.csv"]) if "9.8.7" in row]
    # Where the cases stand: the first five give six rows. The last case's second spec names another loss.
    assert [(number, row.partition(",")[0]) for number, row in added] == [
        (7, "quartic"), (8, "quartic:scale=1e+2"), (len(after["regression.csv"]) - 1, "total=0.5*quartic+mse"),
    ]  # fmt: skip
    assert added[0][1].startswith(f'quartic,"{source.format("")}",') and added[0][1].endswith(",,0.5,")
    assert added[2][1].endswith(",,3.5,")
    rest = [row for row in after.pop("regression.csv") if "9.8.7" not in row]
    assert {**after, "regression.csv": rest} == before


def test_rows_that_stand_are_made_anew(golden):
    append(golden / "regression.py", LIBRARY_CASES)
    make(golden, "quartic")
    path = golden / "regression.csv"
    fresh = path.read_text(encoding="utf-8")
    path.write_text(fresh.replace("9.8.7", "9.8.6").replace(",3.5,", ",4.5,"), encoding="utf-8")
    assert make(golden, "quartic").returncode == 0
    assert path.read_text(encoding="utf-8") == fresh


def test_what_is_not_installed_is_named_and_nothing_is_written(golden):
    before = files(golden)
    done = make(golden, "huber")
    assert done.returncode == 1 and "torch is not wanted here" in done.stderr
    assert files(golden) == before


def test_a_loss_without_a_case_is_refused(golden):
    before = files(golden)
    done = make(golden, "huber", "quartic")
    assert done.returncode == 1 and done.stderr.startswith("no case has quartic: write one in a module of ")
    assert files(golden) == before


def test_a_loss_that_no_library_has_is_held_by_its_paper(golden):
    """From the declaration to the tests: nothing is installed, and its one number is the paper's, digit for digit."""
    project, tests = golden.parents[1], golden.parent
    shutil.copytree(ROOT / "losscli", project / "losscli", ignore=shutil.ignore_patterns("__pycache__"))
    append(project / "losscli" / "losses" / "regression.py", NEW_LOSS)
    append(golden / "regression.py", PAPER_CASE)
    done = make(golden, "quartic")
    assert (done.returncode, done.stderr) == (0, "")
    row = 'quartic,"paper doi:10.1000/1, table 2","{""pred"": [1.5, 2.0], ""target"": [1.0, 3.25]}",,1.25195,'
    assert files(golden)["regression.csv"][-1] == row

    shown = python(project, "-m", "losscli", "show", "quartic", libraries=False).stdout
    assert "none: it was made up for a test" in shown
    shared = [path.name for path in (ROOT / "tests" / "support").glob("*.py")]
    for file in ("conftest.py", *(f"support/{name}" for name in shared), "laws/test_laws.py", "laws/test_run_laws.py"):
        shutil.copy(ROOT / "tests" / file, tests)
    run = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "tests", "-k", "quartic")
    done = python(project, *run, libraries=False)
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0 and passed and int(passed[1]) >= 12, done.stdout

    path = golden / "regression.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",1.25195,", ",1.25197,"), encoding="utf-8")
    done = python(project, *run, "-k", "value_and_gradient and quartic", libraries=False)
    assert done.returncode == 1 and "paper doi:10.1000/1, table 2 says 1.25197" in done.stdout

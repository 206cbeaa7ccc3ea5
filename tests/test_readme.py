"""README.md is true, and what is generated is fresh. test_documents.py runs the commands of all pages."""

from __future__ import annotations

import re
import shutil

import pytest
from waiting import PATIENCE

pytest.importorskip("pty", reason="the commands are run in a terminal of POSIX systems")
if shutil.which("bash") is None:
    pytest.skip("the commands are written for bash", allow_module_level=True)

import generate
from project_copy import add_module, copy_project, passed, python, start

from losscli.cli import completion

TEXT = generate.README.read_text(encoding="utf-8")
CONSOLE = [c for block in generate.fences(TEXT, "console") for c in generate.commands(block)]
PYTHON = [block for path in sorted((generate.ROOT / "docs").rglob("*.md"))
          for block in generate.fences(path.read_text(encoding="utf-8"), "python")]  # fmt: skip
SHELL = generate.fences(TEXT, "sh")
NEW_LOSS = "# losscli/losses/"


def test_generated_files_are_up_to_date():
    """What commands print is tested page by page in test_documents.py."""
    assert generate.stale(generate.generated(outputs=False)) == [], "run python tests/generate.py"
    assert "| `huber` |" in generate.losses_table()
    assert "log_loss\tbinary\tLog loss" in generate.loss_names()
    assert '    "log_loss",\n' in generate.loss_name_type()
    assert completion.LOSS_NAMES == generate.LOSS_NAMES


def test_generate_writes_what_is_stale_and_check_only_says_so(monkeypatch, tmp_path, capsys):
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text("old")
    new.write_text("new")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "generated", lambda outputs: {old: "new", new: "new"})
    assert generate.main(["--check"]) == 1
    assert old.read_text() == "old" and capsys.readouterr().out == "old.md: stale\nnew.md: up to date\n"
    assert generate.main([]) == 0
    assert old.read_text() == "new" and capsys.readouterr().out == "old.md: rewritten\nnew.md: up to date\n"
    assert generate.main(["--check"]) == 0


def test_the_readme_is_short_and_names_every_page():
    """What is not read in five minutes belongs on a page of docs/."""
    assert len(TEXT.splitlines()) <= 200
    pages = [page.relative_to(generate.ROOT).as_posix() for page in (generate.ROOT / "docs").rglob("*.md")]
    there = [page for page in pages if f"({page})" in TEXT]
    assert len(there) >= 15 and {"docs/tutorial.md", "docs/recipes.md", "docs/losses.md"} <= set(there)


def test_first_command_is_the_first_console_block():
    """The line that installs and runs ends in the command whose output stands below it."""
    install, _, run = SHELL[0].strip().rpartition(" && .venv/bin/")
    assert install == "python3 -m venv .venv && .venv/bin/pip install ."
    assert run == CONSOLE[0].text


def test_one_line_runs_the_tests():
    """.ci/run takes this line from README.md and runs it."""
    (line,) = [block.strip() for block in SHELL if "/pytest" in block]
    assert line == "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest -n auto"
    assert "grep -E '^python3 -m venv .*/pytest -n auto$' README.md" in (generate.ROOT / ".ci/run").read_text()


def test_links_lead_somewhere():
    documents = [generate.ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")]
    for document in (*documents, *(generate.ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8")):
            assert "://" in link or (document.parent / link).exists(), f"{document} links to {link}"


# The outside number of that loss, asked of SciPy and NumPy: the fourth moment of the errors about 0.
GOLDEN_CASE = """

from peers import Answer, source

_cases_before = cases


def cases() -> list[Case]:
    call = "scipy.stats.moment(pred - target, 4, center=0)"

    def ask() -> Answer:
        value = by_numpy("scipy", "", call, PLAIN).answer.value
        errors = np.array(PLAIN["pred"]) - np.array(PLAIN["target"])
        slopes = np.polynomial.Polynomial([0, 0, 0, 0, 1]).deriv()(errors) / len(errors)
        return Answer(source("scipy", call), value, {"pred": slopes.tolist()})

    return [*_cases_before(), Case(("fourth_power",), PLAIN, None, ask)]
"""
CITATION = "Walach 1984,Walach; Widrow,1984,,,,not found,an example: nobody looked it up\n"
# What a new loss meets. Tests that have a case per loss or per module of losses run for the new one alone, and of those
# that sweep over all of them only what has no cases: a case of another module cannot fail for it.
PER_LOSS = ("test_laws", "test_run_laws", "test_golden", "test_spec", "test_documentation", "test_help", "test_project",
            "test_layers", "test_neighbours")  # fmt: skip
SWEEPS = ("test_project", "test_layers", "test_citations", "test_run_laws::test_every_loss_is_here",
          "test_readme::test_generated_files_are_up_to_date")  # fmt: skip


def test_the_new_loss_is_all_it_takes(tmp_path):
    """The loss of docs/own-losses.md in a copy of the project: a file, a golden case, its source, two commands."""
    (block,) = [b for b in PYTHON if b.startswith(NEW_LOSS)]
    project = copy_project(tmp_path / "project")
    family = add_module(project, block).stem
    (name,) = re.findall(r"^def (\w+)\(\n", block, re.MULTILINE)
    (tmp_path / "project" / "preds.csv").write_text("y,p\n1,3\n1,2\n", encoding="utf-8")
    done = python(f"-m losscli eval preds.csv -t y -p p -l {name}:scale=2 -q", project)
    assert (done.stdout, done.stderr) == (f"{(1 + 1 / 16) / 2}\n", "")

    cases = found(project, "golden/regression.py")
    code = cases.read_text(encoding="utf-8").replace("\nfrom peers", "\nimport numpy as np\nfrom peers", 1)
    cases.write_text(code + GOLDEN_CASE, encoding="utf-8")
    with found(project, "citations.csv").open("a", encoding="utf-8") as file:
        file.write(CITATION)
    for command in (f"{cases.parent / 'make.py'} {name}", f"{found(project, 'generate.py')} --tables"):
        done = python(command, project)
        assert done.returncode == 0, done.stdout + done.stderr
    assert f"| `{name}` |" in (project / "docs" / "losses.md").read_text(encoding="utf-8")
    assert f"{name}\t" in (project / "losscli" / "losses" / "names.txt").read_text(encoding="utf-8")

    per_loss = " ".join(node(project, test) for test in PER_LOSS)
    sweeps = " ".join(node(project, test) for test in SWEEPS)
    options = "-m pytest -p no:cacheprovider -W error"
    runs = [
        start(f"{options} {per_loss} -k '{name} or {family}'", project),
        start(f"{options} {sweeps} -k 'not ['", project),
    ]
    outputs = [process.communicate(timeout=PATIENCE)[0] for process in runs]
    assert [process.returncode for process in runs] == [0, 0], "\n".join(outputs)
    assert passed(outputs[0]) >= 25 and passed(outputs[1]) >= 12, "\n".join(outputs)


def found(project, name):
    """A file of the copy's tests, in whatever folder it stands."""
    (path,) = [path for path in (project / "tests").rglob("*") if path.as_posix().endswith(f"/{name}")]
    return path


def node(project, test):
    """What pytest calls a test file, or a test in it."""
    file, colons, rest = test.partition("::")
    return f"{found(project, f'{file}.py').relative_to(project)}{colons}{rest}"

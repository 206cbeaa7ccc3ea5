"""A format is one file: the contract of renderers, and CONTRIBUTING's example in a copy of the package."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import generate
import pytest
from evaluations import ERROR, PLAIN, SUITES, render_suites
from project_copy import ROOT, add_module, copy_package, python

from losscli import report
from losscli.errors import UsageError
from losscli.report import Renderer, View
from losscli.results import Evaluation, SuiteResult

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
(EXAMPLE,) = [b for b in generate.fences(CONTRIBUTING, "python") if b.startswith("# losscli/report/formats/")]
EVAL = "-m losscli eval d.csv -t y -p p -l mse"
LINE = 'loss="mse" model="p" value=0.16666666666666666\n'


class Values(Renderer):
    summary = "One value per line."

    def render(self, evaluation: Evaluation, view: View) -> str:
        return "".join(f"{result.value!r}\n" for result in evaluation.results)


def test_what_a_format_does_not_say_has_a_default() -> None:
    values = Values()
    assert values.render_suites((SuiteResult(None, PLAIN),), View()) == values.render(PLAIN, View())
    assert values.render_file((SuiteResult(None, PLAIN),)) == values.render(PLAIN, View())
    shown = values.render_suites((SUITES[0], SuiteResult("broken", None, ERROR)), View())
    assert shown.startswith(f"fast\n\n{values.render(PLAIN, View())}\nbroken\n\nerror: 'abc' is not a number")
    assert values.omitted(PLAIN) == [] and values.suffixes == values.appended_variables == ()
    assert not (
        values.shows_gates
        or values.shows_errors
        or values.shows_hashes
        or values.shows_origin
        or values.prints_workflow_commands
    )


@pytest.mark.parametrize("format", report.format_names())
def test_one_run_is_a_suite_without_a_name(format: str) -> None:
    assert report.render(PLAIN, format) == render_suites((SuiteResult(None, PLAIN),), format)


def test_a_format_that_writes_nothing_is_refused() -> None:
    with pytest.raises(TypeError, match="writes neither render nor render_suites"):
        type("Empty", (Renderer,), {"summary": "Nothing."})
    with pytest.raises(TypeError, match="has no summary"):
        type("Silent", (Renderer,), {"render": Values.render})


def test_suffixes_are_found_and_the_longest_counts() -> None:
    found = {name: report.format_of(name) for name in ("metrics.txt", "a/METRICS.TXT", "x.txt", "x.htm", "x.logfmt")}
    assert found == {"metrics.txt": "openmetrics", "a/METRICS.TXT": "openmetrics", "x.txt": "plain", "x.htm": "html",
                     "x.logfmt": None}  # fmt: skip
    with pytest.raises(UsageError, match="unknown format 'logfmt'"):
        report.renderer("logfmt")


def imported(statement: str) -> list[str]:
    """The formats that a process imports on the way."""
    code = f"import sys, losscli.report as r; {statement}; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    return re.findall(r"losscli\.report\.formats\.(\w+)", shown.stdout)


def test_only_the_formats_that_are_needed_are_imported() -> None:
    """A plain eval pays for the one that it prints; so does -o where the suffix is the name of the format."""
    assert imported("r.format_names()") == []
    assert imported("r.format_of('a.json')") == ["json"]
    assert imported("r.renderer('plain')") == ["plain"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the example, as CONTRIBUTING says: one file more."""
    folder = copy_package(tmp_path_factory.mktemp("formats"))
    add_module(folder, EXAMPLE)
    (folder / "d.csv").write_text("y,p\n1,1.5\n2,2\n3,2.5\n", encoding="utf-8")
    suites = "".join(
        f"[suites.{name}]\nsources = ['{file}']\ntarget = 'y'\npred = 'p'\nlosses = ['mse']\ngates = ['mse<=1']\n"
        for name, file in (("good", "d.csv"), ("bad", "none.csv"))
    )
    (folder / "losscli.toml").write_text(suites, encoding="utf-8")
    return folder


def test_the_new_format_serves_eval(project: Path) -> None:
    done = python(f"{EVAL} -f logfmt -o a.logfmt -o logfmt=b.txt", project)
    assert (done.returncode, done.stdout, done.stderr) == (0, LINE, "")
    assert (project / "a.logfmt").read_text() == (project / "b.txt").read_text() == LINE


def test_the_new_format_serves_gates_and_errors(project: Path) -> None:
    done = python(f"{EVAL} -f logfmt --gate mse<=0.1", project)
    assert (done.returncode, done.stdout) == (1, LINE)
    assert "gate: FAIL mse<=0.1" in done.stderr, "the format does not show gates, so they are printed"
    (project / "kept.logfmt").write_text("old")
    done = python(f"{EVAL.replace('d.csv', 'none.csv')} -f logfmt -o kept.logfmt", project)
    assert (done.returncode, done.stdout, (project / "kept.logfmt").read_text()) == (4, "", "old")


def test_the_new_format_serves_check(project: Path) -> None:
    done = python("-m losscli check good -f logfmt -o check.logfmt", project)
    assert (done.returncode, done.stdout) == (0, f"good\n\n{LINE}"), done.stderr
    assert (project / "check.logfmt").read_text() == f"good\n\n{LINE}"
    done = python("-m losscli check -f logfmt -o check.logfmt", project)
    assert (done.returncode, done.stdout) == (4, ""), done.stderr
    assert "bad\n\nerror: no such file\nin: none.csv" in (project / "check.logfmt").read_text()


def test_the_new_format_serves_diff_and_compare(project: Path) -> None:
    for name in ("old.json", "new.json"):
        assert python(f"{EVAL} -o {name}", project).returncode == 0
    done = python("-m losscli diff old.json new.json -f logfmt", project)
    assert (done.returncode, done.stdout) == (0, LINE), done.stderr
    done = python("-m losscli compare one=d.csv two=d.csv -t y -p p -l mse -f logfmt", project)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2, done.stderr


def test_the_new_format_is_in_the_help_and_in_hints(project: Path) -> None:
    shown = python("-m losscli help formats", project).stdout
    assert re.search(r"^  logfmt +One line of key-value pairs per result\.", shown, re.MULTILINE)
    assert "did you mean 'logfmt'?" in python(f"{EVAL} -f logfm", project).stderr

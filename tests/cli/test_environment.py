"""The environment announces itself: on standard error, and in the report where it may decide."""

from __future__ import annotations

import json
import os

import pytest

from losscli.cli import COMMANDS, cli
from losscli.cli.entry import run
from losscli.cli.environment import IGNORED, SETTINGS, every_variable

PLAIN = ("p.csv", "-t", "y", "-p", "p", "-l", "mae")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("LOSSCLI_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("y,p,w\n1,1.5,1\n2,2,3\n3,,1\n")
    return tmp_path


def said(capfd, *words):
    code = run([str(word) for word in words])
    return code, *capfd.readouterr()


def report(capfd, *words):
    _, out, err = said(capfd, *words, "-f", "json", "--error-format", "text")
    return json.loads(out), err


@pytest.mark.parametrize(
    ("variables", "deciding"),
    [
        ({"MISSING": "drop"}, ["MISSING"]),
        ({"MISSING": "drop", "WEIGHT": "w", "BY": "w"}, ["BY", "MISSING", "WEIGHT"]),
        ({"MISSING": "drop", "GATE": "mae<=9", "MAX_DROPPED": "1"}, ["GATE", "MAX_DROPPED", "MISSING"]),
        ({"MISSING": "drop", "NO_HEADER": "0", "REDUCTION": "sum"}, ["MISSING", "NO_HEADER", "REDUCTION"]),
        ({"WHERE": "y < 3", "THREADS": "1", "ENGINE": "threads"}, ["WHERE"]),
        ({"WHERE": "y < 3", "OUTPUT": "r.md", "CHUNK_ROWS": "1"}, ["WHERE"]),
    ],
    ids=str,
)
def test_what_took_effect_is_said_and_what_may_decide_is_in_the_report(variables, deciding, monkeypatch, capfd):
    for name, value in variables.items():
        monkeypatch.setenv(f"LOSSCLI_{name}", value)
    document, err = report(capfd, "eval", *PLAIN)
    (note,) = [line for line in err.splitlines() if "from the environment" in line]
    assert note.startswith("note: from the environment: ")
    assert set(note.partition("ment: ")[2].split(", ")) == {f"LOSSCLI_{name}" for name in variables}
    assert sorted(document["environment"]) == [f"LOSSCLI_{name}" for name in deciding]
    for format in ("table", "markdown", "html", "github"):
        out = said(capfd, "eval", *PLAIN, "-f", format, "-o", f"{format}=x")
        del out
        with open("x") as file:  # noqa: PTH123
            assert f"LOSSCLI_{deciding[0]}" in file.read()


def test_what_the_command_line_overrides_or_is_empty_took_none(monkeypatch, capfd):
    monkeypatch.setenv("LOSSCLI_MISSING", "error")
    monkeypatch.setenv("LOSSCLI_WEIGHT", "")
    document, err = report(capfd, "eval", *PLAIN, "--missing", "drop")
    assert document["environment"] == []
    assert "LOSSCLI_" not in err


def test_quiet_is_quiet(monkeypatch, capfd):
    monkeypatch.setenv("LOSSCLI_MISSING", "drop")
    monkeypatch.setenv("LOSSCLI_MISING", "drop")
    monkeypatch.setenv("LOSSCLI_QUIET", "1")
    assert said(capfd, "eval", *PLAIN) == (0, "0.25\n", "")


def test_every_command_with_reports_shows_it(folder, monkeypatch, capfd):
    (folder / "losscli.toml").write_text(
        '[suites.a]\nsources = ["p.csv"]\ntarget = "y"\npred = "p"\nlosses = ["mae"]\nmissing = "drop"\n'
        'outputs = ["a.json"]\n'
    )
    monkeypatch.setenv("LOSSCLI_MISSING", "drop")
    assert report(capfd, "compare", *PLAIN, "-p", "w")[0]["environment"] == ["LOSSCLI_MISSING"]
    assert said(capfd, "eval", *PLAIN, "--state-out", "s.json")[0] == 0
    assert report(capfd, "eval", *PLAIN, "-o", "r.json", "--baseline", "b.json", "--baseline-missing", "create")[0]
    assert json.loads((folder / "b.json").read_text())["environment"] == ["LOSSCLI_MISSING"]
    monkeypatch.delenv("LOSSCLI_MISSING")
    assert report(capfd, "merge", "s.json")[0]["environment"] == ["LOSSCLI_MISSING"]
    monkeypatch.setenv("LOSSCLI_GATE", "mae<=baseline")
    assert report(capfd, "merge", "s.json", "--baseline", "b.json")[0]["environment"] == [
        "LOSSCLI_MISSING",
        "LOSSCLI_GATE",
    ]
    assert report(capfd, "diff", "r.json", "b.json", "--max-dropped", 1)[0]["environment"] == [
        "LOSSCLI_MISSING",
        "LOSSCLI_GATE",
    ]
    monkeypatch.delenv("LOSSCLI_GATE")
    monkeypatch.setenv("LOSSCLI_CONFIG", "losscli.toml")
    monkeypatch.setenv("LOSSCLI_NAN", "drop")  # it has no say in a suite
    document, err = report(capfd, "check")
    assert [suite["report"]["environment"] for suite in document["suites"]] == [["LOSSCLI_CONFIG"]]
    assert "note: from the environment: LOSSCLI_CONFIG\n" in err
    assert json.loads((folder / "a.json").read_text())["environment"] == []


@pytest.mark.parametrize(
    ("name", "near"),
    [("MISING", "MISSING"), ("WEIGTH", "WEIGHT"), ("LOSSES", "LOSS"), ("REMOTE_RETRY", "REMOTE_RETRIES"),
     ("MAXDROPPED", "MAX_DROPPED"), ("nan", "NAN"), ("ZZZZ", None)],
)  # fmt: skip
@pytest.mark.parametrize("command", ["eval", "list"])
def test_a_misspelt_variable_is_warned_of(name, near, command, monkeypatch, capfd):
    monkeypatch.setenv(f"LOSSCLI_{name}", "x")
    words = ("eval", *PLAIN, "--missing", "drop") if command == "eval" else ("list", "mae")
    code, _, err = said(capfd, *words)
    assert code == 0
    (line,) = [line for line in err.splitlines() if "LOSSCLI_" in line]
    assert line.startswith(f"warning: LOSSCLI_{name} is no variable of losscli, and is ignored")
    assert (f"LOSSCLI_{near}" in line) if near else ("did you mean" not in line)


def test_a_variable_of_another_command_is_known(monkeypatch, capfd):
    monkeypatch.setenv("LOSSCLI_GATE", "mae<=1")
    assert "LOSSCLI_" not in said(capfd, "list", "mae")[2]


@pytest.mark.parametrize("command", ["eval", "check", "diff"])
def test_no_variable_makes_failed_gates_pass(command, folder, monkeypatch, capfd):
    (folder / "losscli.toml").write_text(
        '[suites.a]\nsources = ["p.csv"]\ntarget = "y"\npred = "w"\nlosses = ["mae"]\ngates = ["mae<=0"]\n'
    )
    said(capfd, "eval", "p.csv", "-t", "y", "-p", "w", "-l", "mae", "-o", "r.json")
    monkeypatch.setenv("LOSSCLI_EXIT_ZERO", "1")
    words = {
        "eval": ("eval", "p.csv", "-t", "y", "-p", "w", "-l", "mae", "--gate", "mae<=0"),
        "check": ("check",),
        "diff": ("diff", "r.json", "r.json", "--gate", "mae<=0"),
    }[command]
    code, _, err = said(capfd, *words)
    assert code == 1
    assert "warning: LOSSCLI_EXIT_ZERO is ignored" in err
    assert said(capfd, *words, "--exit-zero")[0] == 0


def test_every_option_but_one_has_its_variable():
    commands = [cli.get_command(None, name) for name in COMMANDS]
    options = [param for command in commands for param in command.params if param.param_type_name == "option"]
    # The variables of colours are read by the console, LOSSCLI_FORMAT says json, and LOSSCLI_STATE_OUT is that of eval.
    without = {param.name for param in options if not param.envvar}
    assert without == {"exit_zero", "color", "no_color", "json", "state_out"}
    assert {param.envvar for param in options} - {None} == every_variable()
    assert not every_variable() & {*SETTINGS, *IGNORED}


def test_lower_case_is_another_name(monkeypatch, capfd):
    monkeypatch.setenv("losscli_missing", "drop")
    assert "warning: losscli_missing is no variable of losscli" in said(capfd, "list", "mae")[2]

"""Where reports go: standard output, files, and the files that a build server names in the environment."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import pytest
from evaluations import ERROR, GATED, HOSTILE, PLAIN, SUITES, hostile, render_suites
from workflow_commands import read_outputs, runner

from losscli import report
from losscli.cli import delivery, entry, reports
from losscli.cli.option_values import Wanted
from losscli.errors import FileError
from losscli.report.formats.csv import Csv

DATA = "y,p,k\n1,1.5,a\n2,2,a\n3,2.5,b\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "LOSSCLI_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "d.csv").write_text(DATA)
    return tmp_path


@pytest.fixture
def action(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A step of GitHub Actions, whose files hold something already."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for variable, name in {"GITHUB_STEP_SUMMARY": "summary", "GITHUB_OUTPUT": "output"}.items():
        (folder / name).write_text("before=1\n")
        monkeypatch.setenv(variable, str(folder / name))
    return folder


def losscli(*words: str) -> int:
    return entry.run(["eval", "d.csv", "-t", "y", "-p", "p", "-l", "mse", *words])


def test_what_is_printed_and_written_is_made_once(folder, capfd, monkeypatch):
    made = []
    render = Csv.render_suites
    monkeypatch.setattr(Csv, "render_suites", lambda *given: made.append(render(*given)) or made[-1])
    assert losscli("-f", "csv", "-o", "a.csv", "-o", "b.csv") == 0
    (text,) = made
    assert capfd.readouterr().out == (folder / "a.csv").read_text() == (folder / "b.csv").read_text() == text


@pytest.mark.parametrize("words", [("-f", "github"), ("-o", "github=-")], ids=" ".join)
def test_github_prints_commands_and_adds_to_its_files(words, action, capfd):
    assert losscli("--gate", "mse<=0.1", *words) == 1
    ((name, _, text),) = runner(capfd.readouterr().out)
    assert name == "error" and text.startswith("FAIL mse<=0.1 p: mse = 0.1666")
    summary = (action / "summary").read_text()
    assert summary.startswith("before=1\n## losscli: 1 of 1 gate failed\n") and summary.endswith("\n\n")
    found = read_outputs((action / "output").read_text())
    assert (found["before"], found["passed"], found["exit-code"]) == ("1", "false", "1")
    assert found["score_mse"] == "0.16666666666666666" and found["failures"].startswith("mse<=0.1 p: mse = 0.1666")


def test_a_second_command_of_the_step_adds_its_own(action, capfd):
    for _ in range(2):
        assert losscli("--gate", "mse<=1", "-f", "github") == 0
    assert [name for name, _, _ in runner(capfd.readouterr().out)] == ["notice", "notice"]
    assert (action / "summary").read_text().count("## losscli: 1 gate passed") == 2
    assert (action / "output").read_text().count("passed=true\n") == 2


@pytest.mark.parametrize("words", [(), ("-f", "markdown"), ("-f", "junit"), ("-o", "github=page.md"), ("-o", "a.xml")])
def test_no_other_format_adds_to_them(words, action, capfd):
    assert losscli(*words) == 0
    assert (action / "summary").read_text() == (action / "output").read_text() == "before=1\n"
    if words and words[1] == "github=page.md":
        assert (action / "page.md").read_text().startswith("| model | loss | value |")


def test_commands_get_through_and_data_makes_none(action, capfd):
    reports.write(hostile(HOSTILE), Wanted("github", {}), False)
    out, err = capfd.readouterr()
    assert [name for name, _, _ in runner(out)] == ["error", "warning"]
    assert err == "", "the warning is among what is printed"
    reports.write(hostile(HOSTILE), Wanted("plain", {}), False)
    assert runner(capfd.readouterr().out) == []


def test_outside_of_a_step_a_note_says_so(folder, capfd):
    assert losscli("-f", "github") == 0
    out, err = capfd.readouterr()
    assert runner(out) == [("notice", {"title": "losscli"}, "1 result, no gates")]
    for variable in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        assert f"{variable} is not set, so nothing was written for it" in err
    assert losscli("-f", "github", "-q") == 0
    assert capfd.readouterr() == ("0.16666666666666666\n", "")


def test_a_full_summary_gets_no_page_that_would_lose_it(action):
    (action / "summary").write_text("x" * 900 * 1024)
    reports.write(PLAIN, Wanted("github", {}), True)
    assert (action / "summary").stat().st_size == 900 * 1024
    assert "score_mse" in (action / "output").read_text()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_disk_is_an_error(action, monkeypatch):
    monkeypatch.setenv("GITHUB_OUTPUT", "/dev/full")
    with pytest.raises(FileError, match="could not write"):
        reports.write(PLAIN, Wanted("github", {}), True)
    with pytest.raises(FileError):
        delivery.append(str(action / "missing" / "file"), "x")


def test_text_is_added_in_one_write(folder, monkeypatch):
    """Two commands at once: what each wrote stays whole."""
    writes = []
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(data) or real(fd, data))
    delivery.append(str(folder / "x"), "a\nü\n")
    delivery.append(str(folder / "x"), "b\n")
    assert (folder / "x").read_bytes() == "a\nü\nb\n".encode()
    assert writes == ["a\nü\n".encode(), b"b\n"]


def test_an_error_is_written_where_a_build_server_looks(action, capfd):
    files = {"j.xml": "junit", "p.md": "github", "r.json": "json", "r.html": "html", "-": "table"}
    for path in files:
        if path != "-":
            Path(path).write_text("old")
    reports.write_error(ERROR, Wanted("github", files))
    assert "'abc' is not a number" in Path("j.xml").read_text() and 'errors="1"' in Path("j.xml").read_text()
    assert Path("p.md").read_text().startswith("## losscli: error\n\n- `'abc' is not a number`\n")
    assert Path("r.json").read_text() == Path("r.html").read_text() == "old"
    assert capfd.readouterr().out == ""
    found = read_outputs((action / "output").read_text())
    assert (found["passed"], found["exit-code"], found["failures"]) == ("false", "3", "'abc' is not a number")
    assert "'abc' is not a number" in (action / "summary").read_text()


@pytest.mark.parametrize("data", ["y,p\n1,abc\n", "y,q\n1,2\n"], ids=["a cell", "a column"])
def test_a_run_that_ends_in_an_error_writes_it(data, action, capfd):
    (action / "d.csv").write_text(data)
    (action / "r.json").write_text("old")
    assert losscli("-o", "j.xml", "-o", "r.json", "-f", "github") == 3
    out, err = capfd.readouterr()
    assert out == "" and [name for name, _, _ in runner(err)] == ["error"]
    assert 'errors="1"' in (action / "j.xml").read_text() and (action / "r.json").read_text() == "old"
    assert read_outputs((action / "output").read_text())["exit-code"] == "3"
    assert "## losscli: error" in (action / "summary").read_text()


def test_an_error_is_never_written_over_an_input(action, capfd):
    assert losscli("-o", "junit=d.csv") == 2
    assert (action / "d.csv").read_text() == DATA


def test_an_error_without_such_reports_writes_nothing(action, capfd):
    reports.write_error(ERROR, Wanted("plain", {"r.json": "json"}))
    assert capfd.readouterr() == ("", "") and not Path("r.json").exists()
    assert (action / "output").read_text() == "before=1\n"


def test_a_check_is_delivered_whole(action, capfd):
    reports.write_suites(SUITES[:3], Wanted("github", {"c.json": "json", "c.xml": "junit"}), False, exit=4)
    assert [name for name, _, _ in runner(capfd.readouterr().out)] == ["error"] * 3 + ["warning"]
    assert json.loads(Path("c.json").read_text())["schema"] == "losscli.check/1"
    assert Path("c.xml").read_text() == render_suites(SUITES[:3], "junit")
    assert read_outputs((action / "output").read_text())["exit-code"] == "4"
    reports.write_suites(SUITES[:2], Wanted("table", {}), True)
    assert len(capfd.readouterr().out.splitlines()) == 5


@pytest.mark.parametrize("wanted", [Wanted("dvc", {}), Wanted("plain", {"m.json": "dvc"})])
def test_what_dvc_has_no_place_for_is_said(wanted, capfd):
    reports.write(GATED, wanted, False)
    assert (
        "note: dvc cannot represent non-finite values and leaves them out: rmse ridge country=FR is nan"
        in capfd.readouterr().err
    )


@pytest.mark.parametrize(
    ("path", "format"),
    [("a.html", "html"), ("a.xml", "junit"), ("a.prom", "openmetrics"), ("x/metrics.txt", "openmetrics"),
     ("a.txt", "plain")],
)  # fmt: skip
def test_suffixes_tell_the_format(path, format):
    assert report.format_of(path) == format


def test_hashes_are_computed_for_reports_that_show_them():
    assert Wanted("plain", {"a": "html"}).hashing and Wanted("json", {}).hashing
    assert not Wanted("junit", {"a": "csv"}).hashing


def test_a_baseline_is_the_same_for_options_in_another_order(folder):
    """It is committed: no byte may change for nothing."""
    words = [["-t", "y"], ["-p", "p"], ["-l", "huber:delta=2"], ["--by", "k"], ["--missing", "drop"], ["-w", "w"]]
    (folder / "d.csv").write_text("y,p,k,w\n1,1.5,a,1\n2,2,a,2\n3,2.5,b,1\n")
    texts = set()
    for turn in range(len(words)):
        order = words[turn:] + words[:turn]
        assert entry.run(["eval", "d.csv", *(w for pair in order for w in pair), "-q", "-o", f"{turn}.json"]) == 0
        texts.add((folder / f"{turn}.json").read_text())
    roles = [["-c", "anchor=y,p"], ["-c", "positive=p,w"], ["-c", "negative=w,y"]]
    for turn, order in enumerate((roles, roles[::-1])):
        given = [w for pair in order for w in pair]
        assert entry.run(["eval", "d.csv", "-l", "triplet", *given, "-q", "-o", f"t{turn}.json"]) == 0
    assert (folder / "t0.json").read_text() == (folder / "t1.json").read_text()
    (text,) = texts
    assert str(folder) not in text and platform.node() not in text


def test_the_page_has_the_command_without_passwords_and_a_date_on_request(folder, monkeypatch, capfd):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "")
    words = ("--where", "k != 'https://user:secret@host/x?token=secret'", "-o", "r.html")
    assert losscli(*words) == 0
    first = (folder / "r.html").read_text()
    command = first.partition("<pre><code>")[2].partition("<")[0]
    assert command.startswith("losscli eval d.csv -t y -p p -l mse --where") and "secret" not in command
    assert losscli(*words) == 0 and (folder / "r.html").read_text() == first, "the same at any time"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert losscli("-o", "r.html") == 0 and "1970-01-02 00:00:00 UTC" in (folder / "r.html").read_text()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    assert losscli("-o", "new.html") == 2 and not (folder / "new.html").exists()
    assert "SOURCE_DATE_EPOCH must be a number of seconds since 1970; got 'today'" in capfd.readouterr().err
    assert losscli("-o", "r.json") == 0, "of other reports it has no say"

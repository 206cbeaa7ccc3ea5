"""The command line as prose: every block in tests/cli/*.md is run by a shell, each `losscli` a process.

    ```file preds.csv           a file in the working directory (of the whole page)
    ```console                  `$ command`, lines that continue it (`> `), then what it prints on standard output
    ```stderr                   what the command above printed on standard error; without this block: nothing
    exit: 3                     its exit code; without this line: 0

A page is run from top to bottom in one folder, in which sample_data is to be found. Pages run beside each other.
"""

from __future__ import annotations

import functools
import inspect
import os
import re
import shlex
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from forked_commands import ForkedCommands
from processes import coverage
from waiting import PATIENCE

import losscli
from losscli import report
from losscli.binding.bind import DEFAULT_NAMES
from losscli.cli import COMMANDS, completion, entry, help, layout
from losscli.errors import ExitCode
from losscli.io.source import DEFAULT_NULLS
from losscli.io.write import tables
from losscli.losses import REGISTRY

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "tests" / "cli").glob("*.md"))
PARALLEL = ThreadPoolExecutor(os.cpu_count())


@dataclass
class Case:
    """One command with what it is expected to do."""

    page: Path
    line: int
    command: str = ""
    stdout: str = ""
    stderr: str = ""
    exit: int = 0
    files: dict[str, str] = field(default_factory=dict)  # to be written before it runs

    def __str__(self):
        return f"{self.page.stem}:{self.line}"


def read(page: Path) -> list[Case]:
    """The cases of a page; a block that nobody knows is an error, so that no case is lost by a misspelling."""
    cases: list[Case] = []
    files: dict[str, str] = {}
    lines = iter(enumerate(page.read_text(encoding="utf-8").splitlines(), start=1))
    for number, line in lines:
        if found := re.fullmatch(r"exit: (\d+)", line):
            cases[-1].exit = int(found[1])
        if not line.startswith("```"):
            continue
        block = []
        for _, inner in lines:
            if inner == "```":
                break
            block.append(inner)
        else:
            raise ValueError(f"{page.name}:{number}: the block has no end")
        word, _, name = line.removeprefix("```").partition(" ")
        if word == "file":
            files[name] = "".join(f"{text}\n" for text in block)
        elif word == "stderr":
            cases[-1].stderr = "".join(f"{text}\n" for text in block)
        elif word == "console":
            cases += _commands(page, number, block, files)
            files = {}
        else:
            raise ValueError(f"{page.name}:{number}: a block is file, console or stderr, not '{word}'")
    return cases


def _commands(page: Path, number: int, block: list[str], files: dict[str, str]) -> list[Case]:
    cases: list[Case] = []
    for offset, line in enumerate(block, start=1):
        if line.startswith("$ "):
            cases.append(Case(page, number + offset, line.removeprefix("$ "), files={} if cases else files))
        elif line.startswith("> ") and not cases[-1].stdout:
            cases[-1].command += "\n" + line.removeprefix("> ")
        else:
            cases[-1].stdout += f"{line}\n"
    return cases


PLAIN = {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}


def run(cases: list[Case], folder: Path, commands: Path) -> dict[str, subprocess.CompletedProcess]:
    """All cases of a page, one after the other; `commands` is the folder of the command."""
    work = folder / "work"
    work.mkdir(parents=True)
    (work / "sample_data").symlink_to(ROOT / "sample_data")
    environment = {**PLAIN, "PATH": f"{commands}:{os.environ['PATH']}", "HOME": str(folder), **coverage()}
    done = {}
    for case in cases:
        for name, text in case.files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text, encoding="utf-8", newline="\n")
        done[str(case)] = subprocess.run(["sh", "-c", case.command], cwd=work, env=environment, capture_output=True,
                                         stdin=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
    return done


NUMBER = re.compile(r"-?\d+\.\d{9,}(e[+-]\d+)?")


def same(expected: str, found: str) -> bool:
    """Equal texts; the last digits of long numbers may differ, as NumPy's exp and log do between processors."""
    if NUMBER.sub("#", expected) != NUMBER.sub("#", found):
        return False
    pairs = zip(NUMBER.finditer(expected), NUMBER.finditer(found), strict=True)
    return all(float(a[0]) == pytest.approx(float(b[0]), rel=1e-14) for a, b in pairs)


CASES = [case for page in PAGES for case in read(page)]


@pytest.fixture(scope="session")
def commands(tmp_path_factory) -> Iterator[Path]:
    with ForkedCommands(tmp_path_factory.mktemp("bin"), {**PLAIN, "PATH": os.environ["PATH"]}) as made:
        yield made.folder


@pytest.fixture(scope="session")
def started(request, tmp_path_factory, commands) -> Callable[[Path], Future]:
    """Starts a page, once. All with a case to be run start at once, where no worker of pytest-xdist has its share."""

    @functools.cache
    def start(page):
        cases = [case for case in CASES if case.page == page]
        return PARALLEL.submit(run, cases, tmp_path_factory.mktemp(page.stem), commands)

    if "PYTEST_XDIST_WORKER" not in os.environ:
        for item in request.session.items:
            if item.originalname == "test_page":
                start(item.callspec.params["case"].page)
    return start


@pytest.mark.parametrize("case", CASES, ids=str)
def test_page(case, started):
    done = started(case.page).result()[str(case)]
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert (done.returncode, stderr) == (case.exit, case.stderr), f"{case.command}\n{stdout}{stderr}"
    if not same(case.stdout, stdout):
        assert stdout == case.stdout  # for its picture of the difference


# ------------------------------------------------------------------------------------------------------ help topics

TOPICS = {name: help.read(name)[1] for name in help.TOPICS}
EXAMPLES = [
    pytest.param(command, id=f"{name}:{number}")
    for name, text in TOPICS.items()
    for number, command in enumerate(layout.commands(text))
    if "DATA" not in command and "*.json" not in command  # stand for files of the reader
]


@pytest.mark.parametrize("command", EXAMPLES)
def test_every_command_in_the_topics_runs(command, monkeypatch, capfd):
    monkeypatch.chdir(ROOT)
    code = entry.run(shlex.split(command)[1:])
    done = capfd.readouterr()
    assert code == 0, done.err
    assert done.out
    assert "error" not in done.err


def test_the_python_of_the_topic_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    code = textwrap.dedent(TOPICS["python"].partition("\nThe arguments")[0])
    names = {"frame": {"y": [1.0, 2.0], "p": [1.5, 2.0]}}
    exec(code, names)
    assert len(names["report"]) == 4
    words = re.findall(r"(\w+)=", TOPICS["python"].partition("\nThe arguments")[2])
    assert words
    assert set(words) <= set(inspect.signature(losscli.evaluate).parameters)


def test_the_topics_are_the_files_and_every_list_of_them():
    assert sorted(help.TOPICS) == sorted(path.stem for path in (ROOT / "losscli" / "cli" / "topics").iterdir())
    assert COMMANDS["help"].endswith(": " + ", ".join(help.TOPICS))


def test_the_topics_say_what_the_code_does():
    codes = re.findall(r"^  (\d+)  +\S", TOPICS["exit-codes"], re.MULTILINE)
    assert [int(code) for code in codes] == sorted(ExitCode)
    formats = re.findall(r"^  ([\w-]+)  +\S", TOPICS["formats"], re.MULTILINE)
    assert tuple(formats) == report.format_names()
    for name, suffixes in re.findall(r"^  ([\w-]+) .*\((\..*)\)$", TOPICS["formats"], re.MULTILINE):
        assert [report.format_of(f"x{suffix}") for suffix in suffixes.split()] == [name] * len(suffixes.split())
    written = " ".join(TOPICS["formats"].split()).partition("'losscli grad' write")[2].partition(". Without")[0]
    suffixes = re.findall(r"\.\w+", written)
    assert len(suffixes) == 5
    for suffix in suffixes:
        assert tables.format_of(f"x{suffix}")
    assert f"one of {', '.join(null for null in DEFAULT_NULLS if null)}." in " ".join(TOPICS["missing"].split())
    assert "" in DEFAULT_NULLS
    columns = " ".join(TOPICS["columns"].split())
    for option, role in (("-t", "target"), ("-p", "pred")):
        usual = columns.partition(f"Without {option}, ")[2].partition("the names ")[2].partition(". ")[0]
        assert usual == ", ".join(DEFAULT_NAMES[role])


def test_no_line_of_a_topic_is_wide():
    assert [line for text in TOPICS.values() for line in text.splitlines() if len(line) > 120] == []


# ------------------------------------------------------------------------------------------------------- completion


def complete(monkeypatch, capsys, *words, shell="bash"):
    """What a shell is told when TAB is pressed at the end of the last word."""
    monkeypatch.setenv("COMP_WORDS", shlex.join(words[:-1]) + f" {words[-1]}")
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    monkeypatch.setenv("_LOSSCLI_COMPLETE", f"{shell}_complete")
    assert entry.run([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


def test_losses_are_completed_where_a_loss_is_due(monkeypatch, capsys):
    assert complete(monkeypatch, capsys, "losscli", "eval", "x.csv", "-l", "hub") == ["plain,huber"]
    assert complete(monkeypatch, capsys, "losscli", "grad", "--loss", "log_l") == ["plain,log_loss"]
    assert complete(monkeypatch, capsys, "losscli", "show", "wap") == ["plain,wape"]
    lines = complete(monkeypatch, capsys, "losscli", "eval", "-l", "hub", shell="zsh")
    assert lines == ["plain", "huber", REGISTRY["huber"].summary]


@pytest.mark.parametrize(
    ("start", "completed", "in_bash"),
    [
        ("huber:", ["huber:delta=1"], ["delta=1"]),
        ("huber:d", ["huber:delta=1"], ["delta=1"]),
        ("focal:alpha=.2,g", ["focal:alpha=.2,gamma=2"], [".2,gamma=2"]),
        ("focal:alpha=.2,a", [], []),
        ("huber@l", ["huber@lightgbm"], ["huber@lightgbm"]),
        ("mse:", [], []),
    ],
)
def test_parameters_and_libraries_of_a_loss_are_completed(start, completed, in_bash, monkeypatch, capsys):
    lines = complete(monkeypatch, capsys, "losscli", "eval", "-l", start, shell="zsh")
    assert lines[1::3] == [text.replace(":", "\\:") for text in completed]
    lines = complete(monkeypatch, capsys, "losscli", "eval", "-l", start)
    assert [line for line in lines if line] == [f"plain,{text}" for text in in_bash]


def test_commands_options_choices_topics_and_files_are_completed(monkeypatch, capsys):
    assert complete(monkeypatch, capsys, "losscli", "ev") == ["plain,eval"]
    assert complete(monkeypatch, capsys, "losscli", "eval", "--unm") == ["plain,--unmatched"]
    assert complete(monkeypatch, capsys, "losscli", "eval", "x.csv", "--nan", "d") == ["plain,drop"]
    assert complete(monkeypatch, capsys, "losscli", "help", "col") == ["plain,columns"]
    assert complete(monkeypatch, capsys, "losscli", "completion", "z") == ["plain,zsh"]
    assert complete(monkeypatch, capsys, "losscli", "eval", "pre") == ["file,pre"]
    assert complete(monkeypatch, capsys, "losscli", "eval", "x.csv", "-o", "rep") == ["file,rep"]


@pytest.mark.parametrize("words", ["losscli nonsense x", "losscli eval --nonsense x", ""])
def test_a_line_that_is_wrong_so_far_completes_to_nothing_and_says_nothing(words, monkeypatch, capsys):
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_LOSSCLI_COMPLETE", "bash_complete")
    entry.run([])
    assert capsys.readouterr().err == ""


def test_a_shell_that_nobody_knows(capsys):
    assert entry.run(["completion", "basch"]) == 2
    assert "did you mean 'bash'? shells: bash, zsh, fish" in capsys.readouterr().err


def test_every_shell_gets_its_script(capsys):
    assert {"bash", "zsh", "fish"} <= set(completion.shells())
    for shell in completion.shells():
        assert entry.run(["completion", shell]) == 0
        assert f"{shell}_complete" in capsys.readouterr().out

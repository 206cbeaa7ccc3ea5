"""The command line as prose: every block in tests/cli/*.md is run in real processes, as it stands there.

    ```file preds.csv           a file in the working directory (of the whole page)
    ```console                  `$ command`, lines that continue it (`> `), then what it prints on standard output
    ```stderr                   what the command above printed on standard error; without this block: nothing
    exit: 3                     its exit code; without this line: 0

A page is run from top to bottom in one folder, in which sample_data is to be found. Pages run beside each other.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "tests" / "cli").glob("*.md"))
PARALLEL = ThreadPoolExecutor(os.cpu_count())
RUNS: dict[Path, Future] = {}


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


def run(cases: list[Case], folder: Path) -> dict[str, subprocess.CompletedProcess]:
    """All cases of a page, one after the other."""
    (folder / "bin").mkdir(parents=True)
    launcher = folder / "bin" / "losscli"
    # -P: as with the installed script, modules in the working directory are not found.
    launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m losscli "$@"\n')
    launcher.chmod(0o755)
    work = folder / "work"
    work.mkdir()
    (work / "sample_data").symlink_to(ROOT / "sample_data")
    environment = {"PATH": f"{launcher.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8",
                   "HOME": str(folder)}  # fmt: skip
    done = {}
    for case in cases:
        for name, text in case.files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text, encoding="utf-8", newline="\n")
        done[str(case)] = subprocess.run(["sh", "-c", case.command], cwd=work, env=environment, capture_output=True,
                                         stdin=subprocess.DEVNULL, timeout=60)  # fmt: skip
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
def runs(request, tmp_path_factory):
    """Every page that has a case to be run, started at once."""
    for page in {item.callspec.params["case"].page for item in request.session.items
                 if item.originalname == "test_page"}:  # fmt: skip
        RUNS[page] = PARALLEL.submit(run, [c for c in CASES if c.page == page], tmp_path_factory.mktemp(page.stem))
    return RUNS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_page(case, runs):
    done = runs[case.page].result()[str(case)]
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert (done.returncode, stderr) == (case.exit, case.stderr), f"{case.command}\n{stdout}{stderr}"
    if not same(case.stdout, stdout):
        assert stdout == case.stdout  # for its picture of the difference

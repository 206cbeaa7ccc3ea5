"""The commands that pages show, and what each leaves when it is run in a checkout."""

from __future__ import annotations

import csv
import gzip
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from forked_commands import ForkedCommands

from benchmarks.differences import Outcome
from benchmarks.served_commands import VARIABLES

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ARCHIVES = (".tar", ".tgz", ".zip")  # no command of ours makes one, and they hold times
PATIENCE = 600.0  # seconds


@dataclass(frozen=True)
class Step:
    """One command of a page, and the files that are written before it."""

    command: str
    files: dict[str, str]


def pages(checkout: Path) -> Iterator[tuple[str, list[Step]]]:
    """The commands of each page in tests/cli and docs, of the README, and of the golden numbers of sample_data."""
    for page in sorted((checkout / "tests").rglob("cli/*.md")):
        yield page.stem, list(steps(page.read_text(encoding="utf-8")))
    for page in (checkout / "README.md", *sorted((checkout / "docs").rglob("*.md"))):
        typed = [] if page.stem == "real-files" else commands(page.read_text(encoding="utf-8").splitlines())
        if typed:
            yield f"docs {page.stem}", [Step(line, {}) for line in typed]
    with (checkout / "tests" / "golden" / "sample_data.csv").open(encoding="utf-8", newline="") as file:
        yield "sample_data", [Step(f"losscli eval {row['args']}", {}) for row in csv.DictReader(file)]


def steps(text: str) -> Iterator[Step]:
    """The commands of a page in the form that tests/cli uses."""
    files: dict[str, str] = {}
    for word, name, body in BLOCK.findall(text):
        if word == "file":
            files[name] = body
        elif word == "console":
            for command in commands(body.splitlines()):
                yield Step(command, files)
                files = {}


def commands(lines: list[str]) -> list[str]:
    """What stands behind the prompts of a session."""
    found: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("$ "):
            found.append(line.removeprefix("$ "))
        elif line.startswith("> ") and before.startswith(("$ ", "> ")):
            found[-1] += "\n" + line.removeprefix("> ")
        elif before.endswith("\\") and before.startswith("$ "):
            found[-1] += f"\n{line}"
    return found


def run(
    page: list[Step], tool: ForkedCommands, checkout: Path, sample_data: Path, variables: Mapping[str, str]
) -> list[Outcome]:
    """All commands of a page, one after the other in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place, "work")
        work.mkdir()
        (work / "sample_data").symlink_to(sample_data)
        environment = {"PATH": f"{tool.folder}:{os.environ['PATH']}", "PYTHONPATH": str(checkout), "HOME": place,
                       **VARIABLES, **variables}  # fmt: skip
        return [outcome(step, work, environment) for step in page]


def outcome(step: Step, work: Path, environment: Mapping[str, str]) -> Outcome:
    """What one command leaves: all files that it wrote, but not the sample data."""
    for name, text in step.files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8", newline="\n")
    before = dict(written(work))
    done = subprocess.run(["bash", "-c", step.command], cwd=work, env=environment, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
    texts = {"standard output": done.stdout, "standard error": done.stderr}
    for path, state in written(work):
        if before.get(path) != state:
            data = path.read_bytes()
            # What a compressor writes beside the data (a time, a name) is not ours.
            texts[path.relative_to(work).as_posix()] = gzip.decompress(data) if path.suffix == ".gz" else data
    place = str(work.parent).encode()
    return Outcome(done.returncode, {name: text.replace(place, b"") for name, text in texts.items()})


def written(work: Path) -> Iterator[tuple[Path, tuple[int, int, int]]]:
    """The files that commands may have written, with what changes when one is written again."""
    for path in sorted(work.rglob("*")):
        if "sample_data" not in path.relative_to(work).parts and path.suffix not in ARCHIVES and path.is_file():
            found = path.stat()
            yield path, (found.st_mtime_ns, found.st_size, found.st_ino)

"""Do two checkouts give the same reports? Every command of tests/cli, README and the golden numbers is run in both.

    python tests/benchmarks/same_reports.py OLD NEW [--only WORD]

OLD and NEW are folders with a checkout each; the commands are those of OLD. Each runs as written and once more with
JSON as its format. Compared are exit codes and everything that is written (standard output, standard error, files):
numbers, the keys of JSON, and the rest as prose. It prints prose that changed as old and new, each pair once, and ends
with exit code 1 where a number, a key or an exit code differs. It is run by hand, after a change that alters none.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
ADDRESS = re.compile(r"0x[0-9a-f]+|/tmp/\S+")


@dataclass(frozen=True)
class Step:
    """One command of a page, and the files that are written before it."""

    command: str
    files: dict[str, str]


@dataclass
class Outcome:
    """What one command left: its exit code, its streams, and the files that it wrote."""

    exit: int
    texts: dict[str, bytes]


@dataclass
class Found:
    """What differs: `faults` may not be, `prose` is for a reader to judge."""

    compared: int = 0
    faults: list[str] = field(default_factory=list)
    prose: dict[tuple[str, str], str] = field(default_factory=dict)


def pages(checkout: Path) -> Iterator[tuple[str, list[Step]]]:
    """The commands of each page in tests/cli and docs, of the README, and of the golden numbers of sample_data."""
    for page in sorted((checkout / "tests").rglob("cli/*.md")):
        yield page.stem, list(steps(page.read_text(encoding="utf-8")))
    for page in (checkout / "README.md", *sorted((checkout / "docs").rglob("*.md"))):
        typed = [] if page.stem == "real-files" else commands(page.read_text(encoding="utf-8").splitlines())
        if typed:
            yield page.stem, [Step(line, {}) for line in typed]
    (golden,) = (checkout / "tests").rglob("golden/sample_data.csv")
    with golden.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    yield "golden", [Step(f"losscli eval {row['args']}", {}) for row in rows]


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
    found: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("$ "):
            found.append(line.removeprefix("$ "))
        elif before.endswith("\\") and before.startswith("$ "):
            found[-1] += f"\n{line}"
        elif line.startswith("> ") and before.startswith(("$ ", "> ")):
            found[-1] += "\n" + line.removeprefix("> ")
    return found


def run(checkout: Path, page: list[Step], variables: dict[str, str]) -> list[Outcome]:
    """All commands of a page, one after the other in a folder of its own."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "bin").mkdir()
        launcher = folder / "bin" / "losscli"
        launcher.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m losscli "$@"\n')
        launcher.chmod(0o755)
        work = folder / "work"
        work.mkdir()
        (work / "sample_data").symlink_to(checkout / "sample_data")
        environment = {"PATH": f"{launcher.parent}:{os.environ['PATH']}", "PYTHONPATH": str(checkout),
                       "LANG": "C.UTF-8", "HOME": str(folder), **variables}  # fmt: skip
        return [outcome(step, work, environment, place) for step in page]


def outcome(step: Step, work: Path, environment: dict[str, str], place: str) -> Outcome:
    for name, text in step.files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8", newline="\n")
    began = time.time_ns()
    done = subprocess.run(["sh", "-c", step.command], cwd=work, env=environment, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=300)  # fmt: skip
    texts = {"standard output": done.stdout, "standard error": done.stderr}
    for path in sorted(work.rglob("*")):
        if path.is_file() and "sample_data" not in path.relative_to(work).parts and path.stat().st_mtime_ns >= began:
            data = path.read_bytes()
            # What a compressor writes beside the data (a time, a name) is not ours.
            texts[path.relative_to(work).as_posix()] = gzip.decompress(data) if path.suffix == ".gz" else data
    return Outcome(done.returncode, {name: text.replace(place.encode(), b"") for name, text in texts.items()})


def compare(where: str, old: Outcome, new: Outcome, found: Found) -> None:
    found.compared += 1
    if old.exit != new.exit:
        found.faults.append(f"{where}: exit {old.exit} -> {new.exit}")
    if old.texts.keys() != new.texts.keys():
        found.faults.append(f"{where}: files {sorted(old.texts.keys() ^ new.texts.keys())}")
    for name in old.texts.keys() & new.texts.keys():
        mine, theirs = old.texts[name], new.texts[name]
        if mine != theirs:
            compare_texts(
                f"{where} [{name}]", mine.decode("utf-8", "replace"), theirs.decode("utf-8", "replace"), found
            )


def compare_texts(where: str, old: str, new: str, found: Found) -> None:
    parsed = as_json(old), as_json(new)
    if None not in parsed:
        compare_json(where, parsed[0], parsed[1], found)
        return
    before, after = old.splitlines(), new.splitlines()
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            compare_prose(where, "\n".join(before[a:b]), "\n".join(after[c:d]), found)


def compare_prose(where: str, old: str, new: str, found: Found) -> None:
    """Two texts that differ: a number that is in one alone is a fault of a report, and said of help."""
    numbers = [sorted(NUMBER.findall(ADDRESS.sub("", text))) for text in (old, new)]
    if numbers[0] != numbers[1] and not is_help(where):
        found.faults.append(f"{where}: numbers differ\n  - {old}\n  + {new}")
    found.prose.setdefault((old, new), where)


def is_help(where: str) -> bool:
    return bool(re.search(r"--help|losscli (help|show|list|completion)\b| -h\b", where))


def as_json(text: str) -> Any:
    """The document, or the list of the documents of its lines; None where it is something else."""
    try:
        return json.loads(text, parse_float=lambda digits: f"#{digits}")
    except ValueError:
        pass
    lines = [line for line in text.splitlines() if line]
    try:
        return [json.loads(line, parse_float=lambda digits: f"#{digits}") for line in lines] if lines else None
    except ValueError:
        return None


def compare_json(where: str, old: Any, new: Any, found: Found) -> None:
    if isinstance(old, dict) and isinstance(new, dict):
        if list(old) != list(new):
            found.faults.append(f"{where}: keys {list(old)} -> {list(new)}")
        for key in old.keys() & new.keys():
            compare_json(f"{where}.{key}", old[key], new[key], found)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            compare_json(f"{where}[{at}]", one, other, found)
    elif old != new:
        if isinstance(old, str) and isinstance(new, str) and not old.startswith("#"):
            compare_prose(where, old, new, found)
        else:
            found.faults.append(f"{where}: {old!r} -> {new!r}")


def main() -> int:
    arguments = sys.argv[1:]
    word = arguments[arguments.index("--only") + 1] if "--only" in arguments else ""
    old, new = (Path(argument).resolve() for argument in arguments[:2])
    found = Found()
    forms: list[dict[str, str]] = [{}, {"LOSSCLI_FORMAT": "json"}]
    jobs = [(name, page, form) for name, page in pages(old) if word in name for form in forms]
    with ThreadPoolExecutor(max(1, (os.cpu_count() or 1) // 2)) as pool:
        made = pool.map(lambda job: (run(old, job[1], job[2]), run(new, job[1], job[2])), jobs)
        for (name, page, form), (before, after) in zip(jobs, made, strict=True):
            for step, one, other in zip(page, before, after, strict=True):
                compare(f"{name}{' (JSON)' if form else ''}: {step.command}", one, other, found)
    for (before_text, after_text), where in found.prose.items():
        print(f"{where}\n  - {before_text}\n  + {after_text}".replace("\n", "\n    "))
    for fault in found.faults:
        print(f"FAULT {fault}")
    print(f"{found.compared} commands; {len(found.faults)} faults; {len(found.prose)} texts in other words")
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())

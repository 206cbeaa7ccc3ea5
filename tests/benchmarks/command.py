"""The command: makes the data, measures the rows that were asked for, prints and writes the table."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from benchmarks import agree, measure, table
from benchmarks.rows import ROWS, Row, Side

ROOT = Path(__file__).parent.parent.parent
TABLE = ROOT / "docs" / "benchmarks.md"
REASONS = ROOT / "CONTRIBUTING.md"
_PROBE = """
import importlib, importlib.metadata, json, platform, sys
found = {"Python": platform.python_version()}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found[name] = importlib.import_module(name).__version__ if name == "losscli" else None
print(json.dumps(found))
"""
_EXTRA = ("seconds",)
_TIMES = ("time", "speed-up", "seconds", "peak memory")
"""The lines in which times stand beside what is compared."""


@dataclass(frozen=True)
class Setting:
    """Where and with what the processes run. `peers` holds a package's version, None where it is not installed."""

    folder: Path
    scratch: Path
    interpreter: str  # of the peers
    runs: int
    own: Mapping[str, str | None]
    peers: Mapping[str, str | None]
    commit: str = "an unknown commit"

    def lacks(self, row: Row) -> list[str]:
        return [need for side in row.sides for need in side.needs if self.peers.get(need) is None]

    @property
    def machine(self) -> str:
        """The sentence above the table."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        return (
            f"Measured at `{self.commit}` on {date.today().isoformat()}, on {platform.system()} {platform.machine()}, "
            f"{cores} cores, {self.runs} rounds a row: "
            f"{_listed(self.own)}; peers: {_listed(self.peers)}."
        )


def _listed(versions: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version is not None)


def commit() -> str:
    """The commit of this checkout, and whether what is measured was changed since."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(ROOT), *words]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=8", "HEAD") + (", changed" if git("status", "-s", "losscli") else "")
    except (OSError, subprocess.CalledProcessError):
        return Setting.commit


def environment(ours: bool) -> dict[str, str]:
    """That of this process, less what would change what losscli does; this checkout is what `losscli` means."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LOSSCLI_", "PYTHON"))}
    return {**plain, "PYTHONPATH": str(ROOT)} if ours else plain


def probe(python: str, names: Iterable[str], ours: bool) -> dict[str, str | None]:
    """The versions of packages in an interpreter."""
    done = subprocess.run([python, "-c", _PROBE, *names], env=environment(ours), stdout=subprocess.PIPE, check=True)
    found: dict[str, str | None] = json.loads(done.stdout)
    return found


def take(side: Side, setting: Setting, output: Path, *, together: bool = False) -> measure.SplitResult:
    """Run a side once, and its base where it has one."""
    python, variables = (setting.interpreter if side.needs else sys.executable), environment(not side.needs)

    def once(args: Sequence[str], where: Path) -> measure.Usage:
        return measure.process([python, *args], setting.folder, variables, where, together=together)

    return measure.SplitResult(
        once(side.args, output), once(side.base, setting.scratch / "base.out") if side.base else None
    )


def rounds(row: Row, setting: Setting) -> list[tuple[measure.SplitResult, ...]]:
    """The row's sides in turn; Failed or Disagreement where they may not be compared."""
    outputs = [setting.scratch / f"{number}.out" for number in range(len(row.sides))]

    def done() -> None:
        if row.tolerance is None or row.against is None:
            return
        if row.written is not None:
            agree.check_files(*(setting.folder / name for name in row.written), row.tolerance)
        else:
            agree.check(*outputs, row.tolerance, row.key)

    together = any(goal.compared == measure.TOGETHER for goal in row.goals)
    takers = [
        partial(take, side, setting, output, together=together) for side, output in zip(row.sides, outputs, strict=True)
    ]
    return measure.in_turn(takers, 1 if row.long else setting.runs * row.often, done)


def measured(row: Row, setting: Setting) -> tuple[list[table.Entry], list[measure.Usage], str | None]:
    """The lines of a row, the medians of its sides, and what went wrong."""
    if lacking := setting.lacks(row):
        return table.entries(row, "not installed"), [], f"not installed: {', '.join(lacking)}"
    try:
        found = rounds(row, setting)
    except measure.Failed as error:
        return table.entries(row, "failed"), [], str(error)
    except agree.Disagreement as error:
        return table.entries(row, "values disagree"), [], f"values disagree: {error}"
    medians = [
        measure.Usage(*(statistics.median(getattr(t.run, what) for t in taken) for what in ("seconds", "cpu", "peak")))
        for taken in zip(*found, strict=True)
    ]
    lines = []
    for goal, entry in zip(row.goals, table.entries(row), strict=True):
        cpu = " / ".join(f"{m.cpu:.2f}" for m in medians) if goal.compared in _TIMES else ""
        lines.append(table.filled(goal, entry, measure.spread(goal.compared, found), cpu))
    return lines, medians, None


def extra(entry: table.Entry, medians: Sequence[measure.Usage]) -> list[str]:
    """Seconds of both sides, in the line that compares times."""
    return [" / ".join(f"{m.seconds:.2f}" for m in medians)] if entry.compared in _TIMES else []


def chosen(words: Sequence[str], long: bool) -> list[Row]:
    """The rows whose text has all the words."""

    def text(row: Row) -> str:
        named = [row.against.name] if row.against else []
        return " ".join([row.work, *named, *(goal.compared for goal in row.goals)]).lower()

    return [row for row in ROWS if (long or not row.long) and all(word.lower() in text(row) for word in words)]


def run(rows: Sequence[Row], setting: Setting) -> tuple[list[table.Entry], list[str]]:
    """Measure and print, line by line; the lines that hold a number, and what went wrong."""
    print(table.head(_EXTRA), flush=True)
    good: list[table.Entry] = []
    wrong: list[str] = []
    for row in rows:
        lines, medians, problem = measured(row, setting)
        for entry in lines:
            print(table.line(entry, extra(entry, medians)), flush=True)
        if problem is None:
            good += lines
        else:
            wrong.append(f"{row.work}, against {row.against.name if row.against else 'nobody'}: {problem}")
            print(wrong[-1], file=sys.stderr, flush=True)
    return good, wrong


def options(args: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "losscli-benchmark",
                        help="where the data are made and kept (4 GB)")  # fmt: skip
    parser.add_argument("--runs", type=int, default=5, help="rounds a row (default 5)")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="only rows that have all these words")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="the interpreter that has the peers")
    parser.add_argument("--long", action="store_true", help="also rows that take many minutes")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the table in docs/benchmarks.md, and what is missed in CONTRIBUTING.md",
    )
    return parser.parse_args(args)


def main(args: Sequence[str]) -> int:
    """1 where a process failed or values disagree. A goal that is missed is a result."""
    given = options(args)
    rows = chosen(given.only, given.long)
    if not rows or given.runs < 1:
        print("no row has these words" if not rows else "--runs is at least 1", file=sys.stderr)
        return 2
    files = list(dict.fromkeys(name for row in rows for name in row.files))
    needs = list(dict.fromkeys(need for row in ROWS for side in row.sides for need in side.needs))
    folder = given.folder.resolve()
    # A process of its own: what makes the data is large, and this one must stay small.
    subprocess.run([sys.executable, str(Path(__file__).parent / "data.py"), str(folder), *files], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(
            folder, Path(scratch), given.peers, given.runs,
            probe(sys.executable, ("losscli", "numpy", "pyarrow"), ours=True), probe(given.peers, needs, ours=False),
            commit(),
        )  # fmt: skip
        print(f"{setting.machine}\n", flush=True)
        good, wrong = run(rows, setting)
        if given.write:
            text = table.rewritten(TABLE.read_text(encoding="utf-8"), setting.machine, good)
            TABLE.write_text(text, encoding="utf-8")
            reasons = table.told(REASONS.read_text(encoding="utf-8"), table.missed(text))
            REASONS.write_text(reasons, encoding="utf-8")
    if wrong:
        print(f"\n{len(wrong)} of {len(rows)} rows have no number; what went wrong stands above", file=sys.stderr)
    return 1 if wrong else 0

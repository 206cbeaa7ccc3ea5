"""Do two checkouts give the same reports? The commands of pages, golden numbers and random tables are run in both.

    python tests/benchmarks/same_reports.py OLD NEW [--only WORD] [--tables 200] [--dask] [--log FILE]

OLD and NEW are folders with a checkout each. Pages, sample data and golden numbers are those of OLD; each command of a
page runs as written and once more with JSON as its format, and everything that it writes is compared. Random tables
(`random_commands.py`) are scored by OLD with one thread, and by NEW so, by 1, 2, 3 and 8 threads, in chunks of several
sizes, by 2, 3 and 8 processes that are forks (of tables of any size), in shards, and with --dask by two workers.

Each difference is a line when it is first seen, each page or table a line with its counts; the end counts differences
by kind. Those that no change of speed may make are faults, and end it with exit code 1. --only takes the pages and
tables that have the word in their name; --log keeps what was found, and goes on there. It is run by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from queue import SimpleQueue

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent), str(TESTS / "support")]

from differential.run import dask_scheduler  # noqa: E402
from forked_commands import ForkedCommands  # noqa: E402

from benchmarks.differences import FAULTS, Difference, Outcome, differences  # noqa: E402
from benchmarks.page_commands import Step, pages, run  # noqa: E402
from benchmarks.random_commands import CHUNKS, OUTPUT, THREADS, Scored, golden_tables, random_table  # noqa: E402
from benchmarks.served_commands import VARIABLES, ServedCommands  # noqa: E402

Compared = Iterator[tuple[str, Outcome, Outcome]]
MOST_CHUNKS = 2000
"""Chunks into which a table is cut; more would take minutes and show no more."""
RESULTS = ("rows", "results", "comparisons", "data")
"""What of a report is the same however it was computed."""


@dataclass(frozen=True)
class Checkouts:
    """Both checkouts, each with the processes that run its commands: forks for pages, one that stays for tables.

    `parallel` runs commands of the newer one in forks of themselves.
    """

    folders: Sequence[Path]
    forked: Sequence[ForkedCommands]
    old: ServedCommands
    new: ServedCommands
    parallel: ServedCommands | None = None
    scheduler: str | None = None


# ------------------------------------------------------------------------------------------------ what is run in both


def page(checkouts: Checkouts, name: str, steps: list[Step], variables: dict[str, str]) -> Compared:
    """Each command of a page, in the order of the page."""
    sample_data = checkouts.folders[0] / "sample_data"
    sides = [
        run(steps, tool, folder, sample_data, variables)
        for tool, folder in zip(checkouts.forked, checkouts.folders, strict=True)
    ]
    for step, old, new in zip(steps, *sides, strict=True):
        yield f"{name}: {step.command}", old, new


def golden(checkouts: Checkouts, path: Path) -> Compared:
    """The value and the gradient of each row of golden numbers."""
    for table in golden_tables(path):
        with tempfile.TemporaryDirectory() as place:
            scored = Scored(table, Path(place))
            for form in scored.sources:
                yield both(checkouts, scored, ["eval", *scored.arguments(form), "-fjson"])
            yield both(checkouts, scored, ["grad", *scored.arguments(form), f"-o{OUTPUT}"])


def random(checkouts: Checkouts, seed: int, known: frozenset[str]) -> Compared:
    """All commands of a random table; losses one by one where one of them makes an error."""
    table = random_table(seed, known)
    with tempfile.TemporaryDirectory() as place:
        scored = Scored(table, Path(place))
        reports = {}
        for form in scored.sources:
            name, reports[form], new = both(checkouts, scored, ["eval", *scored.arguments(form), "-fjson"])
            yield name, reports[form], new
        if any(report.exit for report in reports.values()):
            for form, loss in product(scored.sources, table.case.losses):
                yield both(checkouts, scored, ["eval", *scored.arguments(form, (loss,)), "-fjson"])
        for how, form, got in in_other_ways(checkouts, scored):
            yield f"{table.name} ({form}, {how})", results(reports[form]), results(got)
        yield both(checkouts, scored, ["rows", *scored.arguments("parquet"), f"-o{OUTPUT}"])
        for loss in table.case.losses[:3]:
            yield both(checkouts, scored, ["grad", *scored.arguments("parquet", (loss,), without="by"), f"-o{OUTPUT}"])
        if "--interval" not in table.flags and len(scored.models()) > 1:
            yield both(checkouts, scored, ["compare", *scored.arguments("csv"), "-fjson", "--permutations=99"])


def in_other_ways(checkouts: Checkouts, scored: Scored) -> Iterator[tuple[str, str, Outcome]]:
    """What the newer checkout says by threads, in chunks, in shards and on Dask, each of one of the forms."""
    seed, forms = scored.table.case.seed, list(scored.sources)
    for number, (threads, chunk) in enumerate(product(THREADS, CHUNKS), start=seed):
        if chunk and scored.table.case.rows > MOST_CHUNKS * int(chunk):
            continue
        form = forms[number % len(forms)]
        words = ["eval", *scored.arguments(form), "-fjson", f"--threads={threads}"]
        yield f"{threads} threads, chunks of {chunk or 'any size'}", form, scored.run(checkouts.new, words, chunk)
    if scored.table.batches:
        return
    for threads, form in product(THREADS[1:], forms if checkouts.parallel is not None else ()):
        words = ["eval", *scored.arguments(form), "-fjson", f"--threads={threads}"]
        yield f"{threads} processes", form, scored.run(checkouts.parallel, words)
    for form in ("files", "csv"):
        yield "in shards", form, scored.sharded(checkouts.new, scored.arguments(form))
    if checkouts.scheduler is not None and seed % 5 == 0:
        dask = ["-fjson", "--engine=dask", f"--scheduler={checkouts.scheduler}"]
        for form in ("parquet", "csv"):
            yield "by Dask", form, scored.run(checkouts.new, ["eval", *scored.arguments(form), *dask])


def both(checkouts: Checkouts, scored: Scored, words: list[str]) -> tuple[str, Outcome, Outcome]:
    """One command, in each checkout."""
    name = f"{scored.table.name}: losscli {' '.join(words)}"
    return name, scored.run(checkouts.old, words), scored.run(checkouts.new, words)


def results(outcome: Outcome) -> Outcome:
    """The exit code, and the results of a report alone."""
    if outcome.exit:
        return Outcome(outcome.exit, {})
    report = json.loads(outcome.texts["standard output"], parse_float=lambda digits: f"#{digits}")
    kept = {name: report[name] for name in RESULTS if name in report}
    return Outcome(0, {"results": json.dumps(kept).encode()})


# ------------------------------------------------------------------------------------------------------- what is told

Job = Callable[[Checkouts], Compared]


def jobs(old: Path, tables: int) -> Iterator[tuple[str, Job]]:
    """All that there is to compare, by name."""
    for name, steps in pages(old):
        yield f"page {name}", partial(page, name=name, steps=steps, variables={})
        yield f"page {name} as JSON", partial(page, name=name, steps=steps, variables={"LOSSCLI_FORMAT": "json"})
    for path in sorted((old / "tests" / "golden").glob("*.csv")):
        if path.stem != "sample_data":
            yield f"golden {path.stem}", partial(golden, path=path)
    names = (old / "losscli" / "losses" / "names.txt").read_text(encoding="utf-8").splitlines()
    known = frozenset(line.split("\t")[0] for line in names)
    for seed in range(tables):
        yield f"table {seed}", partial(random, seed=seed, known=known)


@dataclass
class Found:
    """What was found by one job."""

    name: str
    commands: int
    errors: int  # commands with an exit code other than 0, in both
    differences: list[Difference]
    forked: int = 0  # commands whose work was done by forks

    def line(self) -> str:
        """Its counts."""
        faults = sum(difference.kind in FAULTS for difference in self.differences)
        return (f"{self.name}: {self.commands} commands ({self.errors} errors, {self.forked} in forks), "
                f"{faults} faults, {len(self.differences) - faults} other differences")  # fmt: skip


def found_by(name: str, job: Job, idle: SimpleQueue[Checkouts]) -> Found:
    """Run a job, with processes that no other job uses meanwhile."""
    found, checkouts = Found(name, 0, 0, []), idle.get()
    before = checkouts.parallel.forked if checkouts.parallel is not None else 0
    try:
        for where, old, new in job(checkouts):
            found.commands += 1
            found.errors += old.exit != 0
            found.differences += differences(where, old, new)
        if checkouts.parallel is not None:
            found.forked = checkouts.parallel.forked - before
    finally:
        idle.put(checkouts)
    return found


class Teller:
    """Prints each difference once, however often it is found, and counts them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seen: set[tuple[str, ...]] = set()
        self.commands = self.forked = 0

    def tell(self, found: Found) -> None:
        """Print what is new in this."""
        self.commands += found.commands
        self.forked += found.forked
        for one in found.differences:
            self.counts[one.kind] += 1
            field = re.sub(r"\[\d+\]", "[]", one.where.rpartition("]")[2] or one.kind)
            key = (one.kind, field) if one.kind in ("new field", "page") else (one.kind, one.old, one.new)
            if key not in self.seen:
                self.seen.add(key)
                kind = one.kind.upper() if one.kind in FAULTS else one.kind
                print(f"{kind}: {one.where}: {_line(one.old)} -> {_line(one.new)}")
        print(found.line(), flush=True)


def _line(text: str) -> str:
    line = " | ".join(text.split("\n"))
    return line if len(line) <= 300 else f"{line[:300]}…"


def main() -> int:
    """Compare what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--only", default="", help="pages and tables whose name has this word")
    parser.add_argument("--tables", type=int, default=200, help="how many random tables (default: 200)")
    parser.add_argument("--dask", action="store_true", help="each fifth table on two Dask workers too")
    parser.add_argument("--log", type=Path, help="a file that keeps what was found; what it has is not run again")
    asked = parser.parse_args()
    began, teller = time.monotonic(), Teller()
    old, new = asked.old.resolve(), asked.new.resolve()
    done = {found.name: found for found in logged(asked.log)}
    todo = {name: job for name, job in jobs(old, asked.tables) if asked.only in name}
    for name in todo.keys() & done.keys():
        teller.tell(done[name])
        del todo[name]
    for found in compared(old, new, todo, dask=asked.dask):
        teller.tell(found)
        if asked.log is not None:
            with asked.log.open("a", encoding="utf-8") as log:
                log.write(json.dumps(vars(found)) + "\n")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(teller.counts.items()))
    print(
        f"{teller.commands} commands, {teller.forked} in forks, {time.monotonic() - began:.0f} s: {kinds or 'the same'}"
    )
    return 1 if any(teller.counts[kind] for kind in FAULTS) else 0


def compared(old: Path, new: Path, todo: Mapping[str, Job], *, dask: bool) -> Iterator[Found]:
    """What each job finds, as soon as it has."""
    if not todo:
        return
    with ExitStack() as stack:
        forks = any(name.startswith("page") for name in todo)
        tables = any(name.startswith("table") for name in todo)
        idle = processes(stack, old, new, forks=forks, tables=tables, dask=dask)
        pool = ThreadPoolExecutor(os.cpu_count())
        stack.callback(pool.shutdown, cancel_futures=True)
        for future in as_completed([pool.submit(found_by, name, job, idle) for name, job in todo.items()]):
            yield future.result()


def processes(stack: ExitStack, *folders: Path, forks: bool, tables: bool, dask: bool) -> SimpleQueue[Checkouts]:
    """Processes for as many jobs at a time as there are cores."""
    place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    forked = [
        stack.enter_context(ForkedCommands(place / str(number), {"PYTHONPATH": str(folder), **VARIABLES}))
        for number, folder in enumerate(folders if forks else ())
    ]
    os.environ["PYTHONPATH"] = str(folders[1])  # of Dask's workers
    scheduler = stack.enter_context(dask_scheduler(dask))
    idle: SimpleQueue[Checkouts] = SimpleQueue()
    for _ in range(os.cpu_count() or 1):
        served = [stack.enter_context(ServedCommands(folder)) for folder in folders]
        parallel = tables and sys.platform == "linux"  # where the command itself makes forks
        more = stack.enter_context(ServedCommands(folders[1], forks=True)) if parallel else None
        idle.put(Checkouts(folders, forked, *served, more, scheduler))
    return idle


def logged(path: Path | None) -> Iterator[Found]:
    """What an earlier run found."""
    if path is None or not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        yield Found(**{**found, "differences": [Difference(*one) for one in found["differences"]]})


if __name__ == "__main__":
    sys.exit(main())

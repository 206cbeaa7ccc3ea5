"""Deliberate faults: `python tests/mutation/mutate.py [--sample N] [--seed N] [AREA…]`; `--list` names the areas.

Cosmic Ray (`pip install -e '.[dev]'`) changes one operator, comparison, number or branch in a copy of the project, and
the tests of the area must fail. A sample is drawn from all places where something can be changed, with one change for
a place, so that code with many operators is not tried more often than it deserves. A fault that the area's own tests
do not notice is tried with those of whole runs too. What survives is printed as a difference: a test is missing, or
the change makes no difference in any case.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkResult

ROOT = Path(__file__).parents[2]
TIMEOUT = 900  # seconds; a fault that makes a loop endless is noticed
# Types are not evaluated (`from __future__ import annotations`), and what is decorated is mostly a declaration.
NO_FAULT = ("core/RemoveDecorator", "core/ReplaceBinaryOperator_BitOr_", "core/Variable")
WHOLE_RUNS = ("tests/execution/test_evaluate.py", "tests/laws/test_run_laws.py", "tests/cli/test_pages.py",
              "tests/cli/test_errors.py", "tests/cli/test_bad_inputs.py", "tests/cli/test_check.py")  # fmt: skip


@dataclass(frozen=True)
class Area:
    """Modules, and the tests that should notice a fault in them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "exact sums": Area(("aggregate/exact_sum.py", "aggregate/term_accumulator.py", "aggregate/accumulator.py"),
                       ("tests/aggregate", "tests/laws/test_run_laws.py")),
    "binding": Area(("binding/bind.py", "binding/labels.py", "binding/align_classes.py", "binding/column_names.py",
                     "binding/row_checks.py", "binding/read_rows.py"),
                    ("tests/binding", "tests/cli/test_bad_inputs.py")),
    "filters": Area(("binding/expressions/lexer.py", "binding/expressions/parser.py",
                     "binding/expressions/syntax_tree.py"), ("tests/binding",)),
    "readers": Area(("io/formats/csv.py", "io/formats/csv_exact.py", "io/formats/csv_header.py",
                     "io/formats/csv_records.py", "io/formats/jsonl.py", "io/arrow/numbers.py"),
                    ("tests/io/test_number_spelling.py", "tests/io/test_row_names.py", "tests/io/test_extra_cells.py",
                     "tests/io/test_escapes.py", "tests/io/test_source_text.py", "tests/io/test_source_formats.py",
                     "tests/io/test_null_values.py", "tests/io/test_csv_quotes.py", "tests/io/test_nested.py")),
    "gates": Area(("gates/grammar.py", "gates/verdicts.py"), ("tests/gates",)),
    "baselines": Area(("baselines/match.py", "baselines/report_file.py", "baselines/row_file.py",
                       "baselines/paired_rows.py"), ("tests/baselines",)),
    "statistics": Area(("statistics/estimates.py", "statistics/delta_method.py", "statistics/linearization.py",
                        "statistics/clustered_variance.py", "statistics/intervals.py",
                        "statistics/comparisons.py", "statistics/bootstrap.py", "statistics/permutation.py"),
                       ("tests/statistics",)),
    "shards": Area(("execution/shards.py", "execution/shard_state.py", "execution/state_file.py"),
                   ("tests/execution/test_shards.py",)),
}  # fmt: skip


@dataclass(frozen=True)
class Survivor:
    """A fault that no test noticed."""

    area: str
    mutation: MutationSpec
    diff: str


def mutations(area: Area, folder: Path) -> list[MutationSpec]:
    """Every change that can be made to the modules of an area."""
    modules = [folder / "losscli" / name for name in area.modules]
    with use_db(folder / "work.sqlite", WorkDB.Mode.create) as work:
        init(modules, work, {})
        found = [item.mutations[0] for item in work.work_items]
    (folder / "work.sqlite").unlink()
    return [each for each in found if not each.operator_name.startswith(NO_FAULT) and not _is_text(each)]


def _is_text(mutation: MutationSpec) -> bool:
    """Whether the change is in a docstring or an annotation, where nothing runs."""
    line = mutation.start_pos[0]
    return any(first <= line <= last for first, last in _silent(mutation.module_path))


def _silent(path: Path) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node.lineno, node.end_lineno or node.lineno


def sample(found: list[MutationSpec], size: int, chance: random.Random) -> list[MutationSpec]:
    """So many places, and one change of those that can be made at each."""
    places: dict[tuple[Path, tuple[int, int]], list[MutationSpec]] = {}
    for each in found:
        places.setdefault((each.module_path, each.start_pos), []).append(each)
    return [chance.choice(places[place]) for place in chance.sample(sorted(places), min(size, len(places)))]


def tried(mutation: MutationSpec, tests: tuple[str, ...]) -> WorkResult:
    command = shlex.join([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests])
    return mutate_and_test([mutation], command, TIMEOUT)


def survivors(name: str, size: int, seed: int) -> tuple[int, list[Survivor]]:
    """How many faults of an area were tried, and those that no test noticed. The working directory is the copy."""
    area, folder, found = AREAS[name], Path.cwd(), []
    chosen = sample(mutations(area, folder), size, random.Random(f"{seed} {name}"))
    for mutation in chosen:
        result = tried(mutation, area.tests)
        if result.test_outcome == TestOutcome.SURVIVED:
            result = tried(mutation, WHOLE_RUNS)
        if result.test_outcome == TestOutcome.SURVIVED:
            found.append(Survivor(name, mutation, result.diff or ""))
            print(f"  survived: {mutation.operator_name}\n{result.diff}", flush=True)
    return len(chosen), found


def copy_to(folder: Path) -> None:
    """The files that git knows, as they are now."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("areas", nargs="*", metavar="AREA")
    parser.add_argument("--sample", type=int, default=25, help="faults tried in each area")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(AREAS))
        return 0
    total = alive = 0
    with TemporaryDirectory() as folder:
        copy_to(Path(folder))
        os.chdir(folder)
        os.environ["PYTHONPATH"] = folder
        for name in asked.areas or AREAS:
            began = time.perf_counter()
            count, found = survivors(name, asked.sample, asked.seed)
            total, alive = total + count, alive + len(found)
            print(f"{name}: {count - len(found)} of {count} noticed, {time.perf_counter() - began:.0f} s", flush=True)
    print(f"all: {total - alive} of {total} noticed ({(total - alive) / max(total, 1):.0%})")
    return int(alive > 0)


if __name__ == "__main__":
    sys.exit(main())

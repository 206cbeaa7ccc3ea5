"""A short run imports what it uses: modules for what few runs ask for wait until a run asks for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# What imports each of these for a plain run costs all short runs; `python -X importtime` shows how much.
RARE = {
    "statistics of units, for intervals and comparisons": (
        "losscli.aggregate.unit_statistics", "losscli.aggregate.class_products", "losscli.aggregate.few_units",
        "losscli.aggregate.hashed_clusters", "losscli.aggregate.kept_units", "losscli.aggregate.third_moments",
        "losscli.binding.limits",
    ),
    "losses of batches and of whole tables": (
        "losscli.aggregate.batch_units", "losscli.aggregate.distinct_rows", "losscli.statistics.table_estimates",
    ),
    "many slices": ("losscli.aggregate.rounded_sums",),
    "text that Arrow's reader does not take": (
        "losscli.io.formats.csv_blanks", "losscli.io.formats.csv_comments", "losscli.io.formats.csv_empty",
        "losscli.io.formats.csv_exact", "losscli.io.formats.csv_extra_cells", "losscli.io.formats.csv_thousands",
        "losscli.io.formats.number_spelling", "losscli.io.formats.rewritten_text",
    ),
    "columns of classes and of lists": (
        "losscli.aggregate.text_lookup", "losscli.binding.class_names", "losscli.binding.class_positions",
        "losscli.binding.list_columns", "losscli.binding.matrices", "losscli.io.arrow.keyed",
        "losscli.io.arrow.vectors",
    ),
    "faults and what is said about them": (
        "losscli.cli.layout", "losscli.cli.messages", "losscli.io.arrow.missing_texts", "losscli.io.arrow.soundness",
    ),
    "calls from Python": ("losscli.array_likes", "losscli.contract.arguments"),
    "means combined beyond doubles": ("losscli.statistics.exact_number", "losscli.statistics.wide_number"),
    "other commands": ("losscli.cli.row_batches",),
    "files that are spooled": ("losscli.io.files.spool",),
    "shards": ("losscli.cli.shard_states", "losscli.execution.shardable", "losscli.execution.shards"),
    "--plan": ("losscli.cli.plan_text",),
    "forks": ("losscli.execution.engines.processes",),
    "hashes of rows, in JSON": ("hashlib", "_hashlib"),
    "other modules of Python": ("importlib.resources", "secrets", "tempfile"),  # click and pyarrow import uuid, socket
    "libraries that are slow to import": ("pandas", "pyarrow.compute", "pyarrow.dataset", "rich", "fsspec"),
}  # fmt: skip
CODE = """
import sys
from losscli.cli.entry import run
code = run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def loaded(tmp_path, *args):
    """The modules that a run of the command has imported."""
    (tmp_path / "rows.csv").write_text("y,p,g\n1,2,a\n2,2,b\n4,1,a\n")
    done = subprocess.run([sys.executable, "-c", CODE, "eval", "rows.csv", "-t", "y", "-p", "p", "-l", "mse", *args],
                          cwd=tmp_path, capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("plain"), "-q")


@pytest.mark.parametrize("purpose", RARE)
def test_a_plain_run_does_without(purpose, plain):
    assert plain.intersection(RARE[purpose]) == set()


def test_a_run_that_asks_for_them_has_them(tmp_path):
    found = loaded(tmp_path, "-l", "median_absolute_error", "--interval", "--by", "g", "-f", "json")  # fmt: skip
    wanted = {
        "losscli.aggregate.unit_statistics", "losscli.aggregate.distinct_rows", "losscli.statistics.table_estimates",
        "hashlib",
    }  # fmt: skip
    assert wanted <= found

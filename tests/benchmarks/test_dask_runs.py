"""The table of runs on a cluster: its arithmetic, and that its data can be scored."""

from __future__ import annotations

import pytest

from benchmarks import dask_runs
from benchmarks.measure import SplitResult, Usage
from losscli.cli.entry import run


def rounds(*seconds):
    return [(SplitResult(Usage(ours, 1.0, 100)), SplitResult(Usage(theirs, 0.75, 100))) for ours, theirs in seconds]


@pytest.mark.parametrize(("last", "met"), [(1.5, "yes"), (1.6, "no")])
def test_a_line_of_the_table(last, met):
    """The ratio is that of each round, and its median decides."""
    found = dask_runs.cells(dask_runs.CASES[0], rounds((1.0, last), (2.0, 3.4), (2.0, 1.0)))
    assert found == (
        "5,000 csv files of 100 rows", "2.00 s", f"{last:.2f} s", "0.75 s",
        f"{last:.2f}× [{(last + 0.5) / 2:.2f} – {(last + 1.7) / 2:.2f}]", "≤ 1.5×", met,
    )  # fmt: skip


def test_the_page_has_the_table():
    text = dask_runs.PAGE.read_text(encoding="utf-8")
    assert dask_runs._BLOCK.search(text)
    assert " | ".join(dask_runs._HEAD) in text


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_data_can_be_scored(suffix, tmp_path, capsys):
    case = dask_runs.Case(3, 10, suffix, 1)
    dask_runs.make_data(case, tmp_path)
    assert run(["eval", str(tmp_path / case.folder), *dask_runs.LOSSES]) == 0
    assert '"read": 30' in capsys.readouterr().out

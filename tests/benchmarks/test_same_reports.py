"""The comparison of two checkouts: what it takes for a fault, and that its random tables are those of their seeds."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import same_reports
from benchmarks.differences import FAULTS, Difference, Outcome, differences
from benchmarks.page_commands import pages, steps
from benchmarks.random_commands import Scored, golden_tables, groups, random_table
from benchmarks.same_reports import Found, Teller, logged, results
from losscli.losses import REGISTRY

ROOT = Path(__file__).parents[2]
KNOWN = frozenset(REGISTRY)


def report(**more):
    return json.dumps({"rows": {"read": 2}, "results": [{"value": 0.1, "count": 2, **more}], "warnings": []})


def kinds(old, new, where="losscli eval x.csv", name="standard output"):
    found = differences(where, Outcome(0, {name: old.encode()}), Outcome(0, {name: new.encode()}))
    return [one.kind for one in found]


@pytest.mark.parametrize(("old", "new", "found"), [
    (report(), report(), []),
    (report(), report(value=0.10000000000000002), ["number"]),
    (report(), report(count=3), ["number"]),
    (report(value=1.0), report(value=1), ["number"]),
    (report(), report(sum=0.2), ["new field"]),
    (report(sum=0.2), report(), ["lost field"]),
    ('{"versions": "1", "sha256": "2", "sum": 1.5}', '{"versions": "3", "sha256": "4", "sum": 1.5}', []),
    ("mse\t0.25\n", "mse\t0.25\nmae\t1\n", ["new text"]),
    ("mse\t0.25\n", "mse\t0.250001\n", ["number in words"]),
    ("7 rows of x\n", "7 rows in x\n", ["words"]),
    ("a  1\n", "a 1\n", ["layout"]),
    ("a\nb 2\n", "a\n", ["lost text"]),
    ("<!doctype html><p>1", "<!doctype html><p>2", ["page"]),
])  # fmt: skip
def test_what_a_difference_is(old, new, found):
    assert kinds(old, new) == found


def test_help_and_files_and_exit_codes():
    assert kinds("limit 5", "limit 6", where="losscli show mse") == ["help"]
    (one,) = differences("x", Outcome(0, {"a.csv": b"1"}), Outcome(0, {}))
    assert one.kind == "lost file"
    (one,) = differences("x", Outcome(0, {}), Outcome(3, {"standard error": b"error: y"}))
    assert one == Difference("exit code", "x", "0 ", "3 error: y")
    assert {"exit code", "number", "lost file"} < set(FAULTS)


def test_only_the_results_of_other_ways_to_compute_are_compared():
    one = Outcome(0, {"standard output": report().encode()})
    other = Outcome(0, {"standard output": report().replace('"warnings": []', '"warnings": ["x"]').encode()})
    assert results(one) == results(other)
    assert results(Outcome(3, {"standard error": b"a"})) == results(Outcome(3, {"standard error": b"b"}))


def test_pages_are_read_as_they_are_typed():
    (first, second) = steps(
        "```file a.csv\ny\n```\n```console\n$ losscli eval a.csv \\\n> -l mse\nmse\n$ cat a.csv\n```\n"
    )
    assert (first.command, first.files) == ("losscli eval a.csv \\\n-l mse", {"a.csv": "y\n"})
    assert (second.command, second.files) == ("cat a.csv", {})
    assert {"eval", "docs README", "sample_data"} <= dict(pages(ROOT)).keys()


def test_all_losses_of_rows_come_in_200_tables(tmp_path):
    tables = [random_table(seed, KNOWN) for seed in range(200)]
    scored = {spec.partition(":")[0] for table in tables for spec in table.case.losses}
    listed = {loss.name for losses, _ in groups(KNOWN) for loss in losses}
    assert listed == {name for name, loss in REGISTRY.items() if loss.source_roles}
    assert listed <= scored
    assert str(tables[5].case) == str(random_table(5, KNOWN).case)
    settings = [table.case.settings for table in tables]
    for wanted in ("weight", "missing", "nan", "by", "batch_size", "let"):
        assert sum(wanted in one for one in settings) > 3
    assert sum(isinstance(one.get("pred"), dict) and len(one["pred"]) > 1 for one in settings) > 20


def test_a_table_is_written_and_asked_for_in_each_form(tmp_path):
    table = next(
        table
        for table in map(random_table, range(200), [KNOWN] * 200)
        if table.case.settings.get("by") == "g" and any(column.width for column in table.case.columns)
    )
    scored = Scored(table, tmp_path)
    assert [*scored.sources] == ["jsonl", "csv", "parquet", "files"]
    assert "--by=g" in scored.arguments("csv") and "--by=g" not in scored.arguments("csv", without="by")
    assert {path for sources in scored.sources.values() for path in sources} <= {
        path.name for path in tmp_path.iterdir()
    }


def test_golden_numbers_become_tables(tmp_path):
    tables = list(golden_tables(ROOT / "tests" / "golden" / "regression.csv"))
    assert tables[0].case.losses == ("mse",)
    assert [column.name for column in tables[0].case.columns] == ["pred", "target"]
    (penalty, *_) = golden_tables(ROOT / "tests" / "golden" / "penalty.csv")
    assert not penalty.case.columns
    assert [*Scored(penalty, tmp_path).sources] == ["no source"]
    assert "--table=params=params.csv" in Scored(penalty, tmp_path).arguments("no source")


def test_a_difference_is_told_once_and_an_earlier_run_goes_on(tmp_path, capsys):
    found = Found("page x", 3, 1, [Difference("number", f"x [standard output].results[{at}].value", "1", "2")
                                   for at in range(2)])  # fmt: skip
    log = tmp_path / "log"
    log.write_text(json.dumps(vars(found)) + "\n")
    (again,) = logged(log)
    assert again == found
    teller = Teller()
    teller.tell(again)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "NUMBER: x [standard output].results[0].value: 1 -> 2",
        "page x: 3 commands (1 errors, 0 in forks), 2 faults, 0 other differences",
    ]
    assert teller.counts == {"number": 2}


def test_both_checkouts_are_run(tmp_path, monkeypatch, capsys):
    """This one against itself: one page, and a table."""
    chosen = {name: job for name, job in same_reports.jobs(ROOT, 4) if name in ("page weights", "table 3")}
    monkeypatch.setattr(same_reports, "jobs", lambda old, tables: chosen.items())
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(same_reports.sys, "argv", ["same_reports.py", *[str(ROOT)] * 2, "--log", str(tmp_path / "log")])
    assert same_reports.main() == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(": the same")
    assert {found.name: found.forked > 0 for found in logged(tmp_path / "log")} == {
        "page weights": False, "table 3": sys.platform == "linux",
    }  # fmt: skip
    monkeypatch.setattr(same_reports, "found_by", None)  # what the log has is not run again
    assert same_reports.main() == 0

"""The benchmark's arithmetic, its declared rows and the block it writes; what it measures is not tested here."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("resource", reason="it asks the system what a child took, as POSIX systems tell")

from waiting import PATIENCE

from benchmarks import against_checkout, agree, command, data, measure, table
from benchmarks.measure import SplitResult, Spread, Usage
from benchmarks.rows import ROWS, SCRIPTS, SHARDS, TEN, Goal, Row, Side

PAGE = command.TABLE.read_text(encoding="utf-8")
OWN = [row for row in ROWS if row.work.startswith("start-up") or (row.against and "plain sums" in row.against.name)]
# What was promised: words of the row, what is compared, the limit, and one that was hoped for.
PROMISED = [
    ("mse and mae, Parquet DuckDB", "time", 1.35, 1.2),
    ("ten regression losses, Parquet DuckDB", "time", 1.25, 1.0),
    ("bce, Parquet DuckDB", "time", 1.2, 1.0),
    ("bce, Parquet scikit-learn", "time", 1 / 20, 1 / 25),
    ("mse and mae, CSV, 128 MB DuckDB", "time", 1.1, 0.95),
    ("mse and mae, CSV, 1 GB DuckDB", "time", 1.1, 0.95),
    ("mse and mae, CSV, 128 MB Polars", "time", 1.1, 0.95),
    ("mse and mae, CSV, 1 GB Polars", "time", 1.1, 0.95),
    ("groups key a whole number DuckDB", "time", 1.5, 1.2),
    ("groups key a text DuckDB", "time", 1.5, 1.2),
    ("mse by 20 groups DuckDB", "time", 1.5, 1.25),
    ("two conditions DuckDB", "time", 1.5, 1.25),
    ("with intervals DuckDB", "time", 1.5, 1.25),
    ("20 models and ten losses DuckDB", "time", 1.1, 0.9),
    ("merge of 200 states", "seconds", 20),
    ("merge of 200 states", "peak memory", 500),
    ("a join DuckDB", "time", 2.5, 1.5),
    ("a join", "peak memory", 400),
    ("2,000 CSV files DuckDB", "time", 2.0, 1.2),
    ("JSON lines DuckDB", "time", 1.5, 1.0),
    ("JSON lines Polars", "time", 1.2, 1.0),
    ("squared error of each to CSV DuckDB COPY", "time", 1.2, 1.0),
    ("squared error of each to Parquet DuckDB COPY", "time", 1.2, 1.0),
    ("gradient of each to CSV DuckDB COPY", "time", 1.2, 1.0),
    ("gradient of each to Parquet DuckDB COPY", "time", 1.2, 1.0),
    ("lists of 1,000 classes float64", "time", 0.35, 0.25),
    ("1,000 columns of classes float64", "time", 0.5, 0.25),
    ("triplet float64", "time", 0.35, 0.25),
    ("cross_entropy, 10 classes scikit-learn", "time", 1 / 10),
    ("roc_auc, Parquet scikit-learn", "time", 1 / 3),
    ("average_precision, Parquet scikit-learn", "time", 1 / 3),
    ("median_absolute_error, Parquet scikit-learn", "time", 1 / 3),
    ("spearman, Parquet scikit-learn", "time", 1 / 3),
    ("c_index, Parquet", "peak memory", 1000),
    ("crps_ensemble scoringrules", "time", 1.0),
    ("nt_xent, 16,384 pairs float32 PyTorch", "time", 1 / 4),
    ("nt_xent, 16,384 pairs of 128, float64 PyTorch", "time", 1 / 2),
    ("nt_xent, 16,384 pairs of 128, float32 PyTorch", "memory over imports", 1 / 15),
    ("nt_xent, 16,384 pairs of 128, float64 PyTorch", "memory over imports", 1 / 15),
    ("nt_xent, 100,000 pairs", "peak memory", 500),
    ("Parquet, 20 M rows", "peak memory", 300, 200),
    ("Parquet, 20 M rows", "memory together", 300, 200),
    ("Parquet, 100 M rows", "peak memory", 300, 200),
    ("Parquet, 100 M rows", "memory together", 300, 200),
    ("CSV, 1 GB", "peak memory", 300, 200),
    ("CSV, 1 GB", "memory together", 300, 200),
    ("CSV, 3 GB", "peak memory", 300, 200),
    ("CSV, 3 GB", "memory together", 300, 200),
    ("lists of 1,000 classes", "peak memory", 300, 200),
    ("lists of 1,000 classes", "memory together", 300, 200),
    ("1,000 columns of classes", "peak memory", 300, 200),
    ("1,000 columns of classes", "memory together", 300, 200),
    ("triplet", "peak memory", 300, 200),
    ("triplet", "memory together", 300, 200),
    ("20 models", "peak memory", 300, 200),
    ("20 models", "memory together", 300, 200),
    ("mse and mae, Parquet one thread", "speed-up", 1.75, 1.9),
    ("mse and mae, CSV, 1 GB one thread", "speed-up", 1.7),
    ("ten regression losses one thread", "speed-up", 1.75, 1.9),
    ("bce one thread", "speed-up", 1.75, 1.9),
    ("nt_xent one thread", "speed-up", 1.7),
    ("mse and mae, Parquet one thread", "CPU", 1.1),
    ("mse and mae, CSV, 1 GB one thread", "CPU", 1.1),
    ("ten regression losses one thread", "CPU", 1.1),
    ("bce one thread", "CPU", 1.1),
    ("nt_xent one thread", "CPU", 1.1),
    ("rmse, bootstrap", "peak memory", 300),
    ("two models compared", "peak memory", 300),
    ("mse and mae, Parquet plain sums", "time", 1.25),
    ("--version import click, numpy, pyarrow.lib", "time", 0.5),
    ("--help import click, numpy, pyarrow.lib", "time", 0.75),
    ("eval of 1,000 rows of CSV to JSON import click, numpy, pyarrow.lib", "time", 1.2, 1.1),
    ("mse and mae four threads one thread", "CPU", 1.1),
    ("mse and mae eight threads one thread", "CPU", 1.1),
    ("ten regression losses four threads one thread", "CPU", 1.1),
    ("ten regression losses eight threads one thread", "CPU", 1.1),
]


def taken(seconds=1.0, peak=100.0, base=None):
    return SplitResult(Usage(seconds, seconds, peak), base and Usage(*base))


@pytest.mark.parametrize("promised", PROMISED, ids=str)
def test_what_was_promised_is_measured(promised):
    words, *goal = promised
    rows = command.chosen(words.split(), long=True)
    assert Goal(*goal) in [goal for row in rows for goal in row.goals]


def test_every_goal_was_promised():
    goals = [goal for row in ROWS for goal in row.goals if goal.limit is not None]
    assert len(goals) == len(PROMISED)
    assert len({entry.key for entry in table.declared()}) == len(table.declared()), "a line is written by its key"


def test_rows_name_what_there_is():
    assert {name for row in ROWS for name in row.files} == data.MAKERS.keys()
    scripts = {Path(side.args[0]).name for row in ROWS for side in row.sides if str(SCRIPTS) in side.args[0]}
    assert scripts == {path.name for path in SCRIPTS.glob("*.py")}
    for row in ROWS:
        based = all(side.base for side in row.sides)
        assert based or not {"speed-up", "memory over imports"} & {goal.compared for goal in row.goals}
        assert row.against is None or row.tolerance is not None or row.work.startswith("start-up")
        assert row.against is None or measure.TOGETHER not in {goal.compared for goal in row.goals}
    assert len(TEN) == 10
    assert data.SHARDS == SHARDS


def test_commands_beside_another_checkout_name_what_there_is():
    named = {line.split()[1].removesuffix(".parquet") for line in against_checkout.COMMANDS.values()}
    assert named == against_checkout.FILES.keys()


def test_a_ratio_is_that_of_a_pair():
    """Three pairs on a machine that is slow in the second: the ratio of each counts, not that of two medians."""
    rounds = [(taken(1), taken(2)), (taken(10), taken(20)), (taken(3), taken(2))]
    assert measure.spread("time", rounds) == Spread(0.5, 0.5, 1.0)
    assert Spread.of([4.0]) == Spread(4.0, 4.0, 4.0)


def test_what_is_made_of_two_runs():
    ours, theirs = taken(3, 150, base=(1, 1, 100)), taken(5, 600, base=(1, 1, 200))
    names = [name for name in measure.COMPARED if name not in ("seconds", "peak memory", measure.TOGETHER)]
    values = {name: measure.spread(name, [(ours, theirs)]).median for name in names}
    assert values == {"time": 0.6, "CPU": 0.6, "memory": 0.25, "memory over imports": 0.125, "speed-up": 2.0}
    assert measure.spread("peak memory", [(ours,)]).median == 150
    assert measure.spread("seconds", [(ours,)]).median == 3


def test_goals():
    one = Spread(1.0, 0.9, 1.1)
    assert measure.met("time", one, 1.0) and not measure.met("time", one, 0.99)
    assert measure.met("speed-up", one, 1.0) and not measure.met("speed-up", one, 1.01)
    assert measure.met("time", one, None) is None


def test_sides_run_in_turn_after_a_warm_round():
    order = []
    first, second = (lambda name=name: order.append(name) or name for name in "AB")
    assert measure.in_turn([first, second], 2, lambda: order.append("checked")) == [("A", "B")] * 2
    assert order == ["A", "B", "checked"] * 3
    order.clear()
    assert measure.in_turn([first], 2, lambda: None) == [("A",)] * 2
    assert order == ["A", "A"]


def test_a_process_tells_what_it_took(tmp_path):
    """Measured by a small process, as the command is one: a child's peak is never below its parent's memory."""
    script = """
import sys
from pathlib import Path
from benchmarks import command, measure
assert "numpy" not in sys.modules
for size in (1, 100_000_000):
    args = [sys.executable, "-c", f"print(len(b'x' * {size}))"]
    used = measure.process(args, Path.cwd(), {}, Path("out"))
    print(used.seconds, used.cpu, used.peak, Path("out").read_text())
"""
    tests = {**command.environment(True), "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=tests, stdout=subprocess.PIPE, check=True)
    small, large = (list(map(float, line.split())) for line in done.stdout.decode().split("\n") if line)
    assert (small[3], large[3]) == (1, 100_000_000)
    assert 90 < large[2] - small[2] < 110 and large[0] > 0 and large[1] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what memory processes share")
def test_the_memory_of_forks_counts_and_what_they_share_counts_once(tmp_path):
    script = """
import os, sys
shared = b"x" * 60_000_000
pipe, its = os.pipe()
other, told = os.pipe()
if not os.fork():
    own = b"y" * 50_000_000
    os.write(its, b"1")
    os.read(other, 1)
    os._exit(0)
os.read(pipe, 1)
open("filled", "w").close()
sys.stdin = open("looked")
while not sys.stdin.read(1): pass  # both hold all of it until somebody has looked
os.write(told, b"1")
os.wait()
"""
    filled, looked, seen = tmp_path / "filled", tmp_path / "looked", measure.proportional_bytes
    looked.write_text("")
    looks, end = [], time.monotonic() + PATIENCE

    def look(pid):
        complete = filled.exists()  # before the look: what is half filled doesn't count as seen
        found = seen(pid)
        if complete and 70e6 < found < 100e6:  # half of what is shared, and its own: the child
            looks.append(found)
        if len(looks) == 2 or time.monotonic() > end:  # twice, so that the parent was seen beside it, too
            looked.write_text("1")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "proportional_bytes", look)
        used = measure.process([sys.executable, "-c", script], tmp_path, {}, tmp_path / "out", together=True)
    assert 110 < used.together < 170  # all of both would be 190
    assert measure.process([sys.executable, "-c", ""], tmp_path, {}, tmp_path / "out").together == 0


def test_a_process_that_fails_is_told(tmp_path):
    with pytest.raises(measure.Failed, match=r"exit code 3\n +oh no"):
        script = "import sys; print('oh no', file=sys.stderr); sys.exit(3)"
        measure.process([sys.executable, "-c", script], tmp_path, {}, tmp_path / "out")


@pytest.mark.parametrize(
    ("ours", "theirs", "problem"),
    [
        ("1.0\n2.0\n", "1.0\n2.0000001\n", "number 2: 2.0 against 2.0000001"),
        ("1.0\n", "1.0\n2.0\n", "one has 1 values"),
        ("1.0\n2.0\n", "1.0\n", "one has 1 values"),
        ("nan\n", "nan\n", "number 1: nan against nan"),
        ("", "", "neither printed a value"),
    ],
)
def test_values_that_disagree_fail(tmp_path, ours, theirs, problem):
    paths = written(tmp_path, ours, theirs)
    with pytest.raises(agree.Disagreement, match=problem):
        agree.check(*paths, 1e-9)


def test_values_agree_within_the_tolerance(tmp_path):
    assert agree.check(*written(tmp_path, "1.0\n-2.0\n", "1.0000001\n-2.0\n"), 1e-6) == 2


def test_groups_agree_by_key(tmp_path):
    ours = "model,key,loss,value,count\np,,mse,9,2\np,1,mse,2.5,1\np,2,mse,3.5,1\n"
    assert agree.check(*written(tmp_path, ours, "key,value,count\n1,2.5,1\n2,3.5,1\n"), 1e-9, "key") == 2
    with pytest.raises(agree.Disagreement, match="one has key 1 where the other has key 2"):
        agree.check(*written(tmp_path, ours, "key,value,count\n2,3.5,1\n1,2.5,1\n"), 1e-9, "key")


def test_files_agree_by_row(tmp_path):
    ours, theirs = tmp_path / "ours.out", tmp_path / "theirs.out"
    pq.write_table(pa.table({"row": [1, 2], "mse": [1.0, 2.0]}), ours)
    for rows, values, problem in (
        ([1, 2], [1.0, 2.0000000001], None),
        ([1, 2], [1.0, 2.1], "row 2: 2.0 against 2.1, tolerance 1e-09"),
        ([1, 2], [1.0, math.nan], "row 2: 2.0 against nan"),
        ([2, 1], [1.0, 2.0], "the rows are not the same"),
        ([1], [1.0], "one has 2 values, the other 1"),
    ):
        pq.write_table(pa.table({"row": rows, "value": values}), theirs)
        said = agree._compared_files(str(ours), str(theirs), 1e-9)
        assert said is None if problem is None else said is not None and said.startswith(problem)
    with pytest.raises(agree.Disagreement, match="one has 2 values, the other 1"):
        agree.check_files(ours, theirs, 1e-9)
    agree.check_files(ours, ours, 1e-9)


def written(folder, *texts):
    paths = [folder / f"{number}.out" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


@pytest.fixture
def setting(tmp_path):
    for name in ("folder", "scratch"):
        (tmp_path / name).mkdir()
    return command.Setting(tmp_path / "folder", tmp_path / "scratch", sys.executable, 1, {}, {"here": "1"})


def said(name, text, *needs):
    return Side(name, ("-c", f"print({text!r})"), needs)


def test_a_row_is_measured(setting):
    row = Row("work", said("losscli", "0.5"), said("peer", "0.5", "here"), (Goal("time", 1000), Goal("memory")))
    good, wrong = command.run([row], setting)
    assert [(entry.compared, entry.goal, entry.met) for entry in good] == [
        ("time", "≤ 1000×", "yes"),
        ("memory", "", ""),
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("against", "shown", "problem"),
    [
        (said("peer", "0.6", "here"), "values disagree", "number 1: 0.5 against 0.6"),
        (said("peer", "0.5", "elsewhere"), "not installed", "not installed: elsewhere"),
        (Side("peer", ("-c", "raise SystemExit('no such option')"), ("here",)), "failed", "no such option"),
    ],
)
def test_what_cannot_be_compared_is_said(setting, capsys, against, shown, problem):
    row = Row("work", said("losscli", "0.5"), against, (Goal("time", 1.0),))
    good, wrong = command.run([row], setting)
    assert good == []
    assert len(wrong) == 1 and problem in wrong[0]
    assert shown in capsys.readouterr().out


def test_a_failure_is_an_exit_code(tmp_path, monkeypatch, capsys):
    """From the command's own arguments to its exit code; the page is a copy, and gets no number of a failed row."""
    page, reasons = tmp_path / "benchmarks.md", tmp_path / "CONTRIBUTING.md"
    page.write_text(PAGE)
    reasons.write_text(command.REASONS.read_text(encoding="utf-8"))
    monkeypatch.setattr(command, "TABLE", page)
    monkeypatch.setattr(command, "REASONS", reasons)
    entry = table.declared()[0]
    row = Row(entry.work, said("losscli", "0.5"), said(entry.against, "0.6"), (Goal("time", 1.35, 1.2),))
    monkeypatch.setattr(command, "ROWS", (row,))
    arguments = ["--folder", str(tmp_path / "data"), "--runs", "1", "--write"]
    assert command.main(arguments) == 1
    assert "values disagree: number 1: 0.5 against 0.6" in capsys.readouterr().err
    assert {line.measured for line in table.parsed(page.read_text())[1]} == {table.UNMEASURED}
    assert table.told(reasons.read_text(), []) == reasons.read_text()  # what nobody measured is not missed

    monkeypatch.setattr(command, "ROWS", (replace(row, against=said(entry.against, "0.5")),))
    assert command.main(arguments) == 0
    first, *others = table.parsed(page.read_text())[1]
    assert first.key == entry.key and first.met
    assert {line.measured for line in others} == {table.UNMEASURED}
    assert command.main(["--only", "nothing", "like", "this"]) == 2


def test_the_table_of_the_page_has_the_declared_lines():
    _, lines = table.parsed(PAGE)
    assert [line.key for line in lines] == [entry.key for entry in table.declared()], (
        "python tests/benchmarks/run.py --write"
    )


def test_the_block_is_written_and_read():
    old = "before\n<!-- measured: benchmarks -->\nnothing\n<!-- end -->\nafter <!-- end -->\n"
    first, second, *_ = table.declared()
    one = table.filled(Goal("time", 0.5), first, Spread(0.456, 0.4, 0.05), "0.10 / 0.20")
    text = table.rewritten(old, "Machine A.", [one])
    assert text.startswith("before\n<!-- measured") and text.endswith("<!-- end -->\nafter <!-- end -->\n")
    machine, lines = table.parsed(text)
    assert (machine, lines[0], lines[1:]) == ("Machine A.", one, table.declared()[1:])
    assert (one.measured, one.met, one.cpu) == ("0.46× [0.40 – 0.050]", "yes", "0.10 / 0.20")

    other = table.filled(Goal("memory"), second, Spread(2, 2, 2))
    assert table.parsed(table.rewritten(text, "Machine A.", [other]))[1][:2] == [one, other]
    assert table.parsed(table.rewritten(text, "Machine B.", [other]))[1][:2] == [first, other]
    with pytest.raises(ValueError, match="no block"):
        table.parsed("nothing here")


def test_a_line_of_another_commit_says_so():
    old = "<!-- measured: benchmarks -->\nnothing\n<!-- end -->\n"
    first, second, third, *_ = table.declared()
    one, other, last = (table.filled(Goal("memory"), entry, Spread(2, 2, 2)) for entry in (first, second, third))
    text = table.rewritten(old, "Measured at `aaa` on 2026-01-01, on A.", [one])
    text = table.rewritten(text, "Measured at `aaa` on 2026-01-02, on A.", [other])
    assert table.parsed(text)[1][:2] == [one, other], "of one commit, whatever the day"
    text = table.rewritten(text, "Measured at `bbb, changed` on 2026-01-03, on A.", [other, last])
    marked = replace(one, measured=f"{one.measured} at `aaa`")
    assert table.parsed(text)[1][:4] == [marked, other, last, table.declared()[3]]
    text = table.rewritten(text, "Measured at `ccc` on 2026-01-03, on A.", [])
    changed = (replace(entry, measured=f"{entry.measured} at `bbb, changed`") for entry in (other, last))
    assert table.parsed(text)[1][:3] == [marked, *changed]
    machine, lines = table.parsed(table.rewritten(text, "Measured at `ccc` on 2026-01-03, on B.", []))
    assert machine.endswith("on B.") and lines == table.declared()


def test_goals_that_were_hoped_for():
    goal, entry = Goal("time", 1.5, 1.2), table.declared()[0]
    assert table.limit(goal) == "≤ 1.50×, stretch 1.20×"
    assert table.limit(Goal("speed-up", 1.75, 1.9)) == "≥ 1.75×, stretch 1.90×"
    found = [table.filled(goal, entry, Spread(at, 1, 2)).met for at in (1.1, 1.2, 1.3, 1.6)]
    assert found == ["yes, stretch", "yes, stretch", "yes", "no"]
    assert table.filled(Goal("speed-up", 1.75, 1.9), entry, Spread(1.95, 1, 2)).met == "yes, stretch"


def test_the_commit_is_that_of_this_checkout(monkeypatch, tmp_path):
    assert re.fullmatch(r"[0-9a-f]{8,}(, changed)?|an unknown commit", command.commit())
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert command.commit() == "an unknown commit"


def test_each_missed_goal_has_its_reason():
    """The page says which goals are missed, and CONTRIBUTING by how much and why: by the name of the work, in bold."""
    contributing = command.REASONS.read_text(encoding="utf-8")
    missed = table.missed(PAGE)
    assert table.told(contributing, missed) == contributing, "tests/benchmarks/run.py --write makes the list"
    assert all(f"| {line.measured} |" in contributing for line in missed)
    _, _, section = contributing.partition("### Goals that are missed")
    told = set(re.findall(r"\*\*([^*]+)\*\*", " ".join(section.split())))
    assert {line.work for line in missed} - told == set(), "CONTRIBUTING.md, 'Goals that are missed', has no reason"
    assert told <= {row.work for row in ROWS}, "there is no such work"


def test_the_ten_are_what_sql_says():
    """Without DuckDB: each expression, read as Python, is the mean of the loss of that name."""
    import numpy as np

    import losscli

    rng = np.random.default_rng(5)
    y = rng.normal(size=1000)
    p = y + rng.normal(0, 0.4, 1000)
    r = p - y
    names = {"y": y, "p": p, "r": r, "avg": np.mean, "ln": np.log, "sqrt": np.sqrt, "cosh": np.cosh, "abs": np.abs,
             "np": np}  # fmt: skip
    report = losscli.evaluate({"y": y, "p": p}, list(TEN), target="y", pred="p")
    for result, sql in zip(report, TEN.values(), strict=True):
        text = sql.replace("CASE WHEN", "np.where(").replace(" THEN", ",").replace(" ELSE", ",").replace(" END", ")")
        assert result.value == pytest.approx(eval(text, names), rel=1e-12), sql


def test_data_are_made_once(tmp_path):
    names = ["ten.csv", "ten.parquet", "ten_pairs.parquet", "thousand.csv"]
    data.make(tmp_path, names)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    before = (tmp_path / "ten.csv").read_bytes()
    (tmp_path / "ten.parquet").unlink()
    (tmp_path / "ten.csv").write_bytes(b"kept")
    data.make(tmp_path, names)
    assert (tmp_path / "ten.csv").read_bytes() == b"kept"
    (tmp_path / "ten.csv").unlink()
    data.make(tmp_path, names)
    assert (tmp_path / "ten.csv").read_bytes() == before


@pytest.mark.parametrize("row", OWN, ids=lambda row: row.work)
def test_our_own_commands_run(row, tmp_path):
    """On the smallest files: what the rows run is a command line that there is."""
    data.make(tmp_path, ["ten.parquet", "thousand.csv"])
    for side in row.sides:
        args = [arg.replace("rows.parquet", "ten.parquet") for arg in side.args]
        done = subprocess.run([sys.executable, *args], cwd=tmp_path, env=command.environment(True), capture_output=True,
                              text=True, check=True)  # fmt: skip
        assert done.stdout or side.name.startswith("import")


def test_versions_are_asked_of_the_interpreter():
    found = command.probe(sys.executable, ["losscli", "numpy", "no-such-package"], ours=True)
    assert found["losscli"] and found["numpy"] and found["no-such-package"] is None

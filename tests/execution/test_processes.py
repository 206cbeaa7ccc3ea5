"""Forks of the process change nothing but the time: reports, errors and exit codes are those of one thread."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import waiting
from waiting import PATIENCE, until

from losscli.execution import forked_work
from losscli.execution.engines import WorkerError
from losscli.execution.engines.choose import ClusterChoice, chosen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whether a process may be forked")

# The command with forks for any file, whose row groups stay apart; it writes how many forks there were.
COMMAND = """
import os, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command does before it loads NumPy
import losscli.io.formats.parquet as parquet
from losscli.execution import forked_work
from losscli.execution.engines import WorkerError
from losscli.execution.engines import processes
from losscli.execution.scan import ScoreSplit
from losscli.io.formats import text_ranges
forked_work.MIN_BYTES = text_ranges.LEAST = 0
text_ranges.RANGE, text_ranges._LAST, text_ranges._LAST_RANGE, text_ranges._HEAD = 4000, 8000, 600, 300
forked_work.available_cores = lambda: 16
parquet.SPLIT_ROWS = 50
sys.path.append({support})
from waiting import until
origin, begun, score, stop = os.getpid(), processes.Forks.__init__, ScoreSplit.__call__, processes.Forks.stop

def begin(self, *given):
    begun(self, *given)
    open("forks", "w").write(str(len(self.pids)))

processes.Forks.__init__ = begin
{more}
from losscli.cli.entry import leave, run
leave(run(sys.argv[1:]))
"""
SUPPORT = str(Path(waiting.__file__).parent)
LOSSES = ("-l", "mse", "-l", "huber:delta=2", "-l", "rmse", "-l", "a=0.5*mse+2*mae")
ALL = ("rows.parquet", "-t", "y", "-p", "p", *LOSSES, "-f", "json")


def columns(rows=1000):
    rng = np.random.default_rng(5)
    return {
        "y": rng.normal(size=rows) * 10.0 ** rng.integers(-30, 30, rows),
        "p": rng.normal(size=rows),
        "q": rng.normal(size=rows),
        "w": rng.integers(0, 4, rows).astype(float),
        "g": [f"group {i}" for i in rng.integers(0, 7, rows)],
        "k": [None if i == 300 else int(i) for i in rng.integers(0, 301, rows)],
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """What a run of one thread says."""
    folder = tmp_path_factory.mktemp("whole")
    write(folder)
    return run(folder, *ALL, "--threads", "1")[0]


@pytest.fixture
def folder(tmp_path):
    write(tmp_path)
    return tmp_path


def write(folder):
    pq.write_table(pa.table(columns()), folder / "rows.parquet", row_group_size=37)


def started(folder, *args, more=""):
    command = COMMAND.replace("{more}", textwrap.dedent(more)).replace("{support}", repr(SUPPORT))
    return subprocess.Popen([sys.executable, "-c", command, "eval", *args], cwd=folder, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def run(folder, *args, more=""):
    """Exit code, output and errors of a command, and the number of its forks."""
    (folder / "forks").unlink(missing_ok=True)
    with started(folder, *args, more=more) as process:
        out, err = process.communicate(timeout=PATIENCE)
    count = int((folder / "forks").read_text()) if (folder / "forks").exists() else 0
    return (process.returncode, out, err), count


@pytest.mark.parametrize("text", ["y,p", "y,p\n", "y,p\n\n"])
def test_a_text_without_rows_is_that_for_any_number_of_forks(text, tmp_path):
    (tmp_path / "empty.csv").write_text(text)
    (code, out, err), _ = run(tmp_path, "empty.csv", "-t", "y", "-p", "p", "-l", "mse", "--threads", "2")
    assert (code, out) == (5, "")
    assert "0 rows" in err


@pytest.mark.parametrize(
    "args",
    [
        ("-p", "p", "--weight", "w", "--where", "w < 3", "--let", "double=2*q"),
        ("-p", "p", "-p", "q", "--interval"),
        ("-p", "p", "--by", "g"),
        ("-p", "p", "--by", "w", "--by", "g", "--weight", "q2", "--let", "q2=q*q", "--interval"),
        ("-p", "p", "--by", "k", "--where", "w < 3", "--mean-of", "g"),
        ("-p", "p", "--by", "q:-1|0|1"),
    ],
)
def test_the_report_is_the_same_for_any_number_of_forks(args, folder):
    found = [run(folder, "rows.parquet", "-t", "y", *args, *LOSSES, "-f", "json", "--threads", str(count))
             for count in (1, 2, 3)]  # fmt: skip
    assert [count for _, count in found] == [0, 1, 2]  # the process works, too
    assert len({answer for answer, _ in found}) == 1
    assert json.loads(found[0][0][1])["rows"]["read"] == 1000


def test_the_first_bad_value_is_that_of_one_thread(folder):
    data = columns()
    for row in (640, 700, 990):
        data["p"][row] = np.nan
    pq.write_table(pa.table(data), folder / "bad.parquet", row_group_size=37)
    (one, none), (many, forks) = (
        run(folder, "bad.parquet", "-t", "y", "-p", "p", "-l", "mse", "--threads", n) for n in "13"
    )
    assert one == many
    assert one[0] == 3
    assert "row 641" in one[2]
    assert (none, forks) == (0, 2)


ENDINGS = {
    "killed": "os.kill(os.getpid(), 9)",
    "raises": "raise MemoryError",
    "cannot be sent": "return lambda: 0",
    "cannot be received": "return Odd()",
    "leaves": "raise SystemExit(7)",
}


@pytest.mark.parametrize("name", ENDINGS)
def test_what_a_fork_does_not_answer_is_done_again(name, folder, whole):
    more = f"""
        class Odd:
            def __reduce__(self):
                return int, ("odd",)

        def fail(self, placed, stopped):
            if os.getpid() != origin:
                open("begun", "w").close()
                {ENDINGS[name]}
            until(lambda: os.path.exists("begun"))
            return score(self, placed, stopped)

        ScoreSplit.__call__ = fail
    """
    broken, forks = run(folder, *ALL, "--threads", "2", more=more)
    assert forks == 1
    assert broken == whole


def test_the_process_works_beside_its_forks(folder, whole):
    more = """
        def wait_for_each_other(self, placed, stopped):
            open("of-the-process" if os.getpid() == origin else "of-a-fork", "w").close()
            until(lambda: os.path.exists("of-the-process") and os.path.exists("of-a-fork"))
            return score(self, placed, stopped)

        ScoreSplit.__call__ = wait_for_each_other
    """
    assert run(folder, *ALL, "--threads", "2", more=more) == (whole, 1)


def test_a_fork_goes_on_while_nobody_takes_its_answer(folder, whole):
    more = """
        taken = []

        def answer_much(self, placed, stopped):
            if os.getpid() == origin:
                until(lambda: os.path.exists("its-second"))
                return score(self, placed, stopped)
            taken.append(placed)
            if len(taken) == 2:
                open("its-second", "w").close()
            answer = score(self, placed, stopped)
            answer.reader.more = bytes(200_000)  # a pipe has room for 65,536
            return answer

        ScoreSplit.__call__ = answer_much
    """
    assert run(folder, *ALL, "--threads", "2", more=more) == (whole, 1)


BY = (*ALL, "--by", "k")


@pytest.fixture(scope="module")
def sliced(tmp_path_factory):
    """What a run of one thread says of slices."""
    folder = tmp_path_factory.mktemp("sliced")
    write(folder)
    return run(folder, *BY, "--threads", "1")[0]


SENT = """
    send, taken = processes._send, []

    def sized(out, data):
        open("sent", "a").write(f"{len(data)}\\n")
        send(out, data)

    def after_the_fork(self, placed, stopped):
        if os.getpid() == origin:
            until(lambda: os.path.exists("its-twentieth"))
        taken.append(placed)
        if len(taken) == 20:
            open("its-twentieth", "w").close()
        return score(self, placed, stopped)

    processes._send, ScoreSplit.__call__ = sized, after_the_fork
"""


def answers_of_fork(folder):
    """The sizes of what the fork sent, without those of heads: at last what it held."""
    return [*map(int, (folder / "sent").read_text().split())][1::2]


def test_sums_of_slices_are_sent_once(folder, sliced):
    assert run(folder, *BY, "--threads", "2", more=SENT) == (sliced, 1)
    *answers, sums = answers_of_fork(folder)
    assert len(answers) >= 20
    assert sums > 15_000
    assert all(size < 5_000 for size in answers)


def test_sums_of_many_slices_are_sent_as_a_fork_has_too_many(folder, sliced):
    more = SENT + "\n    forked_work.MOST_SLICES = 60\n"
    assert run(folder, *BY, "--threads", "2", more=more) == (sliced, 1)
    assert any(size > 5_000 for size in answers_of_fork(folder)[:-1])


def test_threads_add_up_slices_of_which_one_split_has_too_many(folder, sliced):
    more = """
        forked_work.MOST_SLICES = 10

        def noted(self, placed, stopped):
            open(f"split-{os.getpid() == origin}", "a").write("1")
            return score(self, placed, stopped)

        ScoreSplit.__call__ = noted
    """
    assert run(folder, *BY, "--threads", "2", more=more) == (sliced, 1)
    assert len((folder / "split-True").read_text()) > 27  # all, after the first


@pytest.mark.parametrize("name", ENDINGS)
def test_where_a_fork_ends_early_threads_add_up_slices(name, folder, sliced):
    more = f"""
        class Odd:
            def __reduce__(self):
                return int, ("odd",)

        def fail(self, placed, stopped):
            if os.getpid() != origin and placed.split.groups[0] % 4 == 1:
                open("begun", "w").close()
                {ENDINGS[name]}
            until(lambda: os.getpid() != origin or os.path.exists("begun"))
            return score(self, placed, stopped)

        ScoreSplit.__call__ = fail
    """
    assert run(folder, *BY, "--threads", "2", more=more) == (sliced, 1)


def test_rows_that_forks_gave_up_count_once_and_the_reason_is_said(folder):
    more = """
        def fail(self, placed, stopped):
            if placed.split.groups[0] == 20:
                raise MemoryError("no room")
            return score(self, placed, stopped)

        ScoreSplit.__call__ = fail
    """
    (code, _, err), forks = run(
        folder, "rows.parquet", "-t", "y", "-p", "p", "-l", "mse", "--by", "k", "--threads", "2", "-v", more=more
    )
    assert (code, forks) == (0, 1)
    assert "forked processes were given up, and all rows read again in threads: MemoryError: no room\n" in err
    assert "read 1,000 rows, " in err
    assert "passes" not in err


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), 9)", "raise MemoryError", "return lambda: 0"])
def test_threads_add_up_slices_whose_sums_are_not_sent(ending, folder, sliced):
    more = f"""
        from losscli.aggregate.accumulator import RunAccumulator

        def state(self):
            open("asked", "w").close()
            {ending}

        def wait_for_the_fork(self, placed, stopped):
            if os.getpid() != origin:
                open("begun", "w").close()
            until(lambda: os.path.exists("begun"))
            return score(self, placed, stopped)

        RunAccumulator.__getstate__, ScoreSplit.__call__ = state, wait_for_the_fork
    """
    assert run(folder, *BY, "--threads", "2", more=more) == (sliced, 1)
    assert (folder / "asked").exists()


@pytest.mark.parametrize("limit", [40, 200, 280])
def test_the_first_error_of_slices_is_that_of_one_thread(limit, folder):
    data = columns()
    data["p"][700] = np.nan
    pq.write_table(pa.table(data), folder / "bad.parquet", row_group_size=37)
    args = ("bad.parquet", "-t", "y", "-p", "p", "-l", "mse", "--by", "k", "--max-slices", str(limit), "--threads")
    (one, _), (many, forks) = (run(folder, *args, n) for n in "13")
    assert one == many
    assert one[0] == 3
    assert ("more than" in one[2]) == (limit < 280)
    assert forks == 2


def test_without_room_for_a_fork_the_process_works_itself(folder, whole):
    more = """
        def fork():
            raise BlockingIOError
        os.fork = fork
    """
    alone, forks = run(folder, *ALL, "--threads", "2", more=more)
    assert forks == 0
    assert alone == whole


def test_without_room_for_its_pipe_a_fork_is_not_made(folder, whole):
    more = """
        real, made = os.pipe, []

        def pipe():
            if len(made) == 2:
                raise OSError(24, "Too many open files")
            made.append(real())
            return made[-1]

        os.pipe = pipe
    """
    alone, forks = run(folder, *ALL, "--threads", "4", more=more)
    assert forks == 1
    assert alone == whole


@pytest.mark.parametrize("by", [(), ("--by", "k")])
def test_without_a_pipe_for_the_numbers_of_items_all_is_done_here(by, folder):
    more = """
        def pipe():
            raise OSError(24, "Too many open files")

        os.pipe = pipe
    """
    args = (*ALL, *by, "--threads")
    one, _ = run(folder, *args, "1")
    assert run(folder, *args, "4", more=more) == (one, 0)


def test_splits_that_a_small_pipe_has_no_room_for_are_done_by_the_process(folder):
    more = """
        import fcntl
        real = os.pipe

        def small():  # as for a user of many pipes
            ends = real()
            fcntl.fcntl(ends[1], 1031, 4096)  # F_SETPIPE_SZ
            return ends

        os.pipe = small
        parquet.SPLIT_ROWS = 1
    """
    pq.write_table(pa.table(columns()), folder / "rows.parquet", row_group_size=1)
    one, _ = run(folder, *ALL, "--threads", "1", more=more)
    many, forks = run(folder, *ALL, "--threads", "2", more=more)
    assert forks == 1
    assert many == one


def test_forks_ignore_an_interrupt_where_the_process_does(folder, whole):
    more = """
        import signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts in the background

        def interrupted(self, placed, stopped):
            os.kill(os.getpid(), signal.SIGINT)
            if os.getpid() != origin:
                open("alive", "w").close()
            until(lambda: os.path.exists("alive"))
            return score(self, placed, stopped)

        ScoreSplit.__call__ = interrupted
    """
    assert run(folder, *ALL, "--threads", "2", more=more) == (whole, 1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_forks_too(number, code, folder):
    more = """
        def hang(self, placed, stopped):
            open(f"pid-{os.getpid()}", "w").close()
            while True:
                os.read(nothing, 1)

        nothing, _ = os.pipe()
        ScoreSplit.__call__ = hang
    """
    with started(folder, "rows.parquet", "-t", "y", "-p", "p", "-l", "mse", "--threads", "2", more=more) as process:
        until(lambda: len(list(folder.glob("pid-*"))) == 2)
        process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (code, "")
    for path in folder.glob("pid-*"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name.removeprefix("pid-")), 0)


@pytest.mark.parametrize(
    "args",
    [
        ("-p", "p", "-p", "q", "--interval", "--cluster", "g"),  # what is sent back would grow with the clusters
        ("-p", "p", "-l", "median_absolute_error"),  # with the rows
    ],
)
def test_threads_do_what_forks_would_do_more_slowly(args, folder):
    (code, _, _), forks = run(folder, "rows.parquet", "-t", "y", "-l", "mse", "--threads", "2", *args)
    assert (code, forks) == (0, 0)


def test_a_process_with_another_thread_is_not_forked(folder, whole):
    more = """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    """
    assert run(folder, *ALL, "--threads", "2", more=more) == (whole, 0)


def test_a_thread_that_begins_as_splits_are_found_keeps_from_forking(folder, whole):
    more = """
        import threading
        from losscli.execution.placed_splits import PlacedSplits
        unread = PlacedSplits.unread

        def with_a_thread(self):
            threading.Thread(target=threading.Event().wait, daemon=True).start()
            return unread(self)

        PlacedSplits.unread = with_a_thread
    """
    assert run(folder, *ALL, "--threads", "2", more=more) == (whole, 0)


def test_progress_does_not_keep_from_forking(folder):
    (code, _, err), forks = run(
        folder, "rows.parquet", "-t", "y", "-p", "p", "-l", "mse", "--threads", "2", "--verbose"
    )
    assert (code, forks) == (0, 1)
    assert "read 1,000 rows, " in err
    assert "passes" not in err


def test_small_files_and_python_callers_get_threads(folder):
    assert (folder / "rows.parquet").stat().st_size < forked_work.MIN_BYTES
    assert not chosen("threads", 2, ClusterChoice(), (), print, print).may_fork


def texts(folder, **columns):
    """The same rows as CSV, as CSV with quotes, and as JSON lines."""
    names, rows = list(columns), list(zip(*columns.values(), strict=True))
    for quoting, file in ((csv.QUOTE_MINIMAL, "rows.csv"), (csv.QUOTE_ALL, "quoted.csv")):
        with (folder / file).open("w", newline="") as out:
            csv.writer(out, quoting=quoting, lineterminator="\n").writerows([names, *rows])
    with (folder / "rows.jsonl").open("w") as out:
        out.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)


def numbers():
    found = columns()
    return {name: found[name].tolist() for name in ("y", "p", "q", "w")}


TEXTS = ("rows.csv", "quoted.csv", "rows.jsonl")


def both(folder, file, *args):
    """What one thread says of a file, and three; and how many forks the latter were."""
    given = (file, "-t", "y", "-p", "p", "-l", "mse", "-l", "mae", "-f", "json", *args)
    (one, none), (many, forks) = (run(folder, *given, "--threads", count) for count in "13")
    assert none == 0
    return one, many, forks


@pytest.mark.parametrize("file", TEXTS)
@pytest.mark.parametrize("args", [("--where", "w < 3", "--let", "double=2*q", "--missing", "drop"), ("--interval",)])
def test_forks_share_out_a_text_that_nobody_has_read(file, args, folder):
    texts(folder, **numbers())
    one, many, forks = both(folder, file, *args)
    assert many == one
    assert json.loads(one[1])["rows"]["read"] == 1000
    assert forks == 2


@pytest.mark.parametrize("file", TEXTS)
def test_the_first_bad_cell_of_a_text_has_its_row_and_line(file, folder):
    data = numbers()
    for row in (640, 700, 990):
        data["p"][row] = "three"
    texts(folder, **data)
    one, many, forks = both(folder, file)
    assert many == one
    error = json.loads(one[2])
    assert (one[0], error["row"], error["line"]) == (3, 641, 641 if file == "rows.jsonl" else 642)
    assert forks == 2


@pytest.mark.parametrize("file", TEXTS)
def test_where_a_fork_does_not_answer_the_rest_of_a_text_is_read_anew(file, folder):
    more = """
        def fail(self, placed, stopped):
            if os.getpid() != origin:
                open("begun", "w").close()
                os.kill(os.getpid(), 9)
            until(lambda: os.path.exists("begun"))
            return score(self, placed, stopped)

        ScoreSplit.__call__ = fail
        import losscli.io.formats.csv as delimited, losscli.io.formats.jsonl as jsonl
        delimited.SMALL = jsonl.SMALL = 0
    """
    texts(folder, **numbers())
    shutil.copy(folder / file, folder / f"again-{file}")  # which stands after it
    given = (file, f"again-{file}", "-t", "y", "-p", "p", "-l", "mse", "-f", "json")
    one, _ = run(folder, *given, "--threads", "1")
    many, forks = run(folder, *given, "--threads", "2", more=more)
    assert many == one
    assert json.loads(one[1])["rows"]["read"] == 2000
    assert forks == 1


def test_line_ends_in_quotes_do_not_end_a_row(folder):
    data = numbers()
    data["note"] = ["" if row < 400 else "a, b\n1.5,2.5,3.5,4.5\n" * (row % 40) for row in range(1000)]
    texts(folder, **data)
    one, many, forks = both(folder, "quoted.csv")
    assert many == one
    assert json.loads(one[1])["rows"]["read"] == 1000
    assert forks == 2


def test_a_text_whose_first_rows_have_line_ends_is_not_shared_out(folder):
    texts(folder, note=["two\nlines"] * 1000, **numbers())
    one, many, forks = both(folder, "rows.csv")
    assert many == one
    assert forks == 0


def test_a_quote_that_is_never_closed_is_the_same_error(folder):
    data = numbers()
    data["note"] = ["x"] * 700 + ['"x'] + ["x"] * 299
    names, rows = list(data), list(zip(*data.values(), strict=True))
    lines = [",".join(map(str, row)) for row in [names, *rows]]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    one, many, forks = both(folder, "rows.csv")
    assert many == one
    assert one[0] == 3
    assert "never closed" in one[2]
    assert forks == 2


BUSY = """
import os, signal, threading
from importlib.machinery import SourceFileLoader
from losscli.execution.engines import processes
from losscli.execution.progress import Line, shown

importing, forked = threading.Event(), threading.Event()
run_module, fork = SourceFileLoader.exec_module, os.fork

def exec_module(self, module):
    if module.__name__ == "rich.live" and threading.current_thread() is not threading.main_thread():
        importing.set()
        forked.wait(0.1)  # a fork waits for the import, so this is not set before
    run_module(self, module)

def fork_and_import():
    pid = fork()
    if not pid:
        signal.alarm({patience})
        import rich.live
        os._exit(0)
    return pid

SourceFileLoader.exec_module = exec_module
with shown(Line(open(os.devnull, "w"), color=False, delay=0.0)):
    importing.wait()
    os.fork = fork_and_import
    forks = processes.Forks(1, None, [0], None)
    forked.set()
    (pid,) = forks.pids.values()
    print(os.waitpid(pid, 0)[1])
"""


def test_a_fork_waits_for_what_the_progress_line_imports():
    code = BUSY.replace("{patience}", str(PATIENCE))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


class Slices:
    """Adds up rows that are ids of slices, as a fork adds up the rows of splits."""

    def begin(self):
        return SimpleNamespace(slice_index=set())

    def add(self, rows, totals):
        totals.slice_index |= set(rows)


def test_a_split_that_has_too_many_slices_by_itself_is_refused_also_after_others(monkeypatch):
    monkeypatch.setattr(forked_work, "MOST_SLICES", 5)
    fork = forked_work.ForkAccumulator(Slices())
    assert fork(range(4)) is None
    assert fork(range(4, 8)).slice_index == set(range(8))  # together too many
    assert fork(range(4)) is None
    assert fork(range(9)).slice_index == set(range(9))
    with pytest.raises(WorkerError):
        fork(range(9))

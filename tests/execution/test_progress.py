"""How far a run is: what is said, when, to whom, and that nothing of it stays."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from processes import LOSSCLI, PREDS, SCORE, environment, losscli
from typed_request import typed_request
from waiting import PATIENCE, until

import losscli as package
from losscli.cli import progress as cli_progress
from losscli.execution import progress
from losscli.execution.engines.threads import Threads
from losscli.execution.evaluate import evaluate
from losscli.execution.gradients import gradient
from losscli.execution.prepare import Data, prepare
from losscli.execution.progress import Line, Log, ProgressState, shown
from losscli.execution.row_values import row_values

ANSWER = b"model\tloss\tvalue\tcount\np\tmse\t1.0\t300000\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "preds.csv").write_text(PREDS)
    return tmp_path


# ------------------------------------------------------------------------------------------------------- what is said


def told(passes=1):
    at = [100.0]
    return ProgressState(passes, lambda: at[0]), at


def test_what_is_said_of_a_file():
    observer, at = told()
    assert observer.text() == "reading"
    observer.reads(4_700_000_000)
    at[0] += 6
    observer.saw(12_400_000, 1_200_000_000)
    assert observer.text() == "12,400,000 rows, 1.2 of 4.7 GB, 2.1 M rows/s, 200.0 MB/s, about 0:00:18 left"
    at[0] += 14
    observer.saw(30_000_000, 3_600_000_000)  # more than was promised, and still no time below nothing
    assert observer.text() == "42,400,000 rows, 4.7 of 4.7 GB, 2.1 M rows/s, 240.0 MB/s, about 0:00:00 left"
    assert observer.summary() == "read 42,400,000 rows, 4.8 GB in 20.0 s, 2.1 M rows/s"


def test_what_is_said_of_a_pipe():
    observer, at = told()
    observer.reads(None)
    at[0] += 2
    observer.saw(1, 900)
    assert observer.text() == "1 row, 900 B, 0 rows/s, 450 B/s"
    assert observer.pace.share is None


def test_what_is_said_where_bytes_are_unknown():
    observer, at = told()
    observer.reads(None)
    at[0] += 2
    observer.saw(2_000, 0)
    assert observer.text() == "2,000 rows, 1.0 k rows/s"
    assert observer.summary() == "read 2,000 rows in 2.0 s, 1.0 k rows/s"


def test_two_passes_are_told_apart_and_added_up():
    observer, at = told(2)
    observer.reads(1000)
    at[0] += 10
    observer.saw(50, 1000)
    assert observer.text() == "pass 1 of 2: 50 rows, 1.0 of 1.0 kB, 5 rows/s, 100 B/s, about 0:00:00 left"
    observer.reads(1000)
    at[0] += 10
    observer.saw(25, 500)
    assert observer.text() == "pass 2 of 2: 25 rows, 0.5 of 1.0 kB, 2 rows/s, 50 B/s, about 0:00:10 left"
    assert observer.summary() == "read 75 rows in 2 passes, 1.5 kB in 20.0 s, 4 rows/s"


def test_groups_are_no_percentage():
    observer, _ = told()
    observer.reads(1000)
    observer.saw(5000, 1000)
    observer.scores(1)
    assert observer.text() == "5,000 rows, scoring 1 group"
    assert observer.pace.share is None
    observer.scores(1200)
    assert observer.text() == "5,000 rows, scoring 1,200 groups"


# --------------------------------------------------------------------------------------------------- what a run tells


class Heard:
    def __init__(self):
        self.calls = []

    def reads(self, size):
        self.calls.append(("reads", size))

    def saw(self, rows, size):
        self.calls.append(("saw", rows, size))

    def scores(self, groups):
        self.calls.append(("scores", groups))

    @property
    def sums(self):
        saw = [call[1:] for call in self.calls if call[0] == "saw"]
        return tuple(map(sum, zip(*saw, strict=True)))


def table(rows=1000):
    values = pa.array(range(rows), pa.float64())
    return pa.table({"y": values, "p": values, "k": pa.array([str(i % 7) for i in range(rows)])})


def written(format, folder):
    path = folder / f"t.{format}"
    if format == "parquet":
        pq.write_table(table(), path, row_group_size=100)
    elif format == "arrow":
        with pa.ipc.new_file(path, table().schema) as out:
            out.write_table(table(), max_chunksize=100)
    elif format == "csv":
        path.write_text("y,p,k\n" + "".join(f"{i},{i},{i % 7}\n" for i in range(1000)))
    else:
        path.write_text("".join(f'{{"y":{i},"p":{i},"k":"{i % 7}"}}\n' for i in range(1000)))
    return path


MSE = typed_request("mse", target="y", preds=("p",))


def run_of(path):
    return prepare(MSE, Data(paths=(str(path),)))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("format", ["parquet", "arrow", "csv", "jsonl"])
def test_a_run_tells_all_rows_and_all_bytes(format, threads, folder):
    path, heard = written(format, folder), Heard()
    evaluate(run_of(path), Threads(threads), observer=heard)
    size = path.stat().st_size
    assert heard.calls[0] == ("reads", size)
    rows, told_size = heard.sums
    assert rows == 1000
    assert size - 20 <= told_size <= size  # a header is no row, and shares are whole bytes


def test_a_run_over_memory_knows_no_bytes():
    heard = Heard()
    evaluate(prepare(MSE, Data(memory=table())), observer=heard)
    assert heard.calls == [("reads", None), ("saw", 1000, 0)]


def test_several_files_are_one_size(folder):
    paths = [written("csv", folder), folder / "u.csv"]
    paths[1].write_text("y,p,k\n1,2,3\n")
    heard = Heard()
    evaluate(prepare(MSE, Data(tuple(map(str, paths)))), observer=heard)
    assert heard.calls[0] == ("reads", sum(path.stat().st_size for path in paths))
    assert heard.sums[0] == 1001


@pytest.mark.parametrize("run", [row_values, gradient, evaluate])
def test_every_kind_of_run_tells(run, folder):
    path, heard = written("parquet", folder), Heard()
    done = run(run_of(path), observer=heard)
    assert run is evaluate or sum(len(batch) for batch in done) == 1000
    passes = 2 if run is gradient else 1
    assert [call[0] for call in heard.calls].count("reads") == passes
    assert heard.sums[0] == 1000 * passes


@pytest.mark.parametrize("run", [row_values, gradient, evaluate])
def test_groups_are_announced_before_they_are_scored(run, folder):
    rng = np.random.default_rng(1)
    views = {name: pa.array(list(rng.normal(size=(70, 3)))) for name in ("a", "b")}
    source = pa.table({**views, "k": [str(i % 7) for i in range(70)]})
    request = typed_request("nt_xent", columns=("anchor=a", "positive=b"), batch_by="k")
    heard = Heard()
    done = run(prepare(request, Data(memory=source)), observer=heard)
    assert run is evaluate or list(done)
    assert heard.calls[-1] == ("scores", 7)
    assert heard.sums == (70 * (2 if run is gradient else 1), 0)


# --------------------------------------------------------------------------------------------------------- who shows


@pytest.fixture
def patient(monkeypatch):
    """The thread that shows has ended when a run is over, however long it takes a busy machine to end it."""
    monkeypatch.setattr(progress, "_PATIENCE", PATIENCE)


def showing():
    """The threads that show progress; there may be others of servers or clusters, which come and go."""
    return [thread for thread in threading.enumerate() if thread.name == progress.THREAD]


def test_a_log_gets_a_line_now_and_then(patient):
    lines = []
    with shown(Log(lines.append, every=0.01)) as observer:
        observer.reads(None)
        until(lambda: len(lines) >= 2)
    assert set(lines) == {"reading"}
    assert showing() == []


def test_a_quick_run_shows_nothing_and_loads_nothing(patient):
    stream = io.StringIO()
    assert Line(stream, color=True).delay >= 1
    with shown(Line(stream, color=True, delay=PATIENCE)) as observer:
        observer.saw(1, 1)
    assert stream.getvalue() == ""
    assert showing() == []


@pytest.mark.parametrize(
    ("encoding", "columns", "bar", "locale"),
    [("utf-8", "100", "━", ""), ("ascii", "100", "-", ""), ("utf-8", "60", "", ""), ("utf-8", "100", "-", "C")],
)
def test_the_bar_is_where_there_is_room(encoding, columns, bar, locale, patient, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LC_ALL", locale or "C.UTF-8")
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(progress, "terminal", lambda: stream)
    line = cli_progress._showing(verbose=False, output=None)
    assert isinstance(line, Line)
    with shown(replace(line, color=False, delay=0.0)) as observer:
        observer.reads(1_000_000)
        observer.saw(5000, 500_000)
        until(lambda: b"0.5 of 1.0 MB" in stream.buffer.getvalue())
    seen = stream.buffer.getvalue().decode(encoding)
    found = re.search(r"([━╸╺ -]*) *5,000 rows, 0\.5 of 1\.0 MB", seen)
    assert found is not None
    assert found[1].strip() == "" if not bar else 8 <= found[1].count(bar) <= 12
    assert screen(seen) == []


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="POSIX alone has masks of signals")
def test_its_thread_takes_no_signal(patient):
    masks = []
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with shown(lambda state, over: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))):
        assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert {signal.SIGINT, signal.SIGTERM} <= masks[0]


def test_a_stream_that_breaks_is_no_error():
    said = []

    def say(text):
        said.append(text)
        raise OSError("gone")

    broken = io.StringIO()
    broken.write = say
    for showing in (Line(broken, color=False, delay=0.0), Log(say, every=0.01)):
        said.clear()
        with shown(showing):
            until(lambda: said)


def test_python_callers_hear_nothing_where_no_terminal_is(capfd):
    report = package.evaluate({"y": [1.0, 2.0], "p": [1.0, 4.0]}, "mse", target="y", pred="p", progress=True)
    assert report["mse"].value == 2
    assert capfd.readouterr() == ("", "")


# ------------------------------------------------------------------------------------------------------- on terminals


def on_the_clock(test):
    """A line comes after the first second of a run, not before."""
    posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, pipes and terminals of POSIX")
    return pytest.mark.realtime(posix(test))


# A person would see the last line stay where taking it away takes long; here it takes as long as it takes.
PATIENT = (*LOSSCLI[:-1], f"from losscli.execution import progress; progress._PATIENCE = {PATIENCE}; {LOSSCLI[-1]}")
NEVER = "never"


class Watched:
    """A process with standard error on a terminal, and a pause in its input, so that there is something to see.

    The pause lasts until `rest` is on the terminal; where that is None for longer than a run goes on without a line.
    """

    def __init__(self, *args, folder, rest=b"reading", out=subprocess.PIPE, **variables):
        import pty

        parent, child = pty.openpty()
        self.parent, self.shown, self.rest = parent, b"", rest
        self.over = threading.Event()
        self.process = subprocess.Popen([*PATIENT, *args], cwd=folder, env=environment(**variables), stderr=child,
                                        stdin=subprocess.PIPE, stdout=child if out is None else out)  # fmt: skip
        os.close(child)
        self.threads = [threading.Thread(target=target, daemon=True) for target in (self._feed, self._look)]
        for thread in self.threads:
            thread.start()

    def _feed(self):
        rows = b"1,2\n" * 100_000
        with contextlib.suppress(OSError):  # it ended before it had read all
            self.process.stdin.write(b"y,p\n" + rows)
            self.process.stdin.flush()
            self._pause()
            self.process.stdin.write(rows * 2)
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def _pause(self):
        if self.rest == NEVER:
            self.over.wait()
        elif self.rest is None:
            self.over.wait(1.5)
        else:
            until(lambda: self.rest in self.shown or self.over.is_set())

    def _look(self):
        while True:
            try:
                piece = os.read(self.parent, 1 << 16)
            except OSError:  # the other end is closed
                return
            if not piece:
                return
            self.shown += piece

    def done(self):
        """Exit code, standard output, all that came to the terminal."""
        code = self.process.wait(PATIENCE)
        self.over.set()
        out = self.process.stdout.read() if self.process.stdout else None
        for thread in self.threads:
            thread.join(PATIENCE)
        os.close(self.parent)
        if self.process.stdout:
            self.process.stdout.close()
        return code, out, self.shown.decode().replace("\r\n", "\n")


EVAL = ("eval", "-", "-t", "y", "-p", "p", "-l", "mse")


def screen(shown):
    """What stands on the terminal in the end: lines, where carriage returns and the codes for lines are obeyed."""
    lines, row, column = [""], 0, 0
    for piece in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", shown):
        if piece == "\r":
            column = 0
        elif piece == "\n":
            row, column = row + 1, 0
            lines += [""] * (row >= len(lines))
        elif piece.endswith("K"):
            lines[row] = ""
        elif piece.endswith("A"):
            row -= int(piece[2:-1] or 1)
        elif not piece.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
            column += len(piece)
    return [line for line in lines if line]


PLAIN = {"PYTHONIOENCODING": "ascii", "NO_COLOR": "1", "COLUMNS": "100"}
NOTHING = subprocess.DEVNULL


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All runs at once, as each has to last for longer than a second: exit code, standard output, what was shown."""
    folder = tmp_path_factory.mktemp("runs")
    with (folder / "out.csv").open("wb") as out:
        started = {
            "plain": Watched(*EVAL, folder=folder),
            "table": Watched(*EVAL, folder=folder, out=None, NO_COLOR="1"),
            "ascii": Watched(*EVAL, "-v", folder=folder, **PLAIN),
            "into a file": Watched("rows", *EVAL[1:], folder=folder, out=out),
            "empty": Watched(*EVAL, "--where", "y == 7", folder=folder),
            "quiet": Watched(*EVAL, "-q", folder=folder, rest=None, out=NOTHING),
            "dumb": Watched(*EVAL, folder=folder, rest=None, out=NOTHING, TERM="dumb"),
            "passing by": Watched("rows", *EVAL[1:], folder=folder, rest=None, out=NOTHING),
            "SIGINT": Watched(*EVAL, folder=folder, rest=NEVER),
            "SIGTERM": Watched(*EVAL, folder=folder, rest=NEVER),
        }
    for name in ("SIGINT", "SIGTERM"):
        until(lambda name=name: b"reading" in started[name].shown)
        started[name].process.send_signal(getattr(signal, name))
    done = {name: observed.done() for name, observed in started.items()}
    assert (folder / "out.csv").read_text().count("\n") == 300_001
    return done


@on_the_clock
def test_a_long_run_shows_a_line_that_goes_away(runs):
    code, out, shown = runs["plain"]
    assert (code, out) == (0, ANSWER)
    assert "reading" in shown
    assert screen(shown) == []


@on_the_clock
def test_the_table_comes_after_the_line_is_gone(runs):
    code, _, shown = runs["table"]
    assert code == 0
    assert "reading" in shown
    assert screen(shown)[0].split() == ["model", "loss", "value"]


@on_the_clock
@pytest.mark.parametrize("name", ["quiet", "dumb", "passing by"])
def test_where_no_line_is_wanted(name, runs):
    """Also where rows pass by on their way to somebody who looks on."""
    code, _, shown = runs[name]
    assert (code, shown) == (0, "")


@on_the_clock
def test_rows_into_a_file_show_the_line(runs):
    code, _, shown = runs["into a file"]
    assert code == 0
    assert "reading" in shown
    assert screen(shown) == []


@on_the_clock
def test_a_terminal_that_knows_ascii_alone_and_no_colours(runs):
    code, out, shown = runs["ascii"]
    assert (code, out) == (0, ANSWER)
    assert "reading" in shown
    assert shown.isascii()
    assert re.findall(r"\x1b\[[0-9;]*m", shown) == []
    (line,) = screen(shown)
    assert re.fullmatch(r"note: read 300,000 rows, 1\.2 MB in \d+\.\d s, [\d.]+ k? ?rows/s", line)


@on_the_clock
@pytest.mark.parametrize(
    ("name", "code", "says"),
    [
        ("SIGINT", 130, r"Interrupted\."),
        ("SIGTERM", 143, ""),
        ("empty", 5, r"error: there is nothing to score: [^\n]+\n   in: standard input"),
    ],
)
def test_a_run_that_ends_early_takes_the_line_away(name, code, says, runs):
    ended, out, seen = runs[name]
    assert (ended, out) == (code, b"")
    assert "reading" in seen
    assert re.fullmatch(says, "\n".join(screen(seen)))


@on_the_clock
def test_every_cursor_is_there_in_the_end(runs):
    for _, _, seen in runs.values():
        assert seen.rfind("\x1b[?25h") >= seen.rfind("\x1b[?25l")


# ---------------------------------------------------------------------------------------------------------- in a log


def test_a_log_of_a_quick_run_is_its_totals(folder):
    plain, verbose = losscli(*SCORE, folder=folder), losscli(*SCORE, "-v", folder=folder)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert (verbose.returncode, verbose.stdout) == (0, plain.stdout)
    assert re.fullmatch(r"note: read 4 rows, 29 B in \d+\.\d s, [\d.]+ k? ?rows/s\n", verbose.stderr)
    by_variable = losscli(*SCORE, folder=folder, LOSSCLI_VERBOSE="1").stderr
    assert by_variable.startswith("note: from the environment: LOSSCLI_VERBOSE\nnote: read 4 rows")
    assert losscli(*SCORE, "-v", "-q", folder=folder).stderr == ""


def test_grad_says_that_it_reads_twice(folder):
    done = losscli("grad", *SCORE[1:], "-v", "-o", "g.csv", folder=folder)
    assert done.returncode == 0
    assert re.match(r"note: read 8 rows in 2 passes, 58 B in [^\n]*\nnote: wrote 4 rows to g.csv\n$", done.stderr)


def test_a_run_that_fails_has_no_totals(folder):
    (folder / "bad.csv").write_text("y,p\n1,x\n")
    done = losscli("eval", "bad.csv", "-t", "y", "-p", "p", "-l", "mse", "-v", folder=folder)
    assert done.returncode == 3
    assert "read" not in done.stderr
